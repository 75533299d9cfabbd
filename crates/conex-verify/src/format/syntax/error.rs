//! Why a text is not in opam-file syntax, and where.

use thiserror::Error;

use super::ast::Span;
use crate::limits::{MAX_SYNTAX_DEPTH, MAX_SYNTAX_VALUES};

/// Why a text is not in opam-file syntax.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{kind}")]
pub struct SyntaxError {
    span: Span,
    kind: SyntaxErrorKind,
}

/// What can be wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SyntaxErrorKind {
    /// Another token than the grammar has here.
    #[error("expected {expected}, found {found}")]
    Unexpected {
        /// What can stand here.
        expected: &'static str,
        /// What stands here, printable and short.
        found: String,
    },
    /// A byte that starts no token.
    #[error("expected {}, found {}", "a name, a value or an operator", byte_name(*.0))]
    Byte(u8),
    /// A string without its closing quote.
    #[error("expected `{0}` at the end of this string, found the end of the file")]
    OpenString(&'static str),
    /// A `(*` without its `*)`.
    #[error("expected `*)` at the end of this comment, found the end of the file")]
    OpenComment,
    /// A backslash with something behind it that is no escape.
    #[error(
        "expected an escape, one of `\\\\` `\\\"` `\\'` `\\ ` `\\n` `\\r` `\\t` `\\b` `\\000` to \
         `\\255` `\\x00` to `\\xff` or a backslash at the end of the line, found a backslash and {0}"
    )]
    Escape(String),
    /// An integer that OCaml's 63 bits do not hold, or of underscores alone.
    #[error("expected an integer from -2^62 to 2^62-1, found `{0}`")]
    Integer(String),
    /// Deeper than [`MAX_SYNTAX_DEPTH`].
    #[error("expected at most {MAX_SYNTAX_DEPTH} levels of nesting, found more")]
    Depth,
    /// More values and sections than [`MAX_SYNTAX_VALUES`].
    #[error("expected at most {MAX_SYNTAX_VALUES} values, found more")]
    Values,
    /// `opam-version` above 2.0 that is not the first item: opam refuses the file.
    #[error("expected an `opam-version` above 2.0 to be the first field, found it below another")]
    VersionNotFirst,
    /// Another `opam-version` below a first one of 2.1 or more: opam refuses the file.
    #[error("expected a single field `opam-version`, found it again")]
    VersionAgain,
}

impl SyntaxError {
    pub(super) fn new(start: usize, end: usize, kind: SyntaxErrorKind) -> SyntaxError {
        SyntaxError {
            span: Span { start, end },
            kind,
        }
    }

    /// Where, in bytes of the source; empty at its end.
    pub fn span(&self) -> Span {
        self.span
    }

    /// What.
    pub fn kind(&self) -> &SyntaxErrorKind {
        &self.kind
    }

    /// Line and column of the first byte, both counted from 1, the column in
    /// bytes; `source` is what was parsed.
    pub fn line_column(&self, source: &[u8]) -> (usize, usize) {
        let before = source
            .get(..self.span.start.min(source.len()))
            .unwrap_or_default();
        let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|&&b| b != b'\n').count() + 1;
        (line, column)
    }
}

/// The most characters of a source that a message quotes.
const QUOTED: usize = 40;

/// A piece of source for a message: short, on one line, without control characters.
pub(super) fn quote(bytes: &[u8]) -> String {
    let mut text: String = bytes
        .iter()
        .take(QUOTED)
        .flat_map(|&b| std::ascii::escape_default(b))
        .map(char::from)
        .collect();
    if bytes.len() > QUOTED {
        text.push('…');
    }
    text
}

/// A byte for a message.
pub(super) fn byte_name(byte: u8) -> String {
    if byte.is_ascii_graphic() {
        format!("`{}`", char::from(byte))
    } else {
        format!("the byte 0x{byte:02x}")
    }
}
