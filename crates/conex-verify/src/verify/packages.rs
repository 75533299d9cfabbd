//! One package: authorisation, releases, checksums, files.

use std::collections::{BTreeMap, BTreeSet};

use super::explain::{explain, list};
use super::{Mode, View};
use crate::finding::{Code, Finding, Severity};
use crate::format::name::{Id, PackageName, Release};
use crate::format::path::{Place, release_dir};
use crate::format::resource::{
    Checksum, FileDigest, Kind, Releases, Resource, ResourceId, ResourceVersion,
};
use crate::limits::MAX_ALIKE;
use crate::opam_file::Problem;
use crate::repository::{Package, ReleaseDir, Slot, version_in};
use crate::trust::chain::Chain;
use crate::trust::ids::People;
use crate::trust::support::{Standing, Supporters, judge};
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
    pub claimed: &'a BTreeSet<&'r str>,
    /// Whether unsigned packages are let through.
    pub mode: Mode,
    /// Whether what waits for approval is taken as approved.
    pub view: View,
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
    pub standings: BTreeMap<ResourceId, (Option<ResourceVersion>, Standing)>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How many releases there are.
    pub releases: usize,
}

impl PackageReport {
    /// Whether the package is signed and complete.
    pub fn is_signed(&self) -> bool {
        self.claimed && !self.findings.iter().any(|f| f.severity == Severity::Error)
    }
}

/// Judges one package. `package` is `None` if the name is claimed and nothing is there.
pub fn judge_package(
    cx: &Context<'_, '_>,
    name: &PackageName,
    package: Option<&Package>,
) -> PackageReport {
    let nothing = Package::default();
    let package = package.unwrap_or(&nothing);
    let mut report = PackageReport {
        name: name.clone(),
        claimed: cx.claimed.contains(name.as_str()),
        owners: BTreeSet::new(),
        standings: BTreeMap::new(),
        findings: Vec::new(),
        releases: package.directories.len(),
    };
    let mut trust = Vec::new();
    let authorised = authorisation(cx, name, package, &mut report, &mut trust);
    let owners = cx.people.resolve(&authorised, cx.chain);
    let releases = releases(cx, name, package, &owners, &mut report, &mut trust);
    let has_metadata = package.has_metadata() || report.claimed;
    for (release, dir) in &package.directories {
        if dir.is_left_over() {
            report.findings.push(left_over(&release_dir(release)));
            continue;
        }
        if has_metadata {
            checksum(cx, release, dir, &owners, &mut report, &mut trust);
        }
        description(release, dir, report.claimed, cx.mode, &mut report.findings);
    }
    if let Some(listed) = releases {
        trust.extend(same_releases(package, listed));
    }
    report.findings.extend(equal_versions(package));
    if report.claimed {
        report.findings.extend(trust);
    } else if cx.mode == Mode::Strict {
        report.findings.push(unclaimed(name, package, &report));
    }
    report.owners = authorised;
    report
}

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
            .value("approvals", format!("{} of {}", w.janitors.len(), w.quorum))
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
    owners: Option<&BTreeSet<&Id>>,
    report: &mut PackageReport,
    trust: &mut Vec<Finding>,
) -> (Option<ResourceVersion>, Standing) {
    let present = version_in(slot).map(|(_, version)| version);
    let supporters = owners.map_or(Supporters::Quorum, Supporters::OwnersOrQuorum);
    let standing = judge(cx.vouches, cx.chain.quorum(), resource, supporters, present);
    // A file that cannot be read has its finding already.
    if !matches!(slot, Slot::Broken) {
        trust.extend(explain(resource, present, &standing, owners, cx.ignored));
    }
    if report.claimed || present.is_some() {
        report
            .standings
            .insert(resource.clone(), (present, standing.clone()));
    }
    (present, standing)
}

/// Judges the authorisation and gives the owners that it names, if it is in force.
fn authorisation(
    cx: &Context<'_, '_>,
    name: &PackageName,
    package: &Package,
    report: &mut PackageReport,
    trust: &mut Vec<Finding>,
) -> BTreeSet<Id> {
    let resource = ResourceId {
        kind: Kind::Authorisation,
        name: name.as_str().into(),
    };
    let (_, standing) = stand(cx, &resource, &package.authorisation, None, report, trust);
    let in_force = cx.view.in_force(&standing);
    match package.authorisation.good() {
        Some(loaded) if in_force => {
            let owners = loaded.value.owners.clone();
            trust.extend(strangers(cx, name, &owners));
            owners
        }
        _ => BTreeSet::new(),
    }
}

/// Owners that support nothing: reported, never a reason to reject.
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

