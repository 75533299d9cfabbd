//! The armoured form of a signature: what `ssh-keygen -Y sign` prints.
//!
//! Conex stores signatures without their envelope; this builds the envelope, so that
//! stock `ssh-keygen -Y verify` checks what conex signed, and takes one apart, so that
//! what `ssh-keygen -Y sign` made can be used. Source: OpenSSH's `PROTOCOL.sshsig`,
//! and `PROTOCOL.u2f` for the signatures of hardware keys.

use base64ct::{Base64, Encoding as _};
use thiserror::Error;

use conex_verify::format::key::{
    KeyError, KeyKind, Namespace, Presence, PublicKey, Signature, put, take,
};
use conex_verify::limits::MAX_ARMOUR_LEN;

/// Width of the base64 lines, in characters: what `ssh-keygen` prints.
const LINE: usize = 70;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const MAGIC: &[u8] = b"SSHSIG";
const VERSION: u32 = 1;
const HASH: &str = "sha512";

/// Why a text is not an armoured signature that can be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ArmourError {
    /// Longer than any signature.
    #[error("the signature has {0} bytes, the most is {MAX_ARMOUR_LEN}")]
    TooLong(usize),
    /// No `BEGIN` line first, or no `END` line last.
    #[error("a signature starts with the line `{BEGIN}` and ends with the line `{END}`")]
    Frame,
    /// The base64 text is damaged, or not cut into lines as `ssh-keygen` does.
    #[error("the base64 text of the signature is damaged")]
    Base64,
    /// The bytes within are not one SSHSIG blob, or something follows it.
    #[error("the bytes within are not those of one SSH signature: {0}")]
    Blob(&'static str),
    /// Another version of the format.
    #[error("the version of the SSH signature is {0}, known is {VERSION}")]
    Version(u32),
    /// The key within cannot be used.
    #[error("the key that signed: {0}")]
    Key(#[from] KeyError),
    /// A signature made for something else than conex.
    #[error("the signature was made for {0:?}, which is not a namespace of conex")]
    Namespace(String),
    /// Bytes in the reserved field, which has to be empty.
    #[error("the reserved field of the SSH signature holds {0} bytes instead of none")]
    Reserved(usize),
    /// The message was hashed with another algorithm.
    #[error("the message was hashed with {0:?}, conex uses `{HASH}`")]
    Hash(String),
    /// The kind of signature is not the one that the key makes.
    #[error("a signature of kind {found:?} by a key of kind `{key}`")]
    Kind {
        /// The kind of the signature.
        found: String,
        /// The kind of the key.
        key: &'static str,
    },
}

impl ArmourError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            ArmourError::Namespace(_) => Some(format!(
                "sign with `ssh-keygen -Y sign -n NAMESPACE -f KEY FILE`, where NAMESPACE is one of {}",
                Namespace::ALL
                    .map(|n| format!("`{}`", n.as_str()))
                    .join(", ")
            )),
            ArmourError::Hash(_) => {
                Some("sign without `-O hashalg=…`: `sha512` is what `ssh-keygen` takes then".into())
            }
            ArmourError::Frame | ArmourError::Base64 | ArmourError::TooLong(_) => {
                Some("give the file as `ssh-keygen -Y sign` wrote it, and nothing else".into())
            }
            ArmourError::Key(error) => error.hint(),
            _ => None,
        }
    }
}

/// The signature with its envelope, exactly as `ssh-keygen -Y sign` prints it.
pub fn armour(key: &PublicKey, namespace: Namespace, signature: &Signature) -> String {
    let mut blob = MAGIC.to_vec();
    blob.extend_from_slice(&VERSION.to_be_bytes());
    put(&mut blob, &key.wire());
    put(&mut blob, namespace.as_str().as_bytes());
    put(&mut blob, b"");
    put(&mut blob, HASH.as_bytes());
    put(&mut blob, &signature_wire(signature));
    let mut text = format!("{BEGIN}\n");
    for (at, c) in Base64::encode_string(&blob).chars().enumerate() {
        if at > 0 && at % LINE == 0 {
            text.push('\n');
        }
        text.push(c);
    }
    text.push('\n');
    text.push_str(END);
    text.push('\n');
    text
}

