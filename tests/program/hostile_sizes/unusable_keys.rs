//! Keys that cost nothing to name and with which nobody may sign.

use std::collections::BTreeSet;

use base64ct::{Base64, Encoding as _};

use crate::world::*;
use conex::plan;
use conex_verify::finding::Code;
use conex_verify::format::key::{PublicKey, Signature, put};
use conex_verify::format::resource::{
    Author, Continues, Decode as _, Kind, Link, Segment, SignedLink, SnapshotRule, Timestamp,
};
use conex_verify::workbench::repository::Repository;

/// A key under which anybody can sign: the point of order one.
fn weak() -> PublicKey {
    let mut wire = Vec::new();
    put(&mut wire, b"ssh-ed25519");
    let mut point = [0; 32];
    point[0] = 1;
    put(&mut wire, &point);
    PublicKey::listed(&format!("ssh-ed25519 {}", Base64::encode_string(&wire))).unwrap()
}

/// `eve` lists a key that cannot be used. Gives the entry that vouches for the file.
fn eve(world: &mut World) -> conex_verify::format::resource::Entry {
    let author = Author {
        id: id("eve"),
        revision: at(0, 1),
        keys: vec![weak()],
        accounts: BTreeSet::new(),
    };
    world.file("packages/.conex/ids/eve", author.encode());
    world.now(Kind::Author, "eve")
}

/// A segment of `eve` under that key.
fn of_eve(world: &mut World, entry: conex_verify::format::resource::Entry) -> String {
    let segment = Segment {
        repository: world.identity(),
        id: id("eve"),
        created: Timestamp::unknown(),
        entries: vec![entry],
    };
    // Under this key a signature by `R` = the point of order one and `S` = 0 fits anything,
    // for a verifier that does not look.
    let mut signature = [0; 64];
    signature[0] = 1;
    let (path, bytes) = sealed(segment, weak().fingerprint(), Signature::ed25519(signature));
    world.file(&path, bytes);
    path
}

#[test]
fn a_listed_key_that_cannot_be_used_harms_nobody() {
    let mut world = World::usual();
    let entry = eve(&mut world);
    world.verdict().is_accepted();
    world.quorum_says(vec![entry]);
    world.verdict().is_accepted();
}

#[test]
fn nothing_is_signed_with_a_key_that_cannot_be_used() {
    let mut pending = World::usual();
    let entry = eve(&mut pending);
    let path = of_eve(&mut pending, entry.clone());
    // V2.5: A client does not look; whoever could approve the file is told.
    pending.verdict().is_accepted();
    let repository = Repository::load(&pending.tree);
    let world = plan::World::look(&pending.tree, &repository, plan::View::Supported).unwrap();
    let mut findings = world.assessment.findings.iter();
    assert!(findings.any(|f| f.code == Code::BadKey && f.path == path));
    // Approved by a quorum that did not look.
    let mut approved = World::usual();
    eve(&mut approved);
    approved.quorum_says(vec![entry.clone()]);
    let path = of_eve(&mut approved, entry);
    approved.verdict().is_rejected(Code::BadKey, &path);
}

#[test]
fn no_link_names_a_key_that_cannot_be_used() {
    let link = |number: usize, before: Option<&SignedLink>| {
        SignedLink::unsigned(Link {
            repository: conex_verify::format::name::RepositoryName::new("example").unwrap(),
            number: u64::try_from(number).unwrap(),
            continues: before.map(|before| Continues {
                identity: before.digest(),
                previous: before.digest(),
            }),
            quorum: 1,
            snapshot: SnapshotRule::Optional,
            members: [(id("eve"), weak()), (id("ja"), public("ja"))].into(),
        })
    };
    let sign = |mut link: SignedLink| {
        let namespace = conex_verify::format::key::Namespace::Janitors;
        let signature = private("ja").sign(namespace, &link.signed_bytes());
        link.signatures.push((fingerprint("ja"), signature));
        link
    };
    let mut first = World::empty().trusting(1, &["ja"]);
    first.file("packages/.conex/janitors/0", sign(link(0, None)).encode());
    first.verdict().is_rejected(Code::BadKey, "janitors/0");
    let mut second = World::usual();
    let zero = SignedLink::decode(&second.bytes("packages/.conex/janitors/0")).unwrap();
    second.file(
        "packages/.conex/janitors/1",
        sign(link(1, Some(&zero))).encode(),
    );
    second.verdict().is_rejected(Code::BadKey, "janitors/1");
}
