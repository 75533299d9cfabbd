//! An index never shrinks: segments that count cannot be left out.

use conex_verify::finding::Code;
use conex_verify::format::resource::{Decode as _, Entry, Kind, SignedSegment};

use crate::updates::client::{Client, Knows, accepted_after, refused_by};
use crate::world::*;

const TREE: &[Knows] = &[Knows::Tree];

/// A usual world in which the third janitor agrees, too: nobody needs that vouch.
fn third_vouch() -> (World, String) {
    let mut w = World::usual();
    let entry = w.now(Kind::Authorisation, "fmt");
    let path = w.says("jc", vec![entry]);
    (w, path)
}

#[test]
fn a_segment_that_is_left_out_is_refused_though_the_tree_is_valid() {
    let (full, path) = third_vouch();
    let mut less = full.clone();
    less.remove(&path);
    less.verdict().is_clean();
    refused_by(TREE, &[&full], &less, Code::Stripped, "index/jc");
}

#[test]
fn all_segments_of_an_id_that_are_left_out_are_refused() {
    let (full, _) = third_vouch();
    let mut less = full.clone();
    for path in full.paths().iter().filter(|p| p.contains("/index/jc/")) {
        less.remove(path);
    }
    less.verdict().is_clean();
    refused_by(TREE, &[&full], &less, Code::Stripped, "index/jc");
}

/// The withdrawal alone is left out: what was taken back would count again.
#[test]
fn a_withdrawal_that_is_left_out_is_refused() {
    let (with, _) = third_vouch();
    let mut taken_back = with.clone();
    let path = taken_back.says("jc", vec![withdraw(Kind::Authorisation, "fmt", at(0, 1))]);
    taken_back.verdict().is_clean();
    let mut less = taken_back.clone();
    less.remove(&path);
    less.verdict().is_clean();
    refused_by(
        TREE,
        &[&with, &taken_back],
        &less,
        Code::Stripped,
        "index/jc",
    );
}

/// Of the withdrawals the highest counts; a lower one in its place is refused.
#[test]
fn a_withdrawal_that_is_lowered_is_refused() {
    let (with, _) = third_vouch();
    let mut high = with.clone();
    high.says("jc", vec![withdraw(Kind::Authorisation, "fmt", at(0, 9))]);
    let mut low = with.clone();
    low.says("jc", vec![withdraw(Kind::Authorisation, "fmt", at(0, 8))]);
    refused_by(TREE, &[&with, &high], &low, Code::Stripped, "index/jc");
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

/// Whether a higher entry of the same kind about the same thing makes it needless.
pub fn is_highest(entry: &Entry, all: &[Entry]) -> bool {
    use conex_verify::format::resource::What::Withdrawn;
    !all.iter().any(|other| {
        other.resource == entry.resource
            && other.revision > entry.revision
            && (other.what == Withdrawn) == (entry.what == Withdrawn)
    })
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

/// A compaction that leaves out the highest entry about something that nobody
/// needs: it is not in the tree, and would not be missed there.
#[test]
fn a_compaction_that_loses_an_entry_is_refused() {
    let mut long = long_index();
    long.says(
        "bob",
        vec![vouch(
            Kind::Checksum,
            "fmt.9.9",
            at(0, 7),
            conex_verify::format::digest::Digest::of(b""),
        )],
    );
    let lost = compacted(&long, "bob", |e, all| {
        is_highest(e, all) && *e.resource.name != *"fmt.9.9"
    });
    lost.verdict().is_clean();
    refused_by(TREE, &[&long], &lost, Code::Stripped, "index/bob");
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
            conex_verify::format::digest::Digest::of(b""),
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
