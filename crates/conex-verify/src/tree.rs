//! A repository as the core sees it: a map from path to bytes.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::finding::{Code, Finding, is_leftover, remedy};
use crate::format::name::on_disk;
use crate::limits::{MAX_FILE_SIZE, MAX_PACKAGES, MAX_TREE_DEPTH, MAX_TREE_FILES, MAX_TREE_SIZE};

pub use crate::bytes::Bytes;

/// Which files of a repository are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contents {
    /// Those that a verdict depends on: everything below `packages/` and
    /// [`TOP_LEVEL_FILES`]. Of everything else at the top only the name is taken.
    Judged,
    /// Every file, so that a patch can be applied to the tree; then
    /// [`Tree::into_judged`] leaves what [`Contents::Judged`] would have read. What is
    /// no plain file is a defect wherever it lies: opam would write through a link.
    All,
}

/// A tree of files, and what the reader met that is not a plain file.
///
/// Paths are relative to the top of the repository, with `/` between components,
/// as found: nothing has judged them yet. A path that is not UTF-8 is not in
/// `files`, it is a [`Defect`].
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// All files below `packages/`, and the files at the top that opam or git act on.
    pub files: BTreeMap<String, Bytes>,
    /// Everything else at the top, whose content does not matter, by name: `name` of
    /// a file, `name/` of a directory. Sorted. A tree that was read to be patched has
    /// the files themselves in `files` and only directories without files here;
    /// [`Tree::into_judged`] makes the names of it.
    pub others: Vec<String>,
    /// The paths of all files whose content is not judged, as far as they were looked for: the
    /// removal of one can make opam forget a release. In a tree that was read to be patched
    /// they are in `files` until [`Tree::into_judged`].
    pub elsewhere: BTreeSet<String>,
    /// The directories without any file in or below them. opam 2.0 to 2.3 stop looking for
    /// packages where one is called `opam`.
    pub empty: BTreeSet<String>,
    /// What is not a readable plain file. Each is a reason to reject.
    pub defects: Vec<Defect>,
}

impl Tree {
    /// Computes the digest of every file, on all threads there are. Each file keeps its own.
    pub(crate) fn digest_all(&self) {
        let files: Vec<&Bytes> = self.files.values().collect();
        files.par_iter().for_each(|bytes| {
            bytes.digest();
        });
    }

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

    /// The tree with nothing in `files` but what is judged, and the names of all the
    /// rest in `others`: what a patch may have been applied to becomes what is verified.
    /// A file called `opam` among the rest is a defect.
    #[must_use]
    pub fn into_judged(self) -> Tree {
        let mut others: BTreeSet<String> = self.others.into_iter().collect();
        let mut files = self.files;
        let mut defects = self.defects;
        let mut elsewhere = self.elsewhere;
        files.retain(|path, _| {
            let judged = is_judged(path);
            if !judged {
                if is_stray_opam(path) {
                    defects.push(Defect {
                        path: path.clone(),
                        kind: DefectKind::StrayOpam,
                    });
                }
                others.insert(match path.split_once('/') {
                    Some((top, _)) => format!("{top}/"),
                    None => path.clone(),
                });
                elsewhere.insert(path.clone());
            }
            judged
        });
        // What lies in other directories is not read to be judged, and a patch that
        // touches such a path was refused.
        defects.retain(|defect| {
            defect.path.starts_with(crate::format::path::PACKAGES)
                || !defect.path.contains('/')
                || defect.kind == DefectKind::StrayOpam
        });
        Tree {
            files,
            others: others.into_iter().collect(),
            elsewhere,
            empty: self.empty,
            defects,
        }
    }

    /// V7.5: What is wrong with directories that hold no file: of each with a name that opam looks
    /// for, as a file or as a directory.
    pub fn empty_defects(&self) -> Vec<Defect> {
        const LOOKED_FOR: [&str; 4] = ["opam", "files", "url", "descr"];
        let kind = |path: &str| {
            let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
            let name = on_disk(name);
            if !path.starts_with(crate::format::path::PACKAGES) {
                (name == "opam").then_some(DefectKind::StrayOpam)
            } else {
                LOOKED_FOR
                    .contains(&&*name)
                    .then_some(DefectKind::EmptyDirectory)
            }
        };
        let empty = self.empty.iter();
        empty
            .filter_map(|path| {
                Some(Defect {
                    kind: kind(path)?,
                    path: path.clone(),
                })
            })
            .collect()
    }

