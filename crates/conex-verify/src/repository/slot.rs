//! A file of metadata in its place: missing, broken, or read.

use crate::format::digest::Digest;
use crate::format::resource::{
    IdFile, Resource, ResourceVersion, SignedLink, SignedSegment, SignedSnapshot,
};
use crate::tree::Bytes;

/// A file that was decoded, with the version that its bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded<T> {
    /// What the file says.
    pub value: T,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The bytes: signatures and digests are over them as they lie on disk.
    pub bytes: Bytes,
}

impl Loaded<SignedLink> {
    /// The bytes that the signatures are over.
    pub fn signed(&self) -> &[u8] {
        self.bytes.get(..self.value.signed_len).unwrap_or_default()
    }
}

impl Loaded<SignedSegment> {
    /// The bytes that the signature is over.
    pub fn signed(&self) -> &[u8] {
        self.bytes.get(..self.value.signed_len).unwrap_or_default()
    }
}

impl Loaded<SignedSnapshot> {
    /// The bytes that the signature is over.
    pub fn signed(&self) -> &[u8] {
        self.bytes.get(..self.value.signed_len).unwrap_or_default()
    }

    /// Which version the snapshot is.
    pub fn snapshot_version(&self) -> ResourceVersion {
        self.value.version(self.digest)
    }
}

impl<T: Resource> Loaded<T> {
    /// Which version of its resource the file is.
    pub fn version(&self) -> ResourceVersion {
        ResourceVersion {
            revision: self.value.revision(),
            digest: self.digest,
        }
    }
}

impl Loaded<IdFile> {
    /// Which version of its resource the file is.
    pub fn id_version(&self) -> ResourceVersion {
        ResourceVersion {
            revision: self.value.revision(),
            digest: self.digest,
        }
    }
}

/// A place where a file belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Slot<T> {
    /// There is no file.
    #[default]
    Missing,
    /// There is a file that cannot be read as what belongs there; a finding says why.
    Broken,
    /// There is a readable file.
    Good(Loaded<T>),
}

impl<T> Slot<T> {
    /// The file, if it can be read.
    pub fn good(&self) -> Option<&Loaded<T>> {
        match self {
            Slot::Good(loaded) => Some(loaded),
            _ => None,
        }
    }
}
