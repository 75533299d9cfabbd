//! What a client accepts that saw every step, one accepts that was away for all of them.

use conex_verify::finding::Code;
use conex_verify::format::resource::Kind;

use crate::client::{Client, accepted_after};
use crate::world::*;

/// Every state is accepted after every earlier one, after all of them, and by clients that
/// go by the tree, by the memory, and by both; all remember the same in the end.
#[track_caller]
fn accepted_with_and_without_gaps(states: &[World]) {
    for (n, state) in states.iter().enumerate() {
        state.verdict().is_accepted();
        for before in &states[..n] {
            accepted_after(&[before], state);
        }
        let earlier: Vec<&World> = states[..n].iter().collect();
        accepted_after(&earlier, state);
    }
    let last = states.last().unwrap();
    let all: Vec<&World> = states.iter().collect();
    let steady = Client::after(&all);
    for before in &states[..states.len() - 1] {
        let away = Client::after(&[before, last]);
        assert_eq!(away.memory, steady.memory);
    }
}

/// The states after each of these steps, the first one included.
fn steps(first: World, changes: &[&dyn Fn(&mut World)]) -> Vec<World> {
    let mut states = vec![first];
    for change in changes {
        let mut next = states.last().unwrap().clone();
        change(&mut next);
        states.push(next);
    }
    states
}

/// What a quorum vouches for, again, when the janitors changed.
fn again(w: &mut World, janitors: &[&str]) {
    let vouches = [(Kind::Author, "bob"), (Kind::Authorisation, "fmt")];
    let vouches: Vec<_> = vouches.map(|(kind, name)| w.now(kind, name)).into();
    for janitor in janitors {
        w.says(janitor, vouches.clone());
    }
}

#[test]
fn a_janitor_leaves_and_comes_back_with_another_key() {
    let back = |key: &str| {
        let signers = ["ja", "jc", key];
        link(2, &["ja", "jb", "jc"], &signers).with_key("jb", key)
    };
    let states = steps(
        World::usual(),
        &[
            &|w| {
                w.link(&link(2, &["ja", "jc"], &["ja", "jc"]));
                again(w, &["jc"]);
            },
            &|w| {
                w.link(&back("jb-new"));
            },
            &|w| {
                let entries = w.listed("fmt.1.0", at(0, 2));
                w.says_with("jb", "jb-new", entries.clone());
                w.says("ja", entries);
            },
        ],
    );
    accepted_with_and_without_gaps(&states);
    // With the key that was dropped nobody accepts it, whatever they saw.
    let mut evil = states[1].clone();
    evil.link(&back("jb"));
    evil.verdict().is_rejected(Code::ChainLink, "janitors/2");
}

/// ```text
/// fmt.1.0    0.1   -      -        1.1
/// list       0.1   0.2    1.1      1.2
/// floor      0     1      0        0
/// ```
#[test]
fn a_release_goes_an_epoch_starts_and_the_release_returns() {
    let states = steps(
        World::usual(),
        &[
            &|w| {
                w.gone("fmt.1.0");
                let list = w.release_list_above("fmt", at(0, 2), 1);
                w.says("bob", vec![list]);
            },
            &|w| {
                let list = w.release_list("fmt", at(1, 1));
                w.quorum_says(vec![list]);
            },
            &|w| {
                w.file(&opam_path("fmt.1.0"), OPAM);
                let entries = vec![
                    w.checksum("fmt.1.0", at(1, 1)),
                    w.release_list("fmt", at(1, 2)),
                ];
                w.says("bob", entries);
            },
            &|w| {
                w.gone("fmt.1.0");
                let list = w.release_list_above("fmt", at(1, 3), 1);
                w.says("bob", vec![list]);
            },
        ],
    );
    accepted_with_and_without_gaps(&states);
}

/// A release returns, is edited, and another one goes; the floor rises twice.
#[test]
fn releases_come_and_go_above_a_rising_floor() {
    let both = |w: &mut World, release: &str, counter, list, floor| {
        w.file(&opam_path(release), format!("{OPAM}# {counter}\n"));
        let entries = vec![
            w.checksum(release, at(0, counter)),
            w.release_list_above("fmt", at(0, list), floor),
        ];
        w.says("bob", entries);
    };
    let gone = |w: &mut World, release: &str, list, floor| {
        w.gone(release);
        let list = w.release_list_above("fmt", at(0, list), floor);
        w.says("bob", vec![list]);
    };
    let states = steps(
        World::usual(),
        &[
            &|w| both(w, "fmt.2.0", 1, 2, 0),
            &|w| both(w, "fmt.1.0", 5, 3, 0),
            &|w| gone(w, "fmt.1.0", 4, 5),
            &|w| both(w, "fmt.3.0", 6, 5, 5),
            &|w| both(w, "fmt.1.0", 6, 6, 5),
            &|w| gone(w, "fmt.3.0", 7, 6),
            &|w| both(w, "fmt.2.0", 2, 8, 6),
        ],
    );
    accepted_with_and_without_gaps(&states);
}

/// An author is emptied, gets a new key, and what the old key signed is signed again.
#[test]
fn an_author_is_revoked_and_comes_back() {
    let states = steps(
        World::usual(),
        &[
            &|w| {
                let empty = w.author_file("bob", at(0, 2), &[]);
                let entries = [vec![empty], w.listed("fmt.1.0", at(0, 2))].concat();
                w.quorum_says(entries);
            },
            &|w| {
                let file = w.author_file("bob", at(0, 3), &["bob-new"]);
                w.quorum_says(vec![file.clone()]);
                w.says_with("bob", "bob-new", vec![file]);
            },
            &|w| {
                let entries = w.listed("fmt.1.0", at(0, 3));
                w.says_with("bob", "bob-new", entries);
            },
        ],
    );
    accepted_with_and_without_gaps(&states);
}

/// A package gets its owner taken away, stays claimed, and gets another one.
#[test]
fn a_package_changes_hands() {
    let first = {
        let mut w = World::usual();
        w.joined("carol");
        w.claimed(at(0, 1), &[]);
        w
    };
    let states = steps(
        first,
        &[
            &|w| w.claimed(at(0, 2), &["fmt"]),
            &|w| {
                let nobody = w.authorisation("fmt", at(0, 2), &[]);
                let entries = [vec![nobody], w.listed("fmt.1.0", at(0, 2))].concat();
                w.quorum_says(entries);
            },
            &|w| {
                let carol = w.authorisation("fmt", at(1, 1), &["carol"]);
                w.quorum_says(vec![carol]);
            },
            &|w| {
                let entries = w.listed("fmt.1.0", at(0, 3));
                w.says("carol", entries);
            },
        ],
    );
    accepted_with_and_without_gaps(&states);
}
