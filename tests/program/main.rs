//! The program: the hook as opam runs it, `check`, what people meet at a terminal, keys and
//! signatures of stock OpenSSH.

#![allow(clippy::disallowed_methods)] // tests read, write and start what they need

#[path = "../support/machine/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod machine;
#[path = "../support/openssh/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod openssh;
#[path = "../support/world/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod world;

mod check;
mod enable;
mod hardware_keys;
mod hook;
mod hostile_cli;
mod publish;
mod signature_files;
mod ssh_agent;
mod ssh_keygen;
mod terminal;
