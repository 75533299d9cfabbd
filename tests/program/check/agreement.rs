//! Any sequence of steps, good and bad ones, in the published branch and on top of it: what
//! can be merged is exactly what a client accepts that holds the published branch.

use conex::check::{Clients, Side, check, portable};
use conex_verify::finding::{Code, Severity};
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::verdict::{Known, Load, verify_update};
use conex_verify::workbench::verify::Mode;
use conex_verify::{Outcome, PatchContext, Policy, Request, Store, Subject, verify};

use crate::patch_support::print::{Print, print};
use crate::patch_support::{files, map_headers, tree};
use crate::world::{OPAM, World, at, checksum_path, fingerprint, link, opam_path};

/// How many cases, if `CONEX_CASES` does not say.
const CASES: u64 = 150;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// One step of somebody; those that make no sense in `world` do nothing.
fn step(world: &mut World, dice: &mut Dice, chain: bool) {
    let release = format!("fmt.1.{}", dice.roll(3));
    let counter = 1 + dice.roll(4);
    let has = |world: &World, path: &str| world.tree.get(path).is_some();
    match dice.roll(if chain { 15 } else { 13 }) {
        // bob releases, or changes a release, signed as it should be, or not at all.
        0..=3 => {
            let text = format!("{OPAM}x-n: {counter}\n");
            world.file(&opam_path(&release), text);
            let entries = world.listed(&release, at(0, counter));
            match dice.roll(4) {
                0 => {}
                1 => drop(world.says("jc", entries)),
                2 => world.quorum_says(entries),
                _ => drop(world.says("bob", entries)),
            }
        }
        4 => {
            world.file(&opam_path(&release), format!("{OPAM}x-edited: true\n"));
        }
        // A release goes, and the floor rises or does not.
        5 | 6 => {
            for path in [opam_path(&release), checksum_path(&release)] {
                if has(world, &path) {
                    world.remove(&path);
                }
            }
            let floor = dice.roll(2) * counter;
            let list = world.release_list_above("fmt", at(0, counter), floor);
            world.says("bob", vec![list]);
        }
        7 => {
            let owners: &[&str] = if dice.roll(2) == 0 {
                &["bob", "carol"]
            } else {
                &["carol"]
            };
            let entry = world.authorisation("fmt", at(0, counter), owners);
            match dice.roll(2) {
                0 => drop(world.says("ja", vec![entry])),
                _ => world.quorum_says(vec![entry]),
            }
        }
        8 => {
            let keys: &[&str] = if dice.roll(2) == 0 { &["bob"] } else { &[] };
            let entry = world.author_file("bob", at(0, counter), keys);
            match dice.roll(2) {
                0 => drop(world.says("ja", vec![entry])),
                _ => world.quorum_says(vec![entry]),
            }
        }
        9 => {
            if !has(world, "packages/.conex/ids/carol") {
                world.joined("carol");
            }
        }
        // Some segment, or some file, is gone.
        10 => {
            let paths: Vec<String> = world.paths();
            let at = usize::try_from(dice.roll(paths.len() as u64)).unwrap();
            if !paths[at].contains("/janitors/") {
                world.remove(&paths[at]);
            }
        }
        11 => {
            world.file("packages/stray", "x");
        }
        12 => {
            world.file("packages/fmt/fmt.1.0/files/empty", "");
        }
        13 => {
            let members = ["ja", "jb", "jc", "jd"];
            let signers = if dice.roll(2) == 0 {
                &members[..]
            } else {
                &members[..1]
            };
            world.link(&link(2, &members, signers));
        }
        _ => {
            let members = ["ja", "jb"];
            world.link(&link(2, &members, &members));
        }
    }
}

