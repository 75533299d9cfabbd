//! What the documents say is so: codes, dependencies, limits, links, commands, JSON.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::CommandFactory as _;
use conex::shell::cli::Cli;
use conex_verify::finding::Code;
use conex_verify::limits;
use serde_json::Value;

pub(crate) fn top(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(top(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// All documents, relative to the top.
fn documents() -> Vec<String> {
    let mut all: Vec<String> = [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
    ]
    .map(String::from)
    .into();
    for entry in fs::read_dir(top("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".md") {
            all.push(format!("docs/{name}"));
        }
    }
    all.sort();
    all
}

/// The rows of the table under the heading that ends with `title`: cells, trimmed.
pub(crate) fn table(document: &str, title: &str) -> Vec<Vec<String>> {
    let rows: Vec<Vec<String>> = document
        .lines()
        .skip_while(|l| !(l.starts_with('#') && l.ends_with(title)))
        .skip(1)
        .take_while(|l| !l.starts_with('#'))
        .filter(|l| l.starts_with('|'))
        .skip(2)
        .map(|l| {
            let cells = l.trim_matches('|').split(" | ");
            cells.map(|c| c.trim().to_owned()).collect()
        })
        .collect();
    assert!(!rows.is_empty(), "no table under {title:?}");
    rows
}

/// What stands in backticks in a cell.
pub(crate) fn literals(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_code_is_in_the_table_with_its_title() {
    let rows = table(&text("docs/verification.md"), "All codes");
    let expected: Vec<Vec<String>> = Code::ALL
        .iter()
        .map(|code| vec![code.as_str().to_owned(), code.title().to_owned()])
        .collect();
    assert_eq!(rows, expected);
}

/// A code that somebody looks up is there.
#[test]
fn no_document_names_a_code_that_does_not_exist() {
    let codes: BTreeSet<&str> = Code::ALL.iter().map(|c| c.as_str()).collect();
    for document in documents() {
        let text = text(&document);
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
            let digits = word.strip_prefix('E').unwrap_or_default();
            if digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit()) {
                assert!(codes.contains(word), "{document}: {word}");
            }
        }
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let document = text("docs/dependencies.md");
    let verifier = "crates/conex-verify/Cargo.toml";
    for (manifest, section, title) in [
        (verifier, "[dependencies]", "Of the verifier"),
        ("Cargo.toml", "[dependencies]", "Of the program"),
        ("Cargo.toml", "[dev-dependencies]", "Of the tests"),
    ] {
        let manifest = text(manifest);
        // Those of one system alone are in sections of their own.
        let of_a_system = format!(".{}", section.trim_start_matches('['));
        let mut inside = false;
        let mut is_wanted = |line: &&str| {
            if line.starts_with('[') {
                inside = *line == section
                    || line.starts_with("[target.") && line.ends_with(&of_a_system);
            }
            inside
        };
        let wanted: BTreeSet<String> = manifest
            .lines()
            .filter(|line| is_wanted(line) && !line.starts_with('['))
            .filter_map(|l| {
                Some(
                    l.split_once('=')?
                        .0
                        .trim()
                        .trim_end_matches(".workspace")
                        .to_owned(),
                )
            })
            .filter(|name| !name.starts_with('#'))
            .collect();
        let rows = table(&document, title);
        let listed: BTreeSet<String> = rows
            .iter()
            .flat_map(|row| literals(&row[0]))
            .map(str::to_owned)
            .collect();
        assert_eq!(
            wanted, listed,
            "Cargo.toml and docs/dependencies.md: {title}"
        );
        for row in rows {
            assert!(row[1].len() > 10, "{row:?} has no reason");
        }
    }
}

#[test]
fn the_limits_are_those_of_the_program() {
    let rows = table(&text("docs/format.md"), "Limits");
    let limit = |what: &str| {
        let row = rows.iter().find(|r| r[0].starts_with(what));
        row.unwrap_or_else(|| panic!("no row {what:?}"))[1].clone()
    };
    let mib = |bytes: u64| format!("{} MiB", bytes >> 20);
    let grouped = |n: usize| {
        let digits = n.to_string();
        let groups: Vec<&str> = digits
            .as_bytes()
            .rchunks(3)
            .rev()
            .map(|g| std::str::from_utf8(g).unwrap())
            .collect();
        groups.join(",")
    };
    let path = format!(
        "{} bytes; {} bytes",
        limits::MAX_PATH_LEN,
        limits::MAX_COMPONENT_LEN
    );
    let sizes = format!(
        "{}; {}; {}",
        mib(limits::MAX_FILE_SIZE),
        mib(u64::try_from(limits::MAX_BUNDLE).unwrap()),
        mib(limits::MAX_TREE_SIZE)
    );
    assert!(limit("a path").starts_with(&path));
    assert_eq!(limit("a file"), sizes);
    let repo = u64::try_from(limits::MAX_REPO_FILE).unwrap();
    assert_eq!(limit("the top-level file"), mib(repo));
    assert_eq!(limit("files"), grouped(limits::MAX_TREE_FILES));
    assert_eq!(limit("directories"), grouped(limits::MAX_TREE_DEPTH));
    assert_eq!(limit("nesting"), grouped(limits::MAX_SYNTAX_DEPTH));
    assert_eq!(limit("values"), grouped(limits::MAX_SYNTAX_VALUES));
    assert_eq!(
        limit("links"),
        grouped(usize::try_from(limits::MAX_LINKS).unwrap())
    );
    assert_eq!(limit("members"), grouped(limits::MAX_JANITORS));
    assert_eq!(limit("keys"), grouped(limits::MAX_KEYS));
    let segments = format!(
        "{}; {}",
        grouped(limits::MAX_SEGMENTS),
        mib(u64::try_from(limits::MAX_SEGMENT).unwrap())
    );
    assert_eq!(limit("segments"), segments);
    assert_eq!(limit("a patch"), mib(limits::MAX_PATCH_SIZE));
    assert!(text("docs/format.md").contains(&limits::MAX_INTEGER.to_string()));
}

/// The name of a heading in a link, as forges make it.
fn anchor(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            c if c.is_alphanumeric() => Some(c.to_ascii_lowercase()),
            _ => None,
        })
        .collect()
}

fn anchors(document: &str) -> BTreeSet<String> {
    let mut fenced = false;
    let mut all = BTreeSet::new();
    for line in document.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if !fenced && line.starts_with('#') {
            all.insert(anchor(line));
        }
        if let Some((id, _)) = line
            .strip_prefix("<a id=\"")
            .and_then(|l| l.split_once('"'))
        {
            all.insert(id.to_owned());
        }
    }
    all
}

