//! What Guix tests of the authentication of its channels, by the names in `git-authenticate.scm`,
//! `channels.scm` and `git.scm`. Its authorisations are the chain of
//! janitors, its introduction the anchors, and a commit is a change of the repository.

use conex_verify::finding::Code;

use crate::client::refused_after;
use crate::world::*;

const JANITORS: [&str; 3] = ["ja", "jb", "jc"];

/// "unsigned commits"
#[test]
fn a_change_that_nobody_signed_is_refused() {
    let mut w = World::usual();
    w.file(&opam_path("fmt.1.0"), format!("{OPAM}build: [\"evil\"]\n"));
    w.verdict()
        .is_rejected(Code::Digest, "packages/fmt/fmt.1.0");
    let mut w = World::usual();
    w.file(&opam_path("fmt.2.0"), OPAM);
    w.verdict().is_rejected(Code::ReleaseList, "packages/fmt");
}

/// "signed commits, default authorizations": signed by those of the first day.
#[test]
fn a_change_by_those_of_the_first_day_is_accepted() {
    let mut w = World::usual();
    let entry = w.authorisation("fmt", at(0, 2), &["bob"]);
    w.says("jb", vec![entry.clone()]);
    w.says("jc", vec![entry]);
    w.verdict().is_clean();
}

/// "authenticate-channel, .guix-authorizations": a change by somebody whom only that change
/// authorises.
#[test]
fn nobody_authorises_themselves() {
    let mut w = World::usual();
    let path = w.link(&link(2, &["ja", "jb", "mallory"], &["mallory"]));
    w.verdict().is_rejected(Code::LinkSignatures, &path);
    let mut w = World::usual();
    let entry = w.author_file("mallory", at(0, 1), &["mallory"]);
    w.says("mallory", vec![entry]);
    let entry = w.authorisation("fmt", at(0, 2), &["mallory"]);
    w.says("mallory", vec![entry]);
    w.verdict()
        .is_rejected(Code::Quorum, "packages/fmt/authorisation");
}

/// "signed commits, .guix-authorizations, unauthorized merge": one side of a merge was made by
/// somebody who is not authorised in the other.
#[test]
fn a_merge_with_a_side_of_somebody_else_is_refused() {
    let start = World::usual();
    let mut other = start.clone();
    let _ = other.link(&link(2, &["ja", "jb", "mallory"], &["ja", "mallory"]));
    let entry = other.authorisation("fmt", at(0, 2), &["mallory"]);
    other.says("mallory", vec![entry.clone()]);
    other.says("ja", vec![entry]);
    let mut merged = start.clone();
    merged.link(&link(2, &JANITORS, &JANITORS));
    for path in other.paths().iter().filter(|p| !p.contains("janitors")) {
        merged.file(path, other.bytes(path));
    }
    merged
        .verdict()
        .is_rejected(Code::Quorum, "packages/fmt/authorisation");
}

/// "signed commits, .guix-authorizations, authorized merge"
#[test]
fn a_merge_of_two_authorised_sides_is_accepted() {
    let mut w = World::usual();
    w.link(&link(2, &["ja", "jb", "jc", "jd"], &["ja", "jb", "jd"]));
    let entry = w.authorisation("fmt", at(0, 2), &["bob"]);
    w.says("jd", vec![entry.clone()]);
    w.says("jc", vec![entry]);
    w.verdict().is_clean();
}

/// "signed commits, .guix-authorizations removed"
#[test]
fn authorisations_that_are_removed_are_missed() {
    let start = World::usual();
    let mut w = start.clone();
    w.remove("packages/.conex/janitors/0");
    w.verdict().is_rejected(Code::NoChain, "janitors");
    let mut w = start.clone();
    w.link(&link(2, &["ja", "jb", "jd"], &["ja", "jb", "jd"]));
    let next = w.clone();
    w.remove("packages/.conex/janitors/1");
    refused_after(&[&next], &start, Code::Forked, "janitors/1");
}

/// "authenticate-channel, wrong first commit signer": the introduction names another key.
#[test]
fn an_introduction_by_another_key_is_refused() {
    let w = World::usual().trusting(2, &["jx", "jy"]);
    w.verdict().is_rejected(Code::AnchorLink, "");
    let w = World::usual().trusting(2, &["ja", "jy"]);
    w.verdict().is_rejected(Code::AnchorLink, "");
}

/// "authenticate-channel, not a descendant of introductory commit": the introduction names a link
/// of another branch.
#[test]
fn an_introduction_of_another_link_is_refused() {
    let mut branch = World::usual();
    branch.link(&link(2, &["ja", "jb", "je"], &["ja", "jb", "je"]));
    let mut w = World::usual();
    w.link(&link(2, &["ja", "jb", "jd"], &["ja", "jb", "jd"]));
    w.pin = Some(branch.link_digest(1));
    w.verdict().is_rejected(Code::AnchorLink, "");
}

/// "latest-channel-instances #:validate-pull", "commit-relation": an earlier commit of the same
/// branch, all in order.
#[test]
fn an_earlier_state_is_a_downgrade() {
    let old = World::usual();
    let mut new = old.clone();
    new.file(&opam_path("fmt.2.0"), OPAM);
    let entries = vec![
        new.checksum("fmt.2.0", at(0, 1)),
        new.release_list("fmt", at(0, 2)),
    ];
    new.says("bob", entries);
    refused_after(&[&old, &new], &old, Code::Rollback, "packages/fmt/releases");
}

/// "commit-relation", unrelated: a commit that does not descend from the one that is there.
#[test]
fn a_state_of_another_history_is_refused() {
    let start = World::usual();
    let mut one = start.clone();
    one.link(&link(2, &["ja", "jb", "jd"], &["ja", "jb", "jd"]));
    let mut other = start.clone();
    other.link(&link(2, &["ja", "jb", "je"], &["ja", "jb", "je"]));
    refused_after(&[&start, &one], &other, Code::Forked, "janitors/1");
}

/// "signed commits, .guix-authorizations": a change by somebody whom an earlier change took out of
/// the authorisations.
#[test]
fn a_change_by_somebody_who_was_taken_out_is_refused() {
    let mut w = World::usual();
    w.link(&link(2, &["ja", "jb", "jd"], &["ja", "jb", "jd"]));
    let entry = w.authorisation("fmt", at(0, 2), &["bob"]);
    w.says("ja", vec![entry.clone()]);
    w.says("jc", vec![entry]);
    w.verdict()
        .is_rejected(Code::Quorum, "packages/fmt/authorisation");
}

/// "introductory commit, missing signature"
#[test]
fn an_introduction_without_signatures_is_refused() {
    let mut w = World::usual();
    w.link_at(0, &link(2, &JANITORS, &[]));
    w.pin = Some(w.link_digest(0));
    w.verdict().is_rejected(Code::AnchorLink, "");
}

/// "introductory commit, wrong signature": the introduction is signed by other keys than it names.
#[test]
fn an_introduction_with_signatures_of_others_is_refused() {
    let mut w = World::usual();
    w.link_at(0, &link(2, &JANITORS, &["jx", "jy", "jz"]));
    w.pin = Some(w.link_digest(0));
    w.verdict().is_rejected(Code::AnchorLink, "");
}

/// "introductory commit, valid signature"
#[test]
fn an_introduction_that_is_signed_is_accepted() {
    let mut w = World::usual();
    w.pin = Some(w.link_digest(0));
    w.verdict().is_clean();
}
