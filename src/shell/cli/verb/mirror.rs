//! `conex mirror`.

mod seen;
mod upstream;

use std::path::{Path, PathBuf};

use clap::Args;

use self::upstream::{Own, UpstreamArgs, look};
use super::anchors::handout;
use super::init::{self, InitArgs, Rule};
use super::publish::Publication;
use super::publish::place::Place;
use crate::shell::cli::complete::Completes;
use crate::shell::cli::failure::{Exit, Failure, is_there};
use crate::shell::cli::form;
use crate::shell::cli::options::{Listing, Signing};
use crate::shell::cli::page::Page;
use crate::shell::cli::workspace::found_tree;
use crate::shell::out::sayln;
use crate::shell::write::{WORK_TREE, write};
use conex_verify::Policy;
use conex_verify::format::path::{CONEX, PACKAGES};
use conex_verify::tree::Tree;
use conex_verify::workbench::published::Form;
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::anchors::words;

/// The file at the top that the mirror has of its own.
const REPO: &str = "repo";

/// Arguments of `mirror`.
#[derive(Debug, Args)]
pub struct MirrorArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub upstream: UpstreamArgs,
    /// Publish to this directory, which a web server hands out, with `index.tar.gz` in it
    #[arg(long, value_name = "DIR", add = Completes::DIRECTORY)]
    pub to: PathBuf,
    /// Start a mirror that calls itself so, in an empty directory, with the key of --as
    #[arg(long, value_name = "NAME", requires = "signer", add = Completes::NOTHING)]
    pub init: Option<String>,
    /// What clients trust [default: what the mirror's own directory says]
    #[arg(long, value_name = "ANCHORS", add = Completes::NOTHING)]
    pub anchors: Option<String>,
    /// Publish each file as upstream has it, and each signature by itself: for small repositories
    #[arg(long)]
    pub working_form: bool,
    /// Change the form of what is published already; users have to fetch it anew then
    #[arg(long)]
    pub new_form: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub listing: Listing,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signing: Signing,
}

/// Runs `conex mirror`.
pub fn run(root: &Path, args: &MirrorArgs) -> Result<Exit, Failure> {
    // The place to publish is opened first, so that a wrong one is told before anything is fetched.
    let own = Own::open(root)?;
    let place = Place::open(root, Some(&args.to), None)?;
    let upstream = look(&args.upstream, &own.dir, args.signing.consent.dry_run)?;
    match &args.init {
        // What a run that was killed did not finish is finished.
        Some(name) => {
            let exit = start(root, args, name, upstream.as_ref())?;
            if exit != Exit::Success || args.signing.consent.dry_run {
                return Ok(exit);
            }
        }
        None if !root.join(CONEX).is_dir() => {
            return Err(Failure::usage(
                format!(
                    "`{}` is not a mirror yet: it has no chain of janitors",
                    root.display()
                ),
                "start one with --init NAME --as ID",
            ));
        }
        None => {}
    }
    let mine = form::working(found_tree(root)?, &root.display().to_string())?;
    let Some(upstream) = upstream else {
        return Ok(Exit::Success);
    };
    let next = laid_over(upstream, mine)?;
    let anchors = match &args.anchors {
        Some(anchors) => anchors.clone(),
        None => words(&handout(&next, &Repository::load(&next))?.policy).join(","),
    };
    let policy = Policy::new(&anchors, None)
        .map_err(|e| Failure::usage(e, "give the anchors that your users have"))?;
    let publication = Publication {
        root,
        policy: &policy,
        form: match args.working_form {
            true => Form::Working,
            false => Form::Published,
        },
        new_form: args.new_form,
        snapshot: true,
        format: args.listing.format,
        signing: &args.signing,
        kept_in: Some(root),
    };
    publication.of(next, &place)?;
    Ok(Exit::Success)
}

/// Starts a mirror: with the file `repo` of upstream, which the chain then approves.
fn start(
    root: &Path,
    args: &MirrorArgs,
    name: &str,
    upstream: Option<&Tree>,
) -> Result<Exit, Failure> {
    let failed =
        |e: &dyn std::fmt::Display| Failure::usage(format!("`{}`: {e}", root.display()), "");
    // A dry run plans in a temporary directory.
    let away = match args.signing.consent.dry_run && !is_there(&root.join(PACKAGES))? {
        true => Some(tempfile::tempdir().map_err(|e| failed(&e))?),
        false => None,
    };
    let root = away.as_ref().map_or(root, |dir| dir.path());
    std::fs::create_dir_all(root.join(PACKAGES)).map_err(|e| failed(&e))?;
    let repo = upstream.and_then(|tree| tree.get(REPO));
    let repo = repo.map_or(&b"opam-version: \"2.0\"\n"[..], AsRef::as_ref);
    if !is_there(&root.join(REPO))? {
        write(root, REPO, repo, WORK_TREE).map_err(|e| failed(&e))?;
    }
    let init = InitArgs {
        name: name.to_owned(),
        quorum: None,
        janitors: Vec::new(),
        alone: args.signing.signer.clone(),
        snapshot: Rule::Required,
        key: args.signing.key.clone(),
        passphrase_file: args.signing.passphrase_file.clone(),
        listing: args.listing,
        consent: args.signing.consent,
    };
    init::start(root, &init)
}

/// What upstream has, with the mirror's own metadata and its own file `repo`.
///
/// # Errors
/// The mirror's directory holds something else.
fn laid_over(mut upstream: Tree, mine: Tree) -> Result<Tree, Failure> {
    let is_own = |path: &str| path == REPO || path.starts_with(CONEX);
    let foreign = |path: &&String| path.starts_with(PACKAGES) && !is_own(path);
    if let Some(path) = mine.files.keys().find(foreign) {
        return Err(Failure::refused(
            format!("`{path}` is in the mirror's directory, and is not upstream's"),
            "a mirror has no packages of its own: move it away, or follow upstream in another directory",
        ));
    }
    if let Some(repo) = upstream.get(REPO)
        && Some(repo) != mine.get(REPO)
    {
        sayln!("note: upstream has another file `repo`; users get the mirror's own");
    }
    // What else lies at the top is nothing that opam reads.
    upstream.files.retain(|path, _| path.starts_with(PACKAGES));
    let own = mine.files.into_iter().filter(|(path, _)| is_own(path));
    upstream.files.extend(own);
    upstream.defects.extend(mine.defects);
    Ok(upstream)
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "mirror",
    policy: "publishes a repository of somebody else under signatures of one's own: the state that upstream has now, below \
the chain of janitors and the file `repo` in the mirror's directory, with a snapshot. It says nothing of who \
wrote a package; users of the mirror get what it saw, all of it, and nothing older. A rewritten history \
is refused unless its new end is named, and so is a repository with signatures, and whatever clients refuse. \
With --delay what is younger waits; the time is when this mirror saw a commit, not what the commit says. \
conex opens no connection: git or the command of --fetch does. What is needed for the next run lies in `.mirror/`. A \
run that was killed is finished by the next one.",
    exit: "0 published, or nothing to do; 1 refused; 2 usage or environment",
    examples: &[
        "conex mirror --git https://git.example/p --to ../www --init mine --as me",
        "conex mirror --git https://git.example/p --to ../www --delay 2days --yes",
        "conex mirror --fetch ./fetch-index --to ../www --yes",
    ],
}];
