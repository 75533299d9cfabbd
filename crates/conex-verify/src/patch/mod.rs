//! The patch that opam hands over, applied in memory.
//!
//! opam hands one of three dialects to its validation hook, and applies it
//! afterwards with GNU patch or with OCaml's `patch` library, depending on its
//! version, which the hook is not told. So this reads a closed grammar: each
//! line is exactly the one that the dialect's printer writes there, or the
//! patch is refused; nothing is skipped, guessed or applied at another place.
//! What is accepted is only what all of the programs apply alike, and the
//! result is the tree that opam will have.
//!
//! | dialect | first bytes | module |
//! |---|---|---|
//! | `diff -ruaN`, opam 2.0 to 2.3 | `diff -ruaN NAME/` | `gnu` |
//! | OCaml's `patch`, opam 2.4 on | `--- NAME/`, `--- /dev/null`, `diff --git NAME/` | `ocaml` |
//! | `git diff -R`, git repositories | `diff --git b/… a/…` | `git` |
//!
//! Of a local path that is a clone of git, `diff -ruaN` is about `.git`, too: `clone`.
//!
//! Hunks are read and applied in `hunk`, the tree is changed in `update`.

mod clone;
mod error;
mod git;
mod gnu;
mod hunk;
mod lines;
mod name;
mod ocaml;
mod stamp;
#[cfg(test)]
mod tests;
mod update;

use std::collections::BTreeSet;

pub use clone::clone_files;
pub use error::{Kind, PatchError};

use crate::limits::{MAX_PATCH_SIZE, MAX_REPOSITORY_NAME_LEN};
use crate::tree::Tree;
use lines::{Line, Lines};
use update::Update;

/// Where opam keeps the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// `%{repo}%` is a directory.
    Directory,
    /// `%{repo}%` is a `.tar.gz` (opam 2.6): its name is part of the names in
    /// the patch, and removing a file removes its whole directory (D11).
    Archive,
}

/// What is known about the run besides tree and patch.
#[derive(Debug, Clone, Copy)]
pub struct PatchContext<'a> {
    /// The last component of `%{repo}%`, without `.tar.gz`: opam's name of the repository.
    pub repo_name: &'a str,
    /// Whether `%{repo}%` is a directory or an archive.
    pub store: Store,
    /// Whether `POSIXLY_CORRECT` is in the environment (D24).
    pub posixly_correct: bool,
    /// Where the directory has a `.git` at its top that is a directory: those of the files in
    /// it that `clone_files` names, with their paths from the top of the repository, and
    /// whatever is in their place or above them that is no plain file. A patch may change
    /// them, where opam does not run git in that directory.
    pub clone: Option<&'a Tree>,
}

/// The dialect of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// GNU `diff -ruaN`.
    Gnu,
    /// OCaml's `patch` library.
    Ocaml,
    /// `git diff -R`.
    Git,
}

/// Something about an update that is worth saying, and no reason to refuse it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The patch sets or clears the executable bit, which opam 2.4 and later
    /// do not apply; the same patch comes at every update (D21).
    ModeIgnored {
        /// The file.
        path: String,
    },
    /// A file is moved, unchanged.
    Moved {
        /// Its old path.
        from: String,
        /// Its new path.
        to: String,
    },
    /// opam 2.6 loses these files with one that the patch removes from their
    /// directory (D11). The tree is without them, as opam's will be; the
    /// patch after this one brings them back.
    Lost {
        /// The paths.
        paths: BTreeSet<String>,
        /// A file that the patch removes from the directory of the first of them, or from
        /// one above it.
        removed: String,
    },
}

/// A patch, applied.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The tree that opam will have. Unchanged files share their bytes with the old tree.
    pub tree: Tree,
    /// Where opam 2.6 loses files ([`Note::Lost`]), the tree with them: what is published.
    pub published: Option<Tree>,
    /// The dialect; `None` for an empty patch.
    pub dialect: Option<Dialect>,
    /// Paths whose bytes differ between the old tree and the new one, or that only one of them has.
    pub changed: BTreeSet<String>,
    /// What else there is to say.
    pub notes: Vec<Note>,
}

