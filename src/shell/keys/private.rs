//! OpenSSH's private key files (`PROTOCOL.key`): reading, unlocking, making.
//!
//! The outside of a file (cipher, key derivation, public key) is read here, so that
//! every refusal can say what it is about and nothing costly is started before its
//! price is known; the decryption is left to the `ssh-key` crate.

mod pkcs8;

use crate::hint::Hint;
use std::fmt;

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{Cipher, Kdf, LineEnding, PrivateKey};
use thiserror::Error;
use zeroize::Zeroizing;

use super::signer::{SignError, Signer, verified};
use conex_verify::format::key::{
    KeyError, KeyKind, Namespace, PublicKey, Signature, sshsig_bytes, take,
};

/// Most rounds of the key derivation that are done for a file. `ssh-keygen` takes 16 or
/// 24, careful people ask for 100 to 256. The file says how many, up to 2^32, which
/// would take a year; 1,024 take 7.5 seconds, 24 take 0.2.
pub const MAX_KDF_ROUNDS: u32 = 1024;

/// Rounds for the files that are made here: what OpenSSH 9.4 and later take.
const KDF_ROUNDS: u32 = 24;

const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END: &str = "-----END OPENSSH PRIVATE KEY-----";
const MAGIC: &[u8] = b"openssh-key-v1\0";

/// Why a private key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PrivateKeyError {
    /// A private key in another format: PEM, PKCS#8, PuTTY.
    #[error("the private key is in the format `{0}`, not in OpenSSH's own")]
    Format(&'static str),
    /// Not a private key at all.
    #[error("this is not a private key in OpenSSH's format (`{BEGIN}`)")]
    NotAKey,
    /// Begins like one and is not.
    #[error("the private key file is damaged: {0}")]
    Damaged(&'static str),
    /// A type of key that is not used, or a weak key.
    #[error("{0}")]
    Key(#[from] KeyError),
    /// Encrypted in a way that is not known here.
    #[error("the private key is encrypted with {0:?}, which is not supported")]
    Cipher(String),
    /// Key derivation that is not known here.
    #[error("the passphrase is derived with {0:?}, which is not supported")]
    Kdf(String),
    /// So many rounds that nobody would wait for the end.
    #[error("unlocking the private key takes {0} rounds, the most is {MAX_KDF_ROUNDS}")]
    Rounds(u32),
    /// A passphrase is needed and none was given.
    #[error("the private key is encrypted and no passphrase was given")]
    Encrypted,
    /// The passphrase does not open it.
    #[error("the passphrase does not open the private key")]
    WrongPassphrase,
    /// The private half is in a token; the file only says which.
    #[error("the key is in a hardware token, the file holds no private half")]
    Hardware,
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

impl PrivateKeyError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            PrivateKeyError::Format("PuTTY") => {
                "convert it with `puttygen KEY -O private-openssh-new -o NEW`".to_owned()
            }
            PrivateKeyError::Format("PKCS#8, encrypted") => {
                format!("if it is an Ed25519 key, `openssl pkey -in FILE -out NEW` decrypts it, and conex reads NEW; keys of other types are not used: {}", Hint::MakeKey { id: "ID".to_owned() })
            }
            PrivateKeyError::Format(_) => {
                format!("conex signs with Ed25519 alone: {}", Hint::MakeKey { id: "ID".to_owned() })
            }
            PrivateKeyError::Key(error) => return error.hint(),
            PrivateKeyError::Cipher(_) | PrivateKeyError::Kdf(_) => {
                "encrypt it in the usual way: `ssh-keygen -p -Z aes256-ctr -f FILE`".to_owned()
            }
            PrivateKeyError::Rounds(_) => {
                "lower it with `ssh-keygen -p -a 100 -f FILE`, or load the key into ssh-agent".to_owned()
            }
            PrivateKeyError::Encrypted => {
                "run in a terminal, set `CONEX_PASSPHRASE`, or load the key into ssh-agent with `ssh-add`"
                    .to_owned()
            }
            PrivateKeyError::Hardware => {
                "load it into ssh-agent with `ssh-add FILE`; conex then signs through the agent".to_owned()
            }
            PrivateKeyError::NotAKey | PrivateKeyError::Damaged(_) => {
                "give the file that `ssh-keygen -t ed25519` wrote".to_owned()
            }
            PrivateKeyError::WrongPassphrase | PrivateKeyError::Random => return None,
        })
    }
}

/// A private key file that was read, and not unlocked.
pub struct PrivateFile {
    public: PublicKey,
    encrypted: bool,
    /// What is between the armour. Wiped when dropped: it may hold the key.
    blob: Zeroizing<Vec<u8>>,
}

