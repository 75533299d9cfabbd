//! Signatures that are made elsewhere: what is to be signed, and taking in what was.
//!
//! Whoever keeps a key on a machine without a network carries one small file there and a
//! signature back. What is carried is exactly what lies in the repository up to the
//! signatures, so stock `ssh-keygen -Y sign` signs it, and `ssh-keygen -Y verify`
//! checks it.

use crate::hint::Hint;
use std::collections::BTreeSet;

use super::effect::{self, Effect, Find};
use super::snapshot::known_key;
use super::{MakeSnapshot, Plan, PlanError, Unchanged, World, snapshot};
use conex_verify::format::digest::Digest;
use conex_verify::format::key::{Fingerprint, Namespace, PublicKey, Signature};
use conex_verify::format::name::Id;
use conex_verify::format::path::segment_path;
use conex_verify::format::resource::decode::type_of;
use conex_verify::format::resource::encode::Encoder;
use conex_verify::format::resource::{
    Decode, Entry, MetaError, ResourceId, ResourceVersion, SignedLink, SignedSegment,
    SignedSnapshot, Timestamp,
};
use conex_verify::workbench::verify::snapshot::notaries;

/// One thing that is to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToSign {
    /// For what.
    pub namespace: Namespace,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl ToSign {
    /// A name for the file: its kind and a part of its digest, so that no two are confused.
    pub fn file_name(&self) -> String {
        let kind = match self.namespace {
            Namespace::Index => "index",
            Namespace::Janitors => "link",
            Namespace::Snapshot => "snapshot",
            Namespace::Release => "release",
        };
        format!("{kind}-{}", Digest::of(&self.bytes).short())
    }
}

impl Plan {
    /// What `id` has to sign for this plan.
    pub fn to_sign(&self, repository: Digest, id: &Id, created: Timestamp) -> Vec<ToSign> {
        let segments = self.segments(repository, id, &created);
        let segments = segments.iter().map(|segment| ToSign {
            namespace: Namespace::Index,
            bytes: segment.signed_bytes(),
        });
        let link = self.link.as_ref().map(|link| ToSign {
            namespace: Namespace::Janitors,
            bytes: link.signed_bytes(),
        });
        let snapshot = self.snapshot.as_ref().map(|snapshot| ToSign {
            namespace: Namespace::Snapshot,
            bytes: snapshot.signed_bytes(),
        });
        segments.chain(link).chain(snapshot).collect()
    }
}

/// A signature that came from elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct Foreign<'a> {
    /// The bytes that were signed.
    pub bytes: &'a [u8],
    /// By whom.
    pub key: &'a PublicKey,
    /// For what.
    pub namespace: Namespace,
    /// The signature.
    pub signature: &'a Signature,
}

/// Plans to take in a signature.
///
/// # Errors
/// It does not verify; the key is not one that the repository knows for the id; what was
/// signed is for another repository, or says what is not so here.
pub fn take_in(
    world: &World<'_>,
    foreign: &Foreign<'_>,
    find: Find<'_>,
) -> Result<Plan, PlanError> {
    let Foreign {
        bytes,
        key,
        namespace,
        signature,
    } = *foreign;
    key.verify(namespace, bytes, signature).map_err(|e| {
        PlanError::refused(
            format!(
                "the signature by {} does not fit the file: {e}",
                key.fingerprint()
            ),
            Hint::SignFileAsItIs {
                namespace: namespace.as_str().to_owned(),
            },
        )
    })?;
    // The whole file, read as it will be read by everybody.
    let mut signatures = Encoder::default();
    signatures.signatures(&[(key.fingerprint(), signature.clone())]);
    let full = [bytes, &signatures.finish()].concat();
    match namespace {
        Namespace::Index => segment(world, key, &full, bytes.len(), find),
        Namespace::Janitors => link(world, foreign, &full),
        Namespace::Snapshot => whole(world, foreign, &full),
        Namespace::Release => Err(PlanError::refused(
            "the signature is one of a release of conex, and of no repository",
            "give a signature of a link, of a segment or of the snapshot",
        )),
    }
}

fn unreadable(what: &'static str) -> impl Fn(MetaError) -> PlanError {
    move |e| {
        PlanError::refused(
            format!("what was signed is not {what}: {}", e.kind),
            "sign the file that --detached wrote, whole and unchanged",
        )
    }
}

fn other_repository() -> PlanError {
    PlanError::refused(
        "what was signed is for another repository",
        "name the repository that it is for with -C DIR",
    )
}

