//! Acceptance is a proof: the only place where [`Accepted`] is made.
//!
//! Written from `docs/verification.md` alone. For every path, every link from the anchor on,
//! every claimed name and every register that is known, a positive fact is demanded; nothing
//! here knows a finding. A tree is accepted only if there is no error among the findings *and*
//! this proof exists: what one of the two forgets, the other refuses.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::format::digest::Digest;
use crate::format::name::{Id, NOTARIES, PackageName, Release, fold};
use crate::format::path::{Misplaced, PACKAGES, Place};
use crate::format::resource::{
    Checksum, FileDigest, IdFile, Kind, Releases, Repo, RepoField, Resource, ResourceId, Revision,
    SnapshotRule, TopFile,
};
use crate::format::syntax::{self, Item, ValueKind};
use crate::limits::{MAX_LINKS, MAX_REPO_FILE, MAX_SEGMENTS};
use crate::opam_file::Problem;
use crate::repository::{Loaded, ReleaseDir, Repository, Slot};
use crate::tree::Tree;
use crate::trust::anchors::Client;
use crate::trust::support::{Standing, claimed};
use crate::update::Registers;
use crate::verify::top_level::{FORBIDDEN, HARMLESS, nobody_follows, value_text};
use crate::verify::{Assessment, Mode, Unsigned};

/// A tree that was proven to be valid. There is no other way to make one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted(());

/// The first fact that is missing: what it is about, and what should hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// A path or a name.
    pub about: String,
    /// The fact.
    pub fact: &'static str,
}

/// What a proof is about.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a, 'r> {
    /// The tree, and the same taken apart.
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
    /// What opam forgets when it applies the update.
    pub forgets: usize,
}

type Fact = Result<(), Gap>;

fn demand(holds: bool, about: impl Into<String>, fact: &'static str) -> Fact {
    if holds {
        return Ok(());
    }
    Err(Gap {
        about: about.into(),
        fact,
    })
}

impl Claim<'_, '_> {
    /// Demands every fact.
    ///
    /// # Errors
    /// The first one that is missing.
    pub fn prove(&self) -> Result<Accepted, Gap> {
        let nothing = self.tree.defects.is_empty() && self.tree.empty_defects().is_empty();
        demand(
            nothing,
            "the tree",
            "plain files, and no directory that opam looks for",
        )?;
        self.chain()?;
        self.people()?;
        let claimed = self.claimed();
        demand(
            self.is_mode(),
            "unsigned packages",
            "they are treated as the mode says",
        )?;
        let segments = self.segments()?;
        for (path, bytes) in &self.tree.files {
            match path.strip_prefix("packages/.conex/index/") {
                Some(_) => demand(
                    segments.contains(path.as_str()),
                    path,
                    "its signature verifies, or counts for nothing",
                )?,
                None => self.path(path, bytes, &claimed)?,
            }
        }
        self.names(&claimed)?;
        claimed.iter().try_for_each(|name| self.package(name))?;
        self.top_level()?;
        self.policy()?;
        self.registers()?;
        demand(
            !self.is_another,
            "the chain",
            "it is of the repository that this name means",
        )?;
        demand(
            self.forgets == 0,
            "the update",
            "it removes nothing that hides a release",
        )?;
        Ok(Accepted(()))
    }

