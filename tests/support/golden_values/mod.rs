//! The golden files: a small repository from fixed keys and fixed values, with one
//! file of each type of metadata. It is valid as a whole.

use std::collections::{BTreeMap, BTreeSet};

use crate::seed_key::SeedKey;
use conex_verify::format::digest::Digest;
use conex_verify::format::key::{Namespace, PublicKey};
use conex_verify::format::name::{Id, PackageName, Release, RepositoryName};
use conex_verify::format::path::{Place, segment_path};
use conex_verify::format::resource::{
    Account, Author, Authorisation, Checksum, Claims, Continues, Decode, Entry, FileDigest, Link,
    Releases, Repo, RepoField, Resource, ResourceVersion, Revision, Segment, SignedLink,
    SignedSegment, Snapshot, SnapshotRule, Team, Timestamp, TopFile,
};
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;

/// The package description that the golden checksum is about.
const OPAM: &str = "opam-version: \"2.0\"\nsynopsis: \"Says hello\"\n";
/// The file beside it.
const PATCH: &str = "--- a/hello\n+++ b/hello\n@@ -1 +1 @@\n-hello\n+hello, world\n";
/// The file that opam reads at the top.
const REPO: &str =
    "opam-version: \"2.0\"\nbrowse: \"https://packages.example/\"\nannounce: \"Hello\"\n";
/// The file that git reads at the top.
const GITATTRIBUTES: &str = "* -text\n";

/// The files by path, and the keys of those who signed.
pub struct Golden {
    /// All files of the repository.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Janitors and author.
    pub keys: Vec<PublicKey>,
}

/// The key whose 32 bytes of seed all are `byte`.
fn key(byte: u8) -> SeedKey {
    SeedKey::of(&[byte; 32])
}

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

/// A hardware key with the point of [`key`], as `ssh-keygen -t ed25519-sk` writes it.
fn hardware(byte: u8) -> PublicKey {
    let mut wire = Vec::new();
    for part in [
        b"sk-ssh-ed25519@openssh.com".as_slice(),
        key(byte).public().point(),
        b"ssh:",
    ] {
        wire.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
        wire.extend(part);
    }
    PublicKey::from_wire(&wire).unwrap()
}

impl Golden {
    /// Makes all files.
    pub fn make() -> Golden {
        let [a, b, c, author] = [1, 2, 3, 4].map(key);
        let mut golden = Golden {
            files: BTreeMap::new(),
            keys: [&a, &b, &c, &author].map(|k| k.public().clone()).into(),
        };
        for (path, text) in [
            ("repo", REPO),
            (".gitattributes", GITATTRIBUTES),
            ("packages/hello/hello.1.0/opam", OPAM),
            ("packages/hello/hello.1.0/files/hello.patch", PATCH),
        ] {
            golden.files.insert(path.to_owned(), text.into());
        }
        let identity = golden.chain(&[("janitor-a", &a), ("janitor-b", &b), ("janitor-c", &c)]);
        let approved = golden.approved(&author);
        let owned = golden.owned();
        let mine = [&approved[..1], &owned].concat();
        golden.segment(identity, "janitor-a", &a, &approved);
        golden.segment(identity, "janitor-b", &b, &approved);
        golden.segment(identity, "author-c", &author, &mine);
        golden.snapshot(identity, &a);
        golden
    }

    /// Link 0 of the first two janitors and link 1 of all three; the identity.
    fn chain(&mut self, janitors: &[(&str, &SeedKey); 3]) -> Digest {
        let link = |number, continues, quorum, members: &[(&str, &SeedKey)]| Link {
            repository: RepositoryName::new("golden").unwrap(),
            number,
            continues,
            quorum,
            snapshot: SnapshotRule::Optional,
            members: members
                .iter()
                .map(|(name, key)| (id(name), key.public().clone()))
                .collect(),
        };
        let identity = self.link(link(0, None, 2, &janitors[..2]), &janitors[..2]);
        let continues = Continues {
            identity,
            previous: identity,
        };
        self.link(link(1, Some(continues), 2, janitors), janitors);
        identity
    }

    fn link(&mut self, link: Link, signers: &[(&str, &SeedKey)]) -> Digest {
        let path = Place::Link(link.number).path();
        let mut signed = SignedLink::unsigned(link);
        let message = signed.signed_bytes();
        signed.signatures = signers
            .iter()
            .map(|(_, key)| {
                let signature = key.sign(Namespace::Janitors, &message);
                (key.public().fingerprint(), signature)
            })
            .collect();
        self.files.insert(path, signed.encode());
        Digest::of(&message)
    }

