//! What a client said, and what a test says about that.

use std::fmt::Write as _;

use conex_verify::finding::{Code, Finding, Severity};
use conex_verify::format::digest::Digest;
use conex_verify::workbench::verdict::{self, Summary};

/// What was said, free of what it was said about.
#[derive(Debug, Clone)]
pub struct Verdict {
    pub accepted: bool,
    /// Whether the proof was found, whatever the findings say.
    pub proven: bool,
    pub findings: Vec<Finding>,
    pub summary: Summary,
}

impl Verdict {
    /// Of what the verifier says.
    pub fn of(verdict: &verdict::Verdict<'_>) -> Verdict {
        Verdict {
            accepted: verdict.accepted(),
            proven: verdict.is_proven(),
            findings: verdict.findings.clone(),
            summary: verdict.summary,
        }
    }

    fn show(&self) -> String {
        let mut text = String::new();
        for f in &self.findings {
            let _ = writeln!(
                text,
                "  {}[{}] {}: {}",
                f.severity, f.code, f.path, f.message
            );
            for (label, value) in &f.values {
                let _ = writeln!(text, "      {label}: {value}");
            }
        }
        text
    }

    fn has(&self, severity: Severity, code: Code, path: &str) -> bool {
        self.findings
            .iter()
            .any(|f| f.severity == severity && f.code == code && f.path.contains(path))
    }

    /// Accepted, whatever is worth a warning.
    #[track_caller]
    pub fn is_accepted(&self) -> &Verdict {
        assert!(self.accepted, "rejected:\n{}", self.show());
        self
    }

    /// Accepted without a word.
    #[track_caller]
    pub fn is_clean(&self) -> &Verdict {
        assert!(
            self.accepted && self.findings.is_empty(),
            "not clean:\n{}",
            self.show()
        );
        self
    }

    /// Rejected, with an error of this code about this path.
    #[track_caller]
    pub fn is_rejected(&self, code: Code, path: &str) -> &Verdict {
        assert!(!self.accepted, "accepted:\n{}", self.show());
        assert!(
            self.has(Severity::Error, code, path),
            "no error {code} ({}) about {path:?}:\n{}",
            code.title(),
            self.show()
        );
        self
    }

    /// A warning or a note of this code about this path.
    #[track_caller]
    pub fn reports(&self, code: Code, path: &str) -> &Verdict {
        assert!(
            self.has(Severity::Warning, code, path) || self.has(Severity::Note, code, path),
            "no report {code} about {path:?}:\n{}",
            self.show()
        );
        self
    }

    /// The text of all errors and their values.
    pub fn text(&self) -> String {
        self.show()
    }
}

/// The same bytes with the check line that fits the lines before it; `None` if they
/// have no check line.
pub fn resealed(bytes: &[u8]) -> Option<Vec<u8>> {
    let at = bytes.windows(8).position(|w| w == b"\ncheck: ")? + 1;
    let (before, rest) = bytes.split_at(at);
    let end = rest
        .iter()
        .position(|b| *b == b'\n')
        .map_or(rest.len(), |n| n + 1);
    let check = format!("check: \"{}\"\n", Digest::of(before).short());
    Some([before, check.as_bytes(), &rest[end..]].concat())
}
