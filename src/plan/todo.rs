//! Who must still do what, before everything that is claimed or proposed is valid.
//!
//! A [`Todo`] is made from a tree that is seen as if what waits were approved
//! ([`View::AsIfApproved`](crate::plan::View::AsIfApproved)): an owner who is
//! only now proposed is already asked, and not a quorum in their place.

use std::collections::{BTreeMap, BTreeSet};

use super::World;
use super::waits::waiting;
use conex_verify::finding::{Code, Severity};
use conex_verify::format::name::{Id, PackageName, Release};
use conex_verify::format::resource::{IdFile, Kind, ResourceId};
use conex_verify::workbench::repository::{Package, ReleaseDir, Slot};
use conex_verify::workbench::trust::support::{Standing, Waiting};
use conex_verify::workbench::trust::tally::Count;
use conex_verify::workbench::verify::packages::PackageReport;
use conex_verify::workbench::verify::snapshot::notaries_id;

/// What has to be done with something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Deed {
    /// The last link of the chain is to be signed: `conex approve`.
    SignLink,
    /// An author is to prove a key, by signing anything with it: `conex sign`.
    Prove,
    /// An author's file lists the key of somebody else: `conex rotate`.
    OtherKey,
    /// Checksums or a list of releases do not fit the files: they are to be written
    /// anew, by anybody, and vouched for by those who are named: `conex sign`.
    Write,
    /// It is to be vouched for: owners `conex sign`, janitors `conex approve`.
    Vouch,
    /// The snapshot is to be made of the tree as it is: `conex snapshot`.
    Snapshot,
}

impl Deed {
    /// The name of the deed for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Deed::SignLink => "sign-link",
            Deed::Prove => "prove-key",
            Deed::OtherKey => "other-key",
            Deed::Write => "write",
            Deed::Vouch => "vouch",
            Deed::Snapshot => "snapshot",
        }
    }
}

/// Who can do something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Every one of these.
    Each(BTreeSet<Id>),
    /// One of the owners, or enough of the janitors.
    Enough {
        /// One of these is enough; may be empty.
        owners: BTreeSet<Id>,
        /// How many more janitors are enough.
        missing: usize,
        /// Those who can still do it: without who did already.
        of: BTreeSet<Id>,
    },
}

impl Who {
    /// Whether this person can do it.
    pub fn has(&self, id: &Id) -> bool {
        match self {
            Who::Each(ids) => ids.contains(id),
            Who::Enough { owners, of, .. } => owners.contains(id) || of.contains(id),
        }
    }

    /// Whether this person is an owner of it, and so alone enough.
    pub fn is_owner(&self, id: &Id) -> bool {
        match self {
            Who::Each(ids) => ids.contains(id),
            Who::Enough { owners, .. } => owners.contains(id),
        }
    }
}

/// What something has to be done with.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Item {
    /// A link of the janitor chain.
    Link(usize),
    /// A resource.
    Resource(ResourceId),
    /// The snapshot.
    Snapshot,
}

impl Item {
    /// The package that it belongs to, if any.
    pub fn package(&self) -> Option<PackageName> {
        match self {
            Item::Link(_) | Item::Snapshot => None,
            Item::Resource(resource) => resource.package(),
        }
    }
}

/// Something to do, for many things at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// What.
    pub deed: Deed,
    /// By whom.
    pub who: Who,
    /// With what.
    pub items: BTreeSet<Item>,
}

/// Everything that is to be done; tasks with the same people are one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Todo {
    /// The tasks, each with something in it.
    pub tasks: Vec<Task>,
}

impl Todo {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// Only what this person can do.
    #[must_use]
    pub fn of_person(&self, id: &Id) -> Todo {
        let tasks = self.tasks.iter().filter(|t| t.who.has(id));
        Todo {
            tasks: tasks.cloned().collect(),
        }
    }

