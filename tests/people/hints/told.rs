//! What to do about a finding, in a work tree and in a merge.

use super::merges::{refused, rewritten};
use super::{approved, says, types};
use crate::town::Town;
use crate::typed_hints::commands;
use crate::verbs::epochs::at_epoch;
use crate::world::{World, at, link};

const JANITORS: [&str; 2] = ["ja", "jb"];

/// A repository that no tool makes, in the directory `made`.
fn put(town: &Town, world: &World) {
    for (path, file) in &world.tree.files {
        let path = town.path("made").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, &file[..]).unwrap();
    }
}

#[test]
fn a_directory_without_a_chain_starts_one() {
    let town = Town::new();
    let new = "mkdir -p ../new/packages; cd ../new; echo 'opam-version: \"2.0\"' > repo";
    let told = says(&town, &format!("{new}; conex status"));
    let typed = commands(&told, "INIT", &[]);
    town.ok(&format!(
        "cd ../new; by ja {} --name new --alone ja --yes; conex status",
        typed[0]
    ));
}

#[test]
fn a_link_waits_for_janitors() {
    let town = Town::new();
    let told = says(&town, "conex janitor remove jc; conex status");
    let typed = commands(&told, "SIGN_LINK", &[]);
    JANITORS
        .iter()
        .for_each(|who| drop(types(&town, who, &typed)));
    town.ok("commit link");
    town.accepted("main");
}

/// A janitor came back with the key that was dropped, which no tool does.
#[test]
fn a_dropped_key_in_a_later_link() {
    let town = Town::new();
    let mut world = World::with_janitors(2, &["ja", "jb", "jc"]);
    world.link(&link(2, &["ja", "jb"], &["ja", "jb"]));
    world.link(&link(2, &["ja", "jb", "jc"], &["ja", "jb", "jc"]));
    put(&town, &world);
    let told = says(&town, "conex -C ../made status --all");
    let typed = commands(&told, "NEW_KEY", &[("ID", "jc")]);
    town.ok(&format!("by fresh {} --no-passphrase", typed[0]));
}

#[test]
fn a_key_is_proven_or_taken_out() {
    let town = Town::new();
    town.ok("git rm -qr packages/.conex/index/bob; commit lost");
    let told = says(&town, "conex status");
    types(&town, "bob", &commands(&told, "PROVE", &[]));
    town.ok("commit proven");
    town.accepted("main");
}

/// One key under two ids, each of which has proven it: no tool makes that.
#[test]
fn one_of_two_takes_another_key() {
    let town = Town::new();
    let mut world = World::usual();
    let file = world.author_file("evil", at(0, 1), &["bob"]);
    world.says_with("evil", "bob", vec![file.clone()]);
    put(&town, &world);
    let told = says(&town, "conex -C ../made status --all");
    let waits = commands(&told, "TodoRotate", &[]);
    world.quorum_says(vec![file]);
    put(&town, &world);
    let told = says(&town, "conex -C ../made status --all");
    let typed = commands(&told, "ONE_KEY", &[]);
    assert_eq!(typed, waits);
    town.ok(&format!("by evil conex key new evil --no-passphrase; by evil {} -C ../made --as evil --no-passphrase --yes", typed[0]));
    let told = says(&town, "conex -C ../made status --all");
    assert!(!told.contains("one key counts for one id"), "{told}");
}

#[test]
fn what_waits_is_approved_or_signed() {
    let town = Town::new();
    town.ok(
        "git checkout -qb request; by alice conex rotate --no-passphrase --yes; commit rotated",
    );
    let told = says(&town, "conex status");
    let typed = commands(&told, "APPROVE", &[]);
    let told = says(&town, "conex check main..request");
    assert_eq!(commands(&told, "APPROVE", &[]), typed);
    JANITORS
        .iter()
        .for_each(|who| drop(types(&town, who, &typed)));
    town.ok("commit approved; conex check main..request");
    // A signature that got lost.
    town.ok("edit logs.1.0 Mine; by bob conex sign --yes; git add -A; git diff --cached --name-only --diff-filter=A | xargs git rm -qf; commit lost");
    let told = says(&town, "conex status");
    let typed = commands(&told, "SIGN_OR_APPROVE", &[]);
    assert_eq!(typed.len(), 2, "{typed:?}");
    types(&town, "bob", &typed);
    town.ok("commit signed");
    town.accepted("request");
    town.ok("git reset -q --hard HEAD~1");
    JANITORS
        .iter()
        .for_each(|who| drop(types(&town, who, &typed[1..])));
    town.ok("commit approved");
    town.accepted("request");
}

