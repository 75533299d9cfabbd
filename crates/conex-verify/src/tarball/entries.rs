//! The entries of an archive, put together to a tree.

use std::collections::{BTreeMap, HashSet};

use super::ArchiveErrorKind as Kind;
use super::gzip::Gzip;
use super::header::{Header, Type, long_name, pax_comment, pax_path};
use super::{ArchiveError, ArchivePlace, BLOCK};
use crate::limits::{
    MAX_ARCHIVE_PADDING, MAX_COMPONENT_LEN, MAX_FILE_SIZE, MAX_PACKAGES, MAX_PATH_LEN,
    MAX_TREE_DEPTH, MAX_TREE_FILES, MAX_TREE_SIZE,
};
use crate::tree::{Bytes, Contents, Tree, package_name};

const ZERO: [u8; BLOCK] = [0; BLOCK];
/// The size of a block, in bytes, where sizes of files are.
const BLOCK_SIZE: u64 = 512;

/// What a name is.
enum Node {
    File(Bytes),
    /// A directory that an entry names.
    Directory,
    /// A directory that only the names of entries below it imply.
    Implied,
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    nodes: BTreeMap<String, Node>,
    /// The names of packages.
    packages: HashSet<Box<str>>,
    /// The directory of the last entry: entries come directory by directory.
    last_parent: String,
    entries: usize,
    bytes: u64,
}

/// The name for the next entry, if one came before it.
enum NextName {
    InHeader,
    Gnu(Vec<u8>),
    /// A PAX header was there; it may have had only times and owners.
    Pax(Option<Vec<u8>>),
}

pub(super) fn read(bytes: &[u8], contents: Contents) -> Result<Tree, ArchiveError> {
    let mut gzip = Gzip::new(bytes)?;
    let mut reader = Reader::default();
    let mut next_name = NextName::InHeader;
    loop {
        let offset = gzip.taken();
        // Called only when something is wrong.
        let fail = |name: &[u8], kind| ArchiveError {
            place: ArchivePlace::Entry {
                offset,
                name: String::from_utf8_lossy(name).into_owned(),
            },
            kind,
        };
        let Some(block) = gzip.block()? else {
            return Err(gzip.truncated("the archive"));
        };
        if block == ZERO {
            if !matches!(next_name, NextName::InHeader) {
                return Err(fail(b"", Kind::NameTwice("the end of the archive")));
            }
            end(&mut gzip)?;
            break;
        }
        let header = Header::read(&block).map_err(|kind| fail(Header::name_of(&block), kind))?;
        // Also long names count, so that a stream of nothing but these ends.
        reader.count().map_err(|kind| fail(&header.name, kind))?;
        if header.kind == Type::Global {
            let fail = |kind| fail(&header.name, kind);
            if offset != 0 {
                return Err(fail(Kind::PaxGlobal));
            }
            let content = content(&mut gzip, header.size).map_err(|e| e.or(fail))?;
            pax_comment(&content).map_err(fail)?;
            continue;
        }
        if matches!(header.kind, Type::LongName | Type::Pax) {
            let fail = |kind| fail(&header.name, kind);
            if !matches!(next_name, NextName::InHeader) {
                return Err(fail(Kind::NameTwice("another one")));
            }
            let content = content(&mut gzip, header.size).map_err(|e| e.or(fail))?;
            next_name = match header.kind {
                Type::LongName => NextName::Gnu(long_name(&content).map_err(fail)?),
                _ => NextName::Pax(pax_path(&content).map_err(fail)?),
            };
            continue;
        }
        let name = match std::mem::replace(&mut next_name, NextName::InHeader) {
            NextName::Gnu(name) | NextName::Pax(Some(name)) => {
                // Who does not know the long name goes by the header.
                if !name.starts_with(&header.name) {
                    return Err(fail(&name, Kind::ShortName));
                }
                name
            }
            NextName::Pax(None) | NextName::InHeader => header.name,
        };
        let fail = |kind| fail(&name, kind);
        let path = match std::str::from_utf8(&name) {
            Ok(name) => canonical(name, header.kind).map_err(fail)?,
            Err(_) => return Err(fail(Kind::NotUtf8)),
        };
        let name_size = u64::try_from(path.len()).unwrap_or(u64::MAX);
        reader.reserve(name_size).map_err(fail)?;
        if header.kind == Type::Directory {
            reader.directory(path).map_err(fail)?;
            continue;
        }
        if header.size > MAX_FILE_SIZE {
            return Err(fail(Kind::TooLarge(header.size)));
        }
        reader.reserve(header.size).map_err(fail)?;
        reader.package(path).map_err(fail)?;
        let content = content(&mut gzip, header.size).map_err(|e| e.or(fail))?;
        reader.file(path, content).map_err(fail)?;
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
    // A header of a few bytes can claim any size.
    gzip.expect(size)?;
    let mut bytes = vec![0; len];
    if gzip.take(&mut bytes)? != len {
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
    Ok(bytes.into())
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
        // On Windows it separates components: `..\x` is not below the directory.
        if component.contains('\\') {
            return Err(Kind::NotCanonical("it has a backslash"));
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
        self.parents(path)?;
        match self.nodes.insert(path.to_owned(), Node::Directory) {
            Some(Node::File(_)) => Err(Kind::FileAndDirectory(path.to_owned())),
            Some(Node::Directory) => Err(Kind::Duplicate),
            Some(Node::Implied) | None => Ok(()),
        }
    }

    /// Counts the package of a file, before its content is read.
    fn package(&mut self, path: &str) -> Result<(), Kind> {
        if let Some(name) = package_name(path)
            && !self.packages.contains(name)
        {
            self.packages.insert(name.into());
            if self.packages.len() > MAX_PACKAGES {
                return Err(Kind::TooManyPackages);
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &str, content: Bytes) -> Result<(), Kind> {
        self.parents(path)?;
        match self.nodes.insert(path.to_owned(), Node::File(content)) {
            Some(Node::File(_)) => Err(Kind::Duplicate),
            Some(Node::Directory | Node::Implied) => Err(Kind::FileAndDirectory(path.to_owned())),
            None => Ok(()),
        }
    }

    /// Notes the directories above `path`; none may be a file.
    fn parents(&mut self, path: &str) -> Result<(), Kind> {
        let mut below = path;
        while let Some((parent, _)) = below.rsplit_once('/') {
            if parent == self.last_parent {
                break;
            }
            match self.nodes.get(parent) {
                Some(Node::File(_)) => return Err(Kind::FileAndDirectory(parent.to_owned())),
                Some(Node::Directory | Node::Implied) => break,
                None => {
                    // Sixteen of them can come with each file.
                    self.count()?;
                    self.reserve(u64::try_from(parent.len()).unwrap_or(u64::MAX))?;
                    self.nodes.insert(parent.to_owned(), Node::Implied);
                }
            }
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
        let mut tree = Tree::default();
        let mut directories: Vec<String> = Vec::new();
        let mut files = Vec::new();
        for (path, node) in self.nodes {
            match node {
                Node::File(bytes) => files.push((path, bytes)),
                Node::Directory | Node::Implied if path.is_empty() => {}
                Node::Directory | Node::Implied => directories.push(path),
            }
        }
        tree.files = files.into_iter().collect();
        let mut tree = tree.with_directories(directories);
        let top = |path: &&String| !path.contains('/') && *path != "packages";
        tree.others = tree
            .empty
            .iter()
            .filter(top)
            .map(|p| format!("{p}/"))
            .collect();
        match contents {
            Contents::All => tree,
            Contents::Judged => tree.into_judged(),
        }
    }
}
