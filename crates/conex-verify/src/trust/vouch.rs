//! Which segments count, and what their entries say.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;

use super::chain::Chain;
use super::tally::Tally;
use crate::finding::{Code, Finding};
use crate::format::key::{Fingerprint, Namespace, PublicKey};
use crate::format::name::Id;
use crate::format::resource::{
    Entry, IdFile, Kind, ResourceId, ResourceVersion, Revision, SignedSegment, What,
};
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

/// One segment: whose key it names, and whether the signature verifies under it.
#[derive(Debug, Clone)]
pub struct Checked<'r> {
    /// The segment.
    pub segment: &'r SignedSegment,
    /// Where it lies.
    pub path: &'r str,
    /// Where its key stands.
    pub signed: Signed,
    /// Why the signature does not verify, if it does not.
    pub failure: Option<String>,
}

impl Checked<'_> {
    /// Whether the signature verifies under a key that the repository names.
    pub fn verifies(&self) -> bool {
        self.failure.is_none() && self.signed != Signed::Unknown
    }
}

/// Checks all segments of the repository, on all threads there are.
///
/// Reports what fails under keys of the chain; what fails under a listed key is judged
/// when it is known whether that key counts, and no other key is a reason to reject.
pub fn check_segments<'r>(
    repository: &'r Repository,
    chain: &Chain,
) -> (Vec<Checked<'r>>, Vec<Finding>) {
    let checked: Vec<Checked<'r>> = repository
        .segments
        .par_iter()
        .map(|(path, loaded)| check(repository, chain, loaded, path))
        .collect();
    let findings = checked
        .iter()
        .filter(|c| c.signed == Signed::Chain)
        .filter_map(|c| Some(bad_signature(c, chain, c.failure.as_ref()?)))
        .collect();
    (checked, findings)
}

fn check<'r>(
    repository: &Repository,
    chain: &Chain,
    loaded: &'r Loaded<SignedSegment>,
    path: &'r str,
) -> Checked<'r> {
    let segment = &loaded.value;
    let id = &segment.segment.id;
    let (signed, key) = match chain.key_of(id) {
        Some(key) if key.fingerprint() == segment.key => (Signed::Chain, Some(key)),
        _ => match listed_key(repository, id, &segment.key) {
            Some(key) => (Signed::Listed, Some(key)),
            None => (Signed::Unknown, None),
        },
    };
    let failure = match key {
        None => None,
        Some(_) if segment.segment.repository != chain.identity() => {
            Some("it was made for another repository".to_owned())
        }
        Some(key) => key
            .verify(Namespace::Index, loaded.signed(), &segment.signature)
            .err()
            .map(|e| e.to_string()),
    };
    Checked {
        segment,
        path,
        signed,
        failure,
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

/// The finding for a segment whose signature fails under a key that counts, or that
/// was made for another repository.
pub fn bad_signature(checked: &Checked<'_>, chain: &Chain, why: &str) -> Finding {
    foreign(checked, chain).unwrap_or_else(|| failing(checked, why))
}

/// The finding for a segment that was made for another repository.
pub fn foreign(checked: &Checked<'_>, chain: &Chain) -> Option<Finding> {
    let made_for = checked.segment.segment.repository;
    (made_for != chain.identity()).then(|| {
        Finding::error(
            Code::ForeignRepository,
            checked.path,
            format!("`{}` was made for another repository", checked.path),
        )
        .value("this one", chain.identity())
        .value("made for", made_for)
        .hint("remove it: nothing that it says is about this repository")
    })
}

fn failing(checked: &Checked<'_>, why: &str) -> Finding {
    Finding::error(
        Code::BadSignature,
        checked.path,
        format!(
            "the signature of `{}` does not verify: {why}",
            checked.segment.segment.id
        ),
    )
    .value("key", checked.segment.key)
    .hint("the file was changed after it was signed; restore it, or sign again with `conex sign`")
}

/// One entry that counts.
#[derive(Debug, Clone, Copy)]
pub struct Vouch<'r> {
    /// Who says it.
    pub id: &'r Id,
    /// Under which key.
    pub key: Fingerprint,
    /// What that key is good for.
    pub weight: Weight,
    /// Epoch and counter.
    pub revision: Revision,
    /// What it says.
    pub what: What,
}

