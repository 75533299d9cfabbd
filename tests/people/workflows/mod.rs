//! Change of people and keys, through git branches: each change is one command for whoever
//! starts it and one `approve` for each janitor who agrees.
//!
//! The changes follow each other as they would over years. After each of them three
//! clients are asked, strictly, with the anchors of the first day:
//!
//! ```text
//!          day one ── 1 ── 2 ── 3 ── … ── n
//! every       ●───────●────●────●─── … ───●    saw every step
//! away        ●───────────────────── … ──▶●    saw none since the first day, for each n
//! new                                     ●    comes now
//! ```

#![allow(clippy::disallowed_methods)]

mod bootstrap;
mod meanwhile;
pub mod stolen;
mod tour;
