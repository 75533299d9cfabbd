//! A git repository, through the `git` program: neither its work tree nor its index nor a branch
//! of it is ever written to.
//!
//! What is read is a tree of files, byte for byte as it lies in git's objects: no work
//! tree, no index, no filters. A merge is made in the object database alone, in a
//! directory of its own that goes away afterwards. Two rooms go further, for those who sign
//! on top of somebody else's branch, and still run no hook and check nothing out: `remote`
//! fetches and pushes, `store` adds objects.
//!
//! * [`Git`]: the repository; `command`: how the program is run: whatever the environment and
//!   the user's configuration say, the same bytes come out;
//! * `merge`: a merge, as it would be if it were done now;
//! * `merges`: who changed which releases when;
//! * `revision`: `BASE..HEAD` as people type it;
//! * `list`: the names, kinds and sizes in a tree, with limits before anything is read;
//! * `below`: a repository of packages that is a directory below git's top;
//! * `history`: what was there once;
//! * `names`: the names of branches and remotes;
//! * `read`: the contents, of all trees at once;
//! * `remote`: what is fetched from somewhere else, and pushed there;
//! * `pulls`: the pull requests that a forge keeps;
//! * `states`: earlier states of a branch, each from the one before;
//! * `store`: new objects that stay.

mod bare;
mod below;
mod command;
mod differ;
mod error;
mod history;
mod list;
mod merge;
mod merges;
pub mod names;
mod oid;
mod pulls;
mod read;
mod remote;
mod repository;
mod revision;
mod since;
mod states;
mod store;
mod top;
mod work_tree;

pub use command::{OLDEST, Where};
pub use error::GitError;
pub use list::Listing;
pub use merge::Merge;
pub use oid::Oid;
pub use pulls::pull_names;
pub use remote::Pushed;
pub use repository::Git;
pub use revision::Range;
pub use states::State;
pub use work_tree::Uncommitted;
