//! Fields that only later opams know, and that make them leave the package out.

use super::{Problem, Unreadable, fields, named, sections};
use crate::format::syntax::{Field, Item, LogOp, Value, ValueKind};

/// The fields of a file that this is about.
pub(super) const FIELDS: [&str; 3] = ["x-subpath", "x-locked", "x-env-path-rewrite"];

/// The first field whose value opam 2.1 or later refuses. opam ignores most fields that it
/// cannot read; with these it ignores the whole package.
pub(super) fn check(items: &[Item<'_>]) -> Option<Problem> {
    let subpaths = sections(items)
        .filter(|section| section.kind.text == "url")
        .flat_map(|section| named(&section.items, "subpath"))
        .filter(|field| is_string(&field.value))
        .map(|field| ("subpath", field));
    fields(items)
        .filter_map(|field| Some((refused(field)?, field)))
        .chain(subpaths)
        .next()
        .map(|(name, field)| Problem::Unreadable {
            why: Unreadable::Field(name),
            span: field.value.span,
        })
}

/// The name of the field, if its value is refused. Of two fields of one name the last one
/// counts to opam; here all of them must do.
fn refused(field: &Field<'_>) -> Option<&'static str> {
    let (name, good) = match field.name.text {
        // `opam pin --subpath` writes it where `subpath` must not stand, see above.
        "x-subpath" => ("x-subpath", is_string(&field.value)),
        "x-locked" => ("x-locked", is_string(&field.value)),
        "x-env-path-rewrite" => ("x-env-path-rewrite", are_rewrites(&field.value)),
        _ => return None,
    };
    (!good).then_some(name)
}

fn is_string(value: &Value<'_>) -> bool {
    matches!(value.kind, ValueKind::String(_))
}

/// `[[NAME BOOL] [NAME SEPARATOR FORMAT] …]`
fn are_rewrites(value: &Value<'_>) -> bool {
    let ValueKind::List(rewrites) = &value.kind else {
        return false;
    };
    rewrites.iter().all(|rewrite| match &rewrite.kind {
        ValueKind::List(parts) => is_rewrite(parts),
        _ => false,
    })
}

fn is_rewrite(parts: &[Value<'_>]) -> bool {
    let (name, how) = match parts {
        [name, how @ ..] => (name, how),
        [] => return false,
    };
    matches!(name.kind, ValueKind::Ident(_))
        && match how {
            [rewrites] => matches!(rewrites.kind, ValueKind::Bool(_)),
            [separator, format] => {
                are_words(separator, &[":", ";"])
                    && are_words(format, &["host", "target", "host-quoted", "target-quoted"])
            }
            _ => false,
        }
}

/// Strings that are one of `words`, each perhaps with a filter.
fn are_words(value: &Value<'_>, words: &[&str]) -> bool {
    match &value.kind {
        ValueKind::String(text) => words.iter().any(|word| word.as_bytes() == &**text),
        ValueKind::Option(inner, filter) => {
            is_string(inner) && are_words(inner, words) && is_filter(filter)
        }
        ValueKind::Group(values)
        | ValueKind::List(values)
        | ValueKind::Logop(LogOp::Or, values) => values.iter().all(|value| are_words(value, words)),
        _ => false,
    }
}

/// What stands between the braces of a filter: nothing, or one condition.
fn is_filter(values: &[Value<'_>]) -> bool {
    match values {
        [] => true,
        [value] => is_condition(value),
        _ => false,
    }
}

fn is_condition(value: &Value<'_>) -> bool {
    match &value.kind {
        ValueKind::Bool(_) | ValueKind::Ident(_) | ValueKind::String(_) => true,
        ValueKind::Relop(_, sides) => sides.iter().all(is_condition),
        ValueKind::Logop(_, operands) => operands.iter().all(is_condition),
        ValueKind::Pfxop(_, inner) => is_condition(inner),
        ValueKind::Group(values) => matches!(values.as_slice(), [one] if is_condition(one)),
        _ => false,
    }
}