/// V0.6: Applies `patch` to `old`.
///
/// `old` must hold the content of **every** regular file of the repository in
/// [`Tree::files`], also of those at the top that no later stage judges, except
/// what lies in the top-level `.git`: a patch of a git repository is about all
/// of them. A section about a path in [`Tree::others`] or [`Tree::defects`], or
/// above or below one, is refused; sections about the rest are not affected.
///
/// Empty files stay as the patch leaves them: `diff -ruaN` neither creates nor
/// removes one (D17), so a tree can lack a signed one or hold a removed one.
///
/// The cost is linear in the sizes of `old` and `patch`.
///
/// # Errors
/// The first line that is not the only one that can stand there, or that does
/// not fit `old`. See [`Kind`].
pub fn apply(old: &Tree, patch: &[u8], ctx: &PatchContext<'_>) -> Result<Applied, PatchError> {
    let mut lines = Lines::new(patch);
    if lines.at_end() {
        return Ok(Applied {
            tree: old.clone(),
            published: None,
            dialect: None,
            changed: BTreeSet::new(),
            notes: Vec::new(),
        });
    }
    let dialect = recognise(patch, ctx)?;
    let mut update = Update::new(old, ctx.store);
    let mut clone = ctx.clone.map(|clone| Update::new(clone, ctx.store));
    let base = base(ctx);
    while !lines.at_end() {
        match dialect {
            Dialect::Gnu => gnu::section(&mut lines, &base, &mut update, clone.as_mut())?,
            Dialect::Ocaml => ocaml::section(&mut lines, &base, &mut update)?,
            Dialect::Git => git::section(&mut lines, &mut update)?,
        }
    }
    // What comes out of it is opam's own, and nobody reads it.
    clone
        .map(|clone| clone.finish(&lines, dialect))
        .transpose()?;
    update.finish(&lines, dialect)
}

/// The name of what is compared: the directory of the repository, or its archive.
fn base(ctx: &PatchContext<'_>) -> String {
    match ctx.store {
        Store::Directory => ctx.repo_name.to_owned(),
        Store::Archive => format!("{}.tar.gz", ctx.repo_name),
    }
}

/// Recognises the dialect by the first line, and checks that it is one that
/// opam uses for such a repository.
fn recognise(patch: &[u8], ctx: &PatchContext<'_>) -> Result<Dialect, PatchError> {
    let refuse = |kind, message: &str| {
        let end = patch.iter().position(|&b| b == b'\n');
        Err(PatchError::new(
            kind,
            patch,
            0..end.unwrap_or(patch.len()),
            message,
        ))
    };
    if u64::try_from(patch.len()).unwrap_or(u64::MAX) > MAX_PATCH_SIZE {
        return refuse(Kind::Limit, "the patch is too large");
    }
    if ctx.repo_name.is_empty() || ctx.repo_name.len() > MAX_REPOSITORY_NAME_LEN {
        return refuse(Kind::Name, "the repository has no usable name");
    }
    let first = Lines::new(patch).next("a section")?;
    let starts = |prefix: &[u8]| patch.starts_with(prefix);
    let dialect = if starts(gnu::START) {
        Dialect::Gnu
    } else if is_git(first) {
        Dialect::Git
    } else if starts(b"--- ") || ocaml::is_header(first.text, &base(ctx)) {
        Dialect::Ocaml
    } else if starts(git::HEADER) || starts(b"\x1b[") {
        return refuse(
            Kind::GitSettings,
            "settings of git's on this machine change the form of patches: prefixes or colours",
        );
    } else if starts(b"diff -r ") {
        return refuse(
            Kind::ForeignVcs,
            "a patch of Mercurial: its checkout counts, not the patch",
        );
    } else if starts(b"diff -ruNa ") || starts(b"diff -rN ") {
        return refuse(Kind::ForeignVcs, "a patch of darcs");
    } else if gnu::is_change_of_kind(first.text, ctx.repo_name) {
        return refuse(Kind::FileAndDirectory, gnu::CHANGE_OF_KIND);
    } else if starts(b"Only in ") || starts(b"File ") {
        return refuse(
            Kind::Line,
            "the repository has something that is neither a file nor a directory",
        );
    } else {
        return refuse(
            Kind::Dialect,
            "the patch is in none of the dialects that opam uses",
        );
    };
    if ctx.store == Store::Archive && dialect != Dialect::Ocaml {
        return refuse(Kind::Dialect, "opam makes no such patch for an archive");
    }
    if ctx.posixly_correct && dialect != Dialect::Ocaml {
        return refuse(
            Kind::Environment,
            "`POSIXLY_CORRECT` is set, so GNU patch creates no files and empties those it should remove",
        );
    }
    Ok(dialect)
}

/// Whether the first line is git's. A repository may be called `b`, so the second name decides,
/// wherever it begins: git does not quote a blank.
fn is_git(first: Line<'_>) -> bool {
    let names = first.text.strip_prefix(git::HEADER).unwrap_or_default();
    let starts = |names: &[u8], prefix: &str| {
        let names = names.strip_prefix(b"\"").unwrap_or(names);
        names.starts_with(prefix.as_bytes())
    };
    let mut after_blanks = (1..)
        .zip(names)
        .filter(|(_, byte)| **byte == b' ')
        .filter_map(|(next, _)| names.get(next..));
    starts(names, git::OLD) && after_blanks.any(|rest| starts(rest, git::NEW))
}
