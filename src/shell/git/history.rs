//! What a branch had once and has no more.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use super::error::{GitError, told_in};
use super::oid::Oid;
use super::repository::Git;
use conex_verify::format::digest::Digest;
use conex_verify::tree::Bytes;

/// Where the files of ids are.
const IDS: &str = "packages/.conex/ids";

/// How much of a line is looked at: no key is longer.
const MAX_LINE: u64 = 4096;

/// How many paths one run of git is asked for.
const PATHS: usize = 500;

/// How many commits that touch a wanted file are looked at.
const MAX_TOUCHING: usize = 400;

impl Git {
    /// Files as they were in the history of a commit: of each path the content with this
    /// digest. What is not found is left out: because it never was there, the history is cut off,
    /// or it is too far back.
    ///
    /// # Errors
    /// git fails.
    pub fn versions(
        &self,
        head: &Oid,
        wanted: &BTreeMap<String, Digest>,
    ) -> Result<BTreeMap<String, Bytes>, GitError> {
        let mut found = BTreeMap::new();
        let paths: Vec<&str> = wanted.keys().map(String::as_str).collect();
        let most = format!("--max-count={MAX_TOUCHING}");
        for paths in paths.chunks(PATHS) {
            for (oid, touched) in self.touching(head, &[&most], paths)? {
                let touched: Vec<&str> = touched
                    .iter()
                    .map(String::as_str)
                    .filter(|path| wanted.contains_key(*path) && !found.contains_key(*path))
                    .collect();
                if touched.is_empty() {
                    continue;
                }
                let listing = self.list_below(&self.tree_of(&oid)?, &touched)?;
                for tree in self.read(&[&listing])? {
                    for (path, bytes) in tree.files {
                        if wanted.get(&path) == Some(&Digest::of(&bytes)) {
                            found.insert(path, bytes);
                        }
                    }
                }
            }
        }
        Ok(found)
    }

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

impl Git {
    /// The files that lay in some directories when they last went, of those directories that ever
    /// did: their paths.
    ///
    /// # Errors
    /// The history is cut off, or git fails.
    pub fn last_files(
        &self,
        branch: &Oid,
        directories: &BTreeSet<String>,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, GitError> {
        if !directories.is_empty() && self.shallow {
            return Err(GitError::CutOff);
        }
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let paths: Vec<&str> = directories.iter().map(String::as_str).collect();
        for paths in paths.chunks(PATHS) {
            // The newest commit comes first.
            for (_, files) in self.touching(branch, &["--diff-filter=D"], paths)? {
                let mut of_commit: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
                for file in files {
                    let mut above = file.match_indices('/').map(|(at, _)| &file[..at]);
                    let dir = above.find(|dir| directories.contains(*dir));
                    if let Some(dir) = dir.map(str::to_owned) {
                        of_commit.entry(dir).or_default().insert(file);
                    }
                }
                for (dir, files) in of_commit {
                    found.entry(dir).or_insert(files);
                }
            }
        }
        Ok(found)
    }
}

impl Git {
    /// The commits along the first parents of `head`, the newest first, that touch some paths, each
    /// with the files that it touches there.
    fn touching(
        &self,
        head: &Oid,
        options: &[&str],
        paths: &[&str],
    ) -> Result<Vec<(Oid, Vec<String>)>, GitError> {
        let mut args = vec![
            "log",
            "--first-parent",
            "-m",
            "-z",
            "--format=%x01%H",
            "--name-only",
            "--relative",
            "--no-renames",
        ];
        args.extend(options);
        args.extend([head.as_str(), "--"]);
        args.extend(paths);
        let output = self.run(&args)?;
        if !output.status.success() {
            return Err(GitError::failed("log", &output));
        }
        let commits = output.stdout.split(|&b| b == 1).skip(1);
        let commits = commits.filter_map(|commit| {
            let mut parts = commit.split(|&b| b == 0 || b == b'\n');
            let oid = parts.next().and_then(Oid::new)?;
            let files = parts.filter_map(|path| std::str::from_utf8(path).ok());
            let files = files.filter(|path| !path.is_empty()).map(str::to_owned);
            Some((oid, files.collect()))
        });
        Ok(commits.collect())
    }
}

/// What stands between quotes; no key has a quote in it.
fn quoted(text: &[u8]) -> impl Iterator<Item = &str> {
    let parts = text.split(|&b| b == b'"').skip(1).step_by(2);
    parts.filter_map(|part| std::str::from_utf8(part).ok())
}
