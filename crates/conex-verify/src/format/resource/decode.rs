//! The strict reader of metadata.
//!
//! A file is read with the parser for opam-file syntax, taken apart field by
//! field in the one order that is allowed, and then printed again: if that does
//! not give the same bytes, the file is refused. So blanks, comments, other ways
//! to write a string, unsorted or repeated entries and trailing bytes are errors
//! without a rule of their own.

use std::ops::Range;

use thiserror::Error;

use super::encode::{self, FORMAT};
use super::reference::{ResourceId, Revision};
use crate::finding::{Code, Finding};
use crate::format::digest::Digest;
use crate::format::key::{Fingerprint, Signature};
use crate::format::name::Id;
use crate::format::syntax::{self, Field, Item as SyntaxItem, Value, ValueKind};
use crate::limits::{MAX_EPOCH, MAX_INTEGER};

/// A type of metadata file.
pub trait Decode: Sized {
    /// What stands in the field `type`.
    const TYPE: &'static str;

    /// The most bytes of a file of this type.
    const MAX_LEN: usize = usize::MAX;

    /// Reads all fields behind `format` and `type`, in their order.
    ///
    /// # Errors
    /// A field that is missing, of another type, or with a value that is not allowed.
    fn fields(fields: &mut Fields<'_>) -> Result<Self, MetaError>;

    /// Prints the one valid encoding.
    fn encode(&self) -> Vec<u8>;

    /// Reads a file.
    ///
    /// # Errors
    /// Everything that is not the one valid encoding of a value of this type.
    fn decode(bytes: &[u8]) -> Result<Self, MetaError> {
        within(Self::MAX_LEN, bytes)?;
        let file = syntax::parse(bytes).map_err(MetaError::syntax)?;
        let mut fields = Fields::new(bytes, &file.items);
        fields.format()?;
        let found = fields.string("type")?;
        if found.text()? != Self::TYPE {
            return Err(found.error(MetaErrorKind::WrongType {
                expected: Self::TYPE,
                found: found.text()?.to_owned(),
            }));
        }
        let value = Self::fields(&mut fields)?;
        fields.end()?;
        let canonical = value.encode();
        if canonical == bytes {
            Ok(value)
        } else {
            Err(MetaError::encoding(bytes, &canonical))
        }
    }
}

/// What all resources have in common.
pub trait Resource: Decode {
    /// Type and name.
    fn resource_id(&self) -> ResourceId;
    /// Epoch and counter.
    fn revision(&self) -> Revision;
}

/// Refuses a file that is too large, before it is read.
pub(super) fn within(max: usize, bytes: &[u8]) -> Result<(), MetaError> {
    if bytes.len() <= max {
        return Ok(());
    }
    Err(MetaError {
        span: 0..0,
        kind: MetaErrorKind::TooMany {
            what: "bytes",
            count: bytes.len(),
            max,
        },
    })
}

/// The text of the field `type`, without judging the rest of the file.
///
/// # Errors
/// Not in opam-file syntax, or no string `type` as the second field.
pub fn type_of(bytes: &[u8]) -> Result<String, MetaError> {
    let file = syntax::parse(bytes).map_err(MetaError::syntax)?;
    let mut fields = Fields::new(bytes, &file.items);
    fields.format()?;
    Ok(fields.string("type")?.text()?.to_owned())
}

/// Why a metadata file is not accepted, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetaError {
    /// The place, in bytes of the file.
    pub span: Range<usize>,
    /// What is wrong there.
    pub kind: MetaErrorKind,
}