    /// V1: the links follow from each other, and from the anchors.
    fn chain(&self) -> Fact {
        let chain = &self.assessment.chain;
        let digests: Vec<Digest> = chain
            .links()
            .iter()
            .map(|l| Digest::of(l.signed()))
            .collect();
        let count = u64::try_from(digests.len()).unwrap_or(u64::MAX);
        let numbers = self.repository.links.keys().copied().eq(0..count);
        demand(
            numbers && count > 0 && count <= MAX_LINKS,
            "the chain",
            "every link is there",
        )?;
        let mut held: BTreeMap<_, &Id> = BTreeMap::new();
        let mut ids: BTreeMap<String, &Id> = BTreeMap::new();
        let mut before = BTreeSet::new();
        for (n, loaded) in chain.links().iter().enumerate() {
            let link = &loaded.value.link;
            let path = Place::Link(link.number).path();
            let previous = n
                .checked_sub(1)
                .and_then(|p| Some((p, chain.links().get(p)?)));
            let follows = match (previous, &link.continues) {
                (None, None) => true,
                (Some((p, last)), Some(names)) => {
                    let last = &last.value.link;
                    digests.first() == Some(&names.identity)
                        && digests.get(p) == Some(&names.previous)
                        && last.repository == link.repository
                        && last.snapshot <= link.snapshot
                }
                _ => false,
            };
            demand(follows, &path, "it follows from the link before")?;
            demand(
                link.quorum > 0 && link.quorum <= link.members.len(),
                &path,
                "its quorum can be reached",
            )?;
            let now: BTreeSet<_> = link.members.values().map(|k| k.fingerprint()).collect();
            for (id, key) in &link.members {
                let key = key.fingerprint();
                let new = !before.contains(&key) && held.contains_key(&key);
                let own = *held.entry(key).or_insert(id) == id;
                let one = *ids.entry(fold(id.as_str())).or_insert(id) == id;
                demand(
                    own && one && !new && fold(id.as_str()) != NOTARIES,
                    &path,
                    "a key belongs to one id, and never comes back",
                )?;
            }
            before = now;
        }
        let from = chain.anchor_link(self.client).ok();
        let from = from.ok_or_else(|| gap("the chain", "the anchors lead to a link"))?;
        for n in from..chain.links().len() {
            let link = chain.links().get(n).map(|l| &l.value.link);
            let quorum = link.is_some_and(|l| l.quorum >= self.client.quorum());
            demand(
                quorum && chain.signatures(n).complete(),
                format!("link {n}"),
                "all who must sign it did",
            )?;
        }
        Ok(())
    }

    /// V3: one key for one id, and one meaning for each id.
    fn people(&self) -> Fact {
        let assessment = self.assessment;
        let mut owner = BTreeMap::new();
        for (id, keys) in &assessment.people.authors {
            for key in keys {
                let holder = assessment.chain.holder(key).unwrap_or(id);
                let one = *owner.entry(*key).or_insert(id) == id && holder == id;
                demand(one, format!("`{id}`"), "its keys count for no other id")?;
            }
        }
        let janitors = assessment.chain.ever_members();
        for (id, slot) in &self.repository.ids {
            let clash = janitors
                .iter()
                .find(|j| fold(j.as_str()) == fold(id.as_str()));
            let team = matches!(slot.good().map(|l| &l.value), Some(IdFile::Team(_)));
            demand(
                clash.is_none_or(|j| *j == id && !team),
                format!("`{id}`"),
                "it is not the id of a janitor",
            )?;
        }
        // Everything that a quorum supports is there as it supports it.
        for resource in assessment.vouches.resources() {
            if matches!(resource.kind, Kind::Author | Kind::Team) && self.supported(resource) {
                demand(
                    self.repository.version_of(resource).is_some(),
                    resource.path(),
                    "it is there",
                )?;
            }
        }
        Ok(())
    }

    /// Whether any version of a resource of the quorum is supported.
    fn supported(&self, resource: &ResourceId) -> bool {
        let (vouches, quorum) = (&self.assessment.vouches, self.assessment.chain.quorum());
        let epochs = crate::trust::support::Epochs::Opened;
        !crate::trust::support::supported(vouches, quorum, resource, None, epochs).is_empty()
    }

    /// V5: the names that verify in every mode.
    fn claimed(&self) -> BTreeSet<PackageName> {
        let (chain, vouches) = (&self.assessment.chain, &self.assessment.vouches);
        let listed = valid(&self.repository.claims, &self.assessment.claims.1);
        let names = claimed(vouches, chain.quorum(), listed);
        names
            .into_iter()
            .filter_map(|name| PackageName::new(name).ok())
            .collect()
    }

