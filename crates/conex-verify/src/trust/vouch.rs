//! Which segments count, and what their entries say.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use super::chain::{Chain, Mismatch};
use super::tally::Tally;
use crate::format::digest::Digest;
use crate::format::key::{Fingerprint, Namespace, PublicKey, SignatureError};
use crate::format::name::Id;
use crate::format::resource::{IdFile, ResourceId, ResourceVersion, SignedSegment};
use crate::repository::{Loaded, Repository};

/// What a key of an id is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// The key is in the chain: its entries count for the quorum and for ownership.
    Chain,
    /// The key is in a valid id file: its entries count for ownership only.
    Owner,
}

/// The key that a segment names, as far as the repository knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    /// By a janitor of today, for their own id.
    Chain,
    /// By a key that the file of the id lists; whether that file is valid is not said.
    Listed,
    /// By no key that this id has.
    Unknown,
}

/// One segment: whose key it names, and what is wrong with it.
#[derive(Debug, Clone)]
pub struct Checked<'r, 'k> {
    /// The segment.
    pub segment: &'r SignedSegment,
    /// Where it lies.
    pub path: &'r str,
    /// Where its key stands.
    pub signed: Signed,
    /// What was found to be wrong with it, if anything was.
    pub failure: Option<Failure>,
    /// Whether its signature was found to verify.
    verified: bool,
    /// The key, and what is needed to verify the signature under it.
    key: Option<&'k PublicKey>,
    loaded: &'r Loaded<SignedSegment>,
}

/// V2.2, V2.3: What is wrong with a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It was made for another repository.
    OtherRepository(Mismatch<Digest>),
    /// The signature does not fit the key, or no signature does.
    Signature(SignatureError),
    /// V2.5: So many are wrong already that its signature was not looked at.
    NotReached,
}

impl Checked<'_, '_> {
    /// Whether the signature was found to verify under a key that the repository names. Under a
    /// key that this id does not have it is never looked at.
    pub fn verifies(&self) -> bool {
        self.verified
    }

    /// Looks at the signature.
    fn look(&mut self, repository: &Repository) {
        let (None, Some(key)) = (&self.failure, self.key) else {
            return;
        };
        // R2: the same bytes verified under the key that they name, and this key is it.
        let fits = match repository.settled.has_signature(&self.loaded.digest) {
            true => Ok(()),
            false => key.verify(
                Namespace::Index,
                self.loaded.signed(),
                &self.segment.signature,
            ),
        };
        self.verified = fits.is_ok();
        self.failure = fits.err().map(Failure::Signature);
    }
}

/// V2.2 to V2.4: Whose key each segment names, in the order of their paths. No signature was looked
/// at yet.
pub fn list_segments<'r, 'k>(repository: &'r Repository, chain: &'k Chain) -> Vec<Checked<'r, 'k>>
where
    'r: 'k,
{
    let list = |(path, loaded): &'r (String, Loaded<SignedSegment>)| {
        let segment = &loaded.value;
        let id = &segment.segment.id;
        let (signed, key) = match chain.key_of(id) {
            Some(key) if key.fingerprint() == segment.key => (Signed::Chain, Some(key)),
            _ => match listed_key(repository, id, &segment.key) {
                Some(key) => (Signed::Listed, Some(key)),
                None => (Signed::Unknown, None),
            },
        };
        let other = Mismatch::of(chain.identity(), segment.segment.repository);
        Checked {
            segment,
            path,
            signed,
            failure: other.map(Failure::OtherRepository),
            verified: false,
            key,
            loaded,
        }
    };
    repository.segments.iter().map(list).collect()
}

/// So many segments are verified at once before those that are wrong are counted.
const AT_ONCE: usize = 256;

/// V2.2, V2.3, V2.5: Verifies the signatures of those that `which` names, on all threads there are. Behind
/// `most` that are wrong, and those that are verified together with them, none is looked at.
///
/// What fails here under a key that counts is a reason to reject.
pub fn verify_segments(
    repository: &Repository,
    checked: &mut [Checked<'_, '_>],
    which: &(dyn Fn(&Checked<'_, '_>) -> bool + Sync),
    most: usize,
) {
    let mut wrong = 0;
    for some in checked.chunks_mut(AT_ONCE) {
        if wrong < most {
            some.par_iter_mut().for_each(|c| {
                if which(c) {
                    c.look(repository);
                }
            });
            wrong += some
                .iter()
                .filter(|c| c.failure.is_some() && which(c))
                .count();
            continue;
        }
        for c in some.iter_mut().filter(|c| which(c) && c.failure.is_none()) {
            c.failure = Some(Failure::NotReached);
        }
    }
}

fn listed_key<'r>(
    repository: &'r Repository,
    id: &Id,
    fingerprint: &Fingerprint,
) -> Option<&'r PublicKey> {
    match &repository.ids.get(id)?.good()?.value {
        IdFile::Author(author) => author
            .keys
            .iter()
            .find(|key| key.fingerprint() == *fingerprint),
        IdFile::Team(_) => None,
    }
}

