//! What a change may not do although clients would bear the result: it would take away what
//! somebody signed, push a counter, or bring in what opam reads in two ways.

use crate::hint::Hint;
use std::collections::{BTreeMap, BTreeSet};

use crate::plan::claims::valid_authorisations;
use crate::plan::{MOST_AHEAD, World};
use conex_verify::finding::{Code, Finding, Severity, remedy};
use conex_verify::format::key::Fingerprint;
use conex_verify::format::name::Id;
use conex_verify::format::path::{Place, release_dir};
use conex_verify::format::resource::{Entry, IdFile, Kind, ResourceId, Revision, SignedSegment};
use conex_verify::limits::MAX_NEW_SEGMENTS;
use conex_verify::workbench::repository::{Loaded, Repository};
use conex_verify::workbench::update::Registers;

/// The findings about the way from `base` to `merged`, beside those that were `found`.
pub(super) fn judge(base: &World<'_>, merged: &World<'_>, found: &[Finding]) -> Vec<Finding> {
    let known = Registers::of(base.repository, &base.assessment);
    let is_error = |f: &&Finding| f.code == Code::Rollback && f.severity == Severity::Error;
    let fell = found.iter().filter(is_error);
    let fell = fell.map(|f| f.path.as_str()).collect();
    let mut findings = removed_segments(base, merged, &fell);
    findings.extend(new_segments(base, merged));
    findings.extend(revisions(&known, base, merged));
    findings.extend(claims(base, merged));
    findings.extend(layout(base, merged));
    findings.extend(unusable_keys(base, merged));
    findings.extend(taken_over(base, merged));
    findings
}

/// C12: A file for the id of a janitor, past or present, with another key is said.
fn taken_over(base: &World<'_>, merged: &World<'_>) -> Vec<Finding> {
    let version = |world: &World<'_>, id: &Id| {
        let slot = world.repository.ids.get(id);
        slot.and_then(|slot| slot.good())
            .map(|loaded| loaded.digest)
    };
    let ids = merged.repository.ids.keys();
    let changed = ids.filter(|id| version(base, id) != version(merged, id));
    changed
        .filter_map(|id| {
            let path = Place::IdFile(id.clone()).path();
            let Some(IdFile::Author(author)) = merged.id_file(id) else {
                return None;
            };
            let taken = merged.takes_over(author)?;
            let hint = Hint::ApproveById { id: id.to_string() };
            Some(Finding::warning(Code::UnknownKey, path, taken).hint(hint))
        })
        .collect()
}

/// V0.4: Every key in a file of an author that the change brings can be used. A client asks
/// that only of keys that somebody signs with.
fn unusable_keys(base: &World<'_>, merged: &World<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (id, slot) in &merged.repository.ids {
        let Some(loaded) = slot.good() else { continue };
        let before = base.repository.ids.get(id).and_then(|slot| slot.good());
        let IdFile::Author(author) = &loaded.value else {
            continue;
        };
        if before.is_some_and(|before| before.digest == loaded.digest) {
            continue;
        }
        for key in &author.keys {
            let Err(why) = key.usable() else { continue };
            let path = Place::IdFile(id.clone()).path();
            let text = key.to_string();
            let at = loaded
                .bytes
                .windows(text.len())
                .position(|w| w == text.as_bytes());
            let at = at.unwrap_or_default();
            findings.push(
                Finding::error(
                    Code::BadKey,
                    &path,
                    format!("a key of `{id}` cannot be used: {why}"),
                )
                .at(&loaded.bytes, at..at + text.len(), "")
                .hint(why.hint().unwrap_or_default()),
            );
        }
    }
    findings
}