    /// V5: unsigned packages are let through only by the user, or by a valid snapshot beside a
    /// valid list of claims.
    fn is_mode(&self) -> bool {
        let covered = self.assessment.snapshot.is_valid()
            && valid(&self.repository.claims, &self.assessment.claims.1).is_some();
        match self.mode {
            Mode::Strict => !self.lets_through(),
            Mode::Covered => !self.lets_through() || covered,
            Mode::NoStrict => true,
        }
    }

    fn lets_through(&self) -> bool {
        self.assessment.unsigned == Unsigned::LetThrough
    }

    /// V7: each path is covered by one fact.
    fn path(&self, path: &str, bytes: &[u8], claimed: &BTreeSet<PackageName>) -> Fact {
        if !path.starts_with(PACKAGES) {
            // Judged by name and content in `top_level`.
            return Ok(());
        }
        let place =
            Place::of(path).map_err(|_| gap(path, "it is one of the places that there are"))?;
        let repository = self.repository;
        let signed = |name: &PackageName| claimed.contains(name);
        let free = |name: &PackageName| !signed(name) && self.lets_through();
        let holds = match &place {
            Place::Link(_) => true,
            Place::IdFile(id) => self.id_fits(id),
            // Those that fit are known by their paths.
            Place::Segment(..) => false,
            Place::Repo => self.first_or_valid(&repository.repo, &self.assessment.repo.1),
            Place::Claims => self.first_or_valid(&repository.claims, &self.assessment.claims.1),
            Place::Snapshot => self.assessment.snapshot.is_valid(),
            Place::Authorisation(name) => {
                self.is_valid(&ResourceId::authorisation(name))
                    || free(name) && self.readable(name, |p| p.authorisation.good().is_some())
            }
            Place::Releases(name) => {
                self.is_valid(&ResourceId::releases(name))
                    || free(name) && self.readable(name, |p| p.releases.good().is_some())
            }
            Place::Checksum(release) => {
                self.is_valid(&ResourceId::checksum(release))
                    || free(&release.name())
                        && self
                            .dir(release)
                            .is_some_and(|d| d.checksum.good().is_some())
            }
            Place::Opam(release) => match signed(&release.name()) {
                true => self.is_listed(release, "opam", bytes),
                false => self.lets_through(),
            },
            Place::File(release, below) => match signed(&release.name()) {
                true => self.is_listed(release, below, bytes),
                false => self.lets_through(),
            },
            Place::Old(release, _) => free(&release.name()),
            Place::Misplaced(Misplaced { release, .. }) => {
                free(&release.name()) && self.dir(release).is_none()
            }
            Place::Stray(_) => true,
        };
        demand(
            holds,
            path,
            "it is what somebody vouches for, or may be there without",
        )?;
        let described = match &place {
            Place::Opam(release) => self.dir(release),
            Place::Misplaced(file) if file.below == "opam" => {
                repository.misplaced.get(&file.dir).map(|(_, dir)| dir)
            }
            _ => return Ok(()),
        };
        let own = matches!(&place, Place::Opam(release) if signed(&release.name()));
        let every = described.is_some_and(|dir| {
            dir.problems.iter().all(|problem| match problem {
                Problem::Unreadable { .. } => false,
                Problem::OtherVersion { .. } => !own,
                _ => true,
            })
        });
        demand(every, path, "every opam can read it")
    }

    /// V3: a valid id, or one that waits and counts for nothing.
    fn id_fits(&self, id: &Id) -> bool {
        let people = &self.assessment.people;
        let standing = people.standings.get(id);
        let counts = match self
            .repository
            .ids
            .get(id)
            .and_then(Slot::good)
            .map(|l| &l.value)
        {
            Some(IdFile::Author(_)) => {
                people.authors.contains_key(id) || people.unproven.contains(id)
            }
            Some(IdFile::Team(_)) => people.teams.contains_key(id),
            None => return false,
        };
        match standing {
            Some(Standing::Valid) => counts,
            Some(Standing::Waiting(_)) => {
                !people.authors.contains_key(id) && !people.teams.contains_key(id)
            }
            _ => false,
        }
    }

