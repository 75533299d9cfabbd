//! Files that come and go beside what is signed, and what opam makes of it.

use conex_verify::finding::Code;

use crate::client::{Client, accepted_after, refused_after};
use crate::world::*;

const DIR: &str = "packages/fmt/fmt.1.0";

/// A signed release with a file for the build.
fn with_a_file() -> World {
    let mut w = World::usual();
    w.file(&format!("{DIR}/files/fix.patch"), "--- a\n+++ b\n");
    let entry = w.checksum("fmt.1.0", at(0, 2));
    w.says("bob", vec![entry]);
    w.verdict().is_clean();
    w
}

/// opam copies `files/*` over the sources, so an empty file there replaces one of them with
/// nothing. It makes no difference to opam 2.0 to 2.3, which do not bring empty files, so it
/// was let through once.
#[test]
fn an_empty_file_added_to_a_signed_release_is_refused() {
    let honest = with_a_file();
    for mode in MODES {
        let honest = honest.clone().in_mode(mode);
        let client = Client::after(&[&with_claims(&honest)]);
        for path in ["files/Makefile", "files/src/main.ml"] {
            let path = format!("{DIR}/{path}");
            let mut evil = with_claims(&honest);
            evil.file(&path, "");
            let clients = [
                Client::default(),
                client.clone(),
                client.without_memory(),
                client.added_again(),
            ];
            for client in clients {
                client.says(&evil).is_rejected(Code::EmptyFile, &path);
                let verdict = client.says_of_the_whole(&evil);
                verdict.is_rejected(Code::EmptyFile, &path);
            }
        }
    }
}

/// What is asked where unsigned packages are let through under a snapshot.
fn with_claims(w: &World) -> World {
    let mut w = w.clone();
    w.claimed(at(0, 1), &["fmt"]);
    w
}

/// A checksum that somebody planted for a package nobody claims, signed by a valid author or
/// by nobody: the package is edited, gets releases and loses some, as if it were not there.
#[test]
fn a_checksum_planted_for_an_unclaimed_package_blocks_no_edit() {
    let base = {
        let mut w = World::usual().nostrict();
        w.joined("eve");
        w.file(&opam_path("lwt.1.0"), OPAM);
        w
    };
    let mut planted = base.clone();
    let entries = vec![
        planted.checksum("lwt.1.0", at(0, END)),
        planted.release_list_above("lwt", at(0, END), END),
        planted.authorisation("lwt", at(0, END), &["eve"]),
    ];
    planted.says("eve", entries);
    let mut by_nobody = base.clone();
    by_nobody.checksum("lwt.1.0", at(0, END));
    for planted in [planted, by_nobody] {
        accepted_after(&[&base], &planted);
        let mut edited = planted.clone();
        edited.file(&opam_path("lwt.1.0"), format!("{OPAM}# edited\n"));
        edited.file(&opam_path("lwt.2.0"), OPAM);
        edited.file("packages/lwt/lwt.2.0/files/x", "x");
        accepted_after(&[&planted], &edited);
        accepted_after(&[&base], &edited);
        let mut without = edited.clone();
        without.gone("lwt.1.0");
        accepted_after(&[&base, &planted, &edited], &without);
        // It becomes signed, at the first counter that there is.
        without.owned("lwt", &["bob"]);
        let entries = without.listed("lwt.2.0", at(0, 1));
        without.says("bob", entries);
        accepted_after(&[&base, &planted, &edited], &without);
        accepted_after(&[&planted], &without);
    }
}

// --- what a removal hides (D29) ---------------------------------------------------

/// opam from 2.5 on forgets a release when a patch removes any file of a directory of its
/// name: the server publishes such a file, and takes it away in the next update.
///
/// ```text
/// published   fmt.1.0    + doc/fmt.1.0/README    - doc/fmt.1.0/README
/// opam has    fmt.1.0    fmt.1.0                 nothing
/// ```
#[test]
fn a_file_removed_from_a_directory_called_like_a_release_is_refused() {
    let honest = World::usual().nostrict();
    for path in [
        "doc/fmt.1.0/README",
        "fmt.1.0/x",
        "doc/fmt.1.0/files/x",
        "packages/lwt/lwt.1.0/files/fmt.1.0/x",
        "packages/lwt/lwt.1.0/files/fmt.1.0/files/x",
        // opam holds these equal to `fmt.1.0`.
        "doc/fmt.1.00/README",
        "doc/fmt.01.0/README",
        "doc/fmt.1./README",
    ] {
        let mut honest = honest.clone();
        honest.file(&opam_path("lwt.1.0"), OPAM);
        let mut with = honest.clone();
        if path.starts_with("packages/") {
            with.file(path, "x");
        } else {
            let top = path.split('/').next().unwrap();
            with.tree.others.push(format!("{top}/"));
            with.tree.elsewhere.insert(path.to_owned());
        }
        accepted_after(&[&honest], &with);
        let client = Client::after(&[&honest, &with]);
        let (directory, _) = path.rsplit_once('/').unwrap();
        let directory = directory.strip_suffix("/files").unwrap_or(directory);
        client.says(&honest).is_rejected(Code::Forgotten, directory);
        let without = client.without_memory();
        without
            .says(&honest)
            .is_rejected(Code::Forgotten, directory);
        // Who reads the whole repository forgets nothing; who has no tree, neither.
        client.says_of_the_whole(&honest).is_accepted();
        client.added_again().says(&honest).is_accepted();
    }
}

