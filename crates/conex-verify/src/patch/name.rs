//! The names of files in a patch.
//!
//! A name is plain: no byte of the grammar is one that diff, git or OCaml's
//! `patch` library would quote, so a quoted name is outside the grammar, and
//! nothing has to be unquoted in order to know that. A name with a space, tab,
//! newline, quote or non-ASCII byte has been read in more than one way by the
//! programs that apply patches (D22).

use super::error::{Kind, PatchError};
use super::lines::{Line, Lines, shown};
use crate::limits::{MAX_COMPONENT_LEN, MAX_PATH_LEN, MAX_TREE_DEPTH};

/// The name that git and OCaml's `patch` library print for a file that is not there.
pub(super) const NO_FILE: &[u8] = b"/dev/null";

/// Directories of version control systems, and the file that makes git fetch
/// more repositories (D13, D16): no update writes them.
const VCS_NAMES: [&str; 4] = [".git", ".hg", "_darcs", ".gitmodules"];

/// Why `name` is not a path, if it is not. `reserved` are names that no part of it may have.
pub(super) fn fault(name: &str, reserved: &[&str]) -> Option<String> {
    if name.len() > MAX_PATH_LEN {
        return Some(format!(
            "it has {} bytes, the most is {MAX_PATH_LEN} (D26)",
            name.len()
        ));
    }
    if name.split('/').count() > MAX_TREE_DEPTH {
        return Some(format!("it is deeper than {MAX_TREE_DEPTH} directories"));
    }
    name.split('/').find_map(|part| {
        if matches!(part, "" | "." | "..") {
            return Some(format!("`{part}` is not the name of a file or directory"));
        }
        if part.len() > MAX_COMPONENT_LEN {
            return Some(format!(
                "a part of it has {} bytes, the most is {MAX_COMPONENT_LEN} (D26)",
                part.len()
            ));
        }
        if reserved.iter().any(|vcs| part.eq_ignore_ascii_case(vcs)) {
            return Some(format!("version control systems act on `{part}` (D13)"));
        }
        None
    })
}

/// Reads `text`, a part of `line`, as a path.
///
/// # Errors
/// Anything but letters, digits and `.`, `_`, `+`, `~`, `-` between slashes,
/// within the limits of [`crate::limits`].
pub(super) fn path<'p>(
    lines: &Lines<'_>,
    line: Line<'_>,
    text: &'p [u8],
) -> Result<&'p str, PatchError> {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"._+~-/".contains(b);
    let refuse = |why: String| {
        let message = format!(
            "the patch names `{}`, which no file may be called",
            shown(text)
        );
        lines.error(Kind::Name, line, message).value("why", why)
    };
    if let Some(bad) = text.iter().find(|b| !plain(b)) {
        return Err(refuse(format!(
            "`{}`: allowed are letters, digits and `.`, `_`, `+`, `~`, `-`",
            bad.escape_ascii()
        )));
    }
    let name = str::from_utf8(text).map_err(|e| refuse(e.to_string()))?;
    match fault(name, &VCS_NAMES) {
        None => Ok(name),
        Some(why) => Err(refuse(why)),
    }
}

/// How a path is read.
pub(super) type Read = for<'p> fn(&Lines<'_>, Line<'_>, &'p [u8]) -> Result<&'p str, PatchError>;

/// Reads `text` as a path below the directory `prefix`, which ends in a slash.
///
/// # Errors
/// Another prefix (the user's git configuration can change it; opam would
/// strip it all the same), or a bad path.
pub(super) fn below<'p>(
    lines: &Lines<'_>,
    line: Line<'_>,
    text: &'p [u8],
    prefix: &str,
) -> Result<&'p str, PatchError> {
    path(lines, line, stripped(lines, line, text, prefix)?)
}

/// What follows the directory `prefix`, which ends in a slash, in `text`.
///
/// # Errors
/// Another prefix.
pub(super) fn stripped<'p>(
    lines: &Lines<'_>,
    line: Line<'_>,
    text: &'p [u8],
    prefix: &str,
) -> Result<&'p [u8], PatchError> {
    text.strip_prefix(prefix.as_bytes()).ok_or_else(|| {
        lines
            .error(Kind::Name, line, "a name has not the expected prefix")
            .value("expected", format!("{prefix}…"))
            .value("found", shown(text))
    })
}

/// Splits `line` at its only space.
///
/// # Errors
/// No space, or more than one.
pub(super) fn pair<'p>(
    lines: &Lines<'_>,
    line: Line<'p>,
) -> Result<(&'p [u8], &'p [u8]), PatchError> {
    let mut parts = line.text.split(|&b| b == b' ');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(old), Some(new), None) => Ok((old, new)),
        _ => Err(lines
            .error(
                Kind::Name,
                line,
                "expected two plain names with one space between",
            )
            .value("found", line.shown())),
    }
}

/// Checks that the old and the new name of a section are the same path.
///
/// # Errors
/// They differ.
pub(super) fn same<'p>(
    lines: &Lines<'_>,
    line: Line<'_>,
    old: &'p str,
    new: &str,
) -> Result<&'p str, PatchError> {
    if old == new {
        Ok(old)
    } else {
        Err(lines
            .error(Kind::Name, line, "the names in one section differ")
            .value("expected", old)
            .value("found", new))
    }
}
