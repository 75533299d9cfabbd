//! The rules that decide what may follow what. `docs/verification.md` has the table.

use std::collections::BTreeMap;

use super::evidence::{Evidence, Highest, entries, key_counts, releases_of};
use crate::finding::{Code, Finding};
use crate::format::digest::Digest;
use crate::format::name::{Id, PackageName, Release};
use crate::format::path::Place;
use crate::format::resource::{Kind, Releases, ResourceId, ResourceVersion, Revision};
use crate::repository::{Repository, Slot, version_in};
use crate::verify::Assessment;

/// The hint when something old is served.
const OLD: &str = "the server or mirror serves an old state, or hides a part of the present one; use another one, or report it";

/// What is in the new tree where a resource belongs.
enum Present {
    Missing,
    /// Not readable, which has its own finding, or of another type.
    Other(Option<ResourceId>),
    At(ResourceVersion),
}

/// Holds a new tree against what was valid before.
pub fn judge(old: &Evidence, repository: &Repository, new: &Assessment<'_>) -> Vec<Finding> {
    if old.identity != new.chain.identity() {
        return vec![
            Finding::error(
                Code::OtherRepository,
                Place::Link(0).path(),
                "this is another repository than the one that was accepted before",
            )
            .value("before", old.identity)
            .value("now", new.chain.identity())
            .hint("if its maintainers started it anew, remove it from opam and add it again with their new anchors"),
        ];
    }
    let mut findings = chain(old, new);
    for (resource, version) in &old.resources {
        findings.extend(resource_follows(old, repository, new, resource, *version));
    }
    findings.extend(snapshot(old, repository));
    findings.extend(tombstones(old, repository));
    findings.extend(stripped(old, new));
    findings
}

/// The chain extends the one that is known.
fn chain(old: &Evidence, new: &Assessment<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (&n, known) in &old.links {
        let found = usize::try_from(n)
            .ok()
            .and_then(|n| new.chain.digests().get(n));
        if found == Some(known) {
            continue;
        }
        findings.push(
            Finding::error(
                Code::Forked,
                Place::Link(n).path(),
                format!("link {n} of the janitor chain is not the one that was accepted before"),
            )
            .value("before", known)
            .value(
                "now",
                found.map_or_else(|| "missing".to_owned(), Digest::to_string),
            )
            .hint(OLD),
        );
    }
    findings
}

/// The snapshot is followed by a later one, and never goes away.
fn snapshot(old: &Evidence, repository: &Repository) -> Option<Finding> {
    let before = old.snapshot?;
    let path = Place::Snapshot.path();
    match &repository.snapshot {
        // It has its own finding.
        Slot::Broken => None,
        Slot::Missing => Some(
            Finding::error(
                Code::Removed,
                &path,
                "there was a snapshot, and it is gone",
            )
            .value("before", before.revision)
            .hint("a repository that has one keeps it: the server or mirror hides it; use another one, or report it"),
        ),
        Slot::Good(loaded) => {
            let now = loaded.snapshot_version();
            if now == before || now.revision > before.revision {
                return None;
            }
            let same = now.revision == before.revision;
            let message = if same {
                "the snapshot changed without a new counter"
            } else {
                "the snapshot, and the repository with it, is older than the one that was accepted before"
            };
            let text = |version: ResourceVersion| {
                if same {
                    format!("{}, {}", version.revision, version.digest)
                } else {
                    version.revision.to_string()
                }
            };
            Some(
                Finding::error(Code::Rollback, &path, message)
                    .value("before", text(before))
                    .value("now", text(now))
                    .hint(OLD),
            )
        }
    }
}

