//! `git diff -R -p`: git repositories, all versions. Because of `-R` the old
//! side is `b/` and the new side `a/`.

use super::Note;
use super::error::{Kind, PatchError};
use super::hunk::{self, Style};
use super::lines::{Line, Lines};
use super::name::{self, NO_FILE};
use super::ocaml::{emptied, gone};
use super::update::Update;

/// How every section starts.
pub(super) const HEADER: &[u8] = b"diff --git ";
/// The prefix of the old side.
pub(super) const OLD: &str = "b/";
/// The prefix of the new side.
pub(super) const NEW: &str = "a/";

/// Reads one section and applies it.
pub(super) fn section(lines: &mut Lines<'_>, update: &mut Update<'_>) -> Result<(), PatchError> {
    let line = lines.after(HEADER)?;
    let (old, new) = name::pair(lines, line)?;
    let old = name::below(lines, line, old, OLD)?;
    let new = name::below(lines, line, new, NEW)?;
    if lines.next_is(b"similarity index ") {
        return rename(lines, line, old, new, update);
    }
    let path = name::same(lines, line, old, new)?;
    if lines.next_is(b"new file mode ") {
        create(lines, line, path, update)
    } else if lines.next_is(b"deleted file mode ") {
        delete(lines, line, path, update)
    } else {
        edit(lines, line, path, update)
    }
}

/// Reads a file mode: 100644, or 100755 (`true`).
fn mode(lines: &mut Lines<'_>, start: &[u8]) -> Result<bool, PatchError> {
    let line = lines.after(start)?;
    plain_mode(lines, line, line.text)
}

fn plain_mode(lines: &Lines<'_>, line: Line<'_>, text: &[u8]) -> Result<bool, PatchError> {
    let (kind, what) = match text {
        b"100644" => return Ok(false),
        b"100755" => return Ok(true),
        b"120000" => (Kind::Symlink, "a symbolic link"),
        b"160000" => (Kind::Submodule, "a submodule"),
        _ => (Kind::Mode, "a file mode that git does not write"),
    };
    Err(lines
        .error(kind, line, format!("the patch has {what}"))
        .value("expected", "100644 or 100755")
        .value("found", line.shown()))
}

/// The id of the empty file in git. GNU patch knows it too, and goes by it
/// where a section has no hunk.
const EMPTY: &[u8] = b"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

/// What an `index` line says about one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Absent,
    Empty,
    Full,
}

impl Side {
    /// Reads an abbreviated id.
    fn read(text: &[u8]) -> Option<Side> {
        let is_hex = |b: &u8| b.is_ascii_digit() || (b'a'..=b'f').contains(b);
        if !(4..=64).contains(&text.len()) || !text.iter().all(is_hex) {
            None
        } else if text.iter().all(|&b| b == b'0') {
            Some(Side::Absent)
        } else if EMPTY.starts_with(text) {
            Some(Side::Empty)
        } else {
            Some(Side::Full)
        }
    }

    /// What it should say about a file with this content.
    fn of(content: &[u8]) -> Side {
        if content.is_empty() {
            Side::Empty
        } else {
            Side::Full
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Side::Absent => "no file",
            Side::Empty => "an empty file",
            Side::Full => "a file with content",
        }
    }
}

/// An `index` line.
struct Index<'p> {
    line: Line<'p>,
    old: Side,
    new: Side,
}

impl Index<'_> {
    /// Checks that the line says what the section does.
    fn check(&self, lines: &Lines<'_>, path: &str, old: Side, new: Side) -> Result<(), PatchError> {
        if (self.old, self.new) == (old, new) {
            return Ok(());
        }
        let show = |old: Side, new: Side| format!("{}, then {}", old.describe(), new.describe());
        let message = format!("the ids of `{path}` do not fit what the section does");
        Err(lines
            .error(Kind::Line, self.line, message)
            .path(path)
            .value("expected", show(old, new))
            .value("found", show(self.old, self.new)))
    }
}

/// Reads `index OLD..NEW`, with or without the mode.
fn index<'p>(lines: &mut Lines<'p>, with_mode: bool) -> Result<Index<'p>, PatchError> {
    let line = lines.after(b"index ")?;
    let mut parts = line.text.splitn(2, |&b| b == b' ');
    let ids = parts.next().unwrap_or_default();
    let mode = parts.next();
    let length = ids.iter().take_while(|&&b| b != b'.').count();
    let (old, rest) = ids.split_at_checked(length).unwrap_or_default();
    let new = rest.strip_prefix(b"..").and_then(Side::read);
    let (Some(old), Some(new), true) = (Side::read(old), new, mode.is_some() == with_mode) else {
        let expected = if with_mode { "ID..ID MODE" } else { "ID..ID" };
        return Err(lines.unexpected(line, expected));
    };
    if let Some(mode) = mode {
        plain_mode(lines, line, mode)?;
    }
    Ok(Index { line, old, new })
}

/// What stands where a section without hunks ends.
fn at_section_end(lines: &Lines<'_>) -> bool {
    lines.at_end() || lines.next_is(HEADER)
}

