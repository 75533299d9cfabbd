//! Folding the segments of one key into one, and deleting those that are dead.

use std::collections::BTreeSet;

use super::{Plan, PlanError, View, World};
use conex_verify::format::digest::Digest;
use conex_verify::format::key::{Fingerprint, PublicKey};
use conex_verify::format::name::{Id, PackageName};
use conex_verify::format::resource::{Entry, Segment, SignedSegment, Timestamp};
use conex_verify::limits::MAX_SEGMENT_ENTRIES;
use conex_verify::tree::Tree;
use conex_verify::words::counted;
use conex_verify::workbench::repository::{Loaded, Repository};

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
    for (path, loaded) in world.signed_with(id, key) {
        paths.insert(path.clone());
        all += loaded.value.segment.entries.len();
        live.extend(world.live_entries(loaded));
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

/// T2: Adds to a plan what the signer vouched for before in segments that are less than half as
/// large as the one that replaces them: their live entries, under the same key, again. So a
/// signer has about log n segments, and git never takes one for a rename of the other.
///
/// `segments` are those of the tree, whole. What lives is decided from the tree. Where `world` has
/// only a part of it, `more` gives one with these packages; where it has all, nothing.
///
/// # Errors
/// Those of `more`.
pub fn fold_small<E>(
    world: &World<'_>,
    id: &Id,
    key: Fingerprint,
    plan: &mut Plan,
    segments: &[(String, Loaded<SignedSegment>)],
    more: impl FnOnce(&BTreeSet<PackageName>) -> Result<Option<Tree>, E>,
) -> Result<(), E> {
    let before = world.signed_among(segments, id, key);
    let mut before: Vec<_> = before
        .filter(|(path, _)| !plan.removes.contains(path))
        .collect();
    before.sort_by_key(|(path, loaded)| (loaded.bytes.len(), path));
    let Some((_, first)) = before.first().filter(|_| !plan.entries.is_empty()) else {
        return Ok(());
    };
    let new = Replacement {
        repository: world.chain().identity(),
        id,
        entries: plan.entries.iter().collect(),
        // One key makes signatures of one length.
        signature: first.bytes.len().saturating_sub(first.value.signed_len),
    };
    let all = before.iter().map(|(_, loaded)| {
        let entries = loaded.value.segment.entries.iter();
        (loaded.bytes.len(), entries.collect())
    });
    let all: Vec<_> = all.collect();
    // The tree as it will be is judged only where that can matter.
    let most = new.most(&all);
    if most == 0 {
        return Ok(());
    }
    // No more are folded of those that live, unless more than one file holds was counted.
    let counted_all = all.iter().map(|(_, entries)| entries.len()).sum::<usize>();
    let asked = match counted_all + new.entries.len() > MAX_SEGMENT_ENTRIES {
        true => all.len(),
        false => most,
    };
    let about = all.iter().take(asked).flat_map(|(_, entries)| entries);
    let about = about.filter_map(|entry| entry.resource.package()).collect();
    let (tree, known) = match more(&about)? {
        Some(more) => (plan.apply(&more), None),
        None => (plan.apply(world.tree), Some(world.repository)),
    };
    let repository = Repository::load_after(&tree, known);
    let Ok(after) = World::look(&tree, &repository, View::Supported) else {
        return Ok(());
    };
    let live = before
        .iter()
        .map(|(_, loaded)| (loaded.bytes.len(), after.live_entries(loaded)));
    let live: Vec<_> = live.collect();
    let folded = new.most(&live);
    let again = live
        .into_iter()
        .take(folded)
        .flat_map(|(_, entries)| entries);
    let again: BTreeSet<Entry> = again
        .filter(|e| !new.entries.contains(e))
        .cloned()
        .collect();
    let removes = before.iter().take(folded).map(|(path, _)| path.clone());
    let removes: Vec<String> = removes.collect();
    if removes.is_empty() {
        return Ok(());
    }
    let files = counted(removes.len(), "smaller file");
    plan.say(match again.len() {
        0 => format!("removes {files} of yours, in which nothing counts any more"),
        n => format!(
            "renews {} of yours, unchanged, in place of {files}",
            counted(n, "signature")
        ),
    });
    plan.removes.extend(removes);
    plan.entries.extend(again);
    Ok(())
}

/// The segment that replaces others.
struct Replacement<'a> {
    repository: Digest,
    id: &'a Id,
    entries: BTreeSet<&'a Entry>,
    /// How many bytes of the file are not signed.
    signature: usize,
}

impl Replacement<'_> {
    /// How many segments are folded, of some that are sorted by size and given with it and with
    /// the entries that are taken over: the smallest, as many as are each less than half as
    /// large as the one that holds all of them.
    fn most(&self, segments: &[(usize, Vec<&Entry>)]) -> usize {
        let mut entries = self.entries.clone();
        let mut most = 0;
        for (n, (size, more)) in segments.iter().enumerate() {
            entries.extend(more);
            if entries.len() > MAX_SEGMENT_ENTRIES {
                break;
            }
            if size.saturating_mul(2) < self.size(&entries) {
                most = n + 1;
            }
        }
        most
    }

    fn size(&self, entries: &BTreeSet<&Entry>) -> usize {
        let segment = Segment {
            repository: self.repository,
            id: self.id.clone(),
            created: Timestamp::unknown(),
            entries: entries.iter().copied().cloned().collect(),
        };
        let signed = segment.signed_bytes().len();
        signed.saturating_add(self.signature)
    }
}

/// Plans to delete every segment, of anybody, that has no live entry. Nobody signs that.
pub fn delete_dead(world: &World<'_>) -> Plan {
    let mut plan = Plan::default();
    let dead = world.repository.segments.iter();
    let dead = dead.filter(|(_, loaded)| world.live_entries(loaded).is_empty());
    plan.removes.extend(dead.map(|(path, _)| path.clone()));
    if !plan.removes.is_empty() {
        plan.say(format!(
            "deletes {} segments that support nothing any more",
            plan.removes.len()
        ));
    }
    plan
}
