//! Every change to a signed repository is noticed, and the report says where.
//!
//! One small repository with everything in it: two links, authors, a team, packages
//! with several releases, a release with further files, a floor, a list of claims, an
//! approval of the top-level files. The client has the anchors of link 0 and nothing else. Then
//! whatever can be done to single files below `packages/` is done: every byte
//! changed, every truncation, every deletion, every copy to every other place, every
//! swap, additions in all places. Not a sample: all of them.
//!
//! The stamp, comments and blanks of the top-level `repo` are free by design and not
//! touched here; its values are in `tests/verifier/attacks/repo_file.rs`.

use std::collections::BTreeSet;

use crate::world::*;
use conex_verify::finding::{Code, Severity};
use conex_verify::format::digest::Digest;
use conex_verify::format::path::{Place, segment_path};
use conex_verify::format::resource::{Decode as _, Kind, SignedSegment, TopFile};
use rayon::prelude::*;

/// The repository, signed with as few segments as there are persons, so that many
/// thousand variants can be verified.
fn example() -> World {
    let mut w = World::with_janitors(2, &["ja", "jb", "jc"]);
    w.link(&link(2, &["jb", "jc", "jd"], &["ja", "jb", "jd"]));
    w.file("repo", "opam-version: \"2.0\"\nbrowse: \"https://x/\"\n");
    w.file(".gitattributes", "* -text\n");
    let mut approved = vec![
        w.repo_file(
            at(0, 1),
            &[("browse", "\"https://x/\"")],
            &[TopFile::Gitattributes],
        ),
        w.claims_file(at(0, 1), &["fmt", "lwt"]),
        w.author_file("bob", at(0, 1), &["bob"]),
        w.author_file("eve", at(0, 2), &["eve"]),
        w.team_file("crew", at(0, 1), &["bob", "eve"]),
    ];
    for (name, owner) in [("fmt", "bob"), ("lwt", "crew")] {
        approved.push(w.authorisation(name, at(0, 1), &[owner]));
    }
    w.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n");
    w.file(&opam_path("fmt.2.0"), "opam-version: \"2.0\"\n# 2\n");
    w.file("packages/fmt/fmt.2.0/files/fix.patch", "--- a\n+++ b\n");
    w.file("packages/fmt/fmt.2.0/files/s/x", "x");
    w.file(
        &opam_path("lwt.5"),
        "opam-version: \"2.0\"\nname: \"lwt\"\n",
    );
    let bob = vec![
        w.now(Kind::Author, "bob"),
        w.checksum("fmt.1.0", at(0, 2)),
        w.checksum("fmt.2.0", at(0, 3)),
        w.release_list_above("fmt", at(0, 2), 1),
    ];
    let eve = vec![
        w.now(Kind::Author, "eve"),
        w.checksum("lwt.5", at(0, 1)),
        w.release_list("lwt", at(0, 1)),
    ];
    w.says("bob", bob);
    w.says("eve", eve);
    w.says("jb", approved.clone());
    w.says("jd", approved);
    w.verdict().is_clean();
    w
}

/// The files below `packages/`.
fn paths(w: &World) -> Vec<String> {
    let mut paths = w.paths();
    paths.retain(|p| p.starts_with("packages/"));
    paths
}

/// What a report on a change of the file at `path` may name: the path, and for a
/// segment also what it vouches for.
fn about(w: &World, path: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::from([path.to_owned()]);
    if let Ok(Place::Segment(..)) = Place::of(path) {
        let segment = SignedSegment::decode(&w.bytes(path)).unwrap();
        for entry in segment.segment.entries {
            names.insert(entry.resource.path());
            // Without its authorisation the package as a whole is not signed.
            if entry.resource.kind == Kind::Authorisation {
                names.insert(format!("packages/{}", entry.resource.name));
            }
        }
    }
    // Of two links that do not fit each other nobody knows which one was changed.
    if path.ends_with("janitors/0") {
        names.insert("packages/.conex/janitors/1".to_owned());
    }
    names
}

/// Rejected, with an error about one of `names`. The text says what is wrong.
fn noticed(w: &World, names: &BTreeSet<String>, what: &str) -> Option<String> {
    let verdict = w.verdict();
    if verdict.accepted {
        return Some(format!("accepted: {what}\n{}", verdict.text()));
    }
    let named = verdict
        .findings
        .iter()
        .any(|f| f.severity == Severity::Error && names.contains(&f.path));
    (!named).then(|| format!("not named: {what}\n{}", verdict.text()))
}

