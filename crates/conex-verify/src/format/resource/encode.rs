//! The one valid encoding of metadata: how a file is printed.
//!
//! Fields stand in a fixed order, one a line; a list has one entry a line,
//! indented by two blanks, and lists that are sets are sorted by the bytes of
//! their lines. The reader accepts a file only if printing what it read gives the
//! same bytes, so everything that this file does not print is refused there.

use std::fmt::Write as _;

use crate::format::digest::Digest;
use crate::format::key::{Fingerprint, Signature};

/// The version of the format that this program reads and writes.
pub const FORMAT: u64 = 1;

/// Collects the bytes of a metadata file; by default without the first two lines.
#[derive(Debug, Default)]
pub struct Encoder {
    text: String,
}

impl Encoder {
    /// Starts a file of the given type with `format` and `type`.
    pub fn new(kind: &str) -> Encoder {
        let mut encoder = Encoder {
            text: String::with_capacity(512),
        };
        encoder.integer("format", FORMAT);
        encoder.string("type", kind);
        encoder
    }

    /// A field with an integer.
    pub fn integer(&mut self, field: &str, value: u64) {
        // Writing to a `String` cannot fail; the same below.
        let _ = writeln!(self.text, "{field}: {value}");
    }

    /// A field with a string.
    pub fn string(&mut self, field: &str, value: &str) {
        let _ = write!(self.text, "{field}: ");
        push_string(&mut self.text, value);
        self.text.push('\n');
    }

    /// A field with a set of entries, each already printed on one line.
    pub fn set(&mut self, field: &str, mut lines: Vec<String>) {
        lines.sort_unstable();
        lines.dedup();
        self.list(field, &lines);
    }

    fn list(&mut self, field: &str, lines: &[String]) {
        if lines.is_empty() {
            let _ = writeln!(self.text, "{field}: []");
            return;
        }
        let _ = writeln!(self.text, "{field}: [");
        self.text.reserve(lines.iter().map(|l| l.len() + 3).sum());
        for line in lines {
            self.text.push_str("  ");
            self.text.push_str(line);
            self.text.push('\n');
        }
        self.text.push_str("]\n");
    }

    /// The `check` line: the first 16 hex digits of the digest of all lines before it.
    pub fn check(&mut self) {
        let check = Digest::of(self.text.as_bytes()).short();
        self.string("check", &check);
    }

    /// The signatures, sorted by fingerprint; the last field of a signed file.
    pub fn signatures(&mut self, signatures: &[(Fingerprint, Signature)]) {
        let lines = signatures
            .iter()
            .map(|(key, signature)| {
                list_of(&[&quoted(&key.to_string()), &quoted(&signature.to_string())])
            })
            .collect();
        self.set("signatures", lines);
    }

    /// The finished file.
    pub fn finish(self) -> Vec<u8> {
        self.text.into_bytes()
    }
}

/// A string as it is written: in double quotes, printable ASCII as it is but for
/// `\"` and `\\`, a line feed as `\n`, every other byte as `\x` and two lower-case
/// hex digits.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_string(&mut out, text);
    out
}

fn push_string(out: &mut String, text: &str) {
    let plain = |b: u8| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\';
    out.push('"');
    // Almost every string is plain from end to end.
    if text.bytes().all(plain) {
        out.push_str(text);
    } else {
        for b in text.bytes() {
            match b {
                b'"' => out.push_str("\\\""),
                b'\\' => out.push_str("\\\\"),
                b'\n' => out.push_str("\\n"),
                b' '..=b'~' => out.push(char::from(b)),
                _ => {
                    let _ = write!(out, "\\x{b:02x}");
                }
            }
        }
    }
    out.push('"');
}

/// An entry that is itself a list of printed values.
pub fn list_of(values: &[&str]) -> String {
    let length: usize = values.iter().map(|v| v.len() + 1).sum();
    let mut out = String::with_capacity(length + 2);
    out.push('[');
    for (n, value) in values.iter().enumerate() {
        if n > 0 {
            out.push(' ');
        }
        out.push_str(value);
    }
    out.push(']');
    out
}
