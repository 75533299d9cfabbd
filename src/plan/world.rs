//! The working tree as those see it who work on it.

use crate::hint::Hint;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::conflict::{Conflicts, has_markers};
use super::nearest::nearest;
use super::past::Past;
use super::planned::{Plan, PlanError};
use super::published::Published;
use conex_verify::finding::{Finding, Severity};
use conex_verify::format::key::PublicKey;
use conex_verify::format::name::{Id, PackageName, Release, fold};
use conex_verify::format::path::Place;
use conex_verify::format::resource::{IdFile, Kind, ResourceId, ResourceVersion, Revision};
use conex_verify::limits::MAX_EPOCH;
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::chain::Chain;
use conex_verify::workbench::trust::support::{Epochs, Standing, open_epoch};
use conex_verify::workbench::trust::vouch::Weight;
use conex_verify::workbench::verify::packages::PackageReport;
use conex_verify::workbench::verify::{
    Assessment, Mode, Pretended, Signatures, assess, read_chain,
};

/// The most by which a counter may be above the highest that counts: nobody needs more, and
/// whoever pushes a counter to its end is answered with an epoch.
pub const MOST_AHEAD: u64 = 1_000;

/// A working tree that was judged as if its last link were complete.
///
/// The tools need no anchors: they work on a tree that somebody checked out and
/// is about to change, and what they write is verified by everybody else.
#[derive(Debug)]
pub struct World<'r> {
    /// The tree.
    pub tree: &'r Tree,
    /// The tree, taken apart.
    pub repository: &'r Repository,
    /// What is known about it.
    pub assessment: Assessment<'r>,
    /// What a merge left to do.
    pub conflicts: Conflicts,
    /// What counts in the published branch, if the tree was made on top of it.
    pub published: Published,
    /// What janitors of any link vouch for, once somebody asks.
    pub(super) past: OnceLock<Past>,
}

/// How a working tree is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// As a client does: only what is supported counts.
    Supported,
    /// As if a quorum vouched for the ids, the authorisations and the approvals that wait, and
    /// authors had proven their keys: how an author sees a tree who signs before janitors
    /// approve. What waits is still said to wait.
    AsIfApproved,
}

