//! One person tries to be a quorum.

use conex_verify::finding::Code;
use conex_verify::format::resource::Kind;

use crate::world::*;

/// The usual world, and an authorisation of `lwt` that only `ja` vouches for.
fn half_approved() -> (World, conex_verify::format::resource::Entry) {
    let mut w = World::usual();
    let entry = w.authorisation("lwt", at(0, 1), &["bob"]);
    w.says("ja", vec![entry.clone()]);
    w.released("lwt.1.0", "bob");
    (w, entry)
}

#[test]
fn the_usual_world_is_clean() {
    World::usual().verdict().is_clean();
    World::usual().nostrict().verdict().is_clean();
}

#[test]
fn two_janitors_are_a_quorum_and_one_is_not() {
    let (mut w, entry) = half_approved();
    w.verdict().is_rejected(Code::Unclaimed, "packages/lwt");
    w.says("jc", vec![entry]);
    w.verdict().is_clean();
}

/// `ja` signs the same approval again, in a second and a third segment.
#[test]
fn one_janitor_signing_twice_counts_once() {
    let (mut w, entry) = half_approved();
    let other = w.now(Kind::Authorisation, "fmt");
    w.says("ja", vec![entry.clone(), other.clone()]);
    w.says("ja", vec![entry, w.now(Kind::Releases, "fmt"), other]);
    w.verdict().is_rejected(Code::Unclaimed, "packages/lwt");
}

/// `ja` writes a segment in the name of `jb`, signed with the key of `ja`.
#[test]
fn a_vouch_under_another_ids_segment_does_not_count() {
    let (mut w, entry) = half_approved();
    let path = w.says_with("jb", "ja", vec![entry]);
    w.verdict()
        .is_rejected(Code::Unclaimed, "packages/lwt")
        .reports(Code::UnknownKey, &path);
}

/// The same, but the segment claims to be signed with the key of `jb`.
#[test]
fn a_vouch_that_names_the_other_key_is_a_forgery() {
    let (mut w, entry) = half_approved();
    let forged = conex_verify::format::resource::Segment {
        repository: w.identity(),
        id: id("jb"),
        created: conex_verify::format::resource::Timestamp::unknown(),
        entries: vec![entry],
    };
    let signature = private("ja").sign(
        conex_verify::format::key::Namespace::Index,
        &forged.signed_bytes(),
    );
    let (path, bytes) = sealed(forged, fingerprint("jb"), signature);
    w.file(&path, bytes);
    w.verdict().is_rejected(Code::BadSignature, &path);
}

/// `ja` is also the author `alice`, with another key: two ids, one of them a janitor.
#[test]
fn an_author_does_not_count_for_the_quorum() {
    let (mut w, entry) = half_approved();
    w.joined("alice");
    w.says("alice", vec![entry]);
    w.verdict().is_rejected(Code::Unclaimed, "packages/lwt");
}

/// A link that gives one key to two janitors cannot be read.
#[test]
fn a_link_with_one_key_under_two_ids_is_refused() {
    let mut w = World::empty();
    w.link(&link(2, &["ja", "jb"], &["ja"]).with_key("jb", "ja"));
    w.trusting(1, &["ja"])
        .verdict()
        .is_rejected(Code::BadKey, "janitors/0");
}

/// Link 1 gives the key that `ja` had to the new janitor `jx`, and `ja` a new one:
/// old vouches of `ja` and new ones of `jx` would be two.
#[test]
fn a_janitors_key_under_another_id_in_a_later_link_is_refused() {
    let mut w = World::with_janitors(2, &["ja", "jb"]);
    w.link(
        &link(2, &["ja", "jb", "jx"], &["ja", "jb", "ja2"])
            .with_key("ja", "ja2")
            .with_key("jx", "ja"),
    );
    w.verdict().is_rejected(Code::KeyOfTwoIds, "janitors/1");
}

