//! One package: authorisation, releases, checksums, files.

use std::collections::{BTreeMap, BTreeSet};

use super::description::description;
use super::explain::{self, list};
use super::unsigned::Unsigned;
use crate::finding::{Cause, Code, Finding, Findings, Severity, remedy};
use crate::format::name::{Id, PackageName, Release};
use crate::format::path::{OldFile, Place, in_release, release_dir};
use crate::format::resource::{
    Checksum, FileDigest, IdFile, Kind, Releases, Resource, ResourceId, ResourceVersion,
};
use crate::hint;
use crate::repository::{Loaded, Package, ReleaseDir, Slot};
use crate::sorted::Sorted;
use crate::trust::chain::Chain;
use crate::trust::ids::People;
use crate::trust::support::{EpochLacks, Epochs, Standing, Supporters, judge};
use crate::trust::vouch::{Idle, Ignored, Vouches};

/// What all packages are judged by.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a, 'r> {
    /// The entries that count.
    pub vouches: &'a Vouches<'r>,
    /// Those that do not.
    pub ignored: &'a Ignored<'r>,
    /// The janitors.
    pub chain: &'a Chain,
    /// Authors and teams.
    pub people: &'a People,
    /// The names that a quorum claims.
    pub claimed: &'a BTreeSet<&'a str>,
    /// Whether unsigned packages are let through.
    pub unsigned: Unsigned,
    /// Why they are not, if that is not what the client asked for.
    pub refused: Option<&'a Cause>,
    /// The files of authors and teams, valid or not: for explanations alone.
    pub ids: &'a BTreeMap<Id, Slot<IdFile>>,
}

/// A directory that opam takes for a release, and that is not in the directory of its package.
#[derive(Debug, Clone, Copy)]
pub struct Elsewhere<'r> {
    /// The path, with a slash at its end.
    pub path: &'r str,
    /// The release: the last component.
    pub release: &'r Release,
    /// What is in it.
    pub dir: &'r ReleaseDir,
}

/// What is known about one package after its judgement.
#[derive(Debug, Clone)]
pub struct PackageReport {
    /// The name.
    pub name: PackageName,
    /// Whether a quorum claims the name, so that it must verify.
    pub claimed: bool,
    /// The owners as the authorisation in force lists them.
    pub owners: BTreeSet<Id>,
    /// Where every resource of the package stands.
    pub standings: Sorted<ResourceId, (Option<ResourceVersion>, Standing)>,
    /// What is wrong: as much of it as is kept for the whole tree.
    pub findings: Findings,
    /// How many releases opam finds.
    pub releases: usize,
}

impl PackageReport {
    /// Whether the package is signed and complete.
    pub fn is_signed(&self) -> bool {
        self.claimed && !self.findings.is_refused()
    }
}

