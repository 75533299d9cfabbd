//! The merges of a year through the tools: each signed by its author, judged by `check`, signed or
//! approved by who is missing, merged, published, and followed by a client.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use super::data::{Merge, Section, Touch, package_of};
use super::expected::{Lacks, Rights, Wants};
use super::office::{JANITORS, Office};
use crate::town::told;

/// What a merge cost, and what was wrong.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub number: usize,
    /// Commands of the author, without those that make one an author.
    pub author: usize,
    /// Commands of another owner.
    pub owner: usize,
    /// Commands of janitors.
    pub janitors: usize,
    pub signatures: usize,
    pub conflicts: usize,
    /// Releases were signed without a strong checksum.
    pub weak: usize,
    pub seconds: f64,
}

/// What somebody wants to have merged.
struct Change<'a> {
    merge: &'a Merge,
    id: &'a str,
    wants: &'a Wants,
    /// Who lacks when the author has signed.
    lacks: &'a Lacks,
    /// Whether the author has a key here.
    signs: bool,
}

pub struct Replay<'a> {
    office: &'a Office,
    rights: Rights,
    /// What was merged, and when.
    mains: Vec<(u64, String)>,
    /// When the owners of a package, or a person, last changed.
    changed: BTreeMap<String, u64>,
    /// When each pull request was opened, or a little later.
    opened: BTreeMap<u32, u64>,
    published: u64,
    every: u64,
    /// Files that could not be merged.
    refused: BTreeSet<String>,
    pub differences: Vec<String>,
}

