//! Authors with keys that somebody fetched: listed, and proven by nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::bootstrap::table::Table;
use crate::hint::Hint;
use crate::plan::planned::{Plan, PlanError};
use crate::plan::world::World;
use conex_verify::format::key::{Fingerprint, PublicKey};
use conex_verify::format::name::{Id, fold};
use conex_verify::format::resource::{Account, Author, IdFile, Kind, ResourceId};
use conex_verify::limits::MAX_KEYS;
use conex_verify::workbench::trust::support::Standing;

/// What was fetched of one account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Its Ed25519 keys.
    pub keys: Vec<PublicKey>,
    /// The number that the forge gives the account, which stays when the name is registered again.
    pub number: Option<u64>,
}

/// What `bootstrap ids` is asked for.
#[derive(Debug, Clone, Copy)]
pub struct ListIds<'a> {
    /// Who would own what.
    pub table: &'a Table,
    /// What was fetched, by the name of the account in the form in which names are compared. All
    /// of it: a key that two accounts have is nobody's.
    pub fetched: &'a BTreeMap<String, Fetched>,
    /// The forge, as files of authors name it.
    pub service: &'a str,
    /// Whether those are listed who were not seen for two years.
    pub asleep: bool,
}

/// Why somebody is not listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unlisted {
    /// Not seen for two years: the account may be somebody else's.
    Asleep,
    /// Nothing was fetched.
    NotFetched,
    /// No key that can be used.
    NoKey,
    /// More keys than a file of an author can have.
    TooManyKeys,
    /// Somebody else has one of the keys.
    KeyOf(Fingerprint, String),
    /// A file of this id waits for a quorum, with a key that was not fetched.
    OtherKey(Fingerprint),
    /// The id, or one that differs in case alone, is somebody else's here.
    Taken(String),
    /// The forge gives the name another number than before: the account was registered again.
    Renumbered(String, u64),
}

impl Unlisted {
    /// Whether this is more than something that is missing: somebody has to look.
    pub fn is_alarming(&self) -> bool {
        matches!(
            self,
            Unlisted::KeyOf(..)
                | Unlisted::OtherKey(_)
                | Unlisted::Taken(_)
                | Unlisted::Renumbered(..)
        )
    }
}

impl fmt::Display for Unlisted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unlisted::Asleep => f.write_str("was not seen for two years (--asleep lists them)"),
            Unlisted::NotFetched => f.write_str("has no file of keys"),
            Unlisted::NoKey => f.write_str("has no Ed25519 key that can be used"),
            Unlisted::TooManyKeys => write!(f, "has more than {MAX_KEYS} keys"),
            Unlisted::KeyOf(key, other) => {
                write!(f, "has the key {key}, which is of `{other}` too")
            }
            Unlisted::OtherKey(key) => write!(
                f,
                "has a file here that no quorum approved, with the key {key}, which was not fetched: somebody else may have written it, and would get what the table gives"
            ),
            Unlisted::Taken(why) => f.write_str(why),
            Unlisted::Renumbered(before, now) => write!(
                f,
                "had the number {before}, and the account of this name has {now} now: it was registered again"
            ),
        }
    }
}

/// What comes of it.
#[derive(Debug, Clone, Default)]
pub struct Listed {
    /// The files to write.
    pub plan: Plan,
    /// Who is not listed, and why.
    pub left_out: BTreeMap<Id, Unlisted>,
}

/// Plans a file for each person to whom a strong line of the table gives something, with the keys
/// that were fetched. A quorum approves them; even then they count for nothing until the person
/// proves a key.
///
/// # Errors
/// A counter is at its end.
pub fn list_ids(world: &World<'_>, request: &ListIds<'_>) -> Result<Listed, PlanError> {
    let mut holders: BTreeMap<Fingerprint, BTreeSet<&str>> = BTreeMap::new();
    for (name, fetched) in request.fetched {
        for key in &fetched.keys {
            holders.entry(key.fingerprint()).or_default().insert(name);
        }
    }
    let mut listed = Listed::default();
    for id in request.table.strong_ids() {
        // The chain says which key a janitor has.
        if world.chain().ever_member(id) {
            continue;
        }
        match author(world, request, &holders, id) {
            Ok(Some(author)) => {
                let resource = ResourceId::id(Kind::Author, id);
                let present = match world.id_file(id) {
                    Some(IdFile::Author(present)) => Some(present),
                    _ => None,
                };
                let same = |p: &Author| p.keys == author.keys && p.accounts == author.accounts;
                if present.is_some_and(same) {
                    continue;
                }
                let revision = world.next_revision(&resource, present.map(|p| p.revision))?;
                listed.plan.write(&Author { revision, ..author });
            }
            Ok(None) => {}
            Err(why) => drop(listed.left_out.insert(id.clone(), why)),
        }
    }
    if !listed.plan.is_empty() {
        listed.plan.say(Hint::ListedOnly);
    }
    Ok(listed)
}

