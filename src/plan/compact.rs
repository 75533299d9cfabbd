//! Folding the segments of one key into one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Plan, PlanError, World};
use conex_verify::format::key::{Fingerprint, PublicKey};
use conex_verify::format::name::Id;
use conex_verify::format::resource::{Entry, ResourceId, ResourceVersion, What};
use conex_verify::trust::vouch::{Signed, check_segments};

/// Which segments are folded.
#[derive(Debug, Clone)]
pub struct Compact {
    /// Whose.
    pub id: Id,
    /// Under which key.
    pub key: PublicKey,
    /// Also delete segments, of anybody, under keys that are not valid for their id:
    /// they count for nothing.
    pub delete_invalid: bool,
}

/// Plans one segment in place of all that `key` signed for `id`.
///
/// An entry goes only if a higher one for the same resource under the same key
/// stays, and never the one for the version that is in the tree; a withdrawal only
/// for a higher withdrawal. So nothing that a client remembers falls.
///
/// # Errors
/// The key does not count for the id.
pub fn compact(world: &World<'_>, request: &Compact) -> Result<Plan, PlanError> {
    let fingerprint = request.key.fingerprint();
    let counts = world.chain().key_of(&request.id) == Some(&request.key)
        || world
            .assessment
            .people
            .authors
            .get(&request.id)
            .is_some_and(|keys| keys.contains(&fingerprint));
    if !counts {
        return Err(PlanError::refused(
            format!("the key {fingerprint} does not count for `{}`", request.id),
            "only who can vouch can fold what was vouched for",
        ));
    }
    let mut plan = Plan::default();
    fold(world, &request.id, fingerprint, &mut plan);
    if request.delete_invalid {
        delete_invalid(world, &mut plan);
    }
    Ok(plan)
}

fn fold(world: &World<'_>, id: &Id, key: Fingerprint, plan: &mut Plan) {
    let own: Vec<(&String, &[Entry])> = world
        .repository
        .segments
        .iter()
        .filter(|(_, loaded)| loaded.value.segment.id == *id && loaded.value.key == key)
        .map(|(path, loaded)| (path, loaded.value.segment.entries.as_slice()))
        .collect();
    let entries: BTreeSet<&Entry> = own.iter().flat_map(|(_, entries)| *entries).collect();
    let kept = keep(&entries, &present(world));
    if own.len() < 2 && kept.len() == entries.len() {
        return;
    }
    plan.say(format!(
        "folds {} segments of `{id}` into one: {} entries, of {}",
        own.len(),
        kept.len(),
        entries.len()
    ));
    plan.removes
        .extend(own.into_iter().map(|(path, _)| path.clone()));
    plan.entries = kept;
}

/// The versions that are in the tree.
fn present(world: &World<'_>) -> BTreeSet<(ResourceId, ResourceVersion)> {
    let packages = world
        .assessment
        .packages
        .iter()
        .flat_map(|p| &p.standings)
        .filter_map(|(resource, (version, _))| Some((resource.clone(), (*version)?)));
    let ids = world
        .repository
        .ids
        .values()
        .filter_map(|slot| slot.good())
        .map(|loaded| (loaded.value.resource_id(), loaded.id_version()));
    let repo = conex_verify::repository::version_in(&world.repository.repo);
    packages.chain(ids).chain(repo).collect()
}

fn keep(
    entries: &BTreeSet<&Entry>,
    present: &BTreeSet<(ResourceId, ResourceVersion)>,
) -> Vec<Entry> {
    let withdrawn = |entry: &Entry| matches!(entry.what, What::Withdrawn);
    let mut highest = BTreeMap::new();
    for entry in entries {
        let known = highest
            .entry((&entry.resource, withdrawn(entry)))
            .or_insert(entry.revision);
        *known = (*known).max(entry.revision);
    }
    entries
        .iter()
        .filter(|entry| {
            let is_highest =
                highest.get(&(&entry.resource, withdrawn(entry))) == Some(&entry.revision);
            let in_tree = match entry.what {
                What::Withdrawn => false,
                What::Vouched(digest) => present.contains(&(
                    entry.resource.clone(),
                    ResourceVersion {
                        revision: entry.revision,
                        digest,
                    },
                )),
            };
            is_highest || in_tree
        })
        .map(|entry| (*entry).clone())
        .collect()
}

fn delete_invalid(world: &World<'_>, plan: &mut Plan) {
    let (checked, _) = check_segments(world.repository, world.chain());
    let invalid: Vec<String> = checked
        .iter()
        .filter(|c| {
            // A key that is listed in a pending file may become valid.
            c.signed == Signed::Unknown
        })
        .map(|c| c.path.to_owned())
        .collect();
    if !invalid.is_empty() {
        plan.say(format!(
            "deletes {} segments under keys that are not valid for their id",
            invalid.len()
        ));
    }
    plan.removes.extend(invalid);
}
