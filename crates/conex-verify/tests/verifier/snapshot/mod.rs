//! What the snapshot is for: a first clone of a repository in which few packages, or
//! none, are signed by their authors, from a server that lies.
//!
//! Every attack is tried in each form in which opam gets a repository: a directory, an
//! archive, and a patch in each of the three dialects. Each test is named after its
//! attack. Where time matters it is drawn.

mod notary;

mod anchors;
mod attacks;
mod claims;
mod notaries;
mod rules;
mod state;
