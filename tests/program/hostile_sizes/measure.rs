//! What hostile input costs, against honest input of the same expanded size.

use std::time::Duration;

use crate::bounded::{Cost, measured, trust};
use crate::sizes::{Files, archive, honest, release, size, usual};
use crate::world::*;

/// How many times the time of honest input a hostile one may take.
pub const TIMES: u32 = 5;
/// What is added to that, for the start of the program and the coarse clock.
pub const START: Duration = Duration::from_millis(50);
/// What may be resident at most, in kB.
pub const MEMORY: u64 = 300_000;
/// How often a run is repeated: of a machine that others use as well the best counts.
pub const RUNS: usize = 3;

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
