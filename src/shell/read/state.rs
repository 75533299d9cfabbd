//! The state of a directory, without reading what did not change since the last time.

use std::ffi::{CStr, CString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat};

use super::known::{KnownDir, KnownFile, Stamp, settled_before};
use super::list::list;
use super::walk::special;
use super::{ReadError, file, open_root};
use crate::core::digest::Digest;
use crate::core::finding::{Code, Finding};
use crate::core::limits::{MAX_TREE_DEPTH, MAX_TREE_FILES};
use crate::core::path::{CONEX, PACKAGES, Place};
use crate::core::resource::FileDigest;
use crate::core::state::{State, StateBuilder};
use crate::core::tree::{Bytes, Defect, DefectKind, Tree};
use crate::shell::write::{Access, Durability, WriteOptions, write};

/// What was found in a directory.
#[derive(Debug)]
pub struct Scan {
    /// Its state.
    pub state: State,
    /// The janitors, the ids and what is said about them, the snapshot, and the file
    /// `repo`: all that it takes to say who may sign a snapshot.
    pub people: Tree,
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
    dir: KnownDir,
    start: u64,
}

/// Looks at the directory `root`, of which `cache` holds what was known the last time.
///
/// # Errors
/// `root` cannot be opened as a directory.
pub fn scan(root: &Path, cache: Option<&Cache>) -> Result<Scan, ReadError> {
    let start = settled_before();
    let fd = open_root(root)?;
    let known = cache.and_then(Cache::load);
    let mut walk = Part::default();
    let dir = visit(
        &Dir {
            root: fd.as_fd(),
            path: PACKAGES.trim_end_matches('/').to_owned(),
            depth: 0,
        },
        known,
        &mut walk,
    );
    let repo = match file::read(fd.as_fd(), c"repo", |_| true) {
        Ok(bytes) => bytes,
        // A missing one has its finding when the tree is verified.
        Err(DefectKind::Changed) => None,
        Err(kind) => {
            walk.defect("repo".to_owned(), kind);
            None
        }
    };
    let mut builder = StateBuilder::default();
    let mut files = 0;
    let mut people = Tree::default();
    if let Some(bytes) = &repo {
        people.files.insert("repo".to_owned(), bytes.clone());
    }
    let mut wanted = Vec::new();
    each_file(&dir, PACKAGES, &mut |path, file| {
        files += 1;
        builder.add(path, file.digest.size, &file.digest.digest);
        let segment = path.starts_with("packages/.conex/index/");
        if path.starts_with(CONEX) && (!segment || file.about_people) {
            wanted.push(path.to_owned());
        }
    });
    for path in wanted {
        let Ok(name) = CString::new(path.as_str()) else {
            continue;
        };
        match file::read(fd.as_fd(), &name, |_| true) {
            Ok(Some(bytes)) => {
                people.files.insert(path, bytes);
            }
            Ok(None) => {}
            Err(kind) => walk.defect(path, kind),
        }
    }
    if files > MAX_TREE_FILES {
        walk.defect(String::new(), DefectKind::TooMany);
    }
    let mut findings = walk.findings;
    findings.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Scan {
        state: builder.finish(repo.as_deref()),
        people,
        files,
        read: walk.read,
        findings,
        known: Known { dir, start },
    })
}

#[derive(Default)]
struct Part {
    read: usize,
    findings: Vec<Finding>,
}

impl Part {
    fn defect(&mut self, path: String, kind: DefectKind) {
        self.findings.push(Defect { path, kind }.finding());
    }

    fn append(&mut self, mut other: Part) {
        self.read += other.read;
        self.findings.append(&mut other.findings);
    }
}

/// A directory by its path, which is relative to `root`.
struct Dir<'a> {
    root: BorrowedFd<'a>,
    path: String,
    depth: usize,
}

fn stat(root: BorrowedFd<'_>, path: &str) -> Result<Stat, DefectKind> {
    rustix::fs::statat(root, path, AtFlags::SYMLINK_NOFOLLOW).map_err(file::unreadable)
}

