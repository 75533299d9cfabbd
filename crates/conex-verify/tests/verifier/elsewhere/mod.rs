//! What others test, or had to mend, told of this format: each module is one source. A test says
//! what the source has in the words of the source, where they differ.

use conex_verify::format::key::PublicKey;
use conex_verify::format::resource::{Author, Decode as _, Kind, Segment, Timestamp};

use crate::world::*;

mod clients;
mod ed25519;
mod guix;
mod rotations;
mod sshsig;
mod tuf;

/// The usual world, in which a quorum approves the author `eve` with this key; and the segment with
/// which she proves it, to be signed.
fn approved(key: &PublicKey, created: &str) -> (World, Segment) {
    let mut w = World::usual();
    let author = Author {
        id: id("eve"),
        revision: at(0, 1),
        keys: vec![key.clone()],
        accounts: std::collections::BTreeSet::new(),
    };
    w.file("packages/.conex/ids/eve", author.encode());
    let entry = w.now(Kind::Author, "eve");
    w.quorum_says(vec![entry.clone()]);
    let segment = Segment {
        repository: w.identity(),
        id: id("eve"),
        created: Timestamp::new(created).unwrap(),
        entries: vec![entry],
    };
    (w, segment)
}
