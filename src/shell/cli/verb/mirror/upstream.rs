//! What a mirror follows, as it is there now.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{ArgGroup, Args};

use super::seen::Seen;
use crate::shell::cli::age::{seconds_now, time_in_words};
use crate::shell::cli::branch::sound;
use crate::shell::cli::complete::Completes;
use crate::shell::cli::failure::Failure;
use crate::shell::git::{Git, Oid};
use crate::shell::hook::load::load;
use crate::shell::out::sayln;
use crate::shell::progress;
use crate::shell::read::Contents;
use conex_verify::format::path::{CONEX, Place};
use conex_verify::tree::Tree;
use conex_verify::words::plural;
use conex_verify::workbench::published::Bundle;

/// What is followed.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("upstream").required(true).args(["git", "from", "fetch"]))]
pub struct UpstreamArgs {
    /// Follow a branch of a git repository: URL, or URL#BRANCH; git fetches it
    #[arg(long, value_name = "URL", add = Completes::NOTHING)]
    pub git: Option<String>,
    /// Follow a directory, or an archive, on this machine
    #[arg(long, value_name = "PATH", add = Completes::FILE)]
    pub from: Option<PathBuf>,
    /// Follow what this shell command leaves in the empty directory in which it runs: an
    /// `index.tar.gz`, or the files of a repository
    #[arg(long, value_name = "COMMAND", add = Completes::NOTHING)]
    pub fetch: Option<String>,
    /// Publish only what this mirror saw so long ago, as `2days`
    #[arg(long, value_name = "TIME", requires = "git", add = Completes::NOTHING)]
    pub delay: Option<String>,
    /// Upstream rewrote its history, and the end of its branch is rightly this commit now
    #[arg(long, value_name = "COMMIT", requires = "git", add = Completes::NOTHING)]
    pub rewritten: Option<String>,
}

/// The archive that a command may leave.
const INDEX: &str = "index.tar.gz";

/// How the directories of commands that run start, so that those of killed runs are known.
const FETCHED: &str = "fetched-";

/// What is to be mirrored now; nothing if all that is there has to wait. `own` is the directory in which
/// the mirror keeps what it knows.
///
/// # Errors
/// Upstream cannot be read, was rewritten, or has signatures of its own.
pub fn look(args: &UpstreamArgs, own: &Path, dry_run: bool) -> Result<Option<Tree>, Failure> {
    let tree = match (&args.git, &args.from, &args.fetch) {
        (Some(url), ..) => by_git(args, url, own, dry_run)?,
        (_, Some(path), _) => Some(loaded(path)?),
        (.., Some(command)) => Some(by_command(command, own)?),
        _ => None,
    };
    // Lists and checksums lie beside what they are about.
    let signed = |path: &&str| {
        path.starts_with(CONEX) || Place::of(path).is_ok_and(|place| Bundle::of(&place).is_some())
    };
    let files = tree.iter().flat_map(|tree| tree.files.keys());
    match files.map(String::as_str).find(signed) {
        Some(path) => Err(Failure::refused(
            format!("upstream is a signed repository: it has `{path}`"),
            "its users can follow it themselves, with its own anchors; a mirror would put other signatures in the place of these",
        )),
        None => Ok(tree),
    }
}

fn loaded(path: &Path) -> Result<Tree, Failure> {
    let found = load(path, Contents::Judged);
    let tree = found
        .map_err(|e| Failure::usage(e, "name a repository"))?
        .tree;
    match tree.files.is_empty() && tree.defects.is_empty() {
        false => Ok(tree),
        true => Err(Failure::usage(
            format!("`{}` is not an opam repository", path.display()),
            "name a directory with `packages/` and `repo`, or an archive of one",
        )),
    }
}

/// What a command leaves in an empty directory.
fn by_command(command: &str, own: &Path) -> Result<Tree, Failure> {
    let failed = |e: &dyn std::fmt::Display| {
        Failure::usage(
            format!("the command of --fetch: {e}"),
            "nothing was mirrored",
        )
    };
    forget_the_dead(own);
    let dir = tempfile::Builder::new()
        .prefix(FETCHED)
        .tempdir_in(own)
        .map_err(|e| failed(&e))?;
    let progress = progress::start("fetching");
    let status = Command::new("sh")
        .args(["-c", command])
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .status()
        .map_err(|e| failed(&e))?;
    drop(progress);
    if !status.success() {
        return Err(failed(&status));
    }
    let index = dir.path().join(INDEX);
    match index.is_file() {
        true => loaded(&index),
        false => loaded(dir.path()),
    }
}

