//! Hunks, applied while they are read: offset 0, fuzz 0, on the exact old bytes.
//!
//! Every byte of a patch and of an old file is looked at a bounded number of
//! times, so the cost is linear in both, however many hunks there are.

use super::error::{Kind, PatchError};
use super::lines::{Line, Lines, Mark, shown};
use crate::limits::MAX_FILE_SIZE;

/// Lines of context that `diff -u` prints; opam asks for no other number.
const GNU_CONTEXT: usize = 3;

/// What differs between the hunks of the dialects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `diff -u`: three lines of context.
    Gnu,
    /// git: as many lines of context as the user's configuration says, at
    /// least one, and the function after the header.
    Git,
    /// OCaml's `patch` library: one hunk from the first changed line to the
    /// end, without context, counts always written.
    Ocaml,
}

impl Style {
    fn mark(self) -> Mark {
        match self {
            Style::Gnu => Mark::Translated,
            Style::Git | Style::Ocaml => Mark::Exact,
        }
    }
}

/// The result of all hunks of one file.
#[derive(Debug)]
pub(super) struct Content {
    /// The new content.
    pub bytes: Vec<u8>,
    /// The header of the first hunk.
    pub first: Header,
}

/// A hunk header, read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    /// Lines of the old file before the hunk.
    old_before: usize,
    /// Lines of the old file in the hunk.
    old_count: usize,
    /// Lines of the new file before the hunk.
    new_before: usize,
    /// Lines of the new file in the hunk.
    pub new_count: usize,
}

/// One side of a hunk header as written.
#[derive(Debug, Clone, Copy)]
struct Range {
    start: usize,
    count: usize,
}

impl Range {
    /// How many lines stand before the range.
    ///
    /// diff and git write the line before an empty range; OCaml's `patch`
    /// writes the line after it, and 0 where the whole file is empty.
    fn before(self, style: Style) -> Option<usize> {
        match (style, self.count, self.start) {
            (Style::Gnu | Style::Git, 0, start) | (Style::Ocaml, 0, start @ 0) => Some(start),
            (Style::Ocaml, 0, 1) => None,
            (_, _, start) => start.checked_sub(1),
        }
    }
}

/// Reads a number without sign and without leading zeros, at most nine digits.
fn number(text: &[u8]) -> Option<usize> {
    let canonical = text.len() <= 9 && (text == b"0" || !text.starts_with(b"0"));
    let digits = canonical && !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    digits
        .then(|| str::from_utf8(text).ok()?.parse().ok())
        .flatten()
}

/// Reads `S,C`, or `S` for `S,1` where the dialect leaves out that count.
fn range(text: &[u8], style: Style) -> Option<Range> {
    let mut parts = text.splitn(2, |&b| b == b',');
    let start = number(parts.next()?)?;
    let count = match (parts.next(), style) {
        (None, Style::Gnu | Style::Git) => 1,
        (None, Style::Ocaml) | (Some(b"1"), Style::Gnu | Style::Git) => return None,
        (Some(count), _) => number(count)?,
    };
    Some(Range { start, count })
}

/// Splits `@@ -R +R @@` and what follows into the two ranges and the heading.
fn split_header(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let rest = text.strip_prefix(b"@@ -")?;
    let mut parts = rest.splitn(3, |&b| b == b' ');
    let (old, new, rest) = (parts.next()?, parts.next()?, parts.next()?);
    Some((old, new.strip_prefix(b"+")?, rest.strip_prefix(b"@@")?))
}

/// Whether `text` may follow a hunk header: nothing, or in git a space and a
/// line of the file, from whose end git removes white space.
fn is_heading(text: &[u8], style: Style) -> bool {
    match text {
        [] => true,
        [b' ', heading @ ..] => {
            style == Style::Git
                && heading
                    .last()
                    .is_some_and(|last| !last.is_ascii_whitespace() && *last != 0x0b)
        }
        _ => false,
    }
}

fn header(lines: &Lines<'_>, line: Line<'_>, style: Style) -> Result<Header, PatchError> {
    let read = || {
        let (old, new, heading) = split_header(line.text)?;
        let (old, new) = (range(old, style)?, range(new, style)?);
        let header = Header {
            old_before: old.before(style)?,
            old_count: old.count,
            new_before: new.before(style)?,
            new_count: new.count,
        };
        is_heading(heading, style).then_some(header)
    };
    read().ok_or_else(|| {
        let form = match style {
            Style::Gnu => "@@ -LINE[,COUNT] +LINE[,COUNT] @@ (a count of 1 left out)",
            Style::Git => "@@ -LINE[,COUNT] +LINE[,COUNT] @@[ FUNCTION] (a count of 1 left out)",
            Style::Ocaml => "@@ -LINE,COUNT +LINE,COUNT @@",
        };
        lines
            .error(Kind::Range, line, "a hunk header is not in its one form")
            .value("expected", form)
            .value("found", line.shown())
    })
}

/// A position in the old file.
struct Old<'o> {
    bytes: &'o [u8],
    /// Bytes consumed.
    at: usize,
    /// Lines consumed.
    line: usize,
}

