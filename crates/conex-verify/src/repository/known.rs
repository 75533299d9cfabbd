//! What is known already of a file that did not change.

use super::Repository;
use super::read::Decoded;
use super::slot::Slot;
use crate::format::name::Release;
use crate::format::path::Place;
use crate::tree::Bytes;

impl Repository {
    /// What is known of the file at `place`, if it has these very bytes and can be read.
    pub(super) fn known(&self, place: &Place, bytes: &Bytes) -> Option<Decoded> {
        fn same<T: Clone>(slot: &Slot<T>, bytes: &Bytes) -> Option<Slot<T>> {
            slot.good()
                .filter(|loaded| Bytes::ptr_eq(&loaded.bytes, bytes))
                .map(|loaded| Slot::Good(loaded.clone()))
        }
        let dir = |release: &Release| self.packages.get(&release.name())?.directories.get(release);
        let file = |release: &Release, below: &str| {
            let file = dir(release)?.files.get(below)?;
            Bytes::ptr_eq(&file.bytes, bytes).then_some(file.digest)
        };
        Some(match place {
            Place::Link(n) => Decoded::Link(same(self.links.get(n)?, bytes)?),
            Place::IdFile(id) => Decoded::IdFile(same(self.ids.get(id)?, bytes)?),
            Place::Segment(..) => {
                let path = place.path();
                let at = self
                    .segments
                    .binary_search_by(|(known, _)| known.as_str().cmp(&path))
                    .ok()?;
                let (_, loaded) = self.segments.get(at)?;
                Bytes::ptr_eq(&loaded.bytes, bytes)
                    .then(|| Decoded::Segment(Some(Box::new(loaded.clone()))))?
            }
            Place::Repo => Decoded::Repo(same(&self.repo, bytes)?),
            Place::Claims => Decoded::Claims(same(&self.claims, bytes)?),
            Place::Old(release, name) => Decoded::File(file(release, name.as_str())?),
            Place::Misplaced(place) => {
                let (_, dir) = self.misplaced.get(&place.dir)?;
                let file = dir.files.get(place.below.as_str())?;
                let same = Bytes::ptr_eq(&file.bytes, bytes).then_some(file.digest)?;
                match &*place.below {
                    "opam" => Decoded::Opam(same, dir.problems.clone()),
                    _ => Decoded::File(same),
                }
            }
            Place::Stray(_) => return None,
            Place::Authorisation(name) => {
                Decoded::Authorisation(same(&self.packages.get(name)?.authorisation, bytes)?)
            }
            Place::Releases(name) => {
                Decoded::Releases(same(&self.packages.get(name)?.releases, bytes)?)
            }
            Place::Checksum(release) => Decoded::Checksum(same(&dir(release)?.checksum, bytes)?),
            Place::Opam(release) => {
                Decoded::Opam(file(release, "opam")?, dir(release)?.problems.clone())
            }
            Place::File(release, below) => Decoded::File(file(release, below)?),
            Place::Snapshot => Decoded::Snapshot(Box::new(same(&self.snapshot, bytes)?)),
        })
    }
}
