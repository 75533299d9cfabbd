//! The conformance tests of The Update Framework, by their names there; those of rotations of keys
//! are in `rotations.rs`. Its root is the chain of janitors, its snapshot
//! and timestamp are the snapshot, its targets are what a quorum approves, and its delegated
//! targets what owners sign.

use conex_verify::finding::Code;
use conex_verify::format::resource::Kind;

use crate::client::{accepted_after, refused_after};
use crate::updates::rollback::{KINDS, everything, newer};
use crate::world::*;

const JANITORS: [&str; 3] = ["ja", "jb", "jc"];

/// test_unsigned_initial_root: the initial root is not signed.
#[test]
fn an_initial_root_without_signatures_is_refused() {
    let mut w = World::usual();
    w.link_at(0, &link(2, &JANITORS, &[]));
    w.verdict().is_rejected(Code::AnchorLink, "");
}

/// test_unsigned_initial_root: the signatures of the initial root are those of another root.
#[test]
fn an_initial_root_with_other_signatures_is_refused() {
    let mut other = World::usual();
    let path = other.link_at(0, &link(3, &JANITORS, &JANITORS));
    let end = |w: &World| {
        let text = String::from_utf8(w.bytes(&path)).unwrap();
        text[text.find("signatures: [").unwrap()..].to_owned()
    };
    let mut w = World::usual();
    let text = String::from_utf8(w.bytes(&path)).unwrap();
    w.file(&path, text.replace(&end(&w), &end(&other)));
    w.verdict().is_rejected(Code::AnchorLink, "");
}

/// test_invalid_initial_root: a line of the initial root is missing, as that of its number.
#[test]
fn an_initial_root_that_is_not_whole_is_refused() {
    let path = "packages/.conex/janitors/0";
    for line in ["link: ", "quorum: ", "type: ", "repository: "] {
        let mut w = World::usual();
        let text = String::from_utf8(w.bytes(path)).unwrap();
        let rest: Vec<&str> = text.lines().filter(|l| !l.starts_with(line)).collect();
        assert_ne!(rest.len(), text.lines().count(), "{line}");
        w.file(path, rest.join("\n") + "\n");
        let verdict = w.verdict();
        assert!(!verdict.accepted, "{line}: {}", verdict.text());
    }
}

/// The initial root is signed by one key fewer than its threshold.
#[test]
fn an_initial_root_below_its_threshold_is_refused() {
    let mut w = World::usual();
    w.link_at(0, &link(2, &JANITORS, &["ja"]));
    w.verdict().is_rejected(Code::AnchorLink, "");
}

/// The next root is signed by the old keys alone, by the new keys alone, or by too few of both.
#[test]
fn a_root_below_the_threshold_of_either_side_is_refused() {
    for signers in [&["ja"][..], &["jd"], &["ja", "jd"], &[]] {
        let mut w = World::usual();
        let path = w.link(&link(2, &["ja", "jd", "je"], signers));
        w.verdict().is_rejected(Code::LinkSignatures, &path);
    }
}

/// test_unsigned_metadata: a role of each kind that nobody signed, and one that too few signed.
#[test]
fn each_role_without_its_signatures_is_refused() {
    for (kind, path) in KINDS {
        for signers in [&[][..], &["ja"], &["mallory"]] {
            let mut w = World::usual();
            w.joined("carol");
            w.teamed("team", &["bob", "carol"]);
            let old = w.clone();
            let entry = match kind {
                Kind::Author => w.author_file("carol", at(0, 2), &["carol", "carol-2"]),
                Kind::Team => w.team_file("team", at(0, 2), &["carol"]),
                Kind::Repo => {
                    w.file(
                        "repo",
                        "opam-version: \"2.0\"\nbrowse: \"https://evil.example/\"\n",
                    );
                    w.repo_file(at(0, 1), &[("browse", "\"https://evil.example/\"")], &[])
                }
                Kind::Claims => w.claims_file(at(0, 1), &["fmt"]),
                Kind::Authorisation => w.authorisation("fmt", at(0, 2), &["mallory"]),
                Kind::Releases => w.release_list("fmt", at(0, 2)),
                Kind::Checksum => {
                    w.file(&opam_path("fmt.1.0"), format!("{OPAM}# evil\n"));
                    w.checksum("fmt.1.0", at(0, 2))
                }
            };
            for who in signers {
                w.says(who, vec![entry.clone()]);
            }
            // A first `repo` and a first list of claims wait, and count for nothing.
            if kind == Kind::Claims {
                w.clone()
                    .covered()
                    .verdict()
                    .is_rejected(Code::MissingResource, path);
            } else {
                let verdict = crate::client::Client::after(&[&old]).says(&w);
                assert!(!verdict.accepted, "{path}: {}", verdict.text());
            }
        }
    }
}

