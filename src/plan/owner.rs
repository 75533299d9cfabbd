//! Who owns which package.

use crate::hint::Hint;
use std::collections::BTreeSet;

use super::{Plan, PlanError, World, obstacle};
use conex_verify::finding::{Finding, Severity};
use conex_verify::format::name::{Id, PackageName};
use conex_verify::format::resource::{Authorisation, Kind, ResourceId};
use conex_verify::workbench::repository::Slot;

/// What to do with an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Add it.
    Add,
    /// Remove it.
    Remove,
}

/// Which packages are meant.
#[derive(Debug, Clone)]
pub enum Selection {
    /// These.
    Named(Vec<String>),
    /// All that have no authorisation.
    Unclaimed,
    /// All that this id owns.
    OwnedBy(Id),
}

/// What `owner` is asked for.
#[derive(Debug, Clone)]
pub struct OwnerChange {
    /// Add or remove.
    pub change: Change,
    /// The owner.
    pub id: Id,
    /// Who stops owning them in the same change; who does not own one of them is a
    /// reason to refuse.
    pub instead_of: Option<Id>,
    /// The packages.
    pub packages: Selection,
}

/// Plans new authorisations. A quorum of janitors approves them.
///
/// # Errors
/// An unknown id or package.
pub fn owner(world: &World<'_>, request: &OwnerChange) -> Result<Plan, PlanError> {
    let id = &request.id;
    if request.change == Change::Add {
        world.known_id(id)?;
    }
    let owned = |name: &PackageName| {
        let package = world.repository.packages.get(name)?;
        Some(&package.authorisation.good()?.value.owners)
    };
    let mut names: Vec<PackageName> = match &request.packages {
        Selection::OwnedBy(owner) => world
            .repository
            .packages
            .keys()
            .filter(|name| owned(name).is_some_and(|owners| owners.contains(owner)))
            .cloned()
            .collect(),
        Selection::Named(names) => names
            .iter()
            .map(|n| world.package(n))
            .collect::<Result<_, _>>()?,
        Selection::Unclaimed => world
            .repository
            .packages
            .iter()
            .filter(|(name, package)| {
                matches!(package.authorisation, Slot::Missing)
                    && !world
                        .assessment
                        .packages
                        .iter()
                        .any(|p| p.claimed && p.name == **name)
            })
            .map(|(name, _)| name.clone())
            .collect(),
    };
    let mut plan = Plan::default();
    // T9: Whoever claims a package wants it signed; one that cannot be stays as it is.
    if matches!(request.packages, Selection::Unclaimed) {
        names.retain(|name| {
            let found = obstacle::of_package(world.repository, name);
            let fit = found.is_empty();
            plan.left_out.extend(found);
            fit
        });
        let only = unowned_elsewhere(world, &names);
        plan.left_out.extend(only);
    }
    for name in names {
        let present = world
            .repository
            .packages
            .get(&name)
            .and_then(|p| p.authorisation.good());
        let old: BTreeSet<Id> = present.map(|p| p.value.owners.clone()).unwrap_or_default();
        let mut owners = old.clone();
        if let Some(former) = &request.instead_of
            && !owners.remove(former)
        {
            return Err(PlanError::refused(
                format!("`{former}` does not own `{name}`"),
                Hint::StatusShowsOwners {
                    name: name.to_string(),
                },
            ));
        }
        match request.change {
            Change::Add => owners.insert(id.clone()),
            Change::Remove => owners.remove(id),
        };
        if present.is_none() && request.change == Change::Add {
            let found = obstacle::of_package(world.repository, &name).into_iter();
            plan.warnings.extend(found.map(|finding| Finding {
                severity: Severity::Warning,
                ..finding
            }));
        }
        let resource = ResourceId {
            kind: Kind::Authorisation,
            name: name.as_str().into(),
        };
        let conflict = world.conflicts.redo.contains_key(&resource.path());
        if present.is_some() && owners == old && !conflict {
            continue;
        }
        let revision = world.next_revision(&resource, present.map(|p| p.value.revision))?;
        plan.write(&Authorisation {
            name: name.clone(),
            revision,
            owners,
        });
    }
    plan.say_left_out();
    Ok(plan)
}

/// The releases that lie elsewhere, of packages that have no directory of their own.
fn unowned_elsewhere(world: &World<'_>, names: &[PackageName]) -> Vec<Finding> {
    let all = world.repository.misplaced.values();
    let of: BTreeSet<PackageName> = all.map(|(release, _)| release.name()).collect();
    let without = |name: &&PackageName| {
        !names.contains(name) && !world.repository.packages.contains_key(*name)
    };
    of.iter()
        .filter(without)
        .flat_map(|name| obstacle::of_package(world.repository, name))
        .collect()
}

/// Names, of many only the first.
pub fn some_of(names: &[PackageName]) -> String {
    const SHOWN: usize = 6;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|n| format!("`{n}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more packages", shown.join(", ")),
    }
}
