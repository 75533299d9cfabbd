//! The hook as opam runs it: the real program, on directories, archives and clones.

#![allow(clippy::disallowed_methods)] // tests read, write and start what they need

pub mod run;

mod attacks;
#[cfg(target_os = "linux")]
mod confined;
mod differentials;
mod hints;
mod honest;
mod kill;
mod memory;
mod names;
mod reads_only;
mod record;
mod replay;
mod state;
