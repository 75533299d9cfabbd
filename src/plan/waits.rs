//! What waits for a quorum, and what of that nobody should vouch for as it is.

use super::conflict::has_markers;
use super::obstacle::of_package;
use super::scope::is_about;
use super::world::package_or_name;
use super::{MOST_AHEAD, World};
use crate::hint::Hint;
use conex_verify::finding::{Code, Finding, Reader};
use conex_verify::format::name::{Id, PackageName};
use conex_verify::format::resource::{Author, IdFile, Kind, ResourceId, ResourceVersion};
use conex_verify::workbench::trust::support::{Standing, Waiting};
use conex_verify::workbench::verify::packages::PackageReport;
use std::collections::BTreeSet;

/// One resource that is not valid in the tree and could be.
#[derive(Debug, Clone)]
pub struct Waits {
    /// The resource.
    pub resource: ResourceId,
    /// The version in the tree.
    pub version: ResourceVersion,
    /// How many janitors vouch for it.
    pub approvals: usize,
    /// Why nobody should vouch for it as it is.
    pub problem: Option<(Code, String)>,
}

impl Waits {
    /// Whether the counter is further ahead than an honest one can be: somebody pushed it.
    pub(super) fn too_far(&self, world: &World<'_>) -> bool {
        let revision = self.version.revision;
        let owners = world.supporters(&self.resource).0.unwrap_or_default();
        let highest = world.highest_entry(&self.resource, &owners, revision.epoch);
        let counts = highest.map_or(0, |r| r.counter);
        revision.counter > counts.saturating_add(MOST_AHEAD)
    }

    /// Why nobody should vouch for it as it is, or not unless the id is `named` (T5).
    pub fn left_out(&self, world: &World<'_>, named: bool) -> Option<Finding> {
        let resource = &self.resource;
        let path = resource.path();
        let id = Id::new(&resource.name).ok();
        let id = id.filter(|_| resource.kind == Kind::Author);
        let taken = id.as_ref().and_then(|id| match world.id_file(id) {
            Some(IdFile::Author(author)) => world.takes_over(author),
            _ => None,
        });
        if let (Some(id), Some(taken)) = (id, taken) {
            let left_out = if !named {
                let hint = Hint::ApproveById { id: id.to_string() };
                Some((taken, hint))
            } else {
                world.unproven_key(&id).map(|key| {
                    let why = format!("the key {key} has signed nothing for `{id}`");
                    let hint = Hint::ProveKey { id: id.to_string() };
                    (why, hint)
                })
            };
            if let Some((why, hint)) = left_out {
                let message = format!("the {resource} is left out: {why}");
                return Some(Finding::warning(Code::UnknownKey, path, message).hint(hint));
            }
        }
        let open = world.open_epoch(resource);
        // The epoch of a checksum is that of the list of its package.
        let epoch = match resource.kind {
            Kind::Checksum => open,
            _ => self.version.revision.epoch,
        };
        let open = if epoch > open.saturating_add(1) {
            open.max(world.opened_once(resource))
        } else {
            open
        };
        // Epochs never go back either: one at the end could not be recovered from.
        let leap = (epoch > open.saturating_add(1)).then(|| {
            let problem = format!(
                "it is of epoch {epoch}, and the next to be opened is {}",
                open + 1
            );
            (Code::EpochNotOpened, problem)
        });
        let far = self.too_far(world).then(|| {
            let problem = {
                let name = package_or_name(resource).to_string();
                format!(
                    "its counter is {}, more than {MOST_AHEAD} above the highest that counts; {}",
                    self.version.revision.counter,
                    Hint::SignAnewOrEpoch { name }
                )
            };
            (Code::EpochNotOpened, problem)
        });
        let (code, problem) = self.problem.clone().or(leap).or(far)?;
        let message = format!("the {resource} is left out: {problem}");
        Some(Finding::warning(code, path, message))
    }

    pub(super) fn is_vouched_by(&self, world: &World<'_>, id: &Id) -> bool {
        world
            .assessment
            .vouches
            .janitors(&self.resource, self.version)
            .ids()
            .contains(id)
    }
}

/// Everything that waits for a quorum.
pub fn waiting(world: &World<'_>) -> Vec<Waits> {
    offered(world, &[], false)
}

