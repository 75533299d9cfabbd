//! Which version of a resource is supported, and whether the one in the tree is valid.

use std::collections::{BTreeMap, BTreeSet};

use super::tally::Tally;
use super::vouch::{Live, Vouches, Weight};
use crate::format::key::Fingerprint;
use crate::format::name::Id;
use crate::format::resource::{ResourceId, ResourceVersion};

/// Who can support a resource.
#[derive(Debug, Clone, Copy)]
pub enum Supporters<'a> {
    /// A quorum of janitors.
    Quorum,
    /// One of these owners, or a quorum of janitors.
    OwnersOrQuorum(&'a BTreeSet<&'a Id>),
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
    /// How many are needed.
    pub quorum: usize,
    /// The owners who vouch for exactly this version; they may lack only the epoch.
    pub owners: BTreeSet<Id>,
    /// The epoch is above 0 and no quorum opened it.
    pub epoch_closed: bool,
    /// The highest version that is supported, if any; lower than the one in the tree.
    pub supported: Option<ResourceVersion>,
}

/// Judges the version `present` of a resource.
pub fn judge(
    vouches: &Vouches<'_>,
    quorum: usize,
    resource: &ResourceId,
    supporters: Supporters<'_>,
    present: Option<ResourceVersion>,
) -> Standing {
    let live = vouches.live(resource);
    let open_epoch = open_epoch(&live, quorum);
    // Whoever has one valid key can make any number of entries: each is looked at
    // once, with those for the same version.
    let mut versions: BTreeMap<ResourceVersion, Vec<&Live<'_>>> = BTreeMap::new();
    for entry in &live {
        versions.entry(entry.version).or_default().push(entry);
    }
    let support_of = |version: &ResourceVersion, exact: &[&Live<'_>]| {
        support(
            exact,
            quorum,
            supporters,
            version.revision.epoch <= open_epoch,
        )
    };
    // Highest first: the first supported one decides.
    let supported: Vec<ResourceVersion> = versions
        .iter()
        .rev()
        .filter(|(version, exact)| support_of(version, exact).enough())
        .map(|(version, _)| *version)
        .collect();
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
    let exact = versions.get(&present).map_or(&[][..], Vec::as_slice);
    let support = support_of(&present, exact);
    Standing::Waiting(Waiting {
        janitors: support.janitors.ids().clone(),
        quorum,
        owners: support.owners,
        epoch_closed: !support.epoch_open,
        supported: highest,
    })
}

/// Who supports one version.
struct Support {
    janitors: Tally,
    owners: BTreeSet<Id>,
    epoch_open: bool,
    quorum: usize,
}

impl Support {
    fn enough(&self) -> bool {
        self.epoch_open && (!self.owners.is_empty() || self.janitors.reaches(self.quorum))
    }
}

/// Who supports the version that the entries in `exact` are for.
fn support(
    exact: &[&Live<'_>],
    quorum: usize,
    supporters: Supporters<'_>,
    epoch_open: bool,
) -> Support {
    Support {
        janitors: exact
            .iter()
            .filter(|l| l.vouch.weight == Weight::Chain)
            .map(|l| (l.vouch.id, l.vouch.key))
            .collect(),
        owners: match supporters {
            Supporters::Quorum => BTreeSet::new(),
            Supporters::OwnersOrQuorum(owners) => exact
                .iter()
                .filter(|l| owners.contains(l.vouch.id))
                .map(|l| l.vouch.id.clone())
                .collect(),
        },
        epoch_open,
        quorum,
    }
}

/// The highest epoch of a resource that a quorum opened: the uncancelled entries of
/// a quorum carry at least this epoch, whatever their counters and digests. 0 is
/// always open.
pub fn open_epoch(live: &[Live<'_>], quorum: usize) -> u64 {
    let mut highest: BTreeMap<(&Id, Fingerprint), u64> = BTreeMap::new();
    for l in live.iter().filter(|l| l.vouch.weight == Weight::Chain) {
        let epoch = highest.entry((l.vouch.id, l.vouch.key)).or_default();
        *epoch = l.version.revision.epoch.max(*epoch);
    }
    let epochs: BTreeSet<u64> = highest.values().copied().collect();
    epochs
        .into_iter()
        .rev()
        .find(|epoch| {
            highest
                .iter()
                .filter(|(_, own)| *own >= epoch)
                .map(|((id, key), _)| (*id, *key))
                .collect::<Tally>()
                .reaches(quorum)
        })
        .unwrap_or(0)
}
