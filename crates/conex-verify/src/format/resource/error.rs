//! Why a metadata file is not accepted.

use std::ops::Range;

use thiserror::Error;

use super::encode::FORMAT;
use crate::finding::{Code, Finding};
use crate::format::syntax;
use crate::limits::MAX_INTEGER;

/// Why a metadata file is not accepted, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaError {
    /// The place, in bytes of the file.
    pub span: Range<usize>,
    /// What is wrong there.
    pub kind: MetaErrorKind,
}

/// What can be wrong with a metadata file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MetaErrorKind {
    /// Not in opam-file syntax.
    #[error("not in opam-file syntax: {0}")]
    Syntax(String),
    /// Another format version.
    #[error("format {0} is not known, this is a reader of format {FORMAT}")]
    Format(String),
    /// Another type than the path says.
    #[error("this is of type `{found}`, here belongs `{expected}`")]
    WrongType {
        /// The type that belongs here.
        expected: &'static str,
        /// The type found.
        found: String,
    },
    /// The next field is not the one that must come.
    #[error("expected the field `{expected}`, found {found}")]
    Field {
        /// The field that must come.
        expected: &'static str,
        /// What comes instead.
        found: String,
    },
    /// Something behind the last field.
    #[error("expected the end of the file, found {0}")]
    Trailing(String),
    /// A value of another kind.
    #[error("expected {expected}, found {found}")]
    Shape {
        /// What must stand here.
        expected: String,
        /// What stands here.
        found: &'static str,
    },
    /// An integer outside 0 to 2^62 - 1.
    #[error("{0} is not between 0 and {MAX_INTEGER}")]
    Integer(String),
    /// A value outside its grammar.
    #[error("{0}")]
    Value(String),
    /// A key that cannot be used.
    #[error("{0}")]
    Key(String),
    /// The content contradicts its place.
    #[error("{0}")]
    Place(String),
    /// More of something than allowed.
    #[error("{count} {what}, the most is {max}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The number found.
        count: usize,
        /// The most that is allowed.
        max: usize,
    },
    /// The check line does not fit the lines before it.
    #[error("the check line does not fit the lines before it")]
    Check {
        /// What the lines before give.
        expected: String,
        /// What the file says.
        found: String,
    },
    /// Readable, but not written in the one valid way.
    #[error("not the one valid encoding")]
    Encoding {
        /// The line as it must be.
        expected: String,
        /// The line as it is.
        found: String,
    },
}

impl MetaError {
    pub(super) fn syntax(error: syntax::SyntaxError) -> MetaError {
        MetaError {
            span: error.span().start..error.span().end,
            kind: MetaErrorKind::Syntax(error.to_string()),
        }
    }

    pub(super) fn encoding(bytes: &[u8], canonical: &[u8]) -> MetaError {
        let at = bytes
            .iter()
            .zip(canonical)
            .position(|(a, b)| a != b)
            .unwrap_or(bytes.len().min(canonical.len()));
        MetaError {
            span: at..at + 1,
            kind: MetaErrorKind::Encoding {
                expected: line_at(canonical, at),
                found: line_at(bytes, at),
            },
        }
    }

    /// V0.3, V0.4: The finding for this error in the file `source` at `path`.
    pub fn finding(&self, path: &str, source: &[u8]) -> Finding {
        let (code, hint) = match &self.kind {
            MetaErrorKind::Syntax(_) => (Code::Syntax, ""),
            MetaErrorKind::WrongType { .. } | MetaErrorKind::Place(_) => (
                Code::WrongIdentity,
                "a file of one place cannot stand in another: restore it",
            ),
            MetaErrorKind::Check { .. } => (
                Code::CheckLine,
                "somebody edited or merged the file by hand; write it again with `conex`",
            ),
            MetaErrorKind::Key(_) => (Code::BadKey, ""),
            _ => (
                Code::Encoding,
                "metadata is written by `conex`, not by hand; write it again with `conex`",
            ),
        };
        let finding = Finding::error(code, path, format!("`{path}`: {}", self.kind))
            .at(source, self.span.clone(), "")
            .hint(hint);
        match &self.kind {
            MetaErrorKind::Check { expected, found }
            | MetaErrorKind::Encoding { expected, found } => {
                finding.value("expected", expected).value("found", found)
            }
            _ => finding,
        }
    }
}

/// The longest part of a line that a finding quotes.
const QUOTED_LINE: usize = 160;

fn line_at(bytes: &[u8], at: usize) -> String {
    let start = bytes
        .get(..at)
        .unwrap_or_default()
        .iter()
        .rposition(|&b| b == b'\n')
        .map_or(0, |i| i + 1);
    let line = bytes.get(start..).unwrap_or_default();
    if line.is_empty() {
        return "(end of file)".to_owned();
    }
    let len = line.iter().position(|&b| b == b'\n').unwrap_or(line.len());
    String::from_utf8_lossy(line.get(..len.min(QUOTED_LINE)).unwrap_or_default()).into_owned()
}
