//! The pull requests that a forge keeps: references beside the branches, which stay for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use super::error::{GitError, told_by_remote, told_in};
use super::oid::Oid;
use super::repository::Git;

/// What stands before and behind the number in the name of such a reference: as most forges call
/// it, and as GitLab does.
const FORMS: [(&str, &str); 2] = [("refs/pull/", "/head"), ("refs/merge-requests/", "/head")];

/// The names that pull request `n` may have, the usual one first.
pub fn pull_names(n: u64) -> [String; 2] {
    FORMS.map(|(before, behind)| format!("{before}{n}{behind}"))
}

/// The number of the pull request of which this is the name.
fn number(name: &str) -> Option<u64> {
    FORMS.iter().find_map(|(before, behind)| {
        let text = name.strip_prefix(before)?.strip_suffix(behind)?;
        let n: u64 = text.parse().ok()?;
        (n.to_string() == text).then_some(n)
    })
}

impl Git {
    /// The pull requests that a remote keeps, by number: the name and the last commit of each. It
    /// is asked for names alone; nothing is fetched.
    ///
    /// # Errors
    /// The remote cannot be reached.
    pub fn pulls(&self, remote: &str) -> Result<BTreeMap<u64, (String, Oid)>, GitError> {
        let mut git = self.afar();
        git.args(["ls-remote", "--refs", "--end-of-options", remote]);
        git.args(FORMS.map(|(before, behind)| format!("{before}*{behind}")));
        let output = git.output().map_err(GitError::NoGit)?;
        if !output.status.success() {
            return Err(GitError::Remote {
                remote: remote.to_owned(),
                why: told_by_remote(&output),
            });
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let mut found = BTreeMap::new();
        for (oid, name) in text.lines().filter_map(|line| line.split_once('\t')) {
            if let (Some(n), Some(oid)) = (number(name), Oid::new(oid.as_bytes())) {
                found.entry(n).or_insert((name.to_owned(), oid));
            }
        }
        Ok(found)
    }

    /// Which of these commits are in the history of `tip`, as far as this clone has it.
    ///
    /// # Errors
    /// git fails.
    pub fn contained(
        &self,
        tip: &Oid,
        mut wanted: BTreeSet<Oid>,
    ) -> Result<BTreeSet<Oid>, GitError> {
        let mut found = BTreeSet::new();
        if wanted.is_empty() {
            return Ok(found);
        }
        let (mut child, errors) = self.stream(&["rev-list", tip.as_str()], Stdio::null())?;
        if let Some(out) = child.stdout.take() {
            for line in BufReader::new(out).split(b'\n') {
                let line = line.map_err(GitError::Scratch)?;
                let known = Oid::new(&line).and_then(|oid| wanted.take(&oid));
                found.extend(known);
            }
        }
        let status = child.wait().map_err(GitError::Scratch)?;
        match status.success() {
            true => Ok(found),
            false => Err(GitError::Failed {
                verb: "rev-list",
                why: told_in(errors, status),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_request_has_a_number_and_one_name() {
        for n in [1, 7, 12345] {
            for name in pull_names(n) {
                assert_eq!(number(&name), Some(n), "{name}");
            }
        }
        for name in [
            "refs/pull/7/merge",
            "refs/pull/07/head",
            "refs/pull/+7/head",
            "refs/pull/7/x/head",
            "refs/pull//head",
            "refs/heads/refs/pull/7/head",
            "refs/merge-requests/-1/head",
        ] {
            assert_eq!(number(name), None, "{name}");
        }
    }
}
