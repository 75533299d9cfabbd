//! What janitors vouched for under any link, past or present, by what is still there.
//!
//! When janitors go, what they approved is approved no more, and an epoch that they opened is not
//! open any more; clients remember both.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use conex_verify::format::key::Fingerprint;
use conex_verify::format::name::Id;
use conex_verify::format::resource::{Link, ResourceId, ResourceVersion, SignedSegment};
use conex_verify::workbench::trust::chain::Chain;
use conex_verify::workbench::trust::tally::Tally;

/// One entry that a janitor of some link signed.
type Signed = (Id, Fingerprint, ResourceVersion);

/// The entries of all janitors, past and present, whose signatures verify, by resource.
#[derive(Debug, Default)]
pub(super) struct Past {
    of: HashMap<ResourceId, Vec<Signed>>,
}

impl Past {
    /// Takes in what a janitor signed.
    pub(super) fn add(&mut self, segment: &SignedSegment) {
        for entry in &segment.segment.entries {
            let signed = (segment.segment.id.clone(), segment.key, entry.version);
            let of = self.of.entry(entry.resource.clone());
            of.or_default().push(signed);
        }
    }

    /// The versions of a resource for which a quorum of a link vouches.
    pub(super) fn approved(
        &self,
        chain: &Chain,
        resource: &ResourceId,
    ) -> BTreeSet<ResourceVersion> {
        let signed = self.of.get(resource);
        let signed: &[Signed] = signed.map_or(&[], Vec::as_slice);
        let approved = |link: &Link| {
            let mut tallies: BTreeMap<ResourceVersion, Tally> = BTreeMap::new();
            for (id, key, version) in signed {
                let member = link.members.get(id);
                if member.is_some_and(|k| k.fingerprint() == *key) {
                    tallies.entry(*version).or_default().add(id, *key);
                }
            }
            tallies.retain(|_, tally| tally.of(link.quorum).enough());
            tallies.into_keys()
        };
        let links = chain.links().iter();
        links.flat_map(|l| approved(&l.value.link)).collect()
    }
}
