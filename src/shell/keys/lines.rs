//! Public keys as lines of text: `.pub` files, and the lists that forges publish for
//! each account (`https://github.com/<id>.keys`).

use crate::core::key::{KeyError, PublicKey};

/// One public key with its comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicLine {
    /// The key.
    pub key: PublicKey,
    /// What follows it on the line, often nothing.
    pub comment: String,
}

impl PublicLine {
    /// Reads `ssh-ed25519 AAAA… comment`. Blanks around the parts do not matter.
    ///
    /// # Errors
    /// Not of this form, or a key that is not used.
    pub fn parse(line: &str) -> Result<PublicLine, KeyError> {
        let line = line.trim();
        let form = || KeyError::Form(line.chars().take(80).collect());
        let (kind, rest) = line.split_once([' ', '\t']).ok_or_else(form)?;
        let rest = rest.trim_start();
        let (base64, comment) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
        Ok(PublicLine {
            key: format!("{kind} {base64}").parse()?,
            comment: comment.trim().to_owned(),
        })
    }
}

/// Reads a list of public keys, as `https://github.com/<id>.keys` is one: the keys that
/// can be used, and for each other line its number (from 1) and why not. Empty lines
/// and lines that start with `#` do not count; a key that is there twice is given once.
pub fn read_lines(text: &str) -> (Vec<PublicLine>, Vec<(usize, KeyError)>) {
    let mut usable: Vec<PublicLine> = Vec::new();
    let mut others = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match PublicLine::parse(line) {
            Ok(line) if usable.iter().any(|known| known.key == line.key) => {}
            Ok(line) => usable.push(line),
            Err(error) => others.push((number, error)),
        }
    }
    (usable, others)
}
