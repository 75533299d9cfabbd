//! Repositories of any size, made up: releases as people write them, and files that are made to
//! be costly.
#![allow(missing_docs)]

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::seed_key::SeedKey;
use crate::world::*;
use conex_verify::format::key::{Namespace, PublicKey};
use conex_verify::format::path::Place;
use conex_verify::format::resource::{
    Author, Continues, Decode as _, Link, Segment, SignedLink, SignedSegment, SnapshotRule,
    Timestamp,
};

/// Files by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The files of the usual world.
pub fn usual() -> Files {
    files(&World::usual())
}

fn files(world: &World) -> Files {
    let files = world.tree.files.iter();
    files
        .map(|(path, bytes)| (path.clone(), bytes.to_vec()))
        .collect()
}

/// What a file takes in an archive without compression.
pub fn expanded(bytes: &[u8]) -> usize {
    512 + bytes.len().next_multiple_of(512)
}

pub fn size(files: &Files) -> usize {
    files.values().map(|bytes| expanded(bytes)).sum()
}

pub fn archive(files: &Files) -> Vec<u8> {
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

pub fn gzip(write: impl FnOnce(&mut dyn std::io::Write)) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
    write(&mut gz);
    gz.finish().unwrap()
}

pub fn header(name: &str, size: u64, kind: u8) -> [u8; 512] {
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(size);
    header.set_mode(0o644);
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_cksum();
    *header.as_bytes()
}

/// Hex digits that do not compress much, from a seed.
pub fn noise(seed: u64, len: usize) -> String {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut out = String::with_capacity(len + 16);
    while out.len() < len {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        out += &format!("{x:016x}");
    }
    out.truncate(len);
    out
}

/// Release number `n` as somebody writes it: four of each package.
pub fn release(n: usize) -> (String, String) {
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
pub fn honest(size: usize) -> Files {
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

/// The least that a package can be.
pub const TINY: &str = "opam-version: \"2.0\"\n";

/// The path of one, by number.
pub fn tiny(n: usize) -> String {
    format!("packages/p{n:06}/p{n:06}.1/opam")
}

/// Different public keys.
pub fn keys(count: usize) -> Vec<PublicKey> {
    let key = |n: usize| {
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&n.to_le_bytes());
        SeedKey::of(&seed).public().clone()
    };
    (0..count).into_par_iter().map(key).collect()
}

/// Id files of authors that nobody approved, with so many keys each.
pub fn id_files(keys: &[PublicKey], each: usize) -> Files {
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

/// Links of these members each, numbered from `first`; the first continues `before`.
pub fn links(
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

/// The usual world with so many segments of a janitor whose signatures do not fit.
pub fn segments(count: usize) -> Files {
    let mut world = World::usual();
    let (_, honest) = segment(world.identity(), "ja", "ja", vec![]);
    let signature = SignedSegment::decode(&honest).unwrap().signature;
    for n in 0..count {
        let forged = empty(&world, "ja", n);
        let (path, bytes) = sealed(forged, fingerprint("ja"), signature.clone());
        world.file(&path, bytes);
    }
    files(&world)
}

/// The usual world with an author whom nobody approved, and so many segments that he signed.
pub fn segments_of_nobody(count: usize) -> Files {
    let mut world = World::usual();
    world.author_file("eve", at(0, 1), &["eve"]);
    let key = private("eve");
    let all: Vec<_> = (0..count)
        .into_par_iter()
        .map(|n| {
            let of = empty(&world, "eve", n);
            let signature = key.sign(Namespace::Index, &of.signed_bytes());
            sealed(of, fingerprint("eve"), signature)
        })
        .collect();
    for (path, bytes) in all {
        world.file(&path, bytes);
    }
    files(&world)
}

/// The `n`th segment of an id, without entries.
fn empty(world: &World, of: &str, n: usize) -> Segment {
    let (day, h, m, s) = (1 + n / 86_400, n / 3600 % 24, n / 60 % 60, n % 60);
    let time = format!("2026-11-{day:02}T{h:02}:{m:02}:{s:02}Z");
    Segment {
        repository: world.identity(),
        id: id(of),
        created: Timestamp::new(&time).unwrap(),
        entries: Vec::new(),
    }
}
