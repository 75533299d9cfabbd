//! The published form: the same state in bundles, and nothing that is no published form.

mod attacks;
mod form;
mod updates;

pub use form::rich;

use conex_verify::Outcome;
use conex_verify::finding::{Code, Finding};
use conex_verify::tree::{Bytes, Tree};
use conex_verify::workbench::published::shorten;

use crate::world::*;

impl World {
    /// The tree as clients get it.
    fn published(&self) -> Tree {
        shorten(&self.tree).unwrap()
    }

    /// One release more of a package that has some.
    pub fn one_more(&mut self, release: &str, who: &str, counter: u64) {
        self.file(&opam_path(release), OPAM);
        let entries = self.listed(release, at(0, counter));
        self.says(who, entries);
    }
}

fn memory(outcome: Outcome) -> Vec<u8> {
    match outcome {
        Outcome::Accepted { memory, .. } => memory,
        Outcome::Rejected(report) => panic!("{}", text(&report.findings)),
        _ => unreachable!(),
    }
}

fn text(findings: &[Finding]) -> String {
    let lines = findings
        .iter()
        .map(|f| format!("{} {}\n", f.code, f.message));
    lines.collect()
}

/// The tree is refused for this reason at this place.
fn refused(outcome: &Outcome, code: Code, path: &str) {
    let findings = &outcome.report().findings;
    let found = findings.iter().any(|f| f.code == code && f.path == path);
    assert!(
        !outcome.is_accepted() && found,
        "{code} {path}\n{}",
        text(findings)
    );
}

fn bundle(name: &str) -> String {
    format!("packages/.conex/bundle/{name}")
}

/// The bundle that holds a line, and its text.
fn holding(tree: &Tree, line: &str) -> (String, String) {
    let mut bundles = tree.below("packages/.conex/bundle/");
    let with = |bytes: &Bytes| std::str::from_utf8(bytes).unwrap().contains(line);
    let (path, bytes) = bundles.find(|(_, bytes)| with(bytes)).unwrap();
    (path.to_owned(), String::from_utf8(bytes.to_vec()).unwrap())
}

/// The tree with other text in one file.
fn with(tree: &Tree, path: &str, text: impl Into<Bytes>) -> Tree {
    let mut tree = tree.clone();
    tree.files.insert(path.to_owned(), text.into());
    tree
}

/// The records of a bundle: path and content. The title is left out.
fn records(text: &str) -> Vec<(String, String)> {
    let (_, mut rest) = text.split_once('\n').unwrap();
    let mut records = Vec::new();
    while let Some((header, after)) = rest.split_once('\n') {
        let (path, size) = header.rsplit_once(' ').unwrap();
        let (content, after) = after.split_at(size.parse().unwrap());
        records.push((path.to_owned(), content.to_owned()));
        rest = after;
    }
    records
}

/// A bundle with these records.
fn bundled(title: &str, records: &[(String, String)]) -> String {
    let mut text = format!("conex-bundle 1 {title}\n");
    for (path, content) in records {
        text.push_str(&format!("{path} {}\n{content}", content.len()));
    }
    text
}
