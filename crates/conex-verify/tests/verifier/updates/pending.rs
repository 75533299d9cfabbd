//! What waits for approval harms nobody, and may change as it likes.

use conex_verify::finding::Code;
use conex_verify::format::resource::Kind;

use crate::client::{Client, accepted_after, refused_after};
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

/// Anyone who can open a pull request, or has the server, writes over the valid file of an
/// id: what waits for approval would hide the keys that count, and with them what the author
/// signed. A change of an id carries its approvals along.
#[test]
fn a_valid_id_overwritten_by_a_pending_one_is_refused() {
    let mut valid = World::usual();
    valid.joined("carol");
    valid.teamed("team", &["bob"]);
    let waits: [fn(&mut World); 4] = [
        |w| drop(w.author_file("carol", at(0, 2), &["carol", "carol-2"])),
        |w| drop(w.author_file("carol", at(0, 2), &[])),
        |w| drop(w.author_file("carol", at(7, 1), &["mallory"])),
        |w| drop(w.team_file("team", at(0, 2), &["mallory"])),
    ];
    for (n, write) in waits.into_iter().enumerate() {
        let mut evil = valid.clone();
        write(&mut evil);
        let path = if n < 3 { "ids/carol" } else { "ids/team" };
        evil.verdict().is_accepted().reports(Code::PendingId, path);
        refused_after(&[&valid], &evil, Code::Unsigned, path);
        // With the approvals in the same update it is in order.
        let mut honest = evil.clone();
        if n < 3 {
            let entry = honest.author_file("carol", at(0, 2), &["carol", "carol-2"]);
            honest.quorum_says(vec![entry]);
        } else {
            let entry = honest.now(Kind::Team, "team");
            honest.quorum_says(vec![entry]);
        }
        accepted_after(&[&valid], &honest);
    }
}

/// The server leaves out the one segment that proves an author's key: the file is approved,
/// and lists a key that nobody has proven.
#[test]
fn a_deleted_segment_that_proves_an_authors_key_is_refused() {
    let mut w = World::usual();
    let entry = w.author_file("carol", at(0, 1), &["carol"]);
    let proof = w.says("carol", vec![entry.clone()]);
    w.quorum_says(vec![entry]);
    w.verdict().is_clean();
    let mut evil = w.clone();
    evil.remove(&proof);
    evil.verdict()
        .is_accepted()
        .reports(Code::PendingId, "ids/carol");
    refused_after(&[&w], &evil, Code::Unsigned, "ids/carol");
}

/// Of two keys of one author one is enough to be valid, so that the other one can be taken
/// away by its segment; what it signed is missed where it is needed.
#[test]
fn a_deleted_proof_of_a_second_key_takes_away_what_it_signed() {
    let mut w = World::usual();
    let entry = w.author_file("bob", at(0, 2), &["bob", "bob-2"]);
    w.quorum_says(vec![entry.clone()]);
    let proof = w.says_with("bob", "bob-2", vec![entry]);
    w.file(&opam_path("fmt.1.0"), format!("{OPAM}# fixed\n"));
    let fix = w.checksum("fmt.1.0", at(0, 2));
    w.says_with("bob", "bob-2", vec![fix]);
    w.verdict().is_clean();
    let mut evil = w.clone();
    evil.remove(&proof);
    evil.verdict()
        .is_rejected(Code::NotVouched, "fmt.1.0/checksum");
    Client::after(&[&w])
        .says(&evil)
        .is_rejected(Code::NotVouched, "fmt.1.0/checksum");
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
