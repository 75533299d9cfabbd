//! What was valid once: registers that only rise.

use std::collections::{BTreeMap, BTreeSet};

use crate::format::digest::Digest;
use crate::format::name::{PackageName, Release};
use crate::format::resource::{IdFile, Kind, Releases, ResourceId, ResourceVersion, Revision};
use crate::repository::{Repository, Slot};
use crate::verify::Assessment;
use crate::verify::packages::PackageReport;

/// What a client knows to have been valid, from the tree that opam holds or from its memory.
/// A later state may raise each of the registers, and lower none (rules U1 to U6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registers {
    /// The repository identity.
    pub identity: Digest,
    /// Links that are known, by number. Of one state the last one, which names all before it;
    /// more where several states were put together.
    pub links: BTreeMap<u64, Digest>,
    /// The valid resources but lists of releases; of packages those whose names are claimed.
    pub resources: BTreeMap<ResourceId, ResourceVersion>,
    /// The valid lists of releases of claimed packages.
    pub lists: BTreeMap<PackageName, List>,
    /// The valid snapshot.
    pub snapshot: Option<ResourceVersion>,
}

/// What is known of a list of releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// The version of the list.
    pub version: ResourceVersion,
    /// The floor that it states.
    pub floor: u64,
    /// The releases that it lists.
    pub releases: BTreeSet<Release>,
}

impl List {
    /// The epoch of the list and its floor, as one revision.
    pub fn floor(&self) -> Revision {
        Revision {
            epoch: self.version.revision.epoch,
            counter: self.floor,
        }
    }
}

impl Registers {
    /// What a tree proves, of which `assessment` is the judgement.
    pub fn of(repository: &Repository, assessment: &Assessment<'_>) -> Registers {
        let chain = &assessment.chain;
        let last = (0..).zip(chain.digests().iter().copied()).last();
        let mut registers = Registers {
            identity: chain.identity(),
            links: last.into_iter().collect(),
            resources: BTreeMap::new(),
            lists: BTreeMap::new(),
            snapshot: assessment.snapshot.valid_version(),
        };
        for (id, slot) in &repository.ids {
            let Slot::Good(loaded) = slot else { continue };
            let people = &assessment.people;
            let valid = match &loaded.value {
                IdFile::Author(_) => people.authors.contains_key(id),
                IdFile::Team(_) => people.teams.contains_key(id),
            };
            if valid {
                let resource = loaded.value.resource_id();
                registers.resources.insert(resource, loaded.id_version());
            }
        }
        for (resource, (version, standing)) in [
            (ResourceId::repo(), &assessment.repo),
            (ResourceId::claims(), &assessment.claims),
        ] {
            if let (Some(version), true) = (version, standing.is_valid()) {
                registers.resources.insert(resource, *version);
            }
        }
        for report in assessment.packages.iter().filter(|p| p.claimed) {
            registers.take_package(repository, report);
        }
        registers
    }

    fn take_package(&mut self, repository: &Repository, report: &PackageReport) {
        let list = valid_list(repository, report);
        if let Some((list, version)) = list {
            self.lists.insert(
                report.name.clone(),
                List {
                    version,
                    floor: list.floor,
                    releases: list.releases.clone(),
                },
            );
        }
        // Of an update that opam applied in part there can be a release that has gone from
        // the list already.
        let listed = |resource: &ResourceId| {
            Release::new(&resource.name)
                .is_ok_and(|release| list.is_some_and(|(l, _)| l.releases.contains(&release)))
        };
        for (resource, (version, standing)) in &report.standings {
            let counts = match resource.kind {
                Kind::Releases => false,
                Kind::Checksum => listed(resource),
                _ => true,
            };
            if let (Some(version), true) = (version, counts && standing.is_valid()) {
                self.resources.insert(resource.clone(), *version);
            }
        }
    }

    /// Whether the chain of a tree before is one history with the links that are known here and
    /// with the chain of the new tree: it has the known links, or, where it is shorter, the new
    /// chain has its last link.
    pub fn shares_history(&self, before: &[Digest], new: &[Digest]) -> bool {
        let last = before.len().checked_sub(1);
        let continued = last.is_some_and(|last| before.get(last) == new.get(last));
        self.links.iter().all(|(&number, known)| {
            let number = usize::try_from(number).unwrap_or(usize::MAX);
            before.get(number).map_or(continued, |link| link == known)
        })
    }

    /// The version of a resource, lists of releases included.
    pub fn version(&self, resource: &ResourceId) -> Option<ResourceVersion> {
        match resource.kind {
            Kind::Releases => {
                let name = PackageName::new(&resource.name).ok()?;
                self.lists.get(&name).map(|list| list.version)
            }
            _ => self.resources.get(resource).copied(),
        }
    }

    /// Raises each register to that of `other`, which is of the same repository. Every link
    /// that is known stays known; of two versions with one revision, and of two links with one
    /// number, the own one stays; of two lists of a package the one with the higher revision
    /// counts, never what both list together.
    pub fn raise(&mut self, other: Registers) {
        if self.identity != other.identity {
            return;
        }
        for (number, link) in other.links {
            self.links.entry(number).or_insert(link);
        }
        let higher = |own: Option<&ResourceVersion>, other: &ResourceVersion| {
            own.is_none_or(|own| other.revision > own.revision)
        };
        for (resource, version) in other.resources {
            if higher(self.resources.get(&resource), &version) {
                self.resources.insert(resource, version);
            }
        }
        for (name, list) in other.lists {
            if higher(self.lists.get(&name).map(|l| &l.version), &list.version) {
                self.lists.insert(name, list);
            }
        }
        if let Some(snapshot) = other.snapshot
            && higher(self.snapshot.as_ref(), &snapshot)
        {
            self.snapshot = Some(snapshot);
        }
    }
}

/// The list of releases of a package, if it is valid.
fn valid_list<'r>(
    repository: &'r Repository,
    report: &PackageReport,
) -> Option<(&'r Releases, ResourceVersion)> {
    let (version, standing) = report.standings.get(&ResourceId::releases(&report.name))?;
    let loaded = repository.packages.get(&report.name)?.releases.good()?;
    standing.is_valid().then_some((&loaded.value, (*version)?))
}
