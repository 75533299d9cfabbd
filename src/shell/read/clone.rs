//! Single files in a `.git`, which is not read otherwise.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{AtFlags, FileType, OFlags};
use rustix::io::Errno;

use super::file::{self, Permissions, Trouble};
use super::{ReadError, open_root};
use crate::shell::fault::Fault;
use conex_verify::limits::MAX_TREE_SIZE;
use conex_verify::tree::{Bytes, Defect, DefectKind, Tree};

/// The files at these paths below `root`, as far as they are there. Whatever is in their
/// place or above them that is no plain file is a defect: a program that writes to the path
/// would write through a link.
///
/// # Errors
/// `root` cannot be opened as a directory, or the machine fails.
pub fn clone(root: &Path, paths: &BTreeSet<&str>) -> Result<Tree, ReadError> {
    let fd = open_root(root)?;
    let mut tree = Tree::default();
    let mut room = MAX_TREE_SIZE;
    for path in paths {
        match one(fd.as_fd(), path, &mut room) {
            Ok(None) => {}
            Ok(Some(bytes)) => {
                tree.files.insert((*path).to_owned(), bytes);
            }
            Err((path, Trouble::Defect(kind))) => {
                let path = path.to_owned();
                tree.defects.push(Defect { path, kind });
            }
            Err((path, Trouble::Fault(errno))) => {
                let path = root.join(path);
                let source = errno.into();
                return Err(Fault { path, source }.into());
            }
        }
    }
    tree.defects.sort_by(|a, b| a.path.cmp(&b.path));
    tree.defects.dedup_by(|a, b| a.path == b.path);
    Ok(tree)
}

/// One of the files; `None` if it is not there. An error names the part of the path that
/// is at fault.
fn one<'p>(
    root: BorrowedFd<'_>,
    path: &'p str,
    room: &mut u64,
) -> Result<Option<Bytes>, (&'p str, Trouble)> {
    let mut opened: Option<OwnedFd> = None;
    let mut start = 0;
    loop {
        let rest = path.get(start..).unwrap_or_default();
        let end = rest.find('/').map_or(path.len(), |len| start + len);
        let here = path.get(..end).unwrap_or_default();
        let fail = |trouble| (here, trouble);
        let part = path.get(start..end).unwrap_or_default();
        let name = CString::new(part).map_err(|_| fail(DefectKind::NotUtf8.into()))?;
        let dir = opened.as_ref().map_or(root, AsFd::as_fd);
        let stat = match rustix::fs::statat(dir, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(fail(file::unreadable(errno))),
        };
        let kind = FileType::from_raw_mode(stat.st_mode);
        match (kind, end == path.len()) {
            (FileType::Directory, false) => {
                let next = file::open(dir, &name, OFlags::DIRECTORY).map_err(fail)?;
                opened = Some(next);
                start = end + 1;
            }
            (FileType::RegularFile, true) => {
                let reserve = |size| match room.checked_sub(size) {
                    Some(left) => {
                        *room = left;
                        true
                    }
                    None => false,
                };
                let bytes = file::read(dir, &name, Permissions::Any, reserve).map_err(fail)?;
                return match bytes {
                    Some(bytes) => Ok(Some(bytes)),
                    None => Err(fail(DefectKind::TooMuch.into())),
                };
            }
            (FileType::Symlink, _) => return Err(fail(DefectKind::Symlink.into())),
            (FileType::Directory, true) => {
                return Err(fail(DefectKind::Special("a directory").into()));
            }
            (FileType::RegularFile, false) => {
                return Err(fail(DefectKind::Special("a file").into()));
            }
            _ => return Err(fail(DefectKind::Special("a device or the like").into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn files_of_git_are_read_and_links_out_of_it_are_defects() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        for path in [".git/refs/heads", "packages"] {
            std::fs::create_dir_all(at(path)).unwrap();
        }
        std::fs::write(at(".git/index"), "i").unwrap();
        std::fs::write(at("packages/opam"), "p").unwrap();
        std::fs::hard_link(at("packages/opam"), at(".git/same")).unwrap();
        symlink("../packages", at(".git/out")).unwrap();
        symlink("../packages/opam", at(".git/file")).unwrap();
        // An object of git is read-only.
        std::fs::set_permissions(at(".git/index"), std::fs::Permissions::from_mode(0o444)).unwrap();
        let wanted = BTreeSet::from([
            ".git/file",
            ".git/index",
            ".git/index/x",
            ".git/no/such/file",
            ".git/out/fmt/opam",
            ".git/out/opam",
            ".git/refs/heads",
            ".git/refs/heads/new",
            ".git/same",
        ]);
        let tree = clone(dir.path(), &wanted).unwrap();
        assert_eq!(tree.files.keys().collect::<Vec<_>>(), [".git/index"]);
        let found: Vec<_> = tree
            .defects
            .iter()
            .map(|d| (d.path.as_str(), d.kind.clone()))
            .collect();
        assert_eq!(
            found,
            [
                (".git/file", DefectKind::Symlink),
                (".git/index", DefectKind::Special("a file")),
                (".git/out", DefectKind::Symlink),
                (".git/refs/heads", DefectKind::Special("a directory")),
                (".git/same", DefectKind::HardLink { links: 2 }),
            ]
        );
    }
}
