//! The tree that the reader builds, every node with its place.

use std::borrow::Cow;

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
    /// Fields and sections, in the order of the source. Nothing forbids two
    /// fields of one name: opam's own reader accepts them too.
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
    /// The text: ASCII letters, digits and `_-+:`.
    pub text: &'a str,
    /// Its place.
    pub span: Span,
}

/// A section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section<'a> {
    /// Its kind, as `url`.
    pub kind: Name<'a>,
    /// Its name, as in `extra-source "name"`, escapes resolved.
    pub name: Option<Cow<'a, [u8]>>,
    /// Its items.
    pub items: Vec<Item<'a>>,
    /// The whole section, from its kind to the closing brace.
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
    /// A string, its escapes resolved. Any bytes: nothing makes it UTF-8.
    String(Cow<'a, [u8]>),
    /// An identifier: ASCII letters, digits and `_-+:`.
    Ident(&'a str),
    /// `[ … ]`
    List(Vec<Value<'a>>),
    /// `( … )`: any number of values, not only one.
    Group(Vec<Value<'a>>),
    /// `value { … }`
    Option(Box<Value<'a>>, Vec<Value<'a>>),
    /// `a = b`: both sides are a boolean, an integer, a string or an identifier.
    Relop(Operator<RelOp>, Box<[Value<'a>; 2]>),
    /// `= b`, as a formula over versions has it; `b` as in [`ValueKind::Relop`].
    PrefixRelop(Operator<RelOp>, Box<Value<'a>>),
    /// `a & b & c`, two operands at least. opam's own reader nests a chain to
    /// the left; here it is flat, so that its length costs no depth.
    Logop(LogOp, Vec<Value<'a>>),
    /// `!a` or `?a`
    Pfxop(Operator<PfxOp>, Box<Value<'a>>),
    /// `NAME += value`; both sides as in [`ValueKind::Relop`]. A plain `=` reads
    /// as [`ValueKind::Relop`].
    EnvBinding(Operator<EnvOp>, Box<[Value<'a>; 2]>),
}

/// An operator and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator<T> {
    /// Which one.
    pub op: T,
    /// Its place.
    pub span: Span,
}

/// The relational operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelOp {
    /// `=`
    Eq,
    /// `!=`
    Neq,
    /// `>=`, and `~`, which opam's own reader takes for the same
    Geq,
    /// `>`
    Gt,
    /// `<=`
    Leq,
    /// `<`
    Lt,
}

/// The logical operators; `&` binds tighter than `|`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogOp {
    /// `&`
    And,
    /// `|`
    Or,
}

/// The prefix operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PfxOp {
    /// `!`
    Not,
    /// `?`
    Defined,
}

/// How a variable of the environment is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EnvOp {
    /// `+=`
    PlusEq,
    /// `=+`
    EqPlus,
    /// `=+=`
    EqPlusEq,
    /// `:=`
    ColonEq,
    /// `=:`
    EqColon,
}

impl RelOp {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            RelOp::Eq => "=",
            RelOp::Neq => "!=",
            RelOp::Geq => ">=",
            RelOp::Gt => ">",
            RelOp::Leq => "<=",
            RelOp::Lt => "<",
        }
    }
}

impl LogOp {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            LogOp::And => "&",
            LogOp::Or => "|",
        }
    }
}

impl PfxOp {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            PfxOp::Not => "!",
            PfxOp::Defined => "?",
        }
    }
}

impl EnvOp {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            EnvOp::PlusEq => "+=",
            EnvOp::EqPlus => "=+",
            EnvOp::EqPlusEq => "=+=",
            EnvOp::ColonEq => ":=",
            EnvOp::EqColon => "=:",
        }
    }
}