/// test_unsigned_metadata: a snapshot that nobody signed who may.
#[test]
fn a_snapshot_by_another_key_is_refused() {
    let mut w = covered();
    w.stated("mallory", at(0, 2));
    w.verdict().is_rejected(Code::SnapshotSigner, SNAPSHOT);
}

/// test_snapshot_does_not_meet_threshold: of a role with more keys than its threshold too few
/// sign, two where three of five have to.
#[test]
fn three_of_five_are_not_two() {
    let five = ["ja", "jb", "jc", "jd", "je"];
    let mut w = World::with_janitors(3, &five);
    w.link(&link(3, &five, &["ja", "jb", "jc"]));
    w.verdict().is_clean();
    let path = w.link(&link(3, &five, &["ja", "jb"]));
    w.verdict().is_rejected(Code::LinkSignatures, &path);
}

/// test_duplicate_keys: one key is listed under several names, to reach the threshold alone.
#[test]
fn duplicate_keys_do_not_reach_a_threshold() {
    let mut w = World::usual();
    let twice = link(2, &["ja", "jd"], &["ja", "jb"]).with_key("jd", "ja");
    let path = w.link(&twice);
    w.verdict().is_rejected(Code::BadKey, &path);
    let mut w = World::usual();
    let again = link(2, &["ja", "jd"], &["jb", "ja"]).with_key("jd", "jb");
    w.link(&again);
    w.verdict().is_rejected(Code::KeyOfTwoIds, "");
}

/// Repeats the signature by the key of `who` in a link.
pub fn signed_twice(w: &mut World, path: &str, who: &str) {
    let text = String::from_utf8(w.bytes(path)).unwrap();
    let start = format!("  [\"{}\" ", fingerprint(who));
    let line = text.lines().find(|l| l.starts_with(&start)).unwrap();
    w.file(path, text.replace(line, &format!("{line}\n{line}")));
}

/// test_duplicate_keys, test_duplicate_sig_keyids: one key signs twice.
#[test]
fn duplicate_signatures_do_not_reach_a_threshold() {
    let mut w = World::usual();
    let path = w.link(&link(2, &JANITORS, &["ja"]));
    signed_twice(&mut w, &path, "ja");
    w.verdict().is_rejected(Code::Encoding, &path);
    // Others are enough without the second signature.
    let mut w = World::usual();
    let path = w.link(&link(2, &JANITORS, &["ja", "jb"]));
    signed_twice(&mut w, &path, "ja");
    w.verdict().is_rejected(Code::Encoding, &path);
    // In segments of their own.
    let mut w = World::usual();
    let entry = w.authorisation("fmt", at(0, 2), &["mallory"]);
    w.says("ja", vec![entry.clone()]);
    let also = w.now(Kind::Author, "bob");
    w.says("ja", vec![entry, also]);
    w.verdict()
        .is_rejected(Code::Quorum, "packages/fmt/authorisation");
}

/// test_new_timestamp_version_rollback, test_snapshot_rollback, test_targets_rollback: each role
/// is served again as it was.
#[test]
fn an_old_version_of_each_role_is_refused() {
    for (kind, path) in KINDS {
        let old = everything();
        let mut new = old.clone();
        newer(&mut new, kind, 2);
        refused_after(&[&old, &new], &old, Code::Rollback, path);
    }
    let old = covered();
    let mut new = old.clone();
    new.stated("bob", at(0, 2));
    refused_after(&[&old, &new], &old, Code::Rollback, SNAPSHOT);
    let old = World::usual();
    let mut new = old.clone();
    new.link(&link(2, &JANITORS, &JANITORS));
    refused_after(&[&old, &new], &old, Code::Forked, "janitors/1");
}

