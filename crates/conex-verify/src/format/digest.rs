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
        let value = |digit: u8| match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => u8::MAX,
        };
        let mut bytes = [0; 32];
        let (pairs, []) = hex.as_bytes().as_chunks() else {
            return None;
        };
        if pairs.len() != bytes.len() {
            return None;
        }
        // One look at all digits together: a segment has thousands of digests.
        let mut all = 0;
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let (high, low) = (value(*high), value(*low));
            all |= high | low;
            *byte = high << 4 | low;
        }
        (all < 16).then_some(Digest(bytes))
    }

    /// The first 16 hex digits: for names of directories, check lines and people.
    /// Never compared in place of the digest.
    pub fn short(&self) -> String {
        self.with_hex(|hex| hex.split_at(16).0.to_owned())
    }

    /// The 64 hex digits without the name of the algorithm.
    pub fn hex(&self) -> String {
        self.with_hex(str::to_owned)
    }

    /// What is made of the 64 hex digits. By hand: a state has a digest for each file, and `{:02x}`
    /// takes ten times as long.
    pub fn with_hex<T>(&self, make: impl FnOnce(&str) -> T) -> T {
        let digit = |value: u8| value + if value < 10 { b'0' } else { b'a' - 10 };
        let mut digits = [0; 64];
        let (pairs, _) = digits.as_chunks_mut();
        for (pair, byte) in pairs.iter_mut().zip(self.0) {
            *pair = [digit(byte >> 4), digit(byte & 15)];
        }
        // They are ASCII.
        make(str::from_utf8(&digits).unwrap_or_default())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        self.with_hex(|hex| f.write_str(hex))
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
