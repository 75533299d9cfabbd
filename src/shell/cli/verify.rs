//! `conex verify`, opam's hook, and `conex explain`.

use crate::shell::out::{out, say, sayln};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::args::{ExplainArgs, Format, VerifyArgs};
use super::failure::{Exit, Failure};
use super::paths::state_home;
use crate::core::finding::Finding;
use crate::core::repository::Repository;
use crate::core::tree::Tree;
use crate::core::trust::anchors::{AnchorError, Anchors, Client};
use crate::core::verify::{Mode, Summary, verify};
use crate::shell::read::{Contents, Git, ReadError, read};
use crate::shell::report::{Color, Counts, HumanOptions, Shown, human, json, neutral, one_line};
use crate::shell::write::{PRIVATE_STATE, write};

/// What `verify` was asked for, with what opam passes empty taken as absent.
struct Request {
    client: Client,
    mode: Mode,
    subject: Subject,
    hook: Option<Hook>,
    format: Format,
    all: bool,
}

/// What is verified.
enum Subject {
    /// This tree as it is.
    Tree(PathBuf),
    /// The tree at `repo` after the patch.
    Patched {
        /// The tree that opam holds.
        repo: PathBuf,
        /// What it is about to apply.
        patch: PathBuf,
    },
}

/// opam runs this: its user sees neither standard output nor standard error.
struct Hook {
    /// The repository, as opam calls it.
    name: String,
    /// Where reports go, if anywhere.
    state: Option<PathBuf>,
}

/// Runs `conex verify`.
pub fn run(args: &VerifyArgs) -> Result<Exit, Failure> {
    let hook = hook(args);
    let outcome = request(args).and_then(|request| decide(&request));
    if let (Err(failure), Some(hook)) = (&outcome, &hook) {
        let line = format!("cannot decide: {}", failure.message);
        hook.tell(
            &line,
            &format!("error: {}\n\nhint: {}\n", failure.message, failure.hint),
        );
    }
    outcome
}

fn hook(args: &VerifyArgs) -> Option<Hook> {
    if args.repo.is_empty() {
        return None;
    }
    let base = Path::new(&args.repo).file_name()?.to_str()?;
    let name = base.strip_suffix(".tar.gz").unwrap_or(base).to_owned();
    let state = match (args.no_state, args.state.as_str()) {
        (true, _) => None,
        (false, "") => state_home(),
        (false, dir) => Some(PathBuf::from(dir)),
    };
    Some(Hook { name, state })
}

/// From what was typed to what is meant.
fn request(args: &VerifyArgs) -> Result<Request, Failure> {
    let usage = |e: AnchorError| Failure::usage(&e, e.hint());
    let anchors: Anchors = args.anchors.parse().map_err(usage)?;
    if args.quorum.is_empty() {
        return Err(Failure::usage(
            "there is no quorum",
            "give --quorum=N: how many of the anchors must agree",
        ));
    }
    let quorum = args.quorum.parse::<usize>().map_err(|_| {
        Failure::usage(
            format!("the quorum {:?} is not a number", args.quorum),
            "give --quorum=N, between 1 and the number of anchors",
        )
    })?;
    let client = Client::new(anchors, quorum).map_err(usage)?;
    let incremental = match args.incremental.as_str() {
        "" => None,
        "true" => Some(true),
        "false" => Some(false),
        other => {
            return Err(Failure::usage(
                format!("--incremental is `true` or `false`, not {other:?}"),
                "",
            ));
        }
    };
    Ok(Request {
        client,
        mode: if args.nostrict {
            Mode::IgnoreMissing
        } else {
            Mode::Strict
        },
        subject: subject(args, incremental)?,
        hook: hook(args),
        format: args.format,
        all: args.all,
    })
}

