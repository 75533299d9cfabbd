//! Every limit, with the attack that it stops or the arithmetic behind its number.
//!
//! A limit is about ten times what the largest known repository needs (opam-repository in
//! 2026: 4,484 packages, 17,975 releases, 25 MB; completely signed 770 owners and 27,700
//! resources) and far below what would hurt. The test `limits` holds the inequalities
//! between them: what one limit lets in, no other makes unreachable.

/// Longest id, in bytes: fits a path component and a line of a report.
pub const MAX_ID_LEN: usize = 64;

/// Longest package name, in bytes. Longest seen: 56. Names stand twice in a
/// path that must stay within [`MAX_PATH_LEN`].
pub const MAX_PACKAGE_NAME_LEN: usize = 100;

/// Longest version, in bytes.
pub const MAX_VERSION_LEN: usize = 100;

/// Longest repository name, in bytes.
pub const MAX_REPOSITORY_NAME_LEN: usize = 64;

/// Longest name of a field of the file `repo`, in bytes. It stands in messages.
pub const MAX_FIELD_LEN: usize = 64;

/// Longest path below the top of a repository, in bytes: what a ustar header can
/// hold (opam 2.6 accepts a longer one, then fails to write it and is stuck).
pub const MAX_PATH_LEN: usize = 255;

/// Longest component of a path, in bytes: the name field of a ustar header.
pub const MAX_COMPONENT_LEN: usize = 100;

/// Largest bundle, in bytes: some twenty times the largest that a fully signed opam-repository
/// needs, where one author signs everything. It bounds what one file of an update makes a client read.
pub const MAX_BUNDLE: usize = 16 << 20;

/// Largest single file, in bytes. The largest patch ever shipped in an opam
/// package is below 4 MB; without a bound a sparse file of 1 TB is "small" on disk.
pub const MAX_FILE_SIZE: u64 = 64 << 20;

/// Largest top-level file `repo`, in bytes. opam-repository's has 2 kB; it is parsed
/// and printed several times.
pub const MAX_REPO_FILE: usize = 1 << 20;

/// Most bytes in a tree, all files together: ten times opam-repository, five times a
/// completely signed one. It bounds the memory that a server can make a client take.
pub const MAX_TREE_SIZE: u64 = 256 << 20;

/// Most files and directories in a tree: seven times a completely signed
/// opam-repository, and room for [`MAX_RELEASES`] of [`MAX_PACKAGES`]. Each takes some
/// 250 bytes of memory besides its content, so that an archive of nothing but names is
/// refused at 130 MB.
pub const MAX_TREE_FILES: usize = 500_000;

/// Most packages: names below `packages/`, and names of releases that lie elsewhere. Ten
/// times opam-repository. A package of one file of 20 bytes takes some hundred times as
/// much memory once it is taken apart.
pub const MAX_PACKAGES: usize = 50_000;

/// Most releases, wherever they lie: ten times opam-repository. For the same reason as
/// [`MAX_PACKAGES`].
pub const MAX_RELEASES: usize = 200_000;

/// How many times larger than what was read of it a compressed archive may become,
/// above [`MAX_FREE_EXPANSION`]. opam-repository grows tenfold; gzip can do a
/// thousandfold, so that a gigabyte would cost an attacker one megabyte.
pub const MAX_EXPANSION: u64 = 100;

/// How far an archive may grow before [`MAX_EXPANSION`] counts, in bytes: a small
/// repository of similar files compresses well, and this much memory hurts nobody.
pub const MAX_FREE_EXPANSION: u64 = 32 << 20;

/// Most zero bytes after the end of an archive: `tar` fills up to a multiple of its
/// record size, 10 KiB by default.
pub const MAX_ARCHIVE_PADDING: u64 = 1 << 20;

/// Deepest directory below the top: `packages/n/n.v/files/` and a few more.
pub const MAX_TREE_DEPTH: usize = 16;

/// Largest patch, in bytes: half of the largest tree, and five times all of
/// opam-repository. The largest of twelve real weeks has 250 kB.
pub const MAX_PATCH_SIZE: u64 = 128 << 20;

/// Most links in a janitor chain. A change a week for twenty years is 1,040. Each
/// link costs a signature check for each anchor of the client.
pub const MAX_LINKS: u64 = 2_000;

/// Most members in one link, and so most signatures on it.
pub const MAX_JANITORS: usize = 200;

