//! What a verification says: findings with a stable code, a place, both values and a hint.

use std::borrow::Cow;
use std::fmt;

mod cause;
mod collector;
mod place;
pub mod remedy;

pub use cause::Cause;
pub use collector::Findings;
pub use place::{bad_path, is_leftover};
pub use remedy::{Advice, Reader, Remedy};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The tree is rejected.
    Error,
    /// The tree can be accepted; somebody should look.
    Warning,
    /// Worth knowing.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        })
    }
}

/// A place in a file, cut out so that a report needs nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The file it is from; empty for the one that the finding is about.
    pub path: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column of the first marked byte, counted from 1, in bytes of the line.
    pub column: usize,
    /// The text of the line, or the part of it around the place.
    pub text: String,
    /// The marked range, in bytes of `text`.
    pub mark: std::ops::Range<usize>,
    /// What to say below the mark; may be empty.
    pub label: String,
}

/// One thing that a verification has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The stable code of the kind of finding.
    pub code: Code,
    /// How much it weighs.
    pub severity: Severity,
    /// The path it is about, relative to the repository; empty for the repository as a whole.
    pub path: String,
    /// What happened, one sentence without a final dot; literals in backticks.
    pub message: String,
    /// The place in the file, where there is one.
    pub excerpt: Option<Excerpt>,
    /// Values to compare, one below the other: a short label and the value.
    pub values: Vec<(String, String)>,
    /// What to do next, for every reader, or for a client; may be empty.
    pub hint: String,
    /// What to do next, where the words depend on the reader.
    pub advice: Option<Advice>,
    /// What it follows from, if that is another thing than what it says.
    pub cause: Option<Cause>,
    /// Whether it is what explains its cause, and the others follow from it.
    pub explains: bool,
    /// For how many others of its code and severity it stands, which are left out; 0 for one
    /// that stands for itself.
    pub alike: usize,
    /// Where in this crate it was made.
    pub place: &'static std::panic::Location<'static>,
}

impl Finding {
    /// An error at `path`.
    #[track_caller]
    pub fn error(code: Code, path: impl Into<String>, message: impl Into<String>) -> Finding {
        let place = std::panic::Location::caller();
        #[cfg(feature = "silence")]
        let severity = match silence::is_silent(place) {
            true => Severity::Note,
            false => Severity::Error,
        };
        #[cfg(not(feature = "silence"))]
        let severity = Severity::Error;
        Finding {
            code,
            severity,
            place,
            path: path.into(),
            message: message.into(),
            excerpt: None,
            values: Vec::new(),
            hint: String::new(),
            advice: None,
            cause: None,
            explains: false,
            alike: 0,
        }
    }

    /// A warning at `path`.
    #[track_caller]
    pub fn warning(code: Code, path: impl Into<String>, message: impl Into<String>) -> Finding {
        Finding {
            severity: Severity::Warning,
            ..Finding::error(code, path, message)
        }
    }

    /// A note at `path`.
    #[track_caller]
    pub fn note(code: Code, path: impl Into<String>, message: impl Into<String>) -> Finding {
        Finding {
            severity: Severity::Note,
            ..Finding::error(code, path, message)
        }
    }

    /// The same finding with one more value to compare.
    #[must_use]
    pub fn value(mut self, label: &str, value: impl fmt::Display) -> Finding {
        self.values.push((label.to_owned(), value.to_string()));
        self
    }

    /// The same finding with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Finding {
        self.hint = hint.into();
        self.advice = None;
        self
    }

    /// The same finding with what to do, in the words of each reader; `name` is what it is
    /// about, as it is typed.
    #[must_use]
    pub fn remedy(mut self, remedy: &'static Remedy, name: &str) -> Finding {
        let name = name.to_owned();
        let advice = Advice { remedy, name };
        self.hint = advice.to(Reader::Client).into_owned();
        self.advice = Some(advice);
        self
    }

    /// What to do next, for this reader; may be empty.
    pub fn hint_for(&self, reader: Reader) -> Cow<'_, str> {
        match &self.advice {
            Some(advice) if reader != Reader::Client => advice.to(reader),
            _ => Cow::Borrowed(&self.hint),
        }
    }

    /// The same finding as one that follows from something, if it does.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Option<Cause>>) -> Finding {
        self.cause = cause.into();
        self.explains = false;
        self
    }

    /// The same finding as the one that explains a cause.
    #[must_use]
    pub fn explaining(mut self, cause: Cause) -> Finding {
        self.cause = Some(cause);
        self.explains = true;
        self
    }

    /// The same finding, pointing at bytes `start..end` of `source`.
    #[must_use]
    pub fn at(
        mut self,
        source: &[u8],
        span: std::ops::Range<usize>,
        label: impl Into<String>,
    ) -> Finding {
        self.excerpt = Some(Excerpt::cut(source, span, label.into()));
        self
    }

    /// Like [`Finding::at`], in another file than the one that the finding is about.
    #[must_use]
    pub fn at_file(self, path: &str, source: &[u8], span: std::ops::Range<usize>) -> Finding {
        let mut finding = self.at(source, span, "");
        if let Some(excerpt) = &mut finding.excerpt {
            excerpt.path = path.to_owned();
        }
        finding
    }
}

