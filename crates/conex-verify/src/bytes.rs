//! The content of a file, and its digest once somebody asked for that.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use crate::format::digest::Digest;

/// The content of one file, exactly as read. A copy shares it, and with it the digest, which is
/// computed once: the trees before and after an update, and the two forms of a repository, have
/// most files in common.
#[derive(Clone)]
pub struct Bytes(Arc<Content>);

struct Content {
    bytes: Box<[u8]>,
    digest: OnceLock<Digest>,
}

impl Bytes {
    /// The digest of the bytes.
    pub fn digest(&self) -> Digest {
        *self.0.digest.get_or_init(|| Digest::of(&self.0.bytes))
    }

    /// Whether both are copies of one another: no byte is compared.
    pub fn ptr_eq(&self, other: &Bytes) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0.bytes
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<Box<[u8]>> for Bytes {
    fn from(bytes: Box<[u8]>) -> Bytes {
        Bytes(Arc::new(Content {
            bytes,
            digest: OnceLock::new(),
        }))
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Bytes {
        bytes.into_boxed_slice().into()
    }
}

impl From<String> for Bytes {
    fn from(text: String) -> Bytes {
        text.into_bytes().into()
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Bytes {
        Box::<[u8]>::from(bytes).into()
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Bytes {
        text.as_bytes().into()
    }
}

impl<const N: usize> From<&[u8; N]> for Bytes {
    fn from(bytes: &[u8; N]) -> Bytes {
        bytes.as_slice().into()
    }
}

impl<const N: usize> From<[u8; N]> for Bytes {
    fn from(bytes: [u8; N]) -> Bytes {
        bytes.as_slice().into()
    }
}

impl Default for Bytes {
    fn default() -> Bytes {
        Box::<[u8]>::default().into()
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Bytes) -> bool {
        self.ptr_eq(other) || **self == **other
    }
}

impl Eq for Bytes {}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_knows_the_digest_and_equal_bytes_are_equal() {
        let bytes = Bytes::from("abc");
        let copy = bytes.clone();
        assert_eq!(copy.digest(), Digest::of(b"abc"));
        assert!(bytes.ptr_eq(&copy) && bytes.0.digest.get().is_some());
        let other = Bytes::from(b"abc".to_vec());
        assert!(bytes == other && !bytes.ptr_eq(&other));
        assert_ne!(bytes, Bytes::default());
    }
}
