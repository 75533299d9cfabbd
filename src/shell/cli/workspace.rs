//! The repository that somebody works on: the tree, its history, and what is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::commit::warn_of_ignored;
use super::failure::{Exit, Failure};
use super::form;

use crate::plan;
use crate::plan::conflict::{Conflicts, mend};
use crate::plan::effect::Past;
use crate::plan::{Plan, World};
use crate::shell::git::{Git, Where};
use crate::shell::out::sayln;
use crate::shell::read::{Contents, read};
use crate::shell::write::{Change, WORK_TREE, apply};
use crate::shell::{progress, signals};
use conex_verify::format::digest::Digest;
use conex_verify::format::key::PublicKey;
use conex_verify::format::name::{Id, PackageName};
use conex_verify::format::path::Place;
use conex_verify::tree::Tree;
use conex_verify::words::{counted, plural};

/// The directory to work on: the one that was named, or the nearest one from here upwards that is
/// a repository, or here.
pub fn directory(named: Option<&Path>) -> PathBuf {
    if let Some(named) = named {
        return named.to_owned();
    }
    let here = PathBuf::from(".");
    let Ok(from) = std::env::current_dir() else {
        return here;
    };
    let found = from.ancestors().find(|dir| is_repository(dir));
    match found {
        Some(dir) if dir != from => dir.to_owned(),
        _ => here,
    }
}

/// Whether a directory is the top of an opam repository.
fn is_repository(dir: &Path) -> bool {
    let packages = dir.join("packages");
    packages.join(".conex").is_dir() || (packages.is_dir() && dir.join("repo").is_file())
}

/// Reads the repository for somebody who changes it.
pub fn working_tree(root: &Path) -> Result<Tree, Failure> {
    form::working(found_tree(root)?, &root.display().to_string())
}

/// Reads the repository for somebody who changes nothing: in the working form, whichever it has.
pub fn seen_tree(root: &Path) -> Result<Tree, Failure> {
    form::either(found_tree(root)?)
}

/// Reads the repository as it lies there.
pub fn found_tree(root: &Path) -> Result<Tree, Failure> {
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
        return Err(no_repository(root));
    }
    Ok(tree)
}

/// Says that a directory is no opam repository.
pub fn no_repository(root: &Path) -> Failure {
    Failure::usage(
        format!(
            "`{}` is not an opam repository: it has no `packages/` and no `repo`",
            root.display()
        ),
        "change to the top directory of the repository, or name it with -C DIR",
    )
}

/// Reads the working repository for somebody who changes it: where a merge left both
/// sides in a file of metadata, something readable stands in for it.
pub fn merged_tree(root: &Path) -> Result<(Tree, Conflicts), Failure> {
    let tree = working_tree(root)?;
    let (tree, mut conflicts) = mend(&tree);
    let names: Vec<PackageName> = conflicts.lists.keys().cloned().collect();
    if !names.is_empty()
        && let Ok(git) = Git::open(root, Where::Directory)
    {
        for name in names {
            // Whoever merged with another tool has the markers alone.
            if let Ok(sides) = git.sides(&Place::Releases(name.clone()).path()) {
                conflicts.wrote(&name, &sides);
            }
        }
    }
    Ok((tree, conflicts))
}

/// Reads the repository for somebody who looks at what waits in it.
pub fn merged_or_published(root: &Path) -> Result<(Tree, Conflicts), Failure> {
    let tree = seen_tree(root)?;
    Ok(mend(&tree))
}

/// Looks for earlier contents of files in git's history; where there is none, nothing is found. The
/// repository can be a directory below git's top.
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

