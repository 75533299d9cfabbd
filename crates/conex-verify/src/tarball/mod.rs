//! `.tar.gz` archives, as opam 2.6 keeps and downloads repositories, as a [`Tree`].
//!
//! Readers of tar differ in which of two entries of one name counts, what a type is
//! that they do not know, where a name ends, when an archive ends. Each difference
//! is a way to show one tree to the verifier and another to opam (docs/hook.md,
//! D12). So this reader takes the subset on which all agree, and refuses the rest:
//!
//! * one gzip member, its length and CRC right, nothing after it;
//! * ustar or GNU headers with a right checksum, files and directories only;
//! * GNU `L` or a PAX `path` for a name longer than the header holds, one of them;
//! * of other PAX records those that nobody acts on: times, owners, one global comment;
//! * canonical names, none twice, none both a file and a directory;
//! * two zero blocks, then nothing but zeros.
//!
//! The real archives are of two kinds, and some are made by hand. `opam admin index` runs `tar czhf` over
//! `packages`, `repo` and `version`: GNU headers, directories, `L` for long names.
//! opam itself, after an update, writes files only, with ustar headers whose prefix
//! field holds the start of a long name. Neither puts a directory around the whole.
//! `git archive` begins with a global PAX header, whose comment is the id of the commit;
//! macOS's `tar` names owners in PAX records where accounts come from a directory service.
//!
//! `gzip` inflates in small steps, `header` reads one block, `entries` puts
//! the tree together. Archives are never inflated as a whole.

mod entries;
mod gzip;
mod header;

#[cfg(test)]
mod tests;

use std::fmt;

use thiserror::Error;

use crate::finding::{Code, Finding};
use crate::limits::{
    MAX_ARCHIVE_PADDING, MAX_COMPONENT_LEN, MAX_EXPANSION, MAX_FILE_SIZE, MAX_PACKAGES,
    MAX_PATH_LEN, MAX_TREE_DEPTH, MAX_TREE_FILES, MAX_TREE_SIZE,
};
use crate::tree::{Contents, Tree};

/// V0.7: Reads a `.tar.gz`.
///
/// The result is what reading the unpacked directory would give, but for a
/// top-level `.git`: opam 2.6 skips none in an archive, so it is in `others` like any
/// other name. Permissions, owners and times are not looked at, opam does not use them.
///
/// Memory: the content of the files and some hundred bytes each; time: a few
/// nanoseconds a byte. An archive that grows beyond the limits is refused when it
/// does, not after.
///
/// # Errors
/// The first thing that is not in the subset, with its place.
pub fn read(bytes: &[u8], contents: Contents) -> Result<Tree, ArchiveError> {
    entries::read(bytes, contents)
}

/// Why an archive is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: {kind}")]
pub struct ArchiveError {
    /// Where.
    pub place: ArchivePlace,
    /// What is wrong there.
    pub kind: ArchiveErrorKind,
}

/// A place in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchivePlace {
    /// A number of bytes from the start of the compressed file.
    Compressed(u64),
    /// An entry of the archive.
    Entry {
        /// Where its header starts, in bytes from the start of the uncompressed archive.
        offset: u64,
        /// Its name as far as it is known; may be empty.
        name: String,
    },
}

impl fmt::Display for ArchivePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ArchivePlace::Compressed(offset) => {
                write!(f, "byte {offset} of the compressed archive")
            }
            ArchivePlace::Entry { offset, name } if name.is_empty() => {
                write!(f, "entry at byte {offset} of the uncompressed archive")
            }
            ArchivePlace::Entry { offset, name } => write!(
                f,
                "entry `{name}` at byte {offset} of the uncompressed archive"
            ),
        }
    }
}

