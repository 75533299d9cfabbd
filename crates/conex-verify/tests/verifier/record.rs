//! The record of what was accepted: an update is judged where something changed, and what is
//! said of it is what the whole would say. Every test here compares both, in both forms and
//! with every tree before; see `recorded`.

use crate::published::rich;
use crate::world::recorded::compare;
use crate::world::*;
use conex_verify::format::path::Place;
use conex_verify::format::resource::Kind;
use conex_verify::limits::MAX_ALIKE;

/// How many packages were not judged again when `new` followed `old`, at most, once both were
/// compared.
fn settled(old: &World, new: &World) -> usize {
    compare(&old.client().unwrap(), old.mode, &old.tree, &new.tree)
}

/// `fmt` and `zarith`, which is signed, some more like it, and one that nobody claims.
fn several() -> World {
    let mut w = rich();
    let names = ["fmt", "logs", "rresult", "uutf", "zarith"];
    for name in &names[1..4] {
        w.owned(name, &["eve"]);
        w.released(&format!("{name}.1"), "eve");
    }
    w.claimed(at(0, 3), &names);
    w.stated("bob", at(0, 3));
    w.verdict().is_clean();
    w
}

/// The same with one more release of `zarith`.
fn released(old: &World) -> World {
    let mut new = old.clone();
    new.one_more("zarith.2.2", "eve", 3);
    new.stated("bob", at(0, 5));
    new
}

#[test]
fn of_a_release_one_package_is_judged() {
    let old = several();
    let new = released(&old);
    assert_eq!(settled(&old, &old), packages(&old));
    assert_eq!(settled(&old, &new), packages(&old) - 1);
}

/// The directories in `packages/` that are packages.
fn packages(w: &World) -> usize {
    let names = w.paths();
    let names = names.iter().filter_map(|p| p.strip_prefix("packages/"));
    let dirs = names.filter_map(|p| p.split_once('/').map(|(dir, _)| dir));
    let all: std::collections::BTreeSet<&str> = dirs.filter(|dir| *dir != ".conex").collect();
    all.len()
}

/// The files of a package are as they were, and one more person stands behind them.
#[test]
fn a_package_with_another_supporter_stays_settled() {
    let old = several();
    let mut new = old.clone();
    let entry = new.now(Kind::Authorisation, "logs");
    new.says("jc", vec![entry]);
    new.stated("bob", at(0, 4));
    new.verdict().is_clean();
    assert_eq!(settled(&old, &new), packages(&old));
}

/// A release was removed, and another edited. Then its author signs all that is there once more, in
/// one segment, and what was said of older versions goes.
#[test]
fn an_author_who_folds_moves_no_package() {
    let mut old = several();
    old.one_more("logs.2", "eve", 2);
    old.gone("logs.1");
    let list = old.release_list_above("logs", at(0, 3), 1);
    old.says("eve", vec![list]);
    let edited = old.checksum("uutf.1", at(0, 2));
    old.says("eve", vec![edited]);
    old.stated("bob", at(0, 4));
    old.verdict().is_clean();
    let mut new = old.clone();
    for path in old.paths() {
        if path.starts_with("packages/.conex/index/eve/") {
            new.remove(&path);
        }
    }
    let now = |path: String| match Place::of(&path).ok()? {
        Place::IdFile(id) if id.as_str() == "eve" => Some(old.now(Kind::Author, "eve")),
        Place::Releases(name) if name.as_str() != "fmt" => {
            Some(old.now(Kind::Releases, name.as_str()))
        }
        Place::Checksum(release) if release.name().as_str() != "fmt" => {
            Some(old.now(Kind::Checksum, release.as_str()))
        }
        _ => None,
    };
    new.says("eve", old.paths().into_iter().filter_map(now).collect());
    new.stated("bob", at(0, 5));
    new.verdict().is_clean();
    assert_eq!(settled(&old, &new), packages(&old));
}

/// The files of the packages are as they were, and the key of their owner does not count any
/// more.
#[test]
fn packages_whose_owner_lost_the_key_are_judged_again() {
    let old = several();
    let mut new = old.clone();
    let entry = new.author_file("eve", at(0, 2), &[]);
    new.quorum_says(vec![entry]);
    new.stated("bob", at(0, 4));
    assert!(!new.verdict().accepted);
    assert_eq!(settled(&old, &new), 0);
}

/// The files of a package are as they were, and the proof of it is gone.
#[test]
fn a_package_whose_segment_went_is_judged_again() {
    let old = several();
    let of_eve = |path: &String| path.starts_with("packages/.conex/index/eve/");
    for path in old.paths().into_iter().filter(of_eve) {
        let mut new = old.clone();
        new.remove(&path);
        new.stated("bob", at(0, 4));
        assert!(!new.verdict().accepted, "{path}");
        assert_eq!(settled(&old, &new), 0, "{path}");
    }
}

/// A package that nobody claimed is claimed, and the files are as they were.
#[test]
fn an_unsigned_package_that_was_claimed_is_judged_again() {
    for nostrict in [true, false] {
        let mut old = several();
        old.file(&opam_path("free.1"), OPAM);
        old.stated("bob", at(0, 4));
        let old = if nostrict { old.nostrict() } else { old };
        old.verdict().is_clean();
        assert_eq!(settled(&old, &old), packages(&old));
        let mut new = old.clone();
        new.claimed(
            at(0, 4),
            &["fmt", "free", "logs", "rresult", "uutf", "zarith"],
        );
        new.stated("bob", at(0, 5));
        assert!(!new.verdict().accepted);
        assert_eq!(settled(&old, &new), 0);
    }
}

