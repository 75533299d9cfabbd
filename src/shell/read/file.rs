//! One file, read once.

use std::cell::RefCell;
use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{FileType, Mode, OFlags, Stat};
use rustix::io::{Errno, retry_on_intr};

use crate::shell::fault::is_fault;
use crate::shell::progress;
use conex_verify::limits::MAX_FILE_SIZE;
use conex_verify::tree::{Bytes, DefectKind};

/// A file below this size is read into a buffer of the thread and copied once to
/// its place, which saves a system call; a larger one directly to its place, so
/// that the memory needed is that of the tree.
const SMALL: usize = 64 << 10;

thread_local! {
    static SPACE: RefCell<Vec<u8>> = RefCell::new(vec![0; SMALL]);
}

/// Why a file or a directory is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Whoever made the tree is at fault.
    Defect(DefectKind),
    /// The machine is.
    Fault(Errno),
}

impl From<DefectKind> for Trouble {
    fn from(kind: DefectKind) -> Trouble {
        Trouble::Defect(kind)
    }
}

/// Opens `name` in `dir`: no link is followed, and a FIFO does not block.
pub(super) fn open(dir: BorrowedFd<'_>, name: &CStr, more: OFlags) -> Result<OwnedFd, Trouble> {
    let flags = OFlags::RDONLY
        | OFlags::NOFOLLOW
        | OFlags::NONBLOCK
        | OFlags::NOCTTY
        | OFlags::CLOEXEC
        | more;
    let opened = retry_on_intr(|| rustix::fs::openat(dir, name, flags, Mode::empty()));
    opened.map_err(|errno| match errno {
        // It was a file or a directory when the directory was listed.
        Errno::LOOP | Errno::NOTDIR | Errno::NOENT | Errno::NXIO => DefectKind::Changed.into(),
        errno => unreadable(errno),
    })
}

/// The reason of the operating system: a defect, unless the machine itself fails.
pub(super) fn unreadable(errno: Errno) -> Trouble {
    if is_fault(errno) {
        return Trouble::Fault(errno);
    }
    Trouble::Defect(DefectKind::Unreadable(
        std::io::Error::from(errno).to_string(),
    ))
}

/// Whether the file or directory is as it was at `before`.
pub(super) fn unchanged(fd: BorrowedFd<'_>, before: &Stat) -> Result<(), Trouble> {
    let after = rustix::fs::fstat(fd).map_err(unreadable)?;
    if before.st_size == after.st_size
        && before.st_mtime == after.st_mtime
        && before.st_mtime_nsec == after.st_mtime_nsec
        && before.st_ctime == after.st_ctime
        && before.st_ctime_nsec == after.st_ctime_nsec
    {
        Ok(())
    } else {
        Err(DefectKind::Changed.into())
    }
}

/// Checks the permissions: `needed` for the owner; for a file no set-user-id or
/// the like, which an archive could have brought along.
#[allow(clippy::useless_conversion)] // 16 bits on some systems
pub(super) fn check_mode(stat: &Stat, needed: u32, refused: u32) -> Result<(), DefectKind> {
    let mode = u32::from(stat.st_mode) & 0o7777;
    let sane = (mode | needed) & !refused;
    if mode == sane {
        Ok(())
    } else {
        Err(DefectKind::Mode { mode, needed: sane })
    }
}

/// What the permissions of a file have to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Permissions {
    /// Its owner can write it, and it gives nobody else's rights.
    Plain,
    /// It can be read: git takes the right to write from its own files.
    Any,
}

/// Reads the file `name` in `dir`. `reserve` is asked with the size before
/// anything is read or allocated; `None` from it (the tree is too large) or from
/// here means that the bytes are not wanted.
pub(super) fn read(
    dir: BorrowedFd<'_>,
    name: &CStr,
    permissions: Permissions,
    reserve: impl FnOnce(u64) -> bool,
) -> Result<Option<Bytes>, Trouble> {
    let fd = open(dir, name, OFlags::empty())?;
    progress::tick();
    let stat = rustix::fs::fstat(&fd).map_err(unreadable)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(DefectKind::Changed.into());
    }
    #[allow(clippy::useless_conversion)] // 16 or 32 bits on some systems
    let links = u64::from(stat.st_nlink);
    if links != 1 {
        return Err(DefectKind::HardLink { links }.into());
    }
    if permissions == Permissions::Plain {
        check_mode(&stat, 0o600, 0o7000)?;
    }
    let size = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
    let Some(len) = usize::try_from(size).ok().filter(|_| size <= MAX_FILE_SIZE) else {
        return Err(DefectKind::TooLarge { size }.into());
    };
    if !reserve(size) {
        return Ok(None);
    }
    let bytes = if len < SMALL {
        SPACE.with_borrow_mut(|space| -> Result<Bytes, Trouble> {
            // One byte more than there should be is asked for: growth shows.
            let filled = fill(fd.as_fd(), &mut space[..=len])?;
            if filled == len {
                Ok(Bytes::from(&space[..len]))
            } else {
                Err(DefectKind::Changed.into())
            }
        })?
    } else {
        let mut bytes = vec![0; len];
        if fill(fd.as_fd(), &mut bytes)? != len || fill(fd.as_fd(), &mut [0])? != 0 {
            return Err(DefectKind::Changed.into());
        }
        bytes.into()
    };
    unchanged(fd.as_fd(), &stat)?;
    Ok(Some(bytes))
}

/// Reads until `space` is full or the file ends.
fn fill(fd: BorrowedFd<'_>, space: &mut [u8]) -> Result<usize, Trouble> {
    let mut filled = 0;
    while filled < space.len() {
        let wanted = space.len() - filled;
        match rustix::io::read(fd, &mut space[filled..]) {
            Ok(0) => break,
            Ok(n) => {
                filled += n;
                // A read of a regular file is only short at its end.
                if n < wanted {
                    break;
                }
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(unreadable(errno)),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_that_changes_while_it_is_read_is_noticed() {
        // The question how much room there is comes between the two looks at the file.
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let opened = fs::File::open(dir.path()).unwrap();
        let changed = Err(Trouble::Defect(DefectKind::Changed));
        for (before, during) in [("abc", "abcd"), ("abc", "ab"), ("abc", ""), ("", "x")] {
            fs::write(&path, before).unwrap();
            let result = read(opened.as_fd(), c"f", Permissions::Plain, |_| {
                fs::write(&path, during).unwrap();
                true
            });
            assert_eq!(result, changed, "{before} {during}");
        }
        // The same size, a later time: times of files are as coarse as the kernel's clock.
        fs::write(&path, "abc").unwrap();
        let result = read(opened.as_fd(), c"f", Permissions::Plain, |_| {
            std::thread::sleep(std::time::Duration::from_millis(50));
            fs::write(&path, "xyz").unwrap();
            true
        });
        assert_eq!(result, changed);
        // A large file is read directly.
        fs::write(&path, vec![1; SMALL * 2]).unwrap();
        let result = read(opened.as_fd(), c"f", Permissions::Plain, |_| {
            fs::write(&path, vec![1; SMALL * 2 + 1]).unwrap();
            true
        });
        assert_eq!(result, changed);
    }
}
