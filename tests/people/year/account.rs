//! The year by the table alone: for each merge who else must act, why, and what would have spared it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::data::{Merge, Section, Touch, package_of};
use super::edits::{Edit, kind, patched, source};
use super::expected::{Lacks, Rights, Wants};

/// Why somebody else than the author must act.
pub const CLASSES: [&str; 9] = [
    "new name",
    "release by another",
    "bounds that narrow",
    "other dependencies",
    "sources or build",
    "depexts",
    "text or flags",
    "removal",
    "file repo",
];

/// Why the model that came with the data says otherwise. It lets those who merge for others own what
/// they publish, has owners of the compiler and of system packages, and does not count the file
/// `repo`. The tools' table has more people in teams (all who published in eight years), and two
/// owners where the sources are of one and the last release of another. The rest are accounts of
/// organisations that the table takes for people, and the reverse.
pub const DIFFERENCES: [&str; 5] = [
    "who merges",
    "compiler, system",
    "file repo",
    "more owners",
    "other",
];

/// One merge.
pub struct Row {
    pub number: usize,
    pub month: String,
    pub id: String,
    pub wants: Wants,
    pub lacks: Lacks,
    /// Somebody else, who owns everything that lacks somebody.
    pub owner: Option<String>,
    pub classes: BTreeSet<&'static str>,
    /// By the model that came with the data nobody else must act.
    pub alone_by_model: bool,
    /// Why that is not so here, or the reverse.
    pub differs: Option<&'static str>,
    /// New names are all that lacks somebody, and belong to whom they would belong by the prefix, or
    /// by the account in which the sources are.
    pub by_prefix: bool,
    pub by_source: bool,
}

impl Row {
    pub fn alone(&self) -> bool {
        self.lacks.is_empty()
    }

    pub fn only_narrows(&self) -> bool {
        self.classes.iter().eq(["bounds that narrow"].iter()) && !self.wants.joins
    }
}

/// The texts of the files that merges touch.
struct Texts<'a> {
    start: &'a Path,
    now: BTreeMap<String, String>,
}

impl Texts<'_> {
    /// The text before a section is applied, and after it.
    fn step(&mut self, section: &Section) -> (String, String) {
        let read = || {
            let bytes = fs::read(self.start.join(&section.path)).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let before = self.now.remove(&section.path).unwrap_or_else(read);
        let after = patched(&before, &String::from_utf8_lossy(&section.patch));
        self.now.insert(section.path.clone(), after.clone());
        (before, after)
    }
}

/// The whole year, merge by merge.
pub fn account(first_day: &Rights, merges: &[Merge], start: &Path) -> Vec<Row> {
    let mut rights = first_day.clone();
    let mut texts = Texts {
        start,
        now: BTreeMap::new(),
    };
    let rows = merges.iter().map(|merge| {
        let id = rights.id(&merge.by);
        let wants = rights.wants(&id, merge);
        let lacks = rights.lacks(&id, &wants, merge);
        let mut row = Row {
            number: merge.number,
            month: merge.month(),
            id,
            wants,
            owner: rights.one_owner(&lacks),
            lacks,
            classes: BTreeSet::new(),
            alone_by_model: merge.model == "-",
            differs: None,
            by_prefix: false,
            by_source: false,
        };
        let mut added = BTreeMap::new();
        for section in &merge.sections {
            let (before, after) = texts.step(section);
            row.classes
                .extend(class(&rights, &row.lacks, section, &before, &after));
            if let Some(package) = package_of(&section.path) {
                added.insert(package, source(&after));
            }
        }
        spared(&rights, &mut row, &added);
        for (package, source) in added {
            if row.wants.gets.contains(package) {
                rights.sources.insert(package.to_owned(), source);
            }
        }
        rights.merged(&row.id, &row.wants);
        row.differs = differs(first_day, &row, merge);
        row
    });
    rows.collect()
}

fn differs(first_day: &Rights, row: &Row, merge: &Merge) -> Option<&'static str> {
    let maintained = |what: &String| {
        let package = what.strip_prefix("package ");
        package.is_some_and(|package| first_day.maintained.contains(package))
    };
    let owns = |package: &&str| first_day.owns(&row.id, package);
    Some(match (row.alone(), row.alone_by_model) {
        (true, true) | (false, false) => return None,
        (true, false) if merge.touched().iter().all(owns) => "more owners",
        (false, true) if row.lacks.contains_key("repo") => "file repo",
        (false, true) if row.lacks.keys().all(maintained) => "compiler, system",
        (false, true) if first_day.helpers.contains(&row.id) => "who merges",
        _ => "other",
    })
}

/// Why a file lacks somebody, if it does.
fn class(
    rights: &Rights,
    lacks: &Lacks,
    section: &Section,
    before: &str,
    after: &str,
) -> Option<&'static str> {
    let Some(package) = package_of(&section.path) else {
        return Some("file repo");
    };
    if !lacks.contains_key(&format!("package {package}")) {
        return None;
    }
    if !rights.owners.contains_key(package) {
        return Some("new name");
    }
    Some(match section.touch {
        Touch::Added => "release by another",
        Touch::Removed => "removal",
        Touch::Edited => match kind(before, after) {
            Edit::Narrows => "bounds that narrow",
            Edit::Text => "text or flags",
            Edit::Depexts => "depexts",
            Edit::Depends => "other dependencies",
            Edit::SourceOrBuild => "sources or build",
        },
    })
}

/// Whether nobody else would be asked, if names went to those who own all of a prefix, or to those
/// who own something from the same account of sources.
fn spared(rights: &Rights, row: &mut Row, added: &BTreeMap<&str, String>) {
    let new_names_alone = row.classes.iter().eq(["new name"].iter()) && !row.wants.joins;
    if !new_names_alone {
        return;
    }
    let id = &row.id;
    row.by_prefix = row.wants.gets.iter().all(|name| {
        let mut of_prefix = rights
            .owners
            .iter()
            .filter(|(other, owners)| prefix(other) == prefix(name) && !owners.is_empty());
        let mut some = false;
        of_prefix.all(|(_, owners)| {
            some = true;
            owners.contains(id)
        }) && some
    });
    row.by_source = row.wants.gets.iter().all(|name| {
        let source = added.get(name.as_str()).map_or("", String::as_str);
        let mut owned = rights
            .owners
            .iter()
            .filter(|(_, owners)| owners.contains(id));
        !source.is_empty()
            && owned.any(|(other, _)| rights.sources.get(other).is_some_and(|s| s == source))
    });
}

/// The first word of a name.
fn prefix(name: &str) -> &str {
    name.split(['-', '_']).next().unwrap_or(name)
}
