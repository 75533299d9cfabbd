//! An index may shrink: what nobody needs today can be left out, and what somebody needs is
//! missed in the tree itself. What was signed once is in the registers, not in the segments.

use conex_verify::finding::Code;
use conex_verify::format::digest::Digest;
use conex_verify::format::resource::{Decode as _, Entry, Kind, SignedSegment};

use crate::client::{Client, accepted_after, refused_after};
use crate::world::*;

/// A third janitor agrees to what two approved: nobody needs that vouch.
#[test]
fn a_vouch_that_nobody_needs_may_be_left_out() {
    let mut full = World::usual();
    let entry = full.now(Kind::Authorisation, "fmt");
    let path = full.says("jc", vec![entry]);
    let mut less = full.clone();
    less.remove(&path);
    less.verdict().is_clean();
    accepted_after(&[&full], &less);
}

/// A vouch of the quorum is left out, and what it was about with it: in strict mode the tree
/// itself is refused; where unsigned packages are let through, clients know better.
#[test]
fn a_vouch_that_somebody_needs_is_missed() {
    let full = World::usual().nostrict();
    for path in full.paths().iter().filter(|p| p.contains("/index/ja/")) {
        let mut less = full.clone();
        less.remove(path);
        // The janitor's segments are about the author and about the package.
        if less.verdict().accepted {
            refused_after(&[&full], &less, Code::Unsigned, "packages/");
        }
    }
    let mut none = full.clone();
    for path in full.paths().iter().filter(|p| p.contains("/index/")) {
        none.remove(path);
    }
    none.verdict().is_accepted();
    refused_after(&[&full], &none, Code::Unsigned, "fmt/authorisation");
    refused_after(&[&full], &none, Code::Unsigned, "ids/bob");
}

fn entries_of(w: &World, who: &str) -> (Vec<String>, Vec<Entry>) {
    let paths: Vec<String> = w
        .paths()
        .into_iter()
        .filter(|p| p.contains(&format!("/index/{who}/")))
        .collect();
    let entries = paths
        .iter()
        .flat_map(|p| SignedSegment::decode(&w.bytes(p)).unwrap().segment.entries)
        .collect();
    (paths, entries)
}

/// Folds the segments of `who` into one, with the entries that `keep` keeps.
pub fn compacted(w: &World, who: &str, keep: impl Fn(&Entry, &[Entry]) -> bool) -> World {
    let mut folded = w.clone();
    let (paths, entries) = entries_of(w, who);
    for path in paths {
        folded.remove(&path);
    }
    let kept: Vec<Entry> = entries
        .iter()
        .filter(|e| keep(e, &entries))
        .cloned()
        .collect();
    folded.says(who, kept);
    folded
}

/// Whether a higher entry about the same thing makes it needless.
pub fn is_highest(entry: &Entry, all: &[Entry]) -> bool {
    let same = |other: &&Entry| other.resource == entry.resource;
    !all.iter()
        .filter(same)
        .any(|other| other.version.revision > entry.version.revision)
}

fn long_index() -> World {
    let mut w = World::usual();
    for counter in 2..6 {
        let entries = w.listed("fmt.1.0", at(0, counter));
        w.says("bob", entries);
    }
    w
}

#[test]
fn a_compaction_that_keeps_the_highest_is_accepted() {
    let long = long_index();
    let short = compacted(&long, "bob", is_highest);
    short.verdict().is_clean();
    assert!(short.paths().len() < long.paths().len());
    accepted_after(&[&long], &short);
}

/// A compaction that leaves out the only entry about something that is not in the tree: a
/// branch that was never merged, say.
#[test]
fn a_compaction_that_loses_what_is_nowhere_is_accepted() {
    let mut long = long_index();
    let nowhere = vouch(Kind::Checksum, "fmt.9.9", at(0, 7), Digest::of(b""));
    long.says("bob", vec![nowhere]);
    let short = compacted(&long, "bob", |e, all| {
        is_highest(e, all) && *e.resource.name != *"fmt.9.9"
    });
    short.verdict().is_clean();
    accepted_after(&[&long], &short);
    accepted_after(&[&long, &short], &long);
}

/// A compaction of the thief, who has the key of `bob`: the highest entries are left out, and
/// the release as it was before is there again.
#[test]
fn a_compaction_that_loses_a_fix_is_refused() {
    let old = World::usual();
    let long = long_index();
    let mut lost = compacted(&long, "bob", |e, _| e.version.revision == at(0, 1));
    for path in ["packages/fmt/releases", "packages/fmt/fmt.1.0/checksum"] {
        lost.file(path, old.bytes(path));
    }
    refused_after(&[&long], &lost, Code::Rollback, "fmt.1.0/checksum");
    refused_after(&[&long], &lost, Code::Rollback, "fmt/releases");
}

/// Segments under a key that no longer counts may be deleted by anyone.
#[test]
fn the_segments_of_a_revoked_key_may_go() {
    let mut before = World::usual();
    before.joined("carol");
    let entry = before.now(Kind::Author, "bob");
    before.says("carol", vec![entry]);
    let mut revoked = before.clone();
    let entry = revoked.author_file("carol", at(0, 2), &[]);
    revoked.quorum_says(vec![entry]);
    let mut swept = revoked.clone();
    for path in revoked
        .paths()
        .iter()
        .filter(|p| p.contains("/index/carol/"))
    {
        swept.remove(path);
    }
    accepted_after(&[&before, &revoked], &swept);
    accepted_after(&[&before], &swept);
}

/// Forged segments, under the names of keys that count, that lie in a tree which was
/// never verified (opam held it before the hook was switched on) prove nothing: the
/// honest update that is without them is accepted.
#[test]
fn forged_segments_in_the_tree_before_do_not_hold_up_an_honest_update() {
    let honest = World::usual();
    let mut forged = honest.clone();
    // Signed with another key than the one it names.
    let (_, bytes) = segment(
        honest.identity(),
        "jc",
        "thief",
        vec![vouch(
            Kind::Authorisation,
            "fmt",
            at(0, END),
            Digest::of(b""),
        )],
    );
    let thief = SignedSegment::decode(&bytes).unwrap();
    let (path, bytes) = sealed(thief.segment, fingerprint("jc"), thief.signature);
    forged.file(&path, bytes);
    forged.verdict().is_rejected(Code::BadSignature, &path);
    let client = Client {
        tree: Some(forged.tree.clone()),
        memory: None,
    };
    client.says(&honest).is_clean();
}

/// V2.5: Many more of them than are told of a tree that is refused: what the others prove is known all
/// the same, and a rollback of it is refused.
#[test]
fn forged_segments_in_the_tree_before_hide_no_rollback() {
    let old = World::usual();
    let mut new = old.clone();
    let entry = new.authorisation("fmt", at(0, 2), &["bob"]);
    new.quorum_says(vec![entry]);
    for n in 0..600 {
        let entry = vouch(Kind::Authorisation, "fmt", at(0, n), Digest::of(b""));
        let (_, bytes) = segment(old.identity(), "ja", "thief", vec![entry]);
        let thief = SignedSegment::decode(&bytes).unwrap();
        let (path, bytes) = sealed(thief.segment, fingerprint("ja"), thief.signature);
        new.file(&path, bytes);
    }
    let client = Client {
        tree: Some(new.tree.clone()),
        memory: None,
    };
    client
        .says(&old)
        .is_rejected(Code::Rollback, "packages/fmt/authorisation");
}
