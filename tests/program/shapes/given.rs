//! The repositories in `fixtures/shapes`.

use super::workshop::Workshop;

const INIT: [&str; 6] = ["init", "--name", "r", "--alone", "me", "--yes"];
const SNAPSHOT: [&str; 2] = ["snapshot", "--yes"];

/// Protected by an operator.
fn protected(name: &str) -> Workshop {
    let workshop = Workshop::given(name);
    workshop.ok(&INIT);
    workshop.ok(&SNAPSHOT);
    workshop.accepted("1");
    workshop
}

/// Signed by a team, up to `sign`.
fn approved(name: &str) -> Workshop {
    let workshop = Workshop::given(name);
    let line = "init --name r --quorum 2 --janitor ja --janitor jb --snapshot optional --yes";
    workshop.ok(&line.split(' ').collect::<Vec<_>>());
    workshop.ok(&["join", "bob"]);
    workshop.ok(&["owner", "add", "bob", "--unclaimed"]);
    for janitor in ["ja", "jb"] {
        workshop.ok(&["approve", "--as", janitor, "--yes"]);
    }
    workshop
}

#[test]
fn archive_mirrors_are_approved_and_nothing_else_takes_their_place() {
    let workshop = protected("archive-mirrors");
    let repo = workshop.read("repo");
    workshop.write("repo", &repo.replace("mirror.example", "evil.example"));
    let ran = workshop.new_client("1");
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("evil.example"), "{}", ran.err);
    let team = approved("archive-mirrors");
    team.ok(&["sign", "--as", "bob", "--yes"]);
    team.accepted("2");
}

#[test]
fn a_redirect_that_no_opam_2_follows_is_approved() {
    let workshop = protected("redirect-old-clients");
    let repo = workshop.read("repo");
    workshop.write("repo", &repo.replace("2.0~", "2.2"));
    workshop.refused(&SNAPSHOT, "no opam 2 satisfies");
    assert_eq!(workshop.new_client("1").code, 1);
}

#[test]
fn a_version_that_disagrees_is_a_warning_for_everybody() {
    let workshop = protected("e045-version-field");
    let told = workshop.new_client("1").err;
    assert!(told.contains("warning[E045]"), "{told}");
    let team = approved("e045-version-field");
    let told = team.ok(&["sign", "--as", "bob", "--yes"]).err;
    assert!(told.contains("warning[E045]"), "{told}");
    team.accepted("2");
}

/// All but the one in a directory of its own, for which the way out is named.
#[test]
fn files_that_opam_does_not_read_are_a_part_of_the_state() {
    let workshop = Workshop::given("stray-files");
    let list = workshop.refused(&[&INIT[..], &["--format=lines"]].concat(), "1 error");
    assert_eq!(list.out, "packages/b/b.2.0/findlib/META\n");
    workshop.refused(&INIT, "opam does not read it here: remove it");
    std::fs::remove_dir_all(workshop.file("packages/b/b.2.0/findlib")).unwrap();
    workshop.ok(&INIT);
    workshop.ok(&SNAPSHOT);
    workshop.accepted("1");
    for stray in [
        "packages/.keep_me",
        "packages/b/.generated",
        "packages/b/b.2.0/README.md",
        "packages/b/b.2.0/b.install",
    ] {
        let before = workshop.read(stray);
        workshop.write(stray, "another\n");
        let told = workshop.new_client("1");
        assert_eq!(told.code, 1, "{stray}");
        assert!(told.err.contains("E060"), "{}", told.err);
        workshop.write(stray, &before);
    }
    workshop.accepted("1");
}

#[test]
fn empty_files_are_taken_unsigned_and_listed_by_who_signs() {
    let workshop = protected("empty-patch");
    workshop.write("packages/b/b.2.0/files/y.patch", "");
    assert_eq!(workshop.new_client("1").code, 1);
    let team = Workshop::given("empty-patch");
    let line = "init --name r --quorum 1 --janitor ja --snapshot optional --yes";
    team.ok(&line.split(' ').collect::<Vec<_>>());
    team.ok(&["approve", "--as", "ja", "--yes"]);
    team.ok(&["owner", "add", "ja", "b"]);
    let approve = ["approve", "--as", "ja", "--yes"];
    team.refused(&approve, "the authorisation `b` is left out");
    let list = team.refused(
        &["sign", "--as", "ja", "--yes", "--format=lines"],
        "1 error",
    );
    assert_eq!(list.out, "packages/b/b.2.0/files/x.patch\n");
    team.write("packages/b/b.2.0/files/x.patch", "\n");
    team.ok(&["sign", "--as", "ja", "--yes"]);
    team.ok(&approve);
    team.accepted("1");
}
