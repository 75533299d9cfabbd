//! The tree before is damaged: an update that opam applied in part (D10), files that
//! opam lost (D11), things that nobody can read. An honest update is accepted all the
//! same if its result verifies and does not fall below what is remembered.

use std::collections::BTreeSet;

use conex_verify::finding::Code;

use crate::patch_support::random::Random;
use crate::patch_support::{cases, seed};
use crate::updates::client::Client;
use crate::updates::history::history;
use crate::world::*;

/// A client whose memory is of the last of `accepted`, and whose tree is `tree`.
fn client(accepted: &[&World], tree: &World) -> Client {
    Client {
        tree: Some(tree.tree.clone()),
        memory: Client::after(accepted).memory,
    }
}

fn changed(old: &World, new: &World) -> Vec<String> {
    let paths: BTreeSet<String> = old.paths().into_iter().chain(new.paths()).collect();
    paths
        .into_iter()
        .filter(|p| old.tree.get(p) != new.tree.get(p))
        .collect()
}

/// `old` after those of the changes to `new` whose bit is set.
fn partly(old: &World, new: &World, changes: &[String], mask: u64) -> World {
    let mut half = old.clone();
    for (i, path) in changes.iter().enumerate() {
        if mask >> (i % 64) & 1 == 1 {
            match new.tree.get(path) {
                Some(bytes) => half.file(path, &**bytes),
                None => {
                    half.remove(path);
                    &mut half
                }
            };
        }
    }
    half
}

/// The hook accepted `new`, opam applied a part of it and failed. The same update
/// comes again, and so does the one after it.
#[test]
fn a_half_applied_update_holds_up_neither_itself_nor_the_next() {
    let count = cases(40).div_ceil(8);
    for seed in seed()..seed() + u64::try_from(count).unwrap() {
        println!("seed {seed}");
        let mut random = Random(seed);
        let states = history(&mut random, 5);
        for step in states.windows(3) {
            let [old, new, next] = step else {
                unreachable!()
            };
            let changes = changed(old, new);
            for _ in 0..8 {
                let half = partly(old, new, &changes, random.next());
                let client = client(&[old, new], &half);
                for state in [new, next] {
                    let verdict = client.says(state);
                    assert!(verdict.accepted, "seed {seed}\n{}", verdict.text());
                    client.without_memory().says(state).is_accepted();
                }
            }
        }
    }
}

/// The case that a random walk finds last: a quorum drops the tombstones with a new
/// epoch, opam has the new list already and the removed release still.
#[test]
fn a_release_that_opam_did_not_get_to_remove_is_no_evidence() {
    let mut old = World::usual();
    old.file(&opam_path("fmt.2.0"), OPAM);
    let entries = vec![
        old.checksum("fmt.2.0", at(0, 1)),
        old.release_list("fmt", at(0, 2)),
    ];
    old.says("bob", entries);
    let mut new = old.clone();
    new.remove(&opam_path("fmt.2.0"));
    new.remove(&checksum_path("fmt.2.0"));
    let entry = new.release_list("fmt", at(1, 1));
    new.quorum_says(vec![entry]);
    let mut half = new.clone();
    for path in [opam_path("fmt.2.0"), checksum_path("fmt.2.0")] {
        half.file(&path, old.bytes(&path));
    }
    client(&[&old, &new], &half).says(&new).is_clean();
}

/// opam 2.6 lost files; `patch` left its own behind; a file was cut short.
#[test]
fn lost_left_over_and_cut_files_in_the_tree_before_block_nothing() {
    let old = World::usual();
    let mut new = old.clone();
    let entry = new.checksum("fmt.1.0", at(0, 2));
    new.says("bob", vec![entry]);
    for path in old.paths() {
        let mut lost = old.clone();
        lost.remove(&path);
        client(&[&old], &lost).says(&new).is_clean();
        let mut cut = old.clone();
        let bytes = cut.bytes(&path);
        cut.file(&path, &bytes[..bytes.len() / 2]);
        client(&[&old], &cut).says(&new).is_clean();
        let mut empty = old.clone();
        empty.file(&path, "");
        client(&[&old], &empty).says(&new).is_clean();
        let mut litter = old.clone();
        litter.file(&format!("{path}.orig"), &bytes);
        litter.file(&format!("{path}.rej"), "@@ -1 +1 @@\n");
        client(&[&old], &litter).says(&new).is_clean();
    }
    client(&[&old], &World::empty()).says(&new).is_clean();
}

/// What is left in the result is refused, though: opam would go on with it.
#[test]
fn what_patch_left_behind_is_refused_in_the_result() {
    let old = World::usual();
    for end in [".orig", ".rej"] {
        let mut litter = old.clone();
        litter.file(&format!("{}{end}", opam_path("fmt.1.0")), OPAM);
        client(&[&old], &litter)
            .says(&litter)
            .is_rejected(Code::BadPath, end);
    }
}

/// A damaged tree is no way around the memory.
#[test]
fn after_damage_the_memory_still_holds() {
    let old = World::usual();
    let mut new = old.clone();
    let entry = new.checksum("fmt.1.0", at(0, 2));
    new.says("bob", vec![entry]);
    for path in new.paths() {
        let mut lost = new.clone();
        lost.remove(&path);
        client(&[&old, &new], &lost)
            .says(&old)
            .is_rejected(Code::Rollback, "fmt.1.0/checksum");
    }
}
