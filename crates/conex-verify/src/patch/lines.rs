//! The patch as lines, each looked at once.

use super::error::{Kind, PatchError};

/// The mark that git and OCaml's `patch` library print, byte for byte.
const NO_NEWLINE: &[u8] = b"\\ No newline at end of file";

/// One line of a patch, without its newline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'p> {
    /// The bytes of the line.
    pub text: &'p [u8],
    /// Where it starts in the patch.
    pub start: usize,
}

impl Line<'_> {
    /// The bytes of the line, lossily made text for a message.
    pub fn shown(&self) -> String {
        shown(self.text)
    }
}

/// At most the first 80 bytes of `bytes`, made harmless for a message.
pub(super) fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 80;
    let head = bytes.get(..MOST).unwrap_or(bytes);
    let dots = if bytes.len() > MOST { "…" } else { "" };
    format!("{}{dots}", head.escape_ascii())
}

/// How the mark for a missing final newline may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Exactly as git prints it.
    Exact,
    /// Anything after a backslash: GNU diff translates the text.
    Translated,
}

/// A cursor over the lines of a patch.
#[derive(Debug)]
pub(super) struct Lines<'p> {
    patch: &'p [u8],
    at: usize,
}

impl<'p> Lines<'p> {
    pub fn new(patch: &'p [u8]) -> Lines<'p> {
        Lines { patch, at: 0 }
    }

    fn rest(&self) -> &'p [u8] {
        self.patch.get(self.at..).unwrap_or_default()
    }

    /// Whether nothing is left.
    pub fn at_end(&self) -> bool {
        self.rest().is_empty()
    }

    /// Whether the next line starts with `prefix`. Does not look for the end of the line.
    pub fn next_is(&self, prefix: &[u8]) -> bool {
        self.rest().starts_with(prefix)
    }

    /// The next line, which must exist and end in a newline.
    pub fn next(&mut self, expected: &str) -> Result<Line<'p>, PatchError> {
        let rest = self.rest();
        let start = self.at;
        let len = rest.iter().position(|&b| b == b'\n');
        match len.and_then(|len| rest.get(..len)) {
            Some(text) => {
                self.at = start + text.len() + 1;
                Ok(Line { text, start })
            }
            None if rest.is_empty() => Err(PatchError::new(
                Kind::Truncated,
                self.patch,
                start..start,
                format!("the patch ends where {expected} must follow"),
            )),
            None => Err(PatchError::new(
                Kind::Truncated,
                self.patch,
                start..self.patch.len(),
                "the patch ends in the middle of a line",
            )),
        }
    }

    /// The next line, which must be exactly `text`.
    pub fn exactly(&mut self, text: &[u8]) -> Result<Line<'p>, PatchError> {
        let line = self.next(&format!("`{}`", shown(text)))?;
        if line.text == text {
            Ok(line)
        } else {
            Err(self.unexpected(line, &shown(text)))
        }
    }

    /// The next line, which must start with `prefix`; returned without it.
    pub fn after(&mut self, prefix: &[u8]) -> Result<Line<'p>, PatchError> {
        let line = self.next(&format!("`{}`", shown(prefix)))?;
        match line.text.strip_prefix(prefix) {
            Some(text) => Ok(Line {
                text,
                start: line.start + prefix.len(),
            }),
            None => Err(self.unexpected(line, &format!("{}…", shown(prefix)))),
        }
    }

    /// Takes the mark for a missing final newline, if it is the next line.
    pub fn mark(&mut self, mark: Mark) -> Result<Option<Line<'p>>, PatchError> {
        if !self.next_is(b"\\") {
            return Ok(None);
        }
        match mark {
            Mark::Exact => self.exactly(NO_NEWLINE).map(Some),
            Mark::Translated => self.after(b"\\ ").map(Some),
        }
    }

    /// Not the line that must stand here.
    pub fn unexpected(&self, line: Line<'_>, expected: &str) -> PatchError {
        self.error(
            Kind::Line,
            line,
            "the patch has a line that cannot stand here",
        )
        .value("expected", expected)
        .value("found", line.shown())
    }

    /// A refusal about `line`.
    pub fn error(&self, kind: Kind, line: Line<'_>, message: impl Into<String>) -> PatchError {
        PatchError::new(
            kind,
            self.patch,
            line.start..line.start + line.text.len(),
            message,
        )
    }
}
