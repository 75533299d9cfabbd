//! Work on somebody else's branch, which is nowhere checked out: `approve` and `sign` with
//! `--branch` or `--pull`.
//!
//! * `named`: which branch is meant, which one is published, and where what is signed goes;
//! * `fetched`: the commits, and what is in them;
//! * `view`: what is shown, against what the published branch says;
//! * `finish`: from a plan to a commit that others can fetch;
//! * `merged`: the merge into the published branch.
//!
//! Who wrote the branch is not believed in anything. What counts now is what the published
//! branch says, as it is at that moment at its remote.

mod fetched;
mod finish;
mod merged;
mod named;
mod view;

pub use fetched::{Fetched, sound};
pub use finish::sign_and_push;
pub use named::{BranchArgs, Named, Place, published};
pub use view::View;
