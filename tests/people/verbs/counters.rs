//! Counters that somebody pushes who has no right to: nobody else is held up.

use crate::town::Town;
use crate::workflows::stolen::{END, push, push_to_the_end};

/// bob owns nothing of `fmt`. His branch pushes every counter of it, and the floor, to the
/// end, and he vouches for that: sign, approve and revoke go on.
#[test]
fn an_author_without_rights_pushes_counters() {
    let town = Town::new();
    let client = town.client("every");
    client.update("day-one");
    let pushed = [
        "packages/fmt/releases",
        "packages/fmt/fmt.1.0/checksum",
        "packages/fmt/fmt.1.1/checksum",
        "packages/fmt/authorisation",
    ];
    pushed.iter().for_each(|path| push_to_the_end(&town, path));
    push(&town, pushed[0], "floor: ");
    town.forge("bob", &pushed);
    town.ok("commit pushed");
    town.fails("conex check main~1..main", "packages/fmt");
    // Nobody approves it, and nobody takes it over.
    let told = town.ok("by ja conex approve --yes; git status --short");
    assert!(
        told.contains("more than 1000 above the highest that counts"),
        "{told}"
    );
    assert!(!told.contains("index/ja"), "{told}");
    town.ok("by ja conex owner add carol fmt; by alice conex sign --yes");
    town.ok("for j in ja jb; do by $j conex approve --yes; done; commit mended");
    let files = town
        .ok("tail -n +1 packages/fmt/releases packages/fmt/*/checksum packages/fmt/authorisation");
    assert!(!files.contains(&END.to_string()), "{files}");
    town.accepted("main");
    client.update("main");
    town.ok(
        "release fmt.2.0; git rm -qr packages/fmt/fmt.1.1; by carol conex sign --yes
        by ja conex revoke bob; for j in ja jb; do by $j conex approve --yes; done; commit on",
    );
    town.accepted("main");
    client.update("main");
    town.update_accepted("day-one", "main");
}

/// An author who lost the key in the same change leaves counters and floors behind.
#[test]
fn what_was_signed_under_a_lost_key_is_not_undercut() {
    let town = Town::new();
    let client = town.client("every");
    town.ok(
        "for t in One Two; do edit fmt.1.0 $t; by alice conex sign --yes; done
        git rm -qr packages/fmt/fmt.1.1; by alice conex sign --yes; commit worked",
    );
    client.update("main");
    // A new key, and an edit; then a janitor who gives the package to somebody else.
    town.ok(
        "edit fmt.1.0 Three; by alice conex rotate --no-passphrase --yes; by alice conex sign --yes
        for j in ja jb; do by $j conex approve --yes; done; commit rotated",
    );
    client.update("main");
    town.ok(
        "edit fmt.1.0 Four; release fmt.1.1; by ja conex owner add carol fmt --instead-of alice
        by carol conex sign --yes; for j in ja jb; do by $j conex approve --yes; done; commit given",
    );
    client.update("main");
    town.ok(
        "git rm -qr packages/fmt/fmt.1.1; by ja conex revoke carol; by ja conex sign --yes
        for j in ja jb; do by $j conex approve --yes; done; commit revoked",
    );
    client.update("main");
    town.accepted("main");
    town.update_accepted("day-one", "main");
}

/// An id that a link ever named belongs to that janitor, and a pending file gives its key to
/// nobody.
#[test]
fn an_id_and_a_key_belong_to_one_person() {
    let town = Town::new();
    town.ok("by ja conex janitor remove jc; for j in ja jb; do by $j conex approve --yes; done; commit left");
    town.fails(
        "by dave conex key import jc $PEOPLE/dave/keys/dave; by dave conex join jc",
        "`jc` is the id of a janitor",
    );
    town.ok("by jc conex join jc; by dave conex join dave; commit joined");
    town.fails("by ja conex janitor add dave", "`dave`");
    town.ok("for j in ja jb; do by $j conex approve --yes; done; by ja conex janitor add dave --dry-run");
}
