//! The patches that opam would hand over, made by the programs that it calls.
//!
//! Files that are the same on both sides appear in no patch, so only the others are
//! written to disk.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use conex_verify::tree::Tree;

use super::{changed, scratch, write_files};
use crate::patch_support::Files;
use crate::patch_support::print::{Print, print};

/// The ways in which opam makes a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// GNU diff: opam 2.0 to 2.3 over http and from a path.
    Gnu,
    /// OCaml's patch library: opam 2.4 and later.
    Ocaml,
    /// The same for an archive: opam 2.6 over http.
    Archive,
    /// git, as the hook sets it up.
    Git,
    /// git, with its detection of renames.
    GitRenames,
}

/// The patch from `old` to `new`.
pub fn patch(dialect: Dialect, old: &Tree, new: &Tree) -> Vec<u8> {
    let paths = changed(old, new);
    let home = scratch();
    match dialect {
        Dialect::Gnu => gnu(home.path(), old, new, &paths),
        Dialect::Ocaml => ocaml(old, new, &paths),
        Dialect::Archive => of_archive(&ocaml(old, new, &paths)),
        Dialect::Git => git(home.path(), old, new, &paths, "false"),
        Dialect::GitRenames => git(home.path(), old, new, &paths, "true"),
    }
}

fn ocaml(old: &Tree, new: &Tree, paths: &BTreeSet<String>) -> Vec<u8> {
    let part = |tree: &Tree| -> Files {
        let files = paths.iter().filter_map(|p| Some((p, tree.get(p)?)));
        files.map(|(p, b)| (p.clone(), b.to_vec())).collect()
    };
    print(Print::Ocaml { twice: false }, &part(old), &part(new))
}

/// The same patch with the names that it has if opam keeps the repository as an archive.
fn of_archive(patch: &[u8]) -> Vec<u8> {
    let names: [(&[u8], &[u8]); 2] = [
        (b"--- r/", b"--- r.tar.gz/"),
        (b"+++ r.new/", b"+++ r.tar.gz.new/"),
    ];
    let mut out = Vec::new();
    for line in patch.split_inclusive(|&b| b == b'\n') {
        let name = names.iter().find(|(from, _)| line.starts_with(from));
        out.extend_from_slice(name.map_or(b"", |(_, to)| to));
        out.extend_from_slice(&line[name.map_or(0, |(from, _)| from.len())..]);
    }
    out
}

fn gnu(home: &Path, old: &Tree, new: &Tree, paths: &BTreeSet<String>) -> Vec<u8> {
    for (side, tree) in [("r", old), ("r.new", new)] {
        std::fs::create_dir_all(home.join(side)).unwrap();
        write_files(&home.join(side), tree, paths.iter());
    }
    let output = Command::new("diff")
        .args(["-ruaN", "r", "r.new"])
        .env("LC_ALL", "C")
        .current_dir(home)
        .output()
        .expect("GNU diff");
    assert!(matches!(output.status.code(), Some(0 | 1)));
    output.stdout
}

/// What opam does in its clone: the work tree is the old state, the fetched commit the new one.
fn git(home: &Path, old: &Tree, new: &Tree, paths: &BTreeSet<String>, renames: &str) -> Vec<u8> {
    let git = |args: &[&str]| {
        let output = Command::new("git")
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .current_dir(home)
            .output()
            .expect("git");
        assert!(output.status.success(), "git {args:?}: {output:?}");
        output.stdout
    };
    git(&["init", "--quiet"]);
    git(&["config", "diff.renames", renames]);
    write_files(home, new, paths.iter());
    git(&["add", "--all", "."]);
    let tree = String::from_utf8(git(&["write-tree"])).unwrap();
    git(&["read-tree", "--empty"]);
    for path in paths {
        // What only the new state has.
        let _ = std::fs::remove_file(home.join(path));
    }
    write_files(home, old, paths.iter());
    git(&["add", "--all", "."]);
    git(&[
        "-c",
        "diff.noprefix=false",
        "diff",
        "--text",
        "--no-ext-diff",
        "-R",
        "-p",
        tree.trim(),
        "--",
    ])
}
