//! The house: one verb, one file; no circle of imports; no file that nobody can keep in mind.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The most lines of a file of ours.
const LONGEST: usize = 600;

pub fn top() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files of Rust below a directory.
pub fn sources(dir: &Path, all: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|e| e == "rs") {
            all.push(path);
        }
    }
}

fn both() -> [PathBuf; 2] {
    [top().join("src"), top().join("crates/conex-verify/src")]
}

#[test]
fn no_file_is_too_long() {
    let mut files = Vec::new();
    for root in [
        "src",
        "crates",
        "tests",
        "benches",
        "fuzz/src",
        "fuzz/fuzz_targets",
    ] {
        sources(&top().join(root), &mut files);
    }
    let mut long: BTreeSet<String> = BTreeSet::new();
    for file in files {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        if lines > LONGEST {
            let name = file.strip_prefix(top()).unwrap().display().to_string();
            println!("{name}: {lines} lines");
            long.insert(name);
        }
    }
    assert_eq!(long, BTreeSet::new());
}

/// Clippy knows of each function since when it is there, and of the language nothing. An arm of `match` with `if let` needs
/// Rust 1.95, which is newer than `rust-version` says.
#[test]
fn no_arm_has_a_guard_that_the_oldest_compiler_refuses() {
    let is_guard = |line: &str| {
        let line = line.trim();
        let behind = line.split("if let ").nth(1).unwrap_or_default();
        !line.starts_with("//") && (behind.contains(" => ") || behind.ends_with(" =>"))
    };
    assert!(is_guard(
        "[a, rest @ ..] if let Some(b) = f(a) => (rest, b),"
    ));
    assert!(is_guard("    if let Some(b) = f(a) =>"));
    assert!(
        !is_guard("Some(a) => if let Some(b) = f(a) {"),
        "an expression"
    );
    let mut files = Vec::new();
    for root in both() {
        sources(&root, &mut files);
    }
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let found: Vec<&str> = text.lines().filter(|line| is_guard(line)).collect();
        assert!(found.is_empty(), "{}: {found:?}", file.display());
    }
}

/// The verbs of the command line, and the files in src/shell/cli/verb.
#[test]
fn the_file_of_a_verb_has_its_name() {
    let command = fs::read_to_string(top().join("src/shell/cli/command.rs")).unwrap();
    let (_, verbs) = command.split_once("pub enum Command {").unwrap();
    let verbs: BTreeSet<String> = verbs
        .lines()
        .take_while(|line| *line != "}")
        .filter_map(|line| line.trim().split_once('('))
        .filter(|(name, _)| name.chars().all(char::is_alphabetic))
        .map(|(name, _)| name.to_lowercase())
        .collect();
    let dir = fs::read_dir(top().join("src/shell/cli/verb")).unwrap();
    let files: BTreeSet<String> = dir
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".rs").map(str::to_owned))
        .filter(|name| name != "mod")
        .collect();
    assert!(verbs.len() > 20, "{verbs:?}");
    assert_eq!(verbs, files);
}

type Module = Vec<String>;

