//! Names that differ only in case.

use std::collections::{BTreeMap, HashSet};

use crate::finding::{Code, Finding, Findings};
use crate::format::name::fold;
use crate::tree::Tree;

/// V0.2: Names that differ only in case are one name on some file systems, and in
/// the eyes of many people.
pub(super) fn collisions(tree: &Tree, findings: &mut Findings) {
    let mut seen: BTreeMap<String, &str> = BTreeMap::new();
    // `Tree::has` walks through all of these, which is too often for each name.
    let others: HashSet<&str> = tree
        .others
        .iter()
        .map(|o| o.trim_end_matches('/'))
        .collect();
    let there = |path: &str| {
        tree.files.contains_key(path)
            || others.contains(path)
            || tree.below(&format!("{path}/")).next().is_some()
    };
    let mut previous = "";
    for path in tree
        .files
        .keys()
        .map(String::as_str)
        .chain(tree.others.iter().map(String::as_str))
    {
        let shared = shared_directories(previous, path);
        previous = path;
        for end in ends_of_components(path).filter(|&end| end > shared) {
            let prefix = path.get(..end).unwrap_or_default();
            let (parent, name) = prefix.rsplit_once('/').unwrap_or(("", prefix));
            // A name without capital letters collides only with one that has some.
            if !name.bytes().any(|b| b.is_ascii_uppercase()) {
                continue;
            }
            let slash = if parent.is_empty() { "" } else { "/" };
            let folded = format!("{parent}{slash}{}", fold(name));
            let other = if there(&folded) {
                Some(folded.clone())
            } else {
                seen.insert(folded, prefix)
                    .filter(|o| *o != prefix)
                    .map(str::to_owned)
            };
            if let Some(other) = other {
                findings.push(
                    Finding::error(
                        Code::CaseCollision,
                        prefix,
                        format!("`{prefix}` and `{other}` differ only in case"),
                    )
                    .hint("one of the two must go: they are one file on some systems"),
                );
            }
        }
    }
}

/// Where each component of `path` ends, in bytes.
fn ends_of_components(path: &str) -> impl Iterator<Item = usize> {
    path.match_indices('/')
        .map(|(at, _)| at)
        .chain(std::iter::once(path.len()))
}

/// How many bytes of `path` are directories that `previous` has too.
fn shared_directories(previous: &str, path: &str) -> usize {
    let common = previous
        .bytes()
        .zip(path.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    path.get(..common).and_then(|p| p.rfind('/')).unwrap_or(0)
}
