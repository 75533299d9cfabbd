//! The state of a directory, without reading what did not change since the last time.

use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustix::fs::{CWD, Mode, OFlags};

use super::file::Trouble;
use super::known::{KnownDir, KnownFile, KnownTree, Stamp, TreeWriter, settled_before, stands};
use super::visit::{Dir, Part, each_file, relist, stamp_of, stat, visit};
use super::{ReadError, file, open_root};
use crate::shell::write::{Access, Durability, Made, WriteOptions, write};
use conex_verify::finding::Finding;
use conex_verify::format::digest::Digest;
use conex_verify::format::path::{CONEX, PACKAGES};
use conex_verify::format::state::{Lines, State, StateBuilder};
use conex_verify::limits::MAX_TREE_FILES;
use conex_verify::tree::{Bytes, DefectKind, Tree};

/// What was found in a directory.
#[derive(Debug)]
pub struct Scan {
    /// Its state.
    pub state: State,
    /// How many files there are.
    pub files: usize,
    /// How many of them were read; the others are as they were.
    pub read: usize,
    /// What cannot be part of a repository.
    pub findings: Vec<Finding>,
    /// What a [`Cache`] keeps.
    pub known: Known,
}

/// What is known of a directory after looking at it.
#[derive(Debug)]
pub struct Known {
    before: KnownTree,
    parts: Vec<Seen>,
    start: u64,
}

/// What a directory in `packages/` is now.
#[derive(Debug)]
enum Seen {
    /// As it was: the one of this number of those that were known.
    Same(usize),
    /// Another, or looked at again.
    Now {
        dir: KnownDir,
        digest: Option<Digest>,
        files: usize,
    },
}

/// The metadata of a repository, looked at; its packages come next.
#[derive(Debug)]
pub struct Look {
    root: OwnedFd,
    before: KnownTree,
    /// The directories in `packages/`.
    names: Vec<Box<str>>,
    builder: StateBuilder,
    repo: Option<Bytes>,
    metadata: Option<Seen>,
    part: Part,
    start: u64,
}

/// Looks at the metadata in the directory `root`, of which `cache` holds what was known
/// the last time. Gives the janitors, the ids and what is said about them, the snapshot,
/// and the file `repo`: all that it takes to say who may sign a snapshot.
///
/// # Errors
/// `root` cannot be opened as a directory.
pub fn look(root: &Path, cache: Option<&Cache>) -> Result<(Tree, Look), ReadError> {
    let start = settled_before();
    let root = open_root(root)?;
    let before = cache.map(Cache::load).unwrap_or_default();
    let mut walk = Part::default();
    let packages = packages(root.as_fd());
    let (strays, mut names) = top(&packages, &mut walk);
    let mut people = Tree::default();
    let repo = match file::read(root.as_fd(), c"repo", file::Permissions::Plain, |_| true) {
        Ok(bytes) => bytes,
        // A missing one has its finding when the tree is verified.
        Err(Trouble::Defect(DefectKind::Changed)) => None,
        Err(trouble) => {
            walk.trouble("repo".to_owned(), trouble);
            None
        }
    };
    if let Some(bytes) = &repo {
        people.files.insert("repo".to_owned(), bytes.clone());
    }
    let mut builder = StateBuilder::default();
    for file in &strays {
        let path = format!("{PACKAGES}{}", file.name);
        builder.add(&path, file.digest.size, &file.digest.digest);
    }
    let metadata = names
        .iter()
        .position(|name| **name == *CONEX_NAME)
        .map(|at| {
            let (seen, found) = part(&packages, &names.remove(at), &before);
            walk.append(found);
            if let Seen::Now { dir, .. } = &seen {
                read_metadata(root.as_fd(), dir, &mut builder, &mut people, &mut walk);
            }
            seen
        });
    let look = Look {
        root,
        before,
        names,
        builder,
        repo,
        metadata,
        part: walk,
        start,
    };
    Ok((people, look))
}

fn packages(root: BorrowedFd<'_>) -> Dir<'_> {
    Dir {
        root,
        path: PACKAGES.trim_end_matches('/').to_owned(),
        depth: 0,
    }
}

impl Look {
    /// Looks at the packages.
    ///
    /// # Errors
    /// The machine failed, at the metadata or at the packages.
    pub fn packages(self) -> Result<Scan, ReadError> {
        let dir = packages(self.root.as_fd());
        let parts: Vec<(Seen, Part)> = self
            .names
            .par_iter()
            .with_min_len(WORTH_SHARING)
            .map(|name| part(&dir, name, &self.before))
            .collect();
        let mut walk = self.part;
        let mut builder = self.builder;
        let mut files = 0;
        let mut seen = Vec::with_capacity(parts.len() + 1);
        let metadata = self.metadata.map(|now| (now, Part::default()));
        // `.` stands before all that a package is called, so they stay sorted; what is
        // not sorted would not be used the next time.
        for (now, found) in metadata.into_iter().chain(parts) {
            walk.append(found);
            let (name, digest, count) = match &now {
                Seen::Same(at) => match self.before.parts().get(*at) {
                    Some(known) => (&known.name, known.digest, known.files),
                    None => continue,
                },
                Seen::Now { dir, digest, files } => (&dir.name, *digest, *files),
            };
            files += count;
            // The metadata are other parts of the state, and stand there already.
            if let Some(digest) = digest.filter(|_| **name != *CONEX_NAME) {
                builder.add_package(name.clone(), digest);
            }
            seen.push(now);
        }
        if let Some(fault) = walk.fault.take() {
            return Err(fault.into());
        }
        if files > MAX_TREE_FILES {
            walk.defect(String::new(), DefectKind::TooMany);
        }
        let mut findings = walk.findings;
        findings.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Scan {
            state: builder.finish(self.repo.as_deref()),
            files,
            read: walk.read,
            findings,
            known: Known {
                before: self.before,
                parts: seen,
                start: self.start,
            },
        })
    }
}

