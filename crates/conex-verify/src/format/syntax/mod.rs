//! The syntax of opam files: a reader on nom, and a printer.
//!
//! The grammar is that of opam's own reader, opam-file-format 2.1, down to what
//! it refuses; a test compares the two on every opam file there is. What is
//! meant to differ is listed with its reason in `tests/support/syntax/differences.md`.

mod ast;
mod build;
mod error;
mod lexer;
mod parser;
mod plain;
mod print;
mod version;

pub use ast::{
    EnvOp, Field, File, Item, LogOp, Name, Operator, PfxOp, RelOp, Section, Span, Value, ValueKind,
};
pub use error::{SyntaxError, SyntaxErrorKind};
pub use parser::{Wanted, parse, parse_part, parse_value};
pub use plain::plain;
pub use print::{print, print_value};
