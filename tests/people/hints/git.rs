//! What git has to do: branches, remotes, clones, and what is in no commit.

use crate::approvals::branch::{accepted, fails, forge, ok};
use crate::town::Town;
use crate::typed_hints::commands;

#[test]
fn what_conex_wrote_comes_into_a_commit() {
    let town = Town::new();
    let told =
        town.ok("edit fmt.1.0 Mine; by alice conex sign --yes; git commit -qam mine; conex status");
    let typed = commands(&told, "NotCommitted", &[]);
    town.ok(&format!("{}; git commit -qm signature", typed[0]));
    town.accepted("main");
    let told =
        town.ok("echo index >> .git/info/exclude; edit fmt.1.1 Mine; by alice conex sign --yes");
    let typed = commands(&told, "AddForced", &[]);
    let told = town.ok("conex status");
    assert_eq!(commands(&told, "IgnoredByGit", &[]), typed);
    town.ok(&format!("{}; git commit -qm signature", typed[0]));
    town.accepted("main");
}

#[test]
fn what_git_ignores_is_taken_in_or_removed() {
    let town = Town::new();
    town.ok("echo notes.txt >> .git/info/exclude; mkdir packages/fmt/fmt.1.0/files; echo x > packages/fmt/fmt.1.0/files/notes.txt");
    let told = town.fails("by alice conex sign --yes", "git ignores 1 file");
    let typed = commands(&told, "TakeIn", &[]);
    town.ok(&format!(
        "{} packages; by alice conex sign --yes; commit all",
        typed[0]
    ));
    town.accepted("main");
}

