//! A new link: janitors come, go, or change their quorum.

use std::collections::{BTreeMap, BTreeSet};

use super::{Plan, PlanError, World};
use crate::core::key::PublicKey;
use crate::core::limits::{MAX_JANITORS, MAX_LINKS};
use crate::core::name::{Id, NOTARIES, fold};
use crate::core::path::Place;
use crate::core::resource::{
    Author, Continues, Decode as _, IdFile, Kind, Link, ResourceId, SignedLink,
};

/// What `janitor` is asked for. Everything goes into one link.
#[derive(Debug, Clone, Default)]
pub struct JanitorChange {
    /// Who comes, with which key; of somebody who is there, the new key.
    pub add: Vec<(Id, PublicKey)>,
    /// Who goes.
    pub remove: Vec<Id>,
    /// The quorum from now on; as before if absent.
    pub quorum: Option<usize>,
    /// Those who go stay as authors, with the key that they had. Not for a key that
    /// was stolen.
    pub keep_as_authors: bool,
}

/// Plans the next link of the chain. Nobody signs it here: `approve` does, and
/// vouches anew for what the change leaves without support.
///
/// # Errors
/// The last link is not complete yet, an id or key is taken, or the quorum cannot be.
pub fn janitor(world: &World<'_>, request: &JanitorChange) -> Result<Plan, PlanError> {
    let chain = world.chain();
    let last = chain.links().len().saturating_sub(1);
    let status = chain.signatures(last);
    if !status.complete() {
        return Err(PlanError::refused(
            format!(
                "link {last} still lacks signatures: {}",
                status.lacking().join("; ")
            ),
            "the missing janitors sign it first with `conex approve`; a link that is still alone in your branch can be removed with git",
        ));
    }
    let old = chain.current();
    let number = old.number + 1;
    if number >= MAX_LINKS {
        return Err(PlanError::refused(
            format!("the chain has its most links, {MAX_LINKS}"),
            "the repository has to be started anew",
        ));
    }
    let mut members = old.members.clone();
    let mut plan = Plan::default();
    for id in &request.remove {
        let Some(key) = members.remove(id) else {
            return Err(PlanError::refused(
                format!("`{id}` is not a janitor"),
                format!("the janitors are {}", ids(&old.members)),
            ));
        };
        if request.keep_as_authors && world.id_file(id).is_none() {
            let resource = ResourceId::id(Kind::Author, id);
            plan.write(&Author {
                id: id.clone(),
                revision: world.next_revision(&resource, None, None)?,
                keys: vec![key],
                accounts: BTreeSet::new(),
            });
            plan.say(format!("keeps `{id}` as an author"));
        }
    }
    for (id, key) in &request.add {
        may_join(world, id, key)?;
        if members.get(id) == Some(key) {
            return Err(PlanError::refused(
                format!("`{id}` is a janitor with this key already"),
                "`conex status` shows the janitors",
            ));
        }
        members.insert(id.clone(), key.clone());
    }
    if members.len() > MAX_JANITORS {
        return Err(PlanError::refused(
            format!("{} janitors, the most is {MAX_JANITORS}", members.len()),
            "remove some",
        ));
    }
    let quorum = request.quorum.unwrap_or(old.quorum);
    if quorum == 0 || quorum > members.len() {
        return Err(PlanError::refused(
            format!(
                "a quorum of {quorum} among {} janitors cannot be",
                members.len()
            ),
            format!("choose --quorum between 1 and {}", members.len()),
        ));
    }
    if members == old.members && quorum == old.quorum {
        return Ok(Plan::default());
    }
    let previous = chain.digests().last().copied().unwrap_or(chain.identity());
    let link = SignedLink::unsigned(Link {
        repository: old.repository.clone(),
        number,
        continues: Some(Continues {
            identity: chain.identity(),
            previous,
        }),
        quorum,
        snapshot: old.snapshot,
        members: members.clone(),
    });
    plan.writes
        .insert(Place::Link(number).path(), link.encode());
    plan.say(format!(
        "starts link {number} of the janitor chain: {}, of whom {quorum} must agree",
        ids(&members)
    ));
    if quorum < old.quorum {
        plan.say(format!(
            "lowers the quorum from {} to {quorum}: clients who ask for more will refuse it",
            old.quorum
        ));
    }
    Ok(plan)
}

fn ids(members: &BTreeMap<Id, PublicKey>) -> String {
    members
        .keys()
        .map(Id::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Ids and keys belong to one person for ever.
fn may_join(world: &World<'_>, id: &Id, key: &PublicKey) -> Result<(), PlanError> {
    let chain = world.chain();
    if fold(id.as_str()) == NOTARIES || matches!(world.id_file(id), Some(IdFile::Team(_))) {
        return Err(PlanError::refused(
            format!("`{id}` is a team, and a team cannot be a janitor"),
            "add a person",
        ));
    }
    let exact = world.repository.ids.contains_key(id) || chain.ever_member(id);
    if !exact && world.taken_ids().contains(&fold(id.as_str())) {
        return Err(PlanError::refused(
            format!("an id that differs from `{id}` only in case is taken"),
            "choose another id",
        ));
    }
    if let Some(other) = world.owner_of_key(key)
        && other != *id
    {
        return Err(PlanError::refused(
            format!("the key {} belongs to `{other}`", key.fingerprint()),
            "each janitor needs a key of their own, or one person would be a quorum",
        ));
    }
    Ok(())
}
