//! What is signed in a branch to which nobody but its author can push.

use super::branch::{accepted, fails, forge, has, ok};

/// The branch of a fork, to which the janitors cannot push: a pull request, and a branch that a
/// hook of the forge keeps. What they sign is in a branch of the forge's own, on which the next one
/// goes on, also when the author has changed something meanwhile.
#[test]
fn a_pull_request_is_carried_by_a_branch_of_ones_own() {
    let town = forge();
    ok(
        &town,
        r#"at update-ref refs/pull/1/head join
        printf '#!/bin/sh\n[ "$1" != refs/heads/join ] || { echo "join is not yours"; exit 1; }\n' > ../forge.git/hooks/update
        chmod +x ../forge.git/hooks/update"#,
    );
    let told = ok(
        &town,
        "cd ../ja-clone; by ja conex approve --pull 1 --yes; at rev-parse refs/pull/1/head join",
    );
    has(
        &told,
        &["Pushed to `origin/conex/pull-1`, which has both", "--merge"],
    );
    // The author goes on.
    ok(
        &town,
        "git checkout -q join; edit fmt.1.1 More; by carol conex sign --yes; commit more
        git push -q ../forge.git join:refs/pull/1/head; git checkout -q main",
    );
    let told = ok(
        &town,
        "cd ../jb-clone; by jb conex approve --pull 1 --yes; at log -1 --format='%s of %p' conex/pull-1
        at merge-base --is-ancestor refs/pull/1/head conex/pull-1; at ls-tree -r --name-only conex/pull-1 | grep index/j",
    );
    has(
        &told,
        &[
            "on top of `origin/conex/pull-1`",
            "! the releases fmt.1.0, fmt.1.1, which were signed: opam changes",
            "index/ja/",
            "index/jb/",
        ],
    );
    // What the first one did not see lacks an approval still.
    let told = fails(
        &town,
        "cd ../jb-clone; by jb conex approve --pull 1 --yes --merge",
        "not merged: ",
    );
    has(&told, &["Nothing to do", "1 error", "fmt.1.1"]);
    let told = ok(
        &town,
        "cd ../ja-clone; by ja conex approve --pull 1 --yes --merge",
    );
    has(&told, &["Merged into `origin/main`"]);
    has(&told, &["fmt.1.1"]);
    accepted(&town, "main");
    // A branch that does not take it, and one that is not there.
    let town2 = forge();
    let told = ok(
        &town2,
        r#"printf '#!/bin/sh\n[ "$1" != refs/heads/join ] || { echo "join is not yours"; exit 1; }\n' > ../forge.git/hooks/update
        chmod +x ../forge.git/hooks/update; at rev-parse join > ../before
        cd ../ja-clone; by ja conex approve --branch origin/join --yes; at rev-parse join | cmp - ../before; at rev-parse conex/join"#,
    );
    has(
        &told,
        &[
            "`origin/join` does not take it: ",
            "Pushed to `origin/conex/join`",
        ],
    );
    fails(
        &town2,
        "cd ../ja-clone; by ja conex approve --pull 7 --yes",
        "keeps no pull request 7",
    );
    fails(
        &town2,
        "cd ../ja-clone; by ja conex approve --branch origin/jion --yes",
        "has no branch `jion`",
    );
    fails(
        &town2,
        "cd ../ja-clone; by ja conex approve --branch join --yes",
        "name it as REMOTE/BRANCH",
    );
    // A fork of which one has the address, and may write nothing; and no right anywhere.
    let told = ok(
        &town2,
        "cp -r ../forge.git ../fork.git; git --git-dir ../fork.git branch -m join mine
        printf '#!/bin/sh\\nexit 1\\n' > ../fork.git/hooks/pre-receive; chmod +x ../fork.git/hooks/pre-receive
        cd ../jb-clone; git remote add carl ../fork.git; by jb conex approve --branch carl/mine --yes",
    );
    has(
        &told,
        &[
            "`carl/mine` does not take it",
            "Pushed to `origin/conex/carl/mine`",
        ],
    );
    let told = fails(
        &town2,
        "cd ../ja-clone; git remote add carl ../fork.git; by ja conex approve --branch carl/mine --to carl --yes",
        "`carl/conex/carl/mine` does not take it",
    );
    has(
        &told,
        &[
            "kept here as refs/conex/carl/mine",
            "git push carl refs/conex/carl/mine:refs/heads/conex/carl/mine",
        ],
    );
}

/// The author writes the branch anew, or another branch has the same name: the old state is not put
/// into the new one.
#[test]
fn a_state_that_was_rewritten_does_not_come_back() {
    let town = forge();
    ok(
        &town,
        "at update-ref refs/pull/1/head join; cd ../ja-clone; by ja conex approve --pull 1 --yes
        cd ../work; git checkout -qb anew main; edit fmt.1.1 Other; by carol conex sign --yes; commit anew
        git push -qf ../forge.git anew:refs/pull/1/head",
    );
    let told = fails(
        &town,
        "cd ../jb-clone; by jb conex approve --pull 1 --yes",
        "`origin/conex/pull-1` carries another state of pull request 1",
    );
    has(&told, &["git push origin --delete conex/pull-1"]);
    let told = ok(
        &town,
        "cd ../jb-clone; git push -q origin --delete conex/pull-1; by jb conex approve --pull 1 --yes; at diff --name-only main conex/pull-1",
    );
    has(&told, &["the release fmt.1.1", "index/jb/"]);
    assert!(!told.contains("dune"), "{told}");
}

/// The author takes the last commit back: it does not come back with what carried it.
#[test]
fn what_the_author_took_back_does_not_come_back() {
    let town = forge();
    let told = fails(
        &town,
        "at update-ref refs/pull/1/head join; cd ../ja-clone; by ja conex approve --pull 1 --yes
        at update-ref refs/pull/1/head join~1; cd ../jb-clone; by jb conex approve --pull 1 --yes",
        "`origin/conex/pull-1` carries another state of pull request 1",
    );
    has(
        &told,
        &[
            "`packages/fmt/fmt.1.0/opam` differs",
            "--branch origin/conex/pull-1",
        ],
    );
    let told = ok(
        &town,
        "cd ../jb-clone; by jb conex approve --branch origin/conex/pull-1 --yes; at log -1 --format=%s conex/pull-1",
    );
    has(&told, &["Pushed to `origin/conex/pull-1`", "as jb"]);
}
