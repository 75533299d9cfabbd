//! What is known of a directory from the last time: sizes and digests of its files,
//! each under the times and the inode that it had.
//!
//! As with git's index, a file whose stat is as it was has the content that it had. What
//! was younger than [`RACY`] when it was looked at is kept without a stat, and so looked
//! at again: within one tick of the kernel's clock it could change without a trace.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::Stat;

use crate::core::digest::Digest;
use crate::core::limits::MAX_TREE_DEPTH;
use crate::core::resource::FileDigest;

/// How old a time must be to prove anything: two seconds is the coarsest clock of any
/// file system (FAT).
const RACY: Duration = Duration::from_secs(2);

/// Size, times and inode of a file or directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp([u64; 6]);

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
        ])
    }

    /// Whether it proves something, to a run that started at `start`.
    fn settled(&self, start: u64) -> bool {
        let [_, modified, _, changed, _, _] = self.0;
        modified.max(changed) < start
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
    /// Forgets the stamps that prove nothing.
    pub(super) fn settle(&mut self, start: u64) {
        let keep = |stamp: &mut Option<Stamp>| *stamp = stamp.filter(|s| s.settled(start));
        keep(&mut self.stamp);
        self.files.iter_mut().for_each(|f| keep(&mut f.stamp));
        self.dirs.iter_mut().for_each(|d| d.settle(start));
    }

    /// The bytes to keep. The last four are a checksum against damage; whoever can write
    /// to the user's cache can do worse.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        self.put(&mut out);
        let checksum = crc32fast::hash(&out);
        out.extend_from_slice(&checksum.to_le_bytes());
        out
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_name(out, &self.name);
        put_stamp(out, self.stamp);
        put_number(out, self.files.len());
        put_number(out, self.dirs.len());
        for file in &self.files {
            put_name(out, &file.name);
            put_stamp(out, file.stamp);
            out.extend_from_slice(&file.digest.size.to_le_bytes());
            out.extend_from_slice(file.digest.digest.as_bytes());
            out.push(u8::from(file.about_people));
        }
        for dir in &self.dirs {
            dir.put(out);
        }
    }

    /// Reads what [`KnownDir::encode`] wrote; `None` for anything else.
    pub(super) fn decode(bytes: &[u8]) -> Option<KnownDir> {
        let (body, checksum) = bytes.split_last_chunk()?;
        if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
            return None;
        }
        let mut rest = body.strip_prefix(MAGIC)?;
        let dir = KnownDir::take(&mut rest, 0)?;
        rest.is_empty().then_some(dir)
    }

    fn take(rest: &mut &[u8], depth: usize) -> Option<KnownDir> {
        if depth > MAX_TREE_DEPTH {
            return None;
        }
        let name = take_name(rest)?;
        let stamp = take_stamp(rest)?;
        let files = take_number(rest)?;
        let dirs = take_number(rest)?;
        let mut dir = KnownDir {
            name,
            stamp,
            ..KnownDir::default()
        };
        for _ in 0..files {
            dir.files.push(KnownFile {
                name: take_name(rest)?,
                stamp: take_stamp(rest)?,
                digest: FileDigest {
                    size: take_u64(rest)?,
                    digest: Digest::from_bytes(*take(rest)?),
                },
                about_people: *take::<1>(rest)? == [1],
            });
        }
        for _ in 0..dirs {
            dir.dirs.push(KnownDir::take(rest, depth + 1)?);
        }
        Some(dir)
    }
}

/// What the file starts with; another number for another form.
const MAGIC: &[u8] = b"conex known files 1\n";

fn put_number(out: &mut Vec<u8>, n: usize) {
    out.extend_from_slice(&u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes());
}

fn put_name(out: &mut Vec<u8>, name: &str) {
    // A component of a path has at most 255 bytes.
    put_number(out, name.len());
    out.extend_from_slice(name.as_bytes());
}

fn put_stamp(out: &mut Vec<u8>, stamp: Option<Stamp>) {
    let Stamp(numbers) = stamp.unwrap_or(Stamp([0; 6]));
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

fn take_name(rest: &mut &[u8]) -> Option<Box<str>> {
    let len = take_number(rest)?;
    let (name, left) = rest.split_at_checked(len)?;
    let name = std::str::from_utf8(name).ok()?.into();
    *rest = left;
    Some(name)
}

fn take_stamp(rest: &mut &[u8]) -> Option<Option<Stamp>> {
    let mut numbers = [0; 6];
    for number in &mut numbers {
        *number = take_u64(rest)?;
    }
    Some((numbers != [0; 6]).then_some(Stamp(numbers)))
}