    /// What only a quorum supports: the author comes first.
    fn approved(&mut self, author: &SeedKey) -> Vec<Entry> {
        let revision = Revision::FIRST;
        vec![
            self.resource(&Author {
                id: id("author-c"),
                revision,
                keys: vec![author.public().clone(), hardware(5)],
                accounts: ["github:author-c", "email:author-c@packages.example"]
                    .iter()
                    .map(|text| Account::new(text).unwrap())
                    .collect(),
            }),
            self.resource(&Team {
                id: id("team-d"),
                revision,
                members: [id("author-c"), id("janitor-a")].into(),
            }),
            self.resource(&Team {
                id: id("notaries"),
                revision: Revision {
                    epoch: 1,
                    counter: 1,
                },
                members: [id("janitor-a")].into(),
            }),
            self.resource(&Repo {
                revision,
                values: [
                    ("announce", "\"Hello\""),
                    ("browse", "\"https://packages.example/\""),
                ]
                .map(|(field, value)| (RepoField::new(field).unwrap(), value.to_owned()))
                .into(),
                files: [(TopFile::Gitattributes, Digest::of(GITATTRIBUTES.as_bytes()))].into(),
            }),
            self.resource(&Claims {
                revision,
                packages: [PackageName::new("hello").unwrap()].into(),
            }),
            self.resource(&Authorisation {
                name: PackageName::new("hello").unwrap(),
                revision,
                owners: [id("team-d")].into(),
            }),
        ]
    }

    /// What an owner supports.
    fn owned(&mut self) -> Vec<Entry> {
        let file = |path: &str, text: &str| (path.into(), FileDigest::of(text.as_bytes()));
        vec![
            self.resource(&Releases {
                name: PackageName::new("hello").unwrap(),
                revision: Revision {
                    epoch: 0,
                    counter: 2,
                },
                // `hello.0.9`, whose last counter was 1, was removed.
                floor: 1,
                releases: BTreeSet::from([Release::new("hello.1.0").unwrap()]),
            }),
            self.resource(&Checksum {
                release: Release::new("hello.1.0").unwrap(),
                revision: Revision {
                    epoch: 0,
                    counter: 2,
                },
                files: [file("opam", OPAM), file("files/hello.patch", PATCH)].into(),
            }),
        ]
    }

    fn resource<R: Resource>(&mut self, resource: &R) -> Entry {
        let bytes = resource.encode();
        let version = ResourceVersion {
            revision: resource.revision(),
            digest: Digest::of(&bytes),
        };
        self.files.insert(resource.resource_id().path(), bytes);
        Entry {
            resource: resource.resource_id(),
            version,
        }
    }

    /// What all files before it are, signed by the notary.
    fn snapshot(&mut self, repository: Digest, key: &SeedKey) {
        let tree = Tree {
            files: self
                .files
                .iter()
                .map(|(path, bytes)| (path.clone(), bytes.as_slice().into()))
                .collect(),
            ..Tree::default()
        };
        let snapshot = Snapshot {
            repository,
            revision: Revision {
                epoch: 1,
                counter: 1,
            },
            created: Timestamp::new("2026-11-24T14:00:00Z").unwrap(),
            state: Repository::load(&tree).state,
        };
        let signature = key.sign(Namespace::Snapshot, &snapshot.signed_bytes());
        let bytes = snapshot.file(key.public().fingerprint(), signature);
        self.files.insert(Place::Snapshot.path(), bytes);
    }

    fn segment(&mut self, repository: Digest, name: &str, key: &SeedKey, entries: &[Entry]) {
        let segment = Segment {
            repository,
            id: id(name),
            created: Timestamp::new("2026-11-24T14:00:00Z").unwrap(),
            entries: entries.to_vec(),
        };
        let message = segment.signed_bytes();
        let bytes = SignedSegment {
            segment,
            key: key.public().fingerprint(),
            signature: key.sign(Namespace::Index, &message),
            signed_len: message.len(),
        }
        .encode();
        let path = segment_path(&id(name), &Digest::of(&bytes).short());
        self.files.insert(path, bytes);
    }
}
