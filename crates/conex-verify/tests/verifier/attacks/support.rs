//! Which version of a resource is valid.

use conex_verify::finding::Code;
use conex_verify::format::resource::Kind;

use crate::world::*;

const CHECKSUM: &str = "packages/fmt/fmt.1.0/checksum";
const LIST: &str = "packages/fmt/releases";

/// The owner goes wrong, a quorum mends it, and the server serves the owner's
/// version to somebody who has never seen the repository.
///
/// ```text
/// bob     0.1 -----------------> still in his index for ever
/// quorum          0.2 (fixed)
/// server              serves 0.1 again
/// ```
#[test]
fn a_quorums_fix_supersedes_the_owners_version_on_a_first_clone() {
    let mut w = World::usual();
    let old = w.clone();
    w.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n# mended\n");
    let fix = w.checksum("fmt.1.0", at(0, 2));
    w.quorum_says(vec![fix]);
    w.verdict().is_clean();
    for path in [CHECKSUM, &opam_path("fmt.1.0")] {
        w.file(path, old.bytes(path));
    }
    w.verdict().is_rejected(Code::Superseded, CHECKSUM);
}

/// The owner releases again: the older release list and checksum are refused.
#[test]
fn an_owners_older_version_is_refused() {
    let mut w = World::usual();
    let old = w.clone();
    w.file(&opam_path("fmt.2.0"), OPAM);
    let entries = vec![
        w.checksum("fmt.2.0", at(0, 1)),
        w.release_list("fmt", at(0, 2)),
    ];
    w.says("bob", entries);
    w.verdict().is_clean();
    w.remove(&opam_path("fmt.2.0"));
    w.remove(&checksum_path("fmt.2.0"));
    w.file("packages/fmt/releases", old.bytes("packages/fmt/releases"));
    w.verdict()
        .is_rejected(Code::Superseded, "packages/fmt/releases");
}

/// One of two janitors needed vouches for a new version that is not there yet.
#[test]
fn a_half_made_approval_breaks_nothing() {
    let mut w = World::usual();
    let before = w.tree.files["packages/fmt/authorisation"].to_vec();
    let next = w.authorisation("fmt", at(0, 2), &["bob", "eve"]);
    w.says("ja", vec![next.clone()]);
    w.file("packages/fmt/authorisation", before);
    w.verdict().is_clean();
    // Completed, it decides.
    w.says("jc", vec![next]);
    w.verdict()
        .is_rejected(Code::Superseded, "packages/fmt/authorisation");
}

/// An outsider vouches for a higher version of everything, under a key of their own.
#[test]
fn a_strangers_higher_counter_supersedes_nothing() {
    let mut w = World::usual();
    let digest = conex_verify::format::digest::Digest::of(b"anything");
    let path = w.says(
        "mallory",
        vec![
            vouch(Kind::Checksum, "fmt.1.0", at(0, END), digest),
            vouch(Kind::Releases, "fmt", at(LAST_EPOCH, END), digest),
            vouch(Kind::Authorisation, "fmt", at(0, 9), digest),
            vouch(Kind::Author, "bob", at(0, 9), digest),
        ],
    );
    w.verdict().is_accepted().reports(Code::UnknownKey, &path);
}

/// An author of another package does the same, under a key that counts.
#[test]
fn another_authors_higher_counter_supersedes_nothing() {
    let mut w = World::usual();
    w.joined("eve");
    let digest = conex_verify::format::digest::Digest::of(b"anything");
    w.says(
        "eve",
        vec![
            vouch(Kind::Checksum, "fmt.1.0", at(0, END), digest),
            vouch(Kind::Releases, "fmt", at(0, END), digest),
            vouch(Kind::Authorisation, "fmt", at(0, END), digest),
            vouch(Kind::Author, "bob", at(0, END), digest),
        ],
    );
    w.verdict().is_clean();
}

