//! Private keys: where they lie, how they are unlocked, and who signs with them.
//!
//! * [`store`] keeps conex's own keys, one for each id.
//! * [`text`] reads files with keys: [`private`] OpenSSH's private key files, [`lines`] its public lines.
//! * [`agent`] speaks to ssh-agent, [`git`] asks git for its signing key.
//! * [`find`] puts these together: who can sign for an id?
//!
//! Everything that signs is a [`Signer`]. What it is given to sign always goes into an
//! SSHSIG blob of one of the three namespaces, so that no signature by conex can be
//! taken for a login, a commit or anything else that the same key signs.

pub mod agent;
pub mod file;
pub mod find;
pub mod git;
pub mod lines;
pub mod log;
pub mod named;
pub mod passphrase;
pub mod private;
mod signer;
pub mod store;
pub mod text;
mod tried;

pub use find::{Found, Places, Selection, find_signer};
pub use lines::PublicLine;
pub use passphrase::{Passphrase, Passphrases};
pub use private::{PrivateFile, UnlockedKey};
pub use signer::{SignError, Signer};
pub use store::{KeyStore, conex_home};
