//! `conex verify`, opam's hook.

mod advice;
mod report;
mod request;

use crate::hint::Hint;
pub use request::{VerifyArgs, request};
use std::path::{Path, PathBuf};
use std::time::Instant;

use rustix::fs::{FileType, lstat};

use report::{conclude, not_kept};
use request::{Request, Subject, name, state};

use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::older;
use crate::shell::cli::page::Page;
use crate::shell::hook::confine::{Places, confine};
use crate::shell::hook::git::settle;
use crate::shell::hook::load::{LoadError, Loaded, load, patch as load_patch};
use crate::shell::hook::memory::{Kept, MemoryError};
use crate::shell::hook::report::{Reporter, TERMINAL};
use crate::shell::keys::file::shell_quoted;
use crate::shell::out::sayln;
use crate::shell::read::{self, Git};
use conex_verify::finding::{Code, Finding, Reader};
use conex_verify::tree::{Contents, Tree};
use conex_verify::workbench::patch::{PatchContext, Store, clone_files};
use conex_verify::{Memories, Outcome, Report};

/// What `verify` was asked for, and what it did before it gave up the rest.
pub struct Ready {
    request: Request,
    /// The patch, of an update with one.
    patch: Option<Result<Vec<u8>, LoadError>>,
    notes: Vec<Finding>,
}

/// Gives a clone of opam's its settings, and confines the process: it reads what it judges, and
/// writes its state and on the terminal. To be called before there are threads.
///
/// # Errors
/// The command line does not say what is to be verified; then nothing is confined.
pub fn ready(args: &VerifyArgs) -> Result<Ready, Failure> {
    let request = request(args)?;
    let patch = match &request.subject {
        Subject::Patched { patch, .. } => Some(load_patch(patch)),
        Subject::Tree { .. } => None,
    };
    let clone = clone_to_settle(&request, patch.as_ref());
    let notes = clone.and_then(settings).into_iter().collect();
    let read: Vec<&Path> = match &request.subject {
        Subject::Tree { dir, repo } => [Some(dir), repo.as_ref()].into_iter().flatten(),
        Subject::Patched { repo, .. } => [Some(repo), None].into_iter().flatten(),
    }
    .map(PathBuf::as_path)
    .collect();
    let mut write = vec![Path::new(TERMINAL)];
    if let Some(state) = &request.state {
        // What cannot be made is said where it is missed.
        let _ = std::fs::create_dir_all(state);
        write.push(state);
    }
    let confinement = confine(Places {
        read: &read,
        write: &write,
    });
    if args.verbose {
        sayln!("{confinement}");
    }
    Ok(Ready {
        request,
        patch,
        notes,
    })
}

/// Runs `conex verify`.
pub fn run(args: &VerifyArgs, ready: Result<Ready, Failure>) -> Result<Exit, Failure> {
    let outcome = ready.and_then(decide);
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

/// What opam is about to take over, and what went wrong on the way. All files are read: what
/// a patch would be refused for a tree must not be accepted with.
enum What {
    Whole {
        new: Tree,
        before: Option<Tree>,
    },
    Patch {
        before: Tree,
        patch: Vec<u8>,
        store: Store,
        clone: Option<Tree>,
    },
}

fn read(request: &Request, patch: Option<Result<Vec<u8>, LoadError>>) -> Result<What, LoadError> {
    match &request.subject {
        Subject::Tree { dir, repo } => {
            let loaded = load(dir, Contents::All)?;
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
            Ok(What::Whole {
                new: loaded.tree,
                before,
            })
        }
        Subject::Patched { repo, patch: path } => {
            let Loaded { tree, store, git } = load(repo, Contents::All)?;
            let patch = patch.unwrap_or_else(|| load_patch(path))?;
            let clone = (git == Git::Directory && request.hook).then_some(repo);
            let inside = clone_files(&patch, &request.name);
            let clone = clone.map(|repo| read::clone(repo, &inside)).transpose()?;
            Ok(What::Patch {
                before: tree,
                patch,
                store,
                clone,
            })
        }
    }
}

impl What {
    /// Whether conex 1.0.0 signed it.
    fn is_of_conex_1(&self) -> bool {
        let (What::Whole { new: tree, .. } | What::Patch { before: tree, .. }) = self;
        tree.get("root").is_some_and(|root| older::is_signed(root))
    }

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
                clone,
            } => conex_verify::Subject::Patch {
                before,
                patch,
                context: PatchContext {
                    repo_name: name,
                    store: *store,
                    posixly_correct: std::env::var_os("POSIXLY_CORRECT").is_some(),
                    clone: clone.as_ref(),
                },
            },
        }
    }
}

