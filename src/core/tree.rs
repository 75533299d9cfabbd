//! A repository as the core sees it: a map from path to bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The content of one file, exactly as read.
pub type Bytes = Arc<[u8]>;

/// A tree of files, and what the reader met that is not a plain file.
///
/// Paths are relative to the top of the repository, with `/` between components,
/// as found: nothing has judged them yet. A path that is not UTF-8 is not in
/// `files`, it is a [`Defect`].
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// All files below `packages/`, and the files at the top that opam or git act on.
    pub files: BTreeMap<String, Bytes>,
    /// Other files, whose content does not matter: only their names are judged.
    pub others: Vec<String>,
    /// What is not a readable plain file. Each is a reason to reject.
    pub defects: Vec<Defect>,
}

impl Tree {
    /// The bytes at `path`.
    pub fn get(&self, path: &str) -> Option<&Bytes> {
        self.files.get(path)
    }

    /// Whether there is a file or a directory at `path`.
    pub fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
            || self.others.iter().any(|o| o.trim_end_matches('/') == path)
            || self.below(&format!("{path}/")).next().is_some()
    }

    /// All files whose path starts with `prefix`, in the order of their paths.
    pub fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Bytes)> {
        self.files
            .range(prefix.to_owned()..)
            .take_while(move |(path, _)| path.starts_with(prefix))
            .map(|(path, bytes)| (path.as_str(), bytes))
    }
}

/// The names at the top of a repository whose content is judged.
///
/// `repo` is read by opam, the others change what git puts into a work tree.
pub const TOP_LEVEL_FILES: [&str; 3] = ["repo", ".gitignore", ".gitattributes"];

/// Something in a tree that cannot be taken as a plain file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// The path, lossily made UTF-8 where it is not.
    pub path: String,
    /// What is wrong there.
    pub kind: DefectKind,
}

/// What can be wrong with a directory entry before its content is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DefectKind {
    /// The name is not UTF-8.
    NotUtf8,
    /// A symbolic link: opam follows it, or writes through it.
    Symlink,
    /// A FIFO, socket or device; the text names the kind.
    Special(&'static str),
    /// More than one name for the file: a patch that rewrites one in place changes the other.
    HardLink {
        /// The number of names.
        links: u64,
    },
    /// Permissions with which opam cannot read or replace the file or directory.
    Mode {
        /// The permission bits as found.
        mode: u32,
        /// The bits that are needed.
        needed: u32,
    },
    /// The operating system refused; the text is its reason.
    Unreadable(String),
    /// Larger than [`super::limits::MAX_FILE_SIZE`].
    TooLarge {
        /// The size found, in bytes.
        size: u64,
    },
    /// Deeper than [`super::limits::MAX_TREE_DEPTH`].
    TooDeep,
    /// The tree as a whole has more than [`super::limits::MAX_TREE_FILES`] files.
    TooMany,
    /// The tree as a whole has more than [`super::limits::MAX_TREE_SIZE`] bytes.
    TooMuch,
    /// The file changed while it was read.
    Changed,
}
