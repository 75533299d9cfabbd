//! What a snapshot must be, and what follows what.

use conex_verify::finding::Code;
use conex_verify::format::resource::{Decode as _, SignedSnapshot};
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::anchors::{MaxAge, SnapshotPolicy};

use crate::snapshot::notary::*;
use crate::world::*;

fn present(w: &World) -> SignedSnapshot {
    SignedSnapshot::decode(&w.bytes(SNAPSHOT)).unwrap()
}

#[test]
fn a_snapshot_of_another_repository_is_refused() {
    let mut w = unsigned();
    let mut snapshot = present(&w).snapshot;
    snapshot.repository = World::usual().identity();
    w.says_snapshot("ja", snapshot);
    w.verdict().is_rejected(Code::ForeignRepository, SNAPSHOT);
}

#[test]
fn a_changed_byte_is_refused_whichever_it_is() {
    let w = unsigned();
    let bytes = w.bytes(SNAPSHOT);
    for at in 0..bytes.len() {
        let mut evil = w.clone();
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        evil.file(SNAPSHOT, changed);
        assert!(!evil.verdict().accepted, "byte {at}");
    }
}

/// A segment's or a link's signature is none of a snapshot, whatever is signed.
#[test]
fn a_signature_for_something_else_is_refused() {
    use conex_verify::format::key::Namespace;
    let mut w = unsigned();
    let snapshot = present(&w).snapshot;
    for namespace in [Namespace::Index, Namespace::Janitors] {
        let signature = private("ja").sign(namespace, &snapshot.signed_bytes());
        let bytes = snapshot.file(fingerprint("ja"), signature);
        w.file(SNAPSHOT, bytes);
        w.verdict().is_rejected(Code::BadSignature, SNAPSHOT);
    }
}

#[test]
fn two_signatures_are_refused() {
    let mut w = unsigned();
    let bytes = w.bytes(SNAPSHOT);
    let text = String::from_utf8(bytes).unwrap();
    let (head, signature) = text.split_once("signatures: [\n").unwrap();
    let line = signature.lines().next().unwrap();
    let twice = format!("{head}signatures: [\n{line}\n{line}\n]\n");
    w.file(SNAPSHOT, twice);
    w.verdict().is_rejected(Code::Encoding, SNAPSHOT);
}

/// In strict mode as well, and on a repository where everything is signed.
#[test]
fn a_snapshot_that_is_there_must_be_valid_in_every_mode() {
    let mut w = World::usual();
    w.notaries(at(1, 1), &["bob"]);
    w.stated("bob", at(1, 1));
    w.verdict().is_clean();
    w.stated("mallory", at(1, 1));
    w.verdict().is_rejected(Code::SnapshotSigner, SNAPSHOT);
    w.clone()
        .nostrict()
        .verdict()
        .is_rejected(Code::SnapshotSigner, SNAPSHOT);
}

#[test]
fn a_counter_that_does_not_rise_is_refused() {
    let first = unsigned();
    let mut next = first.clone();
    next.file(&opam_path("fmt.3.0"), OPAM);
    next.stated("ja", at(0, 1));
    next.verdict().is_accepted();
    remembers(&[&first], &next).is_rejected(Code::Rollback, SNAPSHOT);
    has_tree(&first, &next).is_rejected(Code::Rollback, SNAPSHOT);
    next.stated("ja", at(0, 2));
    remembers(&[&first], &next).is_accepted();
    has_tree(&first, &next).is_accepted();
}

/// U6: What is served once more is called older, another one with the same counter changed, and
/// a later one that is not valid is told of once.
#[test]
fn a_snapshot_that_does_not_follow_is_called_what_it_is() {
    let first = unsigned();
    let mut old = first.clone();
    old.stated("ja", at(0, 4));
    let of_snapshot = |next: &World, code| {
        let verdict = remembers(&[&old], next);
        verdict.is_rejected(code, SNAPSHOT);
        let told = verdict.findings.iter().filter(|f| f.path == SNAPSHOT);
        told.map(|f| f.message.clone()).collect::<Vec<_>>()
    };
    let older =
        "the snapshot, and the repository with it, is older than the one that was accepted before";
    assert_eq!(of_snapshot(&first, Code::Rollback), [older]);
    let mut same = first.clone();
    same.stated_at("ja", at(0, 4), "2026-11-24T15:00:00Z");
    let changed = "the snapshot changed without a new counter";
    assert_eq!(of_snapshot(&same, Code::Rollback), [changed]);
    let mut stranger = first.clone();
    stranger.stated("mallory", at(0, 5));
    let told = of_snapshot(&stranger, Code::SnapshotSigner);
    assert_eq!(told.len(), 1, "{told:?}");
}

/// opam may have applied half of an update: what is not valid proves nothing.
#[test]
fn a_snapshot_that_does_not_fit_its_tree_is_no_evidence() {
    let honest = unsigned();
    let mut damaged = honest.clone();
    damaged.stated("ja", at(0, 9));
    damaged.remove(&opam_path("zed.1.0"));
    damaged
        .verdict()
        .is_rejected(Code::Snapshot, "packages/zed");
    has_tree(&damaged, &honest).is_accepted();
}

/// The clock of the client, in both directions.
///
/// ```text
/// made              14:00 on the 24th
/// at most 2 days    until 14:00 on the 26th, from 14:00 on the 23rd
/// ```
#[test]
fn the_age_is_counted_in_the_right_direction() {
    let w = unsigned();
    for (now, accepted) in [
        ("2026-11-24T14:00:00Z", true),
        ("2026-11-26T14:00:00Z", true),
        ("2026-11-26T14:00:01Z", false),
        ("2036-11-26T14:00:00Z", false),
        ("2026-11-23T14:00:00Z", true),
        ("2026-11-23T13:59:59Z", false),
    ] {
        let verdict = w.verdict_for(at_most(2, now));
        assert_eq!(verdict.accepted, accepted, "{now}");
        if !accepted {
            verdict.is_rejected(Code::SnapshotAge, SNAPSHOT);
        }
    }
}

/// A time that no clock shows is no way around `--max-age`.
#[test]
fn a_time_that_does_not_exist_is_too_old_for_those_who_ask() {
    let mut w = unsigned();
    for created in [
        "0000-00-00T00:00:00Z",
        "9999-99-99T99:99:99Z",
        "1969-12-31T23:59:59Z",
    ] {
        w.stated_at("ja", at(0, 2), created);
        w.verdict().is_accepted();
        w.verdict_for(at_most(100_000, MADE))
            .is_rejected(Code::SnapshotAge, SNAPSHOT);
    }
    // Nor does a clock at its end, or an age without end, go wrong.
    for (seconds, now) in [(0, u64::MAX), (u64::MAX, u64::MAX), (u64::MAX, 0)] {
        let policy = SnapshotPolicy {
            required: true,
            max_age: Some(MaxAge { seconds, now }),
        };
        let _ = w.verdict_for(policy);
    }
}

/// The state does not depend on how the repository came.
#[test]
fn the_state_of_a_tree_does_not_depend_on_the_snapshot() {
    let w = unsigned();
    let id = |w: &World| Repository::load(&w.tree).state.id();
    let mut other = w.clone();
    other.stated("ja", at(0, 7));
    assert_eq!(id(&w), id(&other));
    other.remove(SNAPSHOT);
    assert_eq!(id(&w), id(&other));
    assert_eq!(id(&w).len(), 16);
}
