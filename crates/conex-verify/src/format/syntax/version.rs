//! The rules of opam-file-format about the field `opam-version`: a file that
//! breaks them is refused there, so it is refused here.

use super::ast::{Item, Value, ValueKind};
use super::error::{SyntaxError, SyntaxErrorKind};

/// The field that they are about.
pub(super) const FIELD: &str = "opam-version";

/// An opam file format version, without the patch level.
type Version = (u64, u64);

/// Refuses an `opam-version` above 2.0 below another item, and any second one
/// in a file that starts with one of 2.1 or more.
pub(super) fn check(items: &[Item<'_>]) -> Result<(), SyntaxError> {
    let Some((first, rest)) = items.split_first() else {
        return Ok(());
    };
    let single = of_item(first).is_some_and(|(_, version)| version >= (2, 1));
    for (value, version) in rest.iter().filter_map(of_item) {
        let kind = if single {
            SyntaxErrorKind::VersionAgain
        } else if version > (2, 0) {
            SyntaxErrorKind::VersionNotFirst
        } else {
            continue;
        };
        return Err(SyntaxError::new(value.span.start, value.span.end, kind));
    }
    Ok(())
}

fn of_item<'a>(item: &'a Item<'_>) -> Option<(&'a Value<'a>, Version)> {
    match item {
        Item::Field(field) if field.name.text == FIELD => match &field.value.kind {
            ValueKind::String(text) => Some((&field.value, version(text))),
            _ => None,
        },
        _ => None,
    }
}

/// The first two numbers of a version; `(0, 0)` if it has another form.
fn version(text: &[u8]) -> Version {
    let mut dots = text
        .iter()
        .enumerate()
        .filter(|(_, b)| **b == b'.')
        .map(|(i, _)| i);
    let length = match (dots.next(), dots.next()) {
        (Some(_), Some(second)) => second,
        _ => text
            .iter()
            .position(|b| !b.is_ascii_digit() && *b != b'.')
            .unwrap_or(text.len()),
    };
    let text = text.get(..length).unwrap_or_default();
    let mut parts = text.splitn(2, |b| *b == b'.');
    let major = parts.next().and_then(number);
    match (major, parts.next()) {
        (Some(major), None) => (major, 0),
        (Some(major), Some(minor)) => number(minor).map_or((0, 0), |minor| (major, minor)),
        (None, _) => (0, 0),
    }
}

/// What OCaml's `%u` reads: a digit, then digits and underscores, below 2^62.
fn number(text: &[u8]) -> Option<u64> {
    if !text.first()?.is_ascii_digit() {
        return None;
    }
    let mut number = 0_u64;
    for byte in text.iter().filter(|&&b| b != b'_') {
        let digit = char::from(*byte).to_digit(10)?;
        number = number.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    (number < 1 << 62).then_some(number)
}
