//! What hostile input costs, against honest input of the same expanded size.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::bounded::{Cost, gzip, header, measured, noise, trust};
use crate::world::*;

/// How many times the time of honest input a hostile one may take.
pub const TIMES: u32 = 5;
/// What is added to that, for the start of the program and the coarse clock.
pub const START: Duration = Duration::from_millis(50);
/// What may be resident at most, in kB.
pub const MEMORY: u64 = 300_000;
/// How often a run is repeated: of a machine that others use as well the best counts.
pub const RUNS: usize = 3;

/// Files by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The files of the usual world.
pub fn usual() -> Files {
    let files = World::usual().tree.files.into_iter();
    files.map(|(path, bytes)| (path, bytes.to_vec())).collect()
}

/// What a file takes in an archive without compression.
pub fn expanded(bytes: &[u8]) -> usize {
    512 + bytes.len().next_multiple_of(512)
}

pub fn size(files: &Files) -> usize {
    files.values().map(|bytes| expanded(bytes)).sum()
}

pub fn archive(files: &Files) -> Vec<u8> {
    gzip(|to| {
        for (path, bytes) in files {
            let size = u64::try_from(bytes.len()).unwrap();
            to.write_all(&header(path, size, b'0')).unwrap();
            to.write_all(bytes).unwrap();
            let padding = bytes.len().next_multiple_of(512) - bytes.len();
            to.write_all(&[0; 512][..padding]).unwrap();
        }
        to.write_all(&[0; 1024]).unwrap();
    })
}

/// Release number `n` as somebody writes it: four of each package.
pub fn release(n: usize) -> (String, String) {
    let (package, version) = (n / 4, n % 4);
    let sum = |of: usize, len| noise(u64::try_from(n * 7 + of).unwrap(), len);
    let text = format!(
        r#"opam-version: "2.0"
synopsis: "A library for the things of number {package}"
description: """
Things come in many kinds. This library has the ones of number {package}, with a
printer and a parser for each of them, and a few tools around them.
"""
maintainer: "Somebody {package} <somebody{package}@example.org>"
authors: ["Somebody {package}" "Somebody Else"]
license: "ISC"
tags: ["things" "library" "org:example"]
homepage: "https://example.org/thing{package}"
doc: "https://example.org/thing{package}/doc"
bug-reports: "https://example.org/thing{package}/issues"
depends: [
  "dune" {{>= "2.{version}"}}
  "ocaml" {{>= "4.08.0" & < "5.{version}.0"}}
  "fmt" {{>= "0.8.{version}"}}
  "logs"
  "alcotest" {{with-test & >= "1.{version}.0"}}
  "odoc" {{with-doc}}
]
build: [
  ["dune" "subst"] {{dev}}
  [
    "dune"
    "build"
    "-p"
    name
    "-j"
    jobs
    "@install"
    "@runtest" {{with-test}}
    "@doc" {{with-doc}}
  ]
]
dev-repo: "git+https://example.org/thing{package}.git"
url {{
  src: "https://example.org/thing{package}/archive/1.{version}.tar.gz"
  checksum: [
    "sha256={}"
    "sha512={}"
  ]
}}
"#,
        sum(0, 64),
        sum(1, 128)
    );
    (
        format!("packages/thing{package}/thing{package}.1.{version}/opam"),
        text,
    )
}

/// The usual world, with as many releases besides as make `size` bytes.
pub fn honest(size: usize) -> Files {
    let mut files = usual();
    let mut left = size.saturating_sub(self::size(&files));
    for n in 0.. {
        let (path, text) = release(n);
        let more = expanded(text.as_bytes());
        if more > left {
            break;
        }
        left -= more;
        files.insert(path, text.into_bytes());
    }
    files
}

/// A patch that adds files: what opam 2.4 and later make.
pub fn patch<'a>(files: impl Iterator<Item = (String, &'a str)>) -> Vec<u8> {
    let mut out = String::new();
    for (path, text) in files {
        let lines = text.lines().count();
        out += &format!("--- /dev/null\n+++ r.new/{path}\n@@ -0,0 +1,{lines} @@\n");
        for line in text.lines() {
            out += &format!("+{line}\n");
        }
    }
    out.into_bytes()
}

