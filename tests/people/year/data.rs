//! What the real year is: the state on its first day, each merge with its patch, and the state at
//! its end; all of it, or of a share of the packages.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::place::data;

/// 2024-08-24: what was merged before it is the history that owners are proposed from.
pub const FIRST_DAY: u64 = 1_724_457_600;

/// One of `of` parts of the packages, by a hash of their names; the file `repo` is in every part.
#[derive(Clone, Copy)]
pub struct Share {
    pub number: u32,
    pub of: u32,
}

impl Share {
    /// `K/N`, or `whole`.
    pub fn parse(text: &str) -> Option<Share> {
        let (number, of) = match text {
            "whole" => (1, 1),
            text => {
                let (number, of) = text.split_once('/')?;
                (number.parse().ok()?, of.parse().ok()?)
            }
        };
        (1..=of).contains(&number).then_some(Share { number, of })
    }

    /// Whether a package is in it.
    pub fn has(self, package: &str) -> bool {
        // FNV-1a: the same on every machine and in every version.
        let hash = package.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        hash % self.of == self.number - 1
    }

    fn has_path(self, path: &str) -> bool {
        package_of(path).map_or(path == "repo", |package| self.has(package))
    }
}

/// The package of `packages/NAME/…`.
pub fn package_of(path: &str) -> Option<&str> {
    path.strip_prefix("packages/")?.split('/').next()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touch {
    Added,
    Edited,
    Removed,
}

/// What a merge does to one file.
pub struct Section {
    pub path: String,
    pub touch: Touch,
    /// A patch of git.
    pub patch: Vec<u8>,
}

impl Section {
    /// Whether it adds a file that opam cannot read, by what went wrong in this year: a section that
    /// is written as a field.
    pub fn is_unreadable(&self) -> bool {
        let mut lines = self.patch.split(|byte| *byte == b'\n');
        lines.any(|line| line == b"+url: {")
    }
}

/// A merge of the year.
pub struct Merge {
    /// Its number in the year, from 1 on.
    pub number: usize,
    pub time: u64,
    /// The number of the pull request.
    pub pull: u32,
    /// The account that opened it.
    pub by: String,
    /// Who else must act by the model that came with the data, with teams; `-` if nobody.
    pub model: String,
    pub sections: Vec<Section>,
}

impl Merge {
    /// The packages that it touches, and the file `repo`.
    pub fn touched(&self) -> BTreeSet<&str> {
        let paths = self.sections.iter();
        paths
            .map(|s| package_of(&s.path).unwrap_or("repo"))
            .collect()
    }

    /// Year and month.
    pub fn month(&self) -> String {
        // Days to months as calendars do it, for the years of this data.
        let mut day = self.time / 86_400 - 19_723; // since 2024-01-01
        let (mut year, mut month) = (2024, 0);
        loop {
            let february = if year % 4 == 0 { 29 } else { 28 };
            let days = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month];
            if day < days {
                return format!("{year}-{:02}", month + 1);
            }
            day -= days;
            month += 1;
            if month == 12 {
                (year, month) = (year + 1, 0);
            }
        }
    }
}

/// The directory of the year, if it is there.
pub fn found() -> Option<PathBuf> {
    let directory = data().join("history/replay-2024-25");
    if directory.is_dir() {
        return Some(directory);
    }
    eprintln!("NOT RUN: no year, {} is absent", directory.display());
    None
}

fn unpacked(path: &Path) -> Vec<u8> {
    let output = Command::new("xz").arg("-dc").arg(path).output().unwrap();
    assert!(output.status.success(), "xz {}", path.display());
    output.stdout
}

fn text(path: &Path) -> String {
    String::from_utf8(unpacked(path)).unwrap()
}

/// Writes the state of the first day into a directory.
pub fn start(year: &Path, into: &Path) {
    let archive = year.join("start.tar.xz");
    let mut tar = Command::new("tar");
    let status = tar.arg("xJf").arg(archive).arg("-C").arg(into).status();
    assert!(status.unwrap().success(), "tar");
}

/// Takes all packages away that are not of a share.
pub fn keep(root: &Path, share: Share) {
    for entry in fs::read_dir(root.join("packages")).unwrap() {
        let entry = entry.unwrap();
        if !share.has(entry.file_name().to_str().unwrap()) {
            fs::remove_dir_all(entry.path()).unwrap();
        }
    }
}

/// The history up to the first day, as `conex bootstrap propose` takes it.
pub fn history(year: &Path) -> String {
    let all = text(&year.join("../bootstrap-merges.tsv.xz"));
    let time = |line: &str| line.split('\t').next().and_then(|t| t.parse::<u64>().ok());
    let before = all
        .lines()
        .filter(|line| time(line).is_none_or(|time| time < FIRST_DAY));
    before.map(|line| format!("{line}\n")).collect()
}

/// The merges of the year that touch a share, in order, with what of them is in the share.
pub fn merges(year: &Path, share: Share) -> Vec<Merge> {
    let stream = unpacked(&year.join("merges.patch.xz"));
    let mut patches: BTreeMap<String, Vec<Section>> = BTreeMap::new();
    let mut hash = String::new();
    for line in stream.split_inclusive(|byte| *byte == b'\n') {
        if let Some(rest) = line.strip_prefix(b"conex-merge ") {
            hash = String::from_utf8_lossy(&rest[..12]).into_owned();
        } else if let Some(rest) = line.strip_prefix(b"diff --git a/") {
            let names = std::str::from_utf8(rest).unwrap();
            let (path, _) = names.split_once(" b/").unwrap();
            patches.entry(hash.clone()).or_default().push(Section {
                path: path.to_owned(),
                touch: Touch::Edited,
                patch: line.to_vec(),
            });
        } else if let Some(section) = patches.get_mut(&hash).and_then(|all| all.last_mut()) {
            if line.starts_with(b"new file mode") {
                section.touch = Touch::Added;
            } else if line.starts_with(b"deleted file mode") {
                section.touch = Touch::Removed;
            }
            section.patch.extend_from_slice(line);
        }
    }
    let table = text(&year.join("merges.tsv.xz"));
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    let merges = lines.map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        let mut sections = patches.remove(fields[1]).unwrap_or_default();
        sections.retain(|section| share.has_path(&section.path));
        Merge {
            number: fields[0].parse().unwrap(),
            time: fields[2].parse().unwrap(),
            pull: fields[3].parse().unwrap_or(0),
            by: match fields[6] {
                "" => format!("pull-{}", fields[3]),
                by => by.to_owned(),
            },
            model: fields[9].to_owned(),
            sections,
        }
    });
    let merges = merges.filter(|merge| !merge.sections.is_empty()).collect();
    assert!(patches.is_empty(), "a patch of no line of the table");
    merges
}

/// What git calls the content of each file of a share at the end of the year.
pub fn end(year: &Path, share: Share) -> BTreeMap<String, String> {
    let all = text(&year.join("end.git-hashes.xz"));
    let lines = all.lines().filter_map(|line| line.split_once("  "));
    let of_share = lines.filter(|(_, path)| share.has_path(path));
    of_share
        .map(|(hash, path)| (path.to_owned(), hash.to_owned()))
        .collect()
}
