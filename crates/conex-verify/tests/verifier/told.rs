//! What people are told: words and numbers by which they decide whom to ask.

use conex_verify::finding::{Cause, Code};
use conex_verify::format::key::Namespace;
use conex_verify::format::resource::{ResourceId, Segment, Timestamp};

use crate::world::*;

const CLAIMS: &str = "packages/.conex/claims";

/// V2.3, V4.1: Of everybody whose approval does not count it is told why: `jc` has left, `carl`
/// waits, `dan` has the key of `jb`, `eve` is nobody, and the segment of `bob` is forged.
#[test]
fn why_an_approval_does_not_count_is_told_for_each_who_gave_one() {
    let mut w = World::usual();
    w.link(&link(2, &["ja", "jb"], &["ja", "jb"]));
    let entry = w.claims_file(at(0, 1), &["fmt"]);
    w.says("ja", vec![entry.clone()]);
    w.says("jc", vec![entry.clone()]);
    let carl = w.author_file("carl", at(0, 1), &["carl"]);
    w.says("carl", vec![carl, entry.clone()]);
    w.says_with("dan", "jb", vec![entry.clone()]);
    w.says("eve", vec![entry.clone()]);
    let forged = Segment {
        repository: w.identity(),
        id: id("bob"),
        created: Timestamp::unknown(),
        entries: vec![entry],
    };
    let signature = private("eve").sign(Namespace::Index, &forged.signed_bytes());
    let (path, bytes) = sealed(forged, fingerprint("bob"), signature);
    w.file(&path, bytes);
    let verdict = w.verdict();
    verdict
        .is_rejected(Code::BadSignature, &path)
        .reports(Code::Quorum, CLAIMS);
    let told = verdict.findings.iter().find(|f| f.path == CLAIMS).unwrap();
    assert_eq!(
        told.message,
        "the list of claims waits for 1 more janitor",
        "{}",
        verdict.text()
    );
    let values = |of: &str| {
        let values = told.values.iter().filter(|(label, _)| *label == of);
        values
            .map(|(_, value)| value.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(values("approvals"), ["1 of 2"]);
    assert_eq!(values("counted"), ["ja"]);
    assert_eq!(
        values("not"),
        [
            "bob: the signature does not verify",
            "carl: the author's file is not valid yet",
            "dan: signed with the key of somebody else",
            "eve: signed with a key that is not valid for this id",
            "jc: signed with the key of a former janitor",
        ]
    );
}

/// V5.3: Under a valid snapshot what is missing is the list of claims, and nobody has to sign
/// `lwt`. Without one, or for those who let nothing through, that `lwt` is not signed is all.
#[test]
fn the_list_of_claims_is_the_cause_where_a_snapshot_covers_all_else() {
    let mut w = covered();
    w.remove(CLAIMS);
    w.stated("bob", at(0, 2));
    let cause = |w: &World| {
        let verdict = w.verdict();
        verdict.is_rejected(Code::Unclaimed, "packages/lwt");
        let mut findings = verdict.findings.into_iter();
        findings
            .find(|f| f.code == Code::Unclaimed)
            .and_then(|f| f.cause)
    };
    let claims = Cause::Standing(ResourceId::claims());
    assert_eq!(cause(&w), Some(claims));
    assert_eq!(cause(&w.clone().in_mode(MODES[0])), None);
    w.remove(SNAPSHOT);
    assert_eq!(cause(&w), None);
}
