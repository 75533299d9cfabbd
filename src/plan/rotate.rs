//! New keys for old ones, and keys that are given up.

use crate::hint::Hint;
use std::collections::{BTreeMap, BTreeSet};

use super::approve::{named, sign_link};
use super::epoch::next;
use super::janitor::{leave_notaries, link};
use super::todo::{Deed, Item, todo};
use super::{JanitorChange, Plan, PlanError, World, nearest};
use conex_verify::format::key::{Fingerprint, PublicKey};
use conex_verify::format::name::Id;
use conex_verify::format::resource::{Author, IdFile, Kind, ResourceId};
use conex_verify::workbench::repository::Slot;
use conex_verify::workbench::trust::support::Standing;
use conex_verify::workbench::trust::vouch::{Vouch, Weight};
use conex_verify::workbench::verify::snapshot::notaries_id;

/// What `rotate`, `key add`, `key remove` and `revoke` are asked for.
#[derive(Debug, Clone)]
pub struct KeyChange {
    /// Whose keys.
    pub id: Id,
    /// The keys to take out of the file.
    pub retire: Retire,
    /// The key to put in, if any.
    pub add: Option<PublicKey>,
}

/// Which keys go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Retire {
    /// All that the file lists.
    All,
    /// These, of which there may be none.
    These(Vec<Fingerprint>),
}

impl Retire {
    /// These; none means all.
    pub fn these_or_all(keys: &[Fingerprint]) -> Retire {
        match keys {
            [] => Retire::All,
            keys => Retire::These(keys.to_vec()),
        }
    }

    fn named(&self) -> &[Fingerprint] {
        match self {
            Retire::All => &[],
            Retire::These(keys) => keys,
        }
    }

    fn has(&self, key: &PublicKey) -> bool {
        match self {
            Retire::All => true,
            Retire::These(keys) => keys.contains(&key.fingerprint()),
        }
    }
}

