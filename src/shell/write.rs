//! Writing files: each as a whole or not at all, and never through a symbolic link.
//!
//! A file is written under a temporary name, then renamed. The directories on the way are
//! opened one by one with `O_NOFOLLOW`, below a root that the user has named (and which may
//! be a link itself).
//!
//! What a killed run leaves never lies where somebody else reads it. Files of a work tree are
//! made in `.git/conex-new`, or, where git's directory is elsewhere, in `.conex-new` at the top,
//! which no rule is about; private ones beside their place. The next run that writes removes
//! what the dead left.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags};
use rustix::io::Errno;
use thiserror::Error;

use crate::shell::process::is_gone;
use crate::shell::{progress, signals};
use conex_verify::tree::Bytes;

/// What becomes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path below the root, with `/` between components.
    pub path: String,
    /// The new content; `None` removes the file.
    pub bytes: Option<Bytes>,
}

/// What is written must survive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A crash of the program. Enough for a work tree, where `git` does no more and
    /// a command can be repeated; some hundred times faster for thousands of files.
    Process,
    /// A loss of power: the file and its directory are synced. For state and keys.
    Power,
}

/// Who may read a new file. A file that is replaced keeps its permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Whom the umask lets.
    Shared,
    /// Only the owner, also of the directories that are made; a replaced file too.
    Private,
}

/// Where a file is made before it gets its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Made {
    /// Where nobody reads what a killed run leaves: in git's directory, or at the top.
    Apart,
    /// Beside its place.
    Beside,
}

/// How files are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteOptions {
    /// Where a file is made before it gets its name.
    pub made: Made,
    /// What the file must survive.
    pub durability: Durability,
    /// Who may read it.
    pub access: Access,
}

/// For files of a repository that somebody works on.
pub const WORK_TREE: WriteOptions = WriteOptions {
    made: Made::Apart,
    durability: Durability::Process,
    access: Access::Shared,
};

/// For a file of somebody else's directory, in which nothing else is made.
pub const IN_PLACE: WriteOptions = WriteOptions {
    made: Made::Beside,
    durability: Durability::Process,
    access: Access::Shared,
};

/// For the client's memory and for keys.
pub const PRIVATE_STATE: WriteOptions = WriteOptions {
    made: Made::Beside,
    durability: Durability::Power,
    access: Access::Private,
};

