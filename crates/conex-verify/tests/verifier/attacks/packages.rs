//! Files of a signed package: changed, added, removed, brought back.

use conex_verify::finding::Code;

use crate::world::*;

const DIR: &str = "packages/fmt/fmt.1.0";

/// The usual world, in which `fmt.1.0` has patches too.
fn with_files() -> World {
    let mut w = World::usual();
    w.file(&format!("{DIR}/files/fix.patch"), "--- a\n+++ b\n");
    w.file(&format!("{DIR}/files/sub/x.ml"), "let () = ()\n");
    let entry = w.checksum("fmt.1.0", at(0, 2));
    w.says("bob", vec![entry]);
    w.verdict().is_clean();
    w
}

#[test]
fn a_changed_file_is_refused() {
    for file in ["opam", "files/fix.patch", "files/sub/x.ml"] {
        let mut w = with_files();
        let path = format!("{DIR}/{file}");
        let mut bytes = w.bytes(&path);
        bytes.push(b'\n');
        w.file(&path, bytes);
        w.verdict().is_rejected(Code::Digest, &path);
    }
}

#[test]
fn a_removed_file_is_refused() {
    for file in ["files/fix.patch", "files/sub/x.ml"] {
        let mut w = with_files();
        let path = format!("{DIR}/{file}");
        w.remove(&path);
        w.verdict().is_rejected(Code::MissingFile, &path);
    }
    let mut w = with_files();
    w.remove(&opam_path("fmt.1.0"));
    w.verdict()
        .is_rejected(Code::MissingFile, &opam_path("fmt.1.0"))
        .is_rejected(Code::MissingOpam, &opam_path("fmt.1.0"));
}

#[test]
fn an_added_file_is_refused() {
    for file in ["files/new", "files/sub/y", "files/fix.patch.orig"] {
        let mut w = with_files();
        let path = format!("{DIR}/{file}");
        w.file(&path, "x");
        w.verdict().is_rejected(Code::ExtraFile, &path);
        w.nostrict().verdict().is_rejected(Code::ExtraFile, &path);
    }
}

/// opam 2.0 to 2.3 neither bring empty files nor remove them, and opam copies `files/*` over
/// the sources: an empty file there replaces a source file with nothing.
#[test]
fn an_empty_file_below_a_signed_package_is_refused() {
    for path in [
        format!("{DIR}/files/empty"),
        format!("{DIR}/files/sub/empty"),
        format!("{DIR}/url"),
        format!("{DIR}/descr"),
        "packages/fmt/fmt.0.1/files/left-over".to_owned(),
    ] {
        for mode in MODES {
            let mut w = with_files().in_mode(mode);
            w.file(&path, "");
            w.verdict().is_rejected(Code::EmptyFile, &path);
        }
    }
    // An owner cannot vouch for one, nor a quorum.
    for file in ["opam", "files/fix.patch"] {
        let mut w = with_files();
        let path = format!("{DIR}/{file}");
        w.file(&path, "");
        let entry = w.checksum("fmt.1.0", at(0, 3));
        w.says("bob", vec![entry.clone()]);
        w.quorum_says(vec![entry]);
        w.verdict().is_rejected(Code::EmptyFile, &path);
    }
    let mut w = with_files();
    w.file(&opam_path("fmt.0.1"), "");
    w.verdict()
        .is_rejected(Code::ReleaseList, "packages/fmt/fmt.0.1")
        .is_rejected(Code::EmptyFile, &opam_path("fmt.0.1"));
}

/// Files beside a signed description that opam reads under another name than that which
/// the rules are about: on a file system that does not tell case apart, or of opam 1.2.
#[test]
fn what_only_looks_like_a_file_of_a_signed_release_is_refused() {
    for (path, code) in [
        ("Files/x", Code::BadPath),
        ("FILES/x", Code::BadPath),
        ("files./x", Code::BadPath),
        ("files", Code::BadPath),
        ("Opam", Code::BadPath),
        ("URL", Code::BadPath),
        ("Descr", Code::BadPath),
        ("Checksum", Code::BadPath),
        ("url", Code::ExtraFile),
        ("descr", Code::ExtraFile),
    ] {
        for mode in MODES {
            let mut w = World::usual().in_mode(mode);
            let path = format!("{DIR}/{path}");
            w.file(&path, "src: \"https://evil.example/x.tar.gz\"\n");
            w.verdict().is_rejected(code, &path);
        }
    }
}