/// Judges the list of releases, and gives it if it can be read.
fn releases<'p>(
    cx: &Context<'_, '_>,
    name: &PackageName,
    package: &'p Package,
    owners: &BTreeSet<&Id>,
    report: &mut PackageReport,
    trust: &mut Vec<Finding>,
) -> Option<&'p Releases> {
    let resource = ResourceId {
        kind: Kind::Releases,
        name: name.as_str().into(),
    };
    stand(
        cx,
        &resource,
        &package.releases,
        Some(owners),
        report,
        trust,
    );
    package.releases.good().map(|loaded| &loaded.value)
}

/// The directories are those that are listed.
fn same_releases(package: &Package, listed: &Releases) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut more = 0;
    let path = Place::Releases(listed.name.clone()).path();
    for (release, files) in &package.directories {
        if !listed.releases.contains(release) && !files.is_left_over() {
            if findings.len() >= MAX_ALIKE {
                more += 1;
                continue;
            }
            let dir = release_dir(release);
            let (message, hint) = match listed.tombstones.get(release) {
                Some(_) => (
                    format!("`{release}` was removed by its maintainers, and is back"),
                    "the server or mirror mixes two states; an owner who wants it back signs it with `conex sign`",
                ),
                None => (
                    format!("`{release}` is not among the releases that its maintainers list"),
                    "an owner adds it with `conex sign`",
                ),
            };
            findings.push(
                Finding::error(Code::ReleaseList, dir, message)
                    .value("list", &path)
                    .hint(hint),
            );
        }
    }
    for release in &listed.releases {
        if package
            .directories
            .get(release)
            .is_none_or(ReleaseDir::is_left_over)
        {
            if findings.len() >= MAX_ALIKE {
                more += 1;
                continue;
            }
            findings.push(
                Finding::error(
                    Code::ReleaseList,
                    release_dir(release),
                    format!("the release `{release}` is missing"),
                )
                .value("list", &path)
                .hint("it was removed on the way to you, or an owner removes it from the list with `conex sign`"),
            );
        }
    }
    findings.extend(and_more(Code::ReleaseList, &path, more, "releases"));
    findings
}

fn checksum(
    cx: &Context<'_, '_>,
    release: &Release,
    dir: &ReleaseDir,
    owners: &BTreeSet<&Id>,
    report: &mut PackageReport,
    trust: &mut Vec<Finding>,
) {
    let resource = ResourceId {
        kind: Kind::Checksum,
        name: release.as_str().into(),
    };
    let (present, _) = stand(cx, &resource, &dir.checksum, Some(owners), report, trust);
    if let Slot::Good(loaded) = &dir.checksum {
        let mismatches = same_files(&loaded.value, &loaded.bytes, dir);
        // Bytes that differ from what anybody vouches for are refused in every mode,
        // also where no quorum has claimed the name yet.
        let vouched = !mismatches.is_empty()
            && cx
                .vouches
                .live(&resource)
                .iter()
                .any(|l| Some(l.version) == present);
        if vouched && !report.claimed {
            report.findings.extend(mismatches);
        } else {
            trust.extend(mismatches);
        }
    }
}

/// The files are those that the checksum lists, with these sizes and digests.
fn same_files(checksum: &Checksum, source: &[u8], dir: &ReleaseDir) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut more = 0;
    let base = release_dir(&checksum.release);
    let list = Place::Checksum(checksum.release.clone()).path();
    for (path, expected) in &checksum.files {
        let full = format!("{base}{path}");
        let mark = |finding: Finding| match line_of(source, path) {
            Some(span) => finding.at_file(&list, source, span),
            None => finding,
        };
        let Some(file) = dir.files.get(path) else {
            if *expected == FileDigest::of(b"") && **path != *"opam" {
                // Only some of them are told; none is a reason to reject.
                if findings.len() < MAX_ALIKE {
                    findings.push(not_brought(&full));
                }
                continue;
            }
            if findings.len() >= MAX_ALIKE {
                more += 1;
                continue;
            }
            findings.push(mark(
                Finding::error(Code::MissingFile, &full, format!("`{full}` is missing"))
                    .value("listed in", &list)
                    .hint("it was removed on the way to you; or an owner signs the release again with `conex sign`"),
            ));
            continue;
        };
        let found = file.digest;
        if found != *expected {
            if findings.len() >= MAX_ALIKE {
                more += 1;
                continue;
            }
            findings.push(mark(
                Finding::error(
                    Code::Digest,
                    &full,
                    format!("`{full}` is not what its maintainers signed"),
                )
                .value("expected", file_digest(expected))
                .value("found", file_digest(&found))
                .hint("it was changed on the way to you; or an owner signs the change with `conex sign`"),
            ));
        }
    }
    let mut extra = 0;
    for (path, file) in &dir.files {
        if !checksum.files.contains_key(path) {
            // Counted apart: what is not listed lies in the tree, so the reader has
            // bounded it, and a long list must not hide it.
            extra += 1;
            if extra > MAX_ALIKE {
                more += 1;
                continue;
            }
            let full = format!("{base}{path}");
            if file.bytes.is_empty() && **path != *"opam" {
                findings.push(left_over(&full));
                continue;
            }
            findings.push(
                Finding::error(
                    Code::ExtraFile,
                    &full,
                    format!("`{full}` is a file that its maintainers did not sign"),
                )
                .value("not listed in", &list)
                .hint("it was added on the way to you; or an owner signs the release again with `conex sign`"),
            );
        }
    }
    findings.extend(and_more(Code::Digest, &list, more, "files"));
    findings
}

