//! Teams: ids that own together.

use crate::hint::Hint;
use std::collections::BTreeSet;

use super::owner::Change;
use super::{Plan, PlanError, World};
use conex_verify::finding::{Code, Finding};
use conex_verify::format::name::{Id, NOTARIES, fold};
use conex_verify::format::path::Place;
use conex_verify::format::resource::{IdFile, Kind, ResourceId, Team};

/// What `team` is asked for.
#[derive(Debug, Clone)]
pub struct TeamChange {
    /// Add members, which makes a team that is not there yet, or remove them.
    pub change: Change,
    /// The team.
    pub team: Id,
    /// The members.
    pub members: Vec<Id>,
}

/// Plans a new version of a team. A quorum of janitors approves it.
///
/// # Errors
/// The id is an author's or a janitor's, or a member is unknown or a team.
pub fn team(world: &World<'_>, request: &TeamChange) -> Result<Plan, PlanError> {
    let id = &request.team;
    let present = match world.id_file(id) {
        Some(IdFile::Team(team)) => Some(team),
        Some(IdFile::Author(_)) => {
            return Err(PlanError::refused(
                format!("`{id}` is an author here, and an author never becomes a team"),
                "choose another id for the team",
            ));
        }
        None if request.change == Change::Remove => {
            return Err(PlanError::refused(
                format!("there is no team `{id}`"),
                Hint::StatusShows {
                    what: "the teams".to_owned(),
                },
            ));
        }
        None if world.taken_ids().contains(&fold(id.as_str())) => {
            return Err(PlanError::refused(
                format!("the id `{id}` is taken (case does not count)"),
                "choose another id for the team",
            ));
        }
        None => None,
    };
    let old: BTreeSet<Id> = present.map(|t| t.members.clone()).unwrap_or_default();
    let mut members = old.clone();
    for member in &request.members {
        match request.change {
            Change::Add => {
                world.known_id(member)?;
                if matches!(world.id_file(member), Some(IdFile::Team(_))) {
                    return Err(PlanError::refused(
                        format!("`{member}` is a team, and a team holds no team"),
                        "add its members instead",
                    ));
                }
                members.insert(member.clone());
            }
            Change::Remove => {
                members.remove(member);
            }
        }
    }
    let mut plan = Plan::default();
    let conflict = world
        .conflicts
        .redo
        .contains_key(&Place::IdFile(id.clone()).path());
    if present.is_some() && members == old && !conflict {
        return Ok(plan);
    }
    let notaries = id.as_str() == NOTARIES;
    if notaries && members.is_empty() {
        return Err(PlanError::refused(
            format!("the team `{NOTARIES}` cannot be emptied: nobody could make a snapshot then"),
            Hint::NameNotaries,
        ));
    }
    let resource = ResourceId::id(Kind::Team, id);
    let revision = world.next_revision(&resource, present.map(|t| t.revision))?;
    if notaries {
        plan.say("its members sign the snapshot; when this is approved, one of them makes it anew");
        let counts = |id: &Id| world.assessment.people.is_person(id, world.chain());
        if !members.iter().any(counts) {
            plan.warnings.push(Finding::warning(
                Code::NotAnAuthor,
                resource.path(),
                format!("no member of `{NOTARIES}` is a janitor or a valid author: nobody could make a snapshot"),
            ));
        }
    }
    plan.write(&Team {
        id: id.clone(),
        revision,
        members,
    });
    Ok(plan)
}
