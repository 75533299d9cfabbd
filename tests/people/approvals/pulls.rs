//! `conex status --remote --pulls`: what waits in the pull requests that a forge keeps, which are
//! references beside the branches and stay for ever.

use serde_json::Value;

use super::branch::{forge, has, has_not, ok};
use crate::town::Town;

/// Pull requests: 1 was merged, 2 was merged as one commit of another name, 3 conflicts, 7 is the
/// branch `join`, and 9, of a forge that calls them otherwise, is a release.
fn pulls() -> Town {
    let town = forge();
    ok(
        &town,
        "at update-ref refs/pull/1/head main~1; at update-ref refs/pull/7/head join
        git checkout -qb squashed; edit lwt.1.0 Squashed; by alice conex sign --yes; commit squashed; git push -q origin squashed:refs/pull/2/head
        git checkout -q main; git merge -q --squash squashed > ../log; commit one
        git checkout -qb release main~1; release lwt.2.0; commit release; git push -q origin release:refs/merge-requests/9/head
        git checkout -qb clash main~1; edit logs.1.0 Other; by bob conex sign --yes; commit clash; git push -q origin clash:refs/pull/3/head
        git checkout -q main; edit logs.1.0 Clash; by bob conex sign --yes; commit main; git push -q origin main
        for name in 07 x/7 +7; do at update-ref refs/pull/$name/head join~1; done; at update-ref refs/pull/8/merge join~1",
    );
    town
}

/// A janitor sees what waits in pull requests, without a change of anything that is theirs. Those
/// that were merged, in whatever way, are counted and not looked at.
#[test]
fn pull_requests_that_are_not_merged_are_listed() {
    let town = pulls();
    let told = ok(&town, "cd ../ja-clone; conex status --remote");
    has(&told, &["origin/join\n"]);
    has_not(&told, &["pull request"]);
    let told = ok(
        &town,
        "cd ../ja-clone; git fetch -q; look > ../before; git for-each-ref > ../refs; at for-each-ref > ../theirs
        conex status --remote --pulls
        look | cmp - ../before; git for-each-ref | cmp - ../refs; at for-each-ref | cmp - ../theirs",
    );
    has(
        &told,
        &[
            "origin/join, pull request 7\n",
            "1 author: dave",
            "\npull request 9\n  not signed as it is now",
            "\npull request 3\n  not mergeable into origin/main: 2 files conflict",
            "\n5 pull requests: 3 looked at, 2 in origin/main already\n",
        ],
    );
    has_not(&told, &["pull request 1\n", "pull request 2\n", "older"]);
    let of = |text: &str| told.find(text).unwrap();
    assert!(of("origin/join") < of("request 9"), "{told}");
    assert!(of("\npull request 9") < of("\npull request 3"), "{told}");
    let told = ok(
        &town,
        "cd ../ja-clone; conex status --remote --pulls --as alice",
    );
    has(
        &told,
        &["origin/join, pull request 7\n", "pull request 9\n"],
    );
    has_not(&told, &["dave", "request 3\n"]);
    let told = ok(
        &town,
        "cd ../ja-clone; conex status --remote --pulls --as bob",
    );
    has(
        &told,
        &["Nothing waits for `bob` in the branches and pull requests of `origin`."],
    );
}

/// A forge has thousands of old ones. Names are asked for once, and what is looked at is fetched at
/// once, and no more than that; what is left out is said.
#[test]
fn only_the_newest_pull_requests_are_fetched() {
    let town = pulls();
    let told = ok(
        &town,
        r#"for n in {100..399}; do echo create refs/pull/$n/head $(at rev-parse main); done | at update-ref --stdin
        real=$(command -v git); mkdir ../shim
        printf '#!/bin/sh\ncase " $* " in *" fetch "*|*" ls-remote "*) echo "$*" >> %s/calls;; esac\nexec %s "$@"\n' $HOME $real > ../shim/git
        chmod +x ../shim/git; cd ../ja-clone; PATH=$HOME/shim:$PATH; conex status --remote --pulls 2"#,
    );
    has(
        &told,
        &[
            "origin/join, pull request 7\n",
            "pull request 9\n",
            "305 pull requests: the 2 newest looked at, 2 older left out (`--pulls N`), 301 in origin/main already",
        ],
    );
    has_not(&told, &["request 3\n"]);
    let told = ok(&town, "cat ../calls; at rev-parse refs/pull/3/head");
    let calls: Vec<&str> = told.lines().collect();
    let fetches = calls.iter().filter(|line| line.contains(" fetch "));
    let named = calls.iter().filter(|line| line.contains(" ls-remote "));
    assert_eq!((fetches.count(), named.count()), (2, 1), "{told}");
    has(
        &told,
        &["+refs/merge-requests/9/head:", "+refs/pull/7/head:"],
    );
    has_not(&told, &["refs/pull/3/head:", "refs/pull/100/"]);
    let clash = calls.last().unwrap();
    ok(
        &town,
        &format!("cd ../ja-clone; if git cat-file -e {clash}; then exit 9; fi"),
    );
}

