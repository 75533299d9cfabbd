//! A new link: janitors come, go, or change their quorum.

use crate::hint::Hint;
use std::collections::{BTreeMap, BTreeSet};

use super::owner::some_of;
use super::waits::not_signed;
use super::{Plan, PlanError, World};
use conex_verify::format::key::PublicKey;
use conex_verify::format::name::{Id, NOTARIES, fold};
use conex_verify::format::path::Place;
use conex_verify::format::resource::{
    Author, Continues, Decode as _, IdFile, Kind, Link, ResourceId, Revision, SignedLink,
    SnapshotRule, Team,
};
use conex_verify::limits::{MAX_JANITORS, MAX_LINKS};
use conex_verify::workbench::verify::explain::lacking;
use conex_verify::workbench::verify::snapshot::notaries_id;

/// What `janitor` is asked for. Everything goes into one link.
#[derive(Debug, Clone, Default)]
pub struct JanitorChange {
    /// Who comes, with which key; of somebody who is there, the new key.
    pub add: Vec<(Id, PublicKey)>,
    /// Who goes.
    pub remove: Vec<Id>,
    /// The quorum from now on; as before if absent.
    pub quorum: Option<usize>,
    /// Whether a snapshot must be there from now on; as before if absent.
    pub snapshot: Option<SnapshotRule>,
    /// Those who go stay as authors, with the key that they had. Not for a key that
    /// was stolen.
    pub keep_as_authors: bool,
}

/// Plans the next link of the chain. Nobody signs it here: `approve` does, and
/// vouches anew for what the change leaves without support. Who goes signs no snapshot any more.
///
/// # Errors
/// The last link is not complete yet, an id or key is taken, or the quorum cannot be.
pub fn janitor(world: &World<'_>, request: &JanitorChange) -> Result<Plan, PlanError> {
    let mut plan = link(world, request)?;
    if !request.keep_as_authors {
        let author =
            |id: &&Id| matches!(world.id_file(id), Some(IdFile::Author(a)) if !a.keys.is_empty());
        let gone = request.remove.iter().filter(|id| !author(id));
        plan.merge(leave_notaries(world, gone.cloned().collect(), None)?);
    }
    Ok(plan)
}

