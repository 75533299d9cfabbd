//! The snapshot: `packages/.conex/snapshot`, the whole repository under one signature.

use super::decode::Decode;
use super::encode::Encoder;
use super::error::{MetaError, MetaErrorKind};
use super::reference::{ResourceVersion, Revision};
use super::segment::Timestamp;
use super::source::{Item, Source};
use crate::format::digest::Digest;
use crate::format::key::{Fingerprint, Signature};
use crate::format::name::Id;
use crate::format::path::directory;
use crate::format::state::{State, write_state};

/// What a notary says: this is the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The identity of the repository that this is a state of.
    pub repository: Digest,
    /// The epoch of the team `notaries`, 0 without it, and a counter that rises with
    /// every snapshot.
    pub revision: Revision,
    /// When it was made. Its age is shown; a rule looks at it only for those who ask.
    pub created: Timestamp,
    /// The state.
    pub state: State,
}

/// A snapshot with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedSnapshot {
    /// The snapshot.
    pub snapshot: Snapshot,
    /// The key that the signature names.
    pub key: Fingerprint,
    /// The signature.
    pub signature: Signature,
    /// How many bytes from the start of the file are signed.
    pub signed_len: usize,
}

impl Snapshot {
    /// The bytes that the signature is over.
    pub fn signed_bytes(&self) -> Vec<u8> {
        self.encoder().finish()
    }

    /// The file: the snapshot under a signature.
    pub fn file(&self, key: Fingerprint, signature: Signature) -> Vec<u8> {
        let mut out = self.encoder();
        out.signatures(&[(key, signature)]);
        out.finish()
    }

    fn encoder(&self) -> Encoder {
        let mut out = Encoder::new(SignedSnapshot::TYPE);
        out.string("repository", &self.repository.to_string());
        out.integer("epoch", self.revision.epoch);
        write_state(&mut out, &self.state);
        out.integer("counter", self.revision.counter);
        out.string("created", self.created.as_str());
        out.check();
        out
    }
}

impl SignedSnapshot {
    /// Which version it is, of which `digest` is the digest of the file.
    pub fn version(&self, digest: Digest) -> ResourceVersion {
        ResourceVersion {
            revision: self.snapshot.revision,
            digest,
        }
    }
}

fn entry<'a, N>(
    [text, digest]: [impl Item<'a>; 2],
    name: impl Fn(&str) -> Result<N, String>,
) -> Result<(N, Digest), MetaError> {
    Ok((
        text.string_as(|t| name(t).map_err(MetaErrorKind::Value))?,
        digest.digest()?,
    ))
}

impl Decode for SignedSnapshot {
    const TYPE: &'static str = "snapshot";

    fn fields<'a>(fields: &mut impl Source<'a>) -> Result<Self, MetaError> {
        let repository = fields.value("repository")?.digest()?;
        let epoch = fields.value("epoch")?.epoch()?;
        let state = State {
            janitors: fields.value("janitors")?.digest()?,
            ids: fields.value("ids")?.digest()?,
            repo: fields.value("repo")?.digest()?,
            approved: fields.value("approved")?.digest()?,
            strays: fields.value("strays")?.digest()?,
            indexes: fields.map("indexes", |row| {
                entry(row, |t| Id::new(t).map_err(|e| e.to_string()))
            })?,
            packages: fields.map("packages", |row| {
                entry(row, |t| directory(t).map_err(|e| e.to_string()))
            })?,
        };
        let revision = Revision {
            epoch,
            counter: fields.integer("counter")?,
        };
        let created = Timestamp::read(fields.value("created")?)?;
        fields.check()?;
        let (signed_len, key, signature) = fields.signature("a snapshot")?;
        Ok(SignedSnapshot {
            snapshot: Snapshot {
                repository,
                revision,
                created,
                state,
            },
            key,
            signature,
            signed_len,
        })
    }

    fn encode(&self) -> Vec<u8> {
        self.snapshot.file(self.key, self.signature.clone())
    }
}
