//! What a branch had once and has no more.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use super::error::told_in;
use super::{Git, GitError, Oid};

/// Where the files of ids are.
const IDS: &str = "packages/.conex/ids";

/// How much of a line is looked at: no key is longer.
const MAX_LINE: u64 = 4096;

impl Git {
    /// Those of some keys that a file of an id listed in an earlier state of a branch, and that none
    /// lists in its present one. A key is given as files write it, without quotes.
    ///
    /// # Errors
    /// The history is cut off, or git fails.
    pub fn removed_keys(
        &self,
        branch: &Oid,
        keys: &BTreeSet<String>,
    ) -> Result<BTreeSet<String>, GitError> {
        let listing = self.list(&self.tree_of(branch)?)?.below(IDS);
        let mut wanted = keys.clone();
        for tree in self.read(&[&listing])? {
            for bytes in tree.files.values() {
                for key in quoted(bytes) {
                    wanted.remove(key);
                }
            }
        }
        if wanted.is_empty() {
            return Ok(wanted);
        }
        if self.shallow {
            return Err(GitError::CutOff);
        }
        // Only what was published: a merge is compared with the state before it.
        let args = [
            "log",
            "--first-parent",
            "-m",
            "--format=",
            "--patch",
            "--unified=0",
            "--text",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            branch.as_str(),
            "--",
            IDS,
        ];
        let (mut child, errors) = self.stream(&args, Stdio::null())?;
        let failed = |why: String| GitError::Failed { verb: "log", why };
        let mut removed = BTreeSet::new();
        let mut result = Ok(());
        if let Some(out) = child.stdout.take() {
            let mut out = BufReader::with_capacity(1 << 16, out);
            let mut line = Vec::new();
            loop {
                line.clear();
                match out.by_ref().take(MAX_LINE).read_until(b'\n', &mut line) {
                    Ok(0) => break,
                    Ok(_) if line.starts_with(b"-") => {
                        let keys = quoted(&line).filter(|key| wanted.contains(*key));
                        removed.extend(keys.map(str::to_owned));
                    }
                    Ok(_) => {}
                    Err(e) => {
                        result = Err(failed(e.to_string()));
                        break;
                    }
                }
            }
        }
        let status = child.wait().map_err(GitError::NoGit)?;
        result?;
        if !status.success() {
            return Err(failed(told_in(errors, status)));
        }
        Ok(removed)
    }
}

/// What stands between quotes; no key has a quote in it.
fn quoted(text: &[u8]) -> impl Iterator<Item = &str> {
    let parts = text.split(|&b| b == b'"').skip(1).step_by(2);
    parts.filter_map(|part| std::str::from_utf8(part).ok())
}
