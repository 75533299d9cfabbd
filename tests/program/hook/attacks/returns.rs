//! What was given up comes back, and what should make a client forget that it was.

use conex_verify::format::digest::Digest;
use conex_verify::format::name::{PackageName, Release};
use conex_verify::format::resource::Kind;
use conex_verify::workbench::update::Memory;

use super::{Client, Notices, accepted, names, refused_about};
use crate::world::*;

const LIST: &str = "packages/fmt/releases";

/// `fmt.2.0` is there; and it was removed, below the floor.
fn removed() -> (World, World) {
    let mut with = World::usual();
    with.file(&opam_path("fmt.2.0"), OPAM);
    let entries = with.listed("fmt.2.0", at(0, 2));
    with.says("bob", entries);
    let mut without = with.clone();
    without.gone("fmt.2.0");
    let entry = without.release_list_above("fmt", at(0, 3), 2);
    without.says("bob", vec![entry]);
    (with, without)
}

/// `fmt.1.0` has a hole; and it was mended, at a higher counter.
fn mended() -> (World, World) {
    let with = World::usual();
    let mut without = with.clone();
    without.file(&opam_path("fmt.1.0"), format!("{OPAM}# mended\n"));
    let entry = without.checksum("fmt.1.0", at(0, 2));
    without.says("bob", vec![entry]);
    (with, without)
}

/// The files of signatures of both states.
fn with_segments_of(state: &World, other: &World) -> World {
    let mut both = state.clone();
    for path in other.paths().iter().filter(|p| p.contains("/index/")) {
        both.file(path, other.bytes(path));
    }
    both
}

/// Attack 3, in one step: the old files and signatures are served, or the old files with all
/// signatures. U2, U4, V4.6
#[test]
fn a_version_that_was_given_up_comes_back_in_one_step_and_is_refused() {
    let mended_path = checksum_path("fmt.1.0");
    for ((with, without), path) in [(removed(), LIST), (mended(), &mended_path)] {
        accepted(&with, &without);
        refused_about(&without, &with, "E090", path, Notices::WhoKnew);
        let both = with_segments_of(&with, &without);
        refused_about(&without, &both, "E023", path, Notices::All);
    }
    // Under the new list, the release that was removed: E096.
    let (with, without) = removed();
    let mut evil = without.clone();
    for path in [opam_path("fmt.2.0"), checksum_path("fmt.2.0")] {
        evil.file(&path, with.bytes(&path));
    }
    let entry = evil.release_list_above("fmt", at(0, 4), 0);
    evil.says("bob", vec![entry]);
    let checksum = checksum_path("fmt.2.0");
    refused_about(&without, &evil, "E096", &checksum, Notices::WhoKnew);
    // Whoever may sign it above the floor brings it back.
    let mut again = without.clone();
    again.file(&opam_path("fmt.2.0"), OPAM);
    let entries = vec![
        again.checksum("fmt.2.0", at(0, 3)),
        again.release_list_above("fmt", at(0, 4), 2),
    ];
    again.says("bob", entries);
    accepted(&without, &again);
}

/// The file of signatures in which `bob` proves his key.
fn proof_of_bob(w: &World) -> String {
    let digest = w.now(Kind::Author, "bob").version.digest.to_string();
    let proves = |path: &String| {
        let text = String::from_utf8(w.bytes(path)).unwrap();
        path.contains("/index/bob/") && text.contains(&digest)
    };
    w.paths().into_iter().find(proves).unwrap()
}

