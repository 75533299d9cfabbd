//! One header block, and what stands in for a long name.

use super::ArchiveErrorKind as Kind;
use super::{BLOCK, MAX_NAME};

/// The types of entries that are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    File,
    Directory,
    /// GNU: the content is the name of the next entry.
    LongName,
    /// PAX: the content are records about the next entry.
    Pax,
    /// PAX: the content are records about all entries that follow.
    Global,
}

/// A header as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Type,
    /// The prefix, where there is one, and the name, as bytes.
    pub(super) name: Vec<u8>,
    pub(super) size: u64,
}

/// The fields of a header: name, offset, length (POSIX.1-1988 and GNU alike).
#[derive(Clone, Copy)]
struct Field(&'static str, usize, usize);

const NAME: Field = Field("name", 0, 100);
const MODE: Field = Field("mode", 100, 8);
const UID: Field = Field("uid", 108, 8);
const GID: Field = Field("gid", 116, 8);
const SIZE: Field = Field("size", 124, 12);
const MTIME: Field = Field("mtime", 136, 12);
const CHECKSUM: Field = Field("checksum", 148, 8);
const TYPE: Field = Field("type", 156, 1);
const LINK: Field = Field("linkname", 157, 100);
const MAGIC: Field = Field("magic", 257, 8);
const DEVICE_MAJOR: Field = Field("devmajor", 329, 8);
const DEVICE_MINOR: Field = Field("devminor", 337, 8);
const PREFIX: Field = Field("prefix", 345, 155);
/// The rest of a GNU header: times, and the fields of sparse and divided files.
const GNU_REST: Field = Field("prefix", 345, 167);
const PADDING: Field = Field("padding", 500, 12);

/// How GNU tar and all after it call the entry with a long name.
const LONG_LINK: &[u8] = b"././@LongLink";

impl Field {
    fn of<'a>(&self, block: &'a [u8; BLOCK]) -> &'a [u8] {
        block.get(self.1..self.1 + self.2).unwrap_or_default()
    }

    /// Text up to the first NUL; after that nothing but NULs.
    fn text<'a>(&self, block: &'a [u8; BLOCK]) -> Result<&'a [u8], Kind> {
        let field = self.of(block);
        let len = field.iter().position(|&b| b == 0).unwrap_or(field.len());
        let (text, tail) = field.split_at(len);
        if tail.iter().all(|&b| b == 0) {
            Ok(text)
        } else {
            Err(Kind::FieldTail(self.0))
        }
    }

    /// An octal number: spaces, digits, and after them only spaces and NULs.
    fn octal(&self, block: &[u8; BLOCK]) -> Result<u64, Kind> {
        let bad = || Kind::Number(self.0);
        let field = self.of(block);
        let start = field.iter().position(|&b| b != b' ').ok_or_else(bad)?;
        let field = field.get(start..).unwrap_or_default();
        let len = field
            .iter()
            .position(|b| !(b'0'..=b'7').contains(b))
            .unwrap_or(field.len());
        let (digits, tail) = field.split_at(len);
        if digits.is_empty() || !tail.iter().all(|&b| b == 0 || b == b' ') {
            return Err(bad());
        }
        // Twelve digits at most: 36 bits.
        Ok(digits
            .iter()
            .fold(0, |n, &digit| n * 8 + u64::from(digit - b'0')))
    }

    /// A number that nobody acts on: octal, empty, or in GNU's base 256 (user ids of
    /// large organisations do not fit otherwise), of 32 bits: GNU tar fails at more.
    fn ignored(&self, block: &[u8; BLOCK]) -> Result<(), Kind> {
        let field = self.of(block);
        match field {
            [0x80, 0, 0, 0, ..] => Ok(()),
            [0x80, ..] => Err(Kind::Number(self.0)),
            _ if field.iter().all(|&b| b == 0 || b == b' ') => Ok(()),
            _ => self.octal(block).map(|_| ()),
        }
    }

    fn empty(&self, block: &[u8; BLOCK]) -> Result<(), Kind> {
        if self.of(block).iter().all(|&b| b == 0) {
            Ok(())
        } else {
            Err(Kind::FieldNotEmpty(self.0))
        }
    }
}

impl Header {
    /// The name in a block that may not be a header, for messages.
    pub(super) fn name_of(block: &[u8; BLOCK]) -> &[u8] {
        NAME.of(block).split(|&b| b == 0).next().unwrap_or_default()
    }

