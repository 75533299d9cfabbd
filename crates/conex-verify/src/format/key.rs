//! Public keys, fingerprints and signatures.
//!
//! Keys are Ed25519 in OpenSSH's form, alone or in a hardware token (`sk-`).
//! Sources: RFC 8032, RFC 8709, OpenSSH's `PROTOCOL.u2f` and `PROTOCOL.sshsig`.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::VerifyingKey;
use sha2::{Digest as _, Sha256, Sha512};
use thiserror::Error;

use super::digest::{Digest, DigestError};
use crate::hint;
use crate::limits::MAX_APPLICATION_LEN;

/// The kinds of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyKind {
    /// An Ed25519 key.
    Ed25519,
    /// An Ed25519 key in a hardware token that signs only when touched.
    SkEd25519,
}

impl KeyKind {
    /// All kinds.
    pub const ALL: [KeyKind; 2] = [KeyKind::Ed25519, KeyKind::SkEd25519];

    /// The name in OpenSSH's files and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyKind::Ed25519 => "ssh-ed25519",
            KeyKind::SkEd25519 => "sk-ssh-ed25519@openssh.com",
        }
    }
}

/// A public key, written in the one form that there is.
///
/// Whether its point can be used (it is on the curve, written canonically and not weak)
/// takes as long as everything else about a file with the key, and files that nobody
/// approved list as many keys as they like. So [`PublicKey::listed`], by which files are
/// read, leaves that to [`PublicKey::usable`]; every other way to make a key asks for it,
/// and so does every signature under the key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey {
    kind: KeyKind,
    point: [u8; 32],
    /// The application of a hardware key, usually `ssh:`; empty otherwise.
    application: Box<str>,
    fingerprint: Fingerprint,
}

/// Why a text is not a usable public key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Not of the form `ssh-ed25519 AAAA…`.
    #[error("{0:?} is not a public key of the form `ssh-ed25519 AAAA…`")]
    Form(String),
    /// A kind of key that is not used here.
    #[error("keys of type {0:?} are not used")]
    Kind(String),
    /// The base64 text is not what its bytes give.
    #[error("the base64 text of the key is damaged")]
    Base64,
    /// The bytes are not the wire format of a key of this type.
    #[error("the bytes of the key are not those of one {0} key")]
    Wire(&'static str),
    /// Not a point of the curve, or not in its canonical form.
    #[error("the key is not a canonical point of the curve")]
    Point,
    /// A point of small order: anyone can make signatures that fit.
    #[error("the key is weak: signatures can be made without its private half")]
    Weak,
    /// The application of a hardware key is outside the accepted form.
    #[error("the application {0:?} of the hardware key does not start with `ssh:` or is too long")]
    Application(String),
}

impl KeyError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            KeyError::Kind(kind) if kind.starts_with("sk-ecdsa-") => Some(hint::TOKEN_KEY.into()),
            KeyError::Kind(kind) if kind.contains("-cert-") => {
                Some("this is a certificate; give the public key that it was made for".into())
            }
            KeyError::Kind(_) => Some(format!(
                "conex signs with Ed25519 alone; {}",
                hint::MAKE_KEY
            )),
            KeyError::Point | KeyError::Weak => Some(format!(
                "no program makes such a key by accident; {}",
                hint::MAKE_KEY
            )),
            KeyError::Form(_) | KeyError::Base64 | KeyError::Wire(_) => {
                Some("give the line of the `.pub` file, whole and unchanged".into())
            }
            KeyError::Application(_) => {
                Some("make the key without `-O application=…`: `ssh-keygen -t ed25519-sk`".into())
            }
        }
    }
}

/// How many characters of a refused text a message repeats: a line of a terminal.
const SHOWN: usize = 80;

impl PublicKey {
    /// The Ed25519 key with these bytes.
    ///
    /// # Errors
    /// Not a canonical point of the curve, or a weak one.
    pub fn ed25519(point: &[u8; 32]) -> Result<PublicKey, KeyError> {
        decoded(point)?;
        Ok(PublicKey::of_parts(KeyKind::Ed25519, *point, ""))
    }

    fn of_parts(kind: KeyKind, point: [u8; 32], application: &str) -> PublicKey {
        PublicKey {
            kind,
            point,
            application: application.into(),
            fingerprint: Fingerprint(Digest::of(&wire(kind, &point, application))),
        }
    }

    /// Reads `ssh-ed25519 AAAA…` as a file lists it: one blank, no comment. Whether the point
    /// can be used is not looked at.
    ///
    /// # Errors
    /// Anything but one key in its one form.
    pub fn listed(text: &str) -> Result<PublicKey, KeyError> {
        let (name, base64) = text
            .split_once(' ')
            .ok_or_else(|| KeyError::Form(shown(text)))?;
        if !KeyKind::ALL.iter().any(|k| k.as_str() == name) {
            // Every type of SSH has a dash; a page that says `Not Found` is no key at all.
            return Err(if name.contains('-') {
                KeyError::Kind(shown(name))
            } else {
                KeyError::Form(shown(text))
            });
        }
        let wire = Base64::decode_vec(base64).map_err(|_| KeyError::Base64)?;
        let key = PublicKey::in_wire(&wire)?;
        if key.to_string() == text {
            Ok(key)
        } else {
            Err(KeyError::Base64)
        }
    }