/// Why a file was not written or removed.
#[derive(Debug, Error)]
pub enum WriteError {
    /// Not a path below a root.
    #[error("`{path}` is not a path that can be written: {why}")]
    BadPath {
        /// The path as given.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A component of the path is a symbolic link.
    #[error("`{path}` is a symbolic link; nothing is written through links")]
    Symlink {
        /// The path up to the link.
        path: String,
    },
    /// Something else than a directory on the way, or than a file at the end.
    #[error("`{path}` is not a {expected}")]
    Kind {
        /// The path up to what is there.
        path: String,
        /// What should be there.
        expected: &'static str,
    },
    /// Two changes of one file.
    #[error("`{path}` would be changed twice")]
    Twice {
        /// The path.
        path: String,
    },
    /// Somebody pressed Ctrl-C a second time.
    #[error("interrupted")]
    Interrupted,
    /// The operating system refused.
    #[error("cannot {action} `{path}`: {source}")]
    Refused {
        /// What was tried.
        action: &'static str,
        /// The path.
        path: String,
        /// The reason.
        source: std::io::Error,
    },
}

/// A set of changes that was not applied to its end.
#[derive(Debug, Error)]
#[error("{source} ({applied} of {all} files were changed before that)")]
pub struct ApplyError {
    /// How many changes were made, from the first on.
    pub applied: usize,
    /// How many there are.
    pub all: usize,
    /// Why the next one was not.
    pub source: WriteError,
}

/// Applies `changes` below `root`, one after the other in the order given: what is
/// vouched for should come before the segment that vouches for it, so that a
/// command that was interrupted can be repeated.
///
/// All paths are checked before the first change is made.
///
/// # Errors
/// The first change that fails; those before it are made, those after it are not.
pub fn apply(root: &Path, changes: &[Change], options: WriteOptions) -> Result<(), ApplyError> {
    let failed = |applied| {
        move |source| ApplyError {
            applied,
            all: changes.len(),
            source,
        }
    };
    let root = Root::open(root).map_err(failed(0))?;
    let mut seen = BTreeSet::new();
    for change in changes {
        let path = change.path.as_str();
        if !seen.insert(path) {
            let path = path.to_owned();
            return Err(failed(0)(WriteError::Twice { path }));
        }
        root.check(path).map_err(failed(0))?;
    }
    for (applied, change) in changes.iter().enumerate() {
        if signals::stop() {
            return Err(failed(applied)(WriteError::Interrupted));
        }
        progress::tick();
        match &change.bytes {
            Some(bytes) => root.write(&change.path, bytes, options),
            None => root.remove(&change.path),
        }
        .map_err(failed(applied))?;
    }
    Ok(())
}

/// Writes the file `path` below `root`, and makes the directories on the way.
///
/// # Errors
/// See [`WriteError`]; what was at `path` before is then still there.
pub fn write(
    root: &Path,
    path: &str,
    bytes: &[u8],
    options: WriteOptions,
) -> Result<(), WriteError> {
    Root::open(root)?.write(path, bytes, options)
}

/// Removes the file `path` below `root`, then the directories above it as long as
/// they are empty, but never one directly below `root` (`packages`). That there is
/// no such file is no error.
///
/// # Errors
/// See [`WriteError`].
pub fn remove(root: &Path, path: &str) -> Result<(), WriteError> {
    Root::open(root)?.remove(path)
}

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

struct Root {
    dir: OwnedFd,
    stage: OnceCell<Stage>,
}

/// Where files are made that cannot be made in git's own directory.
const AT_TOP: &str = ".conex-new";

/// Whether a directory of this name at the top is where files are made.
pub fn is_stage(name: &str) -> bool {
    name == AT_TOP
}

/// Where the files of a work tree are made.
struct Stage {
    dir: OwnedFd,
    above: OwnedFd,
    name: &'static str,
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Another run may have files in it.
        let _ = rustix::fs::unlinkat(&self.above, self.name, AtFlags::REMOVEDIR);
    }
}

impl Stage {
    /// The directory below git's own, or the one at the top.
    fn open(root: BorrowedFd<'_>) -> Result<Stage, Errno> {
        let git = rustix::fs::openat(root, ".git", DIRECTORY | OFlags::NOFOLLOW, Mode::empty());
        let device = |dir: BorrowedFd<'_>| rustix::fs::fstat(dir).map(|stat| stat.st_dev);
        // A file cannot be renamed from one file system to another.
        if let Ok(git) = git
            && device(git.as_fd())? == device(root)?
            && let Ok(stage) = Stage::below(git, "conex-new")
        {
            return Ok(stage);
        }
        Stage::below(rustix::io::dup(root)?, AT_TOP)
    }

    fn below(above: OwnedFd, name: &'static str) -> Result<Stage, Errno> {
        match rustix::fs::mkdirat(&above, name, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno),
        }
        let dir = rustix::fs::openat(&above, name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty())?;
        sweep(dir.as_fd());
        Ok(Stage { dir, above, name })
    }
}

/// Removes what runs left that were killed. In a container each run may have the same number.
fn sweep(dir: BorrowedFd<'_>) {
    let Ok(entries) = rustix::fs::Dir::read_from(dir) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let of = name.to_str().ok().and_then(made_by);
        let dead = |pid: u32| {
            is_gone(pid) || pid == std::process::id() && NEXT.load(Ordering::Relaxed) == 0
        };
        if of.is_some_and(dead) {
            let _ = rustix::fs::unlinkat(dir, name, AtFlags::empty());
        }
    }
}

/// Removes what runs left that were killed where the files of `root` are made, if that is at its
/// top. Whoever writes there does so anyway; this is for those who find nothing to write.
pub fn tidy(root: &Path) {
    let Ok(root) = rustix::fs::openat(CWD, root, DIRECTORY, Mode::empty()) else {
        return;
    };
    if rustix::fs::statat(&root, AT_TOP, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
        drop(Stage::below(root, AT_TOP));
    }
}

/// Removes from a directory what runs left there that were killed.
pub fn sweep_in(dir: &Path) {
    if let Ok(dir) = rustix::fs::openat(CWD, dir, DIRECTORY, Mode::empty()) {
        sweep(dir.as_fd());
    }
}

