//! Whole-tree verification: from a tree and what the client trusts to a verdict.
//!
//! The steps are those of `docs/verification.md`, in the same order:
//!
//! 1. the janitor chain; 2. segments under keys of the chain; 3. authors and
//!    teams; 4. the other segments; 5. `repo`, and each package; 6. coverage: every
//!    path has its place ([`crate::format::path`]), and the top-level files are judged; 7. the snapshot.
//!
//! Nothing here reads a clock, a file or the environment, and the result does not
//! depend on the number of threads.

mod explain;
pub mod packages;
pub mod snapshot;
pub mod top_level;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use self::packages::{Context, PackageReport, judge_package};
use self::snapshot::SnapshotReport;
use crate::finding::{Code, Finding, Severity};
use crate::format::digest::Digest;
use crate::format::name::PackageName;
use crate::format::resource::{Kind, REPO_NAME, Repo, ResourceId, ResourceVersion};
use crate::format::state::State;
use crate::repository::{Repository, Slot, version_in};
use crate::tree::Tree;
pub use crate::trust::View;
use crate::trust::anchors::Client;
use crate::trust::chain::Chain;
use crate::trust::ids::{People, judge_ids};
use crate::trust::support::{Standing, Supporters, judge};
use crate::trust::vouch::{Ignored, Vouches, Weight, check_segments};

/// What happens to packages whose names no quorum claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// They are refused.
    Strict,
    /// They are let through, and counted.
    IgnoreMissing,
}

impl Mode {
    /// How much it weighs that something unsigned is not as it should be.
    pub fn unsigned_severity(self) -> Severity {
        match self {
            Mode::Strict => Severity::Error,
            Mode::IgnoreMissing => Severity::Warning,
        }
    }
}

/// Numbers for the last line of a report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// All files of the tree whose content was looked at.
    pub files: usize,
    /// Packages that are signed and complete.
    pub signed_packages: usize,
    /// Packages whose name nobody claims.
    pub unsigned_packages: usize,
    /// Packages whose name is claimed and that do not verify.
    pub broken_packages: usize,
    /// All releases.
    pub releases: usize,
    /// Valid authors.
    pub authors: usize,
    /// Valid teams.
    pub teams: usize,
    /// Segments that were found.
    pub segments: usize,
}

/// Everything that is known about a repository after judging it.
#[derive(Debug)]
pub struct Assessment<'r> {
    /// The chain.
    pub chain: Chain,
    /// Authors and teams.
    pub people: People,
    /// The entries that count.
    pub vouches: Vouches<'r>,
    /// Those that do not.
    pub ignored: Ignored<'r>,
    /// Where `packages/.conex/repo` stands.
    pub repo: (Option<ResourceVersion>, Standing),
    /// The packages, in the order of their names.
    pub packages: Vec<PackageReport>,
    /// The snapshot, whose findings are its own: those who work on a tree do not care.
    pub snapshot: SnapshotReport,
    /// Findings about ids, segments, packages and top-level files.
    pub findings: Vec<Finding>,
}

/// What a verification says.
#[derive(Debug)]
pub struct Verdict<'r> {
    /// All findings. The tree is accepted if none is an error.
    pub findings: Vec<Finding>,
    /// Numbers.
    pub summary: Summary,
    /// The state of the tree.
    pub state: &'r State,
    /// What is known, if there is a chain that the anchors lead to.
    pub assessment: Option<Assessment<'r>>,
}

impl Verdict<'_> {
    /// Whether the tree is valid.
    pub fn accepted(&self) -> bool {
        !self.findings.iter().any(|f| f.severity == Severity::Error) && self.assessment.is_some()
    }

    /// The repository identity.
    pub fn identity(&self) -> Option<Digest> {
        self.assessment.as_ref().map(|a| a.chain.identity())
    }
}

/// Verifies a tree. `repository` is [`Repository::load`] of the same tree.
pub fn verify<'r>(
    tree: &Tree,
    repository: &'r Repository,
    client: &Client,
    mode: Mode,
) -> Verdict<'r> {
    let mut findings = repository.findings.clone();
    let mut summary = Summary {
        files: repository.file_count,
        segments: repository.segments.len(),
        ..Summary::default()
    };
    let chain = match Chain::read(repository) {
        Ok(chain) => chain,
        Err(errors) => {
            findings.extend(errors);
            return Verdict {
                findings,
                summary,
                state: &repository.state,
                assessment: None,
            };
        }
    };
    match chain.anchor_link(client) {
        Ok(from) => findings.extend(chain.judge(from, client.quorum())),
        Err(finding) => {
            findings.push(*finding);
            return Verdict {
                findings,
                summary,
                state: &repository.state,
                assessment: None,
            };
        }
    }
    let mut assessment = assess(tree, repository, chain, mode, View::Supported);
    findings.append(&mut assessment.findings);
    let report = &assessment.snapshot;
    findings.extend(report.findings.iter().cloned());
    let rule = assessment.chain.current().snapshot;
    findings.extend(snapshot::demanded(
        repository,
        rule,
        client.snapshot(),
        report,
    ));
    count(&mut summary, &assessment);
    Verdict {
        findings,
        summary,
        state: &repository.state,
        assessment: Some(assessment),
    }
}

