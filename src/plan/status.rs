//! What is signed, what is missing, what waits for whom.

use std::collections::{BTreeMap, BTreeSet};

use super::World;
use super::claims::valid_authorisations;
use super::effect::{Effect, Find};
use super::planned::Plan;
use super::sign::Log;
use super::waits::{declined, waiting};
use super::world::package_or_name;

use conex_verify::finding::Finding;
use conex_verify::format::resource::{
    Entry, Kind, ResourceId, ResourceVersion, Revision, SnapshotRule,
};
use conex_verify::workbench::repository::Package;
use conex_verify::workbench::trust::link_signatures::LinkSignatures;
use conex_verify::workbench::verify::packages::PackageReport;

/// What a package is to a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protection {
    /// It is signed and complete.
    Signed,
    /// Its name is claimed, and it does not verify.
    Broken,
    /// It has metadata, and nobody claimed it yet.
    Pending,
    /// It has no metadata.
    Unsigned,
}

/// What a package is to a client.
pub fn protection(world: &World<'_>, report: &PackageReport) -> Protection {
    let package = world.repository.packages.get(&report.name);
    if report.is_signed() {
        Protection::Signed
    } else if report.claimed {
        Protection::Broken
    } else if package.is_some_and(Package::has_metadata) {
        Protection::Pending
    } else {
        Protection::Unsigned
    }
}

/// The state of a working tree in numbers and lists.
#[derive(Debug, Clone)]
pub struct Status {
    /// What the repository calls itself.
    pub name: String,
    /// Its identity.
    pub identity: String,
    /// Number of the last link, quorum, members.
    pub link: LinkSignatures,
    /// The janitors of today.
    pub janitors: Vec<String>,
    /// How many of them must agree.
    pub quorum: usize,
    /// Whether the janitors require a snapshot.
    pub snapshot: SnapshotRule,
    /// Valid authors.
    pub authors: usize,
    /// Valid teams.
    pub teams: usize,
    /// Packages that are signed and complete.
    pub signed: Vec<String>,
    /// Packages whose name is claimed and that do not verify.
    pub broken: Vec<String>,
    /// Packages with metadata that nobody claimed yet.
    pub pending: Vec<String>,
    /// Packages without any metadata.
    pub unsigned: Vec<String>,
    /// What waits for a quorum: name, and how many approve it, by kind.
    pub waiting: BTreeMap<Kind, Vec<(String, usize)>>,
    /// The packages and ids that were declined, and that nobody is asked to approve.
    pub declined: BTreeSet<String>,
    /// How many packages the list of claims names, if there is one.
    pub claims: Option<usize>,
    /// How many packages that it lacks have a valid authorisation.
    pub not_claimed: usize,
}

/// What was valid before a change and waits for a quorum after it, by kind: what only
/// those vouched for who do not count any more.
pub fn lost(before: &World<'_>, after: &World<'_>) -> BTreeMap<Kind, Vec<String>> {
    let mut lost: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    let waited: BTreeSet<_> = waiting(before)
        .into_iter()
        .map(|w| (w.resource, w.version))
        .collect();
    for item in waiting(after) {
        let path = item.resource.path();
        let same = before.tree.get(&path) == after.tree.get(&path);
        if same && !waited.contains(&(item.resource.clone(), item.version)) {
            let names = lost.entry(item.resource.kind).or_default();
            names.push(item.resource.name.to_string());
        }
    }
    lost
}

/// The packages, authors and teams with something that waits and whose counter is too far
/// ahead: nobody counts so far, a stolen key was used to push it there.
pub fn pushed(world: &World<'_>) -> BTreeSet<String> {
    waiting(world)
        .into_iter()
        .filter(|w| w.too_far(world))
        .map(|w| package_or_name(&w.resource).to_owned())
        .collect()
}

