//! Names that come from outside: ids, package names, versions, releases.
//!
//! A value of one of these types cannot hold anything that its grammar does not
//! allow, so no later stage has to look again. All of them are plain ASCII and
//! need no escape in an opam string.

use std::fmt;

use thiserror::Error;

use crate::limits::{MAX_ID_LEN, MAX_PACKAGE_NAME_LEN, MAX_REPOSITORY_NAME_LEN, MAX_VERSION_LEN};

/// Why a text is not a name of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NameError {
    /// The text is empty.
    #[error("{what} is empty")]
    Empty {
        /// The kind of name that was wanted.
        what: &'static str,
    },
    /// The text is longer than its kind allows.
    #[error("{what} has {len} characters, the most is {max}")]
    TooLong {
        /// The kind of name that was wanted.
        what: &'static str,
        /// Length found, in bytes.
        len: usize,
        /// The most that is allowed, in bytes.
        max: usize,
    },
    /// A character that the grammar does not have, or not at this place.
    #[error("{what} {text:?} has {found:?} at character {at}; allowed are {allowed}")]
    Character {
        /// The kind of name that was wanted.
        what: &'static str,
        /// The text as found.
        text: String,
        /// The first character that is not allowed.
        found: char,
        /// Its place, counted from 1.
        at: usize,
        /// The characters that are allowed there.
        allowed: &'static str,
    },
    /// A package name without any letter.
    #[error("package name {text:?} has no letter")]
    NoLetter {
        /// The text as found.
        text: String,
    },
    /// An id or a package name that the system keeps for itself.
    #[error("the name {text:?} is reserved")]
    Reserved {
        /// The text as found.
        text: String,
    },
    /// A release without the dot between name and version.
    #[error("release {text:?} is not of the form `name.version`")]
    NotARelease {
        /// The text as found.
        text: String,
    },
}

fn check(
    what: &'static str,
    text: &str,
    max: usize,
    allowed: &'static str,
    ok: impl Fn(usize, char) -> bool,
) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty { what });
    }
    if text.len() > max {
        return Err(NameError::TooLong {
            what,
            len: text.len(),
            max,
        });
    }
    match first_other(text, ok) {
        None => Ok(()),
        Some((at, found)) => Err(NameError::Character {
            what,
            text: text.to_owned(),
            found,
            at: at + 1,
            allowed,
        }),
    }
}

/// The first character that is not allowed, and how many are before it. Nothing beyond ASCII is
/// allowed anywhere, so of a good text the bytes are enough.
pub(super) fn first_other(text: &str, ok: impl Fn(usize, char) -> bool) -> Option<(usize, char)> {
    let allowed = |(at, byte): (usize, u8)| byte.is_ascii() && ok(at, char::from(byte));
    match text.bytes().enumerate().all(allowed) {
        true => None,
        false => text.chars().enumerate().find(|&(at, c)| !ok(at, c)),
    }
}

macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The text of the name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::new(text)
            }
        }
    };
}

text_type! {
    /// The id of a person or a team: `[A-Za-z0-9][A-Za-z0-9_-]{0,63}`, not reserved.
    ///
    /// Authors, teams, past and present janitors share one namespace. `janitors`
    /// (the team of the chain) and `opam` (a file of that name would define a
    /// package) are reserved, compared without case.
    Id
}

/// The ids that nobody can take, in lower case.
pub const RESERVED_IDS: [&str; 2] = ["janitors", "opam"];

/// The id that always is a team: its members sign the snapshot.
pub const NOTARIES: &str = "notaries";

impl Id {
    /// Reads an id.
    ///
    /// # Errors
    /// Anything outside the grammar, longer than 64 bytes, or reserved.
    pub fn new(text: &str) -> Result<Id, NameError> {
        check(
            "the id",
            text,
            MAX_ID_LEN,
            "letters, digits, and after the first character `_` and `-`",
            |i, c| c.is_ascii_alphanumeric() || (i > 0 && (c == '_' || c == '-')),
        )?;
        // The team of this name is one team, and nobody takes a name that looks like it.
        let other_notaries = text != NOTARIES && fold(text) == NOTARIES;
        if RESERVED_IDS.contains(&fold(text).as_str()) || other_notaries {
            return Err(NameError::Reserved {
                text: text.to_owned(),
            });
        }
        Ok(Id(text.into()))
    }
}

text_type! {
    /// The name of a package, in opam's grammar: letters, digits, `_`, `+`, `-`,
    /// at least one letter.
    PackageName
}

impl PackageName {
    /// Reads a package name.
    ///
    /// # Errors
    /// Anything outside opam's grammar or longer than 100 bytes, and `opam` in any case.
    pub fn new(text: &str) -> Result<PackageName, NameError> {
        check(
            "the package name",
            text,
            MAX_PACKAGE_NAME_LEN,
            "letters, digits, `_`, `+` and `-`",
            |_, c| c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-'),
        )?;
        if !text.chars().any(|c| c.is_ascii_alphabetic()) {
            return Err(NameError::NoLetter {
                text: text.to_owned(),
            });
        }
        // `packages/opam/` hides every other package from opam.
        if text.eq_ignore_ascii_case("opam") {
            return Err(NameError::Reserved {
                text: text.to_owned(),
            });
        }
        Ok(PackageName(text.into()))
    }
}

text_type! {
    /// The version of a package, in opam's grammar: letters, digits, `-`, `_`, `+`, `.`, `~`.
    Version
}

