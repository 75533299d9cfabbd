//! One sequence: the first day of a repository, and the steps that were merged after it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::LazyLock;

use conex::check::{Clients, Side, check};
use conex::plan::{
    Change, Init, Join, MakeSnapshot, OwnerChange, Selection, TeamChange, Unchanged, View, World,
    init, join, owner, snapshot, team,
};
use conex::shell::keys::Signer as _;
use conex_verify::finding::Severity;
use conex_verify::format::name::RepositoryName;
use conex_verify::format::path::Place;
use conex_verify::format::resource::{SnapshotRule, Timestamp};
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::verify::{Mode, read_chain};

use crate::patch_support::random::Random;

use crate::world::{MODES, OPAM, id, opam_path};

use super::people::{Branch, Facts, People, Refused};
use super::steps::{self, KINDS, Kind};

/// A sequence ends after so many steps that were tried, accepted or not.
const ATTEMPTS: usize = 40;
/// Above so many segments people tidy up.
const MANY: usize = 16;
/// How many steps before the published state a branch may have started.
const FORK: usize = 3;

pub const JANITORS: [&str; 3] = ["ja", "jb", "jc"];
const AUTHORS: [&str; 3] = ["alice", "bob", "carol"];
const RELEASES: [&str; 4] = ["fmt.1.0", "fmt.1.1", "lwt.1.0", "cohttp.1.0"];

/// What became of a step that somebody wanted to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// `check` accepted it, and it is published.
    Accepted,
    /// There was nothing to do.
    Nothing,
    /// The tool refused.
    Refused,
    /// The branch could not be merged any more.
    Conflict,
    /// `check` did not accept it.
    Rejected,
    /// Nobody could make the snapshot.
    Unpublished,
}

/// How often each kind of step had which fate.
pub type Fates = BTreeMap<(Kind, Fate), usize>;

/// A state that was published.
pub struct State {
    /// What was done to get there.
    pub what: String,
    /// The branch that people work on, without a snapshot.
    working: Tree,
    /// What clients get.
    pub published: Tree,
}

pub struct Sequence {
    people: People,
    pub mode: Mode,
    /// Whether each state is published with a snapshot.
    snapshots: bool,
    pub states: Vec<State>,
    /// Branches that were not merged: what they were, where they started, and what came of it.
    dropped: Vec<(String, Tree, Tree)>,
    /// Changes that `check` refuses although nobody has anything left to do.
    pub dead_ends: Vec<String>,
    pub fates: Fates,
}

/// The first day of a repository: three janitors, of whom two must agree; `alice` owns `fmt`,
/// `alice` and `bob` own `lwt`, the team `web` of `alice` and `carol` owns `cohttp`.
fn day_one(mode: Mode) -> (Tree, People) {
    let mut people = People::new(7);
    let mut tree = Tree::default();
    let mut put = |path: &str, text: &str| {
        tree.files.insert(path.to_owned(), text.as_bytes().into());
    };
    put(
        "repo",
        "opam-version: \"2.0\"\nbrowse: \"https://example.org/\"\n",
    );
    for release in RELEASES {
        put(&opam_path(release), OPAM);
    }
    if mode != Mode::Strict {
        put(&opam_path("lone.1.0"), OPAM);
    }
    let janitors = JANITORS.map(|j| (id(j), people.new_key(j).public().clone()));
    let request = Init {
        name: RepositoryName::new("example").unwrap(),
        quorum: 2,
        snapshot: match mode {
            Mode::Covered => SnapshotRule::Required,
            _ => SnapshotRule::Optional,
        },
        janitors: janitors.into(),
    };
    let plan = init(&tree, &Repository::load(&tree), &request).unwrap();
    let tree = plan.apply(&tree);
    let mut branch = Branch {
        people: &mut people,
        tree,
    };
    for author in AUTHORS {
        let key = branch.people.new_key(author);
        let joins = |keys| Join {
            id: id(author),
            keys,
            accounts: BTreeSet::new(),
        };
        branch
            .signed_with(
                View::AsIfApproved,
                author,
                Some(&key),
                |world, _, key, _| join(world, &joins(vec![key.clone()])),
            )
            .unwrap();
    }
    let web = TeamChange {
        change: Change::Add,
        team: id("web"),
        members: vec![id("alice"), id("carol")],
    };
    branch.unsigned(|world| team(world, &web)).unwrap();
    for (who, name) in [
        ("alice", "fmt"),
        ("alice", "lwt"),
        ("bob", "lwt"),
        ("web", "cohttp"),
    ] {
        let request = OwnerChange {
            change: Change::Add,
            id: id(who),
            instead_of: None,
            packages: Selection::Named(vec![name.to_owned()]),
        };
        branch.unsigned(|world| owner(world, &request)).unwrap();
    }
    for author in ["alice", "bob"] {
        branch.sign(author, &[]).unwrap();
    }
    for janitor in JANITORS {
        branch.approve(janitor, &[]).unwrap();
    }
    branch.settle(&[]).unwrap();
    let tree = branch.tree;
    (tree, people)
}

