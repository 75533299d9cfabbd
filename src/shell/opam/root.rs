//! opam's root directory.

use crate::hint::Hint;
use std::fs::File;
use std::io::Read as _;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FlockOperation, Mode, OFlags, fcntl_lock};
use rustix::io::Errno;
use thiserror::Error;

use crate::shell::keys::file::shell_quoted;
use crate::shell::write::{
    Access, Durability, Made, WriteError, WriteOptions, remove, sweep_in, write,
};
use conex_verify::format::syntax::SyntaxError;
use conex_verify::limits::MAX_FILE_SIZE;

/// The global configuration, below the root.
pub const CONFIG: &str = "config";
/// The repositories, below the root.
pub const REPOS_CONFIG: &str = "repo/repos-config";
/// What conex keeps below the root.
pub const RECORD: &str = "conex-enable.json";

/// The files that opam 2.0 to 2.6 lock (`lockf`) before they write: the first for
/// anything (also shared, to read), the second to write [`CONFIG`], the third to write
/// [`REPOS_CONFIG`]; in opam's own order.
const LOCKS: [&str; 3] = ["lock", "config.lock", "repo/lock"];

/// opam writes its own files so that they survive a crash, and others may read them.
const OPAM_FILE: WriteOptions = WriteOptions {
    made: Made::Beside,
    durability: Durability::Power,
    access: Access::Shared,
};

/// Why opam's configuration cannot be used.
#[derive(Debug, Error)]
pub enum RootError {
    /// No root directory with a configuration of opam 2.
    #[error("`{}` is not the root of an opam 2: {why}", root.display())]
    NotARoot {
        /// The directory.
        root: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A file cannot be read.
    #[error("`{}` cannot be read: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A file is not in opam's syntax, or not as opam writes it.
    #[error("`{}` is not understood: {why}", path.display())]
    NotUnderstood {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// An opam is running.
    #[error("opam is running: it holds `{}`", path.display())]
    Busy {
        /// The lock.
        path: PathBuf,
    },
    /// A file cannot be written or locked.
    #[error("`{}` cannot be written: {why}", root.display())]
    Unwritable {
        /// The root.
        root: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// No repository of this name.
    #[error("opam has no repository `{name}`")]
    NoRepository {
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
}

impl RootError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            RootError::NotARoot { .. } => {
                Hint::NameRoot.to_string()
            }
            RootError::Busy { .. } => "run it again when opam is done".to_owned(),
            RootError::Unwritable { .. } => {
                "run it as the user whom the root belongs to; a file that is a symbolic link has to be edited where it lies".to_owned()
            }
            RootError::NotUnderstood { path, .. } if path.ends_with(RECORD) => Hint::ForgetRecord { path: shell_quoted(path) }.to_string(),
            RootError::Unreadable { path, .. } | RootError::NotUnderstood { path, .. } => {
                format!("see {}", shell_quoted(path))
            }
            RootError::NoRepository { known, .. } => {
                let known = match known.as_slice() {
                    [] => "none".to_owned(),
                    known => known.join(", "),
                };
                Hint::AddRepository { known }.to_string()
            }
        }
    }

    /// The file at `path`, which does not parse.
    pub(super) fn syntax(path: &Path, error: &SyntaxError) -> RootError {
        RootError::NotUnderstood {
            path: path.to_owned(),
            why: error.to_string(),
        }
    }
}

/// An opam root.
#[derive(Debug, Clone)]
pub struct Root {
    path: PathBuf,
}

/// The locks of an opam root. While they are held, opam waits.
///
/// They are locks of the process and of a file: opening and closing one of the files
/// elsewhere in the process would give them up.
#[derive(Debug)]
pub struct Locked {
    _locks: Vec<OwnedFd>,
}

impl Root {
    /// The root at `path`.
    ///
    /// # Errors
    /// There is none.
    pub fn open(path: &Path) -> Result<Root, RootError> {
        let refuse = |why: String| RootError::NotARoot {
            root: path.to_owned(),
            why,
        };
        // `~/.opam` may be a link to another disk.
        let path = path.canonicalize().map_err(|e| refuse(e.to_string()))?;
        if !path.join(CONFIG).exists() {
            return Err(refuse(format!("it has no file `{CONFIG}`")));
        }
        Ok(Root { path })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where a file of the root is.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Reads a file of the root; `None` if it is not there.
    ///
    /// # Errors
    /// It cannot be read, or is not a plain file.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>, RootError> {
        let path = self.file(name);
        let refuse = |why: String| RootError::Unreadable {
            path: path.clone(),
            why,
        };
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = match rustix::fs::openat(CWD, &path, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(e) => return Err(refuse(e.to_string())),
        };
        let mut file = File::from(fd);
        let metadata = file.metadata().map_err(|e| refuse(e.to_string()))?;
        if !metadata.is_file() || metadata.len() > MAX_FILE_SIZE {
            return Err(refuse("it is not a plain file, or too large".to_owned()));
        }
        let mut bytes = Vec::new();
        file.by_ref()
            .take(MAX_FILE_SIZE)
            .read_to_end(&mut bytes)
            .map_err(|e| refuse(e.to_string()))?;
        Ok(Some(bytes))
    }

    /// Replaces a file of the root as a whole; `None` removes it.
    ///
    /// # Errors
    /// It cannot be written, or is a symbolic link; it is then as it was.
    pub fn write(
        &self,
        _locked: &Locked,
        name: &str,
        bytes: Option<&[u8]>,
    ) -> Result<(), RootError> {
        let done = match bytes {
            Some(bytes) => write(&self.path, name, bytes, OPAM_FILE),
            None => remove(&self.path, name),
        };
        done.map_err(|e: WriteError| RootError::Unwritable {
            root: self.path.clone(),
            why: e.to_string(),
        })
    }

    /// Takes opam's locks, without waiting, and removes what a conex left that was killed.
    ///
    /// # Errors
    /// An opam is running, or the files cannot be opened.
    pub fn lock(&self) -> Result<Locked, RootError> {
        let mut locks = Vec::new();
        for name in LOCKS {
            let path = self.file(name);
            let refuse = |why: String| RootError::Unwritable {
                root: self.path.clone(),
                why: format!("{name}: {why}"),
            };
            let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let mode = Mode::from_raw_mode(0o666);
            let fd =
                rustix::fs::openat(CWD, &path, flags, mode).map_err(|e| refuse(e.to_string()))?;
            match fcntl_lock(&fd, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => locks.push(fd),
                Err(Errno::ACCESS | Errno::AGAIN) => return Err(RootError::Busy { path }),
                Err(e) => return Err(refuse(e.to_string())),
            }
        }
        // What was half written is nowhere read, and an archive is large.
        for dir in [&*self.path, &self.path.join("repo")] {
            sweep_in(dir);
        }
        Ok(Locked { _locks: locks })
    }
}
