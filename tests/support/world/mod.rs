//! A small world to attack: signed repositories built in memory, with no files,
//! in which every signature, counter and digest can be chosen.
//!
//! Keys come from their names, so that every run signs the same bytes. Nothing here
//! uses the planner of the tools: an attacker does not either.
#![allow(missing_docs)]

use std::collections::{BTreeMap, BTreeSet};

use crate::seed_key::SeedKey;
use conex_verify::format::digest::Digest;
use conex_verify::format::key::{Fingerprint, Namespace, PublicKey};
use conex_verify::format::name::{Id, PackageName, Release, RepositoryName};
use conex_verify::format::path::{Place, segment_path};
use conex_verify::format::resource::{
    Author, Authorisation, Checksum, Claims, Continues, Decode as _, Entry, FileDigest, Kind, Link,
    Releases, Repo, RepoField, Resource, ResourceId, ResourceVersion, Revision, Segment,
    SignedLink, SignedSegment, SnapshotRule, Team, Timestamp, TopFile,
};
use conex_verify::limits::MAX_ALIKE;
use conex_verify::tree::Tree;
use conex_verify::workbench::trust::anchors::{AnchorError, Anchors, Client};
use conex_verify::workbench::verdict::Known;
use conex_verify::workbench::verify::Mode;

pub mod cases;
mod judge;
mod notary;
pub mod recorded;
mod served;
mod verdict;

pub use judge::Judge;
#[allow(unused_imports)]
pub use notary::{MADE, SNAPSHOT, covered};
pub use verdict::Verdict;
#[allow(unused_imports)]
pub use verdict::resealed;

/// The seed of the key of this name: the name.
pub fn seed(name: &str) -> [u8; 32] {
    let mut seed = [0u8; 32];
    for (i, b) in name.bytes().enumerate() {
        seed[i % 32] ^= b.wrapping_add(u8::try_from(i / 32).unwrap());
    }
    seed
}

/// The private key of this name.
pub fn private(name: &str) -> SeedKey {
    SeedKey::of(&seed(name))
}

/// The public key of this name.
pub fn public(name: &str) -> PublicKey {
    private(name).public().clone()
}

/// The fingerprint of the key of this name.
pub fn fingerprint(name: &str) -> Fingerprint {
    public(name).fingerprint()
}

pub fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

/// Epoch and counter.
pub fn at(epoch: u64, counter: u64) -> Revision {
    Revision { epoch, counter }
}

/// The end of every counter: 2^62 - 1.
pub const END: u64 = (1 << 62) - 1;

/// The last epoch that there is.
pub const LAST_EPOCH: u64 = 1_000_000;

pub fn resource(kind: Kind, name: &str) -> ResourceId {
    ResourceId::new(kind, name).unwrap()
}

/// An entry that vouches.
pub fn vouch(kind: Kind, name: &str, revision: Revision, digest: Digest) -> Entry {
    Entry {
        resource: resource(kind, name),
        version: ResourceVersion { revision, digest },
    }
}

/// A segment with any id, signed with any key for any repository.
pub fn segment(repository: Digest, who: &str, key: &str, entries: Vec<Entry>) -> (String, Vec<u8>) {
    let segment = Segment {
        repository,
        id: id(who),
        created: Timestamp::new("2026-11-24T14:00:00Z").unwrap(),
        entries,
    };
    let bytes = segment.signed_bytes();
    let signature = private(key).sign(Namespace::Index, &bytes);
    sealed(segment, fingerprint(key), signature)
}

/// The file of a segment with this signature, whether it fits or not.
pub fn sealed(
    segment: Segment,
    key: Fingerprint,
    signature: conex_verify::format::key::Signature,
) -> (String, Vec<u8>) {
    let who = segment.id.clone();
    let bytes = SignedSegment {
        signed_len: segment.signed_bytes().len(),
        segment,
        key,
        signature,
    }
    .encode();
    (segment_path(&who, &Digest::of(&bytes).short()), bytes)
}

/// One link to be.
#[derive(Clone)]
pub struct LinkSpec {
    pub members: Vec<(String, String)>,
    pub quorum: usize,
    pub signers: Vec<String>,
    pub snapshot: SnapshotRule,
    pub repository: String,
    pub identity: Option<Digest>,
    pub previous: Option<Digest>,
}

/// A link in which each member has the key of their own name, signed by `signers`.
pub fn link(quorum: usize, members: &[&str], signers: &[&str]) -> LinkSpec {
    LinkSpec {
        members: members
            .iter()
            .map(|m| ((*m).to_owned(), (*m).to_owned()))
            .collect(),
        quorum,
        signers: signers.iter().map(|s| (*s).to_owned()).collect(),
        snapshot: SnapshotRule::Optional,
        repository: "example".to_owned(),
        identity: None,
        previous: None,
    }
}

