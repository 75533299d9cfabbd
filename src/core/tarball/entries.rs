//! The entries of an archive, put together to a tree.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ArchiveErrorKind as Kind;
use super::gzip::Gzip;
use super::header::{Header, Type, long_name, pax_path};
use super::{ArchiveError, ArchivePlace, BLOCK};
use crate::core::limits::{
    MAX_ARCHIVE_PADDING, MAX_COMPONENT_LEN, MAX_FILE_SIZE, MAX_PATH_LEN, MAX_TREE_DEPTH,
    MAX_TREE_FILES, MAX_TREE_SIZE,
};
use crate::core::tree::{Bytes, Contents, Tree};

const ZERO: [u8; BLOCK] = [0; BLOCK];
/// The size of a block, in bytes, where sizes of files are.
const BLOCK_SIZE: u64 = 512;

/// Whether an entry named a directory itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// An entry is this directory.
    Entry,
    /// Only entries below it were there.
    Below,
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    files: BTreeMap<String, Bytes>,
    directories: BTreeMap<String, Seen>,
    /// The directory of the last entry: entries come directory by directory.
    last_parent: String,
    entries: usize,
    bytes: u64,
}

/// The name for the next entry, if one came before it.
enum NextName {
    InHeader,
    Gnu(Vec<u8>),
    /// A PAX header was there; it may have had only times.
    Pax(Option<Vec<u8>>),
}

pub(super) fn read(bytes: &[u8], contents: Contents) -> Result<Tree, ArchiveError> {
    let mut gzip = Gzip::new(bytes)?;
    let mut reader = Reader::default();
    let mut next_name = NextName::InHeader;
    loop {
        let offset = gzip.taken();
        let at = |name: String| {
            move |kind| ArchiveError {
                place: ArchivePlace::Entry { offset, name },
                kind,
            }
        };
        let Some(block) = gzip.block()? else {
            return Err(gzip.truncated("the archive"));
        };
        if block == ZERO {
            if !matches!(next_name, NextName::InHeader) {
                return Err(at(String::new())(Kind::NameTwice("the end of the archive")));
            }
            end(&mut gzip)?;
            break;
        }
        let header = Header::read(&block).map_err(at(Header::name_of(&block)))?;
        if matches!(header.kind, Type::LongName | Type::Pax) {
            let place = || at(String::from_utf8_lossy(&header.name).into_owned());
            if !matches!(next_name, NextName::InHeader) {
                return Err(place()(Kind::NameTwice("another one")));
            }
            let content = content(&mut gzip, header.size).map_err(|e| e.or(place()))?;
            next_name = match header.kind {
                Type::LongName => NextName::Gnu(long_name(&content).map_err(place())?),
                _ => NextName::Pax(pax_path(&content).map_err(place())?),
            };
            // So that a stream of nothing but these ends, too.
            reader.count().map_err(place())?;
            continue;
        }
        let name = match std::mem::replace(&mut next_name, NextName::InHeader) {
            NextName::Gnu(name) if !name.starts_with(&header.name) => {
                let shown = String::from_utf8_lossy(&name).into_owned();
                return Err(at(shown)(Kind::ShortName));
            }
            NextName::Gnu(name) | NextName::Pax(Some(name)) => name,
            NextName::Pax(None) | NextName::InHeader => header.name,
        };
        let shown = || at(String::from_utf8_lossy(&name).into_owned());
        reader.count().map_err(shown())?;
        let path = match std::str::from_utf8(&name) {
            Ok(name) => canonical(name, header.kind).map_err(shown())?,
            Err(_) => return Err(shown()(Kind::NotUtf8)),
        };
        let name_size = u64::try_from(path.len()).unwrap_or(u64::MAX);
        reader.reserve(name_size).map_err(shown())?;
        if header.kind == Type::Directory {
            reader.directory(path).map_err(shown())?;
            continue;
        }
        if header.size > MAX_FILE_SIZE {
            return Err(shown()(Kind::TooLarge(header.size)));
        }
        reader.reserve(header.size).map_err(shown())?;
        reader.new_file(path).map_err(shown())?;
        let content = content(&mut gzip, header.size).map_err(|e| e.or(shown()))?;
        reader.files.insert(path.to_owned(), content);
    }
    gzip.finish()?;
    Ok(reader.tree(contents))
}

/// An error while content is read: of gzip, with its place, or of the entry.
enum ContentError {
    Gzip(ArchiveError),
    Entry(Kind),
}

impl ContentError {
    fn or(self, place: impl FnOnce(Kind) -> ArchiveError) -> ArchiveError {
        match self {
            ContentError::Gzip(error) => error,
            ContentError::Entry(kind) => place(kind),
        }
    }
}

impl From<ArchiveError> for ContentError {
    fn from(error: ArchiveError) -> Self {
        ContentError::Gzip(error)
    }
}

/// The content of an entry, and the zeros after it.
fn content(gzip: &mut Gzip<'_>, size: u64) -> Result<Bytes, ContentError> {
    let len = usize::try_from(size).map_err(|_| ContentError::Entry(Kind::TooLarge(size)))?;
    let mut bytes: Bytes = std::iter::repeat_n(0, len).collect();
    // Nobody else has it yet.
    let place = Arc::get_mut(&mut bytes).ok_or(ContentError::Entry(Kind::TooLarge(size)))?;
    if gzip.take(place)? != len {
        return Err(gzip.truncated("a file").into());
    }
    let padding = size.next_multiple_of(BLOCK_SIZE) - size;
    let mut rest = ZERO;
    let rest = usize::try_from(padding)
        .ok()
        .and_then(|n| rest.get_mut(..n))
        .unwrap_or_default();
    if gzip.take(rest)? != rest.len() {
        return Err(gzip.truncated("the padding of a file").into());
    }
    if rest.iter().any(|&b| b != 0) {
        return Err(ContentError::Entry(Kind::EntryPadding));
    }
    Ok(bytes)
}

