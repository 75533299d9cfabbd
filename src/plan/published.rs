//! What counts in the published branch, for a tree that was made on top of it.

use std::collections::BTreeMap;

use conex_verify::format::name::PackageName;
use conex_verify::format::resource::{Releases, ResourceId, ResourceVersion};

/// The lists and checksums that count in the published branch. Whoever has that branch in theirs
/// and an older version in the tree has taken something back, with `git revert` for example: clients
/// know the newer one, and what is signed next stands above it.
#[derive(Debug, Clone, Default)]
pub struct Published {
    versions: BTreeMap<ResourceId, ResourceVersion>,
    lists: BTreeMap<PackageName, (ResourceVersion, Releases)>,
}

impl Published {
    /// What was found there.
    pub(super) fn new(
        versions: BTreeMap<ResourceId, ResourceVersion>,
        lists: BTreeMap<PackageName, (ResourceVersion, Releases)>,
    ) -> Published {
        Published { versions, lists }
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
