//! What need not be judged again: packages that are as they were when they were accepted.
//!
//! Made from a [record](crate::record) of what was accepted, and empty without one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::format::digest::Digest;
use crate::format::name::{Id, PackageName};
use crate::format::resource::{ResourceId, ResourceVersion};
use crate::format::state::{State, StateBuilder};
use crate::tree::Tree;

/// How much there is of what has limits, in the working form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    /// Directories of packages.
    pub(crate) packages: usize,
    /// Directories of releases.
    pub(crate) releases: usize,
    /// Files.
    pub(crate) files: usize,
    /// Bytes of these files.
    pub(crate) bytes: usize,
    /// Entries in the lists of metadata.
    pub(crate) entries: usize,
}

impl Totals {
    /// Takes in as much again.
    pub(crate) fn add(&mut self, other: &Totals) {
        self.packages += other.packages;
        self.releases += other.releases;
        self.files += other.files;
        self.bytes += other.bytes;
        self.entries += other.entries;
    }
}

/// What is known of a settled package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SettledPackage {
    /// Whether a quorum claims the name: every file is signed then. Otherwise there are no
    /// metadata.
    pub(crate) claimed: bool,
    /// How many releases it has.
    pub(crate) releases: usize,
    /// Its owners, all of whom were persons or valid teams.
    pub(crate) owners: BTreeSet<Id>,
}

/// The packages that are not judged again, and what is known of them.
#[derive(Debug, Clone, Default)]
pub struct Settled {
    /// The shares that are as they were, and whether each has a directory that is not settled.
    pub(crate) shares: BTreeMap<u8, bool>,
    pub(crate) totals: Totals,
    /// The digests of directories in the state.
    pub(crate) directories: BTreeMap<Box<str>, Digest>,
    pub(crate) packages: BTreeMap<PackageName, SettledPackage>,
    /// The versions of all metadata of these packages, as the memory of the accepted tree has
    /// them.
    pub(crate) versions: HashMap<PackageName, Vec<(ResourceId, ResourceVersion)>>,
    /// The digests of segments whose signatures verified.
    pub(crate) signatures: HashSet<Digest>,
}

impl Settled {
    /// Whether nothing is settled.
    pub(crate) fn is_empty(&self) -> bool {
        self.directories.is_empty()
    }

    /// The state of a tree of which `rest` is what is not settled.
    pub(crate) fn state_with(&self, rest: &Tree) -> State {
        rest.digest_all();
        let mut state = StateBuilder::default();
        for (name, digest) in self.directories() {
            state.add_package(name.into(), digest);
        }
        for (path, bytes) in &rest.files {
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            state.add(path, size, &bytes.digest());
        }
        state.finish(rest.get("repo").map(AsRef::as_ref))
    }

    /// Whether everything of a share is settled, so that its bundle need not be there.
    pub(crate) fn has_share(&self, share: u8) -> bool {
        self.shares.get(&share) == Some(&false)
    }

    /// Whether a directory in `packages/` is settled.
    pub(crate) fn has_directory(&self, name: &str) -> bool {
        self.directories.contains_key(name)
    }

    /// Whether a package is settled.
    pub(crate) fn has(&self, name: &PackageName) -> bool {
        self.packages.contains_key(name)
    }

    /// The settled packages, in the order of their names.
    pub(crate) fn packages(&self) -> &BTreeMap<PackageName, SettledPackage> {
        &self.packages
    }

    /// The settled directories in `packages/`, with their digests in the state.
    pub(crate) fn directories(&self) -> impl Iterator<Item = (&str, Digest)> {
        let all = self.directories.iter();
        all.map(|(name, digest)| (&**name, *digest))
    }

    /// How much there is in them.
    pub(crate) fn totals(&self) -> &Totals {
        &self.totals
    }

    /// Whether the signature of the segment whose file has this digest verified before, under
    /// the key that it names.
    pub(crate) fn has_signature(&self, segment: &Digest) -> bool {
        self.signatures.contains(segment)
    }
}