#[test]
fn a_release_is_signed_by_its_owner() {
    let town = Town::new();
    // Nobody ever signed it.
    town.ok("release dune.1.0; conex owner add bob dune");
    approved(&town);
    let told = says(&town, "conex status");
    types(&town, "bob", &commands(&told, "SIGN", &[]));
    // A copy of another one.
    let told = says(
        &town,
        "commit dune; cp -r packages/fmt/fmt.1.0 packages/fmt/fmt.2.0; conex status --all",
    );
    types(&town, "alice", &commands(&told, "SIGN_COPY", &[]));
    // One that is new, one that goes, one that changed.
    let told = says(&town, "commit copy; release fmt.3.0; conex status --all");
    types(&town, "alice", &commands(&told, "ADDED", &[]));
    let told = says(
        &town,
        "commit new; git rm -qr packages/fmt/fmt.3.0; conex status --all",
    );
    types(&town, "alice", &commands(&told, "REMOVED", &[]));
    let told = says(&town, "commit gone; edit fmt.1.0 Mine; conex status --all");
    types(&town, "alice", &commands(&told, "CHANGED", &[]));
    town.ok("commit changed");
    town.accepted("main");
    // A file of another place, and one that somebody wrote into.
    let told = says(
        &town,
        "cp packages/logs/releases packages/fmt/releases; conex status --all",
    );
    types(&town, "alice", &commands(&told, "IN_ITS_PLACE", &[]));
    town.ok("commit restored");
    town.accepted("main");
    rewritten(&town, "packages/fmt/releases", "floor: ", "floor: 1");
    let told = says(&town, "conex status --all");
    types(&town, "alice", &commands(&told, "SIGN_AGAIN", &[]));
    town.ok("commit again");
    town.accepted("main");
}

