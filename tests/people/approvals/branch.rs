//! `approve` and `sign` in somebody else's branch, which is nowhere checked out: a forge, a bare
//! repository, has the branches; the janitors have clones, in which they are at work.

use crate::town::Town;

/// Shell functions: `at FORGE-COMMAND…` is git in the forge, `look` says everything of a clone that
/// must not change: files, index, branches, the present one.
const FORGE: &str = r#"
at() { git --git-dir "$HOME/forge.git" "$@"; }
look() { git status --porcelain; git symbolic-ref HEAD; git for-each-ref refs/heads refs/tags
  sha256sum < .git/index; find . -path ./.git -prune -o -type f -exec sha256sum {} + | sort; }
"#;

/// The forge with `main`, in which a new author waits, and the branch `join`: a new author
/// with a package, and an edit of `fmt`. Everybody has a clone; that of `ja` is in disorder.
pub fn forge() -> Town {
    let town = Town::new();
    town.ok(
        "by erin conex join erin; commit waits
        git clone -q --bare . ../forge.git
        git remote add origin ../forge.git
        for who in ja jb; do git clone -q ../forge.git ../$who-clone; done
        git checkout -qb join; by dave conex join dave --account github:dave; release dune.1.0
        by dave conex sign dune --yes; commit join; edit fmt.1.0 Mended; by carol conex sign --yes; commit fmt
        git push -q origin join; git checkout -q main
        cd ../ja-clone; git checkout -qb other; echo x >> packages/fmt/fmt.1.0/opam
        echo y > new; git add new; rm repo; git branch join day-one; echo z > packages/lwt/stray",
    );
    town
}

pub fn ok(town: &Town, script: &str) -> String {
    town.ok(&format!("{FORGE}\n{script}"))
}

#[track_caller]
pub fn fails(town: &Town, script: &str, why: &str) -> String {
    town.fails(&format!("{FORGE}\n{script}"), why)
}

#[track_caller]
pub fn has(told: &str, texts: &[&str]) {
    for text in texts {
        assert!(told.contains(text), "expected {text:?}\n{told}");
    }
}

#[track_caller]
pub fn has_not(told: &str, texts: &[&str]) {
    for text in texts {
        assert!(!told.contains(text), "not expected {text:?}\n{told}");
    }
}

/// What the forge has as a branch is what a client accepts.
pub fn accepted(town: &Town, branch: &str) {
    ok(
        town,
        &format!("git fetch -q origin {branch}; git branch -f seen FETCH_HEAD"),
    );
    town.accepted("seen");
}

/// A janitor at work on something else approves a branch, and nothing around them changes. The
/// second one approves and merges with one command.
#[test]
fn a_branch_is_approved_from_a_work_tree_in_disorder() {
    let town = forge();
    let told = ok(
        &town,
        "cd ../ja-clone; look > ../before; by ja conex approve --branch origin/join --yes; look > ../after
        cmp ../before ../after",
    );
    has(
        &told,
        &[
            "`dave` becomes an author, and says to be github:dave",
            "`dave` gets `dune`, which nobody owned",
            "the release fmt.1.0, which was signed: opam changes",
            "left out: 1 thing that waits in origin/join and that it does not bring",
            "Pushed to `origin/join`",
            "1 of 2 janitors",
        ],
    );
    has_not(&told, &["erin"]);
    let told = ok(
        &town,
        "at log -1 --format='%s, %an' join; at diff --stat --summary join~1 join",
    );
    has(
        &told,
        &[
            "Approve origin/join, as ja, somebody",
            "create mode 100644 packages/.conex/index/ja/",
            "1 file changed",
        ],
    );
    let told = ok(
        &town,
        "cd ../jb-clone; git fetch -q; if conex check --complete origin/main..origin/join; then exit 9; fi
        by jb conex approve --branch origin/join --yes --merge --diff
        git fetch -q; git log -1 --format='%s %p' origin/main; at merge-base --is-ancestor join main",
    );
    has(
        &told,
        &[
            "-synopsis: \"fmt.1.0\"",
            "+synopsis: \"Mended\"",
            "mergeable into origin/main as it is now",
            "Merged into `origin/main`",
            "Merge branch 'origin/join'",
        ],
    );
    accepted(&town, "main");
    let told = fails(
        &town,
        "cd ../jb-clone; by jb conex approve --branch origin/main --yes",
        "`origin/main` is the published branch",
    );
    has(&told, &["hint"]);
}

