//! The rules that decide what may follow what: U1 to U6 of `docs/verification.md`.

use std::collections::BTreeSet;

use super::registers::Registers;
use crate::finding::{Cause, Code, Finding, Findings, remedy};
use crate::format::digest::Digest;
use crate::format::name::{Id, PackageName, Release};
use crate::format::path::Place;
use crate::format::resource::{Kind, ResourceId, ResourceVersion};
use crate::hint;
use crate::repository::{Repository, Slot};
use crate::tree::Tree;
use crate::verify::Assessment;

/// U0: Holds a new tree against what was valid before. What is only not valid any more is not
/// told of the paths that are `said` to have an error.
pub fn judge(
    known: &Registers,
    repository: &Repository,
    new: &Assessment<'_>,
    said: &BTreeSet<&str>,
) -> Findings {
    let mut findings = repository.findings.as_many();
    if known.identity != new.chain.identity() {
        findings.push(
            Finding::error(
                Code::OtherRepository,
                Place::Link(0).path(),
                "this is another repository than the one that was accepted before",
            )
            .value("before", known.identity)
            .value("now", new.chain.identity())
            .hint(hint::NEW_ANCHORS),
        );
        return findings;
    }
    let now = Registers::of(repository, new);
    findings.extend(chain(known, new));
    let told = |f: &Finding| f.code != Code::Unsigned || !said.contains(f.path.as_str());
    let follow = |resource: &ResourceId, before: ResourceVersion| {
        follows(&now, repository, resource, before).filter(told)
    };
    for (resource, before) in &known.resources {
        findings.extend(match resource.kind {
            Kind::Checksum if repository.version_of(resource).is_none() => {
                removed(&now, resource, *before)
            }
            // Without a valid list no checksum is valid, and the list has its own finding.
            Kind::Checksum if has_no_list(&now, resource) => {
                follow(resource, *before).filter(|f| f.code != Code::Unsigned)
            }
            _ => follow(resource, *before),
        });
    }
    for (name, list) in &known.lists {
        let resource = ResourceId::releases(name);
        findings.extend(follow(&resource, list.version));
        releases(known, &now, name, &mut findings);
    }
    findings.extend(snapshot(known, repository, &now).filter(told));
    findings
}

fn has_no_list(now: &Registers, checksum: &ResourceId) -> bool {
    let name = checksum.package();
    name.is_none_or(|name| !now.lists.contains_key(&name))
}

/// U1: the chain only grows.
fn chain(known: &Registers, new: &Assessment<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (&n, before) in &known.links {
        let found = usize::try_from(n)
            .ok()
            .and_then(|n| new.chain.digests().get(n));
        if found == Some(before) {
            continue;
        }
        findings.push(
            Finding::error(
                Code::Forked,
                Place::Link(n).path(),
                format!("link {n} of the janitor chain is not the one that was accepted before"),
            )
            .value("before", before)
            .value(
                "now",
                found.map_or_else(|| "missing".to_owned(), Digest::to_string),
            )
            .remedy(&remedy::RESTORE_LINK, ""),
        );
    }
    findings
}

/// Whether a version may stand where another one was: it is the same, or a higher one.
fn rises(before: ResourceVersion, now: ResourceVersion) -> bool {
    now == before || now.revision > before.revision
}

/// U2: what was valid is there and valid, and not older.
fn follows(
    now: &Registers,
    repository: &Repository,
    resource: &ResourceId,
    before: ResourceVersion,
) -> Option<Finding> {
    if now.version(resource).is_some_and(|now| rises(before, now)) {
        return None;
    }
    let path = resource.path();
    let Some(present) = repository.version_of(resource) else {
        return Some(not_there(repository, resource, before));
    };
    let both = |finding: Finding| {
        let text = |v: ResourceVersion| format!("{}, {}", v.revision, v.digest);
        finding
            .value("before", text(before))
            .value("now", text(present))
    };
    Some(if present.revision < before.revision {
        Finding::error(
            Code::Rollback,
            &path,
            format!("`{path}` is older than the version that was accepted before"),
        )
        .value("before", before.revision)
        .value("now", present.revision)
        .remedy(remedy::newer(resource), "")
    } else if present.revision == before.revision && present.digest != before.digest {
        both(Finding::error(
            Code::Rollback,
            &path,
            format!("`{path}` changed without a new counter"),
        ))
        .remedy(remedy::newer(resource), "")
    } else {
        both(Finding::error(
            Code::Unsigned,
            &path,
            format!("the {resource} was valid before, and is not valid now"),
        ))
        .remedy(&remedy::VALID_BEFORE, "")
        .because(Cause::not_valid(resource))
    })
}

/// What was valid and cannot be read any more.
fn not_there(repository: &Repository, resource: &ResourceId, before: ResourceVersion) -> Finding {
    let path = resource.path();
    let other = Id::new(&resource.name)
        .ok()
        .and_then(|id| repository.ids.get(&id))
        .and_then(Slot::good)
        .filter(|_| matches!(resource.kind, Kind::Author | Kind::Team));
    match other {
        Some(other) => Finding::error(
            Code::NamespaceClash,
            &path,
            format!("the {resource} became the {}", other.value.resource_id()),
        )
        .hint("an author never becomes a team, nor a team an author"),
        None => Finding::error(
            Code::Removed,
            &path,
            format!("`{path}` was accepted before, and is gone"),
        )
        .value("before", before.revision)
        .remedy(&remedy::RESTORE, ""),
    }
}

