//! What a reader can compute: the digests of files, of versions, and of directories.

use std::collections::{BTreeMap, HashMap};

use crate::bytes::Bytes;
use crate::format::digest::Digest;
use crate::format::name::{Id, Release};
use crate::format::path::{Place, in_release};
use crate::format::resource::{Kind, ResourceId, ResourceVersion, Revision};
use crate::format::state::State;
use crate::settled::Settled;

/// The digest of a file of a release, for a line of its checksum: of the file that is in the tree
/// with the path and the size of that line.
pub(super) fn of_file(
    files: &BTreeMap<String, Bytes>,
    release: &Release,
    before: &str,
) -> Option<Digest> {
    let (below, size) = entry(before)?;
    let (_, bytes) = listed(files, release, before)?;
    let read = below == "opam" || below.starts_with("files/");
    bytes
        .filter(|bytes| read && bytes.len().to_string() == size)
        .map(Bytes::digest)
}

/// The file that a line of a checksum is about: its path, and its content if it is there.
pub(super) fn listed<'t>(
    files: &'t BTreeMap<String, Bytes>,
    release: &Release,
    before: &str,
) -> Option<(String, Option<&'t Bytes>)> {
    let (below, _) = entry(before)?;
    let path = in_release(release, below);
    let bytes = files.get(&path);
    Some((path, bytes))
}

/// The first string and the rest of an entry, up to the digest.
fn entry(before: &str) -> Option<(&str, &str)> {
    let (first, rest) = before.strip_prefix("  [\"")?.split_once("\" ")?;
    Some((first, rest.trim_end_matches(' ')))
}

/// The versions of resources that lie in a tree: each as an entry of a segment starts, with the
/// digest of its file.
#[derive(Debug, Default)]
pub struct Versions(HashMap<String, Digest>);

impl Versions {
    /// Takes in a file.
    pub(super) fn add(&mut self, place: &Place, text: &str, bytes: &Bytes) {
        if let Some(start) = start_of(place, text) {
            self.0.insert(start, bytes.digest());
        }
    }

    /// Those of the packages that are settled.
    pub(super) fn of(settled: &Settled) -> Versions {
        let known = settled.versions.values().flatten();
        let entry = |(resource, version): &(ResourceId, ResourceVersion)| {
            let ResourceId { kind, name } = resource;
            let Revision { epoch, counter } = version.revision;
            let start = format!("  [\"{kind}\" \"{name}\" {epoch} {counter} ");
            (start, version.digest)
        };
        Versions(known.map(entry).collect())
    }

    /// The digest of the version with which a line starts.
    pub(super) fn of_entry(&self, before: &str) -> Option<Digest> {
        self.0.get(before).copied()
    }
}

/// How an entry of a segment about this version starts: as the file has type, epoch and counter.
/// The file is not judged here, and both directions take it so.
fn start_of(place: &Place, text: &str) -> Option<String> {
    let field = |name: &str| {
        text.lines()
            .take(8)
            .find_map(|line| line.strip_prefix(name))
    };
    let kind = match place {
        Place::IdFile(_) => match field("type: ")? {
            "\"author\"" => Kind::Author,
            "\"team\"" => Kind::Team,
            _ => return None,
        },
        Place::Repo => Kind::Repo,
        Place::Claims => Kind::Claims,
        Place::Authorisation(_) => Kind::Authorisation,
        Place::Releases(_) => Kind::Releases,
        Place::Checksum(_) => Kind::Checksum,
        _ => return None,
    };
    let name = match place {
        Place::IdFile(id) => id.as_str(),
        Place::Authorisation(name) | Place::Releases(name) => name.as_str(),
        Place::Checksum(release) => release.as_str(),
        _ => kind.as_str(),
    };
    let (epoch, counter) = (field("epoch: ")?, field("counter: ")?);
    Some(format!("  [\"{kind}\" \"{name}\" {epoch} {counter} "))
}

/// The digest of a directory, for a line of the snapshot.
pub(super) fn of_directory(state: &State, field: &str, before: &str) -> Option<Digest> {
    let name = || before.strip_prefix("  [\"")?.strip_suffix("\" ");
    let own = before.strip_suffix(": ") == Some(field);
    match field {
        "janitors" if own => Some(state.janitors),
        "ids" if own => Some(state.ids),
        "approved" if own => Some(state.approved),
        "strays" if own => Some(state.strays),
        "indexes" => state.indexes.get(&Id::new(name()?).ok()?).copied(),
        "packages" => state.packages.get(name()?).copied(),
        _ => None,
    }
}