/// A patch of this size that adds releases.
pub fn honest_patch(size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for n in 0.. {
        let (path, text) = release(n);
        if out.len() + text.len() > size {
            break;
        }
        out.extend(patch([(path, text.as_str())].into_iter()));
    }
    out
}

/// The cheapest of some runs.
pub fn cheapest(what: &str, args: &[String]) -> Cost {
    let runs = (0..RUNS).map(|_| measured(what, args));
    runs.min_by_key(|cost| cost.time).unwrap()
}

pub fn verified(what: &str, gz: &[u8]) -> Cost {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.tar.gz.new");
    std::fs::write(&path, gz).unwrap();
    let mut args = trust(&World::usual());
    args.push(format!("--repo={}", dir.path().join("r.tar.gz").display()));
    args.push(format!("--dir={}", path.display()));
    args.push("--incremental=false".to_owned());
    cheapest(&format!("{what} ({} kB)", gz.len() / 1000), &args)
}

pub fn patched(what: &str, patch: &[u8]) -> Cost {
    let dir = tempfile::tempdir().unwrap();
    for (path, bytes) in usual() {
        let path = dir.path().join("r").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let file = dir.path().join("patch");
    std::fs::write(&file, patch).unwrap();
    let mut args = trust(&World::usual());
    args.push(format!("--repo={}", dir.path().join("r").display()));
    args.push(format!("--patch={}", file.display()));
    args.push("--incremental=true".to_owned());
    args.push("--no-state".to_owned());
    cheapest(&format!("{what} ({} kB)", patch.len() / 1000), &args)
}

#[track_caller]
pub fn bounded(what: &str, hostile: &Cost, honest: &Cost) {
    assert_eq!(
        honest.status,
        Some(0),
        "{what}: honest input\n{}",
        honest.text
    );
    let (time, most) = (hostile.time, honest.time * TIMES + START);
    println!(
        "{what}: {:.1} times the time, {} MB against {} MB",
        time.as_secs_f64() / honest.time.as_secs_f64().max(0.01),
        hostile.memory / 1000,
        honest.memory / 1000
    );
    assert!(
        time <= most,
        "{what}: {time:?}, at most {most:?}\n{}",
        hostile.text
    );
    assert!(hostile.memory < MEMORY, "{what}: {} kB", hostile.memory);
}

/// An archive of these files besides those of the usual world, against honest files of
/// the same size. Gives what the program said.
#[track_caller]
pub fn archive_bounded(what: &str, files: Files) -> Cost {
    let mut all = usual();
    all.extend(files);
    let hostile = verified(what, &archive(&all));
    let honest = verified("honest", &archive(&honest(size(&all))));
    bounded(what, &hostile, &honest);
    hostile
}

#[track_caller]
pub fn patch_bounded(what: &str, patch: &[u8]) -> Cost {
    let hostile = patched(what, patch);
    let honest = patched("honest", &honest_patch(patch.len()));
    bounded(what, &hostile, &honest);
    hostile
}

/// The same of the files that an attacker adds in a patch.
#[track_caller]
pub fn added_bounded(what: &str, files: &Files) -> Cost {
    let text = |(path, bytes): (&String, &Vec<u8>)| {
        (path.clone(), String::from_utf8(bytes.clone()).unwrap())
    };
    let files: Vec<_> = files.iter().map(text).collect();
    let files = files.iter().map(|(path, text)| (path.clone(), &**text));
    patch_bounded(&format!("{what}, in a patch"), &patch(files))
}

/// The least that a package can be.
pub const TINY: &str = "opam-version: \"2.0\"\n";

/// The path of one, by number.
pub fn tiny(n: usize) -> String {
    format!("packages/p{n:06}/p{n:06}.1/opam")
}