/// The same of a release that nobody signed: it is opam's index that loses it.
#[test]
fn a_removal_that_hides_an_unsigned_release_is_refused() {
    for declared in ["packages/lwt/lwt.1.0/opam", "packages/lwt.1.0/opam"] {
        let mut honest = World::usual().nostrict();
        honest.file(declared, OPAM);
        let mut with = honest.clone();
        with.tree.elsewhere.insert("doc/lwt.1.0/README".to_owned());
        with.tree.others.push("doc/".to_owned());
        Client::after(&[&with])
            .says(&honest)
            .is_rejected(Code::Forgotten, "doc/lwt.1.0");
    }
    // One of two places of the same release goes: from where, opam does not look.
    let mut flat = World::usual().nostrict();
    flat.file("packages/lwt.1.0/opam", OPAM);
    let mut moved = World::usual().nostrict();
    moved.file("packages/lwt/lwt.1.0/opam", OPAM);
    Client::after(&[&flat])
        .says(&moved)
        .is_rejected(Code::Forgotten, "packages/lwt.1.0");
}

/// Honest removals: a file of a release that stays, the release itself, a directory that is
/// called like a release which is nowhere.
#[test]
fn a_removal_that_hides_nothing_is_accepted() {
    let with = with_a_file();
    let mut without = with.clone();
    without.remove(&format!("{DIR}/files/fix.patch"));
    let entry = without.checksum("fmt.1.0", at(0, 3));
    without.says("bob", vec![entry]);
    accepted_after(&[&with], &without);

    let mut gone = with.clone();
    gone.gone("fmt.1.0");
    let list = gone.release_list_above("fmt", at(0, 2), 2);
    gone.says("bob", vec![list]);
    accepted_after(&[&with], &gone);

    let mut doc = with.clone();
    for path in ["doc/fmt.2.0/x", "doc/fmt/x", "doc/fmt.1.0.md"] {
        doc.tree.elsewhere.insert(path.to_owned());
    }
    doc.tree.others.push("doc/".to_owned());
    accepted_after(&[&doc], &with);
}

/// A release is replaced by one that opam holds equal: it forgets both.
#[test]
fn a_release_replaced_by_an_equal_one_is_refused() {
    let old = World::usual();
    let mut new = old.clone();
    new.gone("fmt.1.0");
    new.file(&opam_path("fmt.1.00"), OPAM);
    let entries = vec![
        new.checksum("fmt.1.00", at(0, 2)),
        new.release_list_above("fmt", at(0, 2), 1),
    ];
    new.says("bob", entries);
    let client = Client::after(&[&old]);
    client.says(&new).is_rejected(Code::Forgotten, DIR);
    client.says_of_the_whole(&new).is_accepted();
}

/// A directory below the files of a signed release that is called like a release: a checksum
/// lists none, so nobody can be brought to sign one.
#[test]
fn a_directory_called_like_a_release_below_signed_files_is_refused() {
    let mut w = World::usual();
    let path = format!("{DIR}/files/lwt.1.0/x");
    w.file(&path, "x");
    let entry = w.checksum("fmt.1.0", at(0, 2));
    w.says("bob", vec![entry]);
    w.verdict()
        .is_rejected(Code::Encoding, &checksum_path("fmt.1.0"));
    // Nor is it let through beside what is signed.
    let mut w = World::usual();
    w.file(&path, "x");
    refused_everywhere(&w, &path);
}

#[track_caller]
fn refused_everywhere(evil: &World, path: &str) {
    for mode in MODES {
        let verdict = evil.clone().in_mode(mode).verdict();
        verdict.is_rejected(Code::ExtraFile, path);
    }
}

/// opam 1.2's files come to a signed release, or a release of it to another place.
#[test]
fn what_opam_merges_into_a_signed_release_is_refused_in_an_update() {
    let honest = with_a_file();
    let client = Client::after(&[&honest]);
    for (path, code) in [
        (format!("{DIR}/url"), Code::ExtraFile),
        (format!("{DIR}/descr"), Code::ExtraFile),
        (format!("{DIR}/Files/x"), Code::BadPath),
        (format!("{DIR}/URL"), Code::BadPath),
        (format!("{DIR}/files./x"), Code::BadPath),
        ("packages/fmt.1.0/opam".to_owned(), Code::Misplaced),
        ("packages/lwt/fmt.2.0/opam".to_owned(), Code::Misplaced),
        ("packages/opam".to_owned(), Code::BadPath),
        ("packages/fmt/OPAM".to_owned(), Code::BadPath),
    ] {
        let mut evil = honest.clone();
        evil.file(&path, OPAM);
        let about = match code {
            Code::Misplaced => path.strip_suffix("opam").unwrap(),
            _ => &path,
        };
        for one in [
            client.clone(),
            client.without_memory(),
            client.added_again(),
        ] {
            one.says(&evil).is_rejected(code, about);
        }
    }
}

/// A signed release loses the file that its maintainers signed, and the list says nothing.
#[test]
fn a_release_that_is_half_removed_is_refused() {
    let honest = with_a_file();
    let mut evil = honest.clone();
    evil.remove(&opam_path("fmt.1.0"));
    let client = Client::after(&[&honest]);
    client
        .says(&evil)
        .is_rejected(Code::MissingOpam, &opam_path("fmt.1.0"));
    let mut evil = World::usual().nostrict();
    evil.gone("fmt.1.0");
    let list = evil.release_list("fmt", at(0, 2));
    evil.says("bob", vec![list]);
    let honest = honest.nostrict();
    refused_after(&[&honest], &evil, Code::Removed, "fmt.1.0/checksum");
}
