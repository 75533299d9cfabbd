//! Errors of the machine, for which nobody who serves a repository is to blame.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use thiserror::Error;

/// What a machine does that has run out of something, or whose disk fails. Whatever was asked
/// for is not decided then.
#[derive(Debug, Error)]
#[error("cannot decide: `{}` cannot be read: {source}", path.display())]
pub struct Fault {
    /// What was being read.
    pub path: PathBuf,
    /// What the operating system says.
    pub source: io::Error,
}

/// The errors that a machine makes of itself, whatever is in the file.
const OF_THE_MACHINE: [Errno; 5] = [
    Errno::MFILE,
    Errno::NFILE,
    Errno::NOMEM,
    Errno::NOBUFS,
    Errno::IO,
];

/// Whether the machine is at fault.
pub fn is_fault(errno: Errno) -> bool {
    OF_THE_MACHINE.contains(&errno)
}

impl Fault {
    /// The fault, if the machine is at fault.
    pub fn of(path: &Path, error: &io::Error) -> Option<Fault> {
        let errno = Errno::from_io_error(error)?;
        is_fault(errno).then(|| Fault {
            path: path.to_owned(),
            source: errno.into(),
        })
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match Errno::from_io_error(&self.source) {
            Some(Errno::MFILE | Errno::NFILE) => {
                "this is no fault of the repository: too many files are open; close programs or raise the limit (`ulimit -n`), and try again"
            }
            Some(Errno::IO) => {
                "this is no fault of the repository: a disk or its cable fails; the log of the system says more (`dmesg`)"
            }
            _ => {
                "this is no fault of the repository: the machine is out of memory; close programs, and try again"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_not_at_fault_for_what_is_in_a_repository() {
        let fault = |errno: Errno| Fault::of(Path::new("a"), &errno.into()).is_some();
        for errno in OF_THE_MACHINE {
            assert!(fault(errno), "{errno}");
        }
        for errno in [Errno::ACCESS, Errno::NOENT, Errno::LOOP, Errno::NAMETOOLONG] {
            assert!(!fault(errno), "{errno}");
        }
        assert!(Fault::of(Path::new("a"), &io::Error::other("no number")).is_none());
    }
}
