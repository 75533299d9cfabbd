//! What others test, or had to mend, told of this format: each module is one source. A test says
//! what the source has in the words of the source, where they differ.

mod clients;
mod ed25519;
mod guix;
mod rotations;
mod sshsig;
mod tuf;
