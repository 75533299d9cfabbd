//! Findings of what the rules of [`crate::trust`] return: code, path, text, values and hint. Each
//! fault has a place of its own here, so that the tests can silence one at a time.

mod chain;
mod names;
mod people;
mod standing;

pub use self::chain::{anchor_fault, chain_fault, lacking, link_fault, link_signatures};
pub use self::names::list;
pub use self::people::{people_fault, segment};
pub use self::standing::standing;
