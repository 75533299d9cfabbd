//! The syntax of opam files: a reader on nom, and a printer.

use std::borrow::Cow;
use std::fmt;

/// Where something stands: bytes `start..end` of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A whole file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File<'a> {
    /// Fields and sections, in the order of the source.
    pub items: Vec<Item<'a>>,
}

/// One item of a file or of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item<'a> {
    /// `name: value`
    Field(Field<'a>),
    /// `kind "name" { … }`
    Section(Section<'a>),
}

/// A field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name.
    pub name: Name<'a>,
    /// Its value.
    pub value: Value<'a>,
}

/// The name of a field or the kind of a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name<'a> {
    /// The text.
    pub text: &'a str,
    /// Its place.
    pub span: Span,
}

/// A section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section<'a> {
    /// Its kind, as `url`.
    pub kind: Name<'a>,
    /// Its name, as in `extra-source "name"`.
    pub name: Option<Cow<'a, [u8]>>,
    /// Its items.
    pub items: Vec<Item<'a>>,
    /// The whole section.
    pub span: Span,
}

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value<'a> {
    /// What it is.
    pub kind: ValueKind<'a>,
    /// Its place.
    pub span: Span,
}

/// The kinds of value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueKind<'a> {
    /// `true` or `false`
    Bool(bool),
    /// An integer of OCaml's 63 bits.
    Int(i64),
    /// A string, its escapes resolved.
    String(Cow<'a, [u8]>),
    /// An identifier.
    Ident(&'a str),
    /// `[ … ]`
    List(Vec<Value<'a>>),
}

/// Why a text is not in opam-file syntax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    span: Span,
}

impl SyntaxError {
    /// Where.
    pub fn span(&self) -> Span {
        self.span
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reader is not there yet")
    }
}

/// Reads a whole file.
///
/// # Errors
/// Always, until the reader is there.
pub fn parse(source: &[u8]) -> Result<File<'_>, SyntaxError> {
    Err(SyntaxError {
        span: Span {
            start: 0,
            end: source.len(),
        },
    })
}
