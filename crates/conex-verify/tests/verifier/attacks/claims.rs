//! A name that a quorum claims must verify, in every mode, on a first clone too.

use conex_verify::finding::Code;
use conex_verify::format::resource::Kind;

use crate::world::*;

fn both(w: &World, check: impl Fn(&Verdict)) {
    check(&w.verdict());
    check(&w.clone().nostrict().verdict());
}

#[test]
fn a_claimed_name_without_its_metadata_is_refused() {
    for path in [
        "packages/fmt/authorisation",
        "packages/fmt/releases",
        "packages/fmt/fmt.1.0/checksum",
    ] {
        let mut w = World::usual();
        w.remove(path);
        both(&w, |v| {
            v.is_rejected(Code::MissingResource, path);
        });
    }
}

/// All metadata of the package is stripped, and the package looks unsigned.
#[test]
fn stripping_all_signatures_of_a_claimed_name_is_refused() {
    let mut w = World::usual();
    for path in [
        "packages/fmt/authorisation",
        "packages/fmt/releases",
        "packages/fmt/fmt.1.0/checksum",
    ] {
        w.remove(path);
    }
    w.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n# evil\n");
    both(&w, |v| {
        v.is_rejected(Code::MissingResource, "packages/fmt/authorisation")
            .is_rejected(Code::MissingResource, "packages/fmt/fmt.1.0/checksum");
    });
}

#[test]
fn a_claimed_name_that_is_missing_altogether_is_refused() {
    let mut w = World::usual();
    for path in w.paths() {
        if path.starts_with("packages/fmt/") {
            w.remove(&path);
        }
    }
    both(&w, |v| {
        v.is_rejected(Code::MissingResource, "packages/fmt/authorisation");
    });
}

#[test]
fn unreadable_metadata_of_a_claimed_name_is_refused_and_not_taken_for_missing() {
    for path in [
        "packages/fmt/authorisation",
        "packages/fmt/releases",
        "packages/fmt/fmt.1.0/checksum",
    ] {
        for bytes in [b"".to_vec(), b"\xff\xfe".to_vec(), b"format: 1\n".to_vec()] {
            let mut w = World::usual();
            w.file(path, bytes);
            both(&w, |v| {
                assert!(!v.accepted);
                let codes: Vec<Code> = v
                    .findings
                    .iter()
                    .filter(|f| f.path == path)
                    .map(|f| f.code)
                    .collect();
                assert!(
                    codes
                        .iter()
                        .all(|c| matches!(c, Code::Encoding | Code::Syntax))
                        && !codes.is_empty(),
                    "{path}: {codes:?}"
                );
            });
        }
    }
}

#[test]
fn unsupported_and_superseded_metadata_of_a_claimed_name_is_refused() {
    let mut w = World::usual();
    w.authorisation("fmt", at(0, 7), &["mallory"]);
    both(&w, |v| {
        v.is_rejected(Code::Quorum, "packages/fmt/authorisation");
    });
    let mut w = World::usual();
    let old = w.bytes("packages/fmt/authorisation");
    let next = w.authorisation("fmt", at(0, 2), &["bob", "ja"]);
    w.quorum_says(vec![next]);
    w.file("packages/fmt/authorisation", old);
    both(&w, |v| {
        v.is_rejected(Code::Superseded, "packages/fmt/authorisation");
    });
}

/// The claimed package again, one level off: opam would find it there too.
#[test]
fn a_claimed_name_elsewhere_is_refused() {
    for (path, code) in [
        ("packages/fmt.6.6/opam", Code::Misplaced),
        ("packages/other/fmt.6.6/opam", Code::Misplaced),
        ("packages/other/deep/fmt.6.6/opam", Code::BadPath),
        ("packages/fmt/x/fmt.6.6/opam", Code::BadPath),
        ("packages/.conex/fmt.6.6/opam", Code::BadPath),
        ("packages/fmt/fmt.1.0/files/fmt.6.6/opam", Code::BadPath),
    ] {
        let mut w = World::usual();
        w.file(path, OPAM);
        let place = path.strip_suffix("opam").unwrap();
        both(&w, |v| {
            v.is_rejected(code, place);
        });
    }
}

