//! Two branches change the same thing: git shows the conflict, and the tool resolves it.

use crate::town::Town;

/// Makes two branches, each with its story, and merges the second into the first:
/// there is a conflict, in these files.
fn conflict(town: &Town, one: &str, two: &str, files: &[&str]) {
    town.ok(&format!(
        "git checkout -qb one main; {one}; commit one
         git checkout -qb two main; {two}; commit two
         git checkout -q one"
    ));
    town.fails("git merge -q --no-edit two", "CONFLICT");
    let found = town.ok("git diff --name-only --diff-filter=U");
    assert_eq!(found.lines().collect::<Vec<_>>(), files, "{found}");
}

/// What was merged is what clients accept, from before and from either side.
#[track_caller]
fn settled(town: &Town) {
    town.ok("commit merged");
    town.accepted("HEAD");
    for before in ["main", "one", "two"] {
        town.update_accepted(before, "HEAD");
    }
}

const SIGN: &str = "by alice conex sign --yes";

/// One author, two releases of one package, in two pull requests.
#[test]
fn two_releases_of_one_package() {
    for (one, two) in [("fmt.2.0", "fmt.3.0"), ("fmt.3.0", "fmt.2.0")] {
        let town = Town::new();
        conflict(
            &town,
            &format!("release {one}; {SIGN}"),
            &format!("release {two}; {SIGN}"),
            &["packages/fmt/releases"],
        );
        let told = town.ok(SIGN);
        assert!(told.contains("signs `fmt`"), "{told}");
        settled(&town);
        assert!(town.ok("cat packages/fmt/releases").contains("fmt.2.0"));
    }
}

/// Fault: one author removes a release, which raises the floor, and another one releases. git puts the
/// lines of the releases together, so that both lists seemed to have the new release; it was left below
/// the floor, and whoever knew that refused it.
#[test]
fn a_release_beside_a_removal() {
    let new = format!("release fmt.2.0; {SIGN}");
    let gone = format!("git rm -qr packages/fmt/fmt.1.0; {SIGN}");
    for (one, two) in [(&new, &gone), (&gone, &new)] {
        let town = Town::new();
        conflict(&town, one, two, &["packages/fmt/releases"]);
        let left = town.ok("grep -c fmt.2.0 packages/fmt/releases");
        assert_eq!(left.trim(), "1", "outside of the markers");
        town.ok(SIGN);
        settled(&town);
    }
}

/// Both edits of an opam file merge; its checksum is of neither.
#[test]
fn two_edits_of_one_opam_file() {
    let town = Town::new();
    conflict(
        &town,
        &format!("edit fmt.1.0 First; {SIGN}"),
        &format!("edit_end fmt.1.0 last; {SIGN}"),
        &["packages/fmt/fmt.1.0/checksum"],
    );
    // Whoever forgets to sign, and commits the markers, is told by every client.
    town.fails(
        "conex verify --dir . --anchors \"$ANCHORS\" --quorum 2",
        "packages/fmt/fmt.1.0/checksum",
    );
    town.ok(SIGN);
    settled(&town);
}

/// Edits of the same line: nobody can sign the markers.
#[test]
fn an_opam_file_with_markers_is_refused() {
    let town = Town::new();
    conflict(
        &town,
        &format!("edit fmt.1.0 First; {SIGN}"),
        &format!("edit fmt.1.0 Second; {SIGN}"),
        &["packages/fmt/fmt.1.0/checksum", "packages/fmt/fmt.1.0/opam"],
    );
    town.fails(SIGN, "holds git's conflict markers");
    town.ok(&format!(
        "git checkout -q --theirs packages/fmt/fmt.1.0/opam; {SIGN}"
    ));
    settled(&town);
}

