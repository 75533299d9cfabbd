//! What belongs to a person for ever: the id of a janitor, and what a key signed once.

use super::{Plan, PlanError, View, World};
use crate::hint::Hint;
use conex_verify::format::key::Fingerprint;
use conex_verify::format::name::{Id, PackageName};
use conex_verify::format::resource::{Author, IdFile, Kind, ResourceId, ResourceVersion};
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::support::Standing;

impl World<'_> {
    /// T5: What an id file takes over whose id is that of a past or present janitor, and that lists
    /// a key that no link gives to this id: whose id it is, and what it owns. `None` for any
    /// other file.
    pub fn takes_over(&self, author: &Author) -> Option<String> {
        let (chain, id) = (self.chain(), &author.id);
        if !chain.ever_member(id) {
            return None;
        }
        let keys = author.keys.iter().map(|key| key.fingerprint());
        let other = keys.into_iter().find(|key| chain.holder(key) != Some(id))?;
        let who = match chain.key_of(id) {
            Some(_) => "is a janitor",
            None => "was a janitor",
        };
        let owned = self.owned_by(id);
        let owned = match owned.as_slice() {
            [] => "no package".to_owned(),
            // A signer sees all of it.
            names => {
                let names: Vec<String> = names.iter().map(|n| format!("`{n}`")).collect();
                names.join(", ")
            }
        };
        Some(format!(
            "`{id}` {who}, and no link gives the key {other} to this id; whoever has that key gets what `{id}` owns: {owned}"
        ))
    }

    /// T5: A key in the file of a past or present janitor that no link gives to this id, and that
    /// has signed nothing for it: nobody showed that its holder wants to be this id.
    pub fn unproven_key(&self, id: &Id) -> Option<Fingerprint> {
        let chain = self.chain();
        let Some(IdFile::Author(author)) = self.id_file(id).filter(|_| chain.ever_member(id))
        else {
            return None;
        };
        let proven = &self.assessment.people.proven;
        let proves = |key: &Fingerprint| proven.get(key).is_some_and(|ids| ids.contains(id));
        let mut keys = author.keys.iter().map(|key| key.fingerprint());
        keys.find(|key| chain.holder(key) != Some(id) && !proves(key))
    }

    /// The packages that an id owns, by itself or in a team.
    pub fn owned_by(&self, id: &Id) -> Vec<PackageName> {
        let people = &self.assessment.people;
        let packages = self.assessment.packages.iter();
        packages
            .filter(|p| {
                p.owners.contains(id) || people.resolve(&p.owners, self.chain()).contains(id)
            })
            .map(|p| p.name.clone())
            .collect()
    }
}

/// T6: Refuses a change after which old signatures count again that support something above what
/// is in the tree: everybody would refuse it, or somebody brings back what was superseded.
///
/// # Errors
/// There are such signatures.
pub fn awakens_nothing(before: &World<'_>, plan: &Plan) -> Result<(), PlanError> {
    if plan.is_empty() {
        return Ok(());
    }
    let tree = plan.apply(before.tree);
    let repository = Repository::load_after(&tree, Some(before.repository));
    let Ok(after) = World::look(&tree, &repository, View::AsIfApproved) else {
        return Ok(());
    };
    let known: Vec<ResourceId> = above(before).map(|(resource, _)| resource).collect();
    // What a merge left with both sides in it is written anew anyway.
    let left = &before.conflicts.rewritten;
    let mut new = above(&after).filter(|(r, _)| !known.contains(r) && !left.contains(&r.path()));
    let Some((resource, version)) = new.next() else {
        return Ok(());
    };
    let more = match new.count() {
        0 => String::new(),
        n => format!(", and {n} more"),
    };
    Err(PlanError::refused(
        format!(
            "old signatures would count again, and support what is not in the tree: the {resource} at {}{more}",
            version.revision
        ),
        Hint::SupersedeFirst {
            resource: format!("{}:{}", resource.kind.as_str(), resource.name),
            above: format!("{}.{}", version.revision.epoch, version.revision.counter),
        },
    ))
}

/// What is supported above the version in the tree.
fn above(world: &World<'_>) -> impl Iterator<Item = (ResourceId, ResourceVersion)> {
    let people = world.repository.ids.iter().filter_map(|(id, slot)| {
        let standing = world.assessment.people.standings.get(id)?;
        Some((slot.good()?.value.resource_id(), standing))
    });
    let packages = world.assessment.packages.iter();
    let packages = packages.flat_map(|p| p.standings.iter());
    let packages = packages.map(|(resource, (_, standing))| (resource.clone(), standing));
    let two = [
        (ResourceId::repo(), &world.assessment.repo.1),
        (ResourceId::claims(), &world.assessment.claims.1),
    ];
    let all = people.chain(packages).chain(two);
    all.filter_map(|(resource, standing)| {
        let version = match standing {
            Standing::Superseded { by } => *by,
            // A checksum or a list that is to be written anew says nothing of what was.
            Standing::Absent { supported } if resource.kind == Kind::Authorisation => (*supported)?,
            _ => return None,
        };
        Some((resource, version))
    })
}
