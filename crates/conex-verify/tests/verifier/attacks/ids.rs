//! Authors, teams, and whose key is whose.

use std::collections::BTreeSet;

use conex_verify::finding::{Code, Findings};
use conex_verify::format::key::Namespace;
use conex_verify::format::resource::{Segment, Timestamp};

use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::ids::Use;
use conex_verify::workbench::verify::{Mode, Pretended, Signatures, assess, read_chain};

use crate::world::*;

/// `bob` lists a second key that never signed for him: it supports nothing.
#[test]
fn an_unproven_key_does_not_count() {
    let mut w = World::usual();
    let file = w.author_file("bob", at(0, 2), &["bob", "bob-two"]);
    w.quorum_says(vec![file.clone()]);
    w.owned("lwt", &["bob"]);
    w.file(&opam_path("lwt.1.0"), OPAM);
    let entries = w.listed("lwt.1.0", at(0, 1));
    w.says_with("bob", "bob-two", entries);
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/lwt/releases");
    w.says_with("bob", "bob-two", vec![file]);
    w.verdict().is_clean();
}

/// The proof is about any version of the file, also an older one.
#[test]
fn a_key_stays_proven_when_the_file_changes() {
    let mut w = World::usual();
    let file = w.author_file("bob", at(0, 2), &["bob", "bob-two"]);
    w.quorum_says(vec![file]);
    w.verdict().is_clean();
}

/// A quorum approved a file, but nobody ever signed with its key.
#[test]
fn an_author_without_any_proven_key_is_not_valid() {
    let mut w = World::usual();
    let file = w.author_file("ghost", at(0, 1), &["ghost"]);
    w.quorum_says(vec![file]);
    w.owned("lwt", &["ghost"]);
    w.released("lwt.1.0", "ghost");
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/lwt/releases")
        .reports(Code::PendingId, "ids/ghost");
}

/// `eve` lists the key of `bob`, and hopes that his signatures count for her.
#[test]
fn listing_somebody_elses_key_without_proof_has_no_effect() {
    let mut w = World::usual();
    let file = w.author_file("eve", at(0, 1), &["eve", "bob"]);
    w.says("eve", vec![file.clone()]);
    w.quorum_says(vec![file]);
    w.verdict().is_clean();
    // The vouches of `bob` are his.
    w.owned("lwt", &["eve"]);
    w.released("lwt.1.0", "bob");
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/lwt/releases");
}

/// One person with one key is two owners.
#[test]
fn one_key_proven_under_two_ids_is_refused() {
    let mut w = World::usual();
    let file = w.author_file("eve", at(0, 1), &["bob"]);
    w.says_with("eve", "bob", vec![file.clone()]);
    // Pending, it harms nobody: anyone could write such a file.
    w.verdict().is_accepted();
    w.quorum_says(vec![file]);
    w.verdict().is_rejected(Code::KeyOfTwoIds, "ids/eve");
}

/// The same with the key of a janitor, present or past.
#[test]
fn a_janitors_key_proven_by_an_author_is_refused() {
    let mut w = World::usual();
    let file = w.author_file("eve", at(0, 1), &["jc"]);
    w.says_with("eve", "jc", vec![file.clone()]);
    w.quorum_says(vec![file]);
    w.verdict().is_rejected(Code::KeyOfTwoIds, "ids/");
    w.link(&link(2, &["ja", "jb"], &["ja", "jb"]));
    w.verdict().is_rejected(Code::KeyOfTwoIds, "ids/");
}

/// `jc` was a janitor and becomes an author with the key that the chain names: it counts
/// when it is proven, as everybody's. (Whoever is asked to approve the file of somebody who
/// left can otherwise not tell whether that person asks.)
#[test]
fn a_former_janitors_key_counts_when_it_is_proven() {
    let mut w = World::usual();
    w.link(&link(2, &["ja", "jb"], &["ja", "jb"]));
    let file = w.author_file("jc", at(0, 1), &["jc"]);
    w.quorum_says(vec![file.clone()]);
    w.owned("lwt", &["jc"]);
    w.released("lwt.1.0", "jc");
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/lwt/releases")
        .reports(Code::PendingId, "ids/jc");
    w.says("jc", vec![file]);
    w.verdict().is_clean();
}