/// U3: a release that goes stays below the floor of its list.
fn removed(now: &Registers, resource: &ResourceId, before: ResourceVersion) -> Option<Finding> {
    let release = Release::new(&resource.name).ok()?;
    // A list that is not valid any more has its own finding.
    let list = now.lists.get(&release.name())?;
    if list.floor() >= before.revision && !list.releases.contains(&release) {
        return None;
    }
    Some(
        Finding::error(
            Code::Removed,
            resource.path(),
            format!("the release `{release}` was accepted before, and is gone"),
        )
        .value("before", before.revision)
        .value("floor", list.floor())
        .remedy(&remedy::SIGN_REMOVAL, ""),
    )
}

/// U4 and U5: a release that the known list does not list is above its floor, and the floor
/// does not fall.
fn releases(known: &Registers, now: &Registers, name: &PackageName, findings: &mut Findings) {
    let (Some(before), Some(list)) = (known.lists.get(name), now.lists.get(name)) else {
        return;
    };
    if list.floor() < before.floor() {
        findings.push(
            Finding::error(
                Code::Rollback,
                ResourceId::releases(name).path(),
                format!("the floor of the releases of `{name}` fell, so that removed ones could return as they were"),
            )
            .value("before", before.floor())
            .value("now", list.floor())
            .remedy(&remedy::NEWER, ""),
        );
    }
    for release in list.releases.difference(&before.releases) {
        let resource = ResourceId::checksum(release);
        // One that is not valid has its own finding.
        let Some(version) = now.version(&resource) else {
            continue;
        };
        if version.revision <= before.floor() {
            findings.push(
                Finding::error(
                    Code::Returned,
                    resource.path(),
                    format!("the release `{release}` was removed, and is back as it was"),
                )
                .value("floor", before.floor())
                .value("now", version.revision)
                .remedy(&remedy::SIGN_RETURN, ""),
            );
        }
    }
}

/// U6: the snapshot is followed by a later one, and never goes away.
fn snapshot(known: &Registers, repository: &Repository, now: &Registers) -> Option<Finding> {
    let before = known.snapshot?;
    if now.snapshot.is_some_and(|now| rises(before, now)) {
        return None;
    }
    let path = Place::Snapshot.path();
    let Some(loaded) = repository.snapshot.good() else {
        return Some(
            Finding::error(Code::Removed, &path, "there was a snapshot, and it is gone")
                .value("before", before.revision)
                .remedy(&remedy::RESTORE_SNAPSHOT, ""),
        );
    };
    let present = loaded.snapshot_version();
    let text = |v: ResourceVersion| format!("{}, {}", v.revision, v.digest);
    let (code, message) = if present.revision < before.revision {
        (
            Code::Rollback,
            "the snapshot, and the repository with it, is older than the one that was accepted before",
        )
    } else if rises(before, present) {
        // It has its own finding.
        (
            Code::Unsigned,
            "the snapshot was valid before, and is not valid now",
        )
    } else {
        (Code::Rollback, "the snapshot changed without a new counter")
    };
    Some(
        Finding::error(code, &path, message)
            .value("before", text(before))
            .value("now", text(present))
            .remedy(&remedy::RESTORE_SNAPSHOT, ""),
    )
}

/// U7: A removal hides nothing: opam from 2.5 on forgets a release when a patch removes any file
/// of a directory of its name, although the release lies elsewhere.
pub fn forgotten(old: &Tree, new: &Tree, repository: &Repository) -> impl Iterator<Item = Finding> {
    let finding = |(dir, release): (String, Release)| {
        Finding::error(
            Code::Forgotten,
            &dir,
            format!(
                "a file goes from `{dir}/`, and opam would forget the release `{release}` with it"
            ),
        )
        .hint(hint::FETCH_AND_TELL)
    };
    forgets(old, new, repository).into_iter().map(finding)
}

/// The directories from which a file goes, and the releases that opam would forget then.
pub fn forgets(old: &Tree, new: &Tree, repository: &Repository) -> Vec<(String, Release)> {
    let candidates = candidates(old, new);
    if candidates.is_empty() {
        return Vec::new();
    }
    let key = |release: &Release| (release.name(), release.version().order_key());
    let declared: BTreeSet<_> = repository.declared().map(|(_, r, _)| key(r)).collect();
    let hides = |(_, release): &(&str, Release)| declared.contains(&key(release));
    let hidden = candidates.into_iter().filter(hides);
    hidden
        .map(|(dir, release)| (dir.to_owned(), release))
        .collect()
}

/// Whether an update takes a file from a directory that could be one of a release.
pub fn drops_from(old: &Tree, new: &Tree) -> bool {
    !candidates(old, new).is_empty()
}

/// The directories from which an update takes files, if they are called like a release and have
/// no description of one afterwards.
fn candidates<'t>(old: &'t Tree, new: &Tree) -> Vec<(&'t str, Release)> {
    let there = |path: &str| new.files.contains_key(path) || new.elsewhere.contains(path);
    let mut directories: BTreeSet<&str> = BTreeSet::new();
    let paths = old.files.keys().chain(&old.elsewhere);
    for path in paths.filter(|path| !there(path)) {
        let dir = path.rsplit_once('/').map_or("", |(dir, _)| dir);
        directories.insert(dir.strip_suffix("/files").unwrap_or(dir));
    }
    let mut candidates = Vec::new();
    for dir in directories {
        let name = dir.rsplit('/').next().unwrap_or_default();
        if let Ok(release) = Release::new(name)
            && !there(&format!("{dir}/opam"))
        {
            candidates.push((dir, release));
        }
    }
    candidates
}
