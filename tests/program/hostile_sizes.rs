//! Input that is made to be costly takes at most [`TIMES`] times what honest input of the
//! same expanded size takes, and less than [`MEMORY`].
//!
//! Expanded is what a reader has to go through: the archive without compression, or the
//! patch. Honest input is releases as people write them, which nobody signed. Each shape
//! is measured with the release build, where there is one ([`super::bounded`]).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64ct::{Base64, Encoding as _};
use rayon::prelude::*;

use crate::bounded::{Cost, gzip, header, measured, noise, program, trust};
use crate::seed_key::SeedKey;
use crate::world::*;
use conex_verify::finding::{Code, Severity};
use conex_verify::format::key::{PublicKey, Signature, put};
use conex_verify::format::path::Place;
use conex_verify::format::resource::{
    Account, Author, Continues, Decode as _, Kind, Link, Segment, SignedLink, SnapshotRule,
    Timestamp,
};
use conex_verify::limits::{
    MAX_ALIKE, MAX_ENTRIES, MAX_ID_FILE, MAX_LISTED_KEYS, MAX_PACKAGES, MAX_RELEASES, MAX_SEGMENT,
};
use conex_verify::workbench::repository::Repository;
use conex_verify::{Policy, Request, Subject, verify};

/// How many times the time of honest input a hostile one may take.
const TIMES: u32 = 5;
/// What is added to that, for the start of the program and the coarse clock.
const START: Duration = Duration::from_millis(50);
/// What may be resident at most, in kB.
const MEMORY: u64 = 300_000;
/// How often a run is repeated: of a machine that others use as well the best counts.
const RUNS: usize = 3;

/// Files by path.
type Files = BTreeMap<String, Vec<u8>>;

/// The files of the usual world.
fn usual() -> Files {
    let files = World::usual().tree.files.into_iter();
    files.map(|(path, bytes)| (path, bytes.to_vec())).collect()
}

/// What a file takes in an archive without compression.
fn expanded(bytes: &[u8]) -> usize {
    512 + bytes.len().next_multiple_of(512)
}

fn size(files: &Files) -> usize {
    files.values().map(|bytes| expanded(bytes)).sum()
}

fn archive(files: &Files) -> Vec<u8> {
    gzip(|to| {
        for (path, bytes) in files {
            let size = u64::try_from(bytes.len()).unwrap();
            to.write_all(&header(path, size, b'0')).unwrap();
            to.write_all(bytes).unwrap();
            let padding = bytes.len().next_multiple_of(512) - bytes.len();
            to.write_all(&[0; 512][..padding]).unwrap();
        }
        to.write_all(&[0; 1024]).unwrap();
    })
}

/// Release number `n` as somebody writes it: four of each package.
fn release(n: usize) -> (String, String) {
    let (package, version) = (n / 4, n % 4);
    let sum = |of: usize, len| noise(u64::try_from(n * 7 + of).unwrap(), len);
    let text = format!(
        r#"opam-version: "2.0"
synopsis: "A library for the things of number {package}"
description: """
Things come in many kinds. This library has the ones of number {package}, with a
printer and a parser for each of them, and a few tools around them.
"""
maintainer: "Somebody {package} <somebody{package}@example.org>"
authors: ["Somebody {package}" "Somebody Else"]
license: "ISC"
tags: ["things" "library" "org:example"]
homepage: "https://example.org/thing{package}"
doc: "https://example.org/thing{package}/doc"
bug-reports: "https://example.org/thing{package}/issues"
depends: [
  "dune" {{>= "2.{version}"}}
  "ocaml" {{>= "4.08.0" & < "5.{version}.0"}}
  "fmt" {{>= "0.8.{version}"}}
  "logs"
  "alcotest" {{with-test & >= "1.{version}.0"}}
  "odoc" {{with-doc}}
]
build: [
  ["dune" "subst"] {{dev}}
  [
    "dune"
    "build"
    "-p"
    name
    "-j"
    jobs
    "@install"
    "@runtest" {{with-test}}
    "@doc" {{with-doc}}
  ]
]
dev-repo: "git+https://example.org/thing{package}.git"
url {{
  src: "https://example.org/thing{package}/archive/1.{version}.tar.gz"
  checksum: [
    "sha256={}"
    "sha512={}"
  ]
}}
"#,
        sum(0, 64),
        sum(1, 128)
    );
    (
        format!("packages/thing{package}/thing{package}.1.{version}/opam"),
        text,
    )
}

/// The usual world, with as many releases besides as make `size` bytes.
fn honest(size: usize) -> Files {
    let mut files = usual();
    let mut left = size.saturating_sub(self::size(&files));
    for n in 0.. {
        let (path, text) = release(n);
        let more = expanded(text.as_bytes());
        if more > left {
            break;
        }
        left -= more;
        files.insert(path, text.into_bytes());
    }
    files
}

