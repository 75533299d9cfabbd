//! What was signed and must not count, what waits and is not wanted, and counters that somebody
//! pushed: supersede, decline, claims, epoch, compact; and keys.

mod claims;
mod compact;
mod counters;
mod decline;
pub mod epochs;
mod git;
mod junk;
pub mod keys;
mod shown;
mod supersede;
mod told;
mod who;
