//! What is written: the pages for people, the transcripts, and what the documents say is so.

#![allow(clippy::disallowed_methods)] // tests read, write and start what they need

#[path = "../support/typed/mod.rs"]
#[allow(dead_code, clippy::same_item_push)]
mod typed;

mod book;
mod crates;
mod documents;
mod hints;
mod structure;
mod transcript;