impl<'r> World<'r> {
    /// Judges a working tree.
    ///
    /// # Errors
    /// No chain.
    pub fn look(
        tree: &'r Tree,
        repository: &'r Repository,
        view: View,
    ) -> Result<World<'r>, PlanError> {
        let chain = read_chain(repository).map_err(|mut findings| {
            findings.extend(repository.findings.to_vec());
            PlanError::Repository(findings)
        })?;
        let judge = |chain, pretended| assess(tree, repository, chain, Mode::NoStrict, pretended);
        let nothing = nothing();
        let real = judge(chain, &nothing);
        let assessment = match view {
            View::Supported => real,
            View::AsIfApproved => {
                let pretended = pretended(repository, &real);
                overlaid(judge(real.chain.clone(), &pretended), real)
            }
        };
        Ok(World::of(tree, repository, assessment))
    }

    /// A tree with the chain of another one, and as a client judges it.
    pub fn beside(tree: &'r Tree, repository: &'r Repository, other: &World<'_>) -> World<'r> {
        let chain = other.chain().clone();
        let assessment = assess(tree, repository, chain, Mode::NoStrict, &nothing());
        World::of(tree, repository, assessment)
    }

    /// A tree of which this is known.
    pub fn of(tree: &'r Tree, repository: &'r Repository, assessment: Assessment<'r>) -> World<'r> {
        World {
            tree,
            repository,
            assessment,
            conflicts: Conflicts::default(),
            published: Published::default(),
            past: OnceLock::new(),
        }
    }

    /// Judges a working tree that is about to be changed.
    ///
    /// # Errors
    /// No chain, or files that cannot be read or have no place: nothing sensible can
    /// be added to that. Checksums, lists of releases and the snapshot are written anew
    /// anyway.
    pub fn new(
        tree: &'r Tree,
        repository: &'r Repository,
        view: View,
    ) -> Result<World<'r>, PlanError> {
        let rewritten = |path: &str| {
            matches!(
                Place::of(path),
                Ok(Place::Checksum(_) | Place::Releases(_) | Place::Snapshot)
            )
        };
        let broken: Vec<Finding> = repository
            .findings
            .iter()
            .filter(|f| f.severity == Severity::Error && !rewritten(&f.path))
            .map(|f| of_merge(tree, f))
            .collect();
        if !broken.is_empty() {
            return Err(PlanError::Repository(broken));
        }
        World::look(tree, repository, view)
    }

    /// Works on a tree that [`super::conflict::mend`] made readable, in which two
    /// people decided something in two ways: for the commands that decide it anew.
    #[must_use]
    pub fn redoing(self, conflicts: Conflicts) -> World<'r> {
        World { conflicts, ..self }
    }

    /// The same tree, made on top of a published branch in which this counts.
    #[must_use]
    pub fn above(self, published: Published) -> World<'r> {
        World { published, ..self }
    }

    /// Works on a tree that [`super::conflict::mend`] made readable.
    ///
    /// # Errors
    /// Something is to be decided anew first.
    pub fn settled(self, conflicts: Conflicts) -> Result<World<'r>, PlanError> {
        match conflicts.to_redo() {
            Some((message, hint)) => Err(PlanError::refused(message, hint)),
            None => Ok(self.redoing(conflicts)),
        }
    }

    /// Joins the signatures that two branches added to the last link.
    pub(super) fn join_links(&self, plan: &mut Plan) {
        for (path, bytes) in &self.conflicts.links {
            plan.writes.insert(path.clone(), bytes.clone());
            plan.lines
                .push(format!("joins the signatures of both branches in `{path}`"));
        }
    }

    /// The chain.
    pub fn chain(&self) -> &Chain {
        &self.assessment.chain
    }

    /// What is known about a package.
    pub fn report(&self, name: &PackageName) -> Option<&PackageReport> {
        // They are in the order of their names.
        let packages = &self.assessment.packages;
        let at = packages.binary_search_by(|p| p.name.cmp(name)).ok()?;
        packages.get(at)
    }

    /// Where the version in the tree stands, of a resource that is there or is missed.
    pub fn standing(&self, resource: &ResourceId) -> Option<&Standing> {
        match resource.kind {
            Kind::Author | Kind::Team => {
                let id = Id::new(&resource.name).ok()?;
                self.assessment.people.standings.get(&id)
            }
            Kind::Repo => Some(&self.assessment.repo.1),
            Kind::Claims => Some(&self.assessment.claims.1),
            Kind::Authorisation | Kind::Releases | Kind::Checksum => {
                let name = match resource.kind {
                    Kind::Checksum => Release::new(&resource.name).ok()?.name(),
                    _ => PackageName::new(&resource.name).ok()?,
                };
                let (_, standing) = self.report(&name)?.standings.get(resource)?;
                Some(standing)
            }
        }
    }

    /// The keys that the repository knows for an id: in the chain, or in its file.
    pub fn keys_of(&self, id: &Id) -> Vec<PublicKey> {
        let mut keys: Vec<PublicKey> = self.chain().key_of(id).into_iter().cloned().collect();
        if let Some(IdFile::Author(author)) = self.id_file(id) {
            keys.extend(author.keys.iter().cloned());
        }
        let before = self.chain().links().iter().rev().nth(1);
        keys.extend(before.and_then(|l| l.value.link.members.get(id)).cloned());
        keys.dedup();
        keys
    }

    /// Whose key this is: of a janitor, past or present, or of an author who proved it.
    pub fn owner_of_key(&self, key: &PublicKey) -> Option<Id> {
        let fingerprint = key.fingerprint();
        let authors = &self.assessment.people.authors;
        self.chain()
            .holder(&fingerprint)
            .or_else(|| {
                authors
                    .iter()
                    .find(|(_, keys)| keys.contains(&fingerprint))
                    .map(|(id, _)| id)
            })
            .cloned()
    }

    /// T8: The ids that one of these keys is known to be of: the chain of today names the key, or a
    /// file that counts lists it, or something that was signed with the key proves it.
    pub fn ids_of_keys(&self, keys: &[PublicKey]) -> Vec<Id> {
        let people = &self.assessment.people;
        let is_of = |id: &Id, key: &PublicKey| {
            let valid = people.standings.get(id).is_some_and(Standing::is_valid);
            let proven = people.proven.get(&key.fingerprint());
            valid
                || self.chain().key_of(id) == Some(key)
                || proven.is_some_and(|ids| ids.contains(id))
        };
        self.naming(keys, is_of)
    }

    /// The ids whose file lists one of these keys, and waits, and nothing else shows that the key
    /// is of this id: anybody can write such a file.
    pub fn ids_that_claim(&self, keys: &[PublicKey]) -> Vec<Id> {
        let known = self.ids_of_keys(keys);
        let all = self.naming(keys, |_, _| true);
        all.into_iter().filter(|id| !known.contains(id)).collect()
    }

    fn naming(&self, keys: &[PublicKey], is_of: impl Fn(&Id, &PublicKey) -> bool) -> Vec<Id> {
        let ids: BTreeSet<&Id> = self
            .repository
            .ids
            .keys()
            .chain(self.chain().current().members.keys())
            .collect();
        ids.into_iter()
            .filter(|id| {
                let named = self.keys_of(id);
                named.iter().any(|key| keys.contains(key) && is_of(id, key))
            })
            .cloned()
            .collect()
    }

    /// The file of an id.
    pub fn id_file(&self, id: &Id) -> Option<&IdFile> {
        Some(&self.repository.ids.get(id)?.good()?.value)
    }

    /// Whether the id can own something: an author, a team or a janitor, pending or not.
    pub fn knows(&self, id: &Id) -> bool {
        self.id_file(id).is_some() || self.chain().key_of(id).is_some()
    }

    /// All ids that are taken, in the form in which they are compared.
    pub fn taken_ids(&self) -> BTreeSet<String> {
        self.repository
            .ids
            .keys()
            .chain(self.chain().ever_members())
            .map(|id| fold(id.as_str()))
            .collect()
    }

    /// Who can support a resource besides a quorum, if anybody can, and in which epochs.
    pub fn supporters(&self, resource: &ResourceId) -> (Option<BTreeSet<&Id>>, Epochs) {
        if !matches!(resource.kind, Kind::Releases | Kind::Checksum) {
            return (None, Epochs::Opened);
        }
        let name = resource.package();
        let report = name.and_then(|name| self.report(&name));
        let owners = report.map(|r| self.assessment.people.resolve(&r.owners, self.chain()));
        let epochs = match resource.kind {
            Kind::Checksum => {
                let valid = |r: &PackageReport| {
                    let list = ResourceId::releases(&r.name);
                    let (version, standing) = r.standings.get(&list)?;
                    version.filter(|_| standing.is_valid())
                };
                Epochs::OfList(report.and_then(valid).map(|v| v.revision.epoch))
            }
            _ => Epochs::Opened,
        };
        (owners, epochs)
    }

    /// The highest epoch that a quorum of today opened for a resource.
    pub fn open_epoch(&self, resource: &ResourceId) -> u64 {
        open_epoch(&self.assessment.vouches, self.chain().quorum(), resource)
    }

    fn past(&self) -> &Past {
        self.past.get_or_init(|| {
            let mut past = Past::default();
            for (_, loaded) in &self.repository.segments {
                let segment = &loaded.value;
                let holder = self.chain().holder(&segment.key);
                if holder == Some(&segment.segment.id) && self.is_genuine(loaded) {
                    past.add(segment);
                }
            }
            past
        })
    }

    /// The versions of a resource for which a quorum of any link vouches, by what is still there.
    pub fn approved_once(&self, resource: &ResourceId) -> BTreeSet<ResourceVersion> {
        self.past().approved(self.chain(), resource)
    }

    /// The highest epoch that a quorum of any link opened for a resource: when janitors go, or a
    /// quorum is raised, an epoch that was opened is not open any more, and must be opened again.
    /// An earlier quorum may have been one janitor, whose key was stolen since: the tree alone does
    /// not tell that apart, and `check` compares with BASE (C9).
    pub fn opened_once(&self, resource: &ResourceId) -> u64 {
        let versions = self.approved_once(resource).into_iter();
        versions.map(|v| v.revision.epoch).max().unwrap_or(0)
    }

    /// The epoch in which a change of a resource is made: the open one; or that of the version in
    /// the tree, where it is the next, or a quorum of earlier janitors opened it or the one before
    /// it. Going back is what clients refuse, and a quorum has to open it either way.
    pub fn epoch_of_change(&self, resource: &ResourceId, present: Option<Revision>) -> u64 {
        let open = self.open_epoch(resource);
        let next = |epoch: u64| epoch.saturating_add(1);
        // Finding epochs that were opened once reads signatures.
        let may_be = |epoch: u64| epoch == next(open) || epoch <= next(self.opened_once(resource));
        let present = present.map(|p| p.epoch).filter(|epoch| *epoch > open);
        present.filter(|epoch| may_be(*epoch)).unwrap_or(open)
    }

    /// Those who can support a resource: `owners`, who are valid authors or janitors, and the
    /// janitors. Their highest entry for it in an epoch.
    pub fn highest_entry(
        &self,
        resource: &ResourceId,
        owners: &BTreeSet<&Id>,
        epoch: u64,
    ) -> Option<Revision> {
        let about = self.assessment.vouches.about(resource).iter();
        about
            .filter(|v| v.weight == Weight::Chain || owners.contains(v.id))
            .map(|v| v.version.revision)
            .filter(|r| r.epoch == epoch)
            .max()
    }

    /// The revision for a changed resource that only a quorum supports.
    ///
    /// # Errors
    /// See [`World::revision_in`].
    pub fn next_revision(
        &self,
        resource: &ResourceId,
        present: Option<Revision>,
    ) -> Result<Revision, PlanError> {
        let epoch = self.epoch_of_change(resource, present);
        self.revision_in(resource, epoch, &BTreeSet::new(), present)
    }

    /// All versions of a resource that somebody signed for, here or in the published branch, whether
    /// that counts or not.
    pub fn signed(&self, resource: &ResourceId) -> impl Iterator<Item = ResourceVersion> {
        let vouches = self.assessment.vouches.about(resource).iter();
        let ignored = self.assessment.ignored.versions(resource);
        let published = self.published.version(resource);
        vouches.map(|v| v.version).chain(ignored).chain(published)
    }

    /// The highest revision of a resource in an epoch that clients may know: the highest entry
    /// of those who can support it, or one of anybody that is at most [`MOST_AHEAD`] above
    /// that. Those who do not count today may have counted yesterday: their key was taken
    /// away, or their package. Further up nobody believes them.
    pub fn highest_known(
        &self,
        resource: &ResourceId,
        owners: &BTreeSet<&Id>,
        epoch: u64,
    ) -> Option<Revision> {
        let highest = self.highest_entry(resource, owners, epoch);
        let near = |r: &Revision| is_near(*r, highest, epoch);
        let others = self.signed(resource).map(|v| v.revision).filter(near);
        highest.into_iter().chain(others).max()
    }

    /// The first revision in `epoch` that is above what clients may know, and above the one in
    /// the tree unless that is too far ahead: no stranger decides how far a counter is.
    ///
    /// # Errors
    /// The counter is at its end, or there is no such epoch.
    pub fn revision_in(
        &self,
        resource: &ResourceId,
        epoch: u64,
        owners: &BTreeSet<&Id>,
        present: Option<Revision>,
    ) -> Result<Revision, PlanError> {
        if epoch > MAX_EPOCH {
            return Err(PlanError::refused(
                format!("the {resource} is in its last epoch"),
                "take another name",
            ));
        }
        let highest = self.highest_entry(resource, owners, epoch);
        let known = self.highest_known(resource, owners, epoch);
        let present = present.filter(|r| is_near(*r, highest, epoch));
        let start = Revision { epoch, counter: 0 };
        let last = known.into_iter().chain(present).max().unwrap_or(start);
        last.next().ok_or_else(|| {
            PlanError::refused(
                format!("the counter of the {resource} is at its end"),
                // Under the key of one janitor it may be enough to take that key away, which
                // `epoch` does not need.
                Hint::PushedToEnd {
                    name: package_or_name(resource).to_owned(),
                },
            )
        })
    }

    /// A package that is there, or whose name is claimed.
    ///
    /// # Errors
    /// No such package; the hint names the most similar one.
    pub fn package(&self, text: &str) -> Result<PackageName, PlanError> {
        let unknown =
            |hint: String| PlanError::refused(format!("there is no package `{text}`"), hint);
        let name = PackageName::new(text).map_err(|e| unknown(e.to_string()))?;
        if self.repository.packages.contains_key(&name)
            || self.assessment.packages.iter().any(|p| p.name == name)
        {
            return Ok(name);
        }
        let names = self.repository.packages.keys().map(PackageName::as_str);
        Err(unknown(match nearest(text, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!(
                "a package is a directory `packages/{text}/{text}.<version>/` with a file `opam`"
            ),
        }))
    }

    /// An id that can own or be a member.
    ///
    /// # Errors
    /// No such id; the hint names the most similar one.
    pub fn known_id(&self, id: &Id) -> Result<(), PlanError> {
        if self.knows(id) {
            return Ok(());
        }
        let ids = self
            .repository
            .ids
            .keys()
            .chain(self.chain().current().members.keys())
            .map(Id::as_str);
        let hint = match nearest(id.as_str(), ids) {
            Some(near) => Hint::NearOrJoin {
                near: near.to_owned(),
                id: id.to_string(),
            },
            None => Hint::Join { id: id.to_string() },
        };
        Err(PlanError::refused(
            format!("the repository has no author, team or janitor `{id}`"),
            hint,
        ))
    }
}

