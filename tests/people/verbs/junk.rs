//! Files of signatures that mean nothing: `check` lets few of them in, and anybody deletes them.

use conex_verify::format::digest::Digest;
use conex_verify::format::resource::{Entry, Kind};

use crate::town::Town;
use crate::world::{at, vouch};

/// Files of signatures, each of a version that nobody has.
fn junk(from: u64, count: u64) -> Vec<Vec<Entry>> {
    let entry = |n: u64| {
        let digest = Digest::of(&n.to_le_bytes());
        vec![vouch(Kind::Checksum, "fmt.1.0", at(0, 10 + n), digest)]
    };
    (from..from + count).map(entry).collect()
}

/// C6, C7: 300 files of junk in a change, and 17, by an author; one by somebody whose key is not
/// in the repository. Sixteen can be merged, for an honest change can have as many.
#[test]
fn check_refuses_what_would_fill_the_limit() {
    let town = Town::new();
    for count in [300, 17] {
        town.ok(&format!("git checkout -qb junk-{count} main"));
        town.vouch("bob", junk(0, count));
        town.ok("commit junk");
        let why = format!("the change brings {count} files of signatures of `bob`");
        let told = town.fails(&format!("conex check main..junk-{count}"), &why);
        assert!(told.contains("E004"), "{told}");
        assert!(told.contains("packages/.conex/index/bob"), "{told}");
    }
    town.ok("git checkout -qb junk-16 main");
    town.vouch("bob", junk(0, 16));
    town.ok("commit junk; conex check main..junk-16");
    town.ok("git checkout -qb unknown main");
    town.vouch("dave", junk(0, 1));
    let why = "a signature of `dave` under a key that the repository does not know";
    let told = town.fails("commit junk; conex check main..unknown", why);
    assert!(told.contains("E019"), "{told}");
    assert!(told.contains("packages/.conex/index/dave"), "{told}");
}

/// What got in all the same, through changes that nobody checked: everybody goes on, and
/// somebody without any key deletes it.
#[test]
fn hundreds_of_junk_files_are_deleted_by_anybody() {
    let town = Town::new();
    let client = town.client("every");
    client.update("day-one");
    let before = town.signatures("main");
    town.vouch("bob", junk(0, 300));
    town.vouch("dave", junk(300, 1));
    town.ok("commit junk");
    assert_eq!(town.signatures("main"), before + 301);
    client.update("main");
    town.ok(
        "edit fmt.1.0 Edited; by alice conex sign --yes; commit signed; conex check HEAD~1..HEAD",
    );
    client.update("main");
    let told = town.ok("git checkout -qb clean
        CONEX_HOME=$TMPDIR/nobody HOME=$TMPDIR/nobody conex compact --delete-dead
        commit clean; conex check main..clean");
    assert!(
        told.contains("segments that support nothing any more"),
        "{told}"
    );
    assert!(!town.path("work/packages/.conex/index/dave").exists());
    assert_eq!(town.signatures("clean"), town.signatures("main") - 301);
    client.update("clean");
    town.accepted("clean");
    town.update_accepted("day-one", "clean");
}
