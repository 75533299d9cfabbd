//! One file of a tree, decoded.

use super::slot::{Loaded, Slot};
use std::fmt::Display;

use crate::finding::{Cause, Code, Finding, remedy};
use crate::format::name::Release;
use crate::format::path::{Place, segment_path};
use crate::format::resource::{
    Authorisation, Checksum, Claims, Decode, FileDigest, IdFile, Releases, Repo, ResourceId,
    SignedLink, SignedSegment, SignedSnapshot,
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
            |link| elsewhere(path, link.link.number, *n),
        )),
        Place::IdFile(id) => {
            Decoded::IdFile(slot(path, bytes, findings, IdFile::decode(bytes), |file| {
                elsewhere(path, file.id(), id)
            }))
        }
        Place::Segment(id, _) => {
            let slot = slot(path, bytes, findings, SignedSegment::decode(bytes), |s| {
                elsewhere(path, &s.segment.id, id)
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
        Place::Repo => Decoded::Repo(slot(path, bytes, findings, Repo::decode(bytes), |_| None)),
        Place::Claims => {
            Decoded::Claims(slot(path, bytes, findings, Claims::decode(bytes), |_| None))
        }
        Place::Authorisation(name) => Decoded::Authorisation(slot(
            path,
            bytes,
            findings,
            Authorisation::decode(bytes),
            |a| elsewhere(path, &a.name, name),
        )),
        Place::Releases(name) => {
            Decoded::Releases(slot(path, bytes, findings, Releases::decode(bytes), |r| {
                elsewhere(path, &r.name, name)
            }))
        }
        Place::Checksum(release) => {
            Decoded::Checksum(slot(path, bytes, findings, Checksum::decode(bytes), |c| {
                if c.release.name() == release.name() && c.release != *release {
                    return Some(copied(path, &c.release, release));
                }
                elsewhere(path, &c.release, release)
            }))
        }
        Place::Opam(release) => {
            Decoded::Opam(FileDigest::from(bytes), opam_file::check(release, bytes))
        }
        Place::Misplaced(file) if file.below == "opam" => Decoded::Opam(
            FileDigest::from(bytes),
            opam_file::check(&file.release, bytes),
        ),
        Place::File(..) | Place::Old(..) | Place::Misplaced(_) | Place::Stray(_) => {
            Decoded::File(FileDigest::from(bytes))
        }
        Place::Snapshot => Decoded::Snapshot(Box::new(slot(
            path,
            bytes,
            findings,
            SignedSnapshot::decode(bytes),
            |_| None,
        ))),
    }
}

/// V0.8: The file of another place.
fn elsewhere<T: PartialEq + Display>(path: &str, found: T, expected: T) -> Option<Finding> {
    (found != expected).then(|| {
        Finding::error(
            Code::WrongIdentity,
            path,
            format!("`{path}` is the file of another place"),
        )
        .value("expected", expected)
        .value("found", found)
        .remedy(&remedy::IN_ITS_PLACE, "")
    })
}

/// V0.8: An author copied the directory of a release, with what was signed of that one.
fn copied(path: &str, of: &Release, release: &Release) -> Finding {
    let message = format!("the release `{release}` is a copy of `{of}`, and is not signed");
    Finding::error(Code::WrongIdentity, path, message)
        .value("expected", release)
        .value("found", of)
        .remedy(&remedy::SIGN_COPY, "")
        .explaining(Cause::Standing(ResourceId::checksum(release)))
}

/// V0.3, V0.8: `wrong` says of a file that can be read whether it is that of another place.
fn slot<T>(
    path: &str,
    bytes: &Bytes,
    findings: &mut Vec<Finding>,
    read: Result<T, crate::format::resource::MetaError>,
    wrong: impl FnOnce(&T) -> Option<Finding>,
) -> Slot<T> {
    let finding = match read {
        Ok(value) => match wrong(&value) {
            None => {
                return Slot::Good(Loaded {
                    value,
                    digest: bytes.digest(),
                    bytes: bytes.clone(),
                });
            }
            Some(finding) => finding,
        },
        Err(error) => error.finding(path, bytes),
    };
    findings.push(finding);
    Slot::Broken
}
