//! Folding the segments of one key into one, and deleting those that are dead.

use std::collections::BTreeSet;

use super::{Plan, PlanError, World};
use conex_verify::format::key::{Fingerprint, PublicKey};
use conex_verify::format::name::Id;
use conex_verify::format::resource::Entry;
use conex_verify::limits::MAX_SEGMENT_ENTRIES;

/// Which segments are folded.
#[derive(Debug, Clone)]
pub struct Compact {
    /// Whose.
    pub id: Id,
    /// Under which key.
    pub key: PublicKey,
}

/// Plans one segment in place of all that `key` signed for `id`: with the entries that are
/// live, and no others.
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
    Ok(plan)
}

fn fold(world: &World<'_>, id: &Id, key: Fingerprint, plan: &mut Plan) {
    let mut paths = BTreeSet::new();
    let mut live: BTreeSet<&Entry> = BTreeSet::new();
    let mut all = 0;
    for (path, loaded) in &world.repository.segments {
        let segment = &loaded.value;
        if segment.segment.id == *id && segment.key == key {
            paths.insert(path.clone());
            all += segment.segment.entries.len();
            live.extend(world.live_entries(segment));
        }
    }
    let fewest = live.len().div_ceil(MAX_SEGMENT_ENTRIES);
    if paths.len() <= fewest.max(1) && live.len() == all {
        return;
    }
    let into = match fewest {
        0 | 1 => "one".to_owned(),
        more => more.to_string(),
    };
    plan.say(format!(
        "folds {} segments of `{id}` into {into}: {} entries, of {all}",
        paths.len(),
        live.len(),
    ));
    plan.removes.extend(paths);
    plan.entries.extend(live.into_iter().cloned());
}

/// Plans to delete every segment, of anybody, that has no live entry. Nobody signs that.
pub fn delete_dead(world: &World<'_>) -> Plan {
    let mut plan = Plan::default();
    let dead = world.repository.segments.iter();
    let dead = dead.filter(|(_, loaded)| world.live_entries(&loaded.value).is_empty());
    plan.removes.extend(dead.map(|(path, _)| path.clone()));
    if !plan.removes.is_empty() {
        plan.say(format!(
            "deletes {} segments that support nothing any more",
            plan.removes.len()
        ));
    }
    plan
}
