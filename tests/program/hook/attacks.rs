//! The attacks on the rules, through the hook's command line: each on a client that sees the
//! repository for the first time, one that remembers, one that holds the tree before, and one
//! that has both. What the verifier says of them in memory, in every mode, is in
//! `crates/conex-verify/tests/verifier/`.

use crate::hook::run::{Machine, gnu_patch, run};
use crate::world::*;

use conex_verify::format::digest::Digest;
use conex_verify::format::resource::Kind;

/// Who notices.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notices {
    /// Everybody.
    All,
    /// Whoever has seen the state before.
    WhoKnew,
}

/// `evil` is refused with `code`, in every form in which it can reach the client.
#[track_caller]
fn refused(before: &World, evil: &World, code: &str, notices: Notices) {
    before.verdict().is_accepted();
    let machine = Machine::new();
    let mut first = machine.full(evil, "r");
    first.arg("--no-state");
    let first = run(first);
    match notices {
        Notices::All => first.refused(code),
        Notices::WhoKnew => first.accepted(),
    };
    run(machine.full(before, "r")).accepted();
    let remembered = std::fs::read(machine.memory()).unwrap();
    run(machine.full(evil, "r")).refused(code);
    // GNU diff writes nothing about an empty file, so that one comes with a whole tree alone.
    let patch = gnu_patch(&machine, before, evil, "r");
    if !patch.is_empty() {
        let mut forgetful = machine.update(before, &patch, "r");
        forgetful.arg("--no-state");
        run(forgetful).refused(code);
        run(machine.update(before, &patch, "r")).refused(code);
    }
    assert_eq!(std::fs::read(machine.memory()).unwrap(), remembered);
}

/// The same of a change to `before`.
#[track_caller]
fn refused_change(before: &World, change: impl Fn(&mut World), code: &str, notices: Notices) {
    let mut evil = before.clone();
    change(&mut evil);
    refused(before, &evil, code, notices);
}

/// Attack 1: a server without any key adds an empty file, which opam copies over a source.
#[test]
fn an_empty_file_added_to_a_signed_release_is_refused() {
    for path in ["files/fix.patch", "files/src/policy.ml"] {
        let full = format!("packages/fmt/fmt.1.0/{path}");
        for before in [World::usual(), World::usual().nostrict()] {
            refused_change(
                &before,
                |w| {
                    w.file(&full, "");
                },
                "E042",
                Notices::All,
            );
        }
    }
}

/// Attack 2: an empty `opam` of an unsigned package, after which opam 2.1 cannot read the
/// repository.
#[test]
fn an_empty_opam_of_an_unsigned_package_is_refused() {
    let before = World::usual().nostrict();
    refused_change(
        &before,
        |w| {
            w.file(&opam_path("lwt.1.0"), "");
        },
        "E044",
        Notices::All,
    );
}

/// Attack 5: a valid id file is overwritten by a pending one, or its proof is deleted.
#[test]
fn a_valid_id_that_becomes_pending_is_refused() {
    let mut before = World::usual();
    before.joined("carol");
    let pending = |w: &mut World| drop(w.author_file("carol", at(0, 2), &["carol", "carol-2"]));
    refused_change(&before, pending, "E094", Notices::WhoKnew);
    let stripped = |w: &mut World| {
        let proof = w.paths().into_iter().find(|p| p.contains("/index/carol/"));
        w.remove(&proof.unwrap());
    };
    refused_change(&before, stripped, "E094", Notices::WhoKnew);
}

/// Attack 7: one entry under the key of a removed janitor, in the last epoch, has no effect: an
/// honest state with that entry is accepted, and one that needs that epoch is not.
#[test]
fn an_epoch_that_one_key_names_is_not_open() {
    let before = World::usual();
    let leap = |w: &mut World| {
        let digest = Digest::of(b"anything");
        let entry = vouch(Kind::Releases, "fmt", at(LAST_EPOCH, 1), digest);
        w.says("ja", vec![entry]);
    };
    let mut noted = before.clone();
    leap(&mut noted);
    let machine = Machine::new();
    run(machine.full(&before, "r")).accepted();
    run(machine.full(&noted, "r")).accepted();
    let uses = |w: &mut World| {
        leap(w);
        let list = w.release_list("fmt", at(LAST_EPOCH, 1));
        w.says("bob", vec![list]);
    };
    refused_change(&before, uses, "E025", Notices::All);
}

/// Attack 9: an opam file that a supported opam cannot read, signed or not.
#[test]
fn an_opam_file_without_a_version_is_refused() {
    let before = World::usual().nostrict();
    for text in [
        "synopsis: \"x\"\n",
        "opam-version: \"2.0\"\nopam-version: \"2.0\"\n",
    ] {
        let unsigned = |w: &mut World| {
            w.file(&opam_path("lwt.1.0"), text);
        };
        refused_change(&before, unsigned, "E044", Notices::All);
        let signed = |w: &mut World| {
            w.file(&opam_path("fmt.1.0"), text);
            let entry = w.checksum("fmt.1.0", at(0, 9));
            w.says("bob", vec![entry]);
        };
        refused_change(&before, signed, "E044", Notices::All);
    }
}

