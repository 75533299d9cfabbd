//! What all have in common that sign.

use thiserror::Error;

use super::agent::AgentError;
use conex_verify::format::key::{Namespace, PublicKey, Signature, SignatureError};

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
    Agent(#[from] AgentError),
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
pub(super) fn verified(
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