impl Version {
    /// Reads a version.
    ///
    /// # Errors
    /// Anything outside opam's grammar or longer than 100 bytes.
    pub fn new(text: &str) -> Result<Version, NameError> {
        check(
            "the version",
            text,
            MAX_VERSION_LEN,
            "letters, digits, `-`, `_`, `+`, `.` and `~`",
            |_, c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '.' | '~'),
        )?;
        Ok(Version(text.into()))
    }

    /// A text that is the same for two versions exactly when opam's order holds
    /// them equal, as `1.0` and `1.00`, or `1.` and `1.0`.
    ///
    /// opam compares like Debian: a version is text, number, text, number and so on,
    /// the first text and the last number perhaps absent, an absent number being zero.
    /// So each number is written between `#` without leading zeros, zero as nothing.
    pub fn order_key(&self) -> String {
        let mut key = String::with_capacity(self.0.len() + 8);
        let mut number = false;
        let mut leading = true;
        for c in self.0.chars() {
            if c.is_ascii_digit() != number {
                key.push('#');
                number = !number;
                leading = true;
            }
            if !(number && leading && c == '0') {
                leading = false;
                key.push(c);
            }
        }
        if !number {
            key.push('#');
        }
        key.push('#');
        key
    }
}

/// One release: a package name and a version, written `name.version`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    text: Box<str>,
    name_len: usize,
}

impl Release {
    /// Reads `name.version`; the name ends at the first dot.
    ///
    /// # Errors
    /// No dot, or a part outside its grammar.
    pub fn new(text: &str) -> Result<Release, NameError> {
        let Some((name, version)) = text.split_once('.') else {
            return Err(NameError::NotARelease {
                text: text.to_owned(),
            });
        };
        PackageName::new(name)?;
        Version::new(version)?;
        Ok(Release {
            text: text.into(),
            name_len: name.len(),
        })
    }

    /// The release as it is written: `name.version`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text of the package name.
    pub fn name_str(&self) -> &str {
        self.text.get(..self.name_len).unwrap_or_default()
    }

    /// The text of the version.
    pub fn version_str(&self) -> &str {
        self.text.get(self.name_len + 1..).unwrap_or_default()
    }

    /// The package name.
    pub fn name(&self) -> PackageName {
        PackageName(self.name_str().into())
    }

    /// The version.
    pub fn version(&self) -> Version {
        Version(self.version_str().into())
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.text)
    }
}

text_type! {
    /// What a repository calls itself in its chain: `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`.
    ///
    /// For people only: the identity of a repository is the digest of link 0.
    RepositoryName
}

impl RepositoryName {
    /// Reads the name of a repository.
    ///
    /// # Errors
    /// Anything outside the grammar or longer than 64 bytes.
    pub fn new(text: &str) -> Result<RepositoryName, NameError> {
        check(
            "the repository name",
            text,
            MAX_REPOSITORY_NAME_LEN,
            "letters, digits, and after the first character `.`, `_` and `-`",
            |i, c| c.is_ascii_alphanumeric() || (i > 0 && matches!(c, '.' | '_' | '-')),
        )?;
        Ok(RepositoryName(text.into()))
    }
}

/// The form in which names are compared without case. All names are ASCII.
pub fn fold(text: &str) -> String {
    text.to_ascii_lowercase()
}

/// V0.2: What the name of a file or directory can be on some file system: APFS folds letters
/// beyond ASCII, HFS+ passes over characters without width, Windows over dots and blanks at the
/// end, and NTFS takes what follows a colon for a stream. A backslash ends a component on
/// Windows; the first one is given.
pub fn on_disk(name: &str) -> String {
    // Those that HFS+ does not compare.
    let ignored = |c: &char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let first = name.split([':', '\\']).next().unwrap_or_default();
    let compared = first.chars().filter(|c| !ignored(c));
    let folded: String = compared
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect();
    folded.trim_end_matches(['.', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_the_grammar() {
        for good in ["a", "A-b_c", "0x", &"a".repeat(64)] {
            assert!(Id::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "-a",
            "_a",
            "a.b",
            "a b",
            "é",
            "a/b",
            "a\n",
            &"a".repeat(65),
        ] {
            assert!(Id::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn reserved_ids_are_refused_without_case() {
        for bad in ["janitors", "JANITORS", "Opam", "opam"] {
            assert!(matches!(Id::new(bad), Err(NameError::Reserved { .. })));
        }
    }

    #[test]
    fn release_splits_at_the_first_dot() {
        let r = Release::new("a-b.1.0~rc1+x").unwrap();
        assert_eq!((r.name_str(), r.version_str()), ("a-b", "1.0~rc1+x"));
        for bad in ["a", ".1", "a.", "a.1/b", "1.0", "a..", ""] {
            assert_eq!(Release::new(bad).is_ok(), bad == "a..", "{bad:?}");
        }
    }

    #[test]
    fn versions_equal_under_opams_order_share_a_key() {
        let key = |v: &str| Version::new(v).unwrap().order_key();
        for (a, b) in [
            ("1.0", "1.00"),
            ("1.", "1.0"),
            ("01", "1"),
            ("a", "a0"),
            ("0", "00"),
        ] {
            assert_eq!(key(a), key(b), "{a} {b}");
        }
        for (a, b) in [
            ("1.0", "1.1"),
            ("10", "1"),
            ("1.0", "1"),
            ("1~", "1"),
            ("1.01", "1.10"),
            ("1.0.1", "1..1"),
            ("a0b", "ab"),
            ("100", "10"),
        ] {
            assert_ne!(key(a), key(b), "{a} {b}");
        }
    }
}
