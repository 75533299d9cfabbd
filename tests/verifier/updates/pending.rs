//! What waits for approval harms nobody, and may change as it likes.

use conex_verify::finding::Code;

use crate::updates::client::{Client, accepted_after, refused_after};
use crate::world::*;

/// A pending author comes, changes, is lowered, becomes a team, and goes.
#[test]
fn a_pending_id_may_change_and_go() {
    let base = World::usual();
    let states: Vec<World> = [
        |w: &mut World| w.author_file("carol", at(0, 7), &["carol"]),
        |w: &mut World| w.author_file("carol", at(0, 7), &["carol", "carol-2"]),
        |w: &mut World| w.author_file("carol", at(0, 2), &["carol"]),
        |w: &mut World| w.team_file("carol", at(0, 1), &["bob"]),
    ]
    .iter()
    .map(|write| {
        let mut w = base.clone();
        write(&mut w);
        w
    })
    .collect();
    for from in states.iter().chain([&base]) {
        for to in states.iter().chain([&base]) {
            accepted_after(&[from], to);
        }
    }
}

/// The metadata of a package that nobody claims yet: authorisation, list, checksum.
#[test]
fn a_pending_package_may_change_and_go() {
    let base = World::usual().nostrict();
    let mut pending = base.clone();
    pending.authorisation("lwt", at(0, 5), &["bob"]);
    pending.released("lwt.1.0", "bob");
    let mut lowered = base.clone();
    lowered.authorisation("lwt", at(0, 2), &["bob"]);
    lowered.file(&opam_path("lwt.1.0"), OPAM);
    for (from, to) in [(&pending, &lowered), (&lowered, &pending)] {
        let client = Client::after(&[from]);
        client.added_again().says(to).is_accepted();
    }
    accepted_after(&[&lowered], &base);
}

/// A version that waits hides the valid one before it, for a while. When it goes, the
/// valid one is back, and is no rollback; what is older still is one.
#[test]
fn a_valid_id_is_remembered_behind_a_pending_one() {
    let mut first = World::usual();
    first.joined("carol");
    let mut second = first.clone();
    let entry = second.author_file("carol", at(0, 2), &["carol"]);
    second.says("carol", vec![entry.clone()]);
    second.quorum_says(vec![entry]);
    let mut waits = second.clone();
    waits.author_file("carol", at(0, 3), &["carol", "carol-2"]);
    let mut client = Client::after(&[&first, &second, &waits]);
    client
        .added_again()
        .says(&first)
        .is_rejected(Code::Rollback, "ids/carol");
    client.updates(&second).is_accepted();
    refused_after(&[&first, &second], &first, Code::Rollback, "ids/carol");
}

/// A pending change of an author is no way to make a team of them.
#[test]
fn a_valid_author_does_not_become_a_pending_team() {
    let mut author = World::usual();
    author.joined("carol");
    let mut team = author.clone();
    team.team_file("carol", at(0, 2), &["bob"]);
    Client::after(&[&author])
        .says(&team)
        .is_rejected(Code::NamespaceClash, "ids/carol");
}

/// A pending lower version in the place of a valid one is a rollback all the same.
#[test]
fn a_valid_id_does_not_become_an_older_pending_one() {
    let mut new = World::usual();
    let entry = new.author_file("carol", at(0, 5), &["carol"]);
    new.says("carol", vec![entry.clone()]);
    new.quorum_says(vec![entry]);
    let mut old = World::usual();
    old.author_file("carol", at(0, 4), &["carol"]);
    refused_after(&[&new], &old, Code::Rollback, "ids/carol");
}
