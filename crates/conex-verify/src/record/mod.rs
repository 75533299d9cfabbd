//! What was accepted last, by part, so that an update is judged where something changed.
//!
//! A client that keeps a [`Record`] beside its memory need not judge a package again whose files,
//! supporters and owners are those of the tree that it accepted: the same judgement would come
//! out. The packages are kept in shares, the same as in the bundles of the published form; a
//! share of which every byte is as it was is *settled*, but for the packages of which something was
//! said: they are judged again to say it again. Everything else – the chain, people, signatures under new segments, the snapshot,
//! the top of the tree, the packages of the other shares – is judged as ever, and the proof
//! demands of each settled package that it is supported as it was (R2 of
//! `docs/verification.md`).
//!
//! A record is never a reason to refuse. Where it does not fit, or what it leads to is not
//! accepted, the whole is judged as if there were none. So it can only spare work.

mod make;
mod parts;
mod settle;
mod support;
mod text;

pub(crate) use make::{Made, make};
pub(crate) use parts::Parts;
pub(crate) use settle::settle;
pub(crate) use support::Supports;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::format::digest::Digest;
use crate::format::name::{Id, PackageName};

/// What was accepted last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// For whom, under which links, and by which program: see [`make::context`].
    context: Digest,
    /// The identity of the repository.
    identity: Digest,
    /// The digest of the memory that was written with this record.
    memory: Digest,
    /// The digest of everything in the tree that is of no share.
    common: Digest,
    /// The segments, by the digests of their files, whose signatures verify under the keys that
    /// they name.
    signatures: BTreeSet<Digest>,
    /// One for each share, in their order.
    shares: Vec<Share>,
}

/// The packages of one share.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Share {
    /// Of all its files, as they lay there.
    digest: Digest,
    /// Whether something was said of another directory of this share, so that it has to be
    /// judged again to be said again.
    told: bool,
    /// The directories of which nothing was said, sorted by name.
    directories: Vec<Directory>,
}

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
    fn add(&mut self, other: &Totals) {
        self.packages += other.packages;
        self.releases += other.releases;
        self.files += other.files;
        self.bytes += other.bytes;
        self.entries += other.entries;
    }
}

/// A directory in `packages/`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Directory {
    name: Box<str>,
    /// Its digest in the state of the repository.
    state: Digest,
    totals: Totals,
    /// The package of this name, if opam finds one.
    package: Option<SettledPackage>,
}

/// What is known of a settled package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SettledPackage {
    /// Whether a quorum claims the name: every file is signed then. Otherwise there are no
    /// metadata.
    pub(crate) claimed: bool,
    /// How many releases it has.
    pub(crate) releases: usize,
    /// Its owners.
    pub(crate) owners: BTreeSet<Id>,
    /// By whom it is supported: see [`Supports`].
    pub(crate) support: Digest,
}

/// The packages that are not judged again, and what is known of them.
#[derive(Debug, Clone, Default)]
pub struct Settled {
    /// The shares that are as they were, and whether each has a directory that is not settled.
    shares: BTreeMap<u8, bool>,
    totals: Totals,
    directories: BTreeMap<Box<str>, Digest>,
    packages: BTreeMap<PackageName, SettledPackage>,
    signatures: HashSet<Digest>,
}

impl Settled {
    /// Whether nothing is settled.
    pub(crate) fn is_empty(&self) -> bool {
        self.directories.is_empty()
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

impl Record {
    /// Whether the record is of a tree with these parts.
    fn is_of(&self, parts: &Parts) -> bool {
        let shares = self.shares.iter().map(|share| share.digest);
        self.common == parts.common && shares.eq(parts.shares.iter().copied())
    }

    /// What is settled of a tree with these parts, but for the packages in `moved`.
    fn settled(&self, parts: &Parts, moved: &BTreeSet<PackageName>) -> Settled {
        let mut settled = Settled {
            signatures: self.signatures.iter().copied().collect(),
            ..Settled::default()
        };
        for (number, (share, digest)) in (0..).zip(self.shares.iter().zip(&parts.shares)) {
            if share.digest != *digest {
                continue;
            }
            let mut partly = share.told;
            for directory in &share.directories {
                if let Some(package) = &directory.package {
                    let Ok(name) = PackageName::new(&directory.name) else {
                        partly = true;
                        continue;
                    };
                    if moved.contains(&name) {
                        partly = true;
                        continue;
                    }
                    settled.packages.insert(name, package.clone());
                }
                settled.totals.add(&directory.totals);
                let state = directory.state;
                settled.directories.insert(directory.name.clone(), state);
            }
            settled.shares.insert(number, partly);
        }
        settled
    }

    /// What is recorded of a directory.
    fn directory(&self, share: u8, name: &str) -> Option<&Directory> {
        let share = self.shares.get(usize::from(share))?;
        let found = share.directories.binary_search_by(|d| (*d.name).cmp(name));
        share.directories.get(found.ok()?)
    }
}
