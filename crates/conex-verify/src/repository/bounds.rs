//! Whether a tree is within the limits: as far as its paths say it, before anything of it is
//! taken apart, and as far as its lists do, while it is.

use std::collections::HashSet;

use super::read::Decoded;
use super::slot::Slot;
use crate::finding::{Code, Finding, remedy};
use crate::format::path::{CONEX, PACKAGES};
use crate::format::resource::IdFile;
use crate::limits::{
    MAX_ENTRIES, MAX_LINKS, MAX_LISTED_KEYS, MAX_PACKAGES, MAX_PROBLEMS, MAX_RELEASES,
    MAX_SEGMENTS, MAX_TREE_FILES, MAX_TREE_SIZE,
};
use crate::settled::Totals;
use crate::tree::Tree;

/// V0.5: How much there is of something of which a client takes no more than a certain number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fullness {
    /// The counted things, in the plural.
    pub what: &'static str,
    /// How many there are.
    pub have: u64,
    /// The most that a client takes.
    pub most: u64,
}

impl Fullness {
    fn of(what: &'static str, have: usize, most: usize) -> Fullness {
        Fullness {
            what,
            have: number(have),
            most: number(most),
        }
    }

    fn is_beyond(&self) -> bool {
        self.have > self.most
    }

    /// C15: Whether more than nine tenths are used up.
    pub fn is_nearly_full(&self) -> bool {
        u128::from(self.have) * 10 > u128::from(self.most) * 9
    }

    /// How full, in hundredths, rounded up.
    pub fn percent(&self) -> u64 {
        let hundredths = (u128::from(self.have) * 100).div_ceil(u128::from(self.most.max(1)));
        u64::try_from(hundredths).unwrap_or(u64::MAX)
    }
}

fn number(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// How much the paths of a tree take of each limit: links, segments, packages, releases, files
/// and bytes.
pub(super) fn of_paths(tree: &Tree, settled: &Totals) -> [Fullness; 6] {
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
    let bytes: usize = tree.files.values().map(|bytes| bytes.len()).sum();
    [
        Fullness {
            what: "links",
            have: links,
            most: MAX_LINKS,
        },
        Fullness::of("files of signatures", segments, MAX_SEGMENTS),
        Fullness::of("packages", packages + settled.packages, MAX_PACKAGES),
        Fullness::of("releases", releases + settled.releases, MAX_RELEASES),
        Fullness::of("files", tree.files.len() + settled.files, MAX_TREE_FILES),
        Fullness {
            what: "bytes",
            have: number(bytes + settled.bytes),
            most: MAX_TREE_SIZE,
        },
    ]
}

/// V0.5, V1.1: The first limit that the paths of a tree are beyond.
pub(super) fn beyond(all: &[Fullness; 6]) -> Option<Finding> {
    let [links, segments, ..] = all;
    if links.is_beyond() {
        return Some(too_many(Code::NoChain, "packages/.conex/janitors", links));
    }
    if segments.is_beyond() {
        let finding = too_many(Code::UnexpectedFile, "packages/.conex/index", segments);
        return Some(finding.remedy(&remedy::COMPACT, ""));
    }
    let beyond = all.iter().find(|limit| limit.is_beyond())?;
    Some(too_many(Code::UnexpectedFile, "packages", beyond))
}

fn too_many(code: Code, path: &str, limit: &Fullness) -> Finding {
    let Fullness { what, most, .. } = limit;
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
    /// Nothing but what is in the packages that are settled.
    pub(super) fn of(settled: &Totals) -> Lists {
        Lists {
            entries: settled.entries,
            ..Lists::default()
        }
    }

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

    /// How much they take of each limit, each with the directory where that is.
    fn all(&self) -> [(&'static str, Fullness); 4] {
        [
            (
                "packages/.conex/ids",
                Fullness::of(
                    "keys, accounts and members in the files of authors and teams",
                    self.ids,
                    MAX_LISTED_KEYS,
                ),
            ),
            (
                "packages/.conex/janitors",
                Fullness::of("members in the links", self.members, MAX_LISTED_KEYS),
            ),
            (
                "packages",
                Fullness::of(
                    "entries in the lists of all files",
                    self.entries,
                    MAX_ENTRIES,
                ),
            ),
            (
                "packages",
                Fullness::of("problems with opam files", self.problems, MAX_PROBLEMS),
            ),
        ]
    }

    /// How much they take of each limit.
    pub(super) fn fullness(&self) -> impl Iterator<Item = Fullness> {
        self.all().into_iter().map(|(_, limit)| limit)
    }

    /// V0.5: The first limit that they are beyond.
    pub(super) fn beyond(&self) -> Option<Finding> {
        let (path, limit) = self.all().into_iter().find(|(_, l)| l.is_beyond())?;
        Some(too_many(Code::UnexpectedFile, path, &limit))
    }
}

fn listed(file: &IdFile) -> usize {
    match file {
        IdFile::Author(author) => author.keys.len() + author.accounts.len(),
        IdFile::Team(team) => team.members.len(),
    }
}
