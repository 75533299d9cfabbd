//! What is taken back, and by whom.

use conex_verify::finding::Code;
use conex_verify::format::resource::Kind;

use crate::world::*;

const CHECKSUM: &str = "packages/fmt/fmt.1.0/checksum";

#[test]
fn an_owners_withdrawal_cancels_what_they_vouched_for() {
    let mut w = World::usual();
    w.says("bob", vec![withdraw(Kind::Checksum, "fmt.1.0", at(0, 1))]);
    w.verdict().is_rejected(Code::NotVouched, CHECKSUM);
}

#[test]
fn a_withdrawal_reaches_up_to_its_counter_and_no_further() {
    let mut w = World::usual();
    let next = w.checksum("fmt.1.0", at(0, 2));
    w.says("bob", vec![next]);
    w.says("bob", vec![withdraw(Kind::Checksum, "fmt.1.0", at(0, 1))]);
    w.verdict().is_clean();
    w.says("bob", vec![withdraw(Kind::Checksum, "fmt.1.0", at(0, 2))]);
    w.verdict().is_rejected(Code::NotVouched, CHECKSUM);
}

/// A withdrawn version does not stay above what is valid: it supersedes nothing.
///
/// ```text
/// bob   0.1 ok     0.5 evil (stolen key)    withdraw up to 0.5    0.6 = 0.1 again
/// ```
#[test]
fn a_withdrawn_version_supersedes_nothing() {
    let mut w = World::usual();
    let old = w.clone();
    let evil = w.checksum("fmt.1.0", at(0, 5));
    w.says("bob", vec![evil]);
    w.file(CHECKSUM, old.bytes(CHECKSUM));
    w.verdict().is_rejected(Code::Superseded, CHECKSUM);
    w.quorum_says(vec![w.now(Kind::Checksum, "fmt.1.0")]);
    w.says("bob", vec![withdraw(Kind::Checksum, "fmt.1.0", at(0, 5))]);
    w.verdict().is_clean();
}

#[test]
fn nobody_withdraws_for_somebody_else() {
    let mut w = World::usual();
    w.joined("eve");
    let entry = w.authorisation("fmt", at(0, 2), &["bob", "eve"]);
    w.quorum_says(vec![entry]);
    for who in ["eve", "ja", "jb", "jc", "stranger"] {
        w.says(who, vec![withdraw(Kind::Checksum, "fmt.1.0", at(END, END))]);
    }
    // And not in his name, with a key of theirs.
    for key in ["eve", "ja", "stranger"] {
        w.says_with(
            "bob",
            key,
            vec![withdraw(Kind::Checksum, "fmt.1.0", at(END, END))],
        );
    }
    w.verdict().is_accepted();
}

/// The laptop of the janitor `ja` is stolen, with the key of their id file: it
/// cannot undo what the key of the chain approved.
#[test]
fn a_withdrawal_under_an_owners_key_does_not_touch_entries_under_a_chain_key() {
    let mut w = World::usual();
    let file = w.author_file("ja", at(0, 1), &["ja", "ja-laptop"]);
    w.quorum_says(vec![file.clone()]);
    w.says_with("ja", "ja-laptop", vec![file]);
    w.owned("lwt", &["ja"]);
    w.released("lwt.1.0", "ja");
    let everything = vec![
        withdraw(Kind::Authorisation, "fmt", at(END, END)),
        withdraw(Kind::Author, "bob", at(END, END)),
        withdraw(Kind::Author, "ja", at(END, END)),
        withdraw(Kind::Checksum, "lwt.1.0", at(END, END)),
        withdraw(Kind::Releases, "lwt", at(END, END)),
    ];
    w.says_with("ja", "ja-laptop", everything.clone());
    w.verdict().is_clean();
    // With the key of the chain it does, and takes the quorum with it.
    w.says("ja", everything);
    w.verdict()
        .is_rejected(Code::Quorum, "packages/fmt/authorisation")
        .is_rejected(Code::NotVouched, "packages/lwt/lwt.1.0/checksum")
        .reports(Code::PendingId, "ids/bob");
}

/// The other way round: what the laptop vouched for, the key of the chain takes back.
#[test]
fn a_withdrawal_under_a_chain_key_cancels_entries_under_an_owners_key() {
    let mut w = World::usual();
    let file = w.author_file("ja", at(0, 1), &["ja", "ja-laptop"]);
    w.quorum_says(vec![file.clone()]);
    w.owned("lwt", &["ja"]);
    w.file(&opam_path("lwt.1.0"), OPAM);
    let mut entries = w.listed("lwt.1.0", at(0, 1));
    entries.push(file);
    w.says_with("ja", "ja-laptop", entries);
    w.verdict().is_clean();
    w.says("ja", vec![withdraw(Kind::Checksum, "lwt.1.0", at(0, 1))]);
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/lwt/lwt.1.0/checksum");
}

/// Withdrawing an approval does not set the name free: it was claimed, and stays so.
#[test]
fn withdrawing_the_authorisation_does_not_unclaim_the_name() {
    let mut w = World::usual().nostrict();
    w.quorum_says(vec![withdraw(Kind::Authorisation, "fmt", at(0, 1))]);
    w.verdict()
        .is_rejected(Code::Quorum, "packages/fmt/authorisation");
}

/// A withdrawal under a key that no longer is valid cancels nothing.
#[test]
fn a_withdrawal_under_a_revoked_key_cancels_nothing() {
    let mut w = World::usual();
    w.says(
        "bob",
        vec![withdraw(Kind::Checksum, "fmt.1.0", at(END, END))],
    );
    w.verdict().is_rejected(Code::NotVouched, CHECKSUM);
    let file = w.author_file("bob", at(0, 2), &["bob-new"]);
    w.quorum_says(vec![file.clone()]);
    w.says_with(
        "bob",
        "bob-new",
        vec![
            file,
            w.now(Kind::Checksum, "fmt.1.0"),
            w.now(Kind::Releases, "fmt"),
        ],
    );
    w.verdict().is_accepted();
}

/// Proof of a key is not undone by a withdrawal: the key did sign for this id.
#[test]
fn withdrawing_the_own_file_does_not_unprove_the_key() {
    let mut w = World::usual();
    w.says("bob", vec![withdraw(Kind::Author, "bob", at(0, 1))]);
    w.verdict().is_clean();
}

/// A withdrawal alone proves nothing.
#[test]
fn a_withdrawal_of_the_own_file_proves_no_key() {
    let mut w = World::usual();
    let file = w.author_file("eve", at(0, 1), &["eve"]);
    w.quorum_says(vec![file]);
    w.says("eve", vec![withdraw(Kind::Author, "eve", at(0, 1))]);
    w.owned("lwt", &["eve"]);
    w.released("lwt.1.0", "eve");
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/lwt/releases");
}
