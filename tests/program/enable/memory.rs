//! `--status` judges what opam holds as the hook would: with its options and with its memory.

use std::path::{Path, PathBuf};

use super::home::{CONEX, Home, copy, printed};
use crate::typed_hints::commands;

/// A home whose opam holds the first of two states of a repository; where the second is, and the anchors.
fn two_states() -> (Home, [PathBuf; 2], String) {
    let home = Home::new();
    let (old, anchors) = home.signs("old", "optional", &["--unclaimed"]);
    let new = home.path("new");
    copy(&old, &new);
    let release = new.join("packages/fmt/fmt.0.11.0");
    std::fs::create_dir(&release).unwrap();
    std::fs::copy(
        new.join("packages/fmt/fmt.0.10.0/opam"),
        release.join("opam"),
    )
    .unwrap();
    home.does(&["-C", new.to_str().unwrap(), "sign", "--as", "ann", "--yes"]);
    std::fs::create_dir_all(home.root().join("repo")).unwrap();
    std::fs::write(home.root().join("config"), "opam-version: \"2.0\"\n").unwrap();
    home.repositories(&[("default", "")]);
    home.holds("default", &old);
    home.does(&["enable", "default", "--anchors", &anchors]);
    (home, [old, new], anchors)
}

/// What the hook is asked when opam takes this tree over.
pub fn hook(home: &Home, tree: &Path, anchors: &str, more: &[&str]) {
    let mut command = home.command(CONEX);
    command
        .args(["verify", "--incremental=false", "--quorum=1"])
        .arg(format!("--anchors={anchors}"))
        .arg(format!(
            "--repo={}",
            home.root().join("repo/default").display()
        ))
        .arg(format!("--dir={}", tree.display()))
        .args(more);
    let (status, text) = printed(command.output().unwrap());
    assert_eq!(status, Some(0), "{text}");
}

/// M1: Whoever puts an old copy in the place of what opam holds gets nothing past `--status`: the hook remembers the
/// newer state.
#[test]
fn an_older_copy_than_the_hook_remembers_is_not_called_valid() {
    let (home, [old, new], anchors) = two_states();
    home.status(0);
    hook(&home, &new, &anchors, &[]);
    let text = home.status(1);
    assert!(
        text.contains("what opam holds is not valid: error[E09"),
        "{text}"
    );
    home.holds("default", &new);
    home.status(0);
    // Looking leaves no trace.
    let state = home.path("home/.local/state/conex");
    std::fs::remove_dir_all(&state).unwrap();
    home.holds("default", &old);
    home.status(0);
    assert!(!state.exists());
}

/// M4: The hook refuses every update while its memory is damaged, and so `--status` says it, with the way out.
#[test]
fn a_damaged_memory_is_said_and_not_passed_over() {
    let (home, [old, _], anchors) = two_states();
    hook(&home, &old, &anchors, &[]);
    home.status(0);
    let memory = home.path("home/.local/state/conex/memory");
    let name = std::fs::read_dir(&memory)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let files = std::fs::read_dir(&name).unwrap().map(|e| e.unwrap().path());
    let file = files
        .filter(|path| !path.ends_with("lock") && !path.ends_with("record"))
        .last()
        .unwrap();
    let good = std::fs::read_to_string(&file).unwrap();
    for bad in [
        String::new(),
        good.replace("state ", "state f"),
        good.replace("link 0 ", "link 1 "),
    ] {
        std::fs::write(&file, bad).unwrap();
        let text = home.status(1);
        assert!(
            text.contains("every update is refused: what was accepted before cannot be read"),
            "{text}"
        );
        for line in commands(&text, "GiveUpMemory", &[]) {
            home.must(&line);
        }
        home.status(0);
    }
}

/// The state directory is the one that the hook is told, and `--no-state` is no memory.
#[test]
fn status_looks_where_the_hook_keeps_its_memory() {
    let (home, [_, new], anchors) = two_states();
    let state = format!("--state-dir={}", home.path("elsewhere").display());
    hook(&home, &new, &anchors, &[&state]);
    home.status(0);
    let config = home.root().join("config");
    let text = std::fs::read_to_string(&config).unwrap();
    let with = |word: &str| {
        std::fs::write(
            &config,
            text.replacen("\"verify\"", &format!("\"verify\" \"{word}\""), 1),
        )
    };
    with(&state).unwrap();
    home.status(1);
    with("--no-state").unwrap();
    home.status(0);
}

/// An option of the hook counts, and one that the hook cannot read refuses every update.
#[test]
fn what_the_hook_is_told_besides_counts() {
    let (home, ..) = two_states();
    let config = home.root().join("config");
    let text = std::fs::read_to_string(&config).unwrap();
    for (word, says) in [
        ("--require-snapshot", "E063"),
        ("--max-age=soon", "every update is refused: --max-age"),
        ("--format=yaml", "every update is refused: "),
    ] {
        let with = text.replacen("\"verify\"", &format!("\"verify\" \"{word}\""), 1);
        std::fs::write(&config, with).unwrap();
        let status = home.status(1);
        assert!(status.contains(says), "{word}: {status}");
    }
}
