//! People with homes and keys of their own, who work in branches of real git; and what their
//! tools make of real history, in memory.

#![allow(clippy::disallowed_methods)] // tests read, write and start what they need

#[path = "../support/client/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod client;
#[path = "../support/history_support/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod history_support;
#[path = "../support/pages/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod pages;
#[path = "../support/patch_support/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod patch_support;
#[path = "../support/place/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod place;
#[path = "../support/seed_key/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod seed_key;
#[path = "../support/town/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod town;
#[path = "../support/hints/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod typed_hints;
#[path = "../support/world/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod world;

mod approvals;
mod branches;
mod changes;
mod faults;
mod foretold;
mod hints;
mod history;
mod killed;
mod live;
mod mirror;
mod named;
mod published;
mod report;
mod snapshot_weekly;
mod tools;
mod transitivity;
mod verbs;
mod workflows;
mod year;
