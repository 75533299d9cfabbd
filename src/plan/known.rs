//! What is known of a list of releases that is about to be signed, and what follows from it:
//! its floor, and how high the counters of its releases have to be.

use std::collections::{BTreeMap, BTreeSet};

use super::world::is_near;
use super::{Published, World};
use conex_verify::format::key::PublicKey;
use conex_verify::format::name::{Id, PackageName, Release};
use conex_verify::format::resource::{
    Author, IdFile, Kind, Releases, ResourceId, ResourceVersion, Revision,
};
use conex_verify::workbench::repository::Package;
use conex_verify::workbench::trust::vouch::Weight;
use conex_verify::workbench::verify::packages::PackageReport;

/// What is valid in the tree of the published branch.
pub fn published(world: &World<'_>) -> Published {
    let (mut versions, mut lists) = (BTreeMap::new(), BTreeMap::new());
    let (repository, assessment) = (world.repository, &world.assessment);
    let of_top = [
        (ResourceId::repo(), &assessment.repo),
        (ResourceId::claims(), &assessment.claims),
    ];
    let top = of_top
        .into_iter()
        .filter_map(|(resource, (version, standing))| Some((resource, (*version)?, standing)));
    let ids = repository.ids.iter().filter_map(|(id, slot)| {
        let loaded = slot.good()?;
        let standing = assessment.people.standings.get(id)?;
        Some((loaded.value.resource_id(), loaded.id_version(), standing))
    });
    let valid = top.chain(ids).filter(|(.., standing)| standing.is_valid());
    versions.extend(valid.map(|(resource, version, _)| (resource, version)));
    for report in &assessment.packages {
        for (resource, (version, standing)) in &report.standings {
            if let (true, Some(version)) = (standing.is_valid(), version) {
                versions.insert(resource.clone(), *version);
            }
        }
        let package = repository.packages.get(&report.name);
        let loaded = package.and_then(|package| package.releases.good());
        let version = versions.get(&ResourceId::releases(&report.name));
        if let (Some(version), Some(loaded)) = (version, loaded) {
            lists.insert(report.name.clone(), (*version, loaded.value.clone()));
        }
    }
    let files = repository.ids.values().filter_map(|slot| slot.good());
    let authors = files.filter_map(|loaded| match &loaded.value {
        IdFile::Author(author) => Some(author),
        IdFile::Team(_) => None,
    });
    let counts =
        |author: &&Author| versions.contains_key(&ResourceId::id(Kind::Author, &author.id));
    let keys = authors.filter(counts).map(|author| {
        let keys = author.keys.iter().map(PublicKey::fingerprint);
        (author.id.clone(), keys.collect())
    });
    let keys = keys.collect();
    Published::new(versions, lists, keys)
}

/// The releases for which somebody signed and that are not there, by package.
pub(super) struct Gone(BTreeMap<PackageName, BTreeSet<Release>>);

impl Gone {
    /// Those of a tree.
    pub fn of(world: &World<'_>) -> Gone {
        let mut gone: BTreeMap<PackageName, BTreeSet<Release>> = BTreeMap::new();
        let assessment = &world.assessment;
        let signed = assessment.vouches.resources();
        let signed = signed.chain(assessment.ignored.resources());
        for resource in signed.filter(|r| r.kind == Kind::Checksum) {
            let Ok(release) = Release::new(&resource.name) else {
                continue;
            };
            let package = world.repository.packages.get(&release.name());
            if !package.is_some_and(|p| p.directories.contains_key(&release)) {
                gone.entry(release.name()).or_default().insert(release);
            }
        }
        Gone(gone)
    }

    fn of_package(&self, name: &PackageName) -> impl Iterator<Item = &Release> {
        self.0.get(name).into_iter().flatten()
    }
}

/// What is known of a list of releases that is about to be signed.
pub(super) struct Known<'a> {
    /// Whether the signer is an owner.
    pub mine: bool,
    /// Those who can support the package besides a quorum, the signer among them.
    pub owners: BTreeSet<&'a Id>,
    /// The epoch of the list, and so of all checksums.
    pub epoch: u64,
    /// The floor of the new list.
    pub floor: u64,
    /// How many releases of the lists are not there.
    pub removed: usize,
    /// The list that is there, or the two sides of a conflict; and the published one.
    lists: Vec<(ResourceVersion, &'a Releases)>,
}

