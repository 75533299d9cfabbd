//! What an opam file must and should say.
//!
//! The rules are those of real opams: `tests/opam/forms` measures what each version makes of each
//! form, and the tables `fixtures/opam-forms.tsv` and `fixtures/opam-checksums.tsv` hold what it
//! found. Where versions differ, the worst of them counts.

mod extension;
mod source;
#[cfg(test)]
mod tests;
mod version;

use std::fmt;

use crate::format::name::Release;
use crate::format::syntax::{
    self, Field, File, Item, Section, Span, SyntaxError, ValueKind, Wanted,
};
use crate::limits::MAX_ALIKE;

/// What is wrong with an opam file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Some opam leaves the package out, or cannot read the whole repository any more.
    Unreadable {
        /// What it stumbles over.
        why: Unreadable,
        /// Where; empty at the start of a file that lacks something.
        span: Span,
    },
    /// Every opam reads it, but as a format older than the one that is written today.
    OtherVersion {
        /// What the file says.
        found: String,
        /// Where.
        span: Span,
    },
    /// A field that disagrees with the directory.
    Disagrees {
        /// The field: `name` or `version`.
        field: &'static str,
        /// What the directory says.
        expected: String,
        /// What the file says.
        found: String,
        /// Where.
        span: Span,
    },
    /// A source archive whose bytes are not pinned by a strong checksum: the chain
    /// from the signature to the source ends there.
    WeakSource {
        /// `url`, or `extra-source` and its name.
        what: String,
        /// What is there in place of a strong checksum: broken algorithms, or why opam
        /// passes over what stands there; empty if nothing does.
        algorithms: Vec<String>,
        /// Where.
        span: Span,
    },
}

/// Why some opam cannot read a file. Goes on after the path of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// Not in opam-file syntax. opam leaves the package out; an integer that is too
    /// large makes opam 2.6 lose the whole repository.
    Syntax(SyntaxError),
    /// No `opam-version`: opam 2.1 and later lose the whole repository.
    NoVersion,
    /// `opam-version` more than once.
    VersionAgain,
    /// `opam-version` is not a string.
    VersionNoString,
    /// A version that some opam takes for newer than itself: 2.1 loses the whole repository.
    NewVersion(String),
    /// A field whose value opam 2.1 or later refuses, and the package with it.
    Field(&'static str),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::Syntax(error) => write!(f, "does not parse: {error}"),
            Unreadable::NoVersion => write!(f, "has no field `opam-version`"),
            Unreadable::VersionAgain => write!(f, "has the field `opam-version` more than once"),
            Unreadable::VersionNoString => write!(f, "has an `opam-version` that is no string"),
            Unreadable::NewVersion(found) => {
                write!(
                    f,
                    "has the `opam-version` {found:?}, which is not 2.0 or older"
                )
            }
            Unreadable::Field(name) => write!(f, "has a field `{name}` that opam refuses"),
        }
    }
}

/// Looks at the opam file of a release.
pub fn check(release: &Release, source: &[u8]) -> Vec<Problem> {
    judged(release, syntax::parse_part(source, Rules::File))
}

/// As [`check`], of a file that was read as a whole: what the rules do not look at is there
/// as well.
pub fn check_whole(release: &Release, source: &[u8]) -> Vec<Problem> {
    judged(release, syntax::parse(source))
}

fn judged(release: &Release, file: Result<File<'_>, SyntaxError>) -> Vec<Problem> {
    let file = match file {
        Ok(file) => file,
        Err(error) => {
            let span = error.span();
            let why = Unreadable::Syntax(error);
            return vec![Problem::Unreadable { why, span }];
        }
    };
    let mut problems = Vec::new();
    problems.extend(version::check(&file.items));
    problems.extend(extension::check(&file.items));
    // Of each kind the first ones, so that many of one hide none of the other.
    problems.extend(disagreeing(release, &file.items).take(MAX_ALIKE));
    problems.extend(source::weak(&file.items).take(MAX_ALIKE));
    problems
}

/// What the rules look at. Of an opam file that is a few fields of many, and the others need
/// not become a tree.
#[derive(Debug, Clone, Copy)]
enum Rules {
    /// In the file itself.
    File,
    /// In a section that says where a source is.
    Source,
}

impl Wanted for Rules {
    fn field(self, name: &str) -> bool {
        match self {
            Rules::File => {
                matches!(
                    name,
                    "opam-version" | "name" | "version" | source::OLD_FIELD
                ) || extension::FIELDS.contains(&name)
            }
            Rules::Source => {
                matches!(name, "checksum" | "mirrors" | "subpath")
                    || source::ADDRESSES.contains(&name)
            }
        }
    }

    fn section(self, kind: &str) -> Option<Rules> {
        let source = matches!(self, Rules::File) && source::KINDS.contains(&kind);
        source.then_some(Rules::Source)
    }
}

/// The fields `name` and `version` that are not those of the directory.
fn disagreeing(release: &Release, items: &[Item<'_>]) -> impl Iterator<Item = Problem> {
    fields(items).filter_map(|field| {
        let (name, expected) = match field.name.text {
            "name" => ("name", release.name_str()),
            "version" => ("version", release.version_str()),
            _ => return None,
        };
        let found = match &field.value.kind {
            ValueKind::String(text) => String::from_utf8_lossy(text).into_owned(),
            _ => "no string".to_owned(),
        };
        (found != expected).then(|| Problem::Disagrees {
            field: name,
            expected: expected.to_owned(),
            found,
            span: field.value.span,
        })
    })
}

fn fields<'i, 's>(items: &'i [Item<'s>]) -> impl Iterator<Item = &'i Field<'s>> {
    items.iter().filter_map(|item| match item {
        Item::Field(field) => Some(field),
        Item::Section(_) => None,
    })
}

fn sections<'i, 's>(items: &'i [Item<'s>]) -> impl Iterator<Item = &'i Section<'s>> {
    items.iter().filter_map(|item| match item {
        Item::Section(section) => Some(section),
        Item::Field(_) => None,
    })
}

fn named<'i, 's>(items: &'i [Item<'s>], name: &str) -> impl Iterator<Item = &'i Field<'s>> {
    fields(items).filter(move |field| field.name.text == name)
}
