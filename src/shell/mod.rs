//! The shell around the core: files, terminal, clock, environment.

pub mod cli;
pub mod fault;
pub mod git;
pub mod hook;
pub mod keys;
pub mod opam;
mod out;
mod process;
mod progress;
pub mod read;
pub mod report;
mod signals;
pub mod site;
pub mod write;
