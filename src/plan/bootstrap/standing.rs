//! How far a repository is on its way to owners.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::depends::named_by;
use crate::plan::world::World;
use conex_verify::format::name::{Id, PackageName};
use conex_verify::format::resource::{IdFile, ResourceId};
use conex_verify::workbench::trust::support::Standing;

/// How far a package is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Nothing says who owns it.
    Unclaimed,
    /// The janitors hold it: it has no owner, and a quorum releases it.
    Held,
    /// It has owners, of whom nobody has proven a key.
    Proposed,
    /// An owner has proven a key, or is a janitor.
    Confirmed,
}

/// What is known of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standings {
    /// How far it is.
    pub stage: Stage,
    /// Whether what says so waits for a quorum.
    pub waits: bool,
    /// How many packages of this repository depend on it.
    pub dependants: usize,
    /// Its owners.
    pub owners: BTreeSet<Id>,
}

/// How far each package is that has a release.
pub fn standings(world: &World<'_>) -> BTreeMap<PackageName, Standings> {
    let packages = || {
        let all = world.repository.packages.iter();
        all.filter(|(_, package)| !package.directories.is_empty())
    };
    let mut dependants: BTreeMap<PackageName, usize> = BTreeMap::new();
    for (name, package) in packages() {
        for on in named_by(package) {
            if on != *name {
                *dependants.entry(on).or_default() += 1;
            }
        }
    }
    let of = |owners: &BTreeSet<Id>| match owners.is_empty() {
        true => Stage::Held,
        false if owners.iter().any(|id| is_confirmed(world, id)) => Stage::Confirmed,
        false => Stage::Proposed,
    };
    let all = packages().map(|(name, package)| {
        let owners = package.authorisation.good().map(|a| a.value.owners.clone());
        let standing = world.standing(&ResourceId::authorisation(name));
        let standings = Standings {
            stage: owners.as_ref().map_or(Stage::Unclaimed, of),
            waits: owners.is_some() && !standing.is_some_and(Standing::is_valid),
            dependants: dependants.get(name).copied().unwrap_or_default(),
            owners: owners.unwrap_or_default(),
        };
        (name.clone(), standings)
    });
    all.collect()
}

/// Whether an owner, or a member of a team that is one, has proven a key or is a janitor.
pub fn is_confirmed(world: &World<'_>, id: &Id) -> bool {
    let person = |id: &Id| match world.id_file(id) {
        Some(IdFile::Author(author)) => world.has_proven(author),
        _ => world.chain().key_of(id).is_some(),
    };
    match world.id_file(id) {
        Some(IdFile::Team(team)) => team.members.iter().any(person),
        _ => person(id),
    }
}
