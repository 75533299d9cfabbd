//! An old state is served again: each kind of resource, with nothing else old.

use conex_verify::finding::Code;
use conex_verify::format::resource::Kind;

use crate::client::{Client, refused_after};
use crate::world::*;

/// A world with every kind of resource, each at 0.1.
pub fn everything() -> World {
    let mut w = World::usual();
    w.joined("carol");
    w.teamed("team", &["bob", "carol"]);
    let repo = w.repo_file(at(0, 1), &[], &[]);
    w.quorum_says(vec![repo]);
    w.claimed(at(0, 1), &["fmt"]);
    w.verdict().is_clean();
    w
}

/// The resource as version `counter`, signed by whom it needs.
pub fn newer(w: &mut World, kind: Kind, counter: u64) {
    let revision = at(0, counter);
    match kind {
        Kind::Author => {
            let entry = w.author_file("carol", revision, &["carol"]);
            w.says("carol", vec![entry.clone()]);
            w.quorum_says(vec![entry]);
        }
        Kind::Team => {
            let entry = w.team_file("team", revision, &["bob"]);
            w.quorum_says(vec![entry]);
        }
        Kind::Repo => {
            let entry = w.repo_file(revision, &[], &[]);
            w.quorum_says(vec![entry]);
        }
        Kind::Claims => w.claimed(revision, &["fmt"]),
        Kind::Authorisation => {
            let entry = w.authorisation("fmt", revision, &["bob"]);
            w.quorum_says(vec![entry]);
        }
        Kind::Releases => {
            let entry = w.release_list("fmt", revision);
            w.says("bob", vec![entry]);
        }
        Kind::Checksum => {
            let entry = w.checksum("fmt.1.0", revision);
            w.says("bob", vec![entry]);
        }
    }
}

/// Each kind, and the path of the one that `everything` has.
pub const KINDS: [(Kind, &str); 7] = [
    (Kind::Author, "packages/.conex/ids/carol"),
    (Kind::Team, "packages/.conex/ids/team"),
    (Kind::Repo, "packages/.conex/repo"),
    (Kind::Claims, "packages/.conex/claims"),
    (Kind::Authorisation, "packages/fmt/authorisation"),
    (Kind::Releases, "packages/fmt/releases"),
    (Kind::Checksum, "packages/fmt/fmt.1.0/checksum"),
];

const CHECKSUM: &str = "packages/fmt/fmt.1.0/checksum";

/// ```text
/// client   0.1  0.2        refuses 0.1
/// server   0.1  0.2  0.1
/// ```
#[test]
fn an_old_version_of_each_kind_of_resource_is_refused() {
    for (kind, path) in KINDS {
        let old = everything();
        let mut new = old.clone();
        newer(&mut new, kind, 2);
        refused_after(&[&old, &new], &old, Code::Rollback, path);
    }
}

/// The janitors of yesterday are served again: whoever left is back.
#[test]
fn the_chain_without_its_last_link_is_refused() {
    let old = everything();
    let mut new = old.clone();
    new.link(&link(2, &["ja", "jb", "jd"], &["ja", "jb", "jd"]));
    new.verdict().is_clean();
    refused_after(&[&old, &new], &old, Code::Forked, "janitors/1");
}

/// The client has never seen 0.1; it is refused all the same.
#[test]
fn a_version_older_than_any_that_the_client_saw_is_refused() {
    for (kind, path) in KINDS {
        let old = everything();
        let mut new = old.clone();
        newer(&mut new, kind, 7);
        refused_after(&[&new], &old, Code::Rollback, path);
    }
}

/// Whoever holds the keys signs two different files with one counter, and shows
/// each to somebody else. A client that has seen one refuses the other.
#[test]
fn other_bytes_with_the_same_counter_are_refused() {
    for (kind, path) in KINDS {
        let base = everything();
        let mut one = base.clone();
        newer(&mut one, kind, 2);
        let mut other = base.clone();
        match kind {
            Kind::Author => {
                let entry = other.author_file("carol", at(0, 2), &["carol", "carol-2"]);
                other.says("carol", vec![entry.clone()]);
                other.quorum_says(vec![entry]);
            }
            Kind::Team => {
                let entry = other.team_file("team", at(0, 2), &["carol"]);
                other.quorum_says(vec![entry]);
            }
            Kind::Repo => {
                let value = ("browse", "\"https://example.org\"");
                other.file(
                    "repo",
                    "opam-version: \"2.0\"\nbrowse: \"https://example.org\"\n",
                );
                let entry = other.repo_file(at(0, 2), &[value], &[]);
                other.quorum_says(vec![entry]);
            }
            Kind::Claims => other.claimed(at(0, 2), &[]),
            Kind::Authorisation => {
                let entry = other.authorisation("fmt", at(0, 2), &["bob", "carol"]);
                other.quorum_says(vec![entry]);
            }
            Kind::Releases => {
                other.file(&opam_path("fmt.2.0"), OPAM);
                let entries = vec![
                    other.checksum("fmt.2.0", at(0, 1)),
                    other.release_list("fmt", at(0, 2)),
                ];
                other.says("bob", entries);
            }
            Kind::Checksum => {
                other.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n");
                let entry = other.checksum("fmt.1.0", at(0, 2));
                other.says("bob", vec![entry]);
            }
        }
        refused_after(&[&base, &one], &other, Code::Rollback, path);
    }
}

/// An epoch is above every counter of the epochs before.
#[test]
fn an_earlier_epoch_is_older_whatever_its_counter() {
    let mut old = everything();
    newer(&mut old, Kind::Checksum, 1000);
    let mut new = old.clone();
    let entries = new.listed("fmt.1.0", at(1, 0));
    new.quorum_says(entries);
    refused_after(&[&old, &new], &old, Code::Rollback, CHECKSUM);
    refused_after(&[&old, &new], &old, Code::Rollback, "fmt/releases");
}

/// opam may fail to apply what the hook accepted, and comes again with the same.
#[test]
fn the_same_state_again_is_accepted() {
    let old = everything();
    let mut new = old.clone();
    newer(&mut new, Kind::Checksum, 2);
    let mut client = Client::after(&[&old, &new]);
    client.updates(&new).is_clean();
    // opam still holds the old tree; the memory is of the new one.
    client.tree = Some(old.tree.clone());
    client.updates(&new).is_clean();
}

/// What a rejected run saw leaves no trace (CVE-2020-15163 was one that did).
#[test]
fn a_rejected_state_teaches_the_client_nothing() {
    let old = everything();
    let mut evil = old.clone();
    newer(&mut evil, Kind::Checksum, 9);
    evil.file(
        &opam_path("fmt.1.0"),
        "opam-version: \"2.0\"\n# tampered with\n",
    );
    let mut client = Client::after(&[&old]);
    client
        .updates(&evil)
        .is_rejected(Code::Digest, "fmt.1.0/opam");
    let mut next = old.clone();
    newer(&mut next, Kind::Checksum, 2);
    client.updates(&next).is_clean();
}

/// A stolen key makes an old list of releases new: the releases are what they were,
/// with a counter that is lower.
#[test]
fn an_old_checksum_behind_a_new_list_is_refused() {
    let old = everything();
    let mut new = old.clone();
    newer(&mut new, Kind::Checksum, 2);
    let mut evil = old.clone();
    newer(&mut evil, Kind::Releases, 50);
    refused_after(&[&old, &new], &evil, Code::Rollback, CHECKSUM);
    refused_after(&[&new], &evil, Code::Rollback, CHECKSUM);
}