impl LinkSpec {
    /// The same link, in which `who` has another key.
    pub fn with_key(mut self, who: &str, key: &str) -> LinkSpec {
        for (member, k) in &mut self.members {
            if member == who {
                *k = key.to_owned();
            }
        }
        self
    }

    pub fn requiring_snapshot(mut self) -> LinkSpec {
        self.snapshot = SnapshotRule::Required;
        self
    }
}

/// A repository, and the client that looks at it.
#[derive(Clone)]
pub struct World {
    pub tree: Tree,
    pub anchors: Vec<String>,
    pub pin: Option<Digest>,
    pub quorum: usize,
    pub mode: Mode,
    /// `snapshot=` in the anchors.
    pub least_snapshot: Option<Revision>,
    /// `claims=` in the anchors.
    pub least_claims: Option<Revision>,
    digests: Vec<Digest>,
}

/// All that a client can ask of unsigned packages.
pub const MODES: [Mode; 3] = [Mode::Strict, Mode::Covered, Mode::NoStrict];

/// What every release says of itself here.
pub const OPAM: &str = "opam-version: \"2.0\"\nsynopsis: \"A package\"\n";

impl World {
    /// A repository with a top-level `repo` and no chain.
    pub fn empty() -> World {
        let mut world = World {
            tree: Tree::default(),
            anchors: Vec::new(),
            pin: None,
            quorum: 0,
            mode: Mode::Strict,
            least_snapshot: None,
            least_claims: None,
            digests: Vec::new(),
        };
        world.file("repo", "opam-version: \"2.0\"\n");
        world
    }

    /// A repository that these janitors started, all of whom signed. The client
    /// trusts all of them, with the same quorum.
    pub fn with_janitors(quorum: usize, janitors: &[&str]) -> World {
        let mut world = World::empty();
        world.link(&link(quorum, janitors, janitors));
        world.anchors = janitors.iter().map(|j| (*j).to_owned()).collect();
        world.quorum = quorum;
        world
    }

    /// The usual world: janitors `ja`, `jb`, `jc` of whom two must agree; the
    /// author `bob` who owns `fmt` with the release `fmt.1.0`, all in order.
    pub fn usual() -> World {
        let mut world = World::with_janitors(2, &["ja", "jb", "jc"]);
        world.joined("bob");
        world.owned("fmt", &["bob"]);
        world.released("fmt.1.0", "bob");
        world
    }

    pub fn nostrict(self) -> World {
        self.in_mode(Mode::NoStrict)
    }

    /// The same repository, seen with `unsigned=covered` in the anchors.
    pub fn covered(self) -> World {
        self.in_mode(Mode::Covered)
    }

    pub fn in_mode(mut self, mode: Mode) -> World {
        self.mode = mode;
        self
    }

    // --- files -----------------------------------------------------------

    pub fn file(&mut self, path: &str, bytes: impl AsRef<[u8]>) -> &mut World {
        self.tree
            .files
            .insert(path.to_owned(), bytes.as_ref().into());
        self
    }

    pub fn remove(&mut self, path: &str) -> Vec<u8> {
        self.tree
            .files
            .remove(path)
            .unwrap_or_else(|| panic!("no {path}"))
            .to_vec()
    }

    pub fn bytes(&self, path: &str) -> Vec<u8> {
        self.tree
            .get(path)
            .unwrap_or_else(|| panic!("no {path}"))
            .to_vec()
    }

    pub fn paths(&self) -> Vec<String> {
        self.tree.files.keys().cloned().collect()
    }

    fn put<R: Resource>(&mut self, value: &R) -> Entry {
        let bytes = value.encode();
        let entry = Entry {
            resource: value.resource_id(),
            version: ResourceVersion {
                revision: value.revision(),
                digest: Digest::of(&bytes),
            },
        };
        self.file(&value.resource_id().path(), bytes);
        entry
    }

    /// The entry for what lies in the tree now.
    pub fn now(&self, kind: Kind, name: &str) -> Entry {
        let resource = resource(kind, name);
        let bytes = self.bytes(&resource.path());
        let revision = match kind {
            Kind::Author => Author::decode(&bytes).unwrap().revision,
            Kind::Team => Team::decode(&bytes).unwrap().revision,
            Kind::Repo => Repo::decode(&bytes).unwrap().revision,
            Kind::Claims => Claims::decode(&bytes).unwrap().revision,
            Kind::Authorisation => Authorisation::decode(&bytes).unwrap().revision,
            Kind::Releases => Releases::decode(&bytes).unwrap().revision,
            Kind::Checksum => Checksum::decode(&bytes).unwrap().revision,
        };
        Entry {
            resource,
            version: ResourceVersion {
                revision,
                digest: Digest::of(&bytes),
            },
        }
    }

