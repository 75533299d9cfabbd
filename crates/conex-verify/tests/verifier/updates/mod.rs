//! What an attacker tries with a client that was there before: the update rules.
//!
//! Every state here is one that a client would take that sees the repository for the
//! first time, unless a test says otherwise: it is the way from the state before
//! that is refused. Each module is one concept, each test one attack or one honest
//! change that must not be taken for an attack. Where time matters it is drawn.

#![allow(clippy::disallowed_methods)] // tests read, write and start what they need

mod history;
mod never_older;

mod away;
mod chain;
mod compaction;
mod damaged;
mod epochs;
mod equivalence;
mod files;
mod names;
mod pending;
mod releases;
mod removal;
mod replay;
pub mod rollback;
mod transitive;
mod unsigned;
