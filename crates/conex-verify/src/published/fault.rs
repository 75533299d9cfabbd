//! What is wrong with a published form, in words.

use super::bundle::{Bundle, NoBundle};
use super::line::Gap;
use crate::bytes::Bytes;
use crate::finding::{Code, Finding, remedy};
use crate::format::path::Place;
use crate::limits::{MAX_BUNDLE, MAX_TREE_FILES, MAX_TREE_SIZE};

/// Why a tree cannot be expanded, or not completely.
#[derive(Debug)]
pub(super) enum Fault {
    /// A bundle is not there.
    Missing(Bundle),
    /// A bundle has so many bytes.
    TooLarge(Bundle, usize),
    /// A file beside the bundles.
    NoBundle(String),
    /// A file of metadata outside of bundles.
    OwnFile(String),
    /// Bytes that are no bundle.
    Malformed(Bundle, NoBundle),
    /// A path that is not one of this bundle.
    NotHere(Bundle, String),
    /// A segment that does not stand behind the one before it.
    Order(Bundle, String),
    /// A path in a bundle, and what is in the tree where it would lie.
    Occupied(String, String),
    /// So many files, with those in bundles.
    TooManyFiles(usize),
    /// So many bytes, when everything is expanded.
    TooManyBytes(u64),
    /// A file that a checksum lists: its path, the line, and what is there.
    Changed(String, Box<Gap>, Bytes),
    /// A file that a checksum lists and that is not there: its path, and that of the checksum.
    Gone(String, String),
    /// An entry of a segment about a version that is not in the tree.
    Entry(String, Box<Gap>),
    /// A digest of the snapshot that is not that of the directory.
    Snapshot(Gap),
    /// A file that can be shortened further, or that cannot be written as it is.
    OtherForm(String),
}

impl Fault {
    /// The code of the finding for it.
    pub(super) fn code(&self) -> Code {
        match self {
            Fault::Missing(_) | Fault::Gone(..) => Code::MissingFile,
            Fault::TooLarge(..)
            | Fault::OwnFile(_)
            | Fault::TooManyFiles(_)
            | Fault::TooManyBytes(_) => Code::UnexpectedFile,
            Fault::NoBundle(_) | Fault::NotHere(..) | Fault::Occupied(..) => Code::BadPath,
            Fault::Malformed(..) | Fault::Order(..) | Fault::OtherForm(_) => Code::Encoding,
            Fault::Changed(..) | Fault::Entry(..) => Code::Digest,
            Fault::Snapshot(_) => Code::Snapshot,
        }
    }

    /// V11.1 to V11.5: The finding for it.
    pub(super) fn finding(&self) -> Finding {
        let code = self.code();
        let error = |path: &str, message: String| {
            Finding::error(code, path, message).remedy(&remedy::PUBLISHED_FORM, "")
        };
        match self {
            Fault::Missing(bundle) => error(
                &bundle.path(),
                format!("the bundle `{}` is missing", bundle.path()),
            ),
            Fault::TooLarge(bundle, size) => error(
                &bundle.path(),
                format!("the bundle `{}` is too large", bundle.path()),
            )
            .value("found", format_args!("{size} bytes"))
            .value("most", format_args!("{MAX_BUNDLE} bytes")),
            Fault::NoBundle(path) => error(path, format!("`{path}` is not the name of a bundle")),
            Fault::OwnFile(path) => error(
                path,
                format!("`{path}` lies beside bundles, where all metadata lie in these"),
            ),
            Fault::Malformed(bundle, NoBundle { at, expected }) => error(
                &bundle.path(),
                format!("`{}` is not a bundle", bundle.path()),
            )
            .value("at byte", at)
            .value("expected", expected),
            Fault::NotHere(bundle, path) => error(
                &bundle.path(),
                format!("the bundle `{bundle}` cannot hold `{}`", excerpt(path)),
            ),
            Fault::Order(bundle, path) => error(
                &bundle.path(),
                format!("`{path}` stands in the wrong order, or twice, in the bundle `{bundle}`"),
            ),
            Fault::Occupied(path, real) => error(
                path,
                format!("a bundle holds `{path}`, and `{real}` is in the repository"),
            ),
            Fault::TooManyFiles(count) => beyond("files", count, MAX_TREE_FILES),
            Fault::TooManyBytes(size) => beyond("bytes", size, MAX_TREE_SIZE),
            Fault::Changed(path, gap, bytes) => {
                let expected = format!("{} bytes  ={}…", size_of(gap), gap.given);
                let message = format!("`{path}` is not what its maintainers signed");
                Finding::error(code, path, message)
                    .value("expected", expected)
                    .value(
                        "found",
                        format_args!("{} bytes  {}", bytes.len(), bytes.digest()),
                    )
                    .remedy(&remedy::CHANGED, "")
            }
            Fault::Gone(path, list) => Finding::error(code, path, format!("`{path}` is missing"))
                .value("listed in", list)
                .remedy(&remedy::REMOVED, ""),
            Fault::Entry(path, gap) => error(
                path,
                format!("`{path}` vouches for a version that is not in the repository"),
            )
            .value(
                "version",
                gap.before.trim_start_matches([' ', '[']).trim_end(),
            ),
            Fault::Snapshot(gap) => {
                let of = gap.before.trim_start_matches([' ', '[']).trim_end();
                let part = format!("{}: {of}", gap.field);
                let part = if of.ends_with(':') {
                    of.to_owned()
                } else {
                    part
                };
                let found = gap
                    .computed
                    .map_or_else(|| "nothing".to_owned(), |d| d.to_string());
                error(
                    &Place::Snapshot.path(),
                    "the repository is not what its snapshot states".to_owned(),
                )
                .value("differs", part)
                .value("expected", format_args!("={}…", gap.given))
                .value("found", found)
            }
            Fault::OtherForm(path) => {
                error(path, format!("`{path}` is not written as a bundle has it"))
            }
        }
    }
}

fn beyond(what: &str, found: impl std::fmt::Display, most: impl std::fmt::Display) -> Finding {
    let message = format!("there are more than {most} {what}, so nothing else is looked at");
    Finding::error(Code::UnexpectedFile, "packages", message).value("found", found)
}

/// The size that a line of a checksum states.
fn size_of(gap: &Gap) -> &str {
    gap.before.trim_end().rsplit(' ').next().unwrap_or_default()
}

/// The start of a text that somebody else chose.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 255;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}
