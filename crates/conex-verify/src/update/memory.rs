//! What a client remembers from one update to the next.
//!
//! opam hands over no previous state when a repository is added again, redirected
//! or gets a new URL; a rollback check that depends on it alone is lost then
//! (CVE-2022-29173 was that). So the hook keeps what it accepted.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::Evidence;
use crate::format::digest::Digest;
use crate::format::key::Fingerprint;
use crate::format::name::Release;
use crate::format::resource::decode::{Fields, MetaError, MetaErrorKind};
use crate::format::resource::encode::{Encoder, list_of, quoted};
use crate::format::resource::{Decode, Kind, ResourceId, ResourceVersion, Revision};
use crate::repository::Repository;
use crate::verify::Assessment;

/// Which repository is remembered: opam's name of it, and its identity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemoryKey {
    /// The last component of the path at which opam keeps the repository.
    pub name: String,
    /// The repository identity.
    pub identity: Digest,
}

/// What was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// opam's name of the repository.
    pub name: String,
    /// The anchors under which it was accepted.
    pub anchors: BTreeSet<Fingerprint>,
    /// What was valid; without entries.
    pub evidence: Evidence,
}

impl Memory {
    /// What to remember after accepting a tree. What was remembered and is neither
    /// valid in the tree nor properly removed stays: an id file can be pending.
    pub fn after(
        name: &str,
        anchors: &BTreeSet<Fingerprint>,
        before: Option<&Memory>,
        repository: &Repository,
        assessment: &Assessment<'_>,
    ) -> Memory {
        let mut evidence = Evidence::of(repository, assessment);
        evidence.entries.clear();
        // The last link names all links before it.
        if let Some(last) = evidence.links.pop_last() {
            evidence.links = BTreeMap::from([last]);
        }
        for (resource, version) in before.iter().flat_map(|m| &m.evidence.resources) {
            let removed = resource.kind == Kind::Checksum;
            if !removed && !evidence.resources.contains_key(resource) {
                evidence.resources.insert(resource.clone(), *version);
            }
        }
        // An accepted tree has a valid one or, by the rules, never had any.
        let known = before.and_then(|m| m.evidence.snapshot);
        evidence.snapshot = evidence.snapshot.or(known);
        Memory {
            name: name.to_owned(),
            anchors: anchors.clone(),
            evidence,
        }
    }

    /// Which repository this is about.
    pub fn key(&self) -> MemoryKey {
        MemoryKey {
            name: self.name.clone(),
            identity: self.evidence.identity,
        }
    }
}

/// The longest name of a repository, in bytes: a file name of the operating system.
const MAX_NAME: usize = 255;

impl Decode for Memory {
    const TYPE: &'static str = "memory";

    fn fields(fields: &mut Fields<'_>) -> Result<Self, MetaError> {
        let name = fields.string("name")?.string_as(|t| {
            if t.len() <= MAX_NAME {
                Ok(t.to_owned())
            } else {
                Err(MetaErrorKind::Value("the name is too long".to_owned()))
            }
        })?;
        let identity = fields.string("identity")?.digest()?;
        let anchors = fields.list("anchors", |item| {
            item.string_as(|t| t.parse().map_err(|e| MetaErrorKind::Value(format!("{e}"))))
        })?;
        let links = fields.list("links", |item| {
            let [number, digest] = item.tuple()?;
            Ok((number.integer()?, digest.digest()?))
        })?;
        let resources = fields.list("resources", |item| {
            let [kind, name, epoch, counter, digest] = item.tuple()?;
            let kind = kind.string_as(|t| {
                Kind::from_text(t)
                    .ok_or_else(|| MetaErrorKind::Value(format!("{t:?} is not a type of resource")))
            })?;
            let resource =
                name.string_as(|t| ResourceId::new(kind, t).map_err(MetaErrorKind::Value))?;
            let version = ResourceVersion {
                revision: Revision {
                    epoch: epoch.integer()?,
                    counter: counter.integer()?,
                },
                digest: digest.digest()?,
            };
            Ok((resource, version))
        })?;
        let snapshot = fields.list("snapshot", |item| {
            let [epoch, counter, digest] = item.tuple()?;
            Ok(ResourceVersion {
                revision: Revision {
                    epoch: epoch.integer()?,
                    counter: counter.integer()?,
                },
                digest: digest.digest()?,
            })
        })?;
        let tombstones = fields.list("tombstones", |item| {
            let [release, epoch, counter] = item.tuple()?;
            Ok((
                release.string_as(|t| {
                    Release::new(t).map_err(|e| MetaErrorKind::Value(e.to_string()))
                })?,
                Revision {
                    epoch: epoch.integer()?,
                    counter: counter.integer()?,
                },
            ))
        })?;
        fields.check()?;
        Ok(Memory {
            name,
            anchors: anchors.into_iter().collect(),
            evidence: Evidence {
                identity,
                links: links.into_iter().collect(),
                resources: resources.into_iter().collect(),
                // Of two, one is not printed again, and the file is refused.
                snapshot: snapshot.into_iter().next(),
                tombstones: tombstones.into_iter().collect(),
                entries: BTreeMap::new(),
            },
        })
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::new(Self::TYPE);
        let text = |d: &Digest| quoted(&d.to_string());
        out.string("name", &self.name);
        out.string("identity", &self.evidence.identity.to_string());
        out.set(
            "anchors",
            self.anchors
                .iter()
                .map(|a| quoted(&a.to_string()))
                .collect(),
        );
        let links = self.evidence.links.iter();
        out.set(
            "links",
            links
                .map(|(n, d)| list_of(&[&n.to_string(), &text(d)]))
                .collect(),
        );
        let resource = |(resource, version): (&ResourceId, &ResourceVersion)| {
            list_of(&[
                &quoted(resource.kind.as_str()),
                &quoted(&resource.name),
                &version.revision.epoch.to_string(),
                &version.revision.counter.to_string(),
                &text(&version.digest),
            ])
        };
        out.set(
            "resources",
            self.evidence.resources.iter().map(resource).collect(),
        );
        let snapshot = |version: &ResourceVersion| {
            list_of(&[
                &version.revision.epoch.to_string(),
                &version.revision.counter.to_string(),
                &text(&version.digest),
            ])
        };
        out.set(
            "snapshot",
            self.evidence.snapshot.iter().map(snapshot).collect(),
        );
        let tombstone = |(release, revision): (&Release, &Revision)| {
            list_of(&[
                &quoted(release.as_str()),
                &revision.epoch.to_string(),
                &revision.counter.to_string(),
            ])
        };
        out.set(
            "tombstones",
            self.evidence.tombstones.iter().map(tombstone).collect(),
        );
        out.check();
        out.finish()
    }
}
