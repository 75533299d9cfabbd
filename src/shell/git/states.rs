//! Earlier states of a branch, each read from the one before: of what two of them have in common
//! nothing is read twice.

use std::collections::BTreeSet;

use super::error::GitError;
use super::list::Listing;
use super::oid::Oid;
use super::repository::Git;
use conex_verify::format::path::CONEX;
use conex_verify::tree::Tree;

/// How many commits are looked at, from the newest on.
const MAX_COMMITS: usize = 50_000;

/// So many paths are listed one by one; where more changed, the whole tree is.
const PATHS: usize = 500;

/// A commit of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The commit.
    pub commit: Oid,
    /// Its time, in seconds since 1970, as it says.
    pub time: i64,
}

impl Git {
    /// The commits along the first parents of `head`, the oldest first, that changed anything of
    /// Conex's own; and `head`.
    ///
    /// # Errors
    /// The history is cut off, or git fails.
    pub fn signed_states(&self, head: &Oid) -> Result<Vec<State>, GitError> {
        if self.shallow {
            return Err(GitError::CutOff);
        }
        let most = format!("--max-count={MAX_COMMITS}");
        let below = ["--", CONEX.trim_end_matches('/')];
        let mut states = self.log(&[&most, head.as_str()], &below)?;
        states.reverse();
        if states.last().is_none_or(|last| last.commit != *head) {
            states.extend(self.log(&["--max-count=1", head.as_str()], &["--"])?);
        }
        Ok(states)
    }

    /// A commit with its time.
    ///
    /// # Errors
    /// git fails.
    pub fn state(&self, commit: &Oid) -> Result<Option<State>, GitError> {
        Ok(self
            .log(&["--max-count=1", commit.as_str()], &["--"])?
            .pop())
    }

    fn log(&self, of: &[&str], paths: &[&str]) -> Result<Vec<State>, GitError> {
        let args = ["log", "--first-parent", "-z", "--format=%H %ct"];
        let output = self.run(&[&args, of, paths].concat())?;
        if !output.status.success() {
            return Err(GitError::failed("log", &output));
        }
        let lines = output.stdout.split(|&b| b == 0);
        let state = |line: &[u8]| {
            let (commit, time) = std::str::from_utf8(line).ok()?.trim().split_once(' ')?;
            Some(State {
                commit: Oid::new(commit.as_bytes())?,
                time: time.parse().ok()?,
            })
        };
        Ok(lines.filter_map(state).collect())
    }

    /// The files of a tree, where those of another one are known.
    ///
    /// # Errors
    /// git fails, or objects are missing.
    pub fn read_after(&self, before: Option<(Oid, Tree)>, tree: &Oid) -> Result<Tree, GitError> {
        let Some((known, mut files)) = before else {
            let listing = self.list(tree)?;
            return Ok(self.read(&[&listing])?.pop().unwrap_or_default());
        };
        let changed = self.changed_paths(&known, tree)?;
        if changed.is_empty() {
            return Ok(files);
        }
        let listing = match changed.len() {
            0..=PATHS => {
                let paths: Vec<&str> = changed.iter().map(String::as_str).collect();
                self.list_below(tree, &paths)?
            }
            _ => self.list(tree)?,
        };
        // Of one that is above a limit nothing is read.
        if listing.is_over() {
            return Ok(self.read(&[&listing])?.pop().unwrap_or_default());
        }
        let defects = listing.defects().iter();
        let defects = defects
            .filter(|defect| changed.contains(&defect.path))
            .cloned();
        let defects: Vec<_> = defects.collect();
        let listing: Listing = listing.only(|path| changed.contains(path));
        let new = self.read(&[&listing])?.pop().unwrap_or_default();
        files.files.retain(|path, _| !changed.contains(path));
        files.files.extend(new.files);
        files
            .defects
            .retain(|defect| !changed.contains(&defect.path));
        files.defects.extend(defects);
        Ok(files)
    }

    /// The paths at which two trees differ.
    fn changed_paths(&self, a: &Oid, b: &Oid) -> Result<BTreeSet<String>, GitError> {
        let args = ["diff-tree", "-r", "-z", "--name-only", "--no-renames"];
        let output = self.run(&[&args[..], &[a.as_str(), b.as_str()]].concat())?;
        if !output.status.success() {
            return Err(GitError::failed("diff-tree", &output));
        }
        let paths = output
            .stdout
            .split(|&b| b == 0)
            .filter(|path| !path.is_empty());
        Ok(paths
            .map(|path| String::from_utf8_lossy(path).into_owned())
            .collect())
    }
}
