//! What is known of a directory from the last time: sizes and digests of its files,
//! each under the times and the inode that it had.
//!
//! As with git's index, a file whose stat is as it was has the content that it had. What
//! was younger than [`RACY`] when it was looked at is kept without a stat, and so looked
//! at again: within one tick of the kernel's clock it could change without a trace. (So
//! can what a program keeps mapped into its memory and writes to: `snapshot --full` reads.)
//!
//! All of it lies in one row of bytes, written and read as they are: of opam-repository
//! that is 8 MB, and to take it apart into 70,000 small things would take longer than to
//! ask the kernel about all of them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use flate2::Crc;
use rustix::fs::Stat;

use conex_verify::format::digest::Digest;
use conex_verify::format::resource::FileDigest;
use conex_verify::limits::MAX_TREE_DEPTH;

/// How old a time must be to prove anything: two seconds is the coarsest clock of any
/// file system (FAT).
const RACY: Duration = Duration::from_secs(2);

/// Size, times, inode and device of a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp([u64; 7]);

impl Stamp {
    #[allow(clippy::unnecessary_cast)]
    pub(super) fn of(stat: &Stat) -> Stamp {
        // Types differ from system to system; all that matters is that equal is equal.
        Stamp([
            stat.st_size as u64,
            stat.st_mtime as u64,
            stat.st_mtime_nsec as u64,
            stat.st_ctime as u64,
            stat.st_ctime_nsec as u64,
            stat.st_ino as u64,
            stat.st_dev as u64,
        ])
    }

    /// The stamp, if it proves something to a run that started at `start`.
    fn settled(self, start: u64) -> Option<Stamp> {
        let [_, modified, _, changed, ..] = self.0;
        (modified.max(changed) < start).then_some(self)
    }
}

/// The second before which times prove something, for a run that starts now.
pub(super) fn settled_before() -> u64 {
    let now = SystemTime::now().checked_sub(RACY);
    now.and_then(|t| t.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |d| d.as_secs())
}

/// A file.
#[derive(Debug, Clone)]
pub(super) struct KnownFile {
    pub(super) name: Box<str>,
    pub(super) stamp: Option<Stamp>,
    pub(super) digest: FileDigest,
    /// A segment in which an author, a team or the top-level files are vouched for.
    pub(super) about_people: bool,
}

/// A directory, with what is in it sorted by name.
#[derive(Debug, Clone, Default)]
pub(super) struct KnownDir {
    pub(super) name: Box<str>,
    pub(super) stamp: Option<Stamp>,
    pub(super) files: Vec<KnownFile>,
    pub(super) dirs: Vec<KnownDir>,
}

impl KnownDir {
    /// Writes the directory, with the stamps that prove something to a run that
    /// started at `start`.
    pub(super) fn put(&self, out: &mut Vec<u8>, start: u64) {
        put_name(out, &self.name);
        put_stamp(out, self.stamp.and_then(|s| s.settled(start)));
        put_number(out, self.files.len());
        put_number(out, self.dirs.len());
        for file in &self.files {
            put_name(out, &file.name);
            put_stamp(out, file.stamp.and_then(|s| s.settled(start)));
            out.extend_from_slice(&file.digest.size.to_le_bytes());
            out.extend_from_slice(file.digest.digest.as_bytes());
            out.push(u8::from(file.about_people));
        }
        for dir in &self.dirs {
            dir.put(out, start);
        }
    }

    /// Reads what [`KnownDir::put`] wrote; `None` for anything else.
    pub(super) fn read(mut bytes: &[u8]) -> Option<KnownDir> {
        let dir = KnownDir::take(&mut bytes, 0)?;
        bytes.is_empty().then_some(dir)
    }

