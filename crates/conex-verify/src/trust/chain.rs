//! The janitor chain: which link the client knows, and that every later one follows.

use std::collections::{BTreeMap, BTreeSet};

use super::anchors::Client;
use super::link_signatures::LinkSignatures;
use super::tally::Tally;
use crate::finding::{Code, Finding, Findings, is_refused};
use crate::format::digest::Digest;
use crate::format::key::{Fingerprint, Namespace, PublicKey};
use crate::format::name::{Id, fold};
use crate::format::path::Place;
use crate::format::resource::{Link, SignedLink, SnapshotRule};
use crate::repository::{Loaded, Repository, Slot};

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

/// The hint for a chain that is not what it was.
pub(super) const RESTORE: &str = "links are never changed or removed: the server or mirror is damaged, or lies; use another one, or report it";

impl Chain {
    /// V1.1: Reads the chain of a repository.
    ///
    /// # Errors
    /// No link 0, a gap, a broken link, a link that does not name the one before,
    /// or one that breaks what holds along the chain.
    pub fn read(repository: &Repository) -> Result<Chain, Vec<Finding>> {
        let mut findings = repository.findings.as_many();
        let mut links: Vec<Loaded<SignedLink>> = Vec::new();
        let mut digests: Vec<Digest> = Vec::new();
        for (expected, (&n, slot)) in (0..).zip(&repository.links) {
            if n != expected {
                findings.push(
                    Finding::error(
                        Code::NoChain,
                        Place::Link(expected).path(),
                        format!(
                            "link {expected} of the janitor chain is missing, link {n} is there"
                        ),
                    )
                    .hint(RESTORE),
                );
                return Err(findings.into_vec());
            }
            // A broken link has its own finding already.
            let Slot::Good(loaded) = slot else {
                return Err(findings.into_vec());
            };
            let digest = Digest::of(loaded.signed());
            findings.extend(follows(&links, &digests, &loaded.value));
            links.push(loaded.clone());
            digests.push(digest);
        }
        let (Some(last), Some(&identity)) = (links.last().cloned(), digests.first()) else {
            // And so has a tree of which nothing was taken apart.
            if repository.over {
                return Err(findings.into_vec());
            }
            findings.push(
                Finding::error(
                    Code::NoChain,
                    Place::Link(0).path(),
                    "the repository has no janitor chain, so nobody vouches for anything in it",
                )
                .hint("a maintainer starts one with `conex init`"),
            );
            return Err(findings.into_vec());
        };
        let held = held_keys(&links, &mut findings);
        findings.extend(links.first().into_iter().flat_map(unusable));
        if links.len() > 1 {
            findings.extend(unusable(&last));
        }
        if !findings.is_refused() {
            Ok(Chain {
                links,
                digests,
                last,
                identity,
                held,
            })
        } else {
            Err(findings.into_vec())
        }
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
    pub fn anchor_link(&self, client: &Client) -> Result<usize, Box<Finding>> {
        let pinned = client.anchors().link;
        let candidates: Vec<usize> = match pinned {
            None => (0..self.links.len()).collect(),
            Some(pin) => self
                .digests
                .iter()
                .position(|d| *d == pin)
                .into_iter()
                .collect(),
        };
        let mut best: Option<(usize, Anchored)> = None;
        let mut from: Option<usize> = None;
        for n in candidates {
            let Some(link) = self.links.get(n) else {
                continue;
            };
            let anchored = Anchored::of(link, client);
            if from.is_none() && anchored.is_known(&link.value, client) {
                from = Some(n);
            }
            if anchored.qualifies(&link.value, client) {
                return Ok(from.unwrap_or(n));
            }
            if best
                .as_ref()
                .is_none_or(|(_, b)| anchored.signed.of(0).have > b.signed.of(0).have)
            {
                best = Some((n, anchored));
            }
        }
        Err(Box::new(self.no_anchor_link(client, best)))
    }

    fn no_anchor_link(&self, client: &Client, best: Option<(usize, Anchored)>) -> Finding {
        let want = client.quorum();
        let way_out = "if the anchors are old or mistyped, take today's from where the maintainers publish them: opam repository set-url NAME URL QUORUM FINGERPRINT…";
        let Some((n, anchored)) = best else {
            let mut finding = Finding::error(
                Code::AnchorLink,
                "packages/.conex/janitors",
                "the link that your anchors pin is not in the chain",
            )
            .hint("this is another repository than the one for which you got the anchors, or one that was rolled back; if the maintainers started it anew, take the new anchors from where they publish them");
            if let Some(pin) = client.anchors().link {
                finding = finding.value("pinned", pin);
            }
            return finding.value(
                "last link",
                self.digests.last().copied().unwrap_or(self.identity),
            );
        };
        let path = Place::Link(u64::try_from(n).unwrap_or(u64::MAX)).path();
        let Some(link) = self.links.get(n).map(|l| &l.value.link) else {
            return Finding::error(Code::AnchorLink, path, "no link qualifies");
        };
        let finding = Finding::error(
            Code::AnchorLink,
            path,
            "none of the janitors' links can be reached from your trust anchors",
        )
        .value(
            "nearest",
            format!(
                "link {n}, quorum {}, {} members",
                link.quorum,
                link.members.len()
            ),
        )
        .value(
            "anchors",
            format!(
                "{} needed signed it; {} of its members are not among them",
                anchored.signed.of(want),
                anchored.outside
            ),
        );
        if link.quorum < want && anchored.signed.of(want).enough() {
            finding.hint(format!(
                "the repository's quorum of {} is below yours of {want}; if that is right, lower yours: opam repository set-url NAME URL {} FINGERPRINT…",
                link.quorum, link.quorum
            ))
        } else if anchored.signed.of(want).enough() {
            finding.hint(format!(
                "{} of its members are not among your anchors, enough to act without those you know; get the missing fingerprints from the maintainers",
                anchored.outside
            ))
        } else {
            finding.hint(way_out)
        }
    }

    /// V1.5: Judges the signatures of all links from number `from` on, and the quorum
    /// of each against the client's. The first link that does not follow is the last
    /// that is looked at: whoever wrote it could have written any number after it,
    /// each with hundreds of signatures to check.
    pub fn judge(&self, from: usize, client_quorum: usize) -> Vec<Finding> {
        let mut findings = Vec::new();
        for n in from..self.links.len() {
            let Some(link) = self.links.get(n) else {
                continue;
            };
            let link = &link.value;
            if link.link.quorum < client_quorum {
                findings.push(
                    Finding::error(
                        Code::LinkQuorum,
                        Place::Link(link.link.number).path(),
                        format!("the janitors' quorum fell below the one you asked for in link {n}"),
                    )
                    .value("yours", client_quorum)
                    .value("link", link.link.quorum)
                    .hint(format!(
                        "if that is right, lower yours: opam repository set-url NAME URL {} FINGERPRINT…",
                        link.link.quorum
                    )),
                );
            }
            findings.extend(self.signatures(n).findings());
            if is_refused(&findings) {
                break;
            }
        }
        findings
    }

    /// V1.5: The state of the signatures of link `n`.
    pub fn signatures(&self, n: usize) -> LinkSignatures {
        let mut status = LinkSignatures {
            path: Place::Link(u64::try_from(n).unwrap_or(u64::MAX)).path(),
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
            if let Err(error) = key.verify(Namespace::Janitors, message, signature) {
                status.wrong.push((id.clone(), error.to_string()));
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
fn follows(links: &[Loaded<SignedLink>], digests: &[Digest], link: &SignedLink) -> Vec<Finding> {
    let mut findings = Vec::new();
    let path = Place::Link(link.link.number).path();
    let mut differ = |what: &str, expected: String, found: String| {
        if expected != found {
            findings.push(
                Finding::error(
                    Code::ChainLink,
                    &path,
                    format!(
                        "link {} does not follow from the one before: {what}",
                        link.link.number
                    ),
                )
                .value("expected", expected)
                .value("found", found)
                .hint(RESTORE),
            );
        }
    };
    let (Some(first), Some(previous), Some(continues)) =
        (links.first(), links.last(), &link.link.continues)
    else {
        return findings;
    };
    let (first, previous) = (&first.value, &previous.value);
    let text = |d: Option<&Digest>| d.map(Digest::to_string).unwrap_or_default();
    differ(
        "it names another link 0",
        text(digests.first()),
        continues.identity.to_string(),
    );
    differ(
        "it names another link before it",
        text(digests.last()),
        continues.previous.to_string(),
    );
    differ(
        "the repository has another name",
        first.link.repository.to_string(),
        link.link.repository.to_string(),
    );
    if previous.link.snapshot == SnapshotRule::Required {
        differ(
            "a snapshot that is required stays so",
            SnapshotRule::Required.as_str().to_owned(),
            link.link.snapshot.as_str().to_owned(),
        );
    }
    findings
}

/// V1.3: Which id has which key, over the whole chain: a key belongs to one id for
/// ever, a key that a link dropped is in no later link, and ids that differ only in case
/// are one id.
fn held_keys(links: &[Loaded<SignedLink>], findings: &mut Findings) -> BTreeMap<Fingerprint, Id> {
    let mut held: BTreeMap<Fingerprint, Id> = BTreeMap::new();
    let mut folded: BTreeMap<String, Id> = BTreeMap::new();
    let mut before: BTreeSet<Fingerprint> = BTreeSet::new();
    for link in links.iter().map(|l| &l.value) {
        let path = Place::Link(link.link.number).path();
        let members = &link.link.members;
        let now: BTreeSet<Fingerprint> = members.values().map(PublicKey::fingerprint).collect();
        for key in now
            .difference(&before)
            .filter(|key| held.contains_key(*key))
        {
            findings.push(
                Finding::error(
                    Code::ChainLink,
                    &path,
                    format!(
                        "link {} has a key that an earlier link dropped",
                        link.link.number
                    ),
                )
                .value("key", key)
                .hint("a janitor who comes back takes another key: `conex key new`"),
            );
        }
        before = now;
        for (id, key) in members {
            let other = folded
                .entry(fold(id.as_str()))
                .or_insert_with(|| id.clone());
            if other != id {
                findings.push(Finding::error(
                    Code::CaseCollision,
                    &path,
                    format!("the janitors `{other}` and `{id}` differ only in case"),
                ));
            }
            let holder = held.entry(key.fingerprint()).or_insert_with(|| id.clone());
            if holder != id {
                findings.push(
                    Finding::error(
                        Code::KeyOfTwoIds,
                        &path,
                        format!(
                            "link {} gives the key of `{holder}` to `{id}`",
                            link.link.number
                        ),
                    )
                    .value("key", key.fingerprint())
                    .hint("each person needs a key of their own"),
                );
            }
        }
    }
    held
}

/// V0.4: The keys of a link that cannot be used. Asked of link 0, which everybody starts from,
/// and of the last one, whose members vouch; a link between them adds nobody who did not sign.
fn unusable(link: &Loaded<SignedLink>) -> impl Iterator<Item = Finding> {
    let path = Place::Link(link.value.link.number).path();
    let members = link.value.link.members.iter();
    members.filter_map(move |(id, key)| {
        let why = key.usable().err()?;
        let finding = Finding::error(
            Code::BadKey,
            &path,
            format!("the key of `{id}` in `{path}` cannot be used: {why}"),
        );
        Some(finding.value("key", key).hint(
            "no program makes such a key by accident; whoever proposed the link replaces the key",
        ))
    })
}
