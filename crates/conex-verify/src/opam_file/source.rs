//! Where sources come from, and whether a signature of the opam file reaches them.
//!
//! A checksum that opam cannot read is to opam no checksum at all: one malformed entry takes the
//! whole field with it, and then opam takes any file. So a field counts here only as a whole.

use std::collections::BTreeSet;

use super::{Problem, named};
use crate::format::syntax::{Item, Section, Span, Value, ValueKind};

/// The fields of a section that can say where its source is.
pub(super) const ADDRESSES: [&str; 7] = ["src", "archive", "http", "git", "darcs", "hg", "local"];

/// The kinds of section that are about a source.
pub(super) const KINDS: [&str; 2] = ["url", "extra-source"];

/// How opam 1 wrote what is in sections `extra-source` now.
pub(super) const OLD_FIELD: &str = "extra-sources";

/// The algorithms that opam knows, and how many hexadecimal digits it wants of each.
const ALGORITHMS: [(&str, usize); 3] = [("md5", 32), ("sha256", 64), ("sha512", 128)];

/// The sources that no strong checksum pins.
pub(super) fn weak<'i>(items: &'i [Item<'_>]) -> impl Iterator<Item = Problem> + 'i {
    let mut seen = BTreeSet::new();
    items.iter().filter_map(move |item| match item {
        // Every opam still reads it, and takes the one checksum of each for MD5 where it says
        // nothing else.
        Item::Field(field) if field.name.text == OLD_FIELD => {
            let why = vec!["a field of opam 1; write a section `extra-source`".to_owned()];
            Some(problem(OLD_FIELD.to_owned(), why, field.name.span))
        }
        Item::Field(_) => None,
        Item::Section(section) => {
            let what = what(section)?;
            let why = if seen.insert(what.clone()) {
                weakness(section)?
            } else {
                vec!["another section of that name".to_owned()]
            };
            Some(problem(what, why, section.kind.span))
        }
    })
}

fn problem(what: String, algorithms: Vec<String>, span: Span) -> Problem {
    Problem::WeakSource {
        what,
        algorithms,
        span,
    }
}

/// What a section is a source of, if it is one.
fn what(section: &Section<'_>) -> Option<String> {
    match (section.kind.text, &section.name) {
        (kind @ ("url" | "extra-source"), None) => Some(kind.to_owned()),
        // opam looks for no source there; but where it stands, no other one counts.
        ("url", Some(_)) => Some("url".to_owned()),
        ("extra-source", Some(name)) => {
            Some(format!("extra-source {:?}", String::from_utf8_lossy(name)))
        }
        _ => None,
    }
}

/// Why a section does not pin its source: what is there in place of a strong checksum.
fn weakness(section: &Section<'_>) -> Option<Vec<String>> {
    let only = |why: &str| Some(vec![why.to_owned()]);
    match (section.kind.text, &section.name) {
        ("url", Some(_)) => return only("a section with a name, which opam does not read"),
        ("extra-source", None) => {
            return only("a section without a name, which opam does not read");
        }
        _ => {}
    }
    if !has_address(section) {
        return only("no address");
    }
    if has_swhid(section) {
        return only("a mirror that is pinned by SHA-1 alone");
    }
    let mut checksums = named(&section.items, "checksum");
    match (checksums.next(), checksums.next()) {
        (None, _) => Some(Vec::new()),
        (Some(checksum), None) => weak_checksum(&checksum.value),
        (Some(_), Some(_)) => only("two fields `checksum`"),
    }
}

fn has_address(section: &Section<'_>) -> bool {
    ADDRESSES
        .iter()
        .flat_map(|name| named(&section.items, name))
        .any(|field| string(&field.value).is_some())
}

/// Whether a mirror is an identifier of Software Heritage: opam 2.1 and later offer to take the
/// source from there if it cannot be had otherwise, and compare only the identifier then (as
/// their source says; not measured).
fn has_swhid(section: &Section<'_>) -> bool {
    named(&section.items, "mirrors")
        .flat_map(|field| entries(&field.value))
        .filter_map(string)
        .any(|mirror| mirror.starts_with(b"swh:"))
}

/// The entries of a field that can hold one or several.
fn entries<'v, 's>(value: &'v Value<'s>) -> &'v [Value<'s>] {
    match &value.kind {
        ValueKind::List(values) => values,
        _ => std::slice::from_ref(value),
    }
}

fn string<'v>(value: &'v Value<'_>) -> Option<&'v [u8]> {
    match &value.kind {
        ValueKind::String(text) => Some(text),
        _ => None,
    }
}

/// What is there in place of a strong checksum, if there is none that counts.
fn weak_checksum(value: &Value<'_>) -> Option<Vec<String>> {
    let (mut weak, mut strong) = (Vec::new(), false);
    for entry in entries(value) {
        match algorithm(entry) {
            Ok("md5") => weak = vec!["md5".to_owned()],
            Ok(_) => strong = true,
            // Whatever else is in the field, opam reads none of it.
            Err(why) => return Some(vec![why]),
        }
    }
    (!strong).then_some(weak)
}

/// The algorithm of a checksum that opam can read, or why it cannot.
fn algorithm(entry: &Value<'_>) -> Result<&'static str, String> {
    let Some(text) = string(entry) else {
        return Err("a checksum that is no string".to_owned());
    };
    let mut parts = text.splitn(2, |byte| *byte == b'=');
    let first = parts.next().unwrap_or_default();
    // opam takes one without an algorithm for MD5.
    let (name, digits) = match parts.next() {
        Some(digits) => (first, digits),
        None => (&b"md5"[..], first),
    };
    ALGORITHMS
        .iter()
        .find(|(known, length)| {
            name.eq_ignore_ascii_case(known.as_bytes())
                && digits.len() == *length
                && digits.iter().all(u8::is_ascii_hexdigit)
        })
        .map(|(known, _)| *known)
        .ok_or_else(|| format!("{:?}, which opam does not read", shown(text)))
}

/// As much of a checksum as a message needs.
fn shown(text: &[u8]) -> String {
    let mut shown: String = String::from_utf8_lossy(text).chars().take(24).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
