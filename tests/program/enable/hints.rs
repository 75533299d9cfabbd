//! Whoever types the command of a hint about opam's configuration, as it is printed, comes out where the hint says.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::home::{CONEX, Home, anchor, copy};
use super::memory::hook;
use crate::typed_hints::commands;

/// opam has a repository that is signed, without anchors and without a hook. Gives the anchors.
fn signed() -> (Home, String) {
    let makes = Home::new();
    let (tree, anchors) = makes.signs("tree", "optional", &["--unclaimed"]);
    (Home::of_one(&tree), anchors)
}

/// The same, and it is verified.
fn enabled() -> (Home, String) {
    let (home, anchors) = signed();
    home.does(&["enable", "default", "--anchors", &anchors]);
    home.status(0);
    (home, anchors)
}

/// What opam's file says of a repository with these anchors.
fn trust(anchors: &str) -> String {
    let words: Vec<String> = anchors.split(',').map(|w| format!("{w:?}")).collect();
    format!("{{{}}} {{1}}", words.join(" "))
}

/// A file with this mode.
fn file(home: &Home, name: &str, mode: u32) -> PathBuf {
    let path = home.path(name);
    copy(Path::new(CONEX), &path);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

/// opam has anchors and no hook.
#[test]
fn a_hook_that_is_missing_is_set_by_the_command_that_is_named() {
    let (home, anchors) = signed();
    home.repositories(&[("default", &trust(&anchors))]);
    let told = home.status(1);
    for line in commands(&told, "Enable", &[]) {
        home.must(&line);
    }
    home.status(0);
}

/// A repository has no anchors: it gets some, or is left out.
#[test]
fn anchors_that_are_missing_are_given_by_the_command_that_is_named() {
    let (home, anchors) = signed();
    let (status, told) = home.conex(&["enable", "default"]);
    assert_eq!(status, Some(1), "{told}");
    for line in commands(&told, "GiveAnchors", &[("ANCHORS", &anchors)]) {
        home.must(&line);
    }
    home.status(0);
    let others = format!("{},quorum=1", anchor("a"));
    for way in 0..2 {
        let (home, anchors) = signed();
        home.repositories(&[("default", &trust(&anchors)), ("overlay", "")]);
        home.does(&["enable", "default"]);
        let told = home.status(1);
        let ways = commands(&told, "GiveAnchorsOrLeaveOut", &[("ANCHORS", &others)]);
        home.must(&ways[way]);
        home.status(0);
    }
}

/// The janitors of a repository that was accepted started it anew; what opam holds is the new one. Gives the anchors.
fn started_anew() -> (Home, String) {
    let makes = Home::new();
    let (old, first) = makes.signs("old", "optional", &["--unclaimed"]);
    let (new, second) = makes.signs("new", "optional", &["--unclaimed"]);
    let key = first.split(',').next().unwrap();
    let home = Home::of_one(&old);
    home.does(&["enable", "default", "--anchors", key, "--quorum", "1"]);
    hook(&home, &old, key, &[]);
    home.holds("default", &new);
    (home, second)
}

/// M3: Another repository is in the place of the one that was accepted. Its anchors make it the one that is meant; so does
/// whoever says that the old one is to be forgotten.
#[test]
fn a_repository_that_was_started_anew_is_taken_by_the_commands_that_are_named() {
    let (home, anchors) = started_anew();
    let told = home.status(1);
    assert!(told.contains("E095"), "{told}");
    let lines = commands(&told, "NewAnchors", &[("ANCHORS", &anchors)]);
    home.must(&lines[0]);
    home.status(0);
    let (home, anchors) = started_anew();
    let told = home.status(1);
    let lines = commands(&told, "ForgetOthers", &[("ANCHORS", &anchors)]);
    home.must(lines.last().unwrap());
    home.status(0);
}

/// The anchors are those of somebody else.
#[test]
fn anchors_that_nothing_meets_are_replaced_by_the_command_that_is_named() {
    let (home, anchors) = signed();
    let told = home.does(&[
        "enable",
        "default",
        "--anchors",
        &anchor("a"),
        "--quorum",
        "1",
    ]);
    for line in commands(&told, "CompareAnchors", &[("ANCHORS", &anchors)]) {
        home.must(&line);
    }
    home.status(0);
}

/// Another repository needed `--nostrict`, and is gone.
#[test]
fn a_hook_that_lets_too_much_through_is_strict_after_the_command_that_is_named() {
    let makes = Home::new();
    let (tree, anchors) = makes.signs("tree", "required", &["fmt"]);
    let home = Home::of_one(&tree);
    home.does(&["enable", "default", "--anchors", &anchors]);
    home.does(&["enable", "work", "--nostrict"]);
    let told = home.status(0);
    for line in commands(&told, "StrictAgain", &[]) {
        home.must(&line);
    }
    let told = home.status(0);
    assert!(!told.contains("warning"), "{told}");
}

/// The record of `enable` is damaged.
#[test]
fn a_damaged_record_is_forgotten_by_the_command_that_is_named() {
    let (home, _) = enabled();
    std::fs::write(home.root().join("conex-enable.json"), "{").unwrap();
    let (status, told) = home.conex(&["disable"]);
    assert_eq!(status, Some(2), "{told}");
    for line in commands(&told, "ForgetRecord", &[]) {
        home.must(&line);
    }
    home.status(0);
    home.does(&["disable"]);
}

/// The hook is another conex than the one that runs.
#[test]
fn the_conex_that_runs_is_named_by_the_command_that_is_named() {
    let (home, _) = enabled();
    let other = home.path("other");
    std::fs::write(&other, "#!/bin/sh\necho conex 99.0\n").unwrap();
    std::fs::set_permissions(&other, std::fs::Permissions::from_mode(0o755)).unwrap();
    home.does(&["enable", "default", "--hook", other.to_str().unwrap()]);
    let told = home.status(0);
    for line in commands(&told, "NamesConex", &[]) {
        home.must(&line);
    }
    let told = home.status(0);
    assert!(!told.contains("warning"), "{told}");
}

/// The hook's program is gone.
#[test]
fn a_hook_that_is_gone_is_replaced_or_taken_away_by_the_commands_that_are_named() {
    for way in 0..2 {
        let (home, anchors) = signed();
        let before = home.files();
        let program = file(&home, "program", 0o755);
        home.does(&[
            "enable",
            "default",
            "--anchors",
            &anchors,
            "--hook",
            program.to_str().unwrap(),
        ]);
        std::fs::remove_file(program).unwrap();
        let told = home.status(1);
        home.must(&commands(&told, "NamesConexOrDisable", &[])[way]);
        match way {
            0 => drop(home.status(0)),
            _ => assert_eq!(home.files(), before),
        }
    }
}

/// The environment gets past what opam is configured to.
#[test]
fn a_variable_that_gets_past_the_hook_is_unset_by_the_command_that_is_named() {
    let (home, _) = enabled();
    let after = |variable: &str, unset: &[String]| {
        let lines = unset.join("; ");
        home.types(&format!(
            "export {variable}; {lines}; conex enable --status"
        ))
    };
    let nothing = ["true".to_owned()];
    let (_, told) = after("OPAMVALIDATIONHOOK=/bin/true", &nothing);
    let same = [("OPAMVALIDATIONHOOK", "OPAMVALIDATIONHOOK")];
    let lines = commands(&told, "UnsetHook", &same);
    let (status, told) = after("OPAMVALIDATIONHOOK=/bin/true", &lines);
    assert!(status == Some(0) && !told.contains("warning"), "{told}");
    let (status, told) = after("OPAMNOCHECKSUMS=1", &nothing);
    assert_eq!(status, Some(1), "{told}");
    let same = [("OPAMNOCHECKSUMS", "OPAMNOCHECKSUMS")];
    let lines = commands(&told, "UnsetNoChecksums", &same);
    let (status, told) = after("OPAMNOCHECKSUMS=1", &lines);
    assert!(status == Some(0) && !told.contains("warning"), "{told}");
}

/// A download is not executable, or everybody can change it.
#[test]
fn the_mode_of_the_program_is_mended_by_the_command_that_is_named() {
    let (home, _) = enabled();
    let program = file(&home, "plain", 0o644);
    let enable = ["enable", "default", "--hook", program.to_str().unwrap()];
    let (status, told) = home.conex(&enable);
    assert_eq!(status, Some(2), "{told}");
    for line in commands(&told, "MakeExecutable", &[]) {
        home.must(&line);
    }
    home.does(&enable);
    home.status(0);
    let program = file(&home, "open", 0o777);
    home.does(&["enable", "default", "--hook", program.to_str().unwrap()]);
    let told = home.status(0);
    for line in commands(&told, "OthersCanWrite", &[]) {
        home.must(&line);
    }
    let told = home.status(0);
    assert!(!told.contains("warning"), "{told}");
}

/// Another hook is configured.
#[test]
fn another_hook_is_replaced_and_brought_back_by_the_commands_that_are_named() {
    let home = Home::of_fixture("2.6.1", "config.foreign");
    let before = home.files();
    let told = home.status(1);
    let lines = commands(&told, "ReplaceHookOf", &[]);
    home.must(&lines[0]);
    let told = home.conex(&["enable", "--status"]).1;
    assert!(told.contains("ok       hook: "), "{told}");
    home.must(&lines[1]);
    assert_eq!(home.files(), before);
}

/// What is known of the files does not fit to what is there.
#[test]
fn what_is_known_of_files_is_forgotten_by_the_command_that_is_named() {
    let home = Home::new();
    let (tree, _) = home.signs("tree", "required", &["--unclaimed"]);
    let tree = tree.to_str().unwrap();
    // Times prove something to a run that starts later.
    std::thread::sleep(std::time::Duration::from_millis(3100));
    let full = ["-C", tree, "snapshot", "--as", "ann", "--full", "--yes"];
    home.does(&full);
    let known = std::fs::read_dir(home.path("keys/cache/state")).unwrap();
    let known = known.last().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&known).unwrap();
    let end = bytes.len() - 4;
    // The digest of the last directory is behind its name, and then comes the directory, with its name once more.
    let all = bytes.windows(6).enumerate();
    let names = all.filter(|(_, w)| w.starts_with(b"uutf") && !w.ends_with(b".1"));
    let at = names.map(|(at, _)| at).nth_back(1).unwrap();
    bytes[at + 4] ^= 1;
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[..end]);
    let checksum = crc.sum().to_le_bytes();
    bytes[end..].copy_from_slice(&checksum);
    std::fs::write(&known, bytes).unwrap();
    let (status, told) = home.conex(&full);
    assert_eq!(status, Some(1), "{told}");
    for line in commands(&told, "ForgetKnown", &[]) {
        home.must(&line);
    }
    home.does(&full);
}
