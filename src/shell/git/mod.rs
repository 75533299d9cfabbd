//! A git repository, through the `git` program: neither its work tree nor its index nor a branch
//! of it is ever written to.
//!
//! What is read is a tree of files, byte for byte as it lies in git's objects: no work
//! tree, no index, no filters. A merge is made in the object database alone, in a
//! directory of its own that goes away afterwards. Two rooms go further, for those who sign
//! on top of somebody else's branch, and still run no hook and check nothing out: `remote`
//! fetches and pushes, `store` adds objects.
//!
//! * [`Git`]: the repository, and how the program is run: whatever the environment and
//!   the user's configuration say, the same bytes come out;
//! * `revision`: `BASE..HEAD` as people type it;
//! * `list`: the names, kinds and sizes in a tree, with limits before anything is read;
//! * `below`: a repository of packages that is a directory below git's top;
//! * `history`: what was there once;
//! * `names`: the names of branches and remotes;
//! * `read`: the contents, of all trees at once;
//! * `remote`: what is fetched from somewhere else, and pushed there;
//! * `store`: new objects that stay.

mod below;
mod differ;
mod error;
mod history;
mod list;
pub mod names;
mod read;
mod remote;
mod revision;
mod since;
mod store;
mod work_tree;

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

pub use error::GitError;
pub use list::Listing;
pub use remote::Pushed;
pub use revision::Range;
pub use work_tree::Uncommitted;

/// The first git that merges without a work tree (`git merge-tree --write-tree`).
pub const OLDEST: (u32, u32) = (2, 38);

/// What an object is called: 40 or 64 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Oid(Box<str>);

impl Oid {
    fn new(text: &[u8]) -> Option<Oid> {
        let text = std::str::from_utf8(text).ok()?.trim_end_matches('\n');
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (matches!(text.len(), 40 | 64) && text.bytes().all(hex)).then(|| Oid(text.into()))
    }

    /// All digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Enough digits for people.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

/// Whose repository is meant: of a hook that git runs, or the one at a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// The environment says where: git runs hooks with `GIT_DIR`, and those of a server
    /// with the directory in which new objects are kept until they are accepted.
    Environment,
    /// The directory says where, whatever the environment holds.
    Directory,
}

/// A repository that can be read.
#[derive(Debug)]
pub struct Git {
    /// Where git runs: paths are relative to it.
    dir: PathBuf,
    place: Where,
    /// The path of `dir` below git's top, without a slash at its end; empty at the top.
    below: Vec<u8>,
    /// Where objects are.
    objects: PathBuf,
    /// Where new ones go: away, at the end.
    scratch: TempDir,
    /// The name of the empty tree.
    empty: &'static str,
    shallow: bool,
}

/// What of the environment is handed on in any case: where git's own programs and its
/// configuration are (a container's job says in it whose directories are safe).
const HANDED_ON: [&str; 4] = [
    "GIT_EXEC_PATH",
    "GIT_CONFIG",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
];

/// What says where the repository and its objects are.
const PLACES: [&str; 5] = [
    "GIT_DIR",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
];

/// Settings that change what a merge or a listing gives. Of a merge they are git's own
/// defaults: so merges whoever merges, and everybody judges the same tree. (Before git
/// 2.50 its detection of renames cannot be turned off.)
const SETTINGS: [&str; 11] = [
    "core.quotePath=false",
    "merge.renames=true",
    "merge.directoryRenames=conflict",
    "merge.renameLimit=7000",
    "diff.renames=true",
    "diff.renameLimit=1000",
    "diff.algorithm=default",
    // No merge driver resolves a conflict that nobody looked at.
    "merge.default=text",
    "core.attributesFile=",
    "core.fsmonitor=false",
    "gc.auto=0",
];

/// The empty tree, which git knows without having it; by the kind of its digests.
const EMPTY_TREES: [(&str, &str); 2] = [
    ("sha1", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"),
    (
        "sha256",
        "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
    ),
];

fn is_handed_on(name: &OsStr, place: Where) -> bool {
    let name = name.to_string_lossy();
    !name.starts_with("GIT_")
        || HANDED_ON.iter().any(|kept| name.starts_with(kept))
        || (place == Where::Environment && PLACES.contains(&&*name))
}

fn command(dir: &Path, place: Where) -> Command {
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os().filter(|(name, _)| !is_handed_on(name, place)) {
        command.env_remove(name);
    }
    command
        .current_dir(dir)
        .args(["--no-pager", "--no-replace-objects", "--no-optional-locks"])
        .arg("--literal-pathspecs");
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    command
        .env("LC_ALL", "C")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("GIT_TERMINAL_PROMPT", "0")
        // Of a partial clone nothing is fetched behind anybody's back, file by file.
        .env("GIT_NO_LAZY_FETCH", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The two numbers of `git version 2.47.3`.
fn version(text: &[u8]) -> Option<(u32, u32)> {
    let text = std::str::from_utf8(text).ok()?;
    let mut numbers = text.strip_prefix("git version ")?.split(['.', ' ', '\n']);
    let mut next = || numbers.next()?.parse().ok();
    Some((next()?, next()?))
}

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
            return Err(not(error::told(&output)));
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
        let (dir, below) = below::place(dir, place)?;
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
    fn command(&self) -> Command {
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
    fn stream(&self, args: &[&str], stdin: Stdio) -> Result<(Child, File), GitError> {
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

    fn run(&self, args: &[&str]) -> Result<Output, GitError> {
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

    /// Merges `head` into `base`, as it would be if it were done now.
    ///
    /// # Errors
    /// The common ancestor is not in this clone; git fails.
    pub fn merge(&self, base: &Oid, head: &Oid) -> Result<Merge, GitError> {
        self.merge_by(self.command(), base, head)
    }

    /// [`Git::merge`], which writes the tree to where `command` writes objects.
    fn merge_by(&self, mut command: Command, base: &Oid, head: &Oid) -> Result<Merge, GitError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_all_builds_are_read() {
        for (text, expected) in [
            ("git version 2.47.3\n", Some((2, 47))),
            ("git version 2.39.5 (Apple Git-154)\n", Some((2, 39))),
            ("git version 2.38.0.windows.1\n", Some((2, 38))),
            ("git version 3.0\n", Some((3, 0))),
            ("hub version 2.14\n", None),
            ("", None),
        ] {
            assert_eq!(version(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn object_names_are_hex_and_nothing_else() {
        let good = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        assert!(Oid::new(good.as_bytes()).is_some());
        assert!(Oid::new(format!("{good}\n").as_bytes()).is_some());
        for bad in ["", "--help", "HEAD", &good[1..], &good.to_uppercase()] {
            assert!(Oid::new(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn the_environment_of_a_hook_leads_nowhere_else() {
        let kept = |name: &str, place| is_handed_on(OsStr::new(name), place);
        for name in [
            "GIT_INDEX_FILE",
            "GIT_WORK_TREE",
            "GIT_NAMESPACE",
            "GIT_TRACE",
        ] {
            assert!(!kept(name, Where::Environment), "{name}");
        }
        for name in ["GIT_DIR", "GIT_OBJECT_DIRECTORY"] {
            assert!(kept(name, Where::Environment), "{name}");
            assert!(!kept(name, Where::Directory), "{name}");
        }
        for name in ["PATH", "HOME", "GIT_CONFIG_COUNT", "GIT_EXEC_PATH"] {
            assert!(kept(name, Where::Directory), "{name}");
        }
    }
}
