//! A server that mixes, withholds, strips, or serves an old state.

use conex_verify::finding::Code;
use conex_verify::format::digest::Digest;
use conex_verify::format::resource::Kind;

use crate::snapshot::notary::*;
use crate::world::*;

/// The honest state that the client is at before each attack by a patch.
fn honest() -> World {
    usual()
}

fn segments(w: &World, of: &str) -> Vec<String> {
    let prefix = format!("packages/.conex/index/{of}");
    let below = |path: &String| path.starts_with(&prefix);
    w.paths().into_iter().filter(below).collect()
}

// --- segments stripped ------------------------------------------------------

/// Everything that anybody vouches for is gone, and with it every claim: what is left
/// looks like a repository that nobody signed yet.
#[test]
fn all_segments_stripped() {
    let w = usual();
    let mut evil = w.clone();
    for path in segments(&w, "") {
        evil.remove(&path);
    }
    evil.is_refused_in_every_form(&honest(), Code::SnapshotSigner, SNAPSHOT);
}

/// All but what the notary needs to sign: the same person vouches for the package in other
/// segments.
#[test]
fn all_segments_but_the_notarys_stripped() {
    let mut w = unsigned();
    let needed = segments(&w, "ja");
    let entry = w.authorisation("fmt", at(0, 1), &["ja"]);
    w.says("ja", vec![entry]);
    let mut entries = w.listed("fmt.1.0", at(0, 1));
    entries.push(w.checksum("fmt.2.0", at(0, 1)));
    w.says("ja", entries);
    w.stated("ja", at(0, 2));
    w.is_accepted_in_every_form(&unsigned());
    let mut evil = w.clone();
    for path in segments(&w, "ja").iter().filter(|p| !needed.contains(p)) {
        evil.remove(path);
    }
    evil.is_refused_in_every_form(&w, Code::Snapshot, "packages/.conex/index/ja");
    // And the package changed, which nobody claims now.
    evil.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n# evil\n");
    evil.is_refused_in_every_form(&w, Code::Snapshot, "packages/fmt");
}

/// A janitor's entry that nobody needs today: without it nothing in the tree is another.
#[test]
fn only_an_entry_that_nobody_needs_stripped() {
    let mut w = usual();
    let before = w.clone();
    let entry = vouch(Kind::Team, "other", at(0, 1), Digest::of(b"x"));
    let path = w.says("ja", vec![entry]);
    w.stated("bob", at(1, 2));
    w.is_accepted_in_every_form(&before);
    w.remove(&path);
    w.is_refused_in_every_form(&before, Code::Snapshot, "packages/.conex/index/ja");
}

/// A release was mended, and the server goes on serving the broken one: the old files,
/// without the segment that vouches for the new ones.
#[test]
fn only_a_fix_stripped() {
    let before = usual();
    let mut w = before.clone();
    w.file(&opam_path("fmt.1.0"), format!("{OPAM}# fixed\n"));
    let entry = w.checksum("fmt.1.0", at(0, 2));
    let path = w.says("bob", vec![entry]);
    w.stated("bob", at(1, 2));
    w.is_accepted_in_every_form(&before);
    let mut evil = w.clone();
    evil.remove(&path);
    for path in [opam_path("fmt.1.0"), checksum_path("fmt.1.0")] {
        evil.file(&path, before.bytes(&path));
    }
    // Without a snapshot a first clone cannot know.
    let mut without = evil.clone();
    without.remove(SNAPSHOT);
    without.verdict().is_accepted();
    evil.is_refused_in_every_form(&before, Code::Snapshot, "packages/fmt");
    evil.is_refused_in_every_form(&before, Code::Snapshot, "packages/.conex/index/bob");
}

// --- packages -----------------------------------------------------------------

/// A package with a fix for a hole is left out.
#[test]
fn packages_withheld() {
    let w = unsigned();
    let mut evil = w.clone();
    evil.remove(&opam_path("lwt.1.0"));
    evil.is_refused_in_every_form(&w, Code::Snapshot, "packages/lwt");
    let mut evil = w.clone();
    evil.remove(&opam_path("fmt.2.0"));
    evil.is_refused_in_every_form(&w, Code::Snapshot, "packages/fmt");
}

