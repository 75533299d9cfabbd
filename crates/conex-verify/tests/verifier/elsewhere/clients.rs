//! Faults that clients of The Update Framework had, by the number under which they were
//! published, as attacks on this format: of python-tuf, go-tuf and tough.

use conex_verify::finding::Code;

use super::tuf::signed_twice;
use crate::client::{Client, refused_after};
use crate::updates::rollback::{KINDS, everything, newer};
use crate::world::*;

/// CVE-2020-6174, GHSA-r7vq-6425-j94w, CVE-2020-15093, CVE-2026-6966: a threshold that one key
/// reaches, with several signatures of its own or under another name.
#[test]
fn one_key_that_signs_twice_is_no_threshold() {
    let mut w = World::usual();
    let path = w.link(&link(2, &["ja", "jb", "jd"], &["ja", "jd"]));
    let text = String::from_utf8(w.bytes(&path)).unwrap();
    let own = format!("[\"{}\"", fingerprint("ja"));
    let line = text
        .lines()
        .find(|l| l.trim_start().starts_with(&own))
        .unwrap();
    // The signature of `ja` again, under the name of the key of `jb`.
    let other = line.replace(
        &fingerprint("ja").to_string(),
        &fingerprint("jb").to_string(),
    );
    let mut lines: Vec<&str> = text.lines().collect();
    let (end, first) = (
        lines.len() - 1,
        text.lines().position(|l| l == "signatures: [").unwrap(),
    );
    lines.insert(end, &other);
    lines[first + 1..=end].sort_unstable();
    w.file(&path, lines.join("\n") + "\n");
    w.verdict().is_rejected(Code::BadSignature, &path);
    let mut w = World::usual();
    let path = w.link(&link(2, &["ja", "jb", "jc"], &["ja"]));
    signed_twice(&mut w, &path, "ja");
    w.verdict().is_rejected(Code::Encoding, &path);
    // Of the link before there are enough; of the new members one signs twice.
    let mut w = World::usual();
    let path = w.link(&link(2, &["jd", "je"], &["ja", "jb", "jd"]));
    signed_twice(&mut w, &path, "jd");
    w.verdict().is_rejected(Code::Encoding, &path);
}

/// CVE-2020-6173: a file with very many signatures is not worth as many verifications.
#[test]
fn many_signatures_of_strangers_are_refused() {
    let mut w = World::usual();
    let strangers: Vec<String> = (0..40).map(|n| format!("stranger-{n}")).collect();
    let mut signers = vec!["ja", "jb", "jc"];
    signers.extend(strangers.iter().map(String::as_str));
    let path = w.link(&link(2, &["ja", "jb", "jc"], &signers));
    w.verdict().is_rejected(Code::LinkSignatures, &path);
}

/// CVE-2020-15163: a root that was refused is believed at the next update.
#[test]
fn what_was_refused_is_not_believed_later() {
    let w = World::usual();
    let mut client = Client::after(&[&w]);
    let mut evil = w.clone();
    evil.link(&link(1, &["mallory"], &["mallory", "ja"]));
    assert!(!client.updates(&evil).accepted);
    assert!(!client.updates(&evil).accepted);
    let mut further = evil.clone();
    let path = further.link(&link(1, &["mallory"], &["mallory"]));
    let verdict = client.updates(&further);
    assert!(!verdict.accepted, "{path}");
    client.updates(&w).is_accepted();
}

/// CVE-2021-41131, CVE-2021-41149, CVE-2021-41150, CVE-2026-6968: the name of a role or of a target
/// leads out of the directory.
#[test]
fn names_that_lead_elsewhere_are_refused() {
    for path in [
        "packages/.conex/ids/..",
        "packages/.conex/ids/.",
        "packages/.conex/ids/..%2f..%2froot",
        "packages/.conex/ids/a\\..\\..\\root",
        "packages/.conex/janitors/00",
        "packages/.conex/janitors/../janitors/0",
        "packages/fmt/fmt.1.0/files/../opam",
        "packages/fmt/../lwt/releases",
    ] {
        let mut w = World::usual();
        let bytes = w.bytes("packages/.conex/ids/bob");
        w.file(path, bytes);
        w.verdict().is_rejected(Code::BadPath, "packages/");
    }
}

