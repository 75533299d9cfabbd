//! The state covers everything below `packages/`: whatever path has a place there, a file at
//! it makes another state, and at each path another one.

use std::collections::BTreeSet;

use conex_verify::format::path::Place;
use conex_verify::format::state::State;
use conex_verify::workbench::repository::Repository;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::snapshot::notary::*;
use crate::world::*;

/// Paths of all kinds: each that has a place is made from one that could have one, and some
/// are made of components at random.
fn path() -> impl Strategy<Value = String> {
    let pick = |of: &'static [&'static str]| prop::sample::select(of).prop_map(str::to_owned);
    let name = move || pick(&["fmt", "lwt", "zed", "x", "Fmt", "a-b"]);
    let version = move || pick(&["1.0", "2.0", "1", "5~beta+x"]);
    let id = move || pick(&["bob", "ja", "notaries", "x", "A_b-c"]);
    let file = move || {
        prop_oneof![
            pick(&["README", ".keep", "x", "x.1", "opam~", "packages"]),
            "[a-zA-Z0-9._+~-]{1,8}",
        ]
    };
    let place = prop_oneof![
        (0..9u64).prop_map(|n| format!(".conex/janitors/{n}")),
        id().prop_map(|id| format!(".conex/ids/{id}")),
        (id(), "[0-9a-f]{16}").prop_map(|(id, short)| format!(".conex/index/{id}/{short}/index")),
        pick(&[".conex/repo", ".conex/claims"]),
        (name(), pick(&["authorisation", "releases"])).prop_map(|(n, f)| format!("{n}/{f}")),
        (
            name(),
            version(),
            pick(&["opam", "checksum", "url", "descr"])
        )
            .prop_map(|(n, v, f)| format!("{n}/{n}.{v}/{f}")),
        (name(), version(), file()).prop_map(|(n, v, f)| format!("{n}/{n}.{v}/files/{f}")),
        (name(), version(), file(), file())
            .prop_map(|(n, v, d, f)| format!("{n}/{n}.{v}/files/{d}/{f}")),
        (name(), version(), pick(&["opam", "url", "files/x"]))
            .prop_map(|(n, v, f)| format!("{n}.{v}/{f}")),
        (
            name(),
            name(),
            version(),
            pick(&["opam", "descr", "files/x"])
        )
            .prop_map(|(o, n, v, f)| format!("{o}/{n}.{v}/{f}")),
        file(),
        (name(), file()).prop_map(|(n, f)| format!("{n}/{f}")),
        (name(), version(), file()).prop_map(|(n, v, f)| format!("{n}/{n}.{v}/{f}")),
        prop::collection::vec(file(), 1..5).prop_map(|parts| parts.join("/")),
    ];
    place
        .prop_map(|below| format!("packages/{below}"))
        .prop_filter("it has no place", |path| Place::of(path).is_ok())
        .prop_filter("the snapshot states the rest", |path| path != SNAPSHOT)
}

fn state(w: &World) -> State {
    Repository::load(&w.tree).state
}

#[test]
fn any_path_that_has_a_place_changes_the_state() {
    let w = usual();
    let base = state(&w);
    let contents = prop_oneof![Just(Vec::new()), prop::collection::vec(any::<u8>(), 0..9)];
    let mut runner = TestRunner::new(Config {
        cases: 2000,
        max_global_rejects: 10_000_000,
        failure_persistence: None,
        ..Config::default()
    });
    let kinds = std::cell::RefCell::new(BTreeSet::new());
    runner
        .run(&(path(), path(), contents), |(one, other, bytes)| {
            let with = |path: &str| {
                let mut changed = w.clone();
                let same = changed.tree.get(path).is_some_and(|old| **old == *bytes);
                changed.file(path, &bytes);
                (same, state(&changed))
            };
            let (same, after) = with(&one);
            prop_assert!(same || after != base, "{}", one);
            prop_assert!(same || after.id() != base.id(), "{}", one);
            // Two files at different paths are different states, whatever is in them.
            let (same_too, elsewhere) = with(&other);
            prop_assert!(
                one == other || (same && same_too) || after != elsewhere,
                "{} and {}",
                one,
                other
            );
            let place = format!("{:?}", Place::of(&one).unwrap());
            let kind = place.split(['(', '{', ' ']).next().unwrap().to_owned();
            kinds.borrow_mut().insert(kind);
            Ok(())
        })
        .unwrap();
    // The paths were of all kinds that there are.
    let kinds = kinds.into_inner();
    assert_eq!(kinds.len(), 13, "{kinds:?}");
}

/// A file that is removed, or that becomes empty, is another state, too.
#[test]
fn any_file_that_goes_or_becomes_empty_changes_the_state() {
    let mut w = usual();
    w.claimed(at(0, 1), &["fmt"]);
    for path in ["packages/README", "packages/fmt/x", "packages/old.1/opam"] {
        w.file(path, "x");
    }
    let base = state(&w);
    for path in w.paths() {
        let covered = path.starts_with("packages/") && path != SNAPSHOT || path == "repo";
        let mut without = w.clone();
        without.remove(&path);
        assert_eq!(state(&without) != base, covered, "{path}");
        let mut empty = w.clone();
        empty.file(&path, "");
        assert_eq!(state(&empty) != base, covered, "{path}");
        if path.starts_with("packages/") {
            assert_eq!(state(&without) != state(&empty), covered, "{path}");
        }
    }
}
