//! The tree of a directory, put together on several threads.

use std::collections::{BTreeSet, HashSet};
use std::ffi::CStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use rayon::prelude::*;
use rustix::fs::{FileType, OFlags};
use rustix::io::Errno;

use super::file::Trouble;
use super::list::{Entry, list};
use super::{Contents, Git, Reading, file};
use crate::shell::fault::Fault;
use conex_verify::format::name::PackageName;
use conex_verify::format::path::PACKAGES;
use conex_verify::limits::{MAX_PACKAGES, MAX_TREE_DEPTH, MAX_TREE_FILES, MAX_TREE_SIZE};
use conex_verify::tree::{Bytes, Defect, DefectKind, Tree, is_judged, is_stray_opam};

/// Directories with fewer subdirectories are read by one thread: handing out
/// work costs more than three of them.
const WORTH_SHARING: usize = 16;

/// The directory of the metadata that belongs to no package, in `packages/`.
const CONEX_NAME: &str = ".conex";

/// What one part of the walk found.
#[derive(Default)]
struct Part {
    files: Vec<(String, Bytes)>,
    /// Directories without any file in or below them.
    empty: Vec<String>,
    defects: Vec<Defect>,
    /// What lies in `packages/` and was not opened: directories, with a slash at their end, and what
    /// is in them.
    outside: Vec<String>,
    /// Where the machine failed first, in the order of the paths.
    fault: Option<(String, Errno)>,
}

impl Part {
    fn defect(&mut self, path: String, kind: DefectKind) {
        self.defects.push(Defect { path, kind });
    }

    fn trouble(&mut self, path: String, trouble: Trouble) {
        match trouble {
            Trouble::Defect(kind) => self.defect(path, kind),
            Trouble::Fault(errno) => self.fault(Some((path, errno))),
        }
    }

    fn fault(&mut self, fault: Option<(String, Errno)>) {
        let both = self.fault.take().into_iter().chain(fault);
        self.fault = both.min_by(|(a, _), (b, _)| a.cmp(b));
    }

    fn append(&mut self, mut other: Part) {
        self.fault(other.fault);
        self.files.append(&mut other.files);
        self.empty.append(&mut other.empty);
        self.defects.append(&mut other.defects);
        self.outside.append(&mut other.outside);
    }
}

/// How large a tree may be; tests make it small.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    pub(super) entries: usize,
    pub(super) bytes: u64,
    pub(super) packages: usize,
}

/// The limits of every tree that is read.
pub(super) const MOST: Most = Most {
    entries: MAX_TREE_FILES,
    bytes: MAX_TREE_SIZE,
    packages: MAX_PACKAGES,
};

/// What all threads share: how much of the limits is used.
struct Walk<'a> {
    /// The packages whose directories are opened; without them all are.
    only: Option<&'a BTreeSet<PackageName>>,
    most: Most,
    entries: AtomicUsize,
    bytes: AtomicU64,
    too_many: AtomicBool,
    too_much: AtomicBool,
    too_many_packages: AtomicBool,
    threads: usize,
}

/// A directory that is open, and its path with a slash at the end (empty at the top).
struct Dir<'a> {
    fd: BorrowedFd<'a>,
    path: &'a str,
    depth: usize,
}

/// Reads the tree below `root`, of the packages in it `only` these; and gives the paths in
/// `packages/` that were not opened.
///
/// # Errors
/// The machine fails.
pub(super) fn walk(
    root: &OwnedFd,
    contents: Contents,
    most: Most,
    only: Option<&BTreeSet<PackageName>>,
) -> Result<(Reading, Vec<String>), Fault> {
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get().clamp(2, 8));
    // Without threads (a process limit, a sandbox) the walk is only slower.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let walk = Walk {
        only,
        most,
        entries: AtomicUsize::new(0),
        bytes: AtomicU64::new(0),
        too_many: AtomicBool::new(false),
        too_much: AtomicBool::new(false),
        too_many_packages: AtomicBool::new(false),
        threads: if pool.is_ok() { threads } else { 1 },
    };
    let run = || walk.top(root.as_fd(), contents);
    let (mut part, mut others, git) = match &pool {
        Ok(pool) => pool.install(run),
        Err(_) => run(),
    };
    if let Some((path, errno)) = part.fault {
        return Err(Fault {
            path: PathBuf::from(path),
            source: errno.into(),
        });
    }
    // Which files were reached before a limit depends on the threads; so none are
    // given. After the bytes have run out entries are still counted, so that of
    // two limits it is always the same that is reported.
    let over = if walk.too_many.into_inner() {
        Some(DefectKind::TooMany)
    } else if walk.too_much.into_inner() {
        Some(DefectKind::TooMuch)
    } else if walk.too_many_packages.into_inner() {
        Some(DefectKind::TooManyPackages)
    } else {
        None
    };
    let outside = std::mem::take(&mut part.outside);
    let tree = match over {
        Some(kind) => Tree {
            defects: vec![Defect {
                path: String::new(),
                kind,
            }],
            ..Tree::default()
        },
        None => {
            let mut defects = part.defects;
            defects.sort_by(|a, b| a.path.cmp(&b.path));
            let mut tree = Tree {
                files: part.files.into_iter().collect(),
                empty: part.empty.into_iter().collect(),
                defects,
                ..Tree::default()
            };
            others.retain(|name| !name.ends_with('/') || tree.below(name).next().is_none());
            tree.others = others;
            tree
        }
    };
    Ok((Reading { tree, git }, outside))
}