/// Whether one of the findings is an error.
pub fn is_refused(findings: &[Finding]) -> bool {
    findings.iter().any(|f| f.severity == Severity::Error)
}

/// A switch of one test build: the findings of one place are no errors any more, so that the
/// tests see whether the proof refuses what the findings of that place refuse.
#[cfg(feature = "silence")]
pub mod silence {
    use std::cell::Cell;
    use std::panic::Location;

    thread_local! {
        /// The place whose findings are silent.
        static PLACE: Cell<Option<&'static Location<'static>>> = const { Cell::new(None) };
    }

    /// Runs with the findings silenced that this thread makes at a place.
    pub fn within<T>(place: &'static Location<'static>, run: impl FnOnce() -> T) -> T {
        PLACE.set(Some(place));
        let result = run();
        PLACE.set(None);
        result
    }

    /// Whether this thread silences a place.
    pub(super) fn is_active() -> bool {
        PLACE.get().is_some()
    }

    pub(super) fn is_silent(at: &Location<'_>) -> bool {
        PLACE
            .get()
            .is_some_and(|place| place.file() == at.file() && place.line() == at.line())
    }
}

/// The most bytes of a line that an excerpt shows: a hostile line has no end.
const EXCERPT_WIDTH: usize = 160;
/// How much of that stands before the place, at most.
const EXCERPT_LEAD: usize = 60;

impl Excerpt {
    fn cut(source: &[u8], span: std::ops::Range<usize>, label: String) -> Excerpt {
        let start = span.start.min(source.len());
        let end = span.end.clamp(start, source.len());
        let before = source.get(..start).unwrap_or_default();
        let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
        let line_start = before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |i| i + 1);
        let column = start - line_start + 1;
        let from = line_start.max(start.saturating_sub(EXCERPT_LEAD));
        let rest = source.get(from..).unwrap_or_default();
        let line_len = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
        let shown = rest.get(..line_len.min(EXCERPT_WIDTH)).unwrap_or_default();
        // Every byte that is not printable ASCII becomes one character of one
        // byte, so that the marked range stays right.
        let text: String = shown
            .iter()
            .map(|&b| {
                if b == b' ' || b.is_ascii_graphic() {
                    char::from(b)
                } else {
                    '?'
                }
            })
            .collect();
        let mark_start = (start - from).min(text.len());
        let mark_end = (end - from).clamp(mark_start, text.len());
        Excerpt {
            path: String::new(),
            line,
            column,
            text,
            mark: mark_start..mark_end,
            label,
        }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $title:literal;)*) => {
        /// The kinds of finding. A number is never used again for another kind.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* #[doc = $title] $name,)* }

        impl Code {
            /// All codes, by number.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The code as it is printed: `E` and three digits.
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$name => $number,)* }
            }

            /// What findings of this code have in common, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }
        }
    };
}

