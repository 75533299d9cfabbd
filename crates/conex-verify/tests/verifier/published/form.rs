//! Both forms are one state.

use conex_verify::tree::Tree;
use conex_verify::workbench::published::{Form, expand, form_of, shorten};

use super::*;

/// A world with all kinds of metadata, files beside descriptions, and several segments of one id.
pub fn rich() -> World {
    let mut w = covered();
    w.file("packages/fmt/fmt.1.0/files/fix.patch", "--- a\n+++ b\n");
    w.file("packages/README", "what opam does not read\n");
    let entry = w.checksum("fmt.1.0", at(0, 2));
    w.says("bob", vec![entry]);
    w.joined("eve");
    w.owned("zarith", &["eve"]);
    w.released("zarith.2.0", "eve");
    w.one_more("zarith.2.1", "eve", 2);
    w.claimed(at(0, 2), &["fmt", "zarith"]);
    w.stated("bob", at(0, 2));
    w.verdict().is_clean();
    w
}

#[test]
fn a_published_tree_has_all_bundles_and_no_other_metadata() {
    let w = rich();
    let tree = w.published();
    let bundles: Vec<&str> = tree.below("packages/.conex/").map(|(p, _)| p).collect();
    assert_eq!(bundles.len(), 131 + 1);
    assert!(
        tree.below("packages/.conex/bundle/")
            .all(|(_, b)| !b.is_empty())
    );
    let metadata = ["authorisation", "releases", "checksum"];
    let own = |p: &&String| metadata.iter().any(|m| p.ends_with(m));
    assert_eq!(tree.files.keys().find(own), None);
    // Nothing of what opam reads is touched.
    for (path, bytes) in &tree.files {
        if !path.starts_with("packages/.conex/") {
            assert_eq!(w.tree.get(path), Some(bytes), "{path}");
        }
    }
}

#[test]
fn what_is_shortened_is_expanded_to_the_same_bytes() {
    for w in [World::usual(), covered(), rich()] {
        let published = w.published();
        let forms = (form_of(&published), form_of(&w.tree));
        assert_eq!(forms, (Form::Published, Form::Working));
        let expanded = expand(published.clone()).map_err(|findings| findings.into_vec());
        assert_eq!(expanded.unwrap().files, w.tree.files);
        // Each file of metadata but the snapshot takes less room, the path left out.
        let size = |tree: &Tree| tree.files.values().map(|b| b.len()).sum::<usize>();
        assert!(size(&published) < size(&w.tree) + 131 * 40);
    }
}

#[test]
fn a_digest_that_the_tree_has_is_left_out_and_every_other_one_stands() {
    let mut w = World::usual();
    // Somebody vouches for a version that is not in the tree, and for one that is.
    let entry = vouch(
        conex_verify::format::resource::Kind::Releases,
        "fmt",
        at(0, 9),
        conex_verify::format::digest::Digest::of(b"elsewhere"),
    );
    let now = w.now(conex_verify::format::resource::Kind::Releases, "fmt");
    w.says("bob", vec![entry, now]);
    let published = w.published();
    let (_, index) = holding(&published, "\"releases\" \"fmt\" 0 9");
    assert!(
        index.contains("  [\"releases\" \"fmt\" 0 9 \"blake2b="),
        "{index}"
    );
    assert!(
        index.contains("  [\"releases\" \"fmt\" 0 1 =]\n"),
        "{index}"
    );
    let (_, packages) = holding(&published, "packages/fmt/fmt.1.0/checksum");
    let digest = w.tree.get(&opam_path("fmt.1.0")).unwrap().digest().hex();
    let line = format!("  [\"opam\" {} ={}]\n", OPAM.len(), &digest[..8]);
    assert!(packages.contains(&line), "{packages}");
    assert!(!packages.contains("check:"), "{packages}");
}

#[test]
fn both_forms_have_one_verdict_one_state_and_one_memory() {
    for w in [World::usual(), covered(), rich()] {
        let (working, published) = (w.served(&w.tree), w.served(&w.published()));
        assert_eq!(working.report().state, published.report().state);
        assert_eq!(working.report().snapshot, published.report().snapshot);
        assert_eq!(memory(working), memory(published));
    }
}

#[test]
fn a_bundle_is_never_published_again() {
    let published = rich().published();
    let error = shorten(&published).unwrap_err();
    assert!(
        error.to_string().contains("the published form already"),
        "{error}"
    );
}

#[test]
fn what_nobody_can_read_is_not_published() {
    let mut w = World::usual();
    let path = "packages/fmt/releases";
    let mut bytes = w.bytes(path);
    bytes.push(b'\n');
    w.file(path, bytes);
    assert!(shorten(&w.tree).unwrap_err().to_string().contains(path));
    w.file(path, b"\xff");
    assert!(shorten(&w.tree).unwrap_err().to_string().contains(path));
}