    // --- resources, unsigned; each gives the entry that vouches for it ----

    pub fn author_file(&mut self, who: &str, revision: Revision, keys: &[&str]) -> Entry {
        let mut keys: Vec<PublicKey> = keys.iter().map(|k| public(k)).collect();
        keys.sort_by_key(PublicKey::to_string);
        self.put(&Author {
            id: id(who),
            revision,
            keys,
            accounts: BTreeSet::new(),
        })
    }

    pub fn team_file(&mut self, team: &str, revision: Revision, members: &[&str]) -> Entry {
        self.put(&Team {
            id: id(team),
            revision,
            members: members.iter().map(|m| id(m)).collect(),
        })
    }

    pub fn authorisation(&mut self, name: &str, revision: Revision, owners: &[&str]) -> Entry {
        self.put(&Authorisation {
            name: PackageName::new(name).unwrap(),
            revision,
            owners: owners.iter().map(|o| id(o)).collect(),
        })
    }

    /// The list of claims.
    pub fn claims_file(&mut self, revision: Revision, packages: &[&str]) -> Entry {
        let packages = packages.iter().map(|p| PackageName::new(p).unwrap());
        self.put(&Claims {
            revision,
            packages: packages.collect(),
        })
    }

    /// Lists the releases whose directories are there, above floor 0.
    pub fn release_list(&mut self, name: &str, revision: Revision) -> Entry {
        self.release_list_above(name, revision, 0)
    }

    /// Lists the releases whose directories are there, above this floor.
    pub fn release_list_above(&mut self, name: &str, revision: Revision, floor: u64) -> Entry {
        let prefix = format!("packages/{name}/");
        let releases = self
            .tree
            .below(&prefix)
            .filter_map(|(path, _)| path.strip_prefix(&prefix)?.split_once('/'))
            .map(|(dir, _)| Release::new(dir).unwrap())
            .collect();
        self.put(&Releases {
            name: PackageName::new(name).unwrap(),
            revision,
            floor,
            releases,
        })
    }

    /// Lists the files that are there.
    pub fn checksum(&mut self, release: &str, revision: Revision) -> Entry {
        let release = Release::new(release).unwrap();
        let dir = conex_verify::format::path::release_dir(&release);
        let files: BTreeMap<Box<str>, FileDigest> = self
            .tree
            .below(&dir)
            .filter_map(|(path, bytes)| Some((path.strip_prefix(&dir)?, bytes)))
            .filter(|(path, _)| *path == "opam" || path.starts_with("files/"))
            .map(|(path, bytes)| (path.into(), FileDigest::of(bytes)))
            .collect();
        self.put(&Checksum {
            release,
            revision,
            files,
        })
    }

    pub fn repo_file(
        &mut self,
        revision: Revision,
        values: &[(&str, &str)],
        files: &[TopFile],
    ) -> Entry {
        let files = files
            .iter()
            .map(|f| (*f, Digest::of(&self.bytes(f.as_str()))))
            .collect();
        self.put(&Repo {
            revision,
            values: values
                .iter()
                .map(|(f, v)| (RepoField::new(f).unwrap(), (*v).to_owned()))
                .collect(),
            files,
        })
    }

    // --- vouching --------------------------------------------------------

    /// `who` vouches, with the key of their own name. Gives the path of the segment.
    pub fn says(&mut self, who: &str, entries: Vec<Entry>) -> String {
        self.says_with(who, who, entries)
    }

    /// A segment of `who`, signed with any key.
    pub fn says_with(&mut self, who: &str, key: &str, entries: Vec<Entry>) -> String {
        let (path, bytes) = segment(self.identity(), who, key, entries);
        self.file(&path, bytes);
        path
    }

    /// `ja` and `jb` vouch: a quorum of the usual world.
    pub fn quorum_says(&mut self, entries: Vec<Entry>) {
        self.says("ja", entries.clone());
        self.says("jb", entries);
    }

    // --- whole steps, in order -------------------------------------------

    /// A new author, approved and proven, with the key of their own name.
    pub fn joined(&mut self, who: &str) {
        let entry = self.author_file(who, at(0, 1), &[who]);
        self.says(who, vec![entry.clone()]);
        self.quorum_says(vec![entry]);
    }

