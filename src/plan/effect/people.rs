//! What changes of authors and teams.

use std::collections::{BTreeMap, BTreeSet};

use super::super::world::World;
use super::change::Weight;
use super::list::{List, cut};
use conex_verify::format::name::Id;
use conex_verify::format::resource::{Account, Author, IdFile, ResourceId, Team};

impl List<'_, '_> {
    pub(super) fn person(&mut self, resource: &ResourceId) {
        let Ok(id) = Id::new(&resource.name) else {
            return;
        };
        let slot = self.then.ids.get(&id).and_then(|slot| slot.good());
        match slot.map(|loaded| loaded.value.clone()) {
            Some(IdFile::Author(author)) => self.author(resource, &author),
            Some(IdFile::Team(team)) => self.team(resource, &team),
            None => {}
        }
    }

    fn author(&mut self, resource: &ResourceId, author: &Author) {
        let id = &author.id;
        let was: Option<Author> = self.was(resource);
        let print = |author: &Author| -> BTreeSet<_> {
            author.keys.iter().map(|key| key.fingerprint()).collect()
        };
        let keys = print(author);
        if let Some(taken) = self.now.takes_over(author) {
            self.say(Weight::Takes, resource, format!("TAKES OVER: {taken}"));
        }
        let Some(was) = was else {
            let accounts = accounts(&author.accounts);
            self.say(
                Weight::New,
                resource,
                match accounts.as_str() {
                    "" => format!("`{id}` becomes an author, and names no account"),
                    accounts => format!("`{id}` becomes an author, and says to be {accounts}"),
                },
            );
            match keys.is_empty() {
                true => self.say(Weight::New, resource, format!("`{id}` has no key")),
                false => self.each(Weight::New, resource, &format!("key of `{id}`:"), keys),
            }
            self.imitation(resource, author, &BTreeSet::new());
            return;
        };
        let had = print(&was);
        let come: Vec<_> = keys.difference(&had).collect();
        let gone: Vec<_> = had.difference(&keys).collect();
        match (gone.as_slice(), come.as_slice()) {
            ([], []) => {}
            ([old], [new]) => self.say(
                Weight::Takes,
                resource,
                format!("`{id}` gets another key: {new} instead of {old}"),
            ),
            _ => {
                self.each(
                    Weight::Takes,
                    resource,
                    &format!("`{id}` loses the key"),
                    gone,
                );
                self.each(
                    Weight::Changes,
                    resource,
                    &format!("`{id}` gets the key"),
                    come,
                );
            }
        }
        if keys.is_empty() && !had.is_empty() {
            self.say(
                Weight::Takes,
                resource,
                format!("`{id}` is revoked: no key is left"),
            );
        }
        let gone = was.accounts.difference(&author.accounts);
        let what = format!("`{id}` is no longer said to be");
        self.each(
            Weight::Changes,
            resource,
            &what,
            gone.map(|a| cut(a.as_str())),
        );
        let come = author.accounts.difference(&was.accounts);
        let what = format!("`{id}` is said to be");
        self.each(
            Weight::Changes,
            resource,
            &what,
            come.map(|a| cut(a.as_str())),
        );
        self.imitation(resource, author, &was.accounts);
    }

    /// An account that somebody else, who counts, names too.
    fn imitation(&mut self, resource: &ResourceId, author: &Author, had: &BTreeSet<Account>) {
        let now = self.now;
        let named = self.named.get_or_insert_with(|| named(now));
        let mut lines = Vec::new();
        for account in author.accounts.difference(had) {
            let others = named.get(account).into_iter().flatten();
            for other in others.filter(|other| **other != &author.id) {
                lines.push(format!(
                    "the account {} of `{}` is that of `{other}` too",
                    cut(account.as_str()),
                    author.id
                ));
            }
        }
        for line in lines {
            self.say(Weight::Takes, resource, line);
        }
    }

    fn team(&mut self, resource: &ResourceId, team: &Team) {
        let id = &team.id;
        let Some(was) = self.was::<Team>(resource) else {
            match team.members.is_empty() {
                true => self.say(
                    Weight::New,
                    resource,
                    format!("`{id}` becomes a team of nobody"),
                ),
                false => self.each(
                    Weight::New,
                    resource,
                    &format!("`{id}` becomes a team of"),
                    &team.members,
                ),
            }
            return;
        };
        let owned = match self.now.owned_by(id).len() {
            0 => String::new(),
            1 => ", which owns 1 package".to_owned(),
            n => format!(", which owns {n} packages"),
        };
        self.each(
            Weight::Takes,
            resource,
            &format!("out of the team `{id}`{owned}:"),
            was.members.difference(&team.members),
        );
        self.each(
            Weight::Changes,
            resource,
            &format!("into the team `{id}`{owned}:"),
            team.members.difference(&was.members),
        );
    }
}

/// Who names which account, of those who count.
fn named<'a>(now: &'a World<'_>) -> BTreeMap<&'a Account, Vec<&'a Id>> {
    let mut named: BTreeMap<&Account, Vec<&Id>> = BTreeMap::new();
    for id in now.assessment.people.authors.keys() {
        if let Some(IdFile::Author(author)) = now.id_file(id) {
            for account in &author.accounts {
                named.entry(account).or_default().push(&author.id);
            }
        }
    }
    named
}

/// Accounts, which are words of the author and no more; some of many.
fn accounts(accounts: &BTreeSet<Account>) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<String> = accounts
        .iter()
        .take(SHOWN)
        .map(|account| cut(account.as_str()))
        .collect();
    match accounts.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more accounts", shown.join(", ")),
    }
}
