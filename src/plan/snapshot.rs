//! A new snapshot.

use super::{Plan, PlanError, World};
use crate::hint::Hint;
use conex_verify::format::key::{Fingerprint, Namespace, PublicKey};
use conex_verify::format::name::{Id, NOTARIES};
use conex_verify::format::resource::{IdFile, Revision, SignedSnapshot, Snapshot, Timestamp};
use conex_verify::format::state::{Difference, State, diff};
use conex_verify::workbench::repository::{Loaded, Slot};
use conex_verify::workbench::verify::explain::lacking;
use conex_verify::workbench::verify::snapshot::notaries;

/// What to do when the snapshot that is there states exactly what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unchanged {
    /// Nothing.
    Keep,
    /// Make it anew all the same, so that its age is that of today.
    Renew,
}

/// What `snapshot` is asked for.
#[derive(Debug, Clone)]
pub struct MakeSnapshot {
    /// Who signs.
    pub signer: Id,
    /// With which key.
    pub key: PublicKey,
    /// When.
    pub created: Timestamp,
    /// What to do when nothing changed.
    pub unchanged: Unchanged,
}

/// Plans a snapshot of `state`. Of `world` only the janitors, the ids and what is said
/// about them is looked at, so it can be of a tree that has nothing else.
///
/// # Errors
/// The chain is not complete, the signer is no notary, or the snapshot that is there
/// cannot be followed.
pub fn snapshot(
    world: &World<'_>,
    state: State,
    request: &MakeSnapshot,
) -> Result<Plan, PlanError> {
    let chain = world.chain();
    let last = chain.links().len().saturating_sub(1);
    let status = chain.signatures(last);
    if !status.complete() {
        return Err(PlanError::refused(
            format!(
                "link {last} still lacks signatures: {}",
                lacking(&status).join("; ")
            ),
            Hint::SignLink,
        ));
    }
    let notaries = notaries(world.repository, chain, &world.assessment.people);
    let fingerprint = request.key.fingerprint();
    if notaries.keys.get(&fingerprint).map(|(id, _)| id) != Some(&request.signer) {
        let may = notaries.source.explain();
        return Err(PlanError::refused(
            format!(
                "`{}`, with the key {fingerprint}, may not sign the snapshot; who may: {may}",
                request.signer
            ),
            match notaries.keys.values().next() {
                Some((id, _)) => format!("it is signed by `{id}`; {}", Hint::NameNotaries),
                None => Hint::NameNotaries.into(),
            },
        ));
    }
    let mut plan = Plan::default();
    let mut revision = Revision {
        epoch: notaries.epoch,
        ..Revision::FIRST
    };
    let mut changes = None;
    match &world.repository.snapshot {
        Slot::Missing => {}
        Slot::Broken => {
            return Err(PlanError::refused(
                "the snapshot that is there cannot be read, so its counter is not known",
                Hint::RestoreSnapshot,
            ));
        }
        Slot::Good(loaded) => {
            let present = &loaded.value.snapshot;
            if let Some(follows) = follows(world, loaded, notaries.epoch)? {
                revision = follows;
            }
            let differences = diff(&present.state, &state);
            let sound = present.repository == chain.identity()
                && present.revision.epoch == notaries.epoch
                && notaries.keys.contains_key(&loaded.value.key);
            if sound && differences.is_empty() && request.unchanged == Unchanged::Keep {
                return Ok(plan);
            }
            changes = Some(differences);
        }
    }
    plan.say(format!(
        "states that the repository is {}: {} packages, {} indexes",
        state.id(),
        state.packages.len(),
        state.indexes.len()
    ));
    plan.say(format!("as {revision} of the snapshot"));
    match changes.as_deref() {
        None => plan.say("the first one"),
        Some([]) => plan.say("nothing changed since the last one"),
        Some(differences) => tell(&mut plan, differences),
    }
    plan.snapshot = Some(Snapshot {
        repository: chain.identity(),
        revision,
        created: request.created.clone(),
        state,
    });
    Ok(plan)
}

fn tell(plan: &mut Plan, differences: &[Difference]) {
    const SHOWN: usize = 8;
    for difference in differences.iter().take(SHOWN) {
        plan.say(difference.to_string());
    }
    if let Some(more) = differences.len().checked_sub(SHOWN).filter(|n| *n > 0) {
        plan.say(format!("and {more} more changes"));
    }
}

/// The revision after the one that is there; `None` where the counter starts anew.
///
/// A pull request can bring any file along: only one that somebody signed of whom the
/// repository has ever known the key says how far the counter is.
fn follows(
    world: &World<'_>,
    loaded: &Loaded<SignedSnapshot>,
    epoch: u64,
) -> Result<Option<Revision>, PlanError> {
    let present = &loaded.value.snapshot;
    let refuse = |why: &str| Err(PlanError::refused(why, Hint::RestoreSnapshot));
    if present.revision.epoch < epoch {
        return Ok(None);
    }
    if present.repository != world.chain().identity() {
        return refuse("the snapshot that is there was made for another repository");
    }
    if present.revision.epoch > epoch {
        return refuse("the snapshot that is there is of a later epoch than the team `notaries`");
    }
    let signed = known_key(world, &loaded.value.key).is_some_and(|key| {
        key.verify(
            Namespace::Snapshot,
            loaded.signed(),
            &loaded.value.signature,
        )
        .is_ok()
    });
    if !signed {
        return refuse(
            "the snapshot that is there is signed by nobody whom the repository knows, so its counter means nothing",
        );
    }
    match present.revision.next() {
        Some(next) => Ok(Some(next)),
        None => Err(PlanError::refused(
            format!("the counter of the snapshot is at its end in epoch {epoch}"),
            Hint::NewEpoch {
                name: NOTARIES.to_owned(),
            },
        )),
    }
}

/// The key with this fingerprint, of a janitor, past or present, or in a file of an author.
pub(super) fn known_key<'a>(
    world: &'a World<'_>,
    fingerprint: &Fingerprint,
) -> Option<&'a PublicKey> {
    let members = world
        .chain()
        .links()
        .iter()
        .flat_map(|link| link.value.link.members.values());
    let listed = world
        .repository
        .ids
        .values()
        .filter_map(|slot| match &slot.good()?.value {
            IdFile::Author(author) => Some(&author.keys),
            IdFile::Team(_) => None,
        });
    members
        .chain(listed.flatten())
        .find(|key| key.fingerprint() == *fingerprint)
}
