//! What git leaves out is not published; and where people stand when they type.

use crate::town::Town;

/// `git commit -am` after `sign` leaves the new signature out: `check` said "sign", and `sign` said
/// that nothing waits.
#[test]
fn a_signature_that_git_did_not_take_in_is_named() {
    let town = Town::new();
    town.ok("edit fmt.1.0 Mine; by alice conex sign --yes; git commit -qam mine");
    town.fails("conex check HEAD~1..HEAD", "fmt.1.0");
    let told = town.ok("by alice conex sign --yes");
    assert!(
        told.contains("1 file that conex wrote and no commit has: packages/.conex/index/alice/"),
        "{told}"
    );
    let status = town.ok("conex status");
    assert!(
        status.contains("git         1 file that conex wrote and no commit has"),
        "{status}"
    );
    // As it is printed.
    assert!(told.contains("`git add packages`, then commit"), "{told}");
    town.ok("git add packages; git commit -qm signature; conex check HEAD~2..HEAD --strict");
    let told = town.ok("by alice conex sign --yes; conex status");
    assert!(!told.contains("no commit has"), "{told}");
}

/// `sign` and `snapshot` vouched for a `.DS_Store` that git ignores: every client refuses what is
/// committed.
#[test]
fn files_that_git_ignores_are_not_vouched_for() {
    let town = Town::new();
    town.ok("echo .DS_Store >> .git/info/exclude; mkdir packages/fmt/fmt.1.0/files; echo x > packages/fmt/fmt.1.0/files/.DS_Store");
    town.fails(
        "by alice conex sign --yes",
        "git ignores 1 file, which would be vouched for and not committed",
    );
    town.ok("rm -r packages/fmt/fmt.1.0/files; edit fmt.1.0 Mine; by alice conex sign --yes; commit mine");
    town.ok("by ja conex team add notaries ja; for j in ja jb; do by $j conex approve --yes; done; commit notary; echo x > packages/.DS_Store");
    town.fails("by ja conex snapshot --yes", "packages/.DS_Store");
    town.fails(
        "by ja conex snapshot --yes --detached $TMPDIR/out",
        "packages/.DS_Store",
    );
    // Either way out.
    town.ok("git add -f packages/.DS_Store; by ja conex snapshot --yes; commit with; rm packages/.DS_Store; by ja conex snapshot --yes");
}

/// git compares each file with each path that it is given: `bootstrap claim` of a whole repository
/// spent nine tenths of its time there. Of many paths the same is said.
#[test]
fn of_many_releases_those_that_git_ignores_are_told() {
    let town = Town::new();
    town.ok("echo .DS_Store >> .git/info/exclude; for n in $(seq 100); do mkdir packages/fmt/fmt.2.$n; cp packages/fmt/fmt.1.0/opam packages/fmt/fmt.2.$n/opam; done; for f in fmt/fmt.2.7 fmt/fmt.2.99 other/other.1; do mkdir -p packages/$f/files; echo x > packages/$f/files/.DS_Store; done");
    let told = town.fails("by alice conex sign fmt --yes", "git ignores 2 files");
    assert!(
        told.contains("packages/fmt/fmt.2.99/files/.DS_Store"),
        "{told}"
    );
    assert!(!told.contains("other"), "{told}");
    town.ok("rm -r packages/fmt/fmt.2.*/files; by alice conex sign fmt --yes");
}

/// What conex writes and git ignores is said as soon as it is written.
#[test]
fn metadata_that_git_ignores_is_named() {
    let town = Town::new();
    town.ok("echo index >> .git/info/exclude; edit fmt.1.0 Mine");
    let told = town.ok("by alice conex sign --yes");
    assert!(
        told.contains("warning: git ignores 1 file of these: packages/.conex/index/alice/"),
        "{told}"
    );
    town.ok("git add -f packages; git commit -qm mine; conex check HEAD~1..HEAD --strict");
}

/// From a directory below, conex works on the repository around, as git does.
#[test]
fn a_directory_below_the_top_is_as_good() {
    let town = Town::new();
    let told = town.ok("edit fmt.1.0 Mine; cd packages/fmt/fmt.1.0; by alice conex sign --yes; conex status | head -3");
    assert!(told.contains("Wrote "), "{told}");
    assert!(told.contains("repository  town"), "{told}");
    town.ok("commit mine; cd packages; conex check HEAD~1..HEAD --strict");
}

/// Outside of every repository all verbs say the same, and what to do.
#[test]
fn outside_of_a_repository_all_verbs_say_the_same() {
    let town = Town::new();
    town.ok("mkdir $TMPDIR/empty");
    for verb in [
        "status",
        "anchors",
        "sign",
        "approve",
        "snapshot",
        "compact --delete-dead",
        "claims",
        "supersede fmt",
        "owner add alice fmt",
        "team add crew alice",
        "janitor remove jc",
        "revoke alice",
        "epoch fmt",
        "decline dave",
        "join dave",
        "rotate --as alice --no-passphrase",
        "key remove blake2b=00 --as alice",
        "init --name x --alone ja --yes",
    ] {
        town.fails(
            &format!("cd $TMPDIR/empty; by ja conex {verb}"),
            "is not an opam repository: it has no `packages/` and no `repo`",
        );
    }
}