/// The first days, made once.
static FIRST: LazyLock<Vec<(Mode, Tree, People)>> = LazyLock::new(|| {
    let day = |mode| {
        let (tree, people) = day_one(mode);
        (mode, tree, people)
    };
    MODES.map(day).into()
});

impl Sequence {
    /// Draws the steps of a sequence.
    pub fn of(seed: u64) -> Sequence {
        let mut random = Random(seed);
        let (mode, tree, people) = &FIRST[random.below(FIRST.len())];
        let mut people = people.clone();
        people.random = random;
        let mut sequence = Sequence {
            people,
            mode: *mode,
            snapshots: false,
            states: Vec::new(),
            dropped: Vec::new(),
            dead_ends: Vec::new(),
            fates: Fates::new(),
        };
        let first = sequence.published(tree, Unchanged::Keep);
        sequence.states.push(State {
            what: "day one".to_owned(),
            working: tree.clone(),
            published: first.unwrap(),
        });
        let wanted = 12 + sequence.people.random.below(5);
        for _ in 0..ATTEMPTS {
            if sequence.states.len() > wanted {
                break;
            }
            let random = &mut sequence.people.random;
            let kind = match random.below(KINDS.len() + 1) {
                n if n < KINDS.len() => KINDS[n],
                _ => Kind::Snapshot,
            };
            // A repository with many segments costs time, here and elsewhere.
            let last = &sequence.states.last().unwrap().working;
            let many = last.below("packages/.conex/index/").count() > MANY;
            let kind = match many && random.once_in(3) {
                true => [Kind::Compact, Kind::DeleteDead][random.below(2)],
                false => kind,
            };
            let fate = sequence.attempt(kind);
            *sequence.fates.entry((kind, fate)).or_default() += 1;
        }
        sequence
    }

    fn last(&self) -> &State {
        self.states.last().unwrap()
    }

    /// Somebody makes a step in a branch, which may have started from an earlier state, and wants
    /// to have it merged.
    fn attempt(&mut self, kind: Kind) -> Fate {
        if kind == Kind::Snapshot {
            return self.snapshot();
        }
        let Some((what, start, tip)) = self.branch(kind) else {
            return Fate::Refused;
        };
        let guided = !matches!(
            kind,
            Kind::Package | Kind::Withdraw | Kind::Revert | Kind::Retry | Kind::Strip
        );
        let fresh = guided && start.files == self.last().working.files;
        let fate = self.propose(what.clone(), &start, &tip, fresh);
        if matches!(fate, Fate::Conflict | Fate::Rejected | Fate::Unpublished) {
            self.dropped.push((what, start, tip));
        }
        fate
    }

    /// What somebody did: where the branch started, and how it ends.
    fn branch(&mut self, kind: Kind) -> Option<(String, Tree, Tree)> {
        let latest = self.states.len() - 1;
        match kind {
            Kind::Revert => {
                let n = self.people.random.below(self.states.len());
                let before = &self.states.get(n.checked_sub(1)?)?.working;
                let what = format!("step {n} is taken back");
                return Some((what, self.states[n].working.clone(), before.clone()));
            }
            Kind::Retry => {
                let n = self.people.random.below(self.dropped.len().max(1));
                let (what, start, tip) = self.dropped.get(n)?.clone();
                return Some((format!("again: {what}"), start, tip));
            }
            _ => {}
        }
        let back = match self.people.random.below(3) {
            0 => self.people.random.below(FORK + 1),
            _ => 0,
        };
        let from = latest.saturating_sub(back);
        let start = self.states[from].working.clone();
        let mut branch = Branch {
            people: &mut self.people,
            tree: start.clone(),
        };
        let what = steps::make(kind, &mut branch).ok()?;
        let tip = branch.tree;
        let what = match from == latest {
            true => what,
            false => format!("{what} (in a branch of {from})"),
        };
        Some((what, start, tip))
    }

    /// Somebody wants to have a branch merged.
    fn propose(&mut self, what: String, start: &Tree, tip: &Tree, fresh: bool) -> Fate {
        if tip.files == start.files {
            return Fate::Nothing;
        }
        let Some(merged) = merge(start, tip, &self.last().working) else {
            return Fate::Conflict;
        };
        if merged.files == self.last().working.files {
            return Fate::Nothing;
        }
        self.offer(what, merged, Unchanged::Keep, fresh)
    }

