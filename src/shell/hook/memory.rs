//! Where the hook keeps what it accepted.
//!
//! `<state>/memory/<name>/<identity>`, one file for each identity that a repository
//! of this name has had, and a lock for each name: opam runs several hooks at once,
//! and two opam roots may update the same repository at the same time.

use crate::hint::Hint;
use std::cell::{OnceCell, RefCell};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FlockOperation, Mode, OFlags, flock, fstat, lstat};
use rustix::io::Errno;
use thiserror::Error;

use crate::shell::fault::Fault;
use crate::shell::keys::file::shell_quoted;
use crate::shell::write::{PRIVATE_STATE, write};
use conex_verify::format::digest::Digest;
use conex_verify::limits::MAX_MEMORY;
use conex_verify::{Memories, Undecided, is_memory_of};

/// The file beside the memories with the record of what was accepted last.
const RECORD: &str = "record";

/// How long another hook for the same repository is waited for: it takes a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is remembered under one name.
#[derive(Debug)]
pub struct Kept {
    state: PathBuf,
    name: String,
    /// The directory of the name, below `state`.
    dir: String,
    known: Vec<Remembered>,
    /// Where what was recalled last lies.
    recalled: RefCell<Vec<PathBuf>>,
    /// The record that was found, once somebody asked for it.
    record: OnceCell<Vec<u8>>,
    /// Why it could not be recalled.
    failed: RefCell<Option<MemoryError>>,
    /// Held until the store is dropped.
    _lock: Option<OwnedFd>,
    /// Why nothing can be written, if so.
    pub warning: Option<String>,
}

/// The file of one repository: its identity, where it lies, and its bytes.
#[derive(Debug, Clone)]
struct Remembered {
    identity: Digest,
    path: PathBuf,
    bytes: Vec<u8>,
}

/// Why the memory cannot be used. The hook refuses then: a memory that an attacker
/// can make unreadable protects nobody.
#[derive(Debug, Error)]
pub enum MemoryError {
    /// A file cannot be read.
    #[error("what was accepted before cannot be read: `{}`: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The machine fails, and the memory may be in order.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// Another hook holds the lock.
    #[error("another conex has been busy with this repository for {} s: `{}`", PATIENCE.as_secs(), path.display())]
    Busy {
        /// The lock.
        path: PathBuf,
    },
}

impl MemoryError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            MemoryError::Unreadable { path, .. } => Hint::GiveUpMemory {
                path: shell_quoted(path),
            }
            .to_string(),
            MemoryError::Fault(fault) => fault.hint().to_owned(),
            MemoryError::Busy { .. } => "update again when it is done".to_owned(),
        }
    }
}

/// What becomes of an error at a file or a directory.
fn unreadable(path: &Path, error: &io::Error) -> MemoryError {
    match Fault::of(path, error) {
        Some(fault) => fault.into(),
        None => MemoryError::Unreadable {
            path: path.to_owned(),
            why: error.to_string(),
        },
    }
}

impl Kept {
    /// Opens what is remembered of repositories called `name`, waiting for other
    /// hooks that do.
    ///
    /// A state directory that cannot be made or written is a warning; what is there
    /// is then still read.
    ///
    /// # Errors
    /// Something is there and cannot be read, or another hook does not end.
    pub fn open(state: &Path, name: &str) -> Result<Kept, MemoryError> {
        let mut store = Kept::unread_yet(state, name);
        store.lock()?;
        store.read()?;
        Ok(store)
    }

    /// Opens the same without waiting for anybody and without writing anything, for somebody
    /// who only looks: files are replaced as a whole. Nothing can be remembered in it.
    ///
    /// # Errors
    /// Something is there and cannot be read.
    pub fn look(state: &Path, name: &str) -> Result<Kept, MemoryError> {
        let mut store = Kept::unread_yet(state, name);
        store.warning = Some("it was opened only to look".to_owned());
        store.read()?;
        Ok(store)
    }

    fn unread_yet(state: &Path, name: &str) -> Kept {
        Kept {
            state: state.to_owned(),
            name: name.to_owned(),
            known: Vec::new(),
            recalled: RefCell::default(),
            record: OnceCell::new(),
            failed: RefCell::default(),
            _lock: None,
            warning: None,
            dir: format!("memory/{}", Digest::of(name.as_bytes()).short()),
        }
    }