/// The file of somebody, of the first revision; nothing of somebody who proved a key already.
fn author(
    world: &World<'_>,
    request: &ListIds<'_>,
    holders: &BTreeMap<Fingerprint, BTreeSet<&str>>,
    id: &Id,
) -> Result<Option<Author>, Unlisted> {
    let name = fold(id.as_str());
    let present = match world.id_file(id) {
        Some(IdFile::Team(_)) => return Err(Unlisted::Taken(format!("`{id}` is a team here"))),
        Some(IdFile::Author(author)) => Some(author),
        None if world.taken_ids().contains(&name) => {
            let why = format!("an id that differs from `{id}` only in case is taken");
            return Err(Unlisted::Taken(why));
        }
        None => None,
    };
    let asleep = request.table.ids.get(id).is_none_or(|line| line.asleep);
    if asleep && !request.asleep {
        return Err(Unlisted::Asleep);
    }
    let fetched = request.fetched.get(&name).ok_or(Unlisted::NotFetched)?;
    let numbered = format!("{}id:", request.service);
    let before = present.iter().flat_map(|author| &author.accounts);
    let before = before.filter_map(|account| account.as_str().strip_prefix(&numbered));
    if let Some(now) = fetched.number {
        for before in before {
            if before != now.to_string() {
                return Err(Unlisted::Renumbered(before.to_owned(), now));
            }
        }
    }
    // Anybody can write a file that waits, for any id.
    let approved = world
        .standing(&ResourceId::id(Kind::Author, id))
        .is_some_and(Standing::is_valid);
    let keys = present.iter().flat_map(|author| &author.keys);
    if !approved && let Some(other) = keys.into_iter().find(|key| !fetched.keys.contains(key)) {
        return Err(Unlisted::OtherKey(other.fingerprint()));
    }
    // Whoever proved a key decides alone which keys there are; whoever was revoked has none.
    if present.is_some_and(|author| author.keys.is_empty() || world.has_proven(author)) {
        return Ok(None);
    }
    let usable = fetched.keys.iter().filter(|key| key.usable().is_ok());
    let mut keys: Vec<PublicKey> = usable.cloned().collect();
    keys.sort_by_key(ToString::to_string);
    keys.dedup();
    match keys.len() {
        0 => return Err(Unlisted::NoKey),
        n if n > MAX_KEYS => return Err(Unlisted::TooManyKeys),
        _ => {}
    }
    for key in &keys {
        let fingerprint = key.fingerprint();
        let fetched = holders.get(&fingerprint).into_iter().flatten();
        let here = world.ids_with(key).into_iter().filter(|other| other != id);
        let other = fetched
            .filter(|other| **other != name)
            .map(|other| (*other).to_owned())
            .chain(here.map(|other| other.to_string()))
            .next();
        if let Some(other) = other {
            return Err(Unlisted::KeyOf(fingerprint, other));
        }
    }
    let number = fetched.number.map(|number| format!("{numbered}{number}"));
    let accounts = [Some(format!("{}:{id}", request.service)), number];
    let kept = present.iter().flat_map(|author| author.accounts.clone());
    let accounts = accounts
        .into_iter()
        .flatten()
        .filter_map(|text| Account::new(&text));
    Ok(Some(Author {
        id: id.clone(),
        revision: conex_verify::format::resource::Revision::FIRST,
        keys,
        accounts: kept.chain(accounts).collect(),
    }))
}

impl World<'_> {
    /// Whether an author has proven one of the keys that the file lists.
    pub fn has_proven(&self, author: &Author) -> bool {
        let people = &self.assessment.people;
        author.keys.iter().any(|key| {
            let key = key.fingerprint();
            let proven = people.proven.get(&key);
            self.chain().holder(&key) == Some(&author.id)
                || proven.is_some_and(|ids| ids.contains(&author.id))
        })
    }

    /// The keys that somebody listed for an author, and that nobody has proven.
    pub fn listed_keys(&self, id: &Id) -> Vec<PublicKey> {
        match self.id_file(id) {
            Some(IdFile::Author(author)) if !self.has_proven(author) => author.keys.clone(),
            _ => Vec::new(),
        }
    }

    /// Everybody who has a key: whom the chain ever named with it, and whose file lists it.
    fn ids_with(&self, key: &PublicKey) -> BTreeSet<Id> {
        let files = self.repository.ids.iter();
        let listing = files.filter(|(_, slot)| {
            let file = slot.good().map(|loaded| &loaded.value);
            matches!(file, Some(IdFile::Author(author)) if author.keys.contains(key))
        });
        let holder = self.chain().holder(&key.fingerprint());
        listing.map(|(id, _)| id).chain(holder).cloned().collect()
    }
}