fn each_file(dir: &KnownDir, path: &str, act: &mut impl FnMut(&str, &KnownFile)) {
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

/// Directories with fewer subdirectories are visited by one thread.
const WORTH_SHARING: usize = 16;

/// What is in a directory now.
fn visit(dir: &Dir<'_>, known: Option<KnownDir>, part: &mut Part) -> KnownDir {
    let name = dir.path.rsplit('/').next().unwrap_or_default();
    let mut now = KnownDir {
        name: name.into(),
        ..KnownDir::default()
    };
    let found = match stat(dir.root, &dir.path) {
        Ok(found) => found,
        Err(kind) => {
            part.defect(dir.path.clone(), kind);
            return now;
        }
    };
    match FileType::from_raw_mode(found.st_mode) {
        FileType::Directory => {}
        // A file, where a directory was listed a moment ago.
        FileType::RegularFile => {
            part.defect(dir.path.clone(), DefectKind::Changed);
            return now;
        }
        kind => {
            part.defect(dir.path.clone(), special(kind));
            return now;
        }
    }
    let stamp = Stamp::of(&found);
    let known = known.unwrap_or_default();
    now.stamp = Some(stamp);
    // The names in a directory are what they were if its times are.
    if known.stamp == Some(stamp) {
        now.files.reserve_exact(known.files.len());
        // One buffer for all paths: most of this is a question to the kernel and no more.
        let mut path = format!("{}/", dir.path);
        let end = path.len();
        for file in known.files {
            path.truncate(end);
            path.push_str(&file.name);
            now.files.extend(look(dir, &path, Some(file), part));
        }
        let subs = known.dirs.into_iter().map(|sub| {
            let path = format!("{}/{}", dir.path, sub.name);
            (path, Some(sub))
        });
        now.dirs = descend(dir, subs.collect(), part);
    } else {
        relist(dir, known, &mut now, part);
    }
    now
}

/// A directory whose names have to be read.
fn relist(dir: &Dir<'_>, known: KnownDir, now: &mut KnownDir, part: &mut Part) {
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
        Err(kind) => {
            part.defect(dir.path.clone(), kind);
            return;
        }
    };
    let mut subs = Vec::new();
    let mut files = known.files.into_iter().peekable();
    let mut dirs = known.dirs.into_iter().peekable();
    for entry in entries {
        let Ok(name) = entry.name.to_str() else {
            let name = entry.name.to_string_lossy();
            part.defect(format!("{}/{name}", dir.path), DefectKind::NotUtf8);
            continue;
        };
        let path = format!("{}/{name}", dir.path);
        match entry.kind {
            // Both lists are sorted by the bytes of the names.
            FileType::Directory => {
                while dirs.next_if(|d| *d.name < *name).is_some() {}
                subs.push((path, dirs.next_if(|d| *d.name == *name)));
            }
            FileType::RegularFile => {
                while files.next_if(|f| *f.name < *name).is_some() {}
                let before = files.next_if(|f| *f.name == *name);
                match Place::of(&path) {
                    Ok(_) => now.files.extend(look(dir, &path, before, part)),
                    Err(error) => part.findings.push(
                        Finding::error(Code::BadPath, &path, format!("`{path}`: {error}")).hint(
                            "remove the file; opam would read it in a way that nobody vouched for",
                        ),
                    ),
                }
            }
            kind => part.defect(path, special(kind)),
        }
    }
    now.dirs = descend(dir, subs, part);
}

