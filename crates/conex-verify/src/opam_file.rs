//! What an opam file must and should say.

use crate::format::name::Release;
use crate::format::syntax::{self, Item, Section, Span, SyntaxError, Value, ValueKind};
use crate::limits::MAX_ALIKE;

/// What is wrong with an opam file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// Not in opam-file syntax.
    Syntax(SyntaxError),
    /// A field that disagrees with the directory.
    Disagrees {
        /// The field: `name` or `version`.
        field: &'static str,
        /// What the directory says.
        expected: String,
        /// What the file says.
        found: String,
        /// Where.
        span: Span,
    },
    /// A source archive whose bytes are not pinned by a strong checksum: the chain
    /// from the signature to the source ends there.
    WeakSource {
        /// `url`, or `extra-source` and its name.
        what: String,
        /// The algorithms that are there, all of them broken; empty if there are none.
        algorithms: Vec<String>,
        /// Where.
        span: Span,
    },
}

/// Names of the algorithms whose collisions nobody can make.
const STRONG: [&str; 2] = ["sha256=", "sha512="];

/// Looks at the opam file of a release.
pub fn check(release: &Release, source: &[u8]) -> Vec<Problem> {
    let file = match syntax::parse(source) {
        Ok(file) => file,
        Err(error) => return vec![Problem::Syntax(error)],
    };
    let mut problems = Vec::new();
    // Of each kind the first ones, so that many of one hide none of the other.
    let (mut disagreeing, mut weak) = (0, 0);
    for item in &file.items {
        match item {
            Item::Field(field) => {
                let (name, expected) = match field.name.text {
                    "name" => ("name", release.name_str()),
                    "version" => ("version", release.version_str()),
                    _ => continue,
                };
                let found = match &field.value.kind {
                    ValueKind::String(text) => String::from_utf8_lossy(text).into_owned(),
                    _ => "no string".to_owned(),
                };
                if found != expected && disagreeing < MAX_ALIKE {
                    disagreeing += 1;
                    problems.push(Problem::Disagrees {
                        field: name,
                        expected: expected.to_owned(),
                        found,
                        span: field.value.span,
                    });
                }
            }
            Item::Section(section) if weak < MAX_ALIKE => {
                if let Some(problem) = weak_source(section) {
                    weak += 1;
                    problems.push(problem);
                }
            }
            Item::Section(_) => {}
        }
    }
    problems
}

fn weak_source(section: &Section<'_>) -> Option<Problem> {
    let what = match (section.kind.text, &section.name) {
        ("url", _) => "url".to_owned(),
        ("extra-source", Some(name)) => {
            format!("extra-source {:?}", String::from_utf8_lossy(name))
        }
        ("extra-source", None) => "extra-source".to_owned(),
        _ => return None,
    };
    let checksums: Vec<String> = section
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Field(field) if field.name.text == "checksum" => Some(strings(&field.value)),
            _ => None,
        })
        .flatten()
        .collect();
    if checksums
        .iter()
        .any(|c| STRONG.iter().any(|strong| c.starts_with(strong)))
    {
        return None;
    }
    let algorithms = checksums
        .iter()
        .map(|c| match c.split_once('=') {
            Some((algorithm, _)) => algorithm.to_owned(),
            // opam reads a bare checksum as MD5.
            None => "md5".to_owned(),
        })
        .collect();
    Some(Problem::WeakSource {
        what,
        algorithms,
        span: section.kind.span,
    })
}

fn strings(value: &Value<'_>) -> Vec<String> {
    match &value.kind {
        ValueKind::String(text) => vec![String::from_utf8_lossy(text).into_owned()],
        ValueKind::List(values) => values
            .iter()
            .filter_map(|v| match &v.kind {
                ValueKind::String(text) => Some(String::from_utf8_lossy(text).into_owned()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}
