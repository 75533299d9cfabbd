//! What authors and janitors do: from a working tree to the files to write and
//! the entries to sign.
//!
//! A plan is computed without touching anything; the shell shows it, asks, has
//! it signed and writes it. So `--dry-run` is the same code, and a verdict about
//! the result can be given before anything is written.

#![deny(
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods
)]

mod approve;
mod belong;
pub mod claims;
mod compact;
pub mod conflict;
mod decline;
pub mod detached;
pub mod effect;
mod epoch;
mod init;
mod janitor;
mod join;
mod known;
mod live;
mod owner;
mod repo;
mod rotate;
mod scope;
mod sign;
mod snapshot;
pub mod status;
mod supersede;
mod team;
pub mod todo;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use conex_verify::finding::Finding;
use conex_verify::format::digest::Digest;
use conex_verify::format::key::{Fingerprint, Signature};
use conex_verify::format::name::Id;
use conex_verify::format::path::segment_path;
use conex_verify::format::resource::{
    Decode, Entry, Resource, ResourceId, ResourceVersion, Segment, SignedLink, SignedSegment,
    Snapshot, Timestamp,
};
use conex_verify::limits::MAX_SEGMENT_ENTRIES;
use conex_verify::tree::Tree;

pub use approve::{approve, approve_some};
pub use belong::awakens_nothing;
pub use compact::{Compact, compact, delete_dead, fold_small};
pub use decline::{LINK, decline};
pub use effect::{Effect, Find};
pub use epoch::{Epoch, epoch};
pub use init::{Init, init};
pub use janitor::{JanitorChange, janitor};
pub use join::{Join, join};
pub use owner::{Change, OwnerChange, Selection, owner};
pub use rotate::{KeyChange, Retire, change_keys, prove, remove_keys, revoke};
pub use rotate::{under_unknown_keys, vouch_again};
pub use scope::Scope;
pub use sign::{Log, Sign, sign};
pub use snapshot::{MakeSnapshot, Unchanged, snapshot};
pub use supersede::{MOST_AHEAD, Supersede, supersede};
pub use team::{TeamChange, team};
pub use world::{View, World, nearest};

