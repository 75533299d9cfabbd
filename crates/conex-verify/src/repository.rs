//! A tree, taken apart: every file decoded and put in its place.
//!
//! Nothing is trusted here. What cannot be read becomes a finding and a
//! [`Slot::Broken`], which is never the same as a file that is not there.

mod bounds;
mod known;
mod names;
mod read;
mod slot;

pub use slot::{Loaded, Slot};

use std::collections::BTreeMap;

use rayon::prelude::*;

pub use self::bounds::Fullness;
use self::bounds::Lists;
use self::read::{Decoded, decode};
use crate::finding::{Code, Finding, Findings, bad_path};
use crate::format::name::{Id, PackageName, Release};
use crate::format::path::{PACKAGES, Place, release_dir};
use crate::format::resource::{
    Authorisation, Checksum, Claims, FileDigest, IdFile, Kind, Releases, Repo, Resource,
    ResourceId, ResourceVersion, SignedLink, SignedSegment, SignedSnapshot,
};
use crate::format::state::State;
use crate::limits::MAX_COMPARED;
use crate::opam_file::Problem;
use crate::settled::Settled;
use crate::sorted::Sorted;
use crate::tree::{Bytes, Defect, Tree};

/// Everything of one package.
#[derive(Debug, Clone, Default)]
pub struct Package {
    /// Who owns it.
    pub authorisation: Slot<Authorisation>,
    /// Which releases it has.
    pub releases: Slot<Releases>,
    /// The directories of releases that are there.
    pub directories: Sorted<Release, ReleaseDir>,
}

impl Package {
    /// Whether any Conex metadata is there.
    pub fn has_metadata(&self) -> bool {
        !matches!(self.authorisation, Slot::Missing)
            || !matches!(self.releases, Slot::Missing)
            || self
                .directories
                .values()
                .any(|d| !matches!(d.checksum, Slot::Missing))
    }
}

/// The directory of one release.
#[derive(Debug, Clone, Default)]
pub struct ReleaseDir {
    /// What its files should be.
    pub checksum: Slot<Checksum>,
    /// The files that opam reads, by their path below the directory: `opam`, `files/…`, and
    /// opam 1.2's `url` and `descr`.
    pub files: Sorted<Box<str>, PlainFile>,
    /// What is wrong with its opam file.
    pub problems: Vec<Problem>,
}

/// A file that holds no metadata.
#[derive(Debug, Clone)]
pub struct PlainFile {
    /// Its bytes.
    pub bytes: Bytes,
    /// Their size and digest.
    pub digest: FileDigest,
}

impl ReleaseDir {
    fn put(&mut self, below: &str, bytes: &Bytes, digest: FileDigest) {
        self.files.insert(
            below.into(),
            PlainFile {
                bytes: bytes.clone(),
                digest,
            },
        );
    }

    /// The package description.
    pub fn opam(&self) -> Option<&Bytes> {
        self.files.get("opam").map(|file| &file.bytes)
    }
}

/// A tree, taken apart.
#[derive(Debug, Clone, Default)]
pub struct Repository {
    /// The janitor chain by number, broken links included.
    pub links: BTreeMap<u64, Slot<SignedLink>>,
    /// Authors and teams.
    pub ids: BTreeMap<Id, Slot<IdFile>>,
    /// The readable segments with their paths, in the order of the paths.
    pub segments: Vec<(String, Loaded<SignedSegment>)>,
    /// What the top-level files may say.
    pub repo: Slot<Repo>,
    /// Which packages are claimed for ever.
    pub claims: Slot<Claims>,
    /// What a notary says the repository is.
    pub snapshot: Slot<SignedSnapshot>,
    /// What it is.
    pub state: State,
    /// The packages.
    pub packages: BTreeMap<PackageName, Package>,
    /// The directories that opam takes for releases and that do not lie in the directory of
    /// their package, by path with a slash at the end.
    pub misplaced: BTreeMap<String, (Release, ReleaseDir)>,
    /// The top-level files whose content is judged.
    pub top_level: BTreeMap<String, Bytes>,
    /// The packages that are not judged again, and so are not taken apart.
    pub settled: Settled,
    /// How many files there are.
    pub file_count: usize,
    /// What is wrong with files, before anything is said about trust.
    pub findings: Findings,
    /// How full each limit of a client is (V0.5).
    pub limits: Vec<Fullness>,
    /// Whether the tree is beyond a limit. Then the one finding says which, and nothing of
    /// the tree was taken apart.
    pub over: bool,
}

/// So many files, and so many bytes of files, are decoded at once before they are put in their
/// places: what is wrong with each is never held for all of them, and what is beyond a limit
/// is noticed soon after it is.
const AT_ONCE: (usize, usize) = (4096, 8 << 20);

