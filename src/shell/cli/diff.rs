//! What a janitor is about to vouch for, as a difference: the files of releases, against
//! the last version that somebody who counts vouched for.
//!
//! What is shown is what is vouched for: the new side is the tree that was judged, not what
//! git has of it; the old side is a release in git's history whose checksum is the very
//! version that was supported, and whose files fit it. Where there is none the files are
//! shown whole, and that is said.

use crate::hint::Hint;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use clap::Args;

use super::complete::Completes;
use super::failure::Failure;

use crate::plan::effect::counting;
use crate::plan::{Plan, World};
use crate::shell::git::{Git, Where};
use crate::shell::out::{raw_outln, sayln};
use crate::shell::report::neutral;
use conex_verify::format::digest::Digest;
use conex_verify::format::name::Release;
use conex_verify::format::path::{Place, release_dir};
use conex_verify::format::resource::{Checksum, Decode as _, FileDigest, Kind};
use conex_verify::tree::Bytes;

/// How much is shown of what is about to be signed.
#[derive(Debug, Clone, Args)]
pub struct Showing {
    /// Show first what changed in the files of the releases since somebody vouched for them
    #[arg(long)]
    pub diff: bool,
    /// With --diff, compare with this commit
    #[arg(long, value_name = "COMMIT", requires = "diff", add = Completes::BRANCH)]
    pub since: Option<String>,
    /// Name everything that is new, not the first of many
    #[arg(long)]
    pub all: bool,
}

impl Showing {
    /// Prints the difference of all releases in the plan, in the work tree, if it is wanted.
    ///
    /// # Errors
    /// git fails, or there is no commit of that name.
    pub fn show(&self, world: &World<'_>, plan: &Plan, root: &Path) -> Result<(), Failure> {
        let past = Past {
            now: world,
            root,
            head: "HEAD",
            published: Vec::new(),
        };
        self.show_from(&past, world, plan)
    }

    /// Prints the difference of all releases in the plan, which was made in `world`, if it is
    /// wanted.
    ///
    /// # Errors
    /// As for [`Showing::show`].
    pub fn show_from(
        &self,
        past: &Past<'_>,
        world: &World<'_>,
        plan: &Plan,
    ) -> Result<(), Failure> {
        match self.diff {
            true => show_since(past, self.since.as_deref(), world, plan),
            false => Ok(()),
        }
    }
}

/// How many commits before this one are looked through for what was vouched for.
const FIRST_PARENTS: usize = 20;

/// A file of a release before, by path in the repository.
type Files = BTreeMap<String, Bytes>;

/// Where the old side is looked for.
pub struct Past<'a> {
    /// What counts now.
    pub now: &'a World<'a>,
    /// The repository.
    pub root: &'a Path,
    /// The commit on which the work is done.
    pub head: &'a str,
    /// Commits of the published branch, in which the old side most likely is.
    pub published: Vec<String>,
}

/// Prints the difference of all releases in the plan, which was made in `world`, from the commit
/// `since`, or from the last version that was supported.
fn show_since(
    past: &Past<'_>,
    since: Option<&str>,
    world: &World<'_>,
    plan: &Plan,
) -> Result<(), Failure> {
    let mut wanted: BTreeMap<Release, Option<Digest>> = BTreeMap::new();
    for entry in plan
        .entries
        .iter()
        .filter(|e| e.resource.kind == Kind::Checksum)
    {
        let before = counting(past.now, &entry.resource).map(|version| version.digest);
        if let Ok(release) = Release::new(&entry.resource.name) {
            wanted.insert(release, before);
        }
    }
    if wanted.is_empty() {
        return Ok(());
    }
    let found = match (Git::open(past.root, Where::Directory), since) {
        (Ok(git), Some(name)) => at(&git, name, &wanted)?,
        (Ok(git), None) => vouched(&git, past, &wanted)?,
        (Err(error), Some(_)) => return Err(error.into()),
        (Err(_), None) => Found::default(),
    };
    print(world, &wanted, &found.files)?;
    let whole: Vec<&str> = wanted
        .keys()
        .filter(|r| !found.files.contains_key(*r))
        .map(Release::as_str)
        .collect();
    let count = |n: usize| {
        if n == 1 {
            "1 release".to_owned()
        } else {
            format!("{n} releases")
        }
    };
    if !whole.is_empty() {
        sayln!(
            "{} shown whole: there is nothing to compare with.",
            count(whole.len())
        );
    }
    if !found.unvouched.is_empty() {
        sayln!(
            "{} compared with what nobody vouched for: {}",
            count(found.unvouched.len()),
            super::todo::some(&found.unvouched, false)
        );
    }
    Ok(())
}

/// What there is to compare with.
#[derive(Default)]
struct Found {
    files: BTreeMap<Release, Files>,
    /// Releases whose old side is not the version that was supported.
    unvouched: Vec<String>,
}

fn below<'r>(path: &str, wanted: &'r BTreeMap<Release, Option<Digest>>) -> Option<&'r Release> {
    let release = match Place::of(path).ok()? {
        Place::Checksum(release) | Place::Opam(release) | Place::File(release, _) => release,
        _ => return None,
    };
    wanted.get_key_value(&release).map(|(release, _)| release)
}

/// The releases as they are in one commit.
fn read(
    git: &Git,
    commit: &str,
    wanted: &BTreeMap<Release, Option<Digest>>,
) -> Result<BTreeMap<Release, Files>, Failure> {
    let commit = git.commit(commit)?;
    let tree = git.tree_of(&commit)?;
    let listing = git.list(&tree)?;
    let listing = listing.only(|path| below(path, wanted).is_some());
    let trees = git.read(&[&listing])?;
    let mut releases: BTreeMap<Release, Files> = BTreeMap::new();
    for (path, bytes) in trees.into_iter().flat_map(|t| t.files) {
        if let Some(release) = below(&path, wanted) {
            releases
                .entry(release.clone())
                .or_default()
                .insert(path, bytes);
        }
    }
    Ok(releases)
}

