//! The opam files of opam-repository, from the archive in `CONEX_DATA` or in
//! `../shared/data` next to the crate.

use std::process::Command;
use std::sync::OnceLock;

/// Every opam file of opam-repository, if the data is there.
pub fn real_files() -> Option<&'static [Vec<u8>]> {
    static FILES: OnceLock<Option<Vec<Vec<u8>>>> = OnceLock::new();
    FILES.get_or_init(unpack).as_deref()
}

fn unpack() -> Option<Vec<Vec<u8>>> {
    let archive = crate::place::data().join("opam-repository/2026-05-30.tar.gz");
    if !archive.exists() {
        eprintln!(
            "NOT RUN: no real opam files, {} is absent",
            archive.display()
        );
        return None;
    }
    let directory = tempfile::tempdir().unwrap();
    let status = Command::new("tar")
        .arg("-C")
        .arg(directory.path())
        .arg("-xzf")
        .arg(&archive)
        .status()
        .unwrap();
    assert!(status.success());
    let mut files = Vec::new();
    let mut todo = vec![directory.path().to_owned()];
    while let Some(path) = todo.pop() {
        for entry in std::fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                todo.push(entry.path());
            } else if entry.file_name() == "opam" {
                files.push(std::fs::read(entry.path()).unwrap());
            }
        }
    }
    files.sort();
    Some(files)
}
