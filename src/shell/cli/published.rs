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
    match now.filter(|now| is_continued(now, world)) {
        Some(now) => plan.tell_since(&now, world, &find, all),
        None => plan.tell(world, &find, all),
    }
}

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
