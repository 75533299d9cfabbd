//! What counts in the published branch, for a tree that was made on top of it.

use std::collections::{BTreeMap, BTreeSet};

use conex_verify::format::key::{Fingerprint, PublicKey};
use conex_verify::format::name::{Id, PackageName};
use conex_verify::format::resource::{Author, Releases, ResourceId, ResourceVersion};

/// The versions that count in the published branch. Whoever has that branch in theirs
/// and an older version in the tree has taken something back, with `git revert` for example: clients
/// know the newer one, and what is signed next stands above it.
#[derive(Debug, Clone, Default)]
pub struct Published {
    versions: BTreeMap<ResourceId, ResourceVersion>,
    lists: BTreeMap<PackageName, (ResourceVersion, Releases)>,
    keys: BTreeMap<Id, BTreeSet<Fingerprint>>,
}

impl Published {
    /// What was found there: the versions that count, the lists that count, and the keys in the
    /// files of authors that count.
    pub(super) fn new(
        versions: BTreeMap<ResourceId, ResourceVersion>,
        lists: BTreeMap<PackageName, (ResourceVersion, Releases)>,
        keys: BTreeMap<Id, BTreeSet<Fingerprint>>,
    ) -> Published {
        Published {
            versions,
            lists,
            keys,
        }
    }

    /// A key that the file of an author lists, and that the one there does not list.
    pub(super) fn key_removed(&self, author: &Author) -> Option<Fingerprint> {
        let there = self.keys.get(&author.id)?;
        let mut keys = author.keys.iter().map(PublicKey::fingerprint);
        keys.find(|key| !there.contains(key))
    }

    /// What counts there.
    pub(super) fn resources(&self) -> impl Iterator<Item = &ResourceId> {
        self.versions.keys()
    }

    /// The version that counts there.
    pub fn version(&self, resource: &ResourceId) -> Option<ResourceVersion> {
        self.versions.get(resource).copied()
    }

    /// The list of a package that counts there.
    pub(super) fn list(&self, name: &PackageName) -> Option<&(ResourceVersion, Releases)> {
        self.lists.get(name)
    }

    /// Whether clients who know what is published refuse a version in its place.
    pub(super) fn is_above(&self, resource: &ResourceId, version: ResourceVersion) -> bool {
        let published = self.version(resource);
        published.is_some_and(|known| known != version && known.revision >= version.revision)
    }
}
