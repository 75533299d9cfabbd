//! Text at the width of the terminal.

use std::fs;

use crate::machine::{CONEX, Machine, err, out};
use crate::terminal::completions::git;
use crate::terminal::pty::{conex, spawn_at};

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

/// The width of the narrow terminal.
const NARROW: u16 = 60;

/// What is printed on a narrow terminal, without colours, and what is printed elsewhere.
fn both(machine: &Machine, args: &[&str]) -> (String, String) {
    let (narrow, _) = spawn_at(NARROW, CONEX, args, |command| {
        machine.adapt(command);
        // Nothing is drawn that goes away again.
        command.env("CI", "1").env("NO_COLOR", "1");
    })
    .end();
    let output = machine.conex(args);
    (narrow.replace('\r', ""), out(&output) + &err(&output))
}

/// The words of a line, of which a command in backticks is one.
fn units(line: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut quoted = false;
    for c in line.trim().chars() {
        quoted ^= c == '`';
        match all.last_mut() {
            Some(last) if c != ' ' || quoted => last.push(c),
            _ => all.push(String::new()),
        }
    }
    all.retain(|unit| !unit.is_empty());
    all
}

/// Fails where a line of prose is wider than the narrow terminal, or a command is broken.
fn fits(said: &str) {
    // A place in a file, and the file, are shown as they are.
    let place = |line: &&str| line.trim_start().starts_with("--> ") || line.contains(" | ");
    for line in said.lines().map(str::trim_end).filter(|l| !place(l)) {
        assert!(line.matches('`').count() % 2 == 0, "{line:?}\n{said}");
        let text = match line.trim_start().split_once("  ") {
            Some((heading, text)) if heading.len() < 14 => text,
            // What a finding is, before its message.
            _ => line.split_once("]: ").map_or(line, |(_, text)| text),
        };
        let command = ["  opam ", "  git ", "  conex ", "  ssh-keygen "];
        let whole = units(text).len() <= 1 || command.iter().any(|c| line.starts_with(c));
        let wide = line.chars().count() > usize::from(NARROW);
        assert!(!wide || whole, "{line:?}\n{said}");
    }
}

/// A repository in which much waits, and a branch that brings more.
fn busy() -> Machine {
    let machine = Machine::new().with_janitor();
    git(&machine, &["init", "-q", "-b", "main"]);
    git(&machine, &["add", "-A"]);
    git(&machine, &["commit", "-q", "-m", "all"]);
    git(&machine, &["checkout", "-q", "-b", "feature"]);
    machine.ok(&["key", "new", "albert", "--no-passphrase"]);
    machine.ok(&["join", "albert", "--as", "albert", "--yes"]);
    machine.ok(&["owner", "add", "albert", "logs", "lwt", "astring"]);
    git(&machine, &["add", "-A"]);
    git(&machine, &["commit", "-q", "-m", "more"]);
    let bad = machine.path("repo/packages/fmt/fmt.9.9.9-a-rather-long-version");
    fs::create_dir(&bad).unwrap();
    fs::write(bad.join("opam"), "opam-version: \"1.2\"\n").unwrap();
    let root = machine.path("home/.opam");
    fs::create_dir_all(root.join("repo")).unwrap();
    fs::write(root.join("config"), "opam-version: \"2.0\"\n").unwrap();
    let entry = "repositories: [ \"default\" {\"https://host.example/r\"} ]\n";
    fs::write(root.join("repo/repos-config"), entry).unwrap();
    machine
}

/// User story: a terminal of 60 columns.
#[test]
fn no_verb_prints_prose_wider_than_the_terminal() {
    let machine = busy();
    let anchors = out(&machine.ok(&["anchors"]));
    for args in [
        &["approve", "--as", "ann", "--dry-run"][..],
        &["sign", "--as", "ann", "--dry-run", "fmt"],
        &["status"],
        &["status", "--all"],
        &["status", "fmt", "albert"],
        &["todo", "--as", "ann"],
        &["check", "main..feature"],
        &[
            "enable",
            "default",
            "--anchors",
            anchors.trim(),
            "--dry-run",
            "--hook",
            CONEX,
        ],
        &["enable", "--status"],
        &["enable", "later", "--leave-out"],
        &["owner", "add", "ann", "lwt", "--dry-run"],
        &["explain", "E029"],
        &["verify", "--dir", ".", "--anchors", "none"],
    ] {
        let (narrow, wide) = both(&machine, args);
        fits(&narrow);
        if wide
            .lines()
            .all(|line| line.chars().count() <= usize::from(NARROW))
        {
            panic!("{args:?} has no line to wrap:\n{wide}");
        }
        // The same words, whatever the width.
        let words = |text: &str| {
            let words = text.split_whitespace().map(str::to_owned);
            words.collect::<Vec<_>>()
        };
        assert_eq!(words(&narrow), words(&wide), "{args:?}");
    }
}

/// Commands, keys and what programs read are copied: they are whole on every terminal.
#[test]
fn what_is_copied_is_never_broken() {
    let machine = busy();
    let dir = machine.path("to-sign").display().to_string();
    for args in [
        &["anchors"][..],
        &[
            "anchors",
            "--opam",
            "default",
            "https://host.example/a/rather/long/path",
        ],
        &["key", "show", "ann"],
        &["key", "list"],
        &["status", "--format=json"],
        &["check", "main..feature", "--format=github"],
    ] {
        let (narrow, wide) = both(&machine, args);
        // How long it took is a number of its own each time.
        assert_eq!(
            narrow.lines().count(),
            wide.lines().count(),
            "{narrow}\n{wide}"
        );
    }
    let detached = ["approve", "--as", "ann", "--detached", &dir];
    let (narrow, _) = both(&machine, &detached);
    let command = narrow.lines().find(|line| line.contains("ssh-keygen"));
    assert!(command.unwrap().contains(&dir), "{narrow}");
}

/// T9: Whoever is asked has seen what is left out, and why.
#[test]
fn what_is_left_out_is_said_before_the_question() {
    let machine = busy();
    for n in 0..7 {
        let bad = machine.path(&format!("repo/packages/fmt/fmt.8.{n}"));
        fs::create_dir(&bad).unwrap();
        fs::write(bad.join("opam"), "opam-version: \"1.2\"\n").unwrap();
    }
    machine.ok(&["approve", "--as", "ann", "--yes"]);
    let mut session = conex(&machine, &["sign", "--as", "ann", "fmt"]);
    session.expect("leaves out 8 paths").expect("`--dry-run`");
    session.expect("packages/fmt/fmt.8.0/opam: ");
    session.expect("and 3 more paths").expect("Sign? [y/N] ");
    session.send("n\n").expect("Nothing was signed.");
    session.end();
    let all = err(&machine.conex(&["sign", "--as", "ann", "fmt", "--dry-run"]));
    assert!(
        all.contains("packages/fmt/fmt.9.9.9-a-rather-long-version/opam"),
        "{all}"
    );
    assert!(
        !machine
            .path("repo/packages/fmt/fmt.0.9.0/checksum")
            .exists()
    );
}
