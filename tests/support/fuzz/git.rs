//! The listings of git's trees: one in which nothing is wrong has the files that are in it, in the
//! order of a tree that git makes. A line end stands here for the zero behind an entry.

use std::collections::BTreeSet;

use conex::shell::git::Listing;
use conex_verify::tree::is_judged;

pub fn holds(text: &[u8]) {
    let bytes: Vec<u8> = text
        .iter()
        .map(|b| if *b == b'\n' { 0 } else { *b })
        .collect();
    let Ok(listing) = Listing::read(&bytes[..]) else {
        return;
    };
    let paths = listing.paths();
    for path in &paths {
        assert!(is_judged(path), "{path}");
    }
    if !listing.defects().is_empty() || listing.is_over() {
        return;
    }
    assert!(listing.forged().is_empty(), "forged, and no defect");
    let files = files(&bytes);
    let judged: BTreeSet<&[u8]> = paths.iter().map(String::as_bytes).collect();
    let is_judged = |path: &&[u8]| std::str::from_utf8(path).is_ok_and(is_judged);
    let seen = files.iter().copied().filter(is_judged);
    assert!(judged.into_iter().eq(seen), "other files");
    assert!(files.is_sorted_by(|a, b| a < b), "another order");
    let clash = |path: &[u8]| {
        files
            .iter()
            .any(|f| path.starts_with(&[f, &b"/"[..]].concat()))
    };
    assert!(
        !files.iter().any(|path| clash(path)),
        "a file and a directory"
    );
    for name in files.iter().flat_map(|path| path.split(|b| *b == b'/')) {
        let forbidden = matches!(name, b"" | b"." | b"..") || name.eq_ignore_ascii_case(b".git");
        assert!(!forbidden, "{}", name.escape_ascii());
    }
}

/// The paths of the files in a listing, by another reader. A tree that git makes has them in the
/// order of their bytes: a directory comes where its name with a slash belongs.
fn files(listing: &[u8]) -> Vec<&[u8]> {
    let entries = listing.split(|b| *b == 0).filter_map(|entry| {
        let tab = entry.iter().position(|b| *b == b'\t')?;
        Some((&entry[..tab], &entry[tab + 1..]))
    });
    let is_file = |head: &[u8]| {
        let mut words = head.split(|b| *b == b' ').filter(|word| !word.is_empty());
        words.nth(1) == Some(b"blob")
    };
    let files = entries.filter(|(head, _)| is_file(head));
    files.map(|(_, path)| path).collect()
}

pub fn material() -> Vec<Vec<u8>> {
    let oid = "8baef1b4abc478178b004d62031cf7fe6db6f903";
    let file = |mode: &str, path: &str| format!("{mode} blob {oid}      12\t{path}\n");
    let tree = |path: &str| format!("040000 tree {oid}       -\t{path}\n");
    let honest = [
        file("100644", ".gitattributes"),
        file("100644", "README.md"),
        tree("packages"),
        tree("packages/.conex"),
        file("100644", "packages/.conex/repo"),
        tree("packages/a"),
        tree("packages/a/a.1"),
        tree("packages/a/a.1/files"),
        file("100755", "packages/a/a.1/files/x"),
        file("100644", "packages/a/a.1/opam"),
        file("100644", "packages/a.txt"),
        file("100644", "repo"),
    ]
    .concat();
    let odd = [
        file("120000", "packages/l"),
        format!("160000 commit {oid}       -\tpackages/m\n"),
        format!("100644 blob {oid}     BAD\tpackages/n\n"),
        file("100664", "packages/../x"),
        file("100644", "a/.GIT/opam"),
    ];
    odd.into_iter()
        .chain([honest])
        .map(String::into_bytes)
        .collect()
}
