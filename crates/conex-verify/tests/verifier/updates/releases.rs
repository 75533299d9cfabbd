//! Releases that go, and releases that come back.

use conex_verify::finding::Code;
use conex_verify::format::resource::Revision;

use crate::client::{Client, accepted_after, refused_after};
use crate::world::*;

const LIST: &str = "packages/fmt/releases";
const OLD: &str = "packages/fmt/fmt.1.0/checksum";

/// `fmt.1.0`, signed twice (0.2), and `fmt.2.0`.
fn two() -> World {
    let mut w = World::usual();
    let again = w.checksum("fmt.1.0", at(0, 2));
    w.says("bob", vec![again]);
    add(&mut w, "fmt.2.0", at(0, 1), 2, 0);
    w.verdict().is_clean();
    w
}

/// A release and the list with it, above this floor.
fn add(w: &mut World, release: &str, revision: Revision, list: u64, floor: u64) {
    w.file(&opam_path(release), OPAM);
    let entries = vec![
        w.checksum(release, revision),
        w.release_list_above("fmt", at(revision.epoch, list), floor),
    ];
    w.says("bob", entries);
}

/// `fmt.1.0` is gone, and the list states this floor.
fn removed(from: &World, list: u64, floor: u64) -> World {
    let mut w = from.clone();
    w.gone("fmt.1.0");
    let entry = w.release_list_above("fmt", at(0, list), floor);
    w.says("bob", vec![entry]);
    w
}

/// `fmt.1.0` is back at `counter`, and in the list.
fn returned(from: &World, list: u64, counter: u64, floor: u64) -> World {
    let mut w = from.clone();
    add(&mut w, "fmt.1.0", at(0, counter), list, floor);
    w
}

#[test]
fn a_release_that_goes_below_the_floor_is_accepted() {
    let with = two();
    accepted_after(&[&with], &removed(&with, 3, 2));
    accepted_after(&[&with], &removed(&with, 3, 5));
}

/// U2: `fmt.1.0` is still there, with its valid checksum, and the list has it no more: what was
/// valid does not count any more. Of an update that opam applied in part it is not known either.
#[test]
fn a_release_that_stays_and_is_listed_no_more_is_refused() {
    let with = two();
    let mut evil = removed(&with, 3, 2);
    evil.file(&opam_path("fmt.1.0"), OPAM);
    evil.file(OLD, with.bytes(OLD));
    let verdict = Client::after(&[&with]).says(&evil);
    verdict
        .is_rejected(Code::Unsigned, OLD)
        .is_rejected(Code::ReleaseList, "packages/fmt/fmt.1.0");
}

/// A list that nobody vouches for is told of, and not each checksum of which it is the reason.
#[test]
fn of_a_list_that_is_not_valid_the_checksums_below_it_are_not_told() {
    let with = two();
    let mut evil = with.clone();
    evil.release_list_above("fmt", at(0, 3), 0);
    let verdict = Client::after(&[&with]).says(&evil);
    verdict.is_rejected(Code::NotVouched, LIST);
    let about = verdict
        .findings
        .iter()
        .filter(|f| f.path.contains("checksum"));
    assert_eq!(about.count(), 0, "{}", verdict.text());
}

/// Somebody leaves a release out, with an owner's stolen key and a list of their own.
#[test]
fn a_release_that_goes_while_the_floor_stays_is_refused() {
    let with = two();
    refused_after(&[&with], &removed(&with, 3, 0), Code::Removed, OLD);
    refused_after(&[&with], &removed(&with, 3, 1), Code::Removed, OLD);
}

/// ```text
/// fmt.1.0    0.1  0.2   -      0.2
/// floor      0    0     2      2
/// ```
#[test]
fn a_deleted_release_that_returns_as_it_was_is_refused() {
    let with = two();
    let without = removed(&with, 3, 2);
    // The stolen key of the owner has signed a newer list.
    let back = returned(&without, 4, 2, 2);
    refused_after(&[&with, &without], &back, Code::Returned, OLD);
    // As it was before that: higher entries are left out with their segments.
    let old = returned(&removed(&usual_two(), 3, 2), 4, 1, 2);
    refused_after(&[&with, &without], &old, Code::Returned, OLD);
}

