//! Conex establishes trust in opam repositories, end to end.
//!
//! * [`core`] decides. It is pure: bytes, limits and keys in, values out. No
//!   file, clock, terminal, process or environment is touched there.
//! * [`shell`] does everything else: it reads trees, writes files, asks
//!   questions, prints reports.

pub mod core;
pub mod shell;
