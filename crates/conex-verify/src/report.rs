//! What a verdict says.

use crate::finding::Finding;
use crate::format::digest::Digest;
use crate::format::name::Id;
use crate::format::resource::{Revision, Timestamp};
use crate::verdict::{Summary, Verdict};
use crate::verify::snapshot::SnapshotReport;

/// What a verdict says, besides whether the repository is accepted.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Report {
    /// All findings: errors, warnings and notes.
    pub findings: Vec<Finding>,
    /// Numbers.
    pub summary: Summary,
    /// The identity of the repository: the digest of link 0.
    pub identity: Option<Digest>,
    /// The number of the last link and its quorum, where the anchors lead to the chain.
    pub chain: Option<(usize, usize)>,
    /// The short digest of the state, where there is a chain.
    pub state: Option<String>,
    /// The snapshot that is there, if one can be read.
    pub snapshot: Option<SnapshotFacts>,
    /// How many packages were not judged again: they are as they were accepted before.
    pub settled: usize,
}

/// What is known of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SnapshotFacts {
    /// Whether it is valid.
    pub valid: bool,
    /// Its epoch and counter.
    pub revision: Revision,
    /// When it was made, as it says.
    pub created: Option<Timestamp>,
    /// Who signed it, if they may.
    pub by: Option<Id>,
}

impl SnapshotFacts {
    /// The facts about a snapshot that was judged.
    pub fn of(report: &SnapshotReport) -> Option<SnapshotFacts> {
        Some(SnapshotFacts {
            valid: report.is_valid(),
            revision: report.version?.revision,
            created: report.created.clone(),
            by: report.by.clone(),
        })
    }

    /// The age in seconds at `now`, in seconds since 1970; negative if it was made later than
    /// that. `None` of one that is not valid, or of no such time.
    pub fn age(&self, now: u64) -> Option<i64> {
        let created = self.created.as_ref().filter(|_| self.valid)?.seconds()?;
        i64::try_from(now)
            .ok()?
            .checked_sub(i64::try_from(created).ok()?)
    }
}

impl Report {
    /// The report of a tree that could not be judged, for one reason.
    pub fn refused(finding: Finding) -> Report {
        Report {
            findings: vec![finding],
            ..Report::default()
        }
    }

    /// The report of a verdict.
    pub(crate) fn of(verdict: &Verdict<'_>) -> Report {
        let assessment = verdict.assessment.as_ref();
        Report {
            findings: verdict.findings.clone(),
            summary: verdict.summary,
            identity: verdict.identity(),
            chain: assessment.map(|a| (a.chain.links().len().saturating_sub(1), a.chain.quorum())),
            state: assessment.map(|_| verdict.state.id()),
            snapshot: assessment.and_then(|a| SnapshotFacts::of(&a.snapshot)),
            settled: verdict.settled,
        }
    }
}
