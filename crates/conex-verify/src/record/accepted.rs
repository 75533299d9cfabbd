//! What a record holds, and what is settled by it.

use std::collections::BTreeSet;

use super::parts::Parts;
use crate::format::digest::Digest;
use crate::format::name::PackageName;
use crate::settled::{Settled, SettledPackage, Totals};

/// What was accepted last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// For whom, under which links, and by which program: see [`make::context`].
    pub(super) context: Digest,
    /// The identity of the repository.
    pub(super) identity: Digest,
    /// The digest of the memory that was written with this record.
    pub(super) memory: Digest,
    /// The digest of everything in the tree that is of no share.
    pub(super) common: Digest,
    /// The segments, by the digests of their files, whose signatures verify under the keys that
    /// they name.
    pub(super) signatures: BTreeSet<Digest>,
    /// One for each share, in their order.
    pub(super) shares: Vec<Share>,
}

/// The packages of one share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Share {
    /// Of all its files, as they lay there.
    pub(super) digest: Digest,
    /// Whether something was said of another directory of this share, so that it has to be
    /// judged again to be said again.
    pub(super) told: bool,
    /// The directories of which nothing was said, sorted by name.
    pub(super) directories: Vec<Directory>,
}

/// A directory in `packages/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directory {
    pub(super) name: Box<str>,
    /// Its digest in the state of the repository.
    pub(super) state: Digest,
    pub(super) totals: Totals,
    /// The package of this name, if opam finds one.
    pub(super) package: Option<SettledPackage>,
}

impl Record {
    /// Whether the record is of a tree with these parts.
    pub(super) fn is_of(&self, parts: &Parts) -> bool {
        let shares = self.shares.iter().map(|share| share.digest);
        self.common == parts.common && shares.eq(parts.shares.iter().copied())
    }

    /// What is settled of a tree with these parts, but for the packages in `moved`.
    pub(super) fn settled(&self, parts: &Parts, moved: &BTreeSet<PackageName>) -> Settled {
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
    pub(super) fn directory(&self, share: u8, name: &str) -> Option<&Directory> {
        let share = self.shares.get(usize::from(share))?;
        let found = share.directories.binary_search_by(|d| (*d.name).cmp(name));
        share.directories.get(found.ok()?)
    }
}
