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
#![cfg_attr(not(feature = "workbench"), allow(dead_code, unused_imports))]

mod bytes;
mod door;
pub mod finding;
pub mod format;
pub mod hint;
pub mod limits;
mod memories;
mod opam_file;
mod patch;
mod proof;
mod published;
mod record;
mod report;
mod repository;
mod settled;
mod sorted;
pub mod tarball;
pub mod tree;
mod trust;
mod update;
mod verdict;
mod verify;
pub mod words;
#[cfg(feature = "workbench")]
pub mod workbench;

pub use door::{Outcome, Policy, Request, Subject, Undecided, verify};
pub use memories::{Memories, is_memory_of};
pub use patch::{PatchContext, Store};
pub use report::{Report, SnapshotFacts};
pub use trust::anchors::{AnchorError, MaxAge};
pub use update::MemoryError;
pub use verdict::Summary;
pub use verify::Mode;