/// A patch that adds files: what opam 2.4 and later make.
fn patch<'a>(files: impl Iterator<Item = (String, &'a str)>) -> Vec<u8> {
    let mut out = String::new();
    for (path, text) in files {
        let lines = text.lines().count();
        out += &format!("--- /dev/null\n+++ r.new/{path}\n@@ -0,0 +1,{lines} @@\n");
        for line in text.lines() {
            out += &format!("+{line}\n");
        }
    }
    out.into_bytes()
}

/// A patch of this size that adds releases.
fn honest_patch(size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for n in 0.. {
        let (path, text) = release(n);
        if out.len() + text.len() > size {
            break;
        }
        out.extend(patch([(path, text.as_str())].into_iter()));
    }
    out
}

/// The cheapest of some runs.
fn cheapest(what: &str, args: &[String]) -> Cost {
    let runs = (0..RUNS).map(|_| measured(what, args));
    runs.min_by_key(|cost| cost.time).unwrap()
}

fn verified(what: &str, gz: &[u8]) -> Cost {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("r.tar.gz.new");
    std::fs::write(&path, gz).unwrap();
    let mut args = trust(&World::usual());
    args.push(format!("--repo={}", dir.path().join("r.tar.gz").display()));
    args.push(format!("--dir={}", path.display()));
    args.push("--incremental=false".to_owned());
    cheapest(&format!("{what} ({} kB)", gz.len() / 1000), &args)
}

fn patched(what: &str, patch: &[u8]) -> Cost {
    let dir = tempfile::tempdir().unwrap();
    for (path, bytes) in usual() {
        let path = dir.path().join("r").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let file = dir.path().join("patch");
    std::fs::write(&file, patch).unwrap();
    let mut args = trust(&World::usual());
    args.push(format!("--repo={}", dir.path().join("r").display()));
    args.push(format!("--patch={}", file.display()));
    args.push("--incremental=true".to_owned());
    args.push("--no-state".to_owned());
    cheapest(&format!("{what} ({} kB)", patch.len() / 1000), &args)
}

#[track_caller]
fn bounded(what: &str, hostile: &Cost, honest: &Cost) {
    assert_eq!(
        honest.status,
        Some(0),
        "{what}: honest input\n{}",
        honest.text
    );
    let (time, most) = (hostile.time, honest.time * TIMES + START);
    println!(
        "{what}: {:.1} times the time, {} MB against {} MB",
        time.as_secs_f64() / honest.time.as_secs_f64().max(0.01),
        hostile.memory / 1000,
        honest.memory / 1000
    );
    assert!(
        time <= most,
        "{what}: {time:?}, at most {most:?}\n{}",
        hostile.text
    );
    assert!(hostile.memory < MEMORY, "{what}: {} kB", hostile.memory);
}

/// An archive of these files besides those of the usual world, against honest files of
/// the same size. Gives what the program said.
#[track_caller]
fn archive_bounded(what: &str, files: Files) -> Cost {
    let mut all = usual();
    all.extend(files);
    let hostile = verified(what, &archive(&all));
    let honest = verified("honest", &archive(&honest(size(&all))));
    bounded(what, &hostile, &honest);
    hostile
}

#[track_caller]
fn patch_bounded(what: &str, patch: &[u8]) -> Cost {
    let hostile = patched(what, patch);
    let honest = patched("honest", &honest_patch(patch.len()));
    bounded(what, &hostile, &honest);
    hostile
}

/// The same of the files that an attacker adds in a patch.
#[track_caller]
fn added_bounded(what: &str, files: &Files) -> Cost {
    let text = |(path, bytes): (&String, &Vec<u8>)| {
        (path.clone(), String::from_utf8(bytes.clone()).unwrap())
    };
    let files: Vec<_> = files.iter().map(text).collect();
    let files = files.iter().map(|(path, text)| (path.clone(), &**text));
    patch_bounded(&format!("{what}, in a patch"), &patch(files))
}

/// Different public keys.
fn keys(count: usize) -> Vec<PublicKey> {
    let key = |n: usize| {
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&n.to_le_bytes());
        SeedKey::of(&seed).public().clone()
    };
    (0..count).into_par_iter().map(key).collect()
}

/// Id files of authors that nobody approved, with so many keys each.
fn id_files(keys: &[PublicKey], each: usize) -> Files {
    let author = |(n, keys): (usize, &[PublicKey])| {
        let mut keys = keys.to_vec();
        keys.sort_by_key(PublicKey::to_string);
        let author = Author {
            id: id(&format!("author{n}")),
            revision: at(0, 1),
            keys,
            accounts: BTreeSet::new(),
        };
        (Place::IdFile(author.id.clone()).path(), author.encode())
    };
    keys.chunks(each).enumerate().map(author).collect()
}

/// Attack 14, in both forms in which opam has a repository.
#[test]
fn id_files_that_nobody_approved() {
    let keys = keys(256_000);
    added_bounded("4,000 id files with 64 keys", &id_files(&keys, 64));
    archive_bounded("4,000 id files with 64 keys", id_files(&keys, 64));
    let fewer = id_files(&keys[..96_000], 64);
    added_bounded("1,500 id files with 64 keys", &fewer);
    archive_bounded("1,500 id files with 64 keys", fewer);
    archive_bounded("16,000 id files with a key", id_files(&keys[..16_000], 1));
}

