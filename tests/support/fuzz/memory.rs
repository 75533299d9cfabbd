//! What the hook keeps: a memory that is read is written as it was, and a record that is damaged
//! changes nothing of what is said.

use std::sync::LazyLock;

use conex_verify::workbench::update::Memory;
use conex_verify::{Outcome, Undecided};

use crate::world::recorded::{Kept, all_of, says};
use crate::world::{World, at, covered};

/// A tree, the one after it, and what a client keeps that accepted the first.
struct Honest {
    before: World,
    after: World,
    kept: Kept,
}

static HONEST: LazyLock<Honest> = LazyLock::new(|| {
    let before = covered();
    let mut after = before.clone();
    after.file("packages/fmt/fmt.1.0/files/a", "x");
    let entry = after.checksum("fmt.1.0", at(0, 2));
    after.says("bob", vec![entry]);
    after.stated("bob", at(0, 2));
    let nothing = Kept {
        memory: None,
        record: Some(Vec::new()),
    };
    let Outcome::Accepted { memory, record, .. } =
        says(&before.policy(), &nothing, None, &before.tree).unwrap()
    else {
        panic!("not accepted");
    };
    let kept = Kept {
        memory: Some(memory),
        record,
    };
    Honest {
        before,
        after,
        kept,
    }
});

pub fn material() -> Vec<Vec<u8>> {
    let Kept { memory, record } = HONEST.kept.clone();
    memory.into_iter().chain(record).collect()
}

pub fn holds(bytes: &[u8]) {
    let Honest {
        before,
        after,
        kept,
    } = &*HONEST;
    let policy = before.policy();
    let judge = |kept: &Kept| says(&policy, kept, Some(&before.tree), &after.tree);
    let is_record = bytes.starts_with(b"conex-record");
    if is_record {
        let damaged = Kept {
            record: Some(bytes.to_vec()),
            ..kept.clone()
        };
        let without = Kept {
            record: Some(Vec::new()),
            ..kept.clone()
        };
        let (damaged, without) = (judge(&damaged).unwrap(), judge(&without).unwrap());
        assert!(all_of(&damaged) == all_of(&without), "the record counts");
        return;
    }
    for bytes in [bytes.to_vec(), ended(bytes)] {
        let read = Memory::decode(&bytes);
        if let Ok(memory) = &read {
            assert!(memory.encode() == bytes, "two memories of one value");
        }
        let known = Kept {
            memory: Some(bytes),
            record: None,
        };
        match (judge(&known), read) {
            (Ok(_), Ok(_)) => {}
            (Err(Undecided::Memory { error, .. }), Err(why)) => assert_eq!(error, why),
            (said, read) => panic!("{said:?} of {read:?}"),
        }
    }
}

/// The same lines with the last one that fits them: a wrong one would hide the rest.
fn ended(bytes: &[u8]) -> Vec<u8> {
    let end = bytes.windows(5).rposition(|w| w == b"\nend ");
    let lines = &bytes[..end.map_or(bytes.len(), |at| at + 1)];
    let digest = conex_verify::format::digest::Digest::of(lines);
    [lines, format!("end {}\n", digest.short()).as_bytes()].concat()
}
