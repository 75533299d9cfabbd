//! The hook reads. It writes below its state directory, to the terminal, and settings for
//! patches into the `.git/config` of a clone; it starts no process and opens no socket.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::hook::run::{
    Machine, archive, commit, git, gnu_patch, run, snapshot, trust, two, write,
};
use crate::world::*;

/// What a run may have written to, outside of its state.
fn differences(before: &Path, run: impl FnOnce()) -> Vec<String> {
    let old = snapshot(before);
    run();
    let new = snapshot(before);
    let mut names: Vec<String> = old.keys().chain(new.keys()).cloned().collect();
    names.sort();
    names.dedup();
    names.retain(|name| old.get(name) != new.get(name));
    names
}

/// A directory, an archive, a patch for each; accepted and rejected. Not one byte, not
/// one time, not one mode below opam's root changes.
#[test]
fn nothing_below_opams_root_changes() {
    let (old, new) = two();
    let mut evil = new.clone();
    evil.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n");
    let machine = Machine::new();
    let root = machine.path("root");
    let forth = gnu_patch(&machine, &old, &new, "r");
    for (world, status) in [(&new, 0), (&evil, 1)] {
        for command in [
            machine.full(world, "r"),
            machine.full_at(world, "r.tar.gz", &{
                let file = machine.path("root/repo/r.tar.gz.new");
                std::fs::write(&file, archive(world)).unwrap();
                file
            }),
        ] {
            let changed = differences(&root, || assert_eq!(run(command).status, Some(status)));
            assert_eq!(changed, [""; 0]);
        }
    }
    let command = machine.update(&old, &forth, "r");
    assert_eq!(
        differences(&root, || {
            run(command).accepted();
        }),
        [""; 0]
    );
    let command = machine.update(&evil, b"", "r");
    assert_eq!(
        differences(&root, || {
            run(command).refused("E014");
        }),
        [""; 0]
    );
}

/// Of a clone one file changes, `.git/config`, once, by the settings for patches.
#[test]
fn of_a_clone_only_the_settings_change() {
    let (old, new) = two();
    let machine = Machine::new();
    let repo = machine.path("root/repo/r");
    commit(&old, &repo);
    let config = repo.join(".git/config");
    let before = std::fs::read_to_string(&config).unwrap();
    let changed = differences(&machine.path("root"), || {
        run(machine.full_at(&old, "r", &repo)).accepted();
    });
    // The file is another one (it was replaced as a whole), in the same directory.
    assert_eq!(changed, ["repo/r/.git", "repo/r/.git/config"]);
    let after = std::fs::read_to_string(&config).unwrap();
    let added = after.strip_prefix(&before).unwrap();
    assert!(added.starts_with("[color]\n\tdiff = false\n[diff]\n\trenames = false\n"));
    assert_eq!(
        git(&repo, &[], &["config", "diff.renames"]).stdout,
        b"false\n"
    );
    // Once: and an update, accepted or rejected, changes nothing more.
    let mut evil = new.clone();
    evil.remove("packages/fmt/releases");
    for (next, accepted) in [(&old, true), (&new, true), (&evil, false)] {
        let patch = git_patch(&machine, &old, next);
        let command = machine.update_at(&old, &patch, &repo);
        let changed = differences(&machine.path("root"), || {
            assert_eq!(run(command).status == Some(0), accepted);
        });
        assert_eq!(changed, [""; 0]);
    }
}

fn git_patch(machine: &Machine, old: &World, new: &World) -> Vec<u8> {
    let dir = machine.path("tmp/clone");
    commit(new, &dir);
    write(old, &dir);
    git(&dir, &[], &["add", "."]);
    let patch = git(
        &dir,
        &[],
        &["diff", "--text", "--no-renames", "-R", "-p", "HEAD", "--"],
    )
    .stdout;
    std::fs::remove_dir_all(dir).unwrap();
    patch
}

/// A `.git/config` that is a link, has two names, or is none is left alone; so is a
/// `.git` that is a link. The verdict is what it is.
#[test]
fn nothing_is_written_through_a_link_in_a_clone() {
    let (old, _) = two();
    for what in ["link", "hard link", "fifo", "directory", "missing"] {
        let machine = Machine::new();
        let repo = machine.path("root/repo/r");
        commit(&old, &repo);
        let config = repo.join(".git/config");
        let target = machine.path("tmp/target");
        std::fs::rename(&config, &target).unwrap();
        match what {
            "link" => std::os::unix::fs::symlink(&target, &config).unwrap(),
            "hard link" => std::fs::hard_link(&target, &config).unwrap(),
            "directory" => std::fs::create_dir(&config).unwrap(),
            "fifo" => {
                let status = Command::new("mkfifo").arg(&config).status().unwrap();
                assert!(status.success());
            }
            _ => {}
        }
        let roots = [machine.path("root"), machine.path("tmp")];
        let before = roots.each_ref().map(|r| snapshot(r));
        run(machine.full_at(&old, "r", &repo))
            .accepted()
            .says("warning[E073]");
        assert_eq!(roots.each_ref().map(|r| snapshot(r)), before, "{what}");
    }
}

/// Without opam nothing is set: somebody verifies a clone of their own.
#[test]
fn a_clone_that_is_not_opams_is_left_alone() {
    let (old, _) = two();
    let machine = Machine::new();
    let dir = machine.path("work");
    commit(&old, &dir);
    let before = snapshot(&dir);
    let mut command = machine.command();
    command
        .args(trust(&old))
        .arg(format!("--dir={}", dir.display()));
    run(command).accepted();
    assert_eq!(snapshot(&dir), before);
}