/// C5: a segment with live entries stays, or the same key signs each of them again. The deleted
/// ones are judged beside those of the merge: what shows a rollback would go with them. Of files that
/// `fell` that is said already, as it is where somebody reverts a merge.
fn removed_segments(base: &World<'_>, merged: &World<'_>, fell: &BTreeSet<&str>) -> Vec<Finding> {
    let there: BTreeSet<&str> = paths(merged).collect();
    let gone = base.repository.segments.iter();
    let gone = gone.filter(|(path, _)| !there.contains(path.as_str()));
    let gone: Vec<_> = gone.collect();
    let signers = gone.iter().map(|(_, loaded)| signer(&loaded.value));
    let mut again: BTreeMap<(&Id, Fingerprint), BTreeSet<&Entry>> =
        signers.map(|signer| (signer, BTreeSet::new())).collect();
    for (_, loaded) in &merged.repository.segments {
        let again = again.get_mut(&signer(&loaded.value));
        if let Some(again) = again.filter(|_| merged.is_genuine(loaded)) {
            again.extend(&loaded.value.segment.entries);
        }
    }
    let is_lost = |segment: &SignedSegment, entry: &Entry| {
        let again = again.get(&signer(segment));
        again.is_none_or(|again| !again.contains(entry))
            && !fell.contains(entry.resource.path().as_str())
    };
    let losing = |(_, loaded): &&(String, Loaded<SignedSegment>)| {
        let mut entries = loaded.value.segment.entries.iter();
        entries.any(|entry| is_lost(&loaded.value, entry))
    };
    let losing: Vec<_> = gone.into_iter().filter(losing).collect();
    if losing.is_empty() {
        return Vec::new();
    }
    let mut tree = merged.tree.clone();
    for (path, loaded) in &losing {
        tree.files.insert(path.clone(), loaded.bytes.clone());
    }
    let repository = Repository::load_after(&tree, Some(merged.repository));
    // Beyond the limit of segments nothing is taken apart. Then what is live in either tree is.
    let judged = repository.segments.len() == merged.repository.segments.len() + losing.len();
    let beside = World::beside(&tree, &repository, merged);
    let lost = losing.into_iter().filter_map(|(path, loaded)| {
        let live = match judged {
            true => beside.live_entries(loaded),
            false => {
                let mut live: BTreeSet<_> = base.live_entries(loaded).into_iter().collect();
                live.extend(merged.live_entries(loaded));
                live.into_iter().collect()
            }
        };
        let lost = live.into_iter().filter(|e| is_lost(&loaded.value, e));
        let lost: Vec<_> = lost.collect();
        let first = lost.first()?;
        let id = &loaded.value.segment.id;
        Some(
            Finding::error(
                Code::Stripped,
                path,
                format!("the change deletes what `{id}` signed and what still counts"),
            )
            .value(
                "first",
                format!("{} at {}", first.resource, first.version.revision),
            )
            .value("of these", lost.len())
            .hint(Hint::RestoreSegments),
        )
    });
    lost.collect()
}

fn signer(segment: &SignedSegment) -> (&Id, Fingerprint) {
    (&segment.segment.id, segment.key)
}

/// C6 and C7: a new segment is signed with a key that the repository knows for its id, and one
/// change brings few of them.
fn new_segments(base: &World<'_>, merged: &World<'_>) -> Vec<Finding> {
    let before: BTreeSet<&str> = paths(base).collect();
    let mut findings = Vec::new();
    let mut count: BTreeMap<&Id, usize> = BTreeMap::new();
    // Under a key that counts that is an error of the tree already (V2.3).
    let errors = merged.assessment.findings.iter();
    let errors = errors.filter(|f| f.severity == Severity::Error);
    let told: BTreeSet<&str> = errors.map(|f| f.path.as_str()).collect();
    for (path, loaded) in &merged.repository.segments {
        if before.contains(path.as_str()) {
            continue;
        }
        let segment = &loaded.value;
        let id = &segment.segment.id;
        *count.entry(id).or_default() += 1;
        if !merged.names_key(id, &segment.key) {
            findings.push(
                Finding::error(
                    Code::UnknownKey,
                    path,
                    format!("the change brings a signature of `{id}` under a key that the repository does not know for this id"),
                )
                .value("key", segment.key)
                .hint(Hint::ListKeyFirst),
            );
        } else if !told.contains(path.as_str()) && !merged.is_genuine(loaded) {
            let message = format!(
                "the change brings a file in the name of `{id}` that was not signed with this key for this repository"
            );
            findings.push(
                Finding::error(Code::BadSignature, path, message)
                    .value("key", segment.key)
                    .remedy(&remedy::RESTORE_OR_REMOVE, ""),
            );
        }
    }
    let many = count.into_iter().filter(|(_, n)| *n > MAX_NEW_SEGMENTS);
    findings.extend(many.map(|(id, n)| {
        Finding::error(
            Code::UnexpectedFile,
            format!("packages/.conex/index/{id}"),
            format!("the change brings {n} files of signatures of `{id}`"),
        )
        .value("most", MAX_NEW_SEGMENTS)
        .hint(Hint::FoldSegments)
    }));
    findings
}

