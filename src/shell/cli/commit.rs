//! What git has to do with what is written and signed: what it leaves out is not published.

use crate::hint::Hint;
use std::path::Path;

use super::failure::Failure;
use super::options::ListFormat;
use super::todo::some;
use crate::shell::git::{Git, Where};
use crate::shell::out::sayln;
use crate::shell::report::neutral;
use conex_verify::finding::{Code, Finding, is_leftover};
use conex_verify::format::path::Place;

/// What people commit of a repository.
const ALL: [&str; 2] = ["packages", "repo"];

/// What git leaves out of these, or nothing where there is no git.
fn ignored(root: &Path, paths: &[&str]) -> Vec<String> {
    let git = Git::open(root, Where::Directory);
    let found = git.and_then(|git| git.ignored(paths));
    found.unwrap_or_default()
}

/// Whether a file is one that conex writes.
fn is_metadata(path: &str) -> bool {
    !matches!(
        Place::of(path),
        Err(_)
            | Ok(Place::Opam(_)
                | Place::File(..)
                | Place::Old(..)
                | Place::Misplaced(_)
                | Place::Stray(_))
    )
}

fn files(n: usize) -> String {
    match n {
        1 => "1 file".to_owned(),
        n => format!("{n} files"),
    }
}

/// Says which of the files that were just written git leaves out of a commit.
pub fn warn_of_ignored(root: &Path, written: &[&str]) {
    let ignored = match written {
        [] => return,
        written => ignored(root, written),
    };
    if !ignored.is_empty() {
        sayln!(
            "warning: git ignores {} of these: {}\nhint: {}",
            files(ignored.len()),
            some(&ignored, false),
            Hint::AddForced
        );
    }
}

/// Says what conex wrote earlier and is not committed: it may be what somebody misses who has
/// nothing to do.
pub fn remind(root: &Path) {
    for line in left_behind(root) {
        sayln!("{}", neutral(&line));
    }
}

/// The files of conex's that no commit has, in a line or two; none where all are committed.
pub fn left_behind(root: &Path) -> Vec<String> {
    let git = Git::open(root, Where::Directory);
    let found = git
        .and_then(|git| git.uncommitted(&ALL))
        .unwrap_or_default();
    let all = found.new.iter().chain(&found.changed);
    let open: Vec<String> = all.filter(|path| is_metadata(path)).cloned().collect();
    let ignored: Vec<String> = found
        .ignored
        .iter()
        .filter(|p| is_metadata(p))
        .cloned()
        .collect();
    let mut lines = Vec::new();
    if !open.is_empty() {
        lines.push(
            Hint::NotCommitted {
                what: format!(
                    "{} that conex wrote and no commit has: {}",
                    files(open.len()),
                    some(&open, false)
                ),
            }
            .to_string(),
        );
    }
    if !ignored.is_empty() {
        lines.push(
            Hint::IgnoredByGit {
                what: format!(
                    "{} that conex wrote and git ignores: {}",
                    files(ignored.len()),
                    some(&ignored, false)
                ),
            }
            .to_string(),
        );
    }
    lines
}

/// What a signature is under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covered {
    /// The files of releases that opam reads.
    Releases,
    /// Everything below `packages/`.
    State,
}

/// Refuses to vouch for files that git leaves out: they are not in what is published, and every
/// client refuses that then. `below` are the directories that somebody is about to vouch for.
///
/// # Errors
/// There are such files.
pub fn refuse_ignored(
    root: &Path,
    covered: Covered,
    below: &[String],
    format: ListFormat,
) -> Result<(), Failure> {
    if below.is_empty() {
        return Ok(());
    }
    let below: Vec<&str> = below.iter().map(String::as_str).collect();
    let mut ignored = ignored(root, &below);
    // Conex's own files are no content, and opam reads no stray.
    ignored.retain(|path| {
        let stray = matches!(Place::of(path), Ok(Place::Stray(_)));
        let read = covered == Covered::State || !stray;
        read && !is_metadata(path)
    });
    let code = match covered {
        Covered::Releases => Code::MissingFile,
        Covered::State => Code::Snapshot,
    };
    let found: Vec<Finding> = ignored
        .iter()
        .map(|path| {
            let message = format!("git ignores `{path}`, so it is in no commit");
            let name = path.rsplit('/').next().unwrap_or_default();
            Finding::error(code, path, message).hint(match is_leftover(name) {
                true => "an editor or a file manager left it: remove it".to_owned(),
                false => Hint::TakeIn.to_string(),
            })
        })
        .collect();
    match found.is_empty() {
        true => Ok(()),
        false => Err(Failure::listed(
            format!(
                "git ignores {}, which would be vouched for and not committed, and every client would refuse the result",
                files(ignored.len()),
            ),
            found,
            format,
        )),
    }
}
