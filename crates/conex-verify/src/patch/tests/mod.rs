//! Tests of the patch reader, one patch each; the whole is held against other
//! programs in `tests/verifier/patch_oracle.rs`.

mod clone;
mod differentials;
mod grammar;
mod settings;

use super::*;
use crate::tree::{Defect, DefectKind};

const OPAM: &str = "packages/a/a.1/opam";
const OTHER: &str = "packages/b/b.1/opam";
const OLD: &str = "2024-01-01 00:00:00.000000000 +0000";
const NEW: &str = "2024-06-01 00:00:00.000000000 +0200";
const EPOCH: &str = "1969-12-31 19:00:00.000000000 -0500";

fn tree(files: &[(&str, &str)]) -> Tree {
    Tree {
        files: files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), text.as_bytes().into()))
            .collect(),
        ..Tree::default()
    }
}

fn ctx(store: Store) -> PatchContext<'static> {
    PatchContext {
        repo_name: "r",
        store,
        posixly_correct: false,
        clone: None,
    }
}

fn run(files: &[(&str, &str)], patch: &str) -> Result<Applied, PatchError> {
    apply(&tree(files), patch.as_bytes(), &ctx(Store::Directory))
}

/// The content of all files afterwards.
#[track_caller]
fn accepts(files: &[(&str, &str)], patch: &str, expected: &[(&str, &str)]) -> Applied {
    let applied = run(files, patch).unwrap_or_else(|e| panic!("{e}\n{patch}"));
    assert_eq!(applied.tree.files, tree(expected).files, "{patch}");
    applied
}

#[track_caller]
fn refuses(files: &[(&str, &str)], patch: &str, kind: Kind) -> PatchError {
    let error = run(files, patch).expect_err(patch);
    assert_eq!(error.kind(), kind, "{error}\n{patch}");
    let finding = error.finding();
    assert!(!finding.message.is_empty() && !finding.hint.is_empty());
    assert!(error.line() >= 1);
    error
}

fn gnu(path: &str, old: &str, new: &str, hunks: &str) -> String {
    format!(
        "diff -ruaN r/{path} r.new/{path}\n--- r/{path}\t{old}\n+++ r.new/{path}\t{new}\n{hunks}"
    )
}

fn git(path: &str, hunks: &str) -> String {
    format!(
        "diff --git b/{path} a/{path}\nindex 8f966ee..4845f17 100644\n--- b/{path}\n+++ a/{path}\n{hunks}"
    )
}

fn ocaml(path: &str, hunk: &str) -> String {
    format!("--- r/{path}\n+++ r.new/{path}\n{hunk}")
}

/// All three dialects with the same hunks for an edit of one line of one.
fn edits(path: &str) -> [String; 3] {
    [
        gnu(path, OLD, NEW, "@@ -1 +1 @@\n-x\n+y\n"),
        git(path, "@@ -1 +1 @@\n-x\n+y\n"),
        ocaml(path, "@@ -1,1 +1,1 @@\n-x\n+y\n"),
    ]
}
