//! Standard output is for data; what is said to people goes to standard error.

use std::process::{Command, Stdio};

use crate::machine::{CONEX, Machine, err, out};
use crate::terminal::pty::spawn;
use crate::typed_hints::commands;

/// All verbs in the order of a story, and whether each has data to print.
#[test]
fn nothing_but_data_is_on_standard_output() {
    let machine = Machine::new();
    let man = machine.path("man");
    std::fs::create_dir(&man).unwrap();
    let man = man.to_str().unwrap();
    let to = machine.path("to");
    let to = to.to_str().unwrap();
    let state = machine.path("state");
    let state = state.to_str().unwrap();
    let opam = machine.path("opam");
    let opam = opam.to_str().unwrap();
    let no = false;
    let data = true;
    let story: &[(bool, &[&str])] = &[
        (no, &["key", "new", "ann", "--no-passphrase"]),
        (no, &["key", "new", "bob", "--no-passphrase"]),
        (data, &["key", "list"]),
        (data, &["key", "list", "--format=json"]),
        (data, &["key", "show", "ann"]),
        (no, &["key", "import", "eve", "../conex/keys/bob.pub"]),
        (
            no,
            &[
                "init",
                "--name",
                "example",
                "--quorum",
                "1",
                "--janitor",
                "ann",
            ],
        ),
        (no, &["approve", "--as", "ann", "--yes"]),
        (no, &["join", "bob", "--account", "github:bob"]),
        (no, &["owner", "add", "bob", "fmt", "logs"]),
        (no, &["owner", "remove", "bob", "logs"]),
        (no, &["team", "add", "crew", "bob"]),
        (no, &["team", "remove", "crew", "bob"]),
        (no, &["sign", "--as", "bob", "--dry-run"]),
        (no, &["sign", "--as", "bob", "--yes"]),
        (no, &["approve", "--as", "ann", "--detached", to]),
        (no, &["approve", "--as", "ann", "--yes"]),
        (no, &["approve", "--as", "ann", "--yes"]),
        (no, &["epoch", "fmt"]),
        (no, &["approve", "--as", "ann", "--yes"]),
        (no, &["sign", "--as", "bob", "--yes"]),
        (no, &["compact", "--as", "bob", "--yes"]),
        (no, &["compact", "--delete-dead"]),
        (no, &["claims"]),
        (no, &["approve", "--as", "ann", "--yes"]),
        (
            no,
            &["supersede", "fmt", "--above", "0.1", "--as", "bob", "--yes"],
        ),
        (no, &["team", "add", "unwanted", "bob"]),
        (no, &["decline", "unwanted"]),
        (no, &["janitor", "quorum", "1"]),
        (no, &["snapshot", "--as", "ann", "--yes"]),
        (data, &["status"]),
        (data, &["status", "fmt"]),
        (data, &["status", "--format=json"]),
        (data, &["compare", ".", "."]),
        (data, &["compare", ".", ".", "--format=json"]),
        (data, &["anchors"]),
        (
            data,
            &["anchors", "--opam", "example", "https://packages.example"],
        ),
        (data, &["signature", "export", "packages/.conex/snapshot"]),
        (
            no,
            &[
                "signature",
                "export",
                "packages/.conex/snapshot",
                "--to",
                to,
            ],
        ),
        (
            no,
            &[
                "verify",
                "--repo",
                ".",
                "--quorum",
                "1",
                "--anchors",
                "ANCHORS",
                "--nostrict",
                "--state-dir",
                state,
            ],
        ),
        (
            data,
            &[
                "verify",
                "--dir",
                ".",
                "--quorum",
                "1",
                "--anchors",
                "ANCHORS",
                "--nostrict",
                "--format=json",
            ],
        ),
        (data, &["explain", "--state-dir", state]),
        (no, &["rotate", "--as", "bob", "--no-passphrase", "--yes"]),
        (no, &["revoke", "bob"]),
        (data, &["completions", "zsh"]),
        (no, &["man", man]),
        (data, &["sign", "--help"]),
        (data, &["--version"]),
        // What fails says so on standard error alone.
        (no, &["status", "no-such-package"]),
        (
            no,
            &[
                "verify",
                "--dir",
                "nowhere",
                "--quorum",
                "1",
                "--anchors",
                "ANCHORS",
            ],
        ),
        (no, &["enable", "default", "--root", opam]),
        (no, &["nonsense"]),
        (no, &["sign", "--nonsense"]),
    ];
    for (data, args) in story {
        let anchors = out(&machine.conex(&["anchors"]));
        let args: Vec<&str> = args
            .iter()
            .map(|arg| {
                if *arg == "ANCHORS" {
                    anchors.trim()
                } else {
                    *arg
                }
            })
            .collect();
        let output = machine.conex(&args);
        let told = format!("{args:?}\n{}\n{}", out(&output), err(&output));
        assert_eq!(*data, !output.stdout.is_empty(), "{told}");
        assert!(output.status.code().is_some(), "{told}");
        assert!(!told.contains('\x1b'), "colours without a terminal: {told}");
        if args.contains(&"--format=json") {
            serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap();
        }
        assert!(
            *data || !output.stderr.is_empty() || args[0] == "man",
            "{told}"
        );
    }
}