/// ```text
/// published   fmt.1.0   fmt.1.0 fixed, zed.2.0
/// served                fmt.1.0 as it was, zed.2.0
/// ```
#[test]
fn an_old_package_beside_new_ones() {
    let old = unsigned();
    let mut new = old.clone();
    new.file(&opam_path("fmt.1.0"), format!("{OPAM}# fixed\n"));
    new.file(&opam_path("zed.2.0"), OPAM);
    new.stated("ja", at(0, 2));
    new.is_accepted_in_every_form(&old);
    let mut mixed = new.clone();
    mixed.file(&opam_path("fmt.1.0"), old.bytes(&opam_path("fmt.1.0")));
    mixed.is_refused_in_every_form(&old, Code::Snapshot, "packages/fmt");
    // The snapshot of then does not help: zed is newer.
    mixed.file(SNAPSHOT, old.bytes(SNAPSHOT));
    mixed.is_refused_in_every_form(&old, Code::Snapshot, "packages/zed");
}

#[test]
fn one_file_of_an_unsigned_package_changed() {
    let mut w = unsigned();
    w.file("packages/fmt/fmt.1.0/files/a.patch", "good\n");
    w.stated("ja", at(0, 2));
    let mut evil = w.clone();
    evil.file("packages/fmt/fmt.1.0/files/a.patch", "evil\n");
    evil.is_refused_in_every_form(&w, Code::Snapshot, "packages/fmt");
    let mut evil = w.clone();
    evil.file(&opam_path("fmt.1.0"), format!("{OPAM}build: [\"evil\"]\n"));
    evil.is_refused_in_every_form(&w, Code::Snapshot, "packages/fmt");
}

#[test]
fn a_package_that_nobody_stated_added() {
    let w = unsigned();
    let mut evil = w.clone();
    evil.file(&opam_path("evil.1.0"), OPAM);
    evil.is_refused_in_every_form(&w, Code::Snapshot, "packages/evil");
}

/// Of a state that has nothing in common with the snapshot some parts are named, and
/// the rest is counted.
#[test]
fn everything_at_once_changed() {
    let w = unsigned();
    let mut evil = w.clone();
    for n in 0..100 {
        evil.file(&opam_path(&format!("evil{n}.1.0")), OPAM);
    }
    let verdict = evil.verdict();
    verdict.is_rejected(Code::Snapshot, SNAPSHOT);
    assert!(
        verdict.text().contains("88 more parts"),
        "{}",
        verdict.text()
    );
    assert_eq!(verdict.findings.len(), 13);
}

// --- other parts --------------------------------------------------------------

#[test]
fn an_id_file_withheld_or_added() {
    let w = usual();
    let mut evil = w.clone();
    evil.author_file("mallory", at(0, 1), &["mallory"]);
    evil.is_refused_in_every_form(&w, Code::Snapshot, "packages/.conex/ids");
}

/// A link of the chain gets one more signature, which is valid: the files of the chain
/// are stated too.
#[test]
fn another_file_of_the_chain() {
    let mut w = usual();
    let mut spec = link(2, &["ja", "jb", "jc"], &["ja", "jb"]);
    w.link(&spec);
    w.stated("bob", at(1, 2));
    w.verdict().is_accepted();
    let mut evil = w.clone();
    spec.signers.push("jc".to_owned());
    evil.link_at(1, &spec);
    evil.is_refused_in_every_form(&w, Code::Snapshot, "packages/.conex/janitors");
}

#[test]
fn the_top_level_file_repo_changed() {
    let mut w = usual();
    let value = ("announce", "\"Hello\"");
    let entry = w.repo_file(at(0, 1), &[value], &[]);
    w.quorum_says(vec![entry]);
    w.file("repo", "opam-version: \"2.0\"\nannounce: \"Hello\"\n");
    w.stated("bob", at(1, 2));
    w.verdict().is_accepted();
    let old = {
        let mut old = w.clone();
        old.remove("packages/.conex/repo");
        old
    };
    old.is_refused_in_every_form(&w, Code::Snapshot, "packages/.conex/repo");
    // In strict mode and without a snapshot that would be refused as well; the
    // snapshot states the file itself.
    let mut w = unsigned();
    w.file(
        "repo",
        "opam-version: \"2.0\"\nbrowse: \"https://a.example\"\n",
    );
    w.stated("ja", at(0, 2));
    let mut evil = w.clone();
    evil.file(
        "repo",
        "opam-version: \"2.0\"\nbrowse: \"https://b.example\"\n",
    );
    evil.is_refused_in_every_form(&w, Code::Snapshot, "repo");
}

