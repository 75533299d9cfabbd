//! Somebody who signs snapshots.

use conex_verify::format::key::Namespace;
use conex_verify::format::resource::{Revision, Snapshot, Timestamp};
use conex_verify::workbench::repository::Repository;

use super::{OPAM, World, at, fingerprint, link, opam_path, private};

pub const SNAPSHOT: &str = "packages/.conex/snapshot";

/// When snapshots are made, unless a test says otherwise.
pub const MADE: &str = "2026-11-24T14:00:00Z";

/// The janitors `ja`, `jb`, `jc`, of whom two must agree, require a snapshot, which `bob`
/// signs; `fmt` is signed and in the list of claims, `lwt` is not signed.
pub fn covered() -> World {
    let mut w = World::empty();
    let janitors = ["ja", "jb", "jc"];
    w.link(&link(2, &janitors, &janitors).requiring_snapshot());
    let mut w = w.trusting(2, &janitors).covered();
    w.joined("bob");
    w.owned("fmt", &["bob"]);
    w.released("fmt.1.0", "bob");
    w.teamed("notaries", &["bob"]);
    w.claimed(at(0, 1), &["fmt"]);
    w.file(&opam_path("lwt.1.0"), OPAM);
    w.stated("bob", at(0, 1));
    w
}

impl World {
    /// The team, approved.
    pub fn notaries(&mut self, revision: Revision, members: &[&str]) {
        let entry = self.team_file("notaries", revision, members);
        self.quorum_says(vec![entry]);
    }

    /// A snapshot of the tree as it is.
    pub fn stated(&mut self, key: &str, revision: Revision) {
        self.stated_at(key, revision, MADE);
    }

    pub fn stated_at(&mut self, key: &str, revision: Revision, created: &str) {
        let snapshot = Snapshot {
            repository: self.identity(),
            revision,
            created: Timestamp::new(created).unwrap(),
            state: Repository::load(&self.tree).state,
        };
        self.says_snapshot(key, snapshot);
    }

    /// Any snapshot, under any key.
    pub fn says_snapshot(&mut self, key: &str, snapshot: Snapshot) {
        let signature = private(key).sign(Namespace::Snapshot, &snapshot.signed_bytes());
        let bytes = snapshot.file(fingerprint(key), signature);
        self.file(SNAPSHOT, bytes);
    }
}
