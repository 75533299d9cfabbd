//! Since when files are as they are.

use std::collections::BTreeMap;

use super::{Git, GitError, Oid};

/// How many paths are asked for.
const PATHS: usize = 200;

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
        let output = self.run(&args)?;
        if !output.status.success() {
            return Err(GitError::failed("log", &output));
        }
        for commit in output.stdout.split(|&b| b == 1).skip(1) {
            let mut parts = commit.split(|&b| b == 0 || b == b'\n');
            let time = parts.next().and_then(|t| std::str::from_utf8(t).ok());
            let Some(time) = time.and_then(|t| t.trim().parse().ok()) else {
                continue;
            };
            // The newest comes first.
            let touched = parts.filter_map(|path| std::str::from_utf8(path).ok());
            for path in touched.filter(|path| !path.is_empty()) {
                found.entry(path.to_owned()).or_insert(time);
            }
        }
        Ok(found)
    }
}
