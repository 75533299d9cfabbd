//! The snapshot: who may sign it, and whether the repository is what it states.

use std::collections::BTreeMap;

use crate::finding::{Code, Finding, remedy};
use crate::format::key::{Fingerprint, Namespace, PublicKey};
use crate::format::name::{Id, NOTARIES};
use crate::format::path::Place;
use crate::format::resource::{IdFile, ResourceVersion, SignedSnapshot, SnapshotRule, Timestamp};
use crate::format::state::{Difference, diff};
use crate::limits::MAX_AHEAD;
use crate::repository::{Loaded, Repository, Slot};
use crate::trust::anchors::{MaxAge, SnapshotPolicy};
use crate::trust::chain::Chain;
use crate::trust::ids::People;
use crate::trust::support::{Standing, Waiting};

/// Who may sign the snapshot.
#[derive(Debug, Clone)]
pub struct Notaries {
    /// The epoch that a snapshot must have.
    pub epoch: u64,
    /// The keys that count, each with the id that has it.
    pub keys: BTreeMap<Fingerprint, (Id, PublicKey)>,
    /// Where that comes from.
    pub source: Source,
}

/// What decides who the notaries are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The members of the valid team `notaries`.
    Team,
    /// Nobody may sign: there is no such team.
    NoTeam,
    /// Nobody may sign: the team is there and not valid.
    InvalidTeam,
}

impl Source {
    /// Why nobody may sign, or who may.
    pub fn explain(self) -> &'static str {
        match self {
            Source::Team => "a member of the team `notaries`",
            Source::NoTeam => "nobody: there is no team `notaries`",
            Source::InvalidTeam => "nobody: the team `notaries` is not valid",
        }
    }
}

/// The id of the team whose members sign the snapshot.
pub fn notaries_id() -> Option<Id> {
    Id::new(NOTARIES).ok()
}

/// V9.2: Who may sign the snapshot of this repository.
///
/// A team that was never supported is as none: what waits for approval harms nobody.
pub fn notaries(repository: &Repository, chain: &Chain, people: &People) -> Notaries {
    let nobody = |source| Notaries {
        epoch: 0,
        keys: BTreeMap::new(),
        source,
    };
    let Some(team) = notaries_id() else {
        return nobody(Source::NoTeam);
    };
    let file = |id: &Id| {
        repository
            .ids
            .get(id)
            .and_then(Slot::good)
            .map(|l| &l.value)
    };
    let mut keys = BTreeMap::new();
    if let (Some(members), Some(IdFile::Team(found))) = (people.teams.get(&team), file(&team)) {
        for member in members {
            let mut add = |key: &PublicKey| {
                keys.insert(key.fingerprint(), (member.clone(), key.clone()));
            };
            chain.key_of(member).into_iter().for_each(&mut add);
            if let (Some(valid), Some(IdFile::Author(author))) =
                (people.authors.get(member), file(member))
            {
                let counts = |key: &&PublicKey| valid.contains(&key.fingerprint());
                author.keys.iter().filter(counts).for_each(&mut add);
            }
        }
        return Notaries {
            epoch: found.revision.epoch,
            keys,
            source: Source::Team,
        };
    }
    let never = matches!(
        people.standings.get(&team),
        None | Some(
            Standing::Waiting(Waiting {
                supported: None,
                ..
            }) | Standing::Absent { supported: None }
        )
    );
    nobody(if never {
        Source::NoTeam
    } else {
        Source::InvalidTeam
    })
}

/// What is known about the snapshot of a tree.
#[derive(Debug, Clone)]
pub struct SnapshotReport {
    /// Which one is there, if it can be read.
    pub version: Option<ResourceVersion>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Who signed it, if they may.
    pub by: Option<Id>,
    /// Where the tree is not what it states: from what it states to what is there.
    pub differences: Vec<Difference>,
    /// Whether it is of this repository, by somebody who may, in the epoch of the team, and
    /// states exactly what is there.
    pub fits: bool,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

impl SnapshotReport {
    /// Whether there is one, by somebody who may, of exactly this tree.
    pub fn is_valid(&self) -> bool {
        self.version.is_some() && self.fits
    }

    /// Whether it is as young as a client asks for: V9.6.
    pub fn is_young(&self, policy: MaxAge) -> bool {
        let limit = i64::try_from(policy.seconds).unwrap_or(i64::MAX);
        self.age(policy.now)
            .is_some_and(|age| (-MAX_AHEAD..=limit).contains(&age))
    }

    /// Which one is there, if it is valid.
    pub fn valid_version(&self) -> Option<ResourceVersion> {
        self.version.filter(|_| self.is_valid())
    }