/// The finding for an empty file that is listed and missing, see [`left_over`].
fn not_brought(path: &str) -> Finding {
    Finding::warning(
        Code::MissingFile,
        path,
        format!("`{path}` is empty, and missing: old versions of opam do not bring empty files"),
    )
}

/// Old versions of opam, whose patches GNU `diff` makes, neither bring empty files
/// nor remove them (docs/hook.md, D17). They do nothing.
fn left_over(path: &str) -> Finding {
    Finding::warning(
        Code::ExtraFile,
        path,
        format!(
            "`{path}` is empty, and should not be there: old versions of opam leave empty files behind"
        ),
    )
}

/// The finding that stands for `more` that are left out.
fn and_more(code: Code, list: &str, more: usize, what: &str) -> Option<Finding> {
    (more > 0).then(|| {
        Finding::error(
            code,
            list,
            format!("{more} more {what} differ from what `{list}` says"),
        )
    })
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

/// Judges the opam file of a release.
fn description(
    release: &Release,
    dir: &ReleaseDir,
    signed: bool,
    mode: Mode,
    findings: &mut Vec<Finding>,
) {
    let path = Place::Opam(release.clone()).path();
    let Some(source) = dir.opam() else {
        let mut finding = Finding::error(
            Code::MissingOpam,
            &path,
            format!("the release `{release}` has no opam file"),
        )
        .hint("a directory of a release without an opam file means nothing; remove it, or restore the file");
        if !signed {
            finding.severity = mode.unsigned_severity();
        }
        findings.push(finding);
        return;
    };
    for problem in &dir.problems {
        match problem {
            Problem::Syntax(error) => {
                let span = error.span();
                let mut finding = Finding::error(
                    Code::OpamSyntax,
                    &path,
                    format!("`{path}` does not parse: {error}"),
                )
                .at(source, span.start..span.end, "")
                .hint("opam skips a package whose opam file it cannot read");
                if !signed {
                    finding.severity = mode.unsigned_severity();
                }
                findings.push(finding);
            }
            // Whatever opam makes of it, an unsigned file must not speak for another package.
            Problem::Disagrees {
                field,
                expected,
                found,
                span,
            } => findings.push(
                Finding::error(
                    Code::OpamName,
                    &path,
                    format!("the {field} in `{path}` disagrees with its directory"),
                )
                .at(source, span.start..span.end, "")
                .value("directory", expected)
                .value("file", found)
                .hint("remove the field: the directory says it"),
            ),
            Problem::WeakSource {
                what,
                algorithms,
                span,
            } if signed => findings.push(weak_source(
                &path,
                source,
                what,
                algorithms,
                span.start..span.end,
            )),
            Problem::WeakSource { .. } => {}
        }
    }
}

/// The finding for a source archive without a strong checksum; a warning.
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

/// opam holds `1.0` and `1.00` equal, and one then hides the other.
///
/// That is a mistake of the maintainers and no attack: each of the two is judged like
/// every release, so whoever can add one can as well add a version of any other name.
/// opam-repository itself holds such a pair since August 2026 (`ocaml-variants`,
/// `5.5.0+introcaml` and `5.5.0+introcaml0`), and refusing it would stop all updates.
fn equal_versions(package: &Package) -> Vec<Finding> {
    let mut seen: BTreeMap<String, &Release> = BTreeMap::new();
    let mut findings = Vec::new();
    for release in package.directories.keys() {
        if let Some(other) = seen.insert(release.version().order_key(), release) {
            findings.push(
                Finding::warning(
                    Code::EqualVersions,
                    release_dir(release),
                    format!("opam takes `{other}` and `{release}` for the same version, and one hides the other"),
                )
                .hint("remove one of the two"),
            );
        }
    }
    findings
}
