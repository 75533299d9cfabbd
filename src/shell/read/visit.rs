//! What is in a directory now, given what was known of it: only what changed is read.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, OFlags, Stat};

use super::file::{self, Trouble};
use super::known::{KnownDir, KnownFile, Stamp};
use super::list::list;
use super::walk::special;
use crate::shell::fault::Fault;
use conex_verify::finding::{Finding, bad_path};
use conex_verify::format::digest::Digest;
use conex_verify::format::path::Place;
use conex_verify::format::resource::{Decode as _, FileDigest, SignedSegment};
use conex_verify::limits::{MAX_TREE_DEPTH, MAX_TREE_FILES};
use conex_verify::tree::{Bytes, Defect, DefectKind};

#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) read: usize,
    pub(super) findings: Vec<Finding>,
    /// Where the machine failed.
    pub(super) fault: Option<Fault>,
}

impl Part {
    pub(super) fn trouble(&mut self, path: String, trouble: Trouble) {
        match trouble {
            Trouble::Defect(kind) => self.defect(path, kind),
            Trouble::Fault(errno) => {
                self.fault = Some(Fault {
                    path: path.into(),
                    source: errno.into(),
                });
            }
        }
    }

    pub(super) fn defect(&mut self, path: String, kind: DefectKind) {
        self.findings.push(Defect { path, kind }.finding());
    }

    pub(super) fn append(&mut self, mut other: Part) {
        self.read += other.read;
        self.findings.append(&mut other.findings);
        self.fault = self.fault.take().or(other.fault);
    }
}

/// A directory by its path, which is relative to `root`.
pub(super) struct Dir<'a> {
    pub(super) root: BorrowedFd<'a>,
    pub(super) path: String,
    pub(super) depth: usize,
}

pub(super) fn stat(root: BorrowedFd<'_>, path: &str) -> Result<Stat, Trouble> {
    rustix::fs::statat(root, path, AtFlags::SYMLINK_NOFOLLOW).map_err(file::unreadable)
}

pub(super) fn each_file(dir: &KnownDir, path: &str, act: &mut impl FnMut(&str, &KnownFile)) {
    let mut name = path.to_owned();
    for file in &dir.files {
        name.truncate(path.len());
        name.push_str(&file.name);
        act(&name, file);
    }
    for sub in &dir.dirs {
        each_file(sub, &format!("{path}{}/", sub.name), act);
    }
}

/// The stamp of a directory; nothing, and a finding, of anything else.
pub(super) fn stamp_of(dir: &Dir<'_>, part: &mut Part) -> Option<Stamp> {
    let trouble = match stat(dir.root, &dir.path) {
        Ok(found) => match FileType::from_raw_mode(found.st_mode) {
            FileType::Directory => return Some(Stamp::of(&found)),
            // A file, where a directory was listed a moment ago.
            FileType::RegularFile => DefectKind::Changed.into(),
            kind => special(kind).into(),
        },
        Err(trouble) => trouble,
    };
    part.trouble(dir.path.clone(), trouble);
    None
}

/// What is in a directory now.
pub(super) fn visit(dir: &Dir<'_>, known: Option<KnownDir>, part: &mut Part) -> KnownDir {
    let name = dir.path.rsplit('/').next().unwrap_or_default();
    let mut now = KnownDir {
        name: name.into(),
        stamp: stamp_of(dir, part),
        ..KnownDir::default()
    };
    if now.stamp.is_none() {
        return now;
    }
    let known = known.unwrap_or_default();
    // The names in a directory are what they were if its times are.
    if known.stamp == now.stamp {
        for file in known.files {
            let path = format!("{}/{}", dir.path, file.name);
            now.files.extend(file_now(dir, &path, Some(file), part));
        }
        let subs = known.dirs.into_iter().map(|d| (d.name.clone(), Some(d)));
        now.dirs = descend(dir, subs, part);
    } else {
        let mut dirs = known.dirs.into_iter().peekable();
        let names = relist(dir, known.files, &mut now, part);
        // Both lists are sorted by the bytes of the names.
        let subs = names.into_iter().map(|name| {
            while dirs.next_if(|d| d.name < name).is_some() {}
            let before = dirs.next_if(|d| d.name == name);
            (name, before)
        });
        now.dirs = descend(dir, subs, part);
    }
    now
}

