//! Counters that somebody pushes who has no right to: nobody else is held up.

use conex_verify::format::digest::Digest;
use conex_verify::format::resource::{Entry, Kind};

use crate::town::Town;
use crate::workflows::stolen::{END, push, push_to_the_end};
use crate::world::{at, vouch};

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
    let told = town.ok("! by ja conex approve --yes; git status --short");
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

/// bob vouches for the end of every counter of everything. `check` refuses it, and it is
/// published all the same: everybody goes on, he is revoked, and whoever likes deletes the files
/// of it, while he is an author and later. C10, L1 to L4
#[test]
fn vouches_without_rights_are_dead_and_deleted_by_anybody() {
    const DELETE: &str =
        "CONEX_HOME=$TMPDIR/nobody HOME=$TMPDIR/nobody conex compact --delete-dead";
    let town = Town::new();
    let client = town.client("every");
    client.update("day-one");
    let everything = [
        (Kind::Author, "alice"),
        (Kind::Author, "ja"),
        (Kind::Team, "web"),
        (Kind::Repo, "repo"),
        (Kind::Claims, "claims"),
        (Kind::Authorisation, "fmt"),
        (Kind::Authorisation, "logs"),
        (Kind::Releases, "fmt"),
        (Kind::Checksum, "fmt.1.0"),
        (Kind::Checksum, "dune.1.0"),
    ];
    let digest = Digest::of(b"anything");
    let vouches = [0, 1].map(|epoch| -> Vec<Entry> {
        let entry = |(kind, name)| vouch(kind, name, at(epoch, END), digest);
        everything.into_iter().map(entry).collect()
    });
    let before = town.signatures("main");
    town.vouch("bob", vouches.into());
    let told = town.fails("commit pushed; conex check HEAD~1..HEAD --all", "leaps");
    for what in [
        "a new signature by `bob` of the checksum `fmt.1.0` leaps",
        "signed in  packages/.conex/index/bob/",
        "remove that file",
    ] {
        assert!(told.contains(what), "{what}: {told}");
    }
    assert_eq!(town.signatures("main"), before + 2);
    client.update("main");
    let told = town.ok(&format!(
        "git checkout -qb clean; {DELETE}; commit clean; conex check main..clean; git checkout -q main"
    ));
    assert!(
        told.contains("segments that support nothing any more"),
        "{told}"
    );
    assert_eq!(town.signatures("clean"), before);
    town.accepted("clean");
    town.update_accepted("main", "clean");
    // Where they stay, sign, approve and revoke go on.
    town.ok(
        "edit fmt.1.0 Edited; release fmt.2.0; by alice conex sign --yes; commit signed
        by ja conex owner add carol fmt; for j in ja jb; do by $j conex approve --yes; done; commit owner
        by ja conex revoke bob; by ja conex sign --yes; for j in ja jb; do by $j conex approve --yes; done; commit revoked
        conex check HEAD~3..HEAD",
    );
    client.update("main");
    town.accepted("main");
    town.ok(&format!(
        "git checkout -qb later; {DELETE}; commit later; conex check main..later"
    ));
    assert!(!town.path("work/packages/.conex/index/bob").exists());
    client.update("later");
    town.accepted("later");
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
