//! Folding what one signed, and deleting what counts for nothing.

use crate::town::Town;

/// Somebody without any key deletes what nobody needs; every client bears it.
#[test]
fn anybody_deletes_what_is_dead() {
    let town = Town::new();
    let client = town.client("every");
    client.update("day-one");
    let nobody = "CONEX_HOME=$TMPDIR/nobody HOME=$TMPDIR/nobody";
    let told = town.ok(&format!("{nobody} conex compact --delete-dead"));
    assert!(told.contains("Nothing to do"), "{told}");
    town.ok(
        "for t in One Two Three; do edit fmt.1.0 $t; by alice conex sign --yes; commit $t; done
        by ja conex revoke bob; for j in ja jb; do by $j conex approve --yes; done; commit revoked",
    );
    client.update("main");
    let before = town.signatures("main");
    let told = town.ok(&format!(
        "git checkout -qb clean; {nobody} conex compact --delete-dead; commit clean; conex check main..clean
        git checkout -q main; git merge -q --no-ff --no-edit clean"
    ));
    assert!(
        told.contains("segments that support nothing any more"),
        "{told}"
    );
    let after = town.signatures("main");
    assert!(after < before, "{before} {after}");
    // Of bob nothing is left, and of alice what counts.
    assert!(!town.path("work/packages/.conex/index/bob").exists());
    town.accepted("main");
    client.update("main");
    town.update_accepted("day-one", "main");
    // Folding, then: one segment, with what is live.
    let told = town.ok("by alice conex compact --yes; commit folded");
    assert!(told.contains("into one"), "{told}");
    let index = town.ok("ls packages/.conex/index/alice");
    assert_eq!(index.lines().count(), 1, "{index}");
    town.accepted("main");
    client.update("main");
    // A removed release stays removed, although its entries are gone.
    town.ok("git rm -qr packages/fmt/fmt.1.1; by alice conex sign --yes; by alice conex compact --yes; commit removed");
    client.update("main");
    town.ok("release fmt.1.1; by alice conex sign --yes; commit back");
    client.update("main");
    town.accepted("main");
}

/// Whoever signs every week has few files of signatures: the smaller ones are folded into the
/// next one, and `check` and every client accept each step.
#[test]
fn who_signs_often_has_few_files() {
    let town = Town::new();
    let client = town.client("every");
    client.update("day-one");
    let mut renewed = 0;
    for week in 0..16 {
        let told = town.ok(&format!(
            "release fmt.2.{week}; edit lwt.1.0 Week{week}; by alice conex sign --yes; commit week
            conex check HEAD~1..HEAD --strict --complete"
        ));
        renewed += usize::from(told.contains("of yours, unchanged, in place of"));
        client.update("main");
    }
    let index = town.ok("ls packages/.conex/index/alice");
    let files = index.lines().count();
    assert!(files <= 5, "{files}");
    assert!((1..16).contains(&renewed), "{renewed}");
    town.accepted("main");
    town.update_accepted("day-one", "main");
    // A janitor's approvals are folded in the same way.
    for week in 0..8 {
        town.ok(&format!(
            "release dune{week}.1.0; by ja conex owner add bob dune{week}; by bob conex sign --yes
            for j in ja jb; do by $j conex approve --yes; done; commit week
            conex check HEAD~1..HEAD --strict --complete"
        ));
    }
    let index = town.ok("ls packages/.conex/index/ja");
    assert!(index.lines().count() <= 4, "{index}");
    town.accepted("main");
    client.update("main");
}

/// Two branches fold the same files: git merges them, in both orders, and nothing is lost.
#[test]
fn two_branches_fold_the_same_files() {
    for order in [["one", "two"], ["two", "one"]] {
        let town = Town::new();
        town.ok("for r in 2.0 2.1; do release fmt.$r; by alice conex sign --yes; commit $r; done");
        town.ok(
            "git checkout -qb one; for n in 0 1 2 3 4 5 6 7; do release fmt.3.$n; done; by alice conex sign --yes; commit one
            git checkout -qb two main; for n in 0 1 2 3 4 5 6 7; do release lwt.3.$n; done; by alice conex sign --yes; commit two",
        );
        let gone = "git diff --no-renames --diff-filter=D --name-only main";
        let both = town.ok(&format!("comm -12 <({gone} one) <({gone} two)"));
        assert!(both.contains("index/alice"), "{both}");
        for branch in order {
            town.ok(&format!(
                "conex check main..{branch} --strict --complete; git checkout -q main; git merge -q --no-ff --no-edit {branch}"
            ));
            town.accepted("main");
        }
        town.update_accepted("day-one", "main");
        town.ok("edit fmt.2.0 Next; by alice conex sign --yes; commit next; conex check HEAD~1..HEAD --strict");
        town.accepted("main");
    }
}
