//! A new epoch: the way back when a stolen key pushed a counter to its end.

use crate::hint::Hint;
use std::collections::{BTreeMap, BTreeSet};

use super::{Plan, PlanError, World};
use conex_verify::format::name::{Id, PackageName};
use conex_verify::format::resource::{IdFile, REPO_NAME, Resource, ResourceId, Revision};
use conex_verify::limits::MAX_EPOCH;
use conex_verify::workbench::repository::{Loaded, Slot};
use conex_verify::workbench::trust::vouch::Weight;

/// What `epoch` is asked for.
#[derive(Debug, Clone)]
pub struct Epoch {
    /// Packages, ids, `repo` or `claims`.
    pub names: Vec<String>,
    /// Of packages, the authorisation, and not the releases.
    pub owners: bool,
}

/// Plans what belongs to these names anew, at counter 1 of the next epoch: of a package its
/// list of releases, with floor 0, and every checksum. Only a quorum opens it: janitors approve
/// what is written here. From then on owners go on in it, and no counter of an earlier epoch
/// matters.
///
/// # Errors
/// A name that is unknown; somebody who can support the package has entries in a later epoch.
pub fn epoch(world: &World<'_>, request: &Epoch) -> Result<Plan, PlanError> {
    let mut plan = Plan::default();
    for name in &request.names {
        if name == REPO_NAME {
            renew(world, &world.repository.repo, &mut plan, |r, revision| {
                r.revision = revision;
            })?;
        } else if name == conex_verify::format::resource::CLAIMS_NAME {
            renew(world, &world.repository.claims, &mut plan, |c, revision| {
                c.revision = revision;
            })?;
        } else if let Some(slot) = Id::new(name)
            .ok()
            .and_then(|id| world.repository.ids.get(&id))
        {
            id_file(world, slot, &mut plan)?;
        } else if request.owners {
            let name = world.package(name)?;
            if let Some(package) = world.repository.packages.get(&name) {
                renew(world, &package.authorisation, &mut plan, |a, revision| {
                    a.revision = revision;
                })?;
            }
        } else {
            releases(world, &world.package(name)?, &mut plan)?;
        }
    }
    Ok(plan)
}

fn id_file(world: &World<'_>, slot: &Slot<IdFile>, plan: &mut Plan) -> Result<(), PlanError> {
    let Some(loaded) = slot.good() else {
        return Ok(());
    };
    let revision = next(world, &loaded.value.resource_id())?;
    match loaded.value.clone() {
        IdFile::Author(mut author) => {
            author.revision = revision;
            plan.write(&author);
        }
        IdFile::Team(mut team) => {
            team.revision = revision;
            plan.write(&team);
        }
    }
    Ok(())
}

/// The list and all checksums: they share one epoch.
fn releases(world: &World<'_>, name: &PackageName, plan: &mut Plan) -> Result<(), PlanError> {
    let Some(package) = world.repository.packages.get(name) else {
        return Ok(());
    };
    let Some(list) = package.releases.good() else {
        return Err(PlanError::refused(
            format!("`{name}` has no list of releases, so it has no epoch"),
            Hint::OwnerSigns,
        ));
    };
    let revision = next(world, &ResourceId::releases(name))?;
    later(world, name, revision.epoch)?;
    let mut list = list.value.clone();
    list.revision = revision;
    list.floor = 0;
    plan.write(&list);
    for dir in package.directories.values() {
        if let Some(loaded) = dir.checksum.good() {
            let mut checksum = loaded.value.clone();
            checksum.revision = revision;
            plan.write(&checksum);
        }
    }
    Ok(())
}

/// Refuses an epoch in which, or above which, somebody who can support the package has
/// signed already: what they signed would count as soon as it is open.
fn later(world: &World<'_>, name: &PackageName, epoch: u64) -> Result<(), PlanError> {
    let owners = world.report(name).map(|r| {
        let people = &world.assessment.people;
        people.resolve(&r.owners, world.chain())
    });
    let owners = owners.unwrap_or_default();
    let mut who: BTreeMap<&Id, u64> = BTreeMap::new();
    let package = world.repository.packages.get(name);
    let releases = package.into_iter().flat_map(|p| p.directories.keys());
    let resources: BTreeSet<ResourceId> = releases
        .map(ResourceId::checksum)
        .chain([ResourceId::releases(name)])
        .collect();
    let vouches = &world.assessment.vouches;
    let of_package = |r: &&ResourceId| r.package().as_ref() == Some(name);
    let known = vouches.resources().filter(of_package).cloned();
    for resource in resources.into_iter().chain(known) {
        for vouch in vouches.about(&resource) {
            let can = vouch.weight == Weight::Chain || owners.contains(vouch.id);
            let counts = !matches!(
                resource.kind,
                conex_verify::format::resource::Kind::Authorisation
            );
            if can && counts && vouch.version.revision.epoch >= epoch {
                let highest = who.entry(vouch.id).or_default();
                *highest = (*highest).max(vouch.version.revision.epoch);
            }
        }
    }
    if who.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = who
        .iter()
        .map(|(id, e)| format!("`{id}` (epoch {e})"))
        .collect();
    Err(PlanError::refused(
        format!(
            "epoch {epoch} of `{name}` has entries already, of {}",
            names.join(", ")
        ),
        Hint::RightsFirst,
    ))
}

fn renew<T: Resource + Clone>(
    world: &World<'_>,
    slot: &Slot<T>,
    plan: &mut Plan,
    set: impl FnOnce(&mut T, Revision),
) -> Result<(), PlanError> {
    let Slot::Good(Loaded { value, .. }) = slot else {
        return Ok(());
    };
    let revision = next(world, &value.resource_id())?;
    let mut value = value.clone();
    set(&mut value, revision);
    plan.write(&value);
    Ok(())
}

/// The start of the epoch after the one that is open. One that somebody merely wrote into a file,
/// and no quorum of today or before opened, does not count.
pub(super) fn next(world: &World<'_>, resource: &ResourceId) -> Result<Revision, PlanError> {
    let open = world.open_epoch(resource);
    let present = world.repository.version_of(resource);
    let present = present.map(|v| v.revision.epoch).filter(|e| *e > open);
    let opened = present.filter(|epoch| *epoch <= world.opened_once(resource));
    match opened.unwrap_or(open).saturating_add(1) {
        epoch if epoch <= MAX_EPOCH => Ok(Revision {
            epoch,
            ..Revision::FIRST
        }),
        _ => Err(PlanError::refused(
            format!("the {resource} is in its last epoch"),
            "nothing can follow it",
        )),
    }
}