/// What can be wrong with a metadata file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MetaErrorKind {
    /// Not in opam-file syntax.
    #[error("not in opam-file syntax: {0}")]
    Syntax(String),
    /// Another format version.
    #[error("format {0} is not known, this is a reader of format {FORMAT}")]
    Format(String),
    /// Another type than the path says.
    #[error("this is of type `{found}`, here belongs `{expected}`")]
    WrongType {
        /// The type that belongs here.
        expected: &'static str,
        /// The type found.
        found: String,
    },
    /// The next field is not the one that must come.
    #[error("expected the field `{expected}`, found {found}")]
    Field {
        /// The field that must come.
        expected: &'static str,
        /// What comes instead.
        found: String,
    },
    /// Something behind the last field.
    #[error("expected the end of the file, found {0}")]
    Trailing(String),
    /// A value of another kind.
    #[error("expected {expected}, found {found}")]
    Shape {
        /// What must stand here.
        expected: String,
        /// What stands here.
        found: &'static str,
    },
    /// An integer outside 0 to 2^62 - 1.
    #[error("{0} is not between 0 and {MAX_INTEGER}")]
    Integer(String),
    /// A value outside its grammar.
    #[error("{0}")]
    Value(String),
    /// A key that cannot be used.
    #[error("{0}")]
    Key(String),
    /// The content contradicts its place.
    #[error("{0}")]
    Place(String),
    /// More of something than allowed.
    #[error("{count} {what}, the most is {max}")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The number found.
        count: usize,
        /// The most that is allowed.
        max: usize,
    },
    /// The check line does not fit the lines before it.
    #[error("the check line does not fit the lines before it")]
    Check {
        /// What the lines before give.
        expected: String,
        /// What the file says.
        found: String,
    },
    /// Readable, but not written in the one valid way.
    #[error("not the one valid encoding")]
    Encoding {
        /// The line as it must be.
        expected: String,
        /// The line as it is.
        found: String,
    },
}

impl MetaError {
    fn syntax(error: syntax::SyntaxError) -> MetaError {
        MetaError {
            span: error.span().start..error.span().end,
            kind: MetaErrorKind::Syntax(error.to_string()),
        }
    }

    fn encoding(bytes: &[u8], canonical: &[u8]) -> MetaError {
        let at = bytes
            .iter()
            .zip(canonical)
            .position(|(a, b)| a != b)
            .unwrap_or(bytes.len().min(canonical.len()));
        MetaError {
            span: at..at + 1,
            kind: MetaErrorKind::Encoding {
                expected: line_at(canonical, at),
                found: line_at(bytes, at),
            },
        }
    }

    /// V0.3, V0.4: The finding for this error in the file `source` at `path`.
    pub fn finding(&self, path: &str, source: &[u8]) -> Finding {
        let (code, hint) = match &self.kind {
            MetaErrorKind::Syntax(_) => (Code::Syntax, ""),
            MetaErrorKind::WrongType { .. } | MetaErrorKind::Place(_) => (
                Code::WrongIdentity,
                "a file of one place cannot stand in another: restore it",
            ),
            MetaErrorKind::Check { .. } => (
                Code::CheckLine,
                "somebody edited or merged the file by hand; write it again with `conex`",
            ),
            MetaErrorKind::Key(_) => (Code::BadKey, ""),
            _ => (
                Code::Encoding,
                "metadata is written by `conex`, not by hand; write it again with `conex`",
            ),
        };
        let finding = Finding::error(code, path, format!("`{path}`: {}", self.kind))
            .at(source, self.span.clone(), "")
            .hint(hint);
        match &self.kind {
            MetaErrorKind::Check { expected, found }
            | MetaErrorKind::Encoding { expected, found } => {
                finding.value("expected", expected).value("found", found)
            }
            _ => finding,
        }
    }
}

/// The longest part of a line that a finding quotes.
const QUOTED_LINE: usize = 160;

fn line_at(bytes: &[u8], at: usize) -> String {
    let start = bytes
        .get(..at)
        .unwrap_or_default()
        .iter()
        .rposition(|&b| b == b'\n')
        .map_or(0, |i| i + 1);
    let line = bytes.get(start..).unwrap_or_default();
    if line.is_empty() {
        return "(end of file)".to_owned();
    }
    let len = line.iter().position(|&b| b == b'\n').unwrap_or(line.len());
    String::from_utf8_lossy(line.get(..len.min(QUOTED_LINE)).unwrap_or_default()).into_owned()
}