impl PrivateFile {
    /// Whether the text looks like a private key of any format.
    pub fn looks_like(text: &[u8]) -> bool {
        let text = text.trim_ascii_start();
        let begins = |start: &str| text.starts_with(start.as_bytes());
        other_format(text).is_some() || begins(BEGIN) || begins(pkcs8::BEGIN)
    }

    /// A file of another format that is read, in OpenSSH's own; `None` for one that is in it,
    /// or in none that is read.
    ///
    /// # Errors
    /// Damaged, or a key of a type that is not used.
    pub fn rewritten(text: &[u8]) -> Result<Option<Zeroizing<String>>, PrivateKeyError> {
        if !text.trim_ascii_start().starts_with(pkcs8::BEGIN.as_bytes()) {
            return Ok(None);
        }
        pkcs8::key(text)?.to_openssh("", None).map(Some)
    }

    /// Reads the outside of a private key file.
    ///
    /// # Errors
    /// Not OpenSSH's format, damaged, more than one key, a key of a type that is not
    /// used, an encryption that is not known or would take too long.
    pub fn parse(text: &[u8]) -> Result<PrivateFile, PrivateKeyError> {
        if let Some(format) = other_format(text) {
            return Err(PrivateKeyError::Format(format));
        }
        if let Some(text) = PrivateFile::rewritten(text)? {
            return PrivateFile::parse(text.as_bytes());
        }
        let blob = between(text, BEGIN, END)?;
        let (public, encrypted) = outside(&blob)?;
        Ok(PrivateFile {
            public,
            encrypted,
            blob,
        })
    }

    /// The public half. In an encrypted file it is in the clear and proves nothing
    /// until the file is unlocked.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Whether a passphrase is needed.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }

    /// The key, ready to sign. The passphrase is not looked at if none is needed.
    ///
    /// # Errors
    /// A passphrase is missing or wrong, the halves of the key do not fit each other,
    /// or the private half is in a token.
    pub fn unlock(&self, passphrase: Option<&str>) -> Result<UnlockedKey, PrivateKeyError> {
        if self.public.kind() == KeyKind::SkEd25519 {
            return Err(PrivateKeyError::Hardware);
        }
        let mut key = PrivateKey::from_bytes(&self.blob)
            .map_err(|_| PrivateKeyError::Damaged("its private half"))?;
        if self.encrypted {
            let passphrase = passphrase.ok_or(PrivateKeyError::Encrypted)?;
            key = key.decrypt(passphrase).map_err(|error| match error {
                // Also what an altered file gives; the two cannot be told apart.
                ssh_key::Error::Crypto => PrivateKeyError::WrongPassphrase,
                _ => PrivateKeyError::Damaged("its private half"),
            })?;
        }
        let pair = key.key_data().ed25519().ok_or(PrivateKeyError::Damaged(
            "its private half is of another type",
        ))?;
        let key = UnlockedKey {
            key: SigningKey::from_bytes(pair.private.as_ref()),
            public: self.public.clone(),
        };
        // Signing with the wrong public half gives the private one away.
        if key.key.verifying_key().as_bytes() == self.public.point() {
            Ok(key)
        } else {
            Err(PrivateKeyError::Damaged("its two halves do not fit"))
        }
    }
}

impl fmt::Debug for PrivateFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateFile")
            .field("public", &self.public)
            .field("encrypted", &self.encrypted)
            .finish_non_exhaustive()
    }
}

/// The name of a format that is known and not read.
fn other_format(text: &[u8]) -> Option<&'static str> {
    [
        ("-----BEGIN RSA PRIVATE KEY-----", "PEM, RSA"),
        ("-----BEGIN DSA PRIVATE KEY-----", "PEM, DSA"),
        ("-----BEGIN EC PRIVATE KEY-----", "PEM, ECDSA"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----", "PKCS#8, encrypted"),
        ("PuTTY-User-Key-File-", "PuTTY"),
    ]
    .into_iter()
    .find(|(start, _)| text.trim_ascii_start().starts_with(start.as_bytes()))
    .map(|(_, name)| name)
}

/// What two lines have in base64 between them, with blanks around lines or without.
fn between(text: &[u8], begin: &str, end: &str) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
    let text = std::str::from_utf8(text).map_err(|_| PrivateKeyError::NotAKey)?;
    let mut lines = text.trim_ascii().lines().map(str::trim_ascii);
    if lines.next() != Some(begin) {
        return Err(PrivateKeyError::NotAKey);
    }
    if lines.next_back() != Some(end) {
        return Err(PrivateKeyError::Damaged("its last line is missing"));
    }
    let mut base64 = Zeroizing::new(String::with_capacity(text.len()));
    base64.extend(lines);
    Base64::decode_vec(&base64)
        .map(Zeroizing::new)
        .map_err(|_| PrivateKeyError::Damaged("its base64 text"))
}

