//! What a signature changes: from what counts now to what would count.
//!
//! Everybody who signs, and everybody who merges, is shown the same lines. They are computed
//! from pairs of files, not from what a command means to do, so somebody else's change in the
//! same branch shows as well.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::World;
use super::world::package_or_name;
use conex_verify::format::digest::Digest;
use conex_verify::format::name::{Id, PackageName, Release};
use conex_verify::format::resource::{
    Account, Author, Authorisation, Checksum, Claims, Decode, IdFile, Kind, Link, Releases, Repo,
    ResourceId, ResourceVersion, SnapshotRule, Team,
};
use conex_verify::tree::Bytes;
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::support::Standing;

/// How many bytes of a value that somebody else wrote are shown.
const LONGEST: usize = 160;

/// How many lines of [`LONGEST`] bytes a value of the file `repo` has, which is shown whole.
const MOST_LINES: usize = 40;

/// How many names a line has. Those of what is alike and new are counted beyond it; all others
/// go on in the next line.
const NAMES: usize = 8;

/// How many releases of one package of which the same files change stand in one line.
const ALIKE: usize = 32;

/// How much somebody who signs has to look at a change; the first come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Somebody loses something to somebody else, or a safeguard falls.
    Takes,
    /// Something that was approved is otherwise from now on.
    Changes,
    /// Something comes that nobody had.
    New,
}

impl Weight {
    /// The name for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Weight::Takes => "takes",
            Weight::Changes => "changes",
            Weight::New => "new",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Effect {
    /// How much to look at it.
    pub weight: Weight,
    /// What it is about: the path of a file, or a directory for several.
    pub path: String,
    /// What happens, in one line of at most some hundred characters.
    pub line: String,
}

impl Effect {
    /// The line as people see it: what takes something from somebody, or changes what was
    /// approved, is marked.
    pub fn marked(&self) -> String {
        match self.weight {
            Weight::Takes => format!("!! {}", self.line),
            Weight::Changes => format!("! {}", self.line),
            Weight::New => self.line.clone(),
        }
    }
}

/// Files as they were, by path: those whose version in the tree is not the one that counts.
pub type Past = BTreeMap<String, Bytes>;

/// Looks for earlier contents of files: by path, with the digest that is wanted.
pub type Find<'a> = &'a dyn Fn(&BTreeMap<String, Digest>) -> Past;

/// The version of a resource that counts now, if any.
pub fn counting(world: &World<'_>, resource: &ResourceId) -> Option<ResourceVersion> {
    match world.standing(resource)? {
        Standing::Valid => world.repository.version_of(resource),
        Standing::Waiting(waiting) => waiting.supported,
        Standing::Superseded { by } => Some(*by),
        Standing::Contested { other, .. } => Some(*other),
        Standing::Absent { supported } => *supported,
    }
}

/// The files of which [`effects`] needs an earlier content, each with its digest.
pub fn wanted<'a>(
    world: &World<'_>,
    resources: impl IntoIterator<Item = &'a ResourceId>,
) -> BTreeMap<String, Digest> {
    let wanted = resources.into_iter().filter_map(|resource| {
        let counts = counting(world, resource)?;
        let there = world.repository.version_of(resource) == Some(counts);
        (!there).then(|| (resource.path(), counts.digest))
    });
    wanted.collect()
}

/// T7: What changes if these resources count as they are in `then`. `now` is the world in which
/// people work; `past` has the earlier contents.
pub fn effects(
    now: &World<'_>,
    past: &Past,
    then: &Repository,
    resources: &BTreeSet<ResourceId>,
) -> Vec<Effect> {
    let mut list = List {
        now,
        past,
        then,
        effects: Vec::new(),
        lists: BTreeMap::new(),
        owners: BTreeMap::new(),
        changed: BTreeMap::new(),
        releases: BTreeMap::new(),
        opened: BTreeMap::new(),
    };
    for resource in resources {
        list.resource(resource);
    }
    list.finish()
}

