//! Digests: BLAKE2b-256 over exact bytes, written `blake2b=` and 64 hex digits.

use std::fmt;
use std::str::FromStr;

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest as _};
use thiserror::Error;

/// The digest of a sequence of bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// What every digest starts with: the one algorithm that there is.
pub const PREFIX: &str = "blake2b=";

/// Why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DigestError {
    /// Another algorithm, or none.
    #[error("{0:?} does not start with `{PREFIX}`; no other algorithm is known")]
    Algorithm(String),
    /// Not 64 lower-case hex digits.
    #[error("{0:?} is not `{PREFIX}` and 64 lower-case hex digits")]
    Hex(String),
}

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(Blake2b::<U32>::digest(bytes).into())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest that has these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Digest {
        Digest(bytes)
    }

    /// The digest of 64 lower-case hex digits; of anything else `None`.
    pub fn from_hex(hex: &str) -> Option<Digest> {
        let mut bytes = [0; 32];
        if hex.len() != 64 {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            *byte = pair.iter().try_fold(0_u8, |value, c| {
                let digit = match c {
                    b'0'..=b'9' => c - b'0',
                    b'a'..=b'f' => c - b'a' + 10,
                    _ => return None,
                };
                Some(value << 4 | digit)
            })?;
        }
        Some(Digest(bytes))
    }

    /// The first 16 hex digits: for names of directories, check lines and people.
    /// Never compared in place of the digest.
    pub fn short(&self) -> String {
        hex(self.0.iter().take(8))
    }

    /// The 64 hex digits without the name of the algorithm.
    pub fn hex(&self) -> String {
        hex(self.0.iter())
    }
}

/// By hand: a state has a digest for each file, and `{:02x}` takes ten times as long.
fn hex<'a>(bytes: impl ExactSizeIterator<Item = &'a u8>) -> String {
    let digit = |value: u8| {
        char::from(if value < 10 {
            b'0' + value
        } else {
            b'a' + value - 10
        })
    };
    let mut hex = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        hex.push(digit(byte >> 4));
        hex.push(digit(byte & 15));
    }
    hex
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        f.write_str(&self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}…", self.short())
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Digest, DigestError> {
        let hex = text
            .strip_prefix(PREFIX)
            .ok_or_else(|| DigestError::Algorithm(text.to_owned()))?;
        Digest::from_hex(hex).ok_or_else(|| DigestError::Hex(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf abc | b2sum -l 256`
    const ABC: &str = "blake2b=bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319";

    #[test]
    fn digest_is_what_b2sum_prints() {
        assert_eq!(Digest::of(b"abc").to_string(), ABC);
        assert_eq!(ABC.parse::<Digest>().unwrap(), Digest::of(b"abc"));
    }

    #[test]
    fn other_ways_to_write_a_digest_are_refused() {
        for bad in [
            "",
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
            "sha256=bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
            "blake2b=BDDD813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
            "blake2b=bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d5231",
            "blake2b=bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d523190",
            " blake2b=bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
        ] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }
}
