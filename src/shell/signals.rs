//! Ctrl-C and `kill`: nothing stays half-written, and no terminal without its echo.
//!
//! A signal that ends a program ends this one as well, at once, but for two moments.
//! While the files of a change are written the change is finished first, which takes
//! less than a second; a second signal stops between two files. While a passphrase is
//! read the terminal gets its echo back first.
//!
//! Nothing is installed before the first such moment: `conex verify` has none.

use std::fs::OpenOptions;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::out::sayln;
use super::progress;

/// What a signal finds.
struct Moment {
    /// The terminal that asks for a passphrase, and how it was before.
    terminal: Option<(OwnedFd, Termios)>,
    /// Whether a change is being written.
    writing: bool,
    /// The signal that came meanwhile.
    seen: Option<i32>,
}

static MOMENT: Mutex<Moment> = Mutex::new(Moment {
    terminal: None,
    writing: false,
    seen: None,
});

/// Whether to stop between two files.
static STOP: AtomicBool = AtomicBool::new(false);

fn moment() -> MutexGuard<'static, Moment> {
    MOMENT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the thread that gets the signals, once. Where that cannot be done, signals do
/// what they always do.
fn watch() {
    static WATCHED: OnceLock<()> = OnceLock::new();
    WATCHED.get_or_init(|| {
        let ignored = ignored();
        let wanted = [SIGINT, SIGTERM, SIGHUP]
            .into_iter()
            .filter(|signal| ignored >> (signal - 1) & 1 == 0);
        let Ok(mut signals) = Signals::new(wanted) else {
            return;
        };
        // Without a thread the signals would go unheard: they are given back.
        let handle = signals.handle();
        let thread = std::thread::Builder::new().spawn(move || {
            for signal in signals.forever() {
                arrived(signal);
            }
        });
        if thread.is_err() {
            handle.close();
        }
    });
}

/// The signals that whoever started the program told it to ignore (`nohup`), as the
/// bits of a mask; see proc_pid_status(5).
fn ignored() -> u64 {
    std::fs::read_to_string("/proc/self/status")
        .ok()
        .and_then(|text| {
            let line = text.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
            u64::from_str_radix(line.trim(), 16).ok()
        })
        .unwrap_or(0)
}

fn arrived(signal: i32) {
    let mut moment = moment();
    if moment.writing {
        if moment.seen.replace(signal).is_some() {
            STOP.store(true, Ordering::Relaxed);
        } else {
            progress::clear();
            sayln!("interrupted: what is being written is finished first; once more stops at once");
        }
        return;
    }
    end(&moment, signal);
}

fn end(moment: &Moment, signal: i32) {
    if let Some((terminal, before)) = &moment.terminal {
        let _ = tcsetattr(terminal, OptionalActions::Now, before);
    }
    progress::clear();
    let _ = emulate_default_handler(signal);
}

/// While this lives, a change is being written. When it goes, a signal that came
/// meanwhile does what it does.
#[derive(Debug)]
pub struct Writing(());

/// From now on a change is being written.
pub fn writing() -> Writing {
    watch();
    moment().writing = true;
    Writing(())
}

/// Whether somebody wants to stop although a change is being written.
pub fn stop() -> bool {
    STOP.load(Ordering::Relaxed)
}

impl Drop for Writing {
    fn drop(&mut self) {
        let mut moment = moment();
        moment.writing = false;
        if let Some(signal) = moment.seen.take() {
            end(&moment, signal);
        }
    }
}

/// While this lives, a passphrase is being read.
#[derive(Debug)]
pub struct Prompting(());

/// From now on a passphrase is read from the terminal.
pub fn prompting() -> Prompting {
    watch();
    let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty");
    moment().terminal = terminal.ok().and_then(|file| {
        let before = tcgetattr(&file).ok()?;
        Some((file.into(), before))
    });
    Prompting(())
}

impl Prompting {
    /// The person pressed Ctrl-C: the program ends as it does elsewhere.
    pub fn interrupted(&self) {
        end(&moment(), SIGINT);
    }
}

impl Drop for Prompting {
    fn drop(&mut self) {
        moment().terminal = None;
    }
}
