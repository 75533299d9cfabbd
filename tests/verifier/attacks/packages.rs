//! Files of a signed package: changed, added, removed, brought back.

use conex_verify::finding::Code;

use crate::world::*;

const DIR: &str = "packages/fmt/fmt.1.0";

/// The usual world, in which `fmt.1.0` has patches too.
fn with_files() -> World {
    let mut w = World::usual();
    w.file(&format!("{DIR}/files/fix.patch"), "--- a\n+++ b\n");
    w.file(&format!("{DIR}/files/sub/x.ml"), "let () = ()\n");
    w.file(&format!("{DIR}/files/empty"), "");
    let entry = w.checksum("fmt.1.0", at(0, 2));
    w.says("bob", vec![entry]);
    w.verdict().is_clean();
    w
}

#[test]
fn a_changed_file_is_refused() {
    for file in ["opam", "files/fix.patch", "files/sub/x.ml", "files/empty"] {
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
    for file in [
        "files/new",
        "files/sub/y",
        "files/empty2",
        "files/fix.patch.orig",
    ] {
        let mut w = with_files();
        let path = format!("{DIR}/{file}");
        w.file(&path, "x");
        w.verdict().is_rejected(Code::ExtraFile, &path);
        w.nostrict().verdict().is_rejected(Code::ExtraFile, &path);
    }
}

/// opam 2.0 to 2.3 neither bring empty files nor remove them: their users must not
/// be stuck because of that. An empty opam file is another matter.
#[test]
fn empty_files_that_old_opams_lose_or_leave_are_warnings() {
    let mut w = with_files();
    w.remove(&format!("{DIR}/files/empty"));
    w.file(&format!("{DIR}/files/empty2"), "");
    w.file("packages/fmt/fmt.0.1/files/left-over", "");
    w.verdict()
        .is_accepted()
        .reports(Code::MissingFile, &format!("{DIR}/files/empty"))
        .reports(Code::ExtraFile, &format!("{DIR}/files/empty2"))
        .reports(Code::ExtraFile, "packages/fmt/fmt.0.1");
    w.file(&opam_path("fmt.0.1"), "");
    w.verdict()
        .is_rejected(Code::ReleaseList, "packages/fmt/fmt.0.1");
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
/// bob     fmt.1.0  fmt.2.0      removes fmt.2.0 (tombstone)
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
    let list = w.release_list_with("fmt", at(0, 3), &[("fmt.2.0", at(0, 1))]);
    w.says("bob", vec![list]);
    w.verdict().is_clean();
    for path in [opam_path("fmt.2.0"), checksum_path("fmt.2.0")] {
        w.file(&path, with.bytes(&path));
    }
    let verdict = w.verdict();
    verdict.is_rejected(Code::ReleaseList, "packages/fmt/fmt.2.0");
    assert!(verdict.text().contains("removed by its maintainers"));
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
    let list = w.release_list_with("fmt", at(0, 2), &[("fmt.1.0", at(0, 1))]);
    w.says("bob", vec![list]);
    w.verdict().is_clean();
    w.remove("packages/fmt/releases");
    w.nostrict()
        .verdict()
        .is_rejected(Code::MissingResource, "packages/fmt/releases");
}
