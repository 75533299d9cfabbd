//! `conex verify`, opam's hook, and `conex explain`.

use crate::shell::out::{out, say, sayln};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::age::{JsonSnapshot, in_words, seconds_now};
use super::args::{ExplainArgs, Format, VerifyArgs};
use super::failure::{Exit, Failure};
use super::paths::state_home;
use crate::shell::hook::git::forbid_renames;
use crate::shell::hook::load::{LoadError, Loaded, load, patch as load_patch};
use crate::shell::hook::memory::Store;
use crate::shell::hook::report::{Reporter, last};
use crate::shell::progress::thousands;
use crate::shell::read::Git;
use crate::shell::report::{Color, Counts, HumanOptions, Shown, human, json, one_line};
use conex_verify::finding::{Code, Finding};
use conex_verify::patch::{self, Note, PatchContext};
use conex_verify::repository::Repository;
use conex_verify::tree::{Contents, Tree};
use conex_verify::trust::anchors::{AnchorError, Anchors, Client, MaxAge, SnapshotPolicy};
use conex_verify::update::{Known, Memory, verify_update};
use conex_verify::verify::{Mode, Summary, Verdict};

/// What `verify` was asked for, with what opam passes empty taken as absent.
struct Request {
    client: Client,
    mode: Mode,
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
    let client = Client::new(anchors, quorum)
        .map_err(usage)?
        .with_snapshot(policy(args)?);
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
        hook: !args.repo.is_empty(),
        name: name(args),
        homeless: !args.no_state && !args.repo.is_empty() && state(args).is_none(),
        state: state(args),
        format: args.format,
        all: args.all,
    })
}

