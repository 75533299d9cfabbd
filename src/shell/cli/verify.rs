//! `conex verify`, opam's hook, and `conex explain`.

use crate::shell::out::{out, say, sayln};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::age::{JsonSnapshot, in_words, seconds_now};
use super::args::{ExplainArgs, Format, VerifyArgs};
use super::failure::{Exit, Failure};
use super::paths::state_home;
use super::rule;
use crate::shell::hook::git::forbid_renames;
use crate::shell::hook::load::{LoadError, Loaded, load, patch as load_patch};
use crate::shell::hook::memory::{Kept, MemoryError};
use crate::shell::hook::report::{Reporter, last};
use crate::shell::keys::file::shell_quoted;
use crate::shell::progress::thousands;
use crate::shell::read::Git;
use crate::shell::report::{Color, Counts, HumanOptions, Shown, human, json, one_line};
use conex_verify::finding::{Code, Finding};
use conex_verify::tree::{Contents, Tree};
use conex_verify::workbench::patch::{PatchContext, Store};
use conex_verify::workbench::trust::anchors::{AnchorError, MaxAge};
use conex_verify::workbench::verdict::Summary;
use conex_verify::workbench::verify::Mode;
use conex_verify::{Memories, Outcome, Policy, Report};

/// What `verify` was asked for, with what opam passes empty taken as absent.
struct Request {
    policy: Policy,
    subject: Subject,
    /// opam asks: its user sees neither standard output nor standard error.
    hook: bool,
    /// The repository, as opam calls it.
    name: String,
    /// Where memory and reports are, if they are used.
    state: Option<PathBuf>,
    /// They should be used, and the environment does not say where.
    homeless: bool,
    format: Format,
    all: bool,
}

/// What is verified.
enum Subject {
    /// This tree, after the one that opam holds, if any.
    Tree {
        /// The new tree.
        dir: PathBuf,
        /// The tree before.
        repo: Option<PathBuf>,
    },
    /// The tree at `repo` after the patch.
    Patched {
        /// The tree that opam holds.
        repo: PathBuf,
        /// What it is about to apply.
        patch: PathBuf,
    },
}

/// Runs `conex verify`.
pub fn run(args: &VerifyArgs) -> Result<Exit, Failure> {
    let outcome = request(args).and_then(|request| decide(&request));
    if let Err(failure) = &outcome
        && !args.repo.is_empty()
    {
        let reporter = Reporter {
            name: name(args),
            state: state(args),
        };
        let report = format!("error: {}\n\nhint: {}\n", failure.message, failure.hint);
        not_kept(reporter.tell(&format!("refused: {}", failure.message), &report));
    }
    outcome
}

/// The name under which opam keeps the repository: the last component of its path.
fn name(args: &VerifyArgs) -> String {
    let path = if args.repo.is_empty() {
        &args.dir
    } else {
        &args.repo
    };
    let base = Path::new(path)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    base.strip_suffix(".tar.gz").unwrap_or(&base).to_owned()
}

/// Working copies never disturb the memory: it is used for opam, or when asked for.
fn state(args: &VerifyArgs) -> Option<PathBuf> {
    match (args.no_state, args.state.as_str(), args.repo.as_str()) {
        (true, ..) | (false, "", "") => None,
        (false, "", _) => state_home(),
        (false, dir, _) => Some(PathBuf::from(dir)),
    }
}

/// From what was typed to what is meant.
fn request(args: &VerifyArgs) -> Result<Request, Failure> {
    let usage = |e: AnchorError| Failure::usage(&e, e.hint());
    let quorum = match args.quorum.as_str() {
        "" => None,
        text => Some(text.parse::<usize>().map_err(|_| {
            Failure::usage(
                format!("the quorum {text:?} is not a number"),
                "give --quorum=N, between 1 and the number of anchors",
            )
        })?),
    };
    let (required, max_age) = (args.require_snapshot, max_age(args)?);
    let policy = Policy::new(&args.anchors, quorum)
        .map_err(usage)?
        .with_snapshot(required, max_age);
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
        policy: if args.nostrict {
            policy.nostrict()
        } else {
            policy
        },
        subject: subject(args, incremental)?,
        hook: !args.repo.is_empty(),
        name: name(args),
        homeless: !args.no_state && !args.repo.is_empty() && state(args).is_none(),
        state: state(args),
        format: args.format,
        all: args.all,
    })
}

