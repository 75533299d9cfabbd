//! `Patch.pp_list` of OCaml's `patch` library: http and local repositories, opam 2.4 and later.

use super::error::{Kind, PatchError};
use super::hunk::{self, Style};
use super::lines::{Line, Lines};
use super::name::{self, NO_FILE};
use super::update::Update;

/// How a section for an empty file starts.
const HEADER: &[u8] = b"diff --git ";

/// Whether the line starts a section for an empty file, in what is called `base`.
pub(super) fn is_header(line: &[u8], base: &str) -> bool {
    let names = line.strip_prefix(HEADER);
    let rest = names.and_then(|names| names.strip_prefix(base.as_bytes()));
    rest.is_some_and(|rest| rest.starts_with(b"/") || rest.starts_with(b".new/"))
}

/// Reads one section and applies it. `base` is the name of what is compared:
/// the directory of the repository, or its archive.
pub(super) fn section(
    lines: &mut Lines<'_>,
    base: &str,
    update: &mut Update<'_>,
) -> Result<(), PatchError> {
    let (old_prefix, new_prefix) = (format!("{base}/"), format!("{base}.new/"));
    if lines.next_is(HEADER) {
        return empty_file(lines, &old_prefix, &new_prefix, update);
    }
    let old = lines.after(b"--- ")?;
    let new = lines.after(b"+++ ")?;
    if old.text == NO_FILE {
        let path = name::below(lines, new, new.text, &new_prefix)?;
        update.claim(lines, new, path)?;
        let content = hunk::read(lines, Style::Ocaml, path, &[])?;
        update.vacant(lines, new, path, &content.bytes)?;
        update.create(new, path, content.bytes);
        return Ok(());
    }
    let path = name::below(lines, old, old.text, &old_prefix)?;
    update.claim(lines, old, path)?;
    let before = update.existing(lines, old, path)?;
    if new.text == NO_FILE {
        let content = hunk::read(lines, Style::Ocaml, path, before)?;
        gone(lines, new, path, &content.bytes)?;
        update.delete(path);
        return Ok(());
    }
    let other = name::below(lines, new, new.text, &new_prefix)?;
    name::same(lines, new, path, other)?;
    let content = hunk::read(lines, Style::Ocaml, path, before)?;
    emptied(lines, new, path, before, &content.bytes)?;
    update.edit(lines, old, path, content.bytes)
}

/// An empty file is created or removed: a header, and no hunk.
fn empty_file(
    lines: &mut Lines<'_>,
    old_prefix: &str,
    new_prefix: &str,
    update: &mut Update<'_>,
) -> Result<(), PatchError> {
    let line = lines.after(HEADER)?;
    let (first, second) = name::pair(lines, line)?;
    let creates = lines.next_is(b"new file mode ");
    // opam 2.4 and 2.5 write the name on the side that exists twice.
    let (twice, other) = if creates {
        (new_prefix, old_prefix)
    } else {
        (old_prefix, new_prefix)
    };
    let (path, again) = if first == second {
        let path = name::below(lines, line, first, twice)?;
        (path, path)
    } else if creates {
        (
            name::below(lines, line, first, other)?,
            name::below(lines, line, second, twice)?,
        )
    } else {
        (
            name::below(lines, line, first, twice)?,
            name::below(lines, line, second, other)?,
        )
    };
    name::same(lines, line, path, again)?;
    update.claim(lines, line, path)?;
    if creates {
        lines.exactly(b"new file mode 100644")?;
        update.vacant(lines, line, path, &[])?;
        update.create(line, path, Vec::new());
        Ok(())
    } else {
        lines.exactly(b"deleted file mode 100644")?;
        let before = update.existing(lines, line, path)?;
        gone(lines, line, path, before)?;
        update.delete(path);
        Ok(())
    }
}

/// Checks that nothing is left of a file that is removed.
pub(super) fn gone(
    lines: &Lines<'_>,
    line: Line<'_>,
    path: &str,
    left: &[u8],
) -> Result<(), PatchError> {
    if left.is_empty() {
        return Ok(());
    }
    Err(lines
        .error(
            Kind::Differs,
            line,
            format!("`{path}` would be removed, and has more content than the patch removes"),
        )
        .path(path)
        .value("expected", "nothing left")
        .value("found", format!("{} bytes", left.len())))
}

/// Refuses that a file without final newline becomes empty: opam 2.4 and 2.5
/// make one newline of it, 2.6 fails at every update (D19).
pub(super) fn emptied(
    lines: &Lines<'_>,
    line: Line<'_>,
    path: &str,
    before: &[u8],
    after: &[u8],
) -> Result<(), PatchError> {
    let open = before.last().is_some_and(|&b| b != b'\n');
    if !(open && after.is_empty()) {
        return Ok(());
    }
    let message =
        format!("`{path}` has no final newline and becomes empty, which opam applies wrongly");
    Err(lines.error(Kind::Emptied, line, message).path(path))
}
