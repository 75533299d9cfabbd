//! Makes the record of a tree that was accepted.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::accepted::{Directory, Record, Share};
use super::parts::Parts;
use crate::finding::{Code, Finding, Severity};
use crate::format::digest::Digest;
use crate::format::name::PackageName;
use crate::format::path::{CONEX, PACKAGES};
use crate::published::share;
use crate::repository::{Package, Repository};
use crate::settled::{SettledPackage, Totals};
use crate::tree::Tree;
use crate::trust::anchors::Client;
use crate::verify::packages::PackageReport;
use crate::verify::{Assessment, Mode};

/// Goes up when a rule changes by which packages are judged.
const RULES: u32 = 2;

/// For whom a tree was accepted, under which links, and by which program. A record with another
/// context is of no use.
pub(super) fn context(
    (name, client, mode): (&str, &Client, Mode),
    assessment: &Assessment<'_>,
) -> Digest {
    let chain = &assessment.chain;
    let anchors: Vec<String> = client
        .anchors()
        .keys
        .iter()
        .map(ToString::to_string)
        .collect();
    let text = format!(
        "{} {RULES}\n{name:?}\n{}\n{} {}\n{mode:?} {:?}\n{:?}",
        env!("CARGO_PKG_VERSION"),
        anchors.join(" "),
        client.quorum(),
        chain.quorum(),
        assessment.unsigned,
        chain.digests().last(),
    );
    Digest::of(text.as_bytes())
}

/// What a record is made of: a tree that was accepted.
pub(crate) struct Made<'a, 'r> {
    /// Its parts, as it lay there.
    pub(crate) parts: &'a Parts,
    /// What was judged of it, in the working form.
    pub(crate) tree: &'a Tree,
    /// The same, taken apart.
    pub(crate) repository: &'a Repository,
    /// The decisions about it.
    pub(crate) assessment: &'a Assessment<'r>,
    /// Everything that was said.
    pub(crate) findings: &'a [Finding],
    /// For whom.
    pub(crate) client: (&'a str, &'a Client, Mode),
    /// The memory of it.
    pub(crate) memory: &'a [u8],
}

/// The record of a tree that was accepted, where the settled packages of the tree are those of
/// `before`.
pub(crate) fn make(made: &Made<'_, '_>, before: Option<&Record>) -> Record {
    let (repository, assessment) = (made.repository, made.assessment);
    let segments = repository.segments.iter().zip(&assessment.segments);
    let verified = segments.filter(|(_, used)| used.verified);
    let digests = made.parts.shares.iter();
    let mut shares: Vec<Share> = digests
        .map(|digest| Share {
            digest: *digest,
            told: false,
            directories: Vec::new(),
        })
        .collect();
    let told = told(made);
    let totals = totals(made.tree);
    for (name, state) in &repository.state.packages {
        let number = share(name);
        let Some(of) = shares.get_mut(usize::from(number)) else {
            continue;
        };
        if repository.settled.has_directory(name) {
            let known = before.and_then(|record| record.directory(number, name));
            of.directories.extend(known.cloned());
            continue;
        }
        let said = told.as_ref().is_none_or(|told| told.contains(&**name));
        let Some(Some(mut totals)) = totals.get(&**name).copied().filter(|_| !said) else {
            of.told = true;
            continue;
        };
        let package = PackageName::new(name).ok();
        let found = package.and_then(|name| {
            let package = repository.packages.get(&name)?;
            let at = assessment.packages.binary_search_by(|p| p.name.cmp(&name));
            Some((package, assessment.packages.get(at.ok()?)?))
        });
        totals.entries = found.map_or(0, |(package, _)| entries(package));
        of.directories.push(Directory {
            name: name.clone(),
            state: *state,
            totals,
            package: found.map(|(_, report)| SettledPackage {
                claimed: report.claimed,
                releases: report.releases,
                owners: report.owners.clone(),
            }),
        });
    }
    Record {
        context: context(made.client, assessment),
        identity: assessment.chain.identity(),
        memory: Digest::of(made.memory),
        common: made.parts.common,
        signatures: verified.map(|((_, loaded), _)| loaded.digest).collect(),
        shares,
    }
}

