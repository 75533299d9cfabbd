//! From a proposal of owners to what a quorum approves. Nothing here gives anybody a right.

mod claim;
mod list;
mod standing;

pub use claim::{Claim, claim};
pub use list::{Fetched, ListIds, Listed, Unlisted, list_ids};
pub use standing::{Stage, Standings, is_confirmed, standings};
