//! Which entries still matter: the rest of what was signed can go.
//!
//! Decided from the tree alone (docs/verification.md, "Live and dead entries"), so everybody
//! says the same of a segment. Clients have no rule about it.

use std::collections::BTreeSet;

use super::World;
use conex_verify::format::key::{Fingerprint, Namespace, PublicKey};
use conex_verify::format::name::Id;
use conex_verify::format::resource::{
    Entry, IdFile, Kind, ResourceId, ResourceVersion, Revision, SignedSegment,
};
use conex_verify::workbench::repository::Loaded;
use conex_verify::workbench::trust::support::{Standing, supported};

impl<'r> World<'r> {
    /// The entries of a segment that are live. Of one that was not signed by whom it names there
    /// are none.
    pub fn live_entries<'s>(&self, loaded: &'s Loaded<SignedSegment>) -> Vec<&'s Entry> {
        let segment = &loaded.value;
        let (id, key) = (&segment.segment.id, segment.key);
        let entries = segment.segment.entries.iter();
        let live: Vec<_> = entries
            .filter(|entry| self.is_live(id, key, entry))
            .collect();
        match live.is_empty() || self.is_genuine(loaded) {
            true => live,
            false => Vec::new(),
        }
    }

    /// Whether an entry of `id` under `key` is live: it can support what is in the tree, it
    /// holds an epoch open, it is about the id itself, it supports something higher or what counts
    /// until the version in the tree does, or it shows which epoch was open once.
    fn is_live(&self, id: &Id, key: Fingerprint, entry: &Entry) -> bool {
        let resource = &entry.resource;
        let present = self.repository.version_of(resource);
        let in_link = self
            .chain()
            .key_of(id)
            .is_some_and(|k| k.fingerprint() == key);
        let supports = || in_link || self.owns_by_tree(id, key, resource);
        let opens = || {
            let epoch = present.map_or(0, |p| p.revision.epoch);
            in_link && epoch > 0 && entry.version.revision.epoch >= epoch
        };
        let own_file = || {
            matches!(resource.kind, Kind::Author | Kind::Team)
                && *resource.name == *id.as_str()
                && (in_link || self.lists_key(id, key))
        };
        let higher = || {
            present.is_none_or(|p| entry.version.revision > p.revision)
                && !self.is_removed(entry)
                && self.counts(id, key, entry)
                && self.supported(resource).contains(&entry.version)
        };
        let until = || {
            let by_quorum = !matches!(resource.kind, Kind::Releases | Kind::Checksum);
            by_quorum
                && !self.standing(resource).is_some_and(Standing::is_valid)
                && self.counts(id, key, entry)
                && self.supported(resource).last() == Some(&entry.version)
        };
        (present == Some(entry.version) && supports())
            || opens()
            || own_file()
            || higher()
            || until()
            || self.opened_epoch(id, key, entry, present)
    }

    /// L5: Whether an entry shows the highest epoch that a quorum of a link opened for a resource, of
    /// those up to the epoch of the version in the tree, and no quorum of today opened this one. An
    /// earlier quorum may have been one janitor, whose key was stolen since: above the tree an
    /// entry shows nothing.
    fn opened_epoch(
        &self,
        id: &Id,
        key: Fingerprint,
        entry: &Entry,
        present: Option<ResourceVersion>,
    ) -> bool {
        let (resource, epoch) = (&entry.resource, entry.version.revision.epoch);
        let of_tree = present.map_or(0, |p| p.revision.epoch);
        // Finding epochs that were opened once reads signatures.
        let is_janitors = self.chain().holder(&key) == Some(id);
        if !is_janitors || epoch > of_tree || epoch <= self.open_epoch(resource) {
            return false;
        }
        let once = self.approved_once(resource);
        let near = once.iter().map(|v| v.revision.epoch);
        let highest = near.filter(|epoch| *epoch <= of_tree).max();
        once.contains(&entry.version) && highest == Some(epoch)
    }

    /// Whether an entry is about a release that was removed: the valid list does not have it, and
    /// lets it in only above this revision.
    fn is_removed(&self, entry: &Entry) -> bool {
        let Some(package) = entry.resource.package() else {
            return false;
        };
        let list = self.repository.packages.get(&package);
        let Some(list) = list.and_then(|p| p.releases.good()).map(|l| &l.value) else {
            return false;
        };
        let floor = Revision {
            epoch: list.revision.epoch,
            counter: list.floor,
        };
        let valid = self.standing(&ResourceId::releases(&package));
        entry.resource.kind == Kind::Checksum
            && entry.version.revision <= floor
            && list
                .releases
                .iter()
                .all(|r| r.as_str() != &*entry.resource.name)
            && valid.is_some_and(Standing::is_valid)
    }

    /// Whether a segment is what it says: signed here, with a key that a link, past or present, or
    /// the file of its id names for the id. Anybody can write a file that only says so.
    pub fn is_genuine(&self, loaded: &Loaded<SignedSegment>) -> bool {
        let segment = &loaded.value;
        let id = &segment.segment.id;
        let links = self.chain().links().iter();
        let of_links = links.filter_map(|link| link.value.link.members.get(id));
        let of_file = match self.id_file(id) {
            Some(IdFile::Author(author)) => author.keys.as_slice(),
            _ => &[],
        };
        let mut keys = of_links.chain(of_file);
        let key = keys.find(|key| key.fingerprint() == segment.key);
        key.is_some_and(|key| self.is_signed(loaded, key))
    }

    fn is_signed(&self, loaded: &Loaded<SignedSegment>, key: &PublicKey) -> bool {
        let segment = &loaded.value;
        segment.segment.repository == self.chain().identity()
            && key
                .verify(Namespace::Index, loaded.signed(), &segment.signature)
                .is_ok()
    }

    /// V2.3: A file of signatures in the name of an id, under one of these keys, that was not
    /// signed with the key for this repository: once the key counts everybody rejects it.
    pub fn forged(&self, id: &Id, keys: &[PublicKey]) -> Option<&'r str> {
        let mut segments = self.repository.segments.iter();
        let found = segments.find(|(_, loaded)| {
            let segment = &loaded.value;
            let key = keys.iter().find(|key| key.fingerprint() == segment.key);
            segment.segment.id == *id && key.is_some_and(|key| !self.is_signed(loaded, key))
        });
        found.map(|(path, _)| path.as_str())
    }

    /// The segments that an id signed with a key. One that only says so is not among them: whoever
    /// folds would sign what somebody else wrote in their name.
    pub fn signed_with(
        &self,
        id: &Id,
        key: Fingerprint,
    ) -> impl Iterator<Item = &'r (String, Loaded<SignedSegment>)> {
        self.signed_among(&self.repository.segments, id, key)
    }

    /// [`World::signed_with`], of these segments.
    pub(super) fn signed_among<'s>(
        &self,
        segments: &'s [(String, Loaded<SignedSegment>)],
        id: &Id,
        key: Fingerprint,
    ) -> impl Iterator<Item = &'s (String, Loaded<SignedSegment>)> {
        segments.iter().filter(move |(_, loaded)| {
            let segment = &loaded.value;
            segment.segment.id == *id && segment.key == key && self.is_genuine(loaded)
        })
    }

    /// Whether a link, past or present, or the file of an id names a key for the id.
    pub fn names_key(&self, id: &Id, key: &Fingerprint) -> bool {
        self.chain().holder(key) == Some(id) || self.lists_key(id, *key)
    }

    /// Whether the file of an id lists a key, valid or not.
    fn lists_key(&self, id: &Id, key: Fingerprint) -> bool {
        matches!(self.id_file(id), Some(IdFile::Author(author))
            if author.keys.iter().any(|k| k.fingerprint() == key))
    }

    /// Whether an id would own the package of a resource by what the files in the tree say,
    /// valid or not, and has this key there.
    fn owns_by_tree(&self, id: &Id, key: Fingerprint, resource: &ResourceId) -> bool {
        if !matches!(resource.kind, Kind::Releases | Kind::Checksum) || !self.lists_key(id, key) {
            return false;
        }
        let package = self.repository.package_of(resource);
        let owners = package.and_then(|p| p.authorisation.good());
        owners.is_some_and(|loaded| {
            loaded.value.owners.iter().any(|owner| {
                owner == id
                    || matches!(self.id_file(owner), Some(IdFile::Team(team))
                        if team.members.contains(id))
            })
        })
    }

    fn counts(&self, id: &Id, key: Fingerprint, entry: &Entry) -> bool {
        let about = self.assessment.vouches.about(&entry.resource);
        about
            .iter()
            .any(|v| v.id == id && v.key == key && v.version == entry.version)
    }

    /// All supported versions of a resource.
    fn supported(&self, resource: &ResourceId) -> BTreeSet<ResourceVersion> {
        let (owners, epochs) = self.supporters(resource);
        let quorum = self.chain().quorum();
        let owners = owners.as_ref();
        supported(&self.assessment.vouches, quorum, resource, owners, epochs)
            .into_iter()
            .collect()
    }
}