    /// Keeps of `directories` those without any file in or below them.
    #[must_use]
    pub fn with_directories(mut self, directories: impl IntoIterator<Item = String>) -> Tree {
        let bare = |path: &String| {
            let prefix = format!("{path}/");
            let judged = self.below(&prefix).next().is_some();
            let mut other = self.elsewhere.range(prefix.clone()..);
            !judged && !other.next().is_some_and(|p| p.starts_with(&prefix))
        };
        let empty: BTreeSet<String> = directories.into_iter().filter(bare).collect();
        self.empty = empty;
        self
    }
}

/// Whether the content of the file at `path` is judged, and not only its name.
pub fn is_judged(path: &str) -> bool {
    path.starts_with(crate::format::path::PACKAGES) || TOP_LEVEL_FILES.contains(&path)
}

/// The name of the package to which a file belongs by the directory in `packages/` that it is
/// in; `None` of all other files. Whether it is a name is not looked at.
pub fn package_name(path: &str) -> Option<&str> {
    let (dir, _) = path
        .strip_prefix(crate::format::path::PACKAGES)?
        .split_once('/')?;
    dir.split('.').next().filter(|name| !name.is_empty())
}

/// The names at the top of a repository whose content is judged.
///
/// `repo` is read by opam, the others change what git puts into a work tree.
pub const TOP_LEVEL_FILES: [&str; 3] = ["repo", ".gitignore", ".gitattributes"];

/// V7.4: Whether `path`, which lies outside `packages/`, has a name that opam can take for the
/// description of a package: opam 2.6 loads every `…/opam` of an archive, and from 2.5 on
/// opam loads every directory that a patch names.
pub fn is_stray_opam(path: &str) -> bool {
    !path.starts_with(crate::format::path::PACKAGES)
        && crate::format::path::forbidden_name(path).is_some()
}

/// Something in a tree that cannot be taken as a plain file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// The path, lossily made UTF-8 where it is not.
    pub path: String,
    /// What is wrong there.
    pub kind: DefectKind,
}

impl Defect {
    /// V0.1: What to say about it: always an error.
    pub fn finding(&self) -> Finding {
        let what = if self.path.is_empty() {
            "the repository".to_owned()
        } else {
            format!("`{}`", self.path)
        };
        let error = |message: String| Finding::error(Code::IrregularFile, &*self.path, message);
        match &self.kind {
            DefectKind::NotUtf8 => error(format!("the name of {what} is not UTF-8")),
            DefectKind::Symlink => {
                let name = self.path.rsplit('/').next().unwrap_or_default();
                let remedy = match is_leftover(name) {
                    true => &remedy::LEFTOVER,
                    false => &remedy::LINK,
                };
                error(format!("{what} is a symbolic link")).remedy(remedy, "")
            }
            DefectKind::Special(kind) => error(format!("{what} is {kind}, not a file")),
            DefectKind::HardLink { links } => {
                error(format!("{what} has {links} names (hard links)"))
                    .hint("a change of one would change the other; make copies of them")
            }
            DefectKind::Mode { mode, needed } => {
                error(format!("{what} has permissions that opam cannot work with"))
                    .value("found", format_args!("{mode:04o}"))
                    .value("in order", format_args!("{needed:04o}"))
                    .remedy(&remedy::PERMISSIONS, "")
            }
            DefectKind::Unreadable(reason) => error(format!("{what} cannot be read: {reason}")),
            DefectKind::TooLarge { size } => error(format!("{what} is too large"))
                .value("found", format_args!("{size} bytes"))
                .value("most", format_args!("{MAX_FILE_SIZE} bytes")),
            DefectKind::TooDeep => error(format!(
                "{what} is nested deeper than {MAX_TREE_DEPTH} directories"
            )),
            DefectKind::TooMany => error(format!(
                "{what} has more than {MAX_TREE_FILES} files and directories"
            )),
            DefectKind::TooManyPackages => {
                error(format!("{what} has more than {MAX_PACKAGES} packages"))
            }
            DefectKind::TooMuch => error(format!(
                "{what} has more than {MAX_TREE_SIZE} bytes, all files together"
            )),
            DefectKind::Changed => error(format!("{what} changed while it was read"))
                .hint("run it again when nothing else writes to the directory"),
            DefectKind::StrayOpam => error(format!(
                "{what} lies outside `packages/`, where opam may take it for a package"
            ))
            .hint("rename it: nothing but the file of a release can be called `opam`"),
            DefectKind::EmptyDirectory => error(format!(
                "{what} is a directory without files, of a name that opam looks for"
            ))
            .hint("remove it: opam 2.0 to 2.3 do not look further where one is called `opam`"),
        }
    }
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
    /// Permissions with which opam cannot read or replace the file or directory, or
    /// a set-user-id bit and the like on a file.
    Mode {
        /// The permission bits as found.
        mode: u32,
        /// The permission bits that would be in order.
        needed: u32,
    },
    /// The operating system refused; the text is its reason.
    Unreadable(String),
    /// Larger than [`crate::limits::MAX_FILE_SIZE`].
    TooLarge {
        /// The size found, in bytes.
        size: u64,
    },
    /// Deeper than [`crate::limits::MAX_TREE_DEPTH`].
    TooDeep,
    /// The tree as a whole has more than [`crate::limits::MAX_TREE_FILES`] files and directories.
    TooMany,
    /// There are more than [`crate::limits::MAX_PACKAGES`] packages.
    TooManyPackages,
    /// The tree as a whole has more than [`crate::limits::MAX_TREE_SIZE`] bytes,
    /// files and their paths together.
    TooMuch,
    /// The file or directory changed while it was read.
    Changed,
    /// A file or directory called `opam` outside `packages/`, see [`is_stray_opam`].
    StrayOpam,
    /// A directory below `packages/` without any file, of a name that opam looks for.
    EmptyDirectory,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(paths: &[&str]) -> Tree {
        Tree {
            files: paths
                .iter()
                .map(|path| ((*path).to_owned(), Bytes::from(path.as_bytes())))
                .collect(),
            ..Tree::default()
        }
    }

