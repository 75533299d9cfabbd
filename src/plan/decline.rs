//! Taking away what waits and is not wanted.

use super::{Plan, PlanError, World};
use crate::hint::Hint;
use conex_verify::format::name::{Id, PackageName};
use conex_verify::format::path::Place;
use conex_verify::format::resource::{Author, Authorisation, IdFile, ResourceId, Team};
use conex_verify::workbench::trust::support::Standing;

/// The name under which the last link is declined.
pub const LINK: &str = "link";

/// Plans to decline what waits under these names: an id or a first claim is emptied, so that
/// nothing of it can be approved and no file goes, for opam 2.6 removes a directory with one
/// of its files; a link that nobody completes is removed, because no client ever had it. An id
/// whose file is not `published`, by its path, is taken back as if nobody had joined.
///
/// # Errors
/// Nothing of that name waits, or a quorum has vouched for it already.
pub fn decline(
    world: &World<'_>,
    names: &[String],
    published: impl Fn(&str) -> bool,
) -> Result<Plan, PlanError> {
    let mut plan = Plan::default();
    for name in names {
        let before = plan.writes.len() + plan.removes.len();
        if name == LINK {
            link(world, &mut plan)?;
        }
        id(world, name, &published, &mut plan);
        claim(world, name, &mut plan);
        if plan.writes.len() + plan.removes.len() == before {
            return Err(PlanError::refused(
                format!("nothing that could be declined waits under the name `{name}`"),
                Hint::NothingToDecline,
            ));
        }
    }
    Ok(plan)
}

/// Whether a version waits for its first approval. What former janitors approved, and nobody
/// approved again, does not: every client knows it.
fn is_first(world: &World<'_>, resource: &ResourceId) -> bool {
    matches!(world.standing(resource), Some(Standing::Waiting(w)) if w.supported.is_none())
        && world.approved_once(resource).is_empty()
}

fn link(world: &World<'_>, plan: &mut Plan) -> Result<(), PlanError> {
    let chain = world.chain();
    let number = chain.links().len().saturating_sub(1);
    if number == 0 || chain.signatures(number).complete() {
        return Err(PlanError::refused(
            format!("link {number} of the janitor chain does not wait"),
            Hint::CompleteLink,
        ));
    }
    plan.say(format!(
        "removes link {number} of the janitor chain, which lacks signatures"
    ));
    plan.removes
        .insert(Place::Link(chain.current().number).path());
    Ok(())
}

fn id(world: &World<'_>, name: &str, published: impl Fn(&str) -> bool, plan: &mut Plan) {
    let Some(id) = Id::new(name).ok().filter(|id| world.knows(id)) else {
        return;
    };
    let file = world.id_file(&id).map(IdFile::resource_id);
    if !file.is_some_and(|resource| is_first(world, &resource)) {
        return;
    }
    let path = Place::IdFile(id.clone()).path();
    if !published(&path) {
        plan.say(format!("takes `{id}` back, who is not published"));
        plan.removes.insert(path);
        plan.removes.extend(own_segments(world, &id));
        return;
    }
    match world.id_file(&id) {
        Some(IdFile::Author(author)) if !author.keys.is_empty() => {
            plan.say(format!(
                "declines the author `{id}`: leaves the file without keys"
            ));
            plan.write(&Author {
                keys: Vec::new(),
                accounts: Default::default(),
                ..author.clone()
            });
            // What the id signed supports nothing then.
            plan.removes.extend(own_segments(world, &id));
        }
        Some(IdFile::Team(team)) if !team.members.is_empty() => {
            plan.say(format!(
                "declines the team `{id}`: leaves the file without members"
            ));
            plan.write(&Team {
                members: Default::default(),
                ..team.clone()
            });
        }
        _ => {}
    }
}

/// What an id signed who is no janitor.
fn own_segments(world: &World<'_>, id: &Id) -> Vec<String> {
    let own = world.repository.segments.iter();
    let own = own.filter(|(_, s)| s.value.segment.id == *id);
    let own = own.filter(|_| world.chain().key_of(id).is_none());
    own.map(|(path, _)| path.clone()).collect()
}

fn claim(world: &World<'_>, name: &str, plan: &mut Plan) {
    let Ok(name) = PackageName::new(name) else {
        return;
    };
    if !is_first(world, &ResourceId::authorisation(&name)) {
        return;
    }
    let package = world.repository.packages.get(&name);
    if let Some(loaded) = package.and_then(|p| p.authorisation.good())
        && !loaded.value.owners.is_empty()
    {
        plan.say(format!(
            "declines the claim of `{name}`: leaves it without owners"
        ));
        plan.write(&Authorisation {
            owners: Default::default(),
            ..loaded.value.clone()
        });
    }
}
