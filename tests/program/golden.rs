//! The golden files of `fixtures/golden/`: what `docs/format.md` shows to those who
//! write another client is what this program reads and writes, and nothing near it is.
//!
//! `CONEX_BLESS=1 cargo test --locked --test verifier golden` writes the files and the
//! document anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::golden_values::Golden;
use base64ct::{Base64, Encoding as _};
use conex_verify::finding::Severity;
use conex_verify::format::digest::Digest;
use conex_verify::format::key::Namespace;
use conex_verify::format::path::Place;
use conex_verify::format::resource::{
    Authorisation, Checksum, Claims, Decode, IdFile, MetaError, Releases, Repo, SignedLink,
    SignedSegment, SignedSnapshot,
};
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::{Loaded, Repository, Slot};
use conex_verify::workbench::trust::anchors::{Anchors, Client};
use conex_verify::workbench::verdict::verify;
use conex_verify::workbench::verify::{Mode, read_chain};
use rayon::prelude::*;

fn top(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// All files below `fixtures/golden/`, by their paths there.
fn on_disk() -> BTreeMap<String, Vec<u8>> {
    fn walk(dir: &Path, prefix: &str, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), &format!("{path}/"), files);
            } else {
                files.insert(path, fs::read(entry.path()).unwrap());
            }
        }
    }
    let mut files = BTreeMap::new();
    walk(&top("fixtures/golden"), "", &mut files);
    files
}

/// What fixed keys and values give; on request also written to disk, before any
/// test looks there.
fn golden() -> &'static Golden {
    static GOLDEN: LazyLock<Golden> = LazyLock::new(|| {
        let golden = Golden::make();
        if std::env::var_os("CONEX_BLESS").is_some() {
            let _ = fs::remove_dir_all(top("fixtures/golden"));
            for (path, bytes) in &golden.files {
                let path = top("fixtures/golden").join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
            fs::write(top("docs/format.md"), document(&golden.files)).unwrap();
        }
        golden
    });
    &GOLDEN
}

/// The metadata among the files: everything that has an encoding of its own.
fn metadata(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    files
        .iter()
        .filter(|(path, _)| {
            Place::of(path).is_ok_and(|p| !matches!(p, Place::Opam(_) | Place::File(..)))
        })
        .map(|(path, bytes)| (path.clone(), bytes.clone()))
        .collect()
}

/// Decodes a file of the type that its place asks for, and encodes it again.
fn recoded(path: &str, bytes: &[u8]) -> Result<Vec<u8>, MetaError> {
    Ok(match Place::of(path).unwrap() {
        Place::Link(_) => SignedLink::decode(bytes)?.encode(),
        Place::Segment(..) => SignedSegment::decode(bytes)?.encode(),
        Place::IdFile(_) => match IdFile::decode(bytes)? {
            IdFile::Author(author) => author.encode(),
            IdFile::Team(team) => team.encode(),
        },
        Place::Repo => Repo::decode(bytes)?.encode(),
        Place::Claims => Claims::decode(bytes)?.encode(),
        Place::Authorisation(_) => Authorisation::decode(bytes)?.encode(),
        Place::Releases(_) => Releases::decode(bytes)?.encode(),
        Place::Checksum(_) => Checksum::decode(bytes)?.encode(),
        Place::Snapshot => SignedSnapshot::decode(bytes)?.encode(),
        place => panic!("{place:?} is no metadata"),
    })
}

#[test]
fn the_files_are_what_fixed_keys_and_values_give() {
    let made = &golden().files;
    let found = on_disk();
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(made), names(&found));
    for (path, bytes) in made {
        assert!(found[path] == *bytes, "{path}");
    }
}

#[test]
fn each_file_decodes_and_encodes_to_the_same_bytes() {
    for (path, bytes) in metadata(&golden().files) {
        assert_eq!(recoded(&path, &bytes).as_deref(), Ok(&*bytes), "{path}");
    }
}

