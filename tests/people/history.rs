//! Real history: the opam-repository of 2026-05-30 gets signed, and twelve weeks of
//! what really changed follow, each signed by those whose packages changed.
//!
//! Every honest week is accepted as each of the patches that opam can hand
//! over. The same week is refused if an opam file in it, or one beside it, was
//! tampered with, and so is last week's repository once this week's is known.
//!
//! It takes some 150 s of CPU time with `CARGO_PROFILE_TEST_OPT_LEVEL=1`, several times
//! that without; `CONEX_WEEKS=3` replays fewer weeks.

#![allow(clippy::disallowed_methods)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::history_support::community::Community;
use crate::history_support::publish::{Dialect, patch};
use crate::history_support::{FIRST_DAY, History, changed};
use conex_verify::finding::{Code, Finding, Severity};
use conex_verify::tree::Tree;
use conex_verify::workbench::patch::{Kind, PatchContext, PatchError, Store, apply};
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::anchors::Client;
use conex_verify::workbench::update::Memory;
use conex_verify::workbench::verdict::Summary;
use conex_verify::workbench::verdict::{Known, Load, verify_update};
use conex_verify::workbench::verify::Mode;

/// The three dialects of an honest opam, one of them in two forms.
const DIALECTS: [Dialect; 4] = [Dialect::Gnu, Dialect::Ocaml, Dialect::Archive, Dialect::Git];

/// A client: what it trusts, holds and remembers.
struct User {
    client: Client,
    tree: Tree,
    memory: Option<Memory>,
}

/// What the hook says.
enum Answer {
    Accepted(Box<Memory>, Summary),
    Refused(Vec<Finding>),
}

impl User {
    /// What the hook says about `new`, given the tree before if there is one.
    fn asks(&self, old: Option<&Tree>, new: &Tree) -> Answer {
        let repository = Repository::load(new);
        let old_repository = old.map(Repository::load);
        let known = Known {
            tree: old.zip(old_repository.as_ref()),
            name: "r",
            memories: self.memory.as_slice(),
            load: Load::Patch,
        };
        let verdict = verify_update(&known, new, &repository, &self.client, Mode::Strict);
        if !verdict.accepted() {
            let errors = verdict.findings.into_iter();
            return Answer::Refused(errors.filter(|f| f.severity == Severity::Error).collect());
        }
        let assessment = verdict.assessment.as_ref().unwrap();
        Answer::Accepted(
            Box::new(Memory::after("r", &self.client, &repository, assessment)),
            verdict.summary,
        )
    }

    /// What the hook makes of a patch.
    fn applies(&self, dialect: Dialect, patch: &[u8]) -> Result<Tree, PatchError> {
        let ctx = PatchContext {
            repo_name: "r",
            store: match dialect {
                Dialect::Archive => Store::Archive,
                _ => Store::Directory,
            },
            posixly_correct: false,
            clone: None,
        };
        apply(&self.tree, patch, &ctx).map(|applied| applied.tree)
    }

    /// Applies the patches from what the user has to `new` in every dialect, which
    /// must give `new` each time: what is then verified is the same for all of them.
    fn updates(&self, new: &Tree) -> (Tree, [usize; 4]) {
        let mut result = None;
        let sizes = DIALECTS.map(|dialect| {
            let patch = patch(dialect, &self.tree, new);
            let tree = self
                .applies(dialect, &patch)
                .unwrap_or_else(|e| panic!("{dialect:?}: {e}\n{:?}", e.finding()));
            assert_eq!(changed(&tree, new), [].into(), "{dialect:?}");
            assert_eq!(tree.others, new.others, "{dialect:?}");
            result = Some(tree);
            patch.len()
        });
        (result.unwrap(), sizes)
    }
}

fn refused(answer: Answer, what: &str) -> Vec<Finding> {
    match answer {
        Answer::Refused(findings) => findings,
        Answer::Accepted(..) => panic!("{what}: accepted"),
    }
}

/// The tree with one more dependency in the opam file at `path`.
fn tampered(tree: &Tree, path: &str) -> Tree {
    let mut tree = tree.clone();
    let mut bytes = tree.get(path).unwrap().to_vec();
    bytes.extend_from_slice(b"post-messages: [\"owned\"]\n");
    tree.files.insert(path.to_owned(), bytes.into());
    tree
}

