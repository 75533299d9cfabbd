//! Every hint that holds a command is a value of a table, and a test types the command.
//!
//! `fixtures/hints.tsv` names the test of each kind: the kind, the file, the function. A test names a
//! kind where it calls `commands(…, "KIND", …)`; `CONEX_BLESS=1` writes the list anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use conex::hint::Hint;
use conex_verify::finding::remedy::Remedy;

use crate::structure::{sources, top};

/// What a person types, where it starts a literal in backticks. (What is said of the programs of
/// OpenSSH is tried by `tests/program/ssh_*.rs`, with these programs.)
const PROGRAMS: [&str; 3] = ["conex ", "opam ", "git "];

/// Statements that name a command and tell nobody to type it.
const STATEMENTS: [&str; 6] = [
    "the anchors of `{name}` were not set by `conex enable`",
    "warning: the anchors of `{name}` were changed since `conex enable`, and stay as they are",
    "opam applies updates of `{name}` as it did before `conex enable`.",
    "opam applies updates as it did before `conex enable`.",
    "Every update is verified, but with `opam --no-checksums`, which calls no hook.",
    "Every update is verified, but for {} and with `opam --no-checksums`, which calls no hook.",
];

fn holds_a_command(text: &str) -> bool {
    let quoted = text.split('`').skip(1).step_by(2);
    let mut lines = text
        .lines()
        .skip(1)
        .chain(text.starts_with("  ").then_some(text));
    quoted
        .into_iter()
        .any(|quoted| PROGRAMS.iter().any(|p| quoted.starts_with(p)))
        || lines.any(|line| {
            line.starts_with("  ") && PROGRAMS.iter().any(|p| line.trim_start().starts_with(p))
        })
        || text.ends_with("\n  {add}")
}

/// Each string of a file of Rust, without its tests, its comments and the page of a verb.
fn literals(text: &str) -> Vec<String> {
    let code = text.split("\n#[cfg(test)]\n").next().unwrap();
    let code = code.split("pub const PAGES").next().unwrap();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code = lines.collect::<Vec<_>>().join("\n");
    let mut all = Vec::new();
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => {
                // A character, which may be a quote; or a lifetime.
                let mut ahead = chars.clone();
                match (ahead.next(), ahead.next()) {
                    (Some('\\'), _) => drop(chars.by_ref().take(3).last()),
                    (Some(_), Some('\'')) => drop(chars.by_ref().take(2).last()),
                    _ => {}
                }
            }
            '"' => {
                let mut literal = String::new();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => {
                            literal.push(c);
                            literal.extend(chars.next());
                        }
                        c => literal.push(c),
                    }
                }
                all.push(literal);
            }
            _ => {}
        }
    }
    all
}

#[test]
fn no_command_stands_in_a_text_outside_of_the_tables() {
    let tables = [
        "src/hint.rs",
        "crates/conex-verify/src/hint.rs",
        "crates/conex-verify/src/finding/remedy.rs",
    ];
    let mut seen = 0;
    for root in ["src", "crates/conex-verify/src"] {
        let mut files = Vec::new();
        sources(&top().join(root), &mut files);
        for file in files {
            let name = file
                .strip_prefix(top())
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            if tables.contains(&name.as_str()) || name.contains("/tests") {
                continue;
            }
            for literal in literals(&fs::read_to_string(&file).unwrap()) {
                seen += 1;
                assert!(
                    !holds_a_command(&literal) || STATEMENTS.contains(&literal.as_str()),
                    "{name}: {literal:?} belongs into a table of hints"
                );
            }
        }
    }
    assert!(seen > 3000, "{seen}");
}

/// The kinds that hold a command.
fn kinds() -> Vec<&'static str> {
    let program = Hint::ALL.iter().map(|(kind, text)| (*kind, *text));
    let plain = conex_verify::hint::ALL
        .iter()
        .map(|(kind, text)| (*kind, *text));
    let remedies = Remedy::ALL.iter();
    let remedies = remedies.flat_map(|(kind, texts)| texts.iter().map(|text| (*kind, *text)));
    let all = program.chain(plain).chain(remedies);
    let mut kinds: Vec<_> = all
        .filter(|(_, text)| holds_a_command(text))
        .map(|(kind, _)| kind)
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// The functions of a file of tests that are tests, and their texts.
fn tests_of(text: &str) -> Vec<(&str, &str)> {
    let mut all = Vec::new();
    for part in text.split("#[test]\n").skip(1) {
        let Some((_, rest)) = part.split_once("fn ") else {
            continue;
        };
        let Some((name, _)) = rest.split_once('(') else {
            continue;
        };
        let body = rest.split("\n}\n").next().unwrap();
        all.push((name, body));
    }
    all
}

fn ignored(part: &Path) -> bool {
    part.ends_with("tests/book/hints.rs") || part.to_str().unwrap().contains("tests/support")
}

/// Each kind, and the first test that types it.
fn typed() -> BTreeMap<&'static str, (PathBuf, String)> {
    let mut files = Vec::new();
    sources(&top().join("tests"), &mut files);
    files.sort();
    let mut found = BTreeMap::new();
    for file in files.into_iter().filter(|file| !ignored(file)) {
        let text = fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(top()).unwrap().to_owned();
        for (test, body) in tests_of(&text) {
            // A call may be broken into lines.
            let body = body.split_whitespace().collect::<Vec<_>>().join(" ");
            for kind in kinds() {
                if body.contains(&format!(", \"{kind}\"")) && body.contains("commands(") {
                    found.entry(kind).or_insert((name.clone(), test.to_owned()));
                }
            }
        }
    }
    found
}

#[test]
fn each_kind_of_hint_with_a_command_is_typed_by_a_test() {
    let typed = typed();
    let missing: Vec<_> = kinds()
        .into_iter()
        .filter(|kind| !typed.contains_key(kind))
        .collect();
    assert!(
        missing.is_empty(),
        "no test types the commands of {missing:?}"
    );
    let lines = typed
        .iter()
        .map(|(kind, (file, test))| format!("{kind}\t{}\t{test}\n", file.display()));
    let list: String = lines.collect();
    let path = top().join("fixtures/hints.tsv");
    if std::env::var_os("CONEX_BLESS").is_some() {
        fs::write(&path, &list).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        list == written,
        "fixtures/hints.tsv is not what the tests type: CONEX_BLESS=1 writes it anew"
    );
}
