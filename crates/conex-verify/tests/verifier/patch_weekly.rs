//! Twelve real weeks of opam-repository, in order, on the tree of 2026-05-30.
//!
//! The data is not part of this repository: it is looked for in `CONEX_DATA`,
//! or in `../shared/data`; without it this says that it did not run.

// Tests read files and start the oracles; only the core may not.

use std::path::PathBuf;
use std::time::Instant;

use crate::patch_support::oracle::Oracle;
use crate::patch_support::print::{Print, print};
use crate::patch_support::{files, map_headers};
use conex_verify::workbench::patch::{PatchContext, Store, apply};

fn data() -> Option<PathBuf> {
    let dir = crate::place::data().join("opam-repository");
    dir.is_dir().then_some(dir)
}

/// What `git diff -R` of the other direction would have printed: `b/` is old.
fn reversed_prefixes(patch: &[u8]) -> Vec<u8> {
    map_headers(patch, |line| {
        if let Some(names) = line.strip_prefix("diff --git ") {
            let (from, to) = names.trim_end().split_once(' ').unwrap();
            format!("diff --git b/{} a/{}\n", &from[2..], &to[2..])
        } else {
            line.replacen("--- a/", "--- b/", 1)
                .replacen("+++ b/", "+++ a/", 1)
        }
    })
}

/// User story: a client that updates every week, through each of the three
/// transports, has what GNU patch makes of it.
#[test]
#[cfg_attr(
    not(all(feature = "oracles", feature = "real-data")),
    ignore = "needs other programs and real repositories: tests/run"
)]
fn twelve_weeks_in_three_dialects() {
    let Some(dir) = data() else {
        println!("NOT RUN: no opam-repository data in CONEX_DATA or ../shared/data");
        return;
    };
    let packed = std::fs::read(dir.join("2026-05-30.tar.gz")).unwrap();
    let mut tree = conex_verify::tree::Tree::default();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&*packed));
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.header().entry_type().is_file() {
            let path = entry.path().unwrap().to_str().unwrap().to_owned();
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
            tree.files
                .insert(path.trim_start_matches("./").to_owned(), bytes.into());
        }
    }
    let mut weeks: Vec<PathBuf> = std::fs::read_dir(dir.join("weekly"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    weeks.sort();
    assert_eq!(weeks.len(), 12);
    let ctx = PatchContext {
        repo_name: "r",
        store: Store::Directory,
        posixly_correct: false,
        clone: None,
    };
    let mut oracle = Oracle::start();
    oracle.write_tree(&files(&tree));
    for week in weeks {
        let patch = reversed_prefixes(&std::fs::read(&week).unwrap());
        let start = Instant::now();
        let applied =
            apply(&tree, &patch, &ctx).unwrap_or_else(|e| panic!("{}: {e}", week.display()));
        let took = start.elapsed();
        let (old, new) = (files(&tree), files(&applied.tree));
        let theirs = oracle.apply_again("patch", &patch).expect("GNU patch");
        assert!(theirs == new, "{}", week.display());
        let shown = week.file_name().unwrap().to_string_lossy().into_owned();
        println!(
            "{shown}: {} changed paths, {} bytes of patch, {took:?}",
            applied.changed.len(),
            patch.len()
        );
        for dialect in [Print::Gnu, Print::Ocaml { twice: false }] {
            let again = apply(&tree, &print(dialect, &old, &new), &ctx).unwrap();
            assert!(files(&again.tree) == new, "{shown} {dialect:?}");
            assert_eq!(again.changed, applied.changed);
        }
        tree = applied.tree;
    }
}
