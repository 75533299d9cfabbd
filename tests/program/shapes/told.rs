//! What people are told about a repository that cannot be signed as it is.

use super::kinds::COMMON;
use super::workshop::Workshop;

const REPO: (&str, &str) = ("repo", "opam-version: \"2.0\"\n");
const INIT: [&str; 6] = ["init", "--name", "r", "--alone", "me", "--yes"];

fn with(files: &[(&str, &str)]) -> Workshop {
    let all: Vec<(&str, &str)> = COMMON.iter().chain(&[REPO]).chain(files).copied().collect();
    Workshop::with(&all)
}

/// A repository that an operator protects.
fn protected(files: &[(&str, &str)]) -> Workshop {
    let workshop = with(files);
    workshop.ok(&INIT);
    workshop.ok(&["snapshot", "--yes"]);
    workshop.commit();
    workshop
}

/// A repository whose packages are `bob`'s, and approved.
fn owned(files: &[(&str, &str)]) -> Workshop {
    let workshop = with(files);
    let line = "init --name r --quorum 1 --janitor ja --snapshot optional --yes";
    workshop.ok(&line.split(' ').collect::<Vec<_>>());
    workshop.ok(&["join", "bob"]);
    workshop.ok(&["owner", "add", "bob", "b", "lib"]);
    workshop.ok(&["approve", "--as", "ja", "--yes"]);
    workshop
}

/// T9: The chain used to be signed, and then nothing could follow it.
#[test]
fn nothing_is_signed_before_the_way_is_known() {
    let workshop = with(&[
        ("packages/n/n.1/opam", "synopsis: \"no version\"\n"),
        ("packages/n/x y", "x\n"),
        ("compilers/4.02/4.02.comp", "c\n"),
    ]);
    let all = "compilers\npackages/n/n.1/opam\npackages/n/x y\n";
    for more in [&["--yes"][..], &["--dry-run"]] {
        let args = [
            &["init", "--name", "r", "--alone", "me", "--format=lines"],
            more,
        ]
        .concat();
        let list = workshop.refused(&args, "nothing was written");
        assert_eq!(list.out, all);
        assert!(!workshop.is_started());
    }
    let line = "init --name r --quorum 1 --janitor ja --format=lines";
    let list = workshop.refused(&line.split(' ').collect::<Vec<_>>(), "nothing was written");
    assert_eq!(list.out, all);
    assert!(!workshop.is_started());
}

#[test]
fn a_list_for_programs_is_empty_where_nothing_stands_in_the_way() {
    let workshop = with(&[]);
    let lines = |args: &[&str]| workshop.ok(&[args, &["--format=lines"]].concat()).out;
    assert_eq!(lines(&INIT), "");
    assert_eq!(lines(&["snapshot", "--yes"]), "");
    assert_eq!(lines(&["sign", "--as", "me", "--yes"]), "");
}

/// T9: It used to be signed, and every client then refused it.
#[test]
fn a_tree_that_every_client_refuses_gets_no_snapshot() {
    let workshop = protected(&[]);
    let snapshot = workshop.read("packages/.conex/snapshot");
    workshop.write("packages/b/b.3.0/opam", "synopsis: \"no version\"\n");
    workshop.write("packages/lib/lib.2/opam", "");
    let args = ["snapshot", "--yes", "--format=lines"];
    let list = workshop.refused(&args, "no snapshot is made");
    assert_eq!(list.out, "packages/b/b.3.0/opam\npackages/lib/lib.2/opam\n");
    assert_eq!(workshop.read("packages/.conex/snapshot"), snapshot);
    for bad in ["packages/b/b.3.0", "packages/lib/lib.2"] {
        std::fs::remove_dir_all(workshop.file(bad)).unwrap();
    }
    // A package that its owner signed, and that somebody changed.
    workshop.ok(&["owner", "add", "me", "lib"]);
    workshop.ok(&["approve", "--as", "me", "--yes"]);
    workshop.ok(&["sign", "--as", "me", "--yes"]);
    workshop.ok(&["snapshot", "--yes"]);
    workshop.accepted("1");
    let good = workshop.read("packages/lib/lib.1/opam");
    workshop.write("packages/lib/lib.1/opam", &format!("{good}# evil\n"));
    workshop.refused(&["snapshot", "--yes"], "E014");
    workshop.refused(&["snapshot", "--renew", "--yes"], "E014");
    // Git obeys this file, and nobody approved it.
    workshop.write("packages/lib/lib.1/opam", &good);
    workshop.write(".gitattributes", "* text\n");
    workshop.write("packages/b/b.3.0/opam", &good);
    workshop.refused(&["snapshot", "--yes"], "E051");
}