/// Without a file, what a former janitor signs counts for nothing.
#[test]
fn a_former_janitor_without_a_file_owns_nothing() {
    let mut w = World::usual();
    w.owned("lwt", &["jc"]);
    w.released("lwt.1.0", "jc");
    w.verdict().is_clean();
    w.link(&link(2, &["ja", "jb"], &["ja", "jb"]));
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/lwt/releases")
        .reports(Code::NotAnAuthor, "packages/lwt/authorisation");
}

/// A revoked author lists no key; it takes no signature, and supports nothing.
#[test]
fn a_revoked_author_needs_no_segment_and_supports_nothing() {
    let mut w = World::usual();
    w.joined("eve");
    let file = w.author_file("eve", at(0, 2), &[]);
    w.quorum_says(vec![file]);
    w.verdict().is_accepted();
    w.owned("lwt", &["eve"]);
    w.released("lwt.1.0", "eve");
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/lwt/releases");
}

// --- one namespace --------------------------------------------------------

/// A quorum approved the author `eve`; the server shows a team `eve`.
#[test]
fn an_author_that_becomes_a_team_is_refused() {
    let mut w = World::usual();
    w.joined("eve");
    w.team_file("eve", at(0, 9), &["bob"]);
    w.verdict().is_rejected(Code::NamespaceClash, "ids/eve");
    // Even if a quorum vouches for both.
    let team = w.team_file("eve", at(0, 9), &["bob"]);
    w.quorum_says(vec![team]);
    w.verdict().is_rejected(Code::NamespaceClash, "ids/eve");
}

#[test]
fn a_team_that_becomes_an_author_is_refused() {
    let mut w = World::usual();
    w.teamed("crew", &["bob"]);
    let file = w.author_file("crew", at(0, 9), &["crew"]);
    w.says("crew", vec![file.clone()]);
    w.quorum_says(vec![file]);
    w.verdict().is_rejected(Code::NamespaceClash, "ids/crew");
}

#[test]
fn a_team_with_the_id_of_a_janitor_present_or_past_is_refused() {
    let mut w = World::usual();
    w.teamed("jc", &["bob"]);
    w.verdict().is_rejected(Code::NamespaceClash, "ids/jc");
    w.link(&link(2, &["ja", "jb"], &["ja", "jb"]));
    w.verdict().is_rejected(Code::NamespaceClash, "ids/jc");
}

#[test]
fn ids_that_differ_only_in_case_are_refused() {
    let mut w = World::usual();
    w.author_file("Bob", at(0, 1), &["Bob"]);
    w.verdict().is_rejected(Code::CaseCollision, "ids/Bob");
    let mut w = World::usual();
    w.author_file("JA", at(0, 1), &["JA"]);
    w.verdict().is_rejected(Code::CaseCollision, "ids/JA");
}

/// A team holds no team: the members of the inner one own nothing.
#[test]
fn a_team_in_a_team_supports_nothing() {
    let mut w = World::usual();
    w.joined("eve");
    w.teamed("inner", &["eve"]);
    w.teamed("outer", &["inner", "bob"]);
    w.owned("lwt", &["outer"]);
    w.released("lwt.1.0", "eve");
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/lwt/releases")
        .reports(Code::NotAnAuthor, "ids/outer");
    w.says(
        "bob",
        vec![
            w.now(conex_verify::format::resource::Kind::Releases, "lwt"),
            w.now(conex_verify::format::resource::Kind::Checksum, "lwt.1.0"),
        ],
    );
    w.verdict().is_accepted();
}

#[test]
fn a_team_that_holds_itself_ends() {
    let mut w = World::usual();
    w.teamed("crew", &["crew"]);
    w.owned("lwt", &["crew"]);
    w.released("lwt.1.0", "bob");
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/lwt/releases");
}

