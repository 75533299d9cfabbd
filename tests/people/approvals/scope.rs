//! A part of what waits: packages, people, a range of commits.

use crate::town::Town;

/// Three things wait: a fix of `fmt` and one of `logs` by somebody else, a new author with a package.
fn three() -> Town {
    let town = Town::new();
    town.ok(
        "edit fmt.1.0 Mended; by erin conex key list >/dev/null; by carol conex sign --yes; commit fmt
        edit logs.1.0 Mended; by carol conex sign --yes; commit logs
        by dave conex join dave --account github:dave; release dune.1.0; by dave conex sign dune --yes; commit dune",
    );
    town
}

#[track_caller]
fn takes(town: &Town, scope: &str, taken: &[&str], left: &[&str]) {
    let told = town.ok(&format!("by ja conex approve --dry-run {scope}"));
    for name in taken {
        assert!(told.contains(name), "{scope}: expected {name}\n{told}");
    }
    for name in left {
        assert!(!told.contains(name), "{scope}: not expected {name}\n{told}");
    }
}

#[test]
fn by_package_person_and_range() {
    let town = three();
    takes(
        &town,
        "",
        &[
            "fmt.1.0",
            "logs.1.0",
            "says to be github:dave",
            "`dave` gets `dune`",
        ],
        &["dune.1.0"],
    );
    takes(&town, "fmt", &["fmt.1.0"], &["logs", "dune"]);
    takes(&town, "fmt.1.0", &["fmt.1.0"], &["logs", "dune"]);
    takes(&town, "--author bob", &["logs.1.0"], &["fmt", "dune"]);
    takes(
        &town,
        "--author dave",
        &["`dave` gets `dune`", "becomes an author"],
        &["fmt", "logs"],
    );
    takes(
        &town,
        "--author web",
        &["Nothing to do"],
        &["fmt", "logs", "dune"],
    );
    takes(
        &town,
        "--range HEAD~1..HEAD",
        &["`dave` gets `dune`"],
        &["fmt", "logs"],
    );
    takes(
        &town,
        "--range HEAD~3..HEAD~1",
        &["fmt.1.0", "logs.1.0"],
        &["dune"],
    );
    takes(
        &town,
        "--range HEAD~3..HEAD~1 fmt",
        &["fmt.1.0"],
        &["logs", "dune"],
    );
    town.fails("by ja conex approve --dry-run fnt", "did you mean `fmt`");
    town.fails("by ja conex approve --dry-run --author nobody", "nobody");
    town.fails(
        "by ja conex approve --dry-run --range nowhere..HEAD",
        "nowhere",
    );
}

/// A range is what a branch changed, not what the other one did meanwhile.
#[test]
fn a_range_starts_where_the_branch_left() {
    let town = Town::new();
    town.ok(
        "git checkout -qb request; edit fmt.1.0 Mended; by carol conex sign --yes; commit fmt
        git checkout -q main; edit logs.1.0 Mended; by carol conex sign --yes; commit logs
        git checkout -q request; git merge -q --no-edit main",
    );
    takes(&town, "--range main..request~1", &["fmt.1.0"], &["logs"]);
}

/// An edit of somebody else's package, by an author: metadata is written, nothing is
/// vouched for, and either the owner or a quorum completes it.
#[test]
fn an_edit_of_somebody_elses_package_waits() {
    for complete in [
        "by alice conex sign --yes",
        "by ja conex approve --yes; by jc conex approve --yes",
    ] {
        let town = Town::new();
        let before = town.signatures("main");
        let told = town.ok(
            "edit fmt.1.0 Mended; git rm -qr packages/fmt/fmt.1.1; release fmt.1.2
            by bob conex sign --yes; commit edit",
        );
        assert!(told.contains("waits for its owners or a quorum"), "{told}");
        assert_eq!(town.signatures("main"), before, "somebody vouched");
        town.fails(
            "conex verify --dir . --anchors \"$ANCHORS\" --quorum 2",
            "the releases `fmt`",
        );
        town.ok(&format!("{complete}; commit complete"));
        town.accepted("main");
        town.update_accepted("day-one", "main");
    }
}

/// Somebody claims a package in a branch from before its release was removed, and git merges the two
/// to a directory with a checksum and no opam file. Nobody approves the claim: with it no client
/// would accept the repository. The same with a file that no checksum lists.
#[test]
fn a_claim_of_what_no_client_accepts_is_left_out() {
    for (meanwhile, why) in [
        ("git rm -qr packages/lone", "`lone.1.0` has no opam file"),
        (
            "echo old > packages/lone/lone.1.0/descr",
            "is a file of opam 1.2",
        ),
    ] {
        let town = Town::new();
        let told = town.ok(&format!(
            "release lone.1.0; commit lone
            git checkout -qb claim; conex owner add alice lone; by alice conex sign --yes; commit claim
            git checkout -q main; {meanwhile}; commit meanwhile
            git checkout -q claim; git merge -q --no-edit main
            conex check --nostrict main..HEAD
            by ja conex approve --yes 2>&1 || :"
        ));
        let left_out = "the authorisation `lone` is left out";
        assert!(told.contains(left_out), "{told}");
        assert!(told.contains(why), "{told}");
        let told = town.ok("git status --short; conex check --nostrict main..HEAD; conex status");
        assert!(!told.contains("index"), "somebody vouched: {told}");
        let complete = "conex check --nostrict --complete main..HEAD";
        town.fails(complete, "1 authorisation: lone");
        // Whoever mends it is approved.
        town.ok(
            "git rm -qr packages/lone/lone.1.0; release lone.2.0; by alice conex sign --yes; commit mended
            by ja conex approve --yes; by jb conex approve --yes; commit approved; conex check --nostrict main..HEAD",
        );
        town.accepted("claim");
    }
}

/// New, edited and removed releases and the author's own key, all found in one run.
#[test]
fn sign_finds_what_changed_by_itself() {
    let town = Town::new();
    let before = town.signatures("main");
    let told = town.ok(
        "edit fmt.1.0 Mended; git rm -qr packages/fmt/fmt.1.1; release fmt.2.0; release lwt.2.0
        by alice conex sign --yes; commit signed",
    );
    assert!(
        told.contains("signs `fmt`, `lwt` (3 releases, 1 removed)"),
        "{told}"
    );
    assert!(told.lines().count() <= 8, "{told}");
    assert_eq!(town.signatures("main"), before + 1);
    town.accepted("main");
    let told = town.ok("by alice conex sign --yes");
    assert!(told.contains("Nothing to do"), "{told}");
    // A key that a quorum approved and that was never used is proven by signing.
    town.ok("by alice conex sign --yes");
}