/// Whether a revision that does not count is one of `epoch` that may have counted once: it is
/// not further ahead of the highest that counts than tools allow.
pub(super) fn is_near(revision: Revision, highest: Option<Revision>, epoch: u64) -> bool {
    let counts = highest.map_or(0, |r| r.counter);
    revision.epoch == epoch && revision.counter < counts.saturating_add(MOST_AHEAD)
}

/// Nothing is pretended; all signatures are looked at.
fn nothing() -> Pretended {
    Pretended {
        signatures: Signatures::All,
        ..Pretended::default()
    }
}

/// What is pretended of a tree, of which `real` is the judgement: that a quorum vouches for
/// what waits for one, and that authors have proven the keys that they list. Not the key of a
/// former janitor, under which there are entries of another time: those count when it is proven.
fn pretended(repository: &Repository, real: &Assessment<'_>) -> Pretended {
    let mut pretended = nothing();
    let waits = |standing: &Standing| matches!(standing, Standing::Waiting(_));
    for (id, slot) in &repository.ids {
        let Some(loaded) = slot.good() else { continue };
        if real.people.standings.get(id).is_some_and(waits) {
            let version = (loaded.value.resource_id(), loaded.id_version());
            pretended.vouched.push(version);
        }
        if let IdFile::Author(author) = &loaded.value {
            let keys = author.keys.iter().map(PublicKey::fingerprint);
            let keys = keys.filter(|key| real.chain.holder(key) != Some(id));
            pretended.proven.extend(keys.map(|key| (id.clone(), key)));
        }
    }
    for (resource, (version, standing)) in [
        (ResourceId::repo(), &real.repo),
        (ResourceId::claims(), &real.claims),
    ] {
        let version = version.filter(|_| waits(standing));
        pretended.vouched.extend(version.map(|v| (resource, v)));
    }
    for report in &real.packages {
        let resource = ResourceId::authorisation(&report.name);
        if let Some((Some(version), standing)) = report.standings.get(&resource)
            && waits(standing)
        {
            pretended.vouched.push((resource, *version));
        }
    }
    pretended
}

