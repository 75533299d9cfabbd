//! A release of conex: a list of SHA-256 sums, who signed the list, and a file that it names.
//!
//! `hooks/release` writes the list as `sha256sum` does, and signs it with `ssh-keygen -Y sign`. Stock
//! tools check both as well; RELEASING.md has the commands.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::sshsig::{ArmourError, from_armour};
use conex_verify::format::key::{KeyError, Namespace, PublicKey, SignatureError};

/// Whose keys a file in the form of `ssh-keygen -Y verify` has to say that they are.
const PRINCIPAL: &str = "releases";

/// The one option that may stand before a key in such a file.
const OPTION: &str = "namespaces=\"conex-release-v1\"";

/// The keys that releases are signed with: a file as `ssh-keygen -Y verify -I releases` takes it, or as
/// keys lie in `.pub` files. A line that allows its key less, or is about somebody else, is refused.
#[derive(Debug)]
pub struct Keys(Vec<PublicKey>);

/// Why a file has no keys of releases.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum KeysError {
    /// No line has a key.
    #[error("no key of a release is in it")]
    None,
    /// A line has something else.
    #[error("line {line}: {why}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong.
        why: LineError,
    },
}

/// What is wrong with a line of keys.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum LineError {
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// What stands before the key.
    #[error("before the key stands `{0}`, where only `releases` may stand, and `{OPTION}`")]
    Before(String),
}

impl Keys {
    /// Reads the file. Empty lines and those that start with `#` say nothing.
    ///
    /// # Errors
    /// No key, or a line without one.
    pub fn read(text: &str) -> Result<Keys, KeysError> {
        let lines = (1..).zip(text.lines().map(str::trim));
        let lines = lines.filter(|(_, text)| !text.is_empty() && !text.starts_with('#'));
        let keys =
            lines.map(|(line, text)| key_in(text).map_err(|why| KeysError::Line { line, why }));
        let keys: Vec<PublicKey> = keys.collect::<Result<_, _>>()?;
        match keys.is_empty() {
            true => Err(KeysError::None),
            false => Ok(Keys(keys)),
        }
    }
}

/// The key in a line. What stands behind it is a comment.
fn key_in(text: &str) -> Result<PublicKey, LineError> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let is_type = |word: &&str| word.starts_with("ssh-") || word.starts_with("sk-ssh-");
    let at = words.iter().position(is_type).unwrap_or_default();
    let (before, key) = words.split_at(at);
    if !matches!(before, [] | [PRINCIPAL] | [PRINCIPAL, OPTION]) {
        return Err(LineError::Before(before.join(" ")));
    }
    let key: Vec<&str> = key.iter().take(2).copied().collect();
    let key = PublicKey::listed(&key.join(" "))?;
    key.usable()?;
    Ok(key)
}

/// Why a file is not taken for one of a release.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Refusal {
    /// The signature is none.
    #[error("the signature of the list cannot be read: {0}")]
    Armour(#[from] ArmourError),
    /// It is for something else.
    #[error("the signature is one of `{0}`, not of a release of conex")]
    Purpose(&'static str),
    /// It is of somebody else.
    #[error("the list is signed with {0}, which is none of the keys that were given")]
    Key(Box<PublicKey>),
    /// It does not fit the list.
    #[error("the signature does not fit the list: {0}")]
    Signature(#[from] SignatureError),
    /// The list is not one.
    #[error("line {0} of the list is not a SHA-256 sum and a name")]
    Line(usize),
    /// The list does not name the file, or more than once.
    #[error("the list names `{name}` {times} times, and not once")]
    Named {
        /// The name of the file.
        name: String,
        /// How often the list has it.
        times: usize,
    },
    /// The bytes are others.
    #[error(
        "`{name}` is not what was released:\n  expected  sha256={expected}\n  found     sha256={found}"
    )]
    Bytes {
        /// The name of the file.
        name: String,
        /// What the list says.
        expected: String,
        /// What the file has.
        found: String,
    },
    /// The list does not say of which version it is.
    #[error("the list names no executable or package of one version, so it is of no release")]
    NoVersion,
    /// It is older than the program that looks at it.
    #[error("the release is version {version}, and this is {own}")]
    Older {
        /// The version of the release.
        version: String,
        /// The version of this program.
        own: String,
    },
}

