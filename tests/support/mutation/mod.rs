//! Changes of a valid repository, and which of them an acceptance may leave unnoticed.
#![allow(missing_docs)]

use crate::world::*;
use conex_verify::format::key::{Namespace, Signature};
use conex_verify::format::path::Place;
use conex_verify::format::resource::{Decode as _, IdFile, Kind, SignedSegment};

/// One thing that happens to a repository. Numbers choose files and places, modulo
/// how many there are.
#[derive(Debug, Clone)]
pub enum Mutation {
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
    pub fn apply(&self, w: &mut World) {
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
pub fn valid(which: usize) -> World {
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
/// `only_this_is_accepted_though_nobody_vouched_for_it` in `crates/conex-verify/tests/verifier/tamper.rs`.
pub fn free(before: &World, after: &World, path: &str) -> bool {
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

/// What these changes make of a repository.
pub fn changed(before: &World, mutations: &[Mutation]) -> World {
    let mut after = before.clone();
    for mutation in mutations {
        mutation.apply(&mut after);
    }
    after
}

/// A client says no to a changed repository, or nothing differs but what is free. `says` gives what
/// it says.
pub fn noticed(before: &World, after: &World, says: fn(&World) -> Verdict) {
    for (after, strict) in [(after.clone(), true), (after.clone().nostrict(), false)] {
        let verdict = says(&after);
        if !verdict.accepted {
            assert!(!verdict.findings.is_empty(), "rejected without a reason");
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
            assert!(
                unsigned || free(before, &after, &path),
                "accepted although {path} differs:\n{}",
                verdict.text()
            );
        }
    }
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