/// A judgement of what would be, in which what waits for a quorum still waits.
fn overlaid<'r>(mut hypothetical: Assessment<'r>, real: Assessment<'r>) -> Assessment<'r> {
    hypothetical.people.standings = real.people.standings;
    hypothetical.repo = real.repo;
    hypothetical.claims = real.claims;
    // The entries are those that are there.
    hypothetical.vouches.take_chain_of(&real.vouches);
    let mut reports = real.packages.into_iter().peekable();
    // Both are in the order of their names.
    for package in &mut hypothetical.packages {
        while reports.next_if(|r| r.name < package.name).is_some() {}
        let Some(report) = reports.next_if(|r| r.name == package.name) else {
            continue;
        };
        package.claimed = report.claimed;
        let resource = ResourceId::authorisation(&package.name);
        if let Some(standing) = report.standings.get(&resource) {
            package.standings.insert(resource, standing.clone());
        }
    }
    hypothetical
}

/// A finding about a file that cannot be read, with what to do when that comes of a merge.
fn of_merge(tree: &Tree, finding: &Finding) -> Finding {
    let finding = finding.clone();
    let path = finding.path.clone();
    if matches!(Place::of(&path), Ok(Place::Segment(..))) {
        return finding.hint(Hint::MergeOfCompacts);
    }
    if !tree.get(&path).is_some_and(|bytes| has_markers(bytes)) {
        return finding;
    }
    let what = match Place::of(&path) {
        Ok(Place::Link(_)) => {
            "two branches started a link of this number, and one has to come after the other"
        }
        _ => "git left the changes of two branches in it",
    };
    finding.hint(Hint::TakeOurs {
        what: what.to_owned(),
        path,
    })
}

/// The name under which `epoch` and `approve` know what a resource belongs to.
pub fn package_or_name(resource: &ResourceId) -> &str {
    match resource.kind {
        Kind::Checksum => resource.name.split('.').next().unwrap_or_default(),
        _ => &resource.name,
    }
}
