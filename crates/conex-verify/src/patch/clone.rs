//! What `diff -ruaN` says of a `.git` at the top.
//!
//! opam 2.0 to 2.3 copy a local path as it is. Where that is a clone of git, `.git` is part
//! of the copy and of every patch. No opam reads it there: it runs git only in clones that it
//! made itself, of which `diff -ruaN` makes no patch. So the names below `.git` may be any
//! that neither diff nor patch quotes or splits, and what comes out is not looked at.
//! Everything else is as for other files, above all that each byte has to fit and that no
//! symbolic link or second name of a file leads out of `.git` (D9).

use std::collections::BTreeSet;

use super::error::{Kind, PatchError};
use super::lines::{Line, Lines, shown};
use super::name::fault;
use crate::limits::MAX_TREE_FILES;

/// The first bytes of every section of `diff -ruaN`.
pub(super) const SECTION: &[u8] = b"diff -ruaN ";
/// How the names start.
const TOP: &[u8] = b".git/";

/// Whether `path` lies below the `.git` at the top.
pub(super) fn is_inside(path: &[u8]) -> bool {
    path.starts_with(TOP)
}

/// Reads `text`, a part of `line`, as a path below `.git`.
///
/// # Errors
/// Bytes that diff quotes, a component that leads elsewhere, or a limit.
pub(super) fn path<'p>(
    lines: &Lines<'_>,
    line: Line<'_>,
    text: &'p [u8],
) -> Result<&'p str, PatchError> {
    read(text).map_err(|why| {
        let message = format!(
            "the patch names `{}`, which no file of a clone may be called",
            shown(text)
        );
        lines.error(Kind::Name, line, message).value("why", why)
    })
}

fn read(text: &[u8]) -> Result<&str, String> {
    let plain = |b: &u8| b.is_ascii_graphic() && !b"\"\\".contains(b);
    if let Some(bad) = text.iter().find(|b| !plain(b)) {
        return Err(format!("it has `{}`", bad.escape_ascii()));
    }
    let name = str::from_utf8(text).map_err(|e| e.to_string())?;
    match fault(name, &[]) {
        None => Ok(name),
        Some(why) => Err(why),
    }
}

/// The files below `.git` that a patch of the repository `repo_name` is about: what has to
/// be read before it can be applied ([`super::PatchContext::clone`]). Nothing is judged here;
/// a name that is missing counts as a file that is not there.
pub fn clone_files<'p>(patch: &'p [u8], repo_name: &str) -> BTreeSet<&'p str> {
    if !patch.starts_with(SECTION) {
        return BTreeSet::new();
    }
    let prefix = format!("{repo_name}/");
    // No line of a hunk begins like a section.
    let sections = patch.split(|&b| b == b'\n').filter_map(|line| {
        let names = line.strip_prefix(SECTION)?;
        let old = names.split(|&b| b == b' ').next()?;
        let path = old.strip_prefix(prefix.as_bytes())?;
        is_inside(path).then(|| read(path).ok()).flatten()
    });
    sections.take(MAX_TREE_FILES).collect()
}