/// How old the snapshot may be. This is the one place where a clock decides.
fn max_age(args: &VerifyArgs) -> Result<Option<MaxAge>, Failure> {
    if args.max_age.is_empty() {
        return Ok(None);
    }
    let text = &args.max_age;
    let age = humantime::parse_duration(text).map_err(|e| {
        Failure::usage(
            format!("--max-age={text:?} is not a duration: {e}"),
            "write it as `30days`, `12h` or `1week 2days`",
        )
    })?;
    let now = seconds_now().ok_or_else(|| {
        Failure::usage(
            "the clock shows a time before 1970",
            "set the clock, or leave --max-age out",
        )
    })?;
    Ok(Some(MaxAge {
        seconds: age.as_secs(),
        now,
    }))
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
        ("", _, "") if incremental == Some(true) => {
            contradiction("an incremental update needs --patch")
        }
        // opam 2.0 asks also when nothing changed.
        ("", repo, "") => Ok(Subject::Tree {
            dir: repo.into(),
            repo: None,
        }),
        ("", repo, patch) if incremental != Some(false) => Ok(Subject::Patched {
            repo: repo.into(),
            patch: patch.into(),
        }),
        (dir, _, "") if !dir.is_empty() && incremental != Some(true) => Ok(Subject::Tree {
            dir: dir.into(),
            repo: (!args.repo.is_empty()).then(|| args.repo.as_str().into()),
        }),
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
    state: Option<String>,
    snapshot: Option<JsonSnapshot>,
    milliseconds: u128,
}

/// What opam is about to take over, and what went wrong on the way. All files are read: what
/// a patch would be refused for a tree must not be accepted with.
struct Read {
    what: What,
    notes: Vec<Finding>,
}

enum What {
    Whole {
        new: Tree,
        before: Option<Tree>,
    },
    Patch {
        before: Tree,
        patch: Vec<u8>,
        store: Store,
    },
}

fn read(request: &Request) -> Result<Read, LoadError> {
    let mut notes = Vec::new();
    let what = match &request.subject {
        Subject::Tree { dir, repo } => {
            let loaded = load(dir, Contents::All)?;
            let clone = loaded.git == Git::Directory && request.hook;
            notes.extend(clone.then(|| no_renames(dir)).flatten());
            // It is evidence where it can be read, and blocks nothing where it cannot, unless
            // that is only so today.
            let before = match repo.as_ref().filter(|repo| *repo != dir) {
                None => None,
                Some(repo) => match load(repo, Contents::All) {
                    Ok(loaded) => Some(loaded.tree),
                    Err(error) if error.fault().is_some() => return Err(error),
                    Err(_) => None,
                },
            };
            What::Whole {
                new: loaded.tree,
                before,
            }
        }
        Subject::Patched { repo, patch } => {
            let Loaded { tree, store, git } = load(repo, Contents::All)?;
            let clone = git == Git::Directory && request.hook;
            notes.extend(clone.then(|| no_renames(repo)).flatten());
            What::Patch {
                before: tree,
                patch: load_patch(patch)?,
                store,
            }
        }
    };
    Ok(Read { what, notes })
}

impl What {
    fn subject<'t>(&'t self, name: &'t str) -> conex_verify::Subject<'t> {
        match self {
            What::Whole { new, before } => conex_verify::Subject::Whole {
                tree: new,
                before: before.as_ref(),
            },
            What::Patch {
                before,
                patch,
                store,
            } => conex_verify::Subject::Patch {
                before,
                patch,
                context: PatchContext {
                    repo_name: name,
                    store: *store,
                    posixly_correct: std::env::var_os("POSIXLY_CORRECT").is_some(),
                },
            },
        }
    }
}

fn no_renames(root: &Path) -> Option<Finding> {
    let why = forbid_renames(root).err()?;
    Some(
        Finding::warning(
            Code::PatchAmbiguous,
            ".git/config",
            format!("git's detection of renames could not be turned off: {why}"),
        )
        .hint(
            "an update that git takes for a rename will be refused: git config diff.renames false",
        ),
    )
}

fn decide(request: &Request) -> Result<Exit, Failure> {
    let start = Instant::now();
    let Read { what, notes } = match read(request) {
        Ok(read) => read,
        Err(LoadError::Refused(finding)) => {
            let report = Report::refused(*finding);
            return Ok(conclude(request, &report, false, start.elapsed()));
        }
        Err(error) => {
            let hint = match error.fault() {
                Some(fault) => fault.hint(),
                None => "name what opam passes, or the directory or .tar.gz of a repository",
            };
            return Err(Failure::usage(error, hint));
        }
    };
    let kept = match &request.state {
        None => None,
        Some(state) => Some(Kept::open(state, &request.name).map_err(unreadable)?),
    };
    let memories: &dyn Memories = match &kept {
        Some(kept) => kept,
        None => &(),
    };
    let outcome = conex_verify::verify(&conex_verify::Request {
        policy: &request.policy,
        name: &request.name,
        subject: what.subject(&request.name),
        memories,
    });
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            let failure = kept.as_ref().and_then(|kept| kept.unread(&error));
            return Err(failure.map_or_else(|| Failure::refused(error, ""), unreadable));
        }
    };
    let mut report = outcome.report().clone();
    report.findings.extend(notes);
    if let (Some(kept), Some(identity)) = (&kept, report.identity) {
        let others = kept.others(identity).map(shell_quoted);
        let others: Vec<String> = others.collect();
        for finding in &mut report.findings {
            if finding.code == Code::OtherRepository {
                let all = others.join(" ");
                finding.hint += &format!("; if it is right as it is: rm {all}");
            }
        }
    }
    if request.homeless {
        let why = "neither XDG_STATE_HOME nor HOME is set";
        report.findings.push(forgets(why));
    }
    if let (Outcome::Accepted { memory, .. }, Some(kept), Some(identity)) =
        (&outcome, &kept, report.identity)
        && let Err(why) = kept.remember(identity, memory)
    {
        report.findings.push(forgets(&why));
    }
    let accepted = outcome.is_accepted();
    Ok(conclude(request, &report, accepted, start.elapsed()))
}

