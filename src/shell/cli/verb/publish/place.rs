//! Where is published: what people work on there, what was published before, and how that changes.

use std::path::{Path, PathBuf};

use super::archive::{INDEX, archive};
use crate::shell::cli::branch::{Place as Branch, published, sound};
use crate::shell::cli::failure::{Failure, is_there};
use crate::shell::cli::workspace::{found_tree, outside};
use crate::shell::git::{Git, Oid, Pushed, Where};
use crate::shell::hook::load::load;
use crate::shell::read::{Contents, read};
use crate::shell::write::{Change, WORK_TREE, apply, tidy};
use crate::shell::{progress, signals};
use conex_verify::format::path::{self, PACKAGES};
use conex_verify::format::resource::{Decode as _, SignedSnapshot};
use conex_verify::tree::Tree;
use conex_verify::words::plural;
use conex_verify::workbench::published::{Form, expand, form_of};

/// Where is published.
pub enum Place {
    /// From a directory to another.
    Directory {
        /// What people work on.
        from: PathBuf,
        /// What is handed out.
        to: PathBuf,
    },
    /// From a branch to another.
    Branch(Box<Branches>),
}

/// Two branches of remotes.
pub struct Branches {
    git: Git,
    source: Branch,
    published: Branch,
    tip: Oid,
    /// Nothing if nothing was published.
    before: Option<Oid>,
}

impl Place {
    /// Looks where is published; of branches what remotes have now.
    ///
    /// # Errors
    /// A directory that cannot be there, or a remote that cannot be reached.
    pub fn open(
        root: &Path,
        to: Option<&Path>,
        branches: Option<&[String]>,
    ) -> Result<Place, Failure> {
        let real = |dir: &Path| {
            dir.canonicalize().map_err(|e| {
                Failure::usage(format!("`{}`: {e}", dir.display()), "name another one")
            })
        };
        if let Some(to) = to {
            let from = real(root)?;
            let to = outside(to, &from, "lies in the repository that people work on")?;
            let to = real(&to)?;
            return Ok(Place::Directory { from, to });
        }
        let [source, to] = branches.unwrap_or_default() else {
            return Err(Failure::usage("nowhere to publish", "name it with --to"));
        };
        let git = Git::open(root, Where::Directory)?;
        let remotes = git.remotes()?;
        let place = |text: &String| published(&git, &remotes, Some(text), None);
        let (source, published) = (place(source)?, place(to)?);
        if source.text() == published.text() {
            return Err(Failure::usage(
                format!(
                    "people work on `{}`, and clients follow another branch",
                    source.text()
                ),
                "name two branches",
            ));
        }
        let _progress = progress::start("fetching");
        let tips = git.fetch(&source.remote, std::slice::from_ref(&source.name))?;
        let tip = tips
            .get(&source.name)
            .cloned()
            .ok_or_else(|| Failure::usage(format!("`{}` is not there", source.text()), ""))?;
        // With a star, a branch that is not there is no error.
        let all = format!("{}*", published.name);
        let before = git.fetch(&published.remote, &[all])?;
        let before = before.get(&published.name).cloned();
        Ok(Place::Branch(Box::new(Branches {
            git,
            source,
            published,
            tip,
            before,
        })))
    }

    /// How people call it.
    pub fn name(&self) -> String {
        match self {
            Place::Directory { to, .. } => format!("`{}`", to.display()),
            Place::Branch(of) => format!("`{}`", of.published.text()),
        }
    }

    /// How people call what they work on.
    pub fn source_name(&self) -> String {
        match self {
            Place::Directory { from, .. } => from.display().to_string(),
            Place::Branch(of) => of.source.text(),
        }
    }

    /// What people work on.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn source(&self) -> Result<Tree, Failure> {
        match self {
            Place::Directory { from, .. } => found_tree(from),
            Place::Branch(of) => of.read(&of.tip, &of.source),
        }
    }

    /// What was published before, as clients have it. Of a directory this is the archive, which is
    /// written last: so a run that was killed leaves nothing that stands in the way of the next one.
    /// `form` is the one that is published now.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn before(&self, form: Form) -> Result<Option<Tree>, Failure> {
        match self {
            Place::Directory { to, .. } => {
                let packed = to.join(INDEX);
                if is_there(&packed)? {
                    return Ok(Some(loaded(&packed)?));
                }
                // Without an archive it is what somebody else put there, or what a first run wrote
                // until it was killed: bundles, or files of the working form without a snapshot.
                let tree = lies_in(to)?;
                let followed = tree.below(PACKAGES).next().is_some()
                    && (form == Form::Published
                        || tree.get(&path::Place::Snapshot.path()).is_some());
                Ok(Some(tree).filter(|tree| followed && form_of(tree) == Form::Working))
            }
            Place::Branch(of) => match &of.before {
                Some(before) => of.read(before, &of.published).map(Some),
                None => Ok(None),
            },
        }
    }

    /// Publishes a tree; says how much that is, and nothing if it is so already.
    ///
    /// # Errors
    /// It cannot be written, or somebody else published meanwhile.
    pub fn write(&self, tree: &Tree) -> Result<Option<String>, Failure> {
        match self {
            Place::Directory { to, .. } => directory(to, tree),
            Place::Branch(of) => of.write(tree),
        }
    }
}

