//! What a client knows to have been valid.

use std::collections::{BTreeMap, BTreeSet};

use crate::core::digest::Digest;
use crate::core::key::Fingerprint;
use crate::core::name::{Id, PackageName, Release};
use crate::core::repository::{Repository, Slot};
use crate::core::resource::{ResourceId, ResourceVersion, Revision, What};
use crate::core::trust::chain::Chain;
use crate::core::trust::ids::People;
use crate::core::verify::Assessment;

/// The highest entries that one key of one id has about one resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Highest {
    /// The highest revision vouched for.
    pub vouched: Option<Revision>,
    /// The highest withdrawal.
    pub withdrawn: Option<Revision>,
}

/// What was valid once: it may be followed by something newer, never by something older.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The repository identity.
    pub identity: Digest,
    /// The links that are known, by number.
    pub links: BTreeMap<u64, Digest>,
    /// The valid resources.
    pub resources: BTreeMap<ResourceId, ResourceVersion>,
    /// Removed releases.
    pub tombstones: BTreeMap<Release, Revision>,
    /// The entries under keys that are valid for their ids; none in a memory.
    pub entries: BTreeMap<(Id, Fingerprint, ResourceId), Highest>,
}

impl Evidence {
    /// What a tree proves, of which `assessment` is the judgement.
    pub fn of(repository: &Repository, assessment: &Assessment<'_>) -> Evidence {
        let chain = &assessment.chain;
        Evidence {
            identity: chain.identity(),
            links: (0..).zip(chain.digests().iter().copied()).collect(),
            resources: valid_resources(repository, assessment),
            tombstones: valid_tombstones(repository, assessment),
            entries: entries(repository, chain, &assessment.people),
        }
    }
}

/// The valid resources of a tree; of packages those whose names are claimed.
pub fn valid_resources(
    repository: &Repository,
    assessment: &Assessment<'_>,
) -> BTreeMap<ResourceId, ResourceVersion> {
    let mut valid = BTreeMap::new();
    for (id, slot) in &repository.ids {
        let counts = assessment
            .people
            .standings
            .get(id)
            .is_some_and(|s| s.is_valid());
        if let (Slot::Good(loaded), true) = (slot, counts) {
            valid.insert(loaded.value.resource_id(), loaded.id_version());
        }
    }
    if let ((Some(version), standing), Slot::Good(loaded)) = (&assessment.repo, &repository.repo)
        && standing.is_valid()
    {
        use crate::core::resource::Resource as _;
        valid.insert(loaded.value.resource_id(), *version);
    }
    for package in assessment.packages.iter().filter(|p| p.claimed) {
        for (resource, (version, standing)) in &package.standings {
            if let (Some(version), true) = (version, standing.is_valid()) {
                valid.insert(resource.clone(), *version);
            }
        }
    }
    valid
}

fn valid_tombstones(
    repository: &Repository,
    assessment: &Assessment<'_>,
) -> BTreeMap<Release, Revision> {
    assessment
        .packages
        .iter()
        .filter(|p| p.claimed && has_valid_releases(p))
        .filter_map(|p| repository.packages.get(&p.name)?.releases.good())
        .flat_map(|loaded| loaded.value.tombstones.clone())
        .collect()
}

fn has_valid_releases(package: &crate::core::verify::packages::PackageReport) -> bool {
    let releases = releases_of(&package.name);
    package
        .standings
        .get(&releases)
        .is_some_and(|(_, standing)| standing.is_valid())
}

/// The list of releases of a package.
pub fn releases_of(name: &PackageName) -> ResourceId {
    ResourceId {
        kind: crate::core::resource::Kind::Releases,
        name: name.as_str().into(),
    }
}

/// Whether a key counts for an id: as a janitor's, or as a valid author's.
pub fn key_counts(chain: &Chain, people: &People, id: &Id, key: &Fingerprint) -> bool {
    chain.key_of(id).is_some_and(|k| k.fingerprint() == *key)
        || people
            .authors
            .get(id)
            .is_some_and(|keys| keys.contains(key))
}

/// The highest entries under each key that counts.
pub fn entries(
    repository: &Repository,
    chain: &Chain,
    people: &People,
) -> BTreeMap<(Id, Fingerprint, ResourceId), Highest> {
    let mut highest: BTreeMap<(Id, Fingerprint, ResourceId), Highest> = BTreeMap::new();
    let mut counted: BTreeSet<(&Id, Fingerprint)> = BTreeSet::new();
    for (_, loaded) in &repository.segments {
        let (id, key) = (&loaded.value.segment.id, loaded.value.key);
        if !counted.contains(&(id, key)) && !key_counts(chain, people, id, &key) {
            continue;
        }
        counted.insert((id, key));
        for entry in &loaded.value.segment.entries {
            let known = highest
                .entry((id.clone(), key, entry.resource.clone()))
                .or_default();
            let side = match entry.what {
                What::Vouched(_) => &mut known.vouched,
                What::Withdrawn => &mut known.withdrawn,
            };
            *side = (*side).max(Some(entry.revision));
        }
    }
    highest
}
