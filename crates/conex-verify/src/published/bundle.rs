//! Which bundle holds what, and how a bundle is written.

use std::fmt;

use crate::bytes::Bytes;
use crate::format::digest::Digest;
use crate::format::name::Id;
use crate::format::path::Place;

/// Where the bundles lie.
pub const BUNDLES: &str = "packages/.conex/bundle/";

/// What the first line of a bundle starts with: the name of the format, and its version.
const TITLE: &str = "conex-bundle 1 ";

/// So many bundles share the packages, and as many the indexes, by the first bits of the digest of
/// the name.
pub const SHARES: u8 = 64;

/// A bundle: a file that holds the content of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bundle {
    /// Authors and teams.
    Ids,
    /// The segments of some ids.
    Index(u8),
    /// The chain.
    Janitors,
    /// What belongs to some packages.
    Packages(u8),
    /// What the top-level files may say, and the claims.
    Rest,
}

impl Bundle {
    /// All bundles, in the order of their paths. A tree in the published form has each of them.
    pub fn all() -> impl Iterator<Item = Bundle> {
        let index = (0..SHARES).map(Bundle::Index);
        let packages = (0..SHARES).map(Bundle::Packages);
        [Bundle::Ids]
            .into_iter()
            .chain(index)
            .chain([Bundle::Janitors])
            .chain(packages)
            .chain([Bundle::Rest])
    }

    /// The bundle in which the file of a place lies; `None` of what lies outside of bundles: the
    /// snapshot, and what opam reads or passes over.
    pub fn of(place: &Place) -> Option<Bundle> {
        match place {
            Place::IdFile(_) => Some(Bundle::Ids),
            Place::Segment(id, _) => Some(Bundle::of_index(id)),
            Place::Link(_) => Some(Bundle::Janitors),
            Place::Repo | Place::Claims => Some(Bundle::Rest),
            Place::Authorisation(_) | Place::Releases(_) | Place::Checksum(_) => {
                let name = place.package()?;
                Some(Bundle::Packages(share(name.as_str())))
            }
            Place::Snapshot
            | Place::Opam(_)
            | Place::File(..)
            | Place::Old(..)
            | Place::Misplaced(_)
            | Place::Stray(_) => None,
        }
    }

    /// The bundle of the segments of an id.
    pub fn of_index(id: &Id) -> Bundle {
        Bundle::Index(share(id.as_str()))
    }

    /// Its path.
    pub fn path(self) -> String {
        format!("{BUNDLES}{self}")
    }

    /// Its first line.
    pub(super) fn title(self) -> String {
        format!("{TITLE}{self}\n")
    }
}

/// The first six bits of the digest of a name.
pub fn share(name: &str) -> u8 {
    let digest = Digest::of(name.as_bytes());
    let [first, ..] = digest.as_bytes();
    first >> 2
}

impl fmt::Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bundle::Ids => f.write_str("ids"),
            Bundle::Index(n) => write!(f, "index-{n:02}"),
            Bundle::Janitors => f.write_str("janitors"),
            Bundle::Packages(n) => write!(f, "packages-{n:02}"),
            Bundle::Rest => f.write_str("rest"),
        }
    }
}

/// One file in a bundle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Record<'a> {
    /// The path as the header line has it.
    pub(super) path: &'a str,
    /// The content, without what a reader can compute.
    pub(super) short: &'a str,
}

/// Why bytes are no bundle: at which byte, and what belongs there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoBundle {
    pub(super) at: usize,
    pub(super) expected: &'static str,
}

/// The records of a bundle, one after the other, as far as they go without judging any path. Who
/// only counts them keeps none: a record can have four bytes.
pub(super) fn records(
    bundle: Bundle,
    bytes: &Bytes,
) -> impl Iterator<Item = Result<Record<'_>, NoBundle>> {
    let mut before: Option<&str> = None;
    let mut rest = text_of(bundle, bytes);
    std::iter::from_fn(move || {
        let text = match rest {
            Ok("") => return None,
            Ok(text) => text,
            // Once is enough.
            Err(ref error) => {
                let error = error.clone();
                rest = Ok("");
                return Some(Err(error));
            }
        };
        let read = record(text).and_then(|(record, behind)| {
            let follows = before.is_none_or(|before| follows(before, record.path));
            let expected = "a path after the one before, in the order of bytes";
            follows.then_some((record, behind)).ok_or(expected)
        });
        match read {
            Ok((record, behind)) => {
                before = Some(record.path);
                rest = Ok(behind);
                Some(Ok(record))
            }
            Err(expected) => {
                rest = Ok("");
                let at = bytes.len().saturating_sub(text.len());
                Some(Err(NoBundle { at, expected }))
            }
        }
    })
}

/// What stands behind the first line.
fn text_of(bundle: Bundle, bytes: &Bytes) -> Result<&str, NoBundle> {
    let text = std::str::from_utf8(bytes).map_err(|error| NoBundle {
        at: error.valid_up_to(),
        expected: "text in UTF-8",
    })?;
    text.strip_prefix(bundle.title().as_str()).ok_or(NoBundle {
        at: 0,
        expected: "the first line of this bundle",
    })
}

/// The first record of a text, and what is behind it; or what is expected there.
fn record(text: &str) -> Result<(Record<'_>, &str), &'static str> {
    let header = text.split_once('\n');
    let (header, after) = header.ok_or("a line feed after a path and a size")?;
    let header = header.rsplit_once(' ');
    let (path, size) = header.ok_or("a path, a blank and a size")?;
    let content = number(size).and_then(|size| after.split_at_checked(size));
    let (short, behind) = content.ok_or("the number of bytes that follow")?;
    Ok((Record { path, short }, behind))
}

/// Whether the record of one path stands behind that of another. The segments of one id have one
/// path, and what they are called shows when they are expanded.
fn follows(before: &str, path: &str) -> bool {
    before < path || before == path && segments_of(path).is_some()
}

/// The id whose segments have this path in a bundle.
pub(super) fn segments_of(path: &str) -> Option<Id> {
    let id = path
        .strip_prefix("packages/.conex/index/")?
        .strip_suffix("/index")?;
    Id::new(id).ok()
}

/// The path of the segments of an id in a bundle.
pub(super) fn segments_path(id: &Id) -> String {
    format!("packages/.conex/index/{id}/index")
}

/// A number as it is written: decimal digits, no zero in front.
fn number(text: &str) -> Option<usize> {
    let number: usize = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// Writes a bundle: the title and, for each record, its header and its content.
pub(super) fn write<'a>(
    bundle: Bundle,
    records: impl Iterator<Item = (&'a str, &'a str)>,
) -> String {
    let mut out = bundle.title();
    for (path, short) in records {
        out.push_str(path);
        out.push(' ');
        out.push_str(&short.len().to_string());
        out.push('\n');
        out.push_str(short);
    }
    out
}
