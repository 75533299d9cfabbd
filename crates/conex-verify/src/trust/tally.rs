//! The one place where a quorum is counted.

use std::collections::BTreeSet;
use std::fmt;

use crate::format::key::Fingerprint;
use crate::format::name::Id;

/// V1.6: Supporters of one thing: distinct ids with distinct keys.
///
/// An id counts once, whatever the number of its keys and signatures, and a key
/// counts once, whatever the number of ids that use it (CVE-2020-6174,
/// CVE-2020-15093, CVE-2026-6966 are counts that did not look).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    ids: BTreeSet<Id>,
    keys: BTreeSet<Fingerprint>,
}

impl Tally {
    /// Counts a supporter, unless the id or the key has been counted.
    pub fn add(&mut self, id: &Id, key: Fingerprint) {
        if !self.ids.contains(id) && !self.keys.contains(&key) {
            self.ids.insert(id.clone());
            self.keys.insert(key);
        }
    }

    /// The ids that were counted.
    pub fn ids(&self) -> &BTreeSet<Id> {
        &self.ids
    }

    /// How many were counted, of `need` that are needed.
    pub fn of(&self, need: usize) -> Count {
        Count {
            have: self.ids.len(),
            need,
        }
    }
}

impl<'a> FromIterator<(&'a Id, Fingerprint)> for Tally {
    fn from_iter<I: IntoIterator<Item = (&'a Id, Fingerprint)>>(supporters: I) -> Tally {
        let mut tally = Tally::default();
        for (id, key) in supporters {
            tally.add(id, key);
        }
        tally
    }
}

/// How many there are, of how many that are needed: the one comparison with a quorum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// How many there are.
    pub have: usize,
    /// How many are needed. Nothing is enough where nobody is needed.
    pub need: usize,
}

impl Count {
    /// Whether there are enough. A quorum of 0 is never reached.
    pub fn enough(self) -> bool {
        self.need > 0 && self.have >= self.need
    }

    /// How many more are needed.
    pub fn missing(self) -> usize {
        self.need.saturating_sub(self.have)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.have, self.need)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> Fingerprint {
        format!("blake2b={}", format!("{n:02x}").repeat(32))
            .parse()
            .unwrap()
    }

    fn id(text: &str) -> Id {
        Id::new(text).unwrap()
    }

    #[test]
    fn one_key_under_two_ids_counts_once() {
        let (a, b) = (id("a"), id("b"));
        let tally: Tally = [(&a, key(1)), (&b, key(1))].into_iter().collect();
        assert!(!tally.of(2).enough());
    }

    #[test]
    fn one_id_with_two_keys_counts_once() {
        let a = id("a");
        let tally: Tally = [(&a, key(1)), (&a, key(2))].into_iter().collect();
        assert!(!tally.of(2).enough());
    }

    #[test]
    fn nobody_is_no_quorum() {
        assert!(!Tally::default().of(0).enough());
    }

    #[test]
    fn as_many_are_missing_as_the_quorum_lacks() {
        let missing = |have| Count { have, need: 3 }.missing();
        assert_eq!([0, 1, 2, 3, 4].map(missing), [3, 2, 1, 0, 0]);
    }
}
