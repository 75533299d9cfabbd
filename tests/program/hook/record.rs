//! The record of what was accepted: a hook with one, without one, with a damaged one and with
//! that of another state says the same.

use crate::hook::run::{Answer, Machine, gnu_patch, run, two, write};
use crate::world::*;

/// What a record can be when the hook starts.
const DAMAGES: [fn(&mut Vec<u8>); 5] = [
    |_| {},
    Vec::clear,
    |record| record.truncate(record.len() / 2),
    |record| record[100] ^= 1,
    |record| record.splice(.., *b"\xff\0conex-record 1\n").for_each(drop),
];

/// What a hook says, but for the seconds that it took.
fn said(answer: &Answer) -> (Option<i32>, String) {
    let seconds = |line: &str| line.split(" checked in ").next().map(str::to_owned);
    let lines: Vec<String> = answer.text.lines().filter_map(seconds).collect();
    (answer.status, lines.join("\n"))
}

#[test]
fn a_record_changes_nothing_that_the_hook_says_or_remembers() {
    let (old, new) = two();
    let mut forged = new.clone();
    forged.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n# forged\n");
    let mut outcomes = Vec::new();
    for damage in DAMAGES {
        for next in [&new, &forged, &old] {
            let machine = Machine::new();
            run(machine.full(&old, "r")).accepted();
            let record = machine.memory().with_file_name("record");
            let mut bytes = std::fs::read(&record).unwrap();
            damage(&mut bytes);
            std::fs::write(&record, bytes).unwrap();
            let patch = gnu_patch(&machine, &old, next, "r");
            let answer = run(machine.update(&old, &patch, "r"));
            let memory = std::fs::read(machine.memory()).unwrap();
            let record = std::fs::read(&record).unwrap_or_default();
            let record = (answer.status == Some(0)).then_some(record);
            outcomes.push((said(&answer), memory, record));
        }
    }
    let (first, others) = outcomes.split_at(3);
    assert_eq!(first[0].0.0, Some(0));
    assert_eq!(first[1].0.0, Some(1));
    for outcome in others.chunks(3) {
        assert!(outcome == first, "{:?}\n{:?}", outcome[0].0, first[0].0);
    }
}

/// opam applied half of an update, or somebody changed a file of its copy: the record is of
/// another tree, and the next update is judged as a whole.
#[test]
fn a_tree_that_was_changed_behind_the_hook_is_judged_as_a_whole() {
    let (old, new) = two();
    let machine = Machine::new();
    run(machine.full(&old, "r")).accepted();
    let mut held = old.clone();
    held.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n# changed\n");
    let mut next = new.clone();
    next.file(&opam_path("fmt.1.0"), "opam-version: \"2.0\"\n# changed\n");
    let patch = gnu_patch(&machine, &held, &next, "r");
    run(machine.update(&held, &patch, "r")).refused("E014");
    let patch = gnu_patch(&machine, &held, &new, "r");
    run(machine.update(&held, &patch, "r")).accepted();
}

/// A directory where the record belongs, or one that cannot be written, costs time only.
#[test]
fn a_record_that_cannot_be_kept_is_no_reason_to_refuse() {
    let (old, new) = two();
    let machine = Machine::new();
    run(machine.full(&old, "r")).accepted();
    let record = machine.memory().with_file_name("record");
    std::fs::remove_file(&record).unwrap();
    std::fs::create_dir(&record).unwrap();
    std::fs::write(record.join("x"), "x").unwrap();
    let dir = machine.path("new");
    write(&new, &dir);
    let answer = run(machine.full_at(&new, "r", &dir));
    answer.accepted();
    assert!(!answer.text.contains("warning"), "{}", answer.text);
}

/// A second memory under the name, of another repository, is read as well: damaged, it stops the
/// update, whatever the record says of the first.
#[test]
fn a_damaged_memory_of_another_repository_is_not_passed_over() {
    let (old, new) = two();
    let other = World::with_janitors(1, &["jx"]).nostrict();
    let machine = Machine::new();
    run(machine.full(&other, "r")).accepted();
    let path = machine.memory();
    run(machine.full(&old, "r")).accepted();
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.len() - 20;
    bytes[at] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let patch = gnu_patch(&machine, &old, &new, "r");
    run(machine.update(&old, &patch, "r")).refused("cannot be read");
}
