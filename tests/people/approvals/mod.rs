//! A janitor's day: what waits is seen on one screen, and taken with one command and one
//! signature, however much it is; or a part of it.

#![allow(clippy::disallowed_methods)]

mod below;
pub mod branch;
mod carried;
mod diff;
mod first_day;
mod many;
mod pulls;
mod scope;
