//! P2, P4: random sequences of honest steps that `check` accepts. A client that has seen state
//! *i* accepts every later state *j*, whatever it knows *i* by: memory, the tree that opam
//! holds, or both. No client that has seen *j* goes back to *i* if anything valid changed.
//!
//! ```text
//! check   0 ──► 1 ──► 2 ──► 3 ──► 4        each step alone
//! client  0 ──────────────► 3 ──► 4        all pairs
//! client        1 ◄──────────────          none
//! ```
//!
//! And nobody is led into a dead end: what `check` refuses of a change that people made with
//! the tools waits for somebody.
//!
//! `CONEX_SEQUENCES` is the number of sequences, 300 without it, and `CONEX_SEED` the first
//! seed; `tests/long transitivity` runs many.

mod clients;
mod people;
mod sequence;
mod steps;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rayon::prelude::*;

use crate::patch_support::random::Random;
use crate::patch_support::seed;
use clients::Clients;
use sequence::{Fate, Fates, Sequence};
use steps::{KINDS, Kind};

/// How many sequences, if `CONEX_SEQUENCES` does not say.
const SEQUENCES: u64 = 300;

/// P2, P4, U0 to U6: see above.
#[test]
fn whoever_missed_any_number_of_steps_follows_and_nobody_goes_back() {
    let sequences = std::env::var("CONEX_SEQUENCES").ok();
    let sequences = sequences.map_or(SEQUENCES, |n| n.parse().unwrap());
    let first = seed();
    let run = |seed: u64| {
        let sequence = Sequence::of(seed);
        let clients = Clients::new(&sequence.states, sequence.mode, Random(!seed));
        let dead_end = sequence.dead_ends.first();
        let dead_end = dead_end.map(|told| format!("a dead end {told}"));
        let verdicts = dead_end
            .map_or_else(|| clients.judge(), Err)
            .map_err(|why| {
                eprintln!("{}{why}", sequence.tell(seed));
                seed
            });
        (sequence.fates, sequence.states.len(), verdicts)
    };
    let results: Vec<_> = (first..first + sequences)
        .into_par_iter()
        .map(run)
        .collect();
    let mut fates = Fates::new();
    let (mut verdicts, mut states, mut failed) = (0, 0, Vec::new());
    for (of_one, len, judged) in results {
        for (key, n) in of_one {
            *fates.entry(key).or_default() += n;
        }
        states += len;
        match judged {
            Ok(n) => verdicts += n,
            Err(seed) => failed.push(seed),
        }
    }
    eprintln!(
        "{sequences} sequences from seed {first}, {states} states, {verdicts} verdicts\n{}",
        table(&fates)
    );
    assert!(failed.is_empty(), "seeds {failed:?}");
    if sequences >= SEQUENCES {
        for kind in KINDS.into_iter().chain([Kind::Snapshot]) {
            let n = fates.get(&(kind, Fate::Accepted));
            assert!(n.is_some(), "no step {kind:?} was ever accepted");
        }
    }
}

fn table(fates: &Fates) -> String {
    let mut text = String::new();
    let kinds: BTreeSet<Kind> = fates.keys().map(|(kind, _)| *kind).collect();
    for kind in kinds {
        let _ = write!(text, "  {kind:?}:");
        for ((_, fate), n) in fates.iter().filter(|((k, _), _)| *k == kind) {
            let _ = write!(text, " {fate:?} {n}");
        }
        text.push('\n');
    }
    text
}
