//! The working repository, and where the hook keeps what it writes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::args::Cli;
use super::failure::Failure;
use crate::plan::conflict::{Conflicts, mend};
use crate::plan::effect::Past;
use crate::shell::git::{Git, Where};
use crate::shell::read::{Contents, read};
use conex_verify::format::digest::Digest;
use conex_verify::tree::Tree;

/// The directory to work on.
pub fn directory(cli: &Cli) -> PathBuf {
    cli.directory.clone().unwrap_or_else(|| PathBuf::from("."))
}

/// Reads the working repository.
pub fn working_tree(root: &Path) -> Result<Tree, Failure> {
    // `-C link` means the directory behind it, as with every other tool.
    let real = root.canonicalize().map_err(|e| {
        Failure::usage(
            format!("`{}`: {e}", root.display()),
            "name the repository with -C DIR",
        )
    })?;
    let reading = read(&real, Contents::Judged)
        .map_err(|e| Failure::usage(e, "name the repository with -C DIR"))?;
    let tree = reading.tree;
    if tree.files.is_empty() && tree.defects.is_empty() {
        return Err(Failure::usage(
            format!(
                "`{}` is not an opam repository: it has no `packages/` and no `repo`",
                root.display()
            ),
            "change to the top directory of the repository, or name it with -C DIR",
        ));
    }
    Ok(tree)
}

/// Reads the working repository for somebody who changes it: where a merge left both
/// sides in a file of metadata, something readable stands in for it.
pub fn merged_tree(root: &Path) -> Result<(Tree, Conflicts), Failure> {
    let tree = working_tree(root)?;
    Ok(mend(&tree))
}

/// Looks for earlier contents of files in git's history; where there is none, nothing is found.
pub fn earlier(root: &Path) -> impl Fn(&BTreeMap<String, Digest>) -> Past {
    move |wanted| {
        if wanted.is_empty() {
            return Past::new();
        }
        let found = Git::open(root, Where::Directory)
            .and_then(|git| git.versions(&git.commit("HEAD")?, wanted));
        found.unwrap_or_default()
    }
}

/// Where reports and memory are kept: `$XDG_STATE_HOME/conex`, or
/// `~/.local/state/conex`. `None` if the environment names neither.
pub fn state_home() -> Option<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .map(|base| base.join("conex"))
}