fn present(repository: &Repository, resource: &ResourceId) -> Present {
    fn of<T: crate::format::resource::Resource>(slot: Option<&Slot<T>>) -> Present {
        match slot {
            None | Some(Slot::Missing) => Present::Missing,
            Some(Slot::Broken) => Present::Other(None),
            Some(slot) => match version_in(slot) {
                Some((_, version)) => Present::At(version),
                None => Present::Missing,
            },
        }
    }
    let package = || {
        PackageName::new(&resource.name)
            .ok()
            .and_then(|n| repository.packages.get(&n))
    };
    match resource.kind {
        Kind::Author | Kind::Team => {
            let slot = Id::new(&resource.name)
                .ok()
                .and_then(|id| repository.ids.get(&id));
            match slot {
                None | Some(Slot::Missing) => Present::Missing,
                Some(Slot::Broken) => Present::Other(None),
                Some(Slot::Good(loaded)) => {
                    let found = loaded.value.resource_id();
                    if found == *resource {
                        Present::At(loaded.id_version())
                    } else {
                        Present::Other(Some(found))
                    }
                }
            }
        }
        Kind::Repo => of(Some(&repository.repo)),
        Kind::Authorisation => of(package().map(|p| &p.authorisation)),
        Kind::Releases => of(package().map(|p| &p.releases)),
        Kind::Checksum => of(Release::new(&resource.name).ok().and_then(|release| {
            repository
                .packages
                .get(&release.name())?
                .directories
                .get(&release)
                .map(|dir| &dir.checksum)
        })),
    }
}

fn resource_follows(
    old: &Evidence,
    repository: &Repository,
    new: &Assessment<'_>,
    resource: &ResourceId,
    before: ResourceVersion,
) -> Option<Finding> {
    let path = resource.path();
    match present(repository, resource) {
        Present::At(now) if now == before || now.revision > before.revision => {
            unsigned(new, resource)
        }
        Present::At(now) if now.revision == before.revision => Some(
            Finding::error(
                Code::Rollback,
                &path,
                format!("`{path}` changed without a new counter"),
            )
            .value("before", format!("{}, {}", before.revision, before.digest))
            .value("now", format!("{}, {}", now.revision, now.digest))
            .hint(OLD),
        ),
        Present::At(now) => Some(
            Finding::error(
                Code::Rollback,
                &path,
                format!("`{path}` is older than the version that was accepted before"),
            )
            .value("before", before.revision)
            .value("now", now.revision)
            .hint(OLD),
        ),
        Present::Other(None) => None,
        Present::Other(Some(found)) => Some(
            Finding::error(
                Code::NamespaceClash,
                &path,
                format!("the {resource} became the {found}"),
            )
            .hint("an author never becomes a team, nor a team an author"),
        ),
        Present::Missing if resource.kind == Kind::Checksum => {
            removed_release(old, repository, resource, before)
        }
        Present::Missing => Some(
            Finding::error(
                Code::Removed,
                &path,
                format!("`{path}` was accepted before, and is gone"),
            )
            .value("before", before.revision)
            .hint("it can be emptied by those who vouch for it, never removed: the server or mirror hides it; use another one, or report it"),
        ),
    }
}

/// What was signed stays so: a package, and the approval of the top-level files. (An
/// id whose new file waits for approval counts for nothing until then, no more.)
fn unsigned(new: &Assessment<'_>, resource: &ResourceId) -> Option<Finding> {
    let path = resource.path();
    match resource.kind {
        Kind::Authorisation => {
            // The packages are in the order of their names.
            let claimed = new
                .packages
                .binary_search_by(|p| p.name.as_str().cmp(&resource.name))
                .ok()
                .and_then(|at| new.packages.get(at))
                .is_some_and(|p| p.claimed);
            (!claimed).then(|| {
                Finding::error(
                    Code::Unsigned,
                    path,
                    format!("the package `{}` was signed, and no quorum claims it now", resource.name),
                )
                .hint("janitors who leave are replaced in one change that vouches anew for what they claimed (`conex approve`)")
            })
        }
        Kind::Repo => (!new.repo.1.is_valid()).then(|| {
            Finding::error(
                Code::Unsigned,
                path,
                "the top-level files were approved, and what approves them now is not valid",
            )
            .hint("janitors approve `packages/.conex/repo` with `conex approve` before it is published")
        }),
        _ => None,
    }
}

/// The list of releases of the package of a checksum, in the new tree.
fn new_list<'r>(repository: &'r Repository, release: &Release) -> Option<&'r Releases> {
    Some(
        &repository
            .packages
            .get(&release.name())?
            .releases
            .good()?
            .value,
    )
}

