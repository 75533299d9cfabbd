//! What a signature changes: from what counts now to what would count.
//!
//! Everybody who signs, and everybody who merges, is shown the same lines. They are computed
//! from pairs of files, not from what a command means to do, so somebody else's change in the
//! same branch shows as well.

mod change;
mod link;
mod list;
mod packages;
mod people;
mod told;
mod top;

pub use change::{Effect, Weight};
pub use link::of_link;
pub use list::{Find, Past, counting, effects, wanted};