/// What came with a file.
#[derive(Debug, Clone)]
pub struct Release {
    /// The list of sums, as it was signed.
    pub sums: String,
    /// The signature over it, as `ssh-keygen` writes it.
    pub signature: String,
}

/// A file: its name, without directories, and the SHA-256 sum of its bytes, in lower case.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// The name.
    pub name: &'a str,
    /// The sum.
    pub sha256: &'a str,
}

/// Whether a file is of a release that one of the keys signed, and at least as new as version `own`;
/// `None` takes any version. Gives the key.
///
/// # Errors
/// It is not.
pub fn check<'k>(
    file: &File<'_>,
    release: &Release,
    keys: &'k Keys,
    own: Option<&str>,
) -> Result<&'k PublicKey, Refusal> {
    let (key, namespace, signature) = from_armour(&release.signature)?;
    if namespace != Namespace::Release {
        return Err(Refusal::Purpose(namespace.as_str()));
    }
    let known = keys.0.iter().find(|known| **known == key);
    let known = known.ok_or_else(|| Refusal::Key(Box::new(key)))?;
    known.verify(Namespace::Release, release.sums.as_bytes(), &signature)?;

    let expected = sum_of(&release.sums, file.name)?;
    let name = || file.name.to_owned();
    if expected != file.sha256 {
        let (expected, found) = (expected.to_owned(), file.sha256.to_owned());
        let name = name();
        return Err(Refusal::Bytes {
            name,
            expected,
            found,
        });
    }
    let version = version_of(&release.sums)?;
    match own {
        Some(own) if older(version, own) => Err(Refusal::Older {
            version: version.to_owned(),
            own: own.to_owned(),
        }),
        _ => Ok(known),
    }
}

/// The version of a release: that in the names of its executables and packages, which is one. Not
/// every name has it, and an old list is signed for ever.
fn version_of(sums: &str) -> Result<&str, Refusal> {
    let names = sums.lines().filter_map(|line| line.split_once("  "));
    let versions: BTreeSet<&str> = names.filter_map(|(_, name)| version_in(name)).collect();
    match versions.len() {
        1 => versions.first().copied().ok_or(Refusal::NoVersion),
        _ => Err(Refusal::NoVersion),
    }
}

/// What the list has for a name.
fn sum_of<'a>(sums: &'a str, name: &str) -> Result<&'a str, Refusal> {
    let mut found = Vec::new();
    for (line, text) in (1..).zip(sums.lines()) {
        let (sum, named) = text.split_once("  ").ok_or(Refusal::Line(line))?;
        let is_sum = sum.len() == 64 && sum.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !is_sum || named.is_empty() || named.contains('/') {
            return Err(Refusal::Line(line));
        }
        if named == name {
            found.push(sum);
        }
    }
    match found[..] {
        [sum] => Ok(sum),
        _ => Err(Refusal::Named {
            name: name.to_owned(),
            times: found.len(),
        }),
    }
}

/// `0.2.0` in `conex-0.2.0-x86_64-unknown-linux-gnu` and in `conex_0.2.0_amd64.deb`.
fn version_in(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("conex")?.strip_prefix(['-', '_'])?;
    let version = rest.split(['-', '_']).next()?;
    numbers(version).map(|_| version)
}

fn numbers(version: &str) -> Option<Vec<u64>> {
    version.split('.').map(|part| part.parse().ok()).collect()
}