impl<'o> Old<'o> {
    fn rest(&self) -> &'o [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Consumes lines up to number `line`; `None` if there are not as many.
    fn skip_to(&mut self, line: usize) -> Option<&'o [u8]> {
        let rest = self.rest();
        let mut len = 0;
        while self.line < line {
            let tail = rest.get(len..).unwrap_or_default();
            if tail.is_empty() {
                return None;
            }
            len += tail
                .iter()
                .position(|&b| b == b'\n')
                .map_or(tail.len(), |i| i + 1);
            self.line += 1;
        }
        self.at += len;
        rest.get(..len)
    }

    /// Consumes one line, which must be `text`; `ended`: without final newline.
    fn take(&mut self, text: &[u8], ended: bool) -> bool {
        let Some(after) = self.rest().strip_prefix(text) else {
            return false;
        };
        let newline = usize::from(!ended);
        let fits = if ended {
            after.is_empty()
        } else {
            after.starts_with(b"\n")
        };
        if fits {
            self.at += text.len() + newline;
            self.line += 1;
        }
        fits
    }

    /// Like [`Old::take`]; says what stands there instead, if it does not fit.
    fn mismatch(&mut self, text: &[u8], ended: bool) -> Option<String> {
        (!self.take(text, ended)).then(|| self.shown())
    }

    /// The line that stands at the position, for a message.
    fn shown(&self) -> String {
        match self.rest().split(|&b| b == b'\n').next() {
            Some(line) if !self.rest().is_empty() => shown(line),
            _ => "the end of the file".to_owned(),
        }
    }
}

/// The new file as far as it is written.
struct New {
    bytes: Vec<u8>,
    lines: usize,
}

impl New {
    /// Whether another line can follow what is written.
    fn open(&self) -> bool {
        self.bytes.last().is_none_or(|&b| b == b'\n')
    }

    fn push(&mut self, text: &[u8], ended: bool) {
        self.bytes.extend_from_slice(text);
        if !ended {
            self.bytes.push(b'\n');
        }
        self.lines += 1;
    }
}

/// Reads all hunks that follow, and applies them to `old`.
///
/// # Errors
/// No hunk; a hunk that is not in the one form of its dialect; counts, places
/// or context that do not fit; bytes of `old` other than the patch says.
pub(super) fn read(
    lines: &mut Lines<'_>,
    style: Style,
    path: &str,
    old: &[u8],
) -> Result<Content, PatchError> {
    let mut from = Old {
        bytes: old,
        at: 0,
        line: 0,
    };
    let mut to = New {
        bytes: Vec::new(),
        lines: 0,
    };
    let (line, first) = hunk(lines, style, path, true, &mut from, &mut to)?;
    while style != Style::Ocaml && lines.next_is(b"@@") {
        hunk(lines, style, path, false, &mut from, &mut to)?;
    }
    let tail = from.rest();
    if !tail.is_empty() && (style == Style::Ocaml || !to.open()) {
        return Err(lines
            .error(
                Kind::Hunk,
                line,
                format!("the hunks do not reach the end of `{path}`"),
            )
            .path(path)
            .value("expected", "the end of the file")
            .value("found", from.shown()));
    }
    to.bytes.extend_from_slice(tail);
    if u64::try_from(to.bytes.len()).unwrap_or(u64::MAX) > MAX_FILE_SIZE {
        let message = format!("`{path}` would grow beyond the limit");
        return Err(lines
            .error(Kind::Limit, line, message)
            .path(path)
            .value("limit", format!("{MAX_FILE_SIZE} bytes")));
    }
    Ok(Content {
        bytes: to.bytes,
        first,
    })
}

/// Reads and applies one hunk.
fn hunk<'p>(
    lines: &mut Lines<'p>,
    style: Style,
    path: &str,
    is_first: bool,
    from: &mut Old<'_>,
    to: &mut New,
) -> Result<(Line<'p>, Header), PatchError> {
    let mut read = || {
        let line = lines.next("a hunk")?;
        let head = header(lines, line, style)?;
        place(lines, line, style, head, is_first, from, to)?;
        body(lines, line, style, head, from, to)?;
        Ok((line, head))
    };
    read().map_err(|e: PatchError| e.path(path))
}