    /// Reads a header.
    pub(super) fn read(block: &[u8; BLOCK]) -> Result<Header, Kind> {
        let stated = CHECKSUM.octal(block)?;
        let sum = |bytes: &[u8]| bytes.iter().map(|&b| u64::from(b)).sum::<u64>();
        let found = sum(block) - sum(CHECKSUM.of(block)) + 8 * u64::from(b' ');
        if found != stated {
            return Err(Kind::HeaderChecksum { found, stated });
        }
        let prefix = match MAGIC.of(block) {
            b"ustar\x0000" => {
                PADDING.empty(block)?;
                PREFIX.text(block)?
            }
            // opam's reader takes a prefix from GNU headers as well, others do not.
            b"ustar  \0" => {
                GNU_REST.empty(block)?;
                &[]
            }
            _ => return Err(Kind::Magic),
        };
        let kind = match TYPE.of(block) {
            [b'0' | 0] => Type::File,
            [b'5'] => Type::Directory,
            [b'L'] => Type::LongName,
            [b'x'] => Type::Pax,
            [b'g'] => Type::Global,
            other => {
                let found = other.first().copied().unwrap_or_default();
                return Err(Kind::Type(char::from(found)));
            }
        };
        MODE.octal(block)?;
        MTIME.octal(block)?;
        for field in [UID, GID, DEVICE_MAJOR, DEVICE_MINOR] {
            field.ignored(block)?;
        }
        LINK.empty(block)?;
        let size = SIZE.octal(block)?;
        let most = u64::try_from(MAX_NAME + BLOCK).unwrap_or(u64::MAX);
        let bad_size = |what| Err(Kind::Size { what, size });
        match kind {
            Type::Directory if size != 0 => return bad_size("a directory"),
            Type::LongName if size == 0 || size > most => return bad_size("a GNU long name"),
            Type::Pax | Type::Global if size == 0 || size > most => {
                return bad_size("a PAX header");
            }
            _ => {}
        }
        let mut name = prefix.to_vec();
        if !name.is_empty() {
            name.push(b'/');
        }
        name.extend_from_slice(NAME.text(block)?);
        // opam's reader takes an `L` of any other name for an entry.
        if kind == Type::LongName && name != LONG_LINK {
            return Err(Kind::LongName);
        }
        Ok(Header { kind, name, size })
    }
}

/// The name in the content of a GNU `L` entry: ended by its one NUL.
pub(super) fn long_name(content: &[u8]) -> Result<Vec<u8>, Kind> {
    match content.split_last() {
        Some((0, name)) if !name.contains(&0) && !name.is_empty() => Ok(name.to_vec()),
        _ => Err(Kind::LongName),
    }
}

/// The name in the content of a PAX `x` entry, if there is one.
///
/// Times are allowed because GNU tar writes them by itself, owners because macOS's tar
/// does where they fit no header; no opam acts on either. Everything else would change
/// what the entry is for some readers.
pub(super) fn pax_path(content: &[u8]) -> Result<Option<Vec<u8>>, Kind> {
    let mut path = None;
    for record in Records(content) {
        let (key, value) = record?;
        match key {
            b"path" if path.is_none() && !value.is_empty() && !value.contains(&0) => {
                path = Some(value.to_vec());
            }
            b"path" => return Err(Kind::Pax),
            // Readers fail where one of these is not a number, or too large for them.
            b"mtime" | b"atime" | b"ctime" if is_time(value) => {}
            b"uid" | b"gid" if is_owner(value) => {}
            b"mtime" | b"atime" | b"ctime" | b"uid" | b"gid" => return Err(Kind::Pax),
            b"uname" | b"gname" => {}
            key => return Err(Kind::PaxKey(String::from_utf8_lossy(key).into_owned())),
        }
    }
    Ok(path)
}

/// Checks the content of a PAX `g` entry: the one `comment` that `git archive` writes, the
/// id of the commit. It says nothing about any entry.
pub(super) fn pax_comment(content: &[u8]) -> Result<(), Kind> {
    for (at, record) in Records(content).enumerate() {
        match record? {
            (b"comment", _) if at == 0 => {}
            (b"comment", _) => return Err(Kind::Pax),
            (key, _) => {
                let key = String::from_utf8_lossy(key).into_owned();
                return Err(Kind::PaxGlobalKey(key));
            }
        }
    }
    Ok(())
}

/// Whether `value` is a decimal number of at most 32 bits.
fn is_owner(value: &[u8]) -> bool {
    value.iter().all(u8::is_ascii_digit)
        && std::str::from_utf8(value).is_ok_and(|text| text.parse::<u32>().is_ok())
}

/// Whether `value` is a number of seconds, of at most 18 digits, and perhaps a fraction.
fn is_time(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"-").unwrap_or(value);
    let point = value.iter().position(|b| *b == b'.');
    let (seconds, fraction) = value.split_at(point.unwrap_or(value.len()));
    let digits = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit);
    (1..=18).contains(&seconds.len()) && digits(seconds) && digits(fraction.get(1..).unwrap_or(b""))
}

/// The records of a PAX header, key and value. A record is `<length> <key>=<value>\n`, and
/// its length counts all of it.
struct Records<'a>(&'a [u8]);

impl<'a> Iterator for Records<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), Kind>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let (record, rest) = match record(self.0) {
            Some((key, value, rest)) => (Ok((key, value)), rest),
            None => (Err(Kind::Pax), &[][..]),
        };
        self.0 = rest;
        Some(record)
    }
}

/// The key and the value of the first record, and what follows it.
fn record(content: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let digits = content.iter().position(|b| !b.is_ascii_digit())?;
    let len = content
        .get(..digits)
        .filter(|digits| !digits.starts_with(b"0"))?;
    let len = std::str::from_utf8(len).ok()?.parse::<usize>().ok()?;
    let (record, rest) = content.split_at_checked(len)?;
    let record = record.get(digits..)?.strip_prefix(b" ")?;
    let record = record.strip_suffix(b"\n")?;
    let equals = record.iter().position(|&b| b == b'=')?;
    let (key, value) = record.split_at_checked(equals)?;
    Some((key, value.strip_prefix(b"=")?, rest))
}
