//! What the parser makes of what it reads: a tree, or nothing.

use std::borrow::Cow;

use super::ast::{EnvOp, LogOp, Operator, PfxOp, RelOp, Span, Value, ValueKind};

/// A value as the grammar has it, made of values that are built already.
pub(super) enum Kind<'a, V> {
    Bool(bool),
    Int(i64),
    String(Cow<'a, [u8]>),
    Ident(&'a str),
    List(Vec<V>),
    Group(Vec<V>),
    Option(V, Vec<V>),
    Relop(Operator<RelOp>, [V; 2]),
    PrefixRelop(Operator<RelOp>, V),
    Logop(LogOp, Vec<V>),
    Pfxop(Operator<PfxOp>, V),
    EnvBinding(Operator<EnvOp>, [V; 2]),
}

/// Builds values.
pub(super) trait Build {
    /// What it builds.
    type Value<'a>;

    fn value<'a>(kind: Kind<'a, Self::Value<'a>>, span: Span) -> Self::Value<'a>;
}

/// Builds the tree.
pub(super) struct Tree;

impl Build for Tree {
    type Value<'a> = Value<'a>;

    fn value<'a>(kind: Kind<'a, Value<'a>>, span: Span) -> Value<'a> {
        let kind = match kind {
            Kind::Bool(value) => ValueKind::Bool(value),
            Kind::Int(value) => ValueKind::Int(value),
            Kind::String(text) => ValueKind::String(text),
            Kind::Ident(text) => ValueKind::Ident(text),
            Kind::List(values) => ValueKind::List(values),
            Kind::Group(values) => ValueKind::Group(values),
            Kind::Option(inner, values) => ValueKind::Option(Box::new(inner), values),
            Kind::Relop(op, sides) => ValueKind::Relop(op, Box::new(sides)),
            Kind::PrefixRelop(op, right) => ValueKind::PrefixRelop(op, Box::new(right)),
            Kind::Logop(op, operands) => ValueKind::Logop(op, operands),
            Kind::Pfxop(op, inner) => ValueKind::Pfxop(op, Box::new(inner)),
            Kind::EnvBinding(op, sides) => ValueKind::EnvBinding(op, Box::new(sides)),
        };
        Value { kind, span }
    }
}

/// Builds nothing, and takes no memory: a list of what it builds has a length alone.
pub(super) struct Nothing;

impl Build for Nothing {
    type Value<'a> = ();

    fn value<'a>(_: Kind<'a, ()>, _: Span) {}
}
