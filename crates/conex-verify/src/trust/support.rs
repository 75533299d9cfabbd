//! Which version of a resource is supported, and whether the one in the tree is valid.

use std::collections::{BTreeMap, BTreeSet};

use super::tally::{Count, Tally};
use super::vouch::{Vouch, Vouches, Weight};
use crate::format::name::{Id, PackageName};
use crate::format::resource::{Claims, Kind, ResourceId, ResourceVersion};

/// V4.2: Who can support a resource.
#[derive(Debug, Clone, Copy)]
pub enum Supporters<'a> {
    /// A quorum of janitors.
    Quorum,
    /// One of these owners, or a quorum of janitors.
    OwnersOrQuorum(&'a BTreeSet<&'a Id>),
}

/// V4.3, V4.4: What decides whether a version is of an epoch in which it can be supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Epochs {
    /// A quorum opens each epoch above 0.
    Opened,
    /// The epoch is that of the valid list of releases; without one there is none.
    OfList(Option<u64>),
}

/// What is wrong with the epoch of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpochLacks {
    /// Nothing.
    Nothing,
    /// No quorum opened it.
    Opening,
    /// It is not that of the valid list of releases, which is this one, or there is none.
    List(Option<u64>),
}

/// Where the version in the tree stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Supported, and nothing supported is higher.
    Valid,
    /// Not supported, nor is anything higher.
    Waiting(Waiting),
    /// Something higher is supported.
    Superseded {
        /// The highest supported version.
        by: ResourceVersion,
    },
    /// Another file with the same revision is supported.
    Contested {
        /// The other one.
        other: ResourceVersion,
        /// The one in the tree is supported too, so that none of the two is valid.
        both: bool,
    },
    /// Nothing is in the tree.
    Absent {
        /// The highest supported version, if any.
        supported: Option<ResourceVersion>,
    },
}

impl Standing {
    /// Whether it is valid.
    pub fn is_valid(&self) -> bool {
        matches!(self, Standing::Valid)
    }
}

/// What a version lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The janitors who vouch for exactly this version.
    pub janitors: BTreeSet<Id>,
    /// How many they are, and how many are needed.
    pub count: Count,
    /// The owners who vouch for exactly this version; they may lack only the epoch.
    pub owners: BTreeSet<Id>,
    /// What is wrong with its epoch.
    pub epoch: EpochLacks,
    /// The highest version that is supported, if any; lower than the one in the tree.
    pub supported: Option<ResourceVersion>,
}

impl Waiting {
    /// Whether it lacks nothing but a quorum that opens its epoch.
    pub fn needs_opening(&self) -> bool {
        self.epoch == EpochLacks::Opening
    }
}

/// V4.5: All versions of a resource that are supported, the highest first.
pub fn supported(
    vouches: &Vouches<'_>,
    quorum: usize,
    resource: &ResourceId,
    owners: Option<&BTreeSet<&Id>>,
    epochs: Epochs,
) -> Vec<ResourceVersion> {
    let supporters = owners.map_or(Supporters::Quorum, Supporters::OwnersOrQuorum);
    Versions::of(vouches, quorum, resource, supporters, epochs).supported()
}

/// V4.6: Judges the version `present` of a resource.
pub fn judge(
    vouches: &Vouches<'_>,
    quorum: usize,
    resource: &ResourceId,
    supporters: Supporters<'_>,
    epochs: Epochs,
    present: Option<ResourceVersion>,
) -> Standing {
    let versions = Versions::of(vouches, quorum, resource, supporters, epochs);
    let supported = versions.supported();
    let highest = supported.first().copied();
    let Some(present) = present else {
        return Standing::Absent { supported: highest };
    };
    match highest {
        Some(by) if by.revision > present.revision => return Standing::Superseded { by },
        _ => {}
    }
    if let Some(other) = supported
        .iter()
        .find(|v| v.revision == present.revision && v.digest != present.digest)
    {
        return Standing::Contested {
            other: *other,
            both: supported.contains(&present),
        };
    }
    if highest == Some(present) {
        return Standing::Valid;
    }
    let support = versions.support_of(&present);
    Standing::Waiting(Waiting {
        count: support.janitors.of(quorum),
        janitors: support.janitors.ids().clone(),
        owners: support.owners,
        epoch: support.epoch,
        supported: highest,
    })
}

/// The versions of one resource that somebody vouches for. Whoever has one valid key can make
/// any number of entries: each is looked at once, with those for the same version.
struct Versions<'a, 'r> {
    entries: BTreeMap<ResourceVersion, Vec<&'a Vouch<'r>>>,
    quorum: usize,
    supporters: Supporters<'a>,
    open: Open,
}