/// The pieces of a list of files of which each is decoded at once.
fn pieces<'e>(
    mut rest: &'e [(&'e String, &'e Bytes)],
) -> impl Iterator<Item = &'e [(&'e String, &'e Bytes)]> {
    std::iter::from_fn(move || {
        let mut room = AT_ONCE.1;
        let fits = |(_, bytes): &&(&String, &Bytes)| {
            let there = room > 0;
            room = room.saturating_sub(bytes.len());
            there
        };
        let count = rest.iter().take(AT_ONCE.0).take_while(fits).count();
        let (piece, after) = rest.split_at_checked(count)?;
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

/// A file, or a finding if it has no place; nothing of a file at the top.
type Read = Result<(Place, Decoded, Vec<Finding>), Option<Box<Finding>>>;

impl Repository {
    /// Takes `tree` apart. Uses all threads that there are; the result does not
    /// depend on their number.
    pub fn load(tree: &Tree) -> Repository {
        Repository::load_after(tree, None)
    }

    /// Forgets what is vouched for about packages: for those who only ask who may sign.
    pub fn forget_packages(&mut self) {
        for (_, loaded) in &mut self.segments {
            let entries = &mut loaded.value.segment.entries;
            entries.retain(|e| e.resource.package().is_none());
        }
    }

    /// Takes `tree` apart, and takes over from `before` what is known of files that
    /// the two share. The result is that of [`Repository::load`].
    pub fn load_after(tree: &Tree, before: Option<&Repository>) -> Repository {
        Repository::read(tree, before, MAX_COMPARED)
    }

    /// [`Repository::load_after`], with at most so many findings of a kind, of all that are
    /// made of this repository: [`MAX_COMPARED`] for those who work on a repository, and
    /// [`MAX_ALIKE`](crate::limits::MAX_ALIKE) for a client.
    pub fn read(tree: &Tree, before: Option<&Repository>, alike: usize) -> Repository {
        Repository::read_rest(tree, Settled::default(), before, alike)
    }

    /// Takes apart what is left of a tree without its settled packages.
    pub fn read_rest(
        tree: &Tree,
        settled: Settled,
        before: Option<&Repository>,
        alike: usize,
    ) -> Repository {
        let totals = *settled.totals();
        let mut repository = Repository {
            file_count: tree.files.len() + totals.files,
            findings: Findings::at_most(alike),
            ..Repository::default()
        };
        let of_paths = bounds::of_paths(tree, &totals);
        if let Some(beyond) = bounds::beyond(&of_paths) {
            return repository.refused(beyond);
        }
        let mut collisions = repository.findings.as_many();
        let (lists, state) = rayon::join(
            || repository.take_apart(tree, Lists::of(&totals), before),
            || {
                names::collisions(tree, &mut collisions);
                settled.state_with(tree)
            },
        );
        let lists = match lists {
            Ok(lists) => lists,
            Err(beyond) => return repository.refused(*beyond),
        };
        repository.settled = settled;
        repository.limits = of_paths.into_iter().chain(lists.fullness()).collect();
        repository.state = state;
        let findings = &mut repository.findings;
        findings.extend(tree.defects.iter().map(Defect::finding));
        findings.extend(tree.empty_defects().iter().map(Defect::finding));
        findings.append(collisions);
        repository
    }

    /// Decodes each file of a tree, and puts it in its place.
    ///
    /// # Errors
    /// What is beyond a limit.
    fn take_apart(
        &mut self,
        tree: &Tree,
        mut lists: Lists,
        before: Option<&Repository>,
    ) -> Result<Lists, Box<Finding>> {
        let entries: Vec<(&String, &Bytes)> = tree.files.iter().collect();
        let read = |&(path, bytes): &(&String, &Bytes)| read_one(path, bytes, before);
        for some in pieces(&entries) {
            let decoded: Vec<Read> = some.par_iter().map(read).collect();
            for ((path, bytes), read) in some.iter().zip(decoded) {
                match read {
                    Ok((place, decoded, findings)) => {
                        lists.count(&decoded);
                        self.findings.extend(findings);
                        self.put(place, decoded, path, bytes);
                    }
                    Err(Some(finding)) => self.findings.push(*finding),
                    Err(None) => {
                        self.top_level.insert((*path).clone(), (*bytes).clone());
                    }
                }
            }
            if let Some(beyond) = lists.beyond() {
                return Err(Box::new(beyond));
            }
        }
        Ok(lists)
    }

    /// Nothing but the finding: of a tree beyond a limit nobody takes more apart.
    fn refused(self, beyond: Finding) -> Repository {
        let mut findings = self.findings.as_many();
        findings.push(beyond);
        Repository {
            file_count: self.file_count,
            findings,
            over: true,
            ..Repository::default()
        }
    }

    fn put(&mut self, place: Place, decoded: Decoded, path: &str, bytes: &Bytes) {
        match (place, decoded) {
            (Place::Link(n), Decoded::Link(slot)) => {
                self.links.insert(n, slot);
            }
            (Place::IdFile(id), Decoded::IdFile(slot)) => {
                self.ids.insert(id, slot);
            }
            (Place::Segment(..), Decoded::Segment(segment)) => {
                if let Some(segment) = segment {
                    self.segments.push((path.to_owned(), *segment));
                }
            }
            (Place::Repo, Decoded::Repo(slot)) => self.repo = slot,
            (Place::Claims, Decoded::Claims(slot)) => self.claims = slot,
            (Place::Snapshot, Decoded::Snapshot(slot)) => self.snapshot = *slot,
            (Place::Authorisation(name), Decoded::Authorisation(slot)) => {
                self.packages.entry(name).or_default().authorisation = slot;
            }
            (Place::Releases(name), Decoded::Releases(slot)) => {
                self.packages.entry(name).or_default().releases = slot;
            }
            (Place::Checksum(release), Decoded::Checksum(slot)) => {
                self.in_release(release, |dir| dir.checksum = slot);
            }
            (Place::Opam(release), Decoded::Opam(digest, problems)) => {
                self.in_release(release, |dir| {
                    dir.problems = problems;
                    dir.put("opam", bytes, digest);
                });
            }
            (Place::File(release, below), Decoded::File(digest)) => {
                self.in_release(release, |dir| dir.put(&below, bytes, digest));
            }
            (Place::Old(release, file), Decoded::File(digest)) => {
                self.in_release(release, |dir| dir.put(file.as_str(), bytes, digest));
            }
            (Place::Misplaced(file), decoded) => {
                let (_, dir) = self
                    .misplaced
                    .entry(file.dir)
                    .or_insert_with(|| (file.release, ReleaseDir::default()));
                match decoded {
                    Decoded::Opam(digest, problems) => {
                        dir.problems = problems;
                        dir.put("opam", bytes, digest);
                    }
                    Decoded::File(digest) => dir.put(&file.below, bytes, digest),
                    _ => {}
                }
            }
            // What opam does not read is a part of the state, and of nothing else.
            (Place::Stray(_), Decoded::File(_)) => {}
            // `decode` gives each place its own variant.
            (place, _) => self.findings.push(Finding::error(
                Code::UnexpectedFile,
                path,
                format!("`{path}`: nothing reads a file at {place:?}"),
            )),
        }
    }

    /// The version of a resource that lies in the tree; `None` where nothing can be read as it.
    pub fn version_of(&self, resource: &ResourceId) -> Option<ResourceVersion> {
        fn of<T: Resource>(slot: &Slot<T>) -> Option<ResourceVersion> {
            slot.good().map(Loaded::version)
        }
        let name = &*resource.name;
        match resource.kind {
            Kind::Author | Kind::Team => {
                let loaded = self.ids.get(&Id::new(name).ok()?)?.good()?;
                (loaded.value.resource_id() == *resource).then(|| loaded.id_version())
            }
            Kind::Repo => of(&self.repo),
            Kind::Claims => of(&self.claims),
            Kind::Authorisation => of(&self.package_of(resource)?.authorisation),
            Kind::Releases => of(&self.package_of(resource)?.releases),
            Kind::Checksum => {
                let release = Release::new(name).ok()?;
                of(&self
                    .packages
                    .get(&release.name())?
                    .directories
                    .get(&release)?
                    .checksum)
            }
        }
    }

    /// The package to which a resource belongs.
    pub fn package_of(&self, resource: &ResourceId) -> Option<&Package> {
        self.packages.get(&resource.package()?)
    }

    /// Every release that opam finds in the tree: each directory with a file `opam`, by its
    /// last component. With it, the path of the directory with a slash at its end.
    pub fn declared(&self) -> impl Iterator<Item = (String, &Release, &ReleaseDir)> {
        let own = self.packages.values().flat_map(|p| &p.directories);
        let own = own.map(|(release, dir)| (release_dir(release), release, dir));
        let other = self.misplaced.iter();
        let other = other.map(|(path, (release, dir))| (path.clone(), release, dir));
        own.chain(other).filter(|(_, _, dir)| dir.opam().is_some())
    }

    fn in_release(&mut self, release: Release, change: impl FnOnce(&mut ReleaseDir)) {
        let package = self.packages.entry(release.name()).or_default();
        package.directories.update(release, change);
    }
}

/// One file, by what is known of it or by what it says.
fn read_one(path: &str, bytes: &Bytes, before: Option<&Repository>) -> Read {
    if !path.starts_with(PACKAGES) {
        return Err(None);
    }
    let place = Place::of(path).map_err(|error| Some(Box::new(bad_path(path, &error))))?;
    let mut findings = Vec::new();
    let decoded = match before.and_then(|b| b.known(&place, bytes)) {
        Some(decoded) => decoded,
        None => decode(&place, path, bytes, &mut findings),
    };
    Ok((place, decoded, findings))
}
