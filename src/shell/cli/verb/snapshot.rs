//! `conex snapshot`.

use crate::hint::Hint;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::Args;

use crate::plan;
use crate::plan::{MakeSnapshot, Unchanged, View, World};
use crate::shell::cli::commit::refuse_ignored;
use crate::shell::cli::confirm::agreed;
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::finish::hand_out;
use crate::shell::cli::options::Signing;
use crate::shell::cli::page::Page;
use crate::shell::cli::signer::{places, public_signer, signer_in, somebody};
use crate::shell::cli::signing::{now, sign_plan};
use crate::shell::cli::workspace::{no_repository, working_tree, write};
use crate::shell::keys::{Places, Signer as _, conex_home};
use crate::shell::out::sayln;
use crate::shell::read::ReadError;
use crate::shell::read::state::{Cache, Scan, look};
use crate::shell::report::neutral;
use conex_verify::finding::{Code, Finding, Severity};
use conex_verify::format::key::PublicKey;
use conex_verify::format::name::Id;
use conex_verify::format::state::{State, diff};
use conex_verify::workbench::repository::Repository;

/// Arguments of `snapshot`.
#[derive(Debug, Args)]
pub struct SnapshotArgs {
    /// Read every file, check what is known of them, and refuse a tree that clients would refuse
    #[arg(long)]
    pub full: bool,
    /// Make it anew although nothing changed, for those who look at its age
    #[arg(long)]
    pub renew: bool,
    /// Write what is to be signed into this directory, for a machine that has the key
    #[arg(long, value_name = "DIR")]
    pub detached: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signing: Signing,
}

/// Runs `conex snapshot`.
pub fn run(root: &Path, args: &SnapshotArgs) -> Result<Exit, Failure> {
    let places = places(root)?;
    let real = root.canonicalize().map_err(|e| {
        Failure::usage(
            format!("`{}`: {e}", root.display()),
            "name the repository with -C DIR",
        )
    })?;
    if !real.join("packages").exists() && !real.join("repo").exists() {
        return Err(no_repository(root));
    }
    let cache = cache_home().map(|home| Cache::new(home, &real));
    let progress = crate::shell::progress::start("reading");
    let (people, found) = look(&real, cache.as_ref()).map_err(not_read)?;
    // Who may sign is found out while the packages are looked at.
    let repository = OnceLock::new();
    let (found, world) = rayon::join(
        || found.packages(),
        || {
            let repository = repository.get_or_init(|| {
                let mut repository = Repository::load(&people);
                repository.forget_packages();
                repository
            });
            World::new(&people, repository, View::Supported)
        },
    );
    drop(progress);
    let found = found.map_err(not_read)?;
    if args.full {
        check(&real, &found.state)?;
    }
    if found.findings.iter().any(|f| f.severity == Severity::Error) {
        return Err(refused(found.findings));
    }
    let Scan { state, known, .. } = found;
    let world = world?;
    // What is known is written while the snapshot is made.
    std::thread::scope(|scope| {
        let kept = scope.spawn(|| match &cache {
            Some(cache) if found.read > 0 => cache.keep(&known),
            _ => Ok(()),
        });
        let exit = make(args, root, &places, &world, state);
        if let Ok(Err(why)) = kept.join() {
            sayln!(
                "warning: every file is read again the next time: {}",
                neutral(&why)
            );
        }
        exit
    })
}

fn not_read(error: ReadError) -> Failure {
    let hint = match &error {
        ReadError::Fault(fault) => fault.hint(),
        _ => "name the repository with -C DIR",
    };
    Failure::usage(error, hint)
}

fn make(
    args: &SnapshotArgs,
    root: &Path,
    places: &Places,
    world: &World<'_>,
    state: State,
) -> Result<Exit, Failure> {
    // The one thing beside the packages that people change by hand.
    let top_level: Vec<Finding> = world
        .assessment
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Error && f.code == Code::RepoFile)
        .cloned()
        .collect();
    if !top_level.is_empty() {
        return Err(refused(top_level));
    }
    let request = |signer: &Id, key: &PublicKey| MakeSnapshot {
        signer: signer.clone(),
        key: key.clone(),
        created: now(),
        unchanged: if args.renew {
            Unchanged::Renew
        } else {
            Unchanged::Keep
        },
    };
    if let Some(dir) = &args.detached {
        refuse_ignored(root, &["packages".to_owned()])?;
        let (id, key) = public_signer(&args.signing, world, root)?;
        let plan = plan::snapshot(world, state, &request(&id, &key))?;
        return hand_out(&args.signing, &plan, world, &id, root, dir);
    }
    refuse_ignored(root, &["packages".to_owned()])?;
    // Whoever is no notary learns who is, known or not.
    let id = signer_in(&args.signing, world, places)?;
    let who = somebody(&args.signing, id, world, places)?;
    let mut plan = plan::snapshot(world, state, &request(&who.id, who.signer.public()))?;
    if plan.is_empty() {
        sayln!("Nothing to do: the snapshot states what is there.");
        return Ok(Exit::Success);
    }
    if !agreed(&plan, args.signing.consent, Some(&who))? {
        return Ok(Exit::Success);
    }
    sign_plan(&mut plan, world, &who)?;
    write(&plan, root)
}

fn refused(findings: Vec<Finding>) -> Failure {
    Failure {
        findings,
        ..Failure::refused("no snapshot is made of what no client accepts", "")
    }
}

/// Reads everything, as a client does: what is known must be what is there, and a
/// client that lets unsigned packages through must accept it.
fn check(root: &Path, known: &State) -> Result<(), Failure> {
    let tree = working_tree(root)?;
    let repository = Repository::load(&tree);
    let world = World::look(&tree, &repository, View::Supported)?;
    // A snapshot that is broken is about to be replaced, or says itself why not.
    let snapshot = conex_verify::format::path::Place::Snapshot.path();
    let findings: Vec<Finding> = repository
        .findings
        .iter()
        .chain(&world.assessment.findings)
        .filter(|f| f.severity == Severity::Error && f.path != snapshot)
        .cloned()
        .collect();
    if !findings.is_empty() {
        return Err(refused(findings));
    }
    let wrong = diff(known, &repository.state);
    if wrong.is_empty() {
        return Ok(());
    }
    let parts: Vec<String> = wrong.iter().take(5).map(|d| d.part.to_string()).collect();
    Err(Failure::refused(
        format!(
            "what is known of {} parts is not what is there: {}",
            wrong.len(),
            parts.join(", ")
        ),
        match cache_home() {
            Some(home) => Hint::ForgetKnown {
                path: crate::shell::keys::file::shell_quoted(&home.join("state")),
            }
            .to_string(),
            None => "files change while they are read; run it again".to_owned(),
        },
    ))
}

/// Where what can be lost is kept: `$CONEX_HOME/cache`, else `$XDG_CACHE_HOME/conex`,
/// else `~/.cache/conex`.
fn cache_home() -> Option<PathBuf> {
    let absolute = |name: &str| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    if absolute("CONEX_HOME").is_some() {
        return Some(conex_home().ok()?.join("cache"));
    }
    absolute("XDG_CACHE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".cache")))
        .map(|base| base.join("conex"))
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "snapshot",
    policy: "made last, of the tree that is published: every change after it makes it invalid. It shows \
what changed since the last one, asks, and signs as a notary. Files whose times, size and inode are as they \
were are not read again; --full reads them all, and says where that was wrong.",
    exit: "0 made, or nothing to do; 1 refused; 2 usage or environment",
    examples: &["conex snapshot", "conex snapshot --full --renew --yes"],
}];