/// CVE-2022-29173, CVE-2025-2887: no look at whether the versions of targets and of delegated
/// targets go back.
#[test]
fn targets_that_go_back_are_refused() {
    for (kind, path) in KINDS {
        let old = everything();
        let mut new = old.clone();
        newer(&mut new, kind, 2);
        let mut newest = new.clone();
        newer(&mut newest, kind, 3);
        refused_after(&[&old, &newest], &new, Code::Rollback, path);
    }
}

/// CVE-2024-47534: delegations in another order than they were made.
#[test]
fn who_owns_a_package_does_not_depend_on_an_order() {
    let mut w = World::usual();
    w.joined("carol");
    w.owned("lwt", &["bob", "carol"]);
    w.released("lwt.1.0", "bob");
    // Both owners sign another version of one counter: neither comes first.
    w.file(&opam_path("lwt.1.0"), format!("{OPAM}# of carol\n"));
    let entry = w.checksum("lwt.1.0", at(0, 1));
    w.says("carol", vec![entry]);
    w.verdict()
        .is_rejected(Code::Equivocation, "packages/lwt/lwt.1.0/checksum");
}

/// CVE-2025-2885: a root with another version than the one that was asked for.
#[test]
fn a_root_of_another_number_is_refused() {
    let mut w = World::usual();
    w.link(&link(2, &["ja", "jb", "jd"], &["ja", "jb", "jd"]));
    let second = w.bytes("packages/.conex/janitors/1");
    w.file("packages/.conex/janitors/2", second);
    w.verdict()
        .is_rejected(Code::WrongIdentity, "packages/.conex/janitors/2");
}

/// CVE-2025-2886: a name whose delegation ends is looked for elsewhere.
#[test]
fn a_claimed_name_is_not_looked_for_elsewhere() {
    let mut w = World::usual().nostrict();
    let bytes = w.bytes(&opam_path("fmt.1.0"));
    w.file("packages/zzz/fmt.6.6/opam", bytes);
    w.verdict()
        .is_rejected(Code::Misplaced, "packages/zzz/fmt.6.6/");
    let mut w = World::usual().nostrict();
    let entry = w.authorisation("fmt", at(0, 2), &[]);
    w.quorum_says(vec![entry]);
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/fmt/releases");
}

/// CVE-2025-2888: a timestamp that was refused is kept, and with it what it names.
#[test]
fn a_refused_snapshot_lifts_nothing() {
    let w = covered();
    let mut client = Client::after(&[&w]);
    let mut evil = w.clone();
    evil.stated("mallory", at(0, 9));
    client
        .updates(&evil)
        .is_rejected(Code::SnapshotSigner, SNAPSHOT);
    let mut honest = w.clone();
    honest.stated("bob", at(0, 2));
    client.updates(&honest).is_accepted();
}

/// Keys that the repository knows for something else: two authors are no quorum, and a janitor is
/// no owner.
#[test]
fn a_key_counts_for_its_role_alone() {
    let mut w = World::usual();
    w.joined("carol");
    let entry = w.authorisation("fmt", at(0, 2), &["carol"]);
    w.says("bob", vec![entry.clone()]);
    w.says("carol", vec![entry]);
    w.verdict()
        .is_rejected(Code::Quorum, "packages/fmt/authorisation");
    let mut w = World::usual();
    w.file(&opam_path("fmt.1.0"), format!("{OPAM}# evil\n"));
    let entry = w.checksum("fmt.1.0", at(0, 2));
    w.says("ja", vec![entry]);
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/fmt/fmt.1.0/checksum");
}

