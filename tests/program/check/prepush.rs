//! `hooks/pre-push`, with a real git and a bare repository.

use std::process::Output;

use crate::check::forge::{Forge, told};
use crate::world::{OPAM, World, at, opam_path};

/// A clone with the hook, whose `origin` is a bare repository.
pub(super) fn clone(world: &World) -> Forge {
    let forge = Forge::new(world);
    forge.sh(&format!(
        "git init -q --bare -b main ../origin.git && git remote add origin ../origin.git
         git push -q origin main && git remote set-head origin -a
         cp {}/hooks/pre-push .git/hooks/",
        env!("CARGO_MANIFEST_DIR")
    ));
    forge
}

fn push(forge: &Forge, args: &[&str]) -> Output {
    let mut command = forge.command("git");
    command.arg("push").args(args).output().unwrap()
}

#[track_caller]
pub(super) fn passes(forge: &Forge, args: &[&str], text: &str) {
    let output = push(forge, args);
    assert!(output.status.success(), "{}", told(&output));
    assert!(told(&output).contains(text), "{}", told(&output));
}

#[track_caller]
fn fails(forge: &Forge, args: &[&str], text: &str) {
    let output = push(forge, args);
    assert!(!output.status.success(), "{}", told(&output));
    assert!(told(&output).contains(text), "{}", told(&output));
}

#[test]
fn what_no_client_accepts_is_not_pushed_to_the_published_branch() {
    let mut world = World::usual();
    let forge = clone(&world);
    world.file(&opam_path("fmt.1.1"), OPAM);
    forge.branch("release", "main", &world);
    // A branch may wait: what is missing is told, and it is pushed.
    let told = "release is pushed all the same";
    passes(&forge, &["origin", "release"], told);
    fails(&forge, &["origin", "release:main"], "not mergeable");
    let entries = vec![
        world.checksum("fmt.1.1", at(0, 1)),
        world.release_list("fmt", at(0, 2)),
    ];
    world.says("bob", entries);
    forge.branch("release", "main", &world);
    // Several refs at once, a new one and one that goes.
    passes(
        &forge,
        &["origin", "release", "release:refs/heads/more"],
        "mergeable into",
    );
    passes(&forge, &["origin", ":more"], "");
    passes(&forge, &["origin", "release:main"], "mergeable into");
    assert_eq!(
        forge.git(&["-C", "../origin.git", "rev-parse", "main"]),
        forge.git(&["rev-parse", "release"])
    );
    // Tags are nobody's business.
    passes(&forge, &["origin", "release:refs/tags/v1"], "");
}

#[test]
fn the_published_branch_is_neither_rewritten_nor_deleted() {
    let mut world = World::usual();
    let forge = clone(&world);
    forge.git(&["config", "conex.branch", "main"]);
    forge.git(&[
        "-C",
        "../origin.git",
        "config",
        "receive.denyDeleteCurrent",
        "ignore",
    ]);
    fails(&forge, &["origin", ":main"], "it is not deleted");
    let old = forge.git(&["rev-parse", "main"]);
    world.file("doc/new", "new\n");
    forge.branch("main", "main", &world);
    passes(&forge, &["origin", "main"], "mergeable into");
    forge.git(&["branch", "other", &old]);
    fails(&forge, &["-f", "origin", "other:main"], "merge it first");
    // A published branch of another name, that the remote does not have yet.
    forge.git(&["config", "conex.branch", "published"]);
    passes(
        &forge,
        &["origin", "main:published"],
        "there is nothing to compare it with",
    );
}

#[test]
fn without_conex_only_the_published_branch_waits() {
    let mut world = World::usual();
    let forge = clone(&world);
    world.file(&opam_path("new.1"), OPAM);
    forge.branch("new", "main", &world);
    let mut command = forge.command("git");
    command.env("CONEX_BIN", "no-such-program");
    let output = command.args(["push", "origin", "new"]).output().unwrap();
    assert!(output.status.success(), "{}", told(&output));
    let mut command = forge.command("git");
    command.env("CONEX_BIN", "no-such-program");
    let output = command
        .args(["push", "origin", "new:main"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(told(&output).contains("--no-verify"), "{}", told(&output));
}

/// A clone of `git remote add` does not know which branch the others follow: then it is
/// what most are called, `master` of opam-repository too.
#[test]
fn a_published_branch_that_nobody_named_is_checked() {
    let mut world = World::usual();
    let forge = clone(&world);
    forge.sh("git remote set-head origin -d && git push -q origin main:master && git fetch -q");
    world.file("packages/fmt/fmt.1.0/files/x.sh", "evil");
    forge.branch("bad", "main", &world);
    for branch in ["main", "master"] {
        fails(
            &forge,
            &["origin", &format!("bad:{branch}")],
            "not mergeable",
        );
        let url = ["../origin.git", &format!("bad:{branch}")];
        fails(&forge, &url, "not mergeable");
    }
}
