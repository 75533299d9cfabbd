//! A person who waits sees how far the work is; nobody and nothing else does.

use std::process::{Command, Stdio};

use crate::machine::{CONEX, Machine, err, oracle, out};
use crate::terminal::pty::spawn;

/// A slow disk: `strace` holds up every file that is opened.
const SLOW: [&str; 7] = [
    "-f",
    "-qq",
    "-o",
    "/dev/null",
    "-e",
    "trace=openat",
    "--inject=openat:delay_enter=60000",
];

fn slow(machine: &Machine, args: &[&str], adapt: impl FnOnce(&mut Command)) -> String {
    let all = [&SLOW[..], &[CONEX], args].concat();
    let session = spawn("strace", &all, |command| {
        machine.adapt(command);
        adapt(command);
    });
    session.end().0
}

/// What a terminal shows in the end: a carriage return goes back to the start of the line.
fn shown(said: &str) -> String {
    let mut screen: Vec<Vec<char>> = vec![Vec::new()];
    let mut column = 0;
    for c in said.chars() {
        match c {
            '\r' => column = 0,
            '\n' => {
                screen.push(Vec::new());
                column = 0;
            }
            c => {
                let line = screen.last_mut().unwrap();
                if column < line.len() {
                    line[column] = c;
                } else {
                    line.push(c);
                }
                column += 1;
            }
        }
    }
    let lines: Vec<String> = screen
        .into_iter()
        .map(|line| line.into_iter().collect::<String>().trim_end().to_owned())
        .collect();
    lines.join("\n")
}

#[test]
fn a_person_who_waits_sees_how_far_it_is() {
    if !oracle("strace") {
        return;
    }
    let machine = Machine::new().with_janitor();
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
    let verify = [&verify[..], &[anchors.trim()]].concat();
    for args in [&["status"][..], &verify, &["snapshot", "--dry-run"]] {
        let said = slow(&machine, args, |_| {});
        assert!(said.contains("\rreading "), "{args:?}: {said:?}");
        assert!(said.contains(" files"), "{said:?}");
        let shown = shown(&said);
        assert!(
            !shown.contains("reading"),
            "{args:?} leaves it there: {shown}"
        );
    }
}

/// A job's log, a simple terminal, a program that reads JSON, and opam, which draws a line of
/// its own while the hook runs.
#[test]
fn nobody_else_sees_it() {
    if !oracle("strace") {
        return;
    }
    let machine = Machine::new().with_janitor();
    let anchors = out(&machine.ok(&["anchors"]));
    let hook = [
        "verify",
        "--repo",
        ".",
        "--nostrict",
        "--quorum",
        "1",
        "--anchors",
    ];
    let hook = [&hook[..], &[anchors.trim()]].concat();
    let said = slow(&machine, &hook, |_| {});
    assert!(!said.contains("reading"), "{said:?}");
    let said = slow(&machine, &["status", "--format=json"], |_| {});
    assert!(!said.contains("reading"), "{said:?}");
    for (variable, value) in [("CI", "true"), ("TERM", "dumb"), ("TERM", "")] {
        let said = slow(&machine, &["status"], |command| {
            command.env(variable, value);
        });
        assert!(!said.contains("reading"), "{variable}: {said:?}");
    }
    let mut command = Command::new("strace");
    machine.adapt(&mut command);
    command
        .args(SLOW)
        .args([CONEX, "status"])
        .env("TERM", "xterm");
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = out(&output) + &err(&output);
    assert!(!said.contains("reading"), "{said:?}");
}

/// NO_COLOR is about colours, of which the line has none.
#[test]
fn it_needs_nothing_of_the_terminal() {
    if !oracle("strace") {
        return;
    }
    let machine = Machine::new().with_janitor();
    let said = slow(&machine, &["status"], |command| {
        command.env("NO_COLOR", "1");
    });
    assert!(said.contains("\rreading "), "{said:?}");
    assert!(!said.contains('\x1b'), "{said:?}");
}