/// Plans a new version of an author's file. What only the retired keys vouched for
/// then waits: for `sign` with the new key, or for a quorum.
///
/// # Errors
/// No such author, a key that is not listed, or one of somebody else.
pub fn change_keys(world: &World<'_>, request: &KeyChange) -> Result<Plan, PlanError> {
    let id = &request.id;
    let Some(IdFile::Author(old)) = world.id_file(id) else {
        let authors = world.repository.ids.iter();
        let authors = authors
            .filter(
                |(_, slot)| matches!(slot.good(), Some(l) if matches!(l.value, IdFile::Author(_))),
            )
            .map(|(id, _)| id.as_str());
        let hint = match nearest(id.as_str(), authors) {
            Some(near) => format!("did you mean `{near}`?"),
            None => Hint::JoinOrChain.to_string(),
        };
        return Err(PlanError::refused(
            format!("the repository has no file of an author `{id}`"),
            hint,
        ));
    };
    for key in request.retire.named() {
        if !old.keys.iter().any(|k| k.fingerprint() == *key) {
            return Err(PlanError::refused(
                format!("the file of `{id}` does not list the key {key}"),
                format!("it lists {}", listed(old)),
            ));
        }
    }
    let staying = old.keys.iter().filter(|key| !request.retire.has(key));
    let mut keys: Vec<PublicKey> = staying.cloned().collect();
    if let Some(key) = &request.add {
        if let Some(other) = world.owner_of_key(key)
            && other != *id
        {
            return Err(PlanError::refused(
                format!("the key {} belongs to `{other}`", key.fingerprint()),
                Hint::OneKeyOneId,
            ));
        }
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    keys.sort_by_key(ToString::to_string);
    let mut plan = Plan::default();
    let resource = ResourceId::id(Kind::Author, id);
    let conflict = world.conflicts.redo.contains_key(&resource.path());
    if keys == old.keys && !conflict {
        return Ok(plan);
    }
    let revision = world.next_revision(&resource, Some(old.revision))?;
    plan.write(&Author {
        id: id.clone(),
        revision,
        keys,
        accounts: old.accounts.clone(),
    });
    Ok(plan)
}

/// Plans the end of keys that somebody else may have: an author's, all or some of them,
/// and that of a janitor, who leaves with it. Nobody stays on under a stolen key.
///
/// # Errors
/// No such id, a key that it does not have, or a quorum that cannot be without it.
pub fn revoke(world: &World<'_>, id: &Id, retire: &[Fingerprint]) -> Result<Plan, PlanError> {
    let stolen = |key: &PublicKey| retire.is_empty() || retire.contains(&key.fingerprint());
    let mut plan = Plan::default();
    let in_chain = world.chain().key_of(id).filter(|key| stolen(key));
    if in_chain.is_some() {
        plan.merge(link(
            world,
            &JanitorChange {
                remove: vec![id.clone()],
                ..JanitorChange::default()
            },
        )?);
    }
    let listed = |key: &Fingerprint| match world.id_file(id) {
        Some(IdFile::Author(author)) => author.keys.iter().any(|k| k.fingerprint() == *key),
        _ => false,
    };
    let has_keys = matches!(world.id_file(id), Some(IdFile::Author(a)) if !a.keys.is_empty());
    let of_file: Vec<Fingerprint> = retire
        .iter()
        .filter(|key| in_chain.is_none_or(|k| k.fingerprint() != **key) || listed(key))
        .copied()
        .collect();
    let only_chain = in_chain.is_some() && !retire.is_empty() && of_file.is_empty();
    if !only_chain && (in_chain.is_none() || has_keys) {
        plan.merge(change_keys(
            world,
            &KeyChange {
                id: id.clone(),
                retire: Retire::these_or_all(&of_file),
                add: None,
            },
        )?);
    }
    // A stolen key may have pushed the counter of the snapshot, or may do it yet.
    let notaries = notaries_id();
    let team = notaries.as_ref().and_then(|team| world.id_file(team));
    if let (Some(team_id), Some(IdFile::Team(team))) = (&notaries, team)
        && team.members.contains(id)
        && !plan.is_empty()
    {
        let epoch = next(world, &ResourceId::id(Kind::Team, team_id))?;
        let gone = Some(id).filter(|_| retire.is_empty()).cloned();
        plan.merge(leave_notaries(
            world,
            gone.into_iter().collect(),
            Some(epoch),
        )?);
    }
    Ok(plan)
}

/// T3: Vouches again, with a new key, for exactly what the keys before it vouched for and what
/// is valid, and proves the new key. `before` is the tree without the new key, `after` the one
/// with it. Whatever else waits in the tree is left for `sign` and `approve`, and said.
pub fn vouch_again(before: &World<'_>, after: &World<'_>, id: &Id, key: &PublicKey) -> Plan {
    let mut plan = Plan::default();
    sign_link(after, id, key, &mut plan);
    let in_chain = after.chain().key_of(id) == Some(key);
    own_file(before, after, id, key, &mut plan);
    let people = &after.assessment.people;
    let still = |vouch: &Vouch<'_>| match vouch.weight {
        Weight::Chain => after.chain().key_of(id).map(PublicKey::fingerprint) == Some(vouch.key),
        Weight::Owner => {
            let keys = people.authors.get(id);
            keys.is_some_and(|keys| keys.contains(&vouch.key))
        }
    };
    let mut again: BTreeMap<Kind, BTreeSet<String>> = BTreeMap::new();
    let vouches = &before.assessment.vouches;
    for resource in vouches.resources() {
        let of_owner = matches!(resource.kind, Kind::Releases | Kind::Checksum);
        // What stands in for a file with both sides in it was vouched for by nobody.
        let mended = before.conflicts.rewritten.contains(&resource.path());
        let present = before.repository.version_of(resource).filter(|_| !mended);
        let Some(version) = present.filter(|_| of_owner || in_chain) else {
            continue;
        };
        let mut about = vouches.about(resource).iter();
        let gone = about.any(|v| v.id == id && v.version == version && !still(v));
        let valid = before.standing(resource).is_some_and(Standing::is_valid);
        if gone && valid && after.repository.version_of(resource) == Some(version) {
            plan.vouch(resource.clone(), version);
            let names = again.entry(resource.kind).or_default();
            names.insert(resource.name.to_string());
        }
    }
    for (kind, names) in again {
        let names: Vec<String> = names.into_iter().collect();
        plan.say(format!("vouches again for {}", named(kind, &names)));
    }
    left(after, id, &mut plan);
    plan
}