fn subject(args: &VerifyArgs, incremental: Option<bool>) -> Result<Subject, Failure> {
    let contradiction = |what: &str| {
        Err(Failure::usage(
            what,
            "opam passes --dir for a new tree and --repo with --patch for an update; see hooks/ for the configuration",
        ))
    };
    match (args.dir.as_str(), args.repo.as_str(), args.patch.as_str()) {
        ("", "", _) => {
            contradiction("there is nothing to verify: neither --dir nor --repo was given")
        }
        ("", repo, "") if incremental == Some(true) => {
            let _ = repo;
            contradiction("an incremental update needs --patch")
        }
        // opam 2.0 asks also when nothing changed.
        ("", repo, "") => Ok(Subject::Tree(repo.into())),
        ("", repo, patch) if incremental != Some(false) => Ok(Subject::Patched {
            repo: repo.into(),
            patch: patch.into(),
        }),
        (dir, _, "") if !dir.is_empty() && incremental != Some(true) => {
            Ok(Subject::Tree(dir.into()))
        }
        ("", ..) => contradiction("there is a --patch, but the update is not incremental"),
        _ => contradiction("--dir and --patch contradict each other"),
    }
}

/// What the last line of a report says, for programs.
#[derive(Serialize)]
struct JsonSummary<'a> {
    verdict: &'a str,
    identity: Option<String>,
    link: Option<usize>,
    quorum: Option<usize>,
    strict: bool,
    files: usize,
    releases: usize,
    signed_packages: usize,
    unsigned_packages: usize,
    invalid_packages: usize,
    authors: usize,
    teams: usize,
    segments: usize,
    milliseconds: u128,
}

fn decide(request: &Request) -> Result<Exit, Failure> {
    let start = Instant::now();
    let tree = match &request.subject {
        Subject::Tree(path) => load(path)?,
        Subject::Patched { .. } => {
            return Err(Failure::usage(
                "this version of conex cannot verify a patch, and accepts none",
                "remove the repository from opam and add it again: that is verified as a whole",
            ));
        }
    };
    let repository = Repository::load(&tree);
    let verdict = verify(&tree, &repository, &request.client, request.mode);
    let elapsed = start.elapsed();
    let accepted = verdict.accepted();
    let last = last_line(
        accepted,
        &verdict.findings,
        &verdict.summary,
        request.mode,
        elapsed,
    );
    match request.format {
        Format::Json => {
            let chain = verdict.assessment.as_ref().map(|a| &a.chain);
            let s = &verdict.summary;
            let summary = JsonSummary {
                verdict: if accepted { "accepted" } else { "rejected" },
                identity: verdict.identity().map(|d| d.to_string()),
                link: chain.map(|c| c.links().len().saturating_sub(1)),
                quorum: chain.map(|c| c.quorum()),
                strict: request.mode == Mode::Strict,
                files: s.files,
                releases: s.releases,
                signed_packages: s.signed_packages,
                unsigned_packages: s.unsigned_packages,
                invalid_packages: s.broken_packages,
                authors: s.authors,
                teams: s.teams,
                segments: s.segments,
                milliseconds: elapsed.as_millis(),
            };
            out!("{}", json(&verdict.findings, summary));
        }
        Format::Human => {
            let options = HumanOptions {
                color: Color::of(&std::io::stderr()),
                shown: if request.all {
                    Shown::All
                } else {
                    HumanOptions::default().shown
                },
                summary: &last,
            };
            say!("{}", human(&verdict.findings, &options));
        }
    }
    if let Some(hook) = &request.hook {
        let options = HumanOptions {
            shown: Shown::First(1000),
            summary: &last,
            ..HumanOptions::default()
        };
        let report = human(&verdict.findings, &options);
        if accepted {
            hook.keep(&report);
        } else {
            hook.tell(&one_line(&errors_first(&verdict.findings)), &report);
        }
    }
    Ok(if accepted {
        Exit::Success
    } else {
        Exit::Rejected
    })
}

fn errors_first(findings: &[Finding]) -> Vec<Finding> {
    let mut findings = findings.to_vec();
    findings.sort_by_key(|f| f.severity);
    findings
}