impl<'a> Replay<'a> {
    /// `all` are the merges of the whole year; something is published every so many seconds.
    pub fn new(
        office: &'a Office,
        rights: Rights,
        opened: BTreeMap<u32, u64>,
        every: u64,
    ) -> Replay<'a> {
        let main = office.git_ok("rev-parse main", &[]);
        Replay {
            office,
            rights,
            mains: vec![(0, main)],
            changed: BTreeMap::new(),
            opened,
            published: 0,
            every,
            refused: BTreeSet::new(),
            differences: Vec::new(),
        }
    }

    /// One merge, from the branch of its author to the client.
    pub fn merge(&mut self, merge: &Merge) -> Outcome {
        let started: f64 = self.office.spent.borrow().values().sum();
        if self.is_refused(merge) {
            return Outcome {
                number: merge.number,
                ..Outcome::default()
            };
        }
        let id = self.rights.id(&merge.by);
        let wants = self.rights.wants(&id, merge);
        let lacks = self.rights.lacks(&id, &wants, merge);
        let mut acts = Outcome {
            number: merge.number,
            ..Outcome::default()
        };
        let change = Change {
            signs: wants.joins || wants.confirms || self.rights.proven.contains(&id),
            merge,
            id: &id,
            wants: &wants,
            lacks: &lacks,
        };
        let opened = self.opened.get(&merge.pull).copied().unwrap_or(merge.time);
        if !self.accepted(&change, opened, &mut acts) {
            // The pull request is made anew, from what is merged now.
            assert!(
                self.accepted(&change, merge.time, &mut acts),
                "merge {} is refused",
                merge.number
            );
        }
        self.merged(merge, &id, &wants);
        let spent: f64 = self.office.spent.borrow().values().sum();
        acts.seconds = spent - started;
        acts
    }

    /// What opam cannot read nobody can sign, and `check` refuses it: it is not merged, and what took it
    /// back in reality has nothing to take back.
    fn is_refused(&mut self, merge: &Merge) -> bool {
        if let [section] = merge.sections.as_slice()
            && section.touch == Touch::Removed
        {
            return self.refused.remove(&section.path);
        }
        let mut sections = merge.sections.iter();
        if !sections.any(Section::is_unreadable) {
            return false;
        }
        self.office.git_ok("checkout -q -B change main", &[]);
        assert!(self.apply(merge), "merge {} does not fit", merge.number);
        let told = told(&self.office.tries("ja", "sign --yes", &[]));
        assert!(told.contains("E044"), "{told}");
        self.pushed("Change");
        let judged = self.check();
        assert!(
            judged.errors.iter().any(|error| error.contains("E044")),
            "{judged:?}"
        );
        let paths = merge.sections.iter().map(|section| section.path.clone());
        self.refused.extend(paths);
        true
    }

    /// A pull request of some time goes its way, until it can be merged.
    fn accepted(&mut self, change: &Change<'_>, opened: u64, acts: &mut Outcome) -> bool {
        let signs = change.signs;
        self.branch(change, opened);
        if signs {
            self.author(change, acts);
        }
        self.pushed("Change");
        let mut judged = self.check();
        if !judged.conflicts.is_empty() {
            acts.conflicts += 1;
            self.conflict(change, acts);
            self.pushed("Merge");
            judged = self.check();
        }
        let nobody = change.lacks.is_empty();
        let as_expected = judged.mergeable == nobody
            && judged.complete == nobody
            && judged.lacks == *change.lacks;
        if !as_expected {
            self.differs(change, &judged);
        }
        if nobody {
            return judged.mergeable;
        }
        match self.rights.one_owner(change.lacks) {
            Some(owner) => {
                acts.owner += 1;
                self.signs(&owner, "sign --branch origin/change --yes", &[], acts);
            }
            None => self.janitors(signs, acts),
        }
        let judged = self.check();
        let accepted = judged.mergeable && judged.complete;
        if !accepted {
            self.differs(change, &judged);
        }
        accepted
    }

    /// A branch with the change, from what was merged when the pull request was opened, if nobody's
    /// rights to it changed since and the change fits there; else from what is merged now.
    fn branch(&self, change: &Change<'_>, opened: u64) {
        let Change {
            merge, id, wants, ..
        } = change;
        let touched = merge.touched().into_iter().map(str::to_owned);
        let mut about = touched.chain([format!("author {id}")]);
        let unchanged = about.all(|what| self.changed.get(&what).is_none_or(|time| *time < opened));
        let then = self.mains.iter().rev().find(|(time, _)| *time < opened);
        if let Some((_, base)) = then.filter(|_| unchanged && !wants.joins) {
            self.office.git_ok("checkout -q -B change", &[base]);
            if self.apply(merge) {
                return;
            }
            self.office.git_ok("reset -q --hard", &[]);
            self.office.git_ok("clean -qfd", &[]);
        }
        self.office.git_ok("checkout -q -B change main", &[]);
        assert!(self.apply(merge), "merge {} does not fit", merge.number);
    }

    /// Applies the change to the work tree. Of a release that goes everything goes.
    fn apply(&self, merge: &Merge) -> bool {
        let patch: Vec<u8> = merge
            .sections
            .iter()
            .flat_map(|s| s.patch.iter().copied())
            .collect();
        let file = self.office.path("patch");
        fs::write(&file, patch).unwrap();
        let fits = self
            .office
            .git("apply --whitespace=nowarn", &[file.to_str().unwrap()]);
        if !fits.status.success() {
            return false;
        }
        for section in merge.sections.iter().filter(|s| s.touch == Touch::Removed) {
            let opam = self.office.path("work").join(&section.path);
            let release = opam.parent().unwrap();
            if release.exists() {
                fs::remove_dir_all(release).unwrap();
            }
        }
        true
    }

    /// What docs/authors.md tells somebody who opens a pull request.
    fn author(&self, change: &Change<'_>, acts: &mut Outcome) {
        let Change {
            merge, id, wants, ..
        } = *change;
        self.office.key(id);
        if wants.joins {
            let account = format!("--account=github:{}", merge.by);
            self.office.says(id, "join --yes", &[id, &account]);
        } else if wants.confirms {
            self.office.says(id, "join --yes", &[id]);
        }
        let there = |name: &&String| self.rights.owners.contains_key(*name);
        let (others, new): (Vec<&String>, Vec<&String>) = wants.gets.iter().partition(there);
        if !others.is_empty() {
            let names: Vec<&str> = [id]
                .into_iter()
                .chain(others.into_iter().map(String::as_str))
                .collect();
            self.office.says(id, "owner add --yes", &names);
            acts.author += 1;
        }
        acts.author += 1;
        let touched = merge.touched();
        match new.is_empty() {
            true => self.signs(id, "sign --yes", &[], acts),
            false => {
                let names: Vec<&str> = touched.into_iter().filter(|name| *name != "repo").collect();
                self.signs(id, "sign --yes", &names, acts);
            }
        }
    }

    /// Somebody signs; where archives have no strong checksum, in spite of that.
    fn signs(&self, who: &str, command: &str, names: &[&str], acts: &mut Outcome) {
        acts.signatures += 1;
        let output = self.office.tries(who, command, names);
        if output.status.success() {
            return;
        }
        let text = told(&output);
        assert!(
            text.contains("--allow-weak-checksums"),
            "{who}: {command}\n{text}"
        );
        acts.weak += 1;
        let command = format!("{command} --allow-weak-checksums");
        self.office.says(who, &command, names);
    }

    /// What docs/janitors.md tells those who approve.
    fn janitors(&self, written: bool, acts: &mut Outcome) {
        if !written {
            acts.janitors += 1;
            self.signs("ja", "sign --branch origin/change --yes", &[], acts);
        }
        for janitor in JANITORS {
            acts.janitors += 1;
            acts.signatures += 1;
            self.office
                .says(janitor, "approve --branch origin/change --yes", &[]);
        }
    }

    /// The branch is merged with what was merged meanwhile, and signed again.
    fn conflict(&self, change: &Change<'_>, acts: &mut Outcome) {
        let Change {
            merge, id, signs, ..
        } = *change;
        self.office.git("merge -q --no-commit main", &[]);
        let (new, old): (Vec<_>, Vec<_>) =
            merge.sections.iter().partition(|s| s.touch == Touch::Added);
        for section in new {
            let _ = fs::remove_file(self.office.path("work").join(&section.path));
        }
        let old: Vec<&str> = old.into_iter().map(|s| s.path.as_str()).collect();
        if !old.is_empty() {
            self.office.git_ok("checkout -q main --", &old);
        }
        assert!(self.apply(merge), "merge {} does not fit", merge.number);
        if signs {
            acts.author += 1;
            self.signs(id, "sign --yes", &[], acts);
        }
    }

    fn pushed(&self, message: &str) {
        self.office.commit(message);
        self.office.git_ok("push -q -f origin change", &[]);
    }

    /// What the job of the forge says.
    fn check(&self) -> Judged {
        let output = self.office.tries(
            "somebody",
            "check -C ../forge.git main..change --format=json",
            &[],
        );
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let whole: Value =
            serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {}", told(&output)));
        let summary = &whole["summary"];
        let mergeable = summary["verdict"] == "mergeable";
        assert_eq!(output.status.success(), mergeable, "{text}");
        let errors = whole["findings"].as_array().unwrap().iter();
        let errors = errors.filter(|f| f["severity"] == "error");
        Judged {
            mergeable,
            complete: summary["complete"] == true,
            conflicts: texts(&summary["conflicts"]),
            lacks: lacks(&summary["todo"]),
            errors: errors
                .map(|f| format!("{} {} {}", f["code"], f["path"], f["message"]))
                .take(20)
                .collect(),
        }
    }

    /// What the job says is not what the table says.
    fn differs(&mut self, change: &Change<'_>, judged: &Judged) {
        let Change { merge, lacks, .. } = change;
        let text = format!(
            "merge {} by {}: expected {lacks:?}, found {judged:?}",
            merge.number, merge.by
        );
        eprintln!("{text}");
        self.differences.push(text);
    }

    fn merged(&mut self, merge: &Merge, id: &str, wants: &Wants) {
        self.office.git_ok("fetch -q origin", &[]);
        self.office.git_ok("checkout -q main", &[]);
        self.office
            .git_ok("merge -q --no-ff -m Merge origin/change", &[]);
        self.office.git_ok("push -q origin main", &[]);
        self.mains
            .push((merge.time, self.office.git_ok("rev-parse main", &[])));
        self.rights.merged(id, wants);
        for package in &wants.gets {
            self.changed.insert(package.clone(), merge.time);
        }
        if wants.joins || wants.confirms {
            self.changed.insert(format!("author {id}"), merge.time);
        }
        if self.published + self.every <= merge.time {
            self.office.published();
            self.published = merge.time;
        }
    }
}

