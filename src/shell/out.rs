//! Printing that never panics. A reader that went away (`conex status | head`) has what it wanted.
//! Where standard output cannot be written, as on a full disk, what was asked for is lost: the
//! command ends as one that failed ([`finished`]).
//!
//! [`outln`] and [`sayln`] are for people: at a terminal a line is broken at its width. What is
//! copied or read by a program goes out as it is, by one of the others.

use std::io::{self, ErrorKind, Write as _};
use std::sync::OnceLock;

/// Why the first of what was to go to standard output did not.
static LOST: OnceLock<String> = OnceLock::new();

/// Remembers that something was lost.
pub(crate) fn noted(written: io::Result<()>) {
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        let _ = LOST.set(error.to_string());
    }
}

/// Whether all that was printed went out.
///
/// # Errors
/// It did not, for this reason.
pub(crate) fn finished() -> Result<(), &'static str> {
    noted(io::stdout().flush());
    LOST.get().map_or(Ok(()), |why| Err(why))
}

/// Lines for people, to standard output.
macro_rules! outln {
    ($($arg:tt)*) => {{
        let width = $crate::shell::report::width_of(&std::io::stdout());
        let text = $crate::shell::report::prose(&format!($($arg)*), width);
        $crate::shell::out::raw_outln!("{text}");
    }};
}

/// Like `println!`, to standard output: commands, keys, what programs read.
macro_rules! raw_outln {
    ($($arg:tt)*) => {{
        use std::io::Write as _;
        $crate::shell::out::noted(writeln!(std::io::stdout().lock(), $($arg)*));
    }};
}

/// Like `print!`, to standard output.
macro_rules! out {
    ($($arg:tt)*) => {{
        use std::io::Write as _;
        $crate::shell::out::noted(write!(std::io::stdout().lock(), $($arg)*));
    }};
}

/// Lines for people, to standard error.
macro_rules! sayln {
    ($($arg:tt)*) => {{
        let width = $crate::shell::report::width_of(&std::io::stderr());
        let text = $crate::shell::report::prose(&format!($($arg)*), width);
        $crate::shell::out::raw_sayln!("{text}");
    }};
}

/// Like `eprintln!`, to standard error: commands, keys, what is broken into lines already.
macro_rules! raw_sayln {
    ($($arg:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr().lock(), $($arg)*);
    }};
}

/// Like `eprint!`, to standard error.
macro_rules! say {
    ($($arg:tt)*) => {{
        use std::io::Write as _;
        let _ = write!(std::io::stderr().lock(), $($arg)*);
    }};
}

pub(crate) use {out, outln, raw_outln, raw_sayln, say, sayln};
