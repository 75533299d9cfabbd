//! `opam-file-rs`, a reader of opam files made by others, in the notation of `dump.ml`.

use opam_file_rs::value::{
    EnvUpdateOpKind, LogOpKind, OpamFileItem, PfxOpKind, RelOpKind, Value, ValueKind,
};

/// Their tree in the notation of `dump.ml`.
pub fn theirs(text: &str) -> Result<String, String> {
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
