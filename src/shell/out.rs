//! Printing that never fails: a reader that went away (`conex status | head`) or a
//! full disk is no reason to panic, and changes no verdict.
//!
//! [`outln`] and [`sayln`] are for people: at a terminal a line is broken at its width. What is
//! copied or read by a program goes out as it is, by one of the others.

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
        let _ = writeln!(std::io::stdout().lock(), $($arg)*);
    }};
}

/// Like `print!`, to standard output.
macro_rules! out {
    ($($arg:tt)*) => {{
        use std::io::Write as _;
        let _ = write!(std::io::stdout().lock(), $($arg)*);
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