/// A flat or a foreign release of a signed package is never less than one of its own.
#[test]
fn a_release_of_a_signed_package_in_another_place_is_refused() {
    for dir in ["packages/fmt.6.6/", "packages/other/fmt.6.6/"] {
        for release in ["fmt.1.0", "fmt.6.6"] {
            for mode in MODES {
                let mut w = World::usual().in_mode(mode);
                let dir = dir.replace("fmt.6.6", release);
                w.file(&format!("{dir}opam"), OPAM);
                w.verdict().is_rejected(Code::Misplaced, &dir);
            }
        }
        // Its files alone, which opam takes along.
        for below in ["files/x", "url", "descr"] {
            let mut w = World::usual().nostrict();
            w.file(&format!("{dir}{below}"), "x");
            w.verdict().is_rejected(Code::Misplaced, dir);
        }
    }
}

/// opam would see one of the two. The proof refused it, and no finding said why (E099).
#[test]
fn a_release_in_two_places_that_are_not_its_own_is_refused() {
    let mut w = World::usual().nostrict();
    w.file("packages/lwt.1.0/opam", OPAM);
    w.file("packages/fmt/lwt.1.1/opam", OPAM);
    w.verdict().is_accepted();
    w.file("packages/fmt/lwt.1.0/opam", OPAM);
    for dir in ["packages/lwt.1.0/", "packages/fmt/lwt.1.0/"] {
        w.verdict().is_rejected(Code::Misplaced, dir);
    }
    w.remove("packages/lwt.1.0/opam");
    w.verdict().is_accepted();
}

/// The same of a package that nobody claims: it is an unsigned package of its name.
#[test]
fn a_flat_or_foreign_release_of_an_unclaimed_package_is_unsigned() {
    for dir in ["packages/lwt.1.0/", "packages/fmt/lwt.1.0/"] {
        let mut w = World::usual();
        w.file(&format!("{dir}opam"), OPAM);
        w.verdict().is_rejected(Code::Unclaimed, "packages/lwt");
        let verdict = w.clone().nostrict().verdict();
        verdict.is_accepted();
        assert_eq!(verdict.summary.unsigned_packages, 1);
        // opam would see one of the two, and nobody knows which.
        w.file(&opam_path("lwt.1.0"), OPAM);
        w.clone()
            .nostrict()
            .verdict()
            .is_rejected(Code::Misplaced, dir);
        // Claimed for ever, it is a release of a signed package.
        w.claimed(at(0, 1), &["lwt"]);
        for mode in MODES {
            let verdict = w.clone().in_mode(mode).verdict();
            verdict.is_rejected(Code::Misplaced, dir);
        }
    }
}

/// V7.6: One release of an unclaimed package in two places, none of which is its own: opam would
/// see one of the two.
#[test]
fn a_release_in_two_foreign_places_is_refused() {
    let mut w = World::usual().nostrict();
    let dirs = ["packages/lwt.1.0/", "packages/fmt/lwt.1.0/"];
    for dir in dirs {
        w.verdict().is_accepted();
        w.file(&format!("{dir}opam"), OPAM);
    }
    for dir in dirs {
        w.verdict().is_rejected(Code::Misplaced, dir);
    }
}

/// `Lwt.1.0` in another place and `lwt` are one name to people and to some file systems.
#[test]
fn a_misplaced_name_in_other_letters_is_refused() {
    for other in ["packages/FMT.2.0/opam", "packages/zed/Fmt.2.0/opam"] {
        let mut w = World::usual().nostrict();
        w.file(other, OPAM);
        w.verdict().is_rejected(Code::CaseCollision, "packages/");
    }
}

/// A release that nobody listed appears, with everything that `bob` ever signed.
#[test]
fn a_release_that_is_not_listed_is_refused() {
    let mut w = World::usual();
    w.file(&opam_path("fmt.6.6"), OPAM);
    let entry = w.checksum("fmt.6.6", at(0, 1));
    w.says("bob", vec![entry]);
    w.verdict()
        .is_rejected(Code::ReleaseList, "packages/fmt/fmt.6.6");
}

#[test]
fn a_listed_release_that_is_missing_is_refused() {
    let mut w = World::usual();
    w.remove(&opam_path("fmt.1.0"));
    w.remove(&checksum_path("fmt.1.0"));
    w.verdict()
        .is_rejected(Code::ReleaseList, "packages/fmt/fmt.1.0");
}

/// `bob` removes a broken release; the server brings it back with its old checksum.
///
/// ```text
/// bob     fmt.1.0  fmt.2.0      removes fmt.2.0 (floor)
/// server                                          fmt.2.0 is back
/// ```
#[test]
fn a_removed_release_that_returns_is_refused() {
    let mut w = World::usual();
    w.file(&opam_path("fmt.2.0"), OPAM);
    let entries = vec![
        w.checksum("fmt.2.0", at(0, 1)),
        w.release_list("fmt", at(0, 2)),
    ];
    w.says("bob", entries);
    let with = w.clone();
    w.verdict().is_clean();
    w.remove(&opam_path("fmt.2.0"));
    w.remove(&checksum_path("fmt.2.0"));
    let list = w.release_list_above("fmt", at(0, 3), 1);
    w.says("bob", vec![list]);
    w.verdict().is_clean();
    for path in [opam_path("fmt.2.0"), checksum_path("fmt.2.0")] {
        w.file(&path, with.bytes(&path));
    }
    w.verdict()
        .is_rejected(Code::ReleaseList, "packages/fmt/fmt.2.0");
    // With the old list as well.
    w.file("packages/fmt/releases", with.bytes("packages/fmt/releases"));
    w.verdict()
        .is_rejected(Code::Superseded, "packages/fmt/releases");
}