    fn take(rest: &mut &[u8], depth: usize) -> Option<KnownDir> {
        let head = DirHead::take(rest, depth)?;
        let mut dir = KnownDir {
            name: head.name.into(),
            stamp: head.stamp,
            ..KnownDir::default()
        };
        for _ in 0..head.files {
            dir.files.push(KnownFile {
                name: take_name(rest)?.into(),
                stamp: take_stamp(rest)?,
                digest: FileDigest {
                    size: take_u64(rest)?,
                    digest: Digest::from_bytes(*take(rest)?),
                },
                about_people: *take::<1>(rest)? == [1],
            });
        }
        for _ in 0..head.dirs {
            dir.dirs.push(KnownDir::take(rest, depth + 1)?);
        }
        Some(dir)
    }
}

/// Whether everything in a directory that [`KnownDir::put`] wrote is as it was: `stat`
/// gives the stamp that a path has now. `path` is the one of the directory.
pub(super) fn stands(
    mut bytes: &[u8],
    mut path: String,
    stat: &impl Fn(&str) -> Option<Stamp>,
) -> bool {
    dir_stands(&mut bytes, &mut path, 0, stat).is_some() && bytes.is_empty()
}

fn dir_stands(
    rest: &mut &[u8],
    path: &mut String,
    depth: usize,
    stat: &impl Fn(&str) -> Option<Stamp>,
) -> Option<()> {
    let head = DirHead::take(rest, depth)?;
    (stat(path)? == head.stamp?).then_some(())?;
    path.push('/');
    let end = path.len();
    for _ in 0..head.files {
        path.truncate(end);
        path.push_str(take_name(rest)?);
        let stamp = take_stamp(rest)?;
        take::<41>(rest)?;
        (stat(path)? == stamp?).then_some(())?;
    }
    for _ in 0..head.dirs {
        path.truncate(end);
        path.push_str(DirHead::take(&mut &**rest, depth)?.name);
        dir_stands(rest, path, depth + 1, stat)?;
    }
    Some(())
}

/// What stands before the files of a directory.
struct DirHead<'a> {
    name: &'a str,
    stamp: Option<Stamp>,
    files: usize,
    dirs: usize,
}

impl<'a> DirHead<'a> {
    fn take(rest: &mut &'a [u8], depth: usize) -> Option<DirHead<'a>> {
        (depth <= MAX_TREE_DEPTH).then_some(())?;
        Some(DirHead {
            name: take_name(rest)?,
            stamp: take_stamp(rest)?,
            files: take_number(rest)?,
            dirs: take_number(rest)?,
        })
    }
}

/// What is kept of the whole of `packages/`.
#[derive(Debug, Default)]
pub(super) struct KnownTree {
    bytes: Vec<u8>,
    parts: Vec<KnownPart>,
}

/// A directory in `packages/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownPart {
    pub(super) name: Box<str>,
    /// The digest of the directory, as a snapshot has it.
    pub(super) digest: Option<Digest>,
    /// How many files it has.
    pub(super) files: usize,
    /// Where its [`KnownDir`] is in the bytes.
    at: std::ops::Range<usize>,
}

/// What the file starts with; another number for another form.
const MAGIC: &[u8] = b"conex known files 4\n";

impl KnownTree {
    /// The directories, by name.
    pub(super) fn parts(&self) -> &[KnownPart] {
        &self.parts
    }

    /// The directory of this name, and its number.
    pub(super) fn part(&self, name: &str) -> Option<(usize, &KnownPart)> {
        let at = self.parts.binary_search_by(|p| (*p.name).cmp(name)).ok()?;
        Some((at, self.parts.get(at)?))
    }

    /// A directory, as [`KnownDir::put`] wrote it.
    pub(super) fn bytes(&self, part: &KnownPart) -> &[u8] {
        self.bytes.get(part.at.clone()).unwrap_or_default()
    }

    /// Reads what [`TreeWriter`] wrote; nothing is known from anything else.
    pub(super) fn read(bytes: Vec<u8>) -> KnownTree {
        KnownTree::parts_in(&bytes)
            .map(|parts| KnownTree { bytes, parts })
            .unwrap_or_default()
    }

