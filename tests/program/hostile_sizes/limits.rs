//! Trees beyond a limit, and findings of which there are many.

use std::collections::BTreeMap;

use crate::sizes::{TINY, tiny};
use crate::world::*;
use conex_verify::finding::{Code, Severity};
use conex_verify::format::key::Signature;
use conex_verify::format::resource::{Account, Author, Decode as _, Kind, Segment, Timestamp};
use conex_verify::limits::{
    MAX_ALIKE, MAX_ENTRIES, MAX_ID_FILE, MAX_LISTED_KEYS, MAX_PACKAGES, MAX_RELEASES, MAX_SEGMENT,
};
use conex_verify::workbench::repository::Repository;
use conex_verify::{Policy, Request, Subject, verify};

/// The verdict that a client gives on the files of a world.
fn outcome(world: &World) -> conex_verify::Outcome {
    let keys: Vec<String> = world
        .anchors
        .iter()
        .map(|a| fingerprint(a).to_string())
        .collect();
    let policy = Policy::new(&keys.join(","), Some(world.quorum)).unwrap();
    verify(&Request {
        policy: &policy,
        name: "default",
        subject: Subject::Whole {
            tree: &world.tree,
            before: None,
        },
        memories: &(),
    })
    .unwrap()
}

/// However much is wrong, of each kind some is said, and how much more there is.
#[test]
fn of_many_findings_alike_the_rest_is_counted() {
    let mut world = World::usual();
    for n in 0..1000 {
        world.file(&tiny(n), TINY);
        world.file(&format!("packages/p{n:06}/a b"), "");
        world.file(&format!("packages/.conex/ids/who{n}"), "nothing");
        world.author_file(&format!("author{n}"), at(0, 1), &["bob"]);
    }
    let outcome = outcome(&world);
    assert!(!outcome.is_accepted());
    let findings = &outcome.report().findings;
    let mut counts: BTreeMap<(Code, Severity), usize> = BTreeMap::new();
    for finding in findings {
        *counts.entry((finding.code, finding.severity)).or_default() += 1;
    }
    for (code, severity) in [
        (Code::Unclaimed, Severity::Error),
        (Code::BadPath, Severity::Error),
        (Code::Syntax, Severity::Error),
        (Code::PendingId, Severity::Warning),
    ] {
        assert_eq!(counts[&(code, severity)], MAX_ALIKE + 1, "{code}");
        let more = format!("and {} more: {}", 1000 - MAX_ALIKE, code.title());
        assert!(findings.iter().any(|f| f.message == more), "{more}");
    }
    assert!(counts.values().all(|count| *count <= MAX_ALIKE + 1));
}

/// Of a tree beyond a limit nothing is taken apart, and nothing else is said.
#[track_caller]
fn beyond(world: &World, what: &str) {
    let repository = Repository::load(&world.tree);
    assert!(repository.over && repository.packages.is_empty(), "{what}");
    let outcome = outcome(world);
    assert!(!outcome.is_accepted());
    let findings = &outcome.report().findings;
    let messages: Vec<&str> = findings.iter().map(|f| f.message.as_str()).collect();
    assert!(
        matches!(&*messages, [one] if one.contains(what)),
        "{what}: {messages:?}"
    );
}

#[test]
fn a_tree_beyond_a_limit_is_not_taken_apart() {
    let mut packages = World::usual();
    // `fmt` is one.
    for n in 1..MAX_PACKAGES {
        packages.file(&tiny(n), TINY);
    }
    assert!(!Repository::load(&packages.tree).over);
    packages.file(&tiny(MAX_PACKAGES), TINY);
    beyond(&packages, "50000 packages");
    // Wherever they lie.
    packages.remove(&tiny(1));
    packages.file("packages/fmt/other.1/opam", TINY);
    beyond(&packages, "50000 packages");
    packages.remove("packages/fmt/other.1/opam");
    packages.file("packages/other.1/opam", TINY);
    beyond(&packages, "50000 packages");
    packages.remove("packages/other.1/opam");
    packages.file("packages/fmt/p000002.1/opam", TINY);
    assert!(!Repository::load(&packages.tree).over);

    let mut releases = World::usual();
    for n in 1..=MAX_RELEASES {
        releases.file(&format!("packages/p/p.{n}/opam"), TINY);
    }
    beyond(&releases, "200000 releases");

    let mut keys = World::usual();
    keys.file("packages/.conex/ids/none", "");
    let account = |n: usize| Account::new(&format!("github:{n}")).unwrap();
    for n in 0..MAX_LISTED_KEYS / 2000 {
        let author = Author {
            id: id(&format!("author{n}")),
            revision: at(0, 1),
            keys: Vec::new(),
            accounts: (0..2000).map(account).collect(),
        };
        keys.file(&format!("packages/.conex/ids/author{n}"), author.encode());
    }
    beyond(&keys, "100000 keys, accounts and members");

    let mut entries = World::usual();
    let ja = fingerprint("ja");
    let many = |from: usize| -> Vec<_> {
        let digest = conex_verify::format::digest::Digest::of(b"");
        let name = |n| format!("p{n:07}");
        let some = from..from + 25_000;
        some.map(|n| vouch(Kind::Releases, &name(n), at(0, 1), digest))
            .collect()
    };
    for n in 0..=MAX_ENTRIES / 25_000 {
        let segment = Segment {
            repository: entries.identity(),
            id: id("stranger"),
            created: Timestamp::unknown(),
            entries: many(n * 25_000),
        };
        let (path, bytes) = sealed(segment, ja, Signature::ed25519([0; 64]));
        entries.file(&path, bytes);
    }
    beyond(&entries, "1000000 entries");
}

/// A file that nobody has to approve, or that anybody can sign, is not read if it is large.
#[test]
fn large_files_of_ids_and_of_signatures_are_refused() {
    let mut world = World::usual();
    let account = |n: usize| Account::new(&format!("github:{n:0190}")).unwrap();
    let author = |count: usize| {
        let author = Author {
            id: id("eve"),
            revision: at(0, 1),
            keys: Vec::new(),
            accounts: (0..count).map(account).collect(),
        };
        author.encode()
    };
    let fits = (0..)
        .take_while(|n| author(*n).len() <= MAX_ID_FILE)
        .last()
        .unwrap();
    world.file("packages/.conex/ids/eve", author(fits));
    assert!(outcome(&world).is_accepted());
    world.file("packages/.conex/ids/eve", author(fits + 1));
    world
        .verdict()
        .is_rejected(Code::Encoding, "packages/.conex/ids/eve");

    let mut world = World::usual();
    let digest = conex_verify::format::digest::Digest::of(b"");
    let entry = |n: usize| vouch(Kind::Releases, &format!("p{n:060}"), at(0, 1), digest);
    let entries = (0..MAX_SEGMENT / 150).map(entry).collect();
    let path = world.says("ja", entries);
    assert!(world.bytes(&path).len() > MAX_SEGMENT);
    world.verdict().is_rejected(Code::Encoding, &path);
}
