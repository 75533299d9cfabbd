//! What a person meets at a terminal: a real pseudo-terminal with echo, Ctrl-C and
//! questions, real shells that complete what is typed, and `man`.

mod completions;
mod interrupt;
mod keys;
mod output;
mod passphrase;
mod progress;
mod pty;
mod shells;
mod width;
