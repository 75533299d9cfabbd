//! Last week's repository is served as if it were this week's.

use std::process::Command;

use conex_verify::finding::Code;
use conex_verify::workbench::patch::{PatchContext, Store, apply};

use crate::client::{Client, NAME};
use crate::patch_support::oracle::Oracle;
use crate::patch_support::print::{Print, print};
use crate::patch_support::{Files, files, tree};
use crate::world::*;

/// Two weeks: a release is edited, one added, one removed; an owner more.
fn weeks() -> (World, World) {
    let mut last = World::usual();
    last.joined("carol");
    last.file(&opam_path("fmt.2.0"), OPAM);
    let entries = vec![
        last.checksum("fmt.2.0", at(0, 1)),
        last.release_list("fmt", at(0, 2)),
    ];
    last.says("bob", entries);
    let mut this = last.clone();
    this.file(&opam_path("fmt.1.0"), format!("{OPAM}# better\n"));
    this.file(&opam_path("fmt.3.0"), OPAM);
    this.remove(&opam_path("fmt.2.0"));
    this.remove(&checksum_path("fmt.2.0"));
    let entries = vec![
        this.checksum("fmt.1.0", at(0, 2)),
        this.checksum("fmt.3.0", at(0, 2)),
        this.release_list_above("fmt", at(0, 3), 1),
    ];
    this.says("bob", entries);
    let owners = this.authorisation("fmt", at(0, 2), &["bob", "carol"]);
    this.quorum_says(vec![owners]);
    last.verdict().is_clean();
    this.verdict().is_clean();
    (last, this)
}

/// What opam's git backend hands over: the clone holds `old`, its remote is at `new`.
fn git_diff(old: &Files, new: &Files) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let git = |args: &[&str]| {
        let out = Command::new("git")
            .args(["-c", "user.name=n", "-c", "user.email=e@example.org"])
            .args(["-c", "diff.renames=false"])
            .args(args)
            .current_dir(dir.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output()
            .expect("git");
        assert!(out.status.success(), "git {args:?}: {out:?}");
        out.stdout
    };
    let put = |files: &Files| {
        for (path, bytes) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    };
    git(&["init", "-q"]);
    put(new);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "new"]);
    git(&["update-ref", "refs/remotes/opam-ref", "HEAD"]);
    git(&["rm", "-q", "-r", "."]);
    put(old);
    git(&["add", "."]);
    git(&[
        "diff",
        "--text",
        "--no-ext-diff",
        "-R",
        "-p",
        "refs/remotes/opam-ref",
        "--",
    ])
}

#[track_caller]
fn refused(client: &Client, last: &World) {
    let verdict = client.says(last);
    for path in ["fmt/authorisation", "fmt/releases", "fmt.1.0/checksum"] {
        verdict.is_rejected(Code::Rollback, path);
    }
}

/// The patches that opam would hand over, from this week back to the last: by GNU
/// diff, by git, and as OCaml's `patch` prints them.
#[test]
fn last_week_as_a_patch_in_all_three_dialects_is_refused() {
    let (last, this) = weeks();
    let client = Client::after(&[&last, &this]);
    let (old, new) = (files(&this.tree), files(&last.tree));
    let mut oracle = Oracle::start();
    let ocaml = |twice| print(Print::Ocaml { twice }, &old, &new);
    let patches = [
        ("diff -ruaN", oracle.diff("diff", &old, &new)),
        ("git diff", git_diff(&old, &new)),
        ("OCaml, opam 2.4", ocaml(true)),
        ("OCaml, opam 2.6", ocaml(false)),
    ];
    for (what, patch) in patches {
        let context = PatchContext {
            repo_name: NAME,
            store: Store::Directory,
            posixly_correct: false,
            clone: None,
        };
        let applied = apply(&tree(&old), &patch, &context)
            .unwrap_or_else(|e| panic!("{what}: {}", e.finding().message));
        let replayed = last.with_tree(applied.tree.into_judged());
        assert_eq!(files(&replayed.tree), new, "{what}");
        for one in [client.clone(), client.without_memory()] {
            refused(&one, &replayed);
            one.says(&replayed)
                .is_rejected(Code::Removed, "fmt.3.0/checksum");
        }
        client
            .says(&replayed)
            .is_rejected(Code::Returned, "fmt.2.0");
    }
}

/// The repository was removed and added again, redirected, or got another URL: opam
/// hands over a new tree and nothing before it.
#[test]
fn last_week_after_the_repository_was_added_again_is_refused() {
    let (last, this) = weeks();
    refused(&Client::after(&[&last, &this]).added_again(), &last);
    refused(&Client::after(&[&this]).added_again(), &last);
}

/// Without a memory, added again, there is nothing to go by: what the first clone is
/// worth is worth it here. (A snapshot and its age are for that.)
#[test]
fn last_week_is_a_first_clone_to_a_client_without_memory() {
    let (last, this) = weeks();
    let client = Client::after(&[&last, &this]);
    client.added_again().without_memory().says(&last).is_clean();
}

/// Pieces of last week in this week's repository: whatever the mix, what is signed
/// and differs is refused, or the mix is this week's or not valid for anybody.
#[test]
fn no_mix_of_two_weeks_is_accepted() {
    let (last, this) = weeks();
    let client = Client::after(&[&last, &this]);
    let paths: std::collections::BTreeSet<String> =
        last.paths().into_iter().chain(this.paths()).collect();
    let changed: Vec<&String> = paths
        .iter()
        .filter(|p| last.tree.get(p) != this.tree.get(p))
        .collect();
    assert!(changed.len() < 16, "{changed:?}");
    for mask in 1_u32..1 << changed.len() {
        let mut mix = this.clone();
        for (i, path) in changed.iter().enumerate() {
            if mask >> i & 1 == 1 {
                mix.tree.files.remove(*path);
                if let Some(bytes) = last.tree.get(path) {
                    mix.tree.files.insert((*path).clone(), bytes.clone());
                }
            }
        }
        let verdict = client.says(&mix);
        assert!(!verdict.accepted, "{mask:b}");
    }
}
