//! Acceptance is a proof: the only place where [`Accepted`] is made.
//!
//! Written from the tables of "The proof" in `docs/verification.md`. For every path, every link
//! from the anchor on, every claimed name and every register that is known, a positive fact is
//! demanded, by the number of its rule; nothing here knows a finding. A tree is accepted only if
//! there is no error among the findings *and* this proof exists: what one of the two forgets,
//! the other refuses.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rayon::prelude::*;

use crate::format::digest::Digest;
use crate::format::name::{Id, NOTARIES, PackageName, Release, fold, on_disk};
use crate::format::path::{PACKAGES, Place, forbidden_name};
use crate::format::resource::{
    FileDigest, IdFile, Kind, Link, Repo, RepoField, Resource, ResourceId, ResourceVersion,
    Revision, SnapshotRule, TopFile,
};
use crate::format::syntax::{self, Item, ValueKind};
use crate::limits::{MAX_LINKS, MAX_REPO_FILE, MAX_SEGMENTS};
use crate::opam_file::Problem;
use crate::repository::{Repository, Slot};
use crate::tree::{Bytes, Tree};
use crate::trust::anchors::Client;
use crate::trust::settled::moved;
use crate::trust::support::{Epochs, Standing, claimed, supported};
use crate::update::Registers;
use crate::verify::repo_file::{FORBIDDEN, HARMLESS, nobody_follows, value_text};
use crate::verify::{Assessment, Mode, Unsigned};

/// A tree that was proven to be valid. There is no other way to make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted(());

/// The first fact that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// What it is about: a path or a name.
    pub about: String,
    /// The number of the rule that demands it.
    pub rule: &'static str,
}

/// What a proof is about.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a, 'r> {
    /// The tree.
    pub tree: &'a Tree,
    /// The tree, taken apart.
    pub repository: &'r Repository,
    /// The decisions about it.
    pub assessment: &'a Assessment<'r>,
    /// What the client trusts and asks for.
    pub client: &'a Client,
    /// What happens to unsigned packages.
    pub mode: Mode,
    /// What was valid before.
    pub known: Option<&'a Registers>,
    /// Whether another repository was meant under this name.
    pub is_another: bool,
    /// How many releases opam forgets when it applies the update.
    pub forgets: usize,
}

type Fact = Result<(), Gap>;

fn demand(holds: bool, rule: &'static str, about: impl Into<String>) -> Fact {
    let gap = || Gap {
        about: about.into(),
        rule,
    };
    holds.then_some(()).ok_or_else(gap)
}

impl Claim<'_, '_> {
    /// Demands every fact.
    ///
    /// # Errors
    /// The first one that is missing.
    pub fn prove(&self) -> Result<Accepted, Gap> {
        let plain = self.tree.defects.is_empty() && self.tree.empty_defects().is_empty();
        demand(plain, "V0.1", "the tree")?;
        self.chain()?;
        self.people()?;
        self.settled()?;
        // The gap that is named is the first one, whichever is found first.
        let (paths, rest) = rayon::join(
            || self.paths(),
            || {
                self.names()?;
                self.claimed()
                    .iter()
                    .try_for_each(|name| self.package(name))?;
                self.top_level()?;
                self.policy()?;
                self.registers()
            },
        );
        paths.and(rest)?;
        demand(!self.is_another, "M3", "the chain")?;
        demand(self.forgets == 0, "U7", "the update")?;
        Ok(Accepted(()))
    }

