//! Whoever types the command of a hint of `verify` or `compare`, as it is printed, comes out where the hint says.

use std::path::Path;
use std::process::Command;

use crate::enable::home::{Home, copy, printed};
use crate::hook::run::{Machine, git_patch, run, two};
use crate::typed_hints::commands;

fn sh(line: &str, dir: &Path) -> String {
    let mut shell = Command::new("sh");
    shell.args(["-euc", line]).current_dir(dir);
    let (status, text) = printed(shell.output().unwrap());
    assert_eq!(status, Some(0), "{line}: {text}");
    text
}

/// One of two repositories that are compared is broken.
#[test]
fn what_is_broken_in_one_of_two_repositories_is_named_by_the_command_that_is_named() {
    let home = Home::new();
    let (tree, anchors) = home.signs("tree", "optional", &["--unclaimed"]);
    let broken = home.path("a broken one");
    copy(&tree, &broken);
    std::fs::write(broken.join("packages/fmt/releases"), "nonsense\n").unwrap();
    let compare = ["compare", tree.to_str().unwrap(), broken.to_str().unwrap()];
    let (status, told) = home.conex(&compare);
    assert_eq!(status, Some(1), "{told}");
    let lines = commands(&told, "VerifySays", &[("ANCHORS", &anchors)]);
    assert_eq!(lines.len(), 1, "{told}");
    let (status, told) = home.types(&lines[0]);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("packages/fmt/releases"), "{told}");
}

/// The clone in which opam keeps a repository has a configuration that the hook does not touch.
#[test]
fn the_detection_of_renames_is_turned_off_by_the_command_that_is_named() {
    let (old, new) = two();
    let machine = Machine::new();
    let repo = machine.path("root/repo/r");
    std::fs::create_dir_all(&repo).unwrap();
    sh(
        "git init -q . && ln .git/config config-beside",
        &machine.path("root/repo/r"),
    );
    std::fs::rename(repo.join("config-beside"), machine.path("beside")).unwrap();
    let patch = git_patch(&old, &new);
    let answer = run(machine.update(&old, &patch, "r"));
    answer.accepted();
    for line in commands(&answer.text, "RenamesOff", &[]) {
        sh(&line, &machine.path("tmp"));
    }
    let answer = run(machine.update(&old, &patch, "r"));
    answer.accepted();
    assert!(!answer.text.contains("renames"), "{}", answer.text);
}

/// The repository was started anew by the same janitors.
#[test]
fn a_repository_that_was_started_anew_passes_after_the_command_that_is_named() {
    let makes = Home::new();
    let (old, first) = makes.signs("old", "optional", &["--unclaimed"]);
    let (new, second) = makes.signs("new", "optional", &["--unclaimed"]);
    let key = first.split(',').next().unwrap();
    let home = Home::of_one(&old);
    home.does(&["enable", "default", "--anchors", key, "--quorum", "1"]);
    let hook = |tree: &Path, anchors: &str| {
        let repo = home.root().join("repo/default");
        home.conex(&[
            "verify",
            "--incremental=false",
            "--quorum=1",
            &format!("--anchors={anchors}"),
            &format!("--repo={}", repo.display()),
            &format!("--dir={}", tree.display()),
        ])
    };
    assert_eq!(hook(&old, key).0, Some(0));
    let (status, told) = hook(&new, key);
    assert_eq!(status, Some(1), "{told}");
    assert!(told.contains("E095"), "{told}");
    let lines = commands(&told, "NEW_ANCHORS", &[("ANCHORS", &second)]);
    home.must(&lines[0]);
    let config = String::from_utf8(home.files().1).unwrap();
    for anchor in second.split(',') {
        assert!(config.contains(anchor), "{config}");
    }
    let (status, told) = hook(&new, &second);
    assert_eq!(status, Some(0), "{told}");
}

/// V6.5: No checksum lists a file of opam 1.2, so that no release is signed with one. Whoever removes what the file `opam`
/// says already signs again.
#[test]
fn a_release_with_a_file_of_opam_1_2_is_not_signed() {
    let home = Home::new();
    let (tree, anchors) = home.signs("tree", "optional", &["--unclaimed"]);
    let t = tree.to_str().unwrap();
    let release = tree.join("packages/fmt/fmt.0.10.0");
    let sign = ["-C", t, "sign", "--as", "ann", "--yes"];
    for name in ["descr", "url"] {
        std::fs::write(release.join(name), "x\n").unwrap();
        let (status, told) = home.conex(&sign);
        assert_eq!(status, Some(1), "{told}");
        assert!(told.contains("opam admin upgrade"), "{told}");
        std::fs::remove_file(release.join(name)).unwrap();
    }
    home.does(&sign);
    home.does(&["verify", "--dir", t, "--anchors", &anchors]);
}
