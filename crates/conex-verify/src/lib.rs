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

mod door;
pub mod finding;
pub mod format;
pub mod limits;
pub mod tarball;
pub mod tree;

pub use door::{
    Memories, Outcome, Policy, Report, Request, SnapshotFacts, Subject, Undecided, is_memory_of,
    verify,
};
pub use patch::{PatchContext, Store};
pub use trust::anchors::{AnchorError, MaxAge};
pub use update::MemoryError;
pub use verdict::Summary;
pub use verify::Mode;

// What is behind the door. With the feature `workbench` it is open to the tools of people, who
// ask what would be; a verdict is made by [`verify`] alone.
#[cfg(not(feature = "workbench"))]
mod opam_file;
#[cfg(feature = "workbench")]
pub mod opam_file;
#[cfg(not(feature = "workbench"))]
mod patch;
#[cfg(feature = "workbench")]
pub mod patch;
#[cfg(not(feature = "workbench"))]
mod proof;
#[cfg(feature = "workbench")]
pub mod proof;
#[cfg(not(feature = "workbench"))]
mod repository;
#[cfg(feature = "workbench")]
pub mod repository;
#[cfg(not(feature = "workbench"))]
mod sorted;
#[cfg(feature = "workbench")]
pub mod sorted;
#[cfg(not(feature = "workbench"))]
mod trust;
#[cfg(feature = "workbench")]
pub mod trust;
#[cfg(not(feature = "workbench"))]
mod update;
#[cfg(feature = "workbench")]
pub mod update;
#[cfg(not(feature = "workbench"))]
mod verdict;
#[cfg(feature = "workbench")]
pub mod verdict;
#[cfg(not(feature = "workbench"))]
mod verify;
#[cfg(feature = "workbench")]
pub mod verify;