    /// Whether signatures under the key can count.
    ///
    /// # Errors
    /// Its point is not on the curve, not in its canonical form, or weak.
    pub fn usable(&self) -> Result<(), KeyError> {
        decoded(&self.point).map(drop)
    }

    /// The kind of the key.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The bytes of the point.
    pub fn point(&self) -> &[u8; 32] {
        &self.point
    }

    /// The key in SSH's wire format.
    pub fn wire(&self) -> Vec<u8> {
        wire(self.kind, &self.point, &self.application)
    }

    /// Reads a key in SSH's wire format, all of it.
    ///
    /// # Errors
    /// Anything but one usable key.
    pub fn from_wire(wire: &[u8]) -> Result<PublicKey, KeyError> {
        let key = PublicKey::in_wire(wire)?;
        key.usable()?;
        Ok(key)
    }

    fn in_wire(wire: &[u8]) -> Result<PublicKey, KeyError> {
        let mut rest = wire;
        let name = take(&mut rest).ok_or(KeyError::Wire("Ed25519"))?;
        let kind = KeyKind::ALL
            .into_iter()
            .find(|k| k.as_str().as_bytes() == name)
            .ok_or_else(|| KeyError::Kind(shown(&String::from_utf8_lossy(name))))?;
        let damaged = KeyError::Wire(kind.as_str());
        let point: [u8; 32] = take(&mut rest)
            .and_then(|p| p.try_into().ok())
            .ok_or(damaged.clone())?;
        let application = match kind {
            KeyKind::Ed25519 => "",
            KeyKind::SkEd25519 => take(&mut rest)
                .and_then(|a| std::str::from_utf8(a).ok())
                .ok_or(damaged.clone())?,
        };
        if !rest.is_empty() {
            return Err(damaged);
        }
        let ok = kind == KeyKind::Ed25519
            || (application.starts_with("ssh:")
                && application.len() <= MAX_APPLICATION_LEN
                && application.bytes().all(|b| b.is_ascii_graphic()));
        if !ok {
            return Err(KeyError::Application(shown(application)));
        }
        Ok(PublicKey::of_parts(kind, point, application))
    }

    /// The fingerprint.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Checks a signature over `message`, made for `namespace`.
    ///
    /// # Errors
    /// The key cannot be used, the signature is of another form than the key makes, a
    /// hardware key was not touched, or the signature does not verify (strictly: RFC 8032 with
    /// canonical encodings and without weak points).
    pub fn verify(
        &self,
        namespace: Namespace,
        message: &[u8],
        signature: &Signature,
    ) -> Result<(), SignatureError> {
        let inner = sshsig_bytes(namespace, message);
        let signed = match (self.kind, signature.presence) {
            (KeyKind::Ed25519, None) => inner,
            (KeyKind::SkEd25519, Some(presence)) => {
                if presence.flags & USER_PRESENT == 0 {
                    return Err(SignatureError::NotTouched);
                }
                let mut signed = Sha256::digest(self.application.as_bytes()).to_vec();
                signed.push(presence.flags);
                signed.extend_from_slice(&presence.counter.to_be_bytes());
                signed.extend_from_slice(&Sha256::digest(&inner));
                signed
            }
            _ => return Err(SignatureError::OtherKind(self.kind.as_str())),
        };
        let key = decoded(&self.point).map_err(SignatureError::Key)?;
        let signature = ed25519_dalek::Signature::from_bytes(&signature.bytes);
        key.verify_strict(&signed, &signature)
            .map_err(|_| SignatureError::Wrong)
    }
}

/// As much of a text as belongs into a message: what is refused may be megabytes.
fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// A key in SSH's wire format.
fn wire(kind: KeyKind, point: &[u8; 32], application: &str) -> Vec<u8> {
    let mut wire = Vec::with_capacity(128);
    put(&mut wire, kind.as_str().as_bytes());
    put(&mut wire, point);
    if kind == KeyKind::SkEd25519 {
        put(&mut wire, application.as_bytes());
    }
    wire
}

/// V0.4: The point of a key under which signatures can count.
fn decoded(point: &[u8; 32]) -> Result<VerifyingKey, KeyError> {
    let key = VerifyingKey::from_bytes(point).map_err(|_| KeyError::Point)?;
    // Decompression also takes y coordinates at or above the prime; compressing
    // the point again gives the one canonical form.
    if key.to_edwards().compress().as_bytes() != point {
        return Err(KeyError::Point);
    }
    if key.is_weak() {
        return Err(KeyError::Weak);
    }
    Ok(key)
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}",
            self.kind.as_str(),
            Base64::encode_string(&self.wire())
        )
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    /// Reads `ssh-ed25519 AAAA…`: one blank, no comment, and a point that can be used.
    fn from_str(text: &str) -> Result<PublicKey, KeyError> {
        let key = PublicKey::listed(text)?;
        key.usable()?;
        Ok(key)
    }
}