/// A memory that an attacker can make unreadable protects nobody.
fn unreadable(error: MemoryError) -> Failure {
    let hint = error.hint();
    match error {
        MemoryError::Fault(fault) => Failure::usage(fault, hint),
        error => Failure::refused(error, hint),
    }
}

fn forgets(why: &str) -> Finding {
    Finding::warning(
        Code::Rollback,
        "",
        format!("what was accepted cannot be remembered: {why}"),
    )
    .hint("without a memory an old state could be served after the repository is added again; name a directory with --state DIR, or say --no-state")
}

/// Prints the verdict, tells opam's user, and gives the exit status.
fn conclude(request: &Request, report: &Report, accepted: bool, elapsed: Duration) -> Exit {
    let findings = &report.findings;
    let summary = report.summary;
    let state = match &report.state {
        Some(state) => format!("; state {state}, {}", in_words(report.snapshot.as_ref())),
        None => String::new(),
    };
    let line = last_line(accepted, findings, &summary, elapsed, &state);
    match request.format {
        Format::Json => {
            let s = &summary;
            let summary = JsonSummary {
                verdict: if accepted { "accepted" } else { "rejected" },
                identity: report.identity.map(|d| d.to_string()),
                link: report.chain.map(|(link, _)| link),
                quorum: report.chain.map(|(_, quorum)| quorum),
                strict: request.policy.mode() == Mode::Strict,
                files: s.files,
                releases: s.releases,
                signed_packages: s.signed_packages,
                unsigned_packages: s.unsigned_packages,
                invalid_packages: s.broken_packages,
                authors: s.authors,
                teams: s.teams,
                segments: s.segments,
                state: report.state.clone(),
                snapshot: report.snapshot.as_ref().map(JsonSnapshot::of),
                milliseconds: elapsed.as_millis(),
            };
            out!("{}", json(findings, summary));
        }
        Format::Human => {
            let options = HumanOptions {
                color: Color::of(&std::io::stderr()),
                shown: if request.all {
                    Shown::All
                } else {
                    HumanOptions::default().shown
                },
                summary: &line,
            };
            say!("{}", human(findings, &options));
        }
    }
    if request.hook {
        let reporter = Reporter {
            name: request.name.clone(),
            state: request.state.clone(),
        };
        let options = HumanOptions {
            shown: Shown::First(MOST_KEPT),
            summary: &line,
            ..HumanOptions::default()
        };
        let report = human(findings, &options);
        not_kept(if accepted {
            reporter.keep(&report).map(drop)
        } else {
            reporter.tell(&one_line(findings), &report)
        });
    }
    if accepted {
        Exit::Success
    } else {
        Exit::Rejected
    }
}

/// Says that a report was not kept, which changes no verdict.
fn not_kept(kept: Result<(), String>) {
    if let Err(why) = kept {
        sayln!("warning: the report cannot be kept: {why}");
    }
}

/// The most findings of a kept report: a tree without one segment has thousands.
const MOST_KEPT: usize = 1000;

fn last_line(
    accepted: bool,
    findings: &[Finding],
    summary: &Summary,
    elapsed: Duration,
    state: &str,
) -> String {
    let files = format!(
        "{} files checked in {:.2} s",
        thousands(summary.files),
        elapsed.as_secs_f64()
    );
    if !accepted {
        return format!("rejected: {}{state} ({files})", Counts::of(findings));
    }
    let unsigned = match summary.unsigned_packages {
        0 => String::new(),
        n => format!(", {} unsigned packages let through", thousands(n)),
    };
    format!(
        "accepted: {} signed packages{unsigned}{state} ({files})",
        thousands(summary.signed_packages)
    )
}

/// Runs `conex explain`.
pub fn explain(args: &ExplainArgs) -> Result<Exit, Failure> {
    if let Some(code) = args.repository.as_deref().filter(|t| rule::is_code(t)) {
        return rule::explain(code);
    }
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
    let report = last(&state, args.repository.as_deref()).map_err(|e| {
        Failure::usage(
            format!("there is no report in `{}`: {e}", state.display()),
            "the hook writes one each time opam runs it; --state DIR names another place",
        )
    })?;
    out!("{report}");
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