    /// Only what is to be done with some things.
    #[must_use]
    pub fn about(&self, wanted: impl Fn(&Item) -> bool) -> Todo {
        let some = |task: &Task| {
            let items: BTreeSet<Item> = task.items.iter().filter(|i| wanted(i)).cloned().collect();
            (!items.is_empty()).then(|| Task {
                items,
                ..task.clone()
            })
        };
        Todo {
            tasks: self.tasks.iter().filter_map(some).collect(),
        }
    }

    /// What is to be done with each thing, and by whom.
    pub fn items(&self) -> impl Iterator<Item = (&Item, Deed, &Who)> {
        self.tasks
            .iter()
            .flat_map(|t| t.items.iter().map(|item| (item, t.deed, &t.who)))
    }
}

/// What is to be done in a tree that is seen as if what waits were approved.
pub fn todo(approved: &World<'_>) -> Todo {
    let mut list = List {
        world: approved,
        tasks: BTreeMap::new(),
    };
    list.link();
    list.keys();
    let mut written = BTreeSet::new();
    for package in &approved.assessment.packages {
        written.extend(list.writes(package));
    }
    list.vouches(&written);
    let tasks = list.tasks.into_iter();
    Todo {
        tasks: tasks
            .map(|((deed, who), items)| Task { deed, who, items })
            .collect(),
    }
}

struct List<'a, 'r> {
    world: &'a World<'r>,
    tasks: BTreeMap<(Deed, Who), BTreeSet<Item>>,
}

impl List<'_, '_> {
    fn add(&mut self, deed: Deed, who: Who, item: Item) {
        self.tasks.entry((deed, who)).or_default().insert(item);
    }

    /// The signatures that the last link lacks. Whoever is in it and in the link before
    /// signs once for both.
    fn link(&mut self) {
        let chain = self.world.chain();
        let number = chain.links().len().saturating_sub(1);
        let status = chain.signatures(number);
        let left = |ids: Vec<&Id>| -> BTreeSet<Id> {
            ids.into_iter()
                .filter(|id| !status.signed.contains(*id))
                .cloned()
                .collect()
        };
        let added: BTreeSet<Id> = status.added_missing.iter().cloned().collect();
        let own = left(chain.current().members.keys().collect());
        let before = match chain.links().iter().rev().nth(1) {
            Some(link) => left(link.value.link.members.keys().collect()),
            None => BTreeSet::new(),
        };
        let before_missing = status.before.map_or(0, Count::missing);
        // Those who are added sign in any case, and count.
        let own_missing = status.own.missing().saturating_sub(added.len());
        let item = Item::Link(number);
        if !added.is_empty() {
            self.add(Deed::SignLink, Who::Each(added.clone()), item.clone());
        }
        let own = &own - &added;
        let implied = |(n, of): (usize, &BTreeSet<Id>), (more, by): (usize, &BTreeSet<Id>)| {
            n == 0 || (n <= more && by.is_subset(of))
        };
        let (first, second) = ((before_missing, &before), (own_missing, &own));
        let first_implied = implied(first, second);
        let asked = [
            (first, first_implied),
            (second, !first_implied && implied(second, first)),
        ];
        for ((missing, of), implied) in asked {
            if missing > 0 && !implied {
                let who = Who::Enough {
                    owners: BTreeSet::new(),
                    missing,
                    of: of.clone(),
                };
                self.add(Deed::SignLink, who, item.clone());
            }
        }
    }

    /// Authors none of whose keys is proven: approved or not, they own nothing yet.
    fn keys(&mut self) {
        let people = &self.world.assessment.people;
        for (id, slot) in &self.world.repository.ids {
            let Some(IdFile::Author(author)) = slot.good().map(|l| &l.value) else {
                continue;
            };
            let proven = author.keys.iter().any(|key| {
                let ids = people.proven.get(&key.fingerprint());
                self.world.chain().key_of(id) == Some(key)
                    || ids.is_some_and(|ids| ids.contains(id))
            });
            if !author.keys.is_empty() && !proven {
                let item = Item::Resource(ResourceId::id(Kind::Author, id));
                self.add(Deed::Prove, Who::Each([id.clone()].into()), item);
            }
        }
    }

