//! What a branch changes against the published one.

use std::path::Path;

use super::workspace::earlier;
use crate::plan::{Plan, View, World};
use crate::shell::git::{Git, GitError, Where};
use conex_verify::format::path::Place;
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;

/// T7: Says what changes when a plan counts, against the published branch where that is known and
/// of the same repository: a branch in which somebody deleted the approvals of before says of itself
/// that nothing was approved. `all` names everything that is new.
pub fn tell(plan: &mut Plan, world: &World<'_>, root: &Path, all: bool) {
    let find = earlier(root);
    let tree = published(root).ok().flatten();
    let repository = tree.as_ref().map(Repository::load);
    let now = tree
        .as_ref()
        .zip(repository.as_ref())
        .and_then(|(tree, repository)| World::look(tree, repository, View::Supported).ok());
    match now {
        Some(now) if is_continued(&now, world) => plan.tell_since(&now, world, &find, all),
        Some(_) => {
            plan.tell(world, &find, all);
            // Nothing of what counts there is compared: a branch with janitors of its own says
            // whatever it likes of what was before.
            plan.lines.insert(0, OTHER_CHAIN.to_owned());
        }
        None => plan.tell(world, &find, all),
    }
}

/// What is said of a tree whose janitors are not those of the published branch.
const OTHER_CHAIN: &str = "!! the chain of janitors here does not continue that of the published branch: what is \
said to be new may take something from somebody there";

/// Whether one chain has all links of another.
fn is_continued(now: &World<'_>, world: &World<'_>) -> bool {
    world.chain().digests().starts_with(now.chain().digests())
}

/// The metadata of the published branch: what it takes to know what counts there.
fn published(root: &Path) -> Result<Option<Tree>, GitError> {
    let git = Git::open(root, Where::Directory)?;
    let Some(commit) = git.published() else {
        return Ok(None);
    };
    let listing = git.list(&git.tree_of(&commit)?)?.only(|path| {
        !matches!(
            Place::of(path),
            Ok(Place::Opam(_)
                | Place::File(..)
                | Place::Old(..)
                | Place::Misplaced(_)
                | Place::Stray(_)
                | Place::Snapshot)
        )
    });
    Ok(git.read(&[&listing])?.into_iter().next())
}
