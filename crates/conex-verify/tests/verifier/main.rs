//! The verifier, in memory: what an attacker tries, what honest people do, and what other
//! implementations say of the same bytes. No test here starts the program.

#![allow(clippy::disallowed_methods)] // tests read, write and start what they need

#[path = "../../../../tests/support/client/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod client;
#[path = "../../../../tests/support/golden_values/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod golden_values;
#[path = "../../../../tests/support/metadata/mod.rs"]
#[allow(dead_code)]
mod metadata;
#[path = "../../../../tests/support/mutation/mod.rs"]
#[allow(dead_code)]
mod mutation;
#[path = "../../../../tests/support/patch_support/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod patch_support;
#[path = "../../../../tests/support/place/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod place;
#[path = "../../../../tests/support/seed_key/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod seed_key;
#[path = "../../../../tests/support/syntax/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod syntax_support;
#[path = "../../../../tests/support/world/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod world;

mod attacks;
mod elsewhere;
mod facts;
mod mutations;
mod opam_part;
mod patch_opam;
mod patch_oracle;
mod patch_weekly;
mod published;
mod record;
mod recordings;
mod scanner;
mod snapshot;
mod syntax;
mod syntax_oracle;
mod syntax_second_opinion;
mod tamper;
mod told;
mod updates;
