//! What is in a tree: names, kinds and sizes, before any content is read.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read as _};
use std::process::Stdio;

use super::error::{GitError, told_in};
use super::oid::Oid;
use super::repository::Git;
use crate::shell::read::Extent;
use conex_verify::format::path::{CONEX, PACKAGES};
use conex_verify::limits::{
    MAX_ALIKE, MAX_FILE_SIZE, MAX_TREE_DEPTH, MAX_TREE_FILES, MAX_TREE_SIZE,
};
use conex_verify::tree::{Defect, DefectKind, TOP_LEVEL_FILES, is_judged, is_stray_opam};

/// The longest entry of a listing that is read: git's own paths end at 4096 bytes.
const MAX_ENTRY: u64 = 8192;

/// A file whose content is judged.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub path: String,
    pub oid: Oid,
    pub size: u64,
}

/// What is in a tree. The same defects as those of a directory
/// ([`crate::shell::read`]): a work tree of it would have them.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    pub(super) files: Vec<File>,
    pub(super) others: BTreeSet<String>,
    /// The paths of the files that are not judged.
    pub(super) elsewhere: BTreeSet<String>,
    pub(super) defects: Vec<Defect>,
    /// Those of the defects that no tree has that git made.
    forged: Vec<Defect>,
    /// The paths of everything that is no directory.
    leaves: Vec<Vec<u8>>,
    entries: usize,
    bytes: u64,
    /// The path before.
    last: Vec<u8>,
}

impl Listing {
    /// The files whose paths start with `prefix`, and nothing else.
    pub fn below(self, prefix: &str) -> Listing {
        let files = self.files.into_iter();
        Listing {
            files: files.filter(|f| f.path.starts_with(prefix)).collect(),
            ..Listing::default()
        }
    }

    /// Whether the tree is above a limit, so that nothing of it is read.
    pub fn is_over(&self) -> bool {
        self.defects
            .iter()
            .any(|d| matches!(d.kind, DefectKind::TooMany | DefectKind::TooMuch))
    }

    /// What is wrong in the tree before any content is looked at.
    pub fn defects(&self) -> &[Defect] {
        &self.defects
    }

    /// What no tree has that git made of files. A merge puts some of it in order, so that
    /// it does not show in the result: but where a branch is taken as it is, it does.
    pub fn forged(&self) -> &[Defect] {
        &self.forged
    }

    /// Reads what `git ls-tree -r -t -z -l` prints. Of a tree that is above a limit no more is
    /// read than shows that.
    ///
    /// # Errors
    /// Anything that git does not print, or objects that are missing.
    pub fn read(mut out: impl BufRead) -> Result<Listing, GitError> {
        let mut listing = Listing::default();
        let mut entry = Vec::new();
        loop {
            entry.clear();
            let length = out.by_ref().take(MAX_ENTRY).read_until(0, &mut entry);
            if length.map_err(|e| failed(e.to_string()))? == 0 {
                break;
            }
            let read = entry
                .strip_suffix(&[0])
                .and_then(|entry| listing.add(entry));
            read.ok_or_else(|| failed("an entry that cannot be read".to_owned()))??;
            if let Some(kind) = listing.over() {
                let path = String::new();
                return Ok(Listing {
                    defects: vec![Defect { path, kind }],
                    ..Listing::default()
                });
            }
        }
        listing.clashes();
        let forged = listing.forged.iter().take(MAX_ALIKE).cloned();
        listing.defects.extend(forged);
        listing.defects.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(listing)
    }

