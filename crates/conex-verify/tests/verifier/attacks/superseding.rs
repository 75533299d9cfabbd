//! Nothing is ever taken back: the way back from a version is a higher one, by those who may.

use conex_verify::finding::Code;
use conex_verify::format::digest::Digest;
use conex_verify::format::resource::Kind;

use crate::client::accepted_after;
use crate::world::*;

const CHECKSUM: &str = "packages/fmt/fmt.1.0/checksum";

/// ```text
/// bob   0.1 ok     0.5 evil (stolen key)    0.6 as 0.1 was
/// ```
#[test]
fn a_bad_version_is_left_behind_by_a_higher_one() {
    let mut w = World::usual();
    let old = w.clone();
    w.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n# evil\n");
    let evil = w.checksum("fmt.1.0", at(0, 5));
    w.says("bob", vec![evil]);
    w.verdict().is_clean();
    for path in [CHECKSUM, &opam_path("fmt.1.0")] {
        w.file(path, old.bytes(path));
    }
    w.verdict().is_rejected(Code::Superseded, CHECKSUM);
    let mended = w.checksum("fmt.1.0", at(0, 6));
    w.says("bob", vec![mended]);
    w.verdict().is_clean();
}

/// Every entry that a valid author without rights can make, at the end of every counter.
#[test]
fn an_author_without_rights_writes_entries_at_the_end_for_everything() {
    let before = {
        let mut w = World::usual();
        w.joined("eve");
        w.teamed("crew", &["bob"]);
        w.claimed(at(0, 1), &["fmt"]);
        let repo = w.repo_file(at(0, 1), &[], &[]);
        w.quorum_says(vec![repo]);
        w.verdict().is_clean();
        w
    };
    let mut w = before.clone();
    let everything = [
        (Kind::Author, "bob"),
        (Kind::Author, "ja"),
        (Kind::Author, "nobody"),
        (Kind::Team, "crew"),
        (Kind::Team, "notaries"),
        (Kind::Repo, "repo"),
        (Kind::Claims, "claims"),
        (Kind::Authorisation, "fmt"),
        (Kind::Authorisation, "lwt"),
        (Kind::Releases, "fmt"),
        (Kind::Checksum, "fmt.1.0"),
        (Kind::Checksum, "fmt.2.0"),
        (Kind::Checksum, "lwt.1.0"),
    ];
    let digest = Digest::of(b"anything");
    for epoch in [0, 1, LAST_EPOCH] {
        let entry = |(kind, name)| vouch(kind, name, at(epoch, END), digest);
        w.says("eve", everything.into_iter().map(entry).collect());
    }
    w.verdict().is_clean();
    w.clone().nostrict().verdict().is_clean();
    // Nor does anything happen to those who were there before, or to what follows.
    accepted_after(&[&before], &w);
    let mut next = w.clone();
    let entries = next.listed("fmt.1.0", at(0, 2));
    next.says("bob", entries);
    accepted_after(&[&before, &w], &next);
}

/// Somebody who shares a package cannot raise what belongs to the others.
#[test]
fn nobody_supersedes_what_they_do_not_own() {
    let mut w = World::usual();
    w.joined("eve");
    w.owned("lwt", &["eve"]);
    w.released("lwt.1.0", "eve");
    let digest = Digest::of(b"anything");
    let evil = |kind, name| vouch(kind, name, at(0, END), digest);
    for who in ["eve", "ja", "jb", "jc", "stranger"] {
        // Of the janitors each says something else, so that no two agree.
        let counter = END - who.len() as u64 - u64::from(who.as_bytes()[1]);
        let entry = vouch(Kind::Checksum, "fmt.1.0", at(0, counter), digest);
        w.says(who, vec![entry]);
    }
    // And not in his name, with a key of theirs.
    for key in ["eve", "ja", "stranger"] {
        w.says_with("bob", key, vec![evil(Kind::Checksum, "fmt.1.0")]);
    }
    w.verdict().is_accepted();
}

/// The laptop of the janitor `ja` is stolen, with the key of their id file: it supersedes
/// what `ja` owns, and nothing that takes a quorum.
#[test]
fn a_janitors_owner_key_supersedes_nothing_of_the_quorum() {
    let mut w = World::usual();
    let file = w.author_file("ja", at(0, 1), &["ja", "ja-laptop"]);
    w.quorum_says(vec![file.clone()]);
    w.says_with("ja", "ja-laptop", vec![file]);
    w.owned("lwt", &["ja"]);
    w.released("lwt.1.0", "ja");
    let digest = Digest::of(b"anything");
    let evil = |kind, name| vouch(kind, name, at(0, END), digest);
    let quorums = vec![
        evil(Kind::Authorisation, "fmt"),
        evil(Kind::Author, "bob"),
        evil(Kind::Author, "ja"),
        evil(Kind::Claims, "claims"),
        evil(Kind::Checksum, "fmt.1.0"),
    ];
    w.says_with("ja", "ja-laptop", quorums.clone());
    // Not even where another janitor agrees.
    w.says("jb", quorums);
    w.verdict().is_clean();
    w.says_with("ja", "ja-laptop", vec![evil(Kind::Checksum, "lwt.1.0")]);
    w.verdict()
        .is_rejected(Code::Superseded, "packages/lwt/lwt.1.0/checksum");
}

/// An emptied authorisation does not set the name free: it was claimed, and stays so.
#[test]
fn an_authorisation_without_owners_does_not_unclaim_the_name() {
    let mut w = World::usual().nostrict();
    let entry = w.authorisation("fmt", at(0, 2), &[]);
    w.quorum_says(vec![entry]);
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/fmt/releases");
    for path in ["authorisation", "releases", "fmt.1.0/checksum"] {
        w.remove(&format!("packages/fmt/{path}"));
    }
    w.verdict()
        .is_rejected(Code::MissingResource, "packages/fmt/authorisation");
}

/// What a revoked key said at the end of the counter stands in nobody's way.
#[test]
fn what_a_revoked_key_said_supersedes_nothing() {
    let mut w = World::usual();
    let evil = vouch(Kind::Checksum, "fmt.1.0", at(0, END), Digest::of(b"evil"));
    w.says("bob", vec![evil]);
    w.verdict().is_rejected(Code::Superseded, CHECKSUM);
    let file = w.author_file("bob", at(0, 2), &["bob-new"]);
    w.quorum_says(vec![file.clone()]);
    let entries = vec![
        file,
        w.now(Kind::Checksum, "fmt.1.0"),
        w.now(Kind::Releases, "fmt"),
    ];
    w.says_with("bob", "bob-new", entries);
    w.verdict().is_accepted();
}
