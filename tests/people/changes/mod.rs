//! Who signs is shown what changes: from what counts now to what would count. The same lines
//! stand before a signature, in what is signed elsewhere, and in `check`.

use std::collections::{BTreeMap, BTreeSet};

use conex::check::{Clients, Side, check};
use conex::plan::detached::{Foreign, take_in};
use conex::plan::effect::{Past, Weight};
use conex::plan::{self, View};
use conex_verify::format::digest::Digest;
use conex_verify::format::resource::{SnapshotRule, Timestamp};
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::verify::Mode;

use crate::world::*;

mod rows;

use rows::*;

/// Looks for contents in a tree of before.
fn of(base: &World) -> impl Fn(&BTreeMap<String, Digest>) -> Past {
    |wanted| {
        let found = wanted.iter().filter_map(|(path, digest)| {
            let bytes = base.tree.get(path)?;
            (Digest::of(bytes) == *digest).then(|| (path.clone(), bytes.clone()))
        });
        found.collect()
    }
}

/// What `ja` is shown before the signature, and where what `ja` signed elsewhere is taken in.
fn approving(base: &World, merged: &World) -> [Vec<String>; 2] {
    let repository = Repository::load(&merged.tree);
    let world = plan::World::new(&merged.tree, &repository, View::AsIfApproved).unwrap();
    let mut plan = plan::approve(&world, &id("ja"), &public("ja"), &[]).unwrap();
    plan.tell(&world, &of(base), false);
    let mut elsewhere = Vec::new();
    for part in plan.to_sign(world.chain().identity(), &id("ja"), Timestamp::unknown()) {
        let signature = private("ja").sign(part.namespace, &part.bytes);
        let foreign = Foreign {
            bytes: &part.bytes,
            key: &public("ja"),
            namespace: part.namespace,
            signature: &signature,
        };
        elsewhere.extend(take_in(&world, &foreign, &of(base)).unwrap().lines);
    }
    [plan.lines, elsewhere]
}

/// What `check` says.
fn checking(base: &World, merged: &World) -> Vec<String> {
    effects_of(base, merged, base)
}

/// What `check` says, where earlier contents are found in `history`.
fn effects_of(base: &World, merged: &World, history: &World) -> Vec<String> {
    let (old, new) = (Repository::load(&base.tree), Repository::load(&merged.tree));
    let side = |tree, repository| Side { tree, repository };
    let check = check(
        side(&base.tree, &old),
        side(&merged.tree, &new),
        Clients {
            trusting: None,
            mode: Mode::NoStrict,
            elsewhere: None,
        },
        &of(history),
    );
    check.effects.iter().map(|effect| effect.marked()).collect()
}

/// T7. Attacks: a stolen identity, a package taken from its owner, a removed janitor, a lowered quorum
/// and a stranger in a team read like a harmless first approval.
#[test]
fn every_change_names_who_gains_and_who_loses() {
    let rows = rows();
    assert!(rows.len() >= 40, "{}", rows.len());
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name).collect();
    assert_eq!(names.len(), rows.len());
    for row in rows {
        let mut base = World::usual();
        (row.before)(&mut base);
        let mut merged = base.clone();
        (row.change)(&mut merged);
        let [asked, elsewhere] = approving(&base, &merged);
        let mut shown = vec![("check", checking(&base, &merged))];
        if row.asked {
            shown.extend([("approve", asked), ("import", elsewhere)]);
        }
        for (by, lines) in shown {
            for says in &row.says {
                assert!(
                    lines.iter().any(|line| line.starts_with(says)
                        || (!says.starts_with('!') && line.contains(says.as_str()))),
                    "{}: {by} does not say {says:?}: {lines:#?}",
                    row.name
                );
            }
            // The mark is that of the most that happens.
            let mark = |text: &str| match text {
                t if t.starts_with("!! ") => Weight::Takes,
                t if t.starts_with("! ") => Weight::Changes,
                _ => Weight::New,
            };
            let expected = row.says.iter().map(|s| mark(s)).min();
            assert_eq!(
                lines.iter().map(|l| mark(l)).min(),
                expected,
                "{}: {by}: {lines:#?}",
                row.name
            );
            for line in &lines {
                assert!(
                    line.len() < 1_000,
                    "{}: {by}: {} bytes",
                    row.name,
                    line.len()
                );
            }
        }
    }
}

/// Attack: one takeover among five hundred harmless changes is the sixth item, or the last.
#[test]
fn a_takeover_among_five_hundred_new_packages_is_the_first_line() {
    let mut base = World::usual();
    base.joined("eve");
    for n in 0..500 {
        base.file(&opam_path(&format!("p{n}.1.0")), OPAM);
    }
    let mut merged = base.clone();
    for n in 0..500 {
        merged.authorisation(&format!("p{n}"), at(0, 1), &["bob"]);
    }
    merged.authorisation("fmt", at(0, 2), &["eve"]);
    let [asked, elsewhere] = approving(&base, &merged);
    for lines in [asked, elsewhere, checking(&base, &merged)] {
        let said = "!! `fmt` is taken from `bob`, and goes to `eve`";
        let first = lines.iter().position(|line| line == said);
        assert!(first.is_some_and(|n| n <= 1), "{lines:#?}");
        assert!(
            lines.iter().any(|l| l.starts_with(
                "`bob` gets 500 packages, which nobody owned, with 500 releases: p0, "
            )),
            "{lines:#?}"
        );
        assert!(lines.len() < 6, "{lines:#?}");
    }
}

