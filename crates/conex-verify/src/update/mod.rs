//! What may change from one state of a repository to the next.
//!
//! The new tree is verified as a whole first ([`mod@crate::verify`]); here it is
//! held against what the client knows already: the tree before, and the memory of
//! what it accepted. Both are [`Registers`], and the same rules apply to both.

mod memory;
mod registers;
mod rules;

pub use memory::{Memory, MemoryError};
pub use registers::{List, Registers};
pub use rules::{drops_from, forgets, forgotten};

use std::collections::BTreeSet;

use crate::finding::{Finding, Findings, Severity};
use crate::repository::Repository;
use crate::verify::Assessment;

/// Holds a tree, judged already, against what was valid before. What is only not valid any more
/// is told where no error among `said` says why.
pub fn follows(
    known: &Registers,
    repository: &Repository,
    new: &Assessment<'_>,
    said: &[Finding],
) -> Findings {
    let errors = said.iter().filter(|f| f.severity == Severity::Error);
    let paths: BTreeSet<&str> = errors.map(|f| f.path.as_str()).collect();
    rules::judge(known, repository, new, &paths)
}
