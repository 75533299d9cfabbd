//! What the client brings: the keys it trusts from the start, and how many of
//! them must agree.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::str::FromStr;

use thiserror::Error;

use crate::format::digest::Digest;
use crate::format::key::Fingerprint;

/// Most anchors: as many as a link can have members.
pub const MAX_ANCHORS: usize = crate::limits::MAX_JANITORS;

/// Trust anchors: fingerprints of janitor keys, and at most one pinned link.
///
/// Written as opam joins them: `blake2b=…,blake2b=…,link=blake2b=…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchors {
    /// The fingerprints; at least one.
    pub keys: BTreeSet<Fingerprint>,
    /// The digest of the signed bytes of the link that must be the anchor link.
    pub link: Option<Digest>,
}

/// Why anchors cannot be used. opam takes an update without anchors as one that
/// needs no validation, so nothing is forgiven here.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnchorError {
    /// No fingerprint at all.
    #[error("there are no trust anchors")]
    Empty,
    /// Not a fingerprint and not a pinned link.
    #[error(
        "the anchor {0:?} is not a fingerprint (`blake2b=` and 64 hex digits) and not `link=…`"
    )]
    Malformed(String),
    /// More than one pinned link.
    #[error("there are two anchors `link=…`, at most one link can be pinned")]
    TwoLinks,
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
            AnchorError::Empty => {
                "give the fingerprints that the maintainers of the repository publish (`conex anchors` prints them): opam repository add NAME URL QUORUM FINGERPRINT…"
            }
            AnchorError::Malformed(_) | AnchorError::TwoLinks | AnchorError::TooMany(_) => {
                "copy the anchors once more from where the maintainers publish them"
            }
            AnchorError::NoQuorum | AnchorError::QuorumAboveAnchors { .. } => {
                "give a quorum between 1 and the number of anchors: opam repository set-url NAME URL QUORUM FINGERPRINT…"
            }
        }
    }
}

impl FromStr for Anchors {
    type Err = AnchorError;

    fn from_str(text: &str) -> Result<Anchors, AnchorError> {
        let mut anchors = Anchors {
            keys: BTreeSet::new(),
            link: None,
        };
        if text.trim().is_empty() {
            return Err(AnchorError::Empty);
        }
        for part in text.split(',') {
            let malformed = || AnchorError::Malformed(part.to_owned());
            if let Some(link) = part.strip_prefix("link=") {
                let link = link.parse().map_err(|_| malformed())?;
                if anchors.link.replace(link).is_some() {
                    return Err(AnchorError::TwoLinks);
                }
            } else {
                anchors.keys.insert(part.parse().map_err(|_| malformed())?);
            }
        }
        match anchors.keys.len() {
            0 => Err(AnchorError::Empty),
            n if n > MAX_ANCHORS => Err(AnchorError::TooMany(n)),
            _ => Ok(anchors),
        }
    }
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
    /// Anchors and quorum, if the quorum can be reached at all.
    ///
    /// # Errors
    /// A quorum of 0, or above the number of different anchors.
    pub fn new(anchors: Anchors, quorum: usize) -> Result<Client, AnchorError> {
        let distinct = anchors.keys.len();
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
        ] {
            assert!(bad.parse::<Anchors>().is_err(), "{bad:?}");
        }
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
}