/// What a link changes against the one before it, or starts.
pub fn of_link(before: Option<&Link>, link: &Link) -> Vec<Effect> {
    let mut effects = Vec::new();
    let path = conex_verify::format::path::Place::Link(link.number).path();
    let mut say = |weight, line| {
        effects.push(Effect {
            weight,
            path: path.clone(),
            line: format!("link {}: {line}", link.number),
        });
    };
    let Some(before) = before else {
        for (id, key) in &link.members {
            say(
                Weight::New,
                format!("janitor `{id}`, key {}", key.fingerprint()),
            );
        }
        let members = link.members.len();
        say(
            Weight::New,
            format!("the quorum is {} of {members} janitors", link.quorum),
        );
        if link.snapshot == SnapshotRule::Required {
            say(Weight::New, snapshot_required());
        }
        return effects;
    };
    for (id, key) in &before.members {
        match link.members.get(id) {
            None => say(Weight::Takes, format!("`{id}` is no janitor any more")),
            Some(new) if new != key => say(
                Weight::Takes,
                format!(
                    "the janitor `{id}` gets another key: {} instead of {}",
                    new.fingerprint(),
                    key.fingerprint()
                ),
            ),
            Some(_) => {}
        }
    }
    let new = link.members.iter();
    for (id, key) in new.filter(|(id, _)| !before.members.contains_key(*id)) {
        say(
            Weight::Changes,
            format!(
                "`{id}` becomes a janitor, with the key {}",
                key.fingerprint()
            ),
        );
    }
    let (old, members) = (before.quorum, link.members.len());
    if link.quorum < old {
        say(
            Weight::Takes,
            format!(
                "the quorum falls from {old} to {} of {members} janitors",
                link.quorum
            ),
        );
    } else if link.quorum > old {
        say(
            Weight::Changes,
            format!(
                "the quorum rises from {old} to {} of {members} janitors",
                link.quorum
            ),
        );
    }
    if link.snapshot > before.snapshot {
        say(Weight::Changes, snapshot_required());
    }
    effects
}

fn snapshot_required() -> String {
    "a snapshot is required from now on, which cannot be taken back".to_owned()
}

struct List<'a, 'r> {
    now: &'a World<'r>,
    past: &'a Past,
    then: &'a Repository,
    effects: Vec<Effect>,
    /// Lists that nobody signed before, with the number of their releases.
    lists: BTreeMap<PackageName, usize>,
    /// Names that nobody had, by who gets them.
    owners: BTreeMap<BTreeSet<Id>, Vec<PackageName>>,
    /// Signed releases that change: by package, and what happens to which of their files.
    changed: BTreeMap<(String, String), Vec<Release>>,
    /// New releases, by package.
    releases: BTreeMap<String, Vec<Release>>,
    /// What starts an epoch.
    opened: BTreeMap<u64, Vec<ResourceId>>,
}

/// What counted of a resource.
enum Before<T> {
    /// Nothing.
    Nothing,
    /// This.
    Was(T),
    /// A version that is not at hand.
    Unknown(ResourceVersion),
}

impl List<'_, '_> {
    fn say(&mut self, weight: Weight, resource: &ResourceId, line: String) {
        self.effects.push(Effect {
            weight,
            path: resource.path(),
            line,
        });
    }

    /// One line for up to [`NAMES`] names, and more lines for more: nothing is folded.
    fn each(
        &mut self,
        weight: Weight,
        resource: &ResourceId,
        what: &str,
        names: impl IntoIterator<Item = impl Display>,
    ) {
        let names: Vec<String> = names.into_iter().map(|n| n.to_string()).collect();
        for names in names.chunks(NAMES) {
            self.say(weight, resource, format!("{what} {}", names.join(", ")));
        }
    }

    /// A value that people see: whole, in several lines, or what is not shown is said. The lines
    /// after the first begin with a bar, so that none looks like a change of its own.
    fn whole(&mut self, weight: Weight, resource: &ResourceId, what: &str, value: &str) {
        let mut rest = value;
        for n in 0..MOST_LINES {
            let (line, after) = rest.split_at(boundary(rest));
            match n {
                0 => self.say(weight, resource, format!("{what} {line}")),
                _ => self.say(weight, resource, format!("| {line}")),
            }
            rest = after;
            if rest.is_empty() {
                return;
            }
        }
        let line = format!("{what} {} bytes more: look at the file", rest.len());
        self.say(Weight::Takes, resource, line);
    }

    /// What counts now of a resource.
    fn before<T: Decode>(&self, resource: &ResourceId) -> Before<T> {
        let Some(version) = counting(self.now, resource) else {
            return Before::Nothing;
        };
        let path = resource.path();
        let mut bytes = [self.now.tree.get(&path), self.past.get(&path)]
            .into_iter()
            .flatten();
        let right = bytes.find(|bytes| Digest::of(bytes) == version.digest);
        match right.and_then(|bytes| T::decode(bytes).ok()) {
            Some(value) => Before::Was(value),
            None => Before::Unknown(version),
        }
    }