    /// V2: the segments whose signatures verify, or that are under keys that count for nothing.
    fn segments(&self) -> Result<HashSet<&str>, Gap> {
        let count = self.repository.segments.len();
        demand(
            count <= MAX_SEGMENTS,
            "packages/.conex/index",
            "there are not too many files",
        )?;
        let uses = self.assessment.segments.iter();
        Ok(uses
            .filter(|used| used.harmless)
            .map(|used| used.path)
            .collect())
    }

    /// A file of the quorum that is valid, or the first one, which waits.
    fn first_or_valid<T: Resource>(&self, slot: &Slot<T>, standing: &Standing) -> bool {
        let first = matches!(standing, Standing::Waiting(w) if w.supported.is_none());
        slot.good().is_some() && (standing.is_valid() || first)
    }

    /// V4: the version in the tree is supported, and nothing supported is higher.
    fn is_valid(&self, resource: &ResourceId) -> bool {
        let packages = &self.assessment.packages;
        let report = resource.package().and_then(|name| {
            let at = packages.binary_search_by(|p| p.name.cmp(&name)).ok()?;
            packages.get(at)
        });
        let standing = report.and_then(|r| r.standings.get(resource));
        standing.is_some_and(|(version, standing)| {
            standing.is_valid() && *version == self.repository.version_of(resource)
        })
    }

    fn readable(
        &self,
        name: &PackageName,
        good: impl Fn(&crate::repository::Package) -> bool,
    ) -> bool {
        self.repository.packages.get(name).is_some_and(good)
    }

    fn dir(&self, release: &Release) -> Option<&ReleaseDir> {
        self.repository
            .packages
            .get(&release.name())?
            .directories
            .get(release)
    }

    /// V6: the valid checksum lists this file, and the file is not empty.
    fn is_listed(&self, release: &Release, below: &str, bytes: &[u8]) -> bool {
        let checksum = self.dir(release).and_then(|d| d.checksum.good());
        let listed = checksum.and_then(|c| c.value.files.get(below));
        let fits = listed == Some(&FileDigest::of(bytes)) && !bytes.is_empty();
        fits && self.is_valid(&ResourceId::checksum(release))
    }

    /// V6: a claimed package is complete.
    fn package(&self, name: &PackageName) -> Fact {
        for resource in [ResourceId::authorisation(name), ResourceId::releases(name)] {
            demand(
                self.is_valid(&resource),
                resource.path(),
                "it is there and valid",
            )?;
        }
        let package = self.repository.packages.get(name);
        let list: Option<&Releases> = package.and_then(|p| p.releases.good()).map(|l| &l.value);
        let (Some(package), Some(list)) = (package, list) else {
            return Err(gap(format!("packages/{name}"), "it is there"));
        };
        let same = list.releases.iter().eq(package.directories.keys());
        demand(
            same,
            format!("packages/{name}"),
            "its releases are those that are listed",
        )?;
        for (release, dir) in &package.directories {
            let resource = ResourceId::checksum(release);
            let checksum: Option<&Checksum> = dir.checksum.good().map(|l| &l.value);
            let complete = checksum.is_some_and(|c| {
                c.revision.epoch == list.revision.epoch
                    && c.files.contains_key("opam")
                    && c.files.keys().eq(dir.files.keys())
            });
            demand(
                complete && self.is_valid(&resource),
                resource.path(),
                "it lists the files that are there",
            )?;
        }
        Ok(())
    }