/// `bob` vouches for two files with one counter, and shows one to each half of the
/// world.
#[test]
fn equivocation_makes_both_versions_invalid() {
    let mut w = World::usual();
    let first = w.clone();
    w.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n# evil\n");
    let second = w.checksum("fmt.1.0", at(0, 1));
    w.says("bob", vec![second]);
    w.verdict().is_rejected(Code::Equivocation, CHECKSUM);
    for path in [CHECKSUM, &opam_path("fmt.1.0")] {
        w.file(path, first.bytes(path));
    }
    w.verdict().is_rejected(Code::Equivocation, CHECKSUM);
    // The counter rises above both, and all is well.
    let third = w.checksum("fmt.1.0", at(0, 2));
    w.says("bob", vec![third]);
    w.verdict().is_clean();
}

/// Equivocation about a version that something higher replaced does not matter.
#[test]
fn equivocation_below_the_highest_version_is_history() {
    let mut w = World::usual();
    let digest = conex_verify::format::digest::Digest::of(b"another");
    w.says(
        "bob",
        vec![vouch(Kind::Checksum, "fmt.1.0", at(0, 1), digest)],
    );
    w.verdict().is_rejected(Code::Equivocation, CHECKSUM);
    let next = w.checksum("fmt.1.0", at(0, 2));
    w.says("bob", vec![next]);
    w.verdict().is_clean();
}

/// Owner and quorum disagree at one counter: neither is valid.
#[test]
fn owner_and_quorum_at_one_counter_contest_each_other() {
    let mut w = World::usual();
    w.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n# other\n");
    let other = w.checksum("fmt.1.0", at(0, 1));
    w.quorum_says(vec![other]);
    w.verdict().is_rejected(Code::Equivocation, CHECKSUM);
}

/// Bytes that nobody vouched for, at the counter that somebody vouched for.
#[test]
fn an_unsupported_file_at_a_supported_counter_is_refused() {
    let mut w = World::usual();
    w.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n# evil\n");
    w.checksum("fmt.1.0", at(0, 1));
    w.verdict().is_rejected(Code::Digest, CHECKSUM);
}

/// A key of `bob` is stolen; `bob` is emptied by a quorum.
///
/// ```text
/// bob     fmt 0.1 (his)                 fmt 0.2 (the thief)
/// quorum                 bob: no keys
/// ```
#[test]
fn a_revoked_authors_vouches_stop_counting() {
    let mut w = World::usual();
    w.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n# evil\n");
    let evil = w.checksum("fmt.1.0", at(0, 2));
    w.says("bob", vec![evil]);
    w.verdict().is_clean();
    let revoked = w.author_file("bob", at(0, 2), &[]);
    w.quorum_says(vec![revoked]);
    w.verdict().is_rejected(Code::NotVouched, LIST);
    // A quorum vouches for what was there before the theft.
    w.file(&opam_path("fmt.1.0"), OPAM);
    let mut entries = w.listed("fmt.1.0", at(0, 3));
    entries[1] = w.now(Kind::Releases, "fmt");
    w.quorum_says(entries);
    w.verdict().is_accepted();
}

/// After the revocation the server shows the old file of `bob`, with his key.
#[test]
fn a_revoked_authors_old_file_is_refused() {
    let mut w = World::usual();
    let old = w.bytes("packages/.conex/ids/bob");
    let revoked = w.author_file("bob", at(0, 2), &[]);
    let mut entries = w.listed("fmt.1.0", at(0, 2));
    entries.push(revoked);
    w.quorum_says(entries);
    w.verdict().is_accepted();
    w.file("packages/.conex/ids/bob", old);
    w.verdict()
        .is_rejected(Code::Superseded, "packages/.conex/ids/bob");
}

/// The key of `bob` was replaced; what the old key signed no longer counts.
#[test]
fn a_replaced_keys_vouches_stop_counting() {
    let mut w = World::usual();
    let file = w.author_file("bob", at(0, 2), &["bob-new"]);
    w.quorum_says(vec![file.clone()]);
    w.says_with("bob", "bob-new", vec![file]);
    w.verdict()
        .is_rejected(Code::NotVouched, LIST)
        .reports(Code::UnknownKey, "index/bob/");
    // He signs again with the new one.
    w.says_with(
        "bob",
        "bob-new",
        vec![
            w.now(Kind::Checksum, "fmt.1.0"),
            w.now(Kind::Releases, "fmt"),
        ],
    );
    w.verdict().is_accepted();
}

