//! Policy that travels with the anchors: what a client that starts anew knows all the same.

use conex_verify::finding::Code;
use conex_verify::format::resource::Revision;

use crate::snapshot::notary::*;
use crate::world::*;

const CLAIMS: &str = "packages/.conex/claims";

/// Signed and unsigned packages under a snapshot at 1.20, and claims at 0.3.
fn published() -> World {
    let mut w = usual();
    w.claimed(at(0, 3), &["fmt"]);
    w.stated("bob", at(1, 20));
    w
}

fn asking(w: &World, snapshot: Option<Revision>, claims: Option<Revision>) -> World {
    let mut w = w.clone();
    w.least_snapshot = snapshot;
    w.least_claims = claims;
    w
}

/// Older anchors of the same repository stay good, and so do those of this very state.
#[test]
fn anchors_that_are_not_newer_than_the_tree_are_fine() {
    let w = published();
    for mode in [MODES[1], MODES[2]] {
        let w = w.clone().in_mode(mode);
        w.verdict().is_accepted();
        for least in [at(0, 1), at(0, END), at(1, 1), at(1, 20)] {
            asking(&w, Some(least), None).verdict().is_accepted();
        }
        for least in [at(0, 0), at(0, 3)] {
            asking(&w, None, Some(least)).verdict().is_accepted();
        }
        asking(&w, Some(at(1, 20)), Some(at(0, 3)))
            .verdict()
            .is_accepted();
    }
}

/// Last month's repository for somebody who sets opam up today, with today's anchors.
#[test]
fn a_snapshot_below_that_of_the_anchors_is_refused() {
    let w = published();
    for least in [at(1, 21), at(1, END), at(2, 0), at(LAST_EPOCH, 1)] {
        for mode in MODES {
            asking(&w.clone().in_mode(mode), Some(least), None)
                .verdict()
                .is_rejected(Code::Rollback, SNAPSHOT);
        }
    }
}

/// The snapshot is left out, or is none: by a stranger, of another tree, unreadable.
#[test]
fn no_valid_snapshot_where_the_anchors_ask_for_one_is_refused() {
    let w = published();
    let changes: [&dyn Fn(&mut World); 4] = [
        &|w| drop(w.remove(SNAPSHOT)),
        &|w| w.stated("mallory", at(1, 30)),
        &|w| {
            w.file(&opam_path("lwt.2.0"), OPAM);
        },
        &|w| {
            w.file(SNAPSHOT, "format: 1\n");
        },
    ];
    for change in changes {
        let mut evil = asking(&w, Some(at(1, 1)), None);
        change(&mut evil);
        for mode in MODES {
            let verdict = evil.clone().in_mode(mode).verdict();
            verdict.is_rejected(Code::Removed, SNAPSHOT);
        }
    }
}

/// The claims of a day on which a package was not listed yet.
#[test]
fn claims_below_those_of_the_anchors_are_refused() {
    let w = published();
    for least in [at(0, 4), at(1, 0)] {
        for mode in MODES {
            asking(&w.clone().in_mode(mode), None, Some(least))
                .verdict()
                .is_rejected(Code::Rollback, CLAIMS);
        }
    }
}

/// The claims are left out, with what vouches for them or without; or they wait.
#[test]
fn no_valid_claims_where_the_anchors_ask_for_some_are_refused() {
    let without = usual();
    let mut waiting = without.clone();
    let entry = waiting.claims_file(at(0, 9), &["fmt"]);
    waiting.says("ja", vec![entry]);
    waiting.stated("bob", at(1, 2));
    let mut unreadable = without.clone();
    unreadable.file(CLAIMS, "format: 1\n");
    unreadable.stated("bob", at(1, 2));
    for evil in [without, waiting, unreadable] {
        for mode in MODES {
            asking(&evil.clone().in_mode(mode), None, Some(at(0, 1)))
                .verdict()
                .is_rejected(Code::Removed, CLAIMS);
        }
    }
}

/// A client that remembers more than its anchors say goes by what it remembers.
#[test]
fn anchors_lower_nothing_that_is_remembered() {
    let old = published();
    let mut new = old.clone();
    new.file(&opam_path("lwt.2.0"), OPAM);
    new.claimed(at(0, 4), &["fmt"]);
    new.stated("bob", at(1, 21));
    let evil = asking(&old, Some(at(1, 1)), Some(at(0, 1)));
    evil.verdict().is_accepted();
    remembers(&[&new], &evil)
        .is_rejected(Code::Rollback, SNAPSHOT)
        .is_rejected(Code::Rollback, CLAIMS);
}
