//! What the client brings: the keys it trusts from the start, and how many of
//! them must agree.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::str::FromStr;

use thiserror::Error;

use super::mode::Mode;
use crate::format::digest::Digest;
use crate::format::key::Fingerprint;
use crate::format::resource::Revision;
use crate::hint;
use crate::limits::{MAX_ANCHORS, MAX_EPOCH, MAX_INTEGER};

/// Trust anchors: fingerprints of janitor keys, and the policy of the repository, which
/// travels with them because people get both from the maintainers.
///
/// Written as opam joins them: `blake2b=…,blake2b=…,link=blake2b=…,quorum=2`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Anchors {
    /// The fingerprints; at least one.
    pub keys: BTreeSet<Fingerprint>,
    /// `link=DIGEST`: the digest of the signed bytes of the link that must be the anchor link.
    pub link: Option<Digest>,
    /// `quorum=N`: how many of the keys must agree, at least.
    pub quorum: Option<NonZeroUsize>,
    /// `snapshot=EPOCH.COUNTER`: no snapshot below this one is accepted, nor none.
    pub snapshot: Option<Revision>,
    /// `claims=EPOCH.COUNTER`: no list of claims below this one is accepted, nor none.
    pub claims: Option<Revision>,
    /// `unsigned=covered`: what a valid snapshot covers is let through without a signature.
    pub covered: bool,
}

/// Why anchors cannot be used. opam takes an update without anchors as one that
/// needs no validation, so nothing is forgiven here.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnchorError {
    /// No fingerprint at all.
    #[error("there are no trust anchors")]
    Empty,
    /// Not a fingerprint and no word of the policy. A word that is not known could be one
    /// that asks for more, so it is never passed over.
    #[error(
        "the anchor {0:?} is not a fingerprint (`blake2b=` and 64 hex digits), and not `link=…`, `quorum=N`, `snapshot=EPOCH.COUNTER`, `claims=EPOCH.COUNTER` or `unsigned=covered`"
    )]
    Malformed(String),
    /// A word of the policy that stands twice.
    #[error("there are two anchors `{0}=…`, there can be one")]
    Twice(&'static str),
    /// The quorum asked for is below the one in the anchors.
    #[error("the anchors say `quorum={least}`, and {asked} is lower")]
    QuorumBelowAnchors {
        /// The quorum asked for.
        asked: usize,
        /// The quorum in the anchors.
        least: usize,
    },
    /// Nobody says how many must agree.
    #[error("there is no quorum")]
    Unsaid,
    /// Too many fingerprints.
    #[error("there are {0} anchors, the most is {MAX_ANCHORS}")]
    TooMany(usize),
    /// Quorum 0: anything would be accepted.
    #[error("a quorum of 0 would accept anything")]
    NoQuorum,
    /// More must agree than there are.
    #[error("a quorum of {quorum} cannot be reached by {anchors} different anchors")]
    QuorumAboveAnchors {
        /// The quorum wanted.
        quorum: usize,
        /// The number of different anchors.
        anchors: usize,
    },
}

impl AnchorError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            AnchorError::Empty => hint::GIVE_ANCHORS,
            AnchorError::Malformed(_) | AnchorError::Twice(_) | AnchorError::TooMany(_) => {
                "copy the anchors once more from where the maintainers publish them"
            }
            AnchorError::Unsaid => {
                "give --quorum=N: how many of the anchors must agree, or anchors with `quorum=N`"
            }
            AnchorError::QuorumBelowAnchors { .. } => {
                "leave the quorum out, or give a higher one: the maintainers say how many must agree"
            }
            AnchorError::NoQuorum | AnchorError::QuorumAboveAnchors { .. } => hint::QUORUM_IN_RANGE,
        }
    }
}

impl FromStr for Anchors {
    type Err = AnchorError;

    fn from_str(text: &str) -> Result<Anchors, AnchorError> {
        let mut anchors = Anchors::default();
        if text.trim().is_empty() {
            return Err(AnchorError::Empty);
        }
        for part in text.split(',') {
            anchors.take(part)?;
        }
        match anchors.keys.len() {
            0 => Err(AnchorError::Empty),
            n if n > MAX_ANCHORS => Err(AnchorError::TooMany(n)),
            n => match anchors.quorum {
                Some(quorum) if quorum.get() > n => Err(AnchorError::QuorumAboveAnchors {
                    quorum: quorum.get(),
                    anchors: n,
                }),
                _ => Ok(anchors),
            },
        }
    }
}

