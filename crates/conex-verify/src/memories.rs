//! Where a client keeps what it accepted.

use crate::format::digest::Digest;
use crate::update::Memory;

/// Where memories are kept: the bytes that earlier verdicts gave.
pub trait Memories {
    /// The bytes of every memory under this name; and, of the repository with this identity,
    /// those under every other name. More do no harm.
    ///
    /// # Errors
    /// Something is there and cannot be read: no verdict is possible then.
    fn recall(&self, name: &str, identity: Digest) -> Result<Vec<Vec<u8>>, String>;

    /// The record that was kept beside the last memory under this name: empty where there is
    /// none yet. `None`: no records are kept, and none is made. One that is lost, old or damaged
    /// does no harm.
    fn record(&self, name: &str) -> Option<Vec<u8>> {
        let _ = name;
        None
    }
}

/// Nothing is remembered.
impl Memories for () {
    fn recall(&self, _: &str, _: Digest) -> Result<Vec<Vec<u8>>, String> {
        Ok(Vec::new())
    }
}

/// All memories that there are.
impl Memories for Vec<Vec<u8>> {
    fn recall(&self, _: &str, _: Digest) -> Result<Vec<Vec<u8>>, String> {
        Ok(self.clone())
    }
}

/// Whether the first lines of a memory say that it is of this repository under this name.
pub fn is_memory_of(bytes: &[u8], name: &str, identity: Digest) -> bool {
    Memory::is_about(bytes, name, identity)
}
