//! A repository of packages that is a directory below the top of a git repository: what is
//! read of it, and every path, is as if it were the top.

use super::error::GitError;
use super::oid::Oid;
use super::repository::Git;

impl Git {
    /// The tree of the repository of packages in one from git's top on: the empty one where
    /// its directory is not there.
    ///
    /// # Errors
    /// git fails, or the directory is there twice.
    pub fn inside(&self, tree: &Oid) -> Result<Oid, GitError> {
        let mut tree = tree.clone();
        if self.below.is_empty() {
            return Ok(tree);
        }
        for name in self.below.split(|&b| b == b'/') {
            let output = self.run(&["ls-tree", "-z", "--full-tree", tree.as_str()])?;
            if !output.status.success() {
                return Err(GitError::failed("ls-tree", &output));
            }
            let mut found = output.stdout.split(|&b| b == 0).filter_map(|entry| {
                let tab = entry.iter().position(|&b| b == b'\t')?;
                let (head, rest) = entry.split_at(tab);
                (rest.get(1..) == Some(name)).then_some(head)
            });
            let head = found.next();
            // What one program takes for the first, another takes for the second.
            if found.next().is_some() {
                let why = "a tree that git itself would not make: a name is there twice";
                return Err(GitError::Failed {
                    verb: "ls-tree",
                    why: why.to_owned(),
                });
            }
            let oid = head.and_then(|head| head.strip_prefix(b"040000 tree "));
            match oid {
                Some(oid) => {
                    tree = Oid::new(oid).ok_or_else(|| GitError::failed("ls-tree", &output))?;
                }
                None => return self.empty_tree(),
            }
        }
        Ok(tree)
    }

    fn empty_tree(&self) -> Result<Oid, GitError> {
        Oid::new(self.empty.as_bytes()).ok_or_else(|| GitError::Unknown(self.empty.to_owned()))
    }

    /// A path from git's top on, in the repository of packages, if it is one of it.
    pub(super) fn relative<'p>(&self, path: &'p [u8]) -> &'p [u8] {
        let inside = path.strip_prefix(self.below.as_slice());
        let inside = inside.filter(|_| !self.below.is_empty());
        inside
            .and_then(|rest| rest.strip_prefix(b"/"))
            .unwrap_or(path)
    }

    /// A path of the repository of packages from git's top on.
    pub(super) fn whole_path(&self, path: &str) -> Vec<u8> {
        let mut whole = self.below.clone();
        if !whole.is_empty() {
            whole.push(b'/');
        }
        whole.extend_from_slice(path.as_bytes());
        whole
    }
}
