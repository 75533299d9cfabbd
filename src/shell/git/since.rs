//! Since when files are as they are.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use super::error::{GitError, told_in};
use super::oid::Oid;
use super::repository::Git;

/// How many paths are asked for.
const PATHS: usize = 200;

/// How much of a commit is looked at: [`PATHS`] paths are shorter.
const MAX_COMMIT: u64 = 1 << 20;

impl Git {
    /// When files were last changed in the history of a commit, in seconds since 1970, as their
    /// commits say. What the history does not have is left out, and so is all beyond the first
    /// [`PATHS`] paths.
    ///
    /// # Errors
    /// git fails.
    pub fn last_changes<'a>(
        &self,
        head: &Oid,
        paths: impl IntoIterator<Item = &'a str>,
    ) -> Result<BTreeMap<String, i64>, GitError> {
        let paths: Vec<&str> = paths.into_iter().take(PATHS).collect();
        let mut found = BTreeMap::new();
        if paths.is_empty() {
            return Ok(found);
        }
        // What is not in the commit is nowhere in its history as it is.
        let there = self.list_below(&self.tree_of(head)?, &paths)?.paths();
        let paths: Vec<&str> = paths
            .into_iter()
            .filter(|path| there.contains(*path))
            .collect();
        if paths.is_empty() {
            return Ok(found);
        }
        let mut args = vec![
            "log",
            "--first-parent",
            "-m",
            "-z",
            "--format=%x01%ct",
            "--name-only",
            "--relative",
            "--no-renames",
            head.as_str(),
            "--",
        ];
        args.extend(&paths);
        let (mut child, errors) = self.stream(&args, Stdio::null())?;
        let mut whole = true;
        if let Some(out) = child.stdout.take() {
            let mut out = BufReader::new(out);
            let mut commit = Vec::new();
            // The newest come first: as soon as all are found, nobody waits for the rest.
            while found.len() < paths.len() {
                commit.clear();
                match out.by_ref().take(MAX_COMMIT).read_until(1, &mut commit) {
                    Ok(0) => break,
                    Ok(_) => take(&commit, &mut found),
                    Err(_) => break,
                }
            }
            whole = found.len() < paths.len();
        }
        if !whole {
            let _ = child.kill();
        }
        let status = child.wait().map_err(GitError::NoGit)?;
        if whole && !status.success() {
            return Err(GitError::Failed {
                verb: "log",
                why: told_in(errors, status),
            });
        }
        Ok(found)
    }
}

/// Takes in the paths of one commit: its time, then what it changed.
fn take(commit: &[u8], found: &mut BTreeMap<String, i64>) {
    let commit = commit.strip_suffix(&[1]).unwrap_or(commit);
    let mut parts = commit.split(|&b| b == 0 || b == b'\n');
    let time = parts.next().and_then(|t| std::str::from_utf8(t).ok());
    let Some(time) = time.and_then(|t| t.trim().parse().ok()) else {
        return;
    };
    let touched = parts.filter_map(|path| std::str::from_utf8(path).ok());
    for path in touched.filter(|path| !path.is_empty()) {
        found.entry(path.to_owned()).or_insert(time);
    }
}