/// Looking first: the commit is kept, and pushed by the command that is said.
#[test]
fn nothing_is_pushed_where_somebody_looks_first() {
    let town = forge();
    let told = ok(
        &town,
        "at for-each-ref > ../refs; cd ../ja-clone; look > ../before
        by ja conex approve --branch origin/join --yes --no-push | cat; look | cmp - ../before; at for-each-ref | cmp - ../refs",
    );
    has(
        &told,
        &[
            "Nothing was pushed",
            "git push origin refs/conex/join:refs/heads/join",
        ],
    );
    let told = ok(
        &town,
        "cd ../ja-clone; if git cat-file commit refs/conex/join | grep gpgsig; then exit 9; fi
        git show --stat refs/conex/join; git push -q origin refs/conex/join:refs/heads/join
        by ja conex approve --branch origin/join --yes; git for-each-ref refs/conex-fetched",
    );
    has(
        &told,
        &["index/ja/", "Nothing to do: nothing waits for `ja`"],
    );
    has_not(&told, &["refs/conex-fetched"]);
    // Commits are signed where the configuration says so.
    ok(
        &town,
        "cd ../jb-clone; git config gpg.format ssh; git config user.signingKey $PEOPLE/jb/keys/jb; git config commit.gpgSign true
        by jb conex approve --branch origin/join --yes --no-push; git cat-file commit refs/conex/join | grep 'gpgsig -----BEGIN SSH'",
    );
    let told = ok(
        &town,
        "at for-each-ref > ../refs; cd ../jb-clone; by jb conex approve --branch origin/join --dry-run; at for-each-ref | cmp - ../refs",
    );
    has(&told, &["`dave` gets `dune`", "--dry-run"]);
}

/// Somebody pushes while the janitor looks: nothing is thrown away, not even by the author who
/// takes something back.
#[test]
fn a_branch_that_moved_is_not_pushed_to() {
    for moved in ["join~1", "main"] {
        let town = forge();
        let told = fails(
            &town,
            &format!(
                r#"real=$(command -v git); mkdir ../shim; at rev-parse {moved} > ../expected
                printf '#!/bin/sh\ncase " $* " in *" push "*) %s --git-dir %s/forge.git update-ref refs/heads/join {moved};; esac\nexec %s "$@"\n' $real $HOME $real > ../shim/git
                chmod +x ../shim/git; cd ../ja-clone; PATH=$HOME/shim:$PATH; by ja conex approve --branch origin/join --yes"#
            ),
            "`origin/join` moved while you looked at it",
        );
        has(&told, &["give the command again"]);
        let told = ok(&town, "cat ../expected; at rev-parse join; at for-each-ref");
        assert_eq!(told.lines().next(), told.lines().nth(1), "{told}");
        has_not(&told, &["conex"]);
    }
}

/// What cannot be merged now, because somebody was faster or because the forge does not allow it, is
/// in the branch all the same; and whoever gives the command again merges, and signs nothing more.
#[test]
fn what_is_not_merged_is_pushed_all_the_same() {
    let town = forge();
    ok(
        &town,
        r#"real=$(command -v git); mkdir ../shim; by jb conex -C ../jb-clone approve --branch origin/join --yes
        at commit-tree -p main -m next $(at rev-parse main^{tree}) > ../next
        printf '#!/bin/sh\ncase " $* " in *" push "*) %s --git-dir %s/forge.git update-ref refs/heads/main $(cat %s/next);; esac\nexec %s "$@"\n' $real $HOME $HOME $real > ../shim/git
        chmod +x ../shim/git"#,
    );
    let told = fails(
        &town,
        "cd ../ja-clone; PATH=$HOME/shim:$PATH; by ja conex approve --branch origin/join --yes --merge",
        "not merged: `origin/main` moved meanwhile",
    );
    has(
        &told,
        &["Pushed to `origin/join`", "give the command again"],
    );
    let told = fails(
        &town,
        r#"printf '#!/bin/sh\n[ "$1" != refs/heads/main ] || exit 1\n' > ../forge.git/hooks/update; chmod +x ../forge.git/hooks/update
        cd ../ja-clone; by ja conex approve --branch origin/join --yes --merge"#,
        "not merged: `origin/main` does not take it: ",
    );
    has(
        &told,
        &["Nothing to do: nothing waits for `ja`", "with its button"],
    );
    ok(
        &town,
        "rm ../forge.git/hooks/update; cd ../ja-clone; by ja conex approve --branch origin/join --yes --merge
        at log -1 --format=%s main | grep 'Merge branch'",
    );
    accepted(&town, "main");
}