/// T9: Two of 328 used to keep all of them from being signed.
#[test]
fn what_cannot_be_signed_is_left_out_and_the_rest_is_signed() {
    let workshop = owned(&[("packages/b/b.4.0/opam", "opam-version: \"1.2\"\n")]);
    let both = "opam-version: \"2.0\"\n<<<<<<< ours\n=======\n>>>>>>> theirs\n";
    workshop.write("packages/b/b.3.0/opam", both);
    let args = ["sign", "--as", "bob", "--yes", "--format=lines"];
    let list = workshop.refused(&args, "left out");
    assert_eq!(list.out, "packages/b/b.3.0/opam\npackages/b/b.4.0/opam\n");
    for signed in [
        "b/b.1.0/checksum",
        "b/b.2.0/checksum",
        "lib/lib.1/checksum",
        "lib/releases",
    ] {
        assert!(
            workshop.file(&format!("packages/{signed}")).exists(),
            "{signed}"
        );
    }
    // Nobody says that a package has releases that nobody signed.
    for unsigned in ["b/b.3.0/checksum", "b/b.4.0/checksum", "b/releases"] {
        assert!(
            !workshop.file(&format!("packages/{unsigned}")).exists(),
            "{unsigned}"
        );
    }
    for release in ["b.3.0", "b.4.0"] {
        workshop.write(
            &format!("packages/b/{release}/opam"),
            "opam-version: \"2.0\"\n",
        );
    }
    workshop.ok(&["sign", "--as", "bob", "--yes"]);
    workshop.ok(&["approve", "--as", "ja", "--yes"]);
    workshop.accepted("1");
}

#[test]
fn nobody_is_told_to_remove_a_file_of_opam_1_2() {
    let workshop = owned(&[(
        "packages/b/b.1.0/url",
        "archive: \"https://b.example/b.tgz\"\n",
    )]);
    let told = workshop
        .refused(&["sign", "--as", "bob", "--yes"], "E042")
        .err;
    assert!(told.contains("`opam admin upgrade`"), "{told}");
    assert!(!told.contains("remove it"), "{told}");
    // It is in no checksum that no client could read.
    assert!(!workshop.file("packages/b/b.1.0/checksum").exists());
}

#[test]
fn a_release_in_another_place_is_told_its_own() {
    let workshop = with(&[
        ("packages/ocaml-variants.4.05.0+x/opam", COMMON[0].1),
        ("packages/arch/arch-amd64.1/opam", COMMON[0].1),
    ]);
    let line = "init --name r --quorum 1 --janitor ja --snapshot optional --yes";
    workshop.ok(&line.split(' ').collect::<Vec<_>>());
    workshop.ok(&["join", "bob"]);
    let told = workshop
        .refused(&["owner", "add", "bob", "--unclaimed"], "E048")
        .err;
    for place in [
        "packages/ocaml-variants/ocaml-variants.4.05.0+x/",
        "packages/arch-amd64/arch-amd64.1/",
    ] {
        assert!(told.contains(&format!("its place {place}")), "{told}");
    }
}