/// Attack 13: another repository of the same janitors in the place of this one.
#[test]
fn another_repository_of_the_same_janitors_is_refused() {
    let before = World::usual();
    let mut evil = World::with_janitors(2, &["ja", "jb", "jd"]).trusting(2, &["ja", "jb", "jd"]);
    evil.joined("bob");
    let mut start = World::with_janitors(2, &["ja", "jb", "jd"]);
    start.anchors = evil.anchors.clone();
    let machine = Machine::new();
    run(machine.full(&before, "r")).accepted();
    run(machine.full(&start, "r")).refused("E095");
}

/// Attack 16: a pending team `Notaries` does not block the real one.
#[test]
fn notaries_in_another_case_are_refused() {
    let before = World::usual();
    let other = |w: &mut World| {
        w.team_file("crew", at(0, 1), &["bob"]);
        let bytes = w.remove("packages/.conex/ids/crew");
        let text = String::from_utf8(bytes)
            .unwrap()
            .replace("crew", "Notaries");
        let path = "packages/.conex/ids/Notaries";
        w.file(path, resealed(text.as_bytes()).unwrap());
    };
    refused_change(&before, other, "E002", Notices::All);
}

/// Attack 19: a release that was signed in a branch that was closed is served later; a version
/// above it kills it for whoever has seen that.
#[test]
fn a_superseded_release_is_refused() {
    let start = World::usual();
    let mut bad = start.clone();
    bad.file(&opam_path("fmt.1.0"), format!("{OPAM}# bad\n"));
    let entry = bad.checksum("fmt.1.0", at(0, 5));
    bad.says("bob", vec![entry]);
    let mut good = start.clone();
    let entry = good.checksum("fmt.1.0", at(0, 6));
    good.says("bob", vec![entry]);
    refused(&good, &bad, "E090", Notices::WhoKnew);
    // Both files of signatures are there: then everybody notices.
    let mut both = bad.clone();
    for path in good.paths().iter().filter(|p| p.contains("/index/")) {
        both.file(path, good.bytes(path));
    }
    refused(&good, &both, "E023", Notices::All);
}

/// Attack 20: a half-applied tree, and a reverted bad merge, are repaired by an honest update.
#[test]
fn an_honest_update_repairs_a_half_applied_tree() {
    let before = World::usual();
    let mut next = before.clone();
    next.file(&opam_path("fmt.2.0"), OPAM);
    let entries = next.listed("fmt.2.0", at(0, 3));
    next.says("bob", entries);
    for missing in next.paths() {
        if before.tree.get(&missing) == next.tree.get(&missing) {
            continue;
        }
        let mut half = next.clone();
        match before.tree.get(&missing) {
            Some(bytes) => {
                half.file(&missing, bytes);
            }
            None => drop(half.remove(&missing)),
        }
        let machine = Machine::new();
        run(machine.full(&before, "r")).accepted();
        let patch = gnu_patch(&machine, &half, &next, "r");
        run(machine.update(&half, &patch, "r")).accepted();
        let mut forgetful = machine.update(&half, &patch, "r");
        forgetful.arg("--no-state");
        run(forgetful).accepted();
    }
}

/// Attack 21: a file called `opam` hides everything below it from opam.
#[test]
fn a_file_called_opam_that_hides_releases_is_refused() {
    for path in [
        "packages/opam",
        "packages/fmt/opam",
        "packages/lwt/opam",
        "doc/opam",
    ] {
        for before in [World::usual(), World::usual().nostrict()] {
            let (text, code) = (
                OPAM,
                if path.starts_with("doc") {
                    "E001"
                } else {
                    "E002"
                },
            );
            refused_change(
                &before,
                |w| {
                    w.file(path, text);
                },
                code,
                Notices::All,
            );
        }
    }
}

/// Attack 22: a file goes from a directory that is called like a signed release, and opam 2.5 and
/// 2.6 forget the release.
#[test]
fn a_removal_that_makes_opam_forget_a_release_is_refused() {
    let mut before = World::usual().nostrict();
    before.file("doc/fmt.1.0/README", "x");
    let mut evil = before.clone();
    evil.remove("doc/fmt.1.0/README");
    let machine = Machine::new();
    run(machine.full(&before, "r")).accepted();
    let patch = gnu_patch(&machine, &before, &evil, "r");
    run(machine.update(&before, &patch, "r")).refused("E098");
    let mut forgetful = machine.update(&before, &patch, "r");
    forgetful.arg("--no-state");
    run(forgetful).refused("E098");
    // A whole tree is read anew, and nothing is forgotten.
    run(machine.full(&evil, "r")).accepted();
}

/// Attack 23: what opam reads where the file system is blind to case or drops dots, and a
/// release of a signed name in another place.
#[test]
fn what_is_read_under_another_name_is_refused() {
    let dir = "packages/fmt/fmt.1.0";
    for (path, code) in [
        (format!("{dir}/Files/x"), "E002"),
        (format!("{dir}/URL"), "E002"),
        (format!("{dir}/Descr"), "E002"),
        (format!("{dir}/files./x"), "E002"),
        (format!("{dir}/url"), "E042"),
        ("packages/fmt.6.6/opam".to_owned(), "E048"),
        ("packages/other/fmt.6.6/opam".to_owned(), "E048"),
    ] {
        for before in [World::usual(), World::usual().nostrict()] {
            refused_change(
                &before,
                |w| {
                    w.file(&path, OPAM);
                },
                code,
                Notices::All,
            );
        }
    }
}