#[test]
fn what_can_be_merged_is_what_a_client_accepts() {
    let cases = std::env::var("CONEX_CASES").map_or(CASES, |n| n.parse().unwrap());
    let (mut good, mut bad) = (0, 0);
    for seed in 0..cases {
        let mut dice = Dice(seed);
        let mut base = World::usual();
        for _ in 0..dice.roll(4) {
            step(&mut base, &mut dice, false);
        }
        let mut merged = base.clone();
        for _ in 0..dice.roll(4) {
            step(&mut merged, &mut dice, true);
        }
        let (old, new) = (Repository::load(&base.tree), Repository::load(&merged.tree));
        let client = base.client().unwrap();
        let sides = [(&base, &old), (&merged, &new)].map(|(world, repository)| Side {
            tree: &world.tree,
            repository,
        });
        for mode in [Mode::Strict, Mode::NoStrict] {
            let known = Known {
                tree: Some((&base.tree, &old)),
                load: Load::Patch,
                ..Known::default()
            };
            let verdict = verify_update(&known, &merged.tree, &new, &client, mode);
            for anchors in [None, Some(&client)] {
                let clients = Clients {
                    trusting: anchors,
                    mode,
                    elsewhere: None,
                };
                let result = check(sides[0], sides[1], clients, &|_| Default::default());
                let told: Vec<_> = result
                    .findings
                    .iter()
                    .map(|j| &j.finding)
                    .filter(|f| f.severity == Severity::Error)
                    // What only a merge is asked for: C4 to C11.
                    .filter(|f| f.code != Code::Stripped && f.code != Code::UnknownKey)
                    .collect();
                assert_eq!(
                    verdict.accepted(),
                    told.is_empty(),
                    "seed {seed}, {mode:?}, anchors {}: {told:#?}\n{:#?}",
                    anchors.is_some(),
                    verdict.findings
                );
                assert_eq!(
                    result.mergeable(),
                    result.errors(false) + result.errors(true) == 0
                );
                if result.mergeable() {
                    good += 1;
                } else {
                    bad += 1;
                }
            }
        }
    }
    assert!(good > cases / 4 && bad > cases, "{good} {bad}");
}

/// The door of the verifier, as the hook asks it: whether a client that holds one tree accepts what
/// comes to it in one way.
struct Client {
    policy: Policy,
}

/// How an update comes.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// As a whole tree, which takes the place of the one before.
    Whole,
    /// The same, and the hook has its memory alone.
    Memory,
    /// As a patch.
    Patch(Print, Store),
}

const WAYS: [Way; 8] = [
    Way::Whole,
    Way::Memory,
    Way::Patch(Print::Gnu, Store::Directory),
    Way::Patch(
        Print::Git {
            context: 3,
            renames: false,
        },
        Store::Directory,
    ),
    Way::Patch(
        Print::Git {
            context: 3,
            renames: true,
        },
        Store::Directory,
    ),
    Way::Patch(Print::Ocaml { twice: true }, Store::Directory),
    Way::Patch(Print::Ocaml { twice: false }, Store::Directory),
    Way::Patch(Print::Ocaml { twice: false }, Store::Archive),
];

/// The ways in which one tree becomes another. A patch does not carry all that C14 names; what is
/// no such change from one state to the next may be one to somebody who was away, who is told
/// `set-url`.
fn ways(old: &Tree, new: &Tree) -> impl Iterator<Item = Way> {
    let portable = portable(old, new).is_empty();
    let carried = move |way: &Way| portable || !matches!(way, Way::Patch(..));
    WAYS.into_iter().filter(carried)
}

impl Client {
    fn new(mode: Mode) -> Client {
        let anchors = ["ja", "jb", "jc"].map(|j| fingerprint(j).to_string());
        let policy = Policy::new(&anchors.join(","), Some(2)).unwrap();
        Client {
            policy: match mode {
                Mode::NoStrict => policy.nostrict(),
                _ => policy,
            },
        }
    }

    fn ask(&self, subject: Subject<'_>, memories: &Vec<Vec<u8>>) -> Outcome {
        let request = Request {
            policy: &self.policy,
            name: "r",
            subject,
            memories,
        };
        verify(&request).unwrap()
    }

