//! The corpora of the fuzzers, through the same properties, and what they accept of patches and
//! archives through the programs that opam runs. `fuzz/run` finds more; what it found is in them.

use std::fs;
use std::path::PathBuf;

use conex_verify::workbench::patch::{Dialect, Store, apply};

use crate::fuzz_properties::{TARGETS, patches};
use crate::patch_support::headers::with_headers;
use crate::patch_support::oracle::Oracle;
use crate::patch_support::{files, tree};

/// The files of a corpus, with their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.display().to_string(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

#[test]
fn the_corpora_of_the_fuzzers_hold() {
    for (target, holds) in TARGETS {
        let corpus = corpus(target);
        assert!(corpus.len() >= 20, "{target}: {} files", corpus.len());
        for (name, bytes) in corpus {
            let run = std::panic::AssertUnwindSafe(|| holds(&bytes));
            assert!(std::panic::catch_unwind(run).is_ok(), "{target}: {name}");
        }
    }
}

/// A target without a corpus, or a corpus without a target, is one that nobody runs.
#[test]
fn every_target_has_a_corpus() {
    let names = |below: &str, end: &str| -> Vec<String> {
        let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("fuzz")
            .join(below);
        let entries = fs::read_dir(dir).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.map(|n| n.trim_end_matches(end).to_owned()).collect();
        names.sort();
        names
    };
    let targets = TARGETS.map(|(name, _)| name.to_owned());
    assert_eq!(names("corpus", ""), targets);
    assert_eq!(names("fuzz_targets", ".rs"), targets);
}

/// Attack: a patch that the verifier understands in one way and GNU patch or git in another.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn what_fuzzers_found_in_patches_is_what_the_appliers_do() {
    let mut oracle = Oracle::start();
    let mut accepted = [0; 3];
    for (name, bytes) in corpus("patches") {
        let (old, context, patch) = patches::parts(&bytes);
        let Ok(applied) = apply(&tree(&old), patch, &context) else {
            continue;
        };
        let (Some(dialect), Store::Directory) = (applied.dialect, context.store) else {
            continue;
        };
        let new = files(&applied.tree);
        let for_patch = match dialect {
            Dialect::Ocaml => with_headers(patch, |start| start.saturating_sub(1)),
            _ => patch.to_vec(),
        };
        let theirs = oracle.apply("patch", &old, &for_patch);
        assert!(
            theirs == Some(new.clone()),
            "{name}: GNU patch differs\n{}",
            oracle.log()
        );
        accepted
            [usize::from(dialect == Dialect::Ocaml) + 2 * usize::from(dialect == Dialect::Git)] +=
            1;
        if dialect == Dialect::Git {
            let theirs = oracle.apply("apply", &old, patch);
            let log = oracle.log();
            // `git apply` creates no file where an empty one is; what opam uses does.
            let onto_empty =
                theirs.is_none() && log.contains("already exists in working directory");
            assert!(
                onto_empty || theirs == Some(new),
                "{name}: git apply differs\n{log}"
            );
        }
    }
    println!("accepted of diff, OCaml and git: {accepted:?}");
    assert!(accepted.iter().all(|n| *n > 0), "{accepted:?}");
}
