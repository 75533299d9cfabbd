//! What is there once is emptied, never removed.

use conex_verify::finding::Code;

use crate::client::{accepted_after, refused_after};
use crate::world::*;

/// The state before, and a history in which the resource never was: nothing that
/// signs for it is left that could tell a new client.
fn with_and_without(add: impl Fn(&mut World)) -> (World, World) {
    let without = World::usual();
    let mut with = without.clone();
    add(&mut with);
    with.verdict().is_clean();
    (with, without)
}

#[test]
fn an_author_that_is_gone_is_refused() {
    let (with, without) = with_and_without(|w| w.joined("carol"));
    refused_after(&[&with], &without, Code::Removed, "ids/carol");
}

#[test]
fn a_team_that_is_gone_is_refused() {
    let (with, without) = with_and_without(|w| w.teamed("team", &["bob"]));
    refused_after(&[&with], &without, Code::Removed, "ids/team");
}

#[test]
fn the_list_of_claims_that_is_gone_is_refused() {
    let (with, without) = with_and_without(|w| w.claimed(at(0, 1), &["fmt"]));
    refused_after(&[&with], &without, Code::Removed, ".conex/claims");
}

#[test]
fn the_approval_of_the_top_level_files_that_is_gone_is_refused() {
    let (with, without) = with_and_without(|w| {
        let entry = w.repo_file(at(0, 1), &[], &[]);
        w.quorum_says(vec![entry]);
    });
    refused_after(&[&with], &without, Code::Removed, ".conex/repo");
}

/// A whole signed package goes: authorisation, list and releases.
#[test]
fn a_signed_package_that_is_gone_is_refused() {
    let (with, without) = with_and_without(|w| {
        w.owned("lwt", &["bob"]);
        w.released("lwt.1.0", "bob");
    });
    for path in ["lwt/authorisation", "lwt/releases"] {
        refused_after(&[&with], &without, Code::Removed, path);
    }
}

/// Emptying is how it is done: the author keeps no key, the team no member, the
/// package no release and no owner.
#[test]
fn what_is_emptied_by_those_who_may_is_accepted() {
    let mut full = World::usual();
    full.joined("carol");
    full.teamed("team", &["carol"]);
    full.owned("lwt", &["bob"]);
    full.released("lwt.1.0", "bob");
    let mut empty = full.clone();
    let gone = vec![
        empty.author_file("carol", at(0, 2), &[]),
        empty.team_file("team", at(0, 2), &[]),
        empty.authorisation("lwt", at(0, 2), &[]),
    ];
    empty.quorum_says(gone);
    empty.remove(&opam_path("lwt.1.0"));
    empty.remove(&checksum_path("lwt.1.0"));
    let list = empty.release_list_above("lwt", at(0, 2), 1);
    empty.quorum_says(vec![list]);
    accepted_after(&[&full], &empty);
    // And the way back is closed.
    refused_after(&[&full, &empty], &full, Code::Rollback, "lwt/releases");
}

/// The id of an author is taken over by a team, and the other way round.
#[test]
fn an_author_that_becomes_a_team_is_refused() {
    let base = World::usual();
    let mut author = base.clone();
    author.joined("carol");
    let mut team = base.clone();
    let entry = team.team_file("carol", at(0, 9), &["bob"]);
    team.quorum_says(vec![entry]);
    refused_after(&[&author], &team, Code::NamespaceClash, "ids/carol");

    let mut back = base.clone();
    let entry = back.author_file("carol", at(0, 99), &["carol"]);
    back.says("carol", vec![entry.clone()]);
    back.quorum_says(vec![entry]);
    refused_after(&[&team], &back, Code::NamespaceClash, "ids/carol");
}

/// The same in a tree that keeps all that was signed: a new client sees it too.
#[test]
fn an_author_that_becomes_a_team_on_top_of_its_history_is_refused() {
    let mut author = World::usual();
    author.joined("carol");
    let mut team = author.clone();
    let entry = team.team_file("carol", at(0, 9), &["bob"]);
    team.quorum_says(vec![entry]);
    team.verdict()
        .is_rejected(Code::NamespaceClash, "ids/carol");
    crate::client::Client::after(&[&author])
        .says(&team)
        .is_rejected(Code::NamespaceClash, "ids/carol");
}

/// Not even a quorum removes a list: an empty one with the floor stays.
#[test]
fn a_list_of_releases_that_vanishes_with_all_releases_is_refused() {
    let with = World::usual();
    let mut without = World::with_janitors(2, &["ja", "jb", "jc"]);
    without.joined("bob");
    without.owned("fmt", &["bob"]);
    refused_by_update(&with, &without);
}

fn refused_by_update(with: &World, without: &World) {
    let client = crate::client::Client::after(&[with]);
    for one in [client.without_memory(), client.added_again()] {
        one.says(without).is_rejected(Code::Removed, "fmt/releases");
    }
}
