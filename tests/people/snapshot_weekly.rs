//! Real history under one signature: the opam-repository of 2026-05-30, of which no
//! author signs anything, gets a snapshot from the one person who keeps it, and a new
//! one with each of the twelve weeks that really followed.
//!
//! Every honest week is accepted as each of the patches that opam can hand over and as
//! a new tree; a week in which one file is another one, in which a package is withheld
//! or an old one put beside the new ones, and last week's repository, are refused.

#![allow(clippy::disallowed_methods)]

use std::collections::BTreeSet;
use std::time::Instant;

use crate::history_support::publish::{Dialect, patch};
use crate::history_support::{FIRST_DAY, History, changed};
use conex::plan::{self, Init, MakeSnapshot, Plan, Sign, Unchanged, View, World};
use conex::shell::keys::{Signer as _, UnlockedKey};
use conex_verify::finding::{Code, Finding, Severity};
use conex_verify::format::key::Namespace;
use conex_verify::format::name::{Id, RepositoryName};
use conex_verify::format::resource::{SnapshotRule, Timestamp};
use conex_verify::tree::Tree;
use conex_verify::workbench::patch::{PatchContext, Store, apply};
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::anchors::{Anchors, Client};
use conex_verify::workbench::update::Memory;
use conex_verify::workbench::verdict::{Known, Load, verify_update};
use conex_verify::workbench::verify::Mode;

const SNAPSHOT: &str = "packages/.conex/snapshot";

/// The one person who keeps the repository.
struct Keeper {
    id: Id,
    key: UnlockedKey,
}

impl Keeper {
    fn new() -> Keeper {
        Keeper {
            id: Id::new("keeper").unwrap(),
            key: UnlockedKey::from_seed(&[7; 32]).unwrap(),
        }
    }

    fn client(&self) -> Client {
        let anchors = self.key.public().fingerprint().to_string();
        Client::new(anchors.parse::<Anchors>().unwrap(), 1).unwrap()
    }

    fn signs(&self, mut plan: Plan, world: &World<'_>) -> Plan {
        let key = self.key.public().fingerprint();
        let created = Timestamp::new("2026-11-24T14:00:00Z").unwrap();
        let sign = |namespace, bytes: &[u8]| self.key.sign(namespace, bytes).unwrap();
        for segment in plan.segments(world.chain().identity(), &self.id, &created) {
            let signature = sign(Namespace::Index, &segment.signed_bytes());
            plan.add_segment(segment, key, signature);
        }
        if let Some(link) = &plan.link {
            let signature = sign(Namespace::Janitors, &link.signed_bytes());
            plan.add_link_signature(key, signature);
        }
        if let Some(snapshot) = &plan.snapshot {
            let signature = sign(Namespace::Snapshot, &snapshot.signed_bytes());
            plan.add_snapshot_signature(key, signature);
        }
        plan
    }

    /// `conex init --alone`.
    fn starts(&self, tree: &mut Tree) {
        let request = Init {
            name: RepositoryName::new("opam-repository").unwrap(),
            quorum: 1,
            snapshot: SnapshotRule::Required,
            janitors: vec![(self.id.clone(), self.key.public().clone())],
        };
        *tree = plan::init(tree, &Repository::load(tree), &request)
            .unwrap()
            .apply(tree);
        let before = tree.clone();
        let repository = Repository::load(&before);
        let world = World::new(&before, &repository, View::AsIfApproved).unwrap();
        let plan = plan::approve(&world, &self.id, self.key.public(), &[]).unwrap();
        *tree = self.signs(plan, &world).apply(tree);
    }

    /// `conex sign` and `conex approve`: somebody changed what the file `repo` announces.
    fn approves(&self, tree: &mut Tree) {
        let before = tree.clone();
        let repository = Repository::load(&before);
        let world = World::new(&before, &repository, View::AsIfApproved).unwrap();
        let request = Sign {
            signer: self.id.clone(),
            key: self.key.public().clone(),
            packages: Vec::new(),
            allow_weak_checksums: true,
            log: Default::default(),
        };
        *tree = plan::sign(&world, &request).unwrap().apply(tree);
        let before = tree.clone();
        let repository = Repository::load(&before);
        let world = World::new(&before, &repository, View::AsIfApproved).unwrap();
        let plan = plan::approve(&world, &self.id, self.key.public(), &[]).unwrap();
        *tree = self.signs(plan, &world).apply(tree);
    }

    /// `conex snapshot`.
    fn states(&self, tree: &mut Tree, week: &str) {
        let before = tree.clone();
        let repository = Repository::load(&before);
        let world = World::new(&before, &repository, View::Supported).unwrap();
        let request = MakeSnapshot {
            signer: self.id.clone(),
            key: self.key.public().clone(),
            created: Timestamp::new(&format!("{week}T12:00:00Z")).unwrap(),
            unchanged: Unchanged::Keep,
        };
        let plan = plan::snapshot(&world, repository.state.clone(), &request).unwrap();
        *tree = self.signs(plan, &world).apply(tree);
    }
}