/// Every link leads somewhere, and the documents stand alone.
#[test]
fn every_link_leads_somewhere() {
    for document in documents() {
        let here = text(&document);
        assert!(
            !here.contains("../shared"),
            "{document} does not stand alone"
        );
        let dir = top(&document).parent().unwrap().to_owned();
        for target in here.split("](").skip(1).filter_map(|r| r.split(')').next()) {
            if target.starts_with("https://") {
                continue;
            }
            let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
            let there = if file.is_empty() {
                here.clone()
            } else {
                let path = dir.join(file);
                assert!(path.exists(), "{document} links to {target}");
                fs::read_to_string(path).unwrap_or_default()
            };
            assert!(
                fragment.is_empty() || anchors(&there).contains(fragment),
                "{document} links to {target}: {:?}",
                anchors(&there)
            );
        }
    }
}

/// Files that a document names are there.
#[test]
fn every_file_that_is_named_exists() {
    let rooms = ["src/", "tests/", "fixtures/", "hooks/", "benches/"];
    let mut seen = 0;
    for document in documents() {
        let text = text(&document);
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && !"/._-*".contains(c));
        for word in words.filter(|w| rooms.iter().any(|r| w.starts_with(r) && !w.contains('*'))) {
            let word = word.trim_end_matches('.');
            let there = top(word).exists() || top(&format!("{word}.rs")).exists();
            assert!(there, "{document}: {word}");
            seen += 1;
        }
    }
    assert!(seen >= 20, "only {seen} names");
}

/// What is typed into a shell in a document: the lines of its blocks that start with
/// `conex`, and what stands in backticks in its text.
fn typed(document: &str) -> Vec<String> {
    let mut fenced = false;
    let (mut blocks, mut text) = (Vec::new(), String::new());
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced {
            blocks.push(line.trim_start_matches("$ ").to_owned());
        } else {
            // A paragraph or a row of a table is one text.
            text.push_str(line);
            text.push(if line.is_empty() || line.starts_with('|') {
                '\n'
            } else {
                ' '
            });
        }
    }
    let inline = text.lines().flat_map(literals).map(str::to_owned);
    blocks.into_iter().chain(inline).collect()
}

