//! What of a work tree is not in a commit.

use std::collections::BTreeSet;

use super::error::GitError;
use super::repository::Git;

/// Of more paths than these git is asked as a whole: git compares each file with each path that it
/// is given, and a command line has an end.
const MANY: usize = 64;

/// Files of a work tree that no commit has as they are, with paths from the directory of the
/// repository that was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uncommitted {
    /// Those that git does not know, and would take in.
    pub new: Vec<String>,
    /// Those that git does not know, and leaves out because of a line in a file such as
    /// `.gitignore`.
    pub ignored: Vec<String>,
    /// Those that differ from the present commit, or are gone.
    pub changed: Vec<String>,
}

/// Asks for what git does not know.
const OTHERS: [&str; 4] = ["ls-files", "-z", "--others", "--exclude-standard"];

impl Git {
    /// What of these files and directories is not committed.
    ///
    /// # Errors
    /// git fails; there is no work tree.
    pub fn uncommitted(&self, paths: &[&str]) -> Result<Uncommitted, GitError> {
        let changed = [
            "diff",
            "-z",
            "--relative",
            "--name-only",
            "--no-renames",
            "HEAD",
        ];
        Ok(Uncommitted {
            new: self.paths(&OTHERS, &[], paths)?,
            ignored: self.ignored(paths)?,
            // Before the first commit nothing is changed.
            changed: self.paths(&changed, &[], paths).unwrap_or_default(),
        })
    }

    /// What of these files and directories git leaves out, as [`Uncommitted::ignored`].
    ///
    /// # Errors
    /// git fails; there is no work tree.
    pub fn ignored(&self, paths: &[&str]) -> Result<Vec<String>, GitError> {
        self.paths(&OTHERS, &["--ignored"], paths)
    }

    /// Whether git has two sides of a file and waits for somebody to settle that.
    ///
    /// # Errors
    /// git fails; there is no work tree.
    pub fn has_conflicts(&self) -> Result<bool, GitError> {
        let unmerged = self.paths(&["ls-files", "-z", "--unmerged"], &[], &["."])?;
        Ok(!unmerged.is_empty())
    }

    /// The two sides of a file for which git waits, ours first, each as somebody committed it.
    ///
    /// # Errors
    /// git fails; it does not wait for this file, or one side has none.
    pub fn sides(&self, path: &str) -> Result<[Vec<u8>; 2], GitError> {
        let side = |stage: u8| {
            let output = self.run(&["cat-file", "blob", &format!(":{stage}:./{path}")])?;
            match output.status.success() {
                true => Ok(output.stdout),
                false => Err(GitError::failed("cat-file", &output)),
            }
        };
        Ok([side(2)?, side(3)?])
    }

    fn paths(&self, verb: &[&str], more: &[&str], paths: &[&str]) -> Result<Vec<String>, GitError> {
        let asked: &[&str] = if paths.len() > MANY { &["."] } else { paths };
        let args = [verb, more, &["--"], asked].concat();
        let output = self.run(&args)?;
        if !output.status.success() {
            return Err(GitError::failed("ls-files", &output));
        }
        let found = output.stdout.split(|&b| b == 0).filter(|p| !p.is_empty());
        let text = |path: &[u8]| String::from_utf8_lossy(path).into_owned();
        let found = found.map(text);
        Ok(match paths.len() > MANY {
            true => {
                let wanted = paths.iter().map(|path| path.trim_end_matches('/'));
                let wanted: BTreeSet<&str> = wanted.collect();
                found.filter(|path| is_in(path, &wanted)).collect()
            }
            false => found.collect(),
        })
    }
}

/// Whether a file is one of these files, or below one of these directories.
fn is_in(path: &str, wanted: &BTreeSet<&str>) -> bool {
    let above = path.match_indices('/').map(|(at, _)| &path[..at]);
    above.chain([path]).any(|part| wanted.contains(part))
}