/// Most trust anchors of a client: as many as a link can have members.
pub const MAX_ANCHORS: usize = MAX_JANITORS;

/// Most keys that one author can list.
pub const MAX_KEYS: usize = 64;

/// Most keys, accounts and members in all files of authors and teams together, each file
/// counting as one at least; and most members of all links together. 130 for each owner of
/// opam-repository. Nobody has to approve such a file, and each key is compared with those
/// of everybody. The point of a key is decoded when a segment or a link names it.
pub const MAX_LISTED_KEYS: usize = 100_000;

/// Most entries in the lists of all other metadata together: what segments vouch for, and
/// the files, releases, owners and claims that are listed. Seven times a completely signed
/// opam-repository in which everything was signed three times. An entry of a segment under a
/// key that nobody knows takes 300 bytes of memory.
pub const MAX_ENTRIES: usize = 1_000_000;

/// Largest file of an author or a team, in bytes: [`MAX_KEYS`] of the longest keys take
/// 14 kB, and what is left is for accounts or some 900 members. Nobody has to approve
/// such a file before it is read and printed again.
pub const MAX_ID_FILE: usize = 64 << 10;

/// Longest application of a hardware key, in bytes. OpenSSH's own is `ssh:`, with a few
/// characters added by people who use several. It stands in every file that lists the key.
pub const MAX_APPLICATION_LEN: usize = 64;

/// Longest armoured signature that is read, in bytes. The largest possible one, by a
/// hardware key with the longest application, has below 600. Whoever imports one has it
/// from somebody else.
pub const MAX_ARMOUR_LEN: usize = 4096;

/// Most segments in a tree. Each costs a signature check of some 25 microseconds, and is as
/// small as a file can be: this bounds what somebody who is approved, or stole the key of somebody
/// who is, can take to less than half a second.
/// An opam-repository that 770 authors signed has some 800, and after ten years 3,400
/// (`benches/years`), for who signs folds the own ones.
pub const MAX_SEGMENTS: usize = 12_000;

/// Most segments whose signature does not verify under a key that counts before a client looks at no
/// more of them: one is enough to refuse the tree, and some are told. Anybody can make them.
pub const MAX_WRONG_SEGMENTS: usize = 64;

/// Largest segment, in bytes: 36,000 entries, and opam-repository has 27,700 resources in
/// all. One file of 64 MB would otherwise be half of all entries.
pub const MAX_SEGMENT: usize = 4 << 20;

/// Most entries that the tools write into one segment: as many of the longest fit into
/// [`MAX_SEGMENT`].
pub const MAX_SEGMENT_ENTRIES: usize = 18_800;

/// Most new segments of one id in one change, for `check`: a hundred changes of hundreds of
/// files each would use up [`MAX_SEGMENTS`] for everybody.
pub const MAX_NEW_SEGMENTS: usize = 16;

/// Most problems of opam files, sources without a strong checksum among them: two for each
/// of [`MAX_RELEASES`], and some more. A problem takes a few bytes of a file and 200 of memory.
pub const MAX_PROBLEMS: usize = 500_000;

/// Most findings of one code and severity about a whole tree; the rest is counted
/// ([`crate::finding::Findings`]). Each quotes a place in a file, so hostile files of 64 MB
/// could cost the square of their size, and nobody reads more.
pub const MAX_ALIKE: usize = 50;

/// The same where two trees are compared, so that what only one of them has is found among
/// what both have: opam-repository has some thousand sources without a strong checksum.
pub const MAX_COMPARED: usize = 20_000;

/// Largest memory of a client, in bytes: what the largest tree makes it remember, twice over.
/// A larger one could not be read again, and would refuse every later update.
pub const MAX_MEMORY: u64 = 128 << 20;

/// Furthest that a snapshot can be ahead of the client's clock, in seconds, for one who asks
/// for its age: a clock that was set in the wrong time zone. A notary's stolen key could
/// otherwise make one that is never too old.
pub const MAX_AHEAD: i64 = 24 * 3600;

/// Largest integer in metadata, 2^62 - 1: OCaml's `max_int` on 64 bits, so that
/// a verifier in OCaml reads the same numbers.
pub const MAX_INTEGER: u64 = (1 << 62) - 1;

