//! `conex snapshot`.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::args::{Cli, SnapshotArgs};
use super::ask::{agreed, now, sign, signer_in, somebody, write};
use super::detached;
use super::failure::{Exit, Failure};
use super::paths::{directory, working_tree};
use crate::plan::View;
use crate::plan::{self, MakeSnapshot, Unchanged, World};
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

/// Runs `conex snapshot`.
pub fn run(cli: &Cli, args: &SnapshotArgs) -> Result<Exit, Failure> {
    let root = directory(cli);
    let places = super::ask::places(&root)?;
    let real = root.canonicalize().map_err(|e| {
        Failure::usage(
            format!("`{}`: {e}", root.display()),
            "name the repository with -C DIR",
        )
    })?;
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
        let exit = make(args, &root, &places, &world, state);
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
        let (id, key) = detached::signer(&args.signing, world, root)?;
        let plan = plan::snapshot(world, state, &request(&id, &key))?;
        return detached::hand_out(&args.signing, &plan, world, &id, root, dir);
    }
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
    sign(&mut plan, world, &who)?;
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
            Some(home) => format!(
                "files changed and kept their times and inodes, or just now; forget what is known: rm -r {}",
                crate::shell::keys::file::shell_quoted(&home.join("state"))
            ),
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
