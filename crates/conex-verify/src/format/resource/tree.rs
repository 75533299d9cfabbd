//! The general reader: fields from the tree that the parser of opam-file syntax builds.
//!
//! It reads every way to write a file that the syntax has, and says where something is wrong.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::error::{MetaError, MetaErrorKind};
use super::source::{Item, Source};
use crate::format::syntax::{Field, Item as SyntaxItem, Value, ValueKind};
use crate::limits::MAX_INTEGER;

/// The fields of a file in opam-file syntax, taken in order.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    source: &'a [u8],
    rest: std::slice::Iter<'a, SyntaxItem<'a>>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(source: &'a [u8], items: &'a [SyntaxItem<'a>]) -> Fields<'a> {
        Fields {
            source,
            rest: items.iter(),
        }
    }

    fn next(&mut self, name: &'static str) -> Result<&'a Field<'a>, MetaError> {
        let error = |span, found| {
            Err(MetaError {
                span,
                kind: MetaErrorKind::Field {
                    expected: name,
                    found,
                },
            })
        };
        match self.rest.next() {
            Some(SyntaxItem::Field(field)) if field.name.text == name => Ok(field),
            Some(SyntaxItem::Field(field)) => error(
                field.name.span.start..field.name.span.end,
                format!("`{}`", field.name.text),
            ),
            Some(SyntaxItem::Section(section)) => {
                error(section.span.start..section.span.end, "a section".to_owned())
            }
            None => error(
                self.source.len()..self.source.len(),
                "the end of the file".to_owned(),
            ),
        }
    }

    /// Where the next field starts, in bytes of the file.
    fn offset(&self) -> usize {
        match self.rest.clone().next() {
            Some(SyntaxItem::Field(field)) => field.name.span.start,
            Some(SyntaxItem::Section(section)) => section.span.start,
            None => self.source.len(),
        }
    }

    pub(super) fn end(&mut self) -> Result<(), MetaError> {
        let at = self.offset();
        match self.rest.next() {
            None => Ok(()),
            Some(SyntaxItem::Field(field)) => Err(MetaError {
                span: at..at + field.name.text.len(),
                kind: MetaErrorKind::Trailing(format!("the field `{}`", field.name.text)),
            }),
            Some(SyntaxItem::Section(_)) => Err(MetaError {
                span: at..at + 1,
                kind: MetaErrorKind::Trailing("a section".to_owned()),
            }),
        }
    }
}

impl<'a> Source<'a> for Fields<'a> {
    type Item = Node<'a>;

    fn value(&mut self, name: &'static str) -> Result<Node<'a>, MetaError> {
        Ok(Node(&self.next(name)?.value))
    }

    fn list<T, C: FromIterator<T>>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(Node<'a>) -> Result<T, MetaError>,
    ) -> Result<C, MetaError> {
        let values = self.value(name)?.list()?;
        values.iter().map(|v| read(Node(v))).collect()
    }

    fn rows<const N: usize, T, C: FromIterator<T>>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut([Node<'a>; N]) -> Result<T, MetaError>,
    ) -> Result<C, MetaError> {
        self.list(name, |entry| read(entry.tuple()?))
    }

    fn map<const N: usize, K: Ord, V>(
        &mut self,
        name: &'static str,
        read: impl FnMut([Node<'a>; N]) -> Result<(K, V), MetaError>,
    ) -> Result<BTreeMap<K, V>, MetaError> {
        self.rows(name, read)
    }

    fn before(&self) -> &'a [u8] {
        self.source.get(..self.offset()).unwrap_or_default()
    }
}

/// One value of the tree.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'a>(&'a Value<'a>);

impl<'a> Node<'a> {
    fn shape(&self, expected: impl Into<String>) -> MetaError {
        self.error(MetaErrorKind::Shape {
            expected: expected.into(),
            found: match &self.0.kind {
                ValueKind::Bool(_) => "a boolean",
                ValueKind::Int(_) => "an integer",
                ValueKind::String(_) => "a string",
                ValueKind::Ident(_) => "a name without quotes",
                ValueKind::List(_) => "a list",
                _ => "an expression",
            },
        })
    }

    fn list(&self) -> Result<&'a [Value<'a>], MetaError> {
        match &self.0.kind {
            ValueKind::List(values) => Ok(values),
            _ => Err(self.shape("a list")),
        }
    }

    /// A list of exactly `N` values.
    fn tuple<const N: usize>(&self) -> Result<[Node<'a>; N], MetaError> {
        let values = self.list()?;
        <&[Value<'a>; N]>::try_from(values)
            .map(|values| values.each_ref().map(Node))
            .map_err(|_| {
                let found = values.len();
                self.shape(format!("{N} values in brackets, there are {found}"))
            })
    }
}

impl<'a> Item<'a> for Node<'a> {
    fn error(&self, kind: MetaErrorKind) -> MetaError {
        MetaError {
            span: self.0.span.start..self.0.span.end,
            kind,
        }
    }

    fn text(&self) -> Result<Cow<'a, str>, MetaError> {
        match &self.0.kind {
            ValueKind::String(bytes) => std::str::from_utf8(bytes)
                .map(Cow::Borrowed)
                .map_err(|_| self.shape("a string of UTF-8")),
            _ => Err(self.shape("a string")),
        }
    }

    fn integer(&self) -> Result<u64, MetaError> {
        match self.0.kind {
            ValueKind::Int(value) => u64::try_from(value)
                .ok()
                .filter(|v| *v <= MAX_INTEGER)
                .ok_or_else(|| self.error(MetaErrorKind::Integer(value.to_string()))),
            _ => Err(self.shape("an integer")),
        }
    }
}