#[test]
fn every_type_has_a_file() {
    let mut types: Vec<String> = metadata(&golden().files)
        .values()
        .map(|bytes| conex_verify::format::resource::decode::type_of(bytes).unwrap())
        .collect();
    types.sort();
    types.dedup();
    assert_eq!(
        types,
        [
            "author",
            "authorisation",
            "checksum",
            "claims",
            "index",
            "janitors",
            "releases",
            "repo",
            "snapshot",
            "team"
        ]
    );
}

/// Whoever writes another client can try it on the whole: it is a valid repository.
#[test]
fn the_golden_repository_is_valid() {
    let golden = golden();
    let anchors: Vec<String> = golden.keys[..2]
        .iter()
        .map(|key| key.fingerprint().to_string())
        .collect();
    let client = Client::new(anchors.join(",").parse::<Anchors>().unwrap(), 2).unwrap();
    let tree = tree(&golden.files);
    let repository = Repository::load(&tree);
    let verdict = verify(&tree, &repository, &client, Mode::Strict);
    let errors: Vec<_> = verdict
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .collect();
    assert!(verdict.accepted(), "{errors:#?}");
    assert_eq!(verdict.summary.signed_packages, 1);
    assert_eq!(verdict.findings, []);
    let text = fs::read_to_string(top("docs/format.md")).unwrap();
    for anchor in anchors {
        assert!(
            text.contains(&anchor),
            "docs/format.md lacks the anchor {anchor}"
        );
    }
}

/// The recipe of the document, with nothing but stock tools and no code of conex's:
/// what is signed ends at the line `signatures`, and the envelope is written back.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn openssh_accepts_every_signature() {
    fn string(bytes: &[u8]) -> Vec<u8> {
        let len = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        [&len, bytes].concat()
    }
    if !crate::openssh::oracle("ssh-keygen") {
        return;
    }
    let golden = golden();
    let mut count = 0;
    for (path, bytes) in metadata(&golden.files) {
        let text = std::str::from_utf8(&bytes).unwrap();
        let Some((before, after)) = text.split_once("\nsignatures: [\n") else {
            continue;
        };
        let signed = format!("{before}\n");
        let namespace = match Place::of(&path).unwrap() {
            Place::Link(_) => "conex-janitors-v1",
            Place::Snapshot => "conex-snapshot-v1",
            _ => "conex-index-v1",
        };
        for line in after.lines().filter(|l| l.starts_with("  [")) {
            let parts: Vec<&str> = line.split('"').collect();
            let key = golden
                .keys
                .iter()
                .find(|k| k.fingerprint().to_string() == parts[1])
                .unwrap();
            let public = key.to_string();
            let wire = Base64::decode_vec(public.split_once(' ').unwrap().1).unwrap();
            let raw = Base64::decode_vec(parts[3]).unwrap();
            let blob = [
                b"SSHSIG\0\0\0\x01".to_vec(),
                string(&wire),
                string(namespace.as_bytes()),
                string(b""),
                string(b"sha512"),
                string(&[string(b"ssh-ed25519"), string(&raw)].concat()),
            ]
            .concat();
            let base64 = Base64::encode_string(&blob);
            let lines: Vec<&str> = base64
                .as_bytes()
                .chunks(70)
                .map(|l| std::str::from_utf8(l).unwrap())
                .collect();
            let armoured = format!(
                "-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n",
                lines.join("\n")
            );
            let accepts = |message: &str| {
                crate::openssh::they_accept(key, namespace, message.as_bytes(), &armoured)
            };
            assert!(accepts(&signed), "{path}: {line}");
            assert!(
                !accepts(text),
                "{path}: the signature is over the signatures too"
            );
            count += 1;
        }
    }
    assert_eq!(count, 2 + 3 + 3 + 1);
}

