//! `conex enable` and `conex disable`.

mod clones;
mod files;
mod hints;
mod hints_opam;
pub mod home;
mod killed;
mod left_out;
mod memory;
mod policy;
mod program;
mod real;