/// Whoever cannot commit learns it before they sign.
#[test]
fn nobody_signs_who_cannot_commit() {
    let town = forge();
    let told = fails(
        &town,
        "cd ../ja-clone; unset GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
        git config user.useConfigOnly true; by ja conex approve --branch origin/join --yes",
        "git does not know in whose name it commits here",
    );
    has(&told, &["git config user.name"]);
    let told = ok(
        &town,
        "cd ../ja-clone; git config user.name Jana; git config user.email ja@town.example
        unset GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
        by ja conex approve --branch origin/join --yes; at log -1 --format=%an,%ce join",
    );
    has(&told, &["Jana,ja@town.example"]);
}

/// T7: The branch says itself what counted before: it takes the approvals away under which somebody
/// else owns the package. What is shown is what the published branch says.
#[test]
fn a_takeover_is_no_first_claim_because_the_branch_says_so() {
    let town = forge();
    ok(
        &town,
        "git checkout -qb steal; by erin conex owner add erin fmt; by erin conex owner remove alice fmt
        git rm -rq packages/.conex/index; commit steal; git push -q origin steal; git checkout -q main",
    );
    let told = ok(
        &town,
        "cd ../jb-clone; by jb conex approve --branch origin/steal --dry-run",
    );
    has(
        &told,
        &["!! `fmt` is taken from `alice`, and goes to `erin`"],
    );
    has_not(&told, &["which nobody owned"]);
    // Nor are there other janitors, because the branch says so.
    ok(
        &town,
        "git checkout -qb other day-one; by ja conex janitor add jd=$KEYS/jd.pub; commit one; git push -q origin other
        git checkout -q main; by ja conex janitor add dave=$KEYS/dave.pub; for id in ja jb dave; do by $id conex approve --yes; done
        commit two; git push -q origin main",
    );
    fails(
        &town,
        "cd ../jb-clone; by jb conex approve --branch origin/other --yes",
        "link 1 of the janitor chain in origin/other is not the one in origin/main",
    );
}

/// Nothing of a hostile branch runs: no filter, no hook, whatever the clone is configured to do
/// with files of its own; and what is no plain file is refused.
#[test]
fn nothing_of_a_hostile_branch_runs() {
    let town = forge();
    let trap = r#"cd ../ja-clone; git config filter.evil.smudge "touch $HOME/ran; cat"; git config filter.evil.clean "touch $HOME/ran; cat"
        git config filter.evil.process "touch $HOME/ran"; git config diff.evil.textconv "touch $HOME/ran; cat"; git config merge.evil.driver "touch $HOME/ran"
        git config diff.external "touch $HOME/ran"; git config core.fsmonitor "touch $HOME/ran"
        mkdir hooks; git config core.hooksPath hooks
        for hook in pre-push post-checkout post-index-change reference-transaction pre-commit commit-msg post-commit post-merge; do
          printf '#!/bin/sh\ntouch %s/ran\n' $HOME > hooks/$hook; chmod +x hooks/$hook; done"#;
    ok(
        &town,
        r#"git checkout -q join; printf '* filter=evil diff=evil merge=evil\n' > .gitattributes
        mkdir -p doc; echo x > doc/"\$(touch ran) \"é
b"; ln -s /etc/passwd doc/link; git add -A; git commit -qm odd
        git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),doc/module; git commit -qm module
        git push -q origin join; git checkout -qf main"#,
    );
    ok(&town, trap);
    let told = ok(
        &town,
        "cd ../ja-clone; rm -f ../ran; by ja conex approve --branch origin/join --yes --diff; test ! -e ../ran
        at diff --name-only join~1 join; at ls-tree -r join doc/",
    );
    has(
        &told,
        &[
            "Pushed to `origin/join`",
            "index/ja/",
            "120000 blob",
            "160000 commit",
            "touch ran",
        ],
    );
    assert_eq!(
        told.matches("\npackages/.conex/index/").count(),
        1,
        "{told}"
    );
    for (n, hostile) in [
        "ln -s ../../../../etc/passwd packages/fmt/fmt.1.0/files",
        "rm -r packages/.conex/index/ja; ln -s /tmp packages/.conex/index/ja",
        "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),packages/evil",
    ]
    .iter()
    .enumerate()
    {
        ok(
            &town,
            &format!(
                "git checkout -qb hostile{n} origin/join~2; {hostile}; git add -A packages/fmt packages/.conex; git commit -qm hostile; git push -q origin hostile{n}; git checkout -qf main"
            ),
        );
        fails(
            &town,
            &format!("cd ../ja-clone; by ja conex approve --branch origin/hostile{n} --yes"),
            "E001",
        );
        ok(
            &town,
            &format!(
                "test ! -e ../ran; at diff --quiet main~0 main; at log -1 --format=%s hostile{n} | grep hostile"
            ),
        );
    }
}

