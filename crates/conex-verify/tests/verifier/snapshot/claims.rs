//! `unsigned=covered`: a package that nobody claims is let through under a valid snapshot and
//! a valid list of claims. Whoever has the key of one notary, and the server, can state any
//! tree; the list is what they cannot make up.

use conex_verify::finding::Code;
use conex_verify::format::resource::Kind;

use crate::client::{Client, accepted_after};
use crate::world::*;

const CLAIMS: &str = "packages/.conex/claims";

#[test]
fn what_a_snapshot_covers_and_nobody_claims_is_let_through() {
    let w = covered();
    let verdict = w.verdict();
    verdict.is_clean();
    assert_eq!(verdict.summary.unsigned_packages, 1);
    assert_eq!(verdict.summary.signed_packages, 1);
    w.clone()
        .in_mode(MODES[0])
        .verdict()
        .is_rejected(Code::Unclaimed, "packages/lwt");
    // And nothing else: the snapshot must be there, and be of this tree.
    let mut evil = w.clone();
    evil.remove(SNAPSHOT);
    evil.verdict()
        .is_rejected(Code::Unclaimed, "packages/lwt")
        .is_rejected(Code::SnapshotMissing, SNAPSHOT);
    let mut evil = w;
    evil.file(&opam_path("lwt.1.0"), format!("{OPAM}# evil\n"));
    evil.verdict()
        .is_rejected(Code::Unclaimed, "packages/lwt")
        .is_rejected(Code::Snapshot, "packages/lwt");
}

/// Without a required snapshot the anchors ask for one all the same.
#[test]
fn without_a_snapshot_nothing_is_covered() {
    let mut w = World::usual().covered();
    w.claimed(at(0, 1), &["fmt"]);
    w.verdict().is_clean();
    w.file(&opam_path("lwt.1.0"), OPAM);
    w.verdict().is_rejected(Code::Unclaimed, "packages/lwt");
}

/// The notary `bob` is a thief, and has the server. Everything that anybody vouches for is
/// left out but what makes him a notary, `fmt` gets another source, and he states the tree.
#[test]
fn all_segments_but_the_notarys_left_out_where_claims_name_the_package() {
    let honest = covered();
    let mut evil = honest.clone();
    let segments = |w: &World| -> Vec<String> {
        let all = w.paths().into_iter();
        all.filter(|p| p.contains("/index/")).collect()
    };
    for path in segments(&honest) {
        evil.remove(&path);
    }
    let needed = [
        (Kind::Author, "bob"),
        (Kind::Team, "notaries"),
        (Kind::Claims, "claims"),
    ];
    let needed: Vec<_> = needed.map(|(kind, name)| honest.now(kind, name)).into();
    // These are segments that he found: each was made for one thing.
    for entry in &needed {
        evil.quorum_says(vec![entry.clone()]);
    }
    evil.says("bob", vec![needed[0].clone()]);
    for path in ["authorisation", "releases", "fmt.1.0/checksum"] {
        evil.remove(&format!("packages/fmt/{path}"));
    }
    evil.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n# evil\n");
    evil.stated("bob", at(0, 2));
    for mode in MODES {
        let evil = evil.clone().in_mode(mode);
        let verdict = evil.verdict();
        verdict.is_rejected(Code::MissingResource, "packages/fmt/authorisation");
        // With all of `fmt` left out as well.
        let mut evil = evil;
        evil.gone("fmt.1.0");
        evil.stated("bob", at(0, 2));
        let verdict = evil.verdict();
        verdict.is_rejected(Code::MissingResource, "packages/fmt/authorisation");
    }

    // He leaves the list out, too: with the file, or only what vouches for it.
    for with_the_file in [true, false] {
        let mut evil = evil.clone();
        for path in segments(&evil) {
            let text = String::from_utf8(evil.bytes(&path)).unwrap();
            if text.contains("[\"claims\"") {
                evil.remove(&path);
            }
        }
        if !with_the_file {
            evil.remove(CLAIMS);
        }
        evil.stated("bob", at(0, 2));
        let verdict = evil.verdict();
        verdict
            .is_rejected(Code::MissingResource, CLAIMS)
            .is_rejected(Code::Unclaimed, "packages/fmt")
            .is_rejected(Code::Unclaimed, "packages/lwt");
        // Who lets everything through is told nothing: that is what --nostrict is.
        evil.nostrict().verdict().is_accepted();
    }
}

/// What no snapshot covers is as in strict mode: git has these files, an archive has not.
#[test]
fn git_files_at_the_top_are_not_covered() {
    for name in [".gitattributes", ".gitignore"] {
        let mut w = covered();
        w.file(name, "* ident\n");
        w.stated("bob", at(0, 2));
        w.verdict().is_rejected(Code::GitFile, name);
        w.nostrict().verdict().reports(Code::GitFile, name);
    }
}

/// The file `repo` is covered: what opam prints needs no approval, and is what it was.
#[test]
fn an_announcement_that_nobody_approved_is_covered() {
    let mut w = covered();
    w.file("repo", "opam-version: \"2.0\"\nannounce: \"hello\"\n");
    w.verdict()
        .is_rejected(Code::Snapshot, "repo")
        .is_rejected(Code::RepoFile, "repo");
    w.stated("bob", at(0, 2));
    w.verdict().is_accepted().reports(Code::RepoFile, "repo");
    // It sends nobody elsewhere, though.
    w.file(
        "repo",
        "opam-version: \"2.0\"\nredirect: \"https://evil.example\"\n",
    );
    w.stated("bob", at(0, 3));
    w.verdict().is_rejected(Code::RepoFile, "repo");
}

