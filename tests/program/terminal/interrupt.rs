//! Ctrl-C and `kill`: at the question, and in the middle of writing thousands of files.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::machine::{CONEX, Machine, out};
use crate::terminal::pty::{CTRL_C, conex};

#[test]
fn nothing_is_written_after_ctrl_c_at_the_question() {
    let machine = Machine::new().with_janitor();
    let before = machine.files("repo");
    let mut session = conex(&machine, &["approve"]);
    session.expect("`ann` gets `fmt`").expect("Sign? [y/N] ");
    session.send(CTRL_C);
    let (said, status) = session.end();
    assert!(
        status.signal() == Some(2) || status.code() == Some(130),
        "{status}: {said}"
    );
    assert_eq!(before, machine.files("repo"));
    // No, and nothing at all, are no.
    for answer in ["n\r", "\r", "yess\r", "\x04"] {
        let mut session = conex(&machine, &["approve"]);
        session.expect("Sign? [y/N] ").send(answer);
        let (said, status) = session.end();
        assert!(said.contains("Nothing was signed."), "{said}");
        assert!(status.success());
        assert_eq!(before, machine.files("repo"));
    }
    let mut session = conex(&machine, &["approve"]);
    session
        .expect("Sign? [y/N] ")
        .send("y\r")
        .expect("Wrote 1 file.");
    let (_, status) = session.end();
    assert!(status.success());
    assert_ne!(before, machine.files("repo"));
}

/// A question that nobody sees, or can answer, is not asked.
#[test]
fn questions_are_asked_on_a_terminal_alone() {
    let machine = Machine::new().with_janitor();
    let before = machine.files("repo");
    let output = machine.conex(&["approve"]);
    assert_eq!(output.status.code(), Some(2));
    let said = crate::machine::err(&output);
    assert!(
        said.contains("nobody to ask") && said.contains("--yes"),
        "{said}"
    );
    // On a terminal, but what it says goes into a file.
    let line = format!("{CONEX} approve 2> {}", machine.path("log").display());
    let session =
        crate::terminal::pty::spawn("sh", &["-c", &line], |command| machine.adapt(command));
    let (_, status) = session.end();
    assert_eq!(status.code(), Some(2));
    assert_eq!(before, machine.files("repo"));
}

/// A repository with many releases of a package of `ann`, not signed yet.
fn large() -> Machine {
    let machine = Machine::new().with_janitor();
    let opam = fs::read(machine.path("repo/packages/fmt/fmt.0.9.0/opam")).unwrap();
    for n in 0..800 {
        let dir = machine.path(&format!("repo/packages/fmt/fmt.9.{n}"));
        fs::create_dir(&dir).unwrap();
        let text = String::from_utf8_lossy(&opam);
        let text: Vec<&str> = text
            .lines()
            .filter(|l| !l.starts_with("version:"))
            .collect();
        fs::write(dir.join("opam"), text.join("\n") + "\n").unwrap();
    }
    machine.ok(&["approve", "--yes"]);
    machine
}

/// The files that conex wrote, by their names below the repository.
fn written(machine: &Machine) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = machine.files("repo");
    files.retain(|path, _| !path.ends_with("opam"));
    files
}

