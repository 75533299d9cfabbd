//! Random mutations of random files of valid repositories: verification never
//! panics, and what it accepts differs only where everything is free by design.
//!
//! `CONEX_TAMPERINGS` is the number of repositories that are tried, 300 without it.

use std::sync::atomic::Ordering;

use crate::world::*;
use conex_verify::format::key::{Namespace, Signature};
use conex_verify::format::path::Place;
use conex_verify::format::resource::{Decode as _, IdFile, Kind, SignedSegment};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// One thing that happens to a repository. Numbers choose files and places, modulo
/// how many there are.
#[derive(Debug, Clone)]
enum Mutation {
    Byte {
        file: usize,
        at: usize,
        to: u8,
    },
    Insert {
        file: usize,
        at: usize,
        bytes: Vec<u8>,
    },
    Cut {
        file: usize,
        from: usize,
        len: usize,
    },
    Line {
        file: usize,
        from: usize,
        to: usize,
    },
    Swap {
        a: usize,
        b: usize,
    },
    Copy {
        from: usize,
        to: usize,
    },
    Remove {
        file: usize,
    },
    Splice {
        from: usize,
        to: usize,
        at: usize,
    },
    Add {
        path: String,
        bytes: Vec<u8>,
    },
    Number {
        file: usize,
        which: usize,
        to: u64,
    },
    Word {
        file: usize,
        which: usize,
        to: String,
    },
    Forge {
        file: usize,
        key: usize,
    },
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let n = any::<usize>;
    let bytes = || proptest::collection::vec(any::<u8>(), 0..20);
    let name = || {
        prop_oneof![
            Just("opam".to_owned()),
            Just("fmt".to_owned()),
            Just("fmt.1.0".to_owned()),
            Just("bob".to_owned()),
            Just("ja".to_owned()),
            Just("mallory".to_owned()),
            Just("files".to_owned()),
            Just(".conex".to_owned()),
            Just("ids".to_owned()),
            Just("author".to_owned()),
            Just("team".to_owned()),
            Just("claims".to_owned()),
            "[a-zA-Z0-9._+~-]{1,12}",
            "\\PC{0,6}",
        ]
    };
    prop_oneof![
        4 => (n(), n(), any::<u8>()).prop_map(|(file, at, to)| Mutation::Byte { file, at, to }),
        1 => (n(), n(), bytes()).prop_map(|(file, at, bytes)| Mutation::Insert { file, at, bytes }),
        1 => (n(), n(), 0..40usize).prop_map(|(file, from, len)| Mutation::Cut { file, from, len }),
        1 => (n(), n(), n()).prop_map(|(file, from, to)| Mutation::Line { file, from, to }),
        1 => (n(), n()).prop_map(|(a, b)| Mutation::Swap { a, b }),
        1 => (n(), n()).prop_map(|(from, to)| Mutation::Copy { from, to }),
        1 => n().prop_map(|file| Mutation::Remove { file }),
        1 => (n(), n(), n()).prop_map(|(from, to, at)| Mutation::Splice { from, to, at }),
        1 => (proptest::collection::vec(name(), 1..5), bytes()).prop_map(|(parts, bytes)| {
            Mutation::Add { path: format!("packages/{}", parts.join("/")), bytes }
        }),
        3 => (n(), n(), prop_oneof![0..4u64, Just(END), Just(END + 1), any::<u64>()])
            .prop_map(|(file, which, to)| Mutation::Number { file, which, to }),
        3 => (n(), n(), name()).prop_map(|(file, which, to)| Mutation::Word { file, which, to }),
        2 => (n(), n()).prop_map(|(file, key)| Mutation::Forge { file, key }),
    ]
}

/// With a check line that fits, if there is one.
fn mended(bytes: Vec<u8>) -> Vec<u8> {
    resealed(&bytes).unwrap_or(bytes)
}

/// The words of a file that stand between separators, as ranges.
fn words(bytes: &[u8], is: fn(u8) -> bool) -> Vec<std::ops::Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    for (i, b) in bytes.iter().chain(std::iter::once(&0)).enumerate() {
        match (is(*b), start) {
            (true, None) => start = Some(i),
            (false, Some(from)) => {
                words.push(from..i);
                start = None;
            }
            _ => {}
        }
    }
    words
}

