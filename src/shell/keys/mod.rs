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
pub mod store;
pub mod text;
mod tried;

use thiserror::Error;

use conex_verify::format::key::{Namespace, PublicKey, Signature, SignatureError};

pub use find::{Found, Places, Selection, find_signer};
pub use lines::PublicLine;
pub use passphrase::{Passphrase, Passphrases};
pub use private::{PrivateFile, UnlockedKey};
pub use store::{KeyStore, conex_home};

/// Something that signs with one key.
pub trait Signer {
    /// The public half of the key.
    fn public(&self) -> &PublicKey;

    /// Signs `message` for `namespace`. The signature has been verified.
    ///
    /// # Errors
    /// The holder of the key cannot be asked, refuses, or gives a signature that does
    /// not verify.
    fn sign(&self, namespace: Namespace, message: &[u8]) -> Result<Signature, SignError>;
}

/// Why something was not signed.
#[derive(Debug, Error)]
pub enum SignError {
    /// The agent did not do it.
    #[error("{0}")]
    Agent(#[from] agent::AgentError),
    /// What was made does not verify: a faulty agent, token or memory.
    #[error("the signature by `{signer}` is not usable: {source}")]
    Unusable {
        /// Who made it.
        signer: String,
        /// What is wrong with it.
        source: SignatureError,
    },
}

impl SignError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            SignError::Agent(error) => error.hint(),
            SignError::Unusable {
                source: SignatureError::NotTouched,
                ..
            } => Some(
                "conex needs the touch; make the key without `-O no-touch-required`".to_owned(),
            ),
            SignError::Unusable { .. } => Some(
                "check the key with `ssh-keygen -Y sign` and `ssh-keygen -Y verify`".to_owned(),
            ),
        }
    }
}

/// Hands a signature out only if it verifies: a fault of hardware or a lying agent is
/// found before it is published, and a faulty signature can give away an Ed25519 key.
fn verified(
    signer: &str,
    key: &PublicKey,
    namespace: Namespace,
    message: &[u8],
    signature: Signature,
) -> Result<Signature, SignError> {
    match key.verify(namespace, message, &signature) {
        Ok(()) => Ok(signature),
        Err(source) => Err(SignError::Unusable {
            signer: signer.to_owned(),
            source,
        }),
    }
}
