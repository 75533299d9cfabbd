//! What a command wants to change, and why there is no such plan.

use conex_verify::finding::Finding;
use conex_verify::format::digest::Digest;
use conex_verify::format::key::{Fingerprint, Signature};
use conex_verify::format::name::Id;
use conex_verify::format::path::segment_path;
use conex_verify::format::resource::{
    Decode, Entry, Resource, ResourceVersion, Segment, SignedLink, SignedSegment, Snapshot,
    Timestamp,
};
use conex_verify::limits::MAX_SEGMENT_ENTRIES;
use conex_verify::tree::Tree;
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

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
    /// What was left out, because every client would refuse it.
    pub left_out: Vec<Finding>,
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
    /// Whether the hint names what somebody most likely meant.
    pub fn is_a_guess(&self) -> bool {
        matches!(self, PlanError::Refused { hint, .. } if hint.starts_with("did you mean"))
    }

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

    /// Writes a resource, and says which version it is.
    pub(super) fn write<R: Resource>(&mut self, resource: &R) -> ResourceVersion {
        let bytes = resource.encode();
        let version = ResourceVersion {
            revision: resource.revision(),
            digest: Digest::of(&bytes),
        };
        self.writes.insert(resource.resource_id().path(), bytes);
        version
    }

    /// Vouches for a version of a resource.
    pub(super) fn vouch(
        &mut self,
        resource: conex_verify::format::resource::ResourceId,
        version: ResourceVersion,
    ) {
        self.entries.push(Entry { resource, version });
    }

    pub(super) fn say(&mut self, line: impl Into<String>) {
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
