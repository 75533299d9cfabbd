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
    let files = files(text);
    let judged = files.iter().filter(|path| is_judged(path));
    assert!(judged.eq(&as_git_has_them(&paths)), "other files");
    assert!(
        files == as_git_has_them(&files.iter().cloned().collect()),
        "another order"
    );
    let clash = |path: &String| files.iter().any(|f| path.starts_with(&format!("{f}/")));
    assert!(!files.iter().any(clash), "a file and a directory");
    for name in files.iter().flat_map(|path| path.split('/')) {
        let forbidden = matches!(name, "" | "." | "..") || name.eq_ignore_ascii_case(".git");
        assert!(!forbidden, "{name}");
    }
}

/// The paths of the files in a listing, by another reader.
fn files(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    let entries = text.split('\n').filter_map(|line| line.split_once('\t'));
    let kind = |head: &str| {
        let mut words = head.split(' ').filter(|word| !word.is_empty());
        words.nth(1) == Some("blob")
    };
    let files = entries.filter(|(head, _)| kind(head));
    files.map(|(_, path)| path.to_owned()).collect()
}

/// In the order of a tree of git: names by their bytes, those of directories with a slash.
fn as_git_has_them(paths: &BTreeSet<String>) -> Vec<String> {
    let mut all: Vec<String> = paths.iter().cloned().collect();
    // Slashes are where directories end, and every path is compared as a whole.
    all.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    all
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
