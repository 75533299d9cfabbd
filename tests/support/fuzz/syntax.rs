//! The syntax of opam files: what is read is printed so that it is read again as the same, the
//! rules say the same of the fields that they look at as of the whole, and `opam-file-rs` reads
//! the same where it reads at all.

use conex_verify::format::name::Release;
use conex_verify::format::syntax::{
    Item, Operator, RelOp, SyntaxErrorKind, Value, ValueKind, parse, print,
};
use conex_verify::workbench::opam_file::{check, check_whole};

use crate::syntax_support::dump::dump;
use crate::syntax_support::second::theirs;

pub fn holds(text: &[u8]) {
    let release = Release::new("bad.1").unwrap();
    assert_eq!(check(&release, text), check_whole(&release, text));
    let Ok(file) = parse(text) else { return };
    let (read, printed) = (dump(&file.items), print(&file));
    let again = match parse(&printed) {
        // Parentheses that the printer adds count as a level.
        Err(error) if *error.kind() == SyntaxErrorKind::Depth => return,
        again => again.unwrap(),
    };
    assert_eq!(dump(&again.items), read);
    assert!(print(&again) == printed, "printed in two ways");
    if file.items.iter().all(is_plain) {
        let printed = std::str::from_utf8(&printed).unwrap();
        assert_eq!(theirs(printed).as_ref(), Ok(&read), "{printed}");
    }
}

/// Whether `opam-file-rs` reads it: see `syntax_second_opinion.rs`.
fn is_plain(item: &Item<'_>) -> bool {
    match item {
        Item::Field(field) => is_word(field.name.text) && is_value(&field.value),
        Item::Section(_) => false,
    }
}

fn is_word(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b == b'-';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.bytes().all(plain)
}

fn is_atom(value: &Value<'_>) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b" .-/".contains(b);
    match &value.kind {
        ValueKind::Bool(_) => true,
        ValueKind::String(text) => text.iter().all(plain),
        ValueKind::Ident(text) => is_word(text),
        _ => false,
    }
}

fn is_value(value: &Value<'_>) -> bool {
    let is_equality = |op: &Operator<RelOp>| op.op == RelOp::Eq;
    match &value.kind {
        ValueKind::List(values) => values.iter().all(is_value),
        // One operator at a time, so that no precedence matters.
        ValueKind::Group(values) => match values.as_slice() {
            [one] => match &one.kind {
                ValueKind::Logop(_, sides) => sides.len() == 2 && sides.iter().all(is_atom),
                ValueKind::PrefixRelop(op, right) => !is_equality(op) && is_atom(right),
                _ => is_value(one),
            },
            values => values.iter().all(is_value),
        },
        ValueKind::Option(inner, values) => {
            is_atom(inner) && values.len() == 1 && values.iter().all(is_value)
        }
        ValueKind::Pfxop(_, inner) => is_atom(inner),
        _ => is_atom(value),
    }
}

/// A file with everything that the syntax has, and a plain one.
pub fn material() -> Vec<Vec<u8>> {
    let sample = include_bytes!("../syntax/sample.opam").to_vec();
    let plain =
        b"opam-version: \"2.0\"\nname: \"bad\"\nbuild: [[\"a\" b {c}] (x & y) (< \"1\") !z]\n";
    let lines = sample.split_inclusive(|b| *b == b'\n').map(<[u8]>::to_vec);
    let lines: Vec<Vec<u8>> = lines.filter(|line| line.len() > 3).collect();
    [vec![sample.clone(), plain.to_vec()], lines].concat()
}
