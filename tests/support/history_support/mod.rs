//! Real history: the opam-repository of a day, what changed week by week, people
//! who sign it, and the patches that opam would hand to its hook.

pub mod community;
pub mod publish;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use conex_verify::tree::{Bytes, Tree, is_judged};

/// The day on which the history begins.
pub const FIRST_DAY: &str = "2026-05-30";

/// What is known of the real opam-repository.
pub struct History {
    directory: PathBuf,
    /// The last days of the weeks, in order.
    pub weeks: Vec<String>,
}

impl History {
    /// The data in `CONEX_DATA`, or in `../shared/data` next to the crate.
    pub fn find() -> Option<History> {
        let directory = crate::place::data().join("opam-repository");
        let Ok(entries) = std::fs::read_dir(directory.join("weekly")) else {
            eprintln!(
                "NOT RUN: no real history, {} is absent",
                directory.display()
            );
            return None;
        };
        let mut weeks: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| Some(name.strip_suffix(".patch")?.to_owned()))
            .collect();
        weeks.sort();
        Some(History { directory, weeks })
    }

    /// The tree of the first day: everything that the hook judges.
    pub fn first(&self) -> Tree {
        let path = self.directory.join(format!("{FIRST_DAY}.tar.gz"));
        let packed = std::fs::File::open(&path).unwrap();
        let mut tree = Tree::default();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed));
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            if !entry.header().entry_type().is_file() {
                continue;
            }
            let path = entry.path().unwrap().to_str().unwrap().to_owned();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            if is_judged(&path) {
                tree.files.insert(path, bytes.into());
            } else {
                tree.others.push(path);
            }
        }
        tree.others.sort();
        tree
    }

    /// Brings the unsigned files of `tree` to the end of the week, with GNU patch.
    /// Gives the paths of the opam files that changed, new and removed ones included.
    pub fn apply(&self, week: &str, tree: &mut Tree) -> BTreeSet<String> {
        let patch = self.directory.join(format!("weekly/{week}.patch"));
        let text = std::fs::read(&patch).unwrap();
        let touched: BTreeSet<String> = text
            .split(|&b| b == b'\n')
            .filter_map(|line| {
                std::str::from_utf8(line)
                    .ok()?
                    .strip_prefix("diff --git a/")
            })
            .map(|names| names.split_once(" b/").unwrap().0.to_owned())
            .collect();
        let home = scratch();
        write_files(home.path(), tree, touched.iter());
        let status = Command::new("patch")
            .args(["-p1", "--silent", "--force", "-i"])
            .arg(&patch)
            .current_dir(home.path())
            .status()
            .expect("GNU patch");
        assert!(status.success(), "{week}: GNU patch");
        for path in &touched {
            match std::fs::read(home.path().join(path)) {
                Ok(bytes) => tree.files.insert(path.clone(), bytes.into()),
                Err(_) => {
                    // Whoever removes a release removes its directory.
                    let directory = path.strip_suffix("opam").unwrap();
                    tree.files.retain(|other, _| !other.starts_with(directory));
                    None
                }
            };
        }
        touched
    }
}

/// Writes those of `paths` that the tree has below `root`.
pub fn write_files<'p>(root: &Path, tree: &Tree, paths: impl Iterator<Item = &'p String>) {
    for path in paths {
        if let Some(bytes) = tree.get(path) {
            let file = root.join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, bytes).unwrap();
        }
    }
}

/// The paths whose bytes differ, and those that only one of the trees has.
pub fn changed(old: &Tree, new: &Tree) -> BTreeSet<String> {
    let differs = |a: &BTreeMap<String, Bytes>, b: &BTreeMap<String, Bytes>| {
        a.iter()
            .filter(|(path, bytes)| match b.get(*path) {
                Some(other) => *bytes != other,
                None => true,
            })
            .map(|(path, _)| path.clone())
            .collect::<BTreeSet<_>>()
    };
    let mut paths = differs(&old.files, &new.files);
    paths.extend(differs(&new.files, &old.files));
    paths
}

/// A directory in memory, where there is such.
pub fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    }
    .unwrap()
}