/// Attack: an announcement is harmless for as long as a line is, and goes on.
#[test]
fn a_long_announcement_is_shown_whole() {
    let base = World::usual();
    let mut merged = base.clone();
    announced(&mut merged, 1, &format!("{} | sh", "ü".repeat(500)));
    let [asked, elsewhere] = approving(&base, &merged);
    for lines in [asked, elsewhere, checking(&base, &merged)] {
        assert!(
            lines.iter().any(|line| line.ends_with(" | sh\"")),
            "{lines:#?}"
        );
        let mut of_value = lines.iter().filter(|line| line.contains('ü')).skip(1);
        assert!(of_value.all(|line| line.starts_with('|')), "{lines:#?}");
        let shown: usize = lines.iter().map(|line| line.matches('ü').count()).sum();
        assert_eq!(shown, 500, "{lines:#?}");
    }
    // Beyond what fits on a screen, it is said that something is not shown.
    let mut merged = base.clone();
    announced(&mut merged, 1, &"x".repeat(20_000));
    let [asked, elsewhere] = approving(&base, &merged);
    for lines in [asked, elsewhere, checking(&base, &merged)] {
        assert!(
            lines
                .iter()
                .any(|l| l.starts_with("!! ") && l.contains("bytes more: look at the file")),
            "{lines:#?}"
        );
        assert!(lines.len() < 60, "{}", lines.len());
    }
}

/// Attack: somebody else's file was merged while it waited, and a second change brings nothing but
/// the approvals; or a link that waits is replaced, or gets its signatures.
#[test]
fn a_change_that_only_brings_approvals_says_what_begins_to_count() {
    let base = World::usual();
    let mut waits = base.clone();
    let entry = waits.author_file("bob", at(0, 2), &["thief"]);
    waits.link(&link(2, &["ja", "jb"], &[]));
    let mut merged = waits.clone();
    merged.quorum_says(vec![entry]);
    merged.link_at(1, &link(2, &["ja", "jb"], &["ja", "jb"]));
    let lines = effects_of(&waits, &merged, &base);
    let said = format!(
        "!! `bob` gets another key: {} instead of {}",
        fingerprint("thief"),
        fingerprint("bob")
    );
    assert!(lines.contains(&said), "{lines:#?}");
    let said = "!! link 1: `jc` is no janitor any more".to_owned();
    assert!(lines.contains(&said), "{lines:#?}");
    let mut replaced = waits.clone();
    replaced.link_at(1, &link(1, &["ja", "jb", "jc"], &[]));
    let lines = effects_of(&waits, &replaced, &base);
    let said = "!! link 1: the quorum falls from 2 to 1 of 3 janitors".to_owned();
    assert!(lines.contains(&said), "{lines:#?}");
}

/// Attack: eight harmless files are put before the one that matters in the order of names.
#[test]
fn no_changed_file_hides_behind_others() {
    let base = World::usual();
    let mut merged = base.clone();
    for n in 0..20 {
        merged.file(&format!("packages/fmt/fmt.1.0/files/{n}.patch"), "x\n");
    }
    merged.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n");
    merged.checksum("fmt.1.0", at(0, 2));
    let [asked, elsewhere] = approving(&base, &merged);
    for lines in [asked, elsewhere, checking(&base, &merged)] {
        let changes = |line: &&String| line.starts_with("! the release fmt.1.0, which was signed");
        let named: String = lines.iter().filter(changes).cloned().collect();
        for file in (0..20)
            .map(|n| format!("files/{n}.patch"))
            .chain(["opam".to_owned()])
        {
            assert!(named.contains(&file), "{file}: {lines:#?}");
        }
    }
}

/// Where the version that counts is in nobody's history, nobody is told that nothing changes.
#[test]
fn what_counts_and_is_not_at_hand_is_said() {
    let base = World::usual();
    let mut merged = base.clone();
    merged.author_file("bob", at(0, 2), &["thief"]);
    let repository = Repository::load(&merged.tree);
    let world = plan::World::new(&merged.tree, &repository, View::AsIfApproved).unwrap();
    let mut plan = plan::approve(&world, &id("ja"), &public("ja"), &[]).unwrap();
    plan.tell(&world, &|_| Past::new(), false);
    assert!(
        plan.lines
            .iter()
            .any(|l| l.starts_with("!! ") && l.contains("not known what changes")),
        "{:?}",
        plan.lines
    );
    assert!(
        plan.lines
            .iter()
            .any(|l| l.contains(&fingerprint("thief").to_string())),
        "{:?}",
        plan.lines
    );
}

/// A chain is started: its janitors, their keys and the quorum are shown.
#[test]
fn the_first_link_names_keys_and_quorum() {
    let mut w = World::empty();
    w.link(&link(2, &["ja", "jb"], &[]));
    let repository = Repository::load(&w.tree);
    let world = plan::World::new(&w.tree, &repository, View::AsIfApproved).unwrap();
    let mut plan = plan::approve(&world, &id("ja"), &public("ja"), &[]).unwrap();
    plan.tell(&world, &|_| Past::new(), false);
    let lines = plan.lines.join("\n");
    assert!(
        lines.contains(&format!("janitor `jb`, key {}", fingerprint("jb"))),
        "{lines}"
    );
    assert!(lines.contains("the quorum is 2 of 2 janitors"), "{lines}");
    assert_eq!(world.chain().current().snapshot, SnapshotRule::Optional);
}