/// What is asked of the snapshot. This is the one place where a clock decides.
fn policy(args: &VerifyArgs) -> Result<SnapshotPolicy, Failure> {
    let max_age = match args.max_age.as_str() {
        "" => None,
        text => {
            let age = humantime::parse_duration(text).map_err(|e| {
                Failure::usage(
                    format!("--max-age={text:?} is not a duration: {e}"),
                    "write it as `30days`, `12h` or `1week 2days`",
                )
            })?;
            Some(MaxAge {
                seconds: age.as_secs(),
                now: seconds_now().ok_or_else(|| {
                    Failure::usage(
                        "the clock shows a time before 1970",
                        "set the clock, or leave --max-age out",
                    )
                })?,
            })
        }
    };
    Ok(SnapshotPolicy {
        required: args.require_snapshot,
        max_age,
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

/// The tree to judge, the tree before it, and what went wrong on the way.
struct Trees {
    old: Option<Tree>,
    new: Tree,
    notes: Vec<Finding>,
}

fn trees(request: &Request) -> Result<Trees, LoadError> {
    let mut notes = Vec::new();
    match &request.subject {
        Subject::Tree { dir, repo } => {
            // All files, as for a patch: what one refuses the other must not accept.
            let loaded = load(dir, Contents::All)?;
            let clone = loaded.git == Git::Directory && request.hook;
            notes.extend(clone.then(|| no_renames(dir)).flatten());
            // It is evidence where it can be read, and blocks nothing where it cannot.
            let old = repo
                .as_ref()
                .filter(|repo| *repo != dir)
                .and_then(|repo| load(repo, Contents::All).ok())
                .map(|loaded| loaded.tree.into_judged());
            Ok(Trees {
                old,
                new: loaded.tree.into_judged(),
                notes,
            })
        }
        Subject::Patched { repo, patch } => {
            let Loaded { tree, store, git } = load(repo, Contents::All)?;
            let clone = git == Git::Directory && request.hook;
            notes.extend(clone.then(|| no_renames(repo)).flatten());
            let bytes = load_patch(patch)?;
            let context = PatchContext {
                repo_name: &request.name,
                store,
                posixly_correct: std::env::var_os("POSIXLY_CORRECT").is_some(),
            };
            let applied = patch::apply(&tree, &bytes, &context)
                .map_err(|error| LoadError::Refused(Box::new(error.finding())))?;
            notes.extend(applied.notes.iter().filter_map(lost));
            Ok(Trees {
                old: Some(tree.into_judged()),
                new: applied.tree.into_judged(),
                notes,
            })
        }
    }
}

/// What opam 2.6 will lose when it applies the patch: it explains why the result
/// does not verify.
fn lost(note: &Note) -> Option<Finding> {
    let Note::Lost { paths } = note else {
        return None;
    };
    let first = paths.first().map(String::as_str).unwrap_or_default();
    Some(
        Finding::warning(
            Code::PatchAmbiguous,
            first,
            format!(
                "opam 2.6 removes {} files that the update keeps, with one that it removes from their directory",
                paths.len()
            ),
        )
        .hint("remove the repository from opam and add it again, or wait for the next update, which brings them back"),
    )
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
    let trees = match trees(request) {
        Ok(trees) => trees,
        Err(LoadError::Refused(finding)) => {
            return Ok(conclude(request, &[*finding], None, start.elapsed()));
        }
        Err(error) => {
            return Err(Failure::usage(
                error,
                "name what opam passes, or the directory or .tar.gz of a repository",
            ));
        }
    };
    let store = match &request.state {
        None => None,
        Some(state) => Some(Store::open(state, &request.name).map_err(|e| {
            let hint = e.hint();
            Failure::refused(e, hint)
        })?),
    };
    let old_repository = trees.old.as_ref().map(Repository::load);
    let repository = Repository::load_after(&trees.new, old_repository.as_ref());
    let identity = identity(&repository);
    let memory = identity.and_then(|i| store.as_ref()?.of(i));
    let known = Known {
        tree: trees.old.as_ref().zip(old_repository.as_ref()),
        memory,
    };
    let mut verdict = verify_update(
        &known,
        &trees.new,
        &repository,
        &request.client,
        request.mode,
    );
    let anchors = &request.client.anchors().keys;
    verdict.findings.extend(trees.notes);
    if request.homeless {
        verdict
            .findings
            .push(forgets("neither XDG_STATE_HOME nor HOME is set"));
    }
    // A pinned link is of one repository: whoever pins one of this means this.
    if request.client.anchors().link.is_none() {
        verdict
            .findings
            .extend(identity.and_then(|i| store.as_ref()?.another(i, anchors)));
    }
    if verdict.accepted()
        && let (Some(store), Some(assessment)) = (&store, &verdict.assessment)
    {
        let after = Memory::after(&request.name, anchors, memory, &repository, assessment);
        if let Err(why) = store.remember(&after) {
            verdict.findings.push(forgets(&why));
        }
    }
    Ok(conclude(
        request,
        &verdict.findings,
        Some(&verdict),
        start.elapsed(),
    ))
}

fn identity(repository: &Repository) -> Option<conex_verify::format::digest::Digest> {
    let link = repository.links.get(&0)?.good()?;
    Some(conex_verify::format::digest::Digest::of(link.signed()))
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
fn conclude(
    request: &Request,
    findings: &[Finding],
    verdict: Option<&Verdict<'_>>,
    elapsed: Duration,
) -> Exit {
    let accepted = verdict.is_some_and(Verdict::accepted);
    let summary = verdict.map(|v| v.summary).unwrap_or_default();
    let assessment = verdict.and_then(|v| v.assessment.as_ref());
    let state = match (verdict, assessment) {
        (Some(v), Some(a)) => format!("; state {}, {}", v.state.id(), in_words(&a.snapshot)),
        _ => String::new(),
    };
    let line = last_line(accepted, findings, &summary, request.mode, elapsed, &state);
    match request.format {
        Format::Json => {
            let chain = assessment.map(|a| &a.chain);
            let s = &summary;
            let summary = JsonSummary {
                verdict: if accepted { "accepted" } else { "rejected" },
                identity: verdict.and_then(Verdict::identity).map(|d| d.to_string()),
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
                state: verdict.map(|v| v.state.id()),
                snapshot: assessment.and_then(|a| JsonSnapshot::of(&a.snapshot)),
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
    mode: Mode,
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
    let unsigned = match (mode, summary.unsigned_packages) {
        (_, 0) => String::new(),
        (_, n) => format!(", {} unsigned packages let through", thousands(n)),
    };
    format!(
        "accepted: {} signed packages{unsigned}{state} ({files})",
        thousands(summary.signed_packages)
    )
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