/// V4.1: One entry that counts.
#[derive(Debug, Clone, Copy)]
pub struct Vouch<'r> {
    /// Who says it.
    pub id: &'r Id,
    /// Under which key.
    pub key: Fingerprint,
    /// What that key is good for.
    pub weight: Weight,
    /// The version that it is for.
    pub version: ResourceVersion,
}

/// All entries that count, by resource.
#[derive(Debug, Clone, Default)]
pub struct Vouches<'r> {
    by_resource: HashMap<Cow<'r, ResourceId>, Vec<Vouch<'r>>>,
}

impl<'r> Vouches<'r> {
    /// Takes in the entries of a segment under a key of this weight.
    pub fn add(&mut self, segment: &'r SignedSegment, weight: Weight) {
        for entry in &segment.segment.entries {
            self.put(
                Cow::Borrowed(&entry.resource),
                Vouch {
                    id: &segment.segment.id,
                    key: segment.key,
                    weight,
                    version: entry.version,
                },
            );
        }
    }

    /// Takes in one entry.
    pub fn put(&mut self, resource: Cow<'r, ResourceId>, vouch: Vouch<'r>) {
        self.by_resource.entry(resource).or_default().push(vouch);
    }

    /// Takes the entries under keys of the chain from `real`, and drops the own ones: of a tree
    /// that was judged with pretended ones, what is left is what is there.
    pub fn take_chain_of(&mut self, real: &Vouches<'r>) {
        for vouches in self.by_resource.values_mut() {
            vouches.retain(|v| v.weight == Weight::Owner);
        }
        for (resource, vouches) in &real.by_resource {
            let chain = vouches.iter().filter(|v| v.weight == Weight::Chain);
            let own = self.by_resource.entry(resource.clone()).or_default();
            own.extend(chain.copied());
        }
    }

    /// All entries about a resource.
    pub fn about(&self, resource: &ResourceId) -> &[Vouch<'r>] {
        self.by_resource.get(resource).map_or(&[], Vec::as_slice)
    }

    /// All entries that count, by resource.
    pub fn all(&self) -> impl Iterator<Item = (&ResourceId, &[Vouch<'r>])> {
        let all = self.by_resource.iter();
        all.map(|(resource, vouches)| (resource.as_ref(), vouches.as_slice()))
    }

    /// Every resource that an entry is about, in no order.
    pub fn resources(&self) -> impl Iterator<Item = &ResourceId> {
        self.by_resource.keys().map(Cow::as_ref)
    }

    /// The janitors whose entries are for this version, under keys of the last link.
    pub fn janitors(&self, resource: &ResourceId, version: ResourceVersion) -> Tally {
        self.about(resource)
            .iter()
            .filter(|v| v.weight == Weight::Chain && v.version == version)
            .map(|v| (v.id, v.key))
            .collect()
    }
}

/// Why a segment does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Idle {
    /// Its signature does not verify.
    BadSignature,
    /// Its key is listed, and the file of the id is not valid yet.
    NotYet,
    /// Its key is one that this id had as a janitor.
    FormerJanitor,
    /// Its key is that of another janitor, past or present.
    SomebodyElse,
    /// Its key is not valid for this id.
    UnknownKey,
}

/// One entry that does not count: for which version, of whom, and why not.
type IdleEntry<'r> = (ResourceVersion, &'r Id, Idle);

/// Segments that do not count, with the reason: for explanations, and for those who choose the
/// next revision. Nothing is decided by them.
#[derive(Debug, Clone, Default)]
pub struct Ignored<'r> {
    by_resource: HashMap<&'r ResourceId, Vec<IdleEntry<'r>>>,
}

impl<'r> Ignored<'r> {
    /// Remembers that a segment does not count.
    pub fn add(&mut self, segment: &'r SignedSegment, why: Idle) {
        for entry in &segment.segment.entries {
            let of = self.by_resource.entry(&entry.resource).or_default();
            of.push((entry.version, &segment.segment.id, why));
        }
    }

