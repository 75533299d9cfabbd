//! What opam's hook does besides judging: it gives up what it does not need, finds the trees, and
//! has a memory, a report, and settings of git.

pub mod confine;
pub mod git;
pub mod load;
pub mod memory;
pub mod report;