/// test_new_targets_fast_forward_recovery: whoever has the key of a role pushed its version to the
/// end. What its owners sign afterwards is below that, until a quorum opens an epoch.
#[test]
fn a_fast_forward_is_recovered_from_by_those_who_are_above() {
    let old = World::usual();
    let mut pushed = old.clone();
    let list = pushed.release_list("fmt", at(0, END));
    pushed.says("bob", vec![list]);
    let mut below = old.clone();
    let list = below.release_list("fmt", at(0, 2));
    below.says("bob", vec![list]);
    refused_after(
        &[&old, &pushed],
        &below,
        Code::Rollback,
        "packages/fmt/releases",
    );
    let mut above = pushed.clone();
    let list = above.release_list("fmt", at(1, 1));
    let sum = above.checksum("fmt.1.0", at(1, 1));
    above.quorum_says(vec![list, sum]);
    accepted_after(&[&old, &pushed], &above);
}

/// test_new_snapshot_fast_forward_recovery, test_new_timestamp_fast_forward_recovery: a notary
/// pushed the snapshot to the end.
#[test]
fn a_snapshot_that_was_pushed_ahead_is_recovered_from() {
    let old = covered();
    let mut pushed = old.clone();
    pushed.stated("bob", at(0, END));
    let mut below = old.clone();
    below.stated("bob", at(0, 2));
    refused_after(&[&old, &pushed], &below, Code::Rollback, SNAPSHOT);
    let mut above = pushed.clone();
    above.joined("carol");
    above.notaries(at(1, 1), &["carol"]);
    above.stated("carol", at(1, 1));
    accepted_after(&[&old, &pushed], &above);
}

/// test_snapshot_404, test_targets_404, test_timestamp_404: a role is removed that was there.
#[test]
fn a_role_that_is_removed_is_missed() {
    let old = everything();
    for (_, path) in KINDS {
        let mut new = old.clone();
        new.remove(path);
        let verdict = crate::client::Client::after(&[&old]).says(&new);
        assert!(!verdict.accepted, "{path}");
    }
    let old = covered();
    let mut new = old.clone();
    new.remove(SNAPSHOT);
    new.verdict().is_rejected(Code::SnapshotMissing, SNAPSHOT);
}

/// Fifteen rotations: each root replaces the key of one janitor.
fn rotated(links: usize) -> World {
    let mut w = World::usual();
    let names: Vec<String> = (0..links + 3).map(|n| format!("j{n}")).collect();
    let at = |n: usize| -> Vec<&str> {
        let first = JANITORS
            .iter()
            .copied()
            .chain(names.iter().map(String::as_str));
        first.skip(n).take(3).collect()
    };
    for n in 1..=links {
        let (before, now) = (at(n - 1), at(n));
        let signers = [before[1], before[2], now[2]];
        w.link(&link(2, &now, &signers));
    }
    w
}

#[test]
fn fifteen_rotations_are_followed_from_the_first_root() {
    let w = rotated(15);
    let mut approved = w.clone();
    // Nobody of the first day is a janitor any more: what they approved is approved again.
    let now = [(Kind::Author, "bob"), (Kind::Authorisation, "fmt")];
    let entries: Vec<_> = now.map(|(kind, name)| w.now(kind, name)).into();
    approved.says("j13", entries.clone());
    approved.says("j14", entries);
    approved.verdict().is_accepted();
}

#[test]
fn fifteen_rotations_with_one_missing_or_out_of_place_are_refused() {
    let w = rotated(15);
    let mut missing = w.clone();
    missing.remove("packages/.conex/janitors/7");
    missing.verdict().is_rejected(Code::NoChain, "janitors");
    let mut swapped = w.clone();
    for (here, there) in [(7, 8), (8, 7)] {
        let path = |n: usize| format!("packages/.conex/janitors/{n}");
        swapped.file(&path(here), w.bytes(&path(there)));
    }
    assert!(!swapped.verdict().accepted);
    let mut unsigned = w;
    let path = "packages/.conex/janitors/7";
    let text = String::from_utf8(unsigned.bytes(path)).unwrap();
    let (head, _) = text.split_once("signatures: [").unwrap();
    unsigned.file(path, format!("{head}signatures: []\n"));
    unsigned.verdict().is_rejected(Code::LinkSignatures, path);
}