    /// What somebody says who took up `old`, and to whom `new` comes in this way.
    fn follows(&self, old: &Tree, way: Way, new: &Tree) -> Outcome {
        let first = Subject::Whole {
            tree: old,
            before: None,
        };
        let Outcome::Accepted { memory, .. } = self.ask(first, &Vec::new()) else {
            panic!("what was merged before is refused");
        };
        let memories = vec![memory];
        let before = match way {
            Way::Memory => None,
            Way::Whole | Way::Patch(..) => Some(old),
        };
        match way {
            Way::Whole | Way::Memory => self.ask(Subject::Whole { tree: new, before }, &memories),
            Way::Patch(dialect, store) => {
                let before = tree(&files(old));
                let mut patch = print(dialect, &files(old), &files(new));
                if store == Store::Archive {
                    patch = map_headers(&patch, |line| {
                        let line = line.replace(" r/", " r.tar.gz/");
                        line.replace(" r.new/", " r.tar.gz.new/")
                    });
                }
                let context = PatchContext {
                    repo_name: "r",
                    store,
                    posixly_correct: false,
                    clone: None,
                };
                let subject = Subject::Patch {
                    before: &before,
                    patch: &patch,
                    context,
                };
                self.ask(subject, &memories)
            }
        }
    }
}

/// P4: What `check` lets be merged is accepted by clients of every age, whatever way it comes to
/// them; what it refuses for another reason than one that only a merge is asked for, by none of
/// those that hold the published branch.
#[test]
fn what_can_be_merged_reaches_clients_of_every_age_in_every_way() {
    let cases = std::env::var("CONEX_CASES").map_or(CASES / 3, |n| n.parse().unwrap());
    let (mut accepted, mut refused) = (0, 0);
    for seed in 0..cases {
        let mut dice = Dice(seed ^ 0x5eed);
        let mode = [Mode::Strict, Mode::NoStrict][usize::try_from(dice.roll(2)).unwrap()];
        let client = Client::new(mode);
        let mut base = World::usual();
        let mut ages: Vec<Tree> = vec![base.tree.clone()];
        for _ in 0..6 {
            let mut merged = base.clone();
            for _ in 0..=dice.roll(2) {
                step(&mut merged, &mut dice, true);
            }
            let (old, new) = (Repository::load(&base.tree), Repository::load(&merged.tree));
            let [base_side, merged_side] = [(&base, &old), (&merged, &new)].map(|(w, r)| Side {
                tree: &w.tree,
                repository: r,
            });
            let clients = Clients {
                trusting: None,
                mode,
                elsewhere: None,
            };
            let result = check(base_side, merged_side, clients, &|_| Default::default());
            let of_merge = [Code::Stripped, Code::UnknownKey, Code::PatchAmbiguous];
            let mut errors = result.findings.iter().map(|j| &j.finding);
            let of_client =
                errors.any(|f| f.severity == Severity::Error && !of_merge.contains(&f.code));
            let what = |age: usize, way: Way, outcome: &Outcome| {
                format!(
                    "seed {seed}, {mode:?}, from {age} of {}, {way:?}: {:#?}\n{:#?}",
                    ages.len(),
                    outcome.report().findings,
                    result.findings
                )
            };
            if result.mergeable() {
                for (age, old) in ages.iter().enumerate() {
                    for way in ways(old, &merged.tree) {
                        let outcome = client.follows(old, way, &merged.tree);
                        assert!(outcome.is_accepted(), "{}", what(age, way, &outcome));
                        accepted += 1;
                    }
                }
                base = merged;
                ages.push(base.tree.clone());
            } else if of_client {
                for way in ways(&base.tree, &merged.tree) {
                    let outcome = client.follows(&base.tree, way, &merged.tree);
                    let age = ages.len();
                    assert!(!outcome.is_accepted(), "{}", what(age, way, &outcome));
                    refused += 1;
                }
            }
        }
    }
    println!("{accepted} accepted, {refused} refused");
    assert!(
        accepted > 10 * cases && refused > 10 * cases,
        "{accepted} {refused}"
    );
}