/// T7: What changes when everything that waits counts, as `approve` shows it.
pub fn changes(approved: &World<'_>, find: Find<'_>) -> Vec<Effect> {
    let offered = waiting(approved).into_iter();
    let offered = offered.filter(|item| item.left_out(approved, false).is_none());
    let link = &approved.chain().last().value;
    let number = approved.chain().links().len().saturating_sub(1);
    let complete = approved.chain().signatures(number).complete();
    let plan = Plan {
        entries: offered
            .map(|item| Entry {
                resource: item.resource,
                version: item.version,
            })
            .collect(),
        link: (!complete).then(|| link.clone()),
        ..Plan::default()
    };
    plan.effects(approved, find)
}

/// What waits and is left out of every approval that does not name it, with the reason.
pub fn left_out(approved: &World<'_>) -> Vec<Finding> {
    let offered = waiting(approved).into_iter();
    offered
        .filter_map(|item| item.left_out(approved, false))
        .collect()
}

/// The ids and packages of which something waits that `conex decline` can take away, by the path
/// of the file that waits.
pub fn declinable(approved: &World<'_>) -> BTreeMap<String, String> {
    let offered = waiting(approved).into_iter();
    let first = offered.filter(|item| {
        matches!(
            item.resource.kind,
            Kind::Author | Kind::Team | Kind::Authorisation
        ) && approved.is_first(&item.resource)
    });
    first
        .map(|item| {
            (
                item.resource.path(),
                package_or_name(&item.resource).to_owned(),
            )
        })
        .collect()
}

/// What of a log of the signer's is not in a tree and may still come: nothing that counts
/// there is above it. It was signed in a branch that is not merged, or never was published.
pub fn elsewhere(world: &World<'_>, log: &Log) -> BTreeMap<ResourceId, Revision> {
    let mut elsewhere = BTreeMap::new();
    for (resource, versions) in log {
        let above = match world.repository.version_of(resource) {
            Some(present) => Some(present.revision),
            None => floor_of(world, resource),
        };
        let there: BTreeSet<_> = world.signed(resource).collect();
        let dead =
            |v: &ResourceVersion| there.contains(v) || above.is_some_and(|a| a >= v.revision);
        if let Some(last) = versions.iter().rfind(|v| !dead(v)) {
            elsewhere.insert(resource.clone(), last.revision);
        }
    }
    elsewhere
}

/// What the floor of its list says of a release that is not there.
fn floor_of(world: &World<'_>, resource: &ResourceId) -> Option<Revision> {
    if resource.kind != Kind::Checksum {
        return None;
    }
    let list = &world
        .repository
        .package_of(resource)?
        .releases
        .good()?
        .value;
    Some(Revision {
        epoch: list.revision.epoch,
        counter: list.floor,
    })
}

/// Sums up a working tree.
pub fn status(world: &World<'_>) -> Status {
    let chain = world.chain();
    let claims = world.repository.claims.good().map(|c| &c.value.packages);
    let mut status = Status {
        name: chain.current().repository.to_string(),
        identity: chain.identity().to_string(),
        link: chain.signatures(chain.links().len().saturating_sub(1)),
        janitors: chain
            .current()
            .members
            .keys()
            .map(ToString::to_string)
            .collect(),
        quorum: chain.quorum(),
        snapshot: chain.current().snapshot,
        authors: world.assessment.people.authors.len(),
        teams: world.assessment.people.teams.len(),
        signed: Vec::new(),
        broken: Vec::new(),
        pending: Vec::new(),
        unsigned: Vec::new(),
        waiting: BTreeMap::new(),
        declined: declined(world),
        claims: claims.map(BTreeSet::len),
        not_claimed: valid_authorisations(world)
            .iter()
            .filter(|name| !claims.is_some_and(|claims| claims.contains(*name)))
            .count(),
    };
    for package in &world.assessment.packages {
        let list = match protection(world, package) {
            Protection::Signed => &mut status.signed,
            Protection::Broken => &mut status.broken,
            Protection::Pending => &mut status.pending,
            Protection::Unsigned => &mut status.unsigned,
        };
        list.push(package.name.to_string());
    }
    for item in waiting(world) {
        status
            .waiting
            .entry(item.resource.kind)
            .or_default()
            .push((item.resource.name.to_string(), item.approvals));
    }
    status
}
