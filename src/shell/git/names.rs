//! The names in a clone, for whoever completes them: one process, no object is read.

use std::path::Path;

use super::Where;
use super::command::command;

/// The branches of a clone: the local ones, and those of remotes.
#[derive(Debug, Default)]
pub struct Branches {
    /// `main`.
    pub local: Vec<String>,
    /// `origin/main`.
    pub remote: Vec<String>,
}

/// The branches of the clone that `dir` is in; none if it is in none.
pub fn branches(dir: &Path) -> Branches {
    let mut all = Branches::default();
    for line in lines(
        dir,
        &[
            "for-each-ref",
            "--format=%(refname)",
            "refs/heads/",
            "refs/remotes/",
        ],
    ) {
        if let Some(name) = line.strip_prefix("refs/heads/") {
            all.local.push(name.to_owned());
        } else if let Some(name) = line.strip_prefix("refs/remotes/")
            && !name.ends_with("/HEAD")
        {
            all.remote.push(name.to_owned());
        }
    }
    all
}

/// The remotes of the clone that `dir` is in.
pub fn remotes(dir: &Path) -> Vec<String> {
    lines(dir, &["remote"])
}

fn lines(dir: &Path, args: &[&str]) -> Vec<String> {
    let output = command(dir, Where::Directory).args(args).output();
    let Some(output) = output.ok().filter(|output| output.status.success()) else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(str::to_owned).collect()
}
