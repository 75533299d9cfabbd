//! `conex enable` and `conex disable`.

mod clones;
mod files;
mod home;
mod left_out;
mod memory;
mod policy;
mod program;
mod real;
