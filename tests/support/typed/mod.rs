//! Commands as people type them, run one after the other in one shell: shared by
//! `tests/book/transcript.rs` and `tests/book/book.rs`.

// Each test uses its part of this.

#![allow(clippy::disallowed_methods)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

pub const CONEX: &str = env!("CARGO_BIN_EXE_conex");

/// How long a shell may print nothing: far longer than any command takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a person looks at a question.
const BEFORE_TYPING: Duration = Duration::from_millis(100);

/// Stands before and behind a command's output. No command prints it.
const MARK: &str = "\u{1}step";

pub fn top(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Copies a directory of plain files.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What came of one command.
#[derive(Debug)]
pub struct Came {
    /// Standard output and standard error, as they came.
    pub output: String,
    pub status: i32,
}

/// A script that runs the commands, each between two marks with its exit status in the
/// second. A command ends with its line, so there may be a comment behind it.
pub fn script<'a>(commands: impl IntoIterator<Item = &'a str>) -> String {
    let mut script = String::new();
    for command in commands {
        script +=
            &format!("printf '\\001step\\n'\n{{\n{command}\n}} 2>&1\nprintf '\\001step%d\\n' $?\n");
    }
    script
}

/// Takes the output of such a script apart: what came of each command that began.
pub fn came(output: &str) -> Vec<Came> {
    let mut all = Vec::new();
    let mut rest = output;
    while let Some((_, after)) = rest.split_once(&format!("{MARK}\n")) {
        let (output, after) = after.split_once(MARK).unwrap_or((after, "-1\n"));
        let (status, after) = after.split_once('\n').unwrap_or((after, ""));
        all.push(Came {
            output: output.to_owned(),
            status: status.parse().unwrap_or(-1),
        });
        rest = after;
    }
    all
}

/// Adds the built `conex` to the program's search path, and takes everything else of
/// the machine's environment away.
pub fn isolated(program: &str, dir: &Path) -> Command {
    let path = std::env::var("PATH").unwrap();
    let conex = Path::new(CONEX).parent().unwrap().display();
    let mut command = Command::new(program);
    command
        .current_dir(dir)
        .env_clear()
        .env("PATH", format!("{conex}:{path}"))
        .env("HOME", dir)
        .env("TMPDIR", dir)
        .env("LC_ALL", "C");
    command
}

/// Runs a shell with nobody to ask, and gives what it printed.
pub fn unattended(mut shell: Command) -> (String, ExitStatus) {
    let output = shell.stdin(Stdio::null()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status)
}

/// A question of a program, and what a person answers.
pub type Answer<'a> = (&'a str, &'a str);

/// Runs a shell on a terminal, at which somebody sits and answers: `shell` is util-linux's
/// `script`, told to run it. A question is the end of what was printed so far.
pub fn attended(mut shell: Command, answers: &[Answer<'_>]) -> (String, ExitStatus) {
    let mut child = shell
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut keyboard = child.stdin.take().unwrap();
    let mut screen = child.stdout.take().unwrap();
    let (send, receive) = channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(n @ 1..) = screen.read(&mut buffer) {
            if send.send(buffer[..n].to_vec()).is_err() {
                break;
            }
        }
    });
    let mut bytes = Vec::new();
    let mut answered = 0;
    loop {
        match receive.recv_timeout(PATIENCE) {
            Ok(more) => bytes.extend(more),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                gone(child, keyboard);
                panic!("nothing happens any more after\n{text}");
            }
        }
        if let Some(answer) = answer(&bytes[answered..], answers) {
            answered = bytes.len();
            // A program that is about to hide what is typed needs a moment to do it.
            std::thread::sleep(BEFORE_TYPING);
            keyboard.write_all(answer.as_bytes()).unwrap();
            keyboard.flush().unwrap();
        }
    }
    drop(keyboard);
    let status = child.wait().unwrap();
    (plain(&String::from_utf8_lossy(&bytes)), status)
}

fn gone(mut child: Child, keyboard: ChildStdin) {
    drop(keyboard);
    let _ = child.kill();
    let _ = child.wait();
}

fn answer<'a>(printed: &[u8], answers: &[Answer<'a>]) -> Option<&'a str> {
    let text = plain(&String::from_utf8_lossy(printed));
    let line = text.rsplit('\n').next()?;
    let (_, answer) = answers
        .iter()
        .find(|(question, _)| line.contains(question) && line.ends_with([' ', ':']))?;
    Some(answer)
}

/// What stays on the screen: progress is written over by what follows it.
fn plain(text: &str) -> String {
    let mut lines = String::new();
    for line in text.split_inclusive('\n') {
        let text = line.trim_end_matches(['\r', '\n']);
        lines.push_str(text.rsplit('\r').next().unwrap_or(text));
        if line.ends_with('\n') {
            lines.push('\n');
        }
    }
    lines
}