/// Plans the next link alone.
pub(super) fn link(world: &World<'_>, request: &JanitorChange) -> Result<Plan, PlanError> {
    let chain = world.chain();
    let last = chain.links().len().saturating_sub(1);
    let status = chain.signatures(last);
    if !status.complete() {
        return Err(PlanError::refused(
            format!(
                "link {last} still lacks signatures: {}",
                lacking(&status).join("; ")
            ),
            format!(
                "{}; a link that is still alone in your branch can be removed with git",
                Hint::SignLink
            ),
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
                revision: world.next_revision(&resource, None)?,
                keys: vec![key],
                accounts: BTreeSet::new(),
            });
            plan.say(Hint::KeepsAsAuthor { id: id.to_string() });
        }
        let leaves = !request.keep_as_authors;
        plan.leaves(world, id, leaves)?;
    }
    for (id, key) in &request.add {
        may_join(world, id, key)?;
        if members.get(id) == Some(key) {
            return Err(PlanError::refused(
                format!("`{id}` is a janitor with this key already"),
                Hint::StatusShows {
                    what: "the janitors".to_owned(),
                },
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
    let snapshot = request.snapshot.unwrap_or(old.snapshot);
    if snapshot < old.snapshot {
        return Err(PlanError::refused(
            "the snapshot is required, and that cannot be taken back: a server could otherwise serve this change alone",
            "a repository without a snapshot has to be started anew",
        ));
    }
    if members == old.members && quorum == old.quorum && snapshot == old.snapshot {
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
        snapshot,
        members: members.clone(),
    });
    plan.writes
        .insert(Place::Link(number).path(), link.encode());
    plan.say(format!(
        "starts link {number} of the janitor chain: {}, of whom {quorum} must agree",
        ids(&members)
    ));
    notaries(world, old, snapshot)?;
    if quorum < old.quorum {
        plan.say(format!(
            "clients who ask for more than {quorum} janitors refuse this link"
        ));
    }
    Ok(plan)
}

impl Plan {
    /// Says what a janitor who goes owns. The key of the chain counts for the id no longer; one
    /// who `leaves`, and whose file has no other key that counts, is left without keys.
    fn leaves(&mut self, world: &World<'_>, id: &Id, leaves: bool) -> Result<(), PlanError> {
        let packages = world.assessment.packages.iter();
        let owned: Vec<_> = packages
            .filter(|p| p.owners.contains(id))
            .map(|p| p.name.clone())
            .collect();
        if !owned.is_empty() {
            self.say(format!("`{id}` owns {}", some_of(&owned)));
        }
        let Some(IdFile::Author(author)) = world.id_file(id).filter(|_| leaves) else {
            return Ok(());
        };
        let of_chain = world.chain().key_of(id).map(PublicKey::fingerprint);
        let counts = world.assessment.people.authors.get(id);
        let other = counts.is_some_and(|keys| keys.iter().any(|key| Some(*key) != of_chain));
        if other || author.keys.is_empty() {
            return Ok(());
        }
        let resource = ResourceId::id(Kind::Author, id);
        self.say(format!(
            "leaves the author `{id}` without any key, as the file has no other that counts"
        ));
        self.write(&Author {
            revision: world.next_revision(&resource, Some(author.revision))?,
            keys: Vec::new(),
            ..author.clone()
        });
        Ok(())
    }
}

/// Nobody but the members of a team signs the snapshot: it is there before one is required.
fn notaries(world: &World<'_>, old: &Link, rule: SnapshotRule) -> Result<(), PlanError> {
    let there = notaries_id().is_some_and(|id| world.id_file(&id).is_some());
    if there || old.snapshot >= rule {
        return Ok(());
    }
    Err(PlanError::refused(
        format!(
            "there is no team `{NOTARIES}`, so nobody can make the snapshot that would be required"
        ),
        Hint::NameNotaries,
    ))
}

/// Takes ids out of the team `notaries`, if they are in it; in a new epoch, if one is given.
///
/// # Errors
/// Nobody would be left to make a snapshot.
pub(super) fn leave_notaries(
    world: &World<'_>,
    gone: BTreeSet<Id>,
    epoch: Option<Revision>,
) -> Result<Plan, PlanError> {
    let mut plan = Plan::default();
    let team = notaries_id().and_then(|id| world.id_file(&id));
    let Some(IdFile::Team(team)) = team else {
        return Ok(plan);
    };
    let members = &team.members - &gone;
    if epoch.is_none() && members == team.members {
        return Ok(plan);
    }
    if members.is_empty() {
        return Err(PlanError::refused(
            format!("nobody would be left in the team `{NOTARIES}` to make a snapshot"),
            Hint::NameNotaries,
        ));
    }
    let revision = match epoch {
        Some(epoch) => {
            plan.say(format!(
                "another member of the team `{NOTARIES}` makes the snapshot anew"
            ));
            epoch
        }
        None => world.next_revision(&ResourceId::id(Kind::Team, &team.id), Some(team.revision))?,
    };
    plan.write(&Team {
        id: team.id.clone(),
        revision,
        members,
    });
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
    if let Err(why) = key.usable() {
        return Err(PlanError::refused(
            format!(
                "the key {} of `{id}` cannot be used: {why}",
                key.fingerprint()
            ),
            why.hint().unwrap_or_default(),
        ));
    }
    if let Some(path) = world.forged(id, std::slice::from_ref(key)) {
        return Err(PlanError::refused(not_signed(path, id), Hint::RemoveForged));
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
    // Of the link before this one, which says nothing new, it is said that nothing changes.
    let dropped = chain.holder(&key.fingerprint()).is_some() && chain.key_of(id) != Some(key);
    if dropped {
        return Err(PlanError::refused(
            format!(
                "the key {} was taken out of the janitor chain, and never comes back",
                key.fingerprint()
            ),
            Hint::OtherKeyOfJanitor { id: id.to_string() },
        ));
    }
    Ok(())
}