/// Copies what stands before the hunk, and checks that the hunk follows.
fn place(
    lines: &Lines<'_>,
    line: Line<'_>,
    style: Style,
    head: Header,
    is_first: bool,
    from: &mut Old<'_>,
    to: &mut New,
) -> Result<(), PatchError> {
    if head.old_count == 0 && head.new_count == 0 {
        return Err(lines.error(Kind::Range, line, "a hunk without lines"));
    }
    // With context, an insertion has an old line unless the old file is empty;
    // and without, diff and OCaml's `patch` mean different places.
    if head.old_count == 0 && style != Style::Ocaml && !from.bytes.is_empty() {
        let kind = match style {
            Style::Git => Kind::GitSettings,
            Style::Gnu | Style::Ocaml => Kind::Differs,
        };
        return Err(lines
            .error(
                kind,
                line,
                "the hunk is for an empty file, and the file is not empty",
            )
            .value("expected", "an empty file")
            .value("found", from.shown()));
    }
    // Two changes with nothing unchanged between would be one hunk.
    if head.old_before < from.line || (!is_first && head.old_before == from.line) {
        return Err(lines
            .error(
                Kind::Range,
                line,
                "a hunk does not come after the one before it",
            )
            .value("expected", format!("above line {}", from.line + 1))
            .value("found", format!("line {}", head.old_before + 1)));
    }
    let consumed = from.line;
    let Some(kept) = from.skip_to(head.old_before) else {
        return Err(lines
            .error(
                Kind::Differs,
                line,
                "a hunk starts after the end of the file",
            )
            .value("expected", format!("{} lines before it", head.old_before))
            .value("found", format!("{} lines", from.line)));
    };
    if !kept.is_empty() && !to.open() {
        return Err(lines.error(Kind::NoNewline, line, AFTER_END));
    }
    to.bytes.extend_from_slice(kept);
    to.lines += from.line - consumed;
    if head.new_before != to.lines {
        return Err(lines
            .error(
                Kind::Range,
                line,
                "the new place of a hunk does not follow from the hunks before it",
            )
            .value("expected", format!("{} lines before it", to.lines))
            .value("found", format!("{} lines before it", head.new_before)));
    }
    Ok(())
}

const AFTER_END: &str = "a line follows one that is said to be the last";

/// What the last line of a hunk was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Kept,
    Removed,
    Added,
}

/// Reads the lines of a hunk.
fn body(
    lines: &mut Lines<'_>,
    at: Line<'_>,
    style: Style,
    head: Header,
    from: &mut Old<'_>,
    to: &mut New,
) -> Result<(), PatchError> {
    let before = from.line;
    let (mut old_left, mut new_left) = (head.old_count, head.new_count);
    let mut role = Role::Kept;
    let mut changed = false;
    // Unchanged lines before the first change, and after the last one.
    let (mut lead, mut trail) = (0, 0);
    while old_left > 0 || new_left > 0 {
        let line = lines.next("another line of the hunk")?;
        let ended = lines.mark(style.mark())?.is_some();
        let (next, text) = match line.text {
            [b' ', text @ ..] if style != Style::Ocaml => (Role::Kept, text),
            [b'-', text @ ..] if role != Role::Added => (Role::Removed, text),
            [b'+', text @ ..] => (Role::Added, text),
            [] if style == Style::Git => {
                let message = "an empty line of the file has not the blank before it: `diff.suppressBlankEmpty` is set";
                return Err(lines.error(Kind::GitSettings, line, message));
            }
            _ => {
                let expected = match style {
                    Style::Gnu | Style::Git => {
                        "a line that starts with ` `, `-` or `+`, `-` before `+`"
                    }
                    Style::Ocaml => "a line that starts with `-` or `+`, `-` before `+`",
                };
                return Err(lines.unexpected(line, expected));
            }
        };
        role = next;
        let (takes, gives) = (role != Role::Added, role != Role::Removed);
        if (takes && old_left == 0) || (gives && new_left == 0) {
            return Err(lines
                .error(Kind::Hunk, line, "a hunk has more lines than it says")
                .value(
                    "expected",
                    format!("{old_left} old, {new_left} new lines more"),
                )
                .value("found", line.shown()));
        }
        if ended && text.is_empty() {
            return Err(lines.error(Kind::NoNewline, line, "a line without any byte is no line"));
        }
        if takes {
            old_left -= 1;
            if let Some(found) = from.mismatch(text, ended) {
                let end = if ended {
                    " and the end of the file"
                } else {
                    ""
                };
                return Err(lines
                    .error(
                        Kind::Differs,
                        line,
                        format!("line {} of the old file differs", from.line + 1),
                    )
                    .value("expected", format!("{}{end}", shown(text)))
                    .value("found", found));
            }
        }
        if gives {
            new_left -= 1;
            if !to.open() {
                return Err(lines.error(Kind::NoNewline, line, AFTER_END));
            }
            to.push(text, ended);
        }
        match (role, changed) {
            (Role::Kept, false) => lead += 1,
            (Role::Kept, true) => trail += 1,
            _ => {
                changed = true;
                trail = 0;
            }
        }
    }
    if !changed {
        return Err(lines.error(Kind::Hunk, at, "a hunk that changes nothing"));
    }
    // GNU patch moves a hunk with less context on one side to that end of the
    // file, or applies it with fuzz and leaves a copy behind.
    let full = match style {
        Style::Gnu => GNU_CONTEXT,
        Style::Git => lead.max(trail).max(1),
        Style::Ocaml => 0,
    };
    let lead_fits = lead == full || (lead < full && before == 0);
    let trail_fits = trail == full || (trail < full && from.rest().is_empty());
    if lead_fits && trail_fits {
        return Ok(());
    }
    let kind = match style {
        Style::Git if lead == 0 && trail == 0 => Kind::GitSettings,
        _ => Kind::Hunk,
    };
    Err(lines
        .error(kind, at, "a hunk lacks context, or has too much")
        .value(
            "expected",
            format!("{full} lines before and after the change"),
        )
        .value("found", format!("{lead} before, {trail} after")))
}