    #[test]
    fn what_a_patch_leaves_is_judged_by_name() {
        let mut tree = tree(&[
            ".gitmodules",
            "compilers/4/4.comp",
            "doc/a",
            "doc/b",
            "packages/a/a.1/opam",
            "packagesx",
            "repo",
        ]);
        tree.others = vec!["empty/".to_owned()];
        let judged = tree.into_judged();
        let paths: Vec<&str> = judged.files.keys().map(String::as_str).collect();
        assert_eq!(paths, ["packages/a/a.1/opam", "repo"]);
        let others = [".gitmodules", "compilers/", "doc/", "empty/", "packagesx"];
        assert_eq!(judged.others, others);
        assert_eq!(judged.defects, []);
    }

    #[test]
    fn stray_opam_files_are_found_in_every_spelling() {
        for path in [
            "opam",
            "doc/x.1/opam",
            "doc/OPAM",
            "packages2/a.1/opam",
            "doc/opam/x",
        ] {
            assert!(is_stray_opam(path), "{path}");
            assert_eq!(tree(&[path]).into_judged().defects.len(), 1);
        }
        for path in ["packages/a/a.1/opam", "doc/opam.md", "opam-repo"] {
            assert!(!is_stray_opam(path), "{path}");
        }
    }

    #[test]
    fn below_takes_a_prefix_and_nothing_else() {
        let tree = tree(&["a", "a/b", "a/c", "a0", "b"]);
        let below: Vec<&str> = tree.below("a/").map(|(path, _)| path).collect();
        assert_eq!(below, ["a/b", "a/c"]);
    }

    #[test]
    fn every_defect_says_what_and_where() {
        let message = |path: &str, kind| {
            let finding = Defect {
                path: path.to_owned(),
                kind,
            }
            .finding();
            assert_eq!(finding.code, Code::IrregularFile);
            let values: Vec<String> = finding
                .values
                .iter()
                .map(|(l, v)| format!("; {l} {v}"))
                .collect();
            format!("{}{}", finding.message, values.concat())
        };
        assert_eq!(
            message("packages/a", DefectKind::Symlink),
            "`packages/a` is a symbolic link"
        );
        let kind = DefectKind::Mode {
            mode: 0o4755,
            needed: 0o755,
        };
        assert_eq!(
            message("x", kind),
            "`x` has permissions that opam cannot work with; found 4755; in order 0755"
        );
        assert_eq!(
            message("x", DefectKind::TooLarge { size: 1 << 40 }),
            "`x` is too large; found 1099511627776 bytes; most 67108864 bytes"
        );
        assert_eq!(
            message("", DefectKind::TooMany),
            format!("the repository has more than {MAX_TREE_FILES} files and directories")
        );
        assert_eq!(
            message("x", DefectKind::HardLink { links: 2 }),
            "`x` has 2 names (hard links)"
        );
    }
}