/// Whether these are the files of the version that was supported.
fn fits(release: &Release, files: &Files, supported: Option<&Digest>) -> bool {
    let path = Place::Checksum(release.clone()).path();
    let Some(bytes) = files.get(&path) else {
        return false;
    };
    let Ok(checksum) = Checksum::decode(bytes) else {
        return false;
    };
    let dir = release_dir(release);
    let found: BTreeMap<Box<str>, FileDigest> = files
        .iter()
        .filter(|(p, _)| **p != path)
        .filter_map(|(p, bytes)| Some((p.strip_prefix(&dir)?.into(), FileDigest::of(bytes))))
        .collect();
    supported == Some(&Digest::of(bytes)) && checksum.files == found
}

/// What the user compares with, whatever it is.
fn at(git: &Git, name: &str, wanted: &BTreeMap<Release, Option<Digest>>) -> Result<Found, Failure> {
    let files = read(git, name, wanted)?;
    let unvouched = files
        .iter()
        .filter(|(release, files)| {
            let supported = wanted.get(*release).and_then(Option::as_ref);
            !fits(release, files, supported)
        })
        .map(|(release, _)| release.to_string())
        .collect();
    Ok(Found { files, unvouched })
}

/// The last versions that were supported, in the commits where they most likely are.
fn vouched(
    git: &Git,
    past: &Past<'_>,
    wanted: &BTreeMap<Release, Option<Digest>>,
) -> Result<Found, Failure> {
    let mut found = Found::default();
    let Ok(head) = git.commit(past.head) else {
        return Ok(found);
    };
    let mut commits: Vec<String> = past.published.clone();
    for published in ["@{upstream}", "origin/HEAD", "main", "master"] {
        if let Ok(tip) = git.commit(published)
            && let Ok(Some(common)) = git.common(&tip, &head)
        {
            commits.push(common.as_str().to_owned());
        }
    }
    commits.extend((0..=FIRST_PARENTS).map(|n| format!("{}~{n}", head.as_str())));
    let mut left: BTreeMap<Release, Option<Digest>> = wanted
        .iter()
        .filter(|(_, supported)| supported.is_some())
        .map(|(release, supported)| (release.clone(), *supported))
        .collect();
    let mut seen = BTreeSet::new();
    for name in commits {
        if left.is_empty() {
            break;
        }
        let Ok(commit) = git.commit(&name) else { break };
        if !seen.insert(commit.clone()) {
            continue;
        }
        for (release, files) in read(git, commit.as_str(), &left)? {
            let supported = left.get(&release).and_then(Option::as_ref);
            if fits(&release, &files, supported) {
                left.remove(&release);
                found.files.insert(release, files);
            }
        }
    }
    Ok(found)
}

/// Has git print what differs between two directories, which hold nothing else.
fn print(
    world: &World<'_>,
    wanted: &BTreeMap<Release, Option<Digest>>,
    before: &BTreeMap<Release, Files>,
) -> Result<(), Failure> {
    let cannot =
        |e: std::io::Error| Failure::usage(format!("the difference cannot be made: {e}"), "");
    let scratch = tempfile::tempdir().map_err(cannot)?;
    for side in ["before", "now"] {
        fs::create_dir(scratch.path().join(side)).map_err(cannot)?;
    }
    let write = |side: &str, path: &str, bytes: &[u8]| {
        let path = scratch.path().join(side).join(path);
        match path.parent() {
            Some(parent) => fs::create_dir_all(parent)?,
            None => return Ok(()),
        }
        fs::write(path, bytes)
    };
    for release in wanted.keys() {
        let dir = release_dir(release);
        let checksum = Place::Checksum(release.clone()).path();
        let old = before.get(release);
        // The places are those of the grammar: no path leads elsewhere.
        for (path, bytes) in world.tree.below(&dir).filter(|(p, _)| *p != checksum) {
            if Place::of(path).is_ok() {
                write("now", path, bytes).map_err(cannot)?;
            }
        }
        for (path, bytes) in old.into_iter().flatten().filter(|(p, _)| **p != checksum) {
            write("before", path, bytes).map_err(cannot)?;
        }
    }
    // A work tree around the directory of temporary files says nothing.
    let real = scratch.path().canonicalize().map_err(cannot)?;
    let ceiling = real.parent().unwrap_or(&real);
    // `--text`: a null byte hides nothing.
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") {
            command.env_remove(name);
        }
    }
    let output = command
        .current_dir(scratch.path())
        .args([
            "--no-pager",
            // What is shown is what is there: no attribute of anybody hides a byte.
            "-c",
            "core.attributesFile=/dev/null",
            "diff",
            "--no-index",
            "--no-color",
            "--no-ext-diff",
            "--text",
        ])
        .args([
            "--no-textconv",
            "--no-renames",
            "--no-prefix",
            "before",
            "now",
        ])
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_ATTR_NOSYSTEM", "1")
        .env("GIT_CEILING_DIRECTORIES", ceiling)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(cannot)?;
    if !matches!(output.status.code(), Some(0 | 1)) {
        return Err(Failure::usage(
            "git cannot make the difference",
            Hint::GitDiff,
        ));
    }
    for line in String::from_utf8_lossy(&output.stdout).split_terminator('\n') {
        raw_outln!("{}", neutral(line));
    }
    Ok(())
}