/// Takes an armoured signature apart. Nothing is verified here.
///
/// The lines must be exactly those that [`armour`] prints for what was found; only
/// the ends of the lines may be those of Windows, and the last may be missing, which
/// is what mail and copying do to a text.
///
/// # Errors
/// Anything else, and anything that conex does not make itself: other versions,
/// namespaces, hashes, kinds of key, bytes in the reserved field or after the end.
pub fn from_armour(text: &str) -> Result<(PublicKey, Namespace, Signature), ArmourError> {
    if text.len() > MAX_ARMOUR_LEN {
        return Err(ArmourError::TooLong(text.len()));
    }
    let body: String = text
        .strip_prefix(BEGIN)
        .and_then(|rest| rest.trim_end_matches(['\r', '\n']).strip_suffix(END))
        .ok_or(ArmourError::Frame)?
        .lines()
        .collect();
    let blob = Base64::decode_vec(&body).map_err(|_| ArmourError::Base64)?;
    let (key, namespace, signature) = from_blob(&blob)?;
    if armour(&key, namespace, &signature).lines().eq(text.lines()) {
        Ok((key, namespace, signature))
    } else {
        Err(ArmourError::Base64)
    }
}

fn from_blob(blob: &[u8]) -> Result<(PublicKey, Namespace, Signature), ArmourError> {
    let short = || ArmourError::Blob("they end too early");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let rest = blob
        .strip_prefix(MAGIC)
        .ok_or(ArmourError::Blob("they do not start with `SSHSIG`"))?;
    let (version, mut rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
    let version = u32::from_be_bytes(*version);
    if version != VERSION {
        return Err(ArmourError::Version(version));
    }
    let key = take(&mut rest).ok_or_else(short)?;
    let namespace = take(&mut rest).ok_or_else(short)?;
    let reserved = take(&mut rest).ok_or_else(short)?;
    let hash = take(&mut rest).ok_or_else(short)?;
    let signature = take(&mut rest).ok_or_else(short)?;
    if !rest.is_empty() {
        return Err(ArmourError::Blob("more bytes follow the signature"));
    }
    let key = PublicKey::from_wire(key)?;
    let namespace = Namespace::ALL
        .into_iter()
        .find(|n| n.as_str().as_bytes() == namespace)
        .ok_or_else(|| ArmourError::Namespace(text(namespace)))?;
    if !reserved.is_empty() {
        return Err(ArmourError::Reserved(reserved.len()));
    }
    if hash != HASH.as_bytes() {
        return Err(ArmourError::Hash(text(hash)));
    }
    let signature = signature_from_wire(key.kind(), signature)?;
    Ok((key, namespace, signature))
}

/// A signature in SSH's wire format: its kind, the 64 bytes, and for hardware keys
/// flags and counter.
pub fn signature_wire(signature: &Signature) -> Vec<u8> {
    let mut wire = Vec::with_capacity(128);
    let kind = match signature.presence() {
        None => KeyKind::Ed25519,
        Some(_) => KeyKind::SkEd25519,
    };
    put(&mut wire, kind.as_str().as_bytes());
    put(&mut wire, signature.bytes());
    if let Some(presence) = signature.presence() {
        wire.push(presence.flags);
        wire.extend_from_slice(&presence.counter.to_be_bytes());
    }
    wire
}

/// Reads a signature by a key of this kind in SSH's wire format, all of it: what an
/// envelope holds and what an agent answers.
///
/// # Errors
/// A signature of another kind, of another length, or with bytes after it.
pub fn signature_from_wire(kind: KeyKind, wire: &[u8]) -> Result<Signature, ArmourError> {
    let bad = || ArmourError::Blob("the signature has not the length of its kind");
    let mut rest = wire;
    let name = take(&mut rest).ok_or_else(bad)?;
    if name != kind.as_str().as_bytes() {
        return Err(ArmourError::Kind {
            found: String::from_utf8_lossy(name).into_owned(),
            key: kind.as_str(),
        });
    }
    let bytes: [u8; 64] = take(&mut rest)
        .and_then(|b| b.try_into().ok())
        .ok_or_else(bad)?;
    match (kind, rest) {
        (KeyKind::Ed25519, []) => Ok(Signature::ed25519(bytes)),
        (KeyKind::SkEd25519, [flags, counter @ ..]) => Ok(Signature::sk_ed25519(
            bytes,
            Presence {
                flags: *flags,
                counter: u32::from_be_bytes(counter.try_into().map_err(|_| bad())?),
            },
        )),
        _ => Err(bad()),
    }
}

#[cfg(test)]
mod tests;