/// The fingerprint of a key: the digest of its wire format. It depends on nothing else.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(Digest);

impl Fingerprint {
    /// The bytes of the digest.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The first 16 hex digits, for people.
    pub fn short(&self) -> String {
        self.0.short()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl FromStr for Fingerprint {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Fingerprint, DigestError> {
        text.parse().map(Fingerprint)
    }
}

/// What a signature is for. It is inside what is signed, so that a signature
/// over one kind of object fits no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// A link of the janitor chain.
    Janitors,
    /// A segment of an index.
    Index,
    /// The snapshot.
    Snapshot,
    /// The list of the files of a release of conex.
    Release,
}

impl Namespace {
    /// All namespaces.
    pub const ALL: [Namespace; 4] = [
        Namespace::Janitors,
        Namespace::Index,
        Namespace::Snapshot,
        Namespace::Release,
    ];

    /// The namespace as SSHSIG carries it.
    pub fn as_str(self) -> &'static str {
        match self {
            Namespace::Janitors => "conex-janitors-v1",
            Namespace::Index => "conex-index-v1",
            Namespace::Snapshot => "conex-snapshot-v1",
            Namespace::Release => "conex-release-v1",
        }
    }
}

/// The bytes that an SSHSIG signature is over (`PROTOCOL.sshsig`, sha512, empty
/// reserved field).
pub fn sshsig_bytes(namespace: Namespace, message: &[u8]) -> Vec<u8> {
    let mut bytes = b"SSHSIG".to_vec();
    put(&mut bytes, namespace.as_str().as_bytes());
    put(&mut bytes, b"");
    put(&mut bytes, b"sha512");
    put(&mut bytes, &Sha512::digest(message));
    bytes
}

/// A signature, without the envelope that its key and namespace give.
///
/// Written in base64: the 64 bytes of the Ed25519 signature, for hardware keys
/// followed by the byte of flags and the four bytes of the counter.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature {
    bytes: [u8; 64],
    presence: Option<Presence>,
}

/// What a hardware key adds to a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Presence {
    /// Bit 0: the user touched the token.
    pub flags: u8,
    /// The token's count of its signatures.
    pub counter: u32,
}

/// The flag of [`Presence`] that says that the user touched the token.
pub const USER_PRESENT: u8 = 0x01;

/// Why a signature is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// Not the base64 of 64 or 69 bytes.
    #[error("{0:?} is not a signature: base64 of 64 bytes, or of 69 for a hardware key")]
    Form(String),
    /// Nothing under this key verifies.
    #[error("the key cannot be used: {0}")]
    Key(KeyError),
    /// Made by a key of another kind.
    #[error("the signature is not one that a key of type `{0}` makes")]
    OtherKind(&'static str),
    /// A hardware key signed without being touched.
    #[error("the hardware key was not touched when it signed")]
    NotTouched,
    /// It does not verify.
    #[error("the signature does not fit key and bytes")]
    Wrong,
}

impl Signature {
    /// A signature by a plain Ed25519 key.
    pub fn ed25519(bytes: [u8; 64]) -> Signature {
        Signature {
            bytes,
            presence: None,
        }
    }

    /// A signature by a hardware key.
    pub fn sk_ed25519(bytes: [u8; 64], presence: Presence) -> Signature {
        Signature {
            bytes,
            presence: Some(presence),
        }
    }

    /// The 64 bytes of the Ed25519 signature.
    pub fn bytes(&self) -> &[u8; 64] {
        &self.bytes
    }

    /// What a hardware key added.
    pub fn presence(&self) -> Option<Presence> {
        self.presence
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.bytes.to_vec();
        if let Some(presence) = self.presence {
            bytes.push(presence.flags);
            bytes.extend_from_slice(&presence.counter.to_be_bytes());
        }
        f.write_str(&Base64::encode_string(&bytes))
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Signature {
    type Err = SignatureError;

    fn from_str(text: &str) -> Result<Signature, SignatureError> {
        let bad = || SignatureError::Form(shown(text));
        let decoded = Base64::decode_vec(text).map_err(|_| bad())?;
        let (bytes, rest) = decoded.split_first_chunk::<64>().ok_or_else(bad)?;
        let presence = match rest {
            [] => None,
            [flags, counter @ ..] => Some(Presence {
                flags: *flags,
                counter: u32::from_be_bytes(counter.try_into().map_err(|_| bad())?),
            }),
        };
        let signature = Signature {
            bytes: *bytes,
            presence,
        };
        if signature.to_string() == text {
            Ok(signature)
        } else {
            Err(bad())
        }
    }
}

/// Appends an SSH string: its length in four bytes, then its bytes.
pub fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    // What is put here is at most a few hundred bytes long.
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// Takes an SSH string off the front of `rest`.
pub fn take<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, tail) = rest.split_first_chunk::<4>()?;
    let (bytes, tail) = tail.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)?;
    *rest = tail;
    Some(bytes)
}

#[cfg(test)]
mod tests;