/// A root whose keys are those of an earlier one again.
#[test]
fn a_rotated_key_does_not_come_back() {
    let mut w = World::usual();
    w.link(&link(2, &["ja", "jb", "jd"], &["ja", "jb", "jd"]));
    let path = w.link(&link(2, &["ja", "jb", "jc"], &["ja", "jb", "jc"]));
    w.verdict().is_rejected(Code::ChainLink, &path);
}

/// test_graph_traversal, "basic-delegation": a delegation to a group; each of the group may sign,
/// nobody else.
#[test]
fn a_delegation_reaches_who_it_names() {
    let mut w = World::usual();
    w.joined("carol");
    w.joined("eve");
    w.teamed("team", &["carol"]);
    w.owned("lwt", &["team"]);
    w.released("lwt.1.0", "carol");
    w.verdict().is_clean();
    let mut evil = w.clone();
    evil.file(&opam_path("lwt.1.1"), OPAM);
    let entries = vec![
        evil.checksum("lwt.1.1", at(0, 1)),
        evil.release_list("lwt", at(0, 2)),
    ];
    evil.says("eve", entries);
    evil.verdict()
        .is_rejected(Code::NotVouched, "packages/lwt/releases");
}

/// test_graph_traversal, "two-level-delegations", "cyclic-graph": a delegation of a delegation,
/// and one that comes back to itself. Both lead nowhere here.
#[test]
fn delegations_end_after_one_step() {
    let mut w = World::usual();
    w.joined("carol");
    w.teamed("inner", &["carol"]);
    w.teamed("outer", &["inner", "outer"]);
    w.owned("lwt", &["outer"]);
    w.released("lwt.1.0", "carol");
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/lwt/releases");
}

/// A delegation is taken back: what was signed under it does not count any more.
#[test]
fn a_delegation_that_was_taken_back_counts_no_more() {
    let mut w = World::usual();
    w.joined("carol");
    let entry = w.authorisation("fmt", at(0, 2), &["carol"]);
    w.quorum_says(vec![entry]);
    w.verdict()
        .is_rejected(Code::NotVouched, "packages/fmt/releases");
}

/// test_targetfile_search, "targetpath is not delegated by all roles in the chain": who delegates
/// keeps the name, and a delegate cannot pass a package on.
#[test]
fn a_delegate_does_not_delegate() {
    let mut w = World::usual();
    w.joined("carol");
    let entry = w.authorisation("fmt", at(0, 2), &["carol"]);
    w.says("bob", vec![entry]);
    w.verdict()
        .is_rejected(Code::Quorum, "packages/fmt/authorisation");
}

/// test_new_snapshot_version_mismatch, test_basic_metadata_hash_support: parts of two states, each
/// of them valid once.
#[test]
fn mixed_states_are_refused_by_the_snapshot() {
    let old = covered();
    let mut new = old.clone();
    new.file(&opam_path("lwt.2.0"), OPAM);
    new.stated("bob", at(0, 2));
    let mut mixed = new.clone();
    mixed.remove(&opam_path("lwt.2.0"));
    mixed.verdict().is_rejected(Code::Snapshot, "packages/lwt");
    let mut mixed = new.clone();
    mixed.file(SNAPSHOT, old.bytes(SNAPSHOT));
    mixed.verdict().is_rejected(Code::Snapshot, "packages/lwt");
}

