//! A merge, as it would be if it were done now.

use std::process::Command;

use super::error::GitError;
use super::oid::Oid;
use super::repository::Git;

/// What a merge gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merge {
    /// A tree, from git's top on.
    Clean(Oid),
    /// These files were changed on both sides, in ways that git does not put together.
    Conflict(Vec<String>),
    /// The two have no commit in common.
    Unrelated,
}

impl Git {
    /// Merges `head` into `base`, as it would be if it were done now.
    ///
    /// # Errors
    /// The common ancestor is not in this clone; git fails.
    pub fn merge(&self, base: &Oid, head: &Oid) -> Result<Merge, GitError> {
        self.merge_by(self.command(), base, head)
    }

    /// [`Git::merge`], which writes the tree to where `command` writes objects.
    pub(super) fn merge_by(
        &self,
        mut command: Command,
        base: &Oid,
        head: &Oid,
    ) -> Result<Merge, GitError> {
        let output = command
            .args(["merge-tree", "--write-tree", "-z", "--name-only"])
            .args(["--no-messages", base.as_str(), head.as_str()])
            .output()
            .map_err(GitError::NoGit)?;
        let mut parts = output.stdout.split(|&b| b == 0);
        match output.status.code() {
            Some(0) => {
                let tree = parts.next().and_then(Oid::new);
                tree.map(Merge::Clean)
                    .ok_or_else(|| GitError::failed("merge-tree", &output))
            }
            Some(1) => {
                let tree = parts.next().and_then(Oid::new);
                tree.ok_or_else(|| GitError::failed("merge-tree", &output))?;
                let mut paths: Vec<String> = parts
                    .filter(|path| !path.is_empty())
                    .map(|path| String::from_utf8_lossy(self.relative(path)).into_owned())
                    .collect();
                paths.sort();
                paths.dedup();
                Ok(Merge::Conflict(paths))
            }
            _ => {
                let found = self.run(&["merge-base", base.as_str(), head.as_str()])?;
                match (found.status.code(), self.shallow) {
                    (Some(1), true) => Err(GitError::Shallow),
                    (Some(1), false) => Ok(Merge::Unrelated),
                    _ => Err(GitError::failed("merge-tree", &output)),
                }
            }
        }
    }
}