#[test]
#[cfg_attr(
    not(feature = "real-data"),
    ignore = "needs real repositories: tests/run"
)]
fn twelve_real_weeks_are_accepted_and_their_forgeries_refused() {
    let Some(history) = History::find() else {
        return;
    };
    assert_eq!(history.weeks.len(), 12);
    let most = std::env::var("CONEX_WEEKS").ok();
    let most: usize = most.map_or(12, |n| n.parse().expect("CONEX_WEEKS is a number"));
    let weeks = history.weeks.get(..most).unwrap_or(&history.weeks);
    if weeks.len() < 12 {
        println!("NOT RUN: all weeks after the first {}", weeks.len());
    }
    let started = Instant::now();
    let mut people = Community::new();
    let mut tree = history.first();
    let work = people.start(&mut tree);
    println!(
        "{FIRST_DAY}: signed in {:.1} s: {} files written, entries {:?}",
        started.elapsed().as_secs_f64(),
        work.files,
        work.entries
    );
    let mut user = User {
        client: people.client(),
        tree: Tree::default(),
        memory: None,
    };
    let (memory, summary) = accepted(user.asks(None, &tree), FIRST_DAY);
    println!("{FIRST_DAY}: {summary:?}");
    assert_eq!((summary.unsigned_packages, summary.broken_packages), (0, 0));
    assert_eq!((summary.authors, summary.teams), (5, 1));
    user.memory = Some(memory);
    user.tree = tree;
    let (mut renames, mut removed) = (0, 0);
    for (number, week) in weeks.iter().enumerate() {
        let mut clock = Clock::default();
        // What the maintainers do.
        let mut new = user.tree.clone();
        let touched = history.apply(week, &mut new);
        let work = clock.time("sign", || people.week(&mut new, &touched));
        let gone = touched.iter().filter(|path| new.get(path).is_none());
        removed += gone.count();

        // The honest update.
        let (result, sizes) = clock.time("patch", || user.updates(&new));
        let answer = clock.time("verify", || user.asks(Some(&user.tree), &result));
        let (memory, summary) = accepted(answer, week);
        assert_eq!((summary.unsigned_packages, summary.broken_packages), (0, 0));

        // One opam file is not what its maintainers signed: one of this week's, and in the
        // weeks between one that nobody touched.
        let untouched = |path: &&String| path.ends_with("/opam") && !touched.contains(*path);
        let path = if number % 2 == 0 {
            touched
                .iter()
                .find(|path| path.ends_with("/opam") && new.get(path).is_some())
        } else {
            new.files.keys().filter(untouched).nth(997 * number)
        };
        let path = path.unwrap();
        let findings = clock.time("tampered", || {
            let (result, _) = user.updates(&tampered(&new, path));
            refused(user.asks(Some(&user.tree), &result), week)
        });
        assert!(
            findings
                .iter()
                .any(|f| f.code == Code::Digest && f.path == *path),
            "{week}: {findings:?}"
        );

        // git's detection of renames, which the hook turns off.
        let with_renames = patch(Dialect::GitRenames, &user.tree, &new);
        if let Some(finding) = rename_refused(&user, &with_renames, &new) {
            renames += 1;
            println!(
                "{week}: {} `{}`: {}",
                finding.code, finding.path, finding.hint
            );
        }

        // Last week's repository, once this week's is known: as a patch, and as a new
        // tree after opam has forgotten everything.
        let before = std::mem::replace(&mut user.tree, new);
        // The hook keeps it as a file.
        user.memory = Some(Memory::decode(&memory.encode()).unwrap());
        assert_eq!(user.memory, Some(memory));
        let findings = clock.time("replays", || {
            let (result, _) = user.updates(&before);
            [
                refused(user.asks(Some(&user.tree), &result), "replay as a patch"),
                refused(user.asks(None, &before), "replay as a new tree"),
            ]
        });
        for findings in findings {
            assert!(findings.iter().any(|f| f.code == Code::Rollback), "{week}");
        }

        println!(
            "{week}: {} opam files changed, {} files written by {} people, {} releases, patches of {:?} bytes; {}",
            touched.len(),
            work.files,
            work.entries.values().filter(|n| **n > 0).count(),
            summary.releases,
            sizes,
            clock.times.join(", ")
        );
    }
    leaves_and_returns(&mut user, &mut people);
    println!(
        "{} weeks: {removed} releases removed, {renames} refused with renames; {:.1} s",
        weeks.len(),
        started.elapsed().as_secs_f64()
    );
    if weeks.len() == 12 {
        assert_eq!(removed, 6);
        assert_eq!(renames, 2, "weeks in which git finds a rename with changes");
    }
}