/// Judges one package. `package` is `None` if it has no directory of its own: the name is
/// claimed, or opam finds releases of it `elsewhere`. `none` says how many findings are kept.
pub fn judge_package(
    cx: &Context<'_, '_>,
    name: &PackageName,
    package: Option<&Package>,
    elsewhere: &[Elsewhere<'_>],
    none: Findings,
) -> PackageReport {
    let nothing = Package::default();
    let package = package.unwrap_or(&nothing);
    let mut report = PackageReport {
        name: name.clone(),
        claimed: cx.claimed.contains(name.as_str()),
        owners: BTreeSet::new(),
        standings: Sorted::default(),
        findings: none.clone(),
        releases: package.directories.len() + elsewhere.len(),
    };
    // What is said of a claimed package alone.
    let mut trust = none;
    let authorised = authorisation(cx, name, package, &mut report, &mut trust);
    let owners = cx.people.resolve(&authorised, cx.chain);
    let (releases, epoch) = releases(cx, name, package, &owners, &mut report, &mut trust);
    let has_metadata = package.has_metadata() || report.claimed;
    for (release, dir) in &package.directories {
        if has_metadata {
            let supporters = (&owners, Epochs::OfList(epoch));
            let of = (package, release, dir);
            checksum(cx, of, supporters, &mut report, &mut trust);
        }
        if report.claimed {
            empty_files(release, dir, &mut trust);
        }
        let path = release_dir(release);
        description(
            &path,
            release,
            dir,
            (report.claimed, cx.unsigned),
            &mut report.findings,
        );
    }
    for other in elsewhere {
        let Elsewhere { path, release, dir } = *other;
        description(
            path,
            release,
            dir,
            (report.claimed, cx.unsigned),
            &mut report.findings,
        );
        let again = |o: &Elsewhere<'_>| o.release == release && o.path != path;
        let twice = package.directories.contains_key(release) || elsewhere.iter().any(again);
        let found = misplaced(&report, twice, other);
        report.findings.extend(found);
    }
    if let Some(listed) = releases.filter(|_| report.claimed) {
        let unsigned = never_signed(package, &report);
        same_releases(package, listed, unsigned.as_ref(), &mut trust);
    }
    equal_versions(package, elsewhere, &mut report.findings);
    if report.claimed {
        report.findings.append(trust);
    } else if cx.unsigned == Unsigned::Refused {
        let finding = unclaimed((name, package), elsewhere, &report).because(cx.refused.cloned());
        report.findings.push(finding);
    }
    report.owners = authorised;
    report
}

/// V6.2.
fn unclaimed(
    (name, package): (&PackageName, &Package),
    elsewhere: &[Elsewhere<'_>],
    report: &PackageReport,
) -> Finding {
    let path = format!("packages/{name}");
    let finding = Finding::error(
        Code::Unclaimed,
        path,
        format!("the package `{name}` is not signed"),
    );
    let waiting = report
        .standings
        .iter()
        .find(|(resource, _)| resource.kind == Kind::Authorisation)
        .map(|(_, (_, standing))| standing);
    match (waiting, &package.authorisation) {
        (Some(Standing::Waiting(w)), _) => finding
            .value("approvals", w.count)
            .remedy(&remedy::APPROVE, name.as_str()),
        _ => match elsewhere.first() {
            Some(other) => finding
                .value("lies in", other.path)
                .value("its place", release_dir(other.release))
                .remedy(&remedy::MOVE_AND_CLAIM, name.as_str()),
            None => finding.remedy(&remedy::CLAIM, name.as_str()),
        },
    }
}

/// Judges the version of a resource that is in the tree, and puts down where it
/// stands. `owners` are those who can support it besides a quorum, if anybody can.
fn stand<T: Resource>(
    cx: &Context<'_, '_>,
    package: &Package,
    (resource, slot): (&ResourceId, &Slot<T>),
    (owners, epochs): (Option<&BTreeSet<&Id>>, Epochs),
    report: &mut PackageReport,
    trust: &mut Findings,
) -> Standing {
    let present = slot.good().map(Loaded::version);
    let supporters = owners.map_or(Supporters::Quorum, Supporters::OwnersOrQuorum);
    let quorum = cx.chain.quorum();
    let standing = judge(cx.vouches, quorum, resource, supporters, epochs, present);
    // A file that cannot be read has its finding already, and so has a list without which
    // no checksum that is there is supported.
    let said = match slot {
        Slot::Broken => true,
        Slot::Missing => false,
        Slot::Good(_) => epochs == Epochs::OfList(None),
    };
    if report.claimed && !said {
        let finding = explain::standing(resource, present, &standing, owners, cx.ignored);
        trust.extend(finding.map(|finding| match owners {
            None => finding,
            Some(_) => finding.because(cause(cx, package, report, resource, present, &standing)),
        }));
    }
    if report.claimed || present.is_some() {
        report
            .standings
            .insert(resource.clone(), (present, standing.clone()));
    }
    standing
}

/// What keeps a version from counting, where that is told elsewhere.
fn cause(
    cx: &Context<'_, '_>,
    package: &Package,
    report: &PackageReport,
    resource: &ResourceId,
    present: Option<ResourceVersion>,
    standing: &Standing,
) -> Option<Cause> {
    match (standing, present) {
        (Standing::Absent { supported: None }, None) => never_signed(package, report),
        (Standing::Waiting(waiting), Some(present)) if waiting.epoch == EpochLacks::Nothing => {
            waits_for(cx, package, report, resource, present)
        }
        _ => None,
    }
}

/// The owners who are to sign what nobody ever signed, where an authorisation in force names some.
fn never_signed(package: &Package, report: &PackageReport) -> Option<Cause> {
    let owners = &package.authorisation.good()?.value.owners;
    (is_in_force(report) && !owners.is_empty()).then(|| Cause::sign(owners))
}

fn is_in_force(report: &PackageReport) -> bool {
    let authorisation = report
        .standings
        .get(&ResourceId::authorisation(&report.name));
    authorisation.is_some_and(|(_, standing)| standing.is_valid())
}

/// The one file that is not valid, and with which an owner would support this version: somebody
/// whom the authorisation names vouches for exactly this version.
fn waits_for(
    cx: &Context<'_, '_>,
    package: &Package,
    report: &PackageReport,
    resource: &ResourceId,
    present: ResourceVersion,
) -> Option<Cause> {
    let owners = &package.authorisation.good()?.value.owners;
    let team = |id: &Id| match &cx.ids.get(id)?.good()?.value {
        IdFile::Team(team) => Some(&team.members),
        IdFile::Author(_) => None,
    };
    let counted = cx.vouches.about(resource).iter();
    let counted = counted.filter(|vouch| vouch.version == present);
    let idle = cx.ignored.of(resource, present, Idle::NotYet);
    let signers = counted.map(|vouch| (vouch.id, false));
    let mut signers = signers.chain(idle.map(|id| (id, true)));
    signers.find_map(|(signer, idle)| {
        let through = owners.iter().find(|owner| {
            *owner == signer || team(owner).is_some_and(|members| members.contains(signer))
        })?;
        if !is_in_force(report) {
            return Some(Cause::Standing(ResourceId::authorisation(&report.name)));
        }
        let of_team = Some(through).filter(|through| *through != signer);
        let waits = [of_team, idle.then_some(signer)];
        let mut waits = waits.into_iter().flatten();
        waits
            .find(|id| cx.people.is_judged(id))
            .cloned()
            .map(Cause::Id)
    })
}

/// V6.3: Judges the authorisation and gives the owners that it names, if it is in force.
fn authorisation(
    cx: &Context<'_, '_>,
    name: &PackageName,
    package: &Package,
    report: &mut PackageReport,
    trust: &mut Findings,
) -> BTreeSet<Id> {
    let resource = ResourceId::authorisation(name);
    let slot = &package.authorisation;
    let judged = (None, Epochs::Opened);
    let standing = stand(cx, package, (&resource, slot), judged, report, trust);
    match package.authorisation.good() {
        Some(loaded) if standing.is_valid() => {
            let owners = loaded.value.owners.clone();
            trust.extend(strangers(cx, name, &owners));
            owners
        }
        _ => BTreeSet::new(),
    }
}

/// V6.3: Owners that support nothing: reported, never a reason to reject.
fn strangers(cx: &Context<'_, '_>, name: &PackageName, owners: &BTreeSet<Id>) -> Option<Finding> {
    let strangers: BTreeSet<&Id> = owners
        .iter()
        .filter(|o| !cx.people.is_person(o, cx.chain) && !cx.people.teams.contains_key(*o))
        .collect();
    let first = strangers.first().map(|id| Cause::Id((*id).clone()));
    let judged = strangers.iter().all(|id| cx.people.is_judged(id));
    (!strangers.is_empty()).then(|| {
        Finding::warning(
            Code::NotAnAuthor,
            Place::Authorisation(name.clone()).path(),
            format!(
                "owners of `{name}` that are not valid authors or teams, and so support nothing"
            ),
        )
        .value("owners", list(strangers.into_iter()))
        .because(first.filter(|_| judged))
    })
}

/// V6.4: Judges the list of releases, and gives it if it can be read; and its epoch if it is valid.
fn releases<'p>(
    cx: &Context<'_, '_>,
    name: &PackageName,
    package: &'p Package,
    owners: &BTreeSet<&Id>,
    report: &mut PackageReport,
    trust: &mut Findings,
) -> (Option<&'p Releases>, Option<u64>) {
    let resource = ResourceId::releases(name);
    let supporters = (Some(owners), Epochs::Opened);
    let judged = (&resource, &package.releases);
    let standing = stand(cx, package, judged, supporters, report, trust);
    let list = package.releases.good().map(|loaded| &loaded.value);
    let valid = list.filter(|_| standing.is_valid());
    (list, valid.map(|list| list.revision.epoch))
}

/// V6.4: The directories are those that are listed. What is `unsigned` is what owners are to sign.
fn same_releases(
    package: &Package,
    listed: &Releases,
    unsigned: Option<&Cause>,
    findings: &mut Findings,
) {
    let mut add = |cause: Option<&Cause>, make: &dyn Fn() -> Finding| {
        findings.push_caused((Code::ReleaseList, Severity::Error, cause), make);
    };
    let path = Place::Releases(listed.name.clone()).path();
    for (release, directory) in &package.directories {
        if !listed.releases.contains(release) {
            // A checksum that is a copy of another one, or none: both are signed with the list.
            let cause = match directory.checksum {
                Slot::Missing => unsigned.cloned(),
                Slot::Broken => Some(Cause::Standing(ResourceId::checksum(release))),
                Slot::Good(_) => None,
            };
            add(cause.as_ref(), &|| {
                let dir = release_dir(release);
                let message =
                    format!("`{release}` is not among the releases that its maintainers list");
                Finding::error(Code::ReleaseList, dir, message)
                    .value("list", &path)
                    .remedy(&remedy::ADDED, "")
                    .because(cause.clone())
            });
        }
    }
    for release in &listed.releases {
        if !package.directories.contains_key(release) {
            add(None, &|| {
                Finding::error(
                    Code::ReleaseList,
                    release_dir(release),
                    format!("the release `{release}` is missing"),
                )
                .value("list", &path)
                .remedy(&remedy::REMOVED, "")
            });
        }
    }
}

/// V6.5.
fn checksum(
    cx: &Context<'_, '_>,
    (package, release, dir): (&Package, &Release, &ReleaseDir),
    (owners, epochs): (&BTreeSet<&Id>, Epochs),
    report: &mut PackageReport,
    trust: &mut Findings,
) {
    let resource = ResourceId::checksum(release);
    let judged = (&resource, &dir.checksum);
    stand(cx, package, judged, (Some(owners), epochs), report, trust);
    if let Slot::Good(loaded) = &dir.checksum
        && report.claimed
    {
        same_files(&loaded.value, &loaded.bytes, dir, trust);
    }
}

/// V7.7: Below a claimed package no file that opam reads is empty: opam 2.0 to 2.3 neither bring
/// empty files nor take them away, and opam copies `files/*` over the sources.
fn empty_files(release: &Release, dir: &ReleaseDir, findings: &mut Findings) {
    let empty = dir.files.iter().filter(|(_, file)| file.bytes.is_empty());
    let error = |below: &str| {
        let path = in_release(release, below);
        Finding::error(
            Code::EmptyFile,
            &path,
            format!("`{path}` is empty, and opam reads it"),
        )
        .remedy(&remedy::FILL, "")
    };
    for (below, _) in empty {
        findings.push_with(Code::EmptyFile, Severity::Error, || error(below));
    }
}

/// V7.6: A release that does not lie in the directory of its package: an error for a name that is
/// claimed, and where opam finds the same release `twice`.
fn misplaced(report: &PackageReport, twice: bool, other: &Elsewhere<'_>) -> Option<Finding> {
    let Elsewhere { path, release, .. } = *other;
    let own = release_dir(release);
    let message = match (report.claimed, twice) {
        (true, _) => format!(
            "`{path}` holds a release of the signed package `{}`",
            report.name
        ),
        (false, true) => format!("opam finds the release `{release}` twice"),
        (false, false) => return None,
    };
    Some(
        Finding::error(Code::Misplaced, path, message)
            .value("its place", own)
            .remedy(&remedy::MOVE, ""),
    )
}

/// V6.5, V7.3: The files are those that the checksum lists, with these sizes and digests.
fn same_files(checksum: &Checksum, source: &[u8], dir: &ReleaseDir, findings: &mut Findings) {
    let base = release_dir(&checksum.release);
    let list = Place::Checksum(checksum.release.clone()).path();
    for (path, expected) in &checksum.files {
        let full = format!("{base}{path}");
        let mark = |finding: Finding| match line_of(source, path) {
            Some(span) => finding.at_file(&list, source, span),
            None => finding,
        };
        let Some(file) = dir.files.get(path) else {
            findings.push_with(Code::MissingFile, Severity::Error, || {
                mark(Finding::error(
                    Code::MissingFile,
                    &full,
                    format!("`{full}` is missing"),
                ))
                .value("listed in", &list)
                .remedy(&remedy::REMOVED, "")
            });
            continue;
        };
        let found = file.digest;
        if found != *expected {
            findings.push_with(Code::Digest, Severity::Error, || {
                mark(Finding::error(
                    Code::Digest,
                    &full,
                    format!("`{full}` is not what its maintainers signed"),
                ))
                .value("expected", file_digest(expected))
                .value("found", file_digest(&found))
                .remedy(&remedy::CHANGED, "")
            });
        }
    }
    for path in dir.files.keys() {
        if !checksum.files.contains_key(path) {
            let full = format!("{base}{path}");
            let old = [OldFile::Url, OldFile::Descr]
                .iter()
                .any(|f| **path == *f.as_str());
            findings.push_with(Code::ExtraFile, Severity::Error, || {
                let finding = Finding::error(
                    Code::ExtraFile,
                    &full,
                    format!("`{full}` is a file that its maintainers did not sign"),
                )
                .value("not listed in", &list);
                match old {
                    true => finding.hint(hint::UPGRADE_LAYOUT),
                    false => finding.remedy(&remedy::ADDED, ""),
                }
            });
        }
    }
}

fn file_digest(file: &FileDigest) -> String {
    format!("{} bytes  {}", file.size, file.digest)
}

/// Where the path stands in the bytes of a checksum.
fn line_of(source: &[u8], path: &str) -> Option<std::ops::Range<usize>> {
    let text = std::str::from_utf8(source).ok()?;
    let start = text.find(&format!("  [\"{path}\" "))? + 3;
    Some(start..start + path.len() + 2)
}

/// V6.10: opam holds `1.0` and `1.00` equal, and one then hides the other.
///
/// That is a mistake of the maintainers and no attack: each of the two is judged like
/// every release, so whoever can add one can as well add a version of any other name.
/// opam-repository itself holds such a pair since August 2026 (`ocaml-variants`,
/// `5.5.0+introcaml` and `5.5.0+introcaml0`), and refusing it would stop all updates.
fn equal_versions(package: &Package, elsewhere: &[Elsewhere<'_>], findings: &mut Findings) {
    let mut seen: BTreeMap<String, &Release> = BTreeMap::new();
    let elsewhere = elsewhere.iter().map(|other| other.release);
    for release in package.directories.keys().chain(elsewhere) {
        if let Some(other) = seen.insert(release.version().order_key(), release)
            && other != release
        {
            findings.push_with(Code::EqualVersions, Severity::Warning, || {
                Finding::warning(
                    Code::EqualVersions,
                    release_dir(release),
                    format!("opam takes `{other}` and `{release}` for the same version, and one hides the other"),
                )
                .hint("remove one of the two")
            });
        }
    }
}