/// Proves a key that is put into the file of an author beside others.
pub fn prove(before: &World<'_>, after: &World<'_>, id: &Id, key: &PublicKey) -> Plan {
    let mut plan = Plan::default();
    own_file(before, after, id, key, &mut plan);
    plan
}

/// Plans a file of an author without some of its keys, of which at least one stays.
///
/// # Errors
/// No such author, a key that is not listed, or the last one.
pub fn remove_keys(world: &World<'_>, id: &Id, keys: &[Fingerprint]) -> Result<Plan, PlanError> {
    let request = KeyChange {
        id: id.clone(),
        retire: Retire::These(keys.to_vec()),
        add: None,
    };
    let plan = change_keys(world, &request)?;
    if let Some(IdFile::Author(author)) = world.id_file(id)
        && !author.keys.is_empty()
        && author.keys.iter().all(|key| request.retire.has(key))
    {
        return Err(PlanError::refused(
            format!("no key of `{id}` would be left"),
            Hint::LastKey { id: id.to_string() },
        ));
    }
    Ok(plan)
}

/// Vouches for the own file where it changed, or where nothing else proves the key.
fn own_file(before: &World<'_>, after: &World<'_>, id: &Id, key: &PublicKey, plan: &mut Plan) {
    let file = after.repository.ids.get(id).and_then(Slot::good);
    let listed = |file: &IdFile| matches!(file, IdFile::Author(a) if a.keys.contains(key));
    let Some(file) = file.filter(|file| listed(&file.value)) else {
        return;
    };
    let resource = file.value.resource_id();
    let fingerprint = key.fingerprint();
    let proven = after.assessment.people.proven.get(&fingerprint);
    let proven = after.chain().holder(&fingerprint) == Some(id)
        || proven.is_some_and(|ids| ids.contains(id));
    if proven && before.repository.version_of(&resource) == Some(file.id_version()) {
        return;
    }
    plan.vouch(resource, file.id_version());
    if !proven {
        plan.say(format!("proves that the key of the author `{id}` is yours"));
    }
}

/// Says what waits besides and what `id` can do about it.
fn left(after: &World<'_>, id: &Id, plan: &mut Plan) {
    let done: BTreeSet<&ResourceId> = plan.entries.iter().map(|e| &e.resource).collect();
    let mut left: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    for (item, deed, _) in todo(after).of_person(id).items() {
        let Item::Resource(resource) = item else {
            continue;
        };
        let waits = deed == Deed::Write || !done.contains(resource);
        if waits && *resource.name != *id.as_str() {
            let names = left.entry(resource.kind).or_default();
            names.push(resource.name.to_string());
        }
    }
    for (kind, names) in left {
        plan.say(Hint::LeavesFor {
            what: named(kind, &names),
        });
    }
}

/// T3: The segments of an id under keys that the repository does not name for it, without
/// those that are published: in a branch that is not merged yet, `check` would refuse them (C6).
pub fn under_unknown_keys(
    world: &World<'_>,
    id: &Id,
    published: impl Fn(&str) -> bool,
) -> BTreeSet<String> {
    let segments = world.repository.segments.iter();
    let unknown = segments.filter(|(path, loaded)| {
        let segment = &loaded.value;
        segment.segment.id == *id && !world.names_key(id, &segment.key) && !published(path)
    });
    unknown.map(|(path, _)| path.clone()).collect()
}

fn listed(author: &Author) -> String {
    author
        .keys
        .iter()
        .map(|k| k.fingerprint().to_string())
        .collect::<Vec<_>>()
        .join(", ")
}