    /// [`List::before`], for those whose lines need no more than what it was.
    fn was<T: Decode>(&mut self, resource: &ResourceId) -> Option<T> {
        match self.before(resource) {
            Before::Nothing => None,
            Before::Was(value) => Some(value),
            Before::Unknown(version) => {
                self.say(
                    Weight::Takes,
                    resource,
                    format!(
                        "the {resource} replaces version {}, {}, which is not at hand: it is not known what changes",
                        version.revision,
                        version.digest.short()
                    ),
                );
                None
            }
        }
    }

    fn resource(&mut self, resource: &ResourceId) {
        let Some(version) = self.then.version_of(resource) else {
            return;
        };
        if counting(self.now, resource) == Some(version) {
            return;
        }
        let open = self.now.open_epoch(resource);
        if resource.kind != Kind::Checksum && version.revision.epoch > open {
            let opened = self.opened.entry(version.revision.epoch).or_default();
            opened.push(resource.clone());
        }
        match resource.kind {
            Kind::Author | Kind::Team => self.person(resource),
            Kind::Repo => self.repo(resource),
            Kind::Claims => self.claims(resource),
            Kind::Authorisation => self.authorisation(resource),
            Kind::Releases => self.list_of(resource),
            Kind::Checksum => self.release(resource),
        }
    }

    fn person(&mut self, resource: &ResourceId) {
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
        let come: BTreeSet<Account> = author.accounts.difference(&was.accounts).cloned().collect();
        let gone: BTreeSet<Account> = was.accounts.difference(&author.accounts).cloned().collect();
        if !gone.is_empty() {
            let line = format!("`{id}` is not said to be {} any more", accounts(&gone));
            self.say(Weight::Changes, resource, line);
        }
        if !come.is_empty() {
            let line = format!("`{id}` is said to be {}", accounts(&come));
            self.say(Weight::Changes, resource, line);
        }
        self.imitation(resource, author, &was.accounts);
    }

