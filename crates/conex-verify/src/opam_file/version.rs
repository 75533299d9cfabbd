//! The field `opam-version`.

use super::{Problem, Unreadable, named};
use crate::format::syntax::{Item, Span, ValueKind};

/// What every opam reads as it is meant.
const CURRENT: &[u8] = b"2.0";

/// Exactly one `opam-version` at the top, a plain string, that no opam takes for a newer one.
pub(super) fn check(items: &[Item<'_>]) -> Option<Problem> {
    let unreadable = |why, span| Some(Problem::Unreadable { why, span });
    let mut versions = named(items, "opam-version");
    let Some(first) = versions.next() else {
        return unreadable(Unreadable::NoVersion, Span { start: 0, end: 0 });
    };
    if let Some(second) = versions.next() {
        return unreadable(Unreadable::VersionAgain, second.name.span);
    }
    let span = first.value.span;
    let ValueKind::String(text) = &first.value.kind else {
        return unreadable(Unreadable::VersionNoString, span);
    };
    if **text == *CURRENT {
        return None;
    }
    let found = String::from_utf8_lossy(text).into_owned();
    if is_old(text) {
        Some(Problem::OtherVersion { found, span })
    } else {
        unreadable(Unreadable::NewVersion(found), span)
    }
}

/// Whether every opam takes the version for 2.0 or older.
///
/// opam looks at what stands before the second dot, or, where there is none, at the digits and
/// dots at the start, and compares that with 2.0 as it compares versions of packages. Here it
/// must be empty, or a number with perhaps a dot and another: some that opam takes for old as
/// well are refused, as `~.1.2`, and none that it takes for new is let through.
fn is_old(text: &[u8]) -> bool {
    let looked_at = before_second_dot(text).unwrap_or_else(|| leading(text, is_digit_or_dot));
    let major = leading(looked_at, u8::is_ascii_digit);
    let Some(rest) = looked_at.strip_prefix(major) else {
        return false;
    };
    let minor = match rest {
        [] => rest,
        [b'.', minor @ ..] if !major.is_empty() => minor,
        _ => return false,
    };
    minor.iter().all(u8::is_ascii_digit) && (number(major), number(minor)) <= (2, 0)
}

fn before_second_dot(text: &[u8]) -> Option<&[u8]> {
    let mut dots = text.iter().enumerate().filter(|(_, byte)| **byte == b'.');
    let (second, _) = dots.nth(1)?;
    text.get(..second)
}

fn leading(text: &[u8], takes: impl Fn(&u8) -> bool) -> &[u8] {
    let length = text.iter().take_while(|byte| takes(byte)).count();
    text.get(..length).unwrap_or_default()
}

fn is_digit_or_dot(byte: &u8) -> bool {
    byte.is_ascii_digit() || *byte == b'.'
}

/// The number that these digits are: nothing is 0, and what is too large is the largest.
fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0_u64, |number, byte| {
        let digit = byte.saturating_sub(b'0');
        number.saturating_mul(10).saturating_add(u64::from(digit))
    })
}