    /// Whose entries about a resource do not count, and why.
    pub fn about(&self, resource: &ResourceId) -> BTreeMap<&'r Id, Idle> {
        let entries = self.by_resource.get(resource).into_iter().flatten();
        entries.map(|(_, id, why)| (*id, *why)).collect()
    }

    /// Whether an entry of this id, for this version, does not count for this reason.
    pub fn has(&self, resource: &ResourceId, version: ResourceVersion, id: &Id, why: Idle) -> bool {
        let mut entries = self.by_resource.get(resource).into_iter().flatten();
        entries.any(|entry| *entry == (version, id, why))
    }

    /// Whose entries for this version do not count for this reason.
    pub fn of(
        &self,
        resource: &ResourceId,
        version: ResourceVersion,
        why: Idle,
    ) -> impl Iterator<Item = &'r Id> {
        let entries = self.by_resource.get(resource).into_iter().flatten();
        let these = entries.filter(move |entry| entry.0 == version && entry.2 == why);
        these.map(|entry| entry.1)
    }

    /// The versions of a resource in entries that do not count.
    pub fn versions(&self, resource: &ResourceId) -> impl Iterator<Item = ResourceVersion> {
        let entries = self.by_resource.get(resource).into_iter().flatten();
        entries.map(|(version, ..)| *version)
    }

    /// Every resource that such an entry is about, in no order.
    pub fn resources(&self) -> impl Iterator<Item = &'r ResourceId> {
        self.by_resource.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::key::Signature;
    use crate::format::resource::{Entry, Revision, Segment, Timestamp};

    /// The version of this counter.
    fn version(counter: u64) -> ResourceVersion {
        ResourceVersion {
            revision: Revision { epoch: 0, counter },
            digest: Digest::of(&counter.to_be_bytes()),
        }
    }

    /// A segment of this id for these versions of the list of claims. Nobody looks at its
    /// signature here.
    fn segment(id: &str, counters: &[u64]) -> SignedSegment {
        let entries = counters.iter().map(|counter| Entry {
            resource: ResourceId::claims(),
            version: version(*counter),
        });
        SignedSegment {
            segment: Segment {
                repository: Digest::of(b"repository"),
                id: Id::new(id).unwrap(),
                created: Timestamp::unknown(),
                entries: entries.collect(),
            },
            key: format!("blake2b={}", Digest::of(id.as_bytes()).hex())
                .parse()
                .unwrap(),
            signature: Signature::ed25519([0; 64]),
            signed_len: 0,
        }
    }

    /// V4.1: `ja` and `jb` are janitors and say different things; `bob` is none, and says both.
    #[test]
    fn janitors_of_a_version_are_those_who_vouch_for_it_with_keys_of_the_chain() {
        let [ja, jb] = [segment("ja", &[1]), segment("jb", &[2])];
        let bob = segment("bob", &[1, 2]);
        let mut vouches = Vouches::default();
        vouches.add(&ja, Weight::Chain);
        vouches.add(&jb, Weight::Chain);
        vouches.add(&bob, Weight::Owner);
        let janitors = |counter| {
            let tally = vouches.janitors(&ResourceId::claims(), version(counter));
            let ids = tally.ids().iter().map(|id| id.as_str().to_owned());
            ids.collect::<Vec<_>>()
        };
        assert_eq!(janitors(1), ["ja"]);
        assert_eq!(janitors(2), ["jb"]);
        assert!(janitors(3).is_empty());
    }

    /// Of what was judged with a pretended vouch of `ja`, the real ones of `jb` are left, and
    /// what owners vouch for.
    #[test]
    fn a_pretended_vouch_of_a_janitor_is_dropped_for_the_real_ones() {
        let [pretended, real, owner] = ["ja", "jb", "bob"].map(|id| segment(id, &[1]));
        let eve = segment("eve", &[1]);
        let mut vouches = Vouches::default();
        vouches.add(&pretended, Weight::Chain);
        vouches.add(&owner, Weight::Owner);
        let mut there = Vouches::default();
        there.add(&real, Weight::Chain);
        there.add(&eve, Weight::Owner);
        vouches.take_chain_of(&there);
        let left = vouches.about(&ResourceId::claims()).iter();
        let left: Vec<_> = left.map(|v| (v.id.as_str(), v.weight)).collect();
        assert_eq!(left, [("bob", Weight::Owner), ("jb", Weight::Chain)]);
    }

    #[test]
    fn of_what_does_not_count_versions_ids_and_reasons_are_kept() {
        let [bob, eve] = [segment("bob", &[1, 2]), segment("eve", &[2])];
        let mut ignored = Ignored::default();
        ignored.add(&bob, Idle::NotYet);
        ignored.add(&eve, Idle::UnknownKey);
        let claims = ResourceId::claims();
        let versions: Vec<_> = ignored.versions(&claims).collect();
        assert_eq!(versions, [1, 2, 2].map(version));
        let about: Vec<_> = ignored.about(&claims).into_iter().collect();
        let (id_of_bob, id_of_eve) = (&bob.segment.id, &eve.segment.id);
        assert_eq!(
            about,
            [(id_of_bob, Idle::NotYet), (id_of_eve, Idle::UnknownKey)]
        );
        let of = |counter, why| {
            ignored
                .of(&claims, version(counter), why)
                .collect::<Vec<_>>()
        };
        assert_eq!(of(2, Idle::NotYet), [id_of_bob]);
        assert_eq!(of(2, Idle::UnknownKey), [id_of_eve]);
        assert!(of(1, Idle::UnknownKey).is_empty());
        for (counter, id, why, there) in [
            (1, id_of_bob, Idle::NotYet, true),
            (1, id_of_bob, Idle::UnknownKey, false),
            (1, id_of_eve, Idle::UnknownKey, false),
            (3, id_of_bob, Idle::NotYet, false),
        ] {
            assert_eq!(ignored.has(&claims, version(counter), id, why), there);
        }
        assert_eq!(ignored.resources().collect::<Vec<_>>(), [&claims]);
        assert!(ignored.about(&ResourceId::repo()).is_empty());
    }
}