fn paths<'w>(world: &'w World<'_>) -> impl Iterator<Item = &'w str> {
    world
        .repository
        .segments
        .iter()
        .map(|(path, _)| path.as_str())
}

/// C9 and C10: no epoch is skipped, and no counter or floor leaps.
fn revisions(known: &Registers, base: &World<'_>, merged: &World<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut leaps = |resource: &ResourceId, revision: Revision, signed: Option<(&Id, &str)>| {
        if known.version(resource).map(|v| v.revision) == Some(revision) {
            return;
        }
        let path = resource.path();
        let (what, first) = match signed {
            Some((id, _)) => (
                format!("a new signature by `{id}`"),
                "remove that file, and take",
            ),
            None => ("the file".to_owned(), "take"),
        };
        let placed = |finding: Finding| match signed {
            Some((_, segment)) => finding.value("signed in", segment),
            None => finding,
        };
        let skips = |open: u64| resource.kind != Kind::Checksum && revision.epoch > open + 1;
        let open = merged.open_epoch(resource);
        // Finding epochs that were opened once reads signatures, so only a leap asks for it. Where
        // BASE was not in such an epoch, keys of an earlier quorum say so now.
        let open = match skips(open) {
            true => {
                let there = base.repository.version_of(resource);
                let was = there.or(known.version(resource));
                let was = was.map_or(0, |version| version.revision.epoch);
                open.max(merged.opened_once(resource).min(was))
            }
            false => open,
        };
        if skips(open) {
            let finding = Finding::error(
                Code::EpochNotOpened,
                &path,
                format!("{what} of the {resource} skips an epoch"),
            )
            .value("next", open + 1)
            .value("found", revision.epoch)
            .hint(Hint::NextEpoch);
            findings.push(placed(finding));
        }
        let most = highest(known, base, resource, revision.epoch).saturating_add(MOST_AHEAD);
        if revision.counter > most {
            let finding = Finding::error(
                Code::EpochNotOpened,
                &path,
                format!("{what} of the {resource} leaps"),
            )
            .value("most", most)
            .value("found", revision.counter)
            .hint(Hint::NextCounter {
                first: first.to_owned(),
            });
            findings.push(placed(finding));
        }
    };
    for resource in resources(merged) {
        if let Some(version) = merged.repository.version_of(&resource)
            && base.repository.version_of(&resource) != Some(version)
        {
            leaps(&resource, version.revision, None);
        }
    }
    let before: BTreeSet<&str> = paths(base).collect();
    for (path, loaded) in &merged.repository.segments {
        if before.contains(path.as_str()) {
            continue;
        }
        let segment = &loaded.value.segment;
        for entry in &segment.entries {
            let about = merged.assessment.vouches.about(&entry.resource).iter();
            let mut of_id = about.filter(|v| v.id == &segment.id && v.version == entry.version);
            if of_id.next().is_some() {
                leaps(
                    &entry.resource,
                    entry.version.revision,
                    Some((&segment.id, path)),
                );
            }
        }
    }
    findings.extend(floors(known, merged));
    findings
}

/// Every resource that has a file in the tree.
pub(super) fn resources(world: &World<'_>) -> BTreeSet<ResourceId> {
    let repository = world.repository;
    let ids = repository.ids.values().filter_map(|slot| slot.good());
    let ids = ids.map(|loaded| loaded.value.resource_id());
    let packages = repository.packages.iter().flat_map(|(name, package)| {
        let checksums = package.directories.keys().map(ResourceId::checksum);
        let own = [ResourceId::authorisation(name), ResourceId::releases(name)];
        own.into_iter().chain(checksums)
    });
    ids.chain(packages)
        .chain([ResourceId::repo(), ResourceId::claims()])
        .collect()
}