fn segment(
    world: &World<'_>,
    key: &PublicKey,
    full: &[u8],
    signed_len: usize,
    find: Find<'_>,
) -> Result<Plan, PlanError> {
    let signed = SignedSegment::decode(full).map_err(unreadable("a segment"))?;
    let segment = &signed.segment;
    if signed.signed_len != signed_len {
        return Err(PlanError::refused(
            "what was signed is more than a segment",
            "sign the file that --detached wrote, whole and unchanged",
        ));
    }
    if segment.repository != world.chain().identity() {
        return Err(other_repository());
    }
    let id = &segment.id;
    if !world.keys_of(id).contains(key) {
        return Err(not_of(world, id, key));
    }
    for entry in &segment.entries {
        let is = world.repository.version_of(&entry.resource);
        if is != Some(entry.version) {
            return Err(changed(entry, is));
        }
    }
    let mut plan = Plan::default();
    let path = segment_path(id, &Digest::of(full).short());
    if !world.tree.files.contains_key(path.as_str()) {
        plan.say(format!(
            "what `{id}` vouches for, under the key {}",
            key.fingerprint()
        ));
        // Who signs a file elsewhere does not see what is in it: here it is.
        let resources: BTreeSet<ResourceId> =
            segment.entries.iter().map(|e| e.resource.clone()).collect();
        let past = find(&effect::wanted(world, &resources));
        let effects = effect::effects(world, &past, world.repository, &resources);
        if effects.is_empty() {
            plan.say("all of it counts already, and nothing changes");
        }
        plan.lines.extend(effects.iter().map(Effect::marked));
        plan.writes.insert(path, full.to_vec());
    }
    Ok(plan)
}

fn not_of(world: &World<'_>, id: &Id, key: &PublicKey) -> PlanError {
    let known = world.keys_of(id);
    let keys: Vec<String> = known.iter().map(|k| k.fingerprint().to_string()).collect();
    PlanError::refused(
        format!(
            "the key {} is not one of `{id}`; the repository knows {}",
            key.fingerprint(),
            match keys.as_slice() {
                [] => "none".to_owned(),
                keys => keys.join(", "),
            }
        ),
        Hint::KeyOfOrJoin { id: id.to_string() },
    )
}

fn changed(entry: &Entry, is: Option<ResourceVersion>) -> PlanError {
    let what = match is {
        None => "is not there".to_owned(),
        Some(version) => format!("is at {} now, with another content", version.revision),
    };
    PlanError::refused(
        format!(
            "the {} was signed at {}, and {what}",
            entry.resource, entry.version.revision
        ),
        "the repository changed since: make what is to be signed anew, with --detached",
    )
}

fn link(world: &World<'_>, foreign: &Foreign<'_>, full: &[u8]) -> Result<Plan, PlanError> {
    let signed = SignedLink::decode(full).map_err(unreadable("a link"))?;
    let number = signed.link.number;
    let links = world.chain().links();
    let at = usize::try_from(number).unwrap_or(usize::MAX);
    let present = links
        .get(at)
        .filter(|link| link.signed() == foreign.bytes)
        .ok_or_else(|| {
            PlanError::refused(
                format!("what was signed is not link {number} of this repository"),
                "the link changed since, or is of another repository: make what is to be signed anew, with --detached",
            )
        })?;
    let before = at.checked_sub(1).and_then(|n| links.get(n));
    let member = before.into_iter().chain([present]).find_map(|link| {
        let mut members = link.value.link.members.iter();
        members
            .find(|(_, key)| *key == foreign.key)
            .map(|(id, _)| id)
    });
    let Some(member) = member else {
        return Err(PlanError::refused(
            format!(
                "the key {} is of no janitor of link {number} or of the one before",
                foreign.key.fingerprint()
            ),
            Hint::StatusShows {
                what: "whose signatures are missing".to_owned(),
            },
        ));
    };
    let mut plan = Plan::default();
    let fingerprint = foreign.key.fingerprint();
    let there = (fingerprint, foreign.signature.clone());
    if !present.value.signatures.contains(&there) {
        plan.say(format!(
            "signature of `{member}` on link {number} of the janitor chain, under the key {fingerprint}"
        ));
        let before = before.map(|link| &link.value.link);
        let effects = effect::of_link(before, &present.value.link);
        plan.lines.extend(effects.iter().map(Effect::marked));
        plan.link = Some(present.value.clone());
        plan.add_link_signature(fingerprint, foreign.signature.clone());
        plan.link = None;
    }
    Ok(plan)
}

