//! Releases that go, and releases that come back.

use conex_verify::finding::Code;

use crate::updates::client::{accepted_after, refused_after};
use crate::world::*;

const LIST: &str = "packages/fmt/releases";
const OLD: &str = "packages/fmt/fmt.1.0/checksum";

/// `fmt.1.0`, signed twice (0.2), and `fmt.2.0`.
fn two() -> World {
    let mut w = World::usual();
    let again = w.checksum("fmt.1.0", at(0, 2));
    w.says("bob", vec![again]);
    w.file(&opam_path("fmt.2.0"), OPAM);
    let entries = vec![
        w.checksum("fmt.2.0", at(0, 1)),
        w.release_list("fmt", at(0, 2)),
    ];
    w.says("bob", entries);
    w.verdict().is_clean();
    w
}

/// `fmt.1.0` is gone, and the list says what `tombstones` says.
fn removed(
    from: &World,
    list: u64,
    tombstones: &[(&str, conex_verify::format::resource::Revision)],
) -> World {
    let mut w = from.clone();
    w.remove(&opam_path("fmt.1.0"));
    w.remove(OLD);
    let entry = w.release_list_with("fmt", at(0, list), tombstones);
    w.says("bob", vec![entry]);
    w
}

/// `fmt.1.0` is back at `revision`, and in the list.
fn returned(from: &World, list: u64, revision: conex_verify::format::resource::Revision) -> World {
    let mut w = from.clone();
    w.file(&opam_path("fmt.1.0"), OPAM);
    let entries = vec![
        w.checksum("fmt.1.0", revision),
        w.release_list("fmt", at(0, list)),
    ];
    w.says("bob", entries);
    w
}

#[test]
fn a_release_that_goes_with_a_tombstone_is_accepted() {
    let with = two();
    accepted_after(&[&with], &removed(&with, 3, &[("fmt.1.0", at(0, 2))]));
    accepted_after(&[&with], &removed(&with, 3, &[("fmt.1.0", at(0, 5))]));
}

#[test]
fn a_release_that_goes_without_a_tombstone_is_refused() {
    let with = two();
    refused_after(&[&with], &removed(&with, 3, &[]), Code::Removed, OLD);
}

#[test]
fn a_release_that_goes_with_a_tombstone_below_it_is_refused() {
    let with = two();
    let low = removed(&with, 3, &[("fmt.1.0", at(0, 1))]);
    refused_after(&[&with], &low, Code::Removed, OLD);
}

/// ```text
/// fmt.1.0    0.1  0.2   -             0.2
/// tombstone             0.2  0.2
/// ```
#[test]
fn a_deleted_release_that_returns_as_it_was_is_refused() {
    let with = two();
    let without = removed(&with, 3, &[("fmt.1.0", at(0, 2))]);
    for revision in [at(0, 1), at(0, 2)] {
        // The stolen key of the owner has signed a newer list.
        let mut back = returned(&without, 4, revision);
        if revision == at(0, 1) {
            // It stands above what is in the index only if that is left out.
            back = returned(&removed(&World::usual_two(), 3, &[]), 4, revision);
        }
        refused_after(&[&with, &without], &back, Code::Returned, OLD);
    }
}

#[test]
fn a_deleted_release_that_is_signed_anew_is_accepted() {
    let with = two();
    let without = removed(&with, 3, &[("fmt.1.0", at(0, 2))]);
    accepted_after(&[&with, &without], &returned(&without, 4, at(0, 3)));
}

/// The client was away when it went and came back.
#[test]
fn a_release_that_went_and_came_back_while_the_client_was_away_is_judged_the_same() {
    let with = two();
    let without = removed(&with, 3, &[("fmt.1.0", at(0, 2))]);
    accepted_after(&[&with], &returned(&without, 4, at(0, 3)));
    accepted_after(&[&with], &returned(&without, 4, at(0, 2)));
}

