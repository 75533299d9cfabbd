//! What waits in the branches and the pull requests of a remote.

use crate::hint::Hint;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use super::StatusArgs;

use crate::plan::todo::Todo;
use crate::shell::cli::branch::published;
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::options::Format;
use crate::shell::cli::todo::{JsonTask, lines};
use crate::shell::cli::verb::check::{Commit, Outcome, Subject, Summary, judge, verdict};
use crate::shell::git::{Git, Oid, Range, Where};
use crate::shell::out::{out, outln};
use crate::shell::report::{json as in_json, neutral};
use conex_verify::finding::Reader;
use conex_verify::format::name::Id;
use conex_verify::words::{counted, plural};

/// Where branches are.
const HEADS: &str = "refs/heads/";

/// What somebody wrote and nobody merged.
#[derive(Default)]
struct Work {
    /// The branches, without their remote: several may be at one commit.
    branches: Vec<String>,
    /// The pull requests.
    pulls: Vec<u64>,
}

impl Work {
    /// What people call it.
    fn name(&self, remote: &str) -> String {
        let branches = self.branches.iter();
        let mut names: Vec<String> = branches.map(|name| format!("{remote}/{name}")).collect();
        if !self.pulls.is_empty() {
            let numbers: Vec<String> = self.pulls.iter().map(u64::to_string).collect();
            let what = plural(numbers.len(), "pull request");
            names.push(format!("{what} {}", numbers.join(", ")));
        }
        names.join(", ")
    }
}

/// What became of the pull requests that the forge keeps.
#[derive(Default, Serialize)]
struct Pulls {
    /// How many there are.
    all: usize,
    /// How many were looked at, the newest.
    looked_at: usize,
    /// How many of the others are in the published branch already, or bring nothing that it lacks.
    merged: usize,
    /// How many were left out because of the bound.
    older: usize,
}

/// What is said of one.
struct Said {
    work: Work,
    result: Result<(Subject, Outcome, u128), Failure>,
    /// Who must still do what; of a person, only what that one can do.
    todo: Todo,
}

/// Runs `conex status --remote`: of the remote `name`, or of the usual one if that is empty.
pub fn run(
    root: &Path,
    name: &str,
    person: Option<&Id>,
    args: &StatusArgs,
) -> Result<Exit, Failure> {
    let git = Git::open(root, Where::Directory)?;
    let remotes = git.remotes()?;
    let wanted = (!name.is_empty()).then_some(name);
    let base = published(&git, &remotes, None, wanted)?;
    let remote = base.remote.as_str();
    let branches = git.fetch(remote, &[format!("{HEADS}*")])?;
    let Some(tip) = branches.get(&base.name) else {
        return Err(Failure::usage(
            format!("the remote `{remote}` has no branch `{}`", base.short()),
            Hint::SetHead {
                remote: remote.to_owned(),
            },
        ));
    };
    let mut work: BTreeMap<Oid, Work> = BTreeMap::new();
    // In the order of their names, and then the newest pull request first.
    let mut order = Vec::new();
    for (name, head) in branches.iter().filter(|(name, _)| **name != base.name) {
        // What was merged waits nowhere but in the published branch.
        if git.common(tip, head)?.as_ref() == Some(head) {
            continue;
        }
        let short = name.strip_prefix(HEADS).unwrap_or(name);
        let found = work.entry(head.clone()).or_default();
        if found.branches.is_empty() {
            order.push(head.clone());
        }
        found.branches.push(short.to_owned());
    }
    let mut pulls = None;
    if let Some(most) = args.pulls {
        let (sum, new) = newest(&git, remote, tip, usize::from(most))?;
        for (n, head) in new {
            let found = work.entry(head.clone()).or_default();
            if found.branches.is_empty() && found.pulls.is_empty() {
                order.push(head);
            }
            found.pulls.push(n);
        }
        pulls = Some(sum);
    }
    let mut all = Vec::new();
    for head in order {
        let Some(work) = work.remove(&head) else {
            continue;
        };
        let range = Range {
            base: base.text(),
            head: work.name(remote),
        };
        let result = look(&git, range, tip, &head);
        // What was merged in another way, as one commit for example, brings nothing any more.
        if let Ok((subject, ..)) = &result
            && subject.merged.as_ref() == Some(&subject.base_tree)
        {
            if let Some(pulls) = &mut pulls {
                pulls.looked_at -= work.pulls.len();
                pulls.merged += work.pulls.len();
            }
            continue;
        }
        let check = result.as_ref().ok();
        let check = check.and_then(|(_, outcome, _)| outcome.check.as_ref());
        let todo = match (check, person) {
            (Some(check), Some(id)) => check.todo.of_person(id),
            (Some(check), None) => check.todo.clone(),
            (None, _) => Todo::default(),
        };
        if person.is_some() && todo.is_empty() && result.is_ok() {
            continue;
        }
        all.push(Said { work, result, todo });
    }
    match args.format {
        Format::Human => human(&all, remote, &base.text(), pulls.as_ref(), person, args.all),
        Format::Json => {
            let tree = git.tree_of(tip)?;
            json(&all, remote, &base.text(), (tip, &tree), pulls);
        }
    }
    Ok(Exit::Success)
}

