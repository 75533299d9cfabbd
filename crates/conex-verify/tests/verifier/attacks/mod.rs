//! What an attacker tries, and what whole-tree verification says to it.
//!
//! Each module is one concept, each test one attack, told as a story: who has
//! which keys, what they put into the repository, what a client says who sees it
//! for the first time. Where time matters it is drawn.

mod bounded;
mod chain;
mod claims;
mod earlier_faults;
mod epochs;
mod file_systems;
mod ids;
mod metadata;
mod opam_files;
mod packages;
mod paths;
mod quorum;
mod replay;
mod repo_file;
mod superseding;
mod support;
