//! The trees that opam hands over: directories, archives, a patch.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags};
use thiserror::Error;

use crate::shell::fault::Fault;
use crate::shell::read::{self, Git, ReadError};
use conex_verify::finding::Finding;
use conex_verify::limits::{MAX_PATCH_SIZE, MAX_TREE_SIZE};
use conex_verify::tarball;
use conex_verify::tree::{Contents, Tree};
use conex_verify::workbench::patch::Store;

/// A tree, and how opam keeps it.
#[derive(Debug)]
pub struct Loaded {
    /// The tree.
    pub tree: Tree,
    /// A directory or an archive.
    pub store: Store,
    /// Whether it is a git clone.
    pub git: Git,
}

/// Why there is no tree.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The path leads to nothing that can be read: the environment is at fault.
    #[error("{0}")]
    Directory(#[from] ReadError),
    /// The same for a file.
    #[error("`{}` cannot be read: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The machine fails while a file is read.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// What is there is not acceptable: whoever made it is at fault.
    #[error("{}", .0.message)]
    Refused(Box<Finding>),
}

impl LoadError {
    /// What the machine did, if it is at fault.
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            LoadError::Fault(fault) | LoadError::Directory(ReadError::Fault(fault)) => Some(fault),
            _ => None,
        }
    }
}

/// Reads the directory or archive at `path`, never through a symbolic link.
///
/// # Errors
/// Nothing readable there, or an archive outside the accepted subset.
pub fn load(path: &Path, contents: Contents) -> Result<Loaded, LoadError> {
    let is_file = rustix::fs::lstat(path)
        .is_ok_and(|s| FileType::from_raw_mode(s.st_mode) == FileType::RegularFile);
    if !is_file {
        let reading = read::read(path, contents)?;
        return Ok(Loaded {
            tree: reading.tree,
            store: Store::Directory,
            git: reading.git,
        });
    }
    let bytes = file(path, MAX_TREE_SIZE)?;
    let tree =
        tarball::read(&bytes, contents).map_err(|e| LoadError::Refused(Box::new(e.finding())))?;
    Ok(Loaded {
        tree,
        store: Store::Archive,
        git: Git::Absent,
    })
}

/// Reads the patch at `path`.
///
/// # Errors
/// Not a readable regular file, or a too large one.
pub fn patch(path: &Path) -> Result<Vec<u8>, LoadError> {
    file(path, MAX_PATCH_SIZE)
}

/// Reads a regular file of at most `most` bytes, never through a symbolic link and
/// never waiting for a FIFO.
fn file(path: &Path, most: u64) -> Result<Vec<u8>, LoadError> {
    let refuse = |why: String| LoadError::File {
        path: path.to_owned(),
        why,
    };
    let failed = |error: std::io::Error| match Fault::of(path, &error) {
        Some(fault) => fault.into(),
        None => refuse(error.to_string()),
    };
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(CWD, path, flags, Mode::empty()).map_err(|e| failed(e.into()))?;
    let mut file = File::from(fd);
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(refuse("it is not a regular file".to_owned()));
    }
    if metadata.len() > most {
        return Err(refuse(format!(
            "it has {} bytes, the most is {most}",
            metadata.len()
        )));
    }
    let mut bytes = Vec::new();
    file.by_ref()
        .take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > most {
        return Err(refuse(format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}