/// How the name of a temporary file begins and ends that [`sweep_in`] knows for one of ours, with
/// anything between.
pub fn temporary_name() -> (String, &'static str) {
    (format!(".conex-{}-", std::process::id()), ".tmp")
}

/// The number of the process that made a temporary file of this name.
fn made_by(name: &str) -> Option<u32> {
    let middle = name.strip_prefix(".conex-")?.strip_suffix(".tmp")?;
    middle.split_once('-')?.0.parse().ok()
}

/// How many temporary files this process has made.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// What to do about a directory that is missing on the way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    Make(Access),
    Stop,
}

impl Root {
    fn open(root: &Path) -> Result<Root, WriteError> {
        rustix::fs::openat(CWD, root, DIRECTORY, Mode::empty())
            .map(|dir| Root {
                dir,
                stage: OnceCell::new(),
            })
            .map_err(|errno| refused("open", &root.display().to_string(), errno))
    }

    /// Where files of a work tree are made.
    fn stage(&self) -> Result<&Stage, Errno> {
        if let Some(stage) = self.stage.get() {
            return Ok(stage);
        }
        let stage = Stage::open(self.dir.as_fd())?;
        Ok(self.stage.get_or_init(|| stage))
    }

    /// Opens the directories down to the parent of `path`, the first outermost;
    /// fewer if one is missing and not to be made.
    fn parents(&self, path: &str, missing: Missing) -> Result<Vec<OwnedFd>, WriteError> {
        check_path(path)?;
        let mut opened: Vec<OwnedFd> = Vec::new();
        for (at, _) in path.match_indices('/') {
            let prefix = &path[..at];
            let name = last(prefix);
            let dir = opened.last().map_or(self.dir.as_fd(), AsFd::as_fd);
            let open =
                || rustix::fs::openat(dir, name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty());
            let next = match (open(), missing) {
                (Err(Errno::NOENT), Missing::Stop) => break,
                (Err(Errno::NOENT), Missing::Make(access)) => {
                    let mode = match access {
                        Access::Shared => Mode::from_raw_mode(0o777),
                        Access::Private => Mode::RWXU,
                    };
                    match rustix::fs::mkdirat(dir, name, mode) {
                        Ok(()) | Err(Errno::EXIST) => open(),
                        Err(errno) => Err(errno),
                    }
                }
                (result, _) => result,
            };
            opened.push(next.map_err(|errno| match (errno, kind(dir, name)) {
                (Errno::NOTDIR | Errno::LOOP, Some(FileType::Symlink)) => WriteError::Symlink {
                    path: prefix.to_owned(),
                },
                (Errno::NOTDIR, _) => WriteError::Kind {
                    path: prefix.to_owned(),
                    expected: "directory",
                },
                (errno, _) => refused("open", prefix, errno),
            })?);
        }
        Ok(opened)
    }

    /// The parent of `path` and whether all directories down to it exist.
    fn check(&self, path: &str) -> Result<(), WriteError> {
        let parents = self.parents(path, Missing::Stop)?;
        if parents.len() == path.matches('/').count() {
            let dir = parents.last().map_or(self.dir.as_fd(), AsFd::as_fd);
            check_target(dir, path)?;
        }
        Ok(())
    }

    fn write(&self, path: &str, bytes: &[u8], options: WriteOptions) -> Result<(), WriteError> {
        let parents = self.parents(path, Missing::Make(options.access))?;
        let dir = parents.last().map_or(self.dir.as_fd(), AsFd::as_fd);
        let replaced = check_target(dir, path)?;
        let made_in = match options.made {
            Made::Apart => {
                let stage = self
                    .stage()
                    .map_err(|errno| refused("write", path, errno))?;
                stage.dir.as_fd()
            }
            Made::Beside => {
                sweep(dir);
                dir
            }
        };
        let (temporary, file) = temporary(made_in, path, options.access)?;
        let written = || -> Result<(), Errno> {
            if let (Some(mode), Access::Shared) = (replaced, options.access) {
                rustix::fs::fchmod(&file, mode & Mode::from_raw_mode(0o777))?;
            }
            let mut rest = bytes;
            while !rest.is_empty() {
                match rustix::io::write(&file, rest) {
                    Ok(0) => return Err(Errno::IO),
                    Ok(n) => rest = &rest[n..],
                    Err(Errno::INTR) => {}
                    Err(errno) => return Err(errno),
                }
            }
            if options.durability == Durability::Power {
                rustix::fs::fsync(&file)?;
            }
            rustix::fs::renameat(made_in, &*temporary, dir, last(path))
        };
        written().map_err(|errno| {
            let _ = rustix::fs::unlinkat(made_in, &*temporary, AtFlags::empty());
            refused("write", path, errno)
        })?;
        if options.durability == Durability::Power {
            rustix::fs::fsync(dir)
                .map_err(|errno| refused("sync the directory of", path, errno))?;
        }
        Ok(())
    }

