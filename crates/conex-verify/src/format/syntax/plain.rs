//! Values without the parentheses that mean nothing.
//!
//! `opam admin index` reads the file `repo` and writes it again: `a | (b & c)` comes out
//! as `a | b & c`. Whoever compares values compares what is left of both.

use super::ast::{LogOp, Value, ValueKind};

/// The value without parentheses around one operand of `&` or `|` that would be read the
/// same without them, or around all that stands between braces. Nothing else changes:
/// two values that become equal mean the same to opam.
///
/// The depth is that of the value, which the reader bounds.
pub fn plain<'a>(value: &Value<'a>) -> Value<'a> {
    let all = |values: &[Value<'a>]| values.iter().map(plain).collect::<Vec<_>>();
    let kind = match &value.kind {
        ValueKind::List(values) => ValueKind::List(all(values)),
        ValueKind::Group(values) => ValueKind::Group(all(values)),
        ValueKind::Option(inner, values) => {
            let mut filter = all(values);
            if let [only] = filter.as_mut_slice() {
                while let Some(inside) = alone(only) {
                    *only = inside.clone();
                }
            }
            ValueKind::Option(Box::new(plain(inner)), filter)
        }
        ValueKind::Logop(op, operands) => {
            let mut flat = Vec::with_capacity(operands.len());
            for operand in operands {
                let operand = bare(plain(operand), *op);
                match operand.kind {
                    ValueKind::Logop(same, inner) if same == *op => flat.extend(inner),
                    _ => flat.push(operand),
                }
            }
            ValueKind::Logop(*op, flat)
        }
        ValueKind::Pfxop(op, inner) => ValueKind::Pfxop(*op, Box::new(plain(inner))),
        kind => kind.clone(),
    };
    Value {
        kind,
        span: value.span,
    }
}

/// What stands in parentheses alone, if it is a formula.
fn alone<'v, 'a>(value: &'v Value<'a>) -> Option<&'v Value<'a>> {
    let ValueKind::Group(values) = &value.kind else {
        return None;
    };
    let [only] = values.as_slice() else {
        return None;
    };
    let formula = !matches!(
        only.kind,
        ValueKind::Option(..) | ValueKind::List(_) | ValueKind::EnvBinding(..)
    );
    formula.then_some(only)
}

/// An operand of `op` without its parentheses, where it needs none.
fn bare<'a>(mut operand: Value<'a>, op: LogOp) -> Value<'a> {
    while let Some(inside) = alone(&operand) {
        if op == LogOp::And && matches!(inside.kind, ValueKind::Logop(LogOp::Or, _)) {
            break;
        }
        operand = inside.clone();
    }
    operand
}

#[cfg(test)]
mod tests {
    use super::super::{parse_value, print_value};
    use super::*;

    fn text(source: &str) -> String {
        let value = parse_value(source.as_bytes()).unwrap();
        let plain = plain(&value);
        let printed = String::from_utf8(print_value(&plain)).unwrap();
        // What is printed reads as what was meant.
        let again = parse_value(printed.as_bytes()).unwrap();
        assert_eq!(print_value(&again), printed.as_bytes(), "{source}");
        assert_eq!(
            print_value(&super::plain(&again)),
            printed.as_bytes(),
            "{source}"
        );
        printed
    }

    #[test]
    fn parentheses_that_mean_nothing_go() {
        for (source, expected) in [
            ("\"x\" {a | (b & c)}", "\"x\" {a | b & c}"),
            ("\"x\" {(a | b) | (c | d)}", "\"x\" {a | b | c | d}"),
            ("\"x\" {(a & (b & c))}", "\"x\" {a & b & c}"),
            ("\"x\" {((a))}", "\"x\" {a}"),
            ("\"x\" {(a > \"1\") & (b)}", "\"x\" {a > \"1\" & b}"),
            ("[\"x\" {a | (b & c)} \"y\"]", "[\"x\" {a | b & c} \"y\"]"),
            (
                "\"x\" {os = \"macos\" & (v < \"2\" | (v >= \"3\" & v < \"4\"))}",
                "\"x\" {os = \"macos\" & (v < \"2\" | v >= \"3\" & v < \"4\")}",
            ),
        ] {
            assert_eq!(text(source), expected, "{source}");
        }
    }

    #[test]
    fn parentheses_that_mean_something_stay() {
        for source in [
            "\"x\" {a & (b | c)}",
            "\"x\" {(a | b) & c}",
            "\"x\" {!(a & b)}",
            "\"x\" {(a b)}",
            "(\"x\" \"y\")",
            "[(\"x\")]",
            "(\"x\" {a}) & \"y\"",
        ] {
            assert_eq!(text(source), source, "{source}");
        }
    }
}
