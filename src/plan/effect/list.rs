//! From what counts now and what would count to the list of changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::super::world::World;
use super::change::{Effect, NAMES, Weight};
use conex_verify::format::digest::Digest;
use conex_verify::format::name::{Id, PackageName, Release};
use conex_verify::format::resource::{Account, Decode, Kind, ResourceId, ResourceVersion};
use conex_verify::tree::Bytes;
use conex_verify::words::counted;
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::support::Standing;

/// How many bytes of a value that somebody else wrote are shown.
const LONGEST: usize = 160;

/// How many lines of [`LONGEST`] bytes a value of the file `repo` has, which is shown whole.
const MOST_LINES: usize = 40;

/// How many releases of one package of which the same files change stand in one line.
const ALIKE: usize = 32;

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
        same: BTreeMap::new(),
        opened: BTreeMap::new(),
        named: None,
    };
    for resource in resources {
        list.resource(resource);
    }
    list.finish()
}

pub(super) struct List<'a, 'r> {
    pub(super) now: &'a World<'r>,
    pub(super) past: &'a Past,
    pub(super) then: &'a Repository,
    pub(super) effects: Vec<Effect>,
    /// Lists that nobody signed before, with the number of their releases.
    pub(super) lists: BTreeMap<PackageName, usize>,
    /// Names that nobody had, by who gets them.
    pub(super) owners: BTreeMap<BTreeSet<Id>, Vec<PackageName>>,
    /// Signed releases that change: by package, and what happens to which of their files.
    pub(super) changed: BTreeMap<(String, String), Vec<Release>>,
    /// New releases, by package.
    pub(super) releases: BTreeMap<String, Vec<Release>>,
    /// Releases whose files stay, by package.
    pub(super) same: BTreeMap<String, usize>,
    /// What starts an epoch.
    pub(super) opened: BTreeMap<u64, Vec<ResourceId>>,
    /// Who names which account, of those who count, once somebody asked.
    pub(super) named: Option<BTreeMap<&'a Account, Vec<&'a Id>>>,
}

/// What counted of a resource.
pub(super) enum Before<T> {
    /// Nothing.
    Nothing,
    /// This.
    Was(T),
    /// A version that is not at hand.
    Unknown(ResourceVersion),
}

impl List<'_, '_> {
    pub(super) fn say(&mut self, weight: Weight, resource: &ResourceId, line: String) {
        self.effects.push(Effect {
            weight,
            path: resource.path(),
            line,
            more: Vec::new(),
        });
    }

    /// One line for up to [`NAMES`] names, and more lines for more: nothing is folded.
    pub(super) fn each(
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
    pub(super) fn whole(&mut self, weight: Weight, resource: &ResourceId, what: &str, value: &str) {
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
    pub(super) fn before<T: Decode>(&self, resource: &ResourceId) -> Before<T> {
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
    pub(super) fn was<T: Decode>(&mut self, resource: &ResourceId) -> Option<T> {
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
                    more: Vec::new(),
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
                .filter_map(|name| self.then.packages.get(name))
                .map(|package| package.directories.len())
                .sum();
            let to = people(&owners);
            let released = counted(released, "release");
            let (shown, more) = some(&names);
            let line = match (names.as_slice(), owners.is_empty()) {
                (_, true) => format!("nobody owns {shown}: a quorum signs for it"),
                ([one], false) => format!("{to} gets `{one}`, which nobody owned, with {released}"),
                (many, false) => format!(
                    "{to} gets {} packages, which nobody owned, with {released}: {shown}",
                    many.len(),
                ),
            };
            self.effects.push(Effect {
                weight: Weight::New,
                path,
                line,
                more,
            });
        }
        for (package, n) in std::mem::take(&mut self.same) {
            let line = match n {
                1 => format!("1 release of `{package}` stays as it is, in another version"),
                n => format!("{n} releases of `{package}` stay as they are, in another version"),
            };
            self.effects.push(Effect {
                weight: Weight::New,
                path: format!("packages/{package}"),
                line,
                more: Vec::new(),
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
            let (shown, more) = some(&releases);
            let line = format!(
                "{count} releases of {} become valid: {shown}",
                counted(new.len(), "package"),
            );
            self.effects.push(Effect {
                weight: Weight::New,
                path: "packages".to_owned(),
                line,
                more,
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
pub(super) fn people(ids: &BTreeSet<Id>) -> String {
    if ids.is_empty() {
        return "nobody".to_owned();
    }
    let ids: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
    ids.join(", ")
}

/// The first names of things that are alike and new with how many more there are, and the others.
pub(super) fn some(names: &[impl Display]) -> (String, Vec<String>) {
    let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let more = names.split_off(names.len().min(NAMES));
    let shown = names.join(", ");
    match more.len() {
        0 => (shown, more),
        n => (format!("{shown} and {n} more"), more),
    }
}

/// A text of somebody else, of which a bounded part is shown; the whole size is said.
pub(super) fn cut(text: &str) -> String {
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