/// Refuses the two ways in which git says that content differs without showing it.
fn refuse_binary(lines: &mut Lines<'_>, path: &str) -> Result<(), PatchError> {
    if !(lines.next_is(b"Binary files ") || lines.next_is(b"GIT binary patch")) {
        return Ok(());
    }
    let line = lines.next("a hunk")?;
    let message = format!("the patch does not show how `{path}` changes");
    Err(lines.error(Kind::Binary, line, message).path(path))
}

fn create(
    lines: &mut Lines<'_>,
    line: Line<'_>,
    path: &str,
    update: &mut Update<'_>,
) -> Result<(), PatchError> {
    let executable = mode(lines, b"new file mode ")?;
    let index = index(lines, false)?;
    refuse_binary(lines, path)?;
    update.claim(lines, line, path)?;
    let bytes = if at_section_end(lines) {
        Vec::new()
    } else {
        lines.exactly(&[b"--- ", NO_FILE].concat())?;
        lines.exactly(format!("+++ {NEW}{path}").as_bytes())?;
        hunk::read(lines, Style::Git, path, &[])?.bytes
    };
    index.check(lines, path, Side::Absent, Side::of(&bytes))?;
    update.vacant(lines, line, path, &bytes)?;
    update.create(line, path, bytes);
    if executable {
        update.note(Note::ModeIgnored {
            path: path.to_owned(),
        });
    }
    Ok(())
}

fn delete(
    lines: &mut Lines<'_>,
    line: Line<'_>,
    path: &str,
    update: &mut Update<'_>,
) -> Result<(), PatchError> {
    mode(lines, b"deleted file mode ")?;
    let index = index(lines, false)?;
    refuse_binary(lines, path)?;
    update.claim(lines, line, path)?;
    let before = update.existing(lines, line, path)?;
    if at_section_end(lines) {
        gone(lines, line, path, before)?;
    } else {
        lines.exactly(format!("--- {OLD}{path}").as_bytes())?;
        lines.exactly(&[b"+++ ", NO_FILE].concat())?;
        let content = hunk::read(lines, Style::Git, path, before)?;
        gone(lines, line, path, &content.bytes)?;
    }
    index.check(lines, path, Side::of(before), Side::Absent)?;
    update.delete(path);
    Ok(())
}

/// New content, another mode, or both.
fn edit(
    lines: &mut Lines<'_>,
    line: Line<'_>,
    path: &str,
    update: &mut Update<'_>,
) -> Result<(), PatchError> {
    let changes_mode = lines.next_is(b"old mode ");
    if changes_mode {
        let from = mode(lines, b"old mode ")?;
        let line = lines.after(b"new mode ")?;
        let to = plain_mode(lines, line, line.text)?;
        if from == to {
            return Err(lines.error(
                Kind::Mode,
                line,
                "the old mode and the new mode are the same",
            ));
        }
        if lines.next_is(b"similarity index ") {
            let message = format!("`{path}` changes its mode and its name");
            return Err(lines.error(Kind::Mode, line, message).path(path));
        }
    }
    refuse_binary(lines, path)?;
    update.claim(lines, line, path)?;
    let before = update.existing(lines, line, path)?;
    if changes_mode {
        update.note(Note::ModeIgnored {
            path: path.to_owned(),
        });
        if at_section_end(lines) {
            return Ok(());
        }
    }
    let index = index(lines, !changes_mode)?;
    refuse_binary(lines, path)?;
    lines.exactly(format!("--- {OLD}{path}").as_bytes())?;
    lines.exactly(format!("+++ {NEW}{path}").as_bytes())?;
    let content = hunk::read(lines, Style::Git, path, before)?;
    emptied(lines, line, path, before, &content.bytes)?;
    index.check(lines, path, Side::of(before), Side::of(&content.bytes))?;
    update.edit(lines, line, path, content.bytes)
}

/// A rename of the whole, unchanged file; with hunks, opam 2.4 and later write
/// the new content to the old path (D2).
fn rename(
    lines: &mut Lines<'_>,
    line: Line<'_>,
    from: &str,
    to: &str,
    update: &mut Update<'_>,
) -> Result<(), PatchError> {
    let similarity = lines.after(b"similarity index ")?;
    if lines.next_is(b"copy from ") {
        let message = format!("`{to}` is made as a copy of `{from}`");
        return Err(lines.error(Kind::Copy, similarity, message).path(to));
    }
    if similarity.text != b"100%" {
        let message = format!("`{from}` is renamed to `{to}` and edited");
        return Err(lines.error(Kind::RenameEdit, similarity, message).path(to));
    }
    lines.exactly(format!("rename from {from}").as_bytes())?;
    lines.exactly(format!("rename to {to}").as_bytes())?;
    if !at_section_end(lines) {
        let next = lines.next("the next section")?;
        let message = format!("`{from}` is renamed to `{to}` and more");
        return Err(lines.error(Kind::RenameEdit, next, message).path(to));
    }
    update.claim(lines, line, from)?;
    update.claim(lines, line, to)?;
    update.existing(lines, line, from)?;
    if update.old(to).is_some() {
        let message = format!("`{from}` would be renamed to `{to}`, which is there");
        return Err(lines.error(Kind::Exists, line, message).path(to));
    }
    update.rename(line, from, to);
    update.note(Note::Moved {
        from: from.to_owned(),
        to: to.to_owned(),
    });
    Ok(())
}
