//! Other repositories, as this one names them: what is fetched from them, and pushed to them.
//!
//! What comes from there is hostile until it was looked at. It becomes objects and nothing else:
//! nothing is checked out, no submodule is fetched, no hook of this repository runs, and what was
//! fetched has a name only until it is known which commit it is.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::process::{Command, Output, Stdio};

use super::command::command;
use super::error::{GitError, told, told_by_remote};
use super::oid::Oid;
use super::repository::Git;
use crate::shell::process::is_gone;

/// What of the environment says how other machines are reached.
const REACH: [&str; 7] = [
    "GIT_SSH",
    "GIT_ASKPASS",
    "GIT_SSL_",
    "GIT_HTTP_",
    "GIT_PROXY_",
    "GIT_ALLOW_PROTOCOL",
    "GIT_PROTOCOL",
];

/// Below this name, in a directory of each run's own, is what was fetched, until it is known which
/// commit each is.
const FETCHED: &str = "refs/conex-fetched/";

/// What comes of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// It is there.
    Done,
    /// The branch is not any more at the commit at which it was.
    Moved,
    /// The other side does not take it, and says this.
    Refused(String),
}

impl Git {
    /// `git`, for what goes over the network, and in the repository itself.
    pub(super) fn afar(&self) -> Command {
        let mut command = command(&self.dir, self.place);
        for (name, value) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if REACH.iter().any(|kept| text.starts_with(kept)) {
                command.env(&name, value);
            }
        }
        if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
            command.env_remove("GIT_TERMINAL_PROMPT");
        }
        command.args(NO_HOOKS);
        command
    }

    /// The names of the remotes.
    ///
    /// # Errors
    /// git fails.
    pub fn remotes(&self) -> Result<Vec<String>, GitError> {
        let output = self.run(&["remote"])?;
        if !output.status.success() {
            return Err(GitError::failed("remote", &output));
        }
        let names = String::from_utf8_lossy(&output.stdout);
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// The branch that a remote calls its own, as far as this clone knows: its HEAD, or else
    /// one of the usual names.
    pub fn main_branch(&self, remote: &str) -> Option<String> {
        let tracked = format!("refs/remotes/{remote}/");
        let head = format!("{tracked}HEAD");
        let said = self.run(&["symbolic-ref", "--quiet", &head]).ok();
        let said = said.filter(|output| output.status.success());
        let name = said.and_then(|output| {
            let name = String::from_utf8(output.stdout).ok()?;
            Some(name.trim_end().strip_prefix(&tracked)?.to_owned())
        });
        name.or_else(|| {
            let there = |name: &&&str| self.commit(&format!("{tracked}{name}")).is_ok();
            let usual = ["main", "master"].iter().find(there);
            usual.map(|name| (*name).to_owned())
        })
    }

    /// Fetches references of a remote; one `*` in a name stands for anything, nothing included.
    /// They are given by their names there. Branches that this clone follows move with it, as
    /// with every `git fetch`.
    ///
    /// # Errors
    /// The remote cannot be reached, or does not have one of them.
    pub fn fetch(
        &self,
        remote: &str,
        wanted: &[String],
    ) -> Result<BTreeMap<String, Oid>, GitError> {
        self.forget_of_the_dead()?;
        let ours = format!("{FETCHED}{}/", std::process::id());
        let mut git = self.afar();
        git.args(["fetch", "--quiet", "--no-tags", "--no-prune"])
            .args(["--no-recurse-submodules", "--no-auto-maintenance"])
            .args(["--no-write-fetch-head", "--end-of-options", remote]);
        for name in wanted {
            let below = name.strip_prefix("refs/").unwrap_or(name);
            git.arg(format!("+{name}:{ours}{below}"));
        }
        let output = git.output().map_err(GitError::NoGit)?;
        let fetched = self.names(&ours);
        self.forget(fetched.as_ref().map_or(&BTreeMap::new(), |names| names))?;
        if !output.status.success() {
            return Err(self.not_fetched(remote, &output));
        }
        let fetched = fetched?.into_iter();
        let named = fetched.filter_map(|(name, oid)| {
            let below = name.strip_prefix(&ours)?;
            Some((format!("refs/{below}"), oid))
        });
        Ok(named.collect())
    }

    /// Takes away the names of what runs fetched that were killed; also of one that had the number
    /// of this process.
    fn forget_of_the_dead(&self) -> Result<(), GitError> {
        let mut names = self.names(FETCHED)?;
        names.retain(|name, _| {
            let below = name.strip_prefix(FETCHED).unwrap_or_default();
            let number = below.split('/').next().and_then(|text| text.parse().ok());
            number.is_none_or(|number| number == std::process::id() || is_gone(number))
        });
        self.forget(&names)
    }

    fn not_fetched(&self, remote: &str, output: &Output) -> GitError {
        let text = String::from_utf8_lossy(&output.stderr);
        let missing = text
            .lines()
            .find_map(|line| line.split_once("couldn't find remote ref "));
        match missing {
            Some((_, name)) => GitError::NotThere {
                remote: remote.to_owned(),
                name: name.trim().to_owned(),
            },
            None => GitError::Remote {
                remote: remote.to_owned(),
                why: told_by_remote(output),
            },
        }
    }

    /// References below a name, and what they are.
    pub(super) fn names(&self, below: &str) -> Result<BTreeMap<String, Oid>, GitError> {
        let output = self.run(&["for-each-ref", "--format=%(objectname) %(refname)", below])?;
        if !output.status.success() {
            return Err(GitError::failed("for-each-ref", &output));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let lines = text.lines().filter_map(|line| line.split_once(' '));
        Ok(lines
            .filter_map(|(oid, name)| Some((name.to_owned(), Oid::new(oid.as_bytes())?)))
            .collect())
    }

    /// Takes names away. The objects stay until git cleans up, which is after weeks.
    pub(super) fn forget(&self, names: &BTreeMap<String, Oid>) -> Result<(), GitError> {
        if names.is_empty() {
            return Ok(());
        }
        let mut lines = Vec::new();
        for name in names.keys() {
            writeln!(lines, "delete {name}").map_err(GitError::Scratch)?;
        }
        let mut git = self.afar();
        git.args(["update-ref", "--stdin"]);
        let output = answer("update-ref", git, &lines)?;
        match output.status.success() {
            true => Ok(()),
            false => Err(GitError::failed("update-ref", &output)),
        }
    }

    /// Pushes a commit to a branch of a remote, if that is still where it was: at `expected`, or
    /// not there at all.
    ///
    /// # Errors
    /// git cannot be run.
    pub fn push(
        &self,
        remote: &str,
        commit: &Oid,
        to: &str,
        expected: Option<&Oid>,
    ) -> Result<Pushed, GitError> {
        let expected = expected.map_or("", Oid::as_str);
        let output = self
            .afar()
            .args(["push", "--porcelain", "--no-verify", "--no-follow-tags"])
            .arg("--no-recurse-submodules")
            // Not "by force": what is pushed is on top of what is expected there, or that is merged.
            // Git itself would let a branch come back that was taken back meanwhile.
            .arg(format!("--force-with-lease={to}:{expected}"))
            .args(["--end-of-options", remote])
            .arg(format!("{}:{to}", commit.as_str()))
            .output()
            .map_err(GitError::NoGit)?;
        if output.status.success() {
            return Ok(Pushed::Done);
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().find(|line| line.starts_with('!'));
        let why = line.and_then(|line| line.splitn(3, '\t').nth(2));
        let moved = match why {
            Some(why) if why.starts_with("[rejected]") => true,
            // Somebody was faster between the first look and the last.
            Some(_) => self
                .tip(remote, to)
                .is_some_and(|tip| tip.as_str() != expected),
            None => false,
        };
        Ok(match why {
            _ if moved => Pushed::Moved,
            Some(why) => Pushed::Refused(why.to_owned()),
            None => Pushed::Refused(told_by_remote(&output)),
        })
    }

    /// Where a branch of a remote is now, if it can be said.
    fn tip(&self, remote: &str, name: &str) -> Option<Oid> {
        let mut git = self.afar();
        git.args(["ls-remote", "--refs", "--end-of-options", remote, name]);
        let output = git.output().ok().filter(|o| o.status.success())?;
        let oid = output.stdout.split(|&b| b == b'\t').next()?;
        Oid::new(oid)
    }
}

/// No hook runs: neither one of this repository, nor what its configuration names.
pub(super) const NO_HOOKS: [&str; 2] = ["-c", "core.hooksPath=/dev/null"];

/// Runs `git` with something to read.
///
/// # Errors
/// It did not get all of it: what it makes of a part looks like an answer. That git fails is told by
/// its output.
pub(super) fn answer(
    verb: &'static str,
    mut git: Command,
    input: &[u8],
) -> Result<Output, GitError> {
    let mut child = git.stdin(Stdio::piped()).spawn().map_err(GitError::NoGit)?;
    let stdin = child.stdin.take();
    let given = stdin.map_or(Ok(()), |mut stdin| stdin.write_all(input));
    let output = child.wait_with_output().map_err(GitError::NoGit)?;
    match given {
        Err(e) if output.status.success() => Err(GitError::Failed {
            verb,
            why: format!("it got a part of what it was to read: {e}"),
        }),
        _ => Ok(output),
    }
}

/// What git answers in one word: an object.
pub(super) fn object(verb: &'static str, output: &Output) -> Result<Oid, GitError> {
    let oid = Oid::new(&output.stdout).filter(|_| output.status.success());
    oid.ok_or_else(|| GitError::Failed {
        verb,
        why: told(output),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `git hash-object` made an object of a part, and a branch with it was published.
    #[test]
    fn what_git_did_not_read_whole_is_no_answer() {
        let much = vec![b'x'; 1 << 20];
        let mut count = Command::new("wc");
        count.arg("-c").stdout(Stdio::piped());
        let counted = answer("wc", count, &much).unwrap().stdout;
        assert_eq!(counted.trim_ascii(), b"1048576");
        let read_nothing = answer("true", Command::new("true"), &much).unwrap_err();
        assert!(
            read_nothing.to_string().contains("a part"),
            "{read_nothing}"
        );
    }
}
