//! Authors and teams: which files are valid, which keys count.

use std::collections::{BTreeMap, BTreeSet};

use super::chain::{Chain, Mismatch};
use super::support::{Epochs, Standing, Supporters, judge};
use super::tally::Count;
use super::vouch::{Checked, Failure, Idle, Ignored, Signed, Vouches, Weight};
use crate::format::digest::Digest;
use crate::format::key::Fingerprint;
use crate::format::name::{Id, NOTARIES, fold};
use crate::format::resource::{Author, IdFile, Kind, ResourceId, ResourceVersion, Revision};
use crate::repository::{Loaded, Repository, Slot};

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

    /// Whether this id has a file that does not count, and a fault that says why.
    pub fn is_judged(&self, id: &Id) -> bool {
        let standing = self.standings.get(id);
        standing.is_some_and(|s| !s.is_valid()) || self.unproven.contains(id)
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

/// What is wrong with authors, teams and their segments.
#[derive(Debug)]
pub enum PeopleFault<'a> {
    /// V3.6: An id differs from that of a janitor, past or present, only in case.
    SameLetters(&'a Id, &'a Id),
    /// V3.6: A team has the id of a janitor, past or present.
    TeamOfJanitor(&'a Id),
    /// V3.6: A janitor has the id of the team of notaries.
    JanitorAsNotaries(&'a Id),
    /// V3.3: A quorum approved an author none of whose keys is proven. A warning.
    Unproven(&'a Id),
    /// V3.4: Two ids have proven one key.
    KeyOfTwoIds([&'a Id; 2], Fingerprint),
    /// V3.1: A file of which a quorum supports this version is not there.
    Missing(&'a Id, &'a ResourceId, ResourceVersion),
    /// V3.1: In place of an author that a quorum supports a team is there, or the reverse.
    OtherType(&'a Id, Mismatch<&'a ResourceId>),
    /// V3.1: A quorum supports the first revision, and a lower one is there.
    Superseded(&'a Id, Revision, Option<Revision>),
    /// V3.1: A quorum supports this other file of the same revision.
    Contested(&'a Id, Digest),
    /// V3.1: Too few janitors approved it. A warning.
    Waiting {
        /// Whose file it is.
        id: &'a Id,
        /// How many janitors approved it.
        count: Count,
        /// What of it is new.
        pending: Pending,
    },
    /// V3.5: A member of a team supports nothing, being a team or unknown. A warning.
    IdleMember {
        /// The team.
        team: &'a Id,
        /// The member.
        member: &'a Id,
        /// Whether it is a team.
        is_team: bool,
        /// Whether it has a file, of which a fault of its own says what is wrong.
        judged: bool,
    },
    /// V2.2, V2.3: A segment under a key that a quorum approved is wrong.
    Segment(&'a Checked<'a, 'a>, &'a Failure),
    /// V2.5: So many segments were not looked at. A note.
    NotReached(usize),
    /// V2.2, V2.3: One under another key is. A warning: anyone can make or copy one.
    SegmentOfNobody(&'a Checked<'a, 'a>, &'a Failure),
    /// V2.4: Segments under a key that is not valid for their id. A note: they are what is left of
    /// former keys.
    Idle {
        /// The id.
        id: &'a Id,
        /// The key.
        key: Fingerprint,
        /// Why they do not count.
        why: Idle,
        /// Where they lie.
        paths: &'a [&'a str],
        /// Whether a fault of its own says what is wrong with the file of the id.
        judged: bool,
    },
}

/// What of a file of an author or a team waits for janitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pending {
    /// All of it: no version was approved.
    New,
    /// A key: what was approved before is signed under a key that the file does not list.
    Key,
    /// Something else.
    Change,
}

/// V3.1: Where the id files that can be read stand, on the entries under chain keys.
pub(crate) fn stand<'r>(
    repository: &'r Repository,
    chain: &Chain,
    vouches: &Vouches<'_>,
) -> BTreeMap<&'r Id, Standing> {
    let good = |(id, slot): (&'r Id, &'r Slot<IdFile>)| Some((id, slot.good()?));
    let files = repository.ids.iter().filter_map(good);
    let stand = |(id, loaded): (&'r Id, &'r Loaded<IdFile>)| {
        let standing = judge(
            vouches,
            chain.quorum(),
            &loaded.value.resource_id(),
            Supporters::Quorum,
            Epochs::Opened,
            Some(loaded.id_version()),
        );
        (id, standing)
    };
    files.map(stand).collect()
}

/// V3.1, V2.3: Judges all id files, which `stand` so on the entries under chain keys that `vouches`
/// holds, and adds the entries under the keys of valid authors to it. The keys in `pretended`
/// count as proven besides those that a segment proves.
pub(crate) fn judge_ids<'r>(
    repository: &'r Repository,
    chain: &Chain,
    (standings, checked): (BTreeMap<&'r Id, Standing>, &[Checked<'r, '_>]),
    pretended: &BTreeSet<(Id, Fingerprint)>,
    vouches: &mut Vouches<'r>,
    ignored: &mut Ignored<'r>,
    report: &mut impl FnMut(PeopleFault<'_>),
) -> (People, Vec<Use<'r>>) {
    let mut people = People::default();
    namespace(repository, chain, report);
    let proven = proofs(checked);
    for (id, key) in &proven {
        let ids = people.proven.entry(*key).or_default();
        ids.insert((*id).clone());
    }
    let mut proven_by: BTreeMap<Fingerprint, BTreeSet<&Id>> = BTreeMap::new();
    for (id, standing) in standings {
        let file = repository.ids.get(id).and_then(Slot::good);
        match file.map(|loaded| &loaded.value) {
            Some(IdFile::Team(team)) if standing.is_valid() => {
                people.teams.insert(id.clone(), team.members.clone());
            }
            Some(IdFile::Author(author)) if standing.is_valid() => {
                let proves = |key: &Fingerprint| {
                    proven.contains(&(id, *key)) || pretended.contains(&(id.clone(), *key))
                };
                let keys = counting_keys(author, chain, proves);
                for key in &keys {
                    proven_by.entry(*key).or_default().insert(id);
                }
                if keys.is_empty() && !author.keys.is_empty() {
                    people.unproven.insert(id.clone());
                    report(PeopleFault::Unproven(id));
                } else {
                    people.authors.insert(id.clone(), keys);
                }
            }
            _ => {}
        }
        people.standings.insert(id.clone(), standing);
    }
    keys_of_two_ids(&proven_by, chain, report);
    supported_but_absent(repository, chain, vouches, &mut people, report);
    team_members(chain, &people, report);
    let mut idle: BTreeMap<(&Id, Fingerprint, Idle), Vec<&str>> = BTreeMap::new();
    let mut uses = Vec::new();
    let mut not_reached = 0;
    for c in checked {
        let id = &c.segment.segment.id;
        let counts = people
            .authors
            .get(id)
            .is_some_and(|keys| keys.contains(&c.segment.key));
        let approved = people.standings.get(id).is_some_and(Standing::is_valid);
        uses.push(Use {
            path: c.path,
            verified: c.verifies(),
            harmless: match c.signed {
                Signed::Chain => c.verifies(),
                Signed::Listed => c.verifies() || !approved,
                Signed::Unknown => true,
            },
        });
        if c.failure == Some(Failure::NotReached) {
            not_reached += 1;
            continue;
        }
        match (c.signed, &c.failure) {
            (Signed::Chain, _) => {}
            (Signed::Listed, Some(why)) => {
                // Nobody honest makes a signature that fails. Under a key that a
                // quorum approved it is a reason to reject; a pending file harms nobody.
                report(match approved {
                    true => PeopleFault::Segment(c, why),
                    false => PeopleFault::SegmentOfNobody(c, why),
                });
                ignored.add(c.segment, Idle::BadSignature);
            }
            (Signed::Listed, None) if counts && c.verifies() => {
                vouches.add(c.segment, Weight::Owner)
            }
            (Signed::Listed, None) => {
                ignored.add(c.segment, Idle::NotYet);
                let of = idle.entry((id, c.segment.key, Idle::NotYet));
                of.or_default().push(c.path);
            }
            (Signed::Unknown, failure) => {
                let idleness = match chain.holder(&c.segment.key) {
                    Some(holder) if holder == id => Idle::FormerJanitor,
                    Some(_) => Idle::SomebodyElse,
                    None => Idle::UnknownKey,
                };
                ignored.add(c.segment, idleness);
                match failure {
                    // Anyone can copy one here; nobody's vouches depend on it.
                    Some(why) => report(PeopleFault::SegmentOfNobody(c, why)),
                    None => {
                        let of = idle.entry((id, c.segment.key, idleness));
                        of.or_default().push(c.path);
                    }
                }
            }
        }
    }
    if not_reached > 0 {
        report(PeopleFault::NotReached(not_reached));
    }
    not_valid(repository, &people, ignored, report);
    for ((id, key, why), paths) in &idle {
        report(PeopleFault::Idle {
            id,
            key: *key,
            why: *why,
            paths,
            judged: people.is_judged(id),
        });
    }
    (people, uses)
}

/// What becomes of a segment.
#[derive(Debug, Clone, Copy)]
pub struct Use<'r> {
    /// Where it lies.
    pub path: &'r str,
    /// Whether its signature verifies, or is under a key that counts for nothing.
    pub harmless: bool,
    /// Whether its signature was found to verify, under the key that it names.
    pub verified: bool,
}

/// V3.2: The keys that each id has proven: a segment of the id, signed by the key,
/// vouches for a version of the file of the id.
fn proofs<'r>(checked: &[Checked<'r, '_>]) -> BTreeSet<(&'r Id, Fingerprint)> {
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

/// V3.4: A key counts for one id. Listing the key of somebody else without proof has no
/// effect; with proof it is refused.
fn keys_of_two_ids(
    proven_by: &BTreeMap<Fingerprint, BTreeSet<&Id>>,
    chain: &Chain,
    report: &mut impl FnMut(PeopleFault<'_>),
) {
    for (key, ids) in proven_by {
        let mut ids: BTreeSet<&Id> = ids.clone();
        ids.extend(chain.holder(key));
        let mut ids = ids.into_iter();
        let (Some(first), Some(second)) = (ids.next(), ids.next()) else {
            continue;
        };
        report(PeopleFault::KeyOfTwoIds([first, second], *key));
    }
}

/// V3.1: What a quorum supports must be there: otherwise it was stripped.
fn supported_but_absent(
    repository: &Repository,
    chain: &Chain,
    vouches: &Vouches<'_>,
    people: &mut People,
    report: &mut impl FnMut(PeopleFault<'_>),
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
        match slot {
            Slot::Missing => report(PeopleFault::Missing(&id, resource, version)),
            // It cannot be read, which has been said.
            Slot::Broken => {}
            Slot::Good(loaded) => {
                people.authors.remove(&id);
                people.teams.remove(&id);
                let types = Mismatch {
                    expected: resource,
                    found: &loaded.value.resource_id(),
                };
                report(PeopleFault::OtherType(&id, types));
            }
        }
        people.standings.entry(id).or_insert(standing);
    }
}

/// V3.1: The files of which a quorum does not support exactly this version.
fn not_valid(
    repository: &Repository,
    people: &People,
    ignored: &Ignored<'_>,
    report: &mut impl FnMut(PeopleFault<'_>),
) {
    for (id, standing) in &people.standings {
        match standing {
            Standing::Superseded { by } => {
                let found = repository.ids.get(id).and_then(Slot::good);
                let found = found.map(|l| l.value.revision());
                report(PeopleFault::Superseded(id, by.revision, found));
            }
            Standing::Contested { other, .. } => report(PeopleFault::Contested(id, other.digest)),
            Standing::Waiting(waiting) => {
                let own = ResourceId::id(Kind::Author, id);
                let old_key = |v| ignored.has(&own, v, id, Idle::UnknownKey);
                let pending = match waiting.supported {
                    None => Pending::New,
                    Some(before) if old_key(before) => Pending::Key,
                    Some(_) => Pending::Change,
                };
                report(PeopleFault::Waiting {
                    id,
                    count: waiting.count,
                    pending,
                });
            }
            Standing::Valid | Standing::Absent { .. } => {}
        }
    }
}

/// V3.6, V1.3: Ids live in one namespace: no two differ only in case, and no team has the id
/// of a janitor, past or present.
fn namespace(repository: &Repository, chain: &Chain, report: &mut impl FnMut(PeopleFault<'_>)) {
    let janitors: BTreeMap<String, &Id> = chain
        .ever_members()
        .into_iter()
        .map(|id| (fold(id.as_str()), id))
        .collect();
    for (id, slot) in &repository.ids {
        let is_team = matches!(slot.good().map(|l| &l.value), Some(IdFile::Team(_)));
        match janitors.get(&fold(id.as_str())) {
            Some(&janitor) if janitor != id => report(PeopleFault::SameLetters(id, janitor)),
            Some(_) if is_team => report(PeopleFault::TeamOfJanitor(id)),
            _ => {}
        }
    }
    for id in chain.ever_members() {
        if id.as_str().eq_ignore_ascii_case(NOTARIES) {
            report(PeopleFault::JanitorAsNotaries(id));
        }
    }
}

/// V3.5: The members of teams that support nothing.
fn team_members(chain: &Chain, people: &People, report: &mut impl FnMut(PeopleFault<'_>)) {
    for (team, members) in &people.teams {
        for member in members.iter().filter(|m| !people.is_person(m, chain)) {
            report(PeopleFault::IdleMember {
                team,
                member,
                is_team: people.teams.contains_key(member),
                judged: people.is_judged(member),
            });
        }
    }
}
