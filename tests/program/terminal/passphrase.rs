//! The passphrase is asked for on the terminal, without echo, and the echo comes back
//! whatever happens.

use std::process::{Command, Stdio};

use crate::machine::{Machine, err};
use crate::terminal::pty::{CTRL_C, Session, conex};

/// A new key of `ann` with the passphrase `secret`, typed twice.
fn with_key() -> Machine {
    let machine = Machine::new();
    let mut session = conex(&machine, &["key", "new", "ann"]);
    session
        .expect("Passphrase for the new key of `ann`")
        .expect(": ");
    session.wait_for_echo(false).send("secret\r");
    session.expect("again").expect(": ");
    session.wait_for_echo(false).send("secret\r");
    session.wait_for_echo(true);
    let (said, status) = session.end();
    assert!(status.success(), "{said}");
    assert!(!said.contains("secret"), "{said}");
    machine
}

fn signs(machine: &Machine) -> Session {
    let mut session = conex(machine, &["join", "bob", "--as", "bob"]);
    session.expect("Passphrase for the key");
    session.wait_for_echo(false);
    session
}

/// `bob` has a key with the passphrase `secret`, and a repository to join.
fn with_repository() -> Machine {
    let machine = Machine::new().with_janitor();
    let mut session = conex(&machine, &["key", "new", "bob"]);
    for _ in 0..2 {
        session.expect("Passphrase for").expect(": ");
        session.wait_for_echo(false).send("secret\r");
    }
    let (said, status) = session.end();
    assert!(status.success(), "{said}");
    machine
}

#[test]
fn a_new_passphrase_is_asked_twice() {
    let machine = with_key();
    let output = machine.ok(&["key", "list"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("encrypted") && !text.contains("not encrypted"),
        "{text}"
    );

    // Typed differently: nothing is made.
    let machine = Machine::new();
    let mut session = conex(&machine, &["key", "new", "ann"]);
    session.expect(": ").wait_for_echo(false).send("secret\r");
    session.expect("again: ");
    session.wait_for_echo(false).send("secert\r");
    let (said, status) = session.end();
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(said.contains("the two passphrases differ"), "{said}");
    assert!(!machine.path("conex/keys/ann").exists());

    // Empty, twice: not encrypted, as the question says.
    let mut session = conex(&machine, &["key", "new", "ann"]);
    session.expect("(empty for none): ");
    session.wait_for_echo(false).send("\r");
    session.expect("again: ");
    session.wait_for_echo(false).send("\r");
    let (said, status) = session.end();
    assert!(status.success(), "{said}");
    let output = machine.ok(&["key", "list"]);
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("not encrypted")
    );
}

#[test]
fn right_wrong_and_empty_passphrases() {
    let machine = with_repository();
    let before = machine.files("repo");
    // Three times wrong, one of them empty: nothing is written.
    let mut session = signs(&machine);
    session.send("wrong\r").expect("does not open it");
    session.expect("Passphrase for").expect(": ");
    session.wait_for_echo(false).send("\r");
    session
        .expect("does not open it")
        .expect("Passphrase for")
        .expect(": ");
    session.wait_for_echo(false).send("again wrong\r");
    session.wait_for_echo(true);
    let (said, status) = session.end();
    assert_eq!(status.code(), Some(2), "{said}");
    assert!(
        said.contains("the passphrase does not open the private key"),
        "{said}"
    );
    assert_eq!(before, machine.files("repo"));
    // Wrong, then right, with a mistake that is corrected.
    let mut session = signs(&machine);
    session.send("wrong\r").expect("does not open it");
    session.expect("Passphrase for").expect(": ");
    session.wait_for_echo(false).send("secrex\x7ft\r");
    session.expect("Wrote").wait_for_echo(true);
    let (said, status) = session.end();
    assert!(status.success(), "{said}");
    assert!(!said.contains("secre"), "{said}");
    assert_ne!(before, machine.files("repo"));
}

/// Ctrl-C and `kill` at the question: nothing is written, and what is typed afterwards is seen.
#[test]
fn the_echo_comes_back_after_an_interruption() {
    let machine = with_repository();
    let before = machine.files("repo");
    let session = {
        let mut session = signs(&machine);
        session.send(CTRL_C).wait_for_echo(true);
        session
    };
    ended_by(session, 2);
    for (name, number) in [("INT", 2), ("TERM", 15), ("HUP", 1)] {
        let mut session = signs(&machine);
        let pid = session.pid().to_string();
        let killed = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(killed.unwrap().success());
        session.wait_for_echo(true);
        ended_by(session, number);
    }
    // Ctrl-D: no answer.
    let mut session = signs(&machine);
    session.send("\x04").wait_for_echo(true);
    let (said, status) = session.end();
    assert_eq!(status.code(), Some(2), "{said}");
    assert_eq!(before, machine.files("repo"));
}

/// `setsid` ends with 128 and the number of the signal, as shells do, or is the program.
fn ended_by(session: Session, signal: i32) {
    use std::os::unix::process::ExitStatusExt as _;
    let (said, status) = session.end();
    let by = status.signal() == Some(signal) || status.code() == Some(128 + signal);
    assert!(by, "{status}: {said}");
    assert!(!said.contains("error: "), "{said}");
}

/// Nobody is asked who is not there; the message says what to do.
#[test]
fn without_a_terminal_it_says_what_to_do() {
    let machine = with_repository();
    let mut command = Command::new("setsid");
    machine.adapt(&mut command);
    let output = command
        .args(["--wait", crate::machine::CONEX, "join", "bob"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = err(&output);
    assert!(said.contains("no terminal to ask on"), "{said}");
    assert!(
        said.contains("hint: ") && said.contains("ssh-add"),
        "{said}"
    );
}

/// After a passphrase was typed, Ctrl-C at the next question still ends the program.
#[test]
fn ctrl_c_works_after_a_passphrase() {
    let machine = with_repository();
    let mut session = signs(&machine);
    session.send("secret\r").expect("Wrote");
    assert!(session.end().1.success());
    machine.ok(&["owner", "add", "bob", "logs"]);
    let before = machine.files("repo");
    let mut session = conex(&machine, &["sign", "--as", "bob"]);
    session.expect("Passphrase for");
    session.wait_for_echo(false).send("secret\r");
    session.expect("Sign? [y/N] ").send(CTRL_C);
    ended_by(session, 2);
    let mut written = machine.files("repo");
    written.retain(|path, bytes| before.get(path) != Some(bytes));
    assert_eq!(written.len(), 0);
}