    /// Its age in seconds at `now`, in seconds since 1970: negative if it was made
    /// later than that. `None` if there is none that is valid, or no such time.
    pub fn age(&self, now: u64) -> Option<i64> {
        let created = self.created.as_ref().filter(|_| self.is_valid())?;
        let created = i64::try_from(created.seconds()?).ok()?;
        i64::try_from(now).ok()?.checked_sub(created)
    }
}

/// V9.1, V9.3: Judges the snapshot that is there, if one is.
pub fn judge(repository: &Repository, chain: &Chain, people: &People) -> SnapshotReport {
    let mut report = SnapshotReport {
        version: None,
        created: None,
        by: None,
        differences: Vec::new(),
        fits: false,
        findings: Vec::new(),
    };
    // A broken one has its finding already, and is none here.
    let Some(loaded) = repository.snapshot.good() else {
        return report;
    };
    let snapshot = &loaded.value.snapshot;
    report.version = Some(loaded.snapshot_version());
    report.created = Some(snapshot.created.clone());
    let path = Place::Snapshot.path();
    if snapshot.repository != chain.identity() {
        report.findings.push(
            Finding::error(
                Code::ForeignRepository,
                &path,
                "the snapshot was made for another repository",
            )
            .value("this one", chain.identity())
            .value("made for", snapshot.repository)
            .remedy(&remedy::SNAPSHOT_AGAIN, ""),
        );
        return report;
    }
    let notaries = notaries(repository, chain, people);
    match signer(loaded, &notaries) {
        Ok(id) => report.by = Some(id),
        Err(finding) => report.findings.push(*finding),
    }
    let epoch = snapshot.revision.epoch;
    if report.by.is_some() && epoch != notaries.epoch {
        report.findings.push(
            Finding::error(
                Code::SnapshotEpoch,
                &path,
                "the snapshot is of another epoch than the team `notaries`",
            )
            .value("team", format!("epoch {}", notaries.epoch))
            .value("snapshot", format!("epoch {epoch}"))
            .remedy(&remedy::SNAPSHOT_AGAIN, ""),
        );
    }
    report.differences = diff(&snapshot.state, &repository.state);
    let signed = report.by.is_some() && epoch == notaries.epoch;
    report.fits = signed && report.differences.is_empty();
    // Under a signature that does not count it says nothing about anything.
    if signed {
        report.findings = differing(&report.differences);
    }
    report
}

/// V9.2: Who signed it, of those who may.
fn signer(loaded: &Loaded<SignedSnapshot>, notaries: &Notaries) -> Result<Id, Box<Finding>> {
    let path = Place::Snapshot.path();
    let signed = &loaded.value;
    let Some((id, key)) = notaries.keys.get(&signed.key) else {
        let mut finding = Finding::error(
            Code::SnapshotSigner,
            path,
            "the snapshot is signed by nobody who may sign it",
        )
        .value("key", signed.key)
        .value("may sign", notaries.source.explain());
        for (fingerprint, (id, _)) in notaries.keys.iter().take(MOST_TOLD) {
            finding = finding.value("", format!("{fingerprint} ({id})"));
        }
        return Err(Box::new(finding.remedy(&remedy::SNAPSHOT_AGAIN, "")));
    };
    key.verify(Namespace::Snapshot, loaded.signed(), &signed.signature)
        .map(|()| id.clone())
        .map_err(|why| {
            Box::new(
                Finding::error(
                    Code::BadSignature,
                    path,
                    format!("the signature of `{id}` on the snapshot does not verify: {why}"),
                )
                .value("key", signed.key)
                .remedy(&remedy::SNAPSHOT_AGAIN, ""),
            )
        })
}

/// The most differing parts that are told: of another state all differ.
pub const MOST_TOLD: usize = 12;

/// V9.4.
fn differing(differences: &[Difference]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = differences
        .iter()
        .take(MOST_TOLD)
        .map(|difference| {
            let Difference {
                part,
                before,
                after,
            } = difference;
            let message = match (before, after) {
                (Some(_), None) => format!("{part} is missing, and the snapshot states it"),
                (None, _) => format!("{part} is there, and the snapshot does not state it"),
                _ => format!("{part} is not what the snapshot states"),
            };
            let text = |digest: &Option<crate::format::digest::Digest>| {
                digest.map_or_else(|| "nothing".to_owned(), |d| d.to_string())
            };
            Finding::error(Code::Snapshot, part.path(), message)
                .value("expected", text(before))
                .value("found", text(after))
                .remedy(&remedy::SNAPSHOT_MIXED, "")
        })
        .collect();
    if let Some(more) = differences.len().checked_sub(MOST_TOLD).filter(|n| *n > 0) {
        findings.push(
            Finding::error(
                Code::Snapshot,
                Place::Snapshot.path(),
                format!("{more} more parts of the repository are not what the snapshot states"),
            )
            .remedy(&remedy::SNAPSHOT_MIXED, ""),
        );
    }
    findings
}

/// V9.5, V9.6: What the chain and the client ask of the snapshot.
pub fn demanded(
    repository: &Repository,
    rule: SnapshotRule,
    policy: SnapshotPolicy,
    report: &SnapshotReport,
) -> Option<Finding> {
    let path = Place::Snapshot.path();
    if repository.snapshot == Slot::Missing {
        let why = if rule == SnapshotRule::Required {
            "the janitors require a snapshot, and there is none"
        } else if policy.max_age.is_some() {
            "you ask for the age of the snapshot, and there is none"
        } else if policy.required {
            "you require a snapshot, and there is none"
        } else {
            return None;
        };
        let finding = Finding::error(Code::SnapshotMissing, path, why);
        return Some(finding.remedy(&remedy::SNAPSHOT_MISSING, ""));
    }
    let MaxAge { seconds, now } = policy.max_age?;
    if !report.is_valid() {
        return None;
    }
    let created = report
        .created
        .as_ref()
        .map(Timestamp::as_str)
        .unwrap_or_default();
    let refuse = |message: &str| {
        Some(
            Finding::error(Code::SnapshotAge, &path, message)
                .value("made", created)
                .value("at most", format!("{seconds} s old"))
                .hint("the server or mirror withholds newer states, or nobody made a snapshot since; use another one, ask the maintainers, or look at your clock"),
        )
    };
    match report.age(now) {
        None => refuse("it cannot be told how old the snapshot is"),
        Some(age) if age < -MAX_AHEAD => {
            refuse("the snapshot was made later than your clock says it is now")
        }
        Some(age) if u64::try_from(age).is_ok_and(|age| age > seconds) => {
            refuse("the snapshot is older than you allow")
        }
        Some(_) => None,
    }
}
