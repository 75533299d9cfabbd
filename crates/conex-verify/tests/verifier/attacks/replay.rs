//! Something that was signed once is shown in another place.

use conex_verify::finding::Code;
use conex_verify::format::path::segment_path;
use conex_verify::format::resource::{Entry, Kind};

use crate::world::*;

/// Two repositories have the same janitors and authors. What was signed for one is
/// copied into the other.
#[test]
fn a_segment_of_another_repository_is_refused() {
    let mut w = World::usual();
    // The same janitors once started another repository.
    let mut other = World::empty();
    other.link(&link(3, &["ja", "jb", "jc"], &["ja", "jb", "jc"]));
    let entry = w.authorisation("lwt", at(0, 1), &["bob"]);
    w.released("lwt.1.0", "bob");
    let mut paths = Vec::new();
    for janitor in ["ja", "jb"] {
        let (path, bytes) = segment(other.identity(), janitor, janitor, vec![entry.clone()]);
        w.file(&path, bytes);
        paths.push(path);
    }
    let verdict = w.verdict();
    verdict.is_rejected(Code::Unclaimed, "packages/lwt");
    for path in paths {
        verdict.is_rejected(Code::ForeignRepository, &path);
    }
}

#[test]
fn an_authors_segment_of_another_repository_does_not_count() {
    let mut w = World::usual();
    let other = World::with_janitors(1, &["ja"]);
    w.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n");
    let entries = vec![w.checksum("fmt.1.0", at(0, 2))];
    let (path, bytes) = segment(other.identity(), "bob", "bob", entries);
    w.file(&path, bytes);
    w.verdict()
        .is_rejected(Code::NotVouched, &checksum_path("fmt.1.0"))
        .is_rejected(Code::ForeignRepository, &path);
}

/// Somebody leaves a segment of a fork behind, under a key that nobody here knows.
/// Anyone could do that, so it must not disable the repository.
#[test]
fn a_strangers_segment_of_another_repository_harms_nobody() {
    let mut w = World::usual();
    let other = World::with_janitors(1, &["ja"]);
    let entry = w.now(Kind::Authorisation, "fmt");
    let (path, bytes) = segment(other.identity(), "stranger", "stranger", vec![entry]);
    w.file(&path, bytes);
    w.verdict()
        .is_accepted()
        .reports(Code::ForeignRepository, &path);
}

/// A quorum vouched for the team `x`; the same digest is claimed for an author.
#[test]
fn an_entry_of_another_type_does_not_count() {
    let mut w = World::usual();
    let entry = w.authorisation("lwt", at(0, 1), &["bob"]);
    let digest = entry.version.digest;
    w.quorum_says(vec![vouch(Kind::Releases, "lwt", at(0, 1), digest)]);
    w.released("lwt.1.0", "bob");
    w.verdict().is_rejected(Code::Unclaimed, "packages/lwt");
}

/// The authorisation of `fmt` is copied to `packages/lwt`.
#[test]
fn a_file_under_another_name_is_refused() {
    let mut w = World::usual();
    w.file(
        "packages/lwt/authorisation",
        w.bytes("packages/fmt/authorisation"),
    );
    w.verdict()
        .is_rejected(Code::WrongIdentity, "packages/lwt/authorisation");
}

/// The list of releases lies where the authorisation belongs, and so on.
#[test]
fn a_file_of_another_type_is_refused() {
    let places = [
        "packages/fmt/authorisation",
        "packages/fmt/releases",
        "packages/fmt/fmt.1.0/checksum",
        "packages/.conex/ids/bob",
        "packages/.conex/janitors/0",
    ];
    for from in places {
        for to in places.into_iter().filter(|to| *to != from) {
            let mut w = World::usual();
            w.file(to, w.bytes(from));
            w.verdict().is_rejected(Code::WrongIdentity, to);
        }
    }
}

/// What `bob` vouched for is shown as vouched for by `eve`, another owner.
#[test]
fn a_segment_under_another_id_is_refused() {
    let mut w = World::usual();
    w.joined("eve");
    let path = w.says("bob", vec![w.now(Kind::Checksum, "fmt.1.0")]);
    let bytes = w.bytes(&path);
    let short = path.rsplit('/').nth(1).unwrap().to_owned();
    let moved = segment_path(&id("eve"), &short);
    w.file(&moved, bytes);
    w.verdict().is_rejected(Code::WrongIdentity, &moved);
}

/// A file that holds one resource cannot be vouched for as another: the name is in
/// the bytes, and the entry names it again.
#[test]
fn an_entry_for_another_name_does_not_count() {
    let mut w = World::usual();
    let entry = w.authorisation("lwt", at(0, 1), &["bob"]);
    let renamed = Entry {
        resource: resource(Kind::Authorisation, "lwt2"),
        ..entry
    };
    w.quorum_says(vec![renamed]);
    w.released("lwt.1.0", "bob");
    w.verdict()
        .is_rejected(Code::Unclaimed, "packages/lwt")
        // And the other name is claimed now.
        .is_rejected(Code::MissingResource, "packages/lwt2/authorisation");
}

/// A signature on a link is presented as a signature on a segment of the same
/// bytes: the namespaces differ.
#[test]
fn a_signature_for_another_kind_of_object_does_not_verify() {
    use conex_verify::format::key::Namespace;
    let mut w = World::usual();
    let forged = conex_verify::format::resource::Segment {
        repository: w.identity(),
        id: id("ja"),
        created: conex_verify::format::resource::Timestamp::unknown(),
        entries: vec![w.now(Kind::Authorisation, "fmt")],
    };
    for namespace in [Namespace::Janitors, Namespace::Snapshot] {
        let signature = private("ja").sign(namespace, &forged.signed_bytes());
        let (path, bytes) = sealed(forged.clone(), fingerprint("ja"), signature);
        w.file(&path, bytes);
        w.verdict().is_rejected(Code::BadSignature, &path);
    }
}