/// A release goes by becoming a tombstone.
fn removed_release(
    old: &Evidence,
    repository: &Repository,
    resource: &ResourceId,
    before: ResourceVersion,
) -> Option<Finding> {
    let release = Release::new(&resource.name).ok()?;
    let list = new_list(repository, &release);
    if let Some(list) = list
        && list
            .tombstones
            .get(&release)
            .is_some_and(|t| *t >= before.revision)
    {
        return None;
    }
    // A quorum that raised the epoch since may have dropped the tombstone as well.
    if list.is_some_and(|list| !list.releases.contains(&release) && epoch_rose(old, list)) {
        return None;
    }
    let path = resource.path();
    let finding = Finding::error(
        Code::Removed,
        &path,
        format!("the release `{release}` was accepted before, and is gone"),
    )
    .value("before", before.revision);
    let finding = match list.and_then(|l| l.tombstones.get(&release)) {
        Some(tombstone) => finding.value("tombstone", format!("{tombstone}, too low")),
        None => finding.value("tombstone", "none"),
    };
    Some(finding.hint("its maintainers remove a release with `conex sign`, which leaves a tombstone; without one the server or mirror hides it"))
}

/// Whether the list is in a later epoch than the known one: a quorum opened it, and
/// may have dropped tombstones. Whether the version now in the tree is still the
/// quorum's cannot matter: a client that was away sees only what owners made of it.
fn epoch_rose(old: &Evidence, list: &Releases) -> bool {
    old.resources
        .get(&releases_of(&list.name))
        .is_some_and(|before| list.revision.epoch > before.revision.epoch)
}

/// A tombstone stays, or makes room for a release that was signed after it. When
/// the epoch of the list rose, a quorum may have dropped it.
fn tombstones(old: &Evidence, repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (release, &before) in &old.tombstones {
        // A list that is gone or cannot be read has its own finding.
        let Some(list) = new_list(repository, release) else {
            continue;
        };
        if list.tombstones.get(release).is_some_and(|t| *t >= before) {
            continue;
        }
        let dropped = epoch_rose(old, list);
        let resource = ResourceId {
            kind: Kind::Checksum,
            name: release.as_str().into(),
        };
        let path = resource.path();
        match present(repository, &resource) {
            Present::At(now) if now.revision > before || dropped => {}
            Present::At(now) => findings.push(
                Finding::error(
                    Code::Returned,
                    &path,
                    format!("the release `{release}` was removed, and is back as it was"),
                )
                .value("removed at", before)
                .value("now", now.revision)
                .hint("an owner who wants it back signs it again with `conex sign`"),
            ),
            _ if dropped => {}
            _ => findings.push(
                Finding::error(
                    Code::Removed,
                    Place::Releases(list.name.clone()).path(),
                    format!(
                        "the tombstone of `{release}` is gone, so that it could return as it was"
                    ),
                )
                .value("before", before)
                .value(
                    "now",
                    list.tombstones
                        .get(release)
                        .map_or_else(|| "none".to_owned(), Revision::to_string),
                )
                .hint(OLD),
            ),
        }
    }
    findings
}

/// The most findings about one key that are told: whoever strips a segment strips
/// thousands of entries.
const MOST_ENTRIES: usize = 3;

/// Per key and resource, the highest entry and the highest withdrawal never fall.
fn stripped(old: &Evidence, new: &Assessment<'_>) -> Vec<Finding> {
    if old.entries.is_empty() {
        return Vec::new();
    }
    let now = entries(&new.vouches);
    let mut findings = Vec::new();
    let mut told: BTreeMap<&Id, usize> = BTreeMap::new();
    for (who, before) in &old.entries {
        let (id, key, resource) = who;
        if !key_counts(&new.chain, &new.people, id, key) {
            continue;
        }
        let after = now.get(who).copied().unwrap_or_default();
        let Some((what, before, after)) = fell(*before, after) else {
            continue;
        };
        let count = told.entry(id).or_default();
        *count += 1;
        if *count > MOST_ENTRIES {
            continue;
        }
        findings.push(
            Finding::error(
                Code::Stripped,
                format!("packages/.conex/index/{id}"),
                format!("{what} of `{id}` about the {resource} is gone"),
            )
            .value("before", before)
            .value("now", after.map_or_else(|| "none".to_owned(), |r| r.to_string()))
            .hint("an index never shrinks: the server or mirror hides a part of it; use another one, or report it"),
        );
    }
    findings
}

fn fell(before: Highest, after: Highest) -> Option<(&'static str, Revision, Option<Revision>)> {
    match (before.vouched, before.withdrawn) {
        (Some(b), _) if after.vouched < Some(b) => Some(("a vouch", b, after.vouched)),
        (_, Some(b)) if after.withdrawn < Some(b) => Some(("a withdrawal", b, after.withdrawn)),
        _ => None,
    }
}