/// No number, none at all, or more than is sensible.
#[test]
fn how_many_pull_requests_are_looked_at_is_bounded() {
    let town = forge();
    for typed in ["--pulls 0", "--pulls 1001", "--pulls many"] {
        let told = town.run(&format!(
            "cd ../ja-clone; conex status --remote origin {typed}"
        ));
        assert_eq!(told.status.code(), Some(2), "{typed}");
    }
    let told = ok(&town, "cd ../ja-clone; conex status --remote --pulls");
    has(&told, &["0 pull requests: 0 looked at"]);
    let told = ok(
        &town,
        "at branch -qD join; cd ../ja-clone; conex status --remote --pulls",
    );
    has(
        &told,
        &["Nothing waits in the branches and pull requests of `origin`."],
    );
    let told = town.run("conex status --pulls");
    assert_eq!(told.status.code(), Some(2));
}

fn json(town: &Town, args: &str) -> Value {
    let told = ok(
        town,
        &format!("cd ../ja-clone; conex status --remote {args} --format=json 2> /dev/null"),
    );
    serde_json::from_str(&told).unwrap()
}

/// A bot sees the same.
#[test]
fn programs_see_what_waits_at_a_remote() {
    let town = pulls();
    let whole = json(&town, "--pulls");
    let summary = &whole["summary"];
    let main = ok(&town, "at rev-parse main");
    assert_eq!(summary["remote"], "origin");
    assert_eq!(summary["base"]["name"], "origin/main");
    assert_eq!(summary["base"]["commit"], main.trim());
    assert_eq!(
        summary["pulls"],
        serde_json::json!({ "all": 5, "looked_at": 3, "merged": 2, "older": 0 })
    );
    let branches = summary["branches"].as_array().unwrap();
    let names: Vec<&str> = branches
        .iter()
        .map(|b| b["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "origin/join, pull request 7",
            "pull request 9",
            "pull request 3"
        ]
    );
    let join = &branches[0];
    assert_eq!(join["branches"], serde_json::json!(["join"]));
    assert_eq!(join["pulls"], serde_json::json!([7]));
    assert_eq!(join["check"]["verdict"], "refused");
    assert_eq!(join["check"]["errors"], 2);
    assert_eq!(join["check"]["todo"], join["todo"]);
    assert_eq!(join["problem"], Value::Null);
    assert_eq!(branches[2]["check"]["verdict"], "refused");
    assert_eq!(
        branches[2]["check"]["conflicts"].as_array().unwrap().len(),
        2
    );
    let plain = json(&town, "");
    assert_eq!(plain["summary"]["pulls"], Value::Null);
    assert_eq!(plain["summary"]["branches"].as_array().unwrap().len(), 1);
    // What one person can do; the check of it is the same.
    let alice = json(&town, "--pulls --as alice");
    let branches = alice["summary"]["branches"].as_array().unwrap();
    assert_eq!(branches.len(), 2);
    assert_ne!(branches[0]["todo"], serde_json::json!([]));
    assert_eq!(branches[0]["check"]["todo"], join["todo"]);
    assert_ne!(branches[0]["todo"], join["todo"]);
    assert_eq!(branches[1]["pulls"], serde_json::json!([9]));
    assert_eq!(branches[1]["branches"], serde_json::json!([]));
}