/// What a document tells people to type can be typed.
#[test]
fn every_command_in_a_document_exists() {
    let cli = Cli::command();
    let mut seen = 0;
    for document in documents() {
        for line in typed(&text(&document)) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let ["conex", rest @ ..] = words.as_slice() else {
                continue;
            };
            if rest.is_empty() {
                continue;
            }
            let mut command = &cli;
            for word in rest.iter().filter(|w| !w.starts_with('-')) {
                match command.find_subcommand(word) {
                    Some(sub) => command = sub,
                    None => break,
                }
            }
            let known_verb = command.get_name() != "conex" || rest.first() == Some(&"--help");
            assert!(known_verb, "{document}: {line}");
            for option in rest.iter().filter_map(|w| w.strip_prefix("--")) {
                let name = option.split('=').next().unwrap();
                let known = |c: &clap::Command| {
                    c.get_arguments().any(|a| {
                        a.get_long() == Some(name)
                            || a.get_all_aliases().unwrap_or_default().contains(&name)
                    })
                };
                assert!(
                    name.is_empty() || known(command) || known(&cli),
                    "{document}: {line}"
                );
            }
            seen += 1;
        }
    }
    assert!(seen >= 150, "only {seen} commands: are they still found?");
}

/// Runs `conex` at home in `home`, and reads the object that it prints.
fn object(home: &Path, args: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_conex"))
        .args(args)
        .env_clear()
        .env("CONEX_HOME", home)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// The fields of an object are those of the table under a heading, with these types.
fn fields_are_documented(title: &str, object: &Value) {
    let document = text("docs/json.md");
    let object = object.as_object().unwrap();
    let mut documented = BTreeSet::new();
    for row in table(&document, title) {
        for name in literals(&row[0]) {
            documented.insert(name.to_owned());
            let Some(value) = object.get(name) else {
                continue;
            };
            let kind = match value {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::Number(_) => "number",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            };
            assert!(
                row[1].contains(kind),
                "{title}: {name} is {kind}, documented as {}",
                row[1]
            );
        }
    }
    let found: BTreeSet<String> = object.keys().cloned().collect();
    assert_eq!(documented, found, "docs/json.md: {title}");
}

#[test]
fn output_for_programs_is_as_documented() {
    let home = tempfile::tempdir().unwrap();
    let golden = top("fixtures/golden");
    let golden = golden.to_str().unwrap();
    let unsigned = top("fixtures/transcript");
    let anchors = Command::new(env!("CARGO_BIN_EXE_conex"))
        .args(["-C", golden, "anchors"])
        .output()
        .unwrap()
        .stdout;
    let anchors = String::from_utf8(anchors).unwrap();
    let verify = |dir: &str| {
        object(
            home.path(),
            &[
                "verify",
                "--dir",
                dir,
                "--anchors",
                anchors.trim(),
                "--quorum",
                "2",
                "--format=json",
            ],
        )
    };
    let accepted = verify(golden);
    fields_are_documented("The object", &accepted);
    fields_are_documented("The summary of `verify`", &accepted["summary"]);
    assert_eq!(accepted["summary"]["verdict"], "accepted");
    let rejected = verify(unsigned.to_str().unwrap());
    fields_are_documented("The summary of `verify`", &rejected["summary"]);
    assert_eq!(rejected["summary"]["verdict"], "rejected");
    fields_are_documented("A finding", &rejected["findings"][0]);
    let status = object(home.path(), &["-C", golden, "status", "--format=json"]);
    fields_are_documented("The summary of `status`", &status["summary"]);
    fields_are_documented("Coverage", &status["summary"]["coverage"]);
    // A release that nobody signed is a task.
    let copy = home.path().join("copy");
    let copied = Command::new("cp")
        .args(["-r", golden])
        .arg(&copy)
        .status()
        .unwrap();
    assert!(copied.success());
    fs::create_dir_all(copy.join("packages/hello/hello.9")).unwrap();
    fs::write(
        copy.join("packages/hello/hello.9/opam"),
        "opam-version: \"2.0\"\n",
    )
    .unwrap();
    let status = object(
        home.path(),
        &["-C", copy.to_str().unwrap(), "status", "--format=json"],
    );
    fields_are_documented("What is to be done", &status["summary"]["todo"][0]);
    let git = |args: &[&str]| {
        let done = Command::new("git")
            .args(["-c", "user.name=x", "-c", "user.email=x@y"])
            .args(args)
            .current_dir(&copy)
            .env("HOME", home.path())
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(done.success(), "git {args:?}");
    };
    git(&["init", "-q", "-b", "main", "."]);
    git(&["add", "-A", "."]);
    git(&["commit", "-q", "-m", "all"]);
    let check = object(
        home.path(),
        &[
            "-C",
            copy.to_str().unwrap(),
            "check",
            "main",
            "--format=json",
        ],
    );
    fields_are_documented("The summary of `check`", &check["summary"]);
    fields_are_documented("A commit", &check["summary"]["base"]);
    assert_eq!(check["findings"][0]["in_base"], true);
    let clone = home.path().join("clone");
    git(&["clone", "-q", ".", clone.to_str().unwrap()]);
    git(&["checkout", "-q", "-b", "work"]);
    fs::write(copy.join("packages/hello/hello.9/opam"), "").unwrap();
    git(&["commit", "-q", "-a", "-m", "work"]);
    let remote = object(
        home.path(),
        &[
            "-C",
            clone.to_str().unwrap(),
            "status",
            "--remote",
            "--pulls",
            "--format=json",
        ],
    );
    fields_are_documented("The summary of `status --remote`", &remote["summary"]);
    let work = &remote["summary"]["branches"][0];
    fields_are_documented("Work that is not merged", work);
    fields_are_documented("The summary of `check`", &work["check"]);
    fields_are_documented("A commit", &remote["summary"]["base"]);
    let dir = copy.to_str().unwrap();
    let far = object(
        home.path(),
        &["-C", dir, "status", "--bootstrap", "--format=json"],
    );
    fields_are_documented("The summary of `status --bootstrap`", &far["summary"]);
    let package = &far["summary"]["packages"]["hello"];
    fields_are_documented("How far a package is", package);
    let stage = package["stage"].as_str().unwrap();
    assert_eq!(far["summary"]["stages"][stage]["packages"], 1);
    let made = Command::new(env!("CARGO_BIN_EXE_conex"))
        .args(["key", "new", "somebody", "--no-passphrase"])
        .env("CONEX_HOME", home.path())
        .output()
        .unwrap();
    assert!(made.status.success());
    let keys = object(home.path(), &["key", "list", "--format=json"]);
    fields_are_documented(
        "The summary of `key list`",
        &serde_json::json!({
            "keys": keys["summary"]["keys"],
            "id": "", "key": null, "fingerprint": null, "private": null, "problem": null,
        }),
    );
    let key = keys["summary"]["keys"][0].as_object().unwrap();
    let names: Vec<&str> = key.keys().map(String::as_str).collect();
    assert_eq!(names, ["fingerprint", "id", "key", "private", "problem"]);
}

/// The code names what opam does by the numbers of `docs/hook.md`.
#[test]
fn every_difference_between_read_and_applied_has_its_rule() {
    fn numbers(text: &str) -> BTreeSet<u32> {
        text.split(|c: char| !c.is_ascii_alphanumeric())
            .filter_map(|word| word.strip_prefix('D')?.parse().ok())
            .collect()
    }
    fn sources(dir: &Path, all: &mut String) {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, all);
            } else if path.extension().is_some_and(|e| e == "rs") {
                all.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let document = text("docs/hook.md");
    let rows = document.lines().filter(|l| l.starts_with("| D"));
    let listed = numbers(&rows.collect::<String>());
    assert_eq!(listed, (1..=29).collect());
    let mut code = String::new();
    sources(&top("src"), &mut code);
    let named = numbers(&code);
    assert!(named.is_subset(&listed), "{:?}", named.difference(&listed));
}

/// The bold words at the start of the items of the list under a heading.
fn items(document: &str, title: &str) -> BTreeSet<String> {
    let section = document
        .lines()
        .skip_while(|l| !(l.starts_with("## ") && l.ends_with(title)));
    let section = section.skip(1).take_while(|l| !l.starts_with("## "));
    let items = section.filter_map(|l| l.strip_prefix("* **")?.split_once("**"));
    items.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn what_is_not_covered_is_said_to_users_and_to_who_reports_faults() {
    let users = items(&text("docs/users.md"), "Why it is safe, and where it ends");
    let reports = items(&text("SECURITY.md"), "What it does not protect against");
    assert!(users.len() > 5, "{users:?}");
    assert_eq!(users, reports);
}
