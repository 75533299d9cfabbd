//! Where the hook keeps what it keeps, and when it does not.

use std::os::unix::fs::PermissionsExt as _;

use crate::hook::run::{Machine, memories, run, snapshot, trust, two, write};

/// A home that cannot be written is a warning: opam goes on being usable.
#[test]
fn a_home_that_cannot_be_written_is_a_warning() {
    let (old, new) = two();
    let machine = Machine::new();
    // A file where a directory is needed stops root, too.
    std::fs::write(machine.path("home/.local"), "").unwrap();
    for world in [&new, &old] {
        run(machine.full(world, "r"))
            .accepted()
            .says("warning[E090]")
            .says("cannot be remembered");
    }
    let mut nowhere = machine.full(&new, "r");
    nowhere.arg("--state-dir=/proc/none/conex");
    run(nowhere).accepted().says("cannot be remembered");
}

/// What is there is still read, when it can no longer be written.
#[test]
fn a_memory_that_became_read_only_still_counts() {
    let (old, new) = two();
    let machine = Machine::new();
    run(machine.full(&new, "r")).accepted();
    let dir = machine.memory().parent().unwrap().to_owned();
    // Without a lock, as on a file system that has none or is read-only.
    std::fs::remove_file(dir.join("lock")).unwrap();
    std::fs::create_dir(dir.join("lock")).unwrap();
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o500)).unwrap();
    run(machine.full(&old, "r")).refused("E090");
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o700)).unwrap();
}

/// Nobody says where the home is: that is said, not passed over.
#[test]
fn without_a_home_the_user_is_told_that_nothing_is_remembered() {
    let (_, new) = two();
    let machine = Machine::new();
    let mut homeless = machine.full(&new, "r");
    homeless.env_remove("HOME");
    run(homeless)
        .accepted()
        .says("cannot be remembered")
        .says("HOME");
    let mut relative = machine.full(&new, "r");
    relative.env_remove("HOME").env("XDG_STATE_HOME", "state");
    run(relative).accepted().says("cannot be remembered");
    assert!(!machine.path("tmp/state").exists());
    let mut meant = machine.full(&new, "r");
    meant.env_remove("HOME").arg("--no-state");
    assert!(!run(meant).accepted().text.contains("remembered"));
}

#[test]
fn the_state_is_private_and_where_xdg_says() {
    let (_, new) = two();
    let machine = Machine::new();
    let mut elsewhere = machine.full(&new, "r");
    elsewhere.env("XDG_STATE_HOME", machine.path("xdg"));
    run(elsewhere).accepted();
    assert_eq!(memories(&machine.path("xdg/conex")).len(), 1);
    assert!(!machine.state().exists());
    for path in memories(&machine.path("xdg/conex")) {
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn with_no_state_nothing_is_read_or_written() {
    let (old, new) = two();
    let machine = Machine::new();
    run(machine.full(&new, "r")).accepted();
    std::fs::write(machine.memory(), "not a memory").unwrap();
    let before = snapshot(&machine.path("home"));
    for world in [&old, &new] {
        let mut command = machine.full(world, "r");
        command.arg("--no-state");
        run(command).accepted();
    }
    assert_eq!(snapshot(&machine.path("home")), before);
}

/// `--state-dir DIR` is another memory; it works with `--dir` alone, too.
#[test]
fn a_state_that_is_named_is_used_instead() {
    let (old, new) = two();
    let machine = Machine::new();
    let with = |world| {
        let mut command = machine.full(world, "r");
        command.arg(format!("--state-dir={}", machine.path("mine").display()));
        run(command)
    };
    with(&new).accepted();
    with(&old).refused("E090");
    assert!(!machine.state().exists());
    run(machine.full(&old, "r")).accepted();

    let work = machine.path("work/r");
    write(&old, &work);
    let mut command = machine.command();
    command
        .args(trust(&old))
        .arg(format!("--dir={}", work.display()));
    command.arg(format!("--state-dir={}", machine.path("mine").display()));
    run(command).refused("E090");
}

/// Somebody verifies a working copy: it neither follows from what opam has, nor does
/// opam's memory follow from it.
#[test]
fn a_directory_alone_neither_reads_nor_writes_the_memory() {
    let (old, new) = two();
    let machine = Machine::new();
    run(machine.full(&new, "r")).accepted();
    // It would be refused if it were read.
    std::fs::write(machine.memory(), "not a memory").unwrap();
    let work = machine.path("work/r");
    write(&old, &work);
    let before = (
        snapshot(&machine.path("home")),
        snapshot(&machine.path("work")),
    );
    let mut command = machine.command();
    command
        .args(trust(&old))
        .arg(format!("--dir={}", work.display()));
    run(command).accepted();
    let after = (
        snapshot(&machine.path("home")),
        snapshot(&machine.path("work")),
    );
    assert_eq!(before, after);
}
