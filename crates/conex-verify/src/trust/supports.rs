//! By whom a package is supported: everything outside of its own files that its judgement
//! depends on.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;

use super::chain::Chain;
use super::ids::People;
use super::vouch::{Vouch, Vouches, Weight};
use crate::format::digest::Digest;
use crate::format::name::{Id, PackageName};
use crate::format::resource::{Kind, ResourceId};
use crate::settled::SettledPackage;

/// The entries that count, by package.
#[derive(Debug)]
pub(crate) struct Supports<'v, 'r> {
    of: HashMap<&'v str, Vec<(&'v ResourceId, &'v [Vouch<'r>])>>,
    people: &'v People,
    chain: &'v Chain,
}

impl<'v, 'r> Supports<'v, 'r> {
    /// Sorts what is vouched for.
    pub(crate) fn of(
        vouches: &'v Vouches<'r>,
        people: &'v People,
        chain: &'v Chain,
    ) -> Supports<'v, 'r> {
        let mut of: HashMap<&str, Vec<_>> = HashMap::new();
        for (resource, vouches) in vouches.all() {
            let name = match resource.kind {
                Kind::Author | Kind::Team | Kind::Repo | Kind::Claims => continue,
                Kind::Authorisation | Kind::Releases => &*resource.name,
                // No name of a package has a dot.
                Kind::Checksum => resource.name.split('.').next().unwrap_or_default(),
            };
            of.entry(name).or_default().push((resource, vouches));
        }
        Supports { of, people, chain }
    }

    /// The digest of all that supports a package: who vouches for which version of its
    /// resources, with which keys, and which of these persons its owners stand for.
    pub(crate) fn digest<'o>(
        &self,
        name: &PackageName,
        owners: impl IntoIterator<Item = &'o Id>,
    ) -> Digest {
        let mut text = Vec::new();
        let mut put = |bytes: &[u8]| {
            let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            text.extend_from_slice(&len.to_be_bytes());
            text.extend_from_slice(bytes);
        };
        let mut about = self.of.get(name.as_str()).cloned().unwrap_or_default();
        about.sort_unstable_by_key(|(resource, _)| *resource);
        for (resource, vouches) in about {
            put(resource.kind.as_str().as_bytes());
            put(resource.name.as_bytes());
            let said = |v: &Vouch<'r>| (v.version, v.id, v.key, v.weight);
            let mut vouches: Vec<_> = vouches.iter().map(said).collect();
            vouches.sort_unstable();
            vouches.dedup();
            put(&vouches.len().to_be_bytes());
            for (version, id, key, weight) in vouches {
                put(&version.revision.epoch.to_be_bytes());
                put(&version.revision.counter.to_be_bytes());
                put(version.digest.as_bytes());
                put(id.as_str().as_bytes());
                put(key.as_bytes());
                put(match weight {
                    Weight::Chain => b"chain",
                    Weight::Owner => b"owner",
                });
            }
        }
        for owner in owners {
            put(owner.as_str().as_bytes());
            let person = self.people.is_person(owner, self.chain);
            put(if person { b"person" } else { b"" });
            let members = self.people.teams.get(owner);
            put(if members.is_some() { b"team" } else { b"" });
            let persons = members.into_iter().flatten();
            let persons = persons.filter(|m| self.people.is_person(m, self.chain));
            let persons: Vec<&Id> = persons.collect();
            put(&persons.len().to_be_bytes());
            for person in persons {
                put(person.as_str().as_bytes());
            }
        }
        Digest::of(&text)
    }

    /// Those of the settled packages that are not supported as they were.
    pub(crate) fn moved<'s>(
        &self,
        packages: &'s BTreeMap<PackageName, SettledPackage>,
    ) -> Vec<&'s PackageName> {
        let all = packages.par_iter();
        let moved = |(name, package): &(&PackageName, &SettledPackage)| {
            self.digest(name, &package.owners) != package.support
        };
        all.filter(moved).map(|(name, _)| name).collect()
    }
}