#[test]
fn a_clone_without_its_history_fetches_it() {
    let town = Town::new();
    town.ok("edit fmt.1.0 Mine; by alice conex sign --yes; commit mine; git checkout -qb next; by dave conex join dave; commit next; git checkout -q main
        git clone -q --depth 1 --no-single-branch file://$PWD ../shallow");
    let told = town.fails(
        "cd ../shallow; conex check origin/main..origin/next",
        "shallow",
    );
    let typed = commands(&told, "Unshallow", &[]);
    town.ok(&format!(
        "cd ../shallow; {}; conex check origin/main..origin/next",
        typed[0]
    ));
    // Enough for the difference, and not for the keys of before.
    town.ok("git clone -q --depth 1 --no-single-branch file://$PWD ../cut; cd ../cut; git fetch -q --depth 2 origin next");
    let told = town.fails("cd ../cut; conex check origin/main..origin/next", "shallow");
    let typed = commands(&told, "UnshallowOrNoHistory", &[]);
    town.ok(&format!(
        "cd ../cut; {}; conex check origin/main..origin/next",
        typed[0]
    ));
    // A branch that was not fetched.
    let told = town.fails(
        "git branch later; cd ../shallow; conex check origin/main..origin/later",
        "later",
    );
    let typed = commands(&told, "FetchBranch", &[("BRANCH", "later")]);
    town.ok(&format!(
        "cd ../shallow; {}; conex check origin/main..FETCH_HEAD",
        typed[0]
    ));
}

#[test]
fn a_clone_without_its_files_is_damaged() {
    let town = Town::new();
    town.ok("git checkout -qb next; release fmt.2.0; by alice conex sign --yes; commit next; git checkout -q main
        o=$(git rev-parse next:packages/fmt/fmt.2.0/opam); rm -f .git/objects/${o:0:2}/${o:2}");
    let told = town.fails("conex check main..next", "damaged");
    let typed = commands(&told, "Incomplete", &[]);
    let told = town.fails(&typed[0], "");
    assert!(told.contains("missing"), "{told}");
}

#[test]
fn who_commits_says_in_whose_name() {
    let town = forge();
    let nobody = "unset GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL";
    let told = fails(
        &town,
        &format!(
            "cd ../ja-clone; {nobody}; git config user.useConfigOnly true; by ja conex approve --branch origin/join --yes"
        ),
        "in whose name",
    );
    let words = [("NAME", "Jana"), ("ADDRESS", "ja@town.example")];
    let typed = commands(&told, "GitIdentity", &words);
    ok(
        &town,
        &format!(
            "cd ../ja-clone; {nobody}; {}; {}; by ja conex approve --branch origin/join --yes",
            typed[0], typed[1]
        ),
    );
}

#[test]
fn the_remote_and_its_branches_are_found() {
    let town = forge();
    // A remote that cannot be reached.
    let told = fails(
        &town,
        "cd ../ja-clone; git remote set-url origin $HOME/nowhere.git; by ja conex approve --branch origin/join",
        "nothing was signed",
    );
    let typed = commands(&told, "FetchFails", &[]);
    fails(
        &town,
        &format!("cd ../ja-clone; {}", typed[0]),
        "nowhere.git",
    );
    ok(
        &town,
        &format!(
            "cd ../ja-clone; git remote set-url origin $HOME/forge.git; {}",
            typed[0]
        ),
    );
    // A branch or a pull request that is not there.
    let told = fails(
        &town,
        "cd ../ja-clone; by ja conex approve --branch origin/jion",
        "no branch",
    );
    let words = [("FORK", "fork"), ("ADDRESS", "$HOME/forge.git")];
    let typed = commands(&told, "NotThere", &words);
    assert!(ok(&town, &format!("cd ../ja-clone; {}", typed[0])).contains("refs/heads/join"));
    ok(
        &town,
        &format!(
            "cd ../ja-clone; {}; by ja conex approve --branch fork/join --no-push --yes",
            typed[1]
        ),
    );
    // Which is the published one?
    let told = fails(
        &town,
        "at branch -m main trunk; cd ../ja-clone; git fetch -qp; git remote set-head origin -d || true; by ja conex approve --branch origin/join --dry-run",
        "is the published one",
    );
    let typed = commands(&told, "SetHead", &[]);
    ok(
        &town,
        &format!(
            "cd ../ja-clone; {}; by ja conex approve --branch origin/join --dry-run",
            typed[0]
        ),
    );
    let told = fails(
        &town,
        "cd ../jb-clone; git fetch -qp; git remote set-head origin --auto; by jb conex approve --branch origin/trunk",
        "is the published branch",
    );
    let typed = commands(&told, "BranchOfItsOwn", &[]);
    ok(
        &town,
        &format!("cd ../jb-clone; {}; by jb {} --yes", typed[0], typed[1]),
    );
}

#[test]
fn a_clone_without_remotes_gets_one() {
    let town = forge();
    let told = fails(
        &town,
        "git remote remove origin; by ja conex approve --branch join",
        "no remote",
    );
    let typed = commands(&told, "AddRemote", &[("ADDRESS", "$HOME/forge.git")]);
    ok(
        &town,
        &format!(
            "{}; git fetch -q; git remote set-head origin --auto",
            typed[0]
        ),
    );
    let told = fails(
        &town,
        "git remote rename origin theirs; git remote add more ../forge.git; by ja conex approve --branch join --base theirs/main",
        "is not a branch of a remote",
    );
    let typed = commands(&told, "NameRemote", &[]);
    let remotes = ok(&town, &typed[0]);
    assert!(remotes.contains("theirs"), "{remotes}");
    ok(
        &town,
        "by ja conex approve --branch theirs/join --base theirs/main --to theirs --yes --no-push",
    );
}

#[test]
fn a_commit_that_was_not_pushed_is_shown_and_pushed() {
    let town = forge();
    let told = ok(
        &town,
        "cd ../ja-clone; by ja conex approve --branch origin/join --yes --no-push",
    );
    let shown = commands(&told, "ShowKept", &[]);
    let pushed = commands(&told, "PushKept", &[]);
    let told = ok(
        &town,
        &format!("cd ../ja-clone; {}; {}", shown[0], pushed[0]),
    );
    assert!(told.contains("index/ja/"), "{told}");
    let told = ok(
        &town,
        "cd ../jb-clone; by jb conex approve --branch origin/join --yes --merge",
    );
    assert!(told.contains("Merged"), "{told}");
    accepted(&town, "main");
}

#[test]
fn a_commit_that_no_branch_takes_is_pushed_by_hand() {
    let town = forge();
    let told = fails(
        &town,
        r#"printf '#!/bin/sh\nexit 1\n' > ../forge.git/hooks/update; chmod +x ../forge.git/hooks/update
        cd ../ja-clone; by ja conex approve --branch origin/join --yes"#,
        "does not take it",
    );
    let typed = commands(&told, "PushYourself", &[]);
    ok(
        &town,
        &format!(
            "rm ../forge.git/hooks/update; cd ../ja-clone; {}; at for-each-ref | grep conex/join",
            typed[0]
        ),
    );
}

#[test]
fn what_carries_another_state_is_taken_away() {
    let town = forge();
    ok(
        &town,
        r#"printf '#!/bin/sh\ncase $1 in refs/heads/join) exit 1;; esac\n' > ../forge.git/hooks/update; chmod +x ../forge.git/hooks/update
        cd ../ja-clone; by ja conex approve --branch origin/join --yes
        rm $HOME/forge.git/hooks/update; cd ../work; git checkout -q join; git reset -q --hard main; by dave conex join dave; commit anew; git push -qf origin join; git checkout -q main"#,
    );
    let told = fails(
        &town,
        "cd ../jb-clone; by jb conex approve --branch origin/join --yes",
        "carries another state",
    );
    let typed = commands(&told, "StaleCarrier", &[]);
    ok(
        &town,
        &format!(
            "cd ../jb-clone; {}; by jb conex approve --branch origin/join --yes",
            typed[0]
        ),
    );
}

#[test]
fn a_difference_that_git_cannot_make_is_looked_at_by_hand() {
    let town = Town::new();
    let told = town.fails(
        r#"real=$(command -v git); mkdir ../shim; printf '#!/bin/sh\ncase " $* " in *" --no-index "*) exit 3;; esac\nexec %s "$@"\n' $real > ../shim/git; chmod +x ../shim/git
        edit fmt.1.0 Mine; PATH=$HOME/shim:$PATH; by alice conex sign --diff --yes"#,
        "cannot make the difference",
    );
    let told = town.ok(&commands(&told, "GitDiff", &[])[0]);
    assert!(told.contains("Mine"), "{told}");
}
