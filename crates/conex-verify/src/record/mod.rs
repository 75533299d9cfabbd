//! What was accepted last, by part, so that an update is judged where something changed.
//!
//! A client that keeps a [`Record`] beside its memory need not judge a package again of which every
//! file is as it was in the tree that it accepted. The packages are kept in shares, the same as in
//! the bundles of the published form; a share of which every byte is as it was is *settled*, but
//! for the packages of which something was said: they are judged again to say it again. Everything
//! else – the chain, people, signatures under new segments, the snapshot, the top of the tree, the
//! packages of the other shares – is judged as ever, and the proof demands of each settled package
//! that the versions of its metadata, which the memory knows, are valid still (R2 of
//! `docs/verification.md`).
//!
//! A record is never a reason to refuse. Where it does not fit, or what it leads to is not
//! accepted, the whole is judged as if there were none. So it can only spare work.

mod accepted;
mod make;
mod parts;
mod settle;
mod text;

pub(crate) use make::{Made, make};
pub(crate) use parts::Parts;
pub(crate) use settle::{Accepted, Asked, settle};
