//! The working tree as those see it who work on it.

use std::collections::BTreeSet;

use strsim::osa_distance;

use super::PlanError;
use super::conflict::{Conflicts, has_markers};
use conex_verify::finding::{Finding, Severity};
use conex_verify::format::key::{Fingerprint, Namespace, PublicKey};
use conex_verify::format::name::{Id, PackageName, Release, fold};
use conex_verify::format::path::Place;
use conex_verify::format::resource::{IdFile, Kind, ResourceId, Revision, What};
use conex_verify::limits::MAX_INTEGER;
use conex_verify::repository::Repository;
use conex_verify::tree::Tree;
use conex_verify::trust::chain::Chain;
use conex_verify::trust::support::{Standing, open_epoch};
use conex_verify::verify::packages::PackageReport;
use conex_verify::verify::{Assessment, Mode, View, assess};

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
        let chain = Chain::read(repository).map_err(|mut findings| {
            findings.extend(repository.findings.iter().cloned());
            PlanError::Repository(findings)
        })?;
        Ok(World {
            tree,
            repository,
            assessment: assess(tree, repository, chain, Mode::IgnoreMissing, view),
            conflicts: Conflicts::default(),
        })
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

    /// The ids for which a file, approved or not, or the chain of today lists one of these keys.
    pub fn ids_of_keys(&self, keys: &[PublicKey]) -> Vec<Id> {
        let ids: BTreeSet<&Id> = self
            .repository
            .ids
            .keys()
            .chain(self.chain().current().members.keys())
            .collect();
        ids.into_iter()
            .filter(|id| self.keys_of(id).iter().any(|key| keys.contains(key)))
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

    /// The highest epoch that a quorum opened for a resource.
    pub fn open_epoch(&self, resource: &ResourceId) -> u64 {
        open_epoch(
            &self.assessment.vouches.live(resource),
            self.chain().quorum(),
        )
    }

    /// The highest epoch in which a janitor, past or present, vouched for a resource:
    /// when janitors go, an epoch that they opened is not open any more, and must be
    /// opened again.
    pub fn epoch_of_janitors(&self, resource: &ResourceId) -> u64 {
        let links = self.chain().links();
        let key_of = |id: &Id, fingerprint: &Fingerprint| {
            links
                .iter()
                .filter_map(|l| l.value.link.members.get(id))
                .find(|key| key.fingerprint() == *fingerprint)
        };
        self.repository
            .segments
            .iter()
            .filter_map(|(_, loaded)| {
                let segment = &loaded.value;
                let epoch = segment
                    .segment
                    .entries
                    .iter()
                    .filter(|e| e.resource == *resource)
                    .map(|e| e.revision.epoch)
                    .max()?;
                let key = key_of(&segment.segment.id, &segment.key)?;
                key.verify(Namespace::Index, loaded.signed(), &segment.signature)
                    .ok()?;
                (segment.segment.repository == self.chain().identity()).then_some(epoch)
            })
            .max()
            .unwrap_or(0)
    }

    /// Up to which revision an id has withdrawn what it vouched for: another vouch at
    /// or below it would not count.
    pub fn withdrawn_by(&self, id: &Id, resource: &ResourceId) -> Option<Revision> {
        self.assessment
            .vouches
            .about(resource)
            .iter()
            .filter(|v| v.id == id && v.what == What::Withdrawn)
            .map(|v| v.revision)
            .max()
    }

    /// The revision for a changed resource: above the one in the tree, above
    /// `floor`, and above every entry that anybody has for it in an open epoch. When the
    /// one in the tree starts the next epoch, the change stays in it: going back to the
    /// epoch before is what clients refuse, and a quorum has to open it either way.
    ///
    /// # Errors
    /// The counter is at its end: somebody pushed it there, and a quorum opens a new epoch.
    pub fn next_revision(
        &self,
        resource: &ResourceId,
        present: Option<Revision>,
        floor: Option<Revision>,
    ) -> Result<Revision, PlanError> {
        let open = self.open_epoch(resource);
        let epoch = present
            .map(|p| p.epoch)
            .filter(|e| *e == open.saturating_add(1))
            .unwrap_or(open);
        let highest = self
            .assessment
            .vouches
            .about(resource)
            .iter()
            .map(|v| v.revision)
            .chain(present)
            .chain(floor)
            .filter(|r| r.epoch <= epoch)
            .max();
        let Some(highest) = highest else {
            return Ok(Revision {
                epoch,
                ..Revision::FIRST
            });
        };
        if highest.epoch < epoch {
            return Ok(Revision {
                epoch,
                ..Revision::FIRST
            });
        }
        highest.next().ok_or_else(|| {
            PlanError::refused(
                format!("the counter of the {resource} is at its end"),
                way_out(resource),
            )
        })
    }

    /// The first revision in `epoch` that is above the one in the tree and above every
    /// entry that anybody has for it there.
    ///
    /// # Errors
    /// The counter is at its end, or there is no such epoch.
    pub fn revision_in(
        &self,
        resource: &ResourceId,
        epoch: u64,
        present: Option<Revision>,
    ) -> Result<Revision, PlanError> {
        if epoch > MAX_INTEGER {
            return Err(PlanError::refused(
                format!("the {resource} is in its last epoch"),
                "take another name",
            ));
        }
        let entries = self.assessment.vouches.about(resource);
        let highest = entries
            .iter()
            .map(|v| v.revision)
            .chain(present)
            .filter(|r| r.epoch == epoch)
            .max();
        let Some(highest) = highest else {
            return Ok(Revision {
                epoch,
                ..Revision::FIRST
            });
        };
        highest.next().ok_or_else(|| {
            PlanError::refused(
                format!("the counter of the {resource} is at its end"),
                way_out(resource),
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
            Some(near) => {
                format!("did you mean `{near}`? A new author starts with `conex join {id}`")
            }
            None => format!("a new author starts with `conex join {id}`"),
        };
        Err(PlanError::refused(
            format!("the repository has no author, team or janitor `{id}`"),
            hint,
        ))
    }
}

/// A finding about a file that cannot be read, with what to do when that comes of a merge.
fn of_merge(tree: &Tree, finding: &Finding) -> Finding {
    let finding = finding.clone();
    let path = finding.path.clone();
    if matches!(Place::of(&path), Ok(Place::Segment(..))) {
        return finding.hint(
            "if this is a merge: two branches ran `conex compact`, and git took that for renames; \
`git merge --abort`, then `git merge -s resolve BRANCH`",
        );
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
    finding.hint(format!(
        "{what}: `git checkout --ours {path}`, then give the command of the other branch again"
    ))
}

/// What to do about a counter at its end. Under the key of one janitor it may be enough
/// to take that key away, which `epoch` does not need.
fn way_out(resource: &ResourceId) -> String {
    format!(
        "somebody pushed it there: take a stolen key away with `conex revoke`, or start a new epoch with \
`conex epoch {}`; a quorum of janitors approves either",
        package_or_name(resource)
    )
}

/// The name under which `epoch` and `approve` know what a resource belongs to.
pub fn package_or_name(resource: &ResourceId) -> &str {
    match resource.kind {
        Kind::Checksum => resource.name.split('.').next().unwrap_or_default(),
        _ => &resource.name,
    }
}

/// The candidate that differs from `text` in the fewest slips of a finger (a character too
/// many, too few, another, or two swapped), if that is few.
pub fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (text.chars().count() / 3).max(1);
    candidates
        .filter(|c| c.len().abs_diff(text.len()) <= limit)
        .map(|c| (osa_distance(text, c), c))
        .filter(|(d, _)| *d <= limit)
        .min()
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_names_are_found() {
        let names = ["astring", "fmt", "lwt", "logs"];
        assert_eq!(nearest("astrign", names.into_iter()), Some("astring"));
        assert_eq!(nearest("lwtt", names.into_iter()), Some("lwt"));
        assert_eq!(nearest("cohttp", names.into_iter()), None);
        assert_eq!(nearest("lgos", names.into_iter()), Some("logs"));
    }
}
