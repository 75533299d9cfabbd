//! What a file with keys holds: one reader for all who are given such a file.
//!
//! People have keys in more forms than `ssh-keygen` writes: lists that a forge hands out, files
//! of an editor or a shell that writes another encoding, keys of other programs. What can be
//! read is read, and of the rest is said what it is, and what makes a usable file of it.

use crate::hint::Hint;
use std::path::Path;

use thiserror::Error;

use super::file::shell_quoted;
use super::lines::PublicLine;
use super::private::{PrivateFile, PrivateKeyError};
use conex_verify::format::key::{KeyError, PublicKey};

/// What a file with keys holds.
#[derive(Debug)]
pub enum KeyText {
    /// One private key.
    Private(PrivateFile),
    /// Public keys, a line each.
    Public(PublicKeys),
}

/// The public keys of a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PublicKeys {
    /// Those that can be used, each once, with the number of its line, from 1.
    pub usable: Vec<(usize, PublicLine)>,
    /// The other lines, but for empty ones and comments, and why not.
    pub others: Vec<(usize, KeyError)>,
}

/// Why a file gives no key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TextError {
    /// It starts with the three bytes that some editors put before UTF-8.
    #[error("it starts with a byte order mark, which is no part of a key")]
    Mark,
    /// Two bytes for each character.
    #[error("it is UTF-16, as PowerShell's `>` writes it")]
    Utf16,
    /// Not text at all.
    #[error("it holds neither one private key nor one public key")]
    NotText,
    /// A public key in the form of other programs (RFC 4716).
    #[error("it is a public key in the form of RFC 4716")]
    Rfc4716,
    /// Nothing but empty lines and comments.
    #[error("it holds no key")]
    Empty,
    /// Private, and not usable.
    #[error("{0}")]
    Private(#[from] PrivateKeyError),
    /// One line, and not a key that is used.
    #[error("{0}")]
    Public(#[from] KeyError),
    /// Several lines, and none is a key that is used.
    #[error("none of the {lines} lines is a key that can be used: line {line}: {first}")]
    None {
        /// How many lines.
        lines: usize,
        /// The number of the first.
        line: usize,
        /// What is wrong with it.
        first: KeyError,
    },
    /// Several keys that could be meant.
    #[error("it holds {} keys that can be used: {}", .0.len(), .0.join(", "))]
    Several(Vec<String>),
}

impl TextError {
    /// What to do about it, for the file that it is about.
    pub fn hint_for(&self, path: &Path) -> Option<String> {
        let quoted = shell_quoted(path);
        Some(self.hint()?.replace(" FILE", &format!(" {quoted}")))
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            TextError::Mark => {
                "write it anew without: `tail -c +4 FILE > NEW`, in PowerShell `Get-Content FILE | Out-File -Encoding ascii NEW`"
                    .to_owned()
            }
            TextError::Utf16 => {
                "write it anew: `iconv -f UTF-16 -t UTF-8 FILE > NEW`, in PowerShell `Get-Content FILE | Out-File -Encoding ascii NEW`"
                    .to_owned()
            }
            TextError::Rfc4716 => {
                "`ssh-keygen -i -f FILE > NEW.pub` makes a file of the usual form".to_owned()
            }
            TextError::Several(_) => {
                "choose one by the number of its line, as `sed -n 1p FILE > NEW.pub`, and give that file".to_owned()
            }
            TextError::Empty => {
                format!("an account without SSH keys has an empty list; {}", Hint::MakeKey { id: "ID".to_owned() })
            }
            TextError::NotText => "give the file that `ssh-keygen -t ed25519` wrote".to_owned(),
            TextError::Private(error) => return error.hint(),
            TextError::Public(error) | TextError::None { first: error, .. } => return error.hint(),
        })
    }
}

/// Reads what a file with keys holds.
///
/// # Errors
/// No key, or in a form that is not read.
pub fn read(text: &[u8]) -> Result<KeyText, TextError> {
    if PrivateFile::looks_like(text) {
        return Ok(KeyText::Private(PrivateFile::parse(text)?));
    }
    public_lines(text).map(KeyText::Public)
}

/// Reads the one key that a file holds; of a private key the public half.
///
/// # Errors
/// No key, several, or in a form that is not read.
pub fn one(text: &[u8]) -> Result<PublicKey, TextError> {
    match read(text)? {
        KeyText::Private(file) => Ok(file.public().clone()),
        KeyText::Public(keys) => Ok(keys.one()?.key),
    }
}