/// The errors of a verdict, or what to remember.
fn asks(
    client: &Client,
    old: Option<&Tree>,
    memory: Option<&Memory>,
    new: &Tree,
) -> Result<Memory, Vec<Finding>> {
    let repository = Repository::load(new);
    let old_repository = old.map(Repository::load);
    let known = Known {
        tree: old.zip(old_repository.as_ref()),
        name: "r",
        memories: memory.map_or(&[], std::slice::from_ref),
        load: Load::Patch,
    };
    let verdict = verify_update(&known, new, &repository, client, Mode::Covered);
    if verdict.accepted() {
        let assessment = verdict.assessment.as_ref().unwrap();
        Ok(Memory::after("r", client, &repository, assessment))
    } else {
        let errors = verdict.findings.into_iter();
        Err(errors.filter(|f| f.severity == Severity::Error).collect())
    }
}

/// `old` after the patch to `new` in each dialect, and the sizes of the patches.
fn patched(old: &Tree, new: &Tree) -> (Tree, [usize; 3]) {
    let mut result = None;
    let sizes = [Dialect::Gnu, Dialect::Ocaml, Dialect::Git].map(|dialect| {
        let text = patch(dialect, old, new);
        let context = PatchContext {
            repo_name: "r",
            store: Store::Directory,
            posixly_correct: false,
            clone: None,
        };
        let tree = apply(old, &text, &context)
            .unwrap_or_else(|e| panic!("{dialect:?}: {e}"))
            .tree;
        assert_eq!(changed(&tree, new), [].into(), "{dialect:?}");
        result = Some(tree);
        text.len()
    });
    (result.unwrap(), sizes)
}

fn refused(client: &Client, old: &Tree, new: &Tree, code: Code, path: &str) {
    let (result, _) = patched(old, new);
    for answer in [
        asks(client, None, None, &result),
        asks(client, Some(old), None, &result),
    ] {
        let findings = answer.expect_err("accepted");
        assert!(
            findings.iter().any(|f| f.code == code && f.path == path),
            "{path}: {findings:?}"
        );
    }
}

#[test]
#[cfg_attr(
    not(feature = "real-data"),
    ignore = "needs real repositories: tests/run"
)]
fn a_snapshot_a_week_protects_what_no_author_signs() {
    let Some(history) = History::find() else {
        return;
    };
    assert_eq!(history.weeks.len(), 12);
    let started = Instant::now();
    let keeper = Keeper::new();
    let client = keeper.client();
    let mut tree = history.first();
    keeper.starts(&mut tree);
    keeper.states(&mut tree, FIRST_DAY);
    let mut memory = asks(&client, None, None, &tree).unwrap();
    for (number, week) in history.weeks.iter().enumerate() {
        let mut new = tree.clone();
        let touched = history.apply(week, &mut new);
        if touched.contains("repo") {
            keeper.approves(&mut new);
        }
        keeper.states(&mut new, week);

        // Honest: each patch, a new tree, with and without memory.
        let (result, sizes) = patched(&tree, &new);
        let next = asks(&client, Some(&tree), Some(&memory), &result).unwrap();
        asks(&client, None, None, &new).unwrap();

        let package = |path: &str| {
            let name = path.split('/').nth(1).unwrap();
            format!("packages/{name}")
        };
        // One file that nobody touched is another one.
        let untouched = |path: &&String| path.ends_with("/opam") && !touched.contains(*path);
        let path = new
            .files
            .keys()
            .filter(untouched)
            .nth(997 * number)
            .unwrap();
        let mut evil = new.clone();
        let mut bytes = evil.get(path).unwrap().to_vec();
        bytes.extend_from_slice(b"post-messages: [\"owned\"]\n");
        evil.files.insert(path.clone(), bytes.into());
        refused(&client, &tree, &evil, Code::Snapshot, &package(path));
        // One package of this week is as it was, or not there: a fix that is withheld.
        let opam = |p: &&String| p.ends_with("/opam") && new.get(p).is_some();
        let path = touched.iter().find(opam).unwrap();
        let mut evil = new.clone();
        match tree.get(path) {
            Some(bytes) => evil.files.insert(path.clone(), bytes.clone()),
            None => evil.files.remove(path),
        };
        refused(&client, &tree, &evil, Code::Snapshot, &package(path));
        // All of last week, once this week is known.
        for known in [Some(&new), None] {
            let findings = asks(&client, known, Some(&next), &tree).unwrap_err();
            let rollback = |f: &Finding| f.code == Code::Rollback && f.path == SNAPSHOT;
            assert!(findings.iter().any(rollback), "{week}: {findings:?}");
        }

        let lines = |t: &Tree| -> BTreeSet<String> {
            let bytes = t.get(SNAPSHOT).unwrap();
            let text = std::str::from_utf8(bytes).unwrap();
            text.lines().map(str::to_owned).collect()
        };
        println!(
            "{week}: {} opam files changed, {} lines of the snapshot, patches of {sizes:?} bytes",
            touched.len(),
            lines(&new).difference(&lines(&tree)).count()
        );
        tree = new;
        memory = Memory::decode(&next.encode()).unwrap();
        assert_eq!(memory, next);
    }
    println!("{:.1} s", started.elapsed().as_secs_f64());
}
