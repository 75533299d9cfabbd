//! Which entries of a tree are live. docs/verification.md, "Live and dead entries"

use conex::plan::{View, World as Working};
use conex_verify::format::resource::{Kind, ResourceId, Revision};
use conex_verify::workbench::repository::Repository;

use crate::world::*;

/// The versions of a resource that live entries are about, one for each entry, sorted.
fn live(w: &World, resource: &ResourceId) -> Vec<Revision> {
    let repository = Repository::load(&w.tree);
    let world = Working::look(&w.tree, &repository, View::Supported).unwrap();
    let segments = repository.segments.iter();
    let entries = segments.flat_map(|(_, loaded)| world.live_entries(loaded));
    let about = entries.filter(|entry| entry.resource == *resource);
    let mut live: Vec<Revision> = about.map(|entry| entry.version.revision).collect();
    live.sort_unstable();
    live
}

/// A release that was removed cannot come back at or below the floor of a valid list: what was signed
/// of it shows no rollback. L4
#[test]
fn what_was_signed_of_a_removed_release_is_dead() {
    for (floor, expected) in [(1, Vec::new()), (0, vec![at(0, 1)])] {
        let mut w = World::usual();
        w.gone("fmt.1.0");
        let list = w.release_list_above("fmt", at(0, 2), floor);
        w.says("bob", vec![list]);
        let gone = resource(Kind::Checksum, "fmt.1.0");
        assert_eq!(live(&w, &gone), expected, "floor {floor}");
    }
}

/// While a new version waits for its quorum, what counts until then stays live. L4
#[test]
fn what_counts_until_a_change_is_approved_is_live() {
    let mut w = World::usual();
    let entry = w.authorisation("fmt", at(0, 2), &["alice"]);
    w.says("ja", vec![entry.clone()]);
    let both = [at(0, 1), at(0, 1), at(0, 2)];
    assert_eq!(live(&w, &entry.resource), both);
    w.says("jb", vec![entry.clone()]);
    assert_eq!(live(&w, &entry.resource), [at(0, 2), at(0, 2)]);
}

/// Attack: with the stolen key of one who was the only janitor once, somebody writes files that say
/// that epochs were opened. They live, so that nobody can delete them, only up to the epoch of the
/// tree, and only as long as that one waits. L5
#[test]
fn a_former_sole_janitor_keeps_no_file_alive() {
    let of_ja = |tree: Revision, opened: bool| {
        let mut w = World::with_janitors(1, &["ja"]);
        let three = ["ja", "jb", "jc"];
        w.link_at(1, &link(2, &three, &three));
        w.link_at(2, &link(2, &["jb", "jc"], &["jb", "jc"]));
        w.joined("bob");
        for epoch in 1..=5 {
            let entry = w.authorisation("fmt", at(epoch, 1), &["bob"]);
            w.says("ja", vec![entry]);
        }
        let entry = w.authorisation("fmt", tree, &["bob"]);
        let resource = entry.resource.clone();
        if opened {
            w.says("jb", vec![entry.clone()]);
            w.says("jc", vec![entry]);
        }
        let mut live = live(&w, &resource);
        live.retain(|revision| *revision != tree);
        live
    };
    assert_eq!(of_ja(at(0, 1), true), []);
    assert_eq!(of_ja(at(3, 2), true), []);
    assert_eq!(of_ja(at(3, 2), false), [at(3, 1)]);
}