fn load(path: &Path) -> Result<Tree, Failure> {
    match read(path, Contents::Judged) {
        Ok(reading) => {
            let _: Git = reading.git;
            Ok(reading.tree)
        }
        Err(ReadError::NotADirectory(_)) => Err(Failure::usage(
            format!(
                "`{}` is not a directory, and this version of conex does not read archives",
                path.display()
            ),
            "",
        )),
        Err(error) => Err(Failure::usage(error, "name the directory of a repository")),
    }
}

fn last_line(
    accepted: bool,
    findings: &[Finding],
    summary: &Summary,
    mode: Mode,
    elapsed: Duration,
) -> String {
    let files = format!(
        "{} files checked in {:.2} s",
        thousands(summary.files),
        elapsed.as_secs_f64()
    );
    if !accepted {
        return format!("rejected: {} ({files})", Counts::of(findings));
    }
    let unsigned = match (mode, summary.unsigned_packages) {
        (_, 0) => String::new(),
        (_, n) => format!(", {} unsigned packages let through", thousands(n)),
    };
    format!(
        "accepted: {} signed packages{unsigned} ({files})",
        thousands(summary.signed_packages)
    )
}

/// A number with commas between groups of three digits.
fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The file below the state directory that holds the last report on a repository.
fn report_file(name: &str) -> String {
    format!(
        "reports/{}.txt",
        crate::core::digest::Digest::of(name.as_bytes()).short()
    )
}

/// The file that names the repository of the last report.
const LAST: &str = "reports/last";

impl Hook {
    /// Keeps the report, and says so in one line on the terminal, if there is one:
    /// opam shows its user nothing of what a hook prints.
    fn tell(&self, line: &str, report: &str) {
        let kept = self.keep(report);
        let whole = match kept {
            Some(path) => format!(" Everything: {}, or `conex explain`.", path.display()),
            None => String::new(),
        };
        let text = format!("\r\nconex: {}: {line}.{whole}\r\n", neutral(&self.name));
        if let Ok(mut terminal) = OpenOptions::new().write(true).open("/dev/tty") {
            let _ = terminal.write_all(text.as_bytes());
        }
    }

    /// Writes the report where `conex explain` finds it. That it cannot be written
    /// changes no verdict.
    fn keep(&self, report: &str) -> Option<PathBuf> {
        let state = self.state.as_ref()?;
        let file = report_file(&self.name);
        let text = format!("repository {}\n\n{report}", neutral(&self.name));
        let kept = std::fs::create_dir_all(state)
            .map_err(|e| e.to_string())
            .and_then(|()| {
                write(state, &file, text.as_bytes(), PRIVATE_STATE).map_err(|e| e.to_string())
            })
            .and_then(|()| {
                write(state, LAST, self.name.as_bytes(), PRIVATE_STATE).map_err(|e| e.to_string())
            });
        match kept {
            Ok(()) => Some(state.join(file)),
            Err(why) => {
                sayln!(
                    "warning: the report cannot be kept in `{}`: {why}",
                    state.display()
                );
                None
            }
        }
    }
}

/// Runs `conex explain`.
pub fn explain(args: &ExplainArgs) -> Result<Exit, Failure> {
    let state = if args.state.is_empty() {
        state_home()
    } else {
        Some(PathBuf::from(&args.state))
    };
    let Some(state) = state else {
        return Err(Failure::usage(
            "it is not known where reports are kept: neither XDG_STATE_HOME nor HOME is set",
            "name the directory with --state DIR",
        ));
    };
    let read_file = |file: &str| std::fs::read_to_string(state.join(file));
    let none = |e: std::io::Error| {
        Failure::usage(
            format!("there is no report in `{}`: {e}", state.display()),
            "the hook writes one each time opam runs it; --state DIR names another place",
        )
    };
    let name = match &args.repository {
        Some(name) => name.clone(),
        None => read_file(LAST).map_err(none)?,
    };
    out!("{}", read_file(&report_file(&name)).map_err(none)?);
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(thousands(n), text);
        }
    }
}
