//! Authors and teams: which files are valid, which keys count.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::Chain;
use super::support::{Epochs, Standing, Supporters, judge};
use super::vouch::{Checked, Ignored, Signed, Vouches, Weight, bad_signature, foreign};
use crate::finding::{Code, Finding, Findings, Severity};
use crate::format::key::Fingerprint;
use crate::format::name::{Id, NOTARIES, fold};
use crate::format::path::Place;
use crate::format::resource::{Author, IdFile, Kind, ResourceId};
use crate::repository::{Repository, Slot};

/// Who is valid, and with which keys.
#[derive(Debug, Clone, Default)]
pub struct People {
    /// Valid authors, each with the keys that count: listed and proven. An author
    /// without any is revoked.
    pub authors: BTreeMap<Id, BTreeSet<Fingerprint>>,
    /// Valid teams with their members as listed.
    pub teams: BTreeMap<Id, BTreeSet<Id>>,
    /// The standing of every id file that can be read, and of those that are missing.
    pub standings: BTreeMap<Id, Standing>,
    /// Authors whose file is supported by a quorum, but none of whose keys is proven.
    pub unproven: BTreeSet<Id>,
    /// The ids, valid or pending, that have proven each key.
    pub proven: BTreeMap<Fingerprint, BTreeSet<Id>>,
}

impl People {
    /// V3.5: Whether this id can own: a valid author, or a janitor of today.
    pub fn is_person(&self, id: &Id, chain: &Chain) -> bool {
        self.authors.contains_key(id) || chain.key_of(id).is_some()
    }

    /// Somebody else whose key this is: who has proven it, or whom a link names, when
    /// `id` has proven it as well. A key counts for one id.
    pub fn also_proven_by<'a>(
        &'a self,
        id: &Id,
        key: &Fingerprint,
        chain: &'a Chain,
    ) -> Option<&'a Id> {
        let ids = self.proven.get(key)?;
        let others = ids.iter().chain(chain.holder(key));
        ids.contains(id)
            .then(|| others.into_iter().find(|other| *other != id))
            .flatten()
    }

    /// V3.5, V4.2: The persons who own, when `owners` do: authors, janitors, and the members of
    /// teams that are authors or janitors.
    pub fn resolve<'a>(&'a self, owners: &'a BTreeSet<Id>, chain: &Chain) -> BTreeSet<&'a Id> {
        let mut persons = BTreeSet::new();
        for owner in owners {
            if self.is_person(owner, chain) {
                persons.insert(owner);
            }
            let members = self.teams.get(owner).into_iter().flatten();
            persons.extend(members.filter(|m| self.is_person(m, chain)));
        }
        persons
    }
}

