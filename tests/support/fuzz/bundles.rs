//! The published form: what expands is the published form of what comes out, and changed bytes
//! are refused or change nothing that anybody vouched for.

use std::sync::LazyLock;

use conex_verify::tree::Tree;
use conex_verify::workbench::published::{expand, shorten};

use crate::mutation::free;
use crate::world::{World, at, covered};

/// A repository with all kinds of metadata, and its published form.
static HONEST: LazyLock<(World, Tree)> = LazyLock::new(|| {
    let mut w = covered();
    w.file("packages/fmt/fmt.1.0/files/fix.patch", "--- a\n+++ b\n");
    let entry = w.checksum("fmt.1.0", at(0, 2));
    w.says("bob", vec![entry]);
    w.joined("eve");
    w.teamed("crew", &["bob", "eve"]);
    w.owned("zarith", &["crew"]);
    w.released("zarith.2.0", "eve");
    w.claimed(at(0, 2), &["fmt", "zarith"]);
    w.stated("bob", at(0, 2));
    w.verdict().is_clean();
    let published = shorten(&w.tree).unwrap();
    (w, published)
});

const BUNDLES: &str = "packages/.conex/bundle/";

/// The files that the fuzzers start from: all bundles that hold something, and the snapshot.
pub fn material() -> Vec<Vec<u8>> {
    let holds_something = |bytes: &[u8]| bytes.iter().filter(|b| **b == b'\n').count() > 1;
    let conex = HONEST.1.below("packages/.conex/");
    let files = conex.map(|(_, bytes)| bytes.to_vec());
    files.filter(|bytes| holds_something(bytes)).collect()
}

pub fn holds(bytes: &[u8]) {
    in_its_place(bytes);
    if let Some(bytes) = counted(bytes) {
        in_its_place(&bytes);
    }
}

/// What a client says who gets these bytes in place of the bundle that their first line names, or
/// of the snapshot.
fn in_its_place(bytes: &[u8]) {
    let (honest, published) = &*HONEST;
    let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first);
    let path = match first.strip_prefix("conex-bundle 1 ") {
        Some(name) => format!("{BUNDLES}{name}"),
        None => "packages/.conex/snapshot".to_owned(),
    };
    if published.get(&path).is_none() {
        return;
    }
    let mut changed = published.clone();
    changed.files.insert(path, bytes.into());
    let Ok(expanded) = expand(changed.clone()) else {
        return;
    };
    let again = shorten(&expanded);
    let mut after = honest.clone();
    after.tree = expanded;
    let accepted = after.client_verdict().accepted;
    match again {
        Ok(again) => assert!(again.files == changed.files, "two published forms"),
        // A snapshot that nobody can read stays as it is, and is refused.
        Err(why) => assert!(!accepted, "{why}"),
    }
    if !accepted {
        return;
    }
    let mut paths = honest.paths();
    paths.extend(after.paths());
    for path in paths {
        let same = honest.tree.get(&path) == after.tree.get(&path);
        assert!(same || free(honest, &after, &path), "{path}");
    }
}

/// The same records with sizes that fit them: a wrong size would hide the rest.
fn counted(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut lines = bytes.split_inclusive(|b| *b == b'\n');
    let mut out = lines.next()?.to_vec();
    let mut open: Option<(&[u8], Vec<u8>)> = None;
    let close = |out: &mut Vec<u8>, record: Option<(&[u8], Vec<u8>)>| {
        if let Some((path, content)) = record {
            out.extend_from_slice(path);
            out.extend_from_slice(format!(" {}\n", content.len()).as_bytes());
            out.extend_from_slice(&content);
        }
    };
    for line in lines {
        if line.starts_with(b"packages/") {
            close(&mut out, open.take());
            open = Some((line.split(|b| *b == b' ').next()?, Vec::new()));
        } else {
            open.as_mut()?.1.extend_from_slice(line);
        }
    }
    close(&mut out, open);
    (out != bytes).then_some(out)
}
