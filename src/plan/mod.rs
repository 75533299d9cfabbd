//! What authors and janitors do: from a working tree to the files to write and
//! the entries to sign.
//!
//! A plan is computed without touching anything; the shell shows it, asks, has
//! it signed and writes it. So `--dry-run` is the same code, and a verdict about
//! the result can be given before anything is written.

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

mod approve;
mod belong;
pub mod bootstrap;
pub mod claims;
mod compact;
pub mod conflict;
mod decline;
pub mod depends;
pub mod detached;
pub mod effect;
mod epoch;
mod init;
mod janitor;
mod join;
mod known;
mod live;
mod nearest;
pub mod obstacle;
mod owner;
pub mod part;
mod past;
pub mod person;
mod planned;
mod published;
mod raise;
mod repo;
pub mod report;
mod rotate;
mod scope;
mod sign;
mod snapshot;
pub mod status;
mod supersede;
mod team;
pub mod todo;
mod waits;
mod world;

pub use approve::{approve, approve_some};
pub use belong::awakens_nothing;
pub use compact::{Compact, compact, delete_dead, fold_small};
pub use decline::{LINK, decline};
pub use effect::{Effect, Find};
pub use epoch::{Epoch, epoch};
pub use init::{Init, init, is_started};
pub use janitor::{JanitorChange, janitor};
pub use join::{Join, join};
pub use known::published;
pub use nearest::nearest;
pub use owner::{Change, OwnerChange, Selection, owner};
pub use planned::{Plan, PlanError};
pub use published::Published;
pub use raise::raise;
pub use rotate::{KeyChange, Retire, change_keys, prove, remove_keys, revoke};
pub use rotate::{under_unknown_keys, vouch_again};
pub use scope::Scope;
pub use sign::{Log, Sign, describe, sign};
pub use snapshot::{MakeSnapshot, Unchanged, snapshot};
pub use supersede::{Supersede, supersede};
pub use team::{TeamChange, team};
pub use world::{MOST_AHEAD, View, World, package_or_name};
