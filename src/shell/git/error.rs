//! Why git does not give what it was asked for.

use crate::hint::Hint;
use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::PathBuf;
use std::process::{ExitStatus, Output};

use thiserror::Error;

use super::command::OLDEST;

/// Why there is nothing to judge.
#[derive(Debug, Error)]
pub enum GitError {
    /// The program cannot be run.
    #[error("`git` cannot be run: {0}")]
    NoGit(std::io::Error),
    /// It cannot do what is needed.
    #[error("this git is too old, or no git: {0:?}; {major}.{minor} or later is needed", major = OLDEST.0, minor = OLDEST.1)]
    Old(String),
    /// There is no repository.
    #[error("`{}` is not in a git repository: {why}", dir.display())]
    NotARepository {
        /// The directory.
        dir: PathBuf,
        /// What git says.
        why: String,
    },
    /// No directory for new objects.
    #[error("no temporary directory: {0}")]
    Scratch(std::io::Error),
    /// Not `BASE..HEAD`.
    #[error("{0:?} is not BASE..HEAD")]
    Range(String),
    /// No such commit.
    #[error("there is no commit `{0}` in this repository")]
    Unknown(String),
    /// The history ends before it reaches a common ancestor.
    #[error("this clone is shallow, and does not reach back to where the two branches parted")]
    Shallow,
    /// The history ends before it reaches the first commit.
    #[error(
        "this clone is shallow, and which keys the published branch had once is in its history"
    )]
    CutOff,
    /// The two have nothing in common.
    #[error("the two branches have no commit in common")]
    Unrelated,
    /// Objects are not there.
    #[error("the object {0} is not in this clone")]
    Incomplete(String),
    /// Another repository cannot be reached.
    #[error("the remote `{remote}` cannot be read: {why}")]
    Remote {
        /// Its name here.
        remote: String,
        /// What git says.
        why: String,
    },
    /// Another repository does not have what was asked for.
    #[error("the remote `{remote}` has no `{name}`")]
    NotThere {
        /// Its name here.
        remote: String,
        /// The reference.
        name: String,
    },
    /// Nobody can commit here.
    #[error("git does not know in whose name it commits here: {0}")]
    Nobody(String),
    /// Something else.
    #[error("git {verb}: {why}")]
    Failed {
        /// What was asked.
        verb: &'static str,
        /// What git says.
        why: String,
    },
}

impl GitError {
    /// Whether there is no git, or nothing of git in the directory: no history, and no fault.
    pub fn is_without(&self) -> bool {
        match self {
            GitError::NoGit(error) => error.kind() == std::io::ErrorKind::NotFound,
            GitError::NotARepository { .. } => true,
            _ => false,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            GitError::NoGit(_) | GitError::Old(_) => "install git 2.38 or later".to_owned(),
            GitError::NotARepository { .. } => "name the clone of the repository with -C DIR".to_owned(),
            GitError::Scratch(_) => "name a directory that can be written to with TMPDIR".to_owned(),
            GitError::Range(_) => "give the published branch and the one to merge, as `origin/main..HEAD` or `origin/main..feature`".to_owned(),
            GitError::Unknown(_) => Hint::FetchBranch.into(),
            GitError::Shallow => Hint::Unshallow.into(),
            GitError::CutOff => Hint::UnshallowOrNoHistory.into(),
            GitError::Unrelated => "start the branch anew from the published one".to_owned(),
            GitError::Incomplete(_) => Hint::Incomplete.into(),
            GitError::Remote { .. } => Hint::FetchFails.into(),
            GitError::NotThere { .. } => "name a branch that the remote has".to_owned(),
            GitError::Nobody(_) => Hint::GitIdentity.into(),
            GitError::Failed { .. } => "".to_owned(),
        }
    }

    pub(super) fn failed(verb: &'static str, output: &Output) -> GitError {
        GitError::Failed {
            verb,
            why: told(output),
        }
    }
}

/// What git wrote to standard error: its first line is the reason.
pub(super) fn told(output: &Output) -> String {
    reason(&output.stderr, output.status)
}

/// The same, where programs of the way there warn before git says what is wrong.
pub(super) fn told_by_remote(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let idle = |line: &&str| !line.starts_with("Warning: ") && !line.starts_with("warning: ");
    let lines: Vec<&str> = text.lines().filter(idle).collect();
    reason(lines.join("\n").as_bytes(), output.status)
}

/// The same, of what was written to a file.
pub(super) fn told_in(mut errors: File, status: ExitStatus) -> String {
    let mut text = Vec::new();
    let read = errors
        .rewind()
        .and_then(|()| errors.take(MAX_REASON).read_to_end(&mut text));
    match read {
        Ok(_) => reason(&text, status),
        Err(e) => e.to_string(),
    }
}

/// How much is read of what git says.
const MAX_REASON: u64 = 4096;

fn reason(text: &[u8], status: ExitStatus) -> String {
    let text = String::from_utf8_lossy(text);
    match text.lines().find(|line| !line.trim().is_empty()) {
        Some(line) => line.trim_start_matches("fatal: ").to_owned(),
        None => format!("it ended with {status}"),
    }
}
