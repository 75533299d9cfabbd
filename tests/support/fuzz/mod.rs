//! What has to hold for any bytes, one property for each target of `fuzz/`. The fuzzers call these
//! functions, and so does the test that gives them the committed corpora.
#![allow(missing_docs)]

pub mod archives;
pub mod bundles;
pub mod git;
pub mod keys;
pub mod memory;
pub mod metadata;
pub mod patches;
pub mod private_keys;
pub mod repository;
pub mod syntax;

/// What has to hold of these bytes; it panics where it does not.
pub type Property = fn(&[u8]);

/// The names of the targets, and their properties.
pub const TARGETS: [(&str, Property); 10] = [
    ("archives", archives::holds),
    ("bundles", bundles::holds),
    ("git", git::holds),
    ("keys", keys::holds),
    ("memory", memory::holds),
    ("metadata", metadata::holds),
    ("patches", patches::holds),
    ("private_keys", private_keys::holds),
    ("repository", repository::holds),
    ("syntax", syntax::holds),
];

/// Numbers out of the bytes of a fuzzer, zeros where they end.
pub struct Choices<'a>(pub &'a [u8]);

impl<'a> Choices<'a> {
    pub fn byte(&mut self) -> u8 {
        match self.0.split_first() {
            Some((first, rest)) => {
                self.0 = rest;
                *first
            }
            None => 0,
        }
    }

    pub fn number(&mut self) -> usize {
        usize::from(self.byte()) << 8 | usize::from(self.byte())
    }

    /// As many of the next bytes as the byte before them says, and no more than `most`.
    pub fn bytes(&mut self, most: usize) -> &'a [u8] {
        let wanted = usize::from(self.byte()).min(most).min(self.0.len());
        let (taken, rest) = self.0.split_at(wanted);
        self.0 = rest;
        taken
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::from(self.byte()) % from.len()]
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What the fuzzers start from.
pub fn material(target: &str) -> Vec<Vec<u8>> {
    match target {
        "archives" => archives::material(),
        "bundles" => bundles::material(),
        "git" => git::material(),
        "keys" => keys::material(),
        "memory" => memory::material(),
        "metadata" => metadata::material(),
        "patches" => patches::material(),
        "private_keys" => private_keys::material(),
        "repository" => repository::material(),
        "syntax" => syntax::material(),
        other => panic!("no target {other}"),
    }
}
