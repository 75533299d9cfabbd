//! A program on a pseudo-terminal of its own, as a person has it before them.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::machine::{CONEX, Machine};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

/// Longer than anything takes on a busy machine.
const LONG: Duration = Duration::from_secs(60);

pub const CTRL_C: &[u8] = b"\x03";

/// Runs `conex` on a terminal.
pub fn conex(machine: &Machine, args: &[&str]) -> Session {
    spawn(CONEX, args, |command| machine.adapt(command))
}

/// The person's side of a terminal, and the program on the other one.
pub struct Session {
    master: File,
    /// Kept open, so that the settings of the terminal outlive the program.
    slave: File,
    child: Child,
    output: Receiver<Vec<u8>>,
    seen: String,
    /// Up to where the output was looked at.
    read: usize,
}

/// Runs a command on a new terminal that controls it: Ctrl-C is a signal there.
/// `setsid` (util-linux) makes it so, which Rust alone cannot without `unsafe`.
pub fn spawn(program: &str, args: &[&str], adapt: impl FnOnce(&mut Command)) -> Session {
    spawn_at(80, program, args, adapt)
}

/// The same on a terminal of so many columns.
pub fn spawn_at(
    columns: u16,
    program: &str,
    args: &[&str],
    adapt: impl FnOnce(&mut Command),
) -> Session {
    let master: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let size = Winsize {
        ws_row: 24,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&master, size).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let path = PathBuf::from(name.into_string().unwrap());
    let slave = OpenOptions::new()
        .read(true)
        .write(true)
        // Not the terminal of the test itself.
        .custom_flags(rustix::fs::OFlags::NOCTTY.bits().cast_signed())
        .open(path)
        .unwrap();
    let side = || Stdio::from(slave.try_clone().unwrap());
    let mut command = Command::new("setsid");
    // Whoever runs the tests under `nohup` or in the background has signals ignored.
    let defaults = ["env", "--default-signal=HUP,INT,TERM", program];
    command.args(["--ctty", "--wait"]).args(defaults).args(args);
    command.stdin(side()).stdout(side()).stderr(side());
    command.env("TERM", "xterm").env_remove("CI");
    adapt(&mut command);
    let child = command.spawn().unwrap();
    drop(command);
    let master = File::from(master);
    let (send, output) = channel();
    let mut from = master.try_clone().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n) = from.read(&mut buffer) {
            if n == 0 || send.send(buffer[..n].to_vec()).is_err() {
                break;
            }
        }
    });
    Session {
        master,
        slave,
        child,
        output,
        seen: String::new(),
        read: 0,
    }
}

impl Session {
    /// Waits until the program has printed this, after what was waited for before.
    pub fn expect(&mut self, text: &str) -> &mut Session {
        let end = Instant::now() + LONG;
        loop {
            if let Some(at) = self.seen[self.read..].find(text) {
                self.read += at + text.len();
                return self;
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.seen += &String::from_utf8_lossy(&bytes),
                Err(_) => panic!("expected {text:?} after {:?}", self.seen),
            }
        }
    }

    /// Types.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Session {
        self.master.write_all(bytes.as_ref()).unwrap();
        self
    }

    /// Whether the terminal shows what is typed.
    pub fn echoes(&self) -> bool {
        let modes = tcgetattr(&self.slave).unwrap().local_modes;
        modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
    }

    /// Waits until it shows, or does not show, what is typed.
    pub fn wait_for_echo(&mut self, echo: bool) -> &mut Session {
        let end = Instant::now() + LONG;
        while self.echoes() != echo {
            assert!(Instant::now() < end, "echo is {}: {:?}", !echo, self.seen);
            std::thread::sleep(Duration::from_millis(5));
        }
        self
    }

    /// The process number of the program, which is the child of `setsid` or that itself.
    pub fn pid(&self) -> u32 {
        let own = self.child.id();
        let children = format!("/proc/{own}/task/{own}/children");
        let listed = std::fs::read_to_string(children).unwrap_or_default();
        let first = listed.split_whitespace().next();
        first.map_or(own, |pid| pid.parse().unwrap())
    }

    /// Everything that was printed, and how it ended.
    pub fn end(mut self) -> (String, ExitStatus) {
        let end = Instant::now() + LONG;
        let status = loop {
            // Whoever prints much waits for somebody who reads.
            while let Ok(bytes) = self.output.try_recv() {
                self.seen += &String::from_utf8_lossy(&bytes);
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > end {
                let _ = self.child.kill();
                panic!("still running after {:?}", self.seen);
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(100)) {
            self.seen += &String::from_utf8_lossy(&bytes);
        }
        assert!(!self.seen.contains("panicked"), "{}", self.seen);
        (std::mem::take(&mut self.seen), status)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