/// What can be wrong with an archive.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ArchiveErrorKind {
    /// The first bytes are not those of gzip.
    #[error("this is not a gzip file")]
    NotGzip,
    /// A part of the gzip header that nobody needs here.
    #[error("the gzip header has {0}")]
    GzipHeader(&'static str),
    /// The compressed data is damaged.
    #[error("the compressed data is damaged")]
    Deflate,
    /// The file ends too early.
    #[error("the file ends here, in the middle of {0}")]
    Truncated(&'static str),
    /// The checksum of gzip.
    #[error("the CRC-32 of the content is {found:08x}, the gzip trailer says {stated:08x}")]
    Crc {
        /// Over the content.
        found: u32,
        /// In the trailer.
        stated: u32,
    },
    /// The length in the gzip trailer.
    #[error("the content has {found} bytes (modulo 2^32), the gzip trailer says {stated}")]
    Length {
        /// Of the content, modulo 2^32.
        found: u32,
        /// In the trailer.
        stated: u32,
    },
    /// A second gzip member, or anything else.
    #[error("{0} bytes follow the end of the gzip data; readers differ in whether they count")]
    AfterGzip(usize),
    /// A checksum of a header.
    #[error("the checksum of the header is {found:o}, the header says {stated:o} (octal)")]
    HeaderChecksum {
        /// Over the header.
        found: u64,
        /// In the header.
        stated: u64,
    },
    /// A number that is not octal, or not in its field.
    #[error("the field `{0}` is not an octal number")]
    Number(&'static str),
    /// Neither POSIX's nor GNU's magic.
    #[error("the header is neither ustar nor GNU")]
    Magic,
    /// A field that has to be empty has something in it.
    #[error("the field `{0}` is not empty")]
    FieldNotEmpty(&'static str),
    /// Something after the NUL that ends a text.
    #[error("the field `{0}` has bytes after its end")]
    FieldTail(&'static str),
    /// A link, FIFO, device, sparse file, or anything that not all readers know.
    #[error("entries of type {0:?} are not allowed, only files and directories")]
    Type(char),
    /// A directory or extension with a size that it cannot have.
    #[error("{what} cannot have a size of {size} bytes")]
    Size {
        /// What kind of entry.
        what: &'static str,
        /// The size.
        size: u64,
    },
    /// A GNU long name that is not text with one NUL at its end, or whose header does
    /// not have the name that all writers give it.
    #[error("the GNU long name is malformed")]
    LongName,
    /// A long name, of GNU or PAX, and a header that do not belong together.
    #[error("the name in the header is not the start of the long name before it")]
    ShortName,
    /// A second name for one entry, or a name for none.
    #[error("a long name is followed by {0}, not by the entry that it names")]
    NameTwice(&'static str),
    /// A PAX record that is malformed.
    #[error("the PAX header is malformed")]
    Pax,
    /// A PAX record that changes what the entry is.
    #[error("the PAX header has `{0}`, only `path`, times and owners are allowed")]
    PaxKey(String),
    /// A global PAX record that changes what the entries after it are.
    #[error("the global PAX header has `{0}`, only one `comment` is allowed")]
    PaxGlobalKey(String),
    /// A global PAX header that is not the first entry.
    #[error("a global PAX header can only be the first entry of an archive")]
    PaxGlobal,
    /// A name that is not UTF-8.
    #[error("the name is not UTF-8")]
    NotUtf8,
    /// A name that readers normalise.
    #[error("the name is not canonical: {0}")]
    NotCanonical(&'static str),
    /// A name for which opam 2.6 has no room when it writes the archive again.
    #[error("the name is too long: {found} bytes, the most is {most}")]
    NameTooLong {
        /// The length found, in bytes: of the whole or of a component.
        found: usize,
        /// The limit.
        most: usize,
    },
    /// A name with too many components.
    #[error("the entry is nested deeper than {MAX_TREE_DEPTH} directories")]
    TooDeep,
    /// A name that an earlier entry has.
    #[error("an earlier entry has the same name; readers differ in which one counts")]
    Duplicate,
    /// A name that is a directory and a file.
    #[error("`{0}` is a file in one entry and a directory in another")]
    FileAndDirectory(String),
    /// One zero block and then something else.
    #[error("one zero block is not the end of an archive; readers differ in what follows it")]
    OneZeroBlock,
    /// Something after the end of the archive.
    #[error("something follows the two zero blocks at the end of the archive")]
    AfterEnd,
    /// More zeros after the end than any `tar` writes.
    #[error("more than {MAX_ARCHIVE_PADDING} zero bytes follow the end of the archive")]
    Padding,
    /// The padding of an entry.
    #[error("the content is not padded with zeros")]
    EntryPadding,
    /// Larger than [`MAX_FILE_SIZE`].
    #[error("the file has {0} bytes, the most is {MAX_FILE_SIZE}")]
    TooLarge(u64),
    /// More files and directories than [`MAX_TREE_FILES`], those counted that have no entry.
    #[error("the archive has more than {MAX_TREE_FILES} files and directories")]
    TooMany,
    /// More packages than [`MAX_PACKAGES`].
    #[error("the archive has more than {MAX_PACKAGES} packages")]
    TooManyPackages,
    /// More bytes than [`MAX_TREE_SIZE`].
    #[error("the files and their names have more than {MAX_TREE_SIZE} bytes")]
    TooMuch,
    /// Grows more than [`MAX_EXPANSION`] times.
    #[error("the archive grows more than {MAX_EXPANSION} times when it is inflated")]
    Bomb,
}

impl ArchiveErrorKind {
    fn code(&self) -> Code {
        use ArchiveErrorKind as K;
        match self {
            K::NotGzip
            | K::GzipHeader(_)
            | K::Deflate
            | K::Truncated(_)
            | K::Crc { .. }
            | K::Length { .. }
            | K::AfterGzip(_) => Code::ArchiveGzip,
            K::HeaderChecksum { .. }
            | K::Number(_)
            | K::Magic
            | K::FieldNotEmpty(_)
            | K::FieldTail(_)
            | K::Type(_)
            | K::Size { .. }
            | K::LongName
            | K::ShortName
            | K::NameTwice(_)
            | K::Pax
            | K::PaxKey(_)
            | K::PaxGlobalKey(_)
            | K::PaxGlobal
            | K::OneZeroBlock
            | K::AfterEnd
            | K::EntryPadding => Code::ArchiveEntry,
            K::NotUtf8
            | K::NotCanonical(_)
            | K::NameTooLong { .. }
            | K::TooDeep
            | K::Duplicate
            | K::FileAndDirectory(_) => Code::ArchiveName,
            K::TooLarge(_)
            | K::TooMany
            | K::TooManyPackages
            | K::TooMuch
            | K::Bomb
            | K::Padding => Code::ArchiveLimit,
        }
    }
}

impl ArchiveError {
    /// What to say about it.
    pub fn finding(&self) -> Finding {
        let (path, place) = match &self.place {
            ArchivePlace::Compressed(offset) => {
                ("", format!("byte {offset} of the compressed archive"))
            }
            ArchivePlace::Entry { offset, name } => (
                name.as_str(),
                format!("byte {offset} of the uncompressed archive"),
            ),
        };
        let hint = match self.kind.code() {
            Code::ArchiveGzip => {
                "if the download was cut off, `opam update` repairs it; else the archive has to be published again"
            }
            Code::ArchiveLimit => "",
            _ => {
                "the archive has to be made again, with `opam admin index` or `tar --format=gnu -czf`"
            }
        };
        Finding::error(self.kind.code(), path, self.kind.to_string())
            .value("at", place)
            .hint(hint)
    }
}

/// The longest name of an entry, with `./` before and `/` after it.
const MAX_NAME: usize = MAX_PATH_LEN + 3;
/// The size of a block, in bytes.
const BLOCK: usize = 512;
const _: () = assert!(MAX_COMPONENT_LEN <= MAX_PATH_LEN);