/// Links of these members each, numbered from `first`; the first continues `before`.
fn links(
    first: usize,
    before: Option<(SignedLink, SignedLink)>,
    keys: &[PublicKey],
    each: usize,
) -> Files {
    let mut ties = before.map(|(zero, last)| (zero.digest(), last.digest()));
    let mut files = Files::new();
    for (n, keys) in keys.chunks(each).enumerate() {
        let member = |(m, key): (usize, &PublicKey)| (id(&format!("j{n}x{m}")), key.clone());
        let link = SignedLink::unsigned(Link {
            repository: conex_verify::format::name::RepositoryName::new("example").unwrap(),
            number: u64::try_from(first + n).unwrap(),
            continues: ties.map(|(identity, previous)| Continues { identity, previous }),
            quorum: keys.len(),
            snapshot: SnapshotRule::Optional,
            members: keys.iter().enumerate().map(member).collect(),
        });
        ties = Some((ties.map_or(link.digest(), |(zero, _)| zero), link.digest()));
        files.insert(Place::Link(link.link.number).path(), link.encode());
    }
    files
}

/// Attack 14, in both forms.
#[test]
fn links_with_as_many_members_as_may_be() {
    let keys = keys(256_000);
    archive_bounded("links of somebody else", links(0, None, &keys, 200));
    let usual = usual();
    let zero = SignedLink::decode(&usual[&Place::Link(0).path()]).unwrap();
    let more = links(1, Some((zero.clone(), zero)), &keys, 200);
    added_bounded("links after the true one", &more);
    archive_bounded("links after the true one", more);
}

const TINY: &str = "opam-version: \"2.0\"\n";

fn tiny(n: usize) -> String {
    format!("packages/p{n:06}/p{n:06}.1/opam")
}

#[test]
fn tiny_packages() {
    let packages = |count| {
        (0..count)
            .map(|n| (tiny(n), TINY.as_bytes().to_vec()))
            .collect()
    };
    archive_bounded("130,000 packages of 20 bytes", packages(130_000));
    archive_bounded("49,000 packages of 20 bytes", packages(49_000));
    let each = |count| patch((0..count).map(|n| (tiny(n), TINY)));
    patch_bounded("390,000 packages in a patch", &each(390_000));
    // Honest patches of this size bring fewer files: what counts is that it is no burden.
    let most = patched("49,000 packages in a patch", &each(49_000));
    assert!(most.time < program().1 / 2, "{:?}", most.time);
    assert!(most.memory < MEMORY, "{} kB", most.memory);
}

/// Attack 14, in both forms: a file that is claimed and not there.
#[test]
fn an_archive_that_claims_a_large_file() {
    let claim = gzip(|to| {
        to.write_all(&header("packages/a/a.1/opam", 64 << 20, b'0'))
            .unwrap()
    });
    let hostile = verified("64 MB out of nothing", &claim);
    let honest = verified("honest", &archive(&usual()));
    bounded("64 MB out of nothing", &hostile, &honest);
    assert!(hostile.memory < 2 * honest.memory, "{} kB", hostile.memory);
    let claim = "--- /dev/null\n+++ r.new/packages/a/a.1/opam\n@@ -0,0 +1,67108864 @@\n+x\n";
    let hostile = patch_bounded("64 million lines out of nothing", claim.as_bytes());
    assert_eq!(hostile.status, Some(1), "{}", hostile.text);
    assert!(hostile.text.contains("E070"), "{}", hostile.text);
}

/// A machine that is out of files to open: nobody who serves a repository is to blame, and
/// nothing is decided. However few it has, a tree in order is never refused.
#[test]
fn a_machine_out_of_file_descriptors_decides_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for (path, bytes) in usual() {
        let path = dir.path().join("r").join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let mut undecided = 0;
    for descriptors in 4..40 {
        let output = std::process::Command::new("sh")
            .arg("-c")
            .arg(format!("ulimit -n {descriptors}; exec \"$@\""))
            .arg("sh")
            .arg(program().0)
            .arg("verify")
            .args(trust(&World::usual()))
            .arg(format!("--dir={}", dir.path().join("r").display()))
            .arg(format!("--repo={}", dir.path().join("r").display()))
            .env_clear()
            .env("HOME", dir.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => {}
            Some(2) => {
                assert!(text.contains("cannot decide"), "{descriptors}: {text}");
                assert!(text.contains("ulimit -n"), "{descriptors}: {text}");
                undecided += 1;
            }
            other => panic!("{descriptors}: {other:?}: {text}"),
        }
    }
    assert!((1..36).contains(&undecided), "{undecided}");
}

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
    let verdict = pending.verdict();
    verdict.is_accepted();
    let said = |f: &&conex_verify::finding::Finding| f.code == Code::BadKey && f.path == path;
    assert_eq!(verdict.findings.iter().filter(said).count(), 1);
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
