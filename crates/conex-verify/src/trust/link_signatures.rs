//! Who signed a link of the janitor chain, and what it still needs.

use std::collections::BTreeSet;

use super::tally::Count;
use crate::format::key::{Fingerprint, SignatureError};
use crate::format::name::Id;

/// Who signed a link, and what it still needs.
#[derive(Debug, Clone, Default)]
pub struct LinkSignatures {
    /// The number of the link.
    pub number: usize,
    /// Members of the link before that signed, and how many are needed; absent for link 0.
    pub before: Option<Count>,
    /// Members of the link itself that signed, and how many are needed.
    pub own: Count,
    /// Members that this link adds and that did not sign.
    pub added_missing: Vec<Id>,
    /// Signatures that do not verify: whose, and why.
    pub wrong: Vec<(Id, SignatureError)>,
    /// Signatures by keys that neither this link nor the one before names.
    pub strangers: Vec<Fingerprint>,
    /// All ids with a valid signature.
    pub signed: BTreeSet<Id>,
}

impl LinkSignatures {
    /// Whether nothing is missing and nothing is wrong.
    pub fn complete(&self) -> bool {
        !self.is_lacking() && self.wrong.is_empty() && self.strangers.is_empty()
    }

    /// Whether a signature is missing.
    pub fn is_lacking(&self) -> bool {
        let before = self.before.is_none_or(Count::enough);
        !before || !self.own.enough() || !self.added_missing.is_empty()
    }
}