/// An editor's file is told from content, whether git ignores it or not.
#[test]
fn what_an_editor_leaves_is_called_so() {
    let workshop = protected(&[]);
    workshop.write("../gitconfig", "[core]\n\texcludesFile = ~/ignored\n");
    workshop.write("../ignored", ".DS_Store\n*~\n*.swp\n");
    workshop.write("packages/.DS_Store", "d\n");
    workshop.write("packages/b/b.1.0/opam~", "o\n");
    let list = workshop.refused(
        &["snapshot", "--yes", "--format=lines"],
        "git ignores 2 files",
    );
    assert_eq!(list.out, "packages/.DS_Store\npackages/b/b.1.0/opam~\n");
    workshop.refused(
        &["snapshot", "--yes"],
        "an editor or a file manager left it: remove it",
    );
    // Without a line in a file of git they are a part of the state, and somebody is warned.
    workshop.write("../ignored", "");
    let told = workshop.ok(&["snapshot", "--yes"]).err;
    assert!(
        told.contains("`packages/.DS_Store` becomes a part of what is signed"),
        "{told}"
    );
    workshop.accepted("1");
    let lock = workshop.file("packages/b/b.1.0/.#opam");
    std::os::unix::fs::symlink("somebody@host.example:1", lock).unwrap();
    let told = workshop.refused(&["snapshot", "--yes"], "E001").err;
    assert!(
        told.contains("an editor or a file manager left it"),
        "{told}"
    );
}

/// A file that opam does not read is in no checksum: git may ignore it.
#[test]
fn an_ignored_file_that_opam_does_not_read_stops_no_author() {
    let workshop = owned(&[]);
    workshop.write("../gitconfig", "[core]\n\texcludesFile = ~/ignored\n");
    workshop.write("../ignored", "*~\n");
    workshop.write("packages/b/b.1.0/opam~", "o\n");
    workshop.ok(&["sign", "--as", "bob", "--yes"]);
    // One that opam reads would be in a checksum, and in no commit.
    workshop.write("packages/b/b.1.0/files/x.patch~", "x\n");
    let args = ["sign", "--as", "bob", "--yes", "--format=lines"];
    let list = workshop.refused(&args, "git ignores 1 file");
    assert_eq!(list.out, "packages/b/b.1.0/files/x.patch~\n");
}

#[test]
fn a_repository_of_conex_1_0_0_is_called_so() {
    let root = "signed: [\n  [\"keydir\" \"keys\"]\n]\nsignatures: []\n";
    let workshop = with(&[("root", root)]);
    let key = "blake2b=0000000000000000000000000000000000000000000000000000000000000000";
    let client = [
        "verify",
        "--dir",
        ".",
        "--no-state",
        "--quorum",
        "1",
        "--anchors",
        key,
    ];
    workshop.refused(&client, "signed by conex 1.0.0");
    workshop.refused(&["status"], "signed by conex 1.0.0");
    workshop.refused(&["snapshot"], "signed by conex 1.0.0");
    // It is in nobody's way.
    let told = workshop.ok(&INIT).err;
    assert!(told.contains("signed by conex 1.0.0"), "{told}");
    workshop.ok(&["snapshot", "--yes"]);
    workshop.accepted("1");
    // A file `root` of another kind is nobody's.
    let other = with(&[("root", "here\n")]);
    let told = other.refused(&["status"], "E030").err;
    assert!(!told.contains("1.0.0"), "{told}");
}

/// As a server deletes thousands of releases at once.
#[test]
fn many_releases_go_in_one_update() {
    let opam = COMMON[0].1;
    let paths: Vec<String> = (0..400)
        .map(|n| format!("packages/p{}/p{}.{n}/opam", n % 100, n % 100))
        .collect();
    let files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), opam)).collect();
    let workshop = protected(&files);
    workshop.accepted("1");
    for n in 0..50 {
        std::fs::remove_dir_all(workshop.file(&format!("packages/p{n}"))).unwrap();
    }
    workshop.ok(&["snapshot", "--yes"]);
    workshop.accepted("1");
}

/// As a copy from a read-only place has them.
#[test]
fn permissions_with_which_opam_cannot_work_are_named_with_chmod() {
    use std::os::unix::fs::PermissionsExt as _;
    let workshop = with(&[]);
    let set = |mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(workshop.file("packages/b/b.1.0/opam"), permissions).unwrap();
    };
    set(0o444);
    let told = workshop.refused(&INIT, "E001").err;
    assert!(told.contains("with `chmod`"), "{told}");
    set(0o644);
    workshop.ok(&INIT);
}
