//! A patch is judged as the directory that it makes.

use conex_verify::workbench::patch::{PatchContext, Store, apply};

use crate::client::{Client, NAME};
use crate::patch_support::print::{Print, print};
use crate::patch_support::random::Random;
use crate::patch_support::{cases, files, seed, tree};
use crate::updates::history::history;
use crate::world::*;

const DIALECTS: [Print; 5] = [
    Print::Gnu,
    Print::Git {
        context: 3,
        renames: false,
    },
    Print::Git {
        context: 1,
        renames: true,
    },
    Print::Ocaml { twice: true },
    Print::Ocaml { twice: false },
];

/// What an attacker does to an honest state.
pub fn hostile(random: &mut Random, states: &[World], n: usize) -> World {
    let mut w = states[n].clone();
    let other = &states[random.below(states.len())];
    let paths = w.paths();
    let path = &paths[random.below(paths.len())];
    match random.below(11) {
        0 => return other.clone(),
        1 => drop(w.remove(path)),
        2 => {
            let mut bytes = w.bytes(path);
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(7);
            w.file(path, bytes);
        }
        3 => drop(w.file(&format!("{path}.orig"), OPAM)),
        4 => drop(w.file("packages/evil/evil.1/opam", OPAM)),
        5 => {
            // Mixed with another state.
            for path in paths.iter().chain(&other.paths()) {
                if random.once_in(4) {
                    w.tree.files.remove(path);
                    if let Some(bytes) = other.tree.get(path) {
                        w.file(path, &**bytes);
                    }
                }
            }
        }
        6 => {
            // Beside what is signed, full and empty.
            let beside = ["url", "descr", "files/x", "Files/x", "README", "opam"];
            let beside = random.pick(&beside);
            let bytes = random.pick(&["", OPAM]);
            w.file(&format!("packages/fmt/fmt.1.0/{beside}"), bytes);
        }
        7 => {
            let places = ["packages/fmt.1.0/opam", "packages/x/fmt.2.0/opam"];
            w.file(random.pick(&places), OPAM);
        }
        8 => {
            // A pending file over that of an id.
            let revision = at(0, random.next() % 9);
            match random.once_in(2) {
                true => w.author_file("bob", revision, &["bob", "thief"]),
                false => w.team_file("team", revision, &["thief"]),
            };
        }
        9 => {
            let segments: Vec<&String> = paths.iter().filter(|p| p.contains("/index/")).collect();
            w.remove(segments[random.below(segments.len())]);
        }
        _ => {
            let entry = w.checksum("fmt.1.0", at(0, random.next() % 9));
            w.says(random.pick(&["bob", "ja", "thief"]), vec![entry]);
        }
    }
    w
}

/// Accepting a patch is accepting the directory that results, with the same tree
/// before, and for the same reasons; with and without memory.
#[test]
fn a_patch_is_accepted_exactly_when_the_resulting_directory_is() {
    let count = cases(60);
    let (mut accepted, mut rejected) = (0, 0);
    for seed in seed()..seed() + u64::try_from(count).unwrap() {
        let mut random = Random(seed);
        let states = history(&mut random, 4);
        let n = random.below(states.len());
        let before = &states[random.below(n + 1)];
        let client = Client::after(&[before]);
        for _ in 0..4 {
            let next = if random.once_in(3) {
                states[n].clone()
            } else {
                hostile(&mut random, &states, n)
            };
            let dialect = DIALECTS[random.below(DIALECTS.len())];
            let (old, new) = (files(&before.tree), files(&next.tree));
            let patch = print(dialect, &old, &new);
            let context = PatchContext {
                repo_name: NAME,
                store: Store::Directory,
                posixly_correct: false,
                clone: None,
            };
            let applied = apply(&tree(&old), &patch, &context).unwrap_or_else(|e| {
                panic!(
                    "seed {seed}, {dialect:?}: {}\n{}",
                    e.finding().message,
                    String::from_utf8_lossy(&patch)
                )
            });
            let patched = next.with_tree(applied.tree.into_judged());
            for one in [client.clone(), client.without_memory()] {
                let (a, b) = (one.says(&patched), one.says(&next));
                assert_eq!(a.findings, b.findings, "seed {seed}");
                assert_eq!(a.accepted, b.accepted, "seed {seed}");
                *if a.accepted {
                    &mut accepted
                } else {
                    &mut rejected
                } += 1;
            }
        }
    }
    println!("{accepted} accepted, {rejected} rejected");
    assert!(accepted > 0 && rejected > 0);
}
