//! One finding.

use std::borrow::Cow;
use std::fmt;

use super::cause::Cause;
use super::code::Code;
use super::excerpt::Excerpt;
use super::remedy::{Advice, Reader, Remedy};
#[cfg(feature = "silence")]
use super::silence;

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