/// Digests and fingerprints are what `b2sum -l 256` prints.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn b2sum_prints_the_same_digests() {
    if !crate::openssh::oracle("b2sum") {
        return;
    }
    let b2sum = |bytes: &[u8]| {
        let mut command = std::process::Command::new("b2sum");
        let line = crate::openssh::ok(command.args(["-l", "256"]), bytes);
        format!("blake2b={}", line.split(' ').next().unwrap())
    };
    let golden = golden();
    for bytes in golden.files.values() {
        assert_eq!(b2sum(bytes), Digest::of(bytes).to_string());
    }
    for key in &golden.keys {
        let text = key.to_string();
        let wire = Base64::decode_vec(text.split_once(' ').unwrap().1).unwrap();
        assert_eq!(b2sum(&wire), key.fingerprint().to_string());
    }
}

fn tree(files: &BTreeMap<String, Vec<u8>>) -> Tree {
    Tree {
        files: files
            .iter()
            .map(|(path, bytes)| (path.clone(), bytes.as_slice().into()))
            .collect(),
        ..Tree::default()
    }
}

/// What stands between the marks of a golden file in `docs/format.md`.
fn shown(path: &str, bytes: &[u8]) -> String {
    format!(
        "`{path}`, digest\n`{}`:\n\n```\n{}```\n",
        Digest::of(bytes),
        std::str::from_utf8(bytes).unwrap()
    )
}

/// `docs/format.md` with every golden file in its place. A mark names a path; a
/// directory that is called by a digest is written `*`.
fn document(files: &BTreeMap<String, Vec<u8>>) -> String {
    const MARK: &str = "<!-- golden: ";
    const END: &str = "<!-- end of golden file -->\n";
    let old = fs::read_to_string(top("docs/format.md")).unwrap();
    let mut files = metadata(files);
    let mut rest = old.as_str();
    let mut new = String::new();
    while let Some((before, after)) = rest.split_once(MARK) {
        let (pattern, after) = after.split_once(" -->\n").unwrap();
        let (_, after) = after.split_once(END).expect("an end for every golden file");
        let (start, end) = pattern.split_once('*').unwrap_or((pattern, ""));
        let path = files
            .keys()
            .find(|p| p.starts_with(start) && p.ends_with(end))
            .unwrap_or_else(|| panic!("no golden file fits {pattern}"))
            .clone();
        let bytes = files.remove(&path).unwrap();
        new += &format!("{before}{MARK}{pattern} -->\n{}{END}", shown(&path, &bytes));
        rest = after;
    }
    files.retain(|path, _| !path.contains("/index/janitor-b/"));
    assert!(files.is_empty(), "not shown in docs/format.md: {files:?}");
    new + rest
}

#[test]
fn the_document_shows_the_files_and_their_digests() {
    let expected = document(&golden().files);
    let found = fs::read_to_string(top("docs/format.md")).unwrap();
    for (n, (e, f)) in expected.lines().zip(found.lines()).enumerate() {
        assert_eq!(e, f, "docs/format.md:{}", n + 1);
    }
    assert_eq!(expected.len(), found.len());
}

/// Whether nobody who follows the rules takes these bytes for the metadata at `path`.
///
/// A file with a check line must not decode. A segment may decode, its signature
/// must fail then, and so that of a snapshot. A link may decode when its signatures changed; the chain must
/// be refused then.
fn refused(golden: &Golden, path: &str, bytes: &[u8]) -> bool {
    if recoded(path, bytes).is_err() {
        return true;
    }
    match Place::of(path).unwrap() {
        Place::Segment(..) => {
            let segment = SignedSegment::decode(bytes).unwrap();
            let message = &bytes[..segment.signed_len];
            golden
                .keys
                .iter()
                .filter(|key| key.fingerprint() == segment.key)
                .all(|key| {
                    key.verify(Namespace::Index, message, &segment.signature)
                        .is_err()
                })
        }
        Place::Snapshot => {
            let signed = SignedSnapshot::decode(bytes).unwrap();
            let message = &bytes[..signed.signed_len];
            golden
                .keys
                .iter()
                .filter(|key| key.fingerprint() == signed.key)
                .all(|key| {
                    key.verify(Namespace::Snapshot, message, &signed.signature)
                        .is_err()
                })
        }
        Place::Link(number) => {
            let mut repository = Repository::default();
            for n in [0, 1] {
                let at = Place::Link(n).path();
                let bytes = if n == number {
                    bytes
                } else {
                    &golden.files[&at]
                };
                let loaded = Loaded {
                    value: SignedLink::decode(bytes).unwrap(),
                    digest: Digest::of(bytes),
                    bytes: bytes.into(),
                };
                repository.links.insert(n, Slot::Good(loaded));
            }
            read_chain(&repository).map_or_else(
                |findings| !findings.is_empty(),
                |chain| chain.judge(0, 2).is_some(),
            )
        }
        _ => false,
    }
}

