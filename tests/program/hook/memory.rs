//! What the hook remembers: one at a time, whole, and never what was rejected.

use std::process::Stdio;

use conex_verify::workbench::update::Memory;

use crate::hook::run::{Answer, Machine, gnu_patch, memories, run, snapshot, two, write};
use crate::world::*;

/// opam runs several hooks at once, and two opam roots may update the same
/// repository. Old and new state come in any order: whatever the order, whoever
/// comes after the new one refuses the old one, and the new one is what is kept. The
/// first runs make the lock, too.
#[test]
fn many_hooks_at_once_keep_the_newest() {
    let (old, new) = two();
    let expected = {
        let machine = Machine::new();
        run(machine.full(&new, "r")).accepted();
        std::fs::read(machine.memory()).unwrap()
    };
    for round in 0..15 {
        let machine = Machine::new();
        let (a, b) = (machine.path("a"), machine.path("b"));
        write(&old, &a);
        write(&new, &b);
        let children: Vec<_> = (0..10)
            .map(|i| {
                let (world, dir) = if (i + round) % 2 == 0 {
                    (&old, &a)
                } else {
                    (&new, &b)
                };
                let child = machine
                    .full_at(world, "r", dir)
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .unwrap();
                (std::ptr::eq(dir, &b), child)
            })
            .collect();
        for (is_new, child) in children {
            let answer = Answer::of(&child.wait_with_output().unwrap());
            if is_new || answer.status == Some(0) {
                answer.accepted();
            } else {
                answer.refused("E090");
            }
        }
        assert_eq!(
            std::fs::read(machine.memory()).unwrap(),
            expected,
            "round {round}"
        );
        run(machine.full_at(&old, "r", &a)).refused("E090");
    }
}

