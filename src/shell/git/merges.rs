//! Who changed which releases when, by the first parents of a branch.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use super::error::{GitError, told_in};
use super::oid::Oid;
use super::repository::Git;
use crate::bootstrap::history::Change;
use conex_verify::format::name::{Id, PackageName, Release};
use conex_verify::format::path::Place;

/// How much of one commit is looked at: an import of all releases is shorter.
const MAX_COMMIT: u64 = 64 << 20;

/// How a forge words the merge of a pull request, before the account and the branch.
const MERGE: &str = "Merge pull request #";

impl Git {
    /// The changes of releases in the history of a branch, the newest first. Whoever wrote and
    /// merged them is a word that only links them, and is handed on to nobody.
    ///
    /// # Errors
    /// The history is cut off, or git fails.
    pub fn changes_of_releases(&self, branch: &Oid) -> Result<Vec<Change>, GitError> {
        if self.shallow {
            return Err(GitError::CutOff);
        }
        let mut merged = Vec::new();
        self.each_commit(
            &[
                "--first-parent",
                "-m",
                "--name-status",
                "--relative",
                "--no-renames",
                "--format=%x01%ct%x00%P%x00%ae%x00%s%x00",
                branch.as_str(),
                "--",
                "packages",
            ],
            |commit| merged.extend(Merged::read(commit)),
        )?;
        let wanted: BTreeSet<String> = merged.iter().filter_map(|m| m.head.clone()).collect();
        let mut authors: BTreeMap<String, Box<str>> = BTreeMap::new();
        self.each_commit(&["--format=%x01%H%x00%ae", branch.as_str()], |commit| {
            let mut parts = commit.split('\0');
            if let (Some(commit), Some(author)) = (parts.next(), parts.next())
                && wanted.contains(commit)
            {
                authors.insert(commit.to_owned(), author.trim().to_lowercase().into());
            }
        })?;
        for merged in &mut merged {
            let author = merged.head.as_ref().and_then(|head| authors.get(head));
            if let Some(author) = author {
                merged.change.author = author.clone();
            }
        }
        Ok(merged.into_iter().map(|merged| merged.change).collect())
    }

    /// Hands over what `git log` says of each commit, by a format that starts with a byte 1.
    fn each_commit(&self, args: &[&str], mut take: impl FnMut(&str)) -> Result<(), GitError> {
        let args = [&["log", "-z"], args].concat();
        let (mut child, errors) = self.stream(&args, Stdio::null())?;
        let failed = |why: String| GitError::Failed { verb: "log", why };
        let mut read = Ok(());
        if let Some(out) = child.stdout.take() {
            let mut out = BufReader::with_capacity(1 << 16, out);
            let mut commit = Vec::new();
            loop {
                commit.clear();
                match out.by_ref().take(MAX_COMMIT).read_until(1, &mut commit) {
                    Ok(0) => break,
                    Ok(_) => {
                        let commit = commit.strip_suffix(&[1]).unwrap_or(&commit);
                        take(&String::from_utf8_lossy(commit));
                    }
                    Err(e) => {
                        read = Err(failed(e.to_string()));
                        break;
                    }
                }
            }
        }
        if read.is_err() {
            let _ = child.kill();
        }
        let status = child.wait().map_err(GitError::NoGit)?;
        read?;
        match status.success() {
            true => Ok(()),
            false => Err(failed(told_in(errors, status))),
        }
    }
}

/// A commit of the branch, and what it merged.
struct Merged {
    change: Change,
    /// The commit that was merged, if one was.
    head: Option<String>,
}

impl Merged {
    fn read(commit: &str) -> Option<Merged> {
        let mut parts = commit.split('\0');
        let time = parts.next()?.trim().parse().ok()?;
        let parents = parts.next()?;
        let author: Box<str> = parts.next()?.to_lowercase().into();
        let subject = parts.next()?;
        let (mut added, mut releases) = (BTreeSet::<PackageName>::new(), 0);
        let mut files = parts.filter(|part| !part.trim().is_empty());
        while let (Some(status), Some(path)) = (files.next(), files.next()) {
            if let ("A", Ok(Place::Opam(release))) = (status.trim(), Place::of(path)) {
                added.insert(Release::name(&release));
                releases += 1;
            }
        }
        Some(Merged {
            change: Change {
                time,
                head: account(subject),
                author: author.clone(),
                merger: author,
                added,
                releases,
            },
            head: parents.split(' ').nth(1).map(str::to_owned),
        })
    }
}

/// The account at the head of a pull request, by the usual message of its merge.
fn account(subject: &str) -> Option<Id> {
    let (_, from) = subject.strip_prefix(MERGE)?.split_once(" from ")?;
    Id::new(from.split_once('/')?.0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_of_a_merge_names_the_account() {
        let named = |subject| account(subject).map(|id| id.to_string());
        assert_eq!(
            named("Merge pull request #7 from ann/fix/it").as_deref(),
            Some("ann")
        );
        for other in [
            "Merge pull request #7",
            "Merge branch 'ann/fix'",
            "Fix (#7)",
            "Merge pull request #7 from /x",
        ] {
            assert_eq!(named(other), None, "{other}");
        }
    }
}
