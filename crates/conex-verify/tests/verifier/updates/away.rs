//! A client that was away sees what one sees that took every step.

use crate::client::Client;
use crate::patch_support::random::Random;
use crate::patch_support::{cases, seed};
use crate::updates::history::history;

/// Every honest state is accepted after every earlier one, by tree, by memory, and
/// by both; and afterwards both clients remember the same.
#[test]
fn honest_histories_are_accepted_with_and_without_gaps() {
    let count = cases(40).div_ceil(10);
    for seed in seed()..seed() + u64::try_from(count).unwrap() {
        println!("seed {seed}");
        let states = history(&mut Random(seed), 8);
        let mut steady = Client::default();
        for (n, state) in states.iter().enumerate() {
            steady.updates(state).is_accepted();
            for old in &states[..n] {
                let mut away = Client::after(&[old]);
                away.without_memory().says(state).is_accepted();
                away.added_again().says(state).is_accepted();
                away.updates(state).is_accepted();
                assert_eq!(away.memory, steady.memory, "seed {seed}, state {n}");
            }
        }
    }
}

/// And every earlier state with other signed content is refused after a later one.
#[test]
fn no_earlier_state_is_accepted_after_a_later_one() {
    let count = cases(40).div_ceil(10);
    for seed in seed()..seed() + u64::try_from(count).unwrap() {
        println!("seed {seed}");
        let states = history(&mut Random(seed), 8);
        for (n, state) in states.iter().enumerate() {
            let client = Client::after(&[state]);
            for (m, old) in states[..n].iter().enumerate() {
                let before = Client::after(&[old]);
                // Where nothing signed changed, old and new cannot be told apart.
                let registers = |c: &Client| c.memory.as_ref().unwrap().registers.clone();
                let same = registers(&before) == registers(&client);
                let verdict = client.added_again().says(old);
                assert_eq!(
                    verdict.accepted,
                    same,
                    "seed {seed}: {m} after {n}\n{}",
                    verdict.text()
                );
            }
        }
    }
}
