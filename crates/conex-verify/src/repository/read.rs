//! One file of a tree, decoded.

use super::{Loaded, Repository, Slot};
use crate::finding::{Code, Finding};
use crate::format::digest::Digest;
use crate::format::name::Release;
use crate::format::path::{Place, segment_path};
use crate::format::resource::{
    Authorisation, Checksum, Claims, Decode, FileDigest, IdFile, Releases, Repo, SignedLink,
    SignedSegment, SignedSnapshot,
};
use crate::opam_file::{self, Problem};
use crate::tree::Bytes;

/// What one file turned out to be.
pub(super) enum Decoded {
    Link(Slot<SignedLink>),
    IdFile(Slot<IdFile>),
    Segment(Option<Box<Loaded<SignedSegment>>>),
    Repo(Slot<Repo>),
    Claims(Slot<Claims>),
    Authorisation(Slot<Authorisation>),
    Releases(Slot<Releases>),
    Checksum(Slot<Checksum>),
    Opam(FileDigest, Vec<Problem>),
    File(FileDigest),
    Snapshot(Box<Slot<SignedSnapshot>>),
}

impl Decoded {
    /// The digest of the file, if it was computed.
    pub(super) fn digest(&self) -> Option<Digest> {
        fn of<T>(slot: &Slot<T>) -> Option<Digest> {
            slot.good().map(|loaded| loaded.digest)
        }
        match self {
            Decoded::Link(slot) => of(slot),
            Decoded::IdFile(slot) => of(slot),
            Decoded::Segment(segment) => segment.as_ref().map(|loaded| loaded.digest),
            Decoded::Repo(slot) => of(slot),
            Decoded::Claims(slot) => of(slot),
            Decoded::Authorisation(slot) => of(slot),
            Decoded::Releases(slot) => of(slot),
            Decoded::Checksum(slot) => of(slot),
            Decoded::Opam(file, _) | Decoded::File(file) => Some(file.digest),
            Decoded::Snapshot(slot) => of(slot),
        }
    }
}

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

/// V0.3, V2.1.
pub(super) fn decode(
    place: &Place,
    path: &str,
    bytes: &Bytes,
    findings: &mut Vec<Finding>,
) -> Decoded {
    match place {
        Place::Link(n) => Decoded::Link(slot(
            path,
            bytes,
            findings,
            SignedLink::decode(bytes),
            |link| link.link.number == *n,
        )),
        Place::IdFile(id) => {
            Decoded::IdFile(slot(path, bytes, findings, IdFile::decode(bytes), |file| {
                file.id() == id
            }))
        }
        Place::Segment(id, _) => {
            let slot = slot(path, bytes, findings, SignedSegment::decode(bytes), |s| {
                s.segment.id == *id
            });
            let Slot::Good(loaded) = slot else {
                return Decoded::Segment(None);
            };
            let expected = segment_path(id, &loaded.digest.short());
            if expected == path {
                Decoded::Segment(Some(Box::new(loaded)))
            } else {
                findings.push(
                    Finding::error(
                        Code::Digest,
                        path,
                        format!("`{path}`: a segment lies in a directory named by its digest"),
                    )
                    .value("expected", &expected)
                    .value("found", path)
                    .hint("the file was changed or moved; restore it from the repository"),
                );
                Decoded::Segment(None)
            }
        }
        Place::Repo => Decoded::Repo(slot(path, bytes, findings, Repo::decode(bytes), |_| true)),
        Place::Claims => {
            Decoded::Claims(slot(path, bytes, findings, Claims::decode(bytes), |_| true))
        }
        Place::Authorisation(name) => Decoded::Authorisation(slot(
            path,
            bytes,
            findings,
            Authorisation::decode(bytes),
            |a| a.name == *name,
        )),
        Place::Releases(name) => {
            Decoded::Releases(slot(path, bytes, findings, Releases::decode(bytes), |r| {
                r.name == *name
            }))
        }
        Place::Checksum(release) => {
            Decoded::Checksum(slot(path, bytes, findings, Checksum::decode(bytes), |c| {
                c.release == *release
            }))
        }
        Place::Opam(release) => {
            Decoded::Opam(FileDigest::of(bytes), opam_file::check(release, bytes))
        }
        Place::Misplaced(file) if file.below == "opam" => Decoded::Opam(
            FileDigest::of(bytes),
            opam_file::check(&file.release, bytes),
        ),
        Place::File(..) | Place::Old(..) | Place::Misplaced(_) | Place::Stray(_) => {
            Decoded::File(FileDigest::of(bytes))
        }
        Place::Snapshot => Decoded::Snapshot(Box::new(slot(
            path,
            bytes,
            findings,
            SignedSnapshot::decode(bytes),
            |_| true,
        ))),
    }
}

/// V0.3, V0.8.
fn slot<T>(
    path: &str,
    bytes: &Bytes,
    findings: &mut Vec<Finding>,
    read: Result<T, crate::format::resource::MetaError>,
    agrees: impl FnOnce(&T) -> bool,
) -> Slot<T> {
    match read {
        Ok(value) if agrees(&value) => Slot::Good(Loaded {
            value,
            digest: Digest::of(bytes),
            bytes: bytes.clone(),
        }),
        Ok(_) => {
            findings.push(
                Finding::error(
                    Code::WrongIdentity,
                    path,
                    format!("`{path}` holds the metadata of something else"),
                )
                .at(bytes, 0..0, "")
                .hint(
                    "a file of one place cannot stand in another; restore it, or have `conex sign` write it",
                ),
            );
            Slot::Broken
        }
        Err(error) => {
            findings.push(error.finding(path, bytes));
            Slot::Broken
        }
    }
}
