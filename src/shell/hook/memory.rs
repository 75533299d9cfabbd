//! Where the hook keeps what it accepted.
//!
//! `<state>/memory/<name>/<identity>`, one file for each identity that a repository
//! of this name has had, and a lock for each name: opam runs several hooks at once,
//! and two opam roots may update the same repository at the same time.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{CWD, FlockOperation, Mode, OFlags, flock, fstat, lstat};
use rustix::io::Errno;
use thiserror::Error;

use crate::shell::keys::file::shell_quoted;
use crate::shell::write::{PRIVATE_STATE, write};
use conex_verify::finding::{Code, Finding};
use conex_verify::format::digest::Digest;
use conex_verify::format::key::Fingerprint;
use conex_verify::format::resource::Decode as _;
use conex_verify::limits::MAX_FILE_SIZE;
use conex_verify::update::Memory;

/// How long another hook for the same repository is waited for: it takes a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is remembered under one name.
#[derive(Debug)]
pub struct Store {
    state: PathBuf,
    /// The directory of the name, below `state`.
    dir: String,
    name: String,
    known: Vec<Memory>,
    /// Held until the store is dropped.
    _lock: Option<OwnedFd>,
    /// Why nothing can be written, if so.
    pub warning: Option<String>,
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
            MemoryError::Unreadable { path, .. } => format!(
                "if you know why, give up the protection against rollback once: rm {}{}",
                if path.is_dir() { "-r " } else { "" },
                shell_quoted(path)
            ),
            MemoryError::Busy { .. } => "update again when it is done".to_owned(),
        }
    }
}

impl Store {
    /// Opens what is remembered of repositories called `name`, waiting for other
    /// hooks that do.
    ///
    /// A state directory that cannot be made or written is a warning; what is there
    /// is then still read.
    ///
    /// # Errors
    /// Something is there and cannot be read, or another hook does not end.
    pub fn open(state: &Path, name: &str) -> Result<Store, MemoryError> {
        let dir = format!("memory/{}", Digest::of(name.as_bytes()).short());
        let mut store = Store {
            state: state.to_owned(),
            name: name.to_owned(),
            known: Vec::new(),
            _lock: None,
            warning: None,
            dir,
        };
        store.lock()?;
        store.read()?;
        Ok(store)
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
                Err(why) => {
                    self.warning = Some(why);
                    return Ok(());
                }
            }
        }
    }

    /// The lock, if nobody else has it. It is made in place: a file that is renamed to
    /// where it belongs could replace one that another hook holds.
    fn lock_once(&self, path: &Path) -> Result<Option<OwnedFd>, String> {
        std::fs::create_dir_all(&self.state).map_err(|e| e.to_string())?;
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(self.path())
            .map_err(|e| e.to_string())?;
        let flags =
            OFlags::RDONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = match rustix::fs::openat(CWD, path, flags, Mode::RUSR | Mode::WUSR) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(e) => return Err(e.to_string()),
        };
        match flock(&fd, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK | Errno::INTR) => return Ok(None),
            // Some network file systems have no locks; files are still written as a
            // whole.
            Err(e) => return Err(format!("no lock: {e}")),
        }
        // Somebody may have removed the directory meanwhile.
        let held = fstat(&fd).map_err(|e| e.to_string())?;
        let there = lstat(path).is_ok_and(|s| (s.st_dev, s.st_ino) == (held.st_dev, held.st_ino));
        Ok(there.then_some(fd))
    }

    fn read(&mut self) -> Result<(), MemoryError> {
        let dir = self.path();
        let unreadable = |path: &Path, why: String| MemoryError::Unreadable {
            path: path.to_owned(),
            why,
        };
        let entries = match std::fs::read_dir(&dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            // A file in the place of a directory above: nothing can be remembered.
            Err(_) if matches!(lstat(&dir), Err(Errno::NOTDIR)) => return Ok(()),
            Err(e) => return Err(unreadable(&dir, e.to_string())),
        };
        for entry in entries {
            let entry = entry.map_err(|e| unreadable(&dir, e.to_string()))?;
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
            let memory = read_one(&path).map_err(|why| unreadable(&path, why))?;
            if memory.evidence.identity != identity || memory.name != self.name {
                return Err(unreadable(
                    &path,
                    "it is about another repository".to_owned(),
                ));
            }
            self.known.push(memory);
        }
        Ok(())
    }

    /// What is remembered of the repository with this identity.
    pub fn of(&self, identity: Digest) -> Option<&Memory> {
        self.known.iter().find(|m| m.evidence.identity == identity)
    }

    /// The finding if under this name and these anchors another repository was
    /// accepted before.
    pub fn another(&self, identity: Digest, anchors: &BTreeSet<Fingerprint>) -> Option<Finding> {
        if self.of(identity).is_some() {
            return None;
        }
        let other = self.known.iter().find(|m| m.anchors == *anchors)?;
        let path = self.path().join(other.evidence.identity.hex());
        Some(
            Finding::error(
                Code::OtherRepository,
                "packages/.conex/janitors/0",
                format!("`{}` was another repository before, with the same anchors", self.name),
            )
            .value("before", other.evidence.identity)
            .value("now", identity)
            .hint(format!(
                "if its maintainers started it anew, they have new anchors for you; if it is right as it is: rm {}",
                shell_quoted(&path)
            )),
        )
    }

    /// Remembers what was accepted.
    ///
    /// # Errors
    /// It cannot be written: a reason to warn, not to refuse.
    pub fn remember(&self, memory: &Memory) -> Result<(), String> {
        if let Some(why) = &self.warning {
            return Err(why.clone());
        }
        if self.of(memory.evidence.identity) == Some(memory) {
            return Ok(());
        }
        let bytes = memory.encode();
        // What cannot be read again would refuse every later update.
        if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE_SIZE {
            return Err(format!(
                "it has {} bytes, the most is {MAX_FILE_SIZE}",
                bytes.len()
            ));
        }
        match Memory::decode(&bytes) {
            Ok(again) if again == *memory => {}
            Ok(_) => return Err("it could not be read again".to_owned()),
            Err(e) => return Err(format!("it could not be read again: {}", e.kind)),
        }
        let path = format!("{}/{}", self.dir, memory.evidence.identity.hex());
        write(&self.state, &path, &bytes, PRIVATE_STATE).map_err(|e| e.to_string())
    }
}

/// Whether a file of this name is what a killed process left of one it was writing.
fn is_left_over(name: &std::ffi::OsStr) -> bool {
    name.to_str()
        .is_some_and(|n| n.starts_with(".conex-") && n.ends_with(".tmp"))
}

fn read_one(path: &Path) -> Result<Memory, String> {
    use std::io::Read as _;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(CWD, path, flags, Mode::empty()).map_err(|e| e.to_string())?;
    let mut file = File::from(fd);
    let metadata = file.metadata().map_err(|e| e.to_string())?;
    if !metadata.is_file() || metadata.len() > MAX_FILE_SIZE {
        return Err("it is not a plain file, or too large".to_owned());
    }
    let mut bytes = Vec::new();
    file.by_ref()
        .take(MAX_FILE_SIZE)
        .read_to_end(&mut bytes)
        .map_err(|e| e.to_string())?;
    Memory::decode(&bytes).map_err(|e| e.kind.to_string())
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
                        let store = Store::open(dir.path(), "r").unwrap();
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
