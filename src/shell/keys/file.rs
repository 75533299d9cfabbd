//! Reading small files that hold keys, with their modes.

use crate::hint::Hint;
use std::fs::OpenOptions;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use thiserror::Error;
use zeroize::Zeroizing;

/// Largest file with a key, in bytes. An Ed25519 key takes 500, an RSA key of 16,384
/// bits 13,000; some keep a `.keys` list of a whole team. A bound is needed because
/// the paths come from a configuration and may name anything.
pub const MAX_KEY_FILE: u64 = 64 << 10;

/// Who may read a file that is read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Anybody: the file holds nothing secret.
    Anybody,
    /// Nobody but the owner, as ssh wants it for private keys.
    OwnerOnly,
}

/// Why a file was not read.
#[derive(Debug, Error)]
pub enum FileError {
    /// The file is not there.
    #[error("`{}` does not exist", .0.display())]
    Missing(PathBuf),
    /// Reading failed.
    #[error("`{}` cannot be read: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A directory, a pipe, a device.
    #[error("`{}` is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// Larger than any key.
    #[error("`{}` has more than {MAX_KEY_FILE} bytes, the most for a key", .0.display())]
    TooLarge(PathBuf),
    /// Others than the owner may read or change it.
    #[error("`{}` holds a secret and has mode {mode:04o}: others can open it", path.display())]
    Mode {
        /// The file or directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// The permissions that it should have.
        wanted: u32,
    },
}

impl FileError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            FileError::Mode { path, wanted, .. } => {
                Some(format!("run `chmod {wanted:03o} {}`", shell_quoted(path)))
            }
            FileError::TooLarge(_) | FileError::NotAFile(_) => Some(Hint::KeyFile.to_string()),
            FileError::Missing(_) | FileError::Io { .. } => None,
        }
    }

    /// The file is not there (and not: it cannot be read).
    pub fn is_missing(&self) -> bool {
        matches!(self, FileError::Missing(_))
    }
}

/// Reads a regular file of at most [`MAX_KEY_FILE`] bytes. The bytes are wiped when
/// they are dropped. A symbolic link is followed: people keep `~/.ssh` elsewhere.
///
/// # Errors
/// Not there, not a regular file, too large, or open to others where it must not be.
pub fn read(path: &Path, readers: Readers) -> Result<Zeroizing<Vec<u8>>, FileError> {
    let io = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            FileError::Missing(path.to_owned())
        }
        _ => FileError::Io {
            path: path.to_owned(),
            source,
        },
    };
    let file = OpenOptions::new()
        .read(true)
        // Opening a pipe that nobody writes to would wait for ever.
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .map_err(io)?;
    // Asked of the open file: the path may lead elsewhere by now.
    let meta = file.metadata().map_err(io)?;
    if !meta.is_file() {
        return Err(FileError::NotAFile(path.to_owned()));
    }
    if readers == Readers::OwnerOnly {
        check_mode(path, meta.mode(), 0o600)?;
    }
    read_from(file, path)
}

/// Reads at most [`MAX_KEY_FILE`] bytes from something that is open, as from the
/// standard input; `origin` is for messages. The bytes are wiped when they are dropped.
///
/// # Errors
/// More bytes than that, or reading fails.
pub fn read_from(source: impl io::Read, origin: &Path) -> Result<Zeroizing<Vec<u8>>, FileError> {
    // Room for everything at once: a vector that grows leaves copies behind.
    let room = usize::try_from(MAX_KEY_FILE + 1).unwrap_or(usize::MAX);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    source
        .take(MAX_KEY_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| FileError::Io {
            path: origin.to_owned(),
            source,
        })?;
    if bytes.len() == room {
        return Err(FileError::TooLarge(origin.to_owned()));
    }
    Ok(bytes)
}

/// Refuses a mode that gives group or others anything.
///
/// # Errors
/// Any bit of group or others is set.
pub fn check_mode(path: &Path, mode: u32, wanted: u32) -> Result<(), FileError> {
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(FileError::Mode {
            path: path.to_owned(),
            mode: mode & 0o7777,
            wanted,
        })
    }
}

/// A path as typed: shells leave the `~` of `--key=~/.ssh/id` alone.
pub fn from_home(text: &str, home: Option<&Path>) -> PathBuf {
    match (text.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(text),
    }
}

/// The path as a shell takes it, for commands in hints.
pub fn shell_quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%,=:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