fn replace(w: &mut World, path: &str, which: usize, to: &str, is: fn(u8) -> bool) {
    let mut bytes = w.bytes(path);
    let found = words(&bytes, is);
    if !found.is_empty() {
        let range = found[which % found.len()].clone();
        bytes.splice(range, to.bytes());
        w.file(path, mended(bytes));
    }
}

impl Mutation {
    fn apply(&self, w: &mut World) {
        let paths: Vec<String> = w
            .paths()
            .into_iter()
            .filter(|p| p.starts_with("packages/"))
            .collect();
        if paths.is_empty() {
            return;
        }
        let pick = |n: &usize| paths[n % paths.len()].as_str();
        match self {
            Mutation::Byte { file, at, to } => {
                let mut bytes = w.bytes(pick(file));
                if !bytes.is_empty() {
                    let at = at % bytes.len();
                    bytes[at] = *to;
                    w.file(pick(file), bytes);
                }
            }
            Mutation::Insert { file, at, bytes } => {
                let mut old = w.bytes(pick(file));
                let at = at % (old.len() + 1);
                old.splice(at..at, bytes.iter().copied());
                w.file(pick(file), old);
            }
            Mutation::Cut { file, from, len } => {
                let mut bytes = w.bytes(pick(file));
                let from = from % (bytes.len() + 1);
                let to = (from + len).min(bytes.len());
                bytes.drain(from..to);
                w.file(pick(file), mended(bytes));
            }
            Mutation::Line { file, from, to } => {
                let bytes = w.bytes(pick(file));
                let mut lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
                if !lines.is_empty() {
                    let line = lines[from % lines.len()];
                    lines.insert(to % (lines.len() + 1), line);
                    w.file(pick(file), mended(lines.concat()));
                }
            }
            Mutation::Swap { a, b } => {
                let (in_a, in_b) = (w.bytes(pick(a)), w.bytes(pick(b)));
                w.file(pick(a), in_b);
                w.file(pick(b), in_a);
            }
            Mutation::Copy { from, to } => {
                let bytes = w.bytes(pick(from));
                w.file(pick(to), bytes);
            }
            Mutation::Remove { file } => {
                w.remove(pick(file));
            }
            Mutation::Splice { from, to, at } => {
                let (head, tail) = (w.bytes(pick(from)), w.bytes(pick(to)));
                let mut bytes = head[..at % (head.len() + 1)].to_vec();
                bytes.extend(&tail[at % (tail.len() + 1)..]);
                w.file(pick(to), mended(bytes));
            }
            Mutation::Add { path, bytes } => {
                w.file(path, bytes);
            }
            Mutation::Number { file, which, to } => {
                replace(w, pick(file), *which, &to.to_string(), |b| {
                    b.is_ascii_digit()
                });
            }
            Mutation::Word { file, which, to } => {
                replace(w, pick(file), *which, to, |b| b.is_ascii_alphanumeric());
            }
            Mutation::Forge { file, key } => forge(w, pick(file), *key),
        }
    }
}

/// Signs a segment again with the key of somebody who has none here, or keeps the old
/// signature on another text, and puts it where it belongs.
fn forge(w: &mut World, path: &str, key: usize) {
    let Ok(Place::Segment(who, _)) = Place::of(path) else {
        return;
    };
    let Ok(old) = SignedSegment::decode(&w.bytes(path)) else {
        return;
    };
    if old.segment.id != who {
        return;
    }
    let mut segment = old.segment.clone();
    let shift = key % segment.entries.len().max(1);
    segment.entries.rotate_left(shift);
    segment.entries.pop();
    let (names, signature): (_, Signature) = match key % 3 {
        0 => (old.key, old.signature),
        1 => {
            let signature = private("mallory").sign(Namespace::Index, &segment.signed_bytes());
            (fingerprint("mallory"), signature)
        }
        _ => {
            let signature = private("mallory").sign(Namespace::Index, &segment.signed_bytes());
            (old.key, signature)
        }
    };
    let (place, bytes) = sealed(segment, names, signature);
    w.file(&place, bytes);
}