/// V3.1, V2.3: Judges all id files, on the entries under chain keys that `vouches` holds, and
/// adds the entries under the keys of valid authors to it. The keys in `pretended` count as
/// proven besides those that a segment proves.
pub fn judge_ids<'r>(
    repository: &'r Repository,
    chain: &Chain,
    checked: &[Checked<'r>],
    pretended: &BTreeSet<(Id, Fingerprint)>,
    vouches: &mut Vouches<'r>,
    ignored: &mut Ignored<'r>,
) -> (People, Vec<Use<'r>>, Findings) {
    let mut people = People::default();
    let mut findings = repository.findings.as_many();
    namespace(repository, chain, &mut findings);
    let proven = proofs(checked);
    for (id, key) in &proven {
        let ids = people.proven.entry(*key).or_default();
        ids.insert((*id).clone());
    }
    let mut proven_by: BTreeMap<Fingerprint, BTreeSet<&Id>> = BTreeMap::new();
    for (id, slot) in &repository.ids {
        let Some(loaded) = slot.good() else { continue };
        let resource = loaded.value.resource_id();
        let standing = judge(
            vouches,
            chain.quorum(),
            &resource,
            Supporters::Quorum,
            Epochs::Opened,
            Some(loaded.id_version()),
        );
        if standing.is_valid() {
            match &loaded.value {
                IdFile::Team(team) => {
                    people.teams.insert(id.clone(), team.members.clone());
                }
                IdFile::Author(author) => {
                    let proves = |key: &Fingerprint| {
                        proven.contains(&(id, *key)) || pretended.contains(&(id.clone(), *key))
                    };
                    let keys = counting_keys(author, chain, proves);
                    for key in &keys {
                        proven_by.entry(*key).or_default().insert(id);
                    }
                    if keys.is_empty() && !author.keys.is_empty() {
                        people.unproven.insert(id.clone());
                        findings.push(unproven(id));
                    } else {
                        people.authors.insert(id.clone(), keys);
                    }
                }
            }
        }
        people.standings.insert(id.clone(), standing);
    }
    keys_of_two_ids(&proven_by, chain, &mut findings);
    supported_but_absent(repository, chain, vouches, &mut people, &mut findings);
    team_members(chain, &people, &mut findings);
    let mut idle: BTreeMap<(&Id, Fingerprint, &'static str), Vec<&str>> = BTreeMap::new();
    let mut uses = Vec::new();
    for c in checked {
        let id = &c.segment.segment.id;
        let counts = people
            .authors
            .get(id)
            .is_some_and(|keys| keys.contains(&c.segment.key));
        let approved = people.standings.get(id).is_some_and(Standing::is_valid);
        uses.push(Use {
            path: c.path,
            harmless: match (c.signed, &c.failure) {
                (Signed::Chain, failure) => failure.is_none(),
                (Signed::Listed, Some(_)) => !approved,
                (Signed::Listed, None) | (Signed::Unknown, _) => true,
            },
        });
        match (c.signed, &c.failure) {
            (Signed::Chain, _) => {}
            (Signed::Listed, Some(why)) => {
                // Nobody honest makes a signature that fails. Under a key that a
                // quorum approved it is a reason to reject; a pending file harms nobody.
                let mut finding = bad_signature(c, chain, why);
                if !approved {
                    finding.severity = Severity::Warning;
                }
                findings.push(finding);
                ignored.add(c.segment, "the signature does not verify");
            }
            (Signed::Listed, None) if counts => vouches.add(c.segment, Weight::Owner),
            (Signed::Listed, None) => {
                ignored.add(c.segment, NOT_YET);
                idle.entry((id, c.segment.key, NOT_YET))
                    .or_default()
                    .push(c.path);
            }
            (Signed::Unknown, _) => {
                let why = if chain.holder(&c.segment.key) == Some(id) {
                    "signed with the key of a former janitor"
                } else if chain.holder(&c.segment.key).is_some() {
                    "signed with the key of somebody else"
                } else {
                    "signed with a key that is not valid for this id"
                };
                ignored.add(c.segment, why);
                match foreign(c, chain) {
                    // Anyone can copy one here; nobody's vouches depend on it.
                    Some(finding) => findings.push(Finding {
                        severity: Severity::Warning,
                        ..finding
                    }),
                    None => idle
                        .entry((id, c.segment.key, why))
                        .or_default()
                        .push(c.path),
                }
            }
        }
    }
    findings.extend(
        idle.into_iter()
            .map(|((id, key, why), paths)| idle_segments(id, key, why, &paths)),
    );
    (people, uses, findings)
}

/// What becomes of a segment.
#[derive(Debug, Clone, Copy)]
pub struct Use<'r> {
    /// Where it lies.
    pub path: &'r str,
    /// Whether its signature verifies, or is under a key that counts for nothing.
    pub harmless: bool,
}

/// Why a segment does not count although its signature verifies.
const NOT_YET: &str = "the author's file is not valid yet";

/// V3.2: The keys that each id has proven: a segment of the id, signed by the key,
/// vouches for a version of the file of the id.
fn proofs<'r>(checked: &[Checked<'r>]) -> BTreeSet<(&'r Id, Fingerprint)> {
    checked
        .iter()
        .filter(|c| c.verifies())
        .filter(|c| {
            let id = &c.segment.segment.id;
            c.segment
                .segment
                .entries
                .iter()
                .any(|e| e.resource.kind == Kind::Author && *e.resource.name == *id.as_str())
        })
        .map(|c| (&c.segment.segment.id, c.segment.key))
        .collect()
}

