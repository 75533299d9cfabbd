//! Conex establishes trust in opam repositories, end to end.
//!
//! * [`conex_verify`] decides. It is pure: bytes, limits and keys in, values out.
//! * [`bootstrap`] proposes who owns what in a repository that nobody signs yet.
//! * [`plan`] and [`check`] compute what people want to change, and what a merge would make of
//!   a repository. They are pure as well.
//! * [`release`] says whether a file is of a release of conex itself.
//! * [`shell`] does everything else: it reads trees, writes files, asks
//!   questions, prints reports.

pub mod bootstrap;
pub mod check;
pub mod hint;
pub mod plan;
pub mod release;
pub mod shell;
pub mod sshsig;
