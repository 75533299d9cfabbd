//! Findings for programs.
//!
//! One object, with:
//!
//! | field | type | meaning |
//! |---|---|---|
//! | `schema` | number | [`SCHEMA`]; raised when a field changes its meaning or goes, not when one is added |
//! | `counts` | object | `errors`, `warnings`, `notes`: numbers |
//! | `findings` | array | most severe first |
//! | `summary` | object | what the command says besides; described with each command |
//!
//! and each finding an object with:
//!
//! | field | type | meaning |
//! |---|---|---|
//! | `code` | string | `E` and three digits; stable |
//! | `title` | string | what findings of the code have in common |
//! | `severity` | string | `error`, `warning` or `note` |
//! | `path` | string | relative to the repository; empty for the repository as a whole |
//! | `message` | string | one sentence |
//! | `file` | string or null | the file of the place, where it is not `path` |
//! | `line`, `column` | numbers or null | the place in the file, from 1; columns are bytes |
//! | `excerpt` | string or null | the line, or the part of it around the place |
//! | `label` | string or null | what is said about the place |
//! | `values` | array | values to compare, objects with `label` and `value` |
//! | `hint` | string | what to do next; may be empty |
//! | `cause` | string or null | what it follows from: those with the same text go together |
//! | `explains` | boolean | whether it is what explains its cause, so that it is told first |
//!
//! Everything but printable ASCII is escaped, as JSON allows, so that the text is
//! exact and nothing happens to a terminal it is shown on.

use std::borrow::Cow;
use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

use super::{Counts, in_order};
use conex_verify::finding::{Finding, Reader};

/// The version of the schema.
pub const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Report<'a, S> {
    schema: u32,
    counts: Counts,
    findings: Vec<Item<'a>>,
    summary: S,
}

#[derive(Serialize)]
struct Item<'a> {
    code: &'a str,
    title: &'a str,
    severity: String,
    path: &'a str,
    message: &'a str,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    excerpt: Option<&'a str>,
    label: Option<&'a str>,
    values: Vec<Value<'a>>,
    hint: Cow<'a, str>,
    cause: Option<String>,
    explains: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_base: Option<bool>,
}

#[derive(Serialize)]
struct Value<'a> {
    label: &'a str,
    value: &'a str,
}

impl<'a> Item<'a> {
    fn of(finding: &'a Finding, reader: Reader) -> Item<'a> {
        let excerpt = finding.excerpt.as_ref();
        Item {
            code: finding.code.as_str(),
            title: finding.code.title(),
            severity: finding.severity.to_string(),
            path: &finding.path,
            message: &finding.message,
            file: excerpt.map(|e| e.path.as_str()).filter(|p| !p.is_empty()),
            line: excerpt.map(|e| e.line),
            column: excerpt.map(|e| e.column),
            excerpt: excerpt.map(|e| e.text.as_str()),
            label: excerpt.map(|e| e.label.as_str()),
            values: finding
                .values
                .iter()
                .map(|(label, value)| Value { label, value })
                .collect(),
            hint: finding.hint_for(reader),
            cause: finding.cause.as_ref().map(ToString::to_string),
            explains: finding.explains,
            in_base: None,
        }
    }
}

/// Renders all `findings`, with hints for `reader`, and `summary`, an object of the command's
/// own, in one line that ends with a line end.
///
/// A `summary` that has no JSON (a map whose keys are not text) becomes `null`.
pub fn json(findings: &[Finding], reader: Reader, summary: impl Serialize) -> String {
    let all = || items(findings, reader, None);
    with_items(&Counts::of(findings), all, summary)
}

/// The same of two lists, for who merges: what is new, and what was there before. Each finding says
/// in `in_base` of which it is; the new ones come first.
pub fn json_since(new: &[Finding], base: &[Finding], summary: impl Serialize) -> String {
    let both = || {
        let mut both = items(new, Reader::Merge, Some(false));
        both.extend(items(base, Reader::Merge, Some(true)));
        both
    };
    with_items(&Counts::of(new.iter().chain(base)), both, summary)
}

fn items(findings: &[Finding], reader: Reader, in_base: Option<bool>) -> Vec<Item<'_>> {
    let item = |finding| Item {
        in_base,
        ..Item::of(finding, reader)
    };
    in_order(findings).into_iter().map(item).collect()
}

fn with_items<'a>(
    counts: &Counts,
    items: impl Fn() -> Vec<Item<'a>>,
    summary: impl Serialize,
) -> String {
    rendered(*counts, items(), summary)
        .or_else(|_| rendered(*counts, items(), ()))
        .unwrap_or_default()
}

fn rendered(
    counts: Counts,
    findings: Vec<Item<'_>>,
    summary: impl Serialize,
) -> Result<String, serde_json::Error> {
    let report = Report {
        schema: SCHEMA,
        counts,
        findings,
        summary,
    };
    let mut out = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Ascii);
    report.serialize(&mut serializer)?;
    out.push(b'\n');
    Ok(String::from_utf8(out).unwrap_or_default())
}

/// JSON in printable ASCII.
struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        // Control characters below space are escaped by the caller.
        if fragment.bytes().all(|b| matches!(b, b' '..=b'~')) {
            return CompactFormatter.write_string_fragment(writer, fragment);
        }
        for c in fragment.chars() {
            if matches!(c, ' '..='~') {
                write!(writer, "{c}")?;
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}
