//! The faults that earlier implementations of this idea had, each with a test named
//! after it. What is about patches and about memory from run to run is with the
//! command line (`tests/program/hostile_cli.rs`): patches are refused, and a whole tree is
//! judged without memory.

use conex_verify::finding::Code;
use conex_verify::format::resource::{Kind, ResourceId};
use conex_verify::workbench::trust::anchors::{AnchorError, Anchors, Client};

use crate::world::*;

/// Two different things printed to one text, and one signature fitted both.
#[test]
fn canonical_strings_that_collide() {
    // A name cannot hold what separates names.
    for name in ["a\" 0 1 \"b", "a b", "a\\", "a\n", "a]", ""] {
        for kind in Kind::ALL {
            assert!(ResourceId::new(kind, name).is_err(), "{kind} {name:?}");
        }
    }
    // An author and a team with the same content are two files.
    let mut w = World::usual();
    let author = w.author_file("x", at(0, 1), &[]);
    let team = w.team_file("x", at(0, 1), &[]);
    assert_ne!(author.version.digest, team.version.digest);
}

#[test]
fn signatures_that_fit_two_repositories() {
    let (a, b) = (
        World::with_janitors(2, &["ja", "jb", "jc"]),
        World::with_janitors(3, &["ja", "jb", "jc"]),
    );
    let mut a = a;
    a.joined("bob");
    a.owned("fmt", &["bob"]);
    a.released("fmt.1.0", "bob");
    a.verdict().is_clean();
    let mut mixed = a.clone();
    let chain = "packages/.conex/janitors/0";
    mixed.file(chain, b.bytes(chain));
    mixed
        .verdict()
        .is_rejected(Code::ForeignRepository, "index/ja/")
        .is_rejected(Code::ForeignRepository, "index/jb/")
        .is_rejected(Code::Unclaimed, "packages/fmt");
}

/// In an index that only grows, everything that was ever vouched for stayed valid.
#[test]
fn append_only_indexes_in_which_everything_stays_valid() {
    let mut w = World::usual();
    let old = w.clone();
    // bob releases again, gets another key, and hands the package to eve.
    w.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n# two\n");
    let two = w.checksum("fmt.1.0", at(0, 2));
    w.says("bob", vec![two.clone()]);
    let file = w.author_file("bob", at(0, 2), &["bob-new"]);
    w.says_with(
        "bob",
        "bob-new",
        vec![file.clone(), two, w.now(Kind::Releases, "fmt")],
    );
    w.quorum_says(vec![file]);
    w.verdict().is_accepted();
    for (paths, refused) in [
        (
            vec![opam_path("fmt.1.0"), checksum_path("fmt.1.0")],
            Code::Superseded,
        ),
        (vec!["packages/.conex/ids/bob".to_owned()], Code::Superseded),
    ] {
        let mut w = w.clone();
        for path in &paths {
            w.file(path, old.bytes(path));
        }
        w.verdict().is_rejected(refused, paths.last().unwrap());
    }
}

/// Every janitor had to be an anchor, so that none could ever be added.
#[test]
fn every_janitor_must_be_an_anchor() {
    let mut w = World::usual();
    w.link(&link(
        2,
        &["ja", "jb", "jc", "jd", "je", "jf"],
        &["ja", "jb", "jd", "je", "jf"],
    ));
    w.verdict().is_clean();
    // The added ones are a quorum as the others are.
    let entry = w.authorisation("lwt", at(0, 1), &["bob"]);
    w.says("jd", vec![entry.clone()]);
    w.says("je", vec![entry]);
    w.released("lwt.1.0", "bob");
    w.verdict().is_clean();
}

#[test]
fn counters_that_cannot_be_reset() {
    let mut w = World::usual();
    let evil = w.listed("fmt.1.0", at(0, END));
    w.says("bob", evil);
    let reset = w.listed("fmt.1.0", at(1, 0));
    w.quorum_says(reset);
    w.verdict().is_clean();
}

#[test]
fn deleted_releases_that_return() {
    let mut w = World::usual();
    let old = w.clone();
    w.remove(&opam_path("fmt.1.0"));
    w.remove(&checksum_path("fmt.1.0"));
    let list = w.release_list_above("fmt", at(0, 2), 1);
    w.says("bob", vec![list]);
    w.verdict().is_clean();
    for path in [opam_path("fmt.1.0"), checksum_path("fmt.1.0")] {
        w.file(&path, old.bytes(&path));
    }
    w.verdict()
        .is_rejected(Code::ReleaseList, "packages/fmt/fmt.1.0");
}

#[test]
fn unreadable_taken_for_missing() {
    let mut w = World::usual().nostrict();
    w.file("packages/lwt/authorisation", "");
    w.file(&opam_path("lwt.1.0"), OPAM);
    let verdict = w.verdict();
    assert!(!verdict.accepted, "an empty file is not a missing one");
    assert!(verdict.text().contains("packages/lwt/authorisation"));
}

#[test]
fn a_signed_name_declared_a_second_time_elsewhere() {
    for (path, code) in [
        ("packages/zzz/fmt.9.9/", Code::Misplaced),
        ("packages/fmt.9.9/", Code::Misplaced),
        ("packages/zzz/zzz.1/files/fmt.9.9/", Code::BadPath),
    ] {
        let mut w = World::usual().nostrict();
        w.file(&format!("{path}opam"), OPAM);
        w.verdict().is_rejected(code, path);
    }
}