/// Reads the names in a directory, and what its files are now; gives the directories.
pub(super) fn relist(
    dir: &Dir<'_>,
    known: Vec<KnownFile>,
    now: &mut KnownDir,
    part: &mut Part,
) -> Vec<Box<str>> {
    let listed = open(dir.root, &dir.path).and_then(|fd| {
        let before = rustix::fs::fstat(&fd).map_err(file::unreadable)?;
        file::check_mode(&before, 0o700, 0)?;
        let entries = list(fd.as_fd(), MAX_TREE_FILES).map_err(file::unreadable)?;
        file::unchanged(fd.as_fd(), &before)?;
        now.stamp = Some(Stamp::of(&before));
        Ok(entries)
    });
    let entries = match listed {
        Ok(entries) => entries,
        Err(trouble) => {
            part.trouble(dir.path.clone(), trouble);
            return Vec::new();
        }
    };
    let mut names = Vec::new();
    let mut files = known.into_iter().peekable();
    for entry in entries {
        let Ok(name) = entry.name.to_str() else {
            let name = entry.name.to_string_lossy();
            part.defect(format!("{}/{name}", dir.path), DefectKind::NotUtf8);
            continue;
        };
        let path = format!("{}/{name}", dir.path);
        match entry.kind {
            FileType::Directory => names.push(name.into()),
            FileType::RegularFile => {
                while files.next_if(|f| *f.name < *name).is_some() {}
                let before = files.next_if(|f| *f.name == *name);
                match Place::of(&path) {
                    Ok(_) => now.files.extend(file_now(dir, &path, before, part)),
                    Err(error) => part.findings.push(bad_path(&path, &error)),
                }
            }
            kind => part.defect(path, special(kind)),
        }
    }
    names
}

fn descend(
    dir: &Dir<'_>,
    subs: impl Iterator<Item = (Box<str>, Option<KnownDir>)>,
    part: &mut Part,
) -> Vec<KnownDir> {
    let depth = dir.depth + 1;
    let root = dir.root;
    subs.filter_map(|(name, known)| {
        let path = format!("{}/{name}", dir.path);
        if depth > MAX_TREE_DEPTH {
            part.defect(path, DefectKind::TooDeep);
            return None;
        }
        Some(visit(&Dir { root, path, depth }, known, part))
    })
    .collect()
}

/// What a file is now: as it was if its times, size and inode are.
fn file_now(
    dir: &Dir<'_>,
    path: &str,
    known: Option<KnownFile>,
    part: &mut Part,
) -> Option<KnownFile> {
    let stamp = match stat(dir.root, path) {
        Ok(found) => Stamp::of(&found),
        Err(trouble) => {
            part.trouble(path.to_owned(), trouble);
            return None;
        }
    };
    if let Some(file) = known
        && file.stamp == Some(stamp)
    {
        return Some(file);
    }
    part.read += 1;
    let name = CString::new(path).ok()?;
    match file::read(dir.root, &name, file::Permissions::Plain, |_| true) {
        Ok(bytes) => {
            let bytes = bytes.unwrap_or_default();
            Some(KnownFile {
                name: path.rsplit('/').next().unwrap_or_default().into(),
                // Of before it was read: if it was replaced since, this fits no more.
                stamp: Some(stamp),
                digest: FileDigest {
                    size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
                    digest: Digest::of(&bytes),
                },
                about_people: about_people(path, &bytes),
            })
        }
        Err(trouble) => {
            part.trouble(path.to_owned(), trouble);
            None
        }
    }
}

/// Whether a file is a segment in which something is vouched for that belongs to no package,
/// or one that cannot be read, which is told where all segments are.
fn about_people(path: &str, bytes: &Bytes) -> bool {
    path.starts_with("packages/.conex/index/")
        && SignedSegment::decode(bytes).map_or(true, |segment| {
            let mut entries = segment.segment.entries.iter();
            entries.any(|e| e.resource.package().is_none())
        })
}

fn open(root: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, Trouble> {
    let name = CString::new(path).map_err(|_| DefectKind::Changed)?;
    let name: &CStr = &name;
    file::open(root, name, OFlags::DIRECTORY)
}
