//! Attack 14: much work for few bytes.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::measure::{
    Files, MEMORY, TINY, added_bounded, archive, archive_bounded, bounded, patch, patch_bounded,
    patched, tiny, usual, verified,
};
use crate::bounded::{gzip, header, program, trust};
use crate::seed_key::SeedKey;
use crate::world::*;
use conex_verify::format::key::PublicKey;
use conex_verify::format::path::Place;
use conex_verify::format::resource::{
    Author, Continues, Decode as _, Link, SignedLink, SnapshotRule,
};

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