#[test]
fn one_unapproved_authors_file_disables_the_whole_repository() {
    let mut w = World::usual();
    let file = w.author_file("new", at(0, 1), &["new"]);
    w.says("new", vec![file]);
    w.verdict()
        .is_accepted()
        .reports(Code::PendingId, "ids/new");
}

#[test]
fn all_keys_of_an_author_must_sign_every_time() {
    let mut w = World::usual();
    let file = w.author_file("bob", at(0, 2), &["bob", "bob-laptop", "bob-token"]);
    w.quorum_says(vec![file.clone()]);
    w.says_with("bob", "bob-laptop", vec![file]);
    w.verdict().is_clean();
    w.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n# new\n");
    let entry = w.checksum("fmt.1.0", at(0, 2));
    w.says_with("bob", "bob-laptop", vec![entry]);
    w.verdict().is_clean();
}

/// A fingerprint depends on the key and on nothing else. The value is what
/// `b2sum -l 256` says of the key in SSH's wire format.
#[test]
fn fingerprints_that_depend_on_more_than_the_key() {
    let text = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
    let key: conex_verify::format::key::PublicKey = text.parse().unwrap();
    assert_eq!(
        key.fingerprint().to_string(),
        "blake2b=f47dd874562d121e2c91eb6c5374b75dd98116ee2d487bf0189b0ce398ebf70f"
    );
}

#[test]
fn quorum_0_or_negative_accepted() {
    let anchors: Anchors = fingerprint("ja").to_string().parse().unwrap();
    assert_eq!(Client::new(anchors.clone(), 0), Err(AnchorError::NoQuorum));
    assert!(Client::new(anchors, 1).is_ok());
    assert!("-1".parse::<usize>().is_err());
}

/// What opam does not read is let through, and is a part of the state
/// (`tests/verifier/snapshot/strays.rs`); every other file is an error where nobody signed it.
#[test]
fn stray_files_not_looked_at() {
    for path in [
        "packages/fmt/fmt.1.0/files/stray",
        "packages/fmt/fmt.1.0/stray/x",
        "packages/fmt/stray/x",
        "packages/.conex/stray",
        "packages/.conex/ids/st.ray",
        "packages/.conex/index/bob/stray",
    ] {
        let mut w = World::usual().nostrict();
        w.file(path, "x");
        let verdict = w.verdict();
        assert!(!verdict.accepted, "{path}");
        assert!(verdict.findings.iter().any(|f| f.path == path), "{path}");
    }
}

/// CVE-2020-6174, CVE-2020-15093, CVE-2026-6966: one key was counted twice.
#[test]
fn threshold_satisfied_by_one_key_twice() {
    // In a link: the same signature in two lines cannot be read.
    let mut w = World::with_janitors(2, &["ja", "jb"]);
    let path = w.link(&link(2, &["ja", "jb"], &["ja"]));
    let text = String::from_utf8(w.bytes(&path)).unwrap();
    let line = text
        .lines()
        .rfind(|l| l.starts_with("  [\"blake2b="))
        .unwrap();
    let twice = text.replace(line, &format!("{line}\n{line}"));
    w.file(&path, twice);
    w.verdict().is_rejected(Code::Encoding, &path);
    // In anchors: the same fingerprint twice is one.
    let f = fingerprint("ja");
    let anchors: Anchors = format!("{f},{f}").parse().unwrap();
    assert!(matches!(
        Client::new(anchors, 2),
        Err(AnchorError::QuorumAboveAnchors {
            quorum: 2,
            anchors: 1
        })
    ));
    // In an index: two segments of one janitor are one approval.
    let mut w = World::usual();
    let entry = w.authorisation("lwt", at(0, 1), &["bob"]);
    w.says("ja", vec![entry.clone()]);
    w.says("ja", vec![entry, w.now(Kind::Author, "bob")]);
    w.released("lwt.1.0", "bob");
    w.verdict().is_rejected(Code::Unclaimed, "packages/lwt");
}

/// CVE-2020-15163: rejected metadata was kept and trusted in the next run. A verdict
/// depends on the tree alone.
#[test]
fn rejected_metadata_trusted_in_the_next_run() {
    let mut w = World::usual();
    let good = w.bytes(&opam_path("fmt.1.0"));
    w.file(&opam_path("fmt.1.0"), "evil: 1\n");
    for _ in 0..2 {
        w.verdict().is_rejected(Code::Digest, &opam_path("fmt.1.0"));
    }
    w.file(&opam_path("fmt.1.0"), good);
    w.verdict().is_clean();
}

/// CVE-2022-29173: without state nothing was checked against rollback. What the tree
/// itself supports is enough for that.
#[test]
fn rollback_check_lost_when_state_is_missing() {
    let mut w = World::usual();
    let old = w.bytes("packages/fmt/authorisation");
    let next = w.authorisation("fmt", at(0, 2), &["bob", "ja"]);
    w.quorum_says(vec![next]);
    w.file("packages/fmt/authorisation", old);
    w.verdict()
        .is_rejected(Code::Superseded, "packages/fmt/authorisation");
}