/// V3.3: The keys of a valid file that count: that of the last link, which this id signed with it,
/// and those that are proven. A former janitor proves a key as everybody does.
fn counting_keys(
    author: &Author,
    chain: &Chain,
    proves: impl Fn(&Fingerprint) -> bool,
) -> BTreeSet<Fingerprint> {
    let in_link = chain.key_of(&author.id).map(|key| key.fingerprint());
    author
        .keys
        .iter()
        .map(|key| key.fingerprint())
        .filter(|key| in_link == Some(*key) || proves(key))
        .collect()
}

/// V3.3.
fn unproven(id: &Id) -> Finding {
    let path = Place::IdFile(id.clone()).path();
    Finding::warning(
        Code::PendingId,
        path,
        format!("a quorum approved `{id}`, but none of the listed keys has signed for this id"),
    )
    .hint(format!("`{id}` proves a key with `conex sign`"))
}

/// V2.4: Segments under a key that is not valid for its id are reported, never a reason
/// to reject: they are what is left of former keys.
fn idle_segments(id: &Id, key: Fingerprint, why: &str, paths: &[&str]) -> Finding {
    let path = paths.first().copied().unwrap_or_default();
    let message = match paths.len() {
        1 => format!("what `{id}` vouches for here does not count: {why}"),
        n => format!("what `{id}` vouches for in {n} segments does not count: {why}"),
    };
    Finding::note(Code::UnknownKey, path, message).value("key", key)
}

/// V3.4: A key counts for one id. Listing the key of somebody else without proof has no
/// effect; with proof it is refused.
fn keys_of_two_ids(
    proven_by: &BTreeMap<Fingerprint, BTreeSet<&Id>>,
    chain: &Chain,
    findings: &mut Findings,
) {
    for (key, ids) in proven_by {
        let mut ids: BTreeSet<&Id> = ids.clone();
        ids.extend(chain.holder(key));
        let mut ids = ids.into_iter();
        let (Some(first), Some(second)) = (ids.next(), ids.next()) else {
            continue;
        };
        findings.push(
            Finding::error(
                Code::KeyOfTwoIds,
                Place::IdFile(second.clone()).path(),
                format!("`{first}` and `{second}` have proven the same key"),
            )
            .value("key", key)
            .hint("one key counts for one id; one of the two takes it out of their file with `conex rotate`"),
        );
    }
}

