//! Which of the things that wait are meant.

use std::collections::{BTreeMap, BTreeSet};

use super::World;
use super::approve::Waits;
use super::world::package_or_name;
use conex_verify::format::name::{Id, PackageName};
use conex_verify::format::path::Place;
use conex_verify::format::resource::{Kind, ResourceId};

/// What a janitor wants to approve; by default everything that waits.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Only these packages, releases, authors and teams.
    pub names: Vec<String>,
    /// Only the files of these authors and teams, and the packages that they own, by
    /// themselves or as a member of a team. With `names`, those as well.
    pub authors: Vec<Id>,
    /// Only the files of these ids. Of an id that is that of a janitor, past or present, with another
    /// key, the file is meant in no other way.
    pub ids: Vec<Id>,
    /// Of that, only what these files belong to: the paths that a range of commits touches.
    pub touched: Option<BTreeSet<String>>,
}

impl Scope {
    /// Only these names.
    pub fn named(names: &[String]) -> Scope {
        Scope {
            names: names.to_vec(),
            ..Scope::default()
        }
    }

    /// Whether a thing is meant.
    pub(super) fn has(&self, world: &World<'_>, item: &Waits) -> bool {
        let named = self.names.iter().any(|name| item.is_about(name)) || self.takes(&item.resource);
        let owned = self
            .authors
            .iter()
            .any(|id| belongs(world, &item.resource, id));
        (self.is_all() || named || owned) && self.touches(&item.resource)
    }

    /// Whether the last link is meant, which has no name.
    pub(super) fn has_link(&self, number: u64) -> bool {
        let path = Place::Link(number).path();
        self.is_all() && self.touched.as_ref().is_none_or(|t| t.contains(&path))
    }

    /// Whether nothing is named.
    fn is_all(&self) -> bool {
        self.names.is_empty() && self.authors.is_empty() && self.ids.is_empty()
    }

    /// Whether this is the file of an id that is named as one.
    pub(super) fn takes(&self, resource: &ResourceId) -> bool {
        let mut ids = self.ids.iter();
        matches!(resource.kind, Kind::Author | Kind::Team)
            && ids.any(|id| *resource.name == *id.as_str())
    }

    fn touches(&self, resource: &ResourceId) -> bool {
        let Some(touched) = &self.touched else {
            return true;
        };
        let path = resource.path();
        // What is approved of the top is a file, and the files that it is about.
        let top = resource.kind == Kind::Repo && touched.iter().any(|p| !p.contains('/'));
        let release = match (resource.kind, path.strip_suffix("checksum")) {
            (Kind::Checksum, Some(dir)) => touched
                .range(dir.to_owned()..)
                .next()
                .is_some_and(|p| p.starts_with(dir)),
            _ => false,
        };
        top || release || touched.contains(&path)
    }
}

/// Whether something is an id's: its file, or of a package that it owns.
fn belongs(world: &World<'_>, resource: &ResourceId, id: &Id) -> bool {
    match resource.kind {
        Kind::Author | Kind::Team => *resource.name == *id.as_str(),
        Kind::Repo | Kind::Claims => false,
        Kind::Authorisation | Kind::Releases | Kind::Checksum => {
            let Ok(name) = PackageName::new(package_or_name(resource)) else {
                return false;
            };
            let people = &world.assessment.people;
            world.report(&name).is_some_and(|report| {
                report.owners.contains(id)
                    || people.resolve(&report.owners, world.chain()).contains(id)
            })
        }
    }
}

/// What is approved of releases, in a few lines however many there are: how many, of which
/// packages, how many are changes, and who owns them and did not sign.
pub(super) fn releases_in_words(world: &World<'_>, items: &[(ResourceId, bool)]) -> Vec<String> {
    const SHOWN: usize = 5;
    let mut packages: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (resource, _) in items {
        let of = packages.entry(package_or_name(resource)).or_default();
        of.push(&resource.name);
    }
    let count = |n: usize, what: &str| match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    };
    let mut lines = Vec::new();
    if items.len() <= SHOWN {
        let names: Vec<&str> = items.iter().map(|(r, _)| &*r.name).collect();
        lines.push(match names.as_slice() {
            [one] => format!("approves the release {one}"),
            names => format!("approves {} releases: {}", names.len(), names.join(", ")),
        });
    } else {
        let mut most: Vec<(&str, usize)> = packages
            .iter()
            .map(|(name, of)| (*name, of.len()))
            .collect();
        most.sort_by_key(|(name, n)| (std::cmp::Reverse(*n), *name));
        lines.push(format!(
            "approves {} of {}: {}",
            count(items.len(), "release"),
            count(packages.len(), "package"),
            first(&most)
        ));
    }
    let changed = items.iter().filter(|(_, changed)| *changed).count();
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, of) in &packages {
        let report = PackageName::new(name).ok().and_then(|n| world.report(&n));
        for owner in report.iter().flat_map(|r| &r.owners) {
            *owners.entry(owner.as_str()).or_default() += of.len();
        }
    }
    let mut owners: Vec<(&str, usize)> = owners.into_iter().collect();
    owners.sort_by_key(|(id, n)| (std::cmp::Reverse(*n), *id));
    let mut kinds = Vec::new();
    if changed > 0 {
        kinds.push(format!("{changed} changed since somebody vouched for them"));
    }
    if changed < items.len() {
        kinds.push(format!(
            "{} that nobody who counts vouches for",
            items.len() - changed
        ));
    }
    if items.len() > 1 {
        lines.push(format!("  of these: {}", kinds.join(", ")));
        if !owners.is_empty() {
            lines.push(format!(
                "  of owners who did not sign them: {}",
                first(&owners)
            ));
        }
    }
    lines
}

/// The names with the highest numbers, and how many more there are.
fn first(sorted: &[(&str, usize)]) -> String {
    const SHOWN: usize = 4;
    let list: Vec<String> = sorted
        .iter()
        .take(SHOWN)
        .map(|(name, n)| format!("{name} ({n})"))
        .collect();
    let list = list.join(", ");
    match sorted.len().saturating_sub(SHOWN) {
        0 => list,
        more => format!("{list} and {more} more"),
    }
}
