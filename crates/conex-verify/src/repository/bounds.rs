//! Whether a tree is within the limits: as far as its paths say it, before anything of it is
//! taken apart, and as far as its lists do, while it is.

use std::collections::HashSet;
use std::fmt::Display;

use super::read::Decoded;
use super::slot::Slot;
use crate::finding::{Code, Finding, remedy};
use crate::format::path::{CONEX, PACKAGES};
use crate::format::resource::IdFile;
use crate::limits::{
    MAX_ENTRIES, MAX_LINKS, MAX_LISTED_KEYS, MAX_PACKAGES, MAX_PROBLEMS, MAX_RELEASES, MAX_SEGMENTS,
};
use crate::tree::Tree;

/// V0.5, V1.1: The first limit that the paths of a tree are beyond.
pub(super) fn beyond(tree: &Tree) -> Option<Finding> {
    let (mut links, mut segments, mut releases) = (0, 0, 0);
    let mut packages = 0_usize;
    // Names of packages that have no directory in `packages/`, as far as that is known.
    let mut names: HashSet<&str> = HashSet::new();
    let (mut top, mut last) = ("", "");
    for path in tree.files.keys() {
        if let Some(conex) = path.strip_prefix(CONEX) {
            links += u64::from(conex.starts_with("janitors/"));
            segments += usize::from(conex.starts_with("index/"));
            continue;
        }
        let Some(below) = path.strip_prefix(PACKAGES) else {
            continue;
        };
        let Some((dir, rest)) = below.split_once('/') else {
            continue;
        };
        let name = dir.split('.').next().unwrap_or_default();
        if dir != top {
            top = dir;
            if name == dir {
                packages += 1;
            } else {
                releases += 1;
                names.insert(name);
            }
        }
        // The directory of a release in that of a package.
        if let Some((inner, _)) = rest.split_once('/')
            && name == dir
        {
            let release = below.get(..dir.len() + 1 + inner.len()).unwrap_or_default();
            if release != last {
                last = release;
                releases += 1;
                let other = inner.split('.').next().unwrap_or_default();
                if other != name {
                    names.insert(other);
                }
            }
        }
    }
    let own = |name: &&&str| {
        let dir = format!("{PACKAGES}{name}/");
        tree.below(&dir).next().is_some()
    };
    packages += names.len() - names.iter().filter(own).count();
    let (chain, index) = ("packages/.conex/janitors", "packages/.conex/index");
    if links > MAX_LINKS {
        return Some(too_many(Code::NoChain, chain, MAX_LINKS, "links"));
    }
    if segments > MAX_SEGMENTS {
        let finding = too_many(Code::UnexpectedFile, index, MAX_SEGMENTS, "segments");
        return Some(finding.remedy(&remedy::COMPACT, ""));
    }
    let counts = [
        (packages, MAX_PACKAGES, "packages"),
        (releases, MAX_RELEASES, "releases"),
    ];
    let (_, most, what) = counts.into_iter().find(|(found, most, _)| found > most)?;
    Some(too_many(Code::UnexpectedFile, "packages", most, what))
}

fn too_many(code: Code, path: &str, most: impl Display, what: &str) -> Finding {
    let message = format!("there are more than {most} {what}, so nothing else is looked at");
    Finding::error(code, path, message)
}

/// How much the lists in the metadata of a tree hold together, and how much is wrong with its
/// opam files.
#[derive(Debug, Default)]
pub(super) struct Lists {
    ids: usize,
    members: usize,
    entries: usize,
    problems: usize,
}

impl Lists {
    /// Counts what a file lists.
    pub(super) fn count(&mut self, decoded: &Decoded) {
        fn of<T>(slot: &Slot<T>, len: impl FnOnce(&T) -> usize) -> usize {
            slot.good().map_or(0, |loaded| len(&loaded.value))
        }
        match decoded {
            // A file without any takes room as well.
            Decoded::IdFile(slot) => self.ids += of(slot, listed).max(1),
            Decoded::Link(slot) => self.members += of(slot, |l| l.link.members.len()),
            Decoded::Segment(Some(loaded)) => self.entries += loaded.value.segment.entries.len(),
            Decoded::Claims(slot) => self.entries += of(slot, |c| c.packages.len()),
            Decoded::Authorisation(slot) => self.entries += of(slot, |a| a.owners.len()),
            Decoded::Releases(slot) => self.entries += of(slot, |r| r.releases.len()),
            Decoded::Checksum(slot) => self.entries += of(slot, |c| c.files.len()),
            Decoded::Opam(_, problems) => self.problems += problems.len(),
            Decoded::Segment(None) | Decoded::Repo(_) | Decoded::File(_) | Decoded::Snapshot(_) => {
            }
        }
    }

    /// V0.5: The first limit that they are beyond.
    pub(super) fn beyond(&self) -> Option<Finding> {
        let counts = [
            (
                self.ids,
                MAX_LISTED_KEYS,
                "packages/.conex/ids",
                "keys, accounts and members in the files of authors and teams",
            ),
            (
                self.members,
                MAX_LISTED_KEYS,
                "packages/.conex/janitors",
                "members in the links",
            ),
            (
                self.entries,
                MAX_ENTRIES,
                "packages",
                "entries in the lists of all files",
            ),
            (
                self.problems,
                MAX_PROBLEMS,
                "packages",
                "problems with opam files",
            ),
        ];
        let (_, most, path, what) = counts.into_iter().find(|(found, most, ..)| found > most)?;
        Some(too_many(Code::UnexpectedFile, path, most, what))
    }
}

fn listed(file: &IdFile) -> usize {
    match file {
        IdFile::Author(author) => author.keys.len() + author.accounts.len(),
        IdFile::Team(team) => team.members.len(),
    }
}
