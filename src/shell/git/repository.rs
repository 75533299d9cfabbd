//! The repository, and the program in it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use super::command::{OLDEST, Where, command, version};
use super::error::{GitError, told};
use super::oid::Oid;
use super::top::place as place_of;

/// A repository that can be read.
#[derive(Debug)]
pub struct Git {
    /// Where git runs: paths are relative to it.
    pub(super) dir: PathBuf,
    pub(super) place: Where,
    /// The path of `dir` below git's top, without a slash at its end; empty at the top.
    pub(super) below: Vec<u8>,
    /// Where objects are.
    pub(super) objects: PathBuf,
    /// Where new ones go: away, at the end.
    pub(super) scratch: TempDir,
    /// The name of the empty tree.
    pub(super) empty: &'static str,
    pub(super) shallow: bool,
}

/// The empty tree, which git knows without having it; by the kind of its digests.
const EMPTY_TREES: [(&str, &str); 2] = [
    ("sha1", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"),
    (
        "sha256",
        "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
    ),
];

impl Git {
    /// The repository that `dir` is in: bare, or with a work tree.
    ///
    /// # Errors
    /// No git, a git before [`OLDEST`], or no repository.
    pub fn open(dir: &Path, place: Where) -> Result<Git, GitError> {
        if !dir.is_dir() {
            return Err(GitError::NotARepository {
                dir: dir.to_owned(),
                why: "it is not a directory".to_owned(),
            });
        }
        let output = command(dir, place)
            .arg("version")
            .output()
            .map_err(GitError::NoGit)?;
        if version(&output.stdout).is_none_or(|found| found < OLDEST) {
            let found = String::from_utf8_lossy(&output.stdout);
            return Err(GitError::Old(found.trim().to_owned()));
        }
        let output = command(dir, place)
            .args(["rev-parse", "--is-shallow-repository"])
            .args(["--show-object-format", "--path-format=absolute"])
            .args(["--git-path", "objects"])
            .output()
            .map_err(GitError::NoGit)?;
        let not = |why: String| GitError::NotARepository {
            dir: dir.to_owned(),
            why,
        };
        if !output.status.success() {
            return Err(not(told(&output)));
        }
        // The path is last, and may hold any byte but a final line end of git's.
        let mut lines = output.stdout.splitn(3, |&b| b == b'\n');
        let shallow = lines.next() == Some(b"true");
        let format = lines.next().unwrap_or_default();
        let path = lines.next().unwrap_or_default();
        let path = path.strip_suffix(b"\n").unwrap_or(path);
        let empty = EMPTY_TREES
            .iter()
            .find(|(name, _)| name.as_bytes() == format)
            .map(|(_, tree)| *tree)
            .ok_or_else(|| not("its objects are named in a way that is not known".to_owned()))?;
        let (dir, below) = place_of(dir, place)?;
        Ok(Git {
            dir,
            place,
            below,
            objects: os(path).into(),
            scratch: tempfile::Builder::new()
                .prefix("conex-objects-")
                .tempdir()
                .map_err(GitError::Scratch)?,
            empty,
            shallow,
        })
    }

    /// `git`, with all of the repository's objects, and new ones in a directory apart.
    pub(super) fn command(&self) -> Command {
        let mut command = command(&self.dir, self.place);
        let mut objects = quoted(self.objects.as_os_str());
        if self.place == Where::Environment
            && let Some(more) = std::env::var_os("GIT_ALTERNATE_OBJECT_DIRECTORIES")
        {
            objects.push(":");
            objects.push(more);
        }
        command
            .env("GIT_OBJECT_DIRECTORY", self.scratch.path())
            .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", objects)
            .env_remove("GIT_QUARANTINE_PATH")
            // Attributes of the work tree, or of anybody else, say nothing here.
            .env("GIT_ATTR_SOURCE", self.empty);
        command
    }

    /// Runs `git` for an answer of any length, which is read while git writes it. What
    /// it says besides goes to a file: nobody waits for that to be read.
    pub(super) fn stream(&self, args: &[&str], stdin: Stdio) -> Result<(Child, File), GitError> {
        let errors = tempfile::tempfile().map_err(GitError::Scratch)?;
        let child = self
            .command()
            .args(args)
            .stdin(stdin)
            .stderr(errors.try_clone().map_err(GitError::Scratch)?)
            .spawn()
            .map_err(GitError::NoGit)?;
        Ok((child, errors))
    }

    pub(super) fn run(&self, args: &[&str]) -> Result<Output, GitError> {
        self.command().args(args).output().map_err(GitError::NoGit)
    }

    /// The tree of the repository of packages in a commit.
    ///
    /// # Errors
    /// git fails.
    pub fn tree_of(&self, commit: &Oid) -> Result<Oid, GitError> {
        self.inside(&self.whole_tree_of(commit)?)
    }

    /// The tree of a commit, from git's top on.
    ///
    /// # Errors
    /// git fails.
    pub fn whole_tree_of(&self, commit: &Oid) -> Result<Oid, GitError> {
        let name = format!("{}^{{tree}}", commit.as_str());
        let output = self.run(&["rev-parse", "--verify", "--quiet", &name])?;
        Oid::new(&output.stdout).ok_or_else(|| GitError::failed("rev-parse", &output))
    }
}

/// A path in a list of paths that are separated by colons.
fn quoted(path: &OsStr) -> OsString {
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
    let mut bytes = vec![b'"'];
    for &b in path.as_bytes() {
        match b {
            b'"' | b'\\' => bytes.extend([b'\\', b]),
            b'\n' => bytes.extend(b"\\n"),
            _ => bytes.push(b),
        }
    }
    bytes.push(b'"');
    OsString::from_vec(bytes)
}

fn os(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStringExt as _;
    OsString::from_vec(bytes.to_vec())
}
