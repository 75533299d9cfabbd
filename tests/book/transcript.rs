//! What people type, and what they get: the transcripts in `tests/transcripts/`, and
//! the help of every verb in `fixtures/help/`.
//!
//! A transcript is text with lines of four kinds: `$ ` a command, as typed into a
//! shell; `> ` a piece of its output, in this order; `[N]` its exit status, if not
//! 0; and everything else, for the reader. All commands of a file run in one shell,
//! beside `a-copy-of-an-opam-repository`.
//!
//! `CONEX_BLESS=1 cargo test --locked --test book transcript` writes the help anew.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use clap::CommandFactory as _;
use conex::shell::cli::Cli;

use crate::typed::{CONEX, Came, came, copy, isolated, script, top, unattended};

/// One command of a transcript, and what is expected of it.
#[derive(Debug)]
struct Step {
    line: usize,
    command: String,
    output: Vec<String>,
    status: i32,
}

fn steps(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for (n, line) in text.lines().enumerate() {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step {
                line: n + 1,
                command: command.to_owned(),
                output: Vec::new(),
                status: 0,
            });
        } else if let Some(piece) = line.strip_prefix("> ") {
            steps.last_mut().unwrap().output.push(piece.to_owned());
        } else if let Some(status) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            steps.last_mut().unwrap().status = status.parse().unwrap();
        }
    }
    assert!(!steps.is_empty());
    steps
}

/// Runs a transcript.
fn run(name: &str) {
    let file = format!("tests/transcripts/{name}.txt");
    let steps = steps(&fs::read_to_string(top(&file)).unwrap());
    let dir = tempfile::tempdir().unwrap();
    copy(
        &top("fixtures/transcript"),
        &dir.path().join("a-copy-of-an-opam-repository"),
    );
    let mut shell = isolated("sh", dir.path());
    shell
        .arg("-c")
        .arg(script(steps.iter().map(|step| step.command.as_str())));
    let (printed, ended) = unattended(shell);
    assert!(ended.success(), "{file}: the shell ended with {ended}");
    let came = came(&printed);
    assert_eq!(came.len(), steps.len(), "{file}");
    for (step, Came { output, status }) in steps.iter().zip(came) {
        let told = format!(
            "{file}:{}\n$ {}\n{output}[{status}]",
            step.line, step.command
        );
        assert_eq!(status, step.status, "{told}");
        assert!(!output.contains("panicked"), "{told}");
        let mut rest = output.as_str();
        for piece in &step.output {
            let Some((_, after)) = rest.split_once(piece.as_str()) else {
                panic!("expected {piece:?}\n{told}");
            };
            rest = after;
        }
    }
}

/// The first story that the program has to tell.
#[test]
fn from_keys_to_a_signed_repository() {
    run("first-repository");
}

/// Years later, the anchors of the first day still lead to the janitors of today.
#[test]
fn janitors_and_keys_change() {
    run("people");
}

/// Whoever errs is told, and nothing is written.
#[test]
fn mistakes_are_refused() {
    run("mistakes");
}

/// From an unsigned repository to one that is protected as a whole: no author has to
/// sign for that.
#[test]
fn one_person_protects_a_repository_in_three_commands() {
    run("one-person");
}

/// Who signs the snapshot: added, required, stolen, recovered.
#[test]
fn notaries_come_and_go() {
    run("notaries");
}

/// All verbs, with those below them: `["key", "new"]`.
fn verbs(command: &clap::Command, above: &[String]) -> Vec<Vec<String>> {
    let mut all = vec![above.to_vec()];
    for sub in command.get_subcommands().filter(|s| s.get_name() != "help") {
        let path = [above, &[sub.get_name().to_owned()]].concat();
        all.extend(verbs(sub, &path));
    }
    all
}

/// A change of what can be typed is seen by whoever reviews it.
#[test]
fn the_help_of_every_verb_is_as_agreed() {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for verb in verbs(&Cli::command(), &[]) {
        let output = Command::new(CONEX)
            .args(&verb)
            .arg("--help")
            .env("COLUMNS", "100")
            .env_remove("CLICOLOR_FORCE")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "{verb:?}");
        let name = [&["conex".to_owned()], verb.as_slice()].concat().join("-");
        found.insert(
            format!("{name}.txt"),
            String::from_utf8(output.stdout).unwrap(),
        );
    }
    let dir = top("fixtures/help");
    if std::env::var_os("CONEX_BLESS").is_some() {
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        for (name, text) in &found {
            fs::write(dir.join(name), text).unwrap();
        }
    }
    let mut agreed: BTreeMap<String, String> = BTreeMap::new();
    for entry in fs::read_dir(&dir).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        agreed.insert(name, fs::read_to_string(entry.path()).unwrap());
    }
    for name in agreed.keys().chain(found.keys()) {
        assert_eq!(
            agreed.get(name),
            found.get(name),
            "fixtures/help/{name}: if the change is meant, run with CONEX_BLESS=1"
        );
    }
}
