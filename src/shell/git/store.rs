//! New objects that stay: files on top of somebody's tree, and a commit of it.
//!
//! The index is one of its own, in a directory that goes away; the files are what was planned,
//! byte for byte. Neither the work tree nor the index of the repository nor a branch is touched.

use std::io::Write as _;
use std::process::Command;

use super::command::command;
use super::error::GitError;
use super::merge::Merge;
use super::oid::Oid;
use super::remote::{NO_HOOKS, answer, object};
use super::repository::Git;

/// Who commits, where the environment says so.
const WHO: [&str; 2] = ["GIT_AUTHOR_", "GIT_COMMITTER_"];

/// The settings of an index that leaves nothing beside itself.
const INDEX: [&str; 3] = [
    "core.splitIndex=false",
    "core.sparseCheckout=false",
    "index.sparse=false",
];

impl Git {
    /// `git`, which writes into the repository's own objects.
    fn keeping(&self) -> Command {
        let mut command = command(&self.dir, self.place);
        for (name, value) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if WHO.iter().any(|kept| text.starts_with(kept)) {
                command.env(&name, value);
            }
        }
        command.args(NO_HOOKS);
        for setting in INDEX {
            command.args(["-c", setting]);
        }
        command
            .env("GIT_ATTR_SOURCE", self.empty)
            .env("GIT_INDEX_FILE", self.scratch.path().join("index"));
        command
    }

    /// Whether git knows who commits here.
    ///
    /// # Errors
    /// It does not.
    pub fn committer(&self) -> Result<(), GitError> {
        for who in ["GIT_AUTHOR_IDENT", "GIT_COMMITTER_IDENT"] {
            let mut git = self.keeping();
            let output = git.args(["var", who]).output().map_err(GitError::NoGit)?;
            if !output.status.success() {
                return Err(GitError::Nobody(super::error::told(&output)));
            }
        }
        Ok(())
    }

    /// The tree from git's top on in which files of the repository of packages have these
    /// contents, or are gone.
    ///
    /// # Errors
    /// git fails, or `tree` is none that it would check out.
    pub fn with_files<'a>(
        &self,
        tree: &Oid,
        files: impl IntoIterator<Item = (&'a str, Option<&'a [u8]>)>,
    ) -> Result<Oid, GitError> {
        let mut lines = Vec::new();
        let none = "0".repeat(tree.as_str().len());
        for (path, bytes) in files {
            let (mode, oid) = match bytes {
                Some(bytes) => {
                    let mut git = self.keeping();
                    git.args(["hash-object", "-w", "--no-filters", "--stdin"]);
                    let oid = object("hash-object", &answer("hash-object", git, bytes)?)?;
                    ("100644", oid.as_str().to_owned())
                }
                None => ("0", none.clone()),
            };
            write!(lines, "{mode} {oid}\t").map_err(GitError::Scratch)?;
            lines.extend(self.whole_path(path));
            lines.push(0);
        }
        let mut git = self.keeping();
        git.args(["read-tree", "--no-recurse-submodules", tree.as_str()]);
        done("read-tree", git, b"")?;
        let mut git = self.keeping();
        git.args(["update-index", "-z", "--index-info"]);
        done("update-index", git, &lines)?;
        let mut git = self.keeping();
        let output = git.arg("write-tree").output().map_err(GitError::NoGit)?;
        object("write-tree", &output)
    }

    /// [`Git::merge`], with a tree that stays.
    ///
    /// # Errors
    /// See there.
    pub fn keep_merge(&self, base: &Oid, head: &Oid) -> Result<Merge, GitError> {
        self.merge_by(self.keeping(), base, head)
    }

    /// Commits a tree, as whoever works in this clone. The commit is signed where git's
    /// configuration says that commits are.
    ///
    /// # Errors
    /// git fails, or cannot sign.
    pub fn commit_tree(&self, tree: &Oid, parents: &[Oid], message: &str) -> Result<Oid, GitError> {
        let mut git = self.keeping();
        git.args(["commit-tree", "-F", "-"]);
        if self.signs_commits()? {
            git.arg("-S");
        }
        for parent in parents {
            git.args(["-p", parent.as_str()]);
        }
        git.arg(tree.as_str());
        object(
            "commit-tree",
            &answer("commit-tree", git, message.as_bytes())?,
        )
    }

    fn signs_commits(&self) -> Result<bool, GitError> {
        let output = self.run(&["config", "--type=bool", "--get", "commit.gpgSign"])?;
        Ok(output.stdout == b"true\n")
    }

    /// Gives a commit a name below `refs/conex/`, by which it stays.
    ///
    /// # Errors
    /// git fails.
    pub fn keep(&self, name: &str, commit: &Oid) -> Result<String, GitError> {
        let name = format!("refs/conex/{name}");
        let mut git = self.keeping();
        git.args(["update-ref", &name, commit.as_str()]);
        done("update-ref", git, b"")?;
        Ok(name)
    }
}

fn done(verb: &'static str, git: Command, input: &[u8]) -> Result<(), GitError> {
    let output = answer(verb, git, input)?;
    match output.status.success() {
        true => Ok(()),
        false => Err(GitError::failed(verb, &output)),
    }
}