    /// V1: the links follow from each other, and from the anchors.
    fn chain(&self) -> Fact {
        let chain = &self.assessment.chain;
        let links: Vec<&Link> = chain.links().iter().map(|l| &l.value.link).collect();
        let digests: Vec<Digest> = chain
            .links()
            .iter()
            .map(|l| Digest::of(l.signed()))
            .collect();
        let count = u64::try_from(links.len()).unwrap_or(u64::MAX);
        let all = self.repository.links.keys().copied().eq(0..count);
        demand(all && (1..=MAX_LINKS).contains(&count), "V1.1", "the chain")?;
        let mut held: BTreeMap<_, &Id> = BTreeMap::new();
        let mut folded: BTreeMap<String, &Id> = BTreeMap::new();
        let mut before: Option<(&Link, Digest)> = None;
        for (link, digest) in links.iter().zip(&digests) {
            let path = Place::Link(link.number).path();
            let follows = match (before, &link.continues) {
                (None, None) => true,
                (Some((last, last_digest)), Some(names)) => {
                    digests.first() == Some(&names.identity)
                        && names.previous == last_digest
                        && last.repository == link.repository
                        && last.snapshot <= link.snapshot
                }
                _ => false,
            };
            demand(follows, "V1.2", &path)?;
            let reachable = (1..=link.members.len()).contains(&link.quorum);
            demand(reachable, "V1.6", &path)?;
            for (id, key) in &link.members {
                let print = key.fingerprint();
                let stays = before.is_none_or(|(last, _)| last.members.values().any(|k| k == key));
                let returns = held.contains_key(&print) && !stays;
                let own = *held.entry(print).or_insert(id) == id;
                let one = *folded.entry(fold(id.as_str())).or_insert(id) == id;
                let person = fold(id.as_str()) != NOTARIES;
                demand(own && one && person && !returns, "V1.3", &path)?;
            }
            before = Some((link, *digest));
        }
        for link in links.first().into_iter().chain(links.last()) {
            let usable = link.members.values().all(|key| key.usable().is_ok());
            demand(usable, "V0.4", Place::Link(link.number).path())?;
        }
        let from = chain.anchor_link(self.client).ok();
        demand(from.is_some(), "V1.4", "the chain")?;
        for n in from.unwrap_or(0)..links.len() {
            let quorum = links
                .get(n)
                .is_some_and(|l| l.quorum >= self.client.quorum());
            demand(
                quorum && chain.signatures(n).complete(),
                "V1.5",
                format!("link {n}"),
            )?;
        }
        Ok(())
    }

    /// V3: one key for one id, one meaning for each id, and nothing that was stripped.
    fn people(&self) -> Fact {
        let (chain, people) = (&self.assessment.chain, &self.assessment.people);
        let mut owner = BTreeMap::new();
        for (id, keys) in &people.authors {
            for key in keys {
                let own = *owner.entry(*key).or_insert(id) == id;
                demand(
                    own && chain.holder(key).is_none_or(|h| h == id),
                    "V3.4",
                    id.as_str(),
                )?;
            }
        }
        for (id, slot) in &self.repository.ids {
            let same = |janitor: &&Id| fold(janitor.as_str()) == fold(id.as_str());
            let janitor = chain.ever_members().into_iter().find(same);
            let team = matches!(slot.good().map(|l| &l.value), Some(IdFile::Team(_)));
            demand(
                janitor.is_none_or(|j| j == id && !team),
                "V3.5",
                id.as_str(),
            )?;
        }
        for resource in self.assessment.vouches.resources() {
            let quorum = !matches!(
                resource.kind,
                Kind::Releases | Kind::Checksum | Kind::Authorisation
            );
            if quorum && self.is_supported(resource) {
                let there = self.repository.version_of(resource).is_some();
                demand(there, "V4.6", resource.path())?;
            }
        }
        Ok(())
    }

    /// Whether a quorum supports any version of a resource.
    fn is_supported(&self, resource: &ResourceId) -> bool {
        let (vouches, quorum) = (&self.assessment.vouches, self.assessment.chain.quorum());
        !supported(vouches, quorum, resource, None, Epochs::Opened).is_empty()
    }

    /// V5.2: the names that verify in every mode.
    fn claimed(&self) -> BTreeSet<PackageName> {
        let (chain, vouches) = (&self.assessment.chain, &self.assessment.vouches);
        let listed = valid(&self.repository.claims, &self.assessment.claims.1);
        let names = claimed(vouches, chain.quorum(), listed).into_iter();
        names
            .filter_map(|name| PackageName::new(name).ok())
            .collect()
    }