/// A release that never was in the client's list, at or below the floor: somebody who was
/// away before it was removed would take it for one that is new.
#[test]
fn a_release_at_the_floor_that_the_client_never_saw_is_refused() {
    let without = removed(&two(), 3, 2);
    let mut back = without.clone();
    add(&mut back, "fmt.3.0", at(0, 2), 4, 2);
    refused_after(&[&without], &back, Code::Returned, "fmt.3.0/checksum");
    let mut new = without.clone();
    add(&mut new, "fmt.3.0", at(0, 3), 4, 2);
    accepted_after(&[&without], &new);
}

/// The release comes back below the floor, which the thief raises in the same step: what
/// counts is the floor that was known.
#[test]
fn a_release_that_returns_under_a_raised_floor_is_accepted_above_the_known_one() {
    let with = two();
    let without = removed(&with, 3, 2);
    accepted_after(&[&with, &without], &returned(&without, 4, 3, 9));
    let back = returned(&without, 4, 2, 9);
    refused_after(&[&with, &without], &back, Code::Returned, OLD);
}

#[test]
fn a_deleted_release_that_is_signed_anew_is_accepted() {
    let with = two();
    let without = removed(&with, 3, 2);
    let back = returned(&without, 4, 3, 2);
    accepted_after(&[&with, &without], &back);
    // And changes, and goes, and comes again.
    let mut edited = back.clone();
    let entry = edited.checksum("fmt.1.0", at(0, 4));
    edited.says("bob", vec![entry]);
    accepted_after(&[&back], &edited);
    let gone = removed(&edited, 5, 4);
    let again = returned(&gone, 6, 5, 4);
    for before in [&with, &without, &back, &edited] {
        accepted_after(&[before], &gone);
        accepted_after(&[before], &again);
    }
}

/// The client was away when it went and came back.
#[test]
fn a_release_that_went_and_came_back_while_the_client_was_away_is_judged_the_same() {
    let with = two();
    let without = removed(&with, 3, 2);
    accepted_after(&[&with], &returned(&without, 4, 3, 2));
}

/// The thief of an owner's key lowers the floor, so that what was removed could come back.
#[test]
fn a_floor_that_falls_is_refused() {
    let with = two();
    let without = removed(&with, 3, 2);
    for floor in [0, 1] {
        let mut lowered = without.clone();
        let entry = lowered.release_list_above("fmt", at(0, 4), floor);
        lowered.says("bob", vec![entry]);
        refused_after(&[&with, &without], &lowered, Code::Rollback, LIST);
    }
}

/// A quorum starts the next epoch, in which every checksum is anew and the floor is 0; the
/// owner goes on in it. A client that was away sees the same as one that saw each step.
#[test]
fn the_next_epoch_starts_with_no_floor() {
    let with = two();
    let without = removed(&with, 3, 2);
    let mut epoch = without.clone();
    let entries = vec![
        epoch.checksum("fmt.2.0", at(1, 1)),
        epoch.release_list("fmt", at(1, 1)),
    ];
    epoch.quorum_says(entries);
    let mut on = epoch.clone();
    add(&mut on, "fmt.1.0", at(1, 1), 2, 0);
    accepted_after(&[&with, &without], &epoch);
    accepted_after(&[&with, &without, &epoch], &on);
    accepted_after(&[&with, &without], &on);
    accepted_after(&[&with], &on);
    accepted_after(&[&with], &epoch);
    // What was removed in the epoch before does not come back as it was.
    let mut back = epoch.clone();
    back.file(&opam_path("fmt.1.0"), OPAM);
    back.file(OLD, with.bytes(OLD));
    let list = back.release_list("fmt", at(1, 2));
    back.says("bob", vec![list]);
    back.verdict().is_rejected(Code::NotVouched, OLD);
}

/// An owner alone, with a stolen key, opens no epoch to lower the floor.
#[test]
fn an_owner_who_raises_the_epoch_alone_lowers_no_floor() {
    let with = two();
    let without = removed(&with, 3, 2);
    let mut lowered = without.clone();
    let entries = vec![
        lowered.checksum("fmt.2.0", at(1, 1)),
        lowered.release_list("fmt", at(1, 1)),
    ];
    lowered.says("bob", entries);
    lowered.verdict().is_rejected(Code::EpochNotOpened, LIST);
}

