//! One package: authorisation, releases, checksums, files.

use std::collections::{BTreeMap, BTreeSet};

use super::Unsigned;
use super::explain::{self, list};
use crate::finding::{Code, Finding, Findings, Severity};
use crate::format::name::{Id, PackageName, Release};
use crate::format::path::{OldFile, Place, release_dir};
use crate::format::resource::{
    Checksum, FileDigest, Kind, Releases, Resource, ResourceId, ResourceVersion,
};
use crate::opam_file::Problem;
use crate::repository::{Loaded, Package, ReleaseDir, Slot};
use crate::sorted::Sorted;
use crate::trust::chain::Chain;
use crate::trust::ids::People;
use crate::trust::support::{Epochs, Standing, Supporters, judge};
use crate::trust::vouch::{Ignored, Vouches};

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
            checksum(cx, release, dir, supporters, &mut report, &mut trust);
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
        same_releases(package, listed, &mut trust);
    }
    equal_versions(package, elsewhere, &mut report.findings);
    if report.claimed {
        report.findings.append(trust);
    } else if cx.unsigned == Unsigned::Refused {
        report.findings.push(unclaimed(name, package, &report));
    }
    report.owners = authorised;
    report
}

/// V6.2.
fn unclaimed(name: &PackageName, package: &Package, report: &PackageReport) -> Finding {
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
            .hint("janitors approve its authorisation with `conex approve`"),
        _ => finding.hint("give it an owner with `conex owner add`, or let unsigned packages through with --nostrict"),
    }
}