/// Whether opam may have had the patch from git. Of the other two kinds the first bytes are
/// certain; those of git depend on the user's configuration.
fn is_of_git(patch: &[u8]) -> bool {
    !patch.starts_with(b"diff -ruaN ") && !patch.starts_with(b"--- ")
}

/// The clone of opam's whose patches depend on git's settings, if opam asks about one.
///
/// opam has the clone that it made itself, with nothing but `.git`, at the place of the repository
/// already. Another `.git` came with a copy, and is somebody else's.
fn clone_to_settle<'r>(
    request: &'r Request,
    patch: Option<&Result<Vec<u8>, LoadError>>,
) -> Option<&'r Path> {
    let is_clone = |dir: &Path| {
        let kind = lstat(dir.join(".git")).map(|stat| FileType::from_raw_mode(stat.st_mode));
        request.hook && kind == Ok(FileType::Directory)
    };
    match (&request.subject, patch) {
        (Subject::Tree { dir, repo }, _) => {
            let own = repo.as_ref().is_some_and(|repo| repo.join(".git").is_dir());
            (own && is_clone(dir)).then_some(dir.as_path())
        }
        (Subject::Patched { repo, .. }, Some(Ok(patch))) => {
            (is_of_git(patch) && is_clone(repo)).then_some(repo.as_path())
        }
        (Subject::Patched { .. }, _) => None,
    }
}

/// Gives the clone at `root` the settings that its patches need.
fn settings(root: &Path) -> Option<Finding> {
    let why = settle(root).err()?;
    Some(
        Finding::warning(
            Code::PatchAmbiguous,
            ".git/config",
            format!("git's settings for patches could not be written: {why}"),
        )
        .hint(Hint::RenamesOff {
            clone: shell_quoted(root),
        }),
    )
}

fn decide(ready: Ready) -> Result<Exit, Failure> {
    let start = Instant::now();
    let Ready {
        request,
        patch,
        notes,
    } = ready;
    let request = &request;
    let what = match read(request, patch) {
        Ok(what) => what,
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
    if what.is_of_conex_1() {
        older::name(&mut report.findings, Reader::Client);
    }
    if let (Some(kept), Some(identity)) = (&kept, report.identity) {
        let others = kept.others(identity).map(shell_quoted);
        let others: Vec<String> = others.collect();
        for finding in &mut report.findings {
            if finding.code == Code::OtherRepository {
                let all = others.join(" ");
                finding.hint += &format!("; {}", Hint::ForgetOthers { paths: all });
            }
        }
    }
    if request.hook {
        advice::for_users(request, &mut report.findings);
    }
    if request.homeless {
        let why = "neither XDG_STATE_HOME nor HOME is set";
        report.findings.push(forgets(why));
    }
    if let (Outcome::Accepted { memory, record, .. }, Some(kept), Some(identity)) =
        (&outcome, &kept, report.identity)
    {
        match kept.remember(identity, memory) {
            Ok(()) => record.iter().for_each(|record| kept.record(record)),
            Err(why) => report.findings.push(forgets(&why)),
        }
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
    .hint("without a memory an old state could be served after the repository is added again; name a directory with --state-dir DIR, or say --no-state")
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "verify",
    policy: "every package is signed and complete; with --nostrict, packages whose names no quorum of \
janitors claims are let through and counted. In every mode a failing signature, metadata that cannot be read, \
a path outside the grammar, a name collision or a digest mismatch is a reason to reject. Where the anchors say \
unsigned=covered, such packages are let through as a valid snapshot states them, and not otherwise. It asks nothing, \
and writes nothing but its report and its memory. docs/verification.md has the rules.",
    exit: "0 the repository is valid; 1 it is rejected; 2 the command line or the environment does not \
allow to decide. opam keeps its old state after anything but 0",
    examples: &[
        "conex verify --dir . --anchors \"$(conex anchors)\"",
        "conex verify --dir new.tar.gz --anchors blake2b=… --quorum 1 --nostrict",
    ],
}];
