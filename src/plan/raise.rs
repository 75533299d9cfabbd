//! What somebody took back of what a quorum decided, written anew above what is published.

use crate::hint::Hint;
use conex_verify::finding::{Code, Finding};
use conex_verify::format::key::Fingerprint;
use conex_verify::format::resource::{Author, IdFile, Kind, Repo, Resource, ResourceId};
use conex_verify::workbench::repository::{Repository, Slot};

use super::scope::Scope;
use super::{Plan, PlanError, Published, World};

/// The kinds of files that a quorum of janitors decides about. No name ever leaves the list of
/// claims, which `conex claims` writes.
const OF_QUORUM: [Kind; 4] = [Kind::Author, Kind::Team, Kind::Repo, Kind::Authorisation];

impl Published {
    /// T10: What of the kinds that a quorum decides about is older in a tree than in the published
    /// branch, on top of which the tree was made: somebody took it back, with `git revert` for
    /// example. Clients know the newer version, and refuse this one.
    pub fn taken_back(&self, repository: &Repository) -> Vec<ResourceId> {
        let of_quorum = self
            .resources()
            .filter(|resource| OF_QUORUM.contains(&resource.kind));
        let older = of_quorum.filter(|resource| {
            let present = repository.version_of(resource);
            present.is_some_and(|present| self.is_above(resource, present))
        });
        older.cloned().collect()
    }
}

/// Writes what was taken back anew, above the published version, as far as `scope` means it. A
/// quorum of janitors approves the result as it approves every change.
///
/// # Errors
/// A counter is at its end.
pub fn raise(world: &World<'_>, scope: &Scope) -> Result<Plan, PlanError> {
    let repository = world.repository;
    let mut plan = Plan::default();
    for resource in world.published.taken_back(repository) {
        if !scope.means(world, &resource) {
            continue;
        }
        let present = repository.version_of(&resource).map(|v| v.revision);
        let next = world.next_revision(&resource, present)?;
        match resource.kind {
            Kind::Author | Kind::Team => {
                let ids = repository.ids.iter();
                let mut files = ids.filter_map(|(_, slot)| Some(&slot.good()?.value));
                match files.find(|file| file.resource_id() == resource) {
                    Some(IdFile::Author(author)) => {
                        if let Some(key) = world.published.key_removed(author) {
                            plan.warnings.push(removed_key(author, key));
                            continue;
                        }
                        let mut author = author.clone();
                        author.revision = next;
                        plan.write(&author);
                    }
                    Some(IdFile::Team(team)) => {
                        let mut team = team.clone();
                        team.revision = next;
                        plan.write(&team);
                    }
                    None => {}
                }
            }
            Kind::Repo => anew(&mut plan, &repository.repo, |repo: &mut Repo| {
                repo.revision = next;
            }),
            Kind::Authorisation => {
                if let Some(package) = repository.package_of(&resource) {
                    anew(&mut plan, &package.authorisation, |owners| {
                        owners.revision = next;
                    });
                }
            }
            Kind::Claims | Kind::Releases | Kind::Checksum => {}
        }
    }
    Ok(plan)
}

/// A key that was removed never comes back.
fn removed_key(author: &Author, key: Fingerprint) -> Finding {
    let id = &author.id;
    let message = format!(
        "the author {id} is left out: the file lists the key {key}, which the published one does not list any more"
    );
    let path = ResourceId::id(Kind::Author, id).path();
    let hint = Hint::NoFormerKey { path: path.clone() };
    Finding::warning(Code::UnknownKey, path, message).hint(hint)
}

/// Writes a file that is there with another revision.
fn anew<R: Resource + Clone>(plan: &mut Plan, slot: &Slot<R>, raise: impl Fn(&mut R)) {
    if let Some(loaded) = slot.good() {
        let mut resource = loaded.value.clone();
        raise(&mut resource);
        plan.write(&resource);
    }
}