/// The newest pull requests that are not in the published branch, each with its last commit. They
/// are fetched, all at once.
fn newest(
    git: &Git,
    remote: &str,
    tip: &Oid,
    most: usize,
) -> Result<(Pulls, Vec<(u64, Oid)>), Failure> {
    let there = git.pulls(remote)?;
    let heads = there.values().map(|(_, oid)| oid.clone()).collect();
    let merged = git.contained(tip, heads)?;
    let open = there.iter().rev();
    let open: Vec<(u64, &str)> = open
        .filter(|(_, (_, oid))| !merged.contains(oid))
        .map(|(n, (name, _))| (*n, name.as_str()))
        .collect();
    let new = open.get(..most).unwrap_or(&open);
    let sum = Pulls {
        all: there.len(),
        looked_at: new.len(),
        merged: there.len() - open.len(),
        older: open.len() - new.len(),
    };
    let names: Vec<String> = new.iter().map(|(_, name)| (*name).to_owned()).collect();
    let fetched = match names.is_empty() {
        true => BTreeMap::new(),
        false => git.fetch(remote, &names)?,
    };
    // What moved meanwhile is looked at as it is now.
    let new = new.iter();
    let new = new.filter_map(|(n, name)| Some((*n, fetched.get(*name)?.clone())));
    Ok((sum, new.collect()))
}

/// What `check` says.
fn look(
    git: &Git,
    range: Range,
    base: &Oid,
    head: &Oid,
) -> Result<(Subject, Outcome, u128), Failure> {
    let start = Instant::now();
    let mut subject = Subject::new(git, range, base.clone(), head.clone())?;
    // Whether a key comes back is asked when the branch is merged.
    subject.history = false;
    let outcome = judge(git, &mut subject, None)?;
    Ok((subject, outcome, start.elapsed().as_millis()))
}

/// For people.
fn human(
    all: &[Said],
    remote: &str,
    base: &str,
    pulls: Option<&Pulls>,
    person: Option<&Id>,
    whole: bool,
) {
    for said in all {
        outln!("{}", neutral(&said.work.name(remote)));
        let mut told = lines(&said.todo, whole);
        told.push(match &said.result {
            Ok((subject, outcome, _)) => verdict(subject, outcome),
            Err(failure) => format!("cannot be said: {}", failure.message),
        });
        for line in told {
            outln!("  {}", neutral(&line));
        }
    }
    if all.is_empty() {
        let what = person.map_or(String::new(), |id| format!(" for `{id}`"));
        let places = match pulls {
            Some(_) => "branches and pull requests",
            None => "branches",
        };
        outln!(
            "Nothing waits{what} in the {places} of `{}`.",
            neutral(remote)
        );
    }
    if let Some(pulls) = pulls {
        let mut told = vec![match pulls.older {
            0 => format!("{} looked at", pulls.looked_at),
            _ => format!("the {} newest looked at", pulls.looked_at),
        }];
        if pulls.older > 0 {
            told.push(format!("{} older left out (`--pulls N`)", pulls.older));
        }
        told.push(format!("{} in {base} already", pulls.merged));
        let all = counted(pulls.all, "pull request");
        outln!("{all}: {}", neutral(&told.join(", ")));
    }
}

/// What `status --remote --format=json` says; see docs/json.md.
#[derive(Serialize)]
struct Remote<'a> {
    remote: &'a str,
    base: Commit<'a>,
    branches: Vec<JsonSaid<'a>>,
    pulls: Option<Pulls>,
}

/// One that is not merged.
#[derive(Serialize)]
struct JsonSaid<'a> {
    name: &'a str,
    branches: Vec<String>,
    pulls: &'a [u64],
    todo: Vec<JsonTask>,
    check: Option<Summary<'a>>,
    problem: Option<&'a str>,
}

/// For programs.
fn json(all: &[Said], remote: &str, base: &str, (tip, tree): (&Oid, &Oid), pulls: Option<Pulls>) {
    let names: Vec<String> = all.iter().map(|said| said.work.name(remote)).collect();
    let branches = all.iter().zip(&names).map(|(said, name)| JsonSaid {
        name,
        branches: said.work.branches.clone(),
        pulls: &said.work.pulls,
        todo: JsonTask::all(&said.todo),
        check: said
            .result
            .as_ref()
            .ok()
            .map(|(subject, outcome, milliseconds)| Summary::of(subject, outcome, *milliseconds)),
        problem: said.result.as_ref().err().map(|f| f.message.as_str()),
    });
    let summary = Remote {
        remote,
        base: Commit {
            name: base,
            commit: tip.as_str(),
            tree: tree.as_str(),
        },
        branches: branches.collect(),
        pulls,
    };
    out!("{}", in_json(&[], Reader::Merge, summary));
}