#[test]
fn a_tombstone_that_is_dropped_is_refused() {
    let with = two();
    let without = removed(&with, 3, &[("fmt.1.0", at(0, 2))]);
    let mut dropped = without.clone();
    let entry = dropped.release_list("fmt", at(0, 4));
    dropped.says("bob", vec![entry]);
    refused_after(&[&with, &without], &dropped, Code::Removed, LIST);
}

#[test]
fn a_tombstone_that_is_lowered_is_refused() {
    let with = two();
    let without = removed(&with, 3, &[("fmt.1.0", at(0, 2))]);
    let mut lowered = without.clone();
    let entry = lowered.release_list_with("fmt", at(0, 4), &[("fmt.1.0", at(0, 1))]);
    lowered.says("bob", vec![entry]);
    refused_after(&[&with, &without], &lowered, Code::Removed, LIST);
}

/// Tombstones are dropped by a quorum, with the epoch of the list; the owner goes on
/// in it. A client that was away sees the same as one that saw each step.
#[test]
fn a_quorum_that_raises_the_epoch_may_drop_tombstones() {
    let with = two();
    let without = removed(&with, 3, &[("fmt.1.0", at(0, 2))]);
    let mut dropped = without.clone();
    let entry = dropped.release_list("fmt", at(1, 1));
    dropped.quorum_says(vec![entry]);
    let mut on = dropped.clone();
    on.file(&opam_path("fmt.3.0"), OPAM);
    let entries = vec![
        on.checksum("fmt.3.0", at(0, 1)),
        on.release_list("fmt", at(1, 2)),
    ];
    on.says("bob", entries);
    accepted_after(&[&with, &without], &dropped);
    accepted_after(&[&with, &without, &dropped], &on);
    accepted_after(&[&with, &without], &on);
    accepted_after(&[&with], &on);
    accepted_after(&[&with], &dropped);
}

/// An owner alone, with a stolen key, opens no epoch to drop them.
#[test]
fn an_owner_who_raises_the_epoch_alone_drops_no_tombstone() {
    let with = two();
    let without = removed(&with, 3, &[("fmt.1.0", at(0, 2))]);
    let mut dropped = without.clone();
    let entry = dropped.release_list("fmt", at(1, 1));
    dropped.says("bob", vec![entry]);
    dropped.verdict().is_rejected(Code::EpochNotOpened, LIST);
}

/// After the epoch rose once, dropping another tombstone needs another.
#[test]
fn an_epoch_drops_tombstones_once() {
    let with = two();
    let mut first = with.clone();
    let entry = first.release_list("fmt", at(1, 1));
    first.quorum_says(vec![entry]);
    let mut without = first.clone();
    without.remove(&opam_path("fmt.1.0"));
    without.remove(OLD);
    let entry = without.release_list_with("fmt", at(1, 2), &[("fmt.1.0", at(0, 2))]);
    without.says("bob", vec![entry]);
    let mut dropped = without.clone();
    let entry = dropped.release_list("fmt", at(1, 3));
    dropped.says("bob", vec![entry]);
    refused_after(&[&with, &first, &without], &dropped, Code::Removed, LIST);
}

/// The whole of yesterday, from before the removal.
#[test]
fn the_state_before_a_removal_is_refused() {
    let with = two();
    let without = removed(&with, 3, &[("fmt.1.0", at(0, 2))]);
    refused_after(&[&with, &without], &with, Code::Returned, OLD);
    refused_after(&[&with, &without], &with, Code::Rollback, LIST);
}

impl World {
    /// Like `two`, in a history in which `fmt.1.0` was signed once.
    fn usual_two() -> World {
        let mut w = World::usual();
        w.file(&opam_path("fmt.2.0"), OPAM);
        let entries = vec![
            w.checksum("fmt.2.0", at(0, 1)),
            w.release_list("fmt", at(0, 2)),
        ];
        w.says("bob", entries);
        w
    }
}