/// The directory of the metadata, which is always looked at file by file.
const CONEX_NAME: &str = ".conex";

/// Takes in the metadata, and reads what says who may sign.
fn read_metadata(
    root: BorrowedFd<'_>,
    dir: &KnownDir,
    builder: &mut StateBuilder,
    people: &mut Tree,
    part: &mut Part,
) {
    let mut wanted = Vec::new();
    each_file(dir, CONEX, &mut |path, file| {
        builder.add(path, file.digest.size, &file.digest.digest);
        if !path.starts_with("packages/.conex/index/") || file.about_people {
            wanted.push(path.to_owned());
        }
    });
    for path in wanted {
        let Ok(name) = CString::new(path.as_str()) else {
            continue;
        };
        match file::read(root, &name, file::Permissions::Plain, |_| true) {
            Ok(Some(bytes)) => {
                people.files.insert(path, bytes);
            }
            Ok(None) => {}
            Err(trouble) => part.trouble(path, trouble),
        }
    }
}

/// So many directories at least are looked at by one thread.
const WORTH_SHARING: usize = 16;

/// The files and directories in `packages/`, sorted. The few files are always read: opam reads
/// none of them, and they are a part of the state.
fn top(dir: &Dir<'_>, part: &mut Part) -> (Vec<KnownFile>, Vec<Box<str>>) {
    if stamp_of(dir, part).is_none() {
        return (Vec::new(), Vec::new());
    }
    let mut now = KnownDir::default();
    let names = relist(dir, Vec::new(), &mut now, part);
    (now.files, names)
}

/// What the directory `name` in `packages/` is now.
fn part(packages: &Dir<'_>, name: &str, known: &KnownTree) -> (Seen, Part) {
    let mut found = Part::default();
    let path = format!("{}/{name}", packages.path);
    let before = known.part(name).map(|(at, part)| (at, known.bytes(part)));
    if let Some((at, bytes)) = before
        && name != CONEX_NAME
        && stands(bytes, path.clone(), &|path| {
            Some(Stamp::of(&stat(packages.root, path).ok()?))
        })
    {
        return (Seen::Same(at), found);
    }
    let dir = Dir {
        root: packages.root,
        path,
        depth: 1,
    };
    let before = before.and_then(|(_, bytes)| KnownDir::read(bytes));
    let dir = visit(&dir, before, &mut found);
    let mut lines = Lines::default();
    let mut files = 0;
    each_file(&dir, "", &mut |path, file| {
        files += 1;
        lines.add(path, file.digest.size, &file.digest.digest);
    });
    let digest = lines.digest();
    (Seen::Now { dir, digest, files }, found)
}

/// Where what is known of one directory is kept. Losing it costs time only.
#[derive(Debug, Clone)]
pub struct Cache {
    dir: PathBuf,
    file: String,
}

impl Cache {
    /// The cache for `root`, a path without symbolic links, below `dir`.
    pub fn new(dir: PathBuf, root: &Path) -> Cache {
        let name = Digest::of(root.as_os_str().as_encoded_bytes()).short();
        Cache {
            dir,
            file: format!("state/{name}"),
        }
    }

    /// What is there; nothing, if it cannot be read.
    fn load(&self) -> KnownTree {
        use std::io::Read as _;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let path = self.dir.join(&self.file);
        let mut bytes = Vec::new();
        let read = rustix::fs::openat(CWD, &path, flags, Mode::empty())
            .is_ok_and(|fd| std::fs::File::from(fd).read_to_end(&mut bytes).is_ok());
        if read {
            KnownTree::read(bytes)
        } else {
            KnownTree::default()
        }
    }

    /// Keeps what a scan found, for the next one.
    ///
    /// # Errors
    /// It cannot be written: the next scan reads everything.
    pub fn keep(&self, known: &Known) -> Result<(), String> {
        let mut out = TreeWriter::new(known.start);
        for part in &known.parts {
            match part {
                Seen::Same(at) => {
                    if let Some(part) = known.before.parts().get(*at) {
                        out.same(&known.before, part);
                    }
                }
                Seen::Now { dir, digest, files } => out.now(dir, *digest, *files),
            }
        }
        let bytes = out.finish();
        std::fs::create_dir_all(&self.dir).map_err(|e| e.to_string())?;
        let options = WriteOptions {
            made: Made::Beside,
            durability: Durability::Process,
            access: Access::Private,
        };
        write(&self.dir, &self.file, &bytes, options).map_err(|e| e.to_string())
    }
}

#[cfg(test)]
mod tests;