/// Writes what is planned: what is vouched for before the segments that do, a link after the
/// files that it needs, and nothing is removed before what takes its place is there. So a run
/// that was killed anywhere is finished by the same command.
pub fn write(plan: &Plan, root: &Path) -> Result<Exit, Failure> {
    let mut writes: Vec<(&String, &Vec<u8>)> = plan.writes.iter().collect();
    writes.sort_by_key(|(path, _)| match Place::of(path) {
        Ok(Place::Segment(..)) => 2,
        Ok(Place::Link(_)) => 1,
        _ => 0,
    });
    let changes: Vec<Change> = writes
        .into_iter()
        .map(|(path, bytes)| Change {
            path: path.clone(),
            bytes: Some(bytes.as_slice().into()),
        })
        .chain(
            plan.removes
                .iter()
                .filter(|path| !plan.writes.contains_key(*path))
                .map(|path| Change {
                    path: path.clone(),
                    bytes: None,
                }),
        )
        .collect();
    let writing = signals::writing();
    let progress = progress::start("writing");
    let applied = apply(root, &changes, WORK_TREE);
    drop(progress);
    applied.map_err(|e| {
        Failure::usage(
            format!("{}: {e}", root.display()),
            "no file is half-written; run the command again when it can be done",
        )
    })?;
    let (n, file) = (changes.len(), plural(changes.len(), "file"));
    let files = format!("{} {file}", progress::thousands(n));
    let verb = if plan.removes.is_empty() {
        "Wrote"
    } else {
        "Wrote and removed"
    };
    sayln!("{verb} {files}.");
    let written: Vec<&str> = plan.writes.keys().map(String::as_str).collect();
    warn_of_ignored(root, &written);
    drop(writing);
    Ok(Exit::Success)
}

/// Makes a directory for files to carry, which must not become a part of the repository.
pub fn outside_packages(dir: &Path, root: &Path) -> Result<PathBuf, Failure> {
    let packages = root.join("packages");
    outside(
        dir,
        &packages,
        "is below `packages/`, where every file counts",
    )
}

/// Makes a directory that must not lie in another one; of one that does, which `why` says, nothing
/// is made.
pub fn outside(dir: &Path, other: &Path, why: &str) -> Result<PathBuf, Failure> {
    let failed =
        |e: std::io::Error| Failure::usage(format!("`{}`: {e}", dir.display()), "name another one");
    if real_path(dir)
        .map_err(failed)?
        .starts_with(real_path(other).map_err(failed)?)
    {
        return Err(Failure::usage(
            format!("`{}` {why}", dir.display()),
            "name a directory outside the repository",
        ));
    }
    std::fs::create_dir_all(dir).map_err(failed)?;
    Ok(dir.to_owned())
}

/// Where a path leads, as far as it is there; what is not there yet is no link.
fn real_path(path: &Path) -> std::io::Result<PathBuf> {
    let whole = std::path::absolute(path)?;
    let mut real = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::ParentDir => drop(real.pop()),
            part => real.push(part),
        }
        if let Ok(there) = real.canonicalize() {
            real = there;
        }
    }
    Ok(real)
}

/// Removes what this branch signed for `id` under keys that are given up: it counts for nothing,
/// and `check` takes no new segment of that kind.
pub fn unpublished(
    root: &Path,
    base: Option<&str>,
    after: &World<'_>,
    id: &Id,
    plan: &mut Plan,
) -> Result<(), Failure> {
    let Some(published) = published(root, base)? else {
        return Ok(());
    };
    let removes = plan::under_unknown_keys(after, id, |path| published.contains(path));
    if !removes.is_empty() {
        plan.lines.push(format!(
            "removes {} of this branch that the key before signed",
            counted(removes.len(), "file")
        ));
        plan.removes.extend(removes);
    }
    Ok(())
}

/// The paths of the published branch, if it is known.
pub fn published(root: &Path, base: Option<&str>) -> Result<Option<BTreeSet<String>>, Failure> {
    let git = match Git::open(root, Where::Directory) {
        Ok(git) => git,
        Err(error) if error.is_without() && base.is_none() => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let commit = match base {
        Some(name) => Some(git.commit(name)?),
        None => git.published(),
    };
    match commit {
        Some(commit) => Ok(Some(git.list(&git.tree_of(&commit)?)?.paths())),
        None => Ok(None),
    }
}

/// C13: Refuses a key that the published branch had once and has no more, where its history is here.
pub fn not_removed(root: &Path, base: Option<&str>, key: &PublicKey) -> Result<(), Failure> {
    let Ok(git) = Git::open(root, Where::Directory) else {
        return Ok(());
    };
    let commit = match base {
        Some(name) => Some(git.commit(name)?),
        None => git.published(),
    };
    let Some(commit) = commit else {
        return Ok(());
    };
    // Whatever git cannot say now, `check` says later.
    let removed = git.removed_keys(&commit, &[key.to_string()].into());
    if removed.is_ok_and(|removed| !removed.is_empty()) {
        return Err(Failure::refused(
            format!(
                "the key {} was removed from the published branch, and never comes back",
                key.fingerprint()
            ),
            "take another key: what the removed one signed would count again",
        ));
    }
    Ok(())
}