/// Attack 3, in two steps: what makes the author a person is left out or made pending, so that
/// nothing of them counts, and is put back with the old version. The first step is refused. So
/// is the second one, even where opam took the first one over: the memory knows. U2
#[test]
fn a_version_that_was_given_up_comes_back_in_two_steps_and_is_refused() {
    let id_file = "packages/.conex/ids/bob";
    for (with, without) in [removed(), mended()] {
        let mut unproven = without.clone();
        unproven.remove(&proof_of_bob(&without));
        let mut absent = without.clone();
        absent.remove(id_file);
        let mut pending = without.clone();
        pending.author_file("bob", at(0, 2), &["bob", "bob-2"]);
        for (between, code, path) in [
            (unproven, "E022", LIST),
            (absent, "E026", id_file),
            (pending, "E022", LIST),
        ] {
            refused_about(&without, &between, code, path, Notices::All);
            let mut client = Client::after(&without);
            client.holds = between;
            for (form, answer) in client.says(&with) {
                println!("{form:?}");
                if form.remembers() {
                    names(&answer, "E090", "packages/fmt/");
                } else {
                    // The tree before is no evidence: there nothing of `fmt` is valid.
                    answer.accepted();
                }
            }
            // The honest state is put back.
            client.accepts(&without);
        }
    }
}

/// What `eve` owns, and what `bob` owns before and after he mended it.
fn two_owners() -> (World, World) {
    let (mut with, mut without) = mended();
    for w in [&mut with, &mut without] {
        w.joined("eve");
        w.owned("big", &["eve"]);
        w.released("big.1.0", "eve");
    }
    (with, without)
}

/// Attack 4: an author had 130,000 releases, all of which the client remembers. The memory
/// goes on, and a rollback of what somebody else mended is refused. M5, U2
#[test]
fn a_memory_of_130_000_releases_is_not_switched_off() {
    let (with, without) = two_owners();
    let mut client = Client::after(&without);
    let big = PackageName::new("big").unwrap();
    let mut memory = Memory::decode(&client.memory).unwrap();
    let list = memory.registers.lists.get_mut(&big).unwrap();
    let many = (0..130_000).map(|n| Release::new(&format!("big.0.{n}")).unwrap());
    list.releases.extend(many);
    client.memory = memory.encode();
    assert!(client.memory.len() > 1_000_000);
    let mended = checksum_path("fmt.1.0");
    client.refuses(&with, "E090", &mended, Notices::WhoKnew);
    // `eve` removes them, and the client learns it: what is below the floor stays away.
    let mut next = without.clone();
    let entry = next.release_list_above("big", at(0, 2), 130_000);
    next.says("eve", vec![entry]);
    client.accepts(&next);
    let mut back = next.clone();
    back.file(&opam_path("big.0.7"), OPAM);
    let entries = vec![
        back.checksum("big.0.7", at(0, 130_000)),
        back.release_list_above("big", at(0, 3), 0),
    ];
    back.says("eve", entries);
    let client = Client::after(&next);
    client.refuses(&with, "E090", &mended, Notices::WhoKnew);
    let returned = checksum_path("big.0.7");
    client.refuses(&back, "E096", &returned, Notices::WhoKnew);
}

/// Attack 4: an author signs two lists of 130,000 releases, none of which is there, and vouches
/// for each of them. The lists are refused, for they are no lists of what is there; the vouches
/// alone hold up nobody, and switch no memory off. V6.4, M5
#[test]
fn lists_and_vouches_of_130_000_releases_switch_no_memory_off() {
    let (with, without) = two_owners();
    let mut listed = without.clone();
    for n in 0..130_000 {
        listed.file(&format!("packages/big/big.0.{n}/opam"), "");
    }
    let entries = [2, 3].map(|counter| listed.release_list("big", at(0, counter)));
    listed.says("eve", entries.into());
    listed
        .tree
        .files
        .retain(|path, _| !path.starts_with("packages/big/big.0."));
    let list = "packages/big/releases";
    refused_about(&without, &listed, "E040", list, Notices::All);

    let mut noted = without.clone();
    for first in (0..130_000).step_by(32_500) {
        let digest = Digest::of(b"");
        let some = first..first + 32_500;
        let entry = |n| vouch(Kind::Checksum, &format!("big.0.{n}"), at(0, 1), digest);
        noted.says("eve", some.map(entry).collect());
    }
    accepted(&without, &noted);
    let client = Client::after(&noted);
    let mended = checksum_path("fmt.1.0");
    client.refuses(&with, "E090", &mended, Notices::WhoKnew);
}