    fn path(&self) -> PathBuf {
        self.state.join(&self.dir)
    }

    fn lock(&mut self) -> Result<(), MemoryError> {
        let path = self.path().join("lock");
        let start = Instant::now();
        loop {
            match self.lock_once(&path) {
                Ok(Some(lock)) => {
                    self._lock = Some(lock);
                    return Ok(());
                }
                Ok(None) if start.elapsed() > PATIENCE => return Err(MemoryError::Busy { path }),
                Ok(None) => std::thread::sleep(Duration::from_millis(20)),
                Err(error) => {
                    if let Some(fault) = Fault::of(&path, &error) {
                        return Err(fault.into());
                    }
                    self.warning = Some(error.to_string());
                    return Ok(());
                }
            }
        }
    }

    /// The lock, if nobody else has it. It is made in place: a file that is renamed to
    /// where it belongs could replace one that another hook holds.
    fn lock_once(&self, path: &Path) -> io::Result<Option<OwnedFd>> {
        std::fs::create_dir_all(&self.state)?;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(self.path())?;
        let flags =
            OFlags::RDONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = match rustix::fs::openat(CWD, path, flags, Mode::RUSR | Mode::WUSR) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        match flock(&fd, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK | Errno::INTR) => return Ok(None),
            // Some network file systems have no locks; files are still written as a
            // whole.
            Err(e) => return Err(io::Error::other(format!("no lock: {e}"))),
        }
        // Somebody may have removed the directory meanwhile.
        let held = fstat(&fd)?;
        let there = lstat(path).is_ok_and(|s| (s.st_dev, s.st_ino) == (held.st_dev, held.st_ino));
        Ok(there.then_some(fd))
    }

    fn read(&mut self) -> Result<(), MemoryError> {
        let dir = self.path();
        let entries = match std::fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            // A file in the place of a directory above: nothing can be remembered.
            Err(_) if matches!(lstat(&dir), Err(Errno::NOTDIR)) => return Ok(()),
            Err(e) => return Err(unreadable(&dir, &e)),
        };
        for entry in entries {
            let entry = entry.map_err(|e| unreadable(&dir, &e))?;
            let path = entry.path();
            let file_name = entry.file_name();
            // The lock, and what a crash left of a file being written.
            let identity = file_name
                .to_str()
                .and_then(|n| format!("blake2b={n}").parse::<Digest>().ok());
            let Some(identity) = identity else {
                // Nobody else writes here now. In a container each run can have the
                // same process number, and so the same few names to write to.
                if self._lock.is_some() && is_left_over(&file_name) {
                    let _ = std::fs::remove_file(&path);
                }
                continue;
            };
            let bytes = read_one(&path).map_err(|e| unreadable(&path, &e))?;
            if !is_memory_of(&bytes, &self.name, identity) {
                let why = "it is not about this repository";
                return Err(unreadable(&path, &io::Error::other(why)));
            }
            self.known.push(Remembered {
                identity,
                path,
                bytes,
            });
        }
        Ok(())
    }

    /// What is remembered of the repository with this identity under other names.
    fn elsewhere(&self, identity: Digest) -> Result<Vec<Remembered>, MemoryError> {
        let all = self.state.join("memory");
        let names = match std::fs::read_dir(&all) {
            Ok(names) => names,
            Err(e) => {
                let fault = Fault::of(&all, &e);
                return fault.map_or(Ok(Vec::new()), |fault| Err(fault.into()));
            }
        };
        let own = self.path();
        let mut dirs: Vec<PathBuf> = names.filter_map(|e| Some(e.ok()?.path())).collect();
        dirs.retain(|dir| *dir != own);
        dirs.sort();
        let paths = dirs.into_iter().map(|dir| dir.join(identity.hex()));
        paths
            .filter(|path| lstat(path).is_ok())
            .map(|path| match read_one(&path) {
                Ok(bytes) => Ok(Remembered {
                    identity,
                    path,
                    bytes,
                }),
                Err(e) => Err(unreadable(&path, &e)),
            })
            .collect()
    }

    /// The files of other repositories that had this name.
    pub fn others(&self, identity: Digest) -> impl Iterator<Item = &Path> {
        let others = self.known.iter().filter(move |m| m.identity != identity);
        others.map(|m| m.path.as_path())
    }

    /// What a verdict could not read, as a file.
    pub fn unread(&self, error: &Undecided) -> Option<MemoryError> {
        match error {
            Undecided::Memory { index, error } => Some(MemoryError::Unreadable {
                path: self.recalled.borrow().get(*index)?.clone(),
                why: error.to_string(),
            }),
            Undecided::Memories(why) => {
                let failed = self.failed.take();
                Some(failed.unwrap_or_else(|| MemoryError::Unreadable {
                    path: self.path(),
                    why: why.clone(),
                }))
            }
            _ => None,
        }
    }

    /// Remembers what was accepted of a repository.
    ///
    /// # Errors
    /// It cannot be written: a reason to warn, not to refuse.
    pub fn remember(&self, identity: Digest, memory: &[u8]) -> Result<(), String> {
        if let Some(why) = &self.warning {
            return Err(why.clone());
        }
        if self
            .known
            .iter()
            .any(|m| m.identity == identity && m.bytes == memory)
        {
            return Ok(());
        }
        // What cannot be read again would refuse every later update.
        if u64::try_from(memory.len()).unwrap_or(u64::MAX) > MAX_MEMORY {
            return Err(format!(
                "it has {} bytes, the most is {MAX_MEMORY}",
                memory.len()
            ));
        }
        let path = format!("{}/{}", self.dir, identity.hex());
        write(&self.state, &path, memory, PRIVATE_STATE).map_err(|e| e.to_string())
    }

    /// Keeps the record that goes with the memory that was just written. One that cannot be
    /// written costs the next update time, and nothing else.
    pub fn record(&self, record: &[u8]) {
        if self.warning.is_none() && self.record.get().is_none_or(|known| known != record) {
            let path = format!("{}/{RECORD}", self.dir);
            let _ = write(&self.state, &path, record, PRIVATE_STATE);
        }
    }
}

