//! The janitor chain: which link the client knows, and that every later one follows.

use std::collections::{BTreeMap, BTreeSet};

use super::anchors::Client;
use super::link_signatures::LinkSignatures;
use super::tally::{Count, Tally};
use crate::format::digest::Digest;
use crate::format::key::{Fingerprint, KeyError, Namespace, PublicKey};
use crate::format::name::{Id, RepositoryName, fold};
use crate::format::resource::{Link, SignedLink, SnapshotRule};
use crate::repository::{Loaded, Repository};

/// A chain whose links are all there and name each other. Nothing is said yet
/// about signatures.
#[derive(Debug, Clone)]
pub struct Chain {
    links: Vec<Loaded<SignedLink>>,
    /// The digests of the signed bytes, one for each link.
    digests: Vec<Digest>,
    last: Loaded<SignedLink>,
    identity: Digest,
    held: BTreeMap<Fingerprint, Id>,
}

/// Why the links of a repository are no chain. A number is that of the link at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainFault<'r> {
    /// V1.1: There is no link at all.
    NoLink,
    /// V1.1: This link is missing before the second one, which is there.
    Gap(u64, u64),
    /// V1.2: It names another link 0.
    OtherIdentity(u64, Mismatch<Digest>),
    /// V1.2: It names another link before it.
    OtherPrevious(u64, Mismatch<Digest>),
    /// V1.2: It gives the repository another name.
    OtherName(u64, Mismatch<&'r RepositoryName>),
    /// V1.2: It no longer requires a snapshot.
    OtherRule(u64, Mismatch<SnapshotRule>),
    /// V1.3: It has a key that an earlier link dropped.
    DroppedKey(u64, Fingerprint),
    /// V1.3: The second janitor, whom it names, differs from the first only in case.
    SameLetters(u64, [&'r Id; 2]),
    /// V1.3: It gives the key of the first janitor to the second.
    KeyOfTwoIds(u64, [&'r Id; 2], Fingerprint),
    /// V0.4: No signature under this key of a member can count.
    UnusableKey(u64, &'r Id, &'r PublicKey, KeyError),
}

/// Two values that should be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mismatch<T> {
    /// The one that follows from what was before.
    pub expected: T,
    /// The one that is there.
    pub found: T,
}

/// V1.4: Why no link can be reached from the anchors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnchorFault {
    /// The pinned link is not in the chain, of which the second one is the last.
    NotInChain(Option<Digest>, Digest),
    /// No link qualifies.
    Unreachable {
        /// The one that most anchors signed.
        nearest: usize,
        /// Its quorum.
        quorum: usize,
        /// How many members it has.
        members: usize,
        /// How many of them have the key of an anchor and signed, and how many must.
        signed: Count,
        /// How many of them have a key that is no anchor.
        outside: usize,
    },
}

impl Chain {
    /// V1.1: Reads the chain of a repository, and reports what is wrong with it: whoever gets a
    /// chain and a fault refuses it. `None` if a link is missing or broken.
    pub(crate) fn read<'r>(
        repository: &'r Repository,
        report: &mut impl FnMut(ChainFault<'r>),
    ) -> Option<Chain> {
        let mut links: Vec<&'r Loaded<SignedLink>> = Vec::new();
        let mut digests: Vec<Digest> = Vec::new();
        for (expected, (&n, slot)) in (0..).zip(&repository.links) {
            if n != expected {
                report(ChainFault::Gap(expected, n));
                return None;
            }
            // A broken link has its own finding already.
            let loaded = slot.good()?;
            follows(&links, &digests, &loaded.value.link, report);
            links.push(loaded);
            digests.push(Digest::of(loaded.signed()));
        }
        let (Some(&first), Some(&last), Some(&identity)) =
            (links.first(), links.last(), digests.first())
        else {
            // And so has a tree of which nothing was taken apart.
            if !repository.over {
                report(ChainFault::NoLink);
            }
            return None;
        };
        let held = held_keys(&links, report);
        unusable(&first.value.link, report);
        if links.len() > 1 {
            unusable(&last.value.link, report);
        }
        Some(Chain {
            last: last.clone(),
            links: links.into_iter().cloned().collect(),
            digests,
            identity,
            held,
        })
    }

    /// All links, from 0 on.
    pub fn links(&self) -> &[Loaded<SignedLink>] {
        &self.links
    }

    /// The digests of the signed bytes of the links.
    pub fn digests(&self) -> &[Digest] {
        &self.digests
    }

    /// The last link: the janitors of today.
    pub fn current(&self) -> &Link {
        &self.last.value.link
    }

    /// The last link with its signatures.
    pub fn last(&self) -> &Loaded<SignedLink> {
        &self.last
    }

    /// The digest of link 0: which repository this is.
    pub fn identity(&self) -> Digest {
        self.identity
    }

    /// How many janitors must agree today.
    pub fn quorum(&self) -> usize {
        self.current().quorum
    }

    /// The key of a janitor of today.
    pub fn key_of(&self, id: &Id) -> Option<&PublicKey> {
        self.current().members.get(id)
    }

    /// The id for which a link, past or present, names this key.
    pub fn holder(&self, key: &Fingerprint) -> Option<&Id> {
        self.held.get(key)
    }

    /// Whether a link, past or present, has this member.
    pub fn ever_member(&self, id: &Id) -> bool {
        self.held.values().any(|held| held == id)
    }

    /// All ids of janitors, past and present.
    pub fn ever_members(&self) -> BTreeSet<&Id> {
        self.held.values().collect()
    }

    /// V1.4: The number of the link from which the client follows: that of the anchor link, or
    /// that of an earlier one that would be it if it had the signatures. They can have been taken
    /// away, so that nobody would judge what follows it.
    ///
    /// The first link, or the pinned one, that has a quorum of at least the
    /// client's, valid signatures of at least that many of its members whose keys
    /// are anchors, and fewer members outside the anchors than its own quorum: so
    /// nobody whom the client did not name can continue from it.
    ///
    /// # Errors
    /// No such link.
    pub fn anchor_link(&self, client: &Client) -> Result<usize, AnchorFault> {
        let pinned = client.anchors().link;
        let mut best: Option<(usize, &Link, Anchored)> = None;
        let mut from: Option<usize> = None;
        for (n, (link, digest)) in self.links.iter().zip(&self.digests).enumerate() {
            if pinned.is_some_and(|pin| pin != *digest) {
                continue;
            }
            let anchored = Anchored::of(link, client);
            if from.is_none() && anchored.is_known(&link.value, client) {
                from = Some(n);
            }
            if anchored.qualifies(&link.value, client) {
                return Ok(from.unwrap_or(n));
            }
            if best
                .as_ref()
                .is_none_or(|(.., b)| anchored.signed.of(0).have > b.signed.of(0).have)
            {
                best = Some((n, &link.value.link, anchored));
            }
        }
        Err(match best {
            None => {
                let last = self.digests.last().copied();
                AnchorFault::NotInChain(pinned, last.unwrap_or(self.identity))
            }
            Some((nearest, link, anchored)) => AnchorFault::Unreachable {
                nearest,
                quorum: link.quorum,
                members: link.members.len(),
                signed: anchored.signed.of(client.quorum()),
                outside: anchored.outside,
            },
        })
    }

    /// V1.5: Judges the signatures of all links from number `from` on, and the quorum
    /// of each against the client's. The first link that does not follow is the last
    /// that is looked at, and given: whoever wrote it could have written any number after it,
    /// each with hundreds of signatures to check.
    pub fn judge(&self, from: usize, client_quorum: usize) -> Option<LinkSignatures> {
        let mut judged = (from..self.links.len()).map(|n| self.signatures(n));
        judged.find(|link| link.own.need < client_quorum || !link.complete())
    }

    /// V1.5: The state of the signatures of link `n`.
    pub fn signatures(&self, n: usize) -> LinkSignatures {
        let mut status = LinkSignatures {
            number: n,
            ..LinkSignatures::default()
        };
        let Some(link) = self.links.get(n) else {
            return status;
        };
        let previous = n
            .checked_sub(1)
            .and_then(|p| self.links.get(p))
            .map(|l| &l.value.link);
        let none = BTreeMap::new();
        let before = previous.map_or(&none, |l| &l.members);
        let message = link.signed();
        let link = &link.value;
        let own = &link.link.members;
        let mut from_before = Tally::default();
        let mut from_own = Tally::default();
        let (of_before, of_own) = (by_fingerprint(before), by_fingerprint(own));
        for (fingerprint, signature) in &link.signatures {
            let (in_before, in_own) = (of_before.get(fingerprint), of_own.get(fingerprint));
            let Some((id, key)) = in_own.or(in_before).copied() else {
                status.strangers.push(*fingerprint);
                continue;
            };
            if let Err(why) = key.verify(Namespace::Janitors, message, signature) {
                status.wrong.push((id.clone(), why));
                continue;
            }
            if let Some((id, _)) = in_before {
                from_before.add(id, *fingerprint);
            }
            if let Some((id, _)) = in_own {
                from_own.add(id, *fingerprint);
            }
        }
        status.before = previous.map(|p| from_before.of(p.quorum));
        status.own = from_own.of(link.link.quorum);
        status.added_missing = own
            .iter()
            .filter(|(id, key)| before.get(*id) != Some(*key) && !from_own.ids().contains(*id))
            .map(|(id, _)| id.clone())
            .collect();
        status.signed = from_own.ids().union(from_before.ids()).cloned().collect();
        status
    }
}

/// The members of a link by their keys, of which no two are the same.
fn by_fingerprint(members: &BTreeMap<Id, PublicKey>) -> BTreeMap<Fingerprint, (&Id, &PublicKey)> {
    members
        .iter()
        .map(|(id, key)| (key.fingerprint(), (id, key)))
        .collect()
}

/// Of the members of a link, those that the client knows.
struct Anchored {
    /// Members with an anchor's key and a valid signature.
    signed: Tally,
    /// How many members have a key that is no anchor.
    outside: usize,
}

impl Anchored {
    fn of(loaded: &Loaded<SignedLink>, client: &Client) -> Anchored {
        let mut signed = Tally::default();
        let mut outside = 0;
        let message = loaded.signed();
        let link = &loaded.value;
        for (id, key) in &link.link.members {
            let fingerprint = key.fingerprint();
            if !client.anchors().keys.contains(&fingerprint) {
                outside += 1;
                continue;
            }
            let ok = link
                .signatures
                .iter()
                .find(|(by, _)| *by == fingerprint)
                .is_some_and(|(_, s)| key.verify(Namespace::Janitors, message, s).is_ok());
            if ok {
                signed.add(id, fingerprint);
            }
        }
        Anchored { signed, outside }
    }

    fn qualifies(&self, link: &SignedLink, client: &Client) -> bool {
        self.is_known(link, client) && self.signed.of(client.quorum()).enough()
    }

    /// Whether it is a link of janitors whom the client knows, whoever signed it.
    fn is_known(&self, link: &SignedLink, client: &Client) -> bool {
        let inside = link.link.members.len().saturating_sub(self.outside);
        link.link.quorum >= client.quorum()
            && inside >= client.quorum()
            && self.outside < link.link.quorum
    }
}

/// V1.2: What `link` must have in common with the links before it.
fn follows<'r>(
    links: &[&'r Loaded<SignedLink>],
    digests: &[Digest],
    link: &'r Link,
    report: &mut impl FnMut(ChainFault<'r>),
) {
    let (Some(first), Some(before)) = (links.first(), links.last()) else {
        return;
    };
    let (Some(&identity), Some(&previous)) = (digests.first(), digests.last()) else {
        return;
    };
    let Some(continues) = link.continues else {
        return;
    };
    let n = link.number;
    if let Some(other) = Mismatch::of(identity, continues.identity) {
        report(ChainFault::OtherIdentity(n, other));
    }
    if let Some(other) = Mismatch::of(previous, continues.previous) {
        report(ChainFault::OtherPrevious(n, other));
    }
    if let Some(other) = Mismatch::of(&first.value.link.repository, &link.repository) {
        report(ChainFault::OtherName(n, other));
    }
    let rule = before.value.link.snapshot;
    if rule == SnapshotRule::Required
        && let Some(other) = Mismatch::of(rule, link.snapshot)
    {
        report(ChainFault::OtherRule(n, other));
    }
}

impl<T: PartialEq> Mismatch<T> {
    pub(super) fn of(expected: T, found: T) -> Option<Mismatch<T>> {
        (expected != found).then_some(Mismatch { expected, found })
    }
}

/// V1.3: Which id has which key, over the whole chain: a key belongs to one id for
/// ever, a key that a link dropped is in no later link, and ids that differ only in case
/// are one id.
fn held_keys<'r>(
    links: &[&'r Loaded<SignedLink>],
    report: &mut impl FnMut(ChainFault<'r>),
) -> BTreeMap<Fingerprint, Id> {
    let mut held: BTreeMap<Fingerprint, &Id> = BTreeMap::new();
    let mut folded: BTreeMap<String, &Id> = BTreeMap::new();
    let mut before: BTreeSet<Fingerprint> = BTreeSet::new();
    for link in links.iter().map(|l| &l.value.link) {
        let members = &link.members;
        let now: BTreeSet<Fingerprint> = members.values().map(PublicKey::fingerprint).collect();
        for key in now
            .difference(&before)
            .filter(|key| held.contains_key(*key))
        {
            report(ChainFault::DroppedKey(link.number, *key));
        }
        before = now;
        for (id, key) in members {
            let other = *folded.entry(fold(id.as_str())).or_insert(id);
            if other != id {
                report(ChainFault::SameLetters(link.number, [other, id]));
            }
            let key = key.fingerprint();
            let holder = *held.entry(key).or_insert(id);
            if holder != id {
                report(ChainFault::KeyOfTwoIds(link.number, [holder, id], key));
            }
        }
    }
    let owned = held.into_iter();
    owned.map(|(key, id)| (key, id.clone())).collect()
}

/// V0.4: The keys of a link that cannot be used. Asked of link 0, which everybody starts from,
/// and of the last one, whose members vouch; a link between them adds nobody who did not sign.
fn unusable<'r>(link: &'r Link, report: &mut impl FnMut(ChainFault<'r>)) {
    for (id, key) in &link.members {
        if let Err(why) = key.usable() {
            report(ChainFault::UnusableKey(link.number, id, key, why));
        }
    }
}