/// CVE-2026-23992: a threshold of nothing, or of less, asks for no signature.
#[test]
fn a_threshold_of_nothing_is_refused() {
    let mut w = World::usual();
    let path = w.link(&link(0, &["ja", "jb", "jc"], &[]));
    w.verdict().is_rejected(Code::Encoding, &path);
    let mut w = World::usual();
    let path = w.link(&link(2, &["ja", "jb", "jc"], &[]));
    let text = String::from_utf8(w.bytes(&path)).unwrap();
    w.file(&path, text.replace("quorum: 2\n", "quorum: -1\n"));
    w.verdict().is_rejected(Code::Encoding, &path);
}

/// CVE-2026-23991: metadata that is well-formed and of another shape, which nobody has to sign.
#[test]
fn metadata_of_another_shape_is_refused() {
    let w = everything();
    for path in KINDS
        .map(|(_, path)| path)
        .into_iter()
        .chain(["packages/.conex/janitors/0"])
    {
        for text in [
            "format: 1\n",
            "format: []\n",
            "format: 1\ntype: [\"author\"]\nname: 1\nepoch: []\ncounter: [[]]\n",
            "",
        ] {
            let mut evil = w.clone();
            evil.file(path, text);
            let verdict = evil.verdict();
            assert!(!verdict.accepted, "{path}: {}", verdict.text());
        }
    }
}

/// CVE-2026-24686: the name of the repository leads out of the directory in which the client keeps
/// what it knows.
#[test]
fn a_repository_whose_name_leads_elsewhere_is_refused() {
    let path = "packages/.conex/janitors/0";
    for name in ["../escaped-repo", "..", "/escaped-repo", "a/b"] {
        let mut w = World::usual();
        let text = String::from_utf8(w.bytes(path)).unwrap();
        let changed = text.replace("\"example\"", &format!("\"{name}\""));
        assert_ne!(changed, text);
        w.file(path, changed);
        w.verdict().is_rejected(Code::Encoding, "janitors/0");
    }
}

/// CVE-2026-6967: what somebody signed who was delegated to is not compared with what was signed.
#[test]
fn delegated_metadata_with_other_bytes_is_refused() {
    let list = "packages/fmt/releases";
    let mut w = World::usual();
    w.file(&opam_path("fmt.2.0"), OPAM);
    let _ = w.checksum("fmt.2.0", at(0, 1));
    let _ = w.release_list("fmt", at(0, 2));
    w.verdict().is_rejected(Code::NotVouched, list);
    let sum = checksum_path("fmt.1.0");
    let mut w = World::usual();
    w.file(&opam_path("fmt.1.0"), format!("{OPAM}# evil\n"));
    let _ = w.checksum("fmt.1.0", at(0, 1));
    w.verdict().is_rejected(Code::Digest, &sum);
}

/// GHSA-j8x2-777p-23fc: delegations that go round in a circle.
#[test]
fn teams_in_a_circle_support_nothing() {
    let mut w = World::usual();
    w.joined("carol");
    w.teamed("one", &["two"]);
    w.teamed("two", &["three"]);
    w.teamed("three", &["one"]);
    w.owned("lwt", &["one"]);
    w.released("lwt.1.0", "carol");
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/lwt/releases");
}

/// GHSA-3633-5h82-39pq: one key under two names counts twice.
#[test]
fn one_key_under_two_names_is_refused() {
    let mut w = World::usual();
    let next = link(2, &["ja", "jd", "je"], &["ja", "jb", "jd"]).with_key("je", "jd");
    let path = w.link(&next);
    w.verdict().is_rejected(Code::BadKey, &path);
}

/// GHSA-77hh-43cm-v8j6: somebody whom a delegation does not name is taken for somebody whom it
/// names.
#[test]
fn who_is_called_alike_is_not_delegated_to() {
    let mut w = World::usual();
    w.joined("bob-2");
    w.file(&opam_path("fmt.2.0"), OPAM);
    let entries = vec![
        w.checksum("fmt.2.0", at(0, 1)),
        w.release_list("fmt", at(0, 2)),
    ];
    w.says("bob-2", entries);
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/fmt/releases");
}
