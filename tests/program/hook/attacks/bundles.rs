//! Attack 18: bundles that are no published form, and what would be there for the verifier alone. It
//! goes with `docs/format.md`, "The published form".

use conex_verify::workbench::published::shorten;
use conex_verify::workbench::verify::Mode;

use super::{Client, Form, Notices, accepted, names, refused_about};
use crate::world::*;

/// A bundle of these files.
fn bundle(name: &str, files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut text = format!("conex-bundle 1 {name}\n").into_bytes();
    for (path, bytes) in files {
        text.extend(format!("{path} {}\n", bytes.len()).into_bytes());
        text.extend(bytes);
    }
    text
}

fn path_of(name: &str) -> String {
    format!("packages/.conex/bundle/{name}")
}

/// A tree in two forms: metadata in files of their own, and a bundle that repeats them, that
/// has none, or that carries what opam reads. No mode lets it through. V11.1, V11.2
#[test]
fn a_tree_with_a_bundle_is_refused() {
    for mode in [Mode::Strict, Mode::Covered, Mode::NoStrict] {
        let before = covered_and_signed().in_mode(mode);
        let client = Client::after(&before);
        let file = |path: &str| (path.to_owned(), before.bytes(path));
        let opam = opam_path("fmt.1.0");
        for (name, files) in [
            ("packages-00", vec![]),
            ("packages-63", vec![file("packages/fmt/authorisation")]),
            ("index-00", vec![(opam.clone(), b"evil\n".to_vec())]),
            ("rest", vec![file("packages/.conex/claims")]),
        ] {
            let mut evil = before.clone();
            let path = path_of(name);
            evil.file(&path, bundle(name, &files));
            // Nor if a notary states the tree.
            if name == "rest" {
                evil.stated("bob", at(0, 2));
            }
            client.refuses(&evil, "E041", &path_of("ids"), Notices::All);
        }
        for path in ["packages/.conex/bundle", "packages/fmt/bundle/rest"] {
            let mut evil = before.clone();
            evil.file(path, bundle("rest", &[]));
            client.refuses(&evil, "E002", path, Notices::All);
        }
        let mut next = before.clone();
        let entry = next.checksum("fmt.1.0", at(0, 2));
        next.says("bob", vec![entry]);
        next.stated("bob", at(0, 2));
        client.accepts(&next);
    }
}

/// The covered repository with nothing in it that nobody signed.
fn covered_and_signed() -> World {
    let mut w = covered();
    w.gone("lwt.1.0");
    w.stated("bob", at(0, 1));
    w
}

/// The tree of before in the other form: nothing of Conex in files of their own, and all of it
/// in one bundle. V11.1, V11.3
#[test]
fn a_tree_of_bundles_alone_is_refused() {
    let before = World::usual().nostrict();
    let mut evil = before.clone();
    let opened: Vec<_> = before
        .paths()
        .into_iter()
        .filter(|path| path.starts_with("packages/") && !path.ends_with("/opam"))
        .map(|path| (path.clone(), evil.remove(&path)))
        .collect();
    evil.file(&path_of("rest"), bundle("rest", &opened));
    refused_about(&before, &evil, "E002", &path_of("rest"), Notices::All);
    refused_about(&before, &evil, "E041", &path_of("ids"), Notices::All);
}

/// What opam reads is in a bundle, and not in the tree: for opam the release is not there. V11.3
#[test]
fn a_release_that_only_a_bundle_has_is_refused() {
    for before in [World::usual(), World::usual().nostrict()] {
        let mut evil = before.clone();
        let opam = opam_path("fmt.1.0");
        let bytes = evil.remove(&opam);
        let path = path_of("packages-00");
        evil.file(&path, bundle("packages-00", &[(opam.clone(), bytes)]));
        refused_about(&before, &evil, "E002", &path, Notices::All);
        refused_about(&before, &evil, "E041", &path_of("ids"), Notices::All);
    }
}

/// The published form goes through the hook as the working one does: an update is followed, and a
/// changed description is refused by the digits that stand in the bundle. V11.5
#[test]
fn an_update_in_bundles_is_followed_and_a_changed_file_is_refused() {
    let published = |w: &World| {
        let mut other = w.clone();
        other.tree = shorten(&w.tree).unwrap();
        other
    };
    let before = covered_and_signed();
    let client = Client::after(&published(&before));
    let mut next = before.clone();
    let opam = opam_path("fmt.1.0");
    next.file(&opam, format!("{OPAM}# edited\n"));
    let entry = next.checksum("fmt.1.0", at(0, 2));
    next.says("bob", vec![entry]);
    next.stated("bob", at(0, 2));
    client.accepts(&published(&next));
    let mut evil = published(&next);
    evil.file(&opam, format!("{OPAM}# another\n"));
    client.refuses(&evil, "E014", &opam, Notices::All);
}

/// A patch of a signed release that is absent from the tree that opam holds: it never was there,
/// or opam lost it. No patch makes it out of nothing. V0.6
#[test]
fn a_patch_of_a_signed_release_that_is_absent_is_refused() {
    let mut before = World::usual();
    before.file(&opam_path("fmt.2.0"), OPAM);
    let entries = before.listed("fmt.2.0", at(0, 2));
    before.says("bob", entries);
    let mut next = before.clone();
    next.file(&opam_path("fmt.2.0"), format!("{OPAM}# edited\n"));
    let entry = next.checksum("fmt.2.0", at(0, 3));
    next.says("bob", vec![entry]);
    accepted(&before, &next);

    // And a patch of the description alone.
    let mut described = before.clone();
    described.file(&opam_path("fmt.2.0"), next.bytes(&opam_path("fmt.2.0")));
    let mut lost = before.clone();
    lost.gone("fmt.2.0");
    let client = Client::after(&World::usual());
    for (target, path) in [
        (&next, checksum_path("fmt.2.0")),
        (&described, opam_path("fmt.2.0")),
    ] {
        for absent in [&World::usual(), &lost] {
            for patch in client.patches(&before, target) {
                for form in [Form::Patch, Form::PatchAndMemory] {
                    let command = client.machine.update(absent, &patch, "r");
                    let (form, answer) = client.asks(form, command);
                    println!("{form:?}");
                    names(&answer, "E072", &path);
                }
            }
        }
    }
}