    /// R2: a package that is not judged again is claimed as it was, and valid under the vouches
    /// of today.
    fn settled(&self) -> Fact {
        let settled = &self.repository.settled;
        if settled.is_empty() {
            return Ok(());
        }
        let alone = self.repository.misplaced.is_empty();
        demand(alone, "R2", "packages")?;
        let claimed = self.claimed();
        for (name, package) in settled.packages() {
            let same = claimed.contains(name) == package.claimed;
            let free = package.claimed || self.lets_through();
            demand(same && free, "R2", name.as_str())?;
        }
        let (people, chain) = (&self.assessment.people, &self.assessment.chain);
        let moved = moved(settled, &self.assessment.vouches, people, chain);
        let first = moved.first().map_or("", |name| name.as_str());
        demand(moved.is_empty(), "R2", first)
    }

    fn lets_through(&self) -> bool {
        self.assessment.unsigned == Unsigned::LetThrough
    }

    /// V7.1: each path below `packages/` is covered by one fact. Those at the top are judged in
    /// `top_level`.
    fn paths(&self) -> Fact {
        let covered = self.assessment.snapshot.is_valid()
            && valid(&self.repository.claims, &self.assessment.claims.1).is_some();
        let mode = match self.mode {
            Mode::Strict => !self.lets_through(),
            Mode::Covered => covered || !self.lets_through(),
            Mode::NoStrict => true,
        };
        demand(mode, "V6.2", "unsigned packages")?;
        demand(
            self.repository.segments.len() <= MAX_SEGMENTS,
            "V0.5",
            "packages/.conex/index",
        )?;
        let segments = self.assessment.segments.iter().filter(|used| used.harmless);
        let segments: HashSet<&str> = segments.map(|used| used.path).collect();
        let claimed = self.claimed();
        let files: Vec<(&String, &Bytes)> = self.tree.files.iter().collect();
        let fact = |&(path, bytes): &(&String, &Bytes)| {
            if !path.starts_with(PACKAGES) {
                return Ok(());
            }
            let Ok(place) = Place::of(path) else {
                return demand(false, "V7.1", path);
            };
            let signed = place.package().is_some_and(|name| claimed.contains(&name));
            let holds = match &place {
                Place::Segment(..) => segments.contains(path.as_str()),
                _ => self.covers(&place, signed, bytes),
            };
            demand(holds, "V7.1", path)?;
            demand(self.is_description(&place, signed), "V6.7", path)
        };
        let gaps = files.par_iter().map(|file| fact(file).err());
        let first = gaps.find_first(Option::is_some);
        first.flatten().map_or(Ok(()), Err)
    }

    /// The fact about one path, of a claimed package or not.
    fn covers(&self, place: &Place, signed: bool, bytes: &Bytes) -> bool {
        let (repository, assessment) = (self.repository, self.assessment);
        let free = !signed && self.lets_through();
        let dir = |release: &Release| {
            repository
                .packages
                .get(&release.name())?
                .directories
                .get(release)
        };
        let listed = |release: &Release, below: &str| {
            let checksum = dir(release).and_then(|d| d.checksum.good());
            let file = checksum.and_then(|c| c.value.files.get(below));
            let fits = file == Some(&FileDigest::from(bytes)) && !bytes.is_empty();
            fits && self.is_valid(&ResourceId::checksum(release))
        };
        let package = |name: &PackageName| repository.packages.get(name);
        match place {
            // Those that fit are known by their paths.
            Place::Segment(..) => false,
            Place::Link(_) | Place::Stray(_) => true,
            Place::IdFile(id) => self.id_fits(id),
            Place::Repo => first_or_valid(&repository.repo, &assessment.repo.1),
            Place::Claims => first_or_valid(&repository.claims, &assessment.claims.1),
            Place::Snapshot => assessment.snapshot.is_valid(),
            Place::Authorisation(name) if !signed => {
                free && package(name).is_some_and(|p| p.authorisation.good().is_some())
            }
            Place::Releases(name) if !signed => {
                free && package(name).is_some_and(|p| p.releases.good().is_some())
            }
            Place::Checksum(release) if !signed => {
                free && dir(release).is_some_and(|d| d.checksum.good().is_some())
            }
            Place::Authorisation(name) => self.is_valid(&ResourceId::authorisation(name)),
            Place::Releases(name) => self.is_valid(&ResourceId::releases(name)),
            Place::Checksum(release) => self.is_valid(&ResourceId::checksum(release)),
            Place::Opam(release) => free || signed && listed(release, "opam"),
            Place::File(release, below) => free || signed && listed(release, below),
            Place::Old(..) => free,
            Place::Misplaced(file) => free && dir(&file.release).is_none(),
        }
    }