/// `Fmt` is `fmt` on some file systems and to most people.
#[test]
fn a_claimed_name_in_other_letters_is_refused() {
    let mut w = World::usual();
    w.file("packages/Fmt/Fmt.1.0/opam", OPAM);
    both(&w, |v| {
        v.is_rejected(Code::CaseCollision, "packages/Fmt");
    });
    // Also if the claimed one is gone.
    for path in w.paths() {
        if path.starts_with("packages/fmt/") {
            w.remove(&path);
        }
    }
    both(&w, |v| {
        v.is_rejected(Code::CaseCollision, "packages/")
            .is_rejected(Code::MissingResource, "packages/fmt/authorisation");
    });
}

/// An unsigned package is let through with --nostrict alone, and counted.
#[test]
fn an_unclaimed_package_is_let_through_without_strict_and_counted() {
    let mut w = World::usual();
    w.file(&opam_path("lwt.1.0"), OPAM);
    w.verdict().is_rejected(Code::Unclaimed, "packages/lwt");
    let verdict = w.nostrict().verdict();
    verdict.is_accepted();
    assert_eq!(verdict.summary.unsigned_packages, 1);
    assert_eq!(verdict.summary.signed_packages, 1);
    assert_eq!(verdict.summary.broken_packages, 0);
}

/// Two janitors vouch for two versions: nobody approved an owner, and nobody claims the
/// name. (Everybody would be kept from it who may use it today.)
#[test]
fn a_quorum_that_does_not_agree_claims_nothing() {
    let mut w = World::usual().nostrict();
    w.file(&opam_path("lwt.1.0"), OPAM);
    let digest = conex_verify::format::digest::Digest::of;
    let entry = |counter, text| {
        let version = at(0, counter);
        vec![vouch(Kind::Authorisation, "lwt", version, digest(text))]
    };
    w.says("ja", entry(1, b"one"));
    w.verdict().is_accepted();
    w.says("jb", entry(5, b"two"));
    w.verdict().is_accepted();
    // When two agree on one of them, it is claimed, whatever lies in the tree.
    w.says("jc", entry(1, b"one"));
    w.verdict()
        .is_rejected(Code::MissingResource, "packages/lwt/authorisation");
}

/// Entries for releases and checksums claim nothing, nor do authors' entries.
#[test]
fn only_authorisations_by_janitors_claim() {
    let mut w = World::usual().nostrict();
    w.file(&opam_path("lwt.1.0"), OPAM);
    let entries = w.listed("lwt.1.0", at(0, 1));
    w.quorum_says(entries);
    w.joined("eve");
    let entry = w.authorisation("lwt", at(0, 1), &["eve"]);
    w.says("eve", vec![entry.clone()]);
    w.says("bob", vec![entry.clone()]);
    w.says("ja", vec![entry]);
    w.verdict().is_accepted();
}

/// The janitors listed the name once; its authorisation was left out with every segment
/// that vouches for it.
#[test]
fn a_name_in_the_list_of_claims_is_claimed_whatever_segments_say() {
    let mut w = World::usual();
    w.claimed(at(0, 1), &["lwt"]);
    // Also where nothing of that name is there.
    both(&w, |v| {
        v.is_rejected(Code::MissingResource, "packages/lwt/authorisation");
    });
    w.file(&opam_path("lwt.1.0"), OPAM);
    both(&w, |v| {
        v.is_rejected(Code::MissingResource, "packages/lwt/authorisation");
    });
    w.owned("lwt", &["bob"]);
    w.released("lwt.1.0", "bob");
    both(&w, |v| {
        v.is_clean();
    });
}

/// A list that nobody approved claims nothing: anyone could write one.
#[test]
fn a_pending_list_of_claims_claims_nothing() {
    let mut w = World::usual().nostrict();
    w.file(&opam_path("lwt.1.0"), OPAM);
    let entry = w.claims_file(at(0, 1), &["lwt"]);
    w.says("ja", vec![entry]);
    w.verdict()
        .is_accepted()
        .reports(Code::Quorum, "packages/.conex/claims");
}
