//! Who is believed: anchors, the janitor chain, vouches, support.
//!
//! `docs/verification.md` has the rules in words, in the same order.

pub mod anchors;
pub mod chain;
pub mod ids;
pub mod link_signatures;
pub mod support;
pub mod tally;
pub mod vouch;