impl Anchors {
    /// V10.1: Takes in one word.
    fn take(&mut self, word: &str) -> Result<(), AnchorError> {
        fn once<T>(
            slot: &mut Option<T>,
            name: &'static str,
            value: Option<T>,
            word: &str,
        ) -> Result<(), AnchorError> {
            let value = value.ok_or_else(|| AnchorError::Malformed(word.to_owned()))?;
            match slot.replace(value) {
                None => Ok(()),
                Some(_) => Err(AnchorError::Twice(name)),
            }
        }
        match word.split_once('=') {
            Some(("link", text)) => once(&mut self.link, "link", text.parse().ok(), word),
            Some(("quorum", "0")) => Err(AnchorError::NoQuorum),
            Some(("quorum", text)) => {
                let number = decimal(text).and_then(|n| usize::try_from(n).ok());
                once(
                    &mut self.quorum,
                    "quorum",
                    number.and_then(NonZeroUsize::new),
                    word,
                )
            }
            Some(("snapshot", text)) => once(&mut self.snapshot, "snapshot", revision(text), word),
            Some(("claims", text)) => once(&mut self.claims, "claims", revision(text), word),
            Some(("unsigned", "covered")) if self.covered => Err(AnchorError::Twice("unsigned")),
            Some(("unsigned", "covered")) => {
                self.covered = true;
                Ok(())
            }
            _ => {
                let key = word.parse();
                self.keys
                    .insert(key.map_err(|_| AnchorError::Malformed(word.to_owned()))?);
                Ok(())
            }
        }
    }
}

/// A decimal number without sign and leading zeros.
fn decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let canonical = digits && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().ok()).flatten()
}

/// `EPOCH.COUNTER`.
fn revision(text: &str) -> Option<Revision> {
    let (epoch, counter) = text.split_once('.')?;
    Some(Revision {
        epoch: decimal(epoch).filter(|e| *e <= MAX_EPOCH)?,
        counter: decimal(counter).filter(|c| *c <= MAX_INTEGER)?,
    })
}

/// The words of a policy, as [`Anchors`] reads them.
pub fn words(anchors: &Anchors) -> Vec<String> {
    let revision = |r: Revision| format!("{}.{}", r.epoch, r.counter);
    let mut words: Vec<String> = anchors.keys.iter().map(Fingerprint::to_string).collect();
    words.extend(anchors.link.map(|link| format!("link={link}")));
    words.extend(anchors.quorum.map(|quorum| format!("quorum={quorum}")));
    words.extend(
        anchors
            .snapshot
            .map(|r| format!("snapshot={}", revision(r))),
    );
    words.extend(anchors.claims.map(|r| format!("claims={}", revision(r))));
    words.extend(anchors.covered.then(|| "unsigned=covered".to_owned()));
    words
}

/// What a client asks of the snapshot, besides that one that is there is valid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SnapshotPolicy {
    /// One must be there, whatever the chain says.
    pub required: bool,
    /// One must be there and not be older than this.
    pub max_age: Option<MaxAge>,
}

/// How old a snapshot may be, by whose clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxAge {
    /// The age in seconds that is still accepted.
    pub seconds: u64,
    /// What the client's clock says, in seconds since 1970.
    pub now: u64,
}

/// Anchors and the quorum of the client: 1 to the number of anchors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    anchors: Anchors,
    quorum: NonZeroUsize,
    snapshot: SnapshotPolicy,
}

impl Client {
    /// Anchors and the quorum that is asked for, or the one in the anchors.
    ///
    /// # Errors
    /// See [`Client::new`]; and no quorum at all.
    pub fn asking(anchors: Anchors, quorum: Option<usize>) -> Result<Client, AnchorError> {
        match quorum.or(anchors.quorum.map(NonZeroUsize::get)) {
            Some(quorum) => Client::new(anchors, quorum),
            None => Err(AnchorError::Unsaid),
        }
    }

    /// V10.2: Anchors and quorum, if the quorum can be reached at all.
    ///
    /// # Errors
    /// A quorum of 0, below the one in the anchors, or above the number of different anchors.
    pub fn new(anchors: Anchors, quorum: usize) -> Result<Client, AnchorError> {
        let distinct = anchors.keys.len();
        if let Some(least) = anchors.quorum.filter(|least| quorum < least.get()) {
            return Err(AnchorError::QuorumBelowAnchors {
                asked: quorum,
                least: least.get(),
            });
        }
        let quorum = NonZeroUsize::new(quorum).ok_or(AnchorError::NoQuorum)?;
        if quorum.get() > distinct {
            return Err(AnchorError::QuorumAboveAnchors {
                quorum: quorum.get(),
                anchors: distinct,
            });
        }
        Ok(Client {
            anchors,
            quorum,
            snapshot: SnapshotPolicy::default(),
        })
    }

    /// The same client, who asks this of the snapshot.
    #[must_use]
    pub fn with_snapshot(mut self, policy: SnapshotPolicy) -> Client {
        self.snapshot = policy;
        self
    }

    /// V10.4: What happens to unsigned packages: as the anchors say, unless the user lets all of
    /// them through.
    pub fn mode(&self, nostrict: bool) -> Mode {
        match (nostrict, self.anchors.covered) {
            (true, _) => Mode::NoStrict,
            (false, true) => Mode::Covered,
            (false, false) => Mode::Strict,
        }
    }