impl Walk<'_> {
    /// The top: what is there decides what is read.
    fn top(&self, root: BorrowedFd<'_>, contents: Contents) -> (Part, Vec<String>, Git) {
        let mut part = Part::default();
        let mut others = Vec::new();
        let mut git = Git::Absent;
        let top = Dir {
            fd: root,
            path: "",
            depth: 0,
        };
        let Some((stat, entries)) = self.list(&top, &mut part) else {
            return (part, others, git);
        };
        let mut dirs = Vec::new();
        for entry in entries {
            let Some(name) = self.name(&top, &entry, &mut part) else {
                continue;
            };
            match (name.as_str(), entry.kind) {
                (".git", FileType::Directory) => git = Git::Directory,
                (".git", FileType::RegularFile) => git = Git::File,
                ("packages", FileType::Directory) => dirs.push((entry, name)),
                (_, FileType::Directory) => {
                    others.push(format!("{name}/"));
                    if contents == Contents::All {
                        dirs.push((entry, name));
                    }
                }
                (_, FileType::RegularFile) => {
                    if is_stray_opam(&name) {
                        part.defect(name, DefectKind::StrayOpam);
                    } else if is_judged(&name) || contents == Contents::All {
                        self.file(&top, &entry.name, name, &mut part);
                    } else {
                        others.push(name);
                    }
                }
                _ => part.defect(name, special(entry.kind)),
            }
        }
        if let Err(trouble) = file::unchanged(root, &stat) {
            part.trouble(String::new(), trouble);
        }
        for (entry, name) in dirs {
            part.append(self.subdirectory(&top, &entry.name, name));
        }
        (part, others, git)
    }

    /// Everything in and below `dir`.
    fn directory(&self, dir: &Dir<'_>) -> Part {
        let mut part = Part::default();
        let Some((stat, entries)) = self.list(dir, &mut part) else {
            return part;
        };
        let mut dirs = Vec::new();
        for entry in entries {
            let Some(path) = self.name(dir, &entry, &mut part) else {
                continue;
            };
            match entry.kind {
                FileType::Directory => dirs.push((entry, path)),
                FileType::RegularFile => self.file(dir, &entry.name, path, &mut part),
                kind => part.defect(path, special(kind)),
            }
        }
        if let Err(trouble) = file::unchanged(dir.fd, &stat) {
            part.trouble(dir.path.trim_end_matches('/').to_owned(), trouble);
        }
        if dir.path == PACKAGES && self.too_many_packages(&dirs) {
            return part;
        }
        let read = |(entry, path): (Entry, String)| match self.is_read(&path) {
            true => self.subdirectory(dir, &entry.name, path),
            false => self.names(dir, &entry.name, path),
        };
        if self.threads > 1 && dirs.len() >= WORTH_SHARING {
            let parts: Vec<Part> = dirs.into_par_iter().map(read).collect();
            parts.into_iter().for_each(|p| part.append(p));
        } else {
            for dir in dirs {
                part.append(read(dir));
            }
        }
        part
    }

    /// Whether a directory is opened.
    fn is_read(&self, path: &str) -> bool {
        let (Some(only), Some(name)) = (self.only, path.strip_prefix(PACKAGES)) else {
            return true;
        };
        name.contains('/')
            || name == CONEX_NAME
            || PackageName::new(name).is_ok_and(|name| only.contains(&name))
    }

    /// The names in the directory `name` of `parent`, of which nothing is opened.
    fn names(&self, parent: &Dir<'_>, name: &CStr, path: String) -> Part {
        let mut part = Part::default();
        let fd = match file::open(parent.fd, name, OFlags::DIRECTORY) {
            Ok(fd) => fd,
            Err(trouble) => {
                part.trouble(path, trouble);
                return part;
            }
        };
        let path = format!("{path}/");
        let dir = Dir {
            fd: fd.as_fd(),
            path: &path,
            depth: parent.depth + 1,
        };
        let Some((_, entries)) = self.list(&dir, &mut part) else {
            return part;
        };
        for entry in entries {
            let Some(path) = self.name(&dir, &entry, &mut part) else {
                continue;
            };
            match entry.kind {
                FileType::Directory => part.outside.push(format!("{path}/")),
                FileType::RegularFile => part.outside.push(path),
                kind => part.defect(path, special(kind)),
            }
        }
        part.outside.push(path);
        part
    }

    /// Enters the directory `name` of `parent`; recursion ends at [`MAX_TREE_DEPTH`].
    fn subdirectory(&self, parent: &Dir<'_>, name: &CStr, mut path: String) -> Part {
        let mut part = Part::default();
        let depth = parent.depth + 1;
        if depth > MAX_TREE_DEPTH {
            part.defect(path, DefectKind::TooDeep);
            return part;
        }
        match file::open(parent.fd, name, OFlags::DIRECTORY) {
            Ok(fd) => {
                path.push('/');
                let mut part = self.directory(&Dir {
                    fd: fd.as_fd(),
                    path: &path,
                    depth,
                });
                if part.files.is_empty() && part.defects.is_empty() {
                    path.pop();
                    part.empty.push(path);
                }
                part
            }
            Err(trouble) => {
                part.trouble(path, trouble);
                part
            }
        }
    }

    /// Lists `dir`, with what it was before; nothing once there are too many entries.
    fn list(&self, dir: &Dir<'_>, part: &mut Part) -> Option<(rustix::fs::Stat, Vec<Entry>)> {
        if self.too_many.load(Ordering::Relaxed) {
            return None;
        }
        let listed = || -> Result<_, Trouble> {
            let stat = rustix::fs::fstat(dir.fd).map_err(file::unreadable)?;
            // The top is the user's own directory, the others came with the repository.
            if dir.depth > 0 {
                file::check_mode(&stat, 0o700, 0)?;
            }
            let entries = list(dir.fd, self.most.entries + 1).map_err(file::unreadable)?;
            Ok((stat, entries))
        };
        match listed() {
            Ok((stat, entries)) => {
                let before = self.entries.fetch_add(entries.len(), Ordering::Relaxed);
                if before.saturating_add(entries.len()) > self.most.entries {
                    self.too_many.store(true, Ordering::Relaxed);
                    return None;
                }
                Some((stat, entries))
            }
            Err(trouble) => {
                part.trouble(dir.path.trim_end_matches('/').to_owned(), trouble);
                None
            }
        }
    }

    /// The path of `entry`, where it is UTF-8 and there is room for it. Paths count
    /// like bytes of files: a million of the longest would be four gigabytes.
    fn name(&self, dir: &Dir<'_>, entry: &Entry, part: &mut Part) -> Option<String> {
        let name = entry.name.to_string_lossy();
        let path = format!("{}{name}", dir.path);
        if !self.reserve(u64::try_from(path.len()).unwrap_or(u64::MAX)) {
            // Directories are still entered, to count what is in them.
            return (entry.kind == FileType::Directory).then_some(path);
        }
        if entry.name.to_str().is_err() {
            part.defect(path, DefectKind::NotUtf8);
            return None;
        }
        Some(path)
    }

    fn file(&self, dir: &Dir<'_>, name: &CStr, path: String, part: &mut Part) {
        match file::read(dir.fd, name, file::Permissions::Plain, |size| {
            self.reserve(size)
        }) {
            Ok(Some(bytes)) => part.files.push((path, bytes)),
            Ok(None) => {}
            Err(trouble) => part.trouble(path, trouble),
        }
    }

    /// Whether the directories in `packages/` are of too many packages to be entered.
    fn too_many_packages(&self, dirs: &[(Entry, String)]) -> bool {
        let paths = dirs.iter().map(|(_, path)| path.as_str());
        let names: HashSet<&str> = paths
            .filter_map(|path| path.strip_prefix(PACKAGES)?.split('.').next())
            .filter(|name| !name.is_empty())
            .collect();
        let over = names.len() > self.most.packages;
        self.too_many_packages.fetch_or(over, Ordering::Relaxed);
        over
    }

    /// Takes `size` bytes from what the tree may have.
    fn reserve(&self, size: u64) -> bool {
        if self.too_much.load(Ordering::Relaxed) {
            return false;
        }
        let before = self.bytes.fetch_add(size, Ordering::Relaxed);
        if before.saturating_add(size) > self.most.bytes {
            self.too_much.store(true, Ordering::Relaxed);
            return false;
        }
        true
    }
}

/// What an entry is that is neither file nor directory.
pub(super) fn special(kind: FileType) -> DefectKind {
    match kind {
        FileType::Symlink => DefectKind::Symlink,
        FileType::Fifo => DefectKind::Special("a FIFO"),
        FileType::Socket => DefectKind::Special("a socket"),
        FileType::CharacterDevice => DefectKind::Special("a character device"),
        FileType::BlockDevice => DefectKind::Special("a block device"),
        _ => DefectKind::Special("of unknown kind"),
    }
}