    /// A new team, approved.
    pub fn teamed(&mut self, team: &str, members: &[&str]) {
        let entry = self.team_file(team, at(0, 1), members);
        self.quorum_says(vec![entry]);
    }

    /// A package gets owners, approved.
    pub fn owned(&mut self, name: &str, owners: &[&str]) {
        let entry = self.authorisation(name, at(0, 1), owners);
        self.quorum_says(vec![entry]);
    }

    /// A first release with a description, signed by `who`.
    pub fn released(&mut self, release: &str, who: &str) {
        self.file(&opam_path(release), OPAM);
        let entries = self.listed(release, at(0, 1));
        self.says(who, entries);
    }

    /// The list of claims, approved.
    pub fn claimed(&mut self, revision: Revision, packages: &[&str]) {
        let entry = self.claims_file(revision, packages);
        self.quorum_says(vec![entry]);
    }

    /// A release goes, with all of its files; of the list nothing is said.
    pub fn gone(&mut self, release: &str) {
        let dir = opam_path(release);
        let dir = dir.strip_suffix("opam").unwrap();
        self.tree.files.retain(|path, _| !path.starts_with(dir));
    }

    /// Checksum and list of releases as the files are, unsigned.
    pub fn listed(&mut self, release: &str, revision: Revision) -> Vec<Entry> {
        let name = release.split('.').next().unwrap();
        vec![
            self.checksum(release, revision),
            self.release_list(name, revision),
        ]
    }

    // --- the chain -------------------------------------------------------

    /// The digest of link 0.
    pub fn identity(&self) -> Digest {
        self.digests[0]
    }

    /// The digest of the signed bytes of link `n`.
    pub fn link_digest(&self, n: usize) -> Digest {
        self.digests[n]
    }

    /// Adds a link at the end. Gives its path.
    pub fn link(&mut self, spec: &LinkSpec) -> String {
        let number = self.digests.len();
        self.link_at(number, spec)
    }

    /// Writes link `number` in place of what is there, and forgets the later ones.
    pub fn link_at(&mut self, number: usize, spec: &LinkSpec) -> String {
        self.digests.truncate(number);
        let continues = (number > 0).then(|| Continues {
            identity: spec.identity.unwrap_or_else(|| self.digests[0]),
            previous: spec.previous.unwrap_or_else(|| self.digests[number - 1]),
        });
        let mut signed = SignedLink::unsigned(Link {
            repository: RepositoryName::new(&spec.repository).unwrap(),
            number: u64::try_from(number).unwrap(),
            continues,
            quorum: spec.quorum,
            snapshot: spec.snapshot,
            members: spec
                .members
                .iter()
                .map(|(who, key)| (id(who), public(key)))
                .collect(),
        });
        let bytes = signed.signed_bytes();
        for key in &spec.signers {
            let signature = private(key).sign(Namespace::Janitors, &bytes);
            signed.signatures.push((fingerprint(key), signature));
        }
        self.digests.push(signed.digest());
        let path = Place::Link(u64::try_from(number).unwrap()).path();
        self.file(&path, signed.encode());
        path
    }

    // --- the client ------------------------------------------------------

    pub fn trusting(mut self, quorum: usize, anchors: &[&str]) -> World {
        self.quorum = quorum;
        self.anchors = anchors.iter().map(|a| (*a).to_owned()).collect();
        self
    }

    pub fn client(&self) -> Result<Client, AnchorError> {
        Client::new(
            Anchors {
                keys: self.anchors.iter().map(|a| fingerprint(a)).collect(),
                link: self.pin,
                covered: self.mode == Mode::Covered,
                snapshot: self.least_snapshot,
                claims: self.least_claims,
                ..Anchors::default()
            },
            self.quorum,
        )
    }

    /// What a client says who sees this repository for the first time.
    pub fn verdict(&self) -> Verdict {
        let client = self.client().unwrap();
        self.judge(&Known::default(), &client).says().0
    }

    /// The same, once, and with as few findings of a kind as a client shows.
    pub fn client_verdict(&self) -> Verdict {
        let client = self.client().unwrap();
        self.judge(&Known::default(), &client).once(MAX_ALIKE).0
    }

    /// A client that knows something.
    pub fn judge<'a>(&'a self, known: &'a Known<'a>, client: &'a Client) -> Judge<'a> {
        Judge {
            known,
            tree: &self.tree,
            client,
            mode: self.mode,
        }
    }
}

pub fn opam_path(release: &str) -> String {
    let name = release.split('.').next().unwrap();
    format!("packages/{name}/{release}/opam")
}

pub fn checksum_path(release: &str) -> String {
    let name = release.split('.').next().unwrap();
    format!("packages/{name}/{release}/checksum")
}