/// The modules of a crate, each with its text up to its tests.
fn modules(root: &Path) -> BTreeMap<Module, String> {
    let mut files = Vec::new();
    sources(root, &mut files);
    let mut modules = BTreeMap::new();
    for file in files {
        let below = file.strip_prefix(root).unwrap().with_extension("");
        let mut module: Module = below
            .iter()
            .map(|part| part.to_str().unwrap().to_owned())
            .collect();
        match module.last().map(String::as_str) {
            Some("tests") => continue,
            Some("mod" | "lib" | "main") => drop(module.pop()),
            _ => {}
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("\n#[cfg(test)]\n").next().unwrap();
        let lines = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        modules.insert(module, lines.collect::<Vec<_>>().join("\n"));
    }
    modules
}

/// The paths of a `use`, without braces.
fn paths(tree: &str, before: &str, all: &mut Vec<String>) {
    let (mut depth, mut start) = (0, 0);
    let mut parts = Vec::new();
    for (at, c) in tree.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&tree[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&tree[start..]);
    for part in parts.into_iter().map(str::trim).filter(|p| !p.is_empty()) {
        match part.split_once('{') {
            Some((head, rest)) => {
                let inner = rest.strip_suffix('}').unwrap_or(rest);
                paths(inner, &format!("{before}{head}"), all);
            }
            None => {
                let name = part.split(" as ").next().unwrap();
                all.push(format!("{before}{name}"));
            }
        }
    }
}

/// The `use` lines of a module: what they name, and whether they hand it on (`pub use`).
fn uses(text: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("use ") {
        let line_start = rest[..at].rfind('\n').map_or(0, |n| n + 1);
        let head = rest[line_start..at].trim();
        let Some(end) = rest[at..].find(';') else {
            break;
        };
        if head.is_empty() || head.starts_with("pub") {
            let mut all = Vec::new();
            paths(&rest[at + 4..at + end], "", &mut all);
            found.extend(all.into_iter().map(|path| (path, !head.is_empty())));
        }
        rest = &rest[at + 4..];
    }
    found
}

/// Where a path leads from a module on: a module of this crate and what is named in it.
fn from(
    module: &Module,
    path: &str,
    modules: &BTreeMap<Module, String>,
) -> Option<(Module, Vec<String>)> {
    let mut names: Vec<String> = path.split("::").map(str::to_owned).collect();
    let mut base = match names[0].as_str() {
        "crate" => Module::new(),
        "self" | "super" => module.clone(),
        first => {
            let child = [module.as_slice(), &[first.to_owned()]].concat();
            return modules
                .contains_key(&child)
                .then(|| (module.clone(), names));
        }
    };
    while let Some(first) = names.first() {
        match first.as_str() {
            "super" => drop(base.pop()),
            "crate" | "self" => {}
            _ => break,
        }
        names.remove(0);
    }
    Some((base, names))
}

/// The modules of a crate that import each other, in a circle of any length.
fn circles(root: &Path) -> Vec<BTreeSet<String>> {
    let modules = modules(root);
    let mut handed_on = BTreeMap::new();
    let mut imports = Vec::new();
    for (module, text) in &modules {
        for (path, public) in uses(text) {
            let Some((base, names)) = from(module, &path, &modules) else {
                continue;
            };
            if public {
                let name = path.rsplit("::").next().unwrap().to_owned();
                handed_on.insert((module.clone(), name), (base.clone(), names.clone()));
            }
            imports.push((module.clone(), base, names));
        }
    }
    // What is handed on lies where it is defined.
    let place = |mut base: Module, mut names: Vec<String>| {
        while let Some(name) = names.first().cloned() {
            let child = [base.as_slice(), std::slice::from_ref(&name)].concat();
            if modules.contains_key(&child) {
                base = child;
                names.remove(0);
            } else if let Some((to, rest)) = handed_on.get(&(base.clone(), name)) {
                base = to.clone();
                names = [rest.as_slice(), &names[1..]].concat();
            } else {
                break;
            }
        }
        base
    };
    let mut reached: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
    for (module, base, names) in imports {
        let to = place(base, names);
        if to != module {
            reached.entry(module).or_default().insert(to);
        }
    }
    loop {
        let mut more = false;
        for module in modules.keys() {
            let direct = reached.get(module).cloned().unwrap_or_default();
            let mut all = direct.clone();
            for to in &direct {
                all.extend(reached.get(to).into_iter().flatten().cloned());
            }
            more |= all.len() > direct.len();
            reached.insert(module.clone(), all);
        }
        if !more {
            break;
        }
    }
    let mut found: BTreeSet<BTreeSet<String>> = BTreeSet::new();
    for (module, all) in &reached {
        if all.contains(module) {
            let circle = all.iter().filter(|to| reached[*to].contains(module));
            found.insert(circle.map(|m| m.join("::")).collect());
        }
    }
    found.into_iter().collect()
}

/// A file that is imported does not import the one that does. A file that hands on what another
/// defines (`pub use`) imports that; who takes it from there imports the one that defines it.
#[test]
fn no_modules_import_each_other_in_a_circle() {
    let circles = both().map(|root| circles(&root));
    assert!(circles.iter().all(Vec::is_empty), "{circles:#?}");
}

/// The circles of a crate of these files.
fn circles_of(files: &[(&str, &str)]) -> Vec<BTreeSet<String>> {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    circles(dir.path())
}

/// The test above would see a circle.
#[test]
fn a_circle_is_found() {
    let found = circles_of(&[
        ("lib.rs", "mod a;\nmod b;\nmod c;\n"),
        ("a.rs", "use crate::b::Thing;\npub struct Other;\n"),
        ("b/mod.rs", "mod inner;\npub use inner::Thing;\n"),
        (
            "b/inner.rs",
            "use crate::c::{Last, More as _};\npub struct Thing;\n",
        ),
        ("c.rs", "use super::a::Other;\n"),
    ]);
    let circle: BTreeSet<String> = ["a", "b::inner", "c"].map(str::to_owned).into();
    assert_eq!(found, [circle]);
}

/// Whoever hands on what a child defines imports the child, which then cannot stand on something
/// that is defined beside that line; on what comes from another child it can.
#[test]
fn a_parent_that_hands_on_and_defines_is_a_circle() {
    let inner = "use super::Own;\npub struct Thing;\n";
    let found = circles_of(&[
        ("lib.rs", "mod a;\n"),
        (
            "a/mod.rs",
            "mod inner;\npub(crate) use inner::Thing;\npub struct Own;\n",
        ),
        ("a/inner.rs", inner),
    ]);
    let circle: BTreeSet<String> = ["a", "a::inner"].map(str::to_owned).into();
    assert_eq!(found, [circle]);
    let found = circles_of(&[
        ("lib.rs", "mod a;\n"),
        (
            "a/mod.rs",
            "mod inner;\nmod own;\npub use inner::Thing;\npub use own::Own;\n",
        ),
        ("a/inner.rs", inner),
        ("a/own.rs", "pub struct Own;\n"),
    ]);
    assert!(found.is_empty(), "{found:?}");
}
