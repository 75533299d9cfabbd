//! One line for a person who waits: what is done, and how far it is.
//!
//! It is shown after half a second, on a terminal alone, and erased at the end. It uses
//! nothing but a carriage return and blanks, so that every terminal can show it. It is
//! off until a command line that has a use for it turns it on: the hook never does,
//! since opam draws a line of its own there.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::out::say;
use conex_verify::words::plural;

/// Nobody wonders about a shorter wait.
const PATIENCE: Duration = Duration::from_millis(500);

/// How often the number is renewed.
const RENEWED: Duration = Duration::from_millis(100);

/// Whether anybody watches.
static ON: AtomicBool = AtomicBool::new(false);

/// Files that were read or written since the last [`start`].
static FILES: AtomicUsize = AtomicUsize::new(0);

/// The length of the line that is shown; 0 if none is.
static SHOWN: AtomicUsize = AtomicUsize::new(0);

/// Turns it on, if standard error is a terminal that a person looks at: not one that
/// cannot go back to the start of a line, nor the log of a job.
pub fn enable() {
    let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    ON.store(
        std::io::stderr().is_terminal() && !dumb && !set("CI"),
        Ordering::Relaxed,
    );
}

/// One more file was read or written.
pub fn tick() {
    FILES.fetch_add(1, Ordering::Relaxed);
}

/// Work that may take long; the line is erased when this goes.
#[derive(Debug)]
pub struct Progress(Option<(Sender<()>, JoinHandle<()>)>);

/// Starts work on files, as `reading`.
pub fn start(what: &'static str) -> Progress {
    FILES.store(0, Ordering::Relaxed);
    if !ON.load(Ordering::Relaxed) {
        return Progress(None);
    }
    let (done, wait) = channel();
    let thread = std::thread::Builder::new().spawn(move || {
        let mut pause = PATIENCE;
        while wait.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
            show(what, FILES.load(Ordering::Relaxed));
            pause = RENEWED;
        }
        clear();
    });
    // Without a thread there is no line.
    Progress(thread.ok().map(|thread| (done, thread)))
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((done, thread)) = self.0.take() {
            drop(done);
            let _ = thread.join();
        }
    }
}

fn show(what: &str, files: usize) {
    let line = format!("{what} {} {}", thousands(files), plural(files, "file"));
    // A number that starts anew must not leave digits behind.
    let width = SHOWN.load(Ordering::Relaxed).max(line.len());
    say!("\r{line:<width$}");
    SHOWN.store(width, Ordering::Relaxed);
}

/// Erases the line, if there is one.
pub fn clear() {
    let width = SHOWN.swap(0, Ordering::Relaxed);
    if width > 0 {
        say!("\r{:width$}\r", "");
    }
}

/// A number with its digits in groups of three: `1,234,567`.
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(thousands(n), text);
        }
    }
}