fn descend(dir: &Dir<'_>, subs: Vec<(String, Option<KnownDir>)>, part: &mut Part) -> Vec<KnownDir> {
    let depth = dir.depth + 1;
    if depth > MAX_TREE_DEPTH {
        for (path, _) in subs {
            part.defect(path, DefectKind::TooDeep);
        }
        return Vec::new();
    }
    let root = dir.root;
    let one = |(path, known): (String, Option<KnownDir>)| {
        let mut part = Part::default();
        let sub = visit(&Dir { root, path, depth }, known, &mut part);
        (sub, part)
    };
    let visited: Vec<(KnownDir, Part)> = if subs.len() >= WORTH_SHARING {
        subs.into_par_iter().map(one).collect()
    } else {
        subs.into_iter().map(one).collect()
    };
    visited
        .into_iter()
        .map(|(sub, found)| {
            part.append(found);
            sub
        })
        .collect()
}

/// What a file is now: as it was if its times, size and inode are.
fn look(dir: &Dir<'_>, path: &str, known: Option<KnownFile>, part: &mut Part) -> Option<KnownFile> {
    let stamp = match stat(dir.root, path) {
        Ok(found) => Stamp::of(&found),
        Err(kind) => {
            part.defect(path.to_owned(), kind);
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
    match file::read(dir.root, &name, |_| true) {
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
        Err(kind) => {
            part.defect(path.to_owned(), kind);
            None
        }
    }
}

/// Whether a segment vouches for authors, teams or the top-level files, as far as a
/// glance tells.
fn about_people(path: &str, bytes: &Bytes) -> bool {
    let line = |kind: &[u8]| bytes.windows(kind.len()).any(|w| w == kind);
    path.starts_with("packages/.conex/index/")
        && [
            &b"\n  [\"author\" "[..],
            b"\n  [\"team\" ",
            b"\n  [\"repo\" ",
        ]
        .into_iter()
        .any(line)
}

fn open(root: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, DefectKind> {
    let name = CString::new(path).map_err(|_| DefectKind::Changed)?;
    let name: &CStr = &name;
    file::open(root, name, OFlags::DIRECTORY)
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

    fn load(&self) -> Option<KnownDir> {
        use std::io::Read as _;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let path = self.dir.join(&self.file);
        let fd = rustix::fs::openat(CWD, &path, flags, Mode::empty()).ok()?;
        let mut bytes = Vec::new();
        std::fs::File::from(fd).read_to_end(&mut bytes).ok()?;
        KnownDir::decode(&bytes)
    }

    /// Keeps what a scan found, for the next one.
    ///
    /// # Errors
    /// It cannot be written: the next scan reads everything.
    pub fn keep(&self, mut known: Known) -> Result<(), String> {
        known.dir.settle(known.start);
        let bytes = known.dir.encode();
        // For a process that ends soon: freeing some 60,000 small things takes time.
        std::mem::forget(known);
        std::fs::create_dir_all(&self.dir).map_err(|e| e.to_string())?;
        let options = WriteOptions {
            durability: Durability::Process,
            access: Access::Private,
        };
        write(&self.dir, &self.file, &bytes, options).map_err(|e| e.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::time::{Duration, SystemTime};

    /// A small repository whose files are an hour old. (Their ctimes are not; what is
    /// kept is settled by hand.)
    fn repository() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("r");
        for n in 0..40 {
            let release = root.join(format!("packages/p{n}/p{n}.1"));
            fs::create_dir_all(&release).unwrap();
            fs::write(
                release.join("opam"),
                format!("opam-version: \"2.0\" # {n}\n"),
            )
            .unwrap();
        }
        fs::write(root.join("repo"), "opam-version: \"2.0\"\n").unwrap();
        (dir, root)
    }

    /// A scan after which everything that was seen counts as settled.
    fn settled(root: &Path, cache: &Cache) -> Seen {
        let found = scan(root, Some(cache)).unwrap();
        let mut known = found.known;
        known.start = u64::MAX;
        cache.keep(known).unwrap();
        Seen {
            state: found.state,
            files: found.files,
            read: found.read,
        }
    }

    struct Seen {
        state: State,
        files: usize,
        read: usize,
    }

    /// What the ordinary reader says.
    fn whole(root: &Path) -> State {
        let tree = super::super::read(root, super::super::Contents::Judged)
            .unwrap()
            .tree;
        crate::core::repository::Repository::load(&tree).state
    }

    #[test]
    fn only_what_changed_is_read_again() {
        let (dir, root) = repository();
        let cache = Cache::new(dir.path().join("cache"), &root);
        let first = settled(&root, &cache);
        assert_eq!((first.files, first.read), (40, 40));
        assert_eq!(first.state, whole(&root));
        assert_eq!(scan(&root, Some(&cache)).unwrap().read, 0);
        type Step<'a> = (&'a str, &'a dyn Fn(&Path), usize);
        let steps: [Step<'_>; 6] = [
            (
                "edit",
                &|r| fs::write(r.join("packages/p3/p3.1/opam"), "x").unwrap(),
                1,
            ),
            (
                "add",
                &|r| {
                    fs::create_dir(r.join("packages/p4/p4.2")).unwrap();
                    fs::write(r.join("packages/p4/p4.2/opam"), "y").unwrap();
                },
                1,
            ),
            (
                "remove",
                &|r| fs::remove_dir_all(r.join("packages/p5")).unwrap(),
                0,
            ),
            (
                "rename",
                &|r| fs::rename(r.join("packages/p6/p6.1"), r.join("packages/p6/p6.2")).unwrap(),
                1,
            ),
            (
                "swap two of one size and time",
                &|r| {
                    let time = SystemTime::now() - Duration::from_secs(3600);
                    for (path, text) in [("p7/p7.1/opam", "abc"), ("p8/p8.1/opam", "abd")] {
                        let path = r.join("packages").join(path);
                        fs::write(&path, text).unwrap();
                        fs::File::open(&path).unwrap().set_modified(time).unwrap();
                    }
                },
                2,
            ),
            (
                "repo",
                &|r| fs::write(r.join("repo"), "opam-version: \"2.1\"\n").unwrap(),
                0,
            ),
        ];
        for (what, change, read) in steps {
            change(&root);
            let found = settled(&root, &cache);
            assert_eq!(found.state, whole(&root), "{what}");
            assert_eq!(found.read, read, "{what}");
        }
    }

    /// A file changes twice within one tick of the clock, and the second time nothing
    /// of its stat does: git calls it racy.
    #[test]
    fn what_was_just_written_is_read_again() {
        let (dir, root) = repository();
        let cache = Cache::new(dir.path().join("cache"), &root);
        let found = scan(&root, Some(&cache)).unwrap();
        cache.keep(found.known).unwrap();
        assert_eq!(scan(&root, Some(&cache)).unwrap().read, 40);
    }

    #[test]
    fn a_damaged_cache_is_none() {
        let (dir, root) = repository();
        let cache = Cache::new(dir.path().join("cache"), &root);
        settled(&root, &cache);
        let path = cache.dir.join(&cache.file);
        let bytes = fs::read(&path).unwrap();
        for at in [0, 30, bytes.len() / 2, bytes.len() - 1] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            fs::write(&path, damaged).unwrap();
            assert_eq!(scan(&root, Some(&cache)).unwrap().read, 40);
        }
        for len in [0, 3, 4, bytes.len() - 1] {
            fs::write(&path, &bytes[..len]).unwrap();
            assert_eq!(scan(&root, Some(&cache)).unwrap().read, 40);
        }
    }

    #[test]
    fn what_is_no_file_of_a_repository_is_refused() {
        let (_dir, root) = repository();
        std::os::unix::fs::symlink("/etc/hostname", root.join("packages/p1/p1.1/files")).unwrap();
        fs::write(root.join("packages/p2/opam"), "").unwrap();
        fs::hard_link(root.join("packages/p3/p3.1/opam"), root.join("x")).unwrap();
        let found = scan(&root, None).unwrap();
        let paths: Vec<&str> = found.findings.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "packages/p1/p1.1/files",
                "packages/p2/opam",
                "packages/p3/p3.1/opam"
            ]
        );
    }
}