/// The fields of a file, taken in order.
#[derive(Debug)]
pub struct Fields<'a> {
    source: &'a [u8],
    rest: std::slice::Iter<'a, SyntaxItem<'a>>,
}

impl<'a> Fields<'a> {
    fn new(source: &'a [u8], items: &'a [SyntaxItem<'a>]) -> Fields<'a> {
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

    fn format(&mut self) -> Result<(), MetaError> {
        let item = self.value("format")?;
        match item.integer() {
            Ok(FORMAT) => Ok(()),
            Ok(other) => Err(item.error(MetaErrorKind::Format(other.to_string()))),
            Err(error) => Err(error),
        }
    }

    /// The value of the next field, which must be called `name`.
    pub fn value(&mut self, name: &'static str) -> Result<Item<'a>, MetaError> {
        Ok(Item(&self.next(name)?.value))
    }

    /// The next field, a string called `name`.
    pub fn string(&mut self, name: &'static str) -> Result<Item<'a>, MetaError> {
        let item = self.value(name)?;
        item.text()?;
        Ok(item)
    }

    /// The next field, an integer called `name`.
    pub fn integer(&mut self, name: &'static str) -> Result<u64, MetaError> {
        self.value(name)?.integer()
    }

    /// The next field, a list called `name`; each entry is read by `read`.
    pub fn list<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(Item<'a>) -> Result<T, MetaError>,
    ) -> Result<Vec<T>, MetaError> {
        self.value(name)?
            .list()?
            .iter()
            .map(|v| read(Item(v)))
            .collect()
    }

    /// The check line, compared with the lines before it.
    pub fn check(&mut self) -> Result<(), MetaError> {
        let start = self.offset();
        let item = self.string("check")?;
        let found = item.text()?;
        let expected = Digest::of(self.source.get(..start).unwrap_or_default()).short();
        if found == expected {
            Ok(())
        } else {
            Err(item.error(MetaErrorKind::Check {
                expected,
                found: found.to_owned(),
            }))
        }
    }

    /// The signatures, and how many bytes before them are signed.
    pub fn signatures(&mut self) -> Result<(usize, Vec<(Fingerprint, Signature)>), MetaError> {
        let signed = self.offset();
        let signatures = self.list("signatures", |item| {
            let [key, signature] = item.tuple()?;
            Ok((
                key.string_as(|t| t.parse().map_err(|e| MetaErrorKind::Value(format!("{e}"))))?,
                signature
                    .string_as(|t| t.parse().map_err(|e| MetaErrorKind::Value(format!("{e}"))))?,
            ))
        })?;
        Ok((signed, signatures))
    }

    /// The one signature of a file of this kind, and how many bytes before it are signed.
    pub fn signature(&mut self, kind: &str) -> Result<(usize, Fingerprint, Signature), MetaError> {
        let (signed, signatures) = self.signatures()?;
        let count = signatures.len();
        let mut signatures = signatures.into_iter();
        let (Some((key, signature)), None) = (signatures.next(), signatures.next()) else {
            return Err(self.whole(MetaErrorKind::Value(format!(
                "{kind} has exactly one signature, this one has {count}"
            ))));
        };
        Ok((signed, key, signature))
    }

    /// Where the next field starts, in bytes of the file.
    fn offset(&self) -> usize {
        match self.rest.clone().next() {
            Some(SyntaxItem::Field(field)) => field.name.span.start,
            Some(SyntaxItem::Section(section)) => section.span.start,
            None => self.source.len(),
        }
    }

    fn end(&mut self) -> Result<(), MetaError> {
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

    /// An error about the file as a whole.
    pub fn whole(&self, kind: MetaErrorKind) -> MetaError {
        MetaError { span: 0..0, kind }
    }
}

/// One value of a metadata file.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a>(&'a Value<'a>);

impl<'a> Item<'a> {
    /// An error at this value.
    pub fn error(&self, kind: MetaErrorKind) -> MetaError {
        MetaError {
            span: self.0.span.start..self.0.span.end,
            kind,
        }
    }

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

    /// The text of a string of UTF-8.
    pub fn text(&self) -> Result<&'a str, MetaError> {
        match &self.0.kind {
            ValueKind::String(bytes) => {
                std::str::from_utf8(bytes).map_err(|_| self.shape("a string of UTF-8"))
            }
            _ => Err(self.shape("a string")),
        }
    }

    /// A string read by `read`.
    pub fn string_as<T>(
        &self,
        read: impl FnOnce(&'a str) -> Result<T, MetaErrorKind>,
    ) -> Result<T, MetaError> {
        read(self.text()?).map_err(|kind| self.error(kind))
    }

    /// An integer between 0 and 2^62 - 1.
    pub fn integer(&self) -> Result<u64, MetaError> {
        match self.0.kind {
            ValueKind::Int(value) => u64::try_from(value)
                .ok()
                .filter(|v| *v <= MAX_INTEGER)
                .ok_or_else(|| self.error(MetaErrorKind::Integer(value.to_string()))),
            _ => Err(self.shape("an integer")),
        }
    }

    /// An epoch.
    ///
    /// # Errors
    /// Not an integer, or above [`MAX_EPOCH`].
    pub fn epoch(&self) -> Result<u64, MetaError> {
        match self.integer()? {
            epoch if epoch <= MAX_EPOCH => Ok(epoch),
            epoch => Err(self.error(MetaErrorKind::Value(format!(
                "{epoch} is no epoch, the last one is {MAX_EPOCH}"
            )))),
        }
    }

    /// A digest.
    pub fn digest(&self) -> Result<Digest, MetaError> {
        self.string_as(|t| {
            t.parse::<Digest>()
                .map_err(|e| MetaErrorKind::Value(e.to_string()))
        })
    }

    /// An id.
    pub fn id(&self) -> Result<Id, MetaError> {
        self.string_as(|t| Id::new(t).map_err(|e| MetaErrorKind::Value(e.to_string())))
    }

    fn list(&self) -> Result<&'a [Value<'a>], MetaError> {
        match &self.0.kind {
            ValueKind::List(values) => Ok(values),
            _ => Err(self.shape("a list")),
        }
    }

    /// The values of a list.
    pub fn items(&self) -> Result<Vec<Item<'a>>, MetaError> {
        Ok(self.list()?.iter().map(Item).collect())
    }

    /// A list of exactly `N` values.
    pub fn tuple<const N: usize>(&self) -> Result<[Item<'a>; N], MetaError> {
        let items = self.items()?;
        let found = items.len();
        <[Item<'a>; N]>::try_from(items)
            .map_err(|_| self.shape(format!("{N} values in brackets, there are {found}")))
    }
}

/// Name, epoch and counter: what every resource starts with.
pub(super) fn header<N>(
    fields: &mut Fields<'_>,
    name: impl FnOnce(&str) -> Result<N, String>,
) -> Result<(N, Revision), MetaError> {
    let name = fields
        .string("name")?
        .string_as(|text| name(text).map_err(MetaErrorKind::Value))?;
    let epoch = fields.value("epoch")?.epoch()?;
    let counter = fields.integer("counter")?;
    Ok((name, Revision { epoch, counter }))
}

impl encode::Encoder {
    /// Starts a resource: format, type, name, epoch, counter.
    pub(super) fn resource(kind: &str, name: &str, revision: Revision) -> encode::Encoder {
        let mut encoder = encode::Encoder::new(kind);
        encoder.string("name", name);
        encoder.integer("epoch", revision.epoch);
        encoder.integer("counter", revision.counter);
        encoder
    }
}