/// Judges the version of a resource that is in the tree, and puts down where it
/// stands. `owners` are those who can support it besides a quorum, if anybody can.
fn stand<T: Resource>(
    cx: &Context<'_, '_>,
    resource: &ResourceId,
    slot: &Slot<T>,
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
        trust.extend(explain::standing(
            resource, present, &standing, owners, cx.ignored,
        ));
    }
    if report.claimed || present.is_some() {
        report
            .standings
            .insert(resource.clone(), (present, standing.clone()));
    }
    standing
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
    let standing = stand(cx, &resource, slot, (None, Epochs::Opened), report, trust);
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
    (!strangers.is_empty()).then(|| {
        Finding::warning(
            Code::NotAnAuthor,
            Place::Authorisation(name.clone()).path(),
            format!(
                "owners of `{name}` that are not valid authors or teams, and so support nothing"
            ),
        )
        .value("owners", list(strangers.into_iter()))
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
    let standing = stand(cx, &resource, &package.releases, supporters, report, trust);
    let list = package.releases.good().map(|loaded| &loaded.value);
    let valid = list.filter(|_| standing.is_valid());
    (list, valid.map(|list| list.revision.epoch))
}

/// V6.4: The directories are those that are listed.
fn same_releases(package: &Package, listed: &Releases, findings: &mut Findings) {
    let mut add = |make: &dyn Fn() -> Finding| {
        findings.push_with(Code::ReleaseList, Severity::Error, make);
    };
    let path = Place::Releases(listed.name.clone()).path();
    for release in package.directories.keys() {
        if !listed.releases.contains(release) {
            add(&|| {
                let dir = release_dir(release);
                let message =
                    format!("`{release}` is not among the releases that its maintainers list");
                Finding::error(Code::ReleaseList, dir, message)
                    .value("list", &path)
                    .hint("it was added on the way to you, or an owner adds it to the list with `conex sign`")
            });
        }
    }
    for release in &listed.releases {
        if !package.directories.contains_key(release) {
            add(&|| {
                Finding::error(
                    Code::ReleaseList,
                    release_dir(release),
                    format!("the release `{release}` is missing"),
                )
                .value("list", &path)
                .hint("it was removed on the way to you, or an owner removes it from the list with `conex sign`")
            });
        }
    }
}

/// V6.5.
fn checksum(
    cx: &Context<'_, '_>,
    release: &Release,
    dir: &ReleaseDir,
    (owners, epochs): (&BTreeSet<&Id>, Epochs),
    report: &mut PackageReport,
    trust: &mut Findings,
) {
    let resource = ResourceId::checksum(release);
    stand(
        cx,
        &resource,
        &dir.checksum,
        (Some(owners), epochs),
        report,
        trust,
    );
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
        let path = format!("{}{below}", release_dir(release));
        Finding::error(
            Code::EmptyFile,
            &path,
            format!("`{path}` is empty, and opam reads it"),
        )
        .hint("it was added or emptied on the way to you; or its maintainers fill it with one line feed, which all versions of opam bring along")
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
            .hint("it was added on the way to you; or move the directory to its place"),
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
                mark(Finding::error(Code::MissingFile, &full, format!("`{full}` is missing")))
                    .value("listed in", &list)
                    .hint("it was removed on the way to you; or an owner signs the release again with `conex sign`")
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
                .hint("it was changed on the way to you; or an owner signs the change with `conex sign`")
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
                Finding::error(
                    Code::ExtraFile,
                    &full,
                    format!("`{full}` is a file that its maintainers did not sign"),
                )
                .value("not listed in", &list)
                .hint(if old {
                    "opam 1.2 had this file, and opam 2 still reads it; `opam admin upgrade` takes what it says into the file `opam`"
                } else {
                    "it was added on the way to you; or an owner signs the release again with `conex sign`"
                })
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

/// V6.6: Judges the opam file of a release in the directory at `dir_path`.
fn description(
    dir_path: &str,
    release: &Release,
    dir: &ReleaseDir,
    (signed, unsigned): (bool, Unsigned),
    findings: &mut Findings,
) {
    let path = format!("{dir_path}opam");
    let Some(source) = dir.opam() else {
        let mut finding = Finding::error(
            Code::MissingOpam,
            &path,
            format!("the release `{release}` has no opam file"),
        )
        .hint("a directory of a release without an opam file means nothing; remove it, or restore the file");
        if !signed {
            finding.severity = unsigned.severity();
        }
        findings.push(finding);
        return;
    };
    for problem in &dir.problems {
        if matches!(problem, Problem::WeakSource { .. }) && !signed {
            continue;
        }
        let mut finding = opam_problem(&path, source, problem);
        if matches!(problem, Problem::OtherVersion { .. }) && !signed {
            finding.severity = Severity::Warning;
        }
        findings.push(finding);
    }
}

/// V6.7, V6.8:
/// The finding for something that is wrong with the opam file at `path`, as verification says
/// it of a signed package.
pub fn opam_problem(path: &str, source: &[u8], problem: &Problem) -> Finding {
    match problem {
        Problem::Unreadable { why, span } => Finding::error(
            Code::OpamSyntax,
            path,
            format!("`{path}` {why}"),
        )
        .at(source, span.start..span.end, "")
        .hint("some versions of opam leave the package out, others cannot read the repository any more; mend the file"),
        Problem::OtherVersion { found, span } => Finding::error(
            Code::OpamSyntax,
            path,
            format!("`{path}` is not of opam's version 2.0"),
        )
        .at(source, span.start..span.end, "")
        .value("expected", "opam-version: \"2.0\"")
        .value("found", format!("opam-version: {found:?}"))
        .hint("`opam admin upgrade` writes it anew"),
        // opam goes by the directory, whatever the file says.
        Problem::Disagrees {
            field,
            expected,
            found,
            span,
        } => Finding::warning(
            Code::OpamName,
            path,
            format!("the {field} in `{path}` disagrees with its directory, by which opam goes"),
        )
        .at(source, span.start..span.end, "")
        .value("directory", expected)
        .value("file", found)
        .hint("remove the field: the directory says it"),
        Problem::WeakSource {
            what,
            algorithms,
            span,
        } => weak_source(path, source, what, algorithms, span.start..span.end),
    }
}

/// V6.9: The finding for a source archive without a strong checksum; a warning.
pub fn weak_source(
    path: &str,
    source: &[u8],
    what: &str,
    algorithms: &[String],
    span: std::ops::Range<usize>,
) -> Finding {
    let found = if algorithms.is_empty() {
        "no checksum".to_owned()
    } else {
        algorithms.join(", ")
    };
    Finding::warning(
        Code::WeakChecksum,
        path,
        format!("`{what}` of `{path}` has no strong checksum, so the signature does not reach the source"),
    )
    .at(source, span, "")
    .value("needed", "sha256 or sha512")
    .value("found", found)
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