fn start(machine: &Machine) -> std::process::Child {
    // Whoever runs the tests under `nohup` or in the background has signals ignored.
    let mut command = Command::new("env");
    machine.adapt(&mut command);
    command
        .args(["--default-signal=HUP,INT,TERM", CONEX, "sign", "--yes"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until the first files of a change are there.
fn wait_for_first(machine: &Machine) {
    let end = Instant::now() + Duration::from_secs(60);
    let first = machine.path("repo/packages/fmt/fmt.0.10.0/checksum");
    while !first.exists() {
        assert!(Instant::now() < end, "nothing is written");
        std::thread::sleep(Duration::from_micros(200));
    }
}

fn kill(child: &std::process::Child, signal: Signal) {
    // It may have ended already: it is not waited for yet, so the number is still its own.
    let _ = kill_process(Pid::from_child(child), signal);
}

fn valid(machine: &Machine) -> bool {
    let anchors = out(&machine.ok(&["anchors"]));
    let verify = [
        "verify",
        "--dir",
        ".",
        "--nostrict",
        "--quorum",
        "1",
        "--anchors",
    ];
    machine
        .conex(&[&verify[..], &[anchors.trim()]].concat())
        .status
        .success()
}

/// One signal in the middle: the change is finished, and then the program ends by it.
#[test]
fn a_change_is_finished_when_a_signal_comes() {
    for signal in [Signal::INT, Signal::TERM] {
        // On a busy machine the signal may come when all is over.
        let in_the_middle = (0..10).any(|_| {
            let machine = large();
            let mut child = start(&machine);
            wait_for_first(&machine);
            kill(&child, signal);
            let status = child.wait().unwrap();
            let checksums = written(&machine);
            let count = checksums.keys().filter(|p| p.ends_with("checksum")).count();
            assert_eq!(count, 802);
            assert!(valid(&machine), "all of it is there, the signature too");
            assert!(status.success() || status.signal() == Some(signal.as_raw()));
            !status.success()
        });
        assert!(in_the_middle);
    }
}

/// User story: `nohup conex sign --yes &`. What is ignored stays ignored.
#[test]
fn a_signal_that_is_ignored_stays_so() {
    let machine = large();
    let mut command = Command::new("sh");
    machine.adapt(&mut command);
    let line = format!("trap '' HUP INT; exec {CONEX} sign --yes");
    let mut child = command
        .args(["-c", &line])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for_first(&machine);
    kill(&child, Signal::HUP);
    kill(&child, Signal::INT);
    assert!(child.wait().unwrap().success());
    assert!(valid(&machine));
}

/// Two signals, and `kill -9`: no file is a part of one, and the same command goes on.
#[test]
fn a_change_that_is_broken_off_can_be_repeated() {
    let machine = large();
    let before = machine.files("repo");
    let mut child = start(&machine);
    assert!(child.wait().unwrap().success());
    let whole = written(&machine);
    assert!(valid(&machine));
    let mut broken_off = 0;
    for (round, signals) in [
        &[Signal::TERM, Signal::TERM][..],
        &[Signal::KILL],
        &[Signal::INT, Signal::TERM],
        &[Signal::KILL],
    ]
    .into_iter()
    .enumerate()
    {
        for path in machine
            .files("repo")
            .keys()
            .filter(|p| !before.contains_key(*p))
        {
            fs::remove_file(path).unwrap();
        }
        for (path, bytes) in &before {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let mut child = start(&machine);
        wait_for_first(&machine);
        std::thread::sleep(Duration::from_millis(u64::try_from(round).unwrap()));
        for signal in signals {
            kill(&child, *signal);
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = child.wait().unwrap();
        let mut left = 0;
        for (path, bytes) in written(&machine) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with(".conex-") {
                assert_eq!(*signals, [Signal::KILL], "left behind: {name}");
                fs::remove_file(&path).unwrap();
                left += 1;
            } else if before.get(&path) != Some(&bytes) && !path.ends_with("index") {
                assert_eq!(whole.get(&path), Some(&bytes), "{}", path.display());
            }
        }
        assert!(left <= 1, "{left} files with a name of their own");
        broken_off += usize::from(written(&machine).len() < whole.len());
        let mut child = start(&machine);
        assert!(child.wait().unwrap().success());
        assert!(valid(&machine));
        let checksums = |files: &BTreeMap<PathBuf, Vec<u8>>| {
            files.keys().filter(|p| p.ends_with("checksum")).count()
        };
        assert_eq!(checksums(&written(&machine)), checksums(&whole));
    }
    println!("{broken_off} of 4 were broken off in the middle");
}
