//! A counter at its end, and the way back that only a quorum opens. The checksums of a
//! package have no epochs of their own: theirs is that of the list of releases.

use conex_verify::finding::Code;
use conex_verify::format::digest::Digest;
use conex_verify::format::resource::Kind;

use crate::client::accepted_after;
use crate::world::*;

const CHECKSUM: &str = "packages/fmt/fmt.1.0/checksum";
const LIST: &str = "packages/fmt/releases";

/// The stolen key of `bob` pushes the counters to their end. A quorum opens epoch 1 of the
/// list, and `bob`, with a new key, goes on in it.
///
/// ```text
///            epoch 0                     epoch 1
/// bob        0.1 ... 0.END (thief)               1.2   1.3
/// quorum                                  1.1
/// ```
#[test]
fn after_a_fast_forward_a_quorum_opens_an_epoch_and_the_owner_goes_on() {
    let mut w = World::usual();
    let honest = w.clone();
    let evil = w.listed("fmt.1.0", at(0, END));
    w.says("bob", evil);
    w.verdict().is_clean();
    for path in [CHECKSUM, LIST] {
        w.file(path, honest.bytes(path));
        w.verdict().is_rejected(Code::Superseded, path);
    }
    // The owner alone cannot go beyond the end.
    let alone = w.listed("fmt.1.0", at(1, 1));
    w.says("bob", alone.clone());
    w.verdict().is_rejected(Code::EpochNotOpened, LIST);
    w.quorum_says(alone);
    w.verdict().is_clean();
    for counter in 2..4 {
        let next = w.listed("fmt.1.0", at(1, counter));
        w.says("bob", next);
        w.verdict().is_clean();
    }
    // The next epoch is closed again.
    let closed = w.listed("fmt.1.0", at(2, 1));
    w.says("bob", closed);
    w.verdict().is_rejected(Code::EpochNotOpened, LIST);
}

/// A checksum alone goes to no other epoch, whoever vouches for it.
#[test]
fn a_checksum_of_another_epoch_than_the_list_does_not_count() {
    for (list, checksum) in [(0, 1), (1, 0), (1, 2)] {
        let mut w = World::usual();
        let list = w.release_list("fmt", at(list, 2));
        w.quorum_says(vec![list]);
        let entry = w.checksum("fmt.1.0", at(checksum, 2));
        w.says("bob", vec![entry.clone()]);
        w.quorum_says(vec![entry]);
        w.verdict().is_rejected(Code::NotVouched, CHECKSUM);
    }
}

/// What is vouched for in other epochs neither supersedes nor contests: the thief's
/// checksums of the epoch before, and those of an epoch that nobody opened.
#[test]
fn checksums_of_other_epochs_supersede_nothing() {
    let mut w = World::usual();
    let list = w.listed("fmt.1.0", at(1, 1));
    w.quorum_says(list);
    let digest = Digest::of(b"evil");
    for epoch in [0, 2, LAST_EPOCH] {
        let evil = vouch(Kind::Checksum, "fmt.1.0", at(epoch, END), digest);
        w.says("bob", vec![evil.clone()]);
        w.quorum_says(vec![evil]);
    }
    w.verdict().is_clean();
}

/// Without a valid list no checksum counts, and the finding is about the list.
#[test]
fn without_a_valid_list_no_checksum_counts() {
    let mut w = World::usual();
    w.file(&opam_path("fmt.2.0"), OPAM);
    let entry = w.checksum("fmt.2.0", at(0, 1));
    w.says("bob", vec![entry]);
    w.release_list("fmt", at(0, 2));
    let verdict = w.verdict();
    verdict.is_rejected(Code::NotVouched, LIST);
    let about = |f: &&conex_verify::finding::Finding| f.path.ends_with("/checksum");
    assert_eq!(verdict.findings.iter().find(about), None);
}

/// An epoch that one janitor opens is not open.
#[test]
fn one_janitor_opens_no_epoch() {
    let mut w = World::usual();
    let entries = w.listed("fmt.1.0", at(1, 1));
    w.says("bob", entries.clone());
    w.says("ja", entries);
    w.verdict().is_rejected(Code::EpochNotOpened, LIST);
}

/// A quorum opens an epoch with one and the same version: a thief who knows the entry of
/// one janitor cannot make up the rest of a quorum from something else that another said.
#[test]
fn janitors_who_vouch_for_different_versions_open_no_epoch() {
    let mut w = World::usual();
    let one = vouch(Kind::Releases, "fmt", at(1, 1), Digest::of(b"one"));
    w.says("ja", vec![one]);
    for other in [
        vouch(Kind::Releases, "fmt", at(1, 1), Digest::of(b"other")),
        vouch(Kind::Releases, "fmt", at(1, 2), Digest::of(b"one")),
        vouch(Kind::Releases, "fmt", at(2, 1), Digest::of(b"one")),
    ] {
        w.says("jb", vec![other]);
        let mine = w.listed("fmt.1.0", at(1, 2));
        w.says("bob", mine);
        w.verdict().is_rejected(Code::EpochNotOpened, LIST);
    }
}

/// A version of a later epoch opens the ones before it, too.
#[test]
fn an_epoch_is_open_when_a_later_one_is() {
    let mut w = World::usual();
    let entry = w.authorisation("fmt", at(2, 1), &["bob"]);
    w.quorum_says(vec![entry]);
    w.verdict().is_clean();
    let lower = w.authorisation("fmt", at(1, 1), &["bob"]);
    w.quorum_says(vec![lower]);
    w.verdict()
        .is_rejected(Code::Superseded, "packages/fmt/authorisation");
}