    /// What of a package must be written anew before anybody vouches for it.
    fn writes(&mut self, report: &PackageReport) -> BTreeSet<ResourceId> {
        let Some(package) = self.world.repository.packages.get(&report.name) else {
            return BTreeSet::new();
        };
        let declined = self.world.is_declined(&report.name);
        if (package.authorisation.good().is_none() || declined) && !report.claimed {
            return BTreeSet::new();
        }
        let unfit = unfit(report, package);
        let janitors = self.world.chain().current().members.keys();
        let who = Who::Enough {
            owners: self.owners(report),
            missing: self.world.chain().quorum(),
            of: janitors.cloned().collect(),
        };
        for resource in &unfit {
            self.add(Deed::Write, who.clone(), Item::Resource(resource.clone()));
        }
        unfit
    }

    /// The owners who have a key to sign with: nothing waits for somebody who was revoked.
    fn owners(&self, report: &PackageReport) -> BTreeSet<Id> {
        let (people, chain) = (&self.world.assessment.people, self.world.chain());
        let has_key = |id: &&Id| {
            let keys = people.authors.get(*id);
            chain.key_of(id).is_some() || keys.is_some_and(|keys| !keys.is_empty())
        };
        let owners = people.resolve(&report.owners, chain);
        owners.into_iter().filter(has_key).cloned().collect()
    }

    /// What waits as it is, without what is to be written anew anyway.
    fn vouches(&mut self, written: &BTreeSet<ResourceId>) {
        for waits in waiting(self.world) {
            let resource = waits.resource.clone();
            let item = Item::Resource(resource.clone());
            let asked = match (&waits.problem, resource.kind) {
                // `approve` says what stands in the way of an author or a claim.
                (Some((Code::BadSignature, _)), Kind::Author) | (Some(_), Kind::Authorisation) => {
                    true
                }
                (Some(_), Kind::Author) => {
                    if let Ok(id) = Id::new(&resource.name) {
                        self.add(Deed::OtherKey, Who::Each([id].into()), item.clone());
                    }
                    false
                }
                // It is among what is to be written.
                (Some(_), _) => false,
                // What no approval takes waits for nobody as it is. One of an id that has to be
                // named waits for that.
                (None, _) => {
                    let left_out = waits.left_out(self.world, true);
                    left_out.is_none_or(|finding| finding.code == Code::UnknownKey)
                }
            };
            if !asked || written.contains(&resource) {
                continue;
            }
            let report = item.package().and_then(|name| self.world.report(&name));
            let Some(Standing::Waiting(lacks)) = self.world.standing(&resource) else {
                continue;
            };
            let owners = match (report, resource.kind) {
                (Some(report), Kind::Releases | Kind::Checksum) if !lacks.needs_opening() => {
                    self.owners(report)
                }
                _ => BTreeSet::new(),
            };
            let who = self.quorum(owners, lacks);
            self.add(Deed::Vouch, who, item);
        }
    }

    /// One of the owners, or the janitors who have not vouched for it yet.
    fn quorum(&self, owners: BTreeSet<Id>, lacks: &Waiting) -> Who {
        let members = self.world.chain().current().members.keys();
        Who::Enough {
            owners,
            missing: lacks.count.missing().max(1),
            of: members
                .filter(|id| !lacks.janitors.contains(*id))
                .cloned()
                .collect(),
        }
    }
}

