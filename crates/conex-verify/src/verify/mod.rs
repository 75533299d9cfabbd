//! Whole-tree verification: from a tree and what the client trusts to a verdict.
//!
//! The steps are those of `docs/verification.md`, in the same order:
//!
//! 1. the janitor chain (V1, [`crate::trust::chain`]); 2. segments under its keys (V2); 3. authors
//!    and teams, and the segments under their keys (V3); 4. `repo` and the list of claims (V4, V5);
//!    5. the snapshot (V9), which decides whether unsigned packages are let through; 6. the files
//!    at the top (V8); 7. each package (V6), whose paths have their places by
//!    [`crate::format::path`] (V7).
//!
//! Nothing here reads a clock, a file or the environment, and the result does not
//! depend on the number of threads.

pub mod description;
pub mod explain;
pub mod packages;
pub mod repo_file;
pub mod snapshot;
pub mod top_level;
mod unsigned;

pub use crate::trust::mode::Mode;
pub use unsigned::Unsigned;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use self::packages::{Context, Elsewhere, PackageReport, judge_package};
use self::snapshot::SnapshotReport;
use crate::finding::{Cause, Code, Finding, Findings, Severity, remedy};
use crate::format::key::Fingerprint;
use crate::format::name::{Id, PackageName};
use crate::format::path::Place;
use crate::format::resource::{Resource, ResourceId, ResourceVersion};
use crate::limits::MAX_WRONG_SEGMENTS;
use crate::repository::{Loaded, Repository, Slot};
use crate::tree::Tree;
use crate::trust::anchors::Client;
use crate::trust::chain::Chain;
use crate::trust::ids::{People, Use, judge_ids, stand};
use crate::trust::support::{self, Epochs, Standing, Supporters};
use crate::trust::vouch::{
    Checked, Failure, Ignored, Signed, Vouch, Vouches, Weight, list_segments, verify_segments,
};

/// What is judged as if it were there, for the tools of people, who ask what would be; and which
/// signatures are looked at. The verdict on a tree has none of that, and of the tree before it looks at
/// more signatures alone.
#[derive(Debug, Clone, Default)]
pub struct Pretended {
    /// Versions for which a quorum of the last link is taken to vouch.
    pub vouched: Vec<(ResourceId, ResourceVersion)>,
    /// Keys that are taken to be proven.
    pub proven: BTreeSet<(Id, Fingerprint)>,
    /// Whether the snapshot is taken to be valid: who publishes the tree makes one.
    pub stated: bool,
    /// V2.5: Which signatures are looked at.
    pub signatures: Signatures,
}

/// V2.5: Which signatures of segments are looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Signatures {
    /// Those on which a verdict depends, until [`MAX_WRONG_SEGMENTS`] are wrong: then it is
    /// decided.
    #[default]
    Decisive,
    /// Those on which a verdict depends, however many are wrong: of a tree that nobody refuses for
    /// that, as the one that a client has.
    Evidence,
    /// All under listed keys. Who asks what would be asks for all that is wrong, and who has
    /// proven which key.
    All,
}

/// Everything that is known about a repository after judging it.
#[derive(Debug)]
pub struct Assessment<'r> {
    /// The chain.
    pub chain: Chain,
    /// Authors and teams.
    pub people: People,
    /// What becomes of each segment.
    pub segments: Vec<Use<'r>>,
    /// The entries that count.
    pub vouches: Vouches<'r>,
    /// Those that do not.
    pub ignored: Ignored<'r>,
    /// Where `packages/.conex/repo` stands.
    pub repo: (Option<ResourceVersion>, Standing),
    /// Where `packages/.conex/claims` stands.
    pub claims: (Option<ResourceVersion>, Standing),
    /// Whether unsigned packages are let through.
    pub unsigned: Unsigned,
    /// The packages, in the order of their names.
    pub packages: Vec<PackageReport>,
    /// The snapshot, whose findings are its own: those who work on a tree do not care.
    pub snapshot: SnapshotReport,
    /// Findings about ids, segments, packages and top-level files, as many of a kind as the
    /// repository keeps.
    pub findings: Findings,
}

/// V1.1: Reads the chain of a repository.
///
/// # Errors
/// No link 0, a gap, a broken link, a link that does not name the one before,
/// or one that breaks what holds along the chain.
pub fn read_chain(repository: &Repository) -> Result<Chain, Vec<Finding>> {
    let mut findings = repository.findings.as_many();
    let chain = Chain::read(repository, &mut |fault| {
        findings.push(explain::chain_fault(fault));
    });
    match chain {
        Some(chain) if !findings.is_refused() => Ok(chain),
        _ => Err(findings.into_vec()),
    }
}