/// An epoch opened for one resource is not open for another.
#[test]
fn an_epoch_is_of_one_resource() {
    let mut w = World::usual();
    let entry = w.authorisation("fmt", at(1, 1), &["bob"]);
    w.quorum_says(vec![
        entry,
        vouch(Kind::Releases, "lwt", at(1, 1), Digest::of(b"x")),
        vouch(Kind::Checksum, "fmt.1.0", at(1, 1), Digest::of(b"x")),
    ]);
    let mine = w.listed("fmt.1.0", at(1, 2));
    w.says("bob", mine);
    w.verdict().is_rejected(Code::EpochNotOpened, LIST);
}

/// Entries of authors, and of the janitor's second key, open no epoch.
#[test]
fn owners_and_second_keys_open_no_epoch() {
    let mut w = World::usual();
    w.joined("eve");
    let file = w.author_file("ja", at(0, 1), &["ja", "ja-laptop"]);
    w.quorum_says(vec![file.clone()]);
    let authorisation = w.authorisation("fmt", at(0, 2), &["bob", "eve", "ja"]);
    w.quorum_says(vec![authorisation]);
    let entries = w.listed("fmt.1.0", at(1, 1));
    w.says("bob", entries.clone());
    w.says("eve", entries.clone());
    w.says_with("ja", "ja-laptop", [vec![file], entries.clone()].concat());
    w.says("jb", entries);
    w.verdict().is_rejected(Code::EpochNotOpened, LIST);
}

/// The key of a janitor who was removed is stolen, and names the last epoch: nothing follows
/// from that, neither now nor when a quorum opens the next one.
#[test]
fn a_removed_janitors_key_that_names_the_last_epoch_has_no_effect() {
    let mut w = World::usual();
    w.link(&link(2, &["ja", "jb"], &["ja", "jb"]));
    w.verdict().is_accepted();
    let before = w.clone();
    let digest = Digest::of(b"evil");
    let all = [
        (Kind::Authorisation, "fmt"),
        (Kind::Releases, "fmt"),
        (Kind::Checksum, "fmt.1.0"),
        (Kind::Author, "bob"),
        (Kind::Team, "notaries"),
        (Kind::Claims, "claims"),
    ];
    let last = |(kind, name)| vouch(kind, name, at(LAST_EPOCH, END), digest);
    let evil: Vec<_> = all.into_iter().map(last).collect();
    w.says("jc", evil.clone());
    w.verdict().is_accepted();
    // Not with one of today's janitors either.
    w.says("ja", evil);
    accepted_after(&[&before], &w);
    let mut next = w.clone();
    let entries = next.listed("fmt.1.0", at(1, 1));
    next.quorum_says(entries);
    accepted_after(&[&before, &w], &next);
    accepted_after(&[&before], &next);
}

/// Epochs beat counters: (1, 0) is above (0, END), and a file may start at 0.
#[test]
fn the_order_is_epoch_first() {
    let mut w = World::usual();
    let end = w.listed("fmt.1.0", at(0, END));
    w.says("bob", end);
    let next = w.listed("fmt.1.0", at(1, 0));
    w.quorum_says(next);
    w.verdict().is_clean();
}

/// The last version that there can be.
#[test]
fn the_end_of_all_epochs_is_a_version_as_any() {
    let mut w = World::usual();
    let last = w.listed("fmt.1.0", at(LAST_EPOCH, END));
    w.says("bob", last.clone());
    w.verdict().is_rejected(Code::EpochNotOpened, LIST);
    w.quorum_says(last);
    w.verdict().is_clean();
}

/// One more than the end, and negative numbers, cannot be read.
#[test]
fn numbers_beyond_the_end_are_refused() {
    let w = World::usual();
    let text = String::from_utf8(w.bytes(CHECKSUM)).unwrap();
    let counters = [
        "4611686018427387904",
        "9223372036854775808",
        "18446744073709551616",
        "-1",
        "01",
        "1_000",
        "0x1",
        "+1",
    ];
    let counters = counters.map(|number| ("counter: 1\n", format!("counter: {number}\n")));
    let epochs = ["1000001", "4611686018427387903", "-1", "00"];
    let epochs = epochs.map(|number| ("epoch: 0\n", format!("epoch: {number}\n")));
    for (from, to) in counters.into_iter().chain(epochs) {
        let mut w = w.clone();
        let changed = text.replace(from, &to);
        assert_ne!(text, changed);
        w.file(CHECKSUM, resealed(changed.as_bytes()).unwrap());
        let verdict = w.verdict();
        let unreadable = |code: &Code| matches!(code, Code::Encoding | Code::Syntax);
        let mut codes = verdict.findings.iter().filter(|f| f.path == CHECKSUM);
        let code = codes.next().map(|f| f.code).filter(unreadable);
        let code = code.unwrap_or_else(|| panic!("{to}: {}", verdict.text()));
        verdict.is_rejected(code, CHECKSUM);
    }
}

/// An entry of an epoch beyond the last one makes the segment unreadable, so nobody can
/// leave one behind after which there is none.
#[test]
fn entries_beyond_the_last_epoch_are_refused() {
    let mut w = World::usual();
    let entry = vouch(
        Kind::Releases,
        "fmt",
        at(LAST_EPOCH + 1, 1),
        Digest::of(b"x"),
    );
    let path = w.says("bob", vec![entry]);
    w.verdict().is_rejected(Code::Encoding, &path);
}
