//! The people who sign the real opam-repository in these tests: three janitors of
//! whom two must agree, five authors, a team, and packages that nobody owns and the
//! janitors look after.

use std::collections::{BTreeMap, BTreeSet};

use conex::plan::{
    Change, Init, Join, OwnerChange, Plan, PlanError, Selection, Sign, TeamChange, World,
};
use conex::plan::{View, approve, init, join, owner, sign, team};
use conex::shell::keys::Signer as _;
use conex::shell::keys::private::UnlockedKey;
use conex_verify::format::digest::Digest;
use conex_verify::format::key::{Fingerprint, Namespace};
use conex_verify::format::name::{Id, PackageName, RepositoryName};
use conex_verify::format::resource::{SnapshotRule, Timestamp};
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::anchors::Client;

const JANITORS: [&str; 3] = ["janitor-a", "janitor-b", "janitor-c"];
const AUTHORS: [&str; 5] = ["author-a", "author-b", "author-c", "author-d", "author-e"];
const TEAM: &str = "maintainers";
/// The two authors who are the team.
const MEMBERS: [&str; 2] = ["author-d", "author-e"];

/// Who looks after a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Keeper {
    Author(&'static str),
    Team,
    Quorum,
}

impl Keeper {
    /// By the hash of the name: half of the packages have an author of their own, a
    /// quarter the team, a quarter only the janitors.
    fn of(name: &str) -> Keeper {
        let hash = Digest::of(name.as_bytes()).short();
        let hash = usize::from_str_radix(&hash, 16).unwrap();
        match hash % 20 {
            n @ 0..10 => Keeper::Author(AUTHORS[n % AUTHORS.len()]),
            10..15 => Keeper::Team,
            _ => Keeper::Quorum,
        }
    }

    /// Who signs what this keeper is responsible for. The members of the team take turns.
    fn signer(self, week: usize) -> &'static str {
        match self {
            Keeper::Author(id) => id,
            Keeper::Team => MEMBERS[week % MEMBERS.len()],
            Keeper::Quorum => JANITORS[week % JANITORS.len()],
        }
    }
}

/// The people and their keys.
pub struct Community {
    keys: BTreeMap<&'static str, UnlockedKey>,
    week: usize,
}

/// What the people did in a week.
#[derive(Debug, Default)]
pub struct Work {
    /// How many files they wrote.
    pub files: usize,
    /// Who signed, and how many entries.
    pub entries: BTreeMap<String, usize>,
}

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

impl Community {
    pub fn new() -> Community {
        let everybody = JANITORS.into_iter().chain(AUTHORS);
        let keys = everybody
            .map(|name| {
                let mut seed = [0; 32];
                seed[..name.len()].copy_from_slice(name.as_bytes());
                (name, UnlockedKey::from_seed(&seed).unwrap())
            })
            .collect();
        Community { keys, week: 0 }
    }

    /// What users of opam are given.
    pub fn client(&self) -> Client {
        let anchors: Vec<String> = JANITORS
            .iter()
            .map(|j| self.anchor(j).to_string())
            .collect();
        Client::new(anchors.join(",").parse().unwrap(), 2).unwrap()
    }

    fn anchor(&self, janitor: &str) -> Fingerprint {
        self.keys[janitor].public().fingerprint()
    }

    /// Signs a repository that nobody has signed before.
    pub fn start(&mut self, tree: &mut Tree) -> Work {
        let mut work = Work::default();
        let request = Init {
            name: RepositoryName::new("opam-repository").unwrap(),
            quorum: 2,
            snapshot: SnapshotRule::Optional,
            janitors: JANITORS
                .iter()
                .map(|j| (id(j), self.keys[j].public().clone()))
                .collect(),
        };
        let plan = init(tree, &Repository::load(tree), &request).unwrap();
        *tree = plan.apply(tree);
        // Link 0 is signed by every janitor, one after the other.
        for janitor in JANITORS {
            self.together(tree, &[janitor], &mut work, |world, who| {
                approve(world, &id(who), self.keys[who].public(), &[])
            });
        }
        self.together(tree, &AUTHORS, &mut work, |world, who| {
            join(
                world,
                &Join {
                    id: id(who),
                    keys: vec![self.keys[who].public().clone()],
                    accounts: BTreeSet::new(),
                },
            )
        });
        self.together(tree, &[JANITORS[0]], &mut work, |world, _| {
            team(
                world,
                &TeamChange {
                    change: Change::Add,
                    team: id(TEAM),
                    members: MEMBERS.iter().map(|m| id(m)).collect(),
                },
            )
        });
        let all: BTreeSet<String> = tree.files.keys().cloned().collect();
        self.sign(tree, &all, &mut work);
        work
    }

    /// Signs what changed in a week: each keeper their packages, then the janitors
    /// what waits for them. New packages get their keepers.
    pub fn week(&mut self, tree: &mut Tree, touched: &BTreeSet<String>) -> Work {
        self.week += 1;
        let mut work = Work::default();
        self.sign(tree, touched, &mut work);
        work
    }