/// What follows the first zero block: another one, and zeros to the end.
fn end(gzip: &mut Gzip<'_>) -> Result<(), ArchiveError> {
    let start = gzip.taken();
    let fail = |offset, kind| {
        Err(ArchiveError {
            place: ArchivePlace::Entry {
                offset,
                name: String::new(),
            },
            kind,
        })
    };
    match gzip.block()? {
        Some(ZERO) => {}
        Some(_) => return fail(start, Kind::OneZeroBlock),
        None => return Err(gzip.truncated("the end of the archive")),
    }
    loop {
        let offset = gzip.taken();
        match gzip.block()? {
            None => return Ok(()),
            Some(ZERO) if offset - start > MAX_ARCHIVE_PADDING => {
                return fail(offset, Kind::Padding);
            }
            Some(ZERO) => {}
            Some(_) => return fail(offset, Kind::AfterEnd),
        }
    }
}

/// The one form of a name that all readers take alike: without one `./` before it,
/// and for a directory without one `/` after it. Empty for the top itself.
fn canonical(name: &str, kind: Type) -> Result<&str, Kind> {
    let path = name.strip_prefix("./").unwrap_or(name);
    if path.starts_with('/') {
        return Err(Kind::NotCanonical("it is absolute"));
    }
    let path = match kind {
        Type::Directory if path.is_empty() || name == "." => return Ok(""),
        Type::Directory => path.strip_suffix('/').unwrap_or(path),
        _ => path,
    };
    if path.len() > MAX_PATH_LEN {
        return Err(Kind::NameTooLong {
            found: path.len(),
            most: MAX_PATH_LEN,
        });
    }
    let mut depth = 0;
    for component in path.split('/') {
        match component {
            "" => return Err(Kind::NotCanonical("it has an empty component")),
            "." => return Err(Kind::NotCanonical("it has a component `.`")),
            ".." => return Err(Kind::NotCanonical("it has a component `..`")),
            _ => {}
        }
        if component.contains('\0') {
            return Err(Kind::NotCanonical("it has a NUL"));
        }
        if component.len() > MAX_COMPONENT_LEN {
            return Err(Kind::NameTooLong {
                found: component.len(),
                most: MAX_COMPONENT_LEN,
            });
        }
        depth += 1;
    }
    // A file stands one below its directory.
    if depth > MAX_TREE_DEPTH + usize::from(kind == Type::File) {
        return Err(Kind::TooDeep);
    }
    Ok(path)
}

impl Reader {
    fn count(&mut self) -> Result<(), Kind> {
        self.entries += 1;
        if self.entries > MAX_TREE_FILES {
            Err(Kind::TooMany)
        } else {
            Ok(())
        }
    }

    fn reserve(&mut self, size: u64) -> Result<(), Kind> {
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > MAX_TREE_SIZE {
            Err(Kind::TooMuch)
        } else {
            Ok(())
        }
    }

    fn directory(&mut self, path: &str) -> Result<(), Kind> {
        if self.files.contains_key(path) {
            return Err(Kind::FileAndDirectory(path.to_owned()));
        }
        self.parents(path)?;
        match self.directories.insert(path.to_owned(), Seen::Entry) {
            Some(Seen::Entry) => Err(Kind::Duplicate),
            Some(Seen::Below) | None => Ok(()),
        }
    }

    fn new_file(&mut self, path: &str) -> Result<(), Kind> {
        if self.files.contains_key(path) {
            return Err(Kind::Duplicate);
        }
        if self.directories.contains_key(path) {
            return Err(Kind::FileAndDirectory(path.to_owned()));
        }
        self.parents(path)
    }

    /// Notes the directories above `path`; none may be a file.
    fn parents(&mut self, path: &str) -> Result<(), Kind> {
        let mut below = path;
        while let Some((parent, _)) = below.rsplit_once('/') {
            if parent == self.last_parent || self.directories.contains_key(parent) {
                break;
            }
            if self.files.contains_key(parent) {
                return Err(Kind::FileAndDirectory(parent.to_owned()));
            }
            // It takes as much memory as one that has an entry.
            self.count()?;
            self.directories.insert(parent.to_owned(), Seen::Below);
            below = parent;
        }
        if let Some((parent, _)) = path.rsplit_once('/')
            && parent != self.last_parent
        {
            self.last_parent.clear();
            self.last_parent.push_str(parent);
        }
        Ok(())
    }

    fn tree(self, contents: Contents) -> Tree {
        let mut tree = Tree {
            files: self.files,
            ..Tree::default()
        };
        tree.others = self
            .directories
            .into_keys()
            .filter(|path| !path.is_empty() && !path.contains('/') && path != "packages")
            .map(|path| format!("{path}/"))
            .filter(|path| tree.below(path).next().is_none())
            .collect();
        tree.others.sort_unstable();
        match contents {
            Contents::All => tree,
            Contents::Judged => tree.into_judged(),
        }
    }
}
