//! The commits of a branch and of the published one, as they are now, and what is in them.

use crate::hint::Hint;
use std::collections::{BTreeMap, BTreeSet};

use super::named::Named;

use crate::shell::cli::failure::Failure;
use crate::shell::cli::form::working;
use crate::shell::git::{Git, GitError, Listing, Merge, Oid};
use crate::shell::out::sayln;
use crate::shell::progress;
use crate::shell::report::neutral;
use conex_verify::format::path::Place;
use conex_verify::tree::Tree;

/// What was fetched.
#[derive(Debug)]
pub struct Fetched {
    /// What the names mean.
    pub named: Named,
    /// The last commit of the published branch.
    pub base: Oid,
    /// The last commit of the branch.
    pub head: Oid,
    /// The last commit of the branch that carries what others signed already, if there is one.
    pub carrier: Option<Oid>,
    /// On top of what somebody works: the branch, or what carries it; both, where each of them
    /// has something that the other lacks.
    pub parents: Vec<Oid>,
    /// The tree of that, from git's top on.
    pub whole: Oid,
}

/// What is in the commits.
#[derive(Debug)]
pub struct Trees {
    /// The published branch.
    pub base: Tree,
    /// What somebody works on.
    pub now: Tree,
    /// The paths that this changes against the published branch.
    pub touched: BTreeSet<String>,
    /// The last commit that this and the published branch have in common.
    pub common: Vec<Oid>,
}

impl Fetched {
    /// Whether the branch has all commits of the published one.
    pub fn is_below(&self, trees: &Trees) -> bool {
        trees.common.contains(&self.base)
    }

    /// Fetches the branches that were named.
    ///
    /// # Errors
    /// A remote cannot be reached, a branch is not there, or what was signed of an earlier state
    /// of the branch and its present one do not go together.
    pub fn new(named: Named) -> Result<Fetched, Failure> {
        let (base, head, carrier) = commits(&named)?;
        let git = &named.git;
        let is_in =
            |old: &Oid, new: &Oid| Ok::<_, GitError>(git.common(old, new)?.as_ref() == Some(old));
        let mut parents = vec![head.clone()];
        let mut whole = git.whole_tree_of(&head)?;
        if let Some(tip) = &carrier
            // One that was merged, of another branch of this name, says nothing any more.
            && !is_in(tip, &base)?
            && !is_in(tip, &head)?
        {
            let place = named.carrier.text();
            if is_in(&head, tip)? {
                parents = vec![tip.clone()];
                whole = git.whole_tree_of(tip)?;
            } else {
                // Another branch of this name, or a state that its author has rewritten.
                let shared = git.common(tip, &head)?;
                let related = match &shared {
                    Some(shared) => !is_in(shared, &base)?,
                    None => false,
                };
                if !related {
                    return Err(stale(&named, ""));
                }
                // A tree that is too large is not merged: git has no limits.
                sound(&git.list(&git.tree_of(tip)?)?, &place)?;
                sound(&git.list(&git.tree_of(&head)?)?, &named.text)?;
                whole = match git.merge(tip, &head)? {
                    Merge::Clean(tree) => tree,
                    Merge::Conflict(_) | Merge::Unrelated => return Err(stale(&named, "")),
                };
                parents = vec![tip.clone(), head.clone()];
            }
            sayln!("on top of `{}`, which carries it", neutral(&place));
        }
        Ok(Fetched {
            base,
            head,
            carrier,
            parents,
            whole,
            named,
        })
    }

    /// The repository.
    pub fn git(&self) -> &Git {
        &self.named.git
    }