/// One janitor, or an author, cannot make up a list without `fmt`.
#[test]
fn a_pending_list_of_claims_covers_nothing() {
    for approved_before in [true, false] {
        let mut w = covered();
        if !approved_before {
            let claims = |p: &String| {
                let text = String::from_utf8(w.bytes(p)).unwrap();
                p.contains("/index/") && text.contains("[\"claims\"")
            };
            let approvals: Vec<String> = w.paths().into_iter().filter(claims).collect();
            assert_eq!(approvals.len(), 2);
            approvals.iter().for_each(|p| drop(w.remove(p)));
        }
        let entry = w.claims_file(at(0, 2), &[]);
        for who in ["ja", "bob"] {
            w.says(who, vec![entry.clone()]);
        }
        w.stated("bob", at(0, 2));
        w.verdict()
            .is_rejected(Code::MissingResource, CLAIMS)
            .is_rejected(Code::Unclaimed, "packages/lwt");
    }
}

/// A name goes from the list, and a quorum vouches for that: nobody who knew the list takes
/// the package for one that nobody claims.
#[test]
fn a_name_that_leaves_the_claims_stays_signed_for_those_who_knew_it() {
    let honest = covered();
    let mut evil = honest.clone();
    evil.claimed(at(0, 2), &[]);
    evil.stated("bob", at(0, 2));
    accepted_after(&[&honest], &evil);
    let mut stripped = evil.clone();
    for path in evil.paths().iter().filter(|p| p.contains("/index/")) {
        let text = String::from_utf8(evil.bytes(path)).unwrap();
        if text.contains("[\"authorisation\"") {
            stripped.remove(path);
        }
    }
    stripped.stated("bob", at(0, 3));
    // To a new client it is a package that nobody claims.
    stripped.verdict().is_accepted();
    let client = Client::after(&[&honest]);
    for one in [
        client.clone(),
        client.without_memory(),
        client.added_again(),
    ] {
        let verdict = one.says(&stripped);
        verdict.is_rejected(Code::Unsigned, "fmt/authorisation");
    }
}

// --- what a server can put under a snapshot that is not its own ------------------------

/// An empty `opam` as a new version of an unsigned package: opam 2.0 to 2.3 do not bring it,
/// later ones read a package that needs nothing and builds nothing.
#[test]
fn an_empty_description_as_a_new_version_is_refused() {
    let honest = covered();
    for release in ["lwt.1.0", "lwt.2.0", "new.1.0"] {
        let mut evil = honest.clone();
        evil.file(&opam_path(release), "");
        refused_in_both_modes(&honest, &evil, &evil_package(release));
    }
}

fn evil_package(release: &str) -> String {
    format!("packages/{}", release.split('.').next().unwrap())
}

/// Each kind of file that somebody lets through changes the state.
#[test]
fn flat_releases_foreign_directories_and_strays_change_the_state() {
    let honest = covered();
    for (path, part) in [
        ("packages/flat.1.0/opam", "packages/flat.1.0"),
        ("packages/flat.1.0/files/x", "packages/flat.1.0"),
        ("packages/lwt/zed.1.0/opam", "packages/lwt"),
        ("packages/fmt/zed.1.0/opam", "packages/fmt"),
        ("packages/lwt/lwt.1.0/url", "packages/lwt"),
        ("packages/lwt/lwt.1.0/descr", "packages/lwt"),
        ("packages/lwt/lwt.1.0/files/x", "packages/lwt"),
        ("packages/lwt/lwt.1.0/README", "packages/lwt"),
        ("packages/lwt/README", "packages/lwt"),
        ("packages/fmt/fmt.1.0/README", "packages/fmt"),
        ("packages/README", "packages"),
    ] {
        for bytes in ["", OPAM] {
            let mut evil = honest.clone();
            evil.file(path, bytes);
            refused_in_both_modes(&honest, &evil, part);
        }
    }
}

/// An empty file below a signed release is refused twice over.
#[test]
fn an_empty_file_below_a_signed_release_changes_the_state() {
    let honest = covered();
    let mut evil = honest.clone();
    let path = "packages/fmt/fmt.1.0/files/Makefile";
    evil.file(path, "");
    refused_in_both_modes(&honest, &evil, "packages/fmt");
    // The notary's thief states it, and it is an error all the same.
    evil.stated("bob", at(0, 2));
    evil.verdict().is_rejected(Code::EmptyFile, path);
    evil.nostrict().verdict().is_rejected(Code::EmptyFile, path);
}

#[track_caller]
fn refused_in_both_modes(honest: &World, evil: &World, part: &str) {
    for mode in [MODES[1], MODES[2]] {
        let client = Client::after(&[&honest.clone().in_mode(mode)]);
        let evil = evil.clone().in_mode(mode);
        let clients = [
            Client::default(),
            client.clone(),
            client.without_memory(),
            client.added_again(),
        ];
        for client in clients {
            client.says(&evil).is_rejected(Code::Snapshot, part);
        }
    }
}
