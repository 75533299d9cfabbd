//! Packages that are claimed for ever: `conex claims`.

use crate::town::Town;

/// The town, with a snapshot that clients require, and a package that nobody owns.
fn covered() -> Town {
    let town = Town::new();
    town.ok(
        "by ja conex team add notaries ja jb; by ja conex janitor snapshot required
        for j in ja jb; do by $j conex approve --yes; done
        release dune.1.0; by ja conex snapshot --yes; commit covered",
    );
    town
}

/// Whoever has the anchors of today, whose hook lets through what the snapshot covers.
const VERIFY: &str = "conex verify --dir . --anchors \"$(cat ../anchors)\"";

/// Anchors without `claims=` ask clients for less, and whoever publishes them would not see it.
#[test]
fn anchors_are_not_handed_out_while_the_list_of_claims_cannot_be_read() {
    let town = covered();
    town.ok(
        "by ja conex claims; for j in ja jb; do by $j conex approve --yes; done; commit claims",
    );
    assert!(town.ok("conex anchors").contains(",claims="));
    for damage in [
        "echo x > packages/.conex/claims",
        "mv packages/.conex/claims claims; ln -s ../../claims packages/.conex/claims",
        "mv packages/.conex .conex; ln -s ../.conex packages/.conex",
    ] {
        town.ok(damage);
        let told = town.fails("conex anchors", "metadata cannot be read");
        assert!(!told.contains("blake2b="), "{told}");
        town.ok("git clean -qfd; git reset -q --hard");
    }
    town.ok("conex anchors");
}

/// The list is the union of what it says and what is signed; a quorum approves it.
#[test]
fn the_list_grows_and_janitors_approve_it() {
    let town = covered();
    town.ok("conex anchors > ../anchors");
    let anchors = town.ok("cat ../anchors");
    assert!(
        anchors
            .trim()
            .ends_with(",quorum=2,claims=0.1,unsigned=covered"),
        "{anchors}"
    );
    let told = town.ok("conex status");
    assert!(
        told.contains("claims      0 packages; 4 more can be claimed"),
        "{told}"
    );
    let told = town.ok("by ja conex claims");
    assert!(
        told.contains("clients demand signatures of cohttp, fmt, logs, lwt"),
        "{told}"
    );
    // Until a quorum approved it, no unsigned package is let through.
    town.fails(
        "by ja conex snapshot --yes",
        "the list of claims waits for 2 more janitors",
    );
    town.state("ja");
    town.fails(VERIFY, "the list of claims waits for 2 more janitors");
    let told = town.ok("by ja conex approve --yes; by jb conex approve --yes");
    assert!(
        told.contains("clients demand signatures of cohttp, fmt, logs, lwt"),
        "{told}"
    );
    town.ok("by ja conex snapshot --yes; commit claims");
    town.ok(VERIFY);
    town.ok("conex anchors | grep -q claims=0.2");
    let told = town.ok("by ja conex claims");
    assert!(told.contains("Nothing to do"), "{told}");
    // A package whose claim only waits is not in it.
    town.ok("by ja conex owner add bob dune");
    let told = town.ok("by ja conex claims");
    assert!(told.contains("Nothing to do"), "{told}");
    town.ok("for j in ja jb; do by $j conex approve --yes; done; by bob conex sign --yes");
    let told = town.ok("by ja conex claims; for j in ja jb; do by $j conex approve --yes; done; by ja conex snapshot --yes; commit dune");
    assert!(told.contains("clients demand signatures of dune"), "{told}");
    town.ok(VERIFY);
    // Nobody owns it any more, and the name stays.
    let told = town.ok(
        "by ja conex owner remove bob dune; by ja conex claims; grep dune packages/.conex/claims",
    );
    assert!(told.contains("Nothing to do"), "{told}");
}

/// Whoever has the key of a notary and the server leaves signatures out, for a client that
/// comes new: a claimed package is never taken for one that nobody claims.
#[test]
fn a_claim_cannot_be_stripped() {
    let town = covered();
    town.ok(
        "by ja conex claims; for j in ja jb; do by $j conex approve --yes; done
        by ja conex snapshot --yes; commit claims; conex anchors > ../anchors",
    );
    town.ok(VERIFY);
    let strip = "rm -r packages/.conex/index/alice packages/fmt/authorisation packages/fmt/releases packages/fmt/*/checksum
        edit fmt.1.0 Evil";
    town.ok(strip);
    town.fails("by ja conex snapshot --yes", "packages/fmt/authorisation");
    town.state("ja");
    town.fails(VERIFY, "packages/fmt/authorisation");
    // Not either without any approval.
    town.ok("rm -r packages/.conex/index/j?");
    town.fails("by ja conex snapshot --yes", "may not sign the snapshot");
    town.fails(VERIFY, "E0");
    town.ok("git checkout -q .; git clean -fdq");
    town.ok("edit dune.1.0 Fine; by ja conex snapshot --yes");
    town.ok(VERIFY);
    town.ok("edit dune.1.0 Evil");
    town.fails(VERIFY, "E060");
}

/// Two branches claim: the list is in conflict, and is written anew.
#[test]
fn two_lists_conflict() {
    let town = Town::new();
    let own = |who: &str, release: &str| {
        format!(
            "release {release}; by {who} conex sign {} --yes; for j in ja jb; do by $j conex approve --yes; done
            by ja conex claims; for j in ja jb; do by $j conex approve --yes; done",
            release.split('.').next().unwrap()
        )
    };
    town.ok(&format!(
        "git checkout -qb one main; {}; commit one; git checkout -qb two main; {}; commit two; git checkout -q one",
        own("alice", "dune.1.0"),
        own("bob", "re.1.0")
    ));
    town.fails("git merge -q --no-edit two", "CONFLICT");
    town.fails("by ja conex approve --yes", "conex claims");
    let told = town.ok(
        "by ja conex claims; for j in ja jb; do by $j conex approve --yes; done; commit merged",
    );
    assert!(
        told.contains("clients demand signatures of") && told.contains("re"),
        "{told}"
    );
    for before in ["main", "one", "two"] {
        town.update_accepted(before, "HEAD");
    }
    let list = town.ok("cat packages/.conex/claims");
    assert!(
        list.contains("\"dune\"") && list.contains("\"re\""),
        "{list}"
    );
}
