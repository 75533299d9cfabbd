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

use crate::syntax_support::material::Random;
use crate::syntax_support::second::theirs;

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
