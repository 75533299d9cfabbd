//! What two trees do not have in common, and single files of a tree.

use std::collections::{BTreeMap, BTreeSet};

use super::error::GitError;
use super::list::Listing;
use super::oid::Oid;
use super::repository::Git;

impl Listing {
    /// The paths of files that only one of the two has, or that differ.
    pub fn changed(&self, other: &Listing) -> BTreeSet<String> {
        let by_path = |listing: &'_ Listing| -> BTreeMap<String, Oid> {
            let files = listing.files.iter();
            files.map(|f| (f.path.clone(), f.oid.clone())).collect()
        };
        let (old, new) = (by_path(other), by_path(self));
        let there = |path: &&String| old.get(*path) != new.get(*path);
        old.keys()
            .chain(new.keys())
            .filter(there)
            .cloned()
            .collect()
    }

    /// The paths of all files.
    pub fn paths(&self) -> BTreeSet<String> {
        self.files.iter().map(|f| f.path.clone()).collect()
    }

    /// The files whose paths are wanted, and nothing else.
    pub fn only(&self, wanted: impl Fn(&str) -> bool) -> Listing {
        let mut some = Listing::default();
        let files = self.files.iter().filter(|f| wanted(&f.path));
        some.files = files.cloned().collect();
        some
    }
}

impl Git {
    /// The last commit that both have, if there is one.
    ///
    /// # Errors
    /// git cannot be run.
    pub fn common(&self, a: &Oid, b: &Oid) -> Result<Option<Oid>, GitError> {
        let output = self.run(&["merge-base", a.as_str(), b.as_str()])?;
        Ok(Oid::new(&output.stdout))
    }

    /// The published branch, for whoever works on another one: that of `origin`, or else the own
    /// main branch. `None` if there is none of the usual names.
    pub fn published(&self) -> Option<Oid> {
        let usual = [
            "refs/remotes/origin/HEAD",
            "refs/remotes/origin/main",
            "refs/remotes/origin/master",
            "refs/heads/main",
            "refs/heads/master",
        ];
        usual.iter().find_map(|name| self.commit(name).ok())
    }

    /// The paths that a range of commits touches: what differs between the head and the
    /// commit at which it left the base.
    ///
    /// # Errors
    /// A name that is none of a commit, no common ancestor, or git fails.
    pub fn touched(&self, base: &str, head: &str) -> Result<BTreeSet<String>, GitError> {
        let (base, head) = (self.commit(base)?, self.commit(head)?);
        let start = self.common(&base, &head)?.ok_or(GitError::Unrelated)?;
        let old = self.list(&self.tree_of(&start)?)?;
        let new = self.list(&self.tree_of(&head)?)?;
        Ok(new.changed(&old))
    }
}