fn loaded(archive: &Path) -> Result<Tree, Failure> {
    let found = load(archive, Contents::Judged);
    Ok(found
        .map_err(|e| Failure::usage(e, "name another directory"))?
        .tree)
}

/// The files in a directory.
fn lies_in(dir: &Path) -> Result<Tree, Failure> {
    let found = read(dir, Contents::Judged);
    let found = found.map_err(|e| Failure::usage(e, "name another directory"))?;
    Ok(found.tree)
}

impl Branches {
    fn read(&self, commit: &Oid, of: &Branch) -> Result<Tree, Failure> {
        let listing = self.git.list(&self.git.tree_of(commit)?)?;
        sound(&listing, &of.text())?;
        let mut trees = self.git.read(&[&listing])?;
        Ok(trees.pop().unwrap_or_default())
    }

    fn write(&self, tree: &Tree) -> Result<Option<String>, Failure> {
        self.git.committer()?;
        let source = self.read(&self.tip, &self.source)?;
        let changes = changes(&source, tree);
        let files = changes
            .iter()
            .map(|c| (c.path.as_str(), c.bytes.as_deref()));
        let whole = self.git.whole_tree_of(&self.tip)?;
        let whole = self.git.with_files(&whole, files)?;
        if let Some(before) = &self.before
            && self.git.whole_tree_of(before)? == whole
        {
            return Ok(None);
        }
        let mut parents: Vec<Oid> = self.before.iter().cloned().collect();
        if !parents.contains(&self.tip) {
            parents.push(self.tip.clone());
        }
        let message = format!("Publish {}\n", self.tip.short());
        let commit = self.git.commit_tree(&whole, &parents, &message)?;
        let to = &self.published;
        match self
            .git
            .push(&to.remote, &commit, &to.name, self.before.as_ref())?
        {
            Pushed::Done => Ok(Some(format!("commit {}", commit.short()))),
            Pushed::Moved => Err(Failure::refused(
                "somebody else published meanwhile",
                "run the same command again: it starts from what is there now",
            )),
            Pushed::Refused(why) => Err(Failure::usage(
                format!("`{}` takes no push: {why}", to.remote),
                "",
            )),
        }
    }
}

/// What makes one tree of another: first what is written, then what goes.
fn changes(before: &Tree, after: &Tree) -> Vec<Change> {
    let written = after.files.iter();
    let written = written
        .filter(|(path, bytes)| before.get(path) != Some(bytes))
        .map(|(path, bytes)| Change {
            path: path.clone(),
            bytes: Some(bytes.clone()),
        });
    let gone = before.files.keys();
    let gone = gone
        .filter(|path| after.get(path).is_none())
        .map(|path| Change {
            path: path.clone(),
            bytes: None,
        });
    written.chain(gone).collect()
}

fn directory(to: &Path, tree: &Tree) -> Result<Option<String>, Failure> {
    let failed = |e: &dyn std::fmt::Display| {
        Failure::usage(
            format!("{}: {e}", to.display()),
            "the archive is the last file written, so clients have what was there; run the command again",
        )
    };
    let there = lies_in(to)?;
    let mut changes = changes(&there, tree);
    let n = changes.len();
    // A run that was killed behind the last file of a directory left that, and whoever follows the
    // directory itself refuses it (V7.5). Removing a missing file removes its empty directories.
    let is_left = |dir: &&String| {
        dir.starts_with(PACKAGES) && tree.below(&format!("{dir}/")).next().is_none()
    };
    let left = there.empty.iter().filter(is_left);
    changes.extend(left.map(|dir| Change {
        path: format!("{dir}/opam"),
        bytes: None,
    }));
    let packed = archive(tree, made(tree)).map_err(|e| failed(&e))?;
    if changes.is_empty()
        && loaded(&to.join(INDEX)).is_ok_and(|there| there.below(PACKAGES).eq(tree.below(PACKAGES)))
    {
        tidy(to);
        return Ok(None);
    }
    changes.push(Change {
        path: INDEX.to_owned(),
        bytes: Some(packed.into()),
    });
    let _writing = signals::writing();
    let _progress = progress::start("writing");
    apply(to, &changes, WORK_TREE).map_err(|e| failed(&e))?;
    let files = plural(n, "file");
    Ok(Some(format!("{} {files}", progress::thousands(n))))
}

/// When the snapshot was made, in seconds since 1970; 0 without one.
fn made(tree: &Tree) -> u64 {
    let snapshot = expand(tree.clone()).ok();
    let snapshot = snapshot
        .as_ref()
        .and_then(|tree| tree.get(&path::Place::Snapshot.path()));
    let snapshot = snapshot.and_then(|bytes| SignedSnapshot::decode(bytes).ok());
    let made = snapshot.and_then(|s| s.snapshot.created.seconds());
    made.unwrap_or_default()
}