fn count(summary: &mut Summary, assessment: &Assessment<'_>) {
    for package in &assessment.packages {
        summary.releases += package.releases;
        if !package.claimed {
            summary.unsigned_packages += 1;
        } else if package.is_signed() {
            summary.signed_packages += 1;
        } else {
            summary.broken_packages += 1;
        }
    }
    summary.authors = assessment.people.authors.len();
    summary.teams = assessment.people.teams.len();
}

/// Judges everything behind the chain, whose signatures are judged elsewhere.
pub fn assess<'r>(
    tree: &Tree,
    repository: &'r Repository,
    chain: Chain,
    mode: Mode,
    view: View,
) -> Assessment<'r> {
    let mut vouches = Vouches::default();
    let mut ignored = Ignored::default();
    let (checked, mut findings) = check_segments(repository, &chain);
    for c in &checked {
        if c.signed == crate::trust::vouch::Signed::Chain && c.failure.is_none() {
            vouches.add(c.segment, Weight::Chain);
        }
    }
    let (people, found) = judge_ids(
        repository,
        &chain,
        &checked,
        view,
        &mut vouches,
        &mut ignored,
    );
    findings.extend(found);
    let repo = judge_repo(repository, &chain, &vouches, &ignored, &mut findings);
    let approved: Option<&Repo> = if view.in_force(&repo.1) {
        repository.repo.good().map(|l| &l.value)
    } else {
        None
    };
    findings.extend(top_level::judge(tree, repository, approved, mode));
    let claimed = vouches.claimed(chain.quorum());
    let cx = Context {
        vouches: &vouches,
        ignored: &ignored,
        chain: &chain,
        people: &people,
        claimed: &claimed,
        mode,
        view,
    };
    let packages = judge_packages(&cx, repository);
    for package in &packages {
        findings.extend(package.findings.iter().cloned());
    }
    findings.extend(one_namespace(&packages, repository));
    Assessment {
        snapshot: snapshot::judge(repository, &chain, &people),
        repo,
        packages,
        people,
        ignored,
        vouches,
        chain,
        findings,
    }
}

fn judge_packages(cx: &Context<'_, '_>, repository: &Repository) -> Vec<PackageReport> {
    let mut names: BTreeSet<PackageName> = repository.packages.keys().cloned().collect();
    names.extend(cx.claimed.iter().filter_map(|n| PackageName::new(n).ok()));
    let names: Vec<PackageName> = names.into_iter().collect();
    names
        .par_iter()
        .map(|name| judge_package(cx, name, repository.packages.get(name)))
        .collect()
}

/// Package names are unique without case, those that are claimed and not there
/// included. (Of two that are there, the paths collide.)
fn one_namespace(packages: &[PackageReport], repository: &Repository) -> Vec<Finding> {
    let mut seen: BTreeMap<String, &PackageName> = BTreeMap::new();
    let mut findings = Vec::new();
    for package in packages {
        let folded = crate::format::name::fold(package.name.as_str());
        let absent = |name: &PackageName| !repository.packages.contains_key(name);
        if let Some(other) = seen.insert(folded, &package.name)
            && (absent(other) || absent(&package.name))
        {
            findings.push(
                Finding::error(
                    Code::CaseCollision,
                    format!("packages/{}", package.name),
                    format!(
                        "the packages `{other}` and `{}` differ only in case",
                        package.name
                    ),
                )
                .hint("one of the two needs another name"),
            );
        }
    }
    findings
}

fn judge_repo(
    repository: &Repository,
    chain: &Chain,
    vouches: &Vouches<'_>,
    ignored: &Ignored<'_>,
    findings: &mut Vec<Finding>,
) -> (Option<ResourceVersion>, Standing) {
    let resource = ResourceId {
        kind: Kind::Repo,
        name: REPO_NAME.into(),
    };
    let present = version_in(&repository.repo).map(|(_, version)| version);
    let standing = judge(
        vouches,
        chain.quorum(),
        &resource,
        Supporters::Quorum,
        present,
    );
    let explained = match (&repository.repo, &standing) {
        // It has its finding already, or nobody ever approved one.
        (Slot::Broken, _) | (Slot::Missing, Standing::Absent { supported: None }) => None,
        _ => explain::explain(&resource, present, &standing, None, ignored),
    };
    if let Some(mut finding) = explained {
        // A first one that is pending is as none: the top-level file is judged without
        // it. One that stands in place of an approved one has stripped that.
        if matches!(&standing, Standing::Waiting(w) if w.supported.is_none()) {
            finding.severity = Severity::Warning;
        }
        findings.push(finding);
    }
    (present, standing)
}