impl Memories for Kept {
    fn recall(&self, _: &str, identity: Digest) -> Result<Vec<Vec<u8>>, String> {
        let mut all = self.known.clone();
        if !all.iter().any(|m| m.identity == identity) {
            match self.elsewhere(identity) {
                Ok(more) => all.extend(more),
                Err(error) => {
                    let why = error.to_string();
                    self.failed.replace(Some(error));
                    return Err(why);
                }
            }
        }
        let paths = all.iter().map(|m| m.path.clone());
        self.recalled.replace(paths.collect());
        Ok(all.into_iter().map(|m| m.bytes).collect())
    }

    fn record(&self, _: &str) -> Option<Vec<u8>> {
        if self.warning.is_some() {
            return None;
        }
        let read = || read_one(&self.path().join(RECORD)).unwrap_or_default();
        Some(self.record.get_or_init(read).clone())
    }
}

/// Whether a file of this name is what a killed process left of one it was writing.
fn is_left_over(name: &std::ffi::OsStr) -> bool {
    name.to_str()
        .is_some_and(|n| n.starts_with(".conex-") && n.ends_with(".tmp"))
}

fn read_one(path: &Path) -> io::Result<Vec<u8>> {
    use std::io::Read as _;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let mut file = File::from(rustix::fs::openat(CWD, path, flags, Mode::empty())?);
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() > MAX_MEMORY {
        return Err(io::Error::other("it is not a plain file, or too large"));
    }
    let mut bytes = Vec::new();
    file.by_ref().take(MAX_MEMORY).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// The first hooks of all make the lock, each of them: only one has it.
    #[test]
    fn of_hooks_that_start_at_once_one_has_the_lock() {
        const HOOKS: usize = 4;
        for round in 0..40 {
            let dir = tempfile::tempdir().unwrap();
            let (start, inside) = (Barrier::new(HOOKS), AtomicUsize::new(0));
            std::thread::scope(|scope| {
                for _ in 0..HOOKS {
                    scope.spawn(|| {
                        start.wait();
                        let store = Kept::open(dir.path(), "r").unwrap();
                        assert_eq!(store.warning, None);
                        let others = inside.fetch_add(1, Ordering::SeqCst);
                        assert_eq!(others, 0, "round {round}");
                        std::thread::sleep(Duration::from_millis(1));
                        inside.fetch_sub(1, Ordering::SeqCst);
                    });
                }
            });
        }
    }
}
