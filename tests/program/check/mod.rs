//! What is missing and from whom, and `conex check`: a pull request is judged by what
//! merging it now would make of the published branch.
//!
//! Repositories are real ones of git. What lies in them is built by `tests/support/world`, in
//! which every signature can be chosen.

#![allow(clippy::disallowed_methods)]

mod forge;

mod agreement;
mod environment;
mod files;
mod jobs;
mod merges;
mod output;
mod prepush;
mod release_tools;
mod room;
mod rules;
mod todo;
