//! Reading a directory into a [`Tree`], without ever following a symbolic link.
//!
//! What opam will act on is whatever lies in this directory, and an attacker has
//! chosen its names and kinds. So nothing is opened by a path of more than one
//! component: each file and directory is opened relative to its parent, with
//! `O_NOFOLLOW` and `O_NONBLOCK`, and judged by what was opened. Whatever is not
//! a plain file or a directory becomes a [`Defect`]; the reader itself never
//! decides and never fails half way.
//!
//! * `list` reads the names in a directory,
//! * `file` reads one file,
//! * `walk` puts the tree together, on several threads, with the same result
//!   for every order in which they run,
//! * `clone` reads single files in a `.git`,
//! * `state` looks at the times of files, and reads only what changed: `visit` finds
//!   that out, `known` keeps it.

mod clone;
mod file;
mod known;
mod list;
pub mod state;
mod visit;
mod walk;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode, OFlags};
use rustix::io::{Errno, retry_on_intr};
use thiserror::Error;

use crate::shell::fault::{Fault, is_fault};
use crate::shell::progress;
pub use clone::clone;
use conex_verify::format::name::PackageName;
pub use conex_verify::tree::Contents;
use conex_verify::tree::Tree;

#[cfg(doc)]
use conex_verify::tree::Defect;

/// What is called `.git` at the top. It is never read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Git {
    /// Nothing: the tree is not a git clone.
    Absent,
    /// A directory: a clone.
    Directory,
    /// A file: a work tree of a clone elsewhere, or a submodule.
    File,
}

/// A directory as read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// The files, and what is not a file.
    pub tree: Tree,
    /// Whether the directory is a git clone.
    pub git: Git,
}

/// Why a directory could not be read at all.
#[derive(Debug, Error)]
pub enum ReadError {
    /// Nothing is there.
    #[error("`{}` does not exist", .0.display())]
    Missing(PathBuf),
    /// Something else is there.
    #[error("`{}` is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// The last component is a symbolic link. opam passes real paths, so this is
    /// either a mistake or somebody who redirects the verification.
    #[error("`{}` is a symbolic link; give the directory that it points to", .0.display())]
    Symlink(PathBuf),
    /// The machine failed, here or anywhere below.
    #[error("{0}")]
    Fault(#[from] Fault),
    /// The operating system refused.
    #[error("`{}` cannot be read: {source}", .path.display())]
    Refused {
        /// The directory.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
}

/// Reads the directory `root`.
///
/// `root` itself must not be a symbolic link; links in the directories above it
/// are the user's own and are followed (so is a final link written with a slash
/// after it). The threads are those of the machine, two at least.
///
/// When the tree is above [`conex_verify::limits::MAX_TREE_FILES`] or
/// [`conex_verify::limits::MAX_TREE_SIZE`], the result holds that one defect and no files.
///
/// # Errors
/// Only when `root` cannot be opened as a directory, or the machine fails. Whatever is wrong
/// further below is a [`Defect`].
pub fn read(root: &Path, contents: Contents) -> Result<Reading, ReadError> {
    let fd = open_root(root)?;
    let _progress = progress::start("reading");
    let walked = walk::walk(&fd, contents, walk::MOST, None);
    let (reading, _) = walked.map_err(|fault| below(root, fault))?;
    Ok(reading)
}

/// Which part of a tree is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    Whole,
    /// The files at the top, everything below `packages/.conex/`, and these packages. Of the other
    /// directories in `packages/` only the names are looked at, and the names in them.
    Packages(BTreeSet<PackageName>),
}

/// Reads of `root`, as [`read`] does, [`Extent::Packages`]. With the tree come the paths in
/// `packages/` that were not opened: directories, with a slash at their end, and what is in them.
///
/// # Errors
/// See [`read`].
pub fn read_part(
    root: &Path,
    packages: &BTreeSet<PackageName>,
) -> Result<(Tree, Vec<String>), ReadError> {
    let fd = open_root(root)?;
    let _progress = progress::start("reading");
    let walked = walk::walk(&fd, Contents::Judged, walk::MOST, Some(packages));
    let (reading, outside) = walked.map_err(|fault| below(root, fault))?;
    Ok((reading.tree, outside))
}

fn below(root: &Path, fault: Fault) -> Fault {
    Fault {
        path: root.join(fault.path),
        ..fault
    }
}

fn open_root(root: &Path) -> Result<OwnedFd, ReadError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = retry_on_intr(|| rustix::fs::openat(CWD, root, flags, Mode::empty()));
    opened.map_err(|errno| {
        let path = root.to_owned();
        match errno {
            Errno::NOENT => ReadError::Missing(path),
            Errno::NOTDIR | Errno::LOOP => {
                let symlink = rustix::fs::lstat(root)
                    .is_ok_and(|s| FileType::from_raw_mode(s.st_mode) == FileType::Symlink);
                if symlink {
                    ReadError::Symlink(path)
                } else {
                    ReadError::NotADirectory(path)
                }
            }
            errno if is_fault(errno) => Fault {
                path,
                source: errno.into(),
            }
            .into(),
            errno => ReadError::Refused {
                path,
                source: errno.into(),
            },
        }
    })
}