/// Largest epoch. A new one is the way back from a stolen key that pushed a counter to
/// its end: one a day for 2,700 years. Beyond it a number is no epoch, so that nobody
/// can leave an epoch behind after which there is none.
pub const MAX_EPOCH: u64 = 1_000_000;

/// Most levels of nesting in opam-file syntax: sections, lists, groups, options
/// and prefix operators together. Deepest seen: 13. The reader and all that walks
/// its tree descend that far on the stack; opam-file-format has no limit.
pub const MAX_SYNTAX_DEPTH: usize = 64;

/// Most values and sections in one file of opam-file syntax. Most seen: 464.
/// A value takes 56 bytes of memory, and one byte of the file is enough for it:
/// 64 MB would otherwise become some 4 GB.
pub const MAX_SYNTAX_VALUES: usize = 1_000_000;

#[cfg(test)]
#[allow(clippy::assertions_on_constants)] // that is what this is about
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::format::digest::Digest;
    use crate::format::key::{Fingerprint, PublicKey, Signature, put};
    use crate::format::name::{Id, PackageName, Release};
    use crate::format::path::{Place, in_release, segment_path};
    use crate::format::resource::{
        Account, Author, Decode as _, Entry, Kind, ResourceId, ResourceVersion, Revision, Segment,
        SignedSegment, SignedSnapshot, Snapshot, Timestamp,
    };
    use crate::format::state::State;
    use crate::repository::{Package, PlainFile, ReleaseDir};
    use crate::update::{List, Memory, Registers};

    /// A tree of the largest numbers: opam-repository of 2026, times ten.
    const PACKAGES: usize = 44_840;
    const RELEASES: usize = 179_750;
    const OWNERS: usize = 7_700;

    fn size(bytes: usize) -> u64 {
        u64::try_from(bytes).unwrap()
    }

    fn version() -> ResourceVersion {
        ResourceVersion {
            revision: Revision {
                epoch: MAX_EPOCH,
                counter: MAX_INTEGER,
            },
            digest: Digest::of(b""),
        }
    }

    fn fingerprint() -> Fingerprint {
        Digest::of(b"").to_string().parse().unwrap()
    }

    fn segment(entries: Vec<Entry>) -> usize {
        let segment = Segment {
            repository: Digest::of(b""),
            id: Id::new(&"a".repeat(MAX_ID_LEN)).unwrap(),
            created: Timestamp::unknown(),
            entries,
        };
        let signed = SignedSegment {
            signed_len: 0,
            segment,
            key: fingerprint(),
            signature: Signature::ed25519([0; 64]),
        };
        signed.encode().len()
    }

    /// The longest release whose directory can be.
    fn release(n: usize) -> Release {
        Release::new(&format!("a.{n:098}")).unwrap()
    }

    fn entry(resource: ResourceId, version: ResourceVersion) -> Entry {
        Entry { resource, version }
    }

    #[test]
    fn names_fit_into_paths() {
        let component = "a".repeat(MAX_COMPONENT_LEN - 2);
        let name = PackageName::new(&component).unwrap();
        let release = Release::new(&format!("{component}.1")).unwrap();
        let id = Id::new(&"a".repeat(MAX_ID_LEN)).unwrap();
        for path in [
            in_release(&release, "checksum"),
            Place::Authorisation(name).path(),
            segment_path(&id, &Digest::of(b"").short()),
            Place::IdFile(id).path(),
        ] {
            assert!(path.len() <= MAX_PATH_LEN, "{path}");
            assert!(Place::of(&path).is_ok(), "{path}");
        }
        for component in [MAX_PACKAGE_NAME_LEN, MAX_VERSION_LEN, MAX_ID_LEN] {
            assert!(component <= MAX_COMPONENT_LEN);
        }
        // The last directory may hold files.
        assert!(16 <= MAX_TREE_DEPTH && 2 * MAX_TREE_DEPTH <= MAX_PATH_LEN);
    }

    #[test]
    fn what_an_honest_repository_needs_ten_times() {
        assert!(PACKAGES <= MAX_PACKAGES);
        assert!(RELEASES <= MAX_RELEASES);
        assert!(size(250_000_000) <= MAX_TREE_SIZE);
        // Of each owner a key, an account, and what a team lists.
        assert!(3 * OWNERS <= MAX_LISTED_KEYS);
        let resources = RELEASES + 2 * PACKAGES + OWNERS;
        // The releases, files, owners and claims that are listed.
        let listed = 2 * RELEASES + 2 * PACKAGES;
        assert!(resources + listed <= MAX_ENTRIES);
        // Twenty years with a change each week, of ten janitors.
        assert!(20 * 52 <= MAX_LINKS && 20 * 52 * 10 <= MAX_LISTED_KEYS);
        // One for each of 800 owners, and half as many again: who signs folds the own ones.
        assert!(10 * (800 + 400) <= MAX_SEGMENTS);
    }

    /// What one limit lets in, no other makes unreachable.
    #[test]
    fn no_limit_makes_another_unreachable() {
        assert!(size(MAX_ID_FILE.max(MAX_SEGMENT).max(MAX_REPO_FILE)) <= MAX_FILE_SIZE);
        assert!(MAX_FILE_SIZE <= MAX_PATCH_SIZE && MAX_PATCH_SIZE <= MAX_TREE_SIZE);
        assert!(MAX_FREE_EXPANSION <= MAX_TREE_SIZE);
        // A directory of each package, and one with a file of each release.
        assert!(MAX_PACKAGES <= MAX_RELEASES);
        assert!(MAX_PACKAGES + 2 * MAX_RELEASES <= MAX_TREE_FILES);
        assert!(2 * MAX_SEGMENTS + usize::try_from(MAX_LINKS).unwrap() <= MAX_TREE_FILES);
        // All of them in one list.
        assert!(MAX_RELEASES.max(MAX_PACKAGES) <= MAX_SYNTAX_VALUES);
        assert!(2 * MAX_RELEASES + MAX_RELEASES + 4 * MAX_PACKAGES <= MAX_ENTRIES);
        assert!(2 * MAX_RELEASES <= MAX_PROBLEMS);
        assert!(MAX_JANITORS <= MAX_LISTED_KEYS && MAX_KEYS <= MAX_LISTED_KEYS);
        assert!(MAX_ANCHORS <= MAX_JANITORS);
        assert!(MAX_ALIKE <= MAX_COMPARED);
    }

    #[test]
    fn segments_hold_what_is_to_be_signed() {
        let none = segment(Vec::new());
        let longest = entry(ResourceId::checksum(&release(0)), version());
        let longest = segment(vec![longest]) - none;
        assert!(none + MAX_SEGMENT_ENTRIES * longest <= MAX_SEGMENT);
        // One change can sign all that there can be.
        let resources = MAX_RELEASES + 2 * MAX_PACKAGES;
        assert!(resources <= MAX_NEW_SEGMENTS * MAX_SEGMENT_ENTRIES);
        // The reader of the syntax reads as much as a segment can hold.
        let first = ResourceVersion {
            revision: Revision::FIRST,
            ..version()
        };
        let shortest = ResourceId::new(Kind::Team, "a").unwrap();
        let shortest = segment(vec![entry(shortest, first)]) - none;
        assert!(MAX_SEGMENT / shortest * 6 <= MAX_SYNTAX_VALUES);
        // Two of the largest are not all entries that there may be, twenty-odd are.
        assert!(2 * MAX_SEGMENT / shortest <= MAX_ENTRIES);
    }

    #[test]
    fn an_id_file_holds_the_most_keys() {
        let keys = (0..MAX_KEYS).map(|n| {
            let mut wire = Vec::new();
            put(&mut wire, b"sk-ssh-ed25519@openssh.com");
            put(&mut wire, Digest::of(&n.to_le_bytes()).as_bytes());
            let application = format!("ssh:{}", "a".repeat(MAX_APPLICATION_LEN - 4));
            put(&mut wire, application.as_bytes());
            let base64 = <base64ct::Base64 as base64ct::Encoding>::encode_string(&wire);
            PublicKey::listed(&format!("sk-ssh-ed25519@openssh.com {base64}")).unwrap()
        });
        let mut keys: Vec<PublicKey> = keys.collect();
        keys.sort_by_key(ToString::to_string);
        let account = |n: usize| Account::new(&format!("github:{n:0200}")).unwrap();
        let author = Author {
            id: Id::new(&"a".repeat(MAX_ID_LEN)).unwrap(),
            revision: version().revision,
            keys,
            accounts: (0..200).map(account).collect(),
        };
        let bytes = author.encode();
        assert!(bytes.len() <= MAX_ID_FILE, "{}", bytes.len());
        assert_eq!(Author::decode(&bytes), Ok(author));
    }

    /// A snapshot of the largest tree is a file that can be.
    #[test]
    fn a_snapshot_holds_the_most_packages() {
        let snapshot = |packages: usize, ids: usize| {
            let text = |n| format!("{n:0100}").into_boxed_str();
            let id = |n| Id::new(&format!("{n:064}")).unwrap();
            let state = State {
                packages: (0..packages).map(|n| (text(n), Digest::of(b""))).collect(),
                indexes: (0..ids).map(|n| (id(n), Digest::of(b""))).collect(),
                ..State::default()
            };
            let snapshot = Snapshot {
                repository: Digest::of(b""),
                revision: version().revision,
                created: Timestamp::unknown(),
                state,
            };
            snapshot.file(fingerprint(), Signature::ed25519([0; 64]))
        };
        assert!(SignedSnapshot::decode(&snapshot(10, 10)).is_ok());
        let none = snapshot(0, 0).len();
        let (package, id) = (snapshot(2, 0).len(), snapshot(0, 2).len());
        let (package, id) = ((package - none) / 2, (id - none) / 2);
        // Directories in `packages/`: each can be one of a release.
        let most = none + MAX_RELEASES * package + MAX_SEGMENTS * id;
        assert!(size(most) <= MAX_FILE_SIZE, "{most}");
        assert!(3 * (MAX_RELEASES + MAX_SEGMENTS) <= MAX_SYNTAX_VALUES);
    }

    /// What the largest tree makes a client remember can be read again.
    #[test]
    fn a_memory_holds_the_largest_tree() {
        let memory = |ids: usize, packages: usize, releases: usize| {
            let mut resources = BTreeMap::new();
            let mut lists = BTreeMap::new();
            for n in 0..ids {
                let id = Id::new(&format!("{n:064}")).unwrap();
                resources.insert(ResourceId::id(Kind::Author, &id), version());
            }
            for n in 0..packages {
                let name = PackageName::new(&format!("a{n:097}")).unwrap();
                resources.insert(ResourceId::authorisation(&name), version());
                let list = List {
                    version: version(),
                    floor: MAX_INTEGER,
                    releases: BTreeSet::new(),
                };
                lists.insert(name, list);
            }
            let some = (0..releases).map(release).collect::<Vec<_>>();
            resources.extend(some.iter().map(|r| (ResourceId::checksum(r), version())));
            if let Some(list) = lists.values_mut().next() {
                list.releases.extend(some);
            }
            let memory = Memory {
                name: "é".repeat(MAX_COMPONENT_LEN),
                anchors: [fingerprint()].into(),
                quorum: MAX_ANCHORS,
                state: Digest::of(b""),
                snapshot_file: Some(Digest::of(b"")),
                registers: Registers {
                    identity: Digest::of(b""),
                    links: [(MAX_LINKS, Digest::of(b""))].into(),
                    resources,
                    lists,
                    snapshot: Some(version()),
                },
            };
            memory.encode().len()
        };
        let none = memory(0, 0, 0);
        let (id, package) = (memory(1, 0, 0) - none, memory(0, 1, 0) - none);
        let release = memory(0, 1, 1) - none - package;
        let anchor = fingerprint().to_string().len() + 1;
        let most = none
            + MAX_ANCHORS * anchor
            + MAX_LISTED_KEYS * id
            + MAX_PACKAGES * package
            + MAX_RELEASES * release;
        assert!(size(most) <= MAX_MEMORY, "{most}");
    }

    /// Files without content take less memory than a tree without files may.
    #[test]
    fn what_is_taken_apart_has_room() {
        // A path, its place in the tree, and the same once more where the tree is judged.
        let files = MAX_TREE_FILES * 250;
        // A map holds half as much again as is in it, and names are on the heap.
        let package = size_of::<(PackageName, Package)>() * 2 + MAX_PACKAGE_NAME_LEN;
        let release = size_of::<(Release, ReleaseDir)>() + size_of::<(Box<str>, PlainFile)>();
        let release = release * 3 / 2 + MAX_COMPONENT_LEN;
        let all = files + MAX_PACKAGES * package + MAX_RELEASES * release;
        assert!(size(all) <= MAX_TREE_SIZE + (64 << 20), "{all}");
    }
}
