//! Random trees, the three dialects printed by hand, hostile changes of
//! patches, and the programs that apply patches, as oracles.

pub mod mutate;
pub mod oracle;
pub mod print;
pub mod random;

use std::collections::BTreeMap;
use std::sync::Arc;

use conex::core::tree::Tree;

/// A tree of files.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The same tree as the core has it.
pub fn tree(files: &Files) -> Tree {
    Tree {
        files: files
            .iter()
            .map(|(path, bytes)| (path.clone(), Arc::from(&**bytes)))
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
    std::env::var("CONEX_CASES")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(default)
}

/// The seed to start from: `CONEX_SEED`, or 1.
pub fn seed() -> u64 {
    std::env::var("CONEX_SEED")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(1)
}