/// V3.1: What a quorum supports must be there: otherwise it was stripped.
fn supported_but_absent(
    repository: &Repository,
    chain: &Chain,
    vouches: &Vouches<'_>,
    people: &mut People,
    findings: &mut Findings,
) {
    let mut resources: Vec<&ResourceId> = vouches
        .resources()
        .filter(|r| matches!(r.kind, Kind::Author | Kind::Team))
        .collect();
    resources.sort_unstable();
    for resource in resources {
        let Ok(id) = Id::new(&resource.name) else {
            continue;
        };
        let slot = repository.ids.get(&id).unwrap_or(&Slot::Missing);
        if slot
            .good()
            .is_some_and(|l| l.value.resource_id() == *resource)
        {
            continue;
        }
        let standing = judge(
            vouches,
            chain.quorum(),
            resource,
            Supporters::Quorum,
            Epochs::Opened,
            None,
        );
        let Standing::Absent {
            supported: Some(version),
        } = standing
        else {
            continue;
        };
        let path = Place::IdFile(id.clone()).path();
        match slot {
            Slot::Missing => findings.push(
                Finding::error(
                    Code::MissingResource,
                    &path,
                    format!("a quorum vouches for the {resource}, but its file is missing"),
                )
                .value(
                    "vouched for",
                    format!("{}, {}", version.revision, version.digest),
                )
                .hint("ids are never removed: the server or mirror is damaged, or lies"),
            ),
            // It cannot be read, which has been said.
            Slot::Broken => {}
            Slot::Good(loaded) => {
                people.authors.remove(&id);
                people.teams.remove(&id);
                findings.push(
                    Finding::error(
                        Code::NamespaceClash,
                        &path,
                        format!(
                            "a quorum vouches for the {resource}, but the file is of another type"
                        ),
                    )
                    .value("vouched for", resource)
                    .value("found", loaded.value.resource_id())
                    .hint("an author never becomes a team, nor a team an author; take another id"),
                );
            }
        }
        people.standings.entry(id).or_insert(standing);
    }
    for (id, standing) in &people.standings {
        let path = Place::IdFile(id.clone()).path();
        match standing {
            Standing::Superseded { by } => findings.push(
                Finding::error(
                    Code::Superseded,
                    &path,
                    format!("the file of `{id}` is older than the one that a quorum vouches for"),
                )
                .value("vouched for", by.revision)
                .value("found", revision_of(repository, id))
                .hint("the server or mirror serves an old state, or mixes two; use another one"),
            ),
            Standing::Contested { other, .. } => findings.push(
                Finding::error(
                    Code::Equivocation,
                    &path,
                    format!("a quorum vouches for another file of `{id}` with the same counter"),
                )
                .value("vouched for", other.digest)
                .hint("a quorum vouches for a version with a higher counter to decide"),
            ),
            Standing::Waiting(waiting) => {
                findings.push_with(Code::PendingId, Severity::Warning, || {
                    let count = waiting.count;
                    let message = format!(
                        "the file of `{id}` has {count} approvals by janitors and counts for nothing until then"
                    );
                    Finding::warning(Code::PendingId, path, message)
                        .hint("janitors approve it with `conex approve`")
                });
            }
            Standing::Valid | Standing::Absent { .. } => {}
        }
    }
}

fn revision_of(repository: &Repository, id: &Id) -> String {
    repository
        .ids
        .get(id)
        .and_then(Slot::good)
        .map(|l| l.value.revision().to_string())
        .unwrap_or_default()
}

/// V3.6, V1.3: Ids live in one namespace: no two differ only in case, and no team has the id
/// of a janitor, past or present.
fn namespace(repository: &Repository, chain: &Chain, findings: &mut Findings) {
    let janitors: BTreeMap<String, &Id> = chain
        .ever_members()
        .into_iter()
        .map(|id| (fold(id.as_str()), id))
        .collect();
    for (id, slot) in &repository.ids {
        let path = Place::IdFile(id.clone()).path();
        let is_team = matches!(slot.good().map(|l| &l.value), Some(IdFile::Team(_)));
        if let Some(janitor) = janitors.get(&fold(id.as_str())) {
            if *janitor != id {
                findings.push(Finding::error(
                    Code::CaseCollision,
                    &path,
                    format!("`{id}` and the janitor `{janitor}` differ only in case"),
                ));
            } else if is_team {
                findings.push(
                    Finding::error(
                        Code::NamespaceClash,
                        &path,
                        format!("`{id}` is a janitor and cannot be a team"),
                    )
                    .hint("give the team another id"),
                );
            }
        }
    }
    for id in chain.ever_members() {
        if id.as_str().eq_ignore_ascii_case(NOTARIES) {
            findings.push(Finding::error(
                Code::NamespaceClash,
                "packages/.conex/janitors",
                format!("`{id}` is always a team and cannot be a janitor"),
            ));
        }
    }
}

/// V3.5.
fn team_members(chain: &Chain, people: &People, findings: &mut Findings) {
    for (team, members) in &people.teams {
        for member in members {
            if !people.is_person(member, chain) {
                let why = if people.teams.contains_key(member) {
                    "it is a team, and a team holds no team"
                } else {
                    "it is not a valid author and not a janitor"
                };
                findings.push(Finding::warning(
                    Code::NotAnAuthor,
                    Place::IdFile(team.clone()).path(),
                    format!("the member `{member}` of the team `{team}` supports nothing: {why}"),
                ));
            }
        }
    }
}