fn each_is_refused(change: impl Fn(&[u8]) -> Vec<(String, Vec<u8>)> + Sync) {
    let golden = golden();
    let files: Vec<_> = metadata(&golden.files).into_iter().collect();
    for (path, bytes) in &files {
        assert!(!refused(golden, path, bytes), "{path} as it is");
        let wrong: Vec<String> = change(bytes)
            .par_iter()
            .filter(|(_, changed)| changed != bytes && !refused(golden, path, changed))
            .map(|(what, _)| what.clone())
            .collect();
        assert!(wrong.is_empty(), "{path}: accepted after: {wrong:#?}");
    }
}

/// What each byte is changed to: every other byte where `CONEX_CASES` asks for many
/// cases, a million or more (minutes of a debug build); otherwise each of the
/// eight bits flipped, and the characters of which the encoding is made.
fn replacements(byte: u8) -> Vec<u8> {
    let cases = std::env::var("CONEX_CASES").ok();
    let many = cases
        .and_then(|c| c.parse::<u64>().ok())
        .unwrap_or_default()
        >= 1_000_000;
    let mut all: Vec<u8> = if many {
        (0..=255).collect()
    } else {
        let flipped = (0..8).map(|bit| byte ^ (1 << bit));
        flipped.chain(*b"\n \"\\[]:#0aA").collect()
    };
    all.sort_unstable();
    all.dedup();
    all.retain(|other| *other != byte);
    all
}

/// Forgery: one byte of a published file becomes another byte.
#[test]
fn every_change_of_one_byte_is_refused() {
    each_is_refused(|bytes| {
        let mut changes = Vec::new();
        for (at, &byte) in bytes.iter().enumerate() {
            for other in replacements(byte) {
                let mut changed = bytes.to_vec();
                changed[at] = other;
                changes.push((format!("byte {at}: {byte} to {other}"), changed));
            }
        }
        changes
    });
}

/// A transfer that stops, or an attacker who stops it.
#[test]
fn every_truncation_is_refused() {
    each_is_refused(|bytes| {
        (0..bytes.len())
            .map(|len| (format!("{len} bytes"), bytes[..len].to_vec()))
            .collect()
    });
}

/// A merge by hand, or an attacker who drops, repeats or reorders what was vouched for.
#[test]
fn every_line_removed_repeated_or_swapped_is_refused() {
    each_is_refused(|bytes| {
        let lines: Vec<&[u8]> = bytes.split_inclusive(|&b| b == b'\n').collect();
        let mut changes = Vec::new();
        for i in 0..lines.len() {
            let mut removed = lines.clone();
            removed.remove(i);
            changes.push((format!("line {i} removed"), removed.concat()));
            for j in 0..=lines.len() {
                let mut repeated = lines.clone();
                repeated.insert(j, lines[i]);
                changes.push((format!("line {i} repeated before {j}"), repeated.concat()));
                if i < j && j < lines.len() {
                    let mut swapped = lines.clone();
                    swapped.swap(i, j);
                    changes.push((format!("lines {i} and {j} swapped"), swapped.concat()));
                }
            }
        }
        changes
    });
}