#[track_caller]
fn none(failures: Vec<String>) {
    assert!(
        failures.is_empty(),
        "{} were not noticed, the first of them:\n{}",
        failures.len(),
        failures
            .iter()
            .take(5)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n")
    );
}

/// The values that a byte is changed to: one bit, the case of a letter, no longer
/// ASCII, and what separates things in the syntax.
fn substitutes(byte: u8) -> BTreeSet<u8> {
    let mut others = BTreeSet::from([byte ^ 1, byte ^ 0x20, byte ^ 0x80]);
    others.remove(&byte);
    others
}

#[test]
fn every_changed_byte_is_noticed() {
    let w = example();
    let changes: Vec<(String, usize)> = paths(&w)
        .into_iter()
        .flat_map(|p| {
            let len = w.bytes(&p).len();
            (0..len).map(move |i| (p.clone(), i))
        })
        .collect();
    println!("{} bytes", changes.len());
    none(
        changes
            .par_iter()
            .flat_map_iter(|(path, i)| {
                let bytes = w.bytes(path);
                let names = about(&w, path);
                substitutes(bytes[*i]).into_iter().filter_map({
                    let mut w = w.clone();
                    move |byte| {
                        let mut bytes = bytes.clone();
                        bytes[*i] = byte;
                        w.file(path, bytes);
                        noticed(&w, &names, &format!("{path} byte {i} is {byte:#x}"))
                    }
                })
            })
            .collect(),
    );
}

#[test]
fn every_truncation_is_noticed() {
    let w = example();
    none(
        paths(&w)
            .par_iter()
            .flat_map_iter(|path| {
                let bytes = w.bytes(path);
                let names = about(&w, path);
                let mut w = w.clone();
                (0..bytes.len()).filter_map(move |len| {
                    w.file(path, &bytes[..len]);
                    noticed(&w, &names, &format!("{path} cut to {len} bytes"))
                })
            })
            .collect(),
    );
}

#[test]
fn every_appended_byte_is_noticed() {
    let w = example();
    none(
        paths(&w)
            .par_iter()
            .flat_map_iter(|path| {
                let bytes = w.bytes(path);
                let names = about(&w, path);
                let mut w = w.clone();
                [0, b'\n', b' ', b'#', 0xff]
                    .into_iter()
                    .filter_map(move |byte| {
                        let mut bytes = bytes.clone();
                        bytes.push(byte);
                        w.file(path, bytes);
                        noticed(&w, &names, &format!("{path} with {byte:#x} at its end"))
                    })
            })
            .collect(),
    );
}

/// One exception, by design: the last link. What is left without it is the chain of
/// an earlier day, which a first clone cannot tell from that day; what it approved is
/// gone with it, and that is what the report names. Memory and snapshot are for that.
#[test]
fn every_deletion_is_noticed() {
    let w = example();
    let last = "packages/.conex/janitors/1";
    none(
        paths(&w)
            .par_iter()
            .filter_map(|path| {
                let mut names = about(&w, path);
                if path == last {
                    names.extend(["packages/fmt", "packages/lwt"].map(str::to_owned));
                }
                let mut w = w.clone();
                w.remove(path);
                noticed(&w, &names, &format!("{path} deleted"))
            })
            .collect(),
    );
    // Two files at a time.
    let all = paths(&w);
    none(
        all.par_iter()
            .flat_map_iter(|a| {
                let w = &w;
                all.iter().filter(move |b| *b > a).filter_map(move |b| {
                    let mut names = about(w, a);
                    names.extend(about(w, b));
                    // Together they may be all of a release.
                    names.extend(new_names(a));
                    names.extend(["packages/fmt", "packages/lwt"].map(str::to_owned));
                    let mut w = w.clone();
                    w.remove(a);
                    w.remove(b);
                    noticed(&w, &names, &format!("{a} and {b} deleted"))
                })
            })
            .collect(),
    );
}

#[test]
fn every_swap_is_noticed() {
    let w = example();
    let all = paths(&w);
    none(
        all.par_iter()
            .flat_map_iter(|a| {
                let w = &w;
                all.iter().filter(move |b| *b > a).filter_map(move |b| {
                    let (in_a, in_b) = (w.bytes(a), w.bytes(b));
                    if in_a == in_b {
                        return None;
                    }
                    let mut names = about(w, a);
                    names.extend(about(w, b));
                    let mut w = w.clone();
                    w.file(a, in_b);
                    w.file(b, in_a);
                    noticed(&w, &names, &format!("{a} and {b} swapped"))
                })
            })
            .collect(),
    );
}

