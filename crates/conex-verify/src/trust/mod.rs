//! Who is believed: anchors, the janitor chain, vouches, support.
//!
//! `docs/verification.md` has the rules in words, in the same order. The rules say what is wrong
//! as values; [`crate::verify::explain`] makes findings of these.

pub mod anchors;
pub mod chain;
pub mod ids;
pub mod link_signatures;
pub mod mode;
pub(crate) mod settled;
pub mod support;
pub mod tally;
pub mod vouch;
