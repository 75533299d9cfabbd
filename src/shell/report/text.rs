//! Untrusted text, made harmless.

use std::borrow::Cow;

/// `text` without anything that moves the cursor, changes the direction of writing
/// or is not seen: such characters come out as `\n` or `\u{202e}`. So it is one line.
///
/// What remains are printable characters. That two of them look alike is not
/// caught: the closed grammar of paths and ids is ASCII.
pub fn neutral(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b == b' ' || b.is_ascii_graphic()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if c == ' ' || c.is_ascii_graphic() {
            out.push(c);
        } else if is_unseen_letter(c) {
            out.extend(c.escape_unicode());
        } else {
            // Escapes control, format (bidirectional and zero-width ones), private,
            // unassigned and combining characters, and spaces but the plain one.
            out.extend(c.escape_debug());
        }
    }
    Cow::Owned(out)
}

/// Letters and symbols by category, but drawn as nothing: fillers of Hangul, and blank Braille.
fn is_unseen_letter(c: char) -> bool {
    matches!(
        c,
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{2800}'
    )
}

/// The first characters of a text, or all of it.
pub fn beginning(text: &str, most: usize) -> &str {
    let end = text.char_indices().nth(most).map(|(at, _)| at);
    end.and_then(|end| text.get(..end)).unwrap_or(text)
}

/// `text` if it has at most `most` characters, else its start, `…`, and nothing more.
pub fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(format!("{}…", beginning(text, most.saturating_sub(1)))),
    }
}
