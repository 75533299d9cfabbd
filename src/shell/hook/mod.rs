//! What opam's hook does besides judging: finding the trees, its memory, its
//! report, and one setting of git.

pub mod git;
pub mod load;
pub mod memory;
pub mod report;