/// An owner was removed: what they signed no longer supports the package.
#[test]
fn a_removed_owners_vouches_stop_counting() {
    let mut w = World::usual();
    w.joined("eve");
    let entry = w.authorisation("fmt", at(0, 2), &["eve"]);
    w.quorum_says(vec![entry]);
    w.verdict().is_rejected(Code::NotVouched, LIST);
}

/// A package has two owners, one of whom is revoked.
#[test]
fn one_revoked_owner_does_not_stop_a_package_that_the_other_supports() {
    let mut w = World::usual();
    w.joined("eve");
    let entry = w.authorisation("fmt", at(0, 2), &["bob", "eve"]);
    w.quorum_says(vec![entry]);
    let revoked = w.author_file("eve", at(0, 2), &[]);
    w.quorum_says(vec![revoked]);
    w.verdict().is_accepted();
}

/// The same with a team: one member is revoked, one never was an author.
#[test]
fn one_broken_member_does_not_stop_a_package_that_others_support() {
    let mut w = World::usual();
    w.joined("eve");
    w.teamed("crew", &["bob", "eve", "ghost"]);
    let entry = w.authorisation("fmt", at(0, 2), &["crew", "nobody"]);
    w.quorum_says(vec![entry]);
    let revoked = w.author_file("eve", at(0, 2), &[]);
    w.quorum_says(vec![revoked]);
    w.verdict()
        .is_accepted()
        .reports(Code::NotAnAuthor, "ids/crew")
        .reports(Code::NotAnAuthor, "packages/fmt/authorisation");
}

/// A member who left the team supports nothing any more.
#[test]
fn a_member_who_left_supports_nothing() {
    let mut w = World::usual();
    w.joined("eve");
    w.teamed("crew", &["bob", "eve"]);
    let entry = w.authorisation("fmt", at(0, 2), &["crew"]);
    w.quorum_says(vec![entry]);
    w.verdict().is_clean();
    let left = w.team_file("crew", at(0, 2), &["eve"]);
    w.quorum_says(vec![left]);
    w.verdict().is_rejected(Code::NotVouched, LIST);
}

/// `bob` rotates a key, and his pending file does not carry the old one: until it is
/// approved his packages are not supported, and those of others are.
#[test]
fn a_pending_file_of_one_author_does_not_touch_the_packages_of_others() {
    let mut w = World::usual();
    w.joined("eve");
    w.owned("lwt", &["eve"]);
    w.released("lwt.1.0", "eve");
    w.author_file("eve", at(0, 2), &["eve-new"]);
    let verdict = w.verdict();
    verdict
        .is_rejected(Code::NotVouched, "packages/lwt/releases")
        .reports(Code::PendingId, "ids/eve");
    assert!(
        !verdict
            .findings
            .iter()
            .any(|f| f.path.contains("packages/fmt")),
        "{}",
        verdict.text()
    );
}

/// A janitor who owns something vouches for it with the key of the chain alone.
#[test]
fn a_janitor_can_own() {
    let mut w = World::usual();
    w.owned("lwt", &["ja"]);
    w.released("lwt.1.0", "ja");
    w.verdict().is_clean();
}

/// A removed janitor's vouches no longer count.
#[test]
fn a_removed_janitors_vouches_stop_counting() {
    let mut w = World::with_janitors(2, &["ja", "jb", "jc"]);
    w.joined("bob");
    w.owned("fmt", &["bob"]);
    w.released("fmt.1.0", "bob");
    w.link(&link(2, &["ja", "jc"], &["ja", "jc"]));
    let verdict = w.verdict();
    verdict
        .is_rejected(Code::Unclaimed, "packages/fmt")
        .reports(Code::UnknownKey, "index/jb/");
    // `jc` vouches again.
    w.says(
        "jc",
        vec![
            w.now(Kind::Author, "bob"),
            w.now(Kind::Authorisation, "fmt"),
        ],
    );
    w.verdict().is_accepted();
}
