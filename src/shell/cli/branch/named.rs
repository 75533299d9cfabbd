//! Which branch is meant, by what was typed.

use crate::hint::Hint;
use crate::shell::cli::complete::{Completes, Source};
use std::path::Path;

use clap::Args;

use crate::shell::cli::failure::Failure;
use crate::shell::git::{Git, Where, pull_names};

/// What says where else than in the work tree somebody works.
#[derive(Debug, Clone, Args)]
pub struct BranchArgs {
    /// Work on this branch of a remote, not on the work tree: fetch it, show it, and push what is signed on top of it
    #[arg(long, value_name = "REMOTE/BRANCH", group = "theirs", add = Completes(&[Source::RemoteBranches]))]
    pub branch: Option<String>,
    /// The same with pull request N, which the forge of the published branch keeps as refs/pull/N/head
    #[arg(long, value_name = "N", group = "theirs", add = Completes::NOTHING)]
    pub pull: Option<u64>,
    /// With --branch or --pull: the published branch [default: that of the remote `origin`]
    #[arg(long, value_name = "REMOTE/BRANCH", requires = "theirs", add = Completes(&[Source::RemoteBranches]))]
    pub base: Option<String>,
    /// With --branch or --pull: your remote, whose branch conex/NAME gets what the branch itself does not take [default: origin]
    #[arg(long, value_name = "REMOTE", requires = "theirs", add = Completes(&[Source::Remotes]))]
    pub to: Option<String>,
    /// With --branch or --pull: merge into the published branch as well, if `check` has nothing against it and nothing waits any more
    #[arg(long, requires = "theirs")]
    pub merge: bool,
    /// With --branch or --pull: keep the commit here, and say how it is pushed
    #[arg(long, requires = "theirs", conflicts_with = "merge")]
    pub no_push: bool,
}

impl BranchArgs {
    /// Whether a branch is meant, and not the work tree.
    pub fn is_given(&self) -> bool {
        self.branch.is_some() || self.pull.is_some()
    }
}

/// A branch of a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The remote.
    pub remote: String,
    /// The name of the reference there.
    pub name: String,
}

impl Place {
    fn branch(remote: &str, branch: &str) -> Place {
        Place {
            remote: remote.to_owned(),
            name: format!("{HEADS}{branch}"),
        }
    }

    /// As people call it.
    pub fn text(&self) -> String {
        let name = self.name.strip_prefix(HEADS).unwrap_or(&self.name);
        format!("{}/{name}", self.remote)
    }

    /// The branch, without its remote.
    pub fn short(&self) -> &str {
        self.name.strip_prefix(HEADS).unwrap_or(&self.name)
    }
}

/// Where branches are.
pub const HEADS: &str = "refs/heads/";

/// Where branches are that carry what another branch does not take.
const CARRIERS: &str = "conex/";

/// What was typed, and what it means here.
#[derive(Debug)]
pub struct Named {
    /// The repository.
    pub git: Git,
    /// What somebody else wrote: the references by which it may be found, the first that is
    /// there.
    pub theirs: Vec<Place>,
    /// What people call that.
    pub text: String,
    /// Whether something can be pushed there.
    pub is_branch: bool,
    /// The published branch.
    pub base: Place,
    /// The branch that carries what that of somebody else does not take.
    pub carrier: Place,
    /// The name below `refs/conex/`.
    pub kept: String,
}

impl Named {
    /// Reads what was typed.
    ///
    /// # Errors
    /// No repository of git, no such remote, or no published branch that is known.
    pub fn new(root: &Path, args: &BranchArgs) -> Result<Named, Failure> {
        let git = Git::open(root, Where::Directory)?;
        let remotes = git.remotes()?;
        let base = published(&git, &remotes, args.base.as_deref(), None)?;
        let (theirs, text, kept) = match (&args.branch, args.pull) {
            (Some(text), _) => {
                let place = place(text, &remotes)?;
                let branch = place.short();
                let branch = branch.strip_prefix(CARRIERS).unwrap_or(branch);
                // Many forks have a branch of the same name.
                let kept = match place.remote == base.remote {
                    true => branch.to_owned(),
                    false => format!("{}/{branch}", place.remote),
                };
                (vec![place.clone()], place.text(), kept)
            }
            (None, Some(n)) => {
                let places = pull_names(n).map(|name| Place {
                    remote: base.remote.clone(),
                    name,
                });
                let text = format!("pull request {n}");
                (places.to_vec(), text, format!("pull-{n}"))
            }
            (None, None) => return Err(Failure::usage("no branch is named", "")),
        };
        if theirs.contains(&base) {
            return Err(Failure::usage(
                format!("`{text}` is the published branch"),
                Hint::BranchOfItsOwn,
            ));
        }
        let to = match &args.to {
            Some(name) => known(name, &remotes)?,
            None => usual(&remotes).unwrap_or_else(|| base.remote.clone()),
        };
        Ok(Named {
            carrier: Place::branch(&to, &format!("{CARRIERS}{kept}")),
            is_branch: args.branch.is_some(),
            git,
            theirs,
            text,
            base,
            kept,
        })
    }
}

