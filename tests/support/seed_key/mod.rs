//! Keys of fixed seeds, that sign without asking.

use conex_verify::format::key::{Namespace, PublicKey, Signature, sshsig_bytes};
use ed25519_dalek::{Signer as _, SigningKey};

/// A private key.
#[derive(Clone)]
pub struct SeedKey {
    key: SigningKey,
    public: PublicKey,
}

impl SeedKey {
    /// The key of this seed.
    pub fn of(seed: &[u8; 32]) -> SeedKey {
        let key = SigningKey::from_bytes(seed);
        let public = PublicKey::ed25519(key.verifying_key().as_bytes()).unwrap();
        SeedKey { key, public }
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// A signature.
    pub fn sign(&self, namespace: Namespace, message: &[u8]) -> Signature {
        Signature::ed25519(self.key.sign(&sshsig_bytes(namespace, message)).to_bytes())
    }
}