/// A pending team gives nobody anything.
#[test]
fn a_team_that_is_not_approved_supports_nothing() {
    let mut w = World::usual();
    w.joined("eve");
    let team = w.team_file("crew", at(0, 1), &["eve"]);
    w.says("ja", vec![team]);
    w.owned("lwt", &["crew"]);
    w.released("lwt.1.0", "eve");
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/lwt/releases")
        .reports(Code::PendingId, "ids/crew");
}

#[test]
fn notaries_is_always_a_team() {
    let mut w = World::usual();
    w.author_file("notaries", at(0, 1), &["eve"]);
    w.verdict().is_rejected(Code::WrongIdentity, "ids/notaries");
    let mut w = World::with_janitors(1, &["notaries", "jb"]);
    w.verdict().is_rejected(Code::NamespaceClash, "janitors");
    w.quorum = 2;
    w.verdict();
    let mut w = World::usual();
    w.teamed("notaries", &["bob"]);
    w.verdict().is_clean();
}

#[test]
fn the_janitors_are_no_id() {
    let mut w = World::usual();
    for path in ["packages/.conex/ids/janitors", "packages/.conex/ids/Opam"] {
        w.file(path, "anything");
        w.verdict().is_rejected(Code::BadPath, path);
        w.remove(path);
    }
    // Nor an owner or member.
    let text = String::from_utf8(w.bytes("packages/fmt/authorisation")).unwrap();
    w.file(
        "packages/fmt/authorisation",
        text.replace("\"bob\"", "\"janitors\""),
    );
    w.verdict()
        .is_rejected(Code::Encoding, "packages/fmt/authorisation");
}

/// An approved id cannot be removed.
#[test]
fn an_approved_id_that_is_missing_is_refused() {
    let mut w = World::usual();
    w.joined("eve");
    w.remove("packages/.conex/ids/eve");
    w.verdict().is_rejected(Code::MissingResource, "ids/eve");
    w.nostrict()
        .verdict()
        .is_rejected(Code::MissingResource, "ids/eve");
}

/// A well-formed file that nobody approved, whatever it says, harms nobody.
#[test]
fn a_pending_id_harms_nobody() {
    let mut w = World::usual();
    w.author_file("mallory", at(LAST_EPOCH, END), &["bob", "ja", "mallory"]);
    w.team_file("malteam", at(0, 0), &["bob", "malteam", "ghost"]);
    w.verdict()
        .is_accepted()
        .reports(Code::PendingId, "ids/mallory")
        .reports(Code::PendingId, "ids/malteam");
}

/// A segment of this id under the id's own key, which somebody without that key signed.
fn forge(w: &mut World, who: &str, created: Timestamp) -> String {
    let forged = Segment {
        repository: w.identity(),
        id: id(who),
        created,
        entries: Vec::new(),
    };
    let signature = private("thief").sign(Namespace::Index, &forged.signed_bytes());
    let (path, bytes) = sealed(forged, fingerprint(who), signature);
    w.file(&path, bytes);
    path
}

/// What tools and clients see of the segments: the paths of those that were found to verify, and of
/// those that are a reason to refuse.
fn segments_of(w: &World, everybody: bool) -> (Vec<String>, Vec<String>, Findings) {
    let repository = Repository::load(&w.tree);
    let pretended = Pretended {
        signatures: match everybody {
            true => Signatures::All,
            false => Signatures::Decisive,
        },
        ..Pretended::default()
    };
    let chain = read_chain(&repository).unwrap();
    let of = assess(&w.tree, &repository, chain, Mode::NoStrict, &pretended);
    let paths = |which: fn(&Use<'_>) -> bool| {
        let these = of.segments.iter().filter(|u| which(u));
        these.map(|u| u.path.to_owned()).collect()
    };
    (paths(|u| u.verified), paths(|u| !u.harmless), of.findings)
}