/// What a command wants to change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// The files to write, by path.
    pub writes: BTreeMap<String, Vec<u8>>,
    /// The files to remove.
    pub removes: BTreeSet<String>,
    /// What the signer vouches for.
    pub entries: Vec<Entry>,
    /// The link to add a signature to.
    pub link: Option<SignedLink>,
    /// The snapshot to sign.
    pub snapshot: Option<Snapshot>,
    /// What happens, for the one who is asked: a few lines.
    pub lines: Vec<String>,
    /// What to think about before going on.
    pub warnings: Vec<Finding>,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PlanError {
    /// The repository is not in a state to work with; the findings say why.
    #[error("the repository cannot be worked with as it is")]
    Repository(Vec<Finding>),
    /// The request makes no sense here.
    #[error("{message}")]
    Refused {
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
}

impl PlanError {
    /// A refusal with what to do.
    pub fn refused(message: impl Into<String>, hint: impl Into<String>) -> PlanError {
        PlanError::Refused {
            message: message.into(),
            hint: hint.into(),
        }
    }
}

impl Plan {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.removes.is_empty() && !self.needs_signature()
    }

    /// What changes when what is signed counts, as it lies in the tree of `world`. `find` gives
    /// earlier contents of files.
    pub fn effects(&self, world: &World<'_>, find: Find<'_>) -> Vec<Effect> {
        let mut effects = Vec::new();
        if let Some(SignedLink { link, .. }) = &self.link {
            let links = world.chain().links().iter().map(|l| &l.value.link);
            let before = links
                .rev()
                .find(|l| l.number.checked_add(1) == Some(link.number));
            effects.extend(effect::of_link(before, link));
        }
        let resources: BTreeSet<ResourceId> =
            self.entries.iter().map(|e| e.resource.clone()).collect();
        let past = find(&effect::wanted(world, &resources));
        effects.extend(effect::effects(world, &past, world.repository, &resources));
        effects.sort_by_key(|effect| effect.weight);
        effects
    }

    /// Says what changes, in the first lines for the one who is asked.
    pub fn tell(&mut self, world: &World<'_>, find: Find<'_>) {
        let effects = self.effects(world, find);
        let lines = effects.iter().map(Effect::marked);
        self.lines.splice(..0, lines);
    }

    /// Whether somebody has to sign.
    pub fn needs_signature(&self) -> bool {
        !self.entries.is_empty() || self.link.is_some() || self.snapshot.is_some()
    }

    /// Adds what another plan does, made for the tree as it is after this one.
    pub fn merge(&mut self, then: Plan) {
        self.writes.extend(then.writes);
        self.removes.extend(then.removes);
        self.entries.extend(then.entries);
        self.link = then.link.or(self.link.take());
        self.snapshot = then.snapshot.or(self.snapshot.take());
        self.lines.extend(then.lines);
        self.warnings.extend(then.warnings);
    }

    /// Joins the signatures that two branches added to the last link.
    fn join_links(&mut self, world: &World<'_>) {
        for (path, bytes) in &world.conflicts.links {
            self.writes.insert(path.clone(), bytes.clone());
            self.lines
                .push(format!("joins the signatures of both branches in `{path}`"));
        }
    }

    /// Writes a resource, and says which version it is.
    fn write<R: Resource>(&mut self, resource: &R) -> ResourceVersion {
        let bytes = resource.encode();
        let version = ResourceVersion {
            revision: resource.revision(),
            digest: Digest::of(&bytes),
        };
        self.writes.insert(resource.resource_id().path(), bytes);
        version
    }

    /// Vouches for a version of a resource.
    fn vouch(
        &mut self,
        resource: conex_verify::format::resource::ResourceId,
        version: ResourceVersion,
    ) {
        self.entries.push(Entry { resource, version });
    }

    fn say(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// The segments to be signed: none if there is nothing to vouch for, and one unless that
    /// could be too large.
    pub fn segments(&self, repository: Digest, id: &Id, created: &Timestamp) -> Vec<Segment> {
        let entries: BTreeSet<&Entry> = self.entries.iter().collect();
        let entries: Vec<&Entry> = entries.into_iter().collect();
        let segment = |entries: &[&Entry]| Segment {
            repository,
            id: id.clone(),
            created: created.clone(),
            entries: entries.iter().copied().cloned().collect(),
        };
        entries.chunks(MAX_SEGMENT_ENTRIES).map(segment).collect()
    }

    /// Takes in the signature of the segment: one more file to write.
    pub fn add_segment(&mut self, segment: Segment, key: Fingerprint, signature: Signature) {
        let id = segment.id.clone();
        let signed_len = segment.signed_bytes().len();
        let bytes = SignedSegment {
            segment,
            key,
            signature,
            signed_len,
        }
        .encode();
        let path = segment_path(&id, &Digest::of(&bytes).short());
        self.writes.insert(path, bytes);
    }

    /// Takes in a signature of the link, which is one more file to write. There can
    /// be several: who rotates a key signs with the old and the new one.
    pub fn add_link_signature(&mut self, key: Fingerprint, signature: Signature) {
        if let Some(link) = &mut self.link {
            link.signatures.retain(|(by, _)| *by != key);
            link.signatures.push((key, signature));
            link.signatures.sort();
            let path = conex_verify::format::path::Place::Link(link.link.number).path();
            self.writes.insert(path, link.encode());
        }
    }

    /// Takes in the signature of the snapshot: one more file to write.
    pub fn add_snapshot_signature(&mut self, key: Fingerprint, signature: Signature) {
        if let Some(snapshot) = self.snapshot.take() {
            let path = conex_verify::format::path::Place::Snapshot.path();
            let bytes = snapshot.file(key, signature);
            self.writes.insert(path, bytes);
        }
    }

    /// The tree as it will be.
    pub fn apply(&self, tree: &Tree) -> Tree {
        let mut result = tree.clone();
        result.files.retain(|path, _| !self.removes.contains(path));
        for (path, bytes) in &self.writes {
            result.files.insert(path.clone(), bytes.as_slice().into());
        }
        result
    }
}