/// The checksums and the list of a package that do not describe what is there, or
/// are not above what was vouched for.
fn unfit(report: &PackageReport, package: &Package) -> BTreeSet<ResourceId> {
    let stale = |resource: &ResourceId| {
        matches!(
            report.standings.get(resource),
            Some((_, Standing::Superseded { .. } | Standing::Contested { .. }))
        )
    };
    let named = |kind: Kind, name: &str| ResourceId {
        kind,
        name: name.into(),
    };
    let there: BTreeMap<&Release, &ReleaseDir> = package.directories.iter().collect();
    let mut unfit = BTreeSet::new();
    for (release, dir) in &there {
        let resource = named(Kind::Checksum, release.as_str());
        let fits = dir.checksum.good().is_some_and(|loaded| {
            let listed = &loaded.value.files;
            listed.len() == dir.files.len()
                && dir
                    .files
                    .iter()
                    .all(|(path, file)| listed.get(path) == Some(&file.digest))
        });
        if !fits || stale(&resource) {
            unfit.insert(resource);
        }
    }
    let resource = named(Kind::Releases, report.name.as_str());
    let fits = package
        .releases
        .good()
        .is_some_and(|loaded| loaded.value.releases.iter().eq(there.keys().copied()));
    if !fits || stale(&resource) {
        unfit.insert(resource);
    }
    unfit
}

/// Who makes the snapshot anew, where there is one and it does not state what is there. Where there
/// is none, it is in the branch that users follow.
pub fn snapshot_task(world: &World<'_>) -> Option<Task> {
    let report = &world.assessment.snapshot;
    if report.is_valid() || matches!(world.repository.snapshot, Slot::Missing) {
        return None;
    }
    let team = notaries_id();
    let members = team.and_then(|team| world.assessment.people.teams.get(&team));
    let counts = |id: &&Id| world.assessment.people.is_person(id, world.chain());
    let members = members.into_iter().flatten().filter(counts);
    Some(Task {
        deed: Deed::Snapshot,
        who: Who::Enough {
            owners: members.cloned().collect(),
            missing: 0,
            of: BTreeSet::new(),
        },
        items: [Item::Snapshot].into(),
    })
}

/// How much of a repository is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// All packages.
    pub packages: usize,
    /// Those that are signed and valid.
    pub signed_packages: usize,
    /// Those that would be, if everything that waits were approved as it is.
    pub if_approved_packages: usize,
    /// All releases.
    pub releases: usize,
    /// Those of signed packages.
    pub signed_releases: usize,
    /// Those of packages that would be signed.
    pub if_approved_releases: usize,
}

/// Counts what is signed.
pub fn signed(world: &World<'_>) -> Coverage {
    let mut coverage = Coverage::default();
    for report in &world.assessment.packages {
        coverage.packages += 1;
        coverage.releases += report.releases;
        if report.is_signed() {
            coverage.signed_packages += 1;
            coverage.signed_releases += report.releases;
        }
    }
    coverage
}

/// Counts what is signed, and what would be. `approved` is the same tree as `world`,
/// seen as if what waits were approved.
pub fn coverage(world: &World<'_>, approved: &World<'_>) -> Coverage {
    let mut coverage = signed(world);
    for report in &approved.assessment.packages {
        if report.is_signed() || would_be_signed(approved, report) {
            coverage.if_approved_packages += 1;
            coverage.if_approved_releases += report.releases;
        }
    }
    coverage
}

/// Whether a package is signed and valid as soon as what waits is approved.
fn would_be_signed(approved: &World<'_>, report: &PackageReport) -> bool {
    let Some(package) = approved.repository.packages.get(&report.name) else {
        return false;
    };
    let waits = |code: Code| {
        matches!(
            code,
            Code::Quorum | Code::NotVouched | Code::EpochNotOpened | Code::Unclaimed
        )
    };
    package.authorisation.good().is_some()
        && !approved.is_declined(&report.name)
        && unfit(report, package).is_empty()
        && report
            .standings
            .values()
            .all(|(_, standing)| matches!(standing, Standing::Valid | Standing::Waiting(_)))
        && !report
            .findings
            .iter()
            .any(|f| f.severity == Severity::Error && !waits(f.code))
        && !matches!(package.releases, Slot::Broken)
}
