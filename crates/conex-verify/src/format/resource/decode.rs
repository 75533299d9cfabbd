//! The strict reader of metadata.
//!
//! A file is scanned for the one valid encoding of its type. What the scanner refuses is read
//! again with the parser for opam-file syntax, taken apart field by field in the one order that
//! is allowed, and then printed: if that does not give the same bytes, the file is refused. So
//! blanks, comments, other ways to write a string, unsorted or repeated entries and trailing
//! bytes are errors without a rule of their own, and whoever reads the error sees where.

use super::encode::FORMAT;
use super::error::{MetaError, MetaErrorKind};
use super::reference::{ResourceId, Revision};
use super::scan::Scanner;
use super::source::{Item, Source, whole};
use super::tree::Fields;
use crate::format::syntax;

/// A type of metadata file.
pub trait Decode: Sized {
    /// What stands in the field `type`.
    const TYPE: &'static str;

    /// The most bytes of a file of this type.
    const MAX_LEN: usize = usize::MAX;

    /// Reads all fields behind `format` and `type`, in their order. Every field is one that
    /// [`Decode::encode`] prints, and every value is taken as a type that holds one text alone.
    ///
    /// # Errors
    /// A field that is missing, of another type, or with a value that is not allowed.
    fn fields<'a>(fields: &mut impl Source<'a>) -> Result<Self, MetaError>;

    /// Prints the one valid encoding.
    fn encode(&self) -> Vec<u8>;

    /// Reads a file.
    ///
    /// # Errors
    /// Everything that is not the one valid encoding of a value of this type.
    fn decode(bytes: &[u8]) -> Result<Self, MetaError> {
        match Self::scan(bytes) {
            Some(value) => Ok(value),
            None => Self::parse(bytes),
        }
    }

    /// Reads a file of the one valid encoding; says of no other what is wrong with it.
    fn scan(bytes: &[u8]) -> Option<Self> {
        within(Self::MAX_LEN, bytes).ok()?;
        let mut fields = Scanner::new(bytes);
        let value = start(&mut fields, Self::TYPE).and_then(|()| Self::fields(&mut fields));
        let value = value.ok()?;
        fields.end().ok()?;
        Some(value)
    }

    /// Reads a file through its syntax tree: as [`Decode::decode`], and slower.
    ///
    /// # Errors
    /// Everything that is not the one valid encoding of a value of this type.
    fn parse(bytes: &[u8]) -> Result<Self, MetaError> {
        within(Self::MAX_LEN, bytes)?;
        let file = syntax::parse(bytes).map_err(MetaError::syntax)?;
        let mut fields = Fields::new(bytes, &file.items);
        start(&mut fields, Self::TYPE)?;
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
    Err(whole(MetaErrorKind::TooMany {
        what: "bytes",
        count: bytes.len(),
        max,
    }))
}

/// The first two fields of a file of this type.
fn start<'a>(fields: &mut impl Source<'a>, expected: &'static str) -> Result<(), MetaError> {
    format(fields)?;
    let found = fields.value("type")?;
    let text = found.text()?;
    if text == expected {
        return Ok(());
    }
    let found_type = text.into_owned();
    Err(found.error(MetaErrorKind::WrongType {
        expected,
        found: found_type,
    }))
}

fn format<'a>(fields: &mut impl Source<'a>) -> Result<(), MetaError> {
    let item = fields.value("format")?;
    match item.integer()? {
        FORMAT => Ok(()),
        other => Err(item.error(MetaErrorKind::Format(other.to_string()))),
    }
}

/// The text of the field `type`, without judging the rest of the file.
///
/// # Errors
/// Not in opam-file syntax, or no string `type` as the second field.
pub fn type_of(bytes: &[u8]) -> Result<String, MetaError> {
    let file = syntax::parse(bytes).map_err(MetaError::syntax)?;
    let mut fields = Fields::new(bytes, &file.items);
    format(&mut fields)?;
    Ok(fields.value("type")?.text()?.into_owned())
}
