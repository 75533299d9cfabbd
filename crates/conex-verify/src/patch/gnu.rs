//! `diff -ruaN NAME NAME.new`: http and local repositories, opam 2.0 to 2.3.

use super::clone;
use super::error::{Kind, PatchError};
use super::hunk::{self, Style};
use super::lines::{Line, Lines, shown};
use super::name;
use super::ocaml::gone;
use super::stamp::{self, Stamp};
use super::update::Update;

/// The first bytes of every section.
pub(super) const START: &[u8] = clone::SECTION;

/// What is said of a line with which `diff` gives up on a name.
pub(super) const CHANGE_OF_KIND: &str =
    "a directory becomes a file, or a file a directory, and no opam up to 2.3 applies that";

/// Whether the line is `File NAME/x is a directory while file NAME.new/x is a regular file`,
/// in the user's language.
pub(super) fn is_change_of_kind(line: &[u8], repository: &str) -> bool {
    let has = |text: &str| line.windows(text.len()).any(|part| part == text.as_bytes());
    let of_a_section: [&[u8]; 4] = [b"diff ", b"--- ", b"+++ ", b"Only in "];
    !of_a_section.iter().any(|start| line.starts_with(start))
        && has(&format!(" {repository}/"))
        && has(&format!(" {repository}.new/"))
}

/// Reads one section and applies it: to `clone`, if there is one, where it is about a file in
/// the `.git` at the top.
pub(super) fn section<'t>(
    lines: &mut Lines<'_>,
    repository: &str,
    update: &mut Update<'t>,
    clone: Option<&mut Update<'t>>,
) -> Result<(), PatchError> {
    let (old_prefix, new_prefix) = (format!("{repository}/"), format!("{repository}.new/"));
    if !lines.next_is(START) {
        let line = lines.next("a section")?;
        if is_change_of_kind(line.text, repository) {
            return Err(lines
                .error(Kind::FileAndDirectory, line, CHANGE_OF_KIND)
                .value("expected", "a file, or a directory, on both sides")
                .value("found", line.shown()));
        }
        return Err(lines.unexpected(line, &shown(START)));
    }
    let line = lines.after(START)?;
    let (old, new) = name::pair(lines, line)?;
    let old = name::stripped(lines, line, old, &old_prefix)?;
    let new = name::stripped(lines, line, new, &new_prefix)?;
    let (update, read): (_, name::Read) = match clone {
        Some(clone) if clone::is_inside(old) => (clone, clone::path),
        _ => (update, name::path),
    };
    let (old, new) = (read(lines, line, old)?, read(lines, line, new)?);
    let path = name::same(lines, line, old, new)?;
    let (old_line, old_stamp) = file_line(lines, b"--- ", &old_prefix, path, read)?;
    let (new_line, new_stamp) = file_line(lines, b"+++ ", &new_prefix, path, read)?;
    update.claim(lines, line, path)?;

    let old = match (update.old(path), old_stamp) {
        (Some(old), _) => &**old,
        (None, Stamp::Epoch) => &[],
        (None, Stamp::Other) => update.existing(lines, old_line, path)?,
    };
    let content = hunk::read(lines, Style::Gnu, path, old)?;
    // D18: only together with `+0,0` the epoch says that there is no such file. An index that
    // is made reproducibly gives it to files that are there.
    if new_stamp == Stamp::Epoch && content.first.new_count == 0 {
        update.existing(lines, old_line, path)?;
        gone(lines, new_line, path, &content.bytes)?;
        update.delete(path);
        Ok(())
    } else if update.old(path).is_none() {
        update.create(line, path, content.bytes);
        Ok(())
    } else {
        update.edit(lines, line, path, content.bytes)
    }
}

/// Reads `--- NAME/PATH<TAB>STAMP` or `+++ …`, which must be about `path`.
fn file_line<'p>(
    lines: &mut Lines<'p>,
    start: &[u8],
    prefix: &str,
    path: &str,
    read: name::Read,
) -> Result<(Line<'p>, Stamp), PatchError> {
    let line = lines.after(start)?;
    let mut parts = line.text.splitn(2, |&b| b == b'\t');
    let name = parts.next().unwrap_or_default();
    let found = read(lines, line, name::stripped(lines, line, name, prefix)?)?;
    name::same(lines, line, path, found)?;
    match parts.next().and_then(stamp::read) {
        Some(stamp) => Ok((line, stamp)),
        None => Err(lines
            .error(
                Kind::Stamp,
                line,
                "a time stamp is not as GNU diff prints it",
            )
            .path(path)
            .value("expected", "a tab and YYYY-MM-DD HH:MM:SS.NNNNNNNNN +ZZZZ")
            .value("found", line.shown())),
    }
}
