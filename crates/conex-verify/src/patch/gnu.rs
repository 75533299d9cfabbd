//! `diff -ruaN NAME NAME.new`: http and local repositories, opam 2.0 to 2.3.

use super::error::{Kind, PatchError};
use super::hunk::{self, Style};
use super::lines::{Line, Lines};
use super::name;
use super::ocaml::gone;
use super::stamp::{self, Stamp};
use super::update::Update;

/// The first bytes of every section.
pub(super) const START: &[u8] = b"diff -ruaN ";

/// Reads one section and applies it.
pub(super) fn section(
    lines: &mut Lines<'_>,
    repository: &str,
    update: &mut Update<'_>,
) -> Result<(), PatchError> {
    let (old_prefix, new_prefix) = (format!("{repository}/"), format!("{repository}.new/"));
    let line = lines.after(START)?;
    let (old, new) = name::pair(lines, line)?;
    let old = name::below(lines, line, old, &old_prefix)?;
    let new = name::below(lines, line, new, &new_prefix)?;
    let path = name::same(lines, line, old, new)?;
    let (old_line, old_stamp) = file_line(lines, b"--- ", &old_prefix, path)?;
    let (new_line, new_stamp) = file_line(lines, b"+++ ", &new_prefix, path)?;
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
) -> Result<(Line<'p>, Stamp), PatchError> {
    let line = lines.after(start)?;
    let mut parts = line.text.splitn(2, |&b| b == b'\t');
    let name = parts.next().unwrap_or_default();
    let found = name::below(lines, line, name, prefix)?;
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