/// The packages and ids that were declined: `approve` offers them by their names alone.
pub fn declined(world: &World<'_>) -> BTreeSet<String> {
    let list = everything(world).into_iter();
    list.filter(|item| is_declined(world, item))
        .map(|item| package_or_name(&item.resource).to_owned())
        .collect()
}

/// What waits, with those declined things that the janitor names; with `held`, all packages that
/// nobody owns.
pub fn offered(world: &World<'_>, names: &[String], held: bool) -> Vec<Waits> {
    let named = |item: &Waits| {
        let is_held = held && item.resource.package().is_some();
        is_held || names.iter().any(|name| is_about(&item.resource, name))
    };
    let mut list = everything(world);
    list.retain(|item| named(item) || !is_declined(world, item));
    // What stands in for a file with both sides in it is in nobody's tree.
    for item in &mut list {
        if world.conflicts.rewritten.contains(&item.resource.path()) {
            let why = format!("it holds git's conflict markers; {}", Hint::SignAgain);
            item.problem = Some((Code::Digest, why.clone()));
        }
    }
    list
}

/// Whether a first id or claim was emptied before anybody approved it: `conex decline`.
fn is_declined(world: &World<'_>, item: &Waits) -> bool {
    match item.resource.kind {
        Kind::Author | Kind::Team => {
            let id = Id::new(&item.resource.name).ok();
            let empty = id
                .and_then(|id| world.id_file(&id))
                .is_some_and(|file| match file {
                    IdFile::Author(author) => author.keys.is_empty(),
                    IdFile::Team(team) => team.members.is_empty(),
                });
            empty && world.is_first(&item.resource)
        }
        Kind::Authorisation | Kind::Releases | Kind::Checksum => item
            .resource
            .package()
            .is_some_and(|name| world.is_declined(&name)),
        Kind::Repo | Kind::Claims => false,
    }
}

impl World<'_> {
    /// Whether no version of a resource was ever approved, nor this one by anybody. What
    /// former janitors approved, and nobody approved again, is no first version.
    pub(super) fn is_first(&self, resource: &ResourceId) -> bool {
        matches!(self.standing(resource),
            Some(Standing::Waiting(w)) if w.supported.is_none() && w.janitors.is_empty())
            && self.approved_once(resource).is_empty()
    }

    /// Whether the claim of a package was declined: nobody is asked to approve it, unless they
    /// name it, and the package is as one without an owner.
    pub(super) fn is_declined(&self, name: &PackageName) -> bool {
        let package = self.repository.packages.get(name);
        let claim = package.and_then(|p| p.authorisation.good());
        claim.is_some_and(|a| a.value.owners.is_empty())
            && self.is_first(&ResourceId::authorisation(name))
    }
}

fn everything(world: &World<'_>) -> Vec<Waits> {
    let mut list = Vec::new();
    let assessment = &world.assessment;
    for (id, slot) in &world.repository.ids {
        if let (Some(loaded), Some(Standing::Waiting(w))) =
            (slot.good(), assessment.people.standings.get(id))
        {
            list.push(Waits {
                resource: loaded.value.resource_id(),
                version: loaded.id_version(),
                approvals: w.janitors.len(),
                problem: key_problem(world, &loaded.value),
            });
        }
    }
    for (resource, (version, standing)) in [
        (ResourceId::repo(), &assessment.repo),
        (ResourceId::claims(), &assessment.claims),
    ] {
        if let (Some(version), Standing::Waiting(w)) = (version, standing) {
            list.push(Waits {
                resource,
                version: *version,
                approvals: w.janitors.len(),
                problem: None,
            });
        }
    }
    for package in &assessment.packages {
        list.extend(package_waits(world, package));
    }
    list
}

/// Why an id file must not be approved: with it one key would count for two ids, and
/// everybody would reject the repository; or whoever signs with a key that cannot be used
/// would have everybody reject it.
fn key_problem(world: &World<'_>, file: &IdFile) -> Option<(Code, String)> {
    let IdFile::Author(author) = file else {
        return None;
    };
    let unusable = author.keys.iter().find_map(|key| {
        let why = key.usable().err()?;
        let problem = format!(
            "it lists the key {}, which cannot be used: {why}; the author takes another key",
            key.fingerprint()
        );
        Some((Code::BadKey, problem))
    });
    unusable
        .or_else(|| key_of_two(world, author))
        .or_else(|| forged(world, author))
}

