//! What a page for everybody says of a repository: who owns what, why, whose keys count, which
//! releases are signed by whom, what waits, and what changed since another state.
//!
//! All of it is read off what the verifier says of the tree; nothing is decided here.

mod package;
mod person;
mod since;

pub use package::{Asked, Holds, PackageEntry, ReleaseEntry, Signed};
pub use person::PersonEntry;
pub use since::{Before, Changes, Turn};

use std::collections::BTreeMap;

use super::World;
use super::bootstrap::standings;
use super::effect::Find;
use super::status::{Status, changes, status};
use super::todo::{Coverage, coverage};
use super::waits::waiting;
use crate::bootstrap::table::Table;
use conex_verify::SnapshotFacts;
use conex_verify::finding::Finding;
use conex_verify::format::name::{Id, PackageName};
use conex_verify::format::path::{PACKAGES, Place};

/// What a report is made of.
pub struct Sources<'a, 'r> {
    /// The tree as a client sees it.
    pub world: &'a World<'r>,
    /// The tree as if what waits were approved.
    pub approved: &'a World<'r>,
    /// What is wrong in it.
    pub findings: Vec<Finding>,
    /// Looks for earlier contents of files.
    pub find: Find<'a>,
    /// Who would own what, as somebody proposes it.
    pub proposal: Option<&'a Table>,
    /// The state that it is compared with.
    pub before: Option<Before<'a, 'r>>,
}

/// What changed since another state.
pub struct Since {
    /// What people call that.
    pub name: String,
    /// Its digest, short.
    pub state: String,
    /// What changed.
    pub changes: Changes,
}

/// What a page for everybody says of a repository.
pub struct Report<'a> {
    /// The digest of the state, short.
    pub state: String,
    /// What the repository is as a whole.
    pub status: Status,
    /// The snapshot, if there is one that can be read.
    pub snapshot: Option<SnapshotFacts>,
    /// How much is signed.
    pub coverage: Coverage,
    /// The packages.
    pub packages: BTreeMap<PackageName, PackageEntry<'a>>,
    /// Everybody whom the repository or the proposal names.
    pub people: BTreeMap<Id, PersonEntry>,
    /// What waits for a quorum, by what it belongs to: how many files.
    pub waits: BTreeMap<Subject, usize>,
    /// What approving all of it would change, in lines.
    pub effects: Vec<String>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Whether there is a proposal.
    pub proposal: Option<&'a Table>,
    /// What changed since another state.
    pub since: Option<Since>,
}

/// What a page is about, or a finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// Everything.
    Repository,
    /// A person or a team.
    Person(Id),
    /// A package.
    Package(PackageName),
}

impl Subject {
    /// What a path belongs to.
    pub fn of_path(path: &str) -> Subject {
        if let Ok(Place::IdFile(id) | Place::Segment(id, _)) = Place::of(path) {
            return Subject::Person(id);
        }
        let below = path.strip_prefix(PACKAGES);
        let first = below.and_then(|below| below.split('/').next());
        match first.map(PackageName::new) {
            Some(Ok(name)) => Subject::Package(name),
            _ => Subject::Repository,
        }
    }
}

/// Makes a report.
pub fn report<'a>(sources: Sources<'a, '_>) -> Report<'a> {
    let Sources {
        world,
        approved,
        findings,
        find,
        proposal,
        before,
    } = sources;
    // What waits is seen as `approve` sees it.
    let mut sum = status(world);
    let seen = status(approved);
    (sum.waiting, sum.declined) = (seen.waiting, seen.declined);
    let mut of: BTreeMap<PackageName, Vec<usize>> = BTreeMap::new();
    let mut of_people: BTreeMap<Id, Vec<usize>> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate() {
        match Subject::of_path(&finding.path) {
            Subject::Package(name) => of.entry(name).or_default().push(at),
            Subject::Person(id) => of_people.entry(id).or_default().push(at),
            Subject::Repository => {}
        }
    }
    let mut waits: BTreeMap<Subject, usize> = BTreeMap::new();
    for item in waiting(approved) {
        *waits
            .entry(Subject::of_path(&item.resource.path()))
            .or_default() += 1;
    }
    let mut stages = standings(world);
    let packages = world.assessment.packages.iter().map(|judged| {
        let name = &judged.name;
        let mut entry = PackageEntry::of(world, judged, stages.remove(name));
        entry.declined = sum.declined.contains(name.as_str());
        entry.line = proposal.and_then(|table| table.packages.get(name));
        entry.findings = of.remove(name).unwrap_or_default();
        (name.clone(), entry)
    });
    let packages = packages.collect();
    let mut people = person::everybody(world, proposal);
    for (id, found) in of_people {
        if let Some(entry) = people.get_mut(&id) {
            entry.findings = found;
        }
    }
    Report {
        state: world.repository.state.id(),
        status: sum,
        snapshot: SnapshotFacts::of(&world.assessment.snapshot),
        coverage: coverage(world, approved),
        packages,
        people,
        waits,
        effects: changes(approved, find)
            .iter()
            .flat_map(|effect| effect.shown(false))
            .collect(),
        findings,
        proposal,
        since: before.map(|before| Since {
            changes: Changes::between(&before, world),
            state: before.repository.state.id(),
            name: before.name,
        }),
    }
}