/// V10.3: what the anchors ask for: a snapshot and a list of claims that are not older than when the
/// anchors were handed out.
pub(crate) fn asked(client: &Client, assessment: &Assessment<'_>) -> Vec<Finding> {
    let anchors = client.anchors();
    let claims = assessment
        .claims
        .0
        .filter(|_| assessment.claims.1.is_valid());
    let of = [
        (
            anchors.snapshot,
            assessment.snapshot.valid_version(),
            Place::Snapshot,
            "snapshot",
        ),
        (anchors.claims, claims, Place::Claims, "list of claims"),
    ];
    let waits = !matches!(
        assessment.claims.1,
        Standing::Valid | Standing::Absent { .. }
    );
    let no_claims = waits.then(|| Cause::Standing(ResourceId::claims()));
    let mut findings = Vec::new();
    for (least, found, place, what) in of {
        let Some(least) = least else { continue };
        if found.is_some_and(|found| found.revision >= least) {
            continue;
        }
        let code = match found {
            Some(_) => Code::Rollback,
            None => Code::Removed,
        };
        let found = found.map_or_else(
            || "none that is valid".to_owned(),
            |f| f.revision.to_string(),
        );
        let cause = no_claims.clone().filter(|_| place == Place::Claims);
        findings.push(
            Finding::error(
                code,
                place.path(),
                format!("your anchors ask for a {what} that is not older than they are"),
            )
            .value("at least", least)
            .value("found", found)
            .hint("the server or mirror serves an old state; use another one, or report it")
            .because(cause),
        );
    }
    findings
}

/// Judges everything behind the chain, whose signatures are judged elsewhere.
pub fn assess<'r>(
    tree: &Tree,
    repository: &'r Repository,
    chain: Chain,
    mode: Mode,
    pretended: &Pretended,
) -> Assessment<'r> {
    let mut vouches = Vouches::default();
    let mut ignored = Ignored::default();
    let mut findings = repository.findings.as_many();
    let most = match pretended.signatures {
        Signatures::Decisive => MAX_WRONG_SEGMENTS,
        Signatures::Evidence | Signatures::All => usize::MAX,
    };
    let all = pretended.signatures == Signatures::All;
    let mut checked = list_segments(repository, &chain);
    let of_chain = |c: &Checked<'_, '_>| c.signed == Signed::Chain;
    verify_segments(repository, &mut checked, &of_chain, most);
    for c in checked.iter().filter(|c| c.signed == Signed::Chain) {
        match &c.failure {
            None => vouches.add(c.segment, Weight::Chain),
            Some(Failure::NotReached) => {}
            Some(why) => findings.push(explain::segment(c, why)),
        }
    }
    pretend(&mut vouches, &chain, repository, pretended);
    let standings = stand(repository, &chain, &vouches);
    let counts = |c: &Checked<'_, '_>| {
        let standing = standings.get(&c.segment.segment.id);
        c.signed == Signed::Listed && (all || standing.is_some_and(Standing::is_valid))
    };
    verify_segments(repository, &mut checked, &counts, most);
    let (people, segments) = judge_ids(
        repository,
        &chain,
        (standings, &checked),
        &pretended.proven,
        &mut vouches,
        &mut ignored,
        &mut |fault| findings.push(explain::people_fault(fault)),
    );
    let of_quorum = OfQuorum {
        chain: &chain,
        vouches: &vouches,
        ignored: &ignored,
    };
    let repo = of_quorum.judge(&repository.repo, &ResourceId::repo(), &mut findings);
    let claims = of_quorum.judge(&repository.claims, &ResourceId::claims(), &mut findings);
    let listed = in_force(&repository.claims, &claims.1);
    let snapshot = snapshot::judge(repository, &chain, &people);
    let stated = snapshot.is_valid() || pretended.stated;
    let unsigned = match mode {
        Mode::NoStrict => Unsigned::LetThrough,
        Mode::Covered if stated && listed.is_some() => Unsigned::LetThrough,
        Mode::Covered | Mode::Strict => Unsigned::Refused,
    };
    if mode == Mode::Covered && listed.is_none() {
        findings.push(no_claims(&claims.1));
    }
    let approved = in_force(&repository.repo, &repo.1);
    findings.append(top_level::judge(tree, repository, approved, mode, unsigned));
    let no_claims = Cause::Standing(ResourceId::claims());
    let covers = mode == Mode::Covered && stated;
    let claimed = support::claimed(&vouches, chain.quorum(), listed);
    let cx = Context {
        vouches: &vouches,
        ignored: &ignored,
        chain: &chain,
        people: &people,
        claimed: &claimed,
        unsigned,
        refused: Some(&no_claims).filter(|_| covers),
        ids: &repository.ids,
    };
    let packages = judge_packages(&cx, repository, &mut findings);
    one_namespace(&packages, repository, &mut findings);
    Assessment {
        snapshot,
        repo,
        claims,
        unsigned,
        packages,
        people,
        segments,
        ignored,
        vouches,
        chain,
        findings,
    }
}