    /// V6.7: what opam reads as a description can be read by every opam.
    fn is_description(&self, place: &Place, signed: bool) -> bool {
        let described = match place {
            Place::Opam(release) => self
                .repository
                .packages
                .get(&release.name())
                .and_then(|package| package.directories.get(release)),
            Place::Misplaced(file) if file.below == "opam" => {
                self.repository.misplaced.get(&file.dir).map(|(_, dir)| dir)
            }
            _ => return true,
        };
        let readable = |problem: &Problem| match problem {
            Problem::Unreadable { .. } => false,
            Problem::OtherVersion { .. } => !signed,
            _ => true,
        };
        described.is_some_and(|dir| dir.problems.iter().all(readable))
    }

    /// V3.1: a valid id, or one that waits and counts for nothing.
    fn id_fits(&self, id: &Id) -> bool {
        let people = &self.assessment.people;
        let (author, team) = (
            people.authors.contains_key(id),
            people.teams.contains_key(id),
        );
        let file = self.repository.ids.get(id).and_then(Slot::good);
        match (people.standings.get(id), file.map(|l| &l.value)) {
            (Some(Standing::Valid), Some(IdFile::Author(_))) => {
                author || people.unproven.contains(id)
            }
            (Some(Standing::Valid), Some(IdFile::Team(_))) => team,
            (Some(Standing::Waiting(_)), Some(_)) => !author && !team,
            _ => false,
        }
    }

    /// V4.6: the version in the tree is supported, and nothing supported is higher.
    fn is_valid(&self, resource: &ResourceId) -> bool {
        let packages = &self.assessment.packages;
        let name = resource.package();
        let at = name.and_then(|n| packages.binary_search_by(|p| p.name.cmp(&n)).ok());
        let standing = at.and_then(|at| packages.get(at)?.standings.get(resource));
        standing.is_some_and(|(version, standing)| {
            standing.is_valid() && *version == self.repository.version_of(resource)
        })
    }

    /// V6.3 to V6.6: a claimed package is complete.
    fn package(&self, name: &PackageName) -> Fact {
        if self.repository.settled.has(name) {
            return Ok(());
        }
        for resource in [ResourceId::authorisation(name), ResourceId::releases(name)] {
            demand(self.is_valid(&resource), "V6.3", resource.path())?;
        }
        let package = self.repository.packages.get(name);
        let directories = package.map(|p| &p.directories).into_iter().flatten();
        let list = package.and_then(|p| p.releases.good()).map(|l| &l.value);
        let there = directories.clone().map(|(release, _)| release);
        let same = list.is_some_and(|list| list.releases.iter().eq(there));
        demand(same, "V6.4", format!("packages/{name}"))?;
        for (release, dir) in directories {
            let resource = ResourceId::checksum(release);
            let files = dir.files.keys().map(|path| &**path);
            let complete = dir
                .checksum
                .good()
                .map(|l| &l.value)
                .is_some_and(|checksum| {
                    Some(checksum.revision.epoch) == list.map(|l| l.revision.epoch)
                        && checksum.files.contains_key("opam")
                        && checksum.files.keys().map(|path| &**path).eq(files)
                });
            demand(
                complete && self.is_valid(&resource),
                "V6.5",
                resource.path(),
            )?;
        }
        Ok(())
    }