/// In a string over several lines the markers would parse.
#[test]
fn markers_inside_a_description_are_refused() {
    let town = Town::new();
    let describe = |text: &str| {
        format!(
            "printf 'description: \"\"\"\\n{text}\\n\"\"\"\\n' >> packages/fmt/fmt.1.0/opam; {SIGN}"
        )
    };
    conflict(
        &town,
        &describe("One"),
        &describe("Two"),
        &["packages/fmt/fmt.1.0/checksum", "packages/fmt/fmt.1.0/opam"],
    );
    town.fails(SIGN, "holds git's conflict markers");
}

/// A release is taken back in one branch and another one added in the other: the list is in
/// conflict. The floor of the removed one stays, and the new one is signed above it.
#[test]
fn the_floor_survives_the_conflict() {
    let remove = format!("git rm -qr packages/fmt/fmt.1.1; {SIGN}");
    let add = format!("release fmt.2.0; {SIGN}");
    for (one, two) in [(&remove, &add), (&add, &remove)] {
        let town = Town::new();
        conflict(&town, one, two, &["packages/fmt/releases"]);
        town.ok(SIGN);
        settled(&town);
        let list = town.ok("cat packages/fmt/releases");
        assert!(list.contains("floor: 1\n"), "{list}");
        let checksum = town.ok("cat packages/fmt/fmt.2.0/checksum");
        assert!(checksum.contains("counter: 2\n"), "{checksum}");
    }
}

/// One branch takes a release back, the other one edits it: whoever merges decides.
#[test]
fn removed_here_and_edited_there() {
    for keep in [true, false] {
        let town = Town::new();
        conflict(
            &town,
            &format!("git rm -qr packages/fmt/fmt.1.1; {SIGN}"),
            &format!("edit fmt.1.1 Mended; {SIGN}"),
            &["packages/fmt/fmt.1.1/checksum", "packages/fmt/fmt.1.1/opam"],
        );
        if keep {
            town.ok(SIGN);
        } else {
            town.ok(&format!("git rm -qr packages/fmt/fmt.1.1; {SIGN}"));
        }
        settled(&town);
    }
}

/// An owner and a quorum mend the same release. The owner signs what was merged.
#[test]
fn an_owner_and_a_quorum_mend_one_release() {
    let quorum = "edit_end fmt.1.0 quorum; by ja conex sign --yes
        by ja conex approve --yes; by jb conex approve --yes";
    let owner = format!("edit fmt.1.0 Owner; {SIGN}");
    for (one, two) in [(quorum, owner.as_str()), (owner.as_str(), quorum)] {
        let town = Town::new();
        conflict(&town, one, two, &["packages/fmt/fmt.1.0/checksum"]);
        town.ok(SIGN);
        settled(&town);
    }
}

/// Somebody who may not vouch can resolve it too; then it waits.
#[test]
fn who_may_not_vouch_resolves_it_for_the_owner() {
    let town = Town::new();
    conflict(
        &town,
        "release fmt.2.0; by bob conex sign --yes",
        "release fmt.3.0; by bob conex sign --yes",
        &["packages/fmt/releases"],
    );
    // Nobody vouches for what is in no tree.
    let told = town.ok("by ja conex approve --dry-run");
    assert!(told.contains("it holds git's conflict markers"), "{told}");
    assert!(!told.contains("becomes valid"), "{told}");
    let told = town.ok("conex status");
    assert!(
        told.contains("1 file with git's conflict markers"),
        "{told}"
    );
    let told = town.ok("by bob conex sign --yes");
    assert!(told.contains("waits for its owners"), "{told}");
    town.ok("commit merged");
    town.fails(
        "conex verify --dir . --anchors \"$ANCHORS\" --quorum 2",
        "`fmt`",
    );
    town.ok(SIGN);
    town.ok("commit merged");
    town.accepted("HEAD");
    town.update_accepted("main", "HEAD");
}