/// The owner signs somebody else's edit in the branch of that one, and nothing else that waits.
#[test]
fn an_owner_signs_somebody_elses_edit() {
    let town = forge();
    ok(
        &town,
        "edit lwt.1.0 Other; by carol conex sign --yes; commit other; git push -q origin main
        git checkout -qb bound; edit fmt.1.1 Bound; commit bound; git push -q origin bound; git checkout -q main
        git clone -q ../forge.git ../alice-clone",
    );
    let told = ok(
        &town,
        "cd ../alice-clone; echo x >> repo; look > ../before
        by alice conex sign --branch origin/bound --diff --yes; look | cmp - ../before; at diff --stat bound~1 bound",
    );
    has(
        &told,
        &[
            "+synopsis: \"Bound\"",
            "-synopsis: \"fmt.1.1\"",
            "! the release fmt.1.1, which was signed: opam changes",
            "signs `fmt` (1 release)",
            "Pushed to `origin/bound`",
        ],
    );
    has_not(&told, &["lwt"]);
    let told = ok(
        &town,
        "cd ../alice-clone; git fetch -q; conex check origin/main..origin/bound || true; by alice conex sign --branch origin/bound --yes",
    );
    has(
        &told,
        &["the release fmt.1.1, which was signed", "Nothing to do"],
    );
    // Without a key of the owner only metadata is written.
    let told = ok(
        &town,
        "git checkout -qb again; edit fmt.1.0 Again; commit again; git push -q origin again; git checkout -q main
        cd ../jb-clone; by bob conex sign --branch origin/again --yes",
    );
    has(&told, &["waits for its owners or a quorum"]);
}

/// What waits in which branch, and for whom.
#[test]
fn the_branches_of_a_remote_are_listed() {
    let town = forge();
    ok(
        &town,
        "git checkout -qb release; release lwt.2.0; by alice conex sign --yes; commit release; git push -q origin release
        git checkout -qb clash main; edit logs.1.0 Other; by bob conex sign --yes; commit clash; git push -q origin clash
        git checkout -q main; edit logs.1.0 Clash; by bob conex sign --yes; commit main; git push -q origin main; git push -q origin main~1:refs/heads/old",
    );
    let told = ok(
        &town,
        "cd ../ja-clone; look > ../before; conex status --remote; look | cmp - ../before; git for-each-ref refs/conex-fetched",
    );
    has(
        &told,
        &[
            "origin/join\n",
            "1 author: dave",
            "origin/release\n  mergeable into origin/main",
            "origin/clash\n  not mergeable into origin/main: ",
        ],
    );
    has_not(
        &told,
        &["origin/old", "origin/main\n", "refs/conex-fetched"],
    );
    let told = ok(
        &town,
        "cd ../ja-clone; conex status --remote origin --as jb",
    );
    has(&told, &["origin/join\n"]);
    has_not(&told, &["origin/release"]);
    let told = ok(&town, "cd ../ja-clone; conex status --remote --as bob");
    has(
        &told,
        &["Nothing waits for `bob` in the branches of `origin`"],
    );
}