/// Whether `strace` can be used; with `CONEX_REQUIRE_ORACLES=1` it must.
fn strace() -> bool {
    let works = Command::new("strace")
        .args(["-f", "-o", "/dev/null", "true"])
        .output()
        .is_ok_and(|o| o.status.success());
    let required = std::env::var_os("CONEX_REQUIRE_ORACLES").is_some_and(|v| v == "1");
    assert!(
        works || !required,
        "strace does not work, and CONEX_REQUIRE_ORACLES=1"
    );
    if !works {
        println!("NOT RUN: strace is not installed, or not allowed");
    }
    works
}

/// The system calls of one run, each on one line without the process number.
fn traced(machine: &Machine, command: &Command) -> Vec<String> {
    let log = machine.path("tmp/strace");
    let output = Command::new("strace")
        .args(["-f", "-s", "4096", "-o"])
        .arg(&log)
        .arg(command.get_program())
        .args(command.get_args())
        .env_clear()
        .env("HOME", machine.path("home"))
        .current_dir(machine.path("tmp"))
        .output()
        .unwrap();
    assert!(output.status.code().is_some(), "{output:?}");
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::remove_file(&log).unwrap();
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(_, call)| call.trim_start().to_owned())
        .collect()
}

/// What the system calls did that a reader does not do.
fn deeds(machine: &Machine, calls: &[String]) -> Vec<String> {
    let state: PathBuf = machine.state();
    let state = state.to_str().unwrap();
    let mut executed = 0;
    let mut found = Vec::new();
    for call in calls {
        let name = call.split('(').next().unwrap_or_default();
        let bad = match name {
            "execve" | "execveat" => {
                executed += 1;
                executed > 1
            }
            "fork" | "vfork" => true,
            // A thread is made with this flag, a process without.
            "clone" | "clone3" => {
                !call.contains("CLONE_THREAD") && !call.starts_with("clone3 resumed")
            }
            "socket" | "socketpair" | "connect" | "bind" | "listen" | "accept" | "accept4"
            | "sendto" | "sendmsg" | "ptrace" | "kill" | "tkill" => true,
            "open" | "creat" | "openat" => {
                let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC", "O_APPEND"];
                // Relative names are below a directory that was opened before, which
                // the snapshots of the other tests are about.
                let below = call.contains(state)
                    || call.contains("\"/dev/tty\"")
                    || call.contains("\".conex-");
                writes.iter().any(|w| call.contains(w)) && !below
            }
            "rename" | "renameat" | "renameat2" => !call.contains("\".conex-"),
            "unlink" | "unlinkat" => !(call.contains("\".conex-") || call.contains(state)),
            "mkdir" => !call.contains(state.trim_end_matches("/conex")) && !call.contains(".local"),
            "mkdirat" => {
                !(call.contains("\"memory\"") || call.contains("\"reports\"") || is_hash(call))
            }
            "link" | "linkat" | "symlink" | "symlinkat" | "mknod" | "mknodat" | "chmod"
            | "fchmodat" | "chown" | "fchown" | "lchown" | "fchownat" | "truncate"
            | "ftruncate" | "utimensat" | "setxattr" | "lsetxattr" | "fsetxattr" | "mount"
            | "rmdir" => true,
            _ => false,
        };
        if bad {
            found.push(call.clone());
        }
    }
    assert_eq!(executed, 1, "strace saw the start");
    found
}

/// The name of a directory of memories: sixteen hex digits.
fn is_hash(call: &str) -> bool {
    call.split('"')
        .nth(1)
        .is_some_and(|name| name.len() == 16 && name.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn no_process_is_started_no_socket_opened_and_nothing_else_written() {
    if !strace() {
        return;
    }
    let (old, new) = two();
    let mut evil = new.clone();
    evil.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n");
    let machine = Machine::new();
    let clone = machine.path("root/repo/clone");
    commit(&old, &clone);
    let file = machine.path("root/repo/r.tar.gz.new");
    std::fs::write(&file, archive(&new)).unwrap();
    let patch = gnu_patch(&machine, &old, &new, "r");
    let directory = machine.full(&new, "r");
    for (what, command) in [
        ("directory", directory),
        ("archive", machine.full_at(&new, "r.tar.gz", &file)),
        ("clone", machine.full_at(&old, "clone", &clone)),
        ("patch", machine.update(&old, &patch, "p")),
        ("old", machine.full(&old, "r")),
        ("evil", machine.full(&evil, "evil")),
        (
            "usage",
            machine.full_at(&evil, "none", Path::new("/nowhere")),
        ),
    ] {
        let calls = traced(&machine, &command);
        assert!(calls.len() > 50, "{what}: {calls:?}");
        assert_eq!(deeds(&machine, &calls), [""; 0], "{what}");
    }
}

/// The test above can fail: what is no reader is seen.
#[test]
#[cfg_attr(not(feature = "oracles"), ignore = "needs other programs: tests/run")]
fn strace_sees_what_a_reader_does_not_do() {
    if !strace() {
        return;
    }
    let machine = Machine::new();
    let mut shell = Command::new("sh");
    shell.args(["-c", "cat /dev/null; echo x > written"]);
    let calls = traced(&machine, &shell);
    let found = std::panic::catch_unwind(|| deeds(&machine, &calls));
    let text = match found {
        Ok(found) => found.join("\n"),
        Err(_) => "execve".to_owned(),
    };
    assert!(text.contains("execve"), "{text}");
}
