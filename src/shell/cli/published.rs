//! What a tree changes against the published branch.

use std::collections::BTreeSet;
use std::path::Path;

use super::workspace::earlier;
use crate::check::portable;
use crate::plan::part::keep_packages;
use crate::plan::{self, Plan, View, World};
use crate::shell::git::{Git, GitError, Where};
use crate::shell::read::Extent;
use conex_verify::finding::{Finding, Severity};
use conex_verify::format::name::PackageName;
use conex_verify::format::path::Place;
use conex_verify::tree::Tree;
use conex_verify::workbench::published::{BUNDLES, evidence};
use conex_verify::workbench::repository::Repository;

/// The metadata of the published branch, where there is one that git knows.
pub struct Published {
    state: Result<Option<Metadata>, GitError>,
}

struct Metadata {
    tree: Tree,
    repository: Repository,
    /// Whether the present commit has all commits of the published branch.
    is_below: bool,
}

impl Published {
    /// Reads that of the repository around a work tree.
    pub fn of(root: &Path) -> Published {
        Published::part_of(root, &Extent::Whole)
    }

    /// The same, of which no more is read than of the tree that is compared with it.
    pub fn part_of(root: &Path, extent: &Extent) -> Published {
        Published {
            state: read(root, extent),
        }
    }

    /// Judges that branch, once.
    pub fn look(&self) -> Seen<'_> {
        let now = match &self.state {
            Ok(Some(metadata)) => metadata.look(),
            _ => None,
        };
        Seen {
            published: self,
            now,
        }
    }
}

/// The published branch, judged.
pub struct Seen<'p> {
    published: &'p Published,
    /// `None` where there is none, or its chain cannot be read.
    now: Option<World<'p>>,
}

impl Seen<'_> {
    /// T7: Says what changes when a plan counts, against the published branch where that is known
    /// and of the same repository: a branch in which somebody deleted the approvals of before says
    /// of itself that nothing was approved. `all` names everything that is new.
    pub fn tell(&self, plan: &mut Plan, world: &World<'_>, root: &Path, all: bool) {
        let find = earlier(root);
        // Where nothing of what counts is compared, the branch says whatever it likes of what was
        // before.
        let strange = match (&self.published.state, &self.now) {
            (_, Some(now)) if is_continued(now, world) => {
                return plan.tell_since(now, world, &find, all);
            }
            (_, Some(_)) => Some(OTHER_CHAIN.to_owned()),
            (Ok(None), None) => None,
            // Where nobody started a chain, nothing can be taken from anybody.
            (Ok(Some(metadata)), None) if metadata.repository.links.is_empty() => None,
            (Ok(Some(_)), None) => Some(format!(
                "!! the chain of janitors of the published branch cannot be read: {UNCOMPARED}"
            )),
            // A directory that is in no repository of git has no published branch.
            (Err(GitError::NotARepository { .. }), None) => None,
            (Err(why), None) => Some(format!(
                "!! the published branch cannot be read ({why}): {UNCOMPARED}"
            )),
        };
        plan.tell(world, &find, all);
        if let Some(line) = strange {
            plan.lines.insert(0, line);
        }
    }

    /// The same tree, as one that was made on top of what counts in the published branch, if it was.
    pub fn below<'r>(&self, world: World<'r>) -> World<'r> {
        match self.is_below() {
            Some(now) if is_continued(now, &world) => world.above(plan::published(now)),
            _ => world,
        }
    }

    /// That branch, if the present commit has all of its commits.
    pub fn is_below(&self) -> Option<&World<'_>> {
        let is_below = matches!(&self.published.state, Ok(Some(metadata)) if metadata.is_below);
        self.now.as_ref().filter(|_| is_below)
    }
}

/// The same tree, as one that was made on top of what counts in the published branch of the
/// repository around a work tree, if it was.
pub fn below_published<'r>(world: World<'r>, root: &Path) -> World<'r> {
    Published::of(root).look().below(world)
}

