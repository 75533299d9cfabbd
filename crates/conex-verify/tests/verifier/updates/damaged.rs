//! The tree before is damaged: an update that opam applied in part (D10), files that
//! opam lost (D11), things that nobody can read. An honest update is accepted all the
//! same if its result verifies and does not fall below what is remembered.

use std::collections::BTreeSet;

use conex_verify::finding::Code;

use crate::client::Client;
use crate::patch_support::random::Random;
use crate::patch_support::{cases, seed};
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

/// The case that a random walk finds last: a quorum starts an epoch, opam has the new list
/// already and the removed release still.
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
    let entries = new.listed("fmt.1.0", at(1, 1));
    new.quorum_says(entries);
    let mut half = new.clone();
    for path in [opam_path("fmt.2.0"), checksum_path("fmt.2.0")] {
        half.file(&path, old.bytes(&path));
    }
    client(&[&old, &new], &half).says(&new).is_clean();
}

/// A new release: opam has the list with it, and not its checksum yet; or the other way
/// round. The honest update that comes next repairs both.
#[test]
fn a_new_release_of_which_opam_has_a_half_is_repaired() {
    let old = World::usual();
    let mut new = old.clone();
    new.file(&opam_path("fmt.2.0"), OPAM);
    let entries = vec![
        new.checksum("fmt.2.0", at(0, 1)),
        new.release_list("fmt", at(0, 2)),
    ];
    let segment = new.says("bob", entries);
    let mut next = new.clone();
    let entry = next.checksum("fmt.2.0", at(0, 2));
    next.says("bob", vec![entry]);
    let parts = [
        "packages/fmt/releases".to_owned(),
        checksum_path("fmt.2.0"),
        opam_path("fmt.2.0"),
        segment,
    ];
    for mask in 0_u32..1 << parts.len() {
        let mut half = old.clone();
        for (i, path) in parts.iter().enumerate() {
            if mask >> i & 1 == 1 {
                half.file(path, new.bytes(path));
            }
        }
        for honest in [&new, &next] {
            let of_new = client(&[&old, &new], &half);
            of_new.says(honest).is_accepted();
            of_new.without_memory().says(honest).is_accepted();
            // The hook did not get to remember it.
            client(&[&old], &half).says(honest).is_accepted();
        }
    }
}

/// The same of a release that goes.
#[test]
fn a_removal_of_which_opam_did_a_half_is_repaired() {
    let mut old = World::usual();
    old.file(&opam_path("fmt.2.0"), OPAM);
    let entries = vec![
        old.checksum("fmt.2.0", at(0, 3)),
        old.release_list("fmt", at(0, 2)),
    ];
    old.says("bob", entries);
    let mut new = old.clone();
    new.gone("fmt.2.0");
    let list = new.release_list_above("fmt", at(0, 3), 3);
    let segment = new.says("bob", vec![list]);
    let parts = [
        "packages/fmt/releases".to_owned(),
        checksum_path("fmt.2.0"),
        opam_path("fmt.2.0"),
        segment,
    ];
    for mask in 0_u32..1 << parts.len() {
        let mut half = old.clone();
        for (i, path) in parts.iter().enumerate() {
            if mask >> i & 1 == 1 {
                match new.tree.get(path) {
                    Some(bytes) => half.file(path, &**bytes),
                    None => {
                        half.remove(path);
                        &mut half
                    }
                };
            }
        }
        let of_new = client(&[&old, &new], &half);
        of_new.says(&new).is_accepted();
        of_new.without_memory().says(&new).is_accepted();
        client(&[&old], &half).says(&new).is_accepted();
    }
}

/// A bad merge made the list and a checksum disagree; those who publish went back to a state
/// that is higher than both. Clients that opam left with the bad one, unverified, follow.
#[test]
fn a_bad_merge_that_is_repaired_holds_up_nobody() {
    let old = World::usual();
    let branch = |release: &str| {
        let mut w = old.clone();
        w.file(&opam_path(release), OPAM);
        let entries = vec![
            w.checksum(release, at(0, 1)),
            w.release_list("fmt", at(0, 2)),
        ];
        w.says("bob", entries);
        w
    };
    let (one, two) = (branch("fmt.2.0"), branch("fmt.3.0"));
    // Git took the list of one side, and the files and segments of both.
    let mut bad = one.clone();
    bad.tree.files.extend(two.tree.files.clone());
    bad.verdict()
        .is_rejected(Code::Equivocation, "packages/fmt/releases");
    let mut repaired = bad.clone();
    let list = repaired.release_list("fmt", at(0, 3));
    repaired.says("bob", vec![list]);
    repaired.verdict().is_accepted();
    for before in [&old, &one, &two] {
        client(&[before], &bad).says(&repaired).is_accepted();
        client(&[before], &bad)
            .without_memory()
            .says(&repaired)
            .is_accepted();
    }
    // Reverted instead: the branch of one side alone is what they had before.
    client(&[&one], &bad).says(&one).is_accepted();
    client(&[&old], &bad).says(&one).is_accepted();
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
        // Where opam does not read it, it stops nobody.
        client(&[&old], &litter).says(&litter).is_accepted();
        for path in ["packages/.conex/repo", "packages/fmt/fmt.1.0/files/x"] {
            let mut litter = old.clone();
            litter.file(&format!("{path}{end}"), OPAM);
            let verdict = client(&[&old], &litter).says(&litter);
            assert!(!verdict.accepted, "{path}{end}");
        }
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

/// U4: A checksum of a release that is in no list is no evidence: nobody says that the release is
/// there. Its author takes the release up again in the way that the list asks for.
#[test]
fn a_checksum_that_no_list_has_is_no_evidence() {
    let old = World::usual();
    let mut half = old.clone();
    half.file(&opam_path("fmt.2.0"), OPAM);
    let checksum = half.checksum("fmt.2.0", at(0, 9));
    half.says("bob", vec![checksum]);
    let mut next = old.clone();
    next.file(&opam_path("fmt.2.0"), OPAM);
    let entries = vec![
        next.checksum("fmt.2.0", at(0, 1)),
        next.release_list("fmt", at(0, 2)),
    ];
    next.says("bob", entries);
    let client = client(&[&old], &half);
    client.says(&next).is_accepted();
    client.without_memory().says(&next).is_accepted();
}
