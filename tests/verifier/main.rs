//! The verifier, in memory: what an attacker tries, what honest people do, and what other
//! implementations say of the same bytes. No test here starts the program.

#![allow(clippy::disallowed_methods)] // tests read, write and start what they need

#[path = "../support/golden_values/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod golden_values;
#[path = "../support/history_support/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod history_support;
#[path = "../support/openssh/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod openssh;
#[path = "../support/patch_support/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod patch_support;
#[path = "../support/syntax/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod syntax_support;
#[path = "../support/world/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod world;

mod archives;
mod attacks;
mod bounded;
mod golden;
mod history;
mod hostile_sizes;
mod mutations;
mod patch_opam;
mod patch_oracle;
mod patch_weekly;
mod recordings;
mod snapshot;
mod snapshot_weekly;
mod syntax;
mod syntax_oracle;
mod syntax_second_opinion;
mod tamper;
mod updates;