    /// Takes in one line of `git ls-tree -r -l`; `None` if it is none.
    fn add(&mut self, entry: &[u8]) -> Option<Result<(), GitError>> {
        let tab = entry.iter().position(|&b| b == b'\t')?;
        let (head, path) = entry.split_at(tab);
        let path = path.get(1..)?;
        let mut words = head.split(|&b| b == b' ').filter(|word| !word.is_empty());
        let (mode, kind) = (words.next()?, words.next()?);
        let oid = Oid::new(words.next()?)?;
        let size = words.next()?;
        let depth = path.iter().filter(|&&b| b == b'/').count();
        self.entries += 1;
        let is_tree = (mode, kind) == (b"040000", b"tree");
        // git lists in the order of bytes, directories with a slash at their end; a tree
        // that it would not make does not.
        let mut place = path.to_vec();
        if is_tree {
            place.push(b'/');
        }
        let misplaced = !self.last.is_empty() && place <= self.last;
        let forbidden = path
            .split(|&b| b == b'/')
            .any(|name| matches!(name, b"" | b"." | b"..") || name.eq_ignore_ascii_case(b".git"));
        self.last = place;
        if !is_tree {
            self.leaves.push(path.to_vec());
        }
        let name = String::from_utf8_lossy(path);
        let is_utf8 = matches!(name, Cow::Borrowed(_));
        let path: &str = &name;
        let size = match (kind, size) {
            (b"blob", b"BAD") => return Some(Err(GitError::Incomplete(oid.as_str().to_owned()))),
            (b"blob", size) => std::str::from_utf8(size).ok()?.parse().ok()?,
            _ => 0_u64,
        };
        let length = u64::try_from(path.len()).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(size).saturating_add(length);
        if is_tree && !misplaced && !forbidden && is_utf8 {
            return Some(Ok(()));
        }
        let special = match (mode, kind) {
            // 100664 is of long ago; what a work tree makes of all three is a file.
            (b"100644" | b"100755" | b"100664", b"blob") => None,
            (b"120000", b"blob") => Some(DefectKind::Symlink),
            (b"160000", b"commit") => Some(DefectKind::Special("a submodule")),
            _ => Some(DefectKind::Special("of unknown kind")),
        };
        if misplaced || forbidden {
            // Whoever clones it gets something else, or nothing at all.
            self.forged.push(Defect {
                path: path.to_owned(),
                kind: DefectKind::Special("in a place that git itself would not give it"),
            });
        } else if !is_utf8 {
            if is_stray_opam(path) {
                self.defect(path.to_owned(), DefectKind::StrayOpam);
            }
            self.defect(path.to_owned(), DefectKind::NotUtf8);
        } else if depth > MAX_TREE_DEPTH {
            self.defect(path.to_owned(), DefectKind::TooDeep);
        } else if let Some(kind) = special {
            self.defect(path.to_owned(), kind);
        } else if size > MAX_FILE_SIZE {
            self.defect(path.to_owned(), DefectKind::TooLarge { size });
        } else if is_judged(path) {
            let path = path.to_owned();
            self.files.push(File { path, oid, size });
        } else {
            if is_stray_opam(path) {
                self.defect(path.to_owned(), DefectKind::StrayOpam);
            }
            self.others.insert(match path.split_once('/') {
                Some((top, _)) => format!("{top}/"),
                None => path.to_owned(),
            });
            self.elsewhere.insert(path.to_owned());
        }
        Some(Ok(()))
    }

    /// Of what lies in other directories only the names count.
    fn defect(&mut self, path: String, kind: DefectKind) {
        let judged = path.starts_with(PACKAGES) || !path.contains('/');
        if judged || kind == DefectKind::StrayOpam {
            self.defects.push(Defect { path, kind });
        } else if let Some((top, _)) = path.split_once('/') {
            self.others.insert(format!("{top}/"));
        }
    }

    /// Files that lie where a directory is as well, in a tree that git would not make.
    fn clashes(&mut self) {
        // With the slash before all other bytes, what lies below a path stands right behind it.
        let mut leaves = std::mem::take(&mut self.leaves);
        let rank = |b: &u8| if *b == b'/' { 0 } else { u16::from(*b) + 1 };
        leaves.sort_unstable_by(|a, b| a.iter().map(rank).cmp(b.iter().map(rank)));
        let pairs = leaves.iter().zip(leaves.iter().skip(1));
        let clashes = pairs.filter(|(path, next)| {
            let below = next.strip_prefix(path.as_slice());
            below.is_some_and(|below| below.starts_with(b"/"))
        });
        self.forged.extend(clashes.map(|(path, _)| Defect {
            path: String::from_utf8_lossy(path).into_owned(),
            kind: DefectKind::Special("both a file and a directory"),
        }));
    }

    /// The limit that is exceeded, if one is.
    fn over(&self) -> Option<DefectKind> {
        if self.entries > MAX_TREE_FILES {
            Some(DefectKind::TooMany)
        } else if self.bytes > MAX_TREE_SIZE {
            Some(DefectKind::TooMuch)
        } else {
            None
        }
    }
}

