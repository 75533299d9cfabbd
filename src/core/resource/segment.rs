//! Segments of an index: `packages/.conex/index/<id>/<segment>/index`.

use std::fmt;

use super::decode::{Decode, Fields, Item, MetaError, MetaErrorKind};
use super::encode::{Encoder, list_of, quoted};
use super::{Kind, ResourceId, ResourceVersion, Revision};
use crate::core::digest::Digest;
use crate::core::key::{Fingerprint, Signature};
use crate::core::name::Id;

/// What one id vouches for, in one signed piece. The index of an id is the union
/// of its segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The identity of the repository that this is for.
    pub repository: Digest,
    /// Who vouches.
    pub id: Id,
    /// When the segment was made; information only, no rule looks at it.
    pub created: Timestamp,
    /// What is vouched for or withdrawn.
    pub entries: Vec<Entry>,
}

/// One entry of a segment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Type and name of the resource.
    pub resource: ResourceId,
    /// Epoch and counter.
    pub revision: Revision,
    /// What is said about it.
    pub what: What,
}

/// What an entry says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The file with this digest is right at this revision.
    Vouched(Digest),
    /// All that this id vouched for up to this revision no longer holds.
    Withdrawn,
}

/// The word that stands in place of a digest.
const WITHDRAWN: &str = "withdrawn";

impl Entry {
    /// An entry that vouches for a version.
    pub fn vouch(resource: ResourceId, version: ResourceVersion) -> Entry {
        Entry {
            resource,
            revision: version.revision,
            what: What::Vouched(version.digest),
        }
    }

    fn line(&self) -> String {
        let digest;
        let what = match self.what {
            What::Vouched(d) => {
                digest = d.to_string();
                &digest
            }
            What::Withdrawn => WITHDRAWN,
        };
        list_of(&[
            &quoted(self.resource.kind.as_str()),
            &quoted(&self.resource.name),
            &self.revision.epoch.to_string(),
            &self.revision.counter.to_string(),
            &quoted(what),
        ])
    }

    fn read(item: Item<'_>) -> Result<Entry, MetaError> {
        let [kind, name, epoch, counter, what] = item.tuple()?;
        let kind = kind.string_as(|t| {
            Kind::from_text(t)
                .ok_or_else(|| MetaErrorKind::Value(format!("{t:?} is not a type of resource")))
        })?;
        Ok(Entry {
            resource: name.string_as(|t| ResourceId::new(kind, t).map_err(MetaErrorKind::Value))?,
            revision: Revision {
                epoch: epoch.integer()?,
                counter: counter.integer()?,
            },
            what: match what.text()? {
                WITHDRAWN => What::Withdrawn,
                _ => What::Vouched(what.digest()?),
            },
        })
    }
}

/// A time in UTC, written `2026-11-24T14:00:00Z`. No rule compares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timestamp(Box<str>);

impl Timestamp {
    /// Reads a time of that form; whether the day exists is not judged.
    pub fn new(text: &str) -> Option<Timestamp> {
        const FORM: &[u8] = b"dddd-dd-ddTdd:dd:ddZ";
        let fits = text.len() == FORM.len()
            && text.bytes().zip(FORM).all(|(b, &f)| match f {
                b'd' => b.is_ascii_digit(),
                _ => b == f,
            });
        fits.then(|| Timestamp(text.into()))
    }

    /// What a clock that shows a year of five digits is written as.
    pub fn unknown() -> Timestamp {
        Timestamp("0000-00-00T00:00:00Z".into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Segment {
    /// The bytes that the signature is over.
    pub fn signed_bytes(&self) -> Vec<u8> {
        self.encoder().finish()
    }

    fn encoder(&self) -> Encoder {
        let mut out = Encoder::new(SignedSegment::TYPE);
        out.string("repository", &self.repository.to_string());
        out.string("id", self.id.as_str());
        out.string("created", self.created.as_str());
        out.set("entries", self.entries.iter().map(Entry::line).collect());
        out
    }
}

/// A segment with its signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedSegment {
    /// The segment.
    pub segment: Segment,
    /// The key that the signature names.
    pub key: Fingerprint,
    /// The signature.
    pub signature: Signature,
    /// How many bytes from the start of the file are signed.
    pub signed_len: usize,
}

impl Decode for SignedSegment {
    const TYPE: &'static str = "index";

    fn fields(fields: &mut Fields<'_>) -> Result<Self, MetaError> {
        let repository = fields.string("repository")?.digest()?;
        let id = fields.string("id")?.id()?;
        let created = fields.string("created")?.string_as(|t| {
            Timestamp::new(t).ok_or_else(|| {
                MetaErrorKind::Value(format!("{t:?} is not a time as 2026-11-24T14:00:00Z"))
            })
        })?;
        let entries = fields.list("entries", Entry::read)?;
        let (signed_len, signatures) = fields.signatures()?;
        let count = signatures.len();
        let mut signatures = signatures.into_iter();
        let (Some((key, signature)), None) = (signatures.next(), signatures.next()) else {
            return Err(fields.whole(MetaErrorKind::Value(format!(
                "a segment has exactly one signature, this one has {count}"
            ))));
        };
        Ok(SignedSegment {
            segment: Segment {
                repository,
                id,
                created,
                entries,
            },
            key,
            signature,
            signed_len,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = self.segment.encoder();
        out.signatures(&[(self.key, self.signature.clone())]);
        out.finish()
    }
}
