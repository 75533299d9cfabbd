//! New keys for old ones, and keys that are given up.

use super::epoch::next;
use super::janitor::{leave_notaries, link};
use super::{JanitorChange, Plan, PlanError, World, nearest};
use conex_verify::format::key::{Fingerprint, PublicKey};
use conex_verify::format::name::Id;
use conex_verify::format::resource::{Author, IdFile, Kind, ResourceId};
use conex_verify::verify::snapshot::notaries_id;

/// What `rotate` and `revoke` are asked for.
#[derive(Debug, Clone)]
pub struct KeyChange {
    /// Whose keys.
    pub id: Id,
    /// The keys to take out of the file; none means all that it lists.
    pub retire: Vec<Fingerprint>,
    /// The key to put in, if any.
    pub add: Option<PublicKey>,
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
            None => "authors join with `conex join`; the keys of janitors are in the chain, see `conex janitor`"
                .to_owned(),
        };
        return Err(PlanError::refused(
            format!("the repository has no file of an author `{id}`"),
            hint,
        ));
    };
    for key in &request.retire {
        if !old.keys.iter().any(|k| k.fingerprint() == *key) {
            return Err(PlanError::refused(
                format!("the file of `{id}` does not list the key {key}"),
                format!("it lists {}", listed(old)),
            ));
        }
    }
    let retired =
        |key: &PublicKey| request.retire.is_empty() || request.retire.contains(&key.fingerprint());
    let mut keys: Vec<PublicKey> = old.keys.iter().filter(|k| !retired(k)).cloned().collect();
    if let Some(key) = &request.add {
        if let Some(other) = world.owner_of_key(key)
            && other != *id
        {
            return Err(PlanError::refused(
                format!("the key {} belongs to `{other}`", key.fingerprint()),
                "one key counts for one id; make another with `conex key new`",
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
    for key in old.keys.iter().filter(|k| !keys.contains(k)) {
        plan.say(format!("gives up the key {} of `{id}`", key.fingerprint()));
    }
    for key in keys.iter().filter(|k| !old.keys.contains(k)) {
        plan.say(format!("gives `{id}` the key {}", key.fingerprint()));
    }
    if keys.is_empty() {
        plan.say(format!("leaves `{id}` without any key"));
    }
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
                retire: of_file,
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

fn listed(author: &Author) -> String {
    author
        .keys
        .iter()
        .map(|k| k.fingerprint().to_string())
        .collect::<Vec<_>>()
        .join(", ")
}