impl<'a, 'r> Versions<'a, 'r> {
    fn of(
        vouches: &'a Vouches<'r>,
        quorum: usize,
        resource: &ResourceId,
        supporters: Supporters<'a>,
        epochs: Epochs,
    ) -> Versions<'a, 'r> {
        let open = match epochs {
            Epochs::Opened => Open::UpTo(open_epoch(vouches, quorum, resource)),
            Epochs::OfList(epoch) => Open::Only(epoch),
        };
        let mut entries: BTreeMap<ResourceVersion, Vec<&Vouch<'_>>> = BTreeMap::new();
        for vouch in vouches.about(resource) {
            entries.entry(vouch.version).or_default().push(vouch);
        }
        Versions {
            entries,
            quorum,
            supporters,
            open,
        }
    }

    /// The highest first.
    fn supported(&self) -> Vec<ResourceVersion> {
        let versions = self.entries.keys().rev();
        versions
            .filter(|version| self.support_of(version).enough())
            .copied()
            .collect()
    }

    /// Who supports one version.
    fn support_of(&self, version: &ResourceVersion) -> Support {
        let exact = self.entries.get(version).map_or(&[][..], Vec::as_slice);
        Support {
            janitors: exact
                .iter()
                .filter(|v| v.weight == Weight::Chain)
                .map(|v| (v.id, v.key))
                .collect(),
            owners: match self.supporters {
                Supporters::Quorum => BTreeSet::new(),
                Supporters::OwnersOrQuorum(owners) => exact
                    .iter()
                    .filter(|v| owners.contains(v.id))
                    .map(|v| v.id.clone())
                    .collect(),
            },
            epoch: self.open.lacks(version.revision.epoch),
            quorum: self.quorum,
        }
    }
}

/// The epochs in which a version can be supported.
#[derive(Debug, Clone, Copy)]
enum Open {
    UpTo(u64),
    Only(Option<u64>),
}

impl Open {
    /// V4.3, V4.4.
    fn lacks(self, epoch: u64) -> EpochLacks {
        match self {
            Open::UpTo(open) if epoch <= open => EpochLacks::Nothing,
            Open::UpTo(_) => EpochLacks::Opening,
            Open::Only(Some(list)) if epoch == list => EpochLacks::Nothing,
            Open::Only(list) => EpochLacks::List(list),
        }
    }
}

/// Who supports one version.
struct Support {
    janitors: Tally,
    owners: BTreeSet<Id>,
    epoch: EpochLacks,
    quorum: usize,
}

impl Support {
    fn enough(&self) -> bool {
        self.epoch == EpochLacks::Nothing
            && (!self.owners.is_empty() || self.janitors.of(self.quorum).enough())
    }
}

/// V4.3: The highest epoch of a resource that a quorum opened: one and the same version in it is
/// vouched for by a quorum. 0 is always open.
pub fn open_epoch(vouches: &Vouches<'_>, quorum: usize, resource: &ResourceId) -> u64 {
    let mut tallies: BTreeMap<ResourceVersion, Tally> = BTreeMap::new();
    let about = vouches.about(resource).iter();
    for vouch in about.filter(|v| v.weight == Weight::Chain && v.version.revision.epoch > 0) {
        let tally = tallies.entry(vouch.version).or_default();
        tally.add(vouch.id, vouch.key);
    }
    tallies
        .iter()
        .rev()
        .find(|(_, tally)| tally.of(quorum).enough())
        .map_or(0, |(version, _)| version.revision.epoch)
}

/// V5.2: The names of packages that are claimed: some version of their authorisation is supported,
/// or `listed`, the valid list of claims, has them.
pub fn claimed<'v>(
    vouches: &'v Vouches<'_>,
    quorum: usize,
    listed: Option<&'v Claims>,
) -> BTreeSet<&'v str> {
    let supported = |resource: &ResourceId| {
        let standing = judge(
            vouches,
            quorum,
            resource,
            Supporters::Quorum,
            Epochs::Opened,
            None,
        );
        matches!(standing, Standing::Absent { supported: Some(_) })
    };
    let authorisations = vouches
        .resources()
        .filter(|r| r.kind == Kind::Authorisation && supported(r))
        .map(|r| &*r.name);
    let listed = listed.into_iter().flat_map(|c| &c.packages);
    authorisations
        .chain(listed.map(PackageName::as_str))
        .collect()
}