    fn parts_in(bytes: &[u8]) -> Option<Vec<KnownPart>> {
        // Against damage; whoever can write to the user's cache can do worse.
        let (body, checksum) = bytes.split_last_chunk()?;
        (checksum_of(body) == u32::from_le_bytes(*checksum)).then_some(())?;
        let mut rest = body.strip_prefix(MAGIC)?;
        let mut parts = Vec::new();
        while !rest.is_empty() {
            let name = take_name(&mut rest)?.into();
            let digest = *take::<32>(&mut rest)?;
            let files = take_number(&mut rest)?;
            let len = take_number(&mut rest)?;
            let start = body.len() - rest.len();
            rest = rest.get(len..)?;
            parts.push(KnownPart {
                name,
                digest: (digest != [0; 32]).then(|| Digest::from_bytes(digest)),
                files,
                at: start..start + len,
            });
        }
        parts.is_sorted_by(|a, b| a.name < b.name).then_some(())?;
        Some(parts)
    }
}

/// Writes what [`KnownTree::read`] reads.
#[derive(Debug)]
pub(super) struct TreeWriter {
    out: Vec<u8>,
    start: u64,
}

impl TreeWriter {
    /// Starts, for a run that started at `start`.
    pub(super) fn new(start: u64) -> TreeWriter {
        let out = MAGIC.to_vec();
        TreeWriter { out, start }
    }

    /// A directory that is as it was; they come sorted by name.
    pub(super) fn same(&mut self, tree: &KnownTree, part: &KnownPart) {
        self.head(&part.name, part.digest, part.files);
        let bytes = tree.bytes(part);
        put_number(&mut self.out, bytes.len());
        self.out.extend_from_slice(bytes);
    }

    /// A directory that was read.
    pub(super) fn now(&mut self, dir: &KnownDir, digest: Option<Digest>, files: usize) {
        self.head(&dir.name, digest, files);
        let before = self.out.len();
        put_number(&mut self.out, 0);
        let start = self.out.len();
        dir.put(&mut self.out, self.start);
        let len = u32::try_from(self.out.len() - start).unwrap_or(u32::MAX);
        self.out[before..start].copy_from_slice(&len.to_le_bytes());
    }

    fn head(&mut self, name: &str, digest: Option<Digest>, files: usize) {
        put_name(&mut self.out, name);
        let digest = digest.map_or([0; 32], |d| *d.as_bytes());
        self.out.extend_from_slice(&digest);
        put_number(&mut self.out, files);
    }

    /// The bytes to keep.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let checksum = checksum_of(&self.out);
        self.out.extend_from_slice(&checksum.to_le_bytes());
        self.out
    }
}

fn put_number(out: &mut Vec<u8>, n: usize) {
    // Names of 255 bytes, and less than a GB of them: a tree has 400,000 files at most.
    // What would not fit is not read again, as its length is wrong.
    out.extend_from_slice(&u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes());
}

fn put_name(out: &mut Vec<u8>, name: &str) {
    put_number(out, name.len());
    out.extend_from_slice(name.as_bytes());
}

fn put_stamp(out: &mut Vec<u8>, stamp: Option<Stamp>) {
    let Stamp(numbers) = stamp.unwrap_or(Stamp([0; 7]));
    numbers
        .iter()
        .for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
}

fn take<'a, const N: usize>(rest: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, left) = rest.split_first_chunk()?;
    *rest = left;
    Some(taken)
}

fn take_u64(rest: &mut &[u8]) -> Option<u64> {
    take(rest).map(|bytes| u64::from_le_bytes(*bytes))
}

fn take_number(rest: &mut &[u8]) -> Option<usize> {
    usize::try_from(u32::from_le_bytes(*take(rest)?)).ok()
}

fn take_name<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let len = take_number(rest)?;
    let (name, left) = rest.split_at_checked(len)?;
    *rest = left;
    std::str::from_utf8(name).ok()
}

fn take_stamp(rest: &mut &[u8]) -> Option<Option<Stamp>> {
    let mut numbers = [0; 7];
    for number in &mut numbers {
        *number = take_u64(rest)?;
    }
    Some((numbers != [0; 7]).then_some(Stamp(numbers)))
}

fn checksum_of(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}