/// A package loses all its releases, and one of them comes back: when it is signed anew,
/// and not as it was before.
fn leaves_and_returns(user: &mut User, people: &mut Community) {
    let name = "packages/0install/";
    let release = "packages/0install/0install.2.18/";
    let whole = user.tree.clone();
    let opam = |path: &&String| path.starts_with(name) && path.ends_with("/opam");
    let touched: BTreeSet<String> = whole.files.keys().filter(opam).cloned().collect();
    assert!(touched.contains(&format!("{release}opam")));
    let mut without = whole.clone();
    for path in &touched {
        let directory = path.strip_suffix("opam").unwrap();
        without.files.retain(|p, _| !p.starts_with(directory));
    }
    people.week(&mut without, &touched);
    follow(user, without, "all releases leave");

    // As it was: its files, and the list of releases that had it.
    let mut replayed = user.tree.clone();
    let old = whole
        .files
        .iter()
        .filter(|(path, _)| path.starts_with(name));
    replayed
        .files
        .extend(old.map(|(path, bytes)| (path.clone(), bytes.clone())));
    refused(user.asks(Some(&user.tree), &replayed), "as it was");
    // Its files alone, which no list has.
    let mut replayed = user.tree.clone();
    let old = whole
        .files
        .iter()
        .filter(|(path, _)| path.starts_with(release));
    replayed
        .files
        .extend(old.map(|(path, bytes)| (path.clone(), bytes.clone())));
    refused(
        user.asks(Some(&user.tree), &replayed),
        "beside the list without it",
    );

    let mut again = user.tree.clone();
    let path = format!("{release}opam");
    again.files.insert(path.clone(), whole.files[&path].clone());
    people.week(&mut again, &[path].into());
    follow(user, again, "one release returns");
}

/// An honest update, in every dialect.
fn follow(user: &mut User, new: Tree, what: &str) {
    let (result, _) = user.updates(&new);
    let (memory, _) = accepted(user.asks(Some(&user.tree), &result), what);
    user.memory = Some(memory);
    user.tree = new;
}

fn accepted(answer: Answer, what: &str) -> (Memory, Summary) {
    match answer {
        Answer::Accepted(memory, summary) => (*memory, summary),
        Answer::Refused(findings) => {
            // One of each kind: of what fails for all packages there are thousands.
            let one: BTreeMap<Code, &Finding> = findings.iter().map(|f| (f.code, f)).collect();
            panic!("{what}: {} findings, of them {one:#?}", findings.len())
        }
    }
}

/// A patch made with the detection of renames: if it holds a rename with changes, it
/// is refused, and says what to do; otherwise it is as good as any.
fn rename_refused(user: &User, patch: &[u8], new: &Tree) -> Option<Finding> {
    match user.applies(Dialect::GitRenames, patch) {
        Ok(tree) => {
            assert_eq!(changed(&tree, new), [].into());
            None
        }
        Err(error) => {
            assert_eq!(error.kind(), Kind::RenameEdit, "{error}");
            let finding = error.finding();
            assert!(finding.hint.contains("run `opam update` again"));
            Some(finding)
        }
    }
}

/// How long the steps of a week take.
#[derive(Default)]
struct Clock {
    times: Vec<String>,
}

impl Clock {
    fn time<T>(&mut self, what: &str, step: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = step();
        let elapsed: Duration = start.elapsed();
        self.times
            .push(format!("{what} {:.1} s", elapsed.as_secs_f64()));
        result
    }
}
