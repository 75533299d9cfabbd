//! Other ways than a merge: rebase, squash, cherry-pick; and folding meanwhile.

use crate::town::Town;

const TWO: &str =
    "git checkout -qb one main; release fmt.2.0; by alice conex sign --yes; commit one
    edit lwt.1.0 Also; by alice conex sign --yes; commit also
    git checkout -qb two main; release logs.2.0; by bob conex sign --yes; commit two";

#[test]
fn a_rebase_keeps_everything_valid() {
    let town = Town::new();
    town.ok(&format!("{TWO}; git rebase -q one"));
    for commit in ["one~1", "one", "two"] {
        town.accepted(commit);
    }
    town.update_accepted("one", "two");
    town.update_accepted("main", "two");
}

/// A rebase onto a change of the same package stops; `sign` resolves it there.
#[test]
fn a_rebase_that_stops_is_resolved_by_signing() {
    let town = Town::new();
    town.ok(
        "git checkout -qb one main; release fmt.2.0; by alice conex sign --yes; commit one
        git checkout -qb two main; release fmt.3.0; by alice conex sign --yes; commit two
        edit lwt.1.0 Also; by alice conex sign --yes; commit also",
    );
    town.fails("git rebase -q one", "CONFLICT");
    town.ok("by alice conex sign --yes; git add -A .; git rebase --continue >/dev/null");
    for commit in ["two~1", "two"] {
        town.accepted(commit);
    }
    town.update_accepted("one", "two~1");
    town.update_accepted("two~1", "two");
}

#[test]
fn squash_and_cherry_pick() {
    let town = Town::new();
    town.ok(&format!(
        "{TWO}; git checkout -q main; git merge -q --squash one; git commit -qm squashed
        git cherry-pick two >/dev/null"
    ));
    for (old, new) in [
        ("day-one", "main~1"),
        ("main~1", "main"),
        ("day-one", "main"),
    ] {
        town.accepted(new);
        town.update_accepted(old, new);
    }
}

/// One branch folds what an author signed, another one of theirs adds to it.
#[test]
fn folding_and_signing_at_once() {
    for (first, second) in [("folds", "signs"), ("signs", "folds")] {
        let town = Town::new();
        town.ok(
            "edit fmt.1.0 Second; by alice conex sign --yes; commit second
            edit fmt.1.0 Third; by alice conex sign --yes; commit third
            git checkout -qb folds main; by alice conex compact --yes; commit folds
            git checkout -qb signs main; edit fmt.1.0 Fourth; by alice conex sign --yes; commit signs",
        );
        town.ok(&format!(
            "git checkout -q main; git tag before; git merge -q --no-edit {first}; git merge -q --no-ff --no-edit {second}"
        ));
        for commit in ["folds", "signs", "main"] {
            town.accepted(commit);
            town.update_accepted("before", commit);
        }
        town.update_accepted("day-one", "main");
        town.update_accepted(first, "main");
    }
}

/// Both branches fold: both took the same files away, and git believes that one file got
/// two names. That is why folding is done alone; without that belief it merges.
#[test]
fn folding_twice() {
    let town = Town::new();
    town.ok(
        "edit fmt.1.0 Second; by alice conex sign --yes; commit second; git tag before
        git checkout -qb folds main; by alice conex compact --yes; commit folds
        git checkout -qb both main; release lwt.2.0; by alice conex sign --yes; by alice conex compact --yes; commit both
        git checkout -q both",
    );
    town.fails("git merge -q --no-edit folds", "CONFLICT (rename/rename)");
    let told = town.run("by alice conex sign --yes");
    let told = crate::town::told(&told);
    assert!(told.contains("git merge -s resolve"), "{told}");
    town.ok("git merge --abort; git merge -q -s resolve --no-edit folds");
    town.accepted("both");
    town.update_accepted("before", "both");
    town.update_accepted("folds", "both");
}

/// A release is renamed in one branch (a wrong version) and edited in the other. git
/// carries the edit over to the new name; what comes out is signed by nobody, and said.
#[test]
fn an_edit_that_git_carries_to_another_release() {
    let town = Town::new();
    town.ok(
        "git checkout -qb one main; git mv packages/fmt/fmt.1.1 packages/fmt/fmt.1.2; rm packages/fmt/fmt.1.2/checksum
        by alice conex sign --yes; commit one
        git checkout -qb two main; edit fmt.1.1 Mended; by alice conex sign --yes; commit two
        git checkout -q one",
    );
    let merged = town.run("git merge -q --no-edit two");
    if merged.status.success() {
        town.fails(
            "conex verify --dir . --anchors \"$ANCHORS\" --quorum 2",
            "fmt.1.2",
        );
    }
    town.ok("by alice conex sign --yes; commit signed");
    town.accepted("one");
    town.update_accepted("main", "one");
}
