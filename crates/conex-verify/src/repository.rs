//! A tree, taken apart: every file decoded and put in its place.
//!
//! Nothing is trusted here. What cannot be read becomes a finding and a
//! [`Slot::Broken`], which is never the same as a file that is not there.

use std::collections::{BTreeMap, HashSet};

use rayon::prelude::*;

use crate::finding::{Code, Finding};
use crate::format::digest::Digest;
use crate::format::name::{Id, PackageName, Release, fold};
use crate::format::path::{PACKAGES, PathError, Place, release_dir, segment_path};
use crate::format::resource::{
    Authorisation, Checksum, Claims, Decode, FileDigest, IdFile, Kind, Releases, Repo, Resource,
    ResourceId, ResourceVersion, SignedLink, SignedSegment, SignedSnapshot,
};
use crate::format::state::{State, StateBuilder};
use crate::limits::{MAX_LINKS, MAX_SEGMENTS};
use crate::opam_file::{self, Problem};
use crate::tree::{Bytes, Defect, Tree};

/// A file that was decoded, with the version that its bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded<T> {
    /// What the file says.
    pub value: T,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The bytes: signatures and digests are over them as they lie on disk.
    pub bytes: Bytes,
}

impl Loaded<SignedLink> {
    /// The bytes that the signatures are over.
    pub fn signed(&self) -> &[u8] {
        self.bytes.get(..self.value.signed_len).unwrap_or_default()
    }
}

impl Loaded<SignedSegment> {
    /// The bytes that the signature is over.
    pub fn signed(&self) -> &[u8] {
        self.bytes.get(..self.value.signed_len).unwrap_or_default()
    }
}

impl Loaded<SignedSnapshot> {
    /// The bytes that the signature is over.
    pub fn signed(&self) -> &[u8] {
        self.bytes.get(..self.value.signed_len).unwrap_or_default()
    }

    /// Which version the snapshot is.
    pub fn snapshot_version(&self) -> ResourceVersion {
        self.value.version(self.digest)
    }
}

impl<T: Resource> Loaded<T> {
    /// Which version of its resource the file is.
    pub fn version(&self) -> ResourceVersion {
        ResourceVersion {
            revision: self.value.revision(),
            digest: self.digest,
        }
    }
}

impl Loaded<IdFile> {
    /// Which version of its resource the file is.
    pub fn id_version(&self) -> ResourceVersion {
        ResourceVersion {
            revision: self.value.revision(),
            digest: self.digest,
        }
    }
}

/// A place where a file belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Slot<T> {
    /// There is no file.
    #[default]
    Missing,
    /// There is a file that cannot be read as what belongs there; a finding says why.
    Broken,
    /// There is a readable file.
    Good(Loaded<T>),
}

impl<T> Slot<T> {
    /// The file, if it can be read.
    pub fn good(&self) -> Option<&Loaded<T>> {
        match self {
            Slot::Good(loaded) => Some(loaded),
            _ => None,
        }
    }
}

/// Everything of one package.
#[derive(Debug, Clone, Default)]
pub struct Package {
    /// Who owns it.
    pub authorisation: Slot<Authorisation>,
    /// Which releases it has.
    pub releases: Slot<Releases>,
    /// The directories of releases that are there.
    pub directories: BTreeMap<Release, ReleaseDir>,
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
    pub files: BTreeMap<Box<str>, PlainFile>,
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
    /// How many files there are.
    pub file_count: usize,
    /// What is wrong with files, before anything is said about trust.
    pub findings: Vec<Finding>,
}

/// What one file turned out to be.
enum Decoded {
    Link(Slot<SignedLink>),
    IdFile(Slot<IdFile>),
    Segment(Option<Box<Loaded<SignedSegment>>>),
    Repo(Slot<Repo>),
    Claims(Slot<Claims>),
    Authorisation(Slot<Authorisation>),
    Releases(Slot<Releases>),
    Checksum(Slot<Checksum>),
    Opam(FileDigest, Vec<Problem>),
    File(FileDigest),
    Snapshot(Box<Slot<SignedSnapshot>>),
}