    /// Reads both trees.
    ///
    /// # Errors
    /// A tree that is above a limit, or that git itself would not make.
    pub fn read(&self) -> Result<Trees, Failure> {
        let git = self.git();
        let _progress = progress::start("reading");
        let base = git.list(&git.tree_of(&self.base)?)?;
        let now = git.list(&git.inside(&self.whole)?)?;
        sound(&base, &self.named.base.text())?;
        sound(&now, &self.named.text)?;
        if self.parents != [self.head.clone()] {
            let theirs = git.list(&git.tree_of(&self.head)?)?;
            // Of what the branch is now, its carrier has nothing more than what was signed: what the
            // author took back does not come back with it.
            let more = &now.changed(&theirs) & &now.changed(&base);
            if let Some(path) = more.iter().find(|path| !is_of_signers(path)) {
                return Err(stale(&self.named, &format!(": `{path}` differs")));
            }
        }
        let mut common = Vec::new();
        let mut touched: Option<BTreeSet<String>> = None;
        for parent in &self.parents {
            let start = git.common(&self.base, parent)?;
            let start = start.ok_or(GitError::Unrelated)?;
            // What is as it was in any state of the published branch is none of this branch's.
            let changed = now.changed(&git.list(&git.tree_of(&start)?)?);
            touched = Some(match touched {
                Some(before) => before.intersection(&changed).cloned().collect(),
                None => changed,
            });
            common.push(start);
        }
        let mut trees = git.read(&[&base, &now])?.into_iter();
        let (Some(base), Some(now)) = (trees.next(), trees.next()) else {
            return Err(Failure::usage("git gave no trees", ""));
        };
        let base = working(base, &self.named.base.text())?;
        let now = working(now, &self.named.text)?;
        Ok(Trees {
            base,
            now,
            touched: touched.unwrap_or_default(),
            common,
        })
    }
}

/// Whether a path is one that `approve` and `sign` write.
fn is_of_signers(path: &str) -> bool {
    matches!(
        Place::of(path),
        Ok(Place::Segment(..) | Place::Link(_) | Place::Checksum(_) | Place::Releases(_))
    )
}

/// What carries the branch does not go together with what the branch is now.
fn stale(named: &Named, why: &str) -> Failure {
    let carrier = &named.carrier;
    Failure::refused(
        format!(
            "`{}` carries another state of {}, and the two do not go together{why}",
            carrier.text(),
            named.text
        ),
        Hint::StaleCarrier {
            remote: carrier.remote.clone(),
            short: carrier.short().to_owned(),
            text: carrier.text(),
        },
    )
}

/// Refuses a tree of which nothing can be said.
///
/// # Errors
/// It is above a limit, or git itself would not make it.
pub fn sound(listing: &Listing, name: &str) -> Result<(), Failure> {
    let defects = match listing.is_over() {
        true => listing.defects(),
        false => listing.forged(),
    };
    if defects.is_empty() {
        return Ok(());
    }
    Err(Failure {
        findings: defects.iter().map(|d| d.finding()).collect(),
        ..Failure::refused(format!("{name} cannot be worked with as it is"), "")
    })
}

/// The published commit, that of the branch, and that of what carries it.
fn commits(named: &Named) -> Result<(Oid, Oid, Option<Oid>), Failure> {
    let carrier = &named.carrier;
    let mut last = None;
    for theirs in &named.theirs {
        let mut wanted: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for place in [&named.base, theirs] {
            let names = wanted.entry(&place.remote).or_default();
            names.insert(place.name.clone());
        }
        if theirs != carrier {
            // With a star it need not be there.
            let names = wanted.entry(&carrier.remote).or_default();
            names.insert(format!("{}*", carrier.name));
        }
        let mut found = BTreeMap::new();
        let mut missing = None;
        for (remote, names) in wanted {
            let names: Vec<String> = names.into_iter().collect();
            match named.git.fetch(remote, &names) {
                Ok(commits) => {
                    let commits = commits.into_iter();
                    found.extend(commits.map(|(name, oid)| ((remote.to_owned(), name), oid)));
                }
                Err(GitError::NotThere { name, .. }) if name == theirs.name => {
                    missing = Some(name);
                    break;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if let Some(name) = missing {
            last = Some((theirs.remote.clone(), name));
            continue;
        }
        let of =
            |remote: &str, name: &str| found.get(&(remote.to_owned(), name.to_owned())).cloned();
        let there = |remote: &str, name: &str| {
            of(remote, name).ok_or_else(|| GitError::NotThere {
                remote: remote.to_owned(),
                name: name.to_owned(),
            })
        };
        let tip = (theirs != carrier).then(|| of(&carrier.remote, &carrier.name));
        return Ok((
            there(&named.base.remote, &named.base.name)?,
            there(&theirs.remote, &theirs.name)?,
            tip.flatten(),
        ));
    }
    let (remote, name) = last.unwrap_or_default();
    let what = match named.is_branch {
        true => format!(
            "the remote `{remote}` has no branch `{}`",
            name.trim_start_matches("refs/heads/")
        ),
        false => format!("the remote `{remote}` keeps no {}", named.text),
    };
    Err(Failure::usage(
        what,
        Hint::NotThere {
            remote: remote.to_owned(),
        },
    ))
}