/// V2.3, V2.5: A forged signature under a key that only a pending file lists is a warning for those
/// who work on the repository, and a client does not look at it; under a valid key it is a reason
/// to reject.
#[test]
fn a_failing_signature_counts_against_valid_keys_only() {
    let mut w = World::usual();
    w.author_file("eve", at(0, 1), &["eve"]);
    let path = forge(&mut w, "eve", Timestamp::unknown());
    let said = |findings: &Findings| {
        let mut all = findings.iter();
        all.any(|f| f.code == Code::BadSignature && f.path == path)
    };
    w.verdict().is_accepted();
    assert!(!said(&segments_of(&w, false).2));
    let (verified, refused, findings) = segments_of(&w, true);
    assert!(said(&findings) && !verified.contains(&path) && refused.is_empty());
    let path = forge(&mut w, "bob", Timestamp::unknown());
    w.verdict().is_rejected(Code::BadSignature, &path);
}

/// V2.5: Anybody can make a file for an id, and as many segments as there may be that really are signed
/// with its key. They cost a client nothing, and those who are asked to approve the id see them.
#[test]
fn signatures_of_somebody_whom_nobody_approved_are_not_verified_by_clients() {
    let mut w = World::usual();
    let before = segments_of(&w, false).0;
    let entry = w.author_file("eve", at(0, 1), &["eve"]);
    let (path, bytes) = segment(w.identity(), "eve", "eve", vec![entry]);
    w.file(&path, bytes);
    w.verdict().is_accepted();
    assert_eq!(segments_of(&w, false).0, before);
    assert!(segments_of(&w, true).0.contains(&path));
}

/// V2.5: Who can write but has no key makes segments under the keys of a janitor and of an author whose
/// signatures do not verify. Some are told, the others cost no more, and none of them counts,
/// wherever it lies. Tools look at each.
#[test]
fn behind_many_wrong_signatures_none_is_looked_at_and_none_counts() {
    for who in ["ja", "bob"] {
        let mut w = World::usual();
        let honest = segments_of(&w, true).0;
        let seconds = |n: u32| format!("2026-11-01T00:{:02}:{:02}Z", n / 60, n % 60);
        let forged = (0..600).map(|n| forge(&mut w, who, Timestamp::new(&seconds(n)).unwrap()));
        let forged: BTreeSet<String> = forged.collect();
        let (verified, refused, findings) = segments_of(&w, false);
        assert!(verified.iter().all(|path| honest.contains(path)), "{who}");
        assert!(forged.iter().all(|path| refused.contains(path)), "{who}");
        let note = "64 or more segments are wrong, and one is enough to refuse the repository";
        let mut notes = findings.iter().filter(|f| f.message.starts_with(note));
        assert!(notes.next().is_some() && notes.next().is_none(), "{who}");
        w.verdict().is_rejected(Code::BadSignature, "index");
        let (verified, refused, findings) = segments_of(&w, true);
        assert_eq!(verified, honest, "{who}");
        assert_eq!(refused.len(), forged.len(), "{who}");
        assert!(!findings.iter().any(|f| f.message.starts_with(note)));
    }
}

/// V3.2: The janitors approved `eve` with a key of somebody else. She forges a segment under it
/// that says so of herself: that is no proof, and the key counts for nothing.
#[test]
fn a_forged_signature_proves_no_key() {
    let mut w = World::usual();
    let entry = w.author_file("eve", at(0, 1), &["victim"]);
    w.quorum_says(vec![entry.clone()]);
    w.verdict().reports(Code::PendingId, "ids/eve");
    let segment = Segment {
        repository: w.identity(),
        id: id("eve"),
        created: Timestamp::unknown(),
        entries: vec![entry],
    };
    let signature = private("eve").sign(Namespace::Index, &segment.signed_bytes());
    let (path, bytes) = sealed(segment, fingerprint("victim"), signature);
    w.file(&path, bytes);
    w.verdict()
        .is_rejected(Code::BadSignature, &path)
        .reports(Code::PendingId, "ids/eve");
}