/// A run that was killed forgot nothing of what it fetched. The next one does, also where it has the
/// number of the dead: what is no more at the remote is not taken from there.
#[test]
fn what_a_killed_run_fetched_is_forgotten() {
    let town = forge();
    let told = ok(
        &town,
        "cd ../ja-clone; git update-ref refs/conex-fetched/4194305/heads/gone main
        conex status --remote; git for-each-ref refs/conex-fetched",
    );
    has(&told, &["origin/join\n"]);
    has_not(&told, &["gone", "conex-fetched"]);
    let told = ok(
        &town,
        "cd ../ja-clone; (git update-ref refs/conex-fetched/$BASHPID/heads/gone $(git commit-tree -p main -m gone main^{tree})
        exec conex status --remote); git for-each-ref refs/conex-fetched",
    );
    has_not(&told, &["gone", "conex-fetched"]);
}

/// Without a way to the remote nothing is signed, and that is said.
#[test]
fn a_remote_that_is_away_is_named() {
    let town = forge();
    for command in [
        "by ja conex approve --branch origin/join --yes",
        "by ja conex approve --pull 1 --yes",
        "by alice conex sign --branch origin/join --yes",
        "conex status --remote",
    ] {
        let told = fails(
            &town,
            &format!("cd ../ja-clone; git remote set-url origin $HOME/nowhere.git; {command}"),
            "the remote `origin` cannot be read: ",
        );
        has(&told, &["nowhere.git", "hint: "]);
        has_not(&told, &["Sign?", "nobody to ask"]);
    }
    fails(
        &town,
        "cd ../ja-clone; conex status --remote upstream",
        "there is no remote `upstream`",
    );
}

/// Where the repository is a directory below git's top, the commit is of that directory.
#[test]
fn a_repository_below_the_top_is_signed_there() {
    let town = Town::new();
    let told = ok(
        &town,
        "mkdir -p ../mono/of; git -C ../mono init -q -b main .; cp -r . ../mono/of/packages; rm -rf ../mono/of/packages/.git
        cd ../mono; echo x > README; commit start; git clone -q --bare . ../forge.git; git remote add origin ../forge.git; git fetch -q; git remote set-head origin main
        git checkout -qb join; echo y > README; git add README; cd of/packages; edit fmt.1.0 Mended; by carol conex sign --yes; commit edit; git push -q origin join; git checkout -q main
        by ja conex approve --branch origin/join --yes; by jb conex approve --branch origin/join --yes --merge; at diff --name-status main~1 main",
    );
    has(
        &told,
        &[
            "the release fmt.1.0, which was signed: opam changes",
            "Merged into `origin/main`",
            "M\tREADME",
            "A\tof/packages/packages/.conex/index/ja/",
            "A\tof/packages/packages/.conex/index/jb/",
        ],
    );
    has_not(&told, &["A\tpackages"]);
}

/// What somebody takes back with `git revert` in a branch of theirs is signed above what is published,
/// as in the work tree.
#[test]
fn a_revert_in_a_branch_is_signed_above_what_is_published() {
    let town = forge();
    ok(
        &town,
        "release fmt.2.0; by alice conex sign --yes; commit more; git push -q origin main
        git checkout -qb back; git revert --no-edit HEAD > ../log; git push -q origin back; git checkout -q main",
    );
    let told = ok(
        &town,
        "cd ../jb-clone; git fetch -q; if conex check origin/main..origin/back; then exit 9; fi
        by alice conex sign --branch origin/back --yes; git fetch -q; conex check origin/main..origin/back",
    );
    has(&told, &["removed: fmt.2.0", "Pushed to `origin/back`"]);
    accepted(&town, "back");
}

/// T10: The same for what janitors decide.
#[test]
fn a_reverted_decision_in_a_branch_is_approved_above_what_is_published() {
    let town = forge();
    ok(
        &town,
        "conex owner add bob fmt; for j in ja jb; do by $j conex approve fmt --yes; done; commit more; git push -q origin main
        git checkout -qb back; git revert --no-edit HEAD > ../log; git push -q origin back; git checkout -q main",
    );
    let told = ok(
        &town,
        "cd ../ja-clone; git fetch -q; if conex check origin/main..origin/back; then exit 9; fi
        by ja conex approve --branch origin/back --yes; cd ../jb-clone; git fetch -q
        by jb conex approve --branch origin/back --yes; git fetch -q; conex check origin/main..origin/back",
    );
    has(
        &told,
        &["`fmt` is taken from `bob`", "Pushed to `origin/back`"],
    );
    accepted(&town, "back");
}