impl Decoded {
    /// The digest of the file, if it was computed.
    fn digest(&self) -> Option<Digest> {
        fn of<T>(slot: &Slot<T>) -> Option<Digest> {
            slot.good().map(|loaded| loaded.digest)
        }
        match self {
            Decoded::Link(slot) => of(slot),
            Decoded::IdFile(slot) => of(slot),
            Decoded::Segment(segment) => segment.as_ref().map(|loaded| loaded.digest),
            Decoded::Repo(slot) => of(slot),
            Decoded::Claims(slot) => of(slot),
            Decoded::Authorisation(slot) => of(slot),
            Decoded::Releases(slot) => of(slot),
            Decoded::Checksum(slot) => of(slot),
            Decoded::Opam(file, _) | Decoded::File(file) => Some(file.digest),
            Decoded::Snapshot(slot) => of(slot),
        }
    }
}

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
        let mut repository = Repository {
            file_count: tree.files.len(),
            ..Repository::default()
        };
        let entries: Vec<(&String, &Bytes)> = tree.files.iter().collect();
        type Read = Result<(Place, Decoded, Digest, Vec<Finding>), Option<Box<Finding>>>;
        let read = |&(path, bytes): &(&String, &Bytes)| -> Read {
            if !path.starts_with(PACKAGES) {
                return Err(None);
            }
            let place = Place::of(path).map_err(|error| {
                Some(Box::new(
                    Finding::error(Code::BadPath, path, format!("`{path}`: {error}"))
                        .hint(PathError::HINT),
                ))
            })?;
            let mut findings = Vec::new();
            let decoded = match before.and_then(|b| b.known(&place, bytes)) {
                Some(decoded) => decoded,
                None => decode(&place, path, bytes, &mut findings),
            };
            let digest = decoded.digest().unwrap_or_else(|| Digest::of(bytes));
            Ok((place, decoded, digest, findings))
        };
        let decoded: Vec<Read> = entries.par_iter().map(read).collect();
        let mut state = StateBuilder::default();
        for ((path, bytes), read) in entries.into_iter().zip(decoded) {
            match read {
                Ok((place, decoded, digest, findings)) => {
                    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                    state.add(path, size, &digest);
                    repository.findings.extend(findings);
                    repository.put(place, decoded, path, bytes);
                }
                Err(Some(finding)) => repository.findings.push(*finding),
                Err(None) => {
                    repository.top_level.insert(path.clone(), bytes.clone());
                }
            }
        }
        repository.state = state.finish(tree.get("repo").map(AsRef::as_ref));
        repository
            .findings
            .extend(tree.defects.iter().map(Defect::finding));
        repository
            .findings
            .extend(tree.empty_defects().iter().map(Defect::finding));
        repository.collisions(tree);
        repository.count_limits();
        repository
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
                self.release_dir(release).checksum = slot;
            }
            (Place::Opam(release), Decoded::Opam(digest, problems)) => {
                let dir = self.release_dir(release);
                dir.problems = problems;
                dir.put("opam", bytes, digest);
            }
            (Place::File(release, below), Decoded::File(digest)) => {
                self.release_dir(release).put(&below, bytes, digest);
            }
            (Place::Old(release, file), Decoded::File(digest)) => {
                self.release_dir(release).put(file.as_str(), bytes, digest);
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

    /// What is known of the file at `place`, if it has these very bytes and can be read.
    fn known(&self, place: &Place, bytes: &Bytes) -> Option<Decoded> {
        fn same<T: Clone>(slot: &Slot<T>, bytes: &Bytes) -> Option<Slot<T>> {
            slot.good()
                .filter(|loaded| Bytes::ptr_eq(&loaded.bytes, bytes))
                .map(|loaded| Slot::Good(loaded.clone()))
        }
        let dir = |release: &Release| self.packages.get(&release.name())?.directories.get(release);
        let file = |release: &Release, below: &str| {
            let file = dir(release)?.files.get(below)?;
            Bytes::ptr_eq(&file.bytes, bytes).then_some(file.digest)
        };
        Some(match place {
            Place::Link(n) => Decoded::Link(same(self.links.get(n)?, bytes)?),
            Place::IdFile(id) => Decoded::IdFile(same(self.ids.get(id)?, bytes)?),
            Place::Segment(..) => {
                let path = place.path();
                let at = self
                    .segments
                    .binary_search_by(|(known, _)| known.as_str().cmp(&path))
                    .ok()?;
                let (_, loaded) = self.segments.get(at)?;
                Bytes::ptr_eq(&loaded.bytes, bytes)
                    .then(|| Decoded::Segment(Some(Box::new(loaded.clone()))))?
            }
            Place::Repo => Decoded::Repo(same(&self.repo, bytes)?),
            Place::Claims => Decoded::Claims(same(&self.claims, bytes)?),
            Place::Old(release, name) => Decoded::File(file(release, name.as_str())?),
            Place::Misplaced(place) => {
                let (_, dir) = self.misplaced.get(&place.dir)?;
                let file = dir.files.get(place.below.as_str())?;
                let same = Bytes::ptr_eq(&file.bytes, bytes).then_some(file.digest)?;
                match &*place.below {
                    "opam" => Decoded::Opam(same, dir.problems.clone()),
                    _ => Decoded::File(same),
                }
            }
            Place::Stray(_) => return None,
            Place::Authorisation(name) => {
                Decoded::Authorisation(same(&self.packages.get(name)?.authorisation, bytes)?)
            }
            Place::Releases(name) => {
                Decoded::Releases(same(&self.packages.get(name)?.releases, bytes)?)
            }
            Place::Checksum(release) => Decoded::Checksum(same(&dir(release)?.checksum, bytes)?),
            Place::Opam(release) => {
                Decoded::Opam(file(release, "opam")?, dir(release)?.problems.clone())
            }
            Place::File(release, below) => Decoded::File(file(release, below)?),
            Place::Snapshot => Decoded::Snapshot(Box::new(same(&self.snapshot, bytes)?)),
        })
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

    fn release_dir(&mut self, release: Release) -> &mut ReleaseDir {
        self.packages
            .entry(release.name())
            .or_default()
            .directories
            .entry(release)
            .or_default()
    }

    /// V0.2: Names that differ only in case are one name on some file systems, and in
    /// the eyes of many people.
    fn collisions(&mut self, tree: &Tree) {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        // `Tree::has` walks through all of these, which is too often for each name.
        let others: HashSet<&str> = tree
            .others
            .iter()
            .map(|o| o.trim_end_matches('/'))
            .collect();
        let there = |path: &str| {
            tree.files.contains_key(path)
                || others.contains(path)
                || tree.below(&format!("{path}/")).next().is_some()
        };
        let mut previous = "";
        for path in tree
            .files
            .keys()
            .map(String::as_str)
            .chain(tree.others.iter().map(String::as_str))
        {
            let shared = shared_directories(previous, path);
            previous = path;
            for end in ends_of_components(path).filter(|&end| end > shared) {
                let prefix = path.get(..end).unwrap_or_default();
                let (parent, name) = prefix.rsplit_once('/').unwrap_or(("", prefix));
                // A name without capital letters collides only with one that has some.
                if !name.bytes().any(|b| b.is_ascii_uppercase()) {
                    continue;
                }
                let slash = if parent.is_empty() { "" } else { "/" };
                let folded = format!("{parent}{slash}{}", fold(name));
                let other = if there(&folded) {
                    Some(folded.clone())
                } else {
                    seen.insert(folded, prefix)
                        .filter(|o| *o != prefix)
                        .map(str::to_owned)
                };
                if let Some(other) = other {
                    self.findings.push(
                        Finding::error(
                            Code::CaseCollision,
                            prefix,
                            format!("`{prefix}` and `{other}` differ only in case"),
                        )
                        .hint("one of the two must go: they are one file on some systems"),
                    );
                }
            }
        }
    }

    /// V0.5, V1.1.
    fn count_limits(&mut self) {
        if self.segments.len() > MAX_SEGMENTS {
            self.findings.push(
                Finding::error(
                    Code::UnexpectedFile,
                    "packages/.conex/index",
                    format!(
                        "there are {} segments, the most is {MAX_SEGMENTS}",
                        self.segments.len()
                    ),
                )
                .hint("fold them with `conex compact`"),
            );
            // The tree is rejected; nobody's time is spent on their signatures.
            self.segments.clear();
        }
        if u64::try_from(self.links.len()).unwrap_or(u64::MAX) > MAX_LINKS {
            self.findings.push(Finding::error(
                Code::NoChain,
                "packages/.conex/janitors",
                format!("the chain has more than {MAX_LINKS} links"),
            ));
        }
    }
}

/// Where each component of `path` ends, in bytes.
fn ends_of_components(path: &str) -> impl Iterator<Item = usize> {
    path.match_indices('/')
        .map(|(at, _)| at)
        .chain(std::iter::once(path.len()))
}

/// How many bytes of `path` are directories that `previous` has too.
fn shared_directories(previous: &str, path: &str) -> usize {
    let common = previous
        .bytes()
        .zip(path.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    path.get(..common).and_then(|p| p.rfind('/')).unwrap_or(0)
}

/// V0.3, V0.8.
fn slot<T>(
    path: &str,
    bytes: &Bytes,
    findings: &mut Vec<Finding>,
    read: Result<T, crate::format::resource::MetaError>,
    agrees: impl FnOnce(&T) -> bool,
) -> Slot<T> {
    match read {
        Ok(value) if agrees(&value) => Slot::Good(Loaded {
            value,
            digest: Digest::of(bytes),
            bytes: bytes.clone(),
        }),
        Ok(_) => {
            findings.push(
                Finding::error(
                    Code::WrongIdentity,
                    path,
                    format!("`{path}` holds the metadata of something else"),
                )
                .at(bytes, 0..0, "")
                .hint(
                    "a file of one place cannot stand in another; restore it, or have `conex sign` write it",
                ),
            );
            Slot::Broken
        }
        Err(error) => {
            findings.push(error.finding(path, bytes));
            Slot::Broken
        }
    }
}

/// V0.3, V2.1.
fn decode(place: &Place, path: &str, bytes: &Bytes, findings: &mut Vec<Finding>) -> Decoded {
    match place {
        Place::Link(n) => Decoded::Link(slot(
            path,
            bytes,
            findings,
            SignedLink::decode(bytes),
            |link| link.link.number == *n,
        )),
        Place::IdFile(id) => {
            Decoded::IdFile(slot(path, bytes, findings, IdFile::decode(bytes), |file| {
                file.id() == id
            }))
        }
        Place::Segment(id, _) => {
            let slot = slot(path, bytes, findings, SignedSegment::decode(bytes), |s| {
                s.segment.id == *id
            });
            let Slot::Good(loaded) = slot else {
                return Decoded::Segment(None);
            };
            let expected = segment_path(id, &loaded.digest.short());
            if expected == path {
                Decoded::Segment(Some(Box::new(loaded)))
            } else {
                findings.push(
                    Finding::error(
                        Code::Digest,
                        path,
                        format!("`{path}`: a segment lies in a directory named by its digest"),
                    )
                    .value("expected", &expected)
                    .value("found", path)
                    .hint("the file was changed or moved; restore it from the repository"),
                );
                Decoded::Segment(None)
            }
        }
        Place::Repo => Decoded::Repo(slot(path, bytes, findings, Repo::decode(bytes), |_| true)),
        Place::Claims => {
            Decoded::Claims(slot(path, bytes, findings, Claims::decode(bytes), |_| true))
        }
        Place::Authorisation(name) => Decoded::Authorisation(slot(
            path,
            bytes,
            findings,
            Authorisation::decode(bytes),
            |a| a.name == *name,
        )),
        Place::Releases(name) => {
            Decoded::Releases(slot(path, bytes, findings, Releases::decode(bytes), |r| {
                r.name == *name
            }))
        }
        Place::Checksum(release) => {
            Decoded::Checksum(slot(path, bytes, findings, Checksum::decode(bytes), |c| {
                c.release == *release
            }))
        }
        Place::Opam(release) => {
            Decoded::Opam(FileDigest::of(bytes), opam_file::check(release, bytes))
        }
        Place::Misplaced(file) if file.below == "opam" => Decoded::Opam(
            FileDigest::of(bytes),
            opam_file::check(&file.release, bytes),
        ),
        Place::File(..) | Place::Old(..) | Place::Misplaced(_) | Place::Stray(_) => {
            Decoded::File(FileDigest::of(bytes))
        }
        Place::Snapshot => Decoded::Snapshot(Box::new(slot(
            path,
            bytes,
            findings,
            SignedSnapshot::decode(bytes),
            |_| true,
        ))),
    }
}

/// The resource in this slot, with the version that its bytes are.
pub fn version_in<T: Resource>(slot: &Slot<T>) -> Option<(ResourceId, ResourceVersion)> {
    slot.good()
        .map(|loaded| (loaded.value.resource_id(), loaded.version()))
}