impl PublicKeys {
    /// The one key that can be used.
    ///
    /// # Errors
    /// None, or several.
    pub fn one(mut self) -> Result<PublicLine, TextError> {
        match (self.usable.len(), self.others.first()) {
            (1, _) => self
                .usable
                .pop()
                .map(|(_, key)| key)
                .ok_or(TextError::Empty),
            (0, None) => Err(TextError::Empty),
            (0, Some((_, error))) if self.others.len() == 1 => Err(error.clone().into()),
            (0, Some((line, first))) => Err(TextError::None {
                lines: self.others.len(),
                line: *line,
                first: first.clone(),
            }),
            _ => {
                let named = self.usable.iter().map(|(number, line)| {
                    let (key, comment) = (line.key.fingerprint(), &line.comment);
                    match comment.as_str() {
                        "" => format!("line {number} {key}"),
                        _ => format!("line {number} {key} {comment:?}"),
                    }
                });
                Err(TextError::Several(named.collect()))
            }
        }
    }
}

fn public_lines(text: &[u8]) -> Result<PublicKeys, TextError> {
    // ASCII in two bytes has a NUL in every second place; a mark says so at once.
    let utf16 = text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff");
    let alternating = |at: usize| {
        let mut zeros = text.iter().skip(at).step_by(2);
        text.len() >= 4 && zeros.all(|&b| b == 0)
    };
    if utf16 || alternating(0) || alternating(1) {
        return Err(TextError::Utf16);
    }
    if text.starts_with(b"\xef\xbb\xbf") {
        return Err(TextError::Mark);
    }
    let text = std::str::from_utf8(text).map_err(|_| TextError::NotText)?;
    let mut keys = PublicKeys::default();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with("---- BEGIN SSH2 PUBLIC KEY ----") {
            return Err(TextError::Rfc4716);
        }
        match PublicLine::parse(line) {
            Ok(line) if keys.usable.iter().any(|(_, known)| known.key == line.key) => {}
            Ok(line) => keys.usable.push((number, line)),
            Err(error) => keys.others.push((number, error)),
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::keys::{Signer as _, UnlockedKey};

    const A: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";
    #[track_caller]
    fn refused(text: &[u8]) -> TextError {
        let error = one(text).unwrap_err();
        assert!(error.hint().is_some(), "{error}");
        error
    }

    /// The file of PowerShell's `>`, of an editor on Windows, of another program.
    #[test]
    fn a_key_in_another_encoding_is_named_as_what_it_is() {
        let wide = |big: bool, mark: bool| -> Vec<u8> {
            let text = format!("{}{A}\r\n", if mark { "\u{feff}" } else { "" });
            let bytes = |unit: u16| {
                if big {
                    unit.to_be_bytes()
                } else {
                    unit.to_le_bytes()
                }
            };
            text.encode_utf16().flat_map(bytes).collect()
        };
        for (big, mark) in [(true, true), (false, true), (true, false), (false, false)] {
            assert_eq!(refused(&wide(big, mark)), TextError::Utf16, "{big} {mark}");
        }
        assert_eq!(
            refused(format!("\u{feff}{A}\n").as_bytes()),
            TextError::Mark
        );
        let private = b"\xef\xbb\xbf-----BEGIN OPENSSH PRIVATE KEY-----\n";
        assert_eq!(refused(private), TextError::Mark);
        let rfc4716 = "---- BEGIN SSH2 PUBLIC KEY ----\nComment: \"x\"\nAAAA\n---- END SSH2 PUBLIC KEY ----\n";
        assert_eq!(refused(rfc4716.as_bytes()), TextError::Rfc4716);
        assert!(
            refused(rfc4716.as_bytes())
                .hint()
                .unwrap()
                .contains("ssh-keygen -i -f")
        );
        assert_eq!(refused(b"\xff\x00\xff"), TextError::NotText);
    }

    #[test]
    fn comments_and_empty_lines_do_not_matter() {
        let text = format!("\n# my key\n  {A} a@b\n\n{A} again\n");
        assert_eq!(one(text.as_bytes()).unwrap().to_string(), A);
    }

    /// What a forge hands out as `NAME.keys`.
    #[test]
    fn of_a_list_the_one_key_is_taken_and_of_several_none() {
        let list = format!("ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAA\n{A}\necdsa-sha2-nistp256 AAAA\n");
        assert_eq!(one(list.as_bytes()).unwrap().to_string(), A);
        let other = UnlockedKey::from_seed(&[9; 32]).unwrap();
        let other = other.public().to_string();
        let two = format!("{list}{other} laptop\n");
        let error = refused(two.as_bytes());
        let said = error.to_string();
        let fingerprint = |key: &str| key.parse::<PublicKey>().unwrap().fingerprint().to_string();
        for part in [
            format!("line 2 {}", fingerprint(A)),
            format!("line 4 {} \"laptop\"", fingerprint(&other)),
        ] {
            assert!(said.contains(&part), "{part}: {said}");
        }
        assert!(error.hint().unwrap().contains("sed -n"));
        assert_eq!(refused(b"\n# nothing\n"), TextError::Empty);
        assert!(matches!(refused(b"ssh-rsa AAAA\n"), TextError::Public(_)));
        let none = refused(b"\nssh-rsa AAAA\nhello\n");
        assert!(
            none.to_string().starts_with("none of the 2 lines"),
            "{none}"
        );
    }
}
