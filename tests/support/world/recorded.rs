//! With a record of what was accepted, without one, and with a damaged one a client says the
//! same of an update, in both forms.

use std::sync::atomic::{AtomicUsize, Ordering};

use conex_verify::finding::Finding;
use conex_verify::format::digest::Digest;
use conex_verify::tree::{Bytes, Tree};
use conex_verify::workbench::published::shorten;
use conex_verify::workbench::trust::anchors::Client;
use conex_verify::workbench::verify::Mode;
use conex_verify::{Memories, Outcome, Policy, Request, Subject, Undecided, verify};

/// What a client keeps.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    pub memory: Option<Vec<u8>>,
    pub record: Option<Vec<u8>>,
}

impl Memories for Kept {
    fn recall(&self, _: &str, _: Digest) -> Result<Vec<Vec<u8>>, String> {
        Ok(self.memory.iter().cloned().collect())
    }

    fn record(&self, _: &str) -> Option<Vec<u8>> {
        self.record.clone()
    }
}

/// How many updates were accepted by a record, and how many by the whole, since the start.
pub static BY_RECORD: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];

/// What is kept after an acceptance: the memory and the record.
pub type ToKeep = (Vec<u8>, Option<Vec<u8>>);

/// Everything that an outcome is: what is said, and what is kept if the tree is accepted.
pub fn all_of(outcome: &Outcome) -> (Vec<Finding>, String, Option<ToKeep>) {
    let report = outcome.report();
    let facts = format!(
        "{:?} {:?} {:?} {:?} {:?}",
        report.summary, report.identity, report.chain, report.state, report.snapshot
    );
    let kept = match outcome {
        Outcome::Accepted { memory, record, .. } => Some((memory.clone(), record.clone())),
        _ => None,
    };
    (report.findings.clone(), facts, kept)
}

/// What a client says that keeps this.
///
/// # Errors
/// What it keeps cannot be read.
pub fn says(
    policy: &Policy,
    kept: &Kept,
    before: Option<&Tree>,
    tree: &Tree,
) -> Result<Outcome, Undecided> {
    verify(&Request {
        policy,
        name: "default",
        subject: Subject::Whole { tree, before },
        memories: kept,
    })
}

/// Compares what a client says of `new` that accepted `old`, if it accepts `old`. Gives how many
/// packages were not judged again, at most.
pub fn compare(client: &Client, mode: Mode, old: &Tree, new: &Tree) -> usize {
    let policy = Policy::of(client.clone(), mode == Mode::NoStrict);
    let mut most = 0;
    if policy.mode() != mode {
        return most;
    }
    let says = |kept: &Kept, before: Option<&Tree>, tree: &Tree| {
        says(&policy, kept, before, tree).unwrap()
    };
    let published = shorten(old).ok().zip(shorten(new).ok());
    for (old, new) in [Some((old.clone(), new.clone())), published]
        .into_iter()
        .flatten()
    {
        let nothing = Kept {
            memory: None,
            record: Some(Vec::new()),
        };
        let Outcome::Accepted { memory, record, .. } = says(&nothing, None, &old) else {
            continue;
        };
        let kept = Kept {
            memory: Some(memory),
            record,
        };
        let without = Kept {
            record: Some(Vec::new()),
            ..kept.clone()
        };
        let mut other = old.clone();
        let damaged = other.files.iter_mut().nth(old.files.len() / 2);
        if let Some((_, bytes)) = damaged {
            *bytes = [&bytes[..], b"\n"].concat().into();
        }
        for before in [None, Some(&old), Some(&other), Some(&new)] {
            let by_record = says(&kept, before, &new);
            let by_whole = says(&without, before, &new);
            let settled = by_record.report().settled;
            BY_RECORD[usize::from(settled == 0)].fetch_add(1, Ordering::Relaxed);
            most = most.max(settled);
            assert_eq!(all_of(&by_record), all_of(&by_whole), "{settled} settled");
        }
        let mut bytes = kept.record.clone().unwrap();
        let at = bytes.len() / 3;
        bytes[at] ^= 1;
        let damaged = Kept {
            record: Some(bytes),
            ..kept
        };
        let said = says(&damaged, Some(&old), &new);
        assert_eq!(all_of(&said), all_of(&says(&without, Some(&old), &new)));
        assert_eq!(said.report().settled, 0);
    }
    most
}

/// [`compare`] for a tenth of the updates of small repositories, chosen by what changes: it takes
/// some twenty verdicts. `CONEX_RECORDS=all` asks it of every update.
pub fn sample(client: &Client, mode: Mode, old: &Tree, new: &Tree) {
    if chosen(old, new) {
        compare(client, mode, old, new);
    }
}

fn chosen(before: &Tree, after: &Tree) -> bool {
    if std::env::var_os("CONEX_RECORDS").is_some_and(|which| which == "all") {
        return true;
    }
    let changed = |(path, bytes): &(&String, &Bytes)| before.get(path) != Some(*bytes);
    let first = after.files.iter().find(changed);
    let removed = || before.files.len() - after.files.len();
    let number = first.map_or_else(removed, |(_, bytes)| bytes.len());
    before.files.len() < 1000 && number % 10 == 0
}
