//! The corpora of the fuzzers, through the same properties, and what they accept through other
//! programs: patches through GNU patch and git, archives through GNU tar, opam files through opam's
//! own reader. `CONEX_FUZZ_CORPUS=fuzz/target/corpus` gives them what a night of `fuzz/run` found.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use conex_verify::tarball;
use conex_verify::tree::Contents;
use conex_verify::workbench::patch::{Dialect, Store, apply};

use crate::fuzz_properties::{TARGETS, archives, patches};
use crate::patch_support::headers::with_headers;
use crate::patch_support::oracle::Oracle as Appliers;
use crate::patch_support::{files, tree};
use crate::syntax_support::Oracle;

/// The files of a corpus, with their names.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let committed = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let all = std::env::var_os("CONEX_FUZZ_CORPUS").map_or_else(committed, PathBuf::from);
    let dir = all.join(target);
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
    let mut oracle = Appliers::start();
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

/// Attack: an archive in which the verifier sees one tree, and opam unpacks another.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn what_fuzzers_found_in_archives_is_what_gnu_tar_unpacks() {
    let mut accepted = 0;
    for (name, bytes) in corpus("archives") {
        for bytes in [archives::packed(&bytes), archives::packed_whole(&bytes)] {
            let Ok(tree) = tarball::read(&bytes, Contents::All) else {
                continue;
            };
            let ours = tree.files.iter().map(|(p, b)| (p.clone(), b.to_vec()));
            let ours: BTreeMap<String, Vec<u8>> = ours.collect();
            let dir = tempfile::tempdir().unwrap();
            let (archive, out) = (dir.path().join("archive"), dir.path().join("out"));
            fs::write(&archive, &bytes).unwrap();
            fs::create_dir(&out).unwrap();
            let mut tar = Command::new("tar");
            tar.arg("-xzf").arg(&archive).arg("-C").arg(&out);
            let done = tar.output().unwrap();
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            assert!(done.status.success(), "{name}: GNU tar: {said}");
            // What an archive says of modes keeps nobody but root from reading.
            let readable = Command::new("chmod")
                .args(["-R", "u+rwX"])
                .arg(&out)
                .status();
            assert!(readable.unwrap().success(), "{name}: chmod");
            let mut theirs = BTreeMap::new();
            unpacked(&out, "", &mut theirs);
            assert!(ours == theirs, "{name}: GNU tar differs\n{said}");
            accepted += 1;
        }
    }
    println!("accepted: {accepted}");
    assert!(accepted > 0);
}

/// The files below a directory, by their paths in it.
fn unpacked(dir: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{prefix}{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            unpacked(&entry.path(), &format!("{path}/"), files);
        } else {
            files.insert(path, fs::read(entry.path()).unwrap());
        }
    }
}

/// Attack: an opam file in which the verifier reads one thing, and opam another.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn what_fuzzers_found_in_opam_files_is_what_opam_reads() {
    let Some(oracle) = Oracle::build() else {
        return;
    };
    let texts: Vec<Vec<u8>> = corpus("syntax").into_iter().map(|(_, b)| b).collect();
    let tally = oracle.compare(&texts);
    println!("opam files: {tally:?}");
    assert!(tally.equal > 0 && tally.refused > 0, "{tally:?}");
}
