//! What changed between two states, of what counts.

use std::collections::{BTreeMap, BTreeSet};

use super::person::keys;
use crate::plan::World;
use conex_verify::format::key::Fingerprint;
use conex_verify::format::name::{Id, PackageName, Release};
use conex_verify::format::resource::{Kind, ResourceVersion};
use conex_verify::workbench::repository::Repository;

/// A state that another one is compared with.
pub struct Before<'a, 'r> {
    /// What people call it.
    pub name: String,
    /// Its files.
    pub repository: &'a Repository,
    /// What counts in it; `None` of one without janitors, in which nothing does.
    pub world: Option<&'a World<'r>>,
}

/// What came and what went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn<T> {
    /// What only the later state has.
    pub came: BTreeSet<T>,
    /// What only the earlier state has.
    pub went: BTreeSet<T>,
}

impl<T> Default for Turn<T> {
    fn default() -> Turn<T> {
        Turn {
            came: BTreeSet::new(),
            went: BTreeSet::new(),
        }
    }
}

impl<T: Ord + Clone> Turn<T> {
    fn between(before: &BTreeSet<T>, after: &BTreeSet<T>) -> Turn<T> {
        Turn {
            came: after.difference(before).cloned().collect(),
            went: before.difference(after).cloned().collect(),
        }
    }
}

impl<T> Turn<T> {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.came.is_empty() && self.went.is_empty()
    }
}

/// What changed between two states, of what counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// The packages that have a release.
    pub packages: Turn<PackageName>,
    /// The packages that a quorum claims.
    pub claimed: Turn<PackageName>,
    /// The owners of packages, of each whose owners changed.
    pub owners: BTreeMap<PackageName, Turn<Id>>,
    /// The authors and teams whose file counts.
    pub people: Turn<Id>,
    /// The members of teams that were there before and after.
    pub members: BTreeMap<Id, Turn<Id>>,
    /// The keys that count, of everybody who was there before and after.
    pub keys: BTreeMap<Id, Turn<Fingerprint>>,
    /// The janitors.
    pub janitors: Turn<Id>,
    /// How many janitors had to agree, and how many must.
    pub quorum: (usize, usize),
    /// The releases whose checksum is valid.
    pub releases: Turn<Release>,
    /// Those of them that are valid with other bytes than before.
    pub replaced: BTreeSet<Release>,
}

/// What counts in one state.
#[derive(Default)]
struct Facts {
    claimed: BTreeSet<PackageName>,
    owners: BTreeMap<PackageName, BTreeSet<Id>>,
    people: BTreeSet<Id>,
    members: BTreeMap<Id, BTreeSet<Id>>,
    keys: BTreeMap<Id, BTreeSet<Fingerprint>>,
    janitors: BTreeSet<Id>,
    quorum: usize,
    releases: BTreeMap<Release, ResourceVersion>,
}

impl Facts {
    fn of(world: &World<'_>) -> Facts {
        let people = &world.assessment.people;
        let mut facts = Facts {
            people: people
                .authors
                .keys()
                .chain(people.teams.keys())
                .cloned()
                .collect(),
            members: people.teams.clone(),
            janitors: world.chain().current().members.keys().cloned().collect(),
            quorum: world.chain().quorum(),
            ..Facts::default()
        };
        for id in facts.people.iter().chain(&facts.janitors) {
            facts.keys.insert(id.clone(), keys(world, id));
        }
        for report in &world.assessment.packages {
            facts
                .owners
                .insert(report.name.clone(), report.owners.clone());
            if report.claimed {
                facts.claimed.insert(report.name.clone());
            }
            let valid = report.standings.iter().filter(|(resource, (_, standing))| {
                resource.kind == Kind::Checksum && standing.is_valid()
            });
            facts
                .releases
                .extend(valid.filter_map(|(resource, (version, _))| {
                    Some((Release::new(&resource.name).ok()?, (*version)?))
                }));
        }
        facts
    }
}

/// The packages that have a release.
fn released(repository: &Repository) -> BTreeSet<PackageName> {
    let all = repository.packages.iter();
    let there = all.filter(|(_, package)| !package.directories.is_empty());
    there.map(|(name, _)| name.clone()).collect()
}

/// What changed of each that was there before and after.
fn of_both<K: Ord + Clone, T: Ord + Clone>(
    before: &BTreeMap<K, BTreeSet<T>>,
    after: &BTreeMap<K, BTreeSet<T>>,
) -> BTreeMap<K, Turn<T>> {
    let both = after.iter().filter_map(|(key, after)| {
        let turn = Turn::between(before.get(key)?, after);
        (!turn.is_empty()).then(|| (key.clone(), turn))
    });
    both.collect()
}

impl Changes {
    /// What changed.
    pub(super) fn between(before: &Before<'_, '_>, after: &World<'_>) -> Changes {
        let old = before.world.map(Facts::of).unwrap_or_default();
        let new = Facts::of(after);
        let keys = |facts: &Facts| facts.releases.keys().cloned().collect();
        let replaced = new.releases.iter().filter(|(release, version)| {
            let there = old.releases.get(*release);
            there.is_some_and(|there| there.digest != version.digest)
        });
        let replaced = replaced.map(|(release, _)| release.clone()).collect();
        Changes {
            packages: Turn::between(&released(before.repository), &released(after.repository)),
            claimed: Turn::between(&old.claimed, &new.claimed),
            owners: of_both(&old.owners, &new.owners),
            people: Turn::between(&old.people, &new.people),
            members: of_both(&old.members, &new.members),
            keys: of_both(&old.keys, &new.keys),
            janitors: Turn::between(&old.janitors, &new.janitors),
            quorum: (old.quorum, new.quorum),
            releases: Turn::between(&keys(&old), &keys(&new)),
            replaced,
        }
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        let same = Changes {
            quorum: self.quorum,
            ..Changes::default()
        };
        *self == same && self.quorum.0 == self.quorum.1
    }
}
