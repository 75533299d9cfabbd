//! Random trees, the three dialects printed by hand, hostile changes of
//! patches, and the programs that apply patches, as oracles.

pub mod headers;
pub mod model;
pub mod mutate;
pub mod oracle;
pub mod print;
pub mod random;

use std::collections::BTreeMap;

use conex_verify::tree::Tree;

/// A tree of files.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The same tree as the core has it.
pub fn tree(files: &Files) -> Tree {
    Tree {
        files: files
            .iter()
            .map(|(path, bytes)| (path.clone(), (&**bytes).into()))
            .collect(),
        ..Tree::default()
    }
}

/// The files of a tree of the core.
pub fn files(tree: &Tree) -> Files {
    tree.files
        .iter()
        .map(|(path, bytes)| (path.clone(), bytes.to_vec()))
        .collect()
}

/// Splits into lines that keep their newline.
pub fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|&b| b == b'\n').collect()
}

/// The number of cases to run: `CONEX_CASES`, or `default`.
pub fn cases(default: usize) -> usize {
    number("CONEX_CASES").unwrap_or(default)
}

/// The number of patches to try: `CONEX_PATCH_CASES`, or as [`cases`]. A patch costs a
/// millisecond, cases of other tests a hundred times that.
pub fn patch_cases(default: usize) -> usize {
    number("CONEX_PATCH_CASES").unwrap_or_else(|| cases(default))
}

fn number(variable: &str) -> Option<usize> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The seed to start from: `CONEX_SEED`, or 1.
pub fn seed() -> u64 {
    std::env::var("CONEX_SEED")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1)
}

/// The sum of the counts of a hunk header.
pub fn line_count(header: &str) -> i64 {
    let count = |part: &str| {
        part.split_once(',')
            .map_or(1, |(_, n)| n.parse::<i64>().unwrap())
    };
    header.split(' ').skip(1).take(2).map(count).sum()
}

/// The same patch with other lines outside its hunks.
pub fn map_headers(patch: &[u8], change: impl Fn(&str) -> String) -> Vec<u8> {
    let mut out = Vec::new();
    let mut left = 0;
    for line in lines(patch) {
        if left > 0 || line.starts_with(b"\\") {
            left -= match line[0] {
                b' ' => 2,
                b'-' | b'+' => 1,
                _ => 0,
            };
            out.extend_from_slice(line);
        } else {
            let text = String::from_utf8_lossy(line);
            if text.starts_with("@@ ") {
                left = line_count(&text);
            }
            out.extend_from_slice(change(&text).as_bytes());
        }
    }
    out
}
