//! Verifies signed opam repositories: bytes and policy in, a verdict out.
//!
//! Everything that a verdict passes through is in this crate, and nothing else: no file, clock,
//! terminal, network, process or environment is touched here.

#![deny(
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods
)]

mod door;
pub mod finding;
pub mod format;
pub mod limits;
pub mod opam_file;
pub mod patch;
pub mod proof;
pub mod repository;
pub mod sorted;
pub mod tarball;
pub mod tree;
pub mod trust;
pub mod update;
pub mod verdict;
pub mod verify;

pub use door::{
    Memories, Outcome, Policy, Report, Request, SnapshotFacts, Subject, Undecided, is_memory_of,
    verify,
};