#[test]
fn an_owner_decides_between_two_versions() {
    let town = Town::new();
    town.ok("cp -r $PEOPLE/alice $PEOPLE/laptop; git checkout -qb two; edit fmt.1.0 Two; by laptop conex sign --yes; commit two
        git checkout -q main; edit fmt.1.0 One; by alice conex sign --yes; commit one
        git merge -q -s ours --no-edit two; git checkout -q two -- packages/.conex/index; commit both");
    let told = says(&town, "conex status");
    let typed = commands(&told, "DECIDE", &[]);
    types(&town, "alice", &typed);
    town.ok("commit decided");
    town.accepted("main");
}

#[test]
fn an_epoch_is_opened_by_janitors() {
    let town = Town::new();
    let ahead = [
        "packages/fmt/releases",
        "packages/fmt/fmt.1.0/checksum",
        "packages/fmt/fmt.1.1/checksum",
    ];
    ahead.iter().for_each(|path| at_epoch(&town, path, 1));
    town.forge("alice", &ahead);
    let told = says(&town, "conex status --all");
    let typed = commands(&told, "OPEN_EPOCH", &[]);
    JANITORS
        .iter()
        .for_each(|who| drop(types(&town, who, &typed)));
    town.ok("commit opened");
    town.accepted("main");
    at_epoch(&town, "packages/fmt/fmt.1.0/checksum", 2);
    town.forge("alice", &["packages/fmt/fmt.1.0/checksum"]);
    let told = says(&town, "conex status --all");
    types(&town, "alice", &commands(&told, "EPOCH_OF_LIST", &[]));
    town.ok("commit anew");
    town.accepted("main");
}

#[test]
fn a_package_of_nobody_gets_an_owner() {
    let town = Town::new();
    let told = town.fails(
        "git checkout -qb two; release dune.1.0; commit two; conex check main..two --strict",
        "dune",
    );
    let typed = commands(&told, "CLAIM", &[("OWNER", "bob")]);
    town.ok(&format!("{}; by bob conex sign --yes", typed[0]));
    approved(&town);
    town.ok("conex check main..two");
    town.accepted("two");
}

/// Releases that lie elsewhere are moved first.
#[test]
fn a_package_of_nobody_is_moved_and_gets_an_owner() {
    let town = Town::new();
    let told = town.fails(
        "git checkout -qb two; release dune.1.0; mv packages/dune/dune.1.0 packages/dune.1.0; rmdir packages/dune; commit two; conex check main..two --strict",
        "dune",
    );
    let typed = commands(&told, "MOVE_AND_CLAIM", &[("OWNER", "bob")]);
    town.ok(&format!("mkdir packages/dune; git mv packages/dune.1.0 packages/dune/dune.1.0; {}; by bob conex sign --yes", typed[0]));
    approved(&town);
    town.ok("conex check main..two --strict");
    town.accepted("two");
}

#[test]
fn an_empty_file_is_filled() {
    let town = Town::new();
    let told = says(
        &town,
        "mkdir packages/fmt/fmt.1.0/files; touch packages/fmt/fmt.1.0/files/x; conex status --all",
    );
    let typed = commands(&told, "FILL", &[]);
    town.ok("echo > packages/fmt/fmt.1.0/files/x");
    types(&town, "alice", &typed);
    town.ok("commit filled");
    town.accepted("main");
}

#[test]
fn files_at_the_top_are_proposed_and_approved() {
    for (kind, change) in [
        ("TOP_CHANGED", "sed -i s/town.example/new.example/ repo"),
        ("TOP_NEW", "git rm -q packages/.conex/repo"),
    ] {
        let town = Town::new();
        let told = says(&town, &format!("{change}; conex status --all"));
        let typed = match kind {
            "TOP_NEW" => commands(&told, "TOP_NEW", &[]),
            _ => commands(&told, "TOP_CHANGED", &[]),
        };
        types(&town, "ja", &typed);
        JANITORS
            .iter()
            .for_each(|who| drop(types(&town, who, &typed[1..])));
        town.ok("commit approved");
        town.accepted("main");
    }
}

#[test]
fn a_release_goes_and_returns_signed() {
    let town = Town::new();
    town.ok("release fmt.2.0; by alice conex sign --yes; commit more");
    // A release goes, and nobody signed that it does.
    let told = refused(&town, "git rm -qr packages/fmt/fmt.1.1", "");
    let typed = commands(&told, "SIGN_REMOVAL", &[]);
    types(&town, "alice", &typed);
    town.ok("commit signed; conex check main..two");
    // It comes back as it was: git takes the signature of the removal away, too.
    town.ok(
        "git checkout -q main; git merge -q --ff-only two; git branch -D two; git checkout -qb two",
    );
    let told = town.fails(
        "git revert --no-edit HEAD HEAD~1 > ../log; conex check main..two --all",
        "is back as it was",
    );
    let newer = commands(&told, "NEWER", &[]);
    let typed = commands(&told, "SIGN_RETURN", &[]);
    assert_eq!(typed, newer);
    types(&town, "alice", &typed);
    town.ok("commit signed; conex check main..two");
    town.accepted("two");
}

#[test]
fn a_reverted_decision_is_approved_anew() {
    let town = Town::new();
    town.ok("conex owner add bob fmt");
    approved(&town);
    let told = refused(&town, "git revert -n HEAD", "is older than");
    let typed = commands(&told, "NEWER_DECISION", &[]);
    types(&town, "ja", &typed);
    types(&town, "jb", &typed);
    town.ok("commit signed; conex check main..two");
    town.accepted("two");
}

#[test]
fn a_reverted_rotation_stays_reverted() {
    let town = Town::new();
    town.ok("by alice conex rotate --as alice --no-passphrase --yes");
    approved(&town);
    refused(
        &town,
        "git revert -n HEAD",
        "was removed from the published branch, and never comes back",
    );
    let told = town.fails("by ja conex approve --yes", "was left out");
    let path = "packages/.conex/ids/alice";
    let typed = commands(&told, "NoFormerKey", &[("BRANCH", "main"), ("path", path)]);
    town.ok(&typed[0]);
    types(&town, "alice", &typed[1..]);
    town.ok(
        "for j in ja jb; do by $j conex approve --yes; done; commit signed; conex check main..two",
    );
    town.accepted("two");
    town.ok(&format!("by alice {} --no-passphrase --yes", typed[2]));
    town.ok(
        "for j in ja jb; do by $j conex approve --yes; done; commit rotated; conex check main..two",
    );
    town.accepted("two");
}