/// Places where something could lie that is not there: all that the grammar has, and
/// many that it does not.
fn other_places(w: &World) -> Vec<String> {
    let mut places: Vec<String> = [
        "packages/NUL",
        "packages/opam",
        "packages/fmt/opam",
        "packages/fmt/x/y",
        "packages/fmt/checksum",
        "packages/fmt/fmt.1.0/url",
        "packages/fmt/fmt.1.0/Descr",
        "packages/fmt/fmt.1.0/x/y",
        "packages/fmt/fmt.1.0/releases",
        "packages/fmt/fmt.1.0/files/x",
        "packages/fmt/fmt.1.0/files/opam",
        "packages/fmt/fmt.2.0/files/x",
        "packages/fmt/fmt.2.0/files/s/y",
        "packages/fmt/fmt.2.0/files/s/opam",
        "packages/fmt/fmt.0.9/opam",
        "packages/fmt/fmt.0.9/checksum",
        "packages/fmt/fmt.3/opam",
        "packages/fmt/fmt.3/checksum",
        "packages/fmt/fmt.3/files/x",
        "packages/fmt/lwt.5/opam",
        "packages/fmt.1.0/opam",
        "packages/new/authorisation",
        "packages/new/releases",
        "packages/new/new.1/opam",
        "packages/new/new.1/checksum",
        "packages/new/new.1/files/x",
        "packages/FMT/authorisation",
        "packages/.conex/x",
        "packages/.conex/opam",
        "packages/.conex/snapshot",
        "packages/.conex/janitors/2",
        "packages/.conex/janitors/7",
        "packages/.conex/janitors/01",
        "packages/.conex/janitors/opam",
        "packages/.conex/ids/ja",
        "packages/.conex/ids/jd",
        "packages/.conex/ids/mallory",
        "packages/.conex/ids/BOB",
        "packages/.conex/ids/opam",
        "packages/.conex/ids/notaries",
        "packages/.conex/index/bob/index",
        "packages/.conex/index/bob/0123456789abcdef/index",
        "packages/.conex/index/bob/0123456789abcdef/x",
        "packages/.conex/index/mallory/0123456789abcdef/index",
        "packages/.git/config",
        "packages/.gitignore",
    ]
    .map(str::to_owned)
    .to_vec();
    // Each segment in the index of each id.
    for path in paths(w).iter().filter(|p| p.contains("/index/")) {
        for who in ["bob", "eve", "ja", "jb", "jd", "mallory"] {
            let short = path.rsplit('/').nth(1).unwrap();
            places.push(segment_path(&id(who), short));
        }
    }
    places.retain(|p| w.tree.get(p).is_none());
    places.sort();
    places.dedup();
    places
}

#[test]
fn every_copy_to_another_place_is_noticed() {
    let w = example();
    let all = paths(&w);
    let mut targets = all.clone();
    targets.extend(other_places(&w));
    none(
        all.par_iter()
            .flat_map_iter(|from| {
                let w = &w;
                let bytes = w.bytes(from);
                targets.iter().filter_map(move |to| {
                    if w.tree.get(to).is_some_and(|there| **there == *bytes) {
                        return None;
                    }
                    let names = match w.tree.get(to) {
                        Some(_) => about(w, to),
                        None => new_names(to),
                    };
                    let mut w = w.clone();
                    w.file(to, &bytes);
                    noticed(&w, &names, &format!("{from} copied to {to}"))
                })
            })
            .collect(),
    );
}

/// What a report may name about a new file: its path, or the release or package that
/// nobody signed.
fn new_names(path: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::from([path.to_owned()]);
    let parts: Vec<&str> = path.split('/').collect();
    if let ["packages", name, rest @ ..] = parts.as_slice() {
        names.insert(format!("packages/{name}"));
        // Of a release in another place.
        names.insert(format!("packages/{name}/"));
        if let [release, _, ..] = rest {
            names.insert(format!("packages/{name}/{release}/"));
        }
    }
    names
}

#[test]
fn every_added_file_is_noticed() {
    let w = example();
    let contents: [&[u8]; 4] = [b"", b"x", OPAM.as_bytes(), b"format: 1\n"];
    none(
        other_places(&w)
            .par_iter()
            .flat_map_iter(|path| {
                let w = &w;
                contents.into_iter().filter_map(move |bytes| {
                    let mut w = w.clone();
                    w.file(path, bytes);
                    noticed(&w, &new_names(path), &format!("{path} added"))
                })
            })
            .collect(),
    );
}

