//! The list of packages that are claimed for ever.

use std::collections::BTreeSet;

use super::{Plan, PlanError, World};
use conex_verify::format::name::PackageName;
use conex_verify::format::resource::{Claims, ResourceId};

/// Plans the list of claims: the names that it has, and the packages whose authorisation is
/// valid. No name ever leaves it. A quorum of janitors approves it.
///
/// # Errors
/// The counter is at its end.
pub fn claims(world: &World<'_>) -> Result<Plan, PlanError> {
    let old = world.repository.claims.good().map(|l| &l.value);
    let listed: BTreeSet<PackageName> = old.map(|c| c.packages.clone()).unwrap_or_default();
    let mut packages = listed.clone();
    packages.extend(valid_authorisations(world));
    let mut plan = Plan::default();
    let conflict = world
        .conflicts
        .redo
        .contains_key(&ResourceId::claims().path());
    if old.is_some() && packages == listed && !conflict {
        return Ok(plan);
    }
    let resource = ResourceId::claims();
    let revision = world.next_revision(&resource, old.map(|c| c.revision))?;
    plan.write(&Claims { revision, packages });
    Ok(plan)
}

/// The names of the packages whose authorisation is valid.
pub fn valid_authorisations(world: &World<'_>) -> BTreeSet<PackageName> {
    let packages = world.assessment.packages.iter();
    packages
        .filter(|p| {
            let resource = ResourceId::authorisation(&p.name);
            p.standings
                .get(&resource)
                .is_some_and(|(_, standing)| standing.is_valid())
        })
        .map(|p| p.name.clone())
        .collect()
}
