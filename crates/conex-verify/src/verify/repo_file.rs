//! What opam 2 makes of the names at the top and of the file `repo`: verifier and proof ask the
//! same of them.

use std::collections::BTreeMap;

use crate::format::resource::RepoField;
use crate::format::syntax::{self, Item, LogOp, RelOp, Value, ValueKind};
use crate::limits::MAX_REPO_FILE;

/// Names at the top that change what opam sees: a package outside `packages/`, opam 1.2's packages, other
/// version control systems (opam then applies a checkout, not what was verified),
/// git's modules.
pub(crate) const FORBIDDEN: [(&str, &str); 6] = [
    // The reader of directories leaves it out; in an archive it is like any other name.
    (".git", "opam reads it in an archive"),
    ("opam", "opam takes a file of this name for a package"),
    (
        "compilers",
        "opam turns these files of opam 1.2 into packages",
    ),
    (
        ".hg",
        "with Mercurial opam applies a checkout, not what was verified",
    ),
    ("_darcs", "darcs repositories are not supported"),
    (
        ".gitmodules",
        "git would fetch something that nobody vouched for",
    ),
];

/// V8.3: the fields that may stand in the file `repo` without an approval where unsigned packages
/// are let through: what opam prints, and where it looks for archives, whose checksums it checks.
pub(crate) const HARMLESS: [&str; 4] = ["announce", "archive-mirrors", "browse", "upstream"];

/// V8.4: whether no opam 2 follows any of the alternatives of a `redirect`.
pub(crate) fn nobody_follows(value: &Value<'_>) -> bool {
    match &value.kind {
        ValueKind::List(alternatives) => alternatives.iter().all(nobody_follows),
        ValueKind::Option(_, filters) => filters.iter().any(never),
        _ => false,
    }
}

/// Whether a filter is false for every opam 2, pre-releases included. What is not understood
/// may be true.
fn never(filter: &Value<'_>) -> bool {
    match &filter.kind {
        ValueKind::Group(values) => matches!(values.as_slice(), [one] if never(one)),
        ValueKind::Logop(LogOp::And, values) => values.iter().any(never),
        ValueKind::Logop(LogOp::Or, values) => values.iter().all(never),
        ValueKind::Relop(operator, sides) => {
            let [left, right] = &**sides;
            let version = match (&left.kind, &right.kind) {
                (ValueKind::Ident("opam-version"), ValueKind::String(version)) => &**version,
                _ => return false,
            };
            let one = version.starts_with(b"0.") || version.starts_with(b"1.");
            match operator.op {
                RelOp::Lt => one || matches!(version, b"2" | b"2.0" | b"2~" | b"2.0~"),
                RelOp::Leq | RelOp::Eq => one,
                RelOp::Neq | RelOp::Geq | RelOp::Gt => false,
            }
        }
        _ => false,
    }
}

/// The fields of a top-level `repo` file that need an approval, printed in the one
/// compact form. Empty if it cannot be read: verification says why.
pub fn repo_values(source: &[u8]) -> BTreeMap<RepoField, String> {
    if source.len() > MAX_REPO_FILE {
        return BTreeMap::new();
    }
    let Ok(file) = syntax::parse(source) else {
        return BTreeMap::new();
    };
    file.items
        .iter()
        .filter_map(|item| match item {
            Item::Field(field) => {
                RepoField::new(field.name.text).map(|known| (known, value_text(&field.value)))
            }
            Item::Section(_) => None,
        })
        .collect()
}

/// A value as `packages/.conex/repo` holds it: in the one compact form, without
/// parentheses that mean nothing (`opam admin index` writes it so). opam reads
/// strings of any bytes; those that are not UTF-8 are written as `\xHH`, which the
/// printer uses for control characters only, so that no two values share a text.
pub(crate) fn value_text(value: &Value<'_>) -> String {
    String::from_utf8(syntax::print_value(&syntax::plain(value))).unwrap_or_else(|error| {
        error.as_bytes().iter().fold(String::new(), |text, &byte| {
            if byte.is_ascii() {
                text + &char::from(byte).to_string()
            } else {
                text + &format!("\\x{byte:02x}")
            }
        })
    })
}
