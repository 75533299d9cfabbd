//! The printer: one compact text for each tree that the reader builds.

use super::ast::{File, Item, Value, ValueKind};

/// Prints a value on one line, in the one canonical way: single blanks between
/// values and around operators, no comments, and strings between one `"` at each
/// end, with `"`, `\` and control characters escaped. Reading it gives the same
/// value again, spans aside, for every value that the reader built. A value that
/// it cannot build (a `|` in a `&` without parentheses, say) prints as something
/// else.
///
/// The depth is that of the value, which the reader bounds.
pub fn print_value(value: &Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    put(&mut out, value);
    out
}

/// Prints a file: a line for each field and for each brace of a section.
pub fn print(file: &File<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    put_items(&mut out, &file.items);
    out
}

fn put_items(out: &mut Vec<u8>, items: &[Item<'_>]) {
    for item in items {
        match item {
            Item::Field(field) => {
                out.extend_from_slice(field.name.text.as_bytes());
                out.extend_from_slice(b": ");
                put(out, &field.value);
            }
            Item::Section(section) => {
                out.extend_from_slice(section.kind.text.as_bytes());
                out.push(b' ');
                if let Some(name) = &section.name {
                    string(out, name);
                    out.push(b' ');
                }
                out.extend_from_slice(b"{\n");
                put_items(out, &section.items);
                out.push(b'}');
            }
        }
        out.push(b'\n');
    }
}

fn put(out: &mut Vec<u8>, value: &Value<'_>) {
    match &value.kind {
        ValueKind::Bool(true) => out.extend_from_slice(b"true"),
        ValueKind::Bool(false) => out.extend_from_slice(b"false"),
        ValueKind::Int(number) => out.extend_from_slice(number.to_string().as_bytes()),
        ValueKind::String(text) => string(out, text),
        ValueKind::Ident(text) => out.extend_from_slice(text.as_bytes()),
        ValueKind::List(values) => put_all(out, b'[', values, b']'),
        ValueKind::Group(values) => put_all(out, b'(', values, b')'),
        ValueKind::Option(inner, values) => {
            put(out, inner);
            out.push(b' ');
            put_all(out, b'{', values, b'}');
        }
        ValueKind::Relop(op, sides) => infix(out, sides.as_slice(), op.op.as_str()),
        ValueKind::EnvBinding(op, sides) => infix(out, sides.as_slice(), op.op.as_str()),
        ValueKind::PrefixRelop(op, right) => {
            out.extend_from_slice(op.op.as_str().as_bytes());
            out.push(b' ');
            put(out, right);
        }
        ValueKind::Logop(op, operands) => infix(out, operands, op.as_str()),
        ValueKind::Pfxop(op, inner) => {
            out.extend_from_slice(op.op.as_str().as_bytes());
            // `!` and `=` without a blank would be another operator.
            if starts_with_comparison(inner) {
                out.push(b' ');
            }
            put(out, inner);
        }
    }
}

fn starts_with_comparison(mut value: &Value<'_>) -> bool {
    while let ValueKind::Option(inner, _) = &value.kind {
        value = inner;
    }
    matches!(value.kind, ValueKind::PrefixRelop(..))
}

fn put_all(out: &mut Vec<u8>, open: u8, values: &[Value<'_>], close: u8) {
    out.push(open);
    infix(out, values, "");
    out.push(close);
}

/// Values with `between` between them, and blanks around it.
fn infix(out: &mut Vec<u8>, values: &[Value<'_>], between: &str) {
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            out.push(b' ');
            if !between.is_empty() {
                out.extend_from_slice(between.as_bytes());
                out.push(b' ');
            }
        }
        put(out, value);
    }
}

/// A string between one `"` at each end: `\"`, `\\`, `\n`, `\r`, `\t`, `\b`, any
/// other control character as `\xHH`; every other byte stands for itself.
fn string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            8 => out.extend_from_slice(b"\\b"),
            0..=0x1f | 0x7f => out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}