/// What `check` says of a branch.
#[derive(Debug)]
struct Judged {
    mergeable: bool,
    complete: bool,
    conflicts: Vec<String>,
    lacks: Lacks,
    #[allow(dead_code)] // shown where something differs
    errors: Vec<String>,
}

fn texts(value: &Value) -> Vec<String> {
    let values = value.as_array().into_iter().flatten();
    values.map(|v| v.as_str().unwrap().to_owned()).collect()
}

/// Who is missing, by what: of a package its owners, unless something of it waits for a quorum alone.
fn lacks(todo: &Value) -> Lacks {
    let mut lacks = Lacks::new();
    for task in todo.as_array().into_iter().flatten() {
        let owners: BTreeSet<String> = texts(&task["owners"]).into_iter().collect();
        for item in task["items"].as_array().unwrap() {
            let name = item["name"].as_str().unwrap();
            let what = match item["type"].as_str().unwrap() {
                "checksum" => format!("package {}", name.split('.').next().unwrap()),
                "authorisation" | "releases" => format!("package {name}"),
                other if other == name => other.to_owned(),
                other => format!("{other} {name}"),
            };
            let entry = lacks.entry(what).or_insert_with(|| owners.clone());
            *entry = &*entry & &owners;
        }
    }
    lacks
}

/// When each pull request was there at the latest: the first time at which one with its number, or a
/// higher one, was merged.
pub fn opened(merges: &[Merge]) -> BTreeMap<u32, u64> {
    let mut opened = BTreeMap::new();
    let mut highest = 0;
    for merge in merges {
        for pull in highest + 1..=merge.pull {
            opened.insert(pull, merge.time);
        }
        highest = highest.max(merge.pull);
    }
    opened
}

/// What git calls the files of the merged state that the data speak of.
pub fn files(office: &Office) -> BTreeMap<String, String> {
    let all = office.git_ok("ls-tree -r main", &[]);
    let lines = all.lines().filter_map(|line| line.split_once('\t'));
    let of_opam = lines.filter(|(_, path)| {
        path.ends_with("/opam") && package_of(path).is_some() || *path == "repo"
    });
    of_opam
        .map(|(about, path)| {
            (
                path.to_owned(),
                about.rsplit(' ').next().unwrap().to_owned(),
            )
        })
        .collect()
}
