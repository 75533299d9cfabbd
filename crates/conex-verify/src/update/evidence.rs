//! What a client knows to have been valid.

use std::collections::BTreeMap;

use crate::format::digest::Digest;
use crate::format::key::Fingerprint;
use crate::format::name::{Id, PackageName, Release};
use crate::format::resource::{Kind, Releases, ResourceId, ResourceVersion, Revision, What};
use crate::repository::{Repository, Slot};
use crate::trust::chain::Chain;
use crate::trust::ids::People;
use crate::trust::vouch::Vouches;
use crate::verify::Assessment;
use crate::verify::packages::PackageReport;

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
    /// The valid snapshot.
    pub snapshot: Option<ResourceVersion>,
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
            snapshot: valid_snapshot(assessment),
            tombstones: valid_tombstones(repository, assessment),
            entries: entries(&assessment.vouches),
        }
    }
}

/// Which snapshot a tree has, if it is valid.
fn valid_snapshot(assessment: &Assessment<'_>) -> Option<ResourceVersion> {
    let report = &assessment.snapshot;
    report.version.filter(|_| report.is_valid())
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
        use crate::format::resource::Resource as _;
        valid.insert(loaded.value.resource_id(), *version);
    }
    for package in assessment.packages.iter().filter(|p| p.claimed) {
        let list = valid_list(repository, package);
        for (resource, (version, standing)) in &package.standings {
            let counts =
                standing.is_valid() && (resource.kind != Kind::Checksum || lists(list, resource));
            if let (Some(version), true) = (version, counts) {
                valid.insert(resource.clone(), *version);
            }
        }
    }
    valid
}

/// Whether a checksum is of a release that is listed: of an update that opam applied
/// in part there can be a release that has gone from the list already.
fn lists(list: Option<&Releases>, checksum: &ResourceId) -> bool {
    Release::new(&checksum.name)
        .is_ok_and(|release| list.is_some_and(|l| l.releases.contains(&release)))
}

/// The list of releases of a package, if it is valid.
fn valid_list<'r>(repository: &'r Repository, package: &PackageReport) -> Option<&'r Releases> {
    let (_, standing) = package.standings.get(&releases_of(&package.name))?;
    let loaded = repository.packages.get(&package.name)?.releases.good()?;
    standing.is_valid().then_some(&loaded.value)
}

fn valid_tombstones(
    repository: &Repository,
    assessment: &Assessment<'_>,
) -> BTreeMap<Release, Revision> {
    assessment
        .packages
        .iter()
        .filter(|p| p.claimed)
        .filter_map(|p| valid_list(repository, p))
        .flat_map(|list| list.tombstones.clone())
        .collect()
}

/// The list of releases of a package, as a resource.
pub fn releases_of(name: &PackageName) -> ResourceId {
    ResourceId {
        kind: Kind::Releases,
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

/// The highest entries under each key that counts. Of segments whose signatures fail
/// nothing is taken: whoever forged one could otherwise make it look stripped when an
/// honest update removes it.
pub fn entries(vouches: &Vouches<'_>) -> BTreeMap<(Id, Fingerprint, ResourceId), Highest> {
    let mut highest: BTreeMap<(Id, Fingerprint, ResourceId), Highest> = BTreeMap::new();
    for resource in vouches.resources() {
        for vouch in vouches.about(resource) {
            let known = highest
                .entry((vouch.id.clone(), vouch.key, resource.clone()))
                .or_default();
            let side = match vouch.what {
                What::Vouched(_) => &mut known.vouched,
                What::Withdrawn => &mut known.withdrawn,
            };
            *side = (*side).max(Some(vouch.revision));
        }
    }
    highest
}