/// All entries that count, by resource.
#[derive(Debug, Clone, Default)]
pub struct Vouches<'r> {
    by_resource: HashMap<&'r ResourceId, Vec<Vouch<'r>>>,
}

impl<'r> Vouches<'r> {
    /// Takes in the entries of a segment under a key of this weight.
    pub fn add(&mut self, segment: &'r SignedSegment, weight: Weight) {
        for entry in &segment.segment.entries {
            let Entry {
                resource,
                revision,
                what,
            } = entry;
            self.by_resource.entry(resource).or_default().push(Vouch {
                id: &segment.segment.id,
                key: segment.key,
                weight,
                revision: *revision,
                what: *what,
            });
        }
    }

    /// All entries about a resource, cancelled ones included.
    pub fn about(&self, resource: &ResourceId) -> &[Vouch<'r>] {
        self.by_resource.get(resource).map_or(&[], Vec::as_slice)
    }

    /// Every resource that an entry is about, in no order.
    pub fn resources(&self) -> impl Iterator<Item = &'r ResourceId> {
        self.by_resource.keys().copied()
    }

    /// The entries about a resource that no withdrawal cancels.
    ///
    /// A withdrawal cancels the entries of the same id up to its revision; one
    /// under a key that counts for ownership only does not touch entries under a
    /// chain key.
    pub fn live(&self, resource: &ResourceId) -> Vec<Live<'r>> {
        let all = self.about(resource);
        // Collected first: looking them up for each entry would let one author keep
        // every client busy for the square of the entries that they sign.
        let mut withdrawn: BTreeMap<(&Id, Weight), Revision> = BTreeMap::new();
        for vouch in all.iter().filter(|v| v.what == What::Withdrawn) {
            let reaches: &[Weight] = match vouch.weight {
                Weight::Chain => &[Weight::Chain, Weight::Owner],
                Weight::Owner => &[Weight::Owner],
            };
            for weight in reaches {
                let up_to = withdrawn
                    .entry((vouch.id, *weight))
                    .or_insert(vouch.revision);
                *up_to = vouch.revision.max(*up_to);
            }
        }
        all.iter()
            .filter_map(|vouch| match vouch.what {
                What::Withdrawn => None,
                What::Vouched(digest) => Some(Live {
                    vouch: *vouch,
                    version: ResourceVersion {
                        revision: vouch.revision,
                        digest,
                    },
                }),
            })
            .filter(|live| {
                withdrawn
                    .get(&(live.vouch.id, live.vouch.weight))
                    .is_none_or(|up_to| live.version.revision > *up_to)
            })
            .collect()
    }

    /// The names of packages that a quorum claims: a quorum of janitors each have
    /// an entry, cancelled or not, for an authorisation of it.
    pub fn claimed(&self, quorum: usize) -> BTreeSet<&'r str> {
        self.by_resource
            .iter()
            .filter(|(resource, _)| resource.kind == Kind::Authorisation)
            .filter(|(_, vouches)| {
                vouches
                    .iter()
                    .filter(|v| v.weight == Weight::Chain)
                    .map(|v| (v.id, v.key))
                    .collect::<Tally>()
                    .reaches(quorum)
            })
            .map(|(resource, _)| &*resource.name)
            .collect()
    }
}

/// An entry that vouches and that nothing cancels.
#[derive(Debug, Clone, Copy)]
pub struct Live<'r> {
    /// The entry.
    pub vouch: Vouch<'r>,
    /// The version that it vouches for.
    pub version: ResourceVersion,
}

/// Segments that do not count, by id, with the reason: for explanations.
#[derive(Debug, Clone, Default)]
pub struct Ignored<'r> {
    by_resource: HashMap<&'r ResourceId, BTreeMap<&'r Id, &'static str>>,
}

impl<'r> Ignored<'r> {
    /// Remembers that a segment does not count.
    pub fn add(&mut self, segment: &'r SignedSegment, why: &'static str) {
        for entry in &segment.segment.entries {
            self.by_resource
                .entry(&entry.resource)
                .or_default()
                .insert(&segment.segment.id, why);
        }
    }

    /// Whose entries about a resource do not count, and why.
    pub fn about(&self, resource: &ResourceId) -> Vec<String> {
        self.by_resource
            .get(resource)
            .into_iter()
            .flatten()
            .map(|(id, why)| format!("{id}: {why}"))
            .collect()
    }
}
