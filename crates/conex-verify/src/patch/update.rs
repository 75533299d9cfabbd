//! The tree while the sections of a patch change it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::error::{Kind, PatchError};
use super::lines::{Line, Lines};
use super::{Applied, Dialect, Note, Store};
use crate::limits::{MAX_PACKAGES, MAX_TREE_FILES, MAX_TREE_SIZE};
use crate::tree::{Bytes, Tree, package_name};

/// A tree in the making.
pub(super) struct Update<'t> {
    old: &'t Tree,
    store: Store,
    files: BTreeMap<String, Bytes>,
    defects: BTreeSet<&'t str>,
    others: BTreeSet<&'t str>,
    /// Paths that sections were about.
    used: BTreeSet<String>,
    /// The names of packages that sections were about.
    packages: HashSet<String>,
    /// Of these, the paths that must not be there afterwards.
    deleted: BTreeSet<String>,
    /// What an archive lost with one of them (D11).
    lost: BTreeMap<String, Bytes>,
    /// Paths that the update added, and where: looked at again in the end.
    created: Vec<(String, usize)>,
    notes: Vec<Note>,
}

/// The tree `old` with these files in place of its own.
fn tree(old: &Tree, files: BTreeMap<String, Bytes>) -> Tree {
    Tree {
        files,
        others: old.others.clone(),
        elsewhere: old.elsewhere.clone(),
        empty: BTreeSet::new(),
        defects: old.defects.clone(),
    }
    .with_directories(old.empty.iter().cloned())
}

/// The directories above `path`, innermost last.
fn directories(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(at, _)| path.get(..at))
}

/// The directory of `path` with a slash at its end; empty at the top.
fn directory(path: &str) -> &str {
    path.rfind('/')
        .and_then(|at| path.get(..=at))
        .unwrap_or_default()
}

/// Whether any of `names` is `path`, above it or below it.
fn touches(names: &BTreeSet<&str>, path: &str) -> bool {
    let below = format!("{path}/");
    names.contains(path)
        || directories(path).any(|dir| names.contains(dir))
        || names
            .range(below.as_str()..)
            .next()
            .is_some_and(|name| name.starts_with(&below))
}

