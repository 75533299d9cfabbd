//! Input that is made to be costly takes at most [`measure::TIMES`] times what honest input of the
//! same expanded size takes, and less than [`measure::MEMORY`].
//!
//! Expanded is what a reader has to go through: the archive without compression, or the
//! patch. Honest input is releases as people write them, which nobody signed. Each shape
//! is measured with the release build, where there is one ([`super::bounded`]).

mod costs;
mod limits;
mod measure;
mod unusable_keys;
