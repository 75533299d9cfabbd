//! The hook is killed: what it remembers is the old or the new, never a part of it.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::hook::run::{Machine, run, snapshot, write};
use crate::world::*;

/// So many releases that writing takes a while.
fn large() -> (World, World) {
    let mut old = World::usual();
    let mut entries = Vec::new();
    for n in 2..400 {
        let release = format!("fmt.{n}.0");
        old.file(&opam_path(&release), OPAM);
        entries.push(old.checksum(&release, at(0, 1)));
    }
    entries.push(old.release_list("fmt", at(0, 2)));
    old.says("bob", entries);
    let mut new = old.clone();
    let entry = new.checksum("fmt.1.0", at(0, 2));
    new.says("bob", vec![entry]);
    (old, new)
}

#[test]
fn a_killed_hook_leaves_the_old_memory_or_the_new_one() {
    let (old, new) = large();
    let machine = Machine::new();
    let (a, b) = (machine.path("a"), machine.path("b"));
    write(&old, &a);
    write(&new, &b);
    run(machine.full_at(&old, "r", &a)).accepted();
    let path = machine.memory();
    let before = std::fs::read(&path).unwrap();
    let start = Instant::now();
    run(machine.full_at(&new, "r", &b)).accepted();
    let whole = start.elapsed();
    let after = std::fs::read(&path).unwrap();
    assert_ne!(before, after);
    let (mut olds, mut news) = (0, 0);
    for n in 0..60_u32 {
        std::fs::write(&path, &before).unwrap();
        let mut child = machine
            .full_at(&new, "r", &b)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(whole * n / 50);
        let _ = child.kill();
        let _ = child.wait();
        let now = std::fs::read(&path).unwrap();
        if now == before {
            olds += 1;
        } else {
            assert!(
                now == after,
                "{} bytes of {} or {}",
                now.len(),
                before.len(),
                after.len()
            );
            news += 1;
        }
    }
    println!("killed within {whole:?}: {olds} old, {news} new");
    // Nobody waits for a lock of the dead, and nothing of them stays.
    let start = Instant::now();
    run(machine.full_at(&new, "r", &b)).accepted();
    assert!(start.elapsed() < Duration::from_secs(30));
    let left: Vec<String> = snapshot(&machine.state())
        .into_keys()
        .filter(|p| p.starts_with("memory/") && p.ends_with(".tmp"))
        .collect();
    assert_eq!(left, [""; 0]);
}

/// In a container each run may have the same process number, and so may have the
/// names of temporary files: what the dead left does not stop the living.
#[test]
fn what_killed_hooks_left_does_not_pile_up() {
    let (old, _) = large();
    let machine = Machine::new();
    run(machine.full(&old, "r")).accepted();
    let dir = machine.memory().parent().unwrap().to_owned();
    for n in 0..200 {
        std::fs::write(dir.join(format!(".conex-7-{n}.tmp")), "part").unwrap();
    }
    run(machine.full(&old, "r")).accepted();
    assert_eq!(
        std::fs::read_dir(&dir).unwrap().count(),
        3,
        "the lock, the memory and the record"
    );
}
