//! The tree for commands about some packages, which read no more of it than these need.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use super::failure::Failure;
use super::form;
use super::signer::Who;
use super::signing;
use super::workspace::merged_tree;

use crate::plan::conflict::{Conflicts, mend};
use crate::plan::part::{is_enough, keep_packages};
use crate::plan::{Plan, World};
use crate::shell::git::{Git, Where};
use crate::shell::read::{Extent, read_part};
use conex_verify::finding::{Finding, Severity};
use conex_verify::format::name::{Id, PackageName};
use conex_verify::format::path::PACKAGES;
use conex_verify::format::resource::SignedSegment;
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::{Loaded, Repository};
use conex_verify::workbench::verify::read_chain;

/// The tree that somebody works on, as far as it is read.
pub struct Worked {
    /// The tree, in which something readable stands in for what a merge left with both sides.
    pub tree: Tree,
    /// The tree, taken apart: of a part, without what is vouched for about other packages.
    pub repository: Repository,
    /// The segments of a part, whole.
    segments: Vec<(String, Loaded<SignedSegment>)>,
    /// What a merge left to do.
    pub conflicts: Conflicts,
    /// Which part of it that is.
    pub extent: Extent,
}

/// Reads the tree for somebody who changes it, by what they name: where they name nothing but
/// packages, no file of another one is opened, so what is wrong in these stops nobody. In all that is
/// said of the packages this is as the whole tree; where it may not be, the whole is read.
///
/// # Errors
/// The tree cannot be read, or nobody works in it.
pub fn work_on(root: &Path, names: &[String]) -> Result<Worked, Failure> {
    if let Some(part) = named(root, names) {
        return Ok(part);
    }
    let (tree, conflicts) = merged_tree(root)?;
    Ok(Worked {
        repository: Repository::load(&tree),
        segments: Vec::new(),
        tree,
        conflicts,
        extent: Extent::Whole,
    })
}

/// The part of the tree that is named; nothing where that takes the whole.
pub fn named(root: &Path, names: &[String]) -> Option<Worked> {
    part(root, packages(root, names)?)
}

impl Worked {
    /// T2: [`signing::fold_small`]. Which entries of the smaller segments live is decided by the files
    /// of the packages that they are about: what of these was not read is read now.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn fold_small(
        &self,
        world: &World<'_>,
        who: &Who,
        plan: &mut Plan,
        root: &Path,
    ) -> Result<(), Failure> {
        let Extent::Packages(read) = &self.extent else {
            let segments = &world.repository.segments;
            return signing::fold_small(world, who, plan, segments, |_| Ok(None));
        };
        signing::fold_small(world, who, plan, &self.segments, |about| {
            Ok(Some(match about.is_subset(read) {
                true => self.tree.clone(),
                false => match part(root, read | about) {
                    Some(part) => part.tree,
                    None => merged_tree(root)?.0,
                },
            }))
        })
    }

    /// All of the tree, in the middle of the same work.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn whole(&self, root: &Path) -> Result<Cow<'_, Tree>, Failure> {
        Ok(match self.extent {
            Extent::Whole => Cow::Borrowed(&self.tree),
            Extent::Packages(_) => Cow::Owned(merged_tree(root)?.0),
        })
    }
}

/// The packages that are named, if nothing else is, and all of them are there.
fn packages(root: &Path, names: &[String]) -> Option<BTreeSet<PackageName>> {
    let is_there = |name: &PackageName| root.join(PACKAGES).join(name.as_str()).is_dir();
    let package = |name: &String| PackageName::new(name).ok().filter(is_there);
    let packages: BTreeSet<PackageName> = names.iter().map(package).collect::<Option<_>>()?;
    (!packages.is_empty()).then_some(packages)
}

/// The part of the tree that these packages need; nothing where that may be the whole tree, which is
/// also what says what is wrong.
fn part(root: &Path, packages: BTreeSet<PackageName>) -> Option<Worked> {
    // V11: a bundle is expanded by files of all packages.
    form::working_at(root).ok()?;
    let (tree, outside) = read_part(&root.canonicalize().ok()?, &packages).ok()?;
    // In the middle of a merge two people may have decided something elsewhere in two ways.
    let (tree, conflicts) = mend(&tree);
    if !is_enough(&tree, &outside) || !conflicts.is_empty() || is_merging(root) {
        return None;
    }
    let mut repository = Repository::load(&tree);
    // What is wrong in the packages themselves, as the checksum that came with a copied release, is
    // said as with the whole tree. Anything else that is wrong may be about them too.
    let errors = |finding: &&Finding| finding.severity == Severity::Error;
    let mut errors = repository.findings.iter().filter(errors);
    let elsewhere = errors.any(|error| !is_in(&error.path, &packages));
    let chain = read_chain(&repository).ok()?;
    // Somebody who is called like a package can own packages anywhere.
    let is_id = |name: &PackageName| {
        let id = Id::new(name.as_str());
        id.is_ok_and(|id| repository.ids.contains_key(&id) || chain.ever_members().contains(&id))
    };
    let people = packages.iter().any(is_id);
    (!elsewhere && !people).then(|| Worked {
        tree,
        segments: keep_packages(&mut repository, &packages),
        repository,
        conflicts,
        extent: Extent::Packages(packages),
    })
}

/// Whether a path is that of something in one of these packages.
fn is_in(path: &str, packages: &BTreeSet<PackageName>) -> bool {
    let rest = path.strip_prefix(PACKAGES);
    let package = rest.and_then(|rest| PackageName::new(rest.split('/').next()?).ok());
    package.is_some_and(|package| packages.contains(&package))
}

/// Whether git waits for somebody to settle a conflict.
fn is_merging(root: &Path) -> bool {
    let git = Git::open(root, Where::Directory);
    git.and_then(|git| git.has_conflicts()).unwrap_or_default()
}