/// The remote that is meant where none is named.
fn usual(remotes: &[String]) -> Option<String> {
    let origin = remotes.iter().find(|name| *name == "origin");
    match (origin, remotes) {
        (Some(origin), _) => Some(origin.clone()),
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    }
}

fn known(name: &str, remotes: &[String]) -> Result<String, Failure> {
    let found = remotes.iter().find(|remote| *remote == name);
    found.cloned().ok_or_else(|| {
        Failure::usage(
            format!("there is no remote `{name}` in this clone"),
            match remotes {
                [] => format!("there is none at all; {}", Hint::AddRemote),
                some => format!("there are: {}", some.join(", ")),
            },
        )
    })
}

/// `REMOTE/BRANCH`. The names of remotes can have slashes as well.
fn place(text: &str, remotes: &[String]) -> Result<Place, Failure> {
    let found = remotes.iter().filter_map(|remote| {
        let branch = text.strip_prefix(remote.as_str())?.strip_prefix('/')?;
        Some((remote, branch))
    });
    let found = found.max_by_key(|(remote, _)| remote.len());
    let sound = |branch: &str| {
        let forbidden = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
        let part = |part: &str| {
            !part.is_empty()
                && !part.starts_with(['.', '-'])
                && !part.ends_with('.')
                && !part.ends_with(".lock")
        };
        !branch.contains("..")
            && !branch.contains("@{")
            && !branch.contains(forbidden)
            && branch.split('/').all(part)
    };
    match found {
        Some((remote, branch)) if sound(branch) => Ok(Place::branch(remote, branch)),
        _ => Err(Failure::usage(
            format!("`{text}` is not a branch of a remote"),
            match usual(remotes) {
                Some(remote) => format!("name it as REMOTE/BRANCH: {remote}/BRANCH"),
                None => Hint::NameRemote.to_string(),
            },
        )),
    }
}

/// The published branch: the one that was named, or that of a remote.
///
/// # Errors
/// It is not known which one that is.
pub fn published(
    git: &Git,
    remotes: &[String],
    base: Option<&str>,
    remote: Option<&str>,
) -> Result<Place, Failure> {
    if let Some(text) = base {
        return place(text, remotes);
    }
    let remote = match remote {
        Some(name) => known(name, remotes)?,
        None => usual(remotes).ok_or_else(|| match remotes {
            [] => Failure::usage("this clone has no remote", Hint::AddRemote),
            _ => Failure::usage(
                "it is not known which branch is published: there is no remote `origin`",
                "name it with --base REMOTE/BRANCH",
            ),
        })?,
    };
    match git.main_branch(&remote) {
        Some(branch) => Ok(Place::branch(&remote, &branch)),
        None => Err(Failure::usage(
            format!("it is not known which branch of `{remote}` is the published one"),
            Hint::SetHead { remote },
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_that_of_the_remote_with_the_longest_name() {
        let remotes = ["origin", "carl", "carl/fork"].map(str::to_owned);
        for (text, expected) in [
            ("origin/join", Some(("origin", "refs/heads/join"))),
            ("origin/a/b", Some(("origin", "refs/heads/a/b"))),
            ("carl/fork/join", Some(("carl/fork", "refs/heads/join"))),
            ("carl/join", Some(("carl", "refs/heads/join"))),
            ("join", None),
            ("bob/join", None),
            ("origin/", None),
            ("origin/-x", None),
            ("origin/a:refs/heads/main", None),
            ("origin/*", None),
            ("origin/a..b", None),
            ("origin/a//b", None),
            ("--upload-pack=x/y", None),
        ] {
            let found = place(text, &remotes).ok();
            let found = found.as_ref().map(|p| (&*p.remote, &*p.name));
            assert_eq!(found, expected, "{text}");
        }
    }
}
