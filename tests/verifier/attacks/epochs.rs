//! A counter at its end, and the way back that only a quorum opens.

use conex_verify::finding::Code;
use conex_verify::format::resource::Kind;

use crate::world::*;

const CHECKSUM: &str = "packages/fmt/fmt.1.0/checksum";

/// The stolen key of `bob` pushes the counter to its end. A quorum opens epoch 1,
/// and `bob`, with a new key, goes on in it.
///
/// ```text
///            epoch 0                     epoch 1
/// bob        0.1 ... 0.END (thief)               1.2   1.3
/// quorum                                  1.1
/// ```
#[test]
fn after_a_fast_forward_a_quorum_opens_an_epoch_and_the_owner_goes_on() {
    let mut w = World::usual();
    let honest = w.bytes(CHECKSUM);
    let evil = w.checksum("fmt.1.0", at(0, END));
    w.says("bob", vec![evil]);
    w.verdict().is_clean();
    w.file(CHECKSUM, honest);
    w.verdict().is_rejected(Code::Superseded, CHECKSUM);
    // The owner alone cannot go beyond the end.
    let alone = w.checksum("fmt.1.0", at(1, 1));
    w.says("bob", vec![alone.clone()]);
    w.verdict().is_rejected(Code::EpochNotOpened, CHECKSUM);
    w.quorum_says(vec![alone]);
    w.verdict().is_clean();
    for counter in 2..4 {
        let next = w.checksum("fmt.1.0", at(1, counter));
        w.says("bob", vec![next]);
        w.verdict().is_clean();
    }
    // The next epoch is closed again.
    let closed = w.checksum("fmt.1.0", at(2, 1));
    w.says("bob", vec![closed]);
    w.verdict().is_rejected(Code::EpochNotOpened, CHECKSUM);
}

/// An epoch that one janitor opens is not open.
#[test]
fn one_janitor_opens_no_epoch() {
    let mut w = World::usual();
    let entry = w.checksum("fmt.1.0", at(1, 1));
    w.says("bob", vec![entry.clone()]);
    w.says("ja", vec![entry]);
    w.verdict().is_rejected(Code::EpochNotOpened, CHECKSUM);
}

/// Janitors open an epoch with entries for different counters and digests: what
/// counts is the epoch.
#[test]
fn an_epoch_is_open_whatever_counter_and_digest_the_quorum_has() {
    let mut w = World::usual();
    let one = w.checksum("fmt.1.0", at(1, 1));
    w.says("ja", vec![one]);
    w.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n# other\n");
    let two = w.checksum("fmt.1.0", at(2, 7));
    w.says("jb", vec![two]);
    let mine = w.checksum("fmt.1.0", at(1, 2));
    w.says("bob", vec![mine]);
    w.verdict().is_clean();
}

/// Withdrawn entries open nothing.
#[test]
fn a_withdrawn_approval_opens_no_epoch() {
    let mut w = World::usual();
    let entry = w.checksum("fmt.1.0", at(1, 1));
    w.quorum_says(vec![entry]);
    let mine = w.checksum("fmt.1.0", at(1, 2));
    w.says("bob", vec![mine]);
    w.verdict().is_clean();
    w.says("jb", vec![withdraw(Kind::Checksum, "fmt.1.0", at(1, 1))]);
    w.verdict().is_rejected(Code::EpochNotOpened, CHECKSUM);
}

/// An epoch opened for one resource is not open for another.
#[test]
fn an_epoch_is_of_one_resource() {
    let mut w = World::usual();
    w.quorum_says(vec![vouch(
        Kind::Releases,
        "fmt",
        at(1, 1),
        conex_verify::format::digest::Digest::of(b"x"),
    )]);
    let mine = w.checksum("fmt.1.0", at(1, 2));
    w.says("bob", vec![mine]);
    w.verdict().is_rejected(Code::EpochNotOpened, CHECKSUM);
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
    let entry = w.checksum("fmt.1.0", at(1, 1));
    w.says("bob", vec![entry.clone()]);
    w.says("eve", vec![entry.clone()]);
    w.says_with("ja", "ja-laptop", vec![file, entry.clone()]);
    w.says("jb", vec![entry]);
    w.verdict().is_rejected(Code::EpochNotOpened, CHECKSUM);
}

/// Epochs beat counters: (1, 0) is above (0, END), and a file may start at 0.
#[test]
fn the_order_is_epoch_first() {
    let mut w = World::usual();
    let end = w.checksum("fmt.1.0", at(0, END));
    w.says("bob", vec![end]);
    let next = w.checksum("fmt.1.0", at(1, 0));
    w.quorum_says(vec![next]);
    w.verdict().is_clean();
}

/// The last version that there can be.
#[test]
fn the_end_of_all_epochs_is_a_version_as_any() {
    let mut w = World::usual();
    let last = w.checksum("fmt.1.0", at(END, END));
    w.says("bob", vec![last.clone()]);
    w.verdict().is_rejected(Code::EpochNotOpened, CHECKSUM);
    w.quorum_says(vec![last]);
    w.verdict().is_clean();
}

/// One more than the end, and negative numbers, cannot be read.
#[test]
fn numbers_beyond_the_end_are_refused() {
    let w = World::usual();
    let text = String::from_utf8(w.bytes(CHECKSUM)).unwrap();
    for number in [
        "4611686018427387904",
        "9223372036854775808",
        "18446744073709551616",
        "-1",
        "01",
        "1_000",
        "0x1",
        "+1",
    ] {
        let mut w = w.clone();
        let changed = text.replace("counter: 1\n", &format!("counter: {number}\n"));
        assert_ne!(text, changed);
        w.file(CHECKSUM, resealed(changed.as_bytes()).unwrap());
        assert!(
            w.verdict()
                .findings
                .iter()
                .any(|f| f.path == CHECKSUM && (f.code == Code::Encoding || f.code == Code::Syntax)),
            "{number}: {}",
            w.verdict().text()
        );
        w.verdict().is_rejected(
            w.verdict()
                .findings
                .iter()
                .find(|f| f.path == CHECKSUM)
                .unwrap()
                .code,
            CHECKSUM,
        );
    }
}
