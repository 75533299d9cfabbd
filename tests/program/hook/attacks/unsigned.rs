//! Packages that nobody claims, let through with `--nostrict` or because a snapshot covers them.

use conex_verify::format::resource::Kind;
use conex_verify::workbench::verify::Mode;

use super::{Client, Notices, accepted, refused_about};
use crate::world::*;

/// A repository under a valid, required snapshot, as those see it who let unsigned packages
/// through.
fn let_through() -> [World; 2] {
    [Mode::Covered, Mode::NoStrict].map(|mode| covered().in_mode(mode))
}

/// Attack 2: a server adds an empty `opam` as a new version of an unsigned package, or of a new
/// one, after which opam 2.1 cannot read the repository any more. V6.7, V9.4
#[test]
fn an_empty_opam_of_an_unsigned_package_is_refused() {
    for release in ["lwt.1.0", "lwt.2.0", "new.1.0"] {
        let (path, package) = (opam_path(release), release.split('.').next().unwrap());
        // Without any snapshot.
        let mut before = World::usual().nostrict();
        before.file(&opam_path("lwt.1.0"), OPAM);
        let mut evil = before.clone();
        evil.file(&path, "");
        refused_about(&before, &evil, "E044", &path, Notices::All);
        for before in let_through() {
            let mut evil = before.clone();
            evil.file(&path, "");
            let part = format!("--> packages/{package}\n");
            refused_about(&before, &evil, "E060", &part, Notices::All);
            refused_about(&before, &evil, "E044", &path, Notices::All);
            // A notary states it: it cannot be read all the same.
            evil.stated("bob", at(0, 2));
            refused_about(&before, &evil, "E044", &path, Notices::All);
            evil.file(&path, format!("{OPAM}# edited\n"));
            evil.stated("bob", at(0, 3));
            accepted(&before, &evil);
        }
    }
}

/// Attack 2: flat releases, releases in foreign directories and loose files, empty or not. What
/// is let through changes the state, which a notary has to state. V9.4
#[test]
fn whatever_is_let_through_below_packages_changes_the_state() {
    for (path, part) in [
        ("packages/flat.1.0/opam", "--> packages/flat.1.0\n"),
        ("packages/lwt/zed.1.0/opam", "--> packages/lwt\n"),
        ("packages/fmt/zed.1.0/opam", "--> packages/fmt\n"),
        ("packages/lwt/lwt.1.0/url", "--> packages/lwt\n"),
        ("packages/lwt/lwt.1.0/descr", "--> packages/lwt\n"),
        ("packages/lwt/lwt.1.0/files/x", "--> packages/lwt\n"),
        ("packages/lwt/lwt.1.0/README", "--> packages/lwt\n"),
        ("packages/lwt/README", "--> packages/lwt\n"),
        ("packages/fmt/fmt.1.0/README", "--> packages/fmt\n"),
        (
            "packages/README",
            "the set of files directly in `packages/`",
        ),
    ] {
        for (before, empty) in let_through().iter().zip([true, false]) {
            let mut evil = before.clone();
            evil.file(path, if empty { "" } else { OPAM });
            refused_about(before, &evil, "E060", part, Notices::All);
            let mut stated = before.clone();
            stated.file(path, OPAM);
            stated.stated("bob", at(0, 2));
            accepted(before, &stated);
        }
    }
}

/// Attack 12: an author plants a checksum for a package that is nobody's, or somebody does
/// without any signature. It is edited, gets releases, loses some and becomes signed, as if
/// that were not there. Of a package that the author owns it would block the edit. U, V4.2
#[test]
fn a_checksum_planted_for_an_unsigned_package_blocks_no_edit() {
    let mut base = World::usual().nostrict();
    base.joined("eve");
    base.file(&opam_path("lwt.1.0"), OPAM);
    let plant = |w: &mut World| {
        let entries = vec![
            w.checksum("lwt.1.0", at(0, END)),
            w.release_list_above("lwt", at(0, END), END),
        ];
        w.says("eve", entries);
    };
    let mut by_eve = base.clone();
    let claim = by_eve.authorisation("lwt", at(0, END), &["eve"]);
    by_eve.says("eve", vec![claim]);
    plant(&mut by_eve);
    let mut by_nobody = base.clone();
    by_nobody.checksum("lwt.1.0", at(0, END));
    for planted in [by_eve, by_nobody] {
        accepted(&base, &planted);
        let mut edited = planted.clone();
        edited.file(&opam_path("lwt.1.0"), format!("{OPAM}# edited\n"));
        edited.file(&opam_path("lwt.2.0"), OPAM);
        edited.file("packages/lwt/lwt.2.0/files/x", "x");
        accepted(&planted, &edited);
        accepted(&base, &edited);
        let mut signed = edited.clone();
        signed.gone("lwt.1.0");
        accepted(&edited, &signed);
        signed.owned("lwt", &["bob"]);
        let entries = signed.listed("lwt.2.0", at(0, 1));
        signed.says("bob", entries);
        accepted(&edited, &signed);
        accepted(&planted, &signed);
    }
    let mut owned = base;
    owned.owned("lwt", &["eve"]);
    plant(&mut owned);
    let mut edited = owned.clone();
    edited.file(&opam_path("lwt.1.0"), format!("{OPAM}# edited\n"));
    let path = opam_path("lwt.1.0");
    refused_about(&owned, &edited, "E014", &path, Notices::All);
}

