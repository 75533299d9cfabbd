//! Kill -9 at every system call that changes something: the same command finishes what it began,
//! and nothing of the dead lies where somebody reads it. `cases` has a story for each verb that
//! writes, `run` kills.

pub mod cases;
pub mod run;