/// People had other keys before, so many that not all of what these vouched for is told one by one.
#[test]
fn former_keys_of_many_leave_packages_settled() {
    let mut old = several();
    let entry = old.now(Kind::Releases, "logs");
    for n in 0..=MAX_ALIKE {
        old.says_with("eve", &format!("former {n}"), vec![entry.clone()]);
    }
    old.stated("bob", at(0, 4));
    let told = old.verdict();
    assert!(told.accepted && told.findings.len() > MAX_ALIKE, "{told:?}");
    let new = released(&old);
    assert_eq!(settled(&old, &new), packages(&old) - 1);
}

const WEAK: &str = "opam-version: \"2.0\"\nurl { src: \"https://x/a.tgz\" checksum: \"md5=00000000000000000000000000000000\" }\n";

/// More warnings than are told one by one: the packages that they are about are judged again, and
/// the others are not.
#[test]
fn many_warnings_alike_leave_other_packages_settled() {
    let mut old = several();
    let mut names: Vec<String> = (0..MAX_ALIKE + 10).map(|n| format!("weak{n}")).collect();
    for name in &names {
        let release = format!("{name}.1");
        old.owned(name, &["eve"]);
        old.released(&release, "eve");
        old.file(&opam_path(&release), WEAK);
        let entries = old.listed(&release, at(0, 2));
        old.says("eve", entries);
    }
    let warned = names.len();
    names.extend(["fmt", "logs", "rresult", "uutf", "zarith"].map(str::to_owned));
    names.sort();
    let claimed: Vec<&str> = names.iter().map(String::as_str).collect();
    old.claimed(at(0, 4), &claimed);
    old.stated("bob", at(0, 4));
    let told = old.verdict();
    assert!(told.accepted && told.findings.len() > MAX_ALIKE, "{told:?}");
    let quiet = packages(&old) - warned;
    assert_eq!(settled(&old, &old), quiet);
    let new = released(&old);
    assert_eq!(settled(&old, &new), quiet - 1);
    // One that was warned of is mended, and one more package is warned of.
    let mut new = old.clone();
    for (release, text) in [("weak3.1", OPAM), ("logs.1", WEAK)] {
        new.file(&opam_path(release), text);
        let entries = new.listed(release, at(0, 3));
        new.says("eve", entries);
    }
    new.stated("bob", at(0, 5));
    assert_eq!(settled(&old, &new), quiet - 1);
}

/// Ids that wait for approval are told at their files, of no package.
#[test]
fn many_pending_ids_leave_packages_settled() {
    let mut old = several();
    for n in 0..=MAX_ALIKE {
        old.author_file(&format!("new{n}"), at(0, 1), &[&format!("key {n}")]);
    }
    old.stated("bob", at(0, 4));
    let told = old.verdict();
    assert!(told.accepted && told.findings.len() > MAX_ALIKE, "{told:?}");
    let new = released(&old);
    assert_eq!(settled(&old, &new), packages(&old) - 1);
}

/// What was said of a package is said again.
#[test]
fn a_package_with_a_warning_is_judged_again() {
    let mut old = several();
    old.file(&opam_path("zarith.2.2"), WEAK);
    let entries = old.listed("zarith.2.2", at(0, 3));
    old.says("eve", entries);
    old.stated("bob", at(0, 4));
    assert!(!old.verdict().findings.is_empty());
    let mut new = old.clone();
    new.one_more("logs.2", "eve", 2);
    new.stated("bob", at(0, 5));
    assert!(!new.verdict().findings.is_empty());
    assert_eq!(settled(&old, &new), packages(&old) - 2);
}

/// What lies elsewhere can be about a package that is as it was.
#[test]
fn what_is_added_elsewhere_is_held_against_settled_packages() {
    let old = several();
    for path in [
        "packages/zarith/logs.9/opam",
        "packages/logs.9/opam",
        "packages/LOGS/LOGS.1/opam",
        "packages/LOGS",
        "packages/Logs/x",
        "packages/opam",
    ] {
        let mut new = old.clone();
        new.file(path, OPAM);
        new.stated("bob", at(0, 4));
        assert!(!new.verdict().accepted, "{path}");
        assert_eq!(settled(&old, &new), 0, "{path}");
    }
}

/// Under new links, or for another client, nothing is settled.
#[test]
fn under_a_new_link_all_is_judged() {
    let old = several();
    let mut new = old.clone();
    new.link(&link(2, &["ja", "jb", "jc", "jd"], &["ja", "jb", "jc"]));
    let entries = vec![new.now(Kind::Claims, "claims")];
    new.quorum_says(entries);
    new.stated("bob", at(0, 4));
    assert_eq!(settled(&old, &new), 0);
}

/// A release that goes, with its list: the others are settled.
#[test]
fn a_removal_is_judged_as_by_the_whole() {
    let old = several();
    let mut new = old.clone();
    new.gone("zarith.2.0");
    let list = new.release_list_above("zarith", at(0, 3), 2);
    new.says("eve", vec![list]);
    new.stated("bob", at(0, 4));
    settled(&old, &new);
}