/// Hooks for repositories of other names do not wait for each other, and each name has a
/// memory of its own. A name that has none starts from those of the others.
#[test]
fn hooks_for_other_names_have_memories_of_their_own() {
    let (old, new) = two();
    let machine = Machine::new();
    let names = ["default", "other", "r", "R", "r.tar", "a b", "-r"];
    let children: Vec<_> = names
        .map(|name| {
            machine
                .full(&new, name)
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .into();
    for child in children {
        Answer::of(&child.wait_with_output().unwrap()).accepted();
    }
    assert_eq!(memories(&machine.state()).len(), names.len());
    for name in names {
        run(machine.full(&old, name)).refused("E090");
    }
    run(machine.full(&old, "never-seen"))
        .refused("E090")
        .says("accepted as")
        .says("--state-dir");
    std::fs::remove_dir_all(machine.state()).unwrap();
    run(machine.full(&old, "r")).accepted();
    run(machine.full(&new, "other")).accepted();
    // From then on its own counts.
    run(machine.full(&old, "r")).accepted();
}

/// Another hook that does not end holds up only its own name, and the user is told
/// of it. (A minute is waited; so here it is only seen that there is no way around.)
#[test]
fn a_lock_that_somebody_holds_is_waited_for() {
    let (old, _) = two();
    let machine = Machine::new();
    run(machine.full(&old, "r")).accepted();
    let lock = machine.memory().with_file_name("lock");
    let held = std::fs::File::open(&lock).unwrap();
    rustix::fs::flock(&held, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let mut child = machine
        .full(&old, "r")
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    run(machine.full(&old, "other")).accepted();
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "it did not wait");
    drop(held);
    assert!(child.wait().unwrap().success());
}

/// Every byte of the file matters: changed, left out or added, it is refused. The
/// program is asked for some of them; the reader for all.
#[test]
fn a_memory_of_which_one_byte_is_changed_is_refused_with_a_way_out() {
    let (old, new) = two();
    let machine = Machine::new();
    run(machine.full(&new, "r")).accepted();
    let path = machine.memory();
    let good = std::fs::read(&path).unwrap();
    Memory::decode(&good).unwrap();
    for at in 0..good.len() {
        let mut less = good.clone();
        less.remove(at);
        let mut more = good.clone();
        more.insert(at, b'0');
        let mut variants = vec![less, more, good[..at].to_vec()];
        variants.extend([1, 2, 0x20, 0x80, 0xff].map(|bits| {
            let mut other = good.clone();
            other[at] ^= bits;
            other
        }));
        for bytes in variants {
            assert!(
                Memory::decode(&bytes).is_err(),
                "byte {at}: {}",
                bytes.escape_ascii()
            );
        }
        if at % 101 == 0 || at + 1 == good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            std::fs::write(&path, &bad).unwrap();
            for world in [&old, &new] {
                let answer = run(machine.full(world, "r"));
                answer
                    .refused("cannot be read")
                    .says("rm ")
                    .says(path.to_str().unwrap());
            }
            assert_eq!(std::fs::read(&path).unwrap(), bad, "evidence stays");
        }
    }
    // The way out.
    std::fs::remove_file(&path).unwrap();
    run(machine.full(&old, "r")).accepted();
}

/// Something else is where the memory should be, or it is empty.
#[test]
fn a_memory_that_is_not_a_readable_file_is_refused_with_a_way_out() {
    let (_, new) = two();
    let machine = Machine::new();
    run(machine.full(&new, "r")).accepted();
    let path = machine.memory();
    let away = machine.path("away");
    std::fs::rename(&path, &away).unwrap();
    let check = || {
        run(machine.full(&new, "r"))
            .refused("cannot be read")
            .says("rm ")
            .status
    };
    std::fs::create_dir(&path).unwrap();
    run(machine.full(&new, "r")).refused("rm -r ");
    std::fs::remove_dir(&path).unwrap();
    std::os::unix::fs::symlink(&away, &path).unwrap();
    check();
    std::fs::remove_file(&path).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &path,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    check();
    std::fs::remove_file(&path).unwrap();
    std::fs::write(&path, "").unwrap();
    check();
    // Of another repository, and of another name.
    std::fs::copy(&away, &path).unwrap();
    run(machine.full(&new, "r")).accepted();
    run(machine.full(&new, "other")).accepted();
    let other = memories(&machine.state())
        .into_iter()
        .find(|p| *p != path)
        .unwrap();
    std::fs::copy(&other, &path).unwrap();
    check();
}

/// A rejected run does not touch the memory, whatever it is rejected for.
#[test]
fn a_rejected_run_leaves_the_memory_as_it_is() {
    let (old, new) = two();
    let machine = Machine::new();
    run(machine.full(&new, "r")).accepted();
    let before = snapshot(&machine.state().join("memory"));
    run(machine.full(&old, "r")).refused("E090");
    let mut evil = new.clone();
    evil.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n");
    let entry = evil.checksum("fmt.1.0", at(0, 7));
    evil.says("thief", vec![entry]);
    run(machine.full(&evil, "r")).refused("E022");
    run(machine.update(&new, b"Only in r: x\n", "r")).refused("E070");
    let mut other = evil.clone();
    other.anchors = vec!["thief".to_owned()];
    other.quorum = 1;
    run(machine.full(&other, "r")).refused("E033");
    assert_eq!(snapshot(&machine.state().join("memory")), before);
    // An accepted one that is nothing new writes nothing either.
    run(machine.full(&new, "r")).accepted();
    assert_eq!(snapshot(&machine.state().join("memory")), before);
}

/// The hook accepted, and opam failed to apply: the same patch comes again, on the
/// old tree.
#[test]
fn the_retry_after_an_acceptance_passes() {
    let (old, new) = two();
    let machine = Machine::new();
    run(machine.full(&old, "r")).accepted();
    let patch = gnu_patch(&machine, &old, &new, "r");
    for _ in 0..3 {
        run(machine.update(&old, &patch, "r")).accepted();
    }
    // Then it is applied, and nothing is left to do.
    run(machine.update(&new, b"", "r")).accepted();
    run(machine.update(&old, b"", "r")).refused("E090");
}

/// Another repository takes over the name, with anchors of as many janitors of the one before
/// as a quorum needs: refused, with the way out. With anchors of others, or a link that is
/// pinned, it is what the user said.
#[test]
fn another_repository_under_the_same_name_and_anchors_is_refused() {
    let (old, _) = two();
    let mut other = World::empty();
    let mut first = link(2, &["ja", "jb", "jc"], &["ja", "jb", "jc"]);
    first.repository = "another".to_owned();
    other.link(&first);
    let mut other = other.trusting(2, &["ja", "jb", "jc"]);
    let machine = Machine::new();
    run(machine.full(&old, "r")).accepted();
    run(machine.full(&other, "r"))
        .refused("E095")
        .says("new anchors");
    other.pin = Some(other.identity());
    run(machine.full(&other, "r")).accepted();
    other.pin = None;
    std::fs::remove_dir_all(machine.state()).unwrap();
    run(machine.full(&old, "r")).accepted();
    let fewer = other.clone().trusting(2, &["ja", "jb"]);
    run(machine.full(&fewer, "r")).refused("E095");
    let mut others = World::empty();
    others.link(&link(1, &["jd"], &["jd"]));
    let others = others.trusting(1, &["jd"]);
    run(machine.full(&others, "r")).accepted();
    // The first one is still known.
    assert_eq!(memories(&machine.state()).len(), 2);
    std::fs::remove_dir_all(machine.state()).unwrap();
    run(machine.full(&old, "r")).accepted();
    std::fs::remove_file(machine.memory()).unwrap();
    run(machine.full(&other, "r")).accepted();
}
