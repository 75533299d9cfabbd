//! Text of anybody as it is shown: what is not seen is made visible, and addresses of people are left
//! out. They stand in opam files and in what is said of them; a page that is easy to read is easy to
//! collect them from.

use std::borrow::Cow;

use crate::shell::report::{beginning, neutral, shortened};

/// The most characters of one text.
const LONGEST: usize = 2000;

/// What stands in the place of an address.
const LEFT_OUT: &str = "(address)";

/// Text of anybody, in one line.
pub fn shown(text: &str) -> Cow<'_, str> {
    let plain = text.len() <= LONGEST
        && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
        && !text.contains('@');
    if plain {
        return Cow::Borrowed(text);
    }
    let start = beginning(text, LONGEST + 1);
    let cut = start.len() < text.len();
    let seen = neutral(start);
    let short = shortened(&seen, LONGEST);
    let text = without_addresses(&short);
    match cut && !text.ends_with('…') {
        true => Cow::Owned(format!("{text}…")),
        false => Cow::Owned(text),
    }
}

/// A text in which `(address)` stands for each address of a mailbox.
fn without_addresses(text: &str) -> String {
    let of_word = |c: char| {
        !c.is_whitespace() && !matches!(c, '<' | '>' | '"' | '\'' | '`' | '(' | ')' | ',' | ';')
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !of_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        out.push_str(if is_address(word) { LEFT_OUT } else { word });
        let next = after.find(of_word).unwrap_or(after.len());
        let (between, after) = after.split_at(next);
        out.push_str(between);
        rest = after;
    }
    out
}

/// Whether a word holds something before an `@`, and a host behind it.
fn is_address(word: &str) -> bool {
    let Some((before, after)) = word.split_once('@') else {
        return false;
    };
    !before.is_empty() && after.starts_with(|c: char| c.is_alphanumeric() || c == '[')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_address_is_shown() {
        for (text, seen) in [
            (
                "Ann Lee <ann@host.example>, Bob",
                "Ann Lee <(address)>, Bob",
            ),
            ("mailto:ann@host", "(address)"),
            ("(ann+opam@host.example)", "((address))"),
            ("ann@host.example", "(address)"),
            ("a @ b, @team, x@", "a @ b, @team, x@"),
        ] {
            assert_eq!(shown(text), seen);
        }
    }

    /// Attack: characters that turn the direction of writing, or that nobody sees.
    #[test]
    fn what_is_not_seen_is_made_visible() {
        assert_eq!(
            shown("a\u{202e}b\u{200b}\tc\0"),
            "a\\u{202e}b\\u{200b}\\tc\\0"
        );
        assert_eq!(shown("é ß 漢"), "é ß 漢");
    }

    #[test]
    fn a_long_text_is_cut() {
        assert_eq!(shown(&"a".repeat(LONGEST)).chars().count(), LONGEST);
        let long = shown(&"é".repeat(10 * LONGEST)).into_owned();
        assert!(long.ends_with('…') && long.chars().count() <= LONGEST + 1);
    }
}