/// Adds the vouches of a quorum for what is pretended.
fn pretend<'r>(
    vouches: &mut Vouches<'r>,
    chain: &Chain,
    repository: &'r Repository,
    pretended: &Pretended,
) {
    let last = repository.links.values().next_back().and_then(Slot::good);
    let members = last.map(|l| &l.value.link.members);
    let quorum = members.into_iter().flatten().take(chain.quorum());
    for (id, key) in quorum {
        for (resource, version) in &pretended.vouched {
            vouches.put(
                Cow::Owned(resource.clone()),
                Vouch {
                    id,
                    key: key.fingerprint(),
                    weight: Weight::Chain,
                    version: *version,
                },
            );
        }
    }
}

/// What a file says, if the version in the tree is valid.
fn in_force<'r, T>(slot: &'r Slot<T>, standing: &Standing) -> Option<&'r T> {
    slot.good()
        .filter(|_| standing.is_valid())
        .map(|l| &l.value)
}

/// V5.3: the finding where unsigned packages are let through under a snapshot, and no valid list
/// says that nobody claims them: whoever has the key of a notary and the server could
/// otherwise leave all segments out.
fn no_claims(standing: &Standing) -> Finding {
    let why = match standing {
        Standing::Absent { .. } => "is missing",
        _ => "is not valid",
    };
    Finding::error(
        Code::MissingResource,
        Place::Claims.path(),
        format!("the list of claims {why}, so no package can be taken for one that nobody claims"),
    )
    .remedy(&remedy::CLAIMS, "")
    .explaining(Cause::Standing(ResourceId::claims()))
}

/// So many packages are judged at once before their findings are taken in: of those that are
/// all alike each has some.
const AT_ONCE: usize = 1024;

fn judge_packages(
    cx: &Context<'_, '_>,
    repository: &Repository,
    findings: &mut Findings,
) -> Vec<PackageReport> {
    let mut misplaced: BTreeMap<PackageName, Vec<Elsewhere<'_>>> = BTreeMap::new();
    for (path, (release, dir)) in &repository.misplaced {
        let of = misplaced.entry(release.name()).or_default();
        of.push(Elsewhere { path, release, dir });
    }
    let mut names: BTreeSet<PackageName> = repository.packages.keys().cloned().collect();
    names.extend(cx.claimed.iter().filter_map(|n| PackageName::new(n).ok()));
    names.extend(misplaced.keys().cloned());
    // R1: what is settled is not judged again.
    names.retain(|name| !repository.settled.has(name));
    let names: Vec<PackageName> = names.into_iter().collect();
    let elsewhere = |name: &PackageName| misplaced.get(name).map_or(&[][..], Vec::as_slice);
    let none = findings.as_many();
    let judge = |name: &PackageName| {
        let package = repository.packages.get(name);
        judge_package(cx, name, package, elsewhere(name), none.clone())
    };
    let mut reports = Vec::with_capacity(names.len());
    for some in names.chunks(AT_ONCE) {
        let mut judged: Vec<PackageReport> = some.par_iter().map(judge).collect();
        for report in &mut judged {
            findings.share(&mut report.findings);
        }
        reports.append(&mut judged);
    }
    reports
}

/// V5.4: package names are unique without case: those that are claimed and not there included, and
/// those of releases that lie elsewhere.
fn one_namespace(packages: &[PackageReport], repository: &Repository, findings: &mut Findings) {
    let mut seen: BTreeMap<String, &PackageName> = BTreeMap::new();
    for package in packages {
        let folded = crate::format::name::fold(package.name.as_str());
        // Of two that have directories of their own, the paths collide.
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
}

/// V5.1, V6.1: what judges the two files that only a quorum supports and that are no ids.
struct OfQuorum<'a, 'r> {
    chain: &'a Chain,
    vouches: &'a Vouches<'r>,
    ignored: &'a Ignored<'r>,
}

impl OfQuorum<'_, '_> {
    fn judge<T: Resource>(
        &self,
        slot: &Slot<T>,
        resource: &ResourceId,
        findings: &mut Findings,
    ) -> (Option<ResourceVersion>, Standing) {
        let present = slot.good().map(Loaded::version);
        let standing = support::judge(
            self.vouches,
            self.chain.quorum(),
            resource,
            Supporters::Quorum,
            Epochs::Opened,
            present,
        );
        let explained = match (slot, &standing) {
            // It has its finding already, or nobody ever approved one.
            (Slot::Broken, _) | (Slot::Missing, Standing::Absent { supported: None }) => None,
            _ => explain::standing(resource, present, &standing, None, self.ignored),
        };
        if let Some(mut finding) = explained {
            // A first one that is pending is as none. One that stands in place of an approved
            // one has stripped that.
            if matches!(&standing, Standing::Waiting(w) if w.supported.is_none()) {
                finding.severity = Severity::Warning;
            }
            findings.push(finding);
        }
        (present, standing)
    }
}
