//! Owners for the packages that nobody owns, by a table.

use std::collections::{BTreeMap, BTreeSet};

use crate::bootstrap::table::{Owner, Strength, Table};
use crate::plan::obstacle;
use crate::plan::planned::{Plan, PlanError};
use crate::plan::world::World;
use conex_verify::format::name::{Id, PackageName, fold};
use conex_verify::format::resource::{Authorisation, IdFile, Kind, ResourceId, Team};
use conex_verify::workbench::trust::support::Standing;

/// What comes of a table.
#[derive(Debug, Clone, Default)]
pub struct Claim {
    /// The teams and authorisations to write; what cannot be signed as it is, is left out.
    pub plan: Plan,
    /// The packages whose owners or janitors get them, or that wait for it already: their releases
    /// are vouched for as they are found.
    pub claimed: BTreeSet<PackageName>,
    /// Those of them that the janitors hold, because nobody whom a strong line names is known.
    pub held: BTreeSet<PackageName>,
    /// Owners of strong lines whom the repository does not know.
    pub unknown: BTreeSet<Id>,
    /// Packages of which the table says nothing, and that stay as they are.
    pub without_line: BTreeSet<PackageName>,
}

/// Plans teams and authorisations by the strong lines of a table, and authorisations without an
/// owner, which only a quorum speaks for, by all others. What a quorum has approved already stays.
///
/// # Errors
/// The name of a team is taken, or a counter is at its end.
pub fn claim(world: &World<'_>, table: &Table) -> Result<Claim, PlanError> {
    let mut claim = Claim::default();
    let teams = teams(world, table, &mut claim)?;
    for (name, package) in world.repository.packages.iter() {
        let claimed = world.report(name).is_some_and(|report| report.claimed);
        if package.directories.is_empty() || claimed {
            continue;
        }
        let Some(line) = table.packages.get(name) else {
            claim.without_line.insert(name.clone());
            continue;
        };
        // T9: Whoever claims a package wants it signed; one that cannot be stays as it is.
        let found = obstacle::of_package(world.repository, name);
        if !found.is_empty() {
            claim.plan.left_out.extend(found);
            continue;
        }
        let mut owners = BTreeSet::new();
        if line.strength == Strength::Strong {
            match &line.owner {
                Owner::Ids(ids) => {
                    let (known, unknown): (Vec<&Id>, _) =
                        ids.iter().partition(|id| world.knows(id));
                    owners.extend(known.into_iter().cloned());
                    let unknown: Vec<&Id> = unknown;
                    claim.unknown.extend(unknown.into_iter().cloned());
                }
                Owner::Team(team) => owners.extend(teams.get(team).cloned()),
                Owner::Maintainers | Owner::Nobody => {}
            }
        }
        if owners.is_empty() {
            claim.held.insert(name.clone());
        }
        claim.claimed.insert(name.clone());
        let present = package.authorisation.good().map(|loaded| &loaded.value);
        if present.is_some_and(|present| present.owners == owners) {
            continue;
        }
        let resource = ResourceId::authorisation(name);
        let revision = world.next_revision(&resource, present.map(|p| p.revision))?;
        claim.plan.write(&Authorisation {
            name: name.clone(),
            revision,
            owners,
        });
    }
    claim.plan.say_left_out();
    Ok(claim)
}

/// Plans the teams that own a package by a strong line, of those members whom the repository knows.
/// One that a quorum approved stays as it is. Gives the teams that there are then.
fn teams(
    world: &World<'_>,
    table: &Table,
    claim: &mut Claim,
) -> Result<BTreeMap<Id, Id>, PlanError> {
    let mut there = BTreeMap::new();
    let taken = world.taken_ids();
    for (team, wanted) in &table.teams {
        let owns = Owner::Team(team.clone());
        let mut lines = table.packages.values();
        if !lines.any(|line| line.owner == owns && line.strength == Strength::Strong) {
            continue;
        }
        let is_person =
            |id: &&Id| world.knows(id) && !matches!(world.id_file(id), Some(IdFile::Team(_)));
        let (members, unknown): (BTreeSet<&Id>, BTreeSet<&Id>) = wanted.iter().partition(is_person);
        claim.unknown.extend(unknown.into_iter().cloned());
        let members: BTreeSet<Id> = members.into_iter().cloned().collect();
        let resource = ResourceId::id(Kind::Team, team);
        let present = match world.id_file(team) {
            Some(IdFile::Team(present)) => Some(present),
            None if !taken.contains(&fold(team.as_str())) => None,
            _ => {
                return Err(PlanError::refused(
                    format!("`{team}`, a team of the table, is somebody else's id here"),
                    "give the team another name in the table",
                ));
            }
        };
        let approved = world.standing(&resource).is_some_and(Standing::is_valid);
        let keep = present.is_some_and(|p| approved || p.members == members);
        if !keep && members.is_empty() {
            continue;
        }
        there.insert(team.clone(), team.clone());
        if keep {
            continue;
        }
        let revision = world.next_revision(&resource, present.map(|p| p.revision))?;
        claim.plan.write(&Team {
            id: team.clone(),
            revision,
            members,
        });
    }
    Ok(there)
}