/// Two branches give one package to two people. Until one of the commands is given
/// again nothing can be signed: who owns the package is nobody's guess.
#[test]
fn two_owners_for_one_package() {
    let town = Town::new();
    let give = |who: &str| {
        format!(
            "by ja conex owner add {who} logs; for j in ja jb; do by $j conex approve --yes; done"
        )
    };
    conflict(
        &town,
        &give("alice"),
        &give("carol"),
        &["packages/logs/authorisation"],
    );
    town.fails("by ja conex approve --yes", "`conex owner remove ID logs`");
    town.fails(SIGN, "two branches changed `packages/logs/authorisation`");
    town.ok("by ja conex owner add carol logs; for j in ja jb; do by $j conex approve --yes; done");
    settled(&town);
    let owners = town.ok("conex status logs");
    assert!(owners.contains("owners: alice, bob, carol"), "{owners}");
}

/// The same owner in two branches: both said the same, and git may see a conflict in
/// nothing but bytes. The command given again settles that too.
#[test]
fn two_branches_change_one_team() {
    let town = Town::new();
    let change = |what: &str| {
        format!("by ja conex team {what}; for j in ja jc; do by $j conex approve --yes; done")
    };
    conflict(
        &town,
        &change("add web bob"),
        &change("remove web carol"),
        &["packages/.conex/ids/web"],
    );
    town.fails("by bob conex sign --yes", "`conex team remove web ID`");
    town.ok(&change("remove web carol"));
    settled(&town);
    let team = town.ok("cat packages/.conex/ids/web");
    assert!(team.contains("bob") && !team.contains("carol"), "{team}");
}

/// Two new authors write a package of the same name: one has to give way, by name.
#[test]
fn two_people_start_one_package() {
    let town = Town::new();
    let start = |who: &str, release: &str| {
        format!(
            "by {who} conex join {who}; release {release}; by {who} conex sign dune --yes
            for j in ja jb; do by $j conex approve --yes; done"
        )
    };
    conflict(
        &town,
        &start("dave", "dune.1.0"),
        &start("erin", "dune.2.0"),
        &["packages/dune/authorisation", "packages/dune/releases"],
    );
    town.fails(
        "by dave conex sign --yes",
        "two branches changed `packages/dune/authorisation`",
    );
    town.ok(
        "by ja conex owner add erin dune; by dave conex sign --yes; by erin conex sign --yes
        for j in ja jb; do by $j conex approve --yes; done",
    );
    settled(&town);
}

/// The values of the top-level `repo` were changed in two ways.
#[test]
fn two_announcements() {
    let town = Town::new();
    let announce = |field: &str| {
        format!(
            "sed -i '/^browse/{field}' repo; by ja conex sign --yes
            for j in ja jb; do by $j conex approve --yes; done"
        )
    };
    conflict(
        &town,
        &announce("a announce: \"one\""),
        &announce("i upstream: \"two\""),
        &["packages/.conex/repo"],
    );
    town.ok("by ja conex sign --yes; for j in ja jb; do by $j conex approve --yes; done");
    settled(&town);
}

/// Whoever takes a new key in the middle of a merge signs what is there, not what stood
/// in for a file with markers.
#[test]
fn a_new_key_in_the_middle_of_a_merge() {
    let town = Town::new();
    conflict(
        &town,
        &format!("release fmt.2.0; {SIGN}"),
        &format!("release fmt.3.0; {SIGN}"),
        &["packages/fmt/releases"],
    );
    town.ok("by alice conex rotate --no-passphrase --yes; by alice conex sign --yes; for j in ja jb; do by $j conex approve --yes; done");
    settled(&town);
}

/// Two branches change one author's keys: the command given again settles it.
#[test]
fn two_new_keys_of_one_author() {
    let town = Town::new();
    let rotate = "by alice conex rotate --no-passphrase --yes; for j in ja jb; do by $j conex approve --yes; done";
    conflict(
        &town,
        &format!("cp -r $PEOPLE/alice $PEOPLE/kept; {rotate}"),
        &format!("rm -r $PEOPLE/alice; mv $PEOPLE/kept $PEOPLE/alice; {rotate}"),
        &["packages/.conex/ids/alice"],
    );
    town.fails(SIGN, "conex rotate --as alice");
    town.ok(rotate);
    settled(&town);
}