/// The public key, and whether the private half is encrypted.
fn outside(blob: &[u8]) -> Result<(PublicKey, bool), PrivateKeyError> {
    let short = PrivateKeyError::Damaged("it ends too early");
    let mut rest = blob.strip_prefix(MAGIC).ok_or(PrivateKeyError::Damaged(
        "it does not begin with `openssh-key-v1`",
    ))?;
    let mut next = || take(&mut rest).ok_or(short.clone());
    let (cipher, kdf, mut options) = (next()?, next()?, next()?);
    let (count, mut rest) = rest.split_first_chunk::<4>().ok_or(short.clone())?;
    if u32::from_be_bytes(*count) != 1 {
        return Err(PrivateKeyError::Damaged("it does not hold exactly one key"));
    }
    // The type of the key first: what a person has to know is that RSA is not used,
    // not that this RSA key is encrypted in an old way.
    let public = PublicKey::from_wire(take(&mut rest).ok_or(short.clone())?)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let cipher_known = std::str::from_utf8(cipher)
        .ok()
        .and_then(|name| Cipher::new(name).ok())
        // Known to the crate, not compiled in: single DES three times.
        .filter(|cipher| *cipher != Cipher::TdesCbc)
        .ok_or_else(|| PrivateKeyError::Cipher(text(cipher)))?;
    let encrypted = cipher_known != Cipher::None;
    match kdf {
        b"none" if !encrypted && options.is_empty() => {}
        b"bcrypt" if encrypted => {
            let salt = take(&mut options).ok_or(short)?;
            let rounds: [u8; 4] = options
                .try_into()
                .map_err(|_| PrivateKeyError::Damaged("the options of its key derivation"))?;
            let rounds = u32::from_be_bytes(rounds);
            if rounds > MAX_KDF_ROUNDS {
                return Err(PrivateKeyError::Rounds(rounds));
            }
            if salt.is_empty() || rounds == 0 {
                return Err(PrivateKeyError::Damaged(
                    "the options of its key derivation",
                ));
            }
        }
        b"none" | b"bcrypt" => {
            return Err(PrivateKeyError::Damaged(
                "cipher and key derivation do not fit",
            ));
        }
        _ => return Err(PrivateKeyError::Kdf(text(kdf))),
    }
    Ok((public, encrypted))
}

/// An Ed25519 key in memory, ready to sign; wiped when dropped.
pub struct UnlockedKey {
    key: SigningKey,
    public: PublicKey,
}

impl UnlockedKey {
    /// A new key.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub fn generate() -> Result<UnlockedKey, PrivateKeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|_| PrivateKeyError::Random)?;
        UnlockedKey::from_seed(&seed)
    }

    /// The key of a seed: for tests and for keys that are derived elsewhere.
    ///
    /// # Errors
    /// Not for any seed that is known: the public half would have to be weak.
    pub fn from_seed(seed: &[u8; 32]) -> Result<UnlockedKey, PrivateKeyError> {
        let key = SigningKey::from_bytes(seed);
        let public = PublicKey::ed25519(key.verifying_key().as_bytes())?;
        Ok(UnlockedKey { key, public })
    }

    /// The private key file, as `ssh-keygen` reads it.
    ///
    /// # Errors
    /// The system gives no random numbers, or the passphrase is empty.
    pub fn to_openssh(
        &self,
        comment: &str,
        passphrase: Option<&str>,
    ) -> Result<Zeroizing<String>, PrivateKeyError> {
        let pair = Ed25519Keypair::from(&self.key);
        let failed = |_| PrivateKeyError::Damaged("it cannot be written");
        let mut key = PrivateKey::new(KeypairData::from(pair), comment).map_err(failed)?;
        if let Some(passphrase) = passphrase {
            if passphrase.is_empty() {
                return Err(PrivateKeyError::Encrypted);
            }
            let mut salt = vec![0; 16];
            getrandom::fill(&mut salt).map_err(|_| PrivateKeyError::Random)?;
            let kdf = Kdf::Bcrypt {
                salt,
                rounds: KDF_ROUNDS,
            };
            let check = getrandom::u32().map_err(|_| PrivateKeyError::Random)?;
            key = key
                .encrypt_with(Cipher::Aes256Ctr, kdf, check, passphrase)
                .map_err(failed)?;
        }
        key.to_openssh(LineEnding::LF).map_err(failed)
    }
}

impl Signer for UnlockedKey {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, namespace: Namespace, message: &[u8]) -> Result<Signature, SignError> {
        let bytes = self.key.sign(&sshsig_bytes(namespace, message)).to_bytes();
        let signature = Signature::ed25519(bytes);
        verified("this key", &self.public, namespace, message, signature)
    }
}

impl fmt::Debug for UnlockedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnlockedKey({})", self.public)
    }
}

#[cfg(test)]
mod tests;
