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
