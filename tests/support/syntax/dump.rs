//! The notation of `dump.ml` for what our reader reads.

use conex_verify::format::syntax::{Item, LogOp, PfxOp, Value, ValueKind};

/// What the reader read, in the notation of `dump.ml`.
pub fn dump(items: &[Item<'_>]) -> String {
    let mut out = "file ".to_owned();
    put_items(&mut out, items);
    out
}

fn put_items(out: &mut String, items: &[Item<'_>]) {
    for item in items {
        match item {
            Item::Field(field) => {
                out.push_str("field ");
                put_text(out, field.name.text.as_bytes());
                out.push(' ');
                put_value(out, &field.value);
            }
            Item::Section(section) => {
                out.push_str("section ");
                put_text(out, section.kind.text.as_bytes());
                if let Some(name) = &section.name {
                    out.push(' ');
                    put_text(out, name);
                }
                out.push_str(" { ");
                put_items(out, &section.items);
                out.push_str("} ");
            }
        }
    }
}

fn put_text(out: &mut String, text: &[u8]) {
    out.push_str(&format!("{}:", text.len()));
    for byte in text {
        for digit in [byte / 16, byte % 16] {
            out.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
        }
    }
}

/// One value in that notation.
pub fn put_value(out: &mut String, value: &Value<'_>) {
    let put_values = |out: &mut String, values: &[Value<'_>]| {
        for value in values {
            put_value(out, value);
        }
    };
    match &value.kind {
        ValueKind::Bool(value) => out.push_str(if *value { "B1 " } else { "B0 " }),
        ValueKind::Int(number) => out.push_str(&format!("I{number} ")),
        ValueKind::String(text) => {
            out.push('S');
            put_text(out, text);
            out.push(' ');
        }
        ValueKind::Ident(text) => {
            out.push('N');
            put_text(out, text.as_bytes());
            out.push(' ');
        }
        ValueKind::List(values) => {
            out.push_str("L[ ");
            put_values(out, values);
            out.push_str("] ");
        }
        ValueKind::Group(values) => {
            out.push_str("G( ");
            put_values(out, values);
            out.push_str(") ");
        }
        ValueKind::Option(inner, values) => {
            out.push_str("O ");
            put_value(out, inner);
            out.push_str("{ ");
            put_values(out, values);
            out.push_str("} ");
        }
        ValueKind::Relop(op, sides) => {
            out.push_str(&format!("R{} ", op.op.as_str()));
            put_values(out, sides.as_slice());
        }
        ValueKind::EnvBinding(op, sides) => {
            out.push_str(&format!("E{} ", op.op.as_str()));
            put_values(out, sides.as_slice());
        }
        ValueKind::PrefixRelop(op, right) => {
            out.push_str(&format!("P{} ", op.op.as_str()));
            put_value(out, right);
        }
        // A chain is nested to the left there.
        ValueKind::Logop(op, operands) => {
            let op = match op {
                LogOp::And => "& ",
                LogOp::Or => "| ",
            };
            out.push_str(&op.repeat(operands.len() - 1));
            put_values(out, operands);
        }
        ValueKind::Pfxop(op, inner) => {
            out.push_str(match op.op {
                PfxOp::Not => "! ",
                PfxOp::Defined => "? ",
            });
            put_value(out, inner);
        }
    }
}