/// V2.3: A file in the author's name that has everybody reject the repository once the keys count.
fn forged(world: &World<'_>, author: &Author) -> Option<(Code, String)> {
    let path = world.forged(&author.id, &author.keys)?;
    let problem = format!("{}; {}", not_signed(path, &author.id), Hint::RemoveForged);
    Some((Code::BadSignature, problem))
}

/// What is said of a file in somebody's name that they did not sign.
pub(super) fn not_signed(path: &str, id: &Id) -> String {
    format!(
        "`{path}` is in the name of `{id}`, and was not signed with that key for this repository"
    )
}

fn key_of_two(world: &World<'_>, author: &Author) -> Option<(Code, String)> {
    author.keys.iter().find_map(|key| {
        let key = key.fingerprint();
        let people = &world.assessment.people;
        let other = people.also_proven_by(&author.id, &key, world.chain())?;
        let problem = format!(
            "it lists the key {key}, which `{other}` has proven too; one of the two takes another key"
        );
        Some((Code::KeyOfTwoIds, problem))
    })
}

fn package_waits(world: &World<'_>, report: &PackageReport) -> Vec<Waits> {
    let Some(package) = world.repository.packages.get(&report.name) else {
        return Vec::new();
    };
    // Releases of a package that nobody owns, and that nobody is asked to give an
    // owner, stay unsigned.
    if package.authorisation.good().is_none() {
        return Vec::new();
    }
    report
        .standings
        .iter()
        .filter_map(
            |(resource, (version, standing))| match (version, standing) {
                // One that lacks only a valid list waits for that, and for nobody else.
                (Some(version), Standing::Waiting(w))
                    if (w.owners.is_empty() && !w.count.enough()) || w.needs_opening() =>
                {
                    Some(Waits {
                        resource: resource.clone(),
                        version: *version,
                        approvals: w.janitors.len(),
                        problem: unacceptable(world, report, resource).or_else(|| {
                            inconsistent(world, report, resource)
                                .map(|problem| (Code::Digest, problem))
                        }),
                    })
                }
                _ => None,
            },
        )
        .collect()
}

/// T9: Why nobody should give a package its first owner: every client would refuse the repository
/// from then on, whoever signs what is there.
fn unacceptable(
    world: &World<'_>,
    report: &PackageReport,
    resource: &ResourceId,
) -> Option<(Code, String)> {
    let supported = |w: &Waiting| w.supported.is_some();
    match world.standing(resource) {
        Some(Standing::Waiting(w)) if resource.kind == Kind::Authorisation && !supported(w) => {}
        _ => return None,
    }
    let found = of_package(world.repository, &report.name);
    let first = found.first()?;
    let problem = format!(
        "once the package has an owner all clients refuse the repository: {}; {}",
        first.message,
        first.hint_for(Reader::WorkTree)
    );
    Some((first.code, problem))
}

/// Why a resource does not describe what lies in the tree.
fn inconsistent(
    world: &World<'_>,
    report: &PackageReport,
    resource: &ResourceId,
) -> Option<String> {
    let package = world.repository.packages.get(&report.name)?;
    match resource.kind {
        Kind::Releases => {
            let listed = &package.releases.good()?.value.releases;
            let same = listed.iter().eq(package.directories.keys());
            (!same).then(|| {
                format!(
                    "it does not list the releases that are there; {}",
                    Hint::SignAgain
                )
            })
        }
        Kind::Checksum => {
            let (_, dir) = package
                .directories
                .iter()
                .find(|(release, _)| *release.as_str() == *resource.name)?;
            if dir.opam().is_some_and(|opam| has_markers(opam)) {
                return Some("its opam file holds git's conflict markers".to_owned());
            }
            let listed = &dir.checksum.good()?.value.files;
            let same = listed.len() == dir.files.len()
                && dir
                    .files
                    .iter()
                    .all(|(path, file)| listed.get(path) == Some(&file.digest));
            (!same).then(|| {
                format!(
                    "it does not fit the files that are there; {}",
                    Hint::SignAgain
                )
            })
        }
        _ => None,
    }
}