/// The highest counter that counts in the published branch, in an epoch.
fn highest(known: &Registers, base: &World<'_>, resource: &ResourceId, epoch: u64) -> u64 {
    let (owners, _) = base.supporters(resource);
    let entry = base.highest_entry(resource, &owners.unwrap_or_default(), epoch);
    let valid = known.version(resource).map(|v| v.revision);
    let floor = match resource.kind {
        Kind::Checksum => resource
            .package()
            .and_then(|name| known.lists.get(&name))
            .map(|list| list.floor()),
        _ => None,
    };
    let of_epoch = |r: &Revision| r.epoch == epoch;
    let all = entry.into_iter().chain(valid).chain(floor);
    all.filter(of_epoch).map(|r| r.counter).max().unwrap_or(0)
}

/// A floor rises to the counter of what was removed, and not far above.
fn floors(known: &Registers, merged: &World<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, package) in &merged.repository.packages {
        let Some(list) = package.releases.good().map(|l| &l.value) else {
            continue;
        };
        let before = known.lists.get(name);
        let floor = before.map_or(0, |l| l.floor);
        let releases = before.into_iter().flat_map(|l| &l.releases);
        let counters = releases.filter_map(|r| known.version(&ResourceId::checksum(r)));
        let counter = counters.map(|v| v.revision.counter).max().unwrap_or(0);
        let most = floor.max(counter).saturating_add(MOST_AHEAD);
        if list.floor > most {
            findings.push(
                Finding::error(
                    Code::EpochNotOpened,
                    Place::Releases(name.clone()).path(),
                    format!("the floor of the releases of `{name}` leaps"),
                )
                .value("most", most)
                .value("found", list.floor)
                .hint(Hint::FloorBySign),
            );
        }
    }
    findings
}

/// C8: the list of claims gains names of packages that the published branch has signed, and
/// loses none.
fn claims(base: &World<'_>, merged: &World<'_>) -> Vec<Finding> {
    let path = Place::Claims.path();
    let Some(new) = merged.repository.claims.good().map(|l| &l.value.packages) else {
        return Vec::new();
    };
    let nothing = BTreeSet::new();
    let old = base.repository.claims.good();
    let old = old.map_or(&nothing, |l| &l.value.packages);
    let valid = valid_authorisations(base);
    let gone = old.difference(new).map(|name| {
        Finding::error(
            Code::Removed,
            &path,
            format!("the list of claims loses `{name}`, and no name ever leaves it"),
        )
        .hint(Hint::ClaimsAnew)
    });
    let strange = new.difference(old).filter(|name| !valid.contains(*name));
    let strange = strange.map(|name| {
        Finding::error(
            Code::Unclaimed,
            &path,
            format!("the list of claims names `{name}`, whose authorisation is not valid in the published branch"),
        )
        .hint(Hint::ClaimsAfterwards)
    });
    gone.chain(strange).collect()
}

/// C11: nothing new that opam reads in two ways, or in another place than its own.
fn layout(base: &World<'_>, merged: &World<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let known = &base.repository.misplaced;
    for (path, (release, _)) in &merged.repository.misplaced {
        if !known.contains_key(path) {
            findings.push(
                Finding::error(
                    Code::Misplaced,
                    path,
                    format!(
                        "the change adds the release `{release}` in another place than its own"
                    ),
                )
                .value("its place", release_dir(release))
                .hint("move the directory there"),
            );
        }
    }
    for path in merged.tree.files.keys() {
        if let Ok(Place::Old(release, file)) = Place::of(path)
            && base.tree.get(path).is_none()
        {
            findings.push(
                Finding::error(
                    Code::ExtraFile,
                    path,
                    format!(
                        "the change adds a file `{}` of opam 1.2 to `{release}`",
                        file.as_str()
                    ),
                )
                .hint(conex_verify::hint::UPGRADE_LAYOUT),
            );
        }
    }
    let equal = |world: &World<'_>| -> BTreeSet<String> {
        let findings = world.assessment.findings.iter();
        let equal = findings.filter(|f| f.code == Code::EqualVersions);
        equal.map(|f| f.message.clone()).collect()
    };
    let before = equal(base);
    let new = merged.assessment.findings.iter();
    let new = new.filter(|f| f.code == Code::EqualVersions && !before.contains(&f.message));
    findings.extend(new.map(|f| Finding {
        severity: Severity::Error,
        ..f.clone()
    }));
    findings
}
