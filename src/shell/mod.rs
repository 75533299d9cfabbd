//! The shell around the core: files, terminal, clock, environment.

#![allow(clippy::disallowed_methods)]

pub mod keys;
pub mod read;
pub mod report;
pub mod write;
