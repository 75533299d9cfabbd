//! Five branches at once, merged in every order.

use crate::town::{Merged, Town};

/// Two of one author on two packages, one of each of two janitors, one of a new author.
/// Each is complete when it is merged: what needs janitors was approved in its branch.
const BRANCHES: [(&str, &str); 5] = [
    (
        "alice-edits-fmt",
        "edit fmt.1.0 Mended; by alice conex sign --yes",
    ),
    (
        "alice-releases-lwt",
        "release lwt.2.0; by alice conex sign --yes",
    ),
    (
        "ja-gives-logs-an-owner",
        "by ja conex owner add carol logs
        for id in ja jb; do by $id conex approve --yes; done",
    ),
    (
        "jb-mends-cohttp",
        "edit cohttp.1.0 'By janitors'; by jb conex sign --yes
        for id in jb jc; do by $id conex approve --yes; done",
    ),
    (
        "dave-joins",
        "by dave conex join dave; release dune.1.0; by dave conex sign dune --yes
        for id in ja jc; do by $id conex approve --yes; done",
    ),
];

/// All 120 orders, walked as a tree (325 merges): the tree of files depends on what is
/// merged and not on the order, so 32 trees and the 80 steps between them are all that
/// any client of any order ever sees. A new client takes each tree, an old one each step.
#[test]
fn five_branches_merge_in_every_order() {
    let town = Town::new();
    for (name, story) in BRANCHES {
        town.ok(&format!(
            "git checkout -qb {name} main; {story}; commit {name}; git checkout -q main
            conex check main..{name} --strict --complete"
        ));
    }
    let mut seen = Merged::new();
    seen.insert(0, town.ok("git rev-parse main").trim().to_owned());
    town.accepted("main");
    let mut orders = 0;
    merge_the_rest(&town, 0, "main", &mut seen, &mut orders);
    assert_eq!((seen.len(), orders), (32, 120));
    // Each step is judged on its own: two at a time.
    let steps: Vec<(&String, Option<&String>)> = seen
        .iter()
        .flat_map(|(&set, commit)| {
            let seen = &seen;
            let next = (0..5).filter(move |b| set & (1 << b) == 0);
            let next = next.map(move |b| (commit, Some(&seen[&(set | 1 << b)])));
            std::iter::once((commit, None)).chain(next)
        })
        .collect();
    for commit in seen.values() {
        town.tree(commit);
    }
    std::thread::scope(|scope| {
        for half in 0..2 {
            let (town, steps) = (&town, &steps);
            scope.spawn(move || {
                for (commit, next) in steps.iter().skip(half).step_by(2) {
                    match next {
                        Some(next) => town.update_accepted(commit, next),
                        None => town.accepted(commit),
                    }
                }
            });
        }
    });
    // From the first day straight to the last, and nothing is left to do for anybody.
    let all = &seen[&31];
    town.update_accepted("day-one", all);
    town.ok(&format!("git checkout -q {all}"));
    for who in ["ja", "jb", "jc"] {
        let told = town.ok(&format!("by {who} conex approve --dry-run"));
        assert!(told.contains("Nothing to do"), "{told}");
    }
    for who in ["alice", "bob", "carol", "dave"] {
        let told = town.ok(&format!("by {who} conex sign --dry-run"));
        assert!(told.contains("Nothing to do"), "{told}");
    }
}

fn merge_the_rest(town: &Town, set: u32, commit: &str, seen: &mut Merged, orders: &mut usize) {
    if set == 31 {
        *orders += 1;
    }
    for (branch, (name, _)) in BRANCHES.iter().enumerate() {
        let next = set | 1 << branch;
        if next == set {
            continue;
        }
        // `git merge` fails, and the test with it, where there is a conflict.
        let merged = town.ok(&format!(
            "git checkout -q --detach {commit} && git merge -q --no-ff --no-edit {name} && git rev-parse HEAD"
        ));
        let merged = merged.trim();
        match seen.get(&next) {
            Some(other) => {
                town.ok(&format!("git diff --quiet {other} {merged}"));
            }
            None => {
                seen.insert(next, merged.to_owned());
            }
        }
        merge_the_rest(town, next, merged, seen, orders);
    }
}
