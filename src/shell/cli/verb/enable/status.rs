//! `conex enable --status`.

use crate::hint::Hint;
use std::path::Path;

use clap::{Args as _, Command, FromArgMatches as _};
use serde::Serialize;

use super::super::verify::{VerifyArgs, request};

use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::opam_root::failed;
use crate::shell::cli::options::Format;
use crate::shell::opam::held::{Asked, Refusal};
use crate::shell::opam::inspect::{Check, Environment, State, inspect, protected};
use crate::shell::opam::repositories::Entry;
use crate::shell::opam::root::Root;
use crate::shell::out::{outln, raw_outln};
use crate::shell::report::neutral;

/// What `conex verify` would be asked by a hook with these options about the repository of this entry, which opam
/// keeps at `repo`: its own reading of its own command line.
pub fn ask(choices: &[String], repo: &Path, entry: &Entry) -> Result<Asked, Refusal> {
    let mut words = vec!["verify".to_owned()];
    words.extend_from_slice(choices);
    words.extend([
        format!("--repo={}", repo.display()),
        format!("--anchors={}", entry.fingerprints.join(",")),
        format!("--quorum={}", entry.quorum.unwrap_or(1)),
        "--incremental=false".to_owned(),
    ]);
    let command = VerifyArgs::augment_args(Command::new("verify"));
    let args = command
        .try_get_matches_from(words)
        .and_then(|matches| VerifyArgs::from_arg_matches(&matches))
        .map_err(|error| Refusal {
            why: error
                .to_string()
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned(),
            hint: Hint::Enable {
                name: entry.name.clone(),
            }
            .to_string(),
        })?;
    let request = request(&args).map_err(|failure| Refusal {
        why: failure.message,
        hint: failure.hint,
    })?;
    Ok(Asked {
        policy: request.policy,
        state: request.state,
        homeless: request.homeless,
    })
}

/// What `--status --format=json` prints.
#[derive(Serialize)]
struct Report<'a> {
    root: String,
    protected: bool,
    checks: &'a [Check],
}

/// Says whether everything is verified. `this` is the conex that is running.
pub fn status(root: &Root, this: &Path, format: Format) -> Result<Exit, Failure> {
    let checks = inspect(root, &Environment::of_process(), this, &ask).map_err(failed)?;
    let protected = protected(&checks);
    match format {
        Format::Json => {
            let report = Report {
                root: root.path().display().to_string(),
                protected,
                checks: &checks,
            };
            let text = serde_json::to_string_pretty(&report).unwrap_or_default();
            raw_outln!("{text}");
        }
        Format::Human => human(root, &checks, protected),
    }
    Ok(if protected {
        Exit::Success
    } else {
        Exit::Rejected
    })
}

fn human(root: &Root, checks: &[Check], protected: bool) {
    outln!("opam root {}", neutral(&root.path().display().to_string()));
    for check in checks {
        let state = match check.state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Error => "error",
            State::LeftOut => "left out",
        };
        outln!(
            "{:<8} {}: {}",
            state,
            neutral(name(check)),
            neutral(&check.message)
        );
        if !check.hint.is_empty() {
            outln!("         hint: {}", neutral(&check.hint));
        }
    }
    let left_out = checks.iter().filter(|check| check.state == State::LeftOut);
    let left_out: Vec<String> = left_out
        .map(|c| format!("`{}`", neutral(name(c))))
        .collect();
    match (protected, left_out.as_slice()) {
        (false, _) => outln!("Not every update is verified."),
        (true, []) => {
            outln!("Every update is verified, but with `OPAMNOCHECKSUMS=1`, which calls no hook.")
        }
        (true, names) => outln!(
            "Every update is verified, but for {} and with `OPAMNOCHECKSUMS=1`, which calls no hook.",
            names.join(", ")
        ),
    }
}

fn name(check: &Check) -> &str {
    check
        .about
        .strip_prefix("repository:")
        .unwrap_or(&check.about)
}
