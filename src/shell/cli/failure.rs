//! How a command ends.

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use super::options::ListFormat;
use crate::plan::PlanError;
use crate::shell::out::{raw_outln, raw_sayln, say};
use crate::shell::report::{Counts, HumanOptions, human, list, neutral, paths, wrapped};
use conex_verify::finding::{Finding, Reader};

/// The exit status of the process. opam applies an update after 0 alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: valid, or done.
    Success,
    /// 1: rejected, or refused: the repository is not in order, or what was asked for
    /// makes no sense in it.
    Rejected,
    /// 2: the command line or the environment does not allow to decide.
    Usage,
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Success => 0,
            Exit::Rejected => 1,
            Exit::Usage => 2,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub struct Failure {
    /// What happened.
    pub message: String,
    /// What to do about it; may be empty.
    pub hint: String,
    /// What was found in the repository.
    pub findings: Vec<Finding>,
    /// The exit status.
    pub exit: Exit,
    /// How all of the findings are listed, if they are, and not only the first of them.
    pub listed: Option<ListFormat>,
}

/// Whether something lies at a path: what cannot be looked at may be there.
///
/// # Errors
/// It cannot be looked at.
pub fn is_there(path: &Path) -> Result<bool, Failure> {
    let found = path.try_exists();
    found.map_err(|e| Failure::usage(format!("`{}`: {e}", path.display()), ""))
}

impl Failure {
    /// The command line or the environment does not allow to decide.
    pub fn usage(message: impl Display, hint: impl Into<String>) -> Failure {
        Failure {
            message: message.to_string(),
            hint: hint.into(),
            findings: Vec::new(),
            exit: Exit::Usage,
            listed: None,
        }
    }

    /// The repository does not allow it.
    pub fn refused(message: impl Display, hint: impl Into<String>) -> Failure {
        Failure {
            exit: Exit::Rejected,
            ..Failure::usage(message, hint)
        }
    }

    /// The repository does not allow it, for all of these reasons.
    pub fn listed(message: impl Display, findings: Vec<Finding>, format: ListFormat) -> Failure {
        Failure {
            findings,
            listed: Some(format),
            ..Failure::refused(message, "")
        }
    }

    /// Says it on standard error, and gives the exit status.
    pub fn report(&self) -> Exit {
        let options = HumanOptions::on(&std::io::stderr());
        if let Some(format) = self.listed.filter(|_| !self.findings.is_empty()) {
            say_all(&self.findings, &self.message, format);
        } else if !self.findings.is_empty() {
            let summary = format!("{}: {}", self.message, Counts::of(&self.findings));
            let options = HumanOptions {
                summary: &summary,
                reader: Reader::WorkTree,
                ..options
            };
            say!("{}", human(&self.findings, &options));
        } else {
            // Messages of keys have several lines; each part is made harmless.
            for (i, line) in self.message.lines().enumerate() {
                let start = if i == 0 { "error: " } else { "" };
                let line = format!("{start}{}", neutral(line));
                raw_sayln!("{}", wrapped(&line, options.width, ""));
            }
        }
        if !self.hint.is_empty() {
            let hint = format!("hint: {}", neutral(&self.hint));
            raw_sayln!("\n{}", wrapped(&hint, options.width, "      "));
        }
        self.exit
    }
}

/// Lists all that stands in the way, and says in the last line what that means.
pub fn say_all(findings: &[Finding], message: &str, format: ListFormat) {
    let options = HumanOptions {
        reader: Reader::WorkTree,
        ..HumanOptions::on(&std::io::stderr())
    };
    match format {
        ListFormat::Human => say!("{}\n", list(findings, &options)),
        ListFormat::Lines => {
            for path in paths(findings) {
                raw_outln!("{path}");
            }
        }
    }
    let last = format!("{message}: {}", Counts::of(findings));
    raw_sayln!("{}", wrapped(&neutral(&last), options.width, ""));
}

/// Lists what was left out: then the status is that of something that was refused.
pub fn told(left_out: &[Finding], exit: Exit, format: ListFormat) -> Exit {
    if left_out.is_empty() {
        return exit;
    }
    raw_sayln!();
    say_all(left_out, "left out, and not signed", format);
    match exit {
        Exit::Success => Exit::Rejected,
        other => other,
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Failure {
        match error {
            PlanError::Repository(findings) => Failure {
                findings,
                ..Failure::refused("the repository cannot be worked with as it is", "")
            },
            PlanError::Refused { message, hint } => Failure::refused(message, hint),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_looked_at_is_not_missing() {
        let dir = tempfile::tempdir().unwrap();
        assert!(is_there(dir.path()).is_ok_and(|there| there));
        assert!(is_there(&dir.path().join("x")).is_ok_and(|there| !there));
        assert!(is_there(&dir.path().join("x".repeat(300))).is_err());
    }
}
