//! The entries of opam's `repo/repos-config`.
//!
//! One entry, as opam 2.0 to 2.6 write it:
//!
//! ```text
//!   "name" {"https://…"}
//!     {"blake2b=…"
//!      "blake2b=…"}
//!     {2}
//! ```

use std::ops::Range;
use std::path::Path;

use super::root::RootError;
use conex_verify::format::syntax::{Item, Value, ValueKind, parse};
use conex_verify::workbench::trust::anchors::{AnchorError, Anchors, Client};

/// A repository of opam.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// opam's name of it.
    pub name: String,
    /// Where it comes from; empty for one that is switched off.
    pub url: String,
    /// The anchors, as they stand there.
    pub fingerprints: Vec<String>,
    /// The quorum; `None` if none is written, which opam takes for 1.
    pub quorum: Option<i64>,
    /// What stands behind the URL, up to the end of the entry: anchors and quorum.
    pub trust: Range<usize>,
}

impl Entry {
    /// The anchors, if they can be used.
    ///
    /// # Errors
    /// What conex would refuse them for.
    pub fn anchors(&self) -> Result<Anchors, AnchorError> {
        self.fingerprints.join(",").parse()
    }

    /// The anchors and quorum of a client, if they can be used.
    ///
    /// # Errors
    /// What conex would refuse them for.
    pub fn client(&self) -> Result<Client, AnchorError> {
        let anchors = self.anchors()?;
        // A negative one is as bad as none.
        let quorum = usize::try_from(self.quorum.unwrap_or(1)).unwrap_or(0);
        Client::new(anchors, quorum)
    }
}

/// Anchors and quorum as opam writes them behind a URL.
pub fn trust(anchors: &[String], quorum: usize) -> String {
    let quoted: Vec<String> = anchors.iter().map(|a| format!("\"{a}\"")).collect();
    format!("\n    {{{}}}\n    {{{quorum}}}", quoted.join("\n     "))
}

/// Reads the text of a `repos-config`.
///
/// # Errors
/// Not opam's syntax, or entries that are not as opam writes them.
pub fn read(path: &Path, text: &[u8]) -> Result<Vec<Entry>, RootError> {
    let refuse = |why: String| RootError::NotUnderstood {
        path: path.to_owned(),
        why,
    };
    let file = parse(text).map_err(|e| RootError::syntax(path, &e))?;
    let mut fields = file.items.iter().filter_map(|item| match item {
        Item::Field(field) if field.name.text == "repositories" => Some(field),
        _ => None,
    });
    let Some(field) = fields.next() else {
        return Ok(Vec::new());
    };
    if fields.next().is_some() {
        return Err(refuse("it has the field `repositories` twice".to_owned()));
    }
    let values = match &field.value.kind {
        ValueKind::List(values) => values.as_slice(),
        _ => std::slice::from_ref(&field.value),
    };
    values
        .iter()
        .map(|value| {
            entry(value).ok_or_else(|| {
                let line = text
                    .iter()
                    .take(value.span.start)
                    .filter(|&&b| b == b'\n')
                    .count()
                    + 1;
                refuse(format!(
                    "line {line} is not a repository as opam writes one"
                ))
            })
        })
        .collect()
}

fn entry(value: &Value<'_>) -> Option<Entry> {
    let mut options = Vec::new();
    let mut inner = value;
    while let ValueKind::Option(below, option) = &inner.kind {
        options.push((inner.span.end, option.as_slice()));
        inner = below;
    }
    options.reverse();
    let name = string(inner)?;
    let mut options = options.into_iter();
    let (url_end, url) = match options.next() {
        Some((end, [])) => (end, String::new()),
        Some((end, [url])) => (end, string(url)?),
        Some(_) => return None,
        None => (inner.span.end, String::new()),
    };
    let fingerprints = match options.next() {
        Some((_, list)) => list.iter().map(string).collect::<Option<_>>()?,
        None => Vec::new(),
    };
    let quorum = match options.next() {
        None | Some((_, [])) => None,
        Some((_, [one])) => match one.kind {
            ValueKind::Int(n) => Some(n),
            _ => return None,
        },
        Some(_) => return None,
    };
    if options.next().is_some() {
        return None;
    }
    Some(Entry {
        name,
        url,
        fingerprints,
        quorum,
        trust: url_end..value.span.end,
    })
}

fn string(value: &Value<'_>) -> Option<String> {
    match &value.kind {
        ValueKind::String(text) => String::from_utf8(text.to_vec()).ok(),
        _ => None,
    }
}
