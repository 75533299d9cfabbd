//! Updates in the published form, and from one form to the other.

use super::form::rich;
use super::*;
use crate::patch_support::files;
use crate::patch_support::print::{Print, print};

/// The patch between two trees as OCaml's library prints it.
fn patch(before: &Tree, after: &Tree) -> Vec<u8> {
    print(Print::Ocaml { twice: false }, &files(before), &files(after))
}

/// What a new release changes: its package's bundle, the bundles of those who signed the list
/// before, and the snapshot.
#[test]
fn a_release_touches_few_bundles() {
    let w = rich();
    let before = w.published();
    let mut next = w.clone();
    next.one_more("zarith.2.2", "eve", 3);
    next.stated("bob", at(0, 3));
    let after = next.published();
    let changed: Vec<&str> = after
        .files
        .iter()
        .filter(|(path, bytes)| before.get(path) != Some(bytes))
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(changed.len(), 4, "{changed:?}");
    let outcome = next.patched(
        &before,
        &patch(&before, &after),
        vec![memory(w.served(&before))],
    );
    memory(outcome);
}

/// A rollback is one in both forms, by memory and by the tree before.
#[test]
fn an_older_state_in_bundles_is_refused() {
    let old = rich();
    let mut new = old.clone();
    new.one_more("zarith.2.2", "eve", 3);
    new.stated("bob", at(0, 3));
    let known = memory(new.served(&new.published()));
    let outcome = new.update(&old.published(), None, vec![known]);
    assert!(!outcome.is_accepted());
    let codes: Vec<Code> = outcome.report().findings.iter().map(|f| f.code).collect();
    assert!(codes.contains(&Code::Rollback), "{codes:?}");
    for before in [new.published(), new.tree.clone()] {
        for tree in [old.published(), old.tree.clone()] {
            let outcome = new.update(&tree, Some(&before), Vec::new());
            assert!(!outcome.is_accepted());
        }
    }
}

/// The rules know no form: who was given one follows to the other. (What an old opam makes of
/// that change is another matter.)
#[test]
fn a_client_can_follow_from_one_form_to_the_other() {
    let w = rich();
    let mut next = w.clone();
    next.one_more("zarith.2.2", "eve", 3);
    next.stated("bob", at(0, 3));
    for (before, after) in [
        (w.tree.clone(), next.published()),
        (w.published(), next.tree.clone()),
    ] {
        let known = memory(w.served(&before));
        memory(next.update(&after, Some(&before), vec![known]));
    }
}

/// What cannot be expanded in the tree before is no evidence, and the rest of it is.
#[test]
fn a_damaged_tree_before_is_repaired_and_still_stops_a_rollback() {
    let old = rich();
    let mut now = old.clone();
    now.one_more("zarith.2.2", "eve", 3);
    now.stated("bob", at(0, 3));
    let mut damaged = now.published();
    damaged.files.insert(opam_path("fmt.1.0"), "damaged".into());
    memory(now.update(&now.published(), Some(&damaged), Vec::new()));
    let outcome = now.update(&old.published(), Some(&damaged), Vec::new());
    refused(&outcome, Code::Rollback, "packages/zarith/releases");
}