/// A snapshot is taken in only if it is the one that would be made now, by this key.
fn whole(world: &World<'_>, foreign: &Foreign<'_>, full: &[u8]) -> Result<Plan, PlanError> {
    let signed = SignedSnapshot::decode(full).map_err(unreadable("a snapshot"))?;
    if signed.snapshot.repository != world.chain().identity() {
        return Err(other_repository());
    }
    let fingerprint = foreign.key.fingerprint();
    let people = &world.assessment.people;
    let may = notaries(world.repository, world.chain(), people);
    let signer = match may.keys.get(&fingerprint) {
        Some((id, _)) => id.clone(),
        None => {
            return Err(PlanError::refused(
                format!(
                    "the key {fingerprint} may not sign the snapshot; who may: {}",
                    may.source.explain()
                ),
                "sign with the key of a notary",
            ));
        }
    };
    let mut plan = snapshot(
        world,
        world.repository.state.clone(),
        &MakeSnapshot {
            signer,
            key: foreign.key.clone(),
            created: signed.snapshot.created.clone(),
            unchanged: Unchanged::Renew,
        },
    )?;
    let same = |plan: &Plan| {
        let made = plan.snapshot.as_ref();
        made.is_some_and(|made| made.signed_bytes() == foreign.bytes)
    };
    if !same(&plan) {
        return Err(PlanError::refused(
            format!(
                "the snapshot was signed for the state {}, and the repository is {}",
                signed.snapshot.state.id(),
                world.repository.state.id()
            ),
            "the repository changed since, or has a newer snapshot: make what is to be signed anew, with --detached",
        ));
    }
    plan.add_snapshot_signature(fingerprint, foreign.signature.clone());
    Ok(plan)
}

/// A signed file, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// For what.
    pub namespace: Namespace,
    /// The bytes that the signatures are over.
    pub bytes: Vec<u8>,
    /// The signatures by keys that the repository knows.
    pub signatures: Vec<By>,
    /// The keys of the others.
    pub unknown: Vec<Fingerprint>,
}

/// One signature of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Whose key it is.
    pub id: Id,
    /// The key.
    pub key: PublicKey,
    /// The signature.
    pub signature: Signature,
    /// Whether it verifies. What it is worth is another question.
    pub verifies: bool,
}

/// Takes a segment, a link or a snapshot apart.
///
/// # Errors
/// It is none of these.
pub fn signed(world: &World<'_>, file: &[u8]) -> Result<Signed, PlanError> {
    let unknown = |why: String| {
        PlanError::refused(
            format!("this is no signed file: {why}"),
            "signed are packages/.conex/janitors/*, packages/.conex/index/*/*/index and packages/.conex/snapshot",
        )
    };
    let bad = |e: MetaError| unknown(e.kind.to_string());
    let (namespace, signed_len, signatures, named) = match type_of(file).map_err(bad)?.as_str() {
        SignedSegment::TYPE => {
            let value = SignedSegment::decode(file).map_err(bad)?;
            let signatures = vec![(value.key, value.signature)];
            let id = Some(value.segment.id);
            (Namespace::Index, value.signed_len, signatures, id)
        }
        SignedLink::TYPE => {
            let value = SignedLink::decode(file).map_err(bad)?;
            (
                Namespace::Janitors,
                value.signed_len,
                value.signatures,
                None,
            )
        }
        SignedSnapshot::TYPE => {
            let value = SignedSnapshot::decode(file).map_err(bad)?;
            let signatures = vec![(value.key, value.signature)];
            (Namespace::Snapshot, value.signed_len, signatures, None)
        }
        other => return Err(unknown(format!("it is of type `{other}`"))),
    };
    let bytes = file.get(..signed_len).unwrap_or_default().to_vec();
    let mut taken = Signed {
        namespace,
        signatures: Vec::new(),
        unknown: Vec::new(),
        bytes,
    };
    for (fingerprint, signature) in signatures {
        let Some(key) = known_key(world, &fingerprint) else {
            taken.unknown.push(fingerprint);
            continue;
        };
        let id = named.clone().or_else(|| whose(world, key));
        let Some(id) = id else {
            taken.unknown.push(fingerprint);
            continue;
        };
        taken.signatures.push(By {
            id,
            key: key.clone(),
            verifies: key.verify(namespace, &taken.bytes, &signature).is_ok(),
            signature,
        });
    }
    Ok(taken)
}

/// Whose key this is, proven or only listed.
fn whose(world: &World<'_>, key: &PublicKey) -> Option<Id> {
    world.owner_of_key(key).or_else(|| {
        let mut ids = world.repository.ids.keys();
        ids.find(|id| world.keys_of(id).contains(key)).cloned()
    })
}