/// `git revert` takes the signatures of a change back with the change: the tree is valid as it was,
/// and every client knows a newer state. `sign` said that nothing waits.
#[test]
fn what_git_reverts_is_signed_above_what_is_published() {
    for change in [
        "release fmt.2.0",
        "edit fmt.1.0 Bad",
        "git rm -qr packages/fmt/fmt.1.1",
    ] {
        let town = Town::new();
        let client = town.client("every");
        town.ok(&format!(
            "{change}; by alice conex sign --yes; commit change"
        ));
        client.update("main");
        town.ok("git checkout -qb back; git revert --no-edit HEAD > ../log");
        town.fails("conex check main..back", "not mergeable");
        town.ok("by alice conex sign --yes; commit signed; conex check main..back --strict");
        client.update("back");
        town.accepted("back");
        town.update_accepted("main", "back");
        let told = town.ok("by alice conex sign --yes");
        assert!(told.contains("Nothing to do"), "{told}");
        // A branch that is behind takes nothing back.
        town.ok("git checkout -qb behind day-one; edit lwt.1.0 Mine; by alice conex sign --yes; commit mine");
        let told = town.ok("git diff --name-only day-one");
        assert!(!told.contains("fmt"), "{told}");
    }
}

/// T10: What janitors decided and `git revert` takes back: a janitor's `approve` said that nothing
/// waits, and the verbs took the counter that clients know.
#[test]
fn a_decision_that_git_reverts_is_approved_above_what_is_published() {
    let janitors = "for j in ja jb; do by $j conex approve --yes; done";
    for (change, shown) in [
        ("conex owner add bob fmt", "`fmt` is taken from `bob`"),
        (
            "conex team add web dave",
            "out of the team `web`, which owns 1 package: dave",
        ),
        (
            "by alice conex key add $PEOPLE/erin/keys/erin --as alice --yes",
            "key",
        ),
        (
            "printf 'opam-version: \"2.0\"\\nannounce: \"hello\"\\n' > repo; by ja conex sign --yes",
            "announce",
        ),
    ] {
        let town = Town::new();
        let client = town.client("every");
        town.ok(&format!(
            "by dave conex join dave; {janitors}; commit dave; {change}; {janitors}; commit change"
        ));
        client.update("main");
        town.ok("git checkout -qb back; git revert --no-edit HEAD > ../log");
        let told = town.fails("conex check main..back", "not mergeable");
        assert!(told.contains("conex approve"), "{change}: {told}");
        let told = town.ok("by ja conex approve --yes");
        assert!(told.contains(shown), "{change}: {told}");
        town.ok("by jb conex approve --yes; commit approved; conex check main..back");
        client.update("back");
        town.accepted("back");
        town.update_accepted("main", "back");
        let told = town.ok("by ja conex approve --yes");
        assert!(told.contains("Nothing to do"), "{change}: {told}");
    }
}

/// T10: No name leaves the list of claims; the verb that writes the list writes it above what is
/// published.
#[test]
fn a_list_of_claims_that_git_reverts_is_written_above_what_is_published() {
    let town = Town::new();
    let janitors = "for j in ja jb; do by $j conex approve --yes; done";
    town.ok(&format!(
        "conex claims; {janitors}; commit claims; git checkout -qb back; git revert --no-edit HEAD > ../log
        conex claims; {janitors}; commit again; conex check main..back"
    ));
    town.accepted("back");
    town.update_accepted("main", "back");
}

/// T10: After `git revert` another change of the same file stands above what is published, too.
#[test]
fn a_change_on_top_of_a_revert_stands_above_what_is_published() {
    let town = Town::new();
    let janitors = "for j in ja jb; do by $j conex approve --yes; done";
    town.ok(&format!(
        "conex owner add bob fmt; {janitors}; commit bob; git checkout -qb back; git revert --no-edit HEAD > ../log
        conex owner add carol fmt; {janitors}; commit carol; conex check main..back"
    ));
    town.accepted("back");
    town.update_accepted("main", "back");
}

/// Where git cannot read the published branch, nothing can be compared with it, and that is said
/// before everything else.
#[test]
fn a_published_branch_that_cannot_be_read_is_said() {
    let town = Town::new();
    town.ok(
        "git checkout -qb work; by alice conex rotate --no-passphrase --yes; commit rotated
        o=$(git rev-parse main:packages/.conex/ids/alice); rm -f .git/objects/${o:0:2}/${o:2}",
    );
    for told in [
        town.ok("by ja conex approve --dry-run"),
        town.ok("edit fmt.1.0 Mine; by alice conex sign --dry-run"),
    ] {
        assert!(
            told.contains("!! the published branch cannot be read"),
            "{told}"
        );
    }
}

/// A package that nobody claims stops every strict client: where the published branch has none,
/// `check` refuses one without being asked, and says so.
#[test]
fn a_package_of_nobody_is_refused_where_there_is_none() {
    let town = Town::new();
    town.ok("git checkout -qb request; release dune.1.0; commit request");
    let told = town.fails("conex check main..request", "E020");
    assert!(
        told.contains("strict: a package that nobody claims is refused"),
        "{told}"
    );
    let told = town.ok("conex check main..request --nostrict");
    assert!(!told.contains("strict:"), "{told}");
    // Where one is there already, another one may come.
    town.ok("git checkout -q main; git merge -q --no-edit request; git checkout -qb more; release uutf.1.0; commit more; conex check main..more");
    town.fails("conex check main..more --strict", "uutf");
}
