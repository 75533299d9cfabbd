//! Text at the width of the terminal.

use crate::machine::{Machine, err};
use crate::terminal::pty::conex;

/// No line is wider than the terminal, and no command is cut in two by a line end.
#[test]
fn messages_are_wrapped_and_commands_are_not_broken() {
    let machine = Machine::new().with_janitor();
    let (said, _) = conex(&machine, &["verify", "--dir", ".", "--anchors", "none"]).end();
    for line in said.lines() {
        assert!(line.trim_end().chars().count() <= 80, "{line:?}\n{said}");
    }
    assert!(
        said.contains("error: ") && said.contains("hint: "),
        "{said}"
    );
    for line in said.lines() {
        assert!(line.matches('`').count() % 2 == 0, "{line:?}\n{said}");
    }
}

/// A file or a pipe gets whole lines, which other programs can search.
#[test]
fn what_is_no_terminal_gets_whole_lines() {
    let machine = Machine::new().with_janitor();
    let output = machine.conex(&["verify", "--dir", ".", "--anchors", "none"]);
    let said = err(&output);
    let hints = said.lines().filter(|l| l.starts_with("hint: ")).count();
    let lines = said.lines().filter(|l| !l.is_empty()).count();
    assert_eq!((hints, lines), (1, 2), "{said}");
}