/// Colours on a terminal, and none where somebody said no, or the terminal has none.
#[test]
fn colours_are_for_terminals_that_have_them() {
    let machine = Machine::new().with_janitor();
    let run = |variables: &[(&str, &str)], args: &[&str]| {
        let session = spawn(CONEX, args, |command| {
            machine.adapt(command);
            command.envs(variables.iter().copied());
        });
        session.end().0
    };
    let anchors = out(&machine.ok(&["anchors"]));
    let verify = [
        "verify",
        "--dir",
        ".",
        "--quorum",
        "1",
        "--anchors",
        anchors.trim(),
    ];
    // What people meet: a report, an error of the command line, help.
    for args in [&verify[..], &["sgin"], &["--help"]] {
        assert!(run(&[], args).contains('\x1b'), "{args:?}");
        assert!(
            !run(&[("NO_COLOR", "1")], args).contains('\x1b'),
            "{args:?}"
        );
        assert!(!run(&[("TERM", "dumb")], args).contains('\x1b'), "{args:?}");
    }
}

/// A slip of the finger is answered with what was meant.
#[test]
fn did_you_mean() {
    let machine = Machine::new().with_janitor();
    machine.ok(&["key", "new", "bob", "--no-passphrase"]);
    machine.ok(&["join", "bob"]);
    let mut missed = Vec::new();
    for (args, meant) in [
        (&["sgin"][..], "'sign'"),
        (&["janitor", "ad"], "'add'"),
        (&["sign", "--dryrun"], "'--dry-run'"),
        (&["status", "astrng"], "`astring`"),
        (&["sign", "--as", "ann", "lgos"], "`logs`"),
        (&["owner", "add", "an", "fmt"], "`ann`"),
        (&["revoke", "bbo"], "`bob`"),
        (&["team", "add", "crew", "anm"], "`ann`"),
        (&["epoch", "fmtt"], "`fmt`"),
        (&["sign", "--as", "annn"], "`ann`"),
        (&["approve", "--as", "annn", "--yes"], "`ann`"),
        (&["approve", "--as", "ann", "fnt", "--yes"], "`fmt`"),
        (&["key", "show", "anm"], "`ann`"),
    ] {
        let output = machine.conex(args);
        assert!(!output.status.success());
        let said = err(&output);
        if !said.contains(meant) {
            missed.push(format!("{args:?}: {said}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// `conex status | head -1` ends without a word.
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let machine = Machine::new().with_janitor();
    for verb in [
        "status --all",
        "completions bash",
        "--help",
        "status --format=json",
    ] {
        let mut command = Command::new("sh");
        machine.adapt(&mut command);
        let line = format!("{CONEX} {verb} | true; {CONEX} {verb} | head -c 1 > /dev/null");
        let output = command
            .args(["-c", &line])
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            !err(&output).contains("panicked"),
            "{verb}: {}",
            err(&output)
        );
        assert!(
            !err(&output).contains("Broken pipe"),
            "{verb}: {}",
            err(&output)
        );
    }
}

/// The hook tells the person at the terminal where its whole report is, which opam does not show.
#[test]
fn the_whole_report_is_read_with_the_command_that_is_named() {
    let machine = Machine::new().with_janitor();
    let anchors = out(&machine.ok(&["anchors"]));
    let anchors = format!("--anchors={}", anchors.trim());
    let verify = ["verify", "--repo=default", "--dir=.", "--incremental=false"];
    let verify = [&verify[..], &["--quorum=1", &anchors]].concat();
    let (told, status) = spawn(CONEX, &verify, |command| machine.adapt(command)).end();
    assert_eq!(status.code(), Some(1), "{told}");
    for line in commands(&told, "WholeReport", &[]) {
        let args: Vec<&str> = line.split(' ').skip(1).collect();
        let report = out(&machine.ok(&args));
        assert!(report.contains("repository `default`"), "{report}");
        assert!(report.contains("E020"), "{report}");
    }
}