    /// An account that somebody else, who counts, names too.
    fn imitation(&mut self, resource: &ResourceId, author: &Author, had: &BTreeSet<Account>) {
        let mut also = Vec::new();
        for (id, slot) in &self.now.repository.ids {
            let Some(IdFile::Author(other)) = slot.good().map(|loaded| &loaded.value) else {
                continue;
            };
            let counts = self.now.assessment.people.authors.contains_key(id);
            if *id == author.id || !counts {
                continue;
            }
            let same = other.accounts.intersection(&author.accounts);
            let new = same.filter(|account| !had.contains(*account));
            also.extend(new.map(|account| (id.clone(), account.clone())));
        }
        for (id, account) in also {
            let line = format!(
                "the account {} of `{}` is that of `{id}` too",
                cut(account.as_str()),
                author.id
            );
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

    fn repo(&mut self, resource: &ResourceId) {
        let Some(repo) = self.then.repo.good().map(|loaded| loaded.value.clone()) else {
            return;
        };
        let before = self.before::<Repo>(resource);
        let first = matches!(before, Before::Nothing);
        let was = match before {
            Before::Was(was) => Some(was),
            _ => self.was::<Repo>(resource),
        };
        let (values, files) = was.map(|w| (w.values, w.files)).unwrap_or_default();
        let weight = if first { Weight::New } else { Weight::Changes };
        for (field, value) in &repo.values {
            let what = format!("the field `{}` of the file `repo`", field.as_str());
            match values.get(field) {
                Some(old) if old == value => continue,
                Some(old) => {
                    let line = format!("{what} no longer says {}", cut(old));
                    self.say(weight, resource, line);
                }
                None => {}
            }
            self.whole(weight, resource, &format!("{what} says"), value);
        }
        for field in values.keys().filter(|f| !repo.values.contains_key(*f)) {
            let line = format!("the file `repo` has no field `{}` any more", field.as_str());
            self.say(weight, resource, line);
        }
        for (file, digest) in &repo.files {
            if files.get(file) != Some(digest) {
                let line = format!("the file `{}` is {}", file.as_str(), digest.short());
                self.say(weight, resource, line);
            }
        }
        for file in files.keys().filter(|f| !repo.files.contains_key(*f)) {
            self.say(
                weight,
                resource,
                format!("the file `{}` goes", file.as_str()),
            );
        }
    }

    fn claims(&mut self, resource: &ResourceId) {
        let Some(claims) = self.then.claims.good().map(|loaded| &loaded.value) else {
            return;
        };
        let names = claims.packages.clone();
        if names.is_empty() && counting(self.now, resource).is_none() {
            let line = "the list of claims becomes valid, and is empty".to_owned();
            return self.say(Weight::New, resource, line);
        }
        let was = self.was::<Claims>(resource);
        let was = was.map(|was| was.packages).unwrap_or_default();
        self.each(
            Weight::Takes,
            resource,
            "clients no longer demand signatures of",
            was.difference(&names),
        );
        let new: Vec<&PackageName> = names.difference(&was).collect();
        if !new.is_empty() {
            let line = format!("clients demand signatures of {}", some(&new));
            self.say(Weight::New, resource, line);
        }
    }

    fn authorisation(&mut self, resource: &ResourceId) {
        let name = resource.package();
        let found = name.as_ref().and_then(|n| self.then.packages.get(n));
        let Some(to) = found.and_then(|p| p.authorisation.good()) else {
            return;
        };
        let (name, to) = (to.value.name.clone(), to.value.owners.clone());
        let from = match self.before::<Authorisation>(resource) {
            Before::Nothing => {
                self.owners.entry(to).or_default().push(name);
                return;
            }
            Before::Was(was) => was.owners,
            Before::Unknown(_) => {
                self.was::<Authorisation>(resource);
                let line = format!("`{name}` belongs to {}", people(&to));
                return self.say(Weight::Takes, resource, line);
            }
        };
        let gone: BTreeSet<Id> = from.difference(&to).cloned().collect();
        let come: BTreeSet<Id> = to.difference(&from).cloned().collect();
        let stays = match from.intersection(&to).count() {
            0 => String::new(),
            _ => format!(
                "; {} stays",
                people(&from.intersection(&to).cloned().collect())
            ),
        };
        let (weight, line) = match (gone.is_empty(), come.is_empty()) {
            (true, true) => (
                Weight::Changes,
                format!("`{name}` still belongs to {}", people(&to)),
            ),
            (true, false) if from.is_empty() => (
                Weight::Changes,
                format!(
                    "`{name}`, which a quorum took care of, goes to {}",
                    people(&come)
                ),
            ),
            (true, false) => (
                Weight::Changes,
                format!("`{name}` is shared with {}{stays}", people(&come)),
            ),
            (false, true) if to.is_empty() => (
                Weight::Takes,
                format!(
                    "`{name}` is taken from {}, and goes to nobody",
                    people(&gone)
                ),
            ),
            (false, true) => (
                Weight::Takes,
                format!("`{name}` is taken from {}{stays}", people(&gone)),
            ),
            (false, false) => (
                Weight::Takes,
                format!(
                    "`{name}` is taken from {}, and goes to {}{stays}",
                    people(&gone),
                    people(&come)
                ),
            ),
        };
        self.say(weight, resource, line);
    }

    fn list_of(&mut self, resource: &ResourceId) {
        let name = resource.package();
        let found = name.as_ref().and_then(|n| self.then.packages.get(n));
        let Some(list) = found.and_then(|p| p.releases.good()) else {
            return;
        };
        let list = list.value.clone();
        let Some(was) = self.was::<Releases>(resource) else {
            self.lists.insert(list.name, list.releases.len());
            return;
        };
        self.each(
            Weight::Takes,
            resource,
            "removed:",
            was.releases.difference(&list.releases),
        );
        if list.floor > was.floor {
            let line = format!(
                "what was removed of `{}` does not come back below version {} (before: {})",
                list.name,
                list.floor.saturating_add(1),
                was.floor.saturating_add(1)
            );
            self.say(Weight::Changes, resource, line);
        }
    }

    fn release(&mut self, resource: &ResourceId) {
        let Ok(release) = Release::new(&resource.name) else {
            return;
        };
        let package = self.then.packages.get(&release.name());
        let dir = package.and_then(|p| p.directories.get(&release));
        let Some(checksum) = dir.and_then(|dir| dir.checksum.good()) else {
            return;
        };
        let files = checksum.value.files.clone();
        let was = match self.before::<Checksum>(resource) {
            Before::Nothing => {
                let of = package_or_name(resource).to_owned();
                return self.releases.entry(of).or_default().push(release);
            }
            Before::Was(was) => was.files,
            Before::Unknown(_) => {
                self.was::<Checksum>(resource);
                return;
            }
        };
        let changed = files.iter().filter(|(path, d)| was.get(*path) != Some(*d));
        let changed: Vec<String> = changed.map(|(path, _)| cut(path)).collect();
        let gone = was.keys().filter(|path| !files.contains_key(*path));
        let gone: Vec<String> = gone.map(|path| cut(path)).collect();
        if changed.is_empty() && gone.is_empty() {
            let line = format!("the release {release} stays as it is, in another version");
            return self.say(Weight::New, resource, line);
        }
        let mut what = Vec::new();
        if !changed.is_empty() {
            what.push(format!("{} changes", some(&changed)));
        }
        if !gone.is_empty() {
            what.push(format!("{} goes", some(&gone)));
        }
        let key = (package_or_name(resource).to_owned(), what.join("; "));
        self.changed.entry(key).or_default().push(release);
    }

    fn finish(mut self) -> Vec<Effect> {
        for ((package, what), releases) in std::mem::take(&mut self.changed) {
            for releases in releases.chunks(ALIKE) {
                let path = match releases {
                    [one] => ResourceId::checksum(one).path(),
                    _ => format!("packages/{package}"),
                };
                let names: Vec<&str> = releases.iter().map(Release::as_str).collect();
                let line = match names.as_slice() {
                    [one] => format!("the release {one}, which was signed: {what}"),
                    many => format!(
                        "the releases {}, which were signed: {what}",
                        many.join(", ")
                    ),
                };
                self.effects.push(Effect {
                    weight: Weight::Changes,
                    path,
                    line,
                });
            }
        }
        for (owners, names) in std::mem::take(&mut self.owners) {
            let path = match names.as_slice() {
                [one] => ResourceId::authorisation(one).path(),
                _ => "packages".to_owned(),
            };
            let released: usize = names
                .iter()
                .filter_map(|name| self.now.repository.packages.get(name))
                .map(|package| package.directories.len())
                .sum();
            let to = people(&owners);
            let released = counted(released, "release");
            let line = match (names.as_slice(), owners.is_empty()) {
                (_, true) => format!("nobody owns {}: a quorum signs for it", some(&names)),
                ([one], false) => format!("{to} gets `{one}`, which nobody owned, with {released}"),
                (many, false) => format!(
                    "{to} gets {} packages, which nobody owned, with {released}: {}",
                    many.len(),
                    some(many)
                ),
            };
            self.effects.push(Effect {
                weight: Weight::New,
                path,
                line,
            });
        }
        let new = std::mem::take(&mut self.releases);
        for (name, n) in std::mem::take(&mut self.lists) {
            if !new.contains_key(name.as_str()) {
                let line = format!(
                    "the list of releases of `{name}` becomes valid, with {}",
                    counted(n, "release")
                );
                self.say(Weight::New, &ResourceId::releases(&name), line);
            }
        }
        let count: usize = new.values().map(Vec::len).sum();
        let releases: Vec<&Release> = new.values().flatten().collect();
        if let [one] = releases.as_slice() {
            let line = format!("the release {one} becomes valid");
            self.say(Weight::New, &ResourceId::checksum(one), line);
        } else if count > 0 {
            let line = format!(
                "{count} releases of {} become valid: {}",
                counted(new.len(), "package"),
                some(&releases)
            );
            self.effects.push(Effect {
                weight: Weight::New,
                path: "packages".to_owned(),
                line,
            });
        }
        for (epoch, resources) in std::mem::take(&mut self.opened) {
            for resource in resources {
                let line =
                    format!("epoch {epoch} of the {resource} is opened: all before it is void");
                self.say(Weight::Takes, &resource, line);
            }
        }
        self.effects.sort_by_key(|effect| effect.weight);
        self.effects
    }
}

/// Ids, all of them.
fn people(ids: &BTreeSet<Id>) -> String {
    if ids.is_empty() {
        return "nobody".to_owned();
    }
    let ids: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    ids.join(", ")
}

/// The first names of things that are alike and new, and how many more there are.
fn some(names: &[impl Display]) -> String {
    let shown: Vec<String> = names.iter().take(NAMES).map(ToString::to_string).collect();
    match names.len().saturating_sub(NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn counted(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
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

/// A text of somebody else, of which a bounded part is shown; the whole size is said.
fn cut(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let (shown, _) = text.split_at(boundary(text));
    format!("{shown}… ({} bytes)", text.len())
}

/// Where a text is cut: at [`LONGEST`] bytes, or before a character that goes beyond.
fn boundary(text: &str) -> usize {
    let ends = (0..=LONGEST.min(text.len())).rev();
    ends.into_iter()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}