codes! {
    // The tree as files.
    IrregularFile = "E001", "not a plain, readable file";
    BadPath = "E002", "a path outside the grammar";
    CaseCollision = "E003", "two names that differ only in case";
    UnexpectedFile = "E004", "a file that nothing accounts for";
    TopLevel = "E005", "a forbidden name at the top of the repository";
    // Metadata as text.
    Syntax = "E010", "not in opam-file syntax";
    Encoding = "E011", "not the one valid encoding";
    WrongIdentity = "E012", "type, name or place disagree";
    CheckLine = "E013", "the check line does not fit";
    Digest = "E014", "bytes differ from what was vouched for";
    // Keys and signatures.
    BadKey = "E015", "an unusable key";
    BadSignature = "E016", "a signature that does not verify";
    ForeignRepository = "E017", "made for another repository";
    KeyOfTwoIds = "E018", "one key under two ids";
    UnknownKey = "E019", "a key that is not valid for the id";
    // Support.
    Unclaimed = "E020", "a package that is not signed";
    Quorum = "E021", "fewer approvals than the quorum";
    NotVouched = "E022", "neither an owner nor a quorum vouches";
    Superseded = "E023", "a newer version is vouched for";
    Equivocation = "E024", "two versions with the same counter are vouched for";
    EpochNotOpened = "E025", "an epoch that no quorum opened";
    MissingResource = "E026", "metadata is missing";
    NotAnAuthor = "E027", "an owner or member that is not a valid author";
    PendingId = "E028", "an id that is not valid yet";
    NamespaceClash = "E029", "one name for two different things";
    // Chain and anchors.
    NoChain = "E030", "the janitor chain is missing or incomplete";
    ChainLink = "E031", "a link that does not follow from the one before";
    LinkSignatures = "E032", "a link that lacks signatures";
    AnchorLink = "E033", "no link is vouched for by the anchors";
    LinkQuorum = "E034", "a quorum that is out of range";
    // Packages.
    ReleaseList = "E040", "releases and directories differ";
    MissingFile = "E041", "a file that was vouched for is missing";
    ExtraFile = "E042", "a file that was not vouched for";
    MissingOpam = "E043", "a release without opam file";
    OpamSyntax = "E044", "an opam file that some opam cannot read";
    OpamName = "E045", "the opam file disagrees with its directory";
    WeakChecksum = "E046", "a source archive without a strong checksum";
    EqualVersions = "E047", "two versions that opam holds equal";
    Misplaced = "E048", "a release in another place than its own";
    EmptyFile = "E049", "an empty file of a signed release";
    // The `repo` file and the snapshot.
    RepoFile = "E050", "the top-level repo file";
    GitFile = "E051", "a git file at the top that was not approved";
    Snapshot = "E060", "not the state that the snapshot states";
    SnapshotSigner = "E061", "a snapshot by nobody who may sign it";
    SnapshotEpoch = "E062", "a snapshot of another epoch";
    SnapshotMissing = "E063", "a snapshot is required and missing";
    SnapshotAge = "E064", "a snapshot older than allowed";
    // The patch of an update.
    PatchSyntax = "E070", "a patch outside the closed grammar";
    PatchName = "E071", "a file name that no patch may have";
    PatchConflict = "E072", "a patch that does not fit the repository";
    PatchAmbiguous = "E073", "a change that versions of opam apply differently";
    PatchLimit = "E074", "a patch beyond a limit";
    // Archives.
    ArchiveGzip = "E080", "an archive that is not one intact gzip member";
    ArchiveEntry = "E081", "an archive outside the strict subset of tar";
    ArchiveName = "E082", "a name in an archive that readers take differently";
    ArchiveLimit = "E083", "an archive above the limits";
    // From one state to the next.
    Rollback = "E090", "older than what was accepted before";
    Removed = "E091", "something that is never removed is gone";
    Stripped = "E092", "vouches that were there are gone";
    Forked = "E093", "the chain does not continue the one accepted before";
    Unsigned = "E094", "what was valid is not valid any more";
    OtherRepository = "E095", "another repository under the same name";
    Returned = "E096", "a removed release is back without a new signature";
    Conflict = "E097", "one file changed in two branches";
    Forgotten = "E098", "a removal after which opam forgets a release";
    Disagreement = "E099", "findings and proof disagree";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_ascending() {
        for pair in Code::ALL.windows(2) {
            assert!(pair[0].as_str() < pair[1].as_str());
        }
    }

    #[test]
    fn excerpts_of_endless_lines_are_short() {
        let mut source = b"first\n".to_vec();
        source.extend(std::iter::repeat_n(b'x', 1_000_000));
        let excerpt = Excerpt::cut(&source, 500_000..500_010, String::new());
        assert_eq!((excerpt.line, excerpt.column), (2, 499_995));
        assert!(excerpt.text.len() <= EXCERPT_WIDTH);
        assert_eq!(excerpt.mark, 60..70);
    }

    #[test]
    fn excerpts_survive_ranges_outside_the_source() {
        for span in [0..0, 4..4, 7..9, 3..100] {
            let excerpt = Excerpt::cut(b"ab\ncd", span, String::new());
            assert!(excerpt.mark.end <= excerpt.text.len());
        }
    }
}