    /// V0.2, V5.4, V7.6: no two names that differ in case alone, and no release in two places.
    fn names(&self) -> Fact {
        let mut seen: HashSet<String> = HashSet::new();
        let mut before = "";
        let tops = self.tree.others.iter().map(|o| o.trim_end_matches('/'));
        for path in self.tree.files.keys().map(String::as_str).chain(tops) {
            for (end, _) in path.match_indices('/').chain([(path.len(), "")]) {
                let part = path.get(..end).unwrap_or_default();
                let rest = before.strip_prefix(part);
                let known = rest.is_some_and(|r| r.is_empty() || r.starts_with('/'));
                demand(known || seen.insert(fold(part)), "V0.2", part)?;
            }
            before = path;
        }
        let settled = &self.repository.settled;
        for (name, _) in settled.directories() {
            let one = seen.insert(fold(&format!("{PACKAGES}{name}")));
            demand(one, "V0.2", name)?;
        }
        let misplaced = self
            .repository
            .misplaced
            .values()
            .map(|(release, _)| release);
        let different: BTreeSet<&Release> = misplaced.clone().collect();
        demand(
            different.len() == misplaced.clone().count(),
            "V7.6",
            "packages",
        )?;
        let own = self
            .repository
            .packages
            .keys()
            .chain(settled.packages().keys())
            .cloned()
            .chain(self.claimed());
        let all: BTreeSet<PackageName> = own.chain(misplaced.map(Release::name)).collect();
        let folded: BTreeSet<String> = all.iter().map(|name| fold(name.as_str())).collect();
        demand(folded.len() == all.len(), "V5.4", "packages")
    }

    /// V8: the files at the top.
    fn top_level(&self) -> Fact {
        let special = ["packages", "repo", ".gitignore", ".gitattributes", ".git"];
        let files = self.tree.files.keys().filter(|p| !p.contains('/'));
        for name in files.chain(&self.tree.others).chain(&self.tree.elsewhere) {
            let top = name.split('/').next().unwrap_or(name);
            let folded = on_disk(top);
            let forbidden = FORBIDDEN.iter().any(|(f, _)| *f == folded) || name == "packages";
            let other_case = top != folded && special.contains(&folded.as_str());
            let opam = forbidden_name(name).is_some();
            demand(!forbidden && !other_case && !opam, "V8.6", top)?;
        }
        let approved = valid(&self.repository.repo, &self.assessment.repo.1);
        let source = self.tree.get("repo");
        let fits = source.is_some_and(|source| self.repo_fits(source, approved).is_some());
        demand(fits, "V8.1", "repo")?;
        for file in TopFile::ALL {
            let found = self.tree.get(file.as_str()).map(Bytes::digest);
            let as_approved = match (found, approved) {
                (None, _) => true,
                (Some(found), Some(repo)) => repo.files.get(&file) == Some(&found),
                (Some(_), None) => self.mode == Mode::NoStrict,
            };
            demand(as_approved, "V8.5", file.as_str())?;
        }
        Ok(())
    }

    /// V8.1 to V8.4: the file says what was approved, and nothing that sends opam elsewhere.
    fn repo_fits(&self, source: &[u8], approved: Option<&Repo>) -> Option<()> {
        let small = source.len() <= MAX_REPO_FILE;
        let file = small.then(|| syntax::parse(source))?.ok()?;
        let mut names = BTreeSet::new();
        let mut values: BTreeMap<RepoField, String> = BTreeMap::new();
        for item in &file.items {
            let Item::Field(field) = item else {
                return None;
            };
            let (name, value) = (field.name.text, &field.value);
            names.insert(name).then_some(())?;
            match name {
                "opam-version" => match &value.kind {
                    ValueKind::String(version) if **version == *b"2.0" => {}
                    _ => return None,
                },
                "stamp" => {}
                "redirect" if approved.is_none() || !nobody_follows(value) => return None,
                _ => drop(values.insert(RepoField::new(name)?, value_text(value))),
            }
        }
        let harmless = |f: &RepoField| self.lets_through() && HARMLESS.contains(&f.as_str());
        let same = match approved {
            Some(repo) => repo.values == values,
            None => values.keys().all(harmless),
        };
        (same && names.contains("opam-version")).then_some(())
    }

