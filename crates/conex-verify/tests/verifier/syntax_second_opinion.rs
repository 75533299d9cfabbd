//! The reader against `opam-file-rs`, a reader made by others in Rust.
//!
//! `opam-file-rs` 0.1.5 is not fit for a verdict: it never returns on an escape
//! in a string, panics on integers, reverses the items of a section, has no rule
//! for `a < b` nor for `a:b`, and gives `&` and `|` one precedence. So this keeps
//! to what it does read: a plain subset, in which two readers written apart from each other must agree.
//! The whole grammar is compared with opam's own reader in `syntax_oracle.rs`.

use std::sync::mpsc;
use std::time::Duration;

use conex_verify::format::syntax;
use opam_file_rs::value::{
    EnvUpdateOpKind, LogOpKind, OpamFileItem, PfxOpKind, RelOpKind, Value, ValueKind,
};

use crate::syntax_support::material::Random;

/// A file of fields with plain values.
fn plain(random: &mut Random) -> String {
    let mut out = String::new();
    for _ in 0..1 + random.below(4) {
        out += random.pick(&["a", "build", "x-y", "depends"]);
        out += ": ";
        value(random, &mut out, 4);
        out += "\n";
    }
    out
}

fn atom(random: &mut Random, out: &mut String) {
    *out += random.pick(&[
        "\"\"",
        "\"a b\"",
        "\"1.0~x\"",
        "os",
        "with-test",
        "true",
        "false",
    ]);
}

fn value(random: &mut Random, out: &mut String, depth: usize) {
    let below = depth.saturating_sub(1);
    match if depth == 0 { 0 } else { random.below(8) } {
        1 | 2 => {
            let (open, close) = *random.pick(&[&("[", "]"), &("(", ")")]);
            *out += open;
            for _ in 0..random.below(4) {
                value(random, out, below);
                *out += " ";
            }
            *out += close;
        }
        3 => {
            atom(random, out);
            *out += " {";
            value(random, out, below);
            *out += "}";
        }
        4 => {
            // One operator at a time, so that no precedence matters.
            *out += "(";
            atom(random, out);
            *out += random.pick(&[" & ", " | "]);
            atom(random, out);
            *out += ")";
        }
        5 => {
            atom(random, out);
            *out += random.pick(&[" += ", " =+ ", " =+= ", " := ", " =: "]);
            atom(random, out);
        }
        6 => {
            *out += "(";
            *out += random.pick(&["!= ", ">= ", "<= ", "> ", "< "]);
            atom(random, out);
            *out += ")";
        }
        7 => {
            *out += random.pick(&["!", "?"]);
            atom(random, out);
        }
        _ => atom(random, out),
    }
}

/// Their tree in the notation of `dump.ml`.
fn theirs(text: &str) -> Result<String, String> {
    let file = opam_file_rs::parse(text).map_err(|error| format!("{error:?}"))?;
    let mut out = "file ".to_owned();
    for item in &file.file_contents {
        match item {
            OpamFileItem::Variable(_, name, value) => {
                out += "field ";
                put_text(&mut out, name);
                out += " ";
                put(&mut out, value);
            }
            OpamFileItem::Section(..) => return Err("a section".to_owned()),
        }
    }
    Ok(out)
}

fn put_text(out: &mut String, text: &str) {
    *out += &format!("{}:", text.len());
    for byte in text.bytes() {
        *out += &format!("{byte:02x}");
    }
}

fn put(out: &mut String, value: &Value) {
    let put_all = |out: &mut String, open: &str, values: &[Value], close: &str| {
        *out += open;
        for value in values {
            put(out, value);
        }
        *out += close;
    };
    let relop = |op: &RelOpKind| match op {
        RelOpKind::Eq => "=",
        RelOpKind::Neq => "!=",
        RelOpKind::Geq | RelOpKind::Sem => ">=",
        RelOpKind::Gt => ">",
        RelOpKind::Leq => "<=",
        RelOpKind::Lt => "<",
    };
    match &value.kind {
        ValueKind::Bool(value) => *out += if *value { "B1 " } else { "B0 " },
        ValueKind::Int(number) => *out += &format!("I{number} "),
        ValueKind::String(text) => {
            *out += "S";
            put_text(out, text);
            *out += " ";
        }
        ValueKind::Ident(text) => {
            *out += "N";
            put_text(out, text);
            *out += " ";
        }
        ValueKind::RelOp(op, a, b) => {
            *out += &format!("R{} ", relop(&op.kind));
            put(out, a);
            put(out, b);
        }
        ValueKind::PrefixRelOp(op, a) => {
            *out += &format!("P{} ", relop(&op.kind));
            put(out, a);
        }
        ValueKind::LogOp(op, a, b) => {
            *out += match op.kind {
                LogOpKind::And => "& ",
                LogOpKind::Or => "| ",
            };
            put(out, a);
            put(out, b);
        }
        ValueKind::PfxOp(op, a) => {
            *out += match op.kind {
                PfxOpKind::Not => "! ",
                PfxOpKind::Defined => "? ",
            };
            put(out, a);
        }
        ValueKind::List(values) => put_all(out, "L[ ", values, "] "),
        ValueKind::Group(values) => put_all(out, "G( ", values, ") "),
        ValueKind::Option(value, values) => {
            *out += "O ";
            put(out, value);
            put_all(out, "{ ", values, "} ");
        }
        ValueKind::EnvBinding(a, op, b) => {
            *out += match op.kind {
                EnvUpdateOpKind::PlusEq => "E+= ",
                EnvUpdateOpKind::EqPlus => "E=+ ",
                EnvUpdateOpKind::EqPlusEq => "E=+= ",
                EnvUpdateOpKind::ColonEq => "E:= ",
                EnvUpdateOpKind::EqColon => "E=: ",
            };
            put(out, a);
            put(out, b);
        }
    }
}

#[test]
fn plain_files_read_the_same() {
    let mut random = Random(11);
    let texts: Vec<_> = (0..2_000).map(|_| plain(&mut random)).collect();
    let (send, receive) = mpsc::channel();
    let sent = texts.clone();
    std::thread::spawn(move || {
        for text in sent {
            send.send(theirs(&text)).unwrap();
        }
    });
    for text in &texts {
        let theirs = receive
            .recv_timeout(Duration::from_secs(60))
            .unwrap_or_else(|error| panic!("opam-file-rs did not return: {error}: {text:?}"));
        let ours =
            crate::syntax_support::dump::dump(&syntax::parse(text.as_bytes()).expect(text).items);
        assert_eq!(theirs.as_deref(), Ok(ours.as_str()), "{text:?}");
    }
}