    fn remove(&self, path: &str) -> Result<(), WriteError> {
        let parents = self.parents(path, Missing::Stop)?;
        if parents.len() < path.matches('/').count() {
            return Ok(());
        }
        let dir = parents.last().map_or(self.dir.as_fd(), AsFd::as_fd);
        check_target(dir, path)?;
        match rustix::fs::unlinkat(dir, last(path), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(refused("remove", path, errno)),
        }
        let mut below = path;
        // Each directory but the outermost is removed by the one above it.
        for above in parents.iter().rev().skip(1) {
            below = below.rsplit_once('/').map_or("", |(parent, _)| parent);
            match rustix::fs::unlinkat(above, last(below), AtFlags::REMOVEDIR) {
                Ok(()) => {}
                Err(Errno::NOTEMPTY | Errno::EXIST | Errno::NOENT) => break,
                Err(errno) => return Err(refused("remove", below, errno)),
            }
        }
        Ok(())
    }
}

/// Refuses paths that leave the root, that mean the same as others, or that lie in git's own directory.
fn check_path(path: &str) -> Result<(), WriteError> {
    let bad = |why| {
        Err(WriteError::BadPath {
            path: path.to_owned(),
            why,
        })
    };
    if path.contains('\0') {
        return bad("it has a NUL byte");
    }
    for component in path.split('/') {
        match component {
            "" => return bad("it has an empty component"),
            "." | ".." => return bad("it has a component `.` or `..`"),
            _ if component.eq_ignore_ascii_case(".git") => {
                return bad("it lies in the directory of git");
            }
            _ => {}
        }
    }
    Ok(())
}

/// The permissions of the file at `path`, whose parent is `dir`; refuses what is no file.
fn check_target(dir: BorrowedFd<'_>, path: &str) -> Result<Option<Mode>, WriteError> {
    match rustix::fs::statat(dir, last(path), AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(refused("look at", path, errno)),
        Ok(stat) => match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Ok(Some(Mode::from_raw_mode(stat.st_mode))),
            FileType::Symlink => Err(WriteError::Symlink {
                path: path.to_owned(),
            }),
            _ => Err(WriteError::Kind {
                path: path.to_owned(),
                expected: "file",
            }),
        },
    }
}

/// A new file in `dir` under a name that nothing has. The name starts with `.conex-`
/// and ends in `.tmp`: one that a crash left behind is seen as what it is.
fn temporary(
    dir: BorrowedFd<'_>,
    path: &str,
    access: Access,
) -> Result<(Box<CStr>, OwnedFd), WriteError> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = match access {
        Access::Shared => Mode::from_raw_mode(0o666),
        Access::Private => Mode::RUSR | Mode::WUSR,
    };
    // Names collide only with what a crashed process of the same number left.
    for _ in 0..100 {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let (prefix, suffix) = temporary_name();
        let name = format!("{prefix}{n}{suffix}\0");
        let Ok(name) = CStr::from_bytes_with_nul(name.as_bytes()) else {
            break;
        };
        match rustix::fs::openat(dir, name, flags, mode) {
            Ok(file) => return Ok((name.into(), file)),
            Err(Errno::EXIST) => {}
            Err(errno) => return Err(refused("write", path, errno)),
        }
    }
    Err(refused("write", path, Errno::EXIST))
}

fn last(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn kind(dir: BorrowedFd<'_>, name: &str) -> Option<FileType> {
    let stat = rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    Some(FileType::from_raw_mode(stat.st_mode))
}

fn refused(action: &'static str, path: &str, errno: Errno) -> WriteError {
    WriteError::Refused {
        action,
        path: path.to_owned(),
        source: errno.into(),
    }
}

#[cfg(test)]
mod tests;