impl<'a> Known<'a> {
    /// What is known of the list of `package`. `signer` owns the package, if there is one.
    pub fn of(
        world: &'a World<'_>,
        report: &'a PackageReport,
        package: &'a Package,
        signer: Option<&'a Id>,
        gone: &Gone,
    ) -> Known<'a> {
        let resource = ResourceId::releases(&report.name);
        let people = &world.assessment.people;
        let mut owners = people.resolve(&report.owners, world.chain());
        owners.extend(signer);
        let good = package.releases.good();
        let epoch = world.epoch_of_change(&resource, good.map(|l| l.value.revision));
        let published = world.published.list(&report.name);
        let published = published.map(|(version, list)| (*version, list));
        let mut lists: Vec<(ResourceVersion, &Releases)> =
            match world.conflicts.lists.get(&report.name) {
                Some(sides) => sides.iter().map(|(v, list)| (*v, list)).collect(),
                None => good.map(|l| (l.version(), &l.value)).into_iter().collect(),
            };
        lists.extend(published);
        let mut known = Known {
            mine: signer.is_some(),
            owners,
            epoch,
            floor: 0,
            removed: 0,
            lists,
        };
        known.find_floor(world, report, package, gone);
        known
    }

    /// The floor is above everything that clients may know of releases that are not there.
    fn find_floor(
        &mut self,
        world: &World<'_>,
        report: &PackageReport,
        package: &Package,
        gone: &Gone,
    ) {
        let last = |release: &Release| {
            let checksum = ResourceId::checksum(release);
            world.highest_known(&checksum, &self.owners, self.epoch)
        };
        let listed: BTreeSet<&Release> = self.lists.iter().flat_map(|(_, l)| &l.releases).collect();
        let removed: BTreeSet<&Release> = listed
            .into_iter()
            .filter(|release| !package.directories.contains_key(*release))
            .collect();
        // Who is no owner writes of somebody else's list what has to be written.
        let signed = gone.of_package(&report.name).filter(|_| self.mine);
        let all: BTreeSet<&Release> = removed.iter().copied().chain(signed).collect();
        let of_gone = all.into_iter().filter_map(last).map(|r| r.counter);
        let floor = self.stated(world, report, package);
        self.floor = of_gone.chain(floor).max().unwrap_or(0);
        self.removed = removed.len();
    }

    /// The floors that the lists state. A list for which nobody vouches who can support it may
    /// come with a branch of a stranger: its floor counts only as far as a counter would.
    fn stated(&self, world: &World<'_>, report: &PackageReport, package: &Package) -> Option<u64> {
        let resource = ResourceId::releases(&report.name);
        let about = world.assessment.vouches.about(&resource);
        let published = world.published.version(&resource);
        let vouched = |version: ResourceVersion| {
            if published == Some(version) {
                return true;
            }
            let mut about = about.iter().filter(|v| v.version == version);
            about.any(|v| v.weight == Weight::Chain || self.owners.contains(v.id))
        };
        let highest = package.directories.keys().filter_map(|release| {
            world.highest_entry(&ResourceId::checksum(release), &self.owners, self.epoch)
        });
        let highest = highest.max();
        let lists = self.lists.iter();
        lists
            .filter(|(version, list)| {
                let floor = Revision {
                    epoch: self.epoch,
                    counter: list.floor,
                };
                list.revision.epoch == self.epoch
                    && (vouched(*version) || is_near(floor, highest, self.epoch))
            })
            .map(|(_, list)| list.floor)
            .max()
    }

    /// What the counter of a release has to be above: a client who knows one of the lists
    /// asks for more than its floor, of a release that is not in it.
    pub fn above(&self, release: &Release) -> u64 {
        let new_to = |list: &Releases| !list.releases.contains(release);
        if self.lists.iter().all(|(_, list)| new_to(list)) {
            return self.floor;
        }
        let lists = self.lists.iter().map(|(_, list)| list);
        lists
            .filter(|list| list.revision.epoch == self.epoch && new_to(list))
            .map(|list| list.floor.min(self.floor))
            .max()
            .unwrap_or(0)
    }
}
