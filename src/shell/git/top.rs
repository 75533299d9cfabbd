//! Where git's top is, and where below it a repository of packages.

use std::path::{Path, PathBuf};

use super::command::{Where, command};
use super::error::GitError;

/// Where git is to run for somebody at `dir`, and the path of that below git's top: in the
/// repository of packages that they are in, or else at the top.
pub(super) fn place(dir: &Path, place: Where) -> Result<(PathBuf, Vec<u8>), GitError> {
    let output = command(dir, place)
        .args(["rev-parse", "--show-prefix"])
        .output()
        .map_err(GitError::NoGit)?;
    // Where there is no work tree there is nothing to be below of.
    let path = match output.status.success() {
        true => output.stdout,
        false => Vec::new(),
    };
    let path = path.strip_suffix(b"\n").unwrap_or(&path);
    let mut path = path.strip_suffix(b"/").unwrap_or(path);
    let mut dir = dir.to_owned();
    while !path.is_empty() && !is_repository(&dir, path) {
        dir.push("..");
        let end = path.iter().rposition(|&b| b == b'/').unwrap_or(0);
        path = path.get(..end).unwrap_or_default();
    }
    Ok((dir, path.to_owned()))
}

/// Whether a directory below git's top is a repository of packages, and not a part of one: there
/// are packages that are called `repo` and `packages`.
fn is_repository(dir: &Path, path: &[u8]) -> bool {
    let within = path.split(|&b| b == b'/').any(|name| name == b"packages");
    dir.join("repo").is_file() || (dir.join("packages").is_dir() && !within)
}