    /// V9 and V10: the snapshot and the list of claims that chain, user and anchors ask for.
    fn policy(&self) -> Fact {
        let (snapshot, asked) = (&self.assessment.snapshot, self.client.snapshot());
        let required = self.assessment.chain.current().snapshot == SnapshotRule::Required;
        let needed = required || asked.required || asked.max_age.is_some();
        demand(!needed || snapshot.is_valid(), "V9.5", "the snapshot")?;
        let young = asked.max_age.is_none_or(|age| snapshot.is_young(age));
        demand(young, "V9.6", "the snapshot")?;
        let (claims, standing) = &self.assessment.claims;
        let claims = claims.filter(|_| standing.is_valid());
        let least = |asked: Option<Revision>, found: Option<ResourceVersion>| {
            asked.is_none_or(|least| found.is_some_and(|found| found.revision >= least))
        };
        let anchors = self.client.anchors();
        let fresh = least(anchors.snapshot, snapshot.valid_version());
        demand(
            fresh && least(anchors.claims, claims),
            "V10.3",
            "the anchors",
        )?;
        demand(
            self.mode != Mode::Covered || claims.is_some(),
            "V5.3",
            "the list of claims",
        )
    }

    /// U0 to U6: no register falls.
    fn registers(&self) -> Fact {
        let Some(known) = self.known else {
            return Ok(());
        };
        let now = Registers::of(self.repository, self.assessment);
        demand(known.identity == now.identity, "U0", "the chain")?;
        for (n, digest) in &known.links {
            let at = usize::try_from(*n).ok();
            let same = at.and_then(|n| self.assessment.chain.digests().get(n)) == Some(digest);
            demand(same, "U1", format!("link {n}"))?;
        }
        let rises = |before: &ResourceVersion, now: Option<ResourceVersion>| {
            now.is_some_and(|now| now == *before || now.revision > before.revision)
        };
        for (resource, before) in &known.resources {
            let list = resource.package().and_then(|name| now.lists.get(&name));
            let removed =
                list.zip(Release::new(&resource.name).ok())
                    .is_some_and(|(list, release)| {
                        list.floor() >= before.revision && !list.releases.contains(&release)
                    });
            let removed = removed && resource.kind == Kind::Checksum;
            demand(
                removed || rises(before, now.version(resource)),
                "U2",
                resource.path(),
            )?;
        }
        for (name, before) in &known.lists {
            let path = ResourceId::releases(name).path();
            let list = now.lists.get(name);
            demand(rises(&before.version, list.map(|l| l.version)), "U2", &path)?;
            let floor = list.is_some_and(|list| list.floor() >= before.floor());
            demand(floor, "U5", &path)?;
            let listed = list.into_iter().flat_map(|list| &list.releases);
            for release in listed.filter(|release| !before.releases.contains(release)) {
                let new = now.version(&ResourceId::checksum(release));
                let above = new.is_some_and(|v| v.revision > before.floor());
                demand(above, "U4", release.to_string())?;
            }
        }
        let snapshot = known
            .snapshot
            .is_none_or(|before| rises(&before, now.snapshot));
        demand(snapshot, "U6", "the snapshot")
    }
}

/// A file of the quorum that is valid, or the first one, which waits.
fn first_or_valid<T: Resource>(slot: &Slot<T>, standing: &Standing) -> bool {
    let first = matches!(standing, Standing::Waiting(w) if w.supported.is_none());
    slot.good().is_some() && (standing.is_valid() || first)
}

/// What a file says, if the version in the tree is valid.
fn valid<'r, T>(slot: &'r Slot<T>, standing: &Standing) -> Option<&'r T> {
    let good = slot.good().filter(|_| standing.is_valid());
    good.map(|loaded| &loaded.value)
}