/// Removes what commands of killed runs left: there is one run at a time.
fn forget_the_dead(own: &Path) {
    let entries = std::fs::read_dir(own).into_iter().flatten().flatten();
    let left = entries.filter(|e| e.file_name().to_string_lossy().starts_with(FETCHED));
    // A directory that cannot be removed now does no harm.
    left.for_each(|entry| drop(std::fs::remove_dir_all(entry.path())));
}

/// The commit of a branch that was seen long enough ago.
fn by_git(
    args: &UpstreamArgs,
    url: &str,
    own: &Path,
    dry_run: bool,
) -> Result<Option<Tree>, Failure> {
    let (url, branch) = match url.split_once('#') {
        Some((url, branch)) => (url, format!("refs/heads/{branch}")),
        None => (url, "HEAD".to_owned()),
    };
    // git runs in another directory.
    let here = Path::new(url).canonicalize().ok();
    let url = here.as_deref().and_then(Path::to_str).unwrap_or(url);
    let git = Git::bare(&own.join("git"))?;
    let progress = progress::start("fetching");
    let fetched = git.fetch(url, std::slice::from_ref(&branch))?;
    drop(progress);
    // With a star in it, a name is that of several.
    let mut fetched = fetched.into_values();
    let (Some(tip), None) = (fetched.next(), fetched.next()) else {
        return Err(Failure::usage(
            format!("`{branch}` is not one branch of `{url}`"),
            "name a branch that is there",
        ));
    };
    let mut seen = Seen::read(own)?;
    let rewritten = match seen.last() {
        Some(last) if !git.follows(&tip, last)? => {
            may_be_rewritten(args, &git, last, &tip)?;
            true
        }
        _ => false,
    };
    let now = seconds_now()
        .ok_or_else(|| Failure::usage("the clock shows a time before 1970", "set the clock"))?;
    seen.add(now, &tip, rewritten);
    let delay = delay(args)?;
    let due = seen.due(now.saturating_sub(delay));
    if !dry_run {
        seen.write(own)?;
        git.keep_alone(&tip)?;
    }
    if let Some((waiting, since)) = seen.waiting(due.as_ref()) {
        let age = i64::try_from(now.saturating_sub(since)).unwrap_or(i64::MAX);
        let states = plural(waiting, "state");
        sayln!(
            "Left for later by --delay: {waiting} {states} of upstream, first seen {} ago.",
            time_in_words(age)
        );
    }
    let Some(due) = due else { return Ok(None) };
    let listing = git.list(&git.tree_of(&due)?)?;
    sound(&listing, &format!("commit {} of upstream", due.short()))?;
    let mut trees = git.read(&[&listing])?;
    Ok(trees.pop())
}

/// Refuses a branch that lost a commit which was there, unless somebody looked at it.
fn may_be_rewritten(args: &UpstreamArgs, git: &Git, last: &Oid, tip: &Oid) -> Result<(), Failure> {
    let named = args
        .rewritten
        .as_ref()
        .and_then(|name| git.commit(name).ok());
    if named.as_ref() == Some(tip) {
        return Ok(());
    }
    Err(Failure::refused(
        format!(
            "upstream's history was rewritten: commit {} was mirrored, and commit {} is not on top of it",
            last.short(),
            tip.short()
        ),
        format!(
            "ask upstream why; if that is right, run the command again with --rewritten {}",
            tip.as_str()
        ),
    ))
}

/// How long a commit waits, in seconds.
fn delay(args: &UpstreamArgs) -> Result<u64, Failure> {
    let Some(text) = &args.delay else {
        return Ok(0);
    };
    let delay = humantime::parse_duration(text).map_err(|e| {
        Failure::usage(
            format!("--delay={text:?} is not a duration: {e}"),
            "write it as `2days` or `12h`",
        )
    })?;
    Ok(delay.as_secs())
}

/// The directory in which a mirror keeps what it knows, and that it is the only run there as long as
/// the lock is held.
pub struct Own {
    /// The directory.
    pub dir: PathBuf,
    _lock: std::fs::File,
}

impl Own {
    /// Opens it below `root`.
    ///
    /// # Errors
    /// It cannot be made, or another run is there.
    pub fn open(root: &Path) -> Result<Own, Failure> {
        let dir = root.join(".mirror");
        let failed = |e: std::io::Error| {
            Failure::usage(
                format!("`{}`: {e}", dir.display()),
                "name the mirror's directory with -C DIR",
            )
        };
        std::fs::create_dir_all(&dir).map_err(failed)?;
        let lock = std::fs::File::create(dir.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Own { dir, _lock: lock }),
            Err(std::fs::TryLockError::WouldBlock) => Err(Failure::usage(
                "another run is at work in this directory",
                "wait until it is done",
            )),
            Err(std::fs::TryLockError::Error(e)) => Err(failed(e)),
        }
    }
}