impl Git {
    /// Lists a tree. One that is above a limit has that one defect and no files: it is
    /// not even listed to its end, however often it repeats itself.
    ///
    /// # Errors
    /// git fails, or objects are missing.
    pub fn list(&self, tree: &Oid) -> Result<Listing, GitError> {
        self.list_below(tree, &[])
    }

    /// Lists a part of a tree.
    ///
    /// # Errors
    /// See [`Git::list`].
    pub fn list_part(&self, tree: &Oid, extent: &Extent) -> Result<Listing, GitError> {
        let Extent::Packages(names) = extent else {
            return self.list(tree);
        };
        let packages = names.iter().map(|name| format!("{PACKAGES}{name}"));
        let top = TOP_LEVEL_FILES.iter().map(|name| (*name).to_owned());
        let conex = CONEX.trim_end_matches('/').to_owned();
        let paths: Vec<String> = packages.chain(top).chain([conex]).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        self.list_below(tree, &paths)
    }

    /// Lists what of a tree has these paths or lies below them; with none, everything.
    ///
    /// # Errors
    /// See [`Git::list`].
    pub(super) fn list_below(&self, tree: &Oid, paths: &[&str]) -> Result<Listing, GitError> {
        // With the trees themselves: one that is there twice shows, and those that hold
        // nothing but others count.
        let mut args = vec![
            "ls-tree",
            "-r",
            "-t",
            "-z",
            "-l",
            "--full-tree",
            tree.as_str(),
        ];
        if !paths.is_empty() {
            args.push("--");
            args.extend(paths);
        }
        let (mut child, errors) = self.stream(&args, Stdio::null())?;
        let out = child.stdout.take();
        let read = out.map(|out| Listing::read(BufReader::with_capacity(1 << 16, out)));
        let read = read.unwrap_or_else(|| Ok(Listing::default()));
        let is_whole = read.as_ref().is_ok_and(|listing| !listing.is_over());
        if !is_whole {
            let _ = child.kill();
        }
        let status = child.wait().map_err(GitError::NoGit)?;
        let listing = read?;
        if is_whole && !status.success() {
            return Err(failed(told_in(errors, status)));
        }
        Ok(listing)
    }
}

fn failed(why: String) -> GitError {
    GitError::Failed {
        verb: "ls-tree",
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OID: &str = "8baef1b4abc478178b004d62031cf7fe6db6f903";

    /// What is wrong with a tree that has a file of this path alone.
    fn wrong(path: &[u8]) -> (Vec<DefectKind>, usize) {
        let head = format!("100644 blob {OID}      12\t");
        let entry = [head.as_bytes(), path, b"\0"].concat();
        let listing = Listing::read(&entry[..]).unwrap();
        let kinds = listing.defects().iter().map(|d| d.kind.clone());
        (kinds.collect(), listing.forged().len())
    }

    /// A fuzzer found that nobody looked for these outside of `packages/`.
    #[test]
    fn nowhere_is_a_path_both_a_file_and_a_directory() {
        for (mode, path) in [
            ("100644 blob", "packages/a/files"),
            ("100755 blob", "a.1/files"),
            ("120000 blob", "doc"),
            ("160000 commit", "doc/\u{e9}"),
        ] {
            let entry = |mode: &str, path: &str| format!("{mode} {OID} 12\t{path}\0");
            let below = entry("100644 blob", &format!("{path}/x"));
            let listing = Listing::read(format!("{}{below}", entry(mode, path)).as_bytes());
            let forged = listing.unwrap().forged().to_vec();
            let kind = DefectKind::Special("both a file and a directory");
            let path = path.to_owned();
            assert_eq!(forged, [Defect { path, kind }]);
        }
    }

    /// A fuzzer found that nobody looked at the rest of such a path.
    #[test]
    fn a_name_that_is_not_utf8_hides_no_other_fault() {
        assert_eq!(wrong(b"docs/\xff"), (vec![], 0));
        assert_eq!(wrong(b"packages/\xff"), (vec![DefectKind::NotUtf8], 0));
        assert_eq!(wrong(b"docs/\xff/opam").0, [DefectKind::StrayOpam]);
        for forbidden in [&b"\xff/../repo"[..], b"\xff/.git/config", b"\xff//repo"] {
            assert_eq!(wrong(forbidden).1, 1, "{forbidden:?}");
        }
    }
}
