//! Segments of an index: `packages/.conex/index/<id>/<segment>/index`.

use std::fmt;

use super::decode::Decode;
use super::encode::{Encoder, list_of, quoted};
use super::error::{MetaError, MetaErrorKind};
use super::reference::{Kind, ResourceId, ResourceVersion, Revision};
use super::source::{Item, Source};
use crate::format::digest::Digest;
use crate::format::key::{Fingerprint, Signature};
use crate::format::name::Id;
use crate::limits::MAX_SEGMENT;

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
    /// What is vouched for.
    pub entries: Vec<Entry>,
}

/// One entry of a segment: the id vouches for this version. Nothing takes an entry back; what
/// follows a version is a higher one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Type and name of the resource.
    pub resource: ResourceId,
    /// Revision and digest of the file.
    pub version: ResourceVersion,
}

impl Entry {
    fn line(&self) -> String {
        list_of(&[
            &quoted(self.resource.kind.as_str()),
            &quoted(&self.resource.name),
            &self.version.revision.epoch.to_string(),
            &self.version.revision.counter.to_string(),
            &quoted(&self.version.digest.to_string()),
        ])
    }

    fn read<'a>(
        [kind, name, epoch, counter, digest]: [impl Item<'a>; 5],
    ) -> Result<Entry, MetaError> {
        let kind = kind.string_as(|t| {
            Kind::from_text(t)
                .ok_or_else(|| MetaErrorKind::Value(format!("{t:?} is not a type of resource")))
        })?;
        Ok(Entry {
            resource: name.string_as(|t| ResourceId::new(kind, t).map_err(MetaErrorKind::Value))?,
            version: ResourceVersion {
                revision: Revision {
                    epoch: epoch.epoch()?,
                    counter: counter.integer()?,
                },
                digest: digest.digest()?,
            },
        })
    }
}

/// A time in UTC, written `2026-11-24T14:00:00Z`. No rule compares it, but that of a
/// snapshot with a client's own clock, for those who ask.
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

    pub(super) fn read<'a>(item: impl Item<'a>) -> Result<Timestamp, MetaError> {
        item.string_as(|t| {
            Timestamp::new(t).ok_or_else(|| {
                MetaErrorKind::Value(format!("{t:?} is not a time as 2026-11-24T14:00:00Z"))
            })
        })
    }

    /// Seconds since 1970; `None` if there is no such time, or it is before that year.
    /// A leap second counts as the one after it.
    pub fn seconds(&self) -> Option<u64> {
        let number = |range: std::ops::Range<usize>| self.0.get(range)?.parse::<u64>().ok();
        let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        let leap =
            |y: u64| y.is_multiple_of(4) && (!y.is_multiple_of(100) || y.is_multiple_of(400));
        let february = if leap(year) { 29 } else { 28 };
        let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let before = usize::try_from(month.checked_sub(1)?).ok()?;
        if day == 0 || day > *months.get(before)? || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        // Leap days of all years before this one.
        let leap_days = |y: u64| y / 4 - y / 100 + y / 400;
        let past = year.checked_sub(1)?;
        let years = year.checked_sub(1970)? * 365 + leap_days(past) - leap_days(1969);
        let days = years + months.iter().take(before).sum::<u64>() + day - 1;
        Some(((days * 24 + hour) * 60 + minute) * 60 + second)
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
    const MAX_LEN: usize = MAX_SEGMENT;

    fn fields<'a>(fields: &mut impl Source<'a>) -> Result<Self, MetaError> {
        let repository = fields.value("repository")?.digest()?;
        let id = fields.value("id")?.id()?;
        let created = Timestamp::read(fields.value("created")?)?;
        let entries = fields.rows("entries", Entry::read)?;
        let (signed_len, key, signature) = fields.signature("a segment")?;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// `date -u -d TIME +%s`
    #[test]
    fn times_are_what_date_says() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:00:00Z", Some(951_825_600)),
            ("2026-11-24T14:00:00Z", Some(1_795_528_800)),
            ("2100-03-01T00:00:00Z", Some(4_107_542_400)),
            ("9999-12-31T23:59:59Z", Some(253_402_300_799)),
            ("0000-00-00T00:00:00Z", None),
            ("1969-12-31T23:59:59Z", None),
            ("2026-02-29T00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-01-00T00:00:00Z", None),
            ("2026-01-01T24:00:00Z", None),
        ] {
            assert_eq!(Timestamp::new(text).unwrap().seconds(), seconds, "{text}");
        }
    }
}
