//! The program: the hook as opam runs it, `check`, what people meet at a terminal, keys and
//! signatures of stock OpenSSH, golden files, and input that is made to be costly.

#![allow(clippy::disallowed_methods)] // tests read, write and start what they need

#[path = "../support/client/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod client;
#[path = "../support/fuzz/mod.rs"]
#[allow(dead_code)]
mod fuzz_properties;
#[path = "../support/golden_values/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod golden_values;
#[path = "../support/machine/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod machine;
#[path = "../support/metadata/mod.rs"]
#[allow(dead_code)]
mod metadata;
#[path = "../support/mutation/mod.rs"]
#[allow(dead_code)]
mod mutation;
#[path = "../support/openssh/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod openssh;
#[path = "../support/patch_support/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod patch_support;
#[path = "../support/place/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod place;
#[path = "../support/portable/mod.rs"]
#[allow(dead_code)]
mod portable_changes;
#[path = "../support/seed_key/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod seed_key;
#[path = "../support/sizes/mod.rs"]
#[allow(dead_code)]
mod sizes;
#[path = "../support/syntax/mod.rs"]
#[allow(dead_code)]
mod syntax_support;
#[path = "../support/hints/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod typed_hints;
#[path = "../support/world/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod world;

mod archives;
mod bounded;
mod check;
mod enable;
mod fuzz;
mod golden;
mod hardware_keys;
mod hook;
mod hostile_cli;
mod hostile_sizes;
mod portable;
mod publish;
mod releases;
mod shapes;
mod signature_files;
mod ssh_agent;
mod ssh_keygen;
mod terminal;
