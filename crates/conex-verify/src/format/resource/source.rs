//! How a type of metadata takes its fields: one description for both readers.
//!
//! The function `fields` of a type says which fields there are, in which order, and what their
//! values are. The scanner and the general reader both run it, so neither reads anything that
//! the other does not.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::encode::Encoder;
use super::error::{MetaError, MetaErrorKind};
use super::reference::Revision;
use crate::format::digest::Digest;
use crate::format::key::{Fingerprint, Signature};
use crate::format::name::Id;
use crate::limits::MAX_EPOCH;

/// The fields of a file, taken in order.
pub trait Source<'a> {
    /// A value that is no list.
    type Item: Item<'a>;

    /// The value of the next field, which must be called `name`.
    ///
    /// # Errors
    /// Another field, or none.
    fn value(&mut self, name: &'static str) -> Result<Self::Item, MetaError>;

    /// The next field, a list called `name`; each entry is read by `read`.
    ///
    /// # Errors
    /// Another field, a value that is no list, or what `read` refuses.
    fn list<T, C: FromIterator<T>>(
        &mut self,
        name: &'static str,
        read: impl FnMut(Self::Item) -> Result<T, MetaError>,
    ) -> Result<C, MetaError>;

    /// The next field, a list called `name` of entries that are lists of `N` values.
    ///
    /// # Errors
    /// As [`Source::list`]; also an entry that is no list of `N` values.
    fn rows<const N: usize, T, C: FromIterator<T>>(
        &mut self,
        name: &'static str,
        read: impl FnMut([Self::Item; N]) -> Result<T, MetaError>,
    ) -> Result<C, MetaError>;

    /// As [`Source::rows`], of entries with a key each. A reader that does not compare the
    /// file with what its value prints refuses a key that is there twice.
    ///
    /// # Errors
    /// As [`Source::rows`].
    fn map<const N: usize, K: Ord, V>(
        &mut self,
        name: &'static str,
        read: impl FnMut([Self::Item; N]) -> Result<(K, V), MetaError>,
    ) -> Result<BTreeMap<K, V>, MetaError>;

    /// The bytes of the file before the next field.
    fn before(&self) -> &'a [u8];

    /// The next field, an integer called `name`.
    ///
    /// # Errors
    /// Another field, or a value that is no integer from 0 to 2^62 - 1.
    fn integer(&mut self, name: &'static str) -> Result<u64, MetaError> {
        self.value(name)?.integer()
    }

    /// The check line, compared with the lines before it.
    ///
    /// # Errors
    /// Another field, or a check of other lines.
    fn check(&mut self) -> Result<(), MetaError> {
        let lines = self.before();
        let item = self.value("check")?;
        let found = item.text()?;
        let expected = Digest::of(lines).short();
        if found == expected {
            return Ok(());
        }
        Err(item.error(MetaErrorKind::Check {
            expected,
            found: found.into_owned(),
        }))
    }

    /// The signatures, and how many bytes before them are signed.
    ///
    /// # Errors
    /// Another field, or an entry that is no fingerprint with a signature.
    fn signatures(&mut self) -> Result<(usize, Vec<(Fingerprint, Signature)>), MetaError> {
        let signed = self.before().len();
        let signatures = self.rows("signatures", |[key, signature]| {
            Ok((
                key.string_as(|t| t.parse().map_err(|e| MetaErrorKind::Value(format!("{e}"))))?,
                signature
                    .string_as(|t| t.parse().map_err(|e| MetaErrorKind::Value(format!("{e}"))))?,
            ))
        })?;
        Ok((signed, signatures))
    }

    /// The one signature of a file of this kind, and how many bytes before it are signed.
    ///
    /// # Errors
    /// As [`Source::signatures`]; also any other number of them.
    fn signature(&mut self, kind: &str) -> Result<(usize, Fingerprint, Signature), MetaError> {
        let (signed, signatures) = self.signatures()?;
        let count = signatures.len();
        let mut signatures = signatures.into_iter();
        let (Some((key, signature)), None) = (signatures.next(), signatures.next()) else {
            return Err(whole(MetaErrorKind::Value(format!(
                "{kind} has exactly one signature, this one has {count}"
            ))));
        };
        Ok((signed, key, signature))
    }
}

/// One value of a metadata file.
pub trait Item<'a>: Copy {
    /// An error at this value.
    fn error(&self, kind: MetaErrorKind) -> MetaError;

    /// The text of a string of UTF-8.
    ///
    /// # Errors
    /// Any other value.
    fn text(&self) -> Result<Cow<'a, str>, MetaError>;

    /// An integer between 0 and 2^62 - 1.
    ///
    /// # Errors
    /// Any other value.
    fn integer(&self) -> Result<u64, MetaError>;

    /// A string read by `read`.
    ///
    /// # Errors
    /// Any other value, or what `read` refuses.
    fn string_as<T>(
        &self,
        read: impl FnOnce(&str) -> Result<T, MetaErrorKind>,
    ) -> Result<T, MetaError> {
        read(&self.text()?).map_err(|kind| self.error(kind))
    }

    /// An epoch.
    ///
    /// # Errors
    /// Not an integer, or above [`MAX_EPOCH`].
    fn epoch(&self) -> Result<u64, MetaError> {
        match self.integer()? {
            epoch if epoch <= MAX_EPOCH => Ok(epoch),
            epoch => Err(self.error(MetaErrorKind::Value(format!(
                "{epoch} is no epoch, the last one is {MAX_EPOCH}"
            )))),
        }
    }

    /// A digest.
    ///
    /// # Errors
    /// No string, or no digest in it.
    fn digest(&self) -> Result<Digest, MetaError> {
        self.string_as(|t| {
            t.parse::<Digest>()
                .map_err(|e| MetaErrorKind::Value(e.to_string()))
        })
    }

    /// An id.
    ///
    /// # Errors
    /// No string, or no id in it.
    fn id(&self) -> Result<Id, MetaError> {
        self.string_as(|t| Id::new(t).map_err(|e| MetaErrorKind::Value(e.to_string())))
    }
}

/// An error about the file as a whole.
pub(super) fn whole(kind: MetaErrorKind) -> MetaError {
    MetaError { span: 0..0, kind }
}

/// Name, epoch and counter: what every resource starts with.
pub(super) fn header<'a, N>(
    fields: &mut impl Source<'a>,
    name: impl FnOnce(&str) -> Result<N, String>,
) -> Result<(N, Revision), MetaError> {
    let name = fields
        .value("name")?
        .string_as(|text| name(text).map_err(MetaErrorKind::Value))?;
    let epoch = fields.value("epoch")?.epoch()?;
    let counter = fields.integer("counter")?;
    Ok((name, Revision { epoch, counter }))
}

impl Encoder {
    /// Starts a resource: format, type, name, epoch, counter.
    pub(super) fn resource(kind: &str, name: &str, revision: Revision) -> Encoder {
        let mut encoder = Encoder::new(kind);
        encoder.string("name", name);
        encoder.integer("epoch", revision.epoch);
        encoder.integer("counter", revision.counter);
        encoder
    }
}
