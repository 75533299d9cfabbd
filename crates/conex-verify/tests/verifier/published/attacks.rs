//! What somebody without a key can do to bundles.

use conex_verify::limits::{MAX_BUNDLE, MAX_TREE_FILES};

use super::form::rich;
use super::*;
use crate::patch_support::random::Random;

const PATCH: &str = "packages/fmt/fmt.1.0/files/fix.patch";

/// The bundle of a package, and its records.
fn package(tree: &Tree, name: &str) -> (String, Vec<(String, String)>) {
    let (path, text) = holding(tree, &format!("packages/{name}/releases "));
    (path, records(&text))
}

fn title(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

/// The tree with other records in one bundle.
fn rebundled(tree: &Tree, path: &str, mut records: Vec<(String, String)>) -> Tree {
    records.sort();
    with(tree, path, bundled(title(path), &records))
}

/// The verifier would see the patch, and opam would not.
#[test]
fn a_file_that_opam_reads_is_in_no_bundle() {
    let w = rich();
    for moved in [PATCH, "packages/fmt/fmt.1.0/opam", "packages/README"] {
        let mut tree = w.published();
        let bytes = tree.files.remove(moved).unwrap();
        let (path, mut records) = package(&tree, "fmt");
        let content = String::from_utf8(bytes.to_vec()).unwrap();
        records.push((moved.to_owned(), content));
        let outcome = w.served(&rebundled(&tree, &path, records));
        refused(&outcome, Code::BadPath, &path);
    }
}

/// A release is there if and only if its description lies in the tree outside of bundles.
#[test]
fn a_release_that_only_a_bundle_has_is_none() {
    let w = rich();
    let mut tree = w.published();
    let dir = "packages/fmt/fmt.1.0/";
    tree.files.retain(|path, _| !path.starts_with(dir));
    let outcome = w.served(&tree);
    refused(
        &outcome,
        Code::MissingFile,
        "packages/fmt/fmt.1.0/files/fix.patch",
    );
    // With the digests in full the bundle can be expanded, and the release is incomplete.
    let mut gone = w.clone();
    gone.tree.files.remove(PATCH);
    gone.tree.files.remove(&opam_path("fmt.1.0"));
    let outcome = w.served(&gone.published());
    assert!(!outcome.is_accepted());
}

#[test]
fn a_changed_file_is_refused_by_its_eight_digits() {
    let w = rich();
    for (path, text) in [
        (PATCH, "--- x\n+++ b\n"),
        (PATCH, "longer than it was\n"),
        ("packages/fmt/fmt.1.0/opam", "opam-version: \"2.0\"\n"),
    ] {
        let outcome = w.served(&with(&w.published(), path, text));
        refused(&outcome, Code::Digest, path);
    }
    // One finding, and none about what follows from it.
    let outcome = w.served(&with(&w.published(), PATCH, "longer than it was\n"));
    assert_eq!(
        outcome.report().findings.len(),
        1,
        "{}",
        text(&outcome.report().findings)
    );
}

#[test]
fn a_tree_in_two_forms_is_refused() {
    let w = rich();
    for path in [
        "packages/fmt/releases",
        "packages/fmt/fmt.1.0/checksum",
        "packages/.conex/ids/bob",
        "packages/.conex/claims",
        "packages/.conex/janitors/0",
    ] {
        let tree = with(&w.published(), path, w.bytes(path));
        refused(&w.served(&tree), Code::UnexpectedFile, path);
    }
    // And a bundle in the working form.
    let mut tree = w.tree.clone();
    let (path, text) = holding(&w.published(), "packages/.conex/claims ");
    tree.files.insert(path, text.into());
    refused(
        &w.served(&tree),
        Code::UnexpectedFile,
        "packages/.conex/claims",
    );
    // The snapshot that people's form has, beside bundles.
    let snapshot = "packages/.conex/snapshot";
    let tree = with(&w.published(), snapshot, w.bytes(snapshot));
    refused(&w.served(&tree), Code::Encoding, snapshot);
}

#[test]
fn each_bundle_is_there_and_nothing_beside_them() {
    let w = rich();
    let all: Vec<String> = w
        .published()
        .below(&bundle(""))
        .map(|(p, _)| p.to_owned())
        .collect();
    for path in all {
        let mut tree = w.published();
        tree.files.remove(&path);
        refused(&w.served(&tree), Code::MissingFile, &path);
        refused(&w.served(&with(&tree, &path, "")), Code::Encoding, &path);
    }
    for other in ["index-64", "index-1", "ids2", "sub/ids", "IDS", "opam"] {
        let outcome = w.served(&with(&w.published(), &bundle(other), "x"));
        refused(&outcome, Code::BadPath, &bundle(other));
    }
}

/// There is one published form of a state.
#[test]
fn whatever_is_written_in_another_way_is_refused() {
    let w = rich();
    let tree = w.published();
    let digest = w.tree.get(&opam_path("fmt.1.0")).unwrap().digest();
    let short = format!("={}", &digest.hex()[..8]);
    let (path, text) = holding(&tree, &short);
    let grown = |from: &str, to: &str| {
        let mut records = records(&text);
        let record = records.iter_mut().find(|(_, t)| t.contains(from)).unwrap();
        record.1 = record.1.replacen(from, to, 1);
        rebundled(&tree, &path, records)
    };
    // In full what can be left out; more and fewer digits; a line `check`.
    let full = format!("\"{digest}\"");
    for other in [
        &*full,
        &format!("={}", &digest.hex()[..9]),
        "=",
        &short[..8],
    ] {
        assert!(!w.served(&grown(&short, other)).is_accepted(), "{other}");
    }
    let check = format!("]\ncheck: \"{}\"\n", &digest.hex()[..16]);
    assert!(!w.served(&grown("]\n", &check)).is_accepted());
    // Sizes and titles.
    for (from, to) in [
        (" 1 packages-", " 2 packages-"),
        (" 1 packages-", "  1 packages-"),
        ("releases ", "releases 0"),
        ("releases ", "releases +"),
        ("releases ", "releases  "),
        ("conex-bundle", "Conex-bundle"),
    ] {
        assert!(text.contains(from), "{from}");
        let outcome = w.served(&with(&tree, &path, text.replacen(from, to, 1)));
        assert!(!outcome.is_accepted(), "{to}");
    }
    for end in ["\n", "x", "packages/zz/releases 1\n"] {
        let outcome = w.served(&with(&tree, &path, format!("{text}{end}")));
        refused(&outcome, Code::Encoding, &path);
    }
    refused(
        &w.served(&with(&tree, &path, b"\xff")),
        Code::Encoding,
        &path,
    );
}

#[test]
fn records_stand_in_order_once_and_in_their_bundle() {
    let w = rich();
    let tree = w.published();
    let (path, fmt) = package(&tree, "fmt");
    let mut swapped = fmt.clone();
    swapped.swap(0, 1);
    let swapped = bundled(title(&path), &swapped);
    refused(
        &w.served(&with(&tree, &path, swapped)),
        Code::Encoding,
        &path,
    );
    let mut twice = fmt.clone();
    twice.insert(0, fmt[0].clone());
    let twice = bundled(title(&path), &twice);
    refused(&w.served(&with(&tree, &path, twice)), Code::Encoding, &path);
    // A package in the bundle of another.
    let (other, zarith) = package(&tree, "zarith");
    assert_ne!(path, other);
    let mut moved = rebundled(&tree, &path, [&fmt[..], &zarith[..]].concat());
    moved
        .files
        .insert(other.clone(), bundled(title(&other), &[]).into());
    refused(&w.served(&moved), Code::BadPath, &path);
    // Two segments of one id in the wrong order, and one of them twice.
    let (path, text) = holding(&tree, "packages/.conex/index/bob/index ");
    let segments = records(&text);
    let of_bob: Vec<usize> = (0..segments.len())
        .filter(|n| segments[*n].0.contains("/bob/"))
        .collect();
    assert!(of_bob.len() > 1);
    let mut swapped = segments.clone();
    swapped.swap(of_bob[0], of_bob[1]);
    let swapped = bundled(title(&path), &swapped);
    refused(
        &w.served(&with(&tree, &path, swapped)),
        Code::Encoding,
        &path,
    );
    let mut twice = segments.clone();
    twice.insert(of_bob[0], segments[of_bob[0]].clone());
    let twice = bundled(title(&path), &twice);
    refused(&w.served(&with(&tree, &path, twice)), Code::Encoding, &path);
}

#[test]
fn a_segment_in_a_bundle_has_no_name_of_its_own() {
    let w = rich();
    let tree = w.published();
    let (path, text) = holding(&tree, "packages/.conex/index/bob/index ");
    let mut segments = records(&text);
    let bob = segments
        .iter_mut()
        .find(|(p, _)| p.contains("/bob/"))
        .unwrap();
    bob.0 = "packages/.conex/index/bob/0123456789abcdef/index".to_owned();
    refused(
        &w.served(&rebundled(&tree, &path, segments)),
        Code::BadPath,
        &path,
    );
}

/// Real files where a bundle holds something, as a file or as a directory, or in other case.
#[test]
fn no_real_path_is_in_the_way_of_an_expanded_one() {
    let w = rich();
    let (path, mut records) = package(&w.published(), "fmt");
    // A package that has no directory, and a stray of its name.
    let mut gone = w.clone();
    gone.gone("fmt.1.0");
    gone.tree
        .files
        .retain(|p, _| !p.starts_with("packages/fmt/fmt.1.0/"));
    let tree = with(&gone.published(), "packages/fmt", "a file\n");
    let outcome = w.served(&tree);
    refused(&outcome, Code::BadPath, "packages/fmt/authorisation");
    // An empty directory in the place of a list.
    let mut tree = w.published();
    tree.empty.insert("packages/fmt/releases".to_owned());
    refused(&w.served(&tree), Code::BadPath, "packages/fmt/releases");
    // A list of `Fmt` beside `fmt`.
    let list = records
        .iter()
        .find(|(p, _)| p.ends_with("/releases"))
        .unwrap();
    let other = (list.0.replace("fmt", "Fmt"), list.1.replace("fmt", "Fmt"));
    let (path, mut others) = match package_bundle("Fmt") {
        same if same == path => (path, std::mem::take(&mut records)),
        path => {
            let text = String::from_utf8(w.published().get(&path).unwrap().to_vec()).unwrap();
            (path, self::records(&text))
        }
    };
    others.push(other);
    let outcome = w.served(&rebundled(&w.published(), &path, others));
    assert!(!outcome.is_accepted());
    let codes: Vec<Code> = outcome.report().findings.iter().map(|f| f.code).collect();
    assert!(codes.contains(&Code::CaseCollision), "{codes:?}");
}

fn package_bundle(name: &str) -> String {
    use conex_verify::format::{name::PackageName, path::Place};
    use conex_verify::workbench::published::Bundle;
    let place = Place::Releases(PackageName::new(name).unwrap());
    Bundle::of(&place).unwrap().path()
}

/// A server puts 100,000 paths into a bundle that no bundle can hold: only the first are told.
#[test]
fn what_does_not_belong_into_a_bundle_is_told_a_few_times_and_counted() {
    let w = rich();
    let path = package_bundle("fmt");
    let mut many = format!("conex-bundle 1 {}\n", title(&path));
    for n in 0..100_000 {
        many.push_str(&format!("packages/{n:06} 0\n"));
    }
    let outcome = w.served(&with(&w.published(), &path, many));
    refused(&outcome, Code::BadPath, &path);
    let findings = &outcome.report().findings;
    assert!(findings.len() < 2000, "{}", findings.len());
    let count = text(findings);
    assert!(count.contains("more"), "{}", findings.len());
}

/// Bundles can claim to hold much more than they have bytes.
#[test]
fn what_a_bundle_would_expand_to_is_bounded_before_it_is_expanded() {
    let w = rich();
    let tree = w.published();
    // Headers of nothing: more than a tree can have, in a few bytes each.
    let path = package_bundle("fmt");
    let mut many = format!("conex-bundle 1 {}\n", title(&path));
    for n in 0..=MAX_TREE_FILES {
        many.push_str(&format!("{n:06} 0\n"));
    }
    assert!(many.len() < MAX_BUNDLE);
    let outcome = w.served(&with(&tree, &path, many));
    refused(&outcome, Code::UnexpectedFile, "packages");
    assert_eq!(outcome.report().findings.len(), 1);
    // Entries whose digests are left out: one line becomes four times as long.
    let line = "  [\"team\" \"a\" 0 1 =]\n";
    let segment = line.repeat((MAX_BUNDLE - 4096) / line.len());
    let mut tree = w.published();
    for (path, bytes) in w.published().below(&bundle("index-")) {
        let id = id_in(path);
        let mut records = records(std::str::from_utf8(bytes).unwrap());
        records.push((format!("packages/.conex/index/{id}/index"), segment.clone()));
        tree = rebundled(&tree, path, records);
    }
    let outcome = w.served(&tree);
    refused(&outcome, Code::UnexpectedFile, "packages");
    // And the snapshot, which lies by itself.
    let line = "  [\"fmt\" =00000000]\n";
    let long = format!("packages: [\n{}", line.repeat((60 << 20) / line.len()));
    let outcome = w.served(&with(&w.published(), "packages/.conex/snapshot", long));
    refused(&outcome, Code::UnexpectedFile, "packages");
}

/// An id whose segments belong into a bundle.
fn id_in(path: &str) -> String {
    use conex_verify::workbench::published::Bundle;
    let ids = (0..).map(|n| format!("zz-{n}"));
    let mut of = ids.filter(|name| Bundle::of_index(&id(name)).path() == path);
    of.next().unwrap()
}

/// Any change of a bundle is refused.
#[test]
fn a_changed_byte_of_a_bundle_is_refused() {
    let w = rich();
    let tree = w.published();
    let cases = crate::patch_support::cases(600);
    let mut random = Random(crate::patch_support::seed());
    let bundles: Vec<(String, Bytes)> = tree
        .below("packages/.conex/")
        .filter(|(_, bytes)| bytes.len() > 40)
        .map(|(path, bytes)| (path.to_owned(), bytes.clone()))
        .collect();
    assert!(bundles.len() > 6);
    for _ in 0..cases {
        let (path, bytes) = &bundles[random.below(bundles.len())];
        let mut bytes = bytes.to_vec();
        let at = random.below(bytes.len());
        let how = random.below(5);
        match how {
            0 => bytes[at] ^= 1 << random.below(8),
            1 => drop(bytes.remove(at)),
            2 => bytes.insert(at, bytes[random.below(bytes.len())]),
            3 => bytes.truncate(at),
            _ => {
                // Two lines change places.
                let mut lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
                let (a, b) = (random.below(lines.len()), random.below(lines.len()));
                lines.swap(a, b);
                bytes = lines.concat();
            }
        }
        if bytes == tree.get(path).unwrap()[..] {
            continue;
        }
        let outcome = w.served(&with(&tree, path, bytes.clone()));
        let shown = String::from_utf8_lossy(&bytes);
        assert!(
            !outcome.is_accepted(),
            "{path}, change {how} at {at}\n{shown}"
        );
    }
}
