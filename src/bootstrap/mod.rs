//! Who would own what, of a repository that nobody signs yet: from its history and from what its
//! packages say to a table that people edit.
//!
//! * [`history`]: who changed which packages when, as a table has it;
//! * [`people`]: who stands behind the changes, who merges for others, and who sleeps;
//! * [`metadata`]: where the sources of a package are, and whom it names;
//! * [`evidence`]: both together, of each package;
//! * [`propose`]: the rules that decide;
//! * [`table`]: the text;
//! * [`teams`]: owners that are organisations.
//!
//! Nothing here gives anybody a right. What comes of a table is planned in `plan::bootstrap`, and a
//! quorum approves it.

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

pub mod evidence;
pub mod history;
pub mod metadata;
pub mod month;
pub mod people;
pub mod propose;
pub mod table;
pub mod teams;
