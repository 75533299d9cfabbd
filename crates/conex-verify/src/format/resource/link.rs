//! Links of the janitor chain: `packages/.conex/janitors/<n>`.

use std::collections::BTreeMap;

use super::decode::Decode;
use super::encode::{Encoder, list_of, quoted};
use super::error::{MetaError, MetaErrorKind};
use super::source::{Item as _, Source, whole};
use crate::format::digest::Digest;
use crate::format::key::{Fingerprint, PublicKey, Signature};
use crate::format::name::{Id, RepositoryName, fold};
use crate::limits::{MAX_JANITORS, MAX_LINKS};

/// One link: a team of janitors and its quorum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What the repository calls itself; the same in every link.
    pub repository: RepositoryName,
    /// The number of the link; also the name of the file.
    pub number: u64,
    /// What ties the link to the ones before; absent in link 0 alone.
    pub continues: Option<Continues>,
    /// How many janitors must agree: at least 1, at most all members.
    pub quorum: usize,
    /// Whether a tree without a valid snapshot is refused.
    pub snapshot: SnapshotRule,
    /// The members by id; no two share a key. Whether a key can be used is seen when the
    /// chain is read.
    pub members: BTreeMap<Id, PublicKey>,
}

/// What ties a link to the links before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Continues {
    /// The repository identity: the digest of the signed bytes of link 0.
    pub identity: Digest,
    /// The digest of the signed bytes of the link before.
    pub previous: Digest,
}

/// Whether a snapshot must be there. Once required it stays so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SnapshotRule {
    /// A tree without a snapshot is accepted.
    Optional,
    /// It is refused.
    Required,
}

impl SnapshotRule {
    /// The text that stands in files.
    pub fn as_str(self) -> &'static str {
        match self {
            SnapshotRule::Optional => "optional",
            SnapshotRule::Required => "required",
        }
    }
}

/// A member of a link: id and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The id.
    pub id: Id,
    /// The key with which this janitor vouches.
    pub key: PublicKey,
}

/// A link with its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedLink {
    /// The link.
    pub link: Link,
    /// The signatures, none twice by the same key.
    pub signatures: Vec<(Fingerprint, Signature)>,
    /// How many bytes from the start of the file are signed.
    pub signed_len: usize,
}

impl SignedLink {
    /// A link that nobody signed yet.
    pub fn unsigned(link: Link) -> SignedLink {
        let mut signed = SignedLink {
            link,
            signatures: Vec::new(),
            signed_len: 0,
        };
        signed.signed_len = signed.signed_bytes().len();
        signed
    }

    /// The bytes that the signatures are over.
    pub fn signed_bytes(&self) -> Vec<u8> {
        self.encoder().finish()
    }

    /// The digest of the signed bytes, by which the next link names this one.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.signed_bytes())
    }

    fn encoder(&self) -> Encoder {
        let link = &self.link;
        let mut out = Encoder::new(Self::TYPE);
        out.string("repository", link.repository.as_str());
        out.integer("link", link.number);
        if let Some(continues) = &link.continues {
            out.string("identity", &continues.identity.to_string());
            out.string("previous", &continues.previous.to_string());
        }
        out.integer("quorum", u64::try_from(link.quorum).unwrap_or(u64::MAX));
        out.string("snapshot", link.snapshot.as_str());
        let member = |(id, key): (&Id, &PublicKey)| {
            list_of(&[&quoted(id.as_str()), &quoted(&key.to_string())])
        };
        out.set("members", link.members.iter().map(member).collect());
        out.check();
        out
    }
}

impl Decode for SignedLink {
    const TYPE: &'static str = "janitors";

    fn fields<'a>(fields: &mut impl Source<'a>) -> Result<Self, MetaError> {
        let repository = fields.value("repository")?.string_as(|t| {
            RepositoryName::new(t).map_err(|e| MetaErrorKind::Value(e.to_string()))
        })?;
        let number = fields.integer("link")?;
        if number >= MAX_LINKS {
            return Err(whole(MetaErrorKind::Value(format!(
                "link {number}: the most is {MAX_LINKS} links"
            ))));
        }
        let continues = if number == 0 {
            None
        } else {
            Some(Continues {
                identity: fields.value("identity")?.digest()?,
                previous: fields.value("previous")?.digest()?,
            })
        };
        let quorum_item = fields.value("quorum")?;
        let quorum = usize::try_from(quorum_item.integer()?).unwrap_or(usize::MAX);
        let snapshot = fields.value("snapshot")?.string_as(|t| match t {
            "optional" => Ok(SnapshotRule::Optional),
            "required" => Ok(SnapshotRule::Required),
            other => Err(MetaErrorKind::Value(format!(
                "snapshot is `required` or `optional`, not {other:?}"
            ))),
        })?;
        let listed: Vec<Member> = fields.rows("members", |[id, key]| {
            Ok(Member {
                id: id.id()?,
                key: key.string_as(|t| {
                    PublicKey::listed(t).map_err(|e| MetaErrorKind::Key(e.to_string()))
                })?,
            })
        })?;
        if listed.len() > MAX_JANITORS {
            return Err(whole(MetaErrorKind::TooMany {
                what: "members",
                count: listed.len(),
                max: MAX_JANITORS,
            }));
        }
        let mut folded = std::collections::BTreeSet::new();
        let mut keys = std::collections::BTreeMap::new();
        for member in &listed {
            if !folded.insert(fold(member.id.as_str())) {
                return Err(whole(MetaErrorKind::Value(format!(
                    "the member `{}` is listed twice (ids are compared without case)",
                    member.id
                ))));
            }
            if let Some(other) = keys.insert(member.key.fingerprint(), &member.id) {
                return Err(whole(MetaErrorKind::Key(format!(
                    "`{other}` and `{}` have the same key; each janitor needs their own",
                    member.id
                ))));
            }
        }
        if quorum == 0 || quorum > listed.len() {
            return Err(quorum_item.error(MetaErrorKind::Value(format!(
                "a quorum of {quorum} among {} members cannot be: at least 1, at most all",
                listed.len()
            ))));
        }
        fields.check()?;
        let (signed_len, signatures) = fields.signatures()?;
        for pair in signatures.windows(2) {
            if let [(a, _), (b, _)] = pair
                && a == b
            {
                return Err(whole(MetaErrorKind::Value(format!(
                    "two signatures by the key {a}"
                ))));
            }
        }
        Ok(SignedLink {
            link: Link {
                repository,
                number,
                continues,
                quorum,
                snapshot,
                members: listed.into_iter().map(|m| (m.id, m.key)).collect(),
            },
            signatures,
            signed_len,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = self.encoder();
        out.signatures(&self.signatures);
        out.finish()
    }
}
