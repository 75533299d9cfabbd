//! People with homes and keys of their own, who work in branches of real git.

#![allow(clippy::disallowed_methods)] // tests read, write and start what they need

#[path = "../support/town/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod town;

mod approvals;
mod branches;
mod verbs;
mod workflows;