    /// What it asks of the snapshot.
    pub fn snapshot(&self) -> SnapshotPolicy {
        self.snapshot
    }

    /// The anchors.
    pub fn anchors(&self) -> &Anchors {
        &self.anchors
    }

    /// How many of them must agree, and the least quorum that a link can have.
    pub fn quorum(&self) -> usize {
        self.quorum.get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(digit: &str) -> String {
        format!("blake2b={}", digit.repeat(64))
    }

    #[test]
    fn anchors_are_read_as_opam_joins_them() {
        let (a, b) = (fingerprint("a"), fingerprint("b"));
        let anchors: Anchors = format!("{a},{b},link={}", fingerprint("c"))
            .parse()
            .unwrap();
        assert_eq!(anchors.keys.len(), 2);
        assert!(anchors.link.is_some());
        assert!(Client::new(anchors, 2).is_ok());
    }

    #[test]
    fn empty_and_malformed_anchors_are_refused() {
        let a = fingerprint("a");
        for bad in [
            "",
            " ",
            ",",
            &format!("{a},"),
            &format!(",{a}"),
            &format!("{a} {a}"),
            &format!("{a}, {a}"),
            "sha256=aaaa",
            "blake2b=",
            &format!("link={a}"),
            &format!("{a},link={a},link={a}"),
            &format!("{a},link="),
            &a.to_uppercase(),
            &format!("{a},quorum=0"),
            &format!("{a},quorum=2"),
            &format!("{a},quorum=01"),
            &format!("{a},quorum=1,quorum=1"),
            &format!("{a},snapshot=1"),
            &format!("{a},snapshot=1.-1"),
            &format!("{a},claims=1000001.1"),
            &format!("{a},claims=0.1,claims=0.1"),
            &format!("{a},unsigned=yes"),
            &format!("{a},unsigned=covered,unsigned=covered"),
            &format!("{a},strict"),
            "quorum=1",
        ] {
            assert!(bad.parse::<Anchors>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_policy_travels_with_the_keys() {
        let text = format!(
            "{},link={},quorum=1,snapshot=1.20,claims=0.3,unsigned=covered",
            fingerprint("a"),
            fingerprint("c")
        );
        let anchors: Anchors = text.parse().unwrap();
        assert_eq!(words(&anchors).join(","), text);
        assert_eq!(Client::asking(anchors, None).unwrap().quorum(), 1);
    }

    #[test]
    fn a_lower_quorum_than_that_of_the_anchors_is_refused() {
        let text = format!("{},{},quorum=2", fingerprint("a"), fingerprint("b"));
        let anchors: Anchors = text.parse().unwrap();
        let below = AnchorError::QuorumBelowAnchors { asked: 1, least: 2 };
        assert_eq!(Client::asking(anchors.clone(), Some(1)), Err(below));
        assert!(Client::asking(anchors, Some(2)).is_ok());
    }

    #[test]
    fn the_same_anchor_twice_is_one() {
        let a = fingerprint("a");
        let anchors: Anchors = format!("{a},{a}").parse().unwrap();
        assert_eq!(
            Client::new(anchors.clone(), 2),
            Err(AnchorError::QuorumAboveAnchors {
                quorum: 2,
                anchors: 1
            })
        );
        assert_eq!(Client::new(anchors, 0), Err(AnchorError::NoQuorum));
    }

    #[test]
    fn one_anchor_more_than_the_most_is_refused() {
        let some = |n: usize| {
            let keys: Vec<String> = (0..n).map(|i| format!("blake2b={i:064x}")).collect();
            keys.join(",").parse::<Anchors>().map(|a| a.keys.len())
        };
        assert_eq!(some(MAX_ANCHORS), Ok(MAX_ANCHORS));
        for n in [MAX_ANCHORS + 1, MAX_ANCHORS + 2] {
            assert_eq!(some(n), Err(AnchorError::TooMany(n)));
        }
    }

    #[test]
    fn whoever_gave_anchors_that_cannot_be_used_is_told_what_to_do() {
        let below = AnchorError::QuorumBelowAnchors { asked: 1, least: 2 };
        for (error, hint) in [
            (AnchorError::Empty, hint::GIVE_ANCHORS),
            (AnchorError::NoQuorum, hint::QUORUM_IN_RANGE),
            (AnchorError::TooMany(99), "copy the anchors once more"),
            (AnchorError::Unsaid, "give --quorum=N"),
            (below, "leave the quorum out"),
        ] {
            assert!(error.hint().starts_with(hint), "{error}");
        }
    }

    /// V10.2: People are told that it would accept anything, not that it is no number.
    #[test]
    fn a_quorum_of_0_in_the_anchors_is_called_what_it_is() {
        let text = format!("{},quorum=0", fingerprint("a"));
        assert_eq!(text.parse::<Anchors>(), Err(AnchorError::NoQuorum));
    }
}