    /// V7: no two names that differ only in case, and no release in two places.
    fn names(&self, claimed: &BTreeSet<PackageName>) -> Fact {
        let mut seen: HashSet<String> = HashSet::new();
        let mut before = "";
        let tops = self.tree.others.iter().map(|o| o.trim_end_matches('/'));
        for path in self.tree.files.keys().map(String::as_str).chain(tops) {
            for (end, _) in path.match_indices('/').chain([(path.len(), "")]) {
                let part = path.get(..end).unwrap_or_default();
                let known = before
                    .strip_prefix(part)
                    .is_some_and(|r| r.is_empty() || r.starts_with('/'));
                demand(
                    known || seen.insert(fold(part)),
                    part,
                    "no other name differs from it in case alone",
                )?;
            }
            before = path;
        }
        let misplaced = self.repository.misplaced.values();
        let misplaced: Vec<&Release> = misplaced.map(|(release, _)| release).collect();
        let different: BTreeSet<&&Release> = misplaced.iter().collect();
        demand(
            different.len() == misplaced.len(),
            "packages",
            "each release is in one place",
        )?;
        let own = self.repository.packages.keys().chain(claimed).cloned();
        let all: BTreeSet<PackageName> = own.chain(misplaced.iter().map(|r| r.name())).collect();
        let folded: BTreeSet<String> = all.iter().map(|name| fold(name.as_str())).collect();
        demand(
            folded.len() == all.len(),
            "packages",
            "no two names differ in case alone",
        )
    }

    /// V8: the files at the top.
    fn top_level(&self) -> Fact {
        let approved = valid(&self.repository.repo, &self.assessment.repo.1);
        let files = self.tree.files.keys().filter(|p| !p.contains('/'));
        for name in files.chain(&self.tree.others).chain(&self.tree.elsewhere) {
            let top = name.split('/').next().unwrap_or(name);
            let folded = fold(top);
            let special = ["packages", "repo", ".gitignore", ".gitattributes", ".git"];
            let allowed = !FORBIDDEN.iter().any(|(f, _)| *f == folded)
                && (top == folded || !special.contains(&folded.as_str()))
                && !name
                    .split('/')
                    .any(|part| part.eq_ignore_ascii_case("opam"))
                && name != "packages";
            demand(allowed, top, "it may be at the top")?;
        }
        let source = self.tree.get("repo");
        let fits = source.is_some_and(|source| self.repo_fits(source, approved));
        demand(
            fits,
            "repo",
            "it says what was approved, and nothing that sends opam elsewhere",
        )?;
        for file in TopFile::ALL {
            let found = self.tree.get(file.as_str()).map(|bytes| Digest::of(bytes));
            let as_approved = match (found, approved) {
                (None, _) => true,
                (Some(found), Some(repo)) => repo.files.get(&file) == Some(&found),
                (Some(_), None) => self.mode == Mode::NoStrict,
            };
            demand(as_approved, file.as_str(), "it is as it was approved")?;
        }
        Ok(())
    }

    fn repo_fits(&self, source: &[u8], approved: Option<&Repo>) -> bool {
        let parsed = (source.len() <= MAX_REPO_FILE).then(|| syntax::parse(source));
        let Some(Ok(file)) = parsed else { return false };
        let mut names = BTreeSet::new();
        let mut values: BTreeMap<RepoField, String> = BTreeMap::new();
        for item in &file.items {
            let Item::Field(field) = item else {
                return false;
            };
            let name = field.name.text;
            let fits = match name {
                "opam-version" => {
                    matches!(&field.value.kind, ValueKind::String(v) if **v == *b"2.0")
                }
                "redirect" => nobody_follows(&field.value) && approved.is_some(),
                _ => true,
            };
            if !names.insert(name) || !fits {
                return false;
            }
            if let Some(known) = RepoField::new(name) {
                values.insert(known, value_text(&field.value));
            } else if !matches!(name, "opam-version" | "stamp") {
                return false;
            }
        }
        let harmless = |f: &RepoField| self.lets_through() && HARMLESS.contains(&f.as_str());
        names.contains("opam-version")
            && match approved {
                Some(repo) => repo.values == values,
                None => values.keys().all(harmless),
            }
    }