/// C14: What of the packages that a plan signs some opam applies otherwise than another, against the
/// published branch where git knows one. As warnings: `check` refuses such a change, and its author
/// hears of it first.
pub fn misapplied(root: &Path, plan: &Plan, tree: &Tree) -> Vec<Finding> {
    let package = |path: &String| Place::of(path).ok()?.package();
    let packages: BTreeSet<PackageName> = plan.writes.keys().filter_map(package).collect();
    let before = match packages.is_empty() {
        true => None,
        false => whole_part(root, packages.clone()),
    };
    let Some(before) = before else {
        return Vec::new();
    };
    // What opam reads of these packages is the same in both forms.
    let read = |path: &str| {
        let place = Place::of(path).ok();
        place.is_some_and(|place| {
            matches!(place, Place::Opam(_) | Place::File(..))
                && place.package().is_some_and(|name| packages.contains(&name))
        })
    };
    let part = |tree: &Tree| {
        let files = tree.files.iter().filter(|(path, _)| read(path));
        Tree {
            files: files.map(|(p, b)| (p.clone(), b.clone())).collect(),
            ..Tree::default()
        }
    };
    let findings = portable(&part(&before), &part(tree)).into_iter();
    findings
        .map(|finding| Finding {
            severity: Severity::Warning,
            ..finding
        })
        .collect()
}

/// Some packages of the published branch, with all of their files; nothing where there is no such
/// branch.
fn whole_part(root: &Path, packages: BTreeSet<PackageName>) -> Option<Tree> {
    let git = Git::open(root, Where::Directory).ok()?;
    let tree = git.tree_of(&git.published()?).ok()?;
    let listing = git.list_part(&tree, &Extent::Packages(packages)).ok()?;
    git.read(&[&listing]).ok()?.into_iter().next()
}

impl Metadata {
    fn look(&self) -> Option<World<'_>> {
        World::look(&self.tree, &self.repository, View::Supported).ok()
    }
}

/// What is said of a tree whose janitors are not those of the published branch.
const OTHER_CHAIN: &str = "!! the chain of janitors here does not continue that of the published branch: what is \
said to be new may take something from somebody there";

const UNCOMPARED: &str = "what is said to be new may take something from somebody there";

/// Whether one chain has all links of another.
pub fn is_continued(now: &World<'_>, world: &World<'_>) -> bool {
    world.chain().digests().starts_with(now.chain().digests())
}

/// What it takes to know what counts there.
fn read(root: &Path, extent: &Extent) -> Result<Option<Metadata>, GitError> {
    let git = Git::open(root, Where::Directory)?;
    let Some(commit) = git.published() else {
        return Ok(None);
    };
    let tree = git.tree_of(&commit)?;
    let mut listing = git.list_part(&tree, extent)?;
    // To read bundles takes all that they were shortened by.
    let published = !listing.only(|p| p.starts_with(BUNDLES)).paths().is_empty();
    if published && *extent != Extent::Whole {
        listing = git.list(&tree)?;
    }
    let listing = listing.only(|path| {
        published
            || !matches!(
                Place::of(path),
                Ok(Place::Opam(_)
                    | Place::File(..)
                    | Place::Old(..)
                    | Place::Misplaced(_)
                    | Place::Stray(_)
                    | Place::Snapshot)
            )
    });
    let Some(tree) = git.read(&[&listing])?.into_iter().next() else {
        return Ok(None);
    };
    let tree = evidence(tree);
    // A branch without commits has nothing in it.
    let is_below = match git.commit("HEAD") {
        Ok(head) => git.common(&commit, &head)?.as_ref() == Some(&commit),
        Err(_) => false,
    };
    let mut repository = Repository::load(&tree);
    if let Extent::Packages(packages) = extent {
        keep_packages(&mut repository, packages);
    }
    Ok(Some(Metadata {
        repository,
        tree,
        is_below,
    }))
}