/// `opam admin index` runs after the snapshot was made.
#[test]
fn a_new_stamp_in_the_file_repo_is_no_attack() {
    let w = unsigned();
    let mut stamped = w.clone();
    stamped.file("repo", "opam-version: \"2.0\"\nstamp: \"0123456\"\n");
    stamped.is_accepted_in_every_form(&w);
}

/// Patches of opam 2.0 to 2.3 carry no empty files (hook contract, D17). Those who publish
/// one are told; in a client, a file that is stated and is not there is like any other.
#[test]
fn an_empty_file_added_or_left_out() {
    let w = unsigned();
    for path in ["fmt/fmt.1.0/files/empty", "gone/gone.1.0/files/empty"] {
        let mut evil = w.clone();
        evil.file(&format!("packages/{path}"), "");
        let package = format!("packages/{}", &path[..path.find('/').unwrap()]);
        // GNU diff has nothing to say about it, so its patch gives the honest tree.
        let refused: Vec<_> = evil
            .in_every_form(&w)
            .into_iter()
            .map(|(form, verdict)| {
                let carried = form != "patch by GNU diff";
                assert_eq!(verdict.accepted, !carried, "{form}");
                if carried {
                    verdict.is_rejected(Code::Snapshot, &package);
                }
                carried
            })
            .collect();
        assert_eq!(refused.len(), 5);
    }
    let mut with = w.clone();
    with.file("packages/fmt/fmt.1.0/files/empty", "");
    with.stated("ja", at(0, 2));
    with.verdict().is_accepted();
    with.remove("packages/fmt/fmt.1.0/files/empty");
    with.is_refused_in_every_form(&with, Code::Snapshot, "packages/fmt");
}

// --- as a whole ---------------------------------------------------------------

/// ```text
/// client   October   November          refuses October
/// server   October   November October
/// ```
#[test]
fn last_months_repository_as_a_whole_with_memory() {
    let october = unsigned();
    let mut november = october.clone();
    november.file(&opam_path("fmt.3.0"), OPAM);
    november.stated("ja", at(0, 2));
    november.is_accepted_in_every_form(&october);
    remembers(&[&october, &november], &november).is_accepted();
    remembers(&[&october, &november], &october).is_rejected(Code::Rollback, SNAPSHOT);
    has_tree(&november, &october).is_rejected(Code::Rollback, SNAPSHOT);
    has_tree(&october, &november).is_accepted();
}

/// A first clone knows nothing but its clock, and uses it only when asked to.
#[test]
fn last_months_repository_as_a_whole_by_max_age() {
    let october = unsigned();
    let now = "2026-12-24T14:00:00Z";
    october.verdict().is_accepted();
    october.verdict_for(at_most(31, now)).is_accepted();
    for (form, verdict) in october.in_every_form_for(&unsigned(), at_most(29, now)) {
        println!("{form}");
        verdict.is_rejected(Code::SnapshotAge, SNAPSHOT);
    }
}

/// Whoever asks for the age is not told that there is none.
#[test]
fn the_snapshot_stripped_from_one_who_asks_for_its_age() {
    let mut w = World::usual();
    w.verdict().is_accepted();
    w.verdict_for(at_most(29, MADE))
        .is_rejected(Code::SnapshotMissing, SNAPSHOT);
    w.notaries(at(1, 1), &["bob"]);
    w.stated("bob", at(1, 1));
    w.verdict_for(at_most(29, MADE)).is_accepted();
}

/// The snapshot is stripped: the chain says that it must be there, and so can the
/// client; a client that had one knows.
#[test]
fn the_snapshot_stripped() {
    let w = unsigned();
    let mut evil = w.clone();
    evil.remove(SNAPSHOT);
    evil.is_refused_in_every_form(&w, Code::SnapshotMissing, SNAPSHOT);
    let w = usual();
    let mut evil = w.clone();
    evil.remove(SNAPSHOT);
    evil.verdict().is_accepted();
    let policy = conex_verify::workbench::trust::anchors::SnapshotPolicy {
        required: true,
        max_age: None,
    };
    evil.verdict_for(policy)
        .is_rejected(Code::SnapshotMissing, SNAPSHOT);
    remembers(&[&w], &evil).is_rejected(Code::Removed, SNAPSHOT);
    has_tree(&w, &evil).is_rejected(Code::Removed, SNAPSHOT);
}
