//! Who says what they have no right to say.

use conex_verify::format::digest::Digest;
use conex_verify::format::resource::{Entry, Kind};

use super::{Notices, accepted, refused_about};
use crate::world::*;

/// Attack 6: a valid author without rights vouches for the end of every counter. Nothing
/// happens, and the files of these signatures can be deleted. Of the owner it would count. V4.2
#[test]
fn an_author_without_rights_at_the_end_of_every_counter_is_ignored() {
    let mut before = World::usual();
    before.joined("eve");
    before.teamed("crew", &["bob"]);
    before.claimed(at(0, 1), &["fmt"]);
    let repo = before.repo_file(at(0, 1), &[], &[]);
    before.quorum_says(vec![repo]);
    let everything = [
        (Kind::Author, "bob"),
        (Kind::Author, "ja"),
        (Kind::Author, "nobody"),
        (Kind::Team, "crew"),
        (Kind::Team, "notaries"),
        (Kind::Repo, "repo"),
        (Kind::Claims, "claims"),
        (Kind::Authorisation, "fmt"),
        (Kind::Authorisation, "lwt"),
        (Kind::Releases, "fmt"),
        (Kind::Checksum, "fmt.1.0"),
        (Kind::Checksum, "fmt.2.0"),
        (Kind::Checksum, "lwt.1.0"),
    ];
    let at_the_end = |epoch| {
        let digest = Digest::of(b"anything");
        let entry = move |(kind, name)| vouch(kind, name, at(epoch, END), digest);
        everything.into_iter().map(entry).collect::<Vec<_>>()
    };
    let mut noted = before.clone();
    for epoch in [0, 1, LAST_EPOCH] {
        noted.says("eve", at_the_end(epoch));
    }
    accepted(&before, &noted);
    // Deleted by anybody.
    accepted(&noted, &before);
    // What everybody does goes on.
    let mut next = noted.clone();
    let entries = next.listed("fmt.1.0", at(0, 2));
    next.says("bob", entries);
    accepted(&noted, &next);
    // The author is revoked.
    let revoked = next.author_file("eve", at(0, 2), &[]);
    next.quorum_says(vec![revoked]);
    accepted(&noted, &next);

    let of_bob = |entries: Vec<_>, path| {
        let mut evil = before.clone();
        evil.says("bob", entries);
        refused_about(&before, &evil, "E023", path, Notices::All);
    };
    of_bob(at_the_end(0), "packages/fmt/releases");
    let checksum = |e: &Entry| e.resource.path() == checksum_path("fmt.1.0");
    let entry = at_the_end(0).into_iter().find(checksum).unwrap();
    of_bob(vec![entry], &checksum_path("fmt.1.0"));
    let mut evil = before.clone();
    evil.quorum_says(at_the_end(0));
    let path = "packages/fmt/authorisation";
    refused_about(&before, &evil, "E023", path, Notices::All);
}

/// The janitor `jc` owns `lwt` together with `bob`, who released it; `jc` is still a janitor,
/// or left.
fn of_a_janitor(left: bool) -> World {
    let mut w = World::usual();
    w.owned("lwt", &["bob", "jc"]);
    w.released("lwt.1.0", "bob");
    if left {
        w.link(&link(2, &["ja", "jb"], &["ja", "jb"]));
    }
    w
}

/// Attack 8: somebody writes a file for the id of a janitor, with another key and a proof of
/// it. It waits, and what the id owns is not theirs; where a quorum approves the file, it is.
/// V3.1, V2.4
#[test]
fn an_id_file_of_a_janitor_with_another_key_counts_for_nothing() {
    for left in [true, false] {
        let before = of_a_janitor(left);
        let mut taken = before.clone();
        let file = taken.author_file("jc", at(0, 1), &["mallory"]);
        taken.says_with("jc", "mallory", vec![file.clone()]);
        accepted(&before, &taken);
        // They release something under the id.
        let mut evil = taken.clone();
        evil.file(&opam_path("lwt.1.0"), format!("{OPAM}# evil\n"));
        let entry = evil.checksum("lwt.1.0", at(0, 2));
        evil.says_with("jc", "mallory", vec![entry]);
        let path = checksum_path("lwt.1.0");
        for before in [&before, &taken] {
            refused_about(before, &evil, "E022", &path, Notices::All);
        }
        let mut new = taken.clone();
        new.file(&opam_path("lwt.2.0"), OPAM);
        let entries = new.listed("lwt.2.0", at(0, 2));
        new.says_with("jc", "mallory", entries);
        let path = "packages/lwt/releases";
        refused_about(&before, &new, "E022", path, Notices::All);
        // One janitor agrees, then a quorum.
        evil.says("ja", vec![file.clone()]);
        let path = checksum_path("lwt.1.0");
        refused_about(&before, &evil, "E022", &path, Notices::All);
        evil.says("jb", vec![file]);
        accepted(&before, &evil);
    }
}

/// Attack 8: the janitor who left has a valid file, and it is overwritten. U2
#[test]
fn a_valid_id_file_of_a_past_janitor_is_not_overwritten() {
    let mut before = of_a_janitor(true);
    let file = before.author_file("jc", at(0, 1), &["jc"]);
    before.says("jc", vec![file.clone()]);
    before.quorum_says(vec![file]);
    let mut evil = before.clone();
    let file = evil.author_file("jc", at(0, 2), &["mallory"]);
    evil.says_with("jc", "mallory", vec![file]);
    let path = "packages/.conex/ids/jc";
    refused_about(&before, &evil, "E094", path, Notices::WhoKnew);
    // What `jc` signs with the key of before counts.
    let mut next = before.clone();
    next.file(&opam_path("lwt.2.0"), OPAM);
    let entries = next.listed("lwt.2.0", at(0, 2));
    next.says("jc", entries);
    accepted(&before, &next);
}

/// Attack 12: 300 files of junk signatures by an author, and some under a key that nobody knows.
/// They hold up nobody, and neither does their removal. V2.4
#[test]
fn hundreds_of_junk_segments_hold_up_nobody() {
    let mut before = World::usual();
    before.joined("eve");
    let entry = |n: u64| {
        let digest = Digest::of(&n.to_le_bytes());
        vec![vouch(Kind::Releases, "fmt", at(0, END - n), digest)]
    };
    let mut junk = before.clone();
    for n in 0..300 {
        junk.says("eve", entry(n));
    }
    junk.says_with("eve", "stranger", entry(300));
    junk.says_with("bob", "stranger", entry(301));
    accepted(&before, &junk);
    accepted(&junk, &before);
    let mut next = junk.clone();
    next.file(&opam_path("fmt.7"), OPAM);
    let entries = next.listed("fmt.7", at(0, 2));
    next.says("bob", entries);
    accepted(&junk, &next);
    // One of them by the owner is no junk.
    next.says("bob", entry(302));
    let path = "packages/fmt/releases";
    refused_about(&before, &next, "E023", path, Notices::All);
}
