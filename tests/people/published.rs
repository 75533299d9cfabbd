//! The published form, as operators make it and clients follow it.

use crate::town::{Town, told};

/// A town whose notary is `ja`.
fn with_notary() -> Town {
    let town = Town::new();
    town.ok("by ja conex team add notaries ja --yes
         for id in ja jb; do by $id conex approve notaries --yes; done
         commit notaries");
    town
}

/// Publishes to a directory.
const TO_WWW: &str = "by ja conex publish --to ../www --anchors \"$ANCHORS\" --as ja --yes";
/// Publishes a branch.
const TO_BRANCH: &str = "by ja conex publish --branch origin/main origin/published --anchors \"$ANCHORS\" --as ja --yes";
/// A client that has nothing yet.
const VERIFY: &str =
    "conex verify --dir ../www --anchors \"$ANCHORS\" --quorum 2 --no-state --require-snapshot";

fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

/// An operator: one command makes a directory that a web server hands out, and each publication
/// changes few files of it.
#[test]
fn a_directory_is_published_and_followed() {
    let town = with_notary();
    let text = town.ok(TO_WWW);
    has(
        &text,
        &["as epoch 0 counter 1 of the snapshot", "Published in"],
    );
    has(&town.ok(VERIFY), &["accepted: 4 signed packages"]);
    // The same again is nothing to do, and nothing in the work tree was touched.
    has(&town.ok(TO_WWW), &["Nothing to publish"]);
    assert_eq!(town.ok("git status --short"), "");
    town.ok("cp -a ../www ../old; release fmt.1.2; by alice conex sign --yes; commit more");
    has(&town.ok(TO_WWW), &["counter 2", ": 4 files."]);
    let update = format!("{VERIFY} --repo ../old");
    has(&town.ok(&update), &["accepted"]);
    // Backwards, it is a rollback.
    let back = update
        .replace("../www", "../new")
        .replace("../old", "../www");
    town.fails(&back.replace("../new", "../old"), "E090");
}

/// opam fetches the archive: it holds the same, in one form, byte for byte each time.
#[test]
fn the_archive_holds_what_is_published() {
    let town = with_notary();
    town.ok(TO_WWW);
    town.ok(
        "mkdir ../unpacked; tar xzf ../www/index.tar.gz -C ../unpacked
         diff -r ../unpacked/packages ../www/packages; cmp ../unpacked/repo ../www/repo
         test \"$(ls ../unpacked)\" = $'packages\\nrepo'",
    );
    let archive = VERIFY.replace("../www", "../www/index.tar.gz");
    has(&town.ok(&archive), &["accepted"]);
    town.ok("cp ../www/index.tar.gz ../first; echo >> ../www/repo; sed -i '$d' ../www/repo; rm ../www/packages/fmt/fmt.1.0/opam");
    // What somebody spoiled there is mended from what people work on.
    town.ok(TO_WWW);
    town.ok("cmp ../first ../www/index.tar.gz");
    has(&town.ok(VERIFY), &["accepted"]);
}

/// Fault: a run that was killed behind the last file of a package left its directory, which no later run took
/// away, and clients that follow the directory refused it.
#[test]
fn an_empty_directory_of_a_killed_run_goes() {
    let town = with_notary();
    town.ok(TO_WWW);
    town.ok("mkdir -p ../www/packages/gone/gone.1.0/files");
    town.fails(VERIFY, "rejected");
    has(&town.ok(TO_WWW), &["Published in"]);
    town.ok("test ! -e ../www/packages/gone");
    has(&town.ok(VERIFY), &["accepted"]);
    has(&town.ok(TO_WWW), &["Nothing to publish"]);
}

/// A run that was killed leaves bundles without an archive, or an archive of before: the same command
/// goes on from what clients have.
#[test]
fn a_killed_publication_is_finished_by_the_same_command() {
    let town = with_notary();
    town.ok(TO_WWW);
    town.ok("cp -a ../www ../first; rm ../www/index.tar.gz ../www/packages/.conex/bundle/index-0* ../www/packages/fmt/fmt.1.0/opam");
    has(
        &town.ok(TO_WWW),
        &["as epoch 0 counter 1 of the snapshot", "Published in"],
    );
    has(&town.ok(VERIFY), &["accepted"]);
    town.ok("rm -r ../www; cp -a ../first ../www; release fmt.1.2; by alice conex sign --yes; commit more");
    town.ok(TO_WWW);
    // Of the second publication only some files came, and not the archive.
    town.ok("rm -rf ../half; cp -a ../first ../half; cp ../www/packages/.conex/snapshot ../half/packages/.conex/
         cp ../www/packages/.conex/bundle/index-* ../half/packages/.conex/bundle/; rm -r ../www; mv ../half ../www");
    has(&town.ok(TO_WWW), &["counter 2", "Published in"]);
    has(
        &town.ok(&format!("{VERIFY} --repo ../first")),
        &["accepted"],
    );
}

/// What is merged goes to the branch that clients follow; no work tree is touched, and whoever is
/// late starts from what is there.
#[test]
fn a_branch_is_published_on_top_of_what_is_published() {
    let town = with_notary();
    town.ok("git init -q --bare ../forge.git; git remote add origin ../forge.git; git push -q origin main");
    has(&town.ok(TO_BRANCH), &["Published in `origin/published`"]);
    has(&town.ok(TO_BRANCH), &["Nothing to publish"]);
    town.ok("echo read me > README; release fmt.1.2; by alice conex sign --yes; commit more; git push -q origin main");
    town.ok(TO_BRANCH);
    assert_eq!(town.ok("git status --short"), "");
    let log = town.ok("git fetch -q; git log --format='%s %p' -1 origin/published; git rev-parse --short origin/published~1; git rev-parse --short origin/main; git ls-tree --name-only origin/published");
    has(&log, &["Publish", "README"]);
    // The first parent is what was published before, the second what people did.
    let parents: Vec<&str> = log
        .lines()
        .next()
        .unwrap()
        .split(' ')
        .rev()
        .take(2)
        .collect();
    assert!(
        parents
            .iter()
            .all(|p| log.lines().skip(1).any(|l| l.starts_with(p))),
        "{log}"
    );
    let changed = town.ok("git diff --name-only origin/published~1 origin/published");
    assert_eq!(changed.lines().count(), 5, "{changed}");
    town.ok("git worktree add -q ../www origin/published");
    has(&town.ok(VERIFY), &["accepted"]);
}

/// A client would refuse what people merged: nothing is published.
#[test]
fn what_clients_refuse_is_not_published() {
    let town = with_notary();
    town.ok(TO_WWW);
    town.ok("cp -a ../www ../before; edit fmt.1.0 other; commit edited");
    town.fails(TO_WWW, "packages/fmt/fmt.1.0/opam");
    town.ok("diff -r ../before ../www");
    // Other anchors than those of the repository.
    town.ok("git checkout -q HEAD~1");
    let other = format!("ANCHORS=blake2b={},quorum=1; {TO_WWW}", "0".repeat(64));
    town.ok("release fmt.1.2; by alice conex sign --yes");
    town.fails(&other, "nothing is published that clients refuse");
    town.ok("diff -r ../before ../www");
}

/// Nobody but a notary, and nobody who was not asked.
#[test]
fn a_snapshot_is_signed_by_a_notary_who_agrees() {
    let town = with_notary();
    town.fails(&TO_WWW.replace("ja", "alice"), "may not sign the snapshot");
    let dry = town.ok(&TO_WWW.replace("--yes", "--dry-run"));
    has(&dry, &["Nothing was written"]);
    town.ok("test -z \"$(ls ../www)\"");
    let output = town.run(&TO_WWW.replace("--yes", ""));
    assert!(!output.status.success(), "{}", told(&output));
    town.ok("test -z \"$(ls ../www)\"");
}

/// The verbs that write refuse the published form, and those that read take both.
#[test]
fn nobody_works_in_the_published_form() {
    let town = with_notary();
    town.ok(TO_WWW);
    town.ok("cd ../www; git init -q -b main .; git add -A; git commit -qm published");
    for verb in [
        "sign --as alice",
        "approve --as ja",
        "snapshot --as ja",
        "join dave",
        "key add --as alice ssh",
        "owner add alice new",
        "team add web bob",
        "janitor remove jc",
        "rotate --as alice",
        "revoke alice",
        "epoch fmt",
        "claims",
        "decline dave",
        "supersede authorisation:fmt --above 0.9 --as ja",
        "compact --as alice",
        "init --name x --quorum 1 --janitor ja=$KEYS/ja.pub",
        "publish --to ../other --anchors \"$ANCHORS\" --as ja",
    ] {
        let who = verb.split("--as ").nth(1).unwrap_or("ja");
        let who = who.split(' ').next().unwrap();
        let story = format!("cd ../www; by {who} conex {verb}");
        town.fails(&story, "holds the published form of the repository");
    }
    town.ok("cd ../www; test -z \"$(git status --short)\"");
    let state = |dir: &str| {
        let text = town.ok(&format!("conex -C {dir} status"));
        text.lines()
            .find(|l| l.starts_with("state"))
            .map(str::to_owned)
    };
    // What `status` names there is done elsewhere, and only there it says so.
    let elsewhere = "is done where people work";
    for names in ["", " fmt", " --as alice"] {
        has(
            &town.ok(&format!("conex -C ../www status{names}")),
            &[elsewhere],
        );
    }
    assert!(!town.ok("conex status").contains(elsewhere));
    assert!(state("../www").is_some());
    assert_eq!(state("../www"), state("."));
    has(&town.ok("conex compare . ../www"), &["The same state."]);
    let anchors = town.ok("conex -C ../www anchors");
    has(&anchors, &[&*town.ok("conex anchors")]);
}

/// `publish` refuses a directory below the repository that people work on, and their own branch.
#[test]
fn nothing_is_published_into_what_people_work_on() {
    let town = with_notary();
    for dir in [".", "www", "packages/www"] {
        let text = town.run(&TO_WWW.replace("../www", dir));
        assert_eq!(text.status.code(), Some(2), "{}", told(&text));
    }
    // Also by another name of it, and nothing is left there.
    for dir in ["../nowhere/../work/www", "../link/www"] {
        town.ok("ln -sfn work ../link");
        town.fails(
            &TO_WWW.replace("../www", dir),
            "in the repository that people work on",
        );
    }
    town.ok("test ! -e www; test ! -e packages/www; test ! -e ../nowhere");
    // A directory for what is to be signed elsewhere may lie beside `packages/`, not in it.
    town.ok("edit fmt.1.0 other");
    let hand_out = "by alice conex sign --as alice --detached packages/out --yes";
    town.fails(hand_out, "below `packages/`");
    town.ok("test ! -e packages/out");
    town.ok("git init -q --bare ../forge.git; git remote add origin ../forge.git; git push -q origin main");
    let same = TO_BRANCH.replace("origin/published", "origin/main --new-form");
    town.fails(&same, "clients follow another branch");
}

/// Stock `ssh-keygen` checks every signature in both forms: what is signed is the whole file.
#[test]
fn signatures_are_taken_out_of_bundles_whole() {
    let town = with_notary();
    town.ok(TO_WWW);
    let export = "signature export packages/.conex/janitors/0 --to";
    town.ok(&format!(
        "conex {export} ../a; conex -C ../www {export} ../b; diff -r ../a ../b"
    ));
    let segment = town.ok("find packages/.conex/index -type f | sort | head -n1");
    let export = format!("signature export {} --to", segment.trim());
    town.ok(&format!(
        "conex {export} ../c; conex -C ../www {export} ../d; diff -r ../c ../d"
    ));
    // The snapshot is shortened where it is published.
    let shortened = town.ok("cat ../www/packages/.conex/snapshot");
    has(&shortened, &["\n  [\"fmt\" ="]);
    let text = town.ok(
        "conex -C ../www signature export packages/.conex/snapshot --to ../e
        cd ../e; ls",
    );
    let told = town.ok("cat ../e/*");
    has(&told, &["  [\"fmt\" \"blake2b="]);
    assert!(!text.is_empty());
}

/// A URL has one form: going from one to the other is asked for, and told to users.
#[test]
fn the_form_of_what_is_published_changes_only_when_asked_to() {
    let town = with_notary();
    town.ok("mkdir ../www; cp -a packages repo ../www/");
    town.fails(TO_WWW, "cannot follow to bundles");
    town.ok("diff -r packages ../www/packages");
    let text = town.ok(&format!("{TO_WWW} --new-form"));
    has(
        &text,
        &[
            "Published in",
            "opam repository set-url NAME SAME-URL QUORUM ANCHORS",
        ],
    );
    has(&town.ok(VERIFY), &["accepted"]);
}

/// Small repositories are published as people have them, and go on in that form.
#[test]
fn the_working_form_is_published_as_it_is() {
    let town = with_notary();
    let working = TO_WWW.replace("publish", "publish --working-form");
    let text = town.ok(&working);
    has(&text, &["counter 1 of the snapshot", "Published in"]);
    has(&town.ok(VERIFY), &["accepted: 4 signed packages"]);
    town.ok("test ! -e ../www/packages/.conex/bundle; cmp packages/.conex/janitors/0 ../www/packages/.conex/janitors/0; cp -a ../www ../old");
    has(&town.ok(&working), &["Nothing to publish"]);
    town.ok("release fmt.1.2; by alice conex sign --yes; commit more");
    has(&town.ok(&working), &["counter 2", "Published in"]);
    has(&town.ok(&format!("{VERIFY} --repo ../old")), &["accepted"]);
    // From one form to the other only when asked to, in both directions.
    town.fails(TO_WWW, "cannot follow to bundles");
    has(
        &town.ok(&format!("{TO_WWW} --new-form")),
        &["Published in", "opam repository set-url NAME SAME-URL"],
    );
    has(&town.ok(VERIFY), &["accepted"]);
    town.fails(&working, "cannot follow to files of their own");
    town.ok(&format!("{working} --new-form"));
    town.ok("test ! -e ../www/packages/.conex/bundle");
    has(&town.ok(VERIFY), &["accepted"]);
}

/// A first run that was killed leaves files of the working form without a snapshot: nobody followed
/// them, and the counter goes on from what people have.
#[test]
fn a_killed_first_publication_of_the_working_form_takes_no_counter_back() {
    let town = with_notary();
    town.ok("for again in 1 2 3; do by ja conex snapshot --renew --as ja --yes; done; commit snapshot
        mkdir -p ../www/packages/.conex; cp -a packages/.conex/janitors packages/.conex/ids ../www/packages/.conex/");
    let working = TO_WWW.replace("publish", "publish --working-form");
    town.ok("release fmt.1.2; by alice conex sign --yes; commit more");
    has(&town.ok(&working), &["counter 4 of the snapshot"]);
    has(&town.ok(VERIFY), &["accepted"]);
}

/// A change brings the published form, or is to be merged into it.
#[test]
fn nobody_merges_into_the_published_form_or_out_of_it() {
    let town = with_notary();
    town.ok("git init -q --bare ../forge.git; git remote add origin ../forge.git; git push -q origin main");
    town.ok(TO_BRANCH);
    town.ok(
        "git fetch -q; git checkout -qb x; release fmt.1.2; by alice conex sign --yes; commit more",
    );
    town.fails("conex check origin/published..x", "has the published form");
    town.fails(
        "conex check main..origin/published",
        "the change brings bundles",
    );
    has(
        &town.ok("conex check main..x --published origin/published"),
        &["mergeable into main"],
    );
    // Where another branch is published, a change brings no snapshot into the one that people work on.
    town.ok("by ja conex snapshot --as ja --yes; commit snapshot");
    has(&town.ok("conex check main..x"), &["mergeable into main"]);
    town.fails(
        "conex check main..x --published origin/published",
        "made only where the repository is published",
    );
}

/// A change that some opam cannot apply in the form of people can be one that all apply in bundles:
/// only the form that clients follow counts.
#[test]
fn a_change_is_checked_in_the_form_that_clients_follow() {
    let town = with_notary();
    town.ok("git init -q --bare ../forge.git; git remote add origin ../forge.git; git push -q origin main");
    town.ok(TO_BRANCH);
    // A file that waited goes from a directory in which others stay.
    town.ok("git fetch -q; by dave conex join dave; commit dave; git push -q origin main");
    town.ok("git checkout -qb x; git rm -rq packages/.conex/ids/dave packages/.conex/index/dave; commit gone");
    let alone = town.run("conex check main..x");
    assert!(told(&alone).contains("E073"), "{}", told(&alone));
    has(
        &town.ok("conex check main..x --published origin/published"),
        &["mergeable into main"],
    );
}

/// `--covered` judges as anchors with `unsigned=covered` do, under the snapshot that will be made.
#[test]
fn check_takes_the_snapshot_that_will_be_made_for_valid() {
    let town = with_notary();
    town.ok(
        "by ja conex claims; for id in ja jb; do by $id conex approve --yes; done; commit claims",
    );
    town.ok("git checkout -qb x; release new.1.0; commit unsigned");
    town.fails("conex check main..x --strict", "E020");
    let text = town.ok("conex check main..x --covered");
    has(
        &text,
        &[
            "covered: a package that nobody claims is let through",
            "mergeable into main",
        ],
    );
    // A claimed name is none of these.
    town.ok("git rm -rqf packages/logs/authorisation; commit stripped");
    town.fails(
        "conex check main..x --covered",
        "packages/logs/authorisation",
    );
}