/// A second key of `ja`, in an approved file: owner's weight, no second approval.
#[test]
fn a_janitors_second_key_counts_for_ownership_only() {
    let (mut w, entry) = half_approved();
    let file = w.author_file("ja", at(0, 1), &["ja", "ja-laptop"]);
    w.quorum_says(vec![file.clone()]);
    w.says_with("ja", "ja-laptop", vec![file, entry.clone()]);
    w.verdict().is_rejected(Code::Unclaimed, "packages/lwt");
    // Nor does it with another janitor's half: `ja` is there once.
    w.says("jc", vec![entry]);
    w.verdict().is_clean();
}

/// Only `ja-laptop` and `jb` vouch: one of the two does not count.
#[test]
fn a_janitors_second_key_is_no_half_of_a_quorum() {
    let mut w = World::usual();
    let file = w.author_file("ja", at(0, 1), &["ja", "ja-laptop"]);
    w.quorum_says(vec![file.clone()]);
    let entry = w.authorisation("lwt", at(0, 1), &["bob"]);
    w.says_with("ja", "ja-laptop", vec![file, entry.clone()]);
    w.says("jb", vec![entry]);
    w.released("lwt.1.0", "bob");
    w.verdict().is_rejected(Code::Unclaimed, "packages/lwt");
}

/// `mallory` has a well-formed file and keys, but nobody approved it.
#[test]
fn an_author_who_is_not_yet_approved_supports_nothing() {
    let mut w = World::usual();
    let file = w.author_file("mallory", at(0, 1), &["mallory"]);
    w.says("mallory", vec![file]);
    w.owned("lwt", &["mallory"]);
    w.released("lwt.1.0", "mallory");
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/lwt/releases")
        .reports(Code::PendingId, "ids/mallory")
        .reports(Code::NotAnAuthor, "packages/lwt/authorisation");
}

/// A janitor approves `mallory` alone, from two segments and under two counters.
#[test]
fn an_author_approved_by_one_janitor_twice_supports_nothing() {
    let mut w = World::usual();
    let file = w.author_file("mallory", at(0, 1), &["mallory"]);
    w.says("mallory", vec![file.clone()]);
    w.says("ja", vec![file.clone()]);
    w.says("ja", vec![file, w.now(Kind::Author, "bob")]);
    w.owned("lwt", &["mallory"]);
    w.released("lwt.1.0", "mallory");
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/lwt/releases");
}

/// Approvals of two janitors for two different files are not two approvals.
#[test]
fn approvals_of_different_digests_do_not_add_up() {
    let mut w = World::usual();
    let one = w.authorisation("lwt", at(0, 1), &["mallory"]);
    w.says("ja", vec![one]);
    let two = w.authorisation("lwt", at(0, 1), &["bob"]);
    w.says("jb", vec![two]);
    w.released("lwt.1.0", "bob");
    w.verdict().is_rejected(Code::Unclaimed, "packages/lwt");
}

/// Approvals of two janitors for two revisions are not two approvals either.
#[test]
fn approvals_of_different_counters_do_not_add_up() {
    let mut w = World::usual();
    let entry = w.authorisation("lwt", at(0, 2), &["bob"]);
    let digest = entry.version.digest;
    w.says("ja", vec![entry]);
    w.says(
        "jb",
        vec![vouch(Kind::Authorisation, "lwt", at(0, 1), digest)],
    );
    w.released("lwt.1.0", "bob");
    w.verdict().is_rejected(Code::Unclaimed, "packages/lwt");
}

/// A janitor's entry for a package that somebody else owns is no owner's entry.
#[test]
fn a_janitor_is_not_an_owner() {
    let mut w = World::usual();
    w.file(&opam_path("fmt.2.0"), OPAM);
    let mut entries = vec![w.checksum("fmt.2.0", at(0, 1))];
    entries.push(w.release_list("fmt", at(0, 2)));
    w.says("ja", entries.clone());
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/fmt/releases");
    w.says("jb", entries);
    w.verdict().is_clean();
}

/// An owner who is no janitor cannot give the package away.
#[test]
fn an_owner_cannot_change_the_authorisation() {
    let mut w = World::usual();
    w.joined("eve");
    let entry = w.authorisation("fmt", at(0, 2), &["eve"]);
    w.says("bob", vec![entry]);
    w.verdict()
        .is_rejected(Code::Quorum, "packages/fmt/authorisation");
}