/// A valid repository: three that differ in what they have.
fn valid(which: usize) -> World {
    let mut w = World::usual();
    if which > 0 {
        w.joined("eve");
        w.teamed("crew", &["bob", "eve"]);
        w.owned("lwt", &["crew"]);
        w.released("lwt.5", "eve");
        w.file("packages/fmt/fmt.1.0/files/a", "x");
        let entry = w.checksum("fmt.1.0", at(0, 2));
        w.says("bob", vec![entry]);
    }
    if which > 1 {
        w.link(&link(2, &["ja", "jb", "jd"], &["ja", "jb", "jd"]));
        let again = vec![
            w.now(Kind::Author, "bob"),
            w.now(Kind::Authorisation, "fmt"),
        ];
        w.says("jd", again);
    }
    w.verdict().is_clean();
    w
}

/// Whether the file at `path` may differ in an accepted tree: see the test
/// `only_this_is_accepted_though_nobody_vouched_for_it` in `tests/verifier/tamper.rs`.
fn free(before: &World, after: &World, path: &str) -> bool {
    match (Place::of(path), after.tree.get(path)) {
        // A pending id harms nobody, in place of none.
        (Ok(Place::IdFile(_)), Some(bytes)) => {
            before.tree.get(path).is_none() && IdFile::decode(bytes).is_ok()
        }
        // Under keys that nobody knows, or saying nothing new.
        (Ok(Place::Segment(..)), Some(bytes)) => {
            before.tree.get(path).is_none() && SignedSegment::decode(bytes).is_ok()
        }
        // What is withheld a first clone cannot miss, as long as all that is there is
        // supported without it: memory and snapshot are for that.
        (Ok(Place::Segment(..)), None) => true,
        // What opam does not read stops nobody; a snapshot states it.
        (Ok(Place::Stray(_)), _) => true,
        // The same for the last link, which leaves the chain of an earlier day: anchors
        // with a pinned link notice that too.
        (Ok(Place::Link(n)), None) => !before.tree.files.contains_key(&Place::Link(n + 1).path()),
        _ => false,
    }
}

#[test]
#[allow(clippy::disallowed_methods)]
fn mutated_repositories_are_rejected_or_differ_only_where_all_is_free() {
    let cases = std::env::var("CONEX_TAMPERINGS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(300);
    let worlds: Vec<World> = (0..3).map(valid).collect();
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let strategy = (0..3usize, proptest::collection::vec(mutation(), 1..4));
    runner
        .run(&strategy, |(which, mutations)| {
            let before = &worlds[which];
            let mut after = before.clone();
            for mutation in &mutations {
                mutation.apply(&mut after);
            }
            for (after, strict) in [(after.clone(), true), (after.nostrict(), false)] {
                let client = after.client().unwrap();
                recorded::sample(&client, after.mode, &before.tree, &after.tree);
                let verdict = after.verdict();
                if !verdict.accepted {
                    prop_assert!(!verdict.findings.is_empty(), "rejected without a reason");
                    continue;
                }
                // Without --nostrict a name that nobody claims any more is refused. With
                // it, withholding a janitor's segment makes a package unsigned: again
                // something for memory and snapshot.
                let withheld = before
                    .paths()
                    .iter()
                    .any(|p| p.contains("/index/j") && after.tree.get(p).is_none());
                if !strict && withheld {
                    continue;
                }
                let mut paths = before.paths();
                paths.extend(after.paths());
                for path in paths {
                    if before.tree.get(&path) == after.tree.get(&path) {
                        continue;
                    }
                    let unsigned = !strict && new_package(before, &path);
                    prop_assert!(
                        unsigned || free(before, &after, &path),
                        "accepted although {path} differs:\n{}",
                        verdict.text()
                    );
                }
            }
            Ok(())
        })
        .unwrap();
    let [by_record, _] = recorded::BY_RECORD.each_ref();
    assert!(
        by_record.load(Ordering::Relaxed) > 0,
        "no record was of use"
    );
}

/// Whether the path belongs to a package that was not there: with --nostrict unsigned
/// packages are let through.
fn new_package(before: &World, path: &str) -> bool {
    let Some(name) = path
        .strip_prefix("packages/")
        .and_then(|p| p.split('/').next())
    else {
        return false;
    };
    name != ".conex"
        && before
            .tree
            .below(&format!("packages/{name}/"))
            .next()
            .is_none()
}