impl<'t> Update<'t> {
    pub fn new(old: &'t Tree, store: Store) -> Update<'t> {
        Update {
            old,
            store,
            files: old.files.clone(),
            defects: old.defects.iter().map(|d| d.path.as_str()).collect(),
            others: old.others.iter().map(String::as_str).collect(),
            used: BTreeSet::new(),
            packages: HashSet::new(),
            deleted: BTreeSet::new(),
            lost: BTreeMap::new(),
            created: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Takes `path` for the section that starts at `line`.
    ///
    /// # Errors
    /// Another section was about it; it is not a plain file in the old tree; its content was not loaded.
    pub fn claim(
        &mut self,
        lines: &Lines<'_>,
        line: Line<'_>,
        path: &str,
    ) -> Result<(), PatchError> {
        let refuse = |kind, message: String| Err(lines.error(kind, line, message).path(path));
        if touches(&self.defects, path) {
            return refuse(
                Kind::Defect,
                format!("`{path}` is not a plain, readable file in the repository as it is"),
            );
        }
        if touches(&self.others, path) {
            return refuse(
                Kind::NotLoaded,
                format!("the content of `{path}` was not read, so its change cannot be checked"),
            );
        }
        if !self.used.insert(path.to_owned()) {
            return refuse(Kind::Twice, format!("`{path}` is changed twice"));
        }
        // Each of them is in the tree before or in the one after.
        if self.used.len() > 2 * MAX_TREE_FILES || self.files.len() > MAX_TREE_FILES {
            let message = format!("the patch is about more than {MAX_TREE_FILES} files");
            return refuse(Kind::Limit, message);
        }
        if let Some(name) = package_name(path)
            && !self.packages.contains(name)
        {
            self.packages.insert(name.to_owned());
            if self.packages.len() > 2 * MAX_PACKAGES {
                let most = 2 * MAX_PACKAGES;
                let message = format!("the patch is about more than {most} packages");
                return refuse(Kind::Limit, message);
            }
        }
        Ok(())
    }

    /// The bytes of `path` before the update.
    pub fn old(&self, path: &str) -> Option<&'t Bytes> {
        self.old.files.get(path)
    }

    /// The bytes of `path` before the update, which must be there.
    ///
    /// # Errors
    /// It is not there.
    pub fn existing(
        &self,
        lines: &Lines<'_>,
        line: Line<'_>,
        path: &str,
    ) -> Result<&'t Bytes, PatchError> {
        self.old(path).ok_or_else(|| {
            let message = format!("`{path}` would be changed, and is not there");
            lines.error(Kind::Absent, line, message).path(path)
        })
    }

    /// Checks that `path` can be created with `content`: it is absent, or an
    /// empty file that gets content.
    ///
    /// # Errors
    /// It is there and has content, or both are empty: GNU patch then refuses.
    pub fn vacant(
        &self,
        lines: &Lines<'_>,
        line: Line<'_>,
        path: &str,
        content: &[u8],
    ) -> Result<(), PatchError> {
        match self.old(path) {
            Some(bytes) if !bytes.is_empty() || content.is_empty() => {
                let message = format!("`{path}` would be created, and is there");
                Err(lines
                    .error(Kind::Exists, line, message)
                    .path(path)
                    .value("expected", "no such file")
                    .value("found", format!("{} bytes", bytes.len())))
            }
            _ => Ok(()),
        }
    }

    /// Notes something about the update.
    pub fn note(&mut self, note: Note) {
        self.notes.push(note);
    }

    /// Creates `path`, which is [`Update::vacant`].
    pub fn create(&mut self, line: Line<'_>, path: &str, bytes: Vec<u8>) {
        self.created.push((path.to_owned(), line.start));
        self.files.insert(path.to_owned(), bytes.into());
    }

    /// Replaces the content of `path`, which is [`Update::existing`].
    ///
    /// # Errors
    /// opam has lost the file before it comes to this section (D11).
    pub fn edit(
        &mut self,
        lines: &Lines<'_>,
        line: Line<'_>,
        path: &str,
        bytes: Vec<u8>,
    ) -> Result<(), PatchError> {
        match self.files.get_mut(path) {
            Some(content) => {
                *content = bytes.into();
                Ok(())
            }
            None => {
                let message = format!(
                    "opam 2.6 removes the directory of `{path}` with another file of it, and cannot edit it then"
                );
                Err(lines.error(Kind::Archive, line, message).path(path))
            }
        }
    }

    /// Removes `path`, which is [`Update::existing`]; from an archive, opam
    /// removes with it all that is in the same directory or below (D11), but
    /// for a file at the top nothing else (both measured with opam 2.6.1).
    pub fn delete(&mut self, path: &str) {
        self.deleted.insert(path.to_owned());
        self.files.remove(path);
        let directory = directory(path);
        if self.store == Store::Directory || directory.is_empty() {
            return;
        }
        let lost: Vec<String> = self
            .files
            .range(directory.to_owned()..)
            .map(|(name, _)| name)
            .take_while(|name| name.starts_with(directory))
            .cloned()
            .collect();
        for name in lost {
            if let Some(bytes) = self.files.remove(&name) {
                self.lost.insert(name, bytes);
            }
        }
    }

    /// Moves `from` to `to`, which is absent.
    pub fn rename(&mut self, line: Line<'_>, from: &str, to: &str) {
        if let Some(bytes) = self.files.remove(from) {
            self.deleted.insert(from.to_owned());
            self.created.push((to.to_owned(), line.start));
            self.files.insert(to.to_owned(), bytes);
        }
    }

    /// One path may not be file and directory, neither after the update nor on
    /// the way: the programs apply the sections in different orders (D10). A directory
    /// without files is in no patch, and no opam replaces one that lies in a directory.
    fn check_directories(&self, lines: &Lines<'_>) -> Result<(), PatchError> {
        let is_file =
            |name: &str| self.old.files.contains_key(name) || self.files.contains_key(name);
        let is_directory = |name: &str| {
            let below = format!("{name}/");
            let starts = |files: &BTreeMap<String, Bytes>| {
                files
                    .range(below.clone()..)
                    .next()
                    .is_some_and(|(path, _)| path.starts_with(&below))
            };
            let stays = self.store == Store::Directory && self.old.empty.contains(name);
            stays || starts(&self.old.files) || starts(&self.files)
        };
        for (path, at) in &self.created {
            let clash = directories(path)
                .find(|dir| is_file(dir))
                .or_else(|| is_directory(path).then_some(path.as_str()));
            if let Some(clash) = clash {
                let message =
                    format!("`{clash}` is a directory and a file before, in or after the update");
                let line = Line {
                    text: &[],
                    start: *at,
                };
                return Err(lines
                    .error(Kind::FileAndDirectory, line, message)
                    .path(path));
            }
        }
        Ok(())
    }

    /// A description among the `lost` that opam does not look at again: it looks at the
    /// directories from which a section removes something, and not at those below (D11).
    fn remembered<'p>(&self, lost: &'p BTreeSet<String>) -> Option<&'p str> {
        let looked_at: BTreeSet<&str> = self
            .deleted
            .iter()
            .map(|path| directory(path).trim_end_matches('/'))
            .map(|dir| dir.strip_suffix("/files").unwrap_or(dir))
            .collect();
        let paths = lost.iter().map(String::as_str);
        paths
            .filter(|path| path.ends_with("/opam"))
            .find(|path| !looked_at.contains(directory(path).trim_end_matches('/')))
    }

    /// The result.
    ///
    /// # Errors
    /// A path that is file and directory; a release that opam would show and not have; more
    /// files or bytes than a tree may have.
    pub fn finish(mut self, lines: &Lines<'_>, dialect: Dialect) -> Result<Applied, PatchError> {
        self.check_directories(lines)?;
        let line = Line {
            text: &[],
            start: 0,
        };
        let size = self
            .files
            .values()
            .map(|bytes| u64::try_from(bytes.len()).unwrap_or(u64::MAX))
            .fold(0, u64::saturating_add);
        if self.files.len() > MAX_TREE_FILES || size > MAX_TREE_SIZE {
            return Err(lines
                .error(Kind::Limit, line, "the updated repository is too large")
                .value(
                    "limit",
                    format!("{MAX_TREE_FILES} files, {MAX_TREE_SIZE} bytes"),
                )
                .value("found", format!("{} files, {size} bytes", self.files.len())));
        }
        // Not what a later section brought back, or removes by itself.
        let (files, deleted) = (&self.files, &self.deleted);
        self.lost
            .retain(|path, _| !files.contains_key(path) && !deleted.contains(path));
        let lost: BTreeSet<String> = self.lost.keys().cloned().collect();
        if let Some(path) = self.remembered(&lost) {
            let message = format!(
                "opam 2.6 removes `{path}` with a file above it, and goes on to show the release until it reads the whole repository"
            );
            return Err(lines.error(Kind::Archive, line, message).path(path));
        }
        let mut changed = lost.clone();
        changed.extend(
            self.used
                .into_iter()
                .filter(|path| self.old.files.get(path) != self.files.get(path)),
        );
        let published = lost.first().cloned().map(|first| {
            let removed = self
                .deleted
                .iter()
                .find(|path| {
                    let directory = directory(path);
                    !directory.is_empty() && first.starts_with(directory)
                })
                .cloned()
                .unwrap_or_default();
            self.notes.push(Note::Lost {
                paths: lost,
                removed,
            });
            let mut files = self.files.clone();
            files.extend(self.lost);
            tree(self.old, files)
        });
        Ok(Applied {
            tree: tree(self.old, self.files),
            published,
            dialect: Some(dialect),
            changed,
            notes: self.notes,
        })
    }
}