/// The state that the notary `bob` makes, who is a thief and has the server: everything that
/// anybody vouches for is left out but what makes him a notary and what vouches for the claims,
/// and `fmt` gets another source.
fn stripped(honest: &World) -> World {
    let mut evil = honest.clone();
    evil.tree.files.retain(|path, _| !path.contains("/index/"));
    // These are segments that he found: each was made for one thing.
    let needed = [
        (Kind::Author, "bob"),
        (Kind::Team, "notaries"),
        (Kind::Claims, "claims"),
    ];
    for (kind, name) in needed {
        let entry = honest.now(kind, name);
        evil.quorum_says(vec![entry.clone()]);
        if kind == Kind::Author {
            evil.says("bob", vec![entry]);
        }
    }
    for path in ["authorisation", "releases", "fmt.1.0/checksum"] {
        evil.remove(&format!("packages/fmt/{path}"));
    }
    evil.file(&opam_path("fmt.1.0"), format!("{OPAM}# evil\n"));
    evil.stated("bob", at(0, 2));
    evil
}

/// Attack 17: all segments but the notary's are left out, for a client that starts anew and
/// lets unsigned packages through under a snapshot. The list of claims has the name. V5.2, V5.3
#[test]
fn all_segments_but_the_notarys_left_out_are_refused_for_the_claims() {
    const AUTHORISATION: &str = "packages/fmt/authorisation";
    const CLAIMS: &str = "packages/.conex/claims";
    let honest = covered();
    let mut pinned = honest.clone();
    pinned.least_claims = Some(at(0, 1));
    for honest in [&honest, &pinned, &honest.clone().nostrict()] {
        let mut evil = stripped(honest);
        refused_about(honest, &evil, "E026", AUTHORISATION, Notices::All);
        // With all of `fmt` left out as well.
        evil.gone("fmt.1.0");
        evil.stated("bob", at(0, 2));
        refused_about(honest, &evil, "E026", AUTHORISATION, Notices::All);
    }
    // The list of claims is left out too: the file, or what vouches for it.
    for honest in [&honest, &pinned] {
        let mut evil = stripped(honest);
        let of_claims = |evil: &World, path: &String| {
            let text = String::from_utf8(evil.bytes(path)).unwrap();
            path.contains("/index/") && text.contains("[\"claims\"")
        };
        let approvals = evil.paths().into_iter();
        let approvals: Vec<_> = approvals.filter(|p| of_claims(&evil, p)).collect();
        assert_eq!(approvals.len(), 2);
        approvals.iter().for_each(|path| drop(evil.remove(path)));
        evil.stated("bob", at(0, 2));
        refused_about(honest, &evil, "E026", CLAIMS, Notices::All);
        evil.remove(CLAIMS);
        evil.stated("bob", at(0, 2));
        refused_about(honest, &evil, "E026", CLAIMS, Notices::All);
    }
    // What an honest notary states is accepted.
    let mut next = honest.clone();
    next.file(&opam_path("lwt.1.0"), format!("{OPAM}# edited\n"));
    next.stated("bob", at(0, 2));
    accepted(&honest, &next);
    // Only who was there knows of a name that the list has not.
    let mut unlisted = honest;
    unlisted.claimed(at(0, 2), &[]);
    unlisted.stated("bob", at(0, 1));
    let evil = stripped(&unlisted);
    let client = Client::after(&unlisted);
    client.refuses(&evil, "E091", AUTHORISATION, Notices::WhoKnew);
}