/// Whether a version is older than the version of this program, which can be a candidate: `1.0.0-rc.1`.
fn older(version: &str, own: &str) -> bool {
    let own = own.split(['-', '+']).next().unwrap_or_default();
    numbers(version) < numbers(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_one_in_the_name() {
        let cases = [
            ("conex-0.2.0-x86_64-unknown-linux-gnu", Some("0.2.0")),
            ("conex_0.10.0_amd64.deb", Some("0.10.0")),
            ("conex-rs.opam", None),
            ("conex", None),
            ("other-1.0.0", None),
        ];
        for (name, version) in cases {
            assert_eq!(version_in(name), version, "{name}");
        }
        assert!(older("0.9.0", "1.0.0-rc.1"));
        assert!(
            older("0.9.0", "0.10.0") && !older("0.10.0", "0.10.0") && !older("1.0.0", "0.10.0")
        );
    }

    #[test]
    fn a_release_has_one_version_whatever_file_is_looked_at() {
        let sum = "a".repeat(64);
        let list = |names: &[&str]| -> String {
            names
                .iter()
                .map(|name| format!("{sum}  {name}\n"))
                .collect()
        };
        let all = [
            "conex-0.2.0-x86_64-unknown-linux-gnu",
            "conex-0.2.0.tar.gz",
            "conex-verify-0.2.0.crate",
        ];
        assert_eq!(version_of(&list(&all)), Ok("0.2.0"));
        assert_eq!(version_of(&list(&all[1..])), Err(Refusal::NoVersion));
        let two = [all[0], "conex_0.3.0_amd64.deb"];
        assert_eq!(version_of(&list(&two)), Err(Refusal::NoVersion));
    }

    #[test]
    fn a_list_that_is_none_is_named_by_its_line() {
        let sum = "a".repeat(64);
        let good = format!("{sum}  conex\n");
        assert_eq!(sum_of(&good, "conex"), Ok(&*sum));
        for line in [
            "no sum".to_owned(),
            format!("{}  conex", "A".repeat(64)),
            format!("{sum} conex"),
            format!("{sum}  ../conex"),
            format!("{sum}  "),
        ] {
            let text = format!("{good}{line}\n");
            assert_eq!(sum_of(&text, "conex"), Err(Refusal::Line(2)), "{line}");
        }
        let twice = format!("{good}{good}");
        let refused = sum_of(&twice, "conex");
        assert!(
            matches!(refused, Err(Refusal::Named { times: 2, .. })),
            "{refused:?}"
        );
        let absent = sum_of(&good, "cone");
        assert!(
            matches!(absent, Err(Refusal::Named { times: 0, .. })),
            "{absent:?}"
        );
    }

    #[test]
    fn keys_stand_alone_or_as_allowed_signers() {
        const KEY: &str =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
        for line in [
            KEY.to_owned(),
            format!("{KEY} a comment"),
            format!("releases {KEY}"),
            format!("releases namespaces=\"conex-release-v1\" {KEY}"),
            format!("# a remark\n\n{KEY}\r"),
        ] {
            assert_eq!(Keys::read(&line).unwrap().0.len(), 1, "{line}");
        }
        // What ssh-keygen would not let sign a release is no key of a release.
        for before in [
            "ann",
            "*",
            "releases,ann",
            "releases cert-authority",
            "releases namespaces=\"file\"",
            "releases namespaces=\"conex-release-v1\",valid-before=\"20200101\"",
            "namespaces=\"conex-release-v1\"",
        ] {
            let refused = Keys::read(&format!("{KEY}\n{before} {KEY}\n"));
            let why = LineError::Before(before.to_owned());
            assert_eq!(refused.unwrap_err(), KeysError::Line { line: 2, why });
        }
        assert!(matches!(Keys::read("# nothing\n"), Err(KeysError::None)));
        let wrong = Keys::read(&format!("{KEY}\nNot found\n"));
        assert!(
            matches!(wrong, Err(KeysError::Line { line: 2, .. })),
            "{wrong:?}"
        );
    }
}