    fn sign(&self, tree: &mut Tree, touched: &BTreeSet<String>, work: &mut Work) {
        let mut packages: BTreeMap<Keeper, Vec<String>> = BTreeMap::new();
        let names: BTreeSet<&str> = touched
            .iter()
            .filter_map(|path| path.strip_prefix("packages/")?.split('/').next())
            .filter(|name| PackageName::new(name).is_ok())
            .collect();
        for name in names {
            packages
                .entry(Keeper::of(name))
                .or_default()
                .push(name.to_owned());
        }
        // Authors say so themselves; for the others, two janitors do before they sign.
        let unowned = |keeper| -> Vec<String> {
            let names = packages.get(&keeper).into_iter().flatten();
            let owned = |n: &String| tree.get(&format!("packages/{n}/authorisation")).is_some();
            names.filter(|n| !owned(n)).cloned().collect()
        };
        let teams = (Change::Add, unowned(Keeper::Team));
        // Removing an owner from a package that has none leaves it to the janitors.
        let quorums = (Change::Remove, unowned(Keeper::Quorum));
        let given = BTreeMap::from([(JANITORS[0], teams), (JANITORS[1], quorums)]);
        let busy: Vec<&str> = given
            .iter()
            .filter(|(_, g)| !g.1.is_empty())
            .map(|g| *g.0)
            .collect();
        if !busy.is_empty() {
            self.together(tree, &busy, work, |world, who| {
                let (change, names) = &given[who];
                owner(
                    world,
                    &OwnerChange {
                        change: *change,
                        id: id(TEAM),
                        instead_of: None,
                        packages: Selection::Named(names.clone()),
                    },
                )
            });
        }
        // One without owners is taken by its name alone.
        let (_, left) = &given[JANITORS[1]];
        if !left.is_empty() {
            self.together(tree, &JANITORS[..2], work, |world, who| {
                approve(world, &id(who), self.keys[who].public(), left)
            });
        }
        let mut of_signer: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for (keeper, names) in packages {
            let signer = keeper.signer(self.week);
            of_signer.entry(signer).or_default().extend(names);
        }
        let signers: Vec<&str> = of_signer.keys().copied().collect();
        self.together(tree, &signers, work, |world, who| {
            self.signs(world, who, of_signer[who].clone())
        });
        if touched.contains("repo") {
            // Only what is at the top is left to be written.
            self.together(tree, &[JANITORS[0]], work, |world, who| {
                self.signs(world, who, Vec::new())
            });
        }
        self.together(tree, &JANITORS[..2], work, |world, who| {
            approve(world, &id(who), self.keys[who].public(), &[])
        });
    }

    fn signs(
        &self,
        world: &World<'_>,
        who: &str,
        packages: Vec<String>,
    ) -> Result<Plan, PlanError> {
        let request = Sign {
            signer: id(who),
            key: self.keys[who].public().clone(),
            packages,
            // Old packages of opam-repository have MD5 sums only.
            allow_weak_checksums: true,
            log: Default::default(),
        };
        sign(world, &request)
    }

    /// Has people work in branches from the same tree, and merges the branches: no two
    /// may write the same file.
    fn together(
        &self,
        tree: &mut Tree,
        people: &[&str],
        work: &mut Work,
        plan: impl Fn(&World<'_>, &str) -> Result<Plan, PlanError>,
    ) {
        let mut merged: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        {
            let repository = Repository::load(tree);
            let world = World::new(tree, &repository, View::AsIfApproved).unwrap();
            for &who in people {
                let plan = plan(&world, who).unwrap_or_else(|e| panic!("{who}: {e:?}"));
                *work.entries.entry(who.to_owned()).or_default() += plan.entries.len();
                for (path, bytes) in self.signed(plan, &world, who) {
                    let other = merged.insert(path.clone(), bytes);
                    assert!(other.is_none(), "`{path}` is written in two branches");
                }
            }
        }
        work.files += merged.len();
        for (path, bytes) in merged {
            tree.files.insert(path, bytes.into());
        }
    }

    fn signed(&self, mut plan: Plan, world: &World<'_>, who: &str) -> BTreeMap<String, Vec<u8>> {
        let key = &self.keys[who];
        let fingerprint = key.public().fingerprint();
        let day = Timestamp::new("2026-05-30T12:00:00Z").unwrap();
        for segment in plan.segments(world.chain().identity(), &id(who), &day) {
            let signature = key.sign(Namespace::Index, &segment.signed_bytes()).unwrap();
            plan.add_segment(segment, fingerprint, signature);
        }
        if let Some(link) = &plan.link {
            let signature = key.sign(Namespace::Janitors, &link.signed_bytes()).unwrap();
            plan.add_link_signature(fingerprint, signature);
        }
        plan.writes
    }
}
