//! Attack 14: much work for few bytes.

use super::measure::{
    MEMORY, added_bounded, archive_bounded, bounded, patch, patch_bounded, patched, verified,
};
use crate::bounded::{program, trust};
use crate::sizes::{TINY, archive, gzip, header, id_files, keys, links, tiny, usual};
use crate::world::*;
use conex_verify::format::path::Place;
use conex_verify::format::resource::{Decode as _, SignedLink};

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
