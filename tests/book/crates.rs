//! The crates: the table of the verifier's tree is what Cargo.lock and the sources say, and `deny.toml` refuses what
//! docs/dependencies.md says is not taken.
//!
//! `CONEX_BLESS=1 cargo test --locked --test book crates` writes what is counted anew. What a crate is for, and what
//! was read of it, is written by a person: a crate whose version changed has to be looked at again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::documents::{literals, table, text, top};

const DOCUMENT: &str = "docs/dependencies.md";
const TITLE: &str = "The verifier's tree";
/// What stands in the last two cells of a crate that nobody wrote about.
const MISSING: &str = "?";

fn cargo(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(args)
        .current_dir(top(""))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {args:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

/// The code below a directory, file by file, without comments that take a line.
fn code(dir: &Path, lines: &mut Vec<String>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            code(&path, lines);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.lines().map(str::trim);
            lines.extend(
                text.filter(|l| !l.is_empty() && !l.starts_with("//"))
                    .map(str::to_owned),
            );
        }
    }
}

/// Whether code says `unsafe`: settings of lints say so too.
fn is_unsafe(line: &str) -> bool {
    if line.starts_with("#![") {
        return false;
    }
    let code = line.split("//").next().unwrap_or(line);
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| word == "unsafe")
}

/// What is counted of a crate: lines of code, those with `unsafe`, whether it has a build script, whether it runs in the compiler.
fn counted(package: &Value) -> [String; 4] {
    let manifest = PathBuf::from(package["manifest_path"].as_str().unwrap());
    let mut lines = Vec::new();
    code(&manifest.parent().unwrap().join("src"), &mut lines);
    let kinds: Vec<&str> = package["targets"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|target| target["kind"].as_array().unwrap())
        .filter_map(Value::as_str)
        .collect();
    let yes = |kind: &str| if kinds.contains(&kind) { "yes" } else { "no" }.to_owned();
    let forbidden = lines
        .iter()
        .any(|l| l.starts_with("#![forbid(") && l.contains("unsafe_code"));
    let dangerous = lines.iter().filter(|l| is_unsafe(l)).count();
    [
        lines.len().to_string(),
        match (dangerous, forbidden) {
            (0, true) => "forbidden".to_owned(),
            _ => dangerous.to_string(),
        },
        yes("custom-build"),
        yes("proc-macro"),
    ]
}

/// `NAME VERSION` of each crate of the verifier on any system, with what is counted.
fn tree() -> BTreeMap<String, [String; 4]> {
    let said = cargo(&[
        "tree",
        "--locked",
        "--package=conex-verify",
        "--edges=normal,build",
        "--target=all",
        "--prefix=none",
        "--format={p}",
    ]);
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--locked", "--format-version=1"])).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let packages: BTreeMap<String, &Value> = packages
        .iter()
        .map(|p| {
            let of = |field: &str| p[field].as_str().unwrap();
            (format!("{} {}", of("name"), of("version")), p)
        })
        .collect();
    said.lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            let name = words.next()?;
            let version = words.next()?.strip_prefix('v')?;
            (name != "conex-verify").then(|| format!("{name} {version}"))
        })
        .map(|key| {
            let counted = counted(packages[&key]);
            (key, counted)
        })
        .collect()
}

/// The lines of the table, with what people wrote into the one before: what a crate is used for, and, while its version
/// is the same, what was read of it.
fn rows(written: &[Vec<String>]) -> Vec<String> {
    let row = |(key, counted): (String, [String; 4])| {
        let (name, version) = key.split_once(' ').unwrap();
        let named = || written.iter().filter(|row| literals(&row[0]) == [name]);
        let missing = || MISSING.to_owned();
        let why = named().next().map_or_else(missing, |row| row[6].clone());
        let read = named().find(|row| row[1] == version);
        let read = read.map_or_else(missing, |row| row[7].clone());
        let counted = counted.join(" | ");
        format!("| `{name}` | {version} | {counted} | {why} | {read} |")
    };
    tree().into_iter().map(row).collect()
}

#[test]
fn the_table_of_the_verifiers_crates_is_what_is_built() {
    let document = text(DOCUMENT);
    let written = table(&document, TITLE);
    let now = rows(&written);
    if std::env::var_os("CONEX_BLESS").is_some() {
        let at = document.find(&format!("# {TITLE}")).unwrap();
        let start = at + document[at..].find("\n|---").unwrap() + 1;
        let start = start + document[start..].find('\n').unwrap() + 1;
        let old: usize = document[start..]
            .split_inclusive('\n')
            .take_while(|l| l.starts_with('|'))
            .map(str::len)
            .sum();
        let text = [
            &document[..start],
            &now.join("\n"),
            "\n",
            &document[start + old..],
        ]
        .concat();
        fs::write(top(DOCUMENT), text).unwrap();
        return;
    }
    let listed: Vec<&str> = document
        .lines()
        .skip_while(|l| !l.ends_with(TITLE))
        .filter(|l| l.starts_with("| `"))
        .take(written.len())
        .collect();
    for (now, listed) in now.iter().zip(&listed) {
        assert_eq!(now, listed, "CONEX_BLESS=1 writes what is counted anew");
        assert!(
            !now.contains(&format!("| {MISSING} |")),
            "nobody wrote what it is for, or what was read of it: {now}"
        );
    }
    assert_eq!(now.len(), listed.len(), "crates of the verifier");
}

#[test]
fn what_is_not_taken_at_all_is_refused() {
    let document = text(DOCUMENT);
    let refused = text("deny.toml");
    let (_, not_taken) = document.split_once("## Not taken at all").unwrap();
    let items = not_taken.lines().filter(|l| l.starts_with("* `"));
    let names: Vec<&str> = items.flat_map(literals).collect();
    assert!(names.len() > 5, "{names:?}");
    for name in names {
        assert!(
            refused.contains(&format!("{{ crate = \"{name}\" }}")),
            "deny.toml says nothing of {name}"
        );
    }
}
