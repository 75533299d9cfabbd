//! A bare repository of our own, for branches of somebody else.

use std::path::Path;

use super::command::{Where, command};
use super::error::GitError;
use super::oid::Oid;
use super::repository::Git;

impl Git {
    /// The bare repository in `dir`, which is made where it is not there; a half-made one is made
    /// whole.
    ///
    /// # Errors
    /// git fails, or `dir` is something else.
    pub fn bare(dir: &Path) -> Result<Git, GitError> {
        std::fs::create_dir_all(dir).map_err(GitError::Scratch)?;
        let output = command(dir, Where::Directory)
            .args(["init", "--quiet", "--bare", "--template="])
            .output()
            .map_err(GitError::NoGit)?;
        match output.status.success() {
            true => Git::open(dir, Where::Directory),
            false => Err(GitError::failed("init", &output)),
        }
    }

    /// Whether `later` is `earlier`, or was made on top of it. A commit that is not here is not in
    /// the history of one that is, with all of its history.
    ///
    /// # Errors
    /// git fails.
    pub fn follows(&self, later: &Oid, earlier: &Oid) -> Result<bool, GitError> {
        if self.commit(earlier.as_str()).is_err() {
            return Ok(false);
        }
        let args = [
            "merge-base",
            "--is-ancestor",
            earlier.as_str(),
            later.as_str(),
        ];
        let output = self.run(&args)?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(GitError::failed("merge-base", &output)),
        }
    }

    /// Gives a commit a name below `refs/conex/mirror/`, by which it stays, and takes away those that
    /// others have there: the commit was made on top of them, or nobody asks for them any more.
    ///
    /// # Errors
    /// git fails.
    pub fn keep_alone(&self, commit: &Oid) -> Result<(), GitError> {
        let kept = self.keep(&format!("mirror/{}", commit.as_str()), commit)?;
        let mut others = self.names("refs/conex/mirror/")?;
        others.remove(&kept);
        self.forget(&others)
    }
}