/// The content of one release under the directory of another.
#[test]
fn swapped_releases_are_refused() {
    let mut w = World::usual();
    w.file(&opam_path("fmt.2.0"), "opam-version: \"2.0\"\n# two\n");
    let entries = vec![
        w.checksum("fmt.2.0", at(0, 1)),
        w.release_list("fmt", at(0, 2)),
    ];
    w.says("bob", entries);
    let (one, two) = (
        w.bytes(&opam_path("fmt.1.0")),
        w.bytes(&opam_path("fmt.2.0")),
    );
    w.file(&opam_path("fmt.1.0"), &two);
    w.file(&opam_path("fmt.2.0"), &one);
    w.verdict()
        .is_rejected(Code::Digest, &opam_path("fmt.1.0"))
        .is_rejected(Code::Digest, &opam_path("fmt.2.0"));
    for (from, to) in [("fmt.1.0", "fmt.2.0"), ("fmt.2.0", "fmt.1.0")] {
        let mut w = w.clone();
        let bytes = w.bytes(&checksum_path(from));
        w.file(&checksum_path(to), bytes);
        w.verdict()
            .is_rejected(Code::WrongIdentity, &checksum_path(to));
    }
}

/// The size is part of what is vouched for.
#[test]
fn a_wrong_size_is_refused() {
    let path = checksum_path("fmt.1.0");
    let size = format!(" {} ", OPAM.len());
    let wrong = |counter: &str| {
        let mut w = World::usual();
        let text = String::from_utf8(w.bytes(&path)).unwrap();
        let changed = text
            .replace(&size, " 7 ")
            .replace("counter: 1\n", &format!("counter: {counter}\n"));
        assert_ne!(changed, text);
        w.file(&path, resealed(changed.as_bytes()).unwrap());
        w
    };
    wrong("1").verdict().is_rejected(Code::Digest, &path);
    // Not even an owner can vouch for a size that is not there.
    let mut w = wrong("2");
    let entry = w.now(conex_verify::format::resource::Kind::Checksum, "fmt.1.0");
    w.says("bob", vec![entry]);
    w.verdict().is_rejected(Code::Digest, &opam_path("fmt.1.0"));
}

/// opam holds the two equal, and one hides the other; signed or not. Real
/// repositories have such pairs, so it is a warning.
#[test]
fn versions_that_opam_holds_equal_are_reported() {
    for other in ["fmt.1.00", "fmt.1.", "fmt.01.0"] {
        let mut w = World::usual();
        w.file(&opam_path(other), OPAM);
        let entries = vec![w.checksum(other, at(0, 1)), w.release_list("fmt", at(0, 2))];
        w.says("bob", entries);
        w.verdict()
            .reports(Code::EqualVersions, "packages/fmt/fmt.");
    }
    let mut w = World::usual().nostrict();
    w.file(&opam_path("lwt.5"), OPAM);
    w.file(&opam_path("lwt.05"), OPAM);
    w.verdict()
        .reports(Code::EqualVersions, "packages/lwt/lwt.");
}

/// Versions that only look alike are not.
#[test]
fn versions_that_differ_for_opam_are_accepted() {
    let mut w = World::usual();
    for release in [
        "fmt.1..1",
        "fmt.1.0.1",
        "fmt.ab",
        "fmt.a0b",
        "fmt.1~",
        "fmt.1",
    ] {
        w.file(&opam_path(release), OPAM);
        let entry = w.checksum(release, at(0, 1));
        w.says("bob", vec![entry]);
    }
    let list = w.release_list("fmt", at(0, 2));
    w.says("bob", vec![list]);
    w.verdict().is_clean();
}

/// A package with no release and no owner is what a maintainer may empty it to.
#[test]
fn an_emptied_package_keeps_its_name() {
    let mut w = World::usual();
    w.remove(&opam_path("fmt.1.0"));
    w.remove(&checksum_path("fmt.1.0"));
    let list = w.release_list_above("fmt", at(0, 2), 1);
    w.says("bob", vec![list]);
    w.verdict().is_clean();
    w.remove("packages/fmt/releases");
    w.nostrict()
        .verdict()
        .is_rejected(Code::MissingResource, "packages/fmt/releases");
}
