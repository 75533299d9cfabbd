//! The pure core: bytes -> syntax -> typed resource -> trust decision -> report.

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

pub mod check;
pub mod digest;
pub mod finding;
pub mod key;
pub mod limits;
pub mod name;
pub mod opam_file;
pub mod patch;
pub mod path;
pub mod plan;
pub mod repository;
pub mod resource;
pub mod sshsig;
pub mod state;
pub mod syntax;
pub mod tarball;
pub mod tree;
pub mod trust;
pub mod update;
pub mod verify;
