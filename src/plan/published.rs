//! What counts in the published branch, for a tree that was made on top of it.

use std::collections::BTreeMap;

use super::World;
use conex_verify::format::name::PackageName;
use conex_verify::format::resource::{Kind, Releases, ResourceId, ResourceVersion};

/// The lists and checksums that count in the published branch. Whoever has that branch in theirs
/// and an older version in the tree has taken something back, with `git revert` for example: clients
/// know the newer one, and what is signed next stands above it.
#[derive(Debug, Clone, Default)]
pub struct Published {
    versions: BTreeMap<ResourceId, ResourceVersion>,
    lists: BTreeMap<PackageName, (ResourceVersion, Releases)>,
}

impl Published {
    /// What is valid in the tree of the published branch.
    pub fn of(world: &World<'_>) -> Published {
        let mut published = Published::default();
        for report in &world.assessment.packages {
            for (resource, (version, standing)) in &report.standings {
                let written = matches!(resource.kind, Kind::Releases | Kind::Checksum);
                if let (true, true, Some(version)) = (written, standing.is_valid(), version) {
                    published.versions.insert(resource.clone(), *version);
                }
            }
            let list = ResourceId::releases(&report.name);
            let package = world.repository.packages.get(&report.name);
            let loaded = package.and_then(|package| package.releases.good());
            if let (Some(version), Some(loaded)) = (published.versions.get(&list), loaded) {
                let known = (*version, loaded.value.clone());
                published.lists.insert(report.name.clone(), known);
            }
        }
        published
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
