//! What git says of the state that is shown, and the state that it is compared with.

use std::path::Path;

use crate::shell::cli::failure::Failure;
use crate::shell::cli::form::either;
use crate::shell::git::{Git, GitError, Where};
use crate::shell::hook::load::load;
use crate::shell::out::sayln;
use crate::shell::read::Contents;
use crate::shell::site::Seen;
use conex_verify::tree::{TOP_LEVEL_FILES, Tree};

/// What git says of the tree that lies there; nothing where there is no git.
pub fn seen(root: &Path) -> Seen {
    let found = || -> Result<Seen, GitError> {
        let git = Git::open(root, Where::Directory)?;
        let state = git.state(&git.commit("HEAD")?)?;
        let paths = [&["packages"], TOP_LEVEL_FILES.as_slice()].concat();
        let differs = git.uncommitted(&paths)?;
        Ok(Seen {
            commit: state.map(|s| (s.commit.as_str().to_owned(), s.time)),
            uncommitted: differs.new.len() + differs.changed.len(),
        })
    };
    found().unwrap_or_else(|error| {
        if !error.is_without() {
            sayln!("warning: the pages do not say which commit they show: {error}");
        }
        Seen::default()
    })
}

/// The tree of another state: a directory or an archive if there is one of that name, else a commit.
pub fn earlier_state(root: &Path, name: &str) -> Result<Tree, Failure> {
    let path = Path::new(name);
    if path.exists() {
        let loaded = load(path, Contents::Judged)
            .map_err(|e| Failure::usage(e, "name the directory or .tar.gz of a repository"))?;
        return either(loaded.tree);
    }
    let git = Git::open(root, Where::Directory)?;
    let tree = git.tree_of(&git.commit(name)?)?;
    either(git.read_after(None, &tree)?)
}
