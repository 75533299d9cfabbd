//! Writes down what the tests have judged, where `CONEX_CASES_TO` says: `tests/attacks` makes
//! cases of it that any client can be asked.
//!
//! In that directory, `states/DIGEST` is a tree, and each line of `log` a judgement: the test; the
//! form of the trees; anchors, quorum, and what else is asked; the states that the client accepted
//! before, and the tree that opam holds if it is not the last of them; the tree that is judged; and
//! for each thing that a client can have, what it says: the verdict, the first finding, where in
//! the verifier that was made, and the memory afterwards.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;

use conex_verify::finding::{Finding, Severity};
use conex_verify::format::digest::Digest;
use conex_verify::limits::MAX_ALIKE;
use conex_verify::tree::Tree;
use conex_verify::workbench::trust::anchors::{Client, words};
use conex_verify::workbench::update::Memory;
use conex_verify::workbench::verdict::{Known, Load};
use conex_verify::workbench::verify::Mode;

use super::Judge;

/// A tree above this is no case: it would take too much room.
const MOST_BYTES: usize = 200_000;
const MOST_FILES: usize = 300;

/// How opam calls the repository of a case.
const NAME: &str = "r";

thread_local! {
    /// The states that lead to a memory, by what that memory says.
    static SEEN: RefCell<BTreeMap<Vec<u8>, Vec<String>>> = RefCell::default();
}

/// The directory to write to, if there is one.
fn target() -> Option<PathBuf> {
    std::env::var_os("CONEX_CASES_TO").map(PathBuf::from)
}

/// A path in one word.
fn escaped(path: &str) -> String {
    let one = |b: u8| match b {
        b'!'..=b'~' if b != b'%' => char::from(b).to_string(),
        _ => format!("%{b:02X}"),
    };
    path.bytes().map(one).collect()
}

/// Writes the tree, if it is a small one of plain files. Gives its name.
fn state(target: &std::path::Path, tree: &Tree) -> Option<String> {
    let bytes: usize = tree.files.values().map(|b| b.len()).sum();
    let plain = tree.defects.is_empty() && tree.others.is_empty() && tree.elsewhere.is_empty();
    if !plain || bytes > MOST_BYTES || tree.files.len() > MOST_FILES {
        return None;
    }
    let mut text = Vec::new();
    for (path, bytes) in &tree.files {
        text.extend(format!("write {} {}\n", escaped(path), bytes.len()).bytes());
        text.extend_from_slice(bytes);
        text.push(b'\n');
    }
    for path in &tree.empty {
        text.extend(format!("directory {}\n", escaped(path)).bytes());
    }
    let name = Digest::of(&text).short();
    fs::create_dir_all(target.join("states")).unwrap();
    fs::write(target.join("states").join(&name), text).unwrap();
    Some(name)
}

/// What was said, in words without tabs.
fn said(accepted: bool, findings: &[Finding], memory: Option<&Memory>) -> String {
    let verdict = if accepted { "accepted" } else { "rejected" };
    let memory = memory.filter(|_| accepted).map(Memory::encode);
    let memory = memory.map_or("-".to_owned(), |bytes| Digest::of(&bytes).short());
    let first = findings
        .iter()
        .find(|f| accepted || f.severity == Severity::Error);
    let first = first.map_or("- - -".to_owned(), |f| {
        let path = Some(&*f.path).filter(|path| !path.is_empty());
        let place = format!("{}:{}", f.place.file(), f.place.line());
        format!("{} {} {place}", f.code, path.unwrap_or("-"))
    });
    format!("{verdict} {memory} {first}")
}

fn line(target: &std::path::Path, columns: &[String]) {
    let test = std::thread::current().name().unwrap_or("-").to_owned();
    let text = format!("{test}\t{}\n", columns.join("\t"));
    let mut options = fs::File::options();
    let mut log = options
        .append(true)
        .create(true)
        .open(target.join("log"))
        .unwrap();
    log.write_all(text.as_bytes()).unwrap();
}

fn asks(client: &Client, mode: Mode) -> [String; 3] {
    let mut also = Vec::new();
    if mode == Mode::NoStrict {
        also.push("--nostrict");
    }
    if client.snapshot().required {
        also.push("--require-snapshot");
    }
    [
        words(client.anchors()).join(","),
        client.quorum().to_string(),
        also.join(" "),
    ]
}

/// Writes down what a judge says, with `memory` after it.
pub fn judged(judge: Judge<'_>, memory: Option<&Memory>) {
    let Some(target) = target() else { return };
    let known = judge.known;
    let own = matches!(known.name, "" | NAME) && known.memories.len() <= 1;
    let clock = judge.client.snapshot().max_age.is_some();
    let Some(after) = state(&target, judge.tree).filter(|_| own && !clock) else {
        return;
    };
    let holds = known.tree.map(|(tree, _)| state(&target, tree));
    let seen = |memory: &Memory| SEEN.with_borrow(|seen| seen.get(&memory.encode()).cloned());
    let states = match known.memories.first() {
        Some(memory) => seen(memory),
        None => Some(holds.iter().flatten().cloned().collect()),
    };
    let (Some(states), false) = (states, holds == Some(None)) else {
        return;
    };
    if let Some(memory) = memory {
        let to = states.iter().cloned().chain([after.clone()]).collect();
        SEEN.with_borrow_mut(|seen| seen.insert(memory.encode(), to));
    }
    let asked = |tree, memories, load| {
        let known = Known {
            tree,
            name: NAME,
            memories,
            load,
        };
        let (verdict, memory) = Judge {
            known: &known,
            ..judge
        }
        .once(MAX_ALIKE);
        said(verdict.accepted, &verdict.findings, memory.as_ref())
    };
    let mut columns = vec!["working".to_owned()];
    columns.extend(asks(judge.client, judge.mode));
    columns.push(states.join(","));
    columns.push(holds.flatten().unwrap_or("-".to_owned()));
    columns.push(after);
    columns.push(format!("first {}", asked(None, &[], Load::Whole)));
    if !known.memories.is_empty() {
        columns.push(format!(
            "memory {}",
            asked(None, known.memories, Load::Whole)
        ));
    }
    if known.tree.is_some() {
        columns.push(format!("tree {}", asked(known.tree, &[], Load::Patch)));
    }
    if known.tree.is_some() && !known.memories.is_empty() {
        let both = asked(known.tree, known.memories, Load::Patch);
        columns.push(format!("both {both}"));
    }
    line(&target, &columns);
}

/// Writes down what a client says that gets this tree in the published form, and has nothing.
pub fn served(tree: &Tree, client: &Client, mode: Mode, accepted: bool, findings: &[Finding]) {
    let Some(target) = target() else { return };
    let Some(after) = state(&target, tree) else {
        return;
    };
    let mut columns = vec!["published".to_owned()];
    columns.extend(asks(client, mode));
    columns.extend([String::new(), "-".to_owned(), after]);
    columns.push(format!("first {}", said(accepted, findings, None)));
    line(&target, &columns);
}