    /// V9 and V10: the snapshot that the chain, the user and the anchors ask for.
    fn policy(&self) -> Fact {
        let (snapshot, asked) = (&self.assessment.snapshot, self.client.snapshot());
        let required = self.assessment.chain.current().snapshot == SnapshotRule::Required;
        let needed = required || asked.required || asked.max_age.is_some();
        demand(
            !needed || snapshot.is_valid(),
            "the snapshot",
            "it is there and valid",
        )?;
        let young = asked.max_age.is_none_or(|age| snapshot.is_young(age));
        demand(young, "the snapshot", "it is as young as it has to be")?;
        let claims = self
            .assessment
            .claims
            .0
            .filter(|_| self.assessment.claims.1.is_valid());
        let least = |asked: Option<Revision>, found: Option<Revision>| {
            asked.is_none_or(|least| found.is_some_and(|found| found >= least))
        };
        let anchors = self.client.anchors();
        let fresh = least(
            anchors.snapshot,
            snapshot.valid_version().map(|v| v.revision),
        ) && least(anchors.claims, claims.map(|v| v.revision));
        demand(fresh, "the anchors", "nothing is older than they are")?;
        let needs_claims = self.mode == Mode::Covered;
        demand(
            !needs_claims || claims.is_some(),
            "the list of claims",
            "it is there and valid",
        )
    }

    /// U1 to U6: no register falls.
    fn registers(&self) -> Fact {
        let Some(known) = self.known else {
            return Ok(());
        };
        let now = Registers::of(self.repository, self.assessment);
        demand(
            known.identity == now.identity,
            "the chain",
            "it is of the same repository",
        )?;
        for (n, digest) in &known.links {
            let at = usize::try_from(*n).ok();
            let same = at.and_then(|n| self.assessment.chain.digests().get(n)) == Some(digest);
            demand(same, format!("link {n}"), "it is the one that is known")?;
        }
        for (resource, before) in &known.resources {
            let rises = now
                .version(resource)
                .is_some_and(|v| v == *before || v.revision > before.revision);
            let removed = || {
                let release = Release::new(&resource.name).ok()?;
                let list = now.lists.get(&release.name())?;
                let below = list.floor() >= before.revision && !list.releases.contains(&release);
                (resource.kind == Kind::Checksum && below).then_some(())
            };
            demand(
                rises || removed().is_some(),
                resource.path(),
                "it is valid and not older than what is known",
            )?;
        }
        for (name, before) in &known.lists {
            let resource = ResourceId::releases(name);
            let list = now.lists.get(name);
            let list = list.ok_or_else(|| gap(resource.path(), "it is there and valid"))?;
            let version = before.version;
            let rises = list.version == version || list.version.revision > version.revision;
            demand(
                rises && list.floor() >= before.floor(),
                resource.path(),
                "neither it nor its floor fell",
            )?;
            for release in list.releases.difference(&before.releases) {
                let new = now.version(&ResourceId::checksum(release));
                let above = new.is_some_and(|v| v.revision > before.floor());
                demand(above, format!("`{release}`"), "it is above the known floor")?;
            }
        }
        let rises = known.snapshot.is_none_or(|before| {
            now.snapshot
                .is_some_and(|v| v == before || v.revision > before.revision)
        });
        demand(rises, "the snapshot", "it is not older than the known one")
    }
}

fn gap(about: impl Into<String>, fact: &'static str) -> Gap {
    Gap {
        about: about.into(),
        fact,
    }
}

/// What a file says, if the version in the tree is valid.
fn valid<'r, T>(slot: &'r Slot<T>, standing: &Standing) -> Option<&'r T> {
    let good: Option<&Loaded<T>> = slot.good();
    good.filter(|_| standing.is_valid()).map(|l| &l.value)
}