/// In the new epoch the floor rises as in the one before.
#[test]
fn in_the_next_epoch_the_floor_only_rises() {
    let with = two();
    let mut epoch = with.clone();
    let entries = vec![
        epoch.checksum("fmt.1.0", at(1, 1)),
        epoch.checksum("fmt.2.0", at(1, 1)),
        epoch.release_list("fmt", at(1, 1)),
    ];
    epoch.quorum_says(entries);
    let gone = |from: &World, counter, floor| {
        let mut w = from.clone();
        w.gone("fmt.1.0");
        let entry = w.release_list_above("fmt", at(1, counter), floor);
        w.says("bob", vec![entry]);
        w
    };
    refused_after(&[&with, &epoch], &gone(&epoch, 2, 0), Code::Removed, OLD);
    let without = gone(&epoch, 2, 1);
    accepted_after(&[&with, &epoch], &without);
    // Whoever was away since the epoch before accepts it as well.
    accepted_after(&[&with], &without);
    let lowered = gone(&without, 3, 0);
    refused_after(&[&with, &epoch, &without], &lowered, Code::Rollback, LIST);
}

/// The whole of yesterday, from before the removal.
#[test]
fn the_state_before_a_removal_is_refused() {
    let with = two();
    let without = removed(&with, 3, 2);
    refused_after(&[&with, &without], &with, Code::Returned, OLD);
    refused_after(&[&with, &without], &with, Code::Rollback, LIST);
}

/// ```text
/// memory    fmt.1.0 at 0.1    0.2                 refuses 0.1
/// server    fmt.1.0 at 0.1    0.2 (fixed)    0.1
/// ```
/// The segment with the fix is left out, so that the tree itself is valid: the memory alone
/// is enough to know, and so is the tree.
#[test]
fn a_superseded_version_that_comes_back_is_refused() {
    let old = World::usual();
    let mut fixed = old.clone();
    fixed.file(&opam_path("fmt.1.0"), format!("{OPAM}# fixed\n"));
    let entry = fixed.checksum("fmt.1.0", at(0, 2));
    fixed.says("bob", vec![entry]);
    fixed.verdict().is_clean();
    refused_after(&[&old, &fixed], &old, Code::Rollback, OLD);
    refused_after(&[&fixed], &old, Code::Rollback, OLD);
    // The same bytes at the counter of the fix.
    let mut evil = old.clone();
    let entry = evil.checksum("fmt.1.0", at(0, 2));
    evil.says("bob", vec![entry]);
    refused_after(&[&old, &fixed], &evil, Code::Rollback, OLD);
}

/// One author has 130,000 releases, and half of them went: the floor is one number, so no
/// repository is too large to be remembered, and the memory does its work.
#[test]
fn a_list_of_130_000_releases_does_not_switch_the_memory_off() {
    use conex_verify::format::name::{PackageName, Release};
    use conex_verify::format::resource::Decode as _;
    use conex_verify::format::resource::Releases;
    use conex_verify::workbench::update::Memory;

    let mut client = Client::after(&[&World::usual()]);
    let memory = client.memory.as_mut().unwrap();
    let list = memory
        .registers
        .lists
        .get_mut(&PackageName::new("fmt").unwrap());
    let releases = (0..130_000).map(|n| Release::new(&format!("fmt.0.{n}")).unwrap());
    let list = list.unwrap();
    list.releases.extend(releases);
    list.floor = 130_000;
    let bytes = memory.encode();
    assert_eq!(Memory::decode(&bytes).as_ref(), Ok(&*memory));
    // The list that all of them left is small, and so is the next memory.
    let mut next = World::usual();
    let entry = next.release_list_above("fmt", at(0, 2), 130_000);
    next.says("bob", vec![entry]);
    let mut honest = client.added_again();
    honest.updates(&next).is_accepted();
    assert!(honest.memory.unwrap().encode().len() < 10_000);
    assert_eq!(Releases::decode(&next.bytes(LIST)).unwrap().floor, 130_000);
    // What is below the floor does not come back.
    let mut evil = next.clone();
    evil.file(&opam_path("fmt.2.0"), OPAM);
    let entries = vec![
        evil.checksum("fmt.2.0", at(0, 129_999)),
        evil.release_list_above("fmt", at(0, 3), 130_000),
    ];
    evil.says("bob", entries);
    let client = client.added_again();
    client
        .says(&evil)
        .is_rejected(Code::Returned, "fmt.2.0/checksum");
}

/// Like `two`, in a history in which `fmt.1.0` was signed once.
fn usual_two() -> World {
    let mut w = World::usual();
    add(&mut w, "fmt.2.0", at(0, 1), 2, 0);
    w
}
