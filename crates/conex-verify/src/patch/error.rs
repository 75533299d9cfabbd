//! Why a patch is refused.

use std::fmt;
use std::ops::Range;

use crate::finding::{Code, Finding};
use crate::hint;

/// The kinds of refusal. Each is stable: tests and reports name it.
///
/// The numbers D1 to D29 are rows of the table of differentials in
/// `docs/hook.md`: places where what opam applies is not what the
/// patch seems to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The first bytes belong to none of the three dialects.
    Dialect,
    /// Mercurial or darcs: their checkout counts, not the patch (D23).
    ForeignVcs,
    /// A line that is not the expected one; nothing is ever skipped (D1).
    Line,
    /// The patch ends where more must follow, or in the middle of a line.
    Truncated,
    /// A file name outside the grammar (D22, D26), quoted, or with another prefix.
    Name,
    /// A time stamp that is not as GNU diff prints it.
    Stamp,
    /// A hunk header that is not in its one canonical form, or does not follow.
    Range,
    /// A hunk whose lines disagree with its counts, or lack context.
    Hunk,
    /// The mark for "no newline at end of file" where it cannot stand.
    NoNewline,
    /// One path in two sections.
    Twice,
    /// A change of a file that is not there.
    Absent,
    /// A file that would be created is there already.
    Exists,
    /// The bytes of the old tree are not those that the patch removes or keeps.
    Differs,
    /// One path would be file and directory (D10).
    FileAndDirectory,
    /// The path is not a plain, readable file in the old tree.
    Defect,
    /// The content of the path was not loaded.
    NotLoaded,
    /// A rename together with an edit (D2).
    RenameEdit,
    /// A copy, which only a user's own git configuration produces.
    Copy,
    /// Another form than git's own, which only a user's git configuration produces: other
    /// prefixes, colours, other context.
    GitSettings,
    /// A symbolic link (D9).
    Symlink,
    /// A submodule (D16).
    Submodule,
    /// Any other file mode than 100644 and 100755, or a change of it that is not measured.
    Mode,
    /// A change whose content is not in the patch (D20).
    Binary,
    /// A file without final newline becomes empty (D19).
    Emptied,
    /// `POSIXLY_CORRECT` is set: GNU patch then works differently (D24).
    Environment,
    /// opam loses a file with another one that the patch removes, and cannot edit it then (D11).
    Archive,
    /// A bound of [`crate::limits`].
    Limit,
}

impl Kind {
    /// The code of findings of this kind.
    pub fn code(self) -> Code {
        match self {
            Kind::Dialect
            | Kind::ForeignVcs
            | Kind::Line
            | Kind::Truncated
            | Kind::Stamp
            | Kind::Range
            | Kind::Hunk
            | Kind::NoNewline
            | Kind::GitSettings
            | Kind::Twice => Code::PatchSyntax,
            Kind::Name => Code::PatchName,
            Kind::Absent
            | Kind::Exists
            | Kind::Differs
            | Kind::FileAndDirectory
            | Kind::Defect
            | Kind::NotLoaded => Code::PatchConflict,
            Kind::RenameEdit
            | Kind::Copy
            | Kind::Symlink
            | Kind::Submodule
            | Kind::Mode
            | Kind::Binary
            | Kind::Emptied
            | Kind::Environment
            | Kind::Archive => Code::PatchAmbiguous,
            Kind::Limit => Code::PatchLimit,
        }
    }

    /// The row of the table of differentials that this kind guards against; may be empty.
    pub fn rule(self) -> &'static str {
        match self {
            Kind::ForeignVcs => "D23",
            Kind::Line | Kind::Dialect => "D1",
            Kind::Name => "D22",
            Kind::FileAndDirectory => "D10",
            Kind::RenameEdit | Kind::Copy => "D2",
            Kind::Symlink => "D9",
            Kind::Submodule => "D16",
            Kind::Mode => "D21",
            Kind::Binary => "D20",
            Kind::Emptied => "D19",
            Kind::Environment => "D24",
            Kind::Archive => "D11",
            Kind::Differs | Kind::Range => "D15",
            Kind::Truncated
            | Kind::Stamp
            | Kind::Hunk
            | Kind::NoNewline
            | Kind::GitSettings
            | Kind::Twice
            | Kind::Absent
            | Kind::Exists
            | Kind::Defect
            | Kind::NotLoaded
            | Kind::Limit => "",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Kind::RenameEdit => hint::RENAMES_OFF,
            Kind::Copy | Kind::Binary => hint::GIT_DIFFS,
            Kind::GitSettings => hint::GIT_SETTINGS,
            Kind::ForeignVcs => "use the repository over http or git",
            Kind::Environment => hint::POSIXLY_CORRECT,
            Kind::FileAndDirectory => hint::FETCH_NAMES,
            Kind::Archive | Kind::Absent | Kind::Exists | Kind::Differs => hint::FETCH_ANEW,
            _ => {
                "opam keeps the repository as it was; tell the maintainers of the repository what this report says"
            }
        }
    }
}

/// A refused patch: where, what was expected, what was found, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatchError {
    kind: Kind,
    finding: Box<Finding>,
}

impl PatchError {
    /// A refusal about bytes `span` of `patch`.
    pub(super) fn new(
        kind: Kind,
        patch: &[u8],
        span: Range<usize>,
        message: impl Into<String>,
    ) -> PatchError {
        let finding = Finding::error(kind.code(), "", message)
            .at(patch, span, kind.rule())
            .hint(kind.hint());
        PatchError {
            kind,
            finding: Box::new(finding),
        }
    }

    /// The same refusal, about `path`.
    #[must_use]
    pub(super) fn path(mut self, path: &str) -> PatchError {
        path.clone_into(&mut self.finding.path);
        self
    }

    /// The same refusal, with one more value to compare.
    #[must_use]
    pub(super) fn value(mut self, label: &str, value: impl fmt::Display) -> PatchError {
        self.finding
            .values
            .push((label.to_owned(), value.to_string()));
        self
    }

    /// The kind of refusal.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The line of the patch, counted from 1.
    pub fn line(&self) -> usize {
        self.finding.excerpt.as_ref().map_or(0, |e| e.line)
    }

    /// The path it is about; empty where the refusal is not about one.
    pub fn file(&self) -> &str {
        &self.finding.path
    }

    /// The refusal as a report shows it.
    pub fn finding(&self) -> Finding {
        (*self.finding).clone()
    }
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line(), self.finding.message)?;
        if !self.kind.rule().is_empty() {
            write!(f, " ({})", self.kind.rule())?;
        }
        Ok(())
    }
}

impl std::error::Error for PatchError {}