    /// From now on each state has a snapshot; if it has one already, that is made anew.
    fn snapshot(&mut self) -> Fate {
        let there = self.is_published_with_a_snapshot(&self.last().working.clone());
        let mut tree = self.last().working.clone();
        let facts = Facts::of(&tree);
        if !facts.teams.contains_key("notaries") {
            let mut members = facts.janitors.clone();
            members.extend(facts.authors.keys().cloned());
            let some = |people: &mut People| people.one(&members).unwrap();
            let request = TeamChange {
                change: Change::Add,
                team: id("notaries"),
                members: vec![
                    id(&some(&mut self.people)),
                    id(&some(&mut self.people)),
                    id(&facts.janitors[0]),
                ],
            };
            let mut branch = Branch {
                people: &mut self.people,
                tree,
            };
            let made = branch.unsigned(|world| team(world, &request));
            let made = made.and_then(|()| branch.settle(&["notaries".to_owned()]));
            if made.is_err() {
                return Fate::Refused;
            }
            tree = branch.tree;
        }
        let before = self.snapshots;
        self.snapshots = true;
        let what = match there {
            true => "a new snapshot of the same",
            false => "the first snapshot",
        };
        let fate = self.offer(what.to_owned(), tree, Unchanged::Renew, true);
        self.snapshots = before || fate == Fate::Accepted;
        fate
    }

    /// What `check` accepts is merged and published. `fresh` is a change that started from the
    /// last state, and in which people did what the tools ask them for.
    fn offer(&mut self, what: String, merged: Tree, unchanged: Unchanged, fresh: bool) -> Fate {
        let base = &self.last().working;
        let (old, new) = (Repository::load(base), Repository::load(&merged));
        let sides = [(base, &old), (&merged, &new)];
        let [base, head] = sides.map(|(tree, repository)| Side { tree, repository });
        let mode = match self.mode {
            Mode::Strict => Mode::Strict,
            _ => Mode::NoStrict,
        };
        let clients = Clients {
            trusting: None,
            mode,
            elsewhere: None,
        };
        let result = check(base, head, clients, &|_| Default::default());
        if !result.mergeable() {
            let errors = result.findings.iter().map(|j| &j.finding);
            let errors = errors.filter(|f| f.severity == Severity::Error);
            let told: Vec<_> = errors
                .map(|f| format!("{} {}: {}", f.code, f.path, f.message))
                .collect();
            // What is refused and waits for nobody cannot be mended.
            if fresh && result.todo.is_empty() {
                let latest = self.states.len() - 1;
                let told = told.join("\n    ");
                self.dead_ends
                    .push(format!("after {latest}: {what}:\n    {told}"));
            }
            return Fate::Rejected;
        }
        let Ok(published) = self.published(&merged, unchanged) else {
            return Fate::Unpublished;
        };
        self.states.push(State {
            what,
            working: merged,
            published,
        });
        Fate::Accepted
    }

    fn is_published_with_a_snapshot(&self, working: &Tree) -> bool {
        let repository = Repository::load(working);
        let chain = read_chain(&repository).unwrap();
        self.snapshots || chain.current().snapshot == SnapshotRule::Required
    }

    /// What clients get of a state: with a snapshot, if there was one or one is required.
    fn published(&mut self, working: &Tree, unchanged: Unchanged) -> Result<Tree, Refused> {
        let mut tree = working.clone();
        if !self.is_published_with_a_snapshot(working) {
            return Ok(tree);
        }
        let path = Place::Snapshot.path();
        let before = self.states.last().and_then(|s| s.published.get(&path));
        if let Some(bytes) = before {
            tree.files.insert(path, bytes.clone());
        }
        let facts = Facts::of(&tree);
        let mut notaries = facts.teams.get("notaries").cloned().unwrap_or_default();
        let repository = Repository::load(&tree);
        let world = World::new(&tree, &repository, View::Supported);
        let world = world.map_err(|e| e.to_string())?;
        while let Some(who) = self.people.one(&notaries) {
            notaries.retain(|n| *n != who);
            let Some(key) = self.people.key_of(&world, &who) else {
                continue;
            };
            let request = MakeSnapshot {
                signer: id(&who),
                key: key.public().clone(),
                created: Timestamp::new("2031-01-01T00:00:00Z").unwrap(),
                unchanged,
            };
            let state = repository.state.clone();
            if let Ok(mut plan) = snapshot(&world, state, &request) {
                self.people.seal(&mut plan, &world, &who, &key);
                return Ok(plan.apply(&tree));
            }
        }
        Err("nobody can make the snapshot".to_owned())
    }

    /// The steps, for somebody who looks for a fault.
    pub fn tell(&self, seed: u64) -> String {
        let mut text = format!("CONEX_SEED={seed} CONEX_SEQUENCES=1 ({:?})\n", self.mode);
        for (n, state) in self.states.iter().enumerate() {
            let _ = writeln!(text, "  {n}: {}", state.what);
        }
        text
    }
}

/// What git makes of two branches in which no file was changed in two ways.
fn merge(start: &Tree, tip: &Tree, onto: &Tree) -> Option<Tree> {
    let mut merged = onto.clone();
    let paths: BTreeSet<&String> = start.files.keys().chain(tip.files.keys()).collect();
    for path in paths {
        let (old, new) = (start.get(path), tip.get(path));
        let there = onto.get(path);
        if old == new || there == new {
            continue;
        }
        if there != old {
            return None;
        }
        match new {
            Some(bytes) => merged.files.insert(path.clone(), bytes.clone()),
            None => merged.files.remove(path),
        };
    }
    Some(merged)
}