/// test_custom_fields, test_download_with_unknown_hash_algorithm: fields that the format does not
/// know, which are refused here; another version of it, and another kind of digest.
#[test]
fn what_the_format_does_not_know_is_refused() {
    let w = everything();
    for (from, to) in [
        ("format: 1\n", "format: 2\n"),
        (
            "epoch: 0\n",
            "epoch: 0\nexpires: \"2030-01-01T00:00:00Z\"\n",
        ),
        ("counter: 1\n", "counter: -1\n"),
        ("type: \"", "type: \"x"),
        ("name: \"", "name: \"x"),
    ] {
        for (_, path) in KINDS {
            let text = String::from_utf8(w.bytes(path)).unwrap();
            let mut evil = w.clone();
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            evil.file(path, resealed(changed.as_bytes()).unwrap());
            assert!(!evil.verdict().accepted, "{path} {to}");
        }
    }
    let path = "packages/fmt/fmt.1.0/checksum";
    let text = String::from_utf8(w.bytes(path)).unwrap();
    for algorithm in ["md5=", "sha256=", "sha512=", "BLAKE2B="] {
        let mut evil = w.clone();
        let changed = text.replacen("blake2b=", algorithm, 1);
        evil.file(path, resealed(changed.as_bytes()).unwrap());
        assert!(!evil.verdict().accepted, "{algorithm}");
    }
}

/// test_timestamp_content_changes: another snapshot with the same version.
#[test]
fn another_snapshot_of_the_same_version_is_refused() {
    let old = covered();
    let mut new = old.clone();
    new.file(&opam_path("lwt.2.0"), OPAM);
    new.stated("bob", at(0, 1));
    new.verdict().is_accepted();
    refused_after(&[&old], &new, Code::Rollback, SNAPSHOT);
}

/// test_custom_fields, test_deprecated_keyid_hash_algorithms: a key with something behind that the
/// format does not know, which is refused here.
#[test]
fn a_key_with_a_field_more_is_refused() {
    let key = public("bob").to_string();
    for more in [" bob@example.com", " ", " cert-authority"] {
        let path = "packages/.conex/ids/bob";
        let mut w = World::usual();
        let text = String::from_utf8(w.bytes(path)).unwrap();
        let changed = text.replace(&key, &format!("{key}{more}"));
        assert_ne!(changed, text);
        w.file(path, resealed(changed.as_bytes()).unwrap());
        w.verdict().is_rejected(Code::BadKey, path);
    }
}

/// test_unusual_role_name: names with a meaning in addresses and in paths.
#[test]
fn unusual_names_of_roles_are_refused() {
    for name in ["?", "#", "/delegatedrole", "../delegatedrole"] {
        let mut w = World::usual();
        let bytes = w.bytes("packages/.conex/ids/bob");
        w.file(&format!("packages/.conex/ids/{name}"), bytes);
        w.verdict().is_rejected(Code::BadPath, "packages/");
        let mut w = World::usual();
        let path = "packages/fmt/authorisation";
        let text = String::from_utf8(w.bytes(path)).unwrap();
        let changed = text.replace("\"bob\"", &format!("\"{name}\""));
        assert_ne!(changed, text);
        w.file(path, resealed(changed.as_bytes()).unwrap());
        w.verdict().is_rejected(Code::Encoding, path);
    }
}

/// test_client_downloads_expected_file_in_sub_dir
#[test]
fn a_release_with_files_in_a_directory_is_accepted() {
    let mut w = World::usual();
    w.file(&opam_path("fmt.2.0"), OPAM);
    w.file("packages/fmt/fmt.2.0/files/fix.patch", "patch\n");
    let entries = vec![
        w.checksum("fmt.2.0", at(0, 1)),
        w.release_list("fmt", at(0, 2)),
    ];
    w.says("bob", entries);
    w.verdict().is_clean();
}

/// test_repository_substitutes_target_file, test_multiple_changes_to_target: a release is changed
/// several times in order, and then once more without its checksum.
#[test]
fn a_change_after_many_in_order_is_refused() {
    let mut states = vec![World::usual()];
    for n in 2..5 {
        let mut next = states[states.len() - 1].clone();
        next.file(&opam_path("fmt.1.0"), format!("{OPAM}# change {n}\n"));
        let entry = next.checksum("fmt.1.0", at(0, n));
        next.says("bob", vec![entry]);
        states.push(next);
    }
    let states: Vec<&World> = states.iter().collect();
    let mut evil = states[3].clone();
    evil.file(&opam_path("fmt.1.0"), format!("{OPAM}# evil\n"));
    crate::client::Client::after(&states)
        .says(&evil)
        .is_rejected(Code::Digest, "packages/fmt/fmt.1.0");
}