/// The directories of which something was said, or of which something is not in its place.
/// `None`: possibly all.
fn told<'m>(made: &Made<'m, '_>) -> Option<HashSet<&'m str>> {
    let (repository, assessment) = (made.repository, made.assessment);
    if !repository.misplaced.is_empty() || has_unplaced(made.findings, &assessment.packages) {
        return None;
    }
    let said = made.findings.iter().filter_map(|finding| {
        let below = finding.path.strip_prefix(PACKAGES)?;
        let inside = !finding.path.starts_with(CONEX);
        inside.then(|| below.split('/').next().unwrap_or(below))
    });
    let plain = |report: &&PackageReport| {
        let package = repository.packages.get(&report.name);
        let quiet = report.findings.is_silent();
        let unsigned = |package: &Package| !package.has_metadata();
        let read = |package: &Package| {
            let mut all = package.directories.values();
            all.all(|dir| dir.problems.is_empty())
        };
        quiet && package.is_some_and(|p| read(p) && (report.claimed || unsigned(p)))
    };
    let judged = assessment.packages.iter().filter(|report| !plain(report));
    let judged = judged.map(|report| report.name.as_str());
    let is_plain = |name: &str| name.bytes().all(|b| b.is_ascii_graphic() && b != b'.');
    let names = repository.state.packages.keys().map(|name| &**name);
    Some(
        said.chain(judged)
            .chain(names.filter(|n| !is_plain(n)))
            .collect(),
    )
}

/// Whether a finding that was only counted may be about any directory: of findings that are all
/// alike the paths of the last ones are not known, but those of packages are in their reports.
fn has_unplaced(findings: &[Finding], packages: &[PackageReport]) -> bool {
    let counted = findings.iter().filter(|finding| finding.alike > 0);
    // These are told at segments and at ids, of no package.
    let counted = counted.filter(|f| !matches!(f.code, Code::UnknownKey | Code::PendingId));
    let kinds: BTreeSet<(Code, Severity)> = counted.map(|f| (f.code, f.severity)).collect();
    kinds.into_iter().any(|kind| {
        let of_kind = findings.iter().filter(|f| (f.code, f.severity) == kind);
        let (kept, left): (Vec<_>, Vec<_>) = of_kind.partition(|f| f.alike == 0);
        let all = kept.len() + left.iter().map(|f| f.alike).sum::<usize>();
        let reports = packages.iter().map(|report| report.findings.of_kind(kind));
        let (told, shown) = reports.fold((0, 0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
        // Of what no package's report has, all must be there with their paths.
        all.checked_sub(told) != kept.len().checked_sub(shown) || all < told
    })
}

/// How much there is in each directory of what has limits, as the reader counts. `None` where
/// the directory of a release has the name of another package.
fn totals(tree: &Tree) -> HashMap<&str, Option<Totals>> {
    let mut all: HashMap<&str, Option<Totals>> = HashMap::new();
    let mut last = "";
    for (path, bytes) in &tree.files {
        let below = path.strip_prefix(PACKAGES);
        let Some((dir, rest)) = below.and_then(|below| below.split_once('/')) else {
            continue;
        };
        let of = all.entry(dir).or_insert(Some(Totals {
            packages: 1,
            ..Totals::default()
        }));
        let Some(totals) = of else { continue };
        totals.files += 1;
        totals.bytes += bytes.len();
        if let Some((release, _)) = rest.split_once('/') {
            if release.split('.').next() != Some(dir) {
                *of = None;
                continue;
            }
            totals.releases += usize::from(release != last);
            last = release;
        }
    }
    all
}

/// The entries in the lists of a package.
fn entries(package: &Package) -> usize {
    let owners = package.authorisation.good();
    let releases = package.releases.good();
    let files = package.directories.values();
    let files = files.map(|dir| dir.checksum.good().map_or(0, |c| c.value.files.len()));
    owners.map_or(0, |a| a.value.owners.len())
        + releases.map_or(0, |r| r.value.releases.len())
        + files.sum::<usize>()
}
