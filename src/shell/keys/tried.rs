//! Why no key was found: an account of what was tried.

use std::fmt;

use conex_verify::format::key::PublicKey;
use conex_verify::format::name::Id;

/// One place where a key was looked for, and why it could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The place.
    pub origin: String,
    /// Why not.
    pub why: String,
    /// What would help.
    pub hint: Option<String>,
    /// Whether this is a key that was wanted.
    pub wanted: bool,
}

/// No key was found that can sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindError {
    /// For whom.
    pub id: Option<Id>,
    /// The keys that would have been right, if only these are.
    pub listed: Option<Vec<PublicKey>>,
    /// What was tried, in this order.
    pub tried: Vec<Tried>,
}

impl std::error::Error for FindError {}

impl fmt::Display for FindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "no key was found that can sign for `{id}`")?,
            None => write!(f, "no key was found that can sign")?,
        }
        match self.listed.as_deref() {
            None => {}
            Some([]) => write!(f, "\n  wanted: the repository lists no key")?,
            Some(keys) => {
                for key in keys {
                    write!(f, "\n  wanted: {}", key.fingerprint())?;
                }
            }
        }
        for tried in &self.tried {
            write!(f, "\n  tried:  {}: {}", tried.origin, tried.why)?;
        }
        Ok(())
    }
}

impl FindError {
    /// What to do about it: what is said of a key that was wanted comes first.
    pub fn hint(&self) -> Option<String> {
        let of = |wanted| {
            self.tried
                .iter()
                .filter(|tried| tried.wanted == wanted)
                .find_map(|tried| tried.hint.clone())
        };
        of(true).or_else(|| match self.listed.as_deref() {
            Some([_, ..]) => Some(
                "name the key with `--key FILE`, or load it into ssh-agent with `ssh-add`"
                    .to_owned(),
            ),
            _ => of(false),
        })
    }
}
