//! A new epoch: the way back when a stolen key pushed a counter to its end.

use super::{Plan, PlanError, World};
use conex_verify::format::name::Id;
use conex_verify::format::resource::{IdFile, REPO_NAME, Resource, ResourceId, Revision};
use conex_verify::repository::{Loaded, Slot};

/// Plans everything of these packages, authors and teams anew, at counter 1 of the
/// next epoch. Only a quorum opens it: janitors approve what is written here. From
/// then on owners go on in it, and no counter of an earlier epoch matters.
///
/// # Errors
/// A name that is neither a package nor an author or team, nor `repo`.
pub fn epoch(world: &World<'_>, names: &[String]) -> Result<Plan, PlanError> {
    let mut plan = Plan::default();
    for name in names {
        let before = plan.writes.len();
        if name == REPO_NAME {
            renew(world, &world.repository.repo, &mut plan, |r, revision| {
                r.revision = revision;
            })?;
        } else if let Some(slot) = Id::new(name)
            .ok()
            .and_then(|id| world.repository.ids.get(&id))
        {
            id_file(world, slot, &mut plan)?;
        } else {
            package(world, name, &mut plan)?;
        }
        let count = plan.writes.len() - before;
        plan.say(format!(
            "starts a new epoch for what belongs to `{name}`: {count} files, which a quorum of janitors approves"
        ));
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

fn package(world: &World<'_>, name: &str, plan: &mut Plan) -> Result<(), PlanError> {
    let name = world.package(name)?;
    let Some(package) = world.repository.packages.get(&name) else {
        return Ok(());
    };
    renew(world, &package.authorisation, plan, |a, revision| {
        a.revision = revision
    })?;
    renew(world, &package.releases, plan, |r, revision| {
        r.revision = revision
    })?;
    for dir in package.directories.values() {
        renew(world, &dir.checksum, plan, |c, revision| {
            c.revision = revision
        })?;
    }
    Ok(())
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

/// The start of the epoch after the one that is open. One that somebody merely
/// wrote into a file, and no quorum opened, does not count.
fn next(world: &World<'_>, resource: &ResourceId) -> Result<Revision, PlanError> {
    let epoch = world.open_epoch(resource);
    match epoch
        .checked_add(1)
        .filter(|e| *e <= conex_verify::limits::MAX_INTEGER)
    {
        Some(epoch) => Ok(Revision {
            epoch,
            ..Revision::FIRST
        }),
        None => Err(PlanError::refused(
            format!("the {resource} is in its last epoch"),
            "nothing can follow it",
        )),
    }
}
