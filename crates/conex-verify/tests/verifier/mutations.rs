//! Random mutations of random files of valid repositories: verification never
//! panics, and what it accepts differs only where everything is free by design.
//!
//! `CONEX_TAMPERINGS` is the number of repositories that are tried, 300 without it.

use std::sync::atomic::Ordering;

use crate::mutation::{Mutation, changed, noticed, valid};
use crate::world::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

fn mutation() -> impl Strategy<Value = Mutation> {
    let n = any::<usize>;
    let bytes = || proptest::collection::vec(any::<u8>(), 0..20);
    let name = || {
        prop_oneof![
            Just("opam".to_owned()),
            Just("fmt".to_owned()),
            Just("fmt.1.0".to_owned()),
            Just("bob".to_owned()),
            Just("ja".to_owned()),
            Just("mallory".to_owned()),
            Just("files".to_owned()),
            Just(".conex".to_owned()),
            Just("ids".to_owned()),
            Just("author".to_owned()),
            Just("team".to_owned()),
            Just("claims".to_owned()),
            "[a-zA-Z0-9._+~-]{1,12}",
            "\\PC{0,6}",
        ]
    };
    prop_oneof![
        4 => (n(), n(), any::<u8>()).prop_map(|(file, at, to)| Mutation::Byte { file, at, to }),
        1 => (n(), n(), bytes()).prop_map(|(file, at, bytes)| Mutation::Insert { file, at, bytes }),
        1 => (n(), n(), 0..40usize).prop_map(|(file, from, len)| Mutation::Cut { file, from, len }),
        1 => (n(), n(), n()).prop_map(|(file, from, to)| Mutation::Line { file, from, to }),
        1 => (n(), n()).prop_map(|(a, b)| Mutation::Swap { a, b }),
        1 => (n(), n()).prop_map(|(from, to)| Mutation::Copy { from, to }),
        1 => n().prop_map(|file| Mutation::Remove { file }),
        1 => (n(), n(), n()).prop_map(|(from, to, at)| Mutation::Splice { from, to, at }),
        1 => (proptest::collection::vec(name(), 1..5), bytes()).prop_map(|(parts, bytes)| {
            Mutation::Add { path: format!("packages/{}", parts.join("/")), bytes }
        }),
        3 => (n(), n(), prop_oneof![0..4u64, Just(END), Just(END + 1), any::<u64>()])
            .prop_map(|(file, which, to)| Mutation::Number { file, which, to }),
        3 => (n(), n(), name()).prop_map(|(file, which, to)| Mutation::Word { file, which, to }),
        2 => (n(), n()).prop_map(|(file, key)| Mutation::Forge { file, key }),
    ]
}

#[test]
#[allow(clippy::disallowed_methods)]
fn mutated_repositories_are_rejected_or_differ_only_where_all_is_free() {
    let cases = std::env::var("CONEX_TAMPERINGS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(300);
    let worlds: Vec<World> = (0..3).map(valid).collect();
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let strategy = (0..3usize, proptest::collection::vec(mutation(), 1..4));
    runner
        .run(&strategy, |(which, mutations)| {
            let before = &worlds[which];
            let after = changed(before, &mutations);
            for after in [after.clone(), after.clone().nostrict()] {
                let client = after.client().unwrap();
                recorded::sample(&client, after.mode, &before.tree, &after.tree);
            }
            noticed(before, &after, World::verdict);
            Ok(())
        })
        .unwrap();
    let [by_record, _] = recorded::BY_RECORD.each_ref();
    assert!(
        by_record.load(Ordering::Relaxed) > 0,
        "no record was of use"
    );
}