// --- an attacker who knows the format --------------------------------------

/// Each digit, letter and separator changed, with the check line mended. The pending
/// file of an author or team, which harms nobody, is reported as a warning; the
/// packages that it no longer supports are what the tree is rejected for.
#[test]
fn every_changed_byte_under_a_mended_check_line_is_noticed() {
    let w = example();
    let sealed: Vec<String> = paths(&w)
        .into_iter()
        .filter(|p| resealed(&w.bytes(p)).is_some())
        .collect();
    assert!(sealed.len() >= 12, "{sealed:?}");
    none(
        sealed
            .par_iter()
            .flat_map_iter(|path| {
                let bytes = w.bytes(path);
                let names = about(&w, path);
                let mut w = w.clone();
                (0..bytes.len()).filter_map(move |i| {
                    let mut changed = bytes.clone();
                    changed[i] ^= 1;
                    let changed = resealed(&changed)?;
                    if changed == bytes {
                        return None;
                    }
                    w.file(path, changed);
                    let verdict = w.verdict();
                    let named = verdict.findings.iter().any(|f| names.contains(&f.path));
                    (verdict.accepted || !named)
                        .then(|| format!("{path} byte {i}, resealed\n{}", verdict.text()))
                })
            })
            .collect(),
    );
}

/// A changed segment under the name that fits its new bytes.
#[test]
fn every_changed_byte_of_a_renamed_segment_is_noticed() {
    let w = example();
    let segments: Vec<String> = paths(&w)
        .into_iter()
        .filter(|p| p.contains("/index/"))
        .collect();
    none(
        segments
            .par_iter()
            .flat_map_iter(|path| {
                let bytes = w.bytes(path);
                let names = about(&w, path);
                let who = id(path.split('/').nth(3).unwrap());
                let mut base = w.clone();
                base.remove(path);
                (0..bytes.len()).filter_map(move |i| {
                    let mut changed = bytes.clone();
                    changed[i] ^= 1;
                    let place = segment_path(&who, &Digest::of(&changed).short());
                    let mut names = names.clone();
                    names.insert(place.clone());
                    let mut w = base.clone();
                    w.file(&place, changed);
                    noticed(&w, &names, &format!("{path} byte {i}, renamed"))
                })
            })
            .collect(),
    );
}

// --- what is accepted, by design --------------------------------------------

/// Everything that may be added or changed below `packages/` without a rejection,
/// with the reason.
#[test]
fn only_this_is_accepted_though_nobody_vouched_for_it() {
    let accepted = |what: &str, change: &dyn Fn(&mut World)| {
        let mut w = example();
        change(&mut w);
        let verdict = w.verdict();
        assert!(verdict.accepted, "{what}: {}", verdict.text());
        assert!(!verdict.findings.is_empty(), "{what} is not reported");
    };
    accepted("a well-formed pending author harms nobody", &|w| {
        w.author_file("mallory", at(0, 1), &["mallory"]);
    });
    accepted("a well-formed pending team harms nobody", &|w| {
        w.team_file("malteam", at(0, 1), &["bob"]);
    });
    accepted("segments under unknown keys are reported only", &|w| {
        w.says_with("bob", "mallory", vec![]);
        w.says("stranger", vec![w.now(Kind::Author, "bob")]);
    });
    // Nothing is reported about these three: nothing in them can be.
    let mut w = example();
    for stray in ["packages/x", "packages/fmt/x", "packages/fmt/fmt.1.0/x"] {
        w.file(stray, "opam does not read it");
    }
    w.verdict().is_clean();
    let mut w = example();
    w.says("bob", vec![w.now(Kind::Checksum, "fmt.1.0")]);
    w.verdict().is_clean();
    let mut w = example().trusting(2, &["jb", "jc", "jd"]);
    let path = "packages/.conex/janitors/0";
    let text = String::from_utf8(w.bytes(path)).unwrap();
    let at = text.find("signatures: ").unwrap();
    w.file(path, format!("{}signatures: []\n", &text[..at]));
    // Two of the members of link 0 are anchors, so that it is judged.
    w.verdict().is_rejected(Code::LinkSignatures, "janitors/0");
    // Signatures of links before the first known link are not.
    w.trusting(2, &["jb", "jd"]).verdict().is_accepted();
}
