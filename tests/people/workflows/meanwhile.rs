//! People change while a pull request is open. What was approved or signed in its branch
//! may not count any more where it is merged; whoever merges is told, and one command mends it.

use crate::town::Town;

const VERIFY: &str = "conex verify --dir . --anchors \"$ANCHORS\" --quorum 2";

/// A pull request, then a change in `main`, then the merge: git sees no conflict, clients
/// would refuse it for this reason, and this mends it.
#[track_caller]
fn meanwhile(request: &str, change: &str, missing: &str, mend: &str) {
    let town = Town::new();
    town.ok(&format!(
        "git checkout -qb request; {request}; commit request
        git checkout -q main; {change}; commit change"
    ));
    town.accepted("request");
    town.accepted("main");
    town.ok("git checkout -q request; git merge -q --no-edit main");
    town.fails(VERIFY, missing);
    town.ok(&format!(
        "{mend}; commit mended; conex check main..request --strict --complete; git checkout -q main; git merge -q --no-ff --no-edit request"
    ));
    town.accepted("main");
    town.update_accepted("main~1", "main");
    town.update_accepted("day-one", "main");
}

const DAVE: &str = "by dave conex join dave; release dune.1.0; by dave conex sign dune --yes
    for j in ja jb; do by $j conex approve --yes; done";

#[test]
fn a_janitor_left_who_had_approved() {
    meanwhile(
        DAVE,
        "by ja conex janitor remove jb; for j in ja jc; do by $j conex approve --yes; done",
        "the package `dune` is not signed",
        "by jc conex approve --yes",
    );
}

#[test]
fn the_quorum_rose() {
    meanwhile(
        DAVE,
        "by ja conex janitor quorum 3; for j in ja jb jc; do by $j conex approve --yes; done",
        "the package `dune` is not signed",
        "by jc conex approve --yes",
    );
}

#[test]
fn the_author_took_a_new_key() {
    meanwhile(
        "edit fmt.1.0 Mended; by alice conex sign --yes; cp -r $PEOPLE/alice $PEOPLE/before",
        "by alice conex rotate --no-passphrase --yes; for j in ja jb; do by $j conex approve --yes; done",
        "fmt.1.0",
        // A change may not bring what the old key signed.
        "by alice conex compact --delete-dead --yes; by alice conex sign --yes",
    );
}

#[test]
fn the_author_is_no_owner_any_more() {
    meanwhile(
        "edit logs.1.0 Mended; by bob conex sign --yes",
        "by ja conex owner add carol logs --instead-of bob; for j in ja jb; do by $j conex approve --yes; done",
        "logs.1.0",
        "by carol conex sign --yes",
    );
}

#[test]
fn the_member_left_the_team() {
    meanwhile(
        "edit cohttp.1.0 Mended; by alice conex sign --yes",
        "by ja conex team remove web alice; for j in ja jb; do by $j conex approve --yes; done",
        "cohttp.1.0",
        "for j in jb jc; do by $j conex approve --yes; done",
    );
}

/// A new epoch was opened meanwhile: what was signed in the one before is written anew.
#[test]
fn an_epoch_was_opened() {
    let town = Town::new();
    town.ok(
        "git checkout -qb request; edit fmt.1.0 Mended; by alice conex sign --yes; commit request
        git checkout -q main; by ja conex epoch fmt; for j in ja jb; do by $j conex approve --yes; done; commit epoch
        git checkout -q request",
    );
    town.fails("git merge -q --no-edit main", "CONFLICT");
    town.ok("by alice conex sign --yes; commit mended");
    town.accepted("request");
    town.update_accepted("main", "request");
    town.update_accepted("day-one", "request");
}

/// Who adopts a package signs its releases: then janitors look at one authorisation.
#[test]
fn the_new_owner_signs_what_the_old_one_signed() {
    let town = Town::new();
    town.ok("by carol conex owner add carol --instead-of bob; by carol conex sign --yes");
    let told = town.ok("by ja conex approve --yes; by jb conex approve --yes; commit adopted");
    assert!(
        told.contains("!! `logs` is taken from `bob`, and goes to `carol`"),
        "{told}"
    );
    assert!(!told.contains("logs.1.0"), "{told}");
    town.accepted("main");
    town.update_accepted("day-one", "main");
}

/// Each of two epochs was opened by another pair of janitors. One janitor who opened both leaves, so
/// that neither is open, and who signs next stays in the epoch that clients know.
#[test]
fn who_signs_after_a_janitor_left_stays_in_the_epoch_that_was_opened() {
    let opened = || {
        let town = Town::new();
        for janitor in ["jb", "ja"] {
            town.ok(&format!(
                "conex epoch fmt; for j in {janitor} jc; do by $j conex approve --yes; done
                by alice conex sign fmt --yes; commit epoch"
            ));
        }
        town.ok("by ja conex janitor remove jc --yes");
        town
    };
    let epoch = |town: &Town| town.ok("grep ^epoch packages/fmt/releases");
    let merged = |town: &Town| {
        town.ok("for j in ja jb; do by $j conex approve --yes; done; commit left; conex check main~1..main");
        town.update_accepted("main~1", "main");
    };
    let town = opened();
    town.ok("by alice conex sign --yes; edit fmt.1.0 More; by alice conex sign --yes");
    assert_eq!(epoch(&town), "epoch: 2\n");
    merged(&town);
    // An epoch that is opened now is above both.
    let town = opened();
    town.ok("conex epoch fmt");
    assert_eq!(epoch(&town), "epoch: 3\n");
    merged(&town);
    // What shows both stays, whoever folds and deletes what is dead.
    let town = opened();
    town.ok("for j in ja jb; do by $j conex compact --yes; done; conex compact --delete-dead; conex epoch fmt");
    assert_eq!(epoch(&town), "epoch: 3\n");
    merged(&town);
}
