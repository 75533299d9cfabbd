//! The directory that a site is written to. It holds a site and nothing else: whoever wants to keep
//! something else there is told so before anything is written.
//!
//! A file that says so is written first, and the pages after it; what is left of an earlier site goes
//! last. So a run that was killed anywhere is finished by the next one.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use thiserror::Error;

use super::href::{DIRECTORIES, Place};
use super::model::File;
use crate::shell::write::{ApplyError, Change, WORK_TREE, apply, is_stage};
use crate::shell::{progress, signals};

/// The file that says that a directory holds a site.
const MARK: &str = "conex-report.txt";

/// What it says.
const MARKED: &[u8] =
    b"The next report takes the place of everything here. A directory with anything else in it is refused.\n";

/// Why a site was not written.
#[derive(Debug, Error)]
pub enum PlaceError {
    /// The directory holds something else than a site.
    #[error("`{0}` is not part of an earlier report")]
    Other(String),
    /// The directory cannot be read.
    #[error("{0}")]
    Unreadable(#[from] io::Error),
    /// The files cannot be written.
    #[error("{0}")]
    Unwritten(#[from] ApplyError),
}

/// Writes a site, and removes what is left of an earlier one.
///
/// # Errors
/// The directory holds something else, or cannot be read or written.
pub fn write(dir: &Path, files: Vec<File>) -> Result<(), PlaceError> {
    let before = there(dir)?;
    let mut changes = vec![Change {
        path: MARK.to_owned(),
        bytes: Some(MARKED.into()),
    }];
    let mut new = BTreeSet::new();
    for file in files {
        new.insert(file.path.clone());
        changes.push(Change {
            path: file.path,
            bytes: Some(file.bytes.into()),
        });
    }
    let gone = before.into_iter().filter(|path| !new.contains(path));
    changes.extend(gone.map(|path| Change { path, bytes: None }));
    let _writing = signals::writing();
    let _progress = progress::start("writing");
    Ok(apply(dir, &changes, WORK_TREE)?)
}

/// The files of the site that is there.
///
/// # Errors
/// Something else is there, or it cannot be read.
pub fn there(dir: &Path) -> Result<BTreeSet<String>, PlaceError> {
    let mut found = BTreeSet::new();
    let mut marked = false;
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if kind.is_file() && name == MARK {
            marked = true;
        } else if kind.is_dir() && DIRECTORIES.contains(&name.as_str()) {
            for below in std::fs::read_dir(entry.path())? {
                let below = below?;
                let path = format!("{name}/{}", below.file_name().to_string_lossy());
                known(&path, below.file_type()?.is_file())?;
                found.insert(path);
            }
        } else if !(kind.is_dir() && is_stage(&name)) {
            known(&name, kind.is_file())?;
            found.insert(name);
        }
    }
    match found.first() {
        // Somebody else's pages can have the same names.
        Some(first) if !marked => Err(PlaceError::Other(first.clone())),
        _ => Ok(found),
    }
}

fn known(path: &str, is_file: bool) -> Result<(), PlaceError> {
    match is_file && Place::is_path(path) {
        true => Ok(()),
        false => Err(PlaceError::Other(path.to_owned())),
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods)]
mod tests {
    use super::*;
    use std::fs;

    fn file(path: &str) -> File {
        File {
            path: path.to_owned(),
            bytes: path.as_bytes().to_vec(),
        }
    }

    /// User story: what was there of an earlier site goes.
    #[test]
    fn a_second_site_replaces_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let first = ["index.html", "package/p-a.html", "person/i-a.html"];
        write(dir.path(), first.map(file).into()).unwrap();
        let second = ["index.html", "package/p-b.html"];
        write(dir.path(), second.map(file).into()).unwrap();
        assert_eq!(there(dir.path()).unwrap(), second.map(str::to_owned).into());
    }

    /// Attack on oneself: the wrong directory.
    #[test]
    fn a_directory_with_something_else_stays_as_it_is() {
        for other in [
            "main.html",
            "index.html",
            "package/p-a.html",
            "package/x",
            "person/i-a.html/x",
            "list/l-a",
        ] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join(other);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "mine").unwrap();
            let refused = write(dir.path(), vec![file("index.html")]);
            assert!(matches!(refused, Err(PlaceError::Other(_))), "{other}");
            assert_eq!(fs::read(&path).unwrap(), b"mine", "{other}");
        }
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), vec![file("index.html")]).unwrap();
        std::os::unix::fs::symlink("index.html", dir.path().join("check.html")).unwrap();
        let refused = write(dir.path(), vec![file("index.html")]);
        assert!(matches!(refused, Err(PlaceError::Other(_))));
    }

    #[test]
    fn what_a_killed_run_left_is_finished() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(MARK), MARKED).unwrap();
        fs::create_dir(dir.path().join(".conex-new")).unwrap();
        fs::create_dir(dir.path().join("package")).unwrap();
        fs::write(dir.path().join("package/p-old.html"), "").unwrap();
        write(dir.path(), vec![file("index.html")]).unwrap();
        assert_eq!(there(dir.path()).unwrap(), ["index.html".to_owned()].into());
    }
}
