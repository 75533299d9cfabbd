//! R2: Whether packages that are not judged again stand as they did.

use rayon::prelude::*;

use super::chain::Chain;
use super::ids::People;
use super::support::{Epochs, Supporters, judge};
use super::vouch::Vouches;
use crate::format::name::PackageName;
use crate::format::resource::Kind;
use crate::settled::{Settled, SettledPackage};

/// Those of the settled packages that do not stand as they did: of a claimed one every file of
/// metadata is valid. Of others nothing is asked here. Whether an owner supports anything need not
/// be asked: an id that was valid stays valid (U2), and under another link nothing is settled (R3).
pub(crate) fn moved<'s>(
    settled: &'s Settled,
    vouches: &Vouches<'_>,
    people: &People,
    chain: &Chain,
) -> Vec<&'s PackageName> {
    let stands = |name: &PackageName, package: &SettledPackage| {
        let metadata = settled.versions.get(name).map_or(&[][..], Vec::as_slice);
        let epoch_of = |kind: Kind| {
            let mut of_kind = metadata
                .iter()
                .filter(|(resource, _)| resource.kind == kind);
            of_kind.next().map(|(_, version)| version.revision.epoch)
        };
        let list = epoch_of(Kind::Releases);
        // A checksum for each release, and the two files of the package.
        let complete = list.is_some()
            && epoch_of(Kind::Authorisation).is_some()
            && metadata.len() == package.releases + 2;
        let persons = people.resolve(&package.owners, chain);
        let valid = metadata.iter().all(|(resource, version)| {
            let (supporters, epochs) = match resource.kind {
                Kind::Checksum => (Supporters::OwnersOrQuorum(&persons), Epochs::OfList(list)),
                Kind::Releases => (Supporters::OwnersOrQuorum(&persons), Epochs::Opened),
                _ => (Supporters::Quorum, Epochs::Opened),
            };
            let quorum = chain.quorum();
            judge(
                vouches,
                quorum,
                resource,
                supporters,
                epochs,
                Some(*version),
            )
            .is_valid()
        });
        complete && valid
    };
    let packages = settled.packages().par_iter();
    let moved = packages.filter(|(name, package)| package.claimed && !stands(name, package));
    moved.map(|(name, _)| name).collect()
}
