//! `conex snapshot`.

use crate::hint::Hint;
use crate::shell::cli::complete::Completes;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use clap::Args;

use crate::plan;
use crate::plan::{MakeSnapshot, Plan, Unchanged, View, World};
use crate::shell::cli::commit::{Covered, refuse_ignored};
use crate::shell::cli::confirm::agreed;
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::finish::hand_out;
use crate::shell::cli::form;
use crate::shell::cli::options::{ListFormat, Listing, Signing};
use crate::shell::cli::page::Page;
use crate::shell::cli::signer::{places, public_signer, signer_in, somebody};
use crate::shell::cli::signing::{now, sign_plan};
use crate::shell::cli::workspace::{no_repository, working_tree, write};
use crate::shell::keys::{Places, Signer as _, conex_home};
use crate::shell::out::sayln;
use crate::shell::read::ReadError;
use crate::shell::read::state::{Cache, Scan, look};
use crate::shell::report::neutral;
use conex_verify::finding::{Finding, Severity};
use conex_verify::format::key::PublicKey;
use conex_verify::format::name::Id;
use conex_verify::format::state::{State, diff};
use conex_verify::workbench::repository::Repository;

/// What is said where something stands in the way.
const REFUSED: &str = "no snapshot is made of what no client accepts";

/// Arguments of `snapshot`.
#[derive(Debug, Args)]
pub struct SnapshotArgs {
    /// Judge the tree and check what is known of its files also where nothing changed
    #[arg(long)]
    pub full: bool,
    /// Make it anew although nothing changed, for those who look at its age
    #[arg(long)]
    pub renew: bool,
    /// Write what is to be signed into this directory, for a machine that has the key
    #[arg(long, value_name = "DIR", add = Completes::DIRECTORY)]
    pub detached: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub listing: Listing,
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
    form::working_at(&real)?;
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
    // What cannot be part of a repository is told with all else that clients would refuse.
    let broken = found.findings.iter().any(|f| f.severity == Severity::Error);
    if args.full || broken {
        judge(&real, &found.state, args.listing.format)?;
    }
    // A moment later it may be gone: what was read is what would be signed.
    if broken {
        let (message, format) = (REFUSED, args.listing.format);
        return Err(Failure::listed(message, found.findings, format));
    }
    let Scan { state, known, .. } = found;
    let world = world?;
    let keep = || match &cache {
        Some(cache) if found.read > 0 => cache.keep(&known),
        _ => Ok(()),
    };
    // What is known is written while the snapshot is made; afterwards, where no thread can be made.
    std::thread::scope(|scope| {
        let kept = std::thread::Builder::new().spawn_scoped(scope, keep);
        let exit = make(args, (root, &real), &places, &world, state);
        let kept = match kept {
            Ok(thread) => thread.join().unwrap_or(Ok(())),
            Err(_) => keep(),
        };
        if let Err(why) = kept {
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
    (root, real): (&Path, &Path),
    places: &Places,
    world: &World<'_>,
    state: State,
) -> Result<Exit, Failure> {
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
    // Whoever signs a state signs one that clients accept.
    let format = args.listing.format;
    let free = |plan: &mut Plan| -> Result<(), Failure> {
        let Some(snapshot) = &plan.snapshot else {
            return Ok(());
        };
        refuse_ignored(root, Covered::State, &["packages".to_owned()], format)?;
        let leftovers = judge(real, &snapshot.state, format)?;
        plan.warnings.extend(leftovers);
        Ok(())
    };
    if let Some(dir) = &args.detached {
        let (id, key) = public_signer(&args.signing, world, root)?;
        let mut plan = plan::snapshot(world, state, &request(&id, &key))?;
        free(&mut plan)?;
        return hand_out(&args.signing, &plan, world, &id, root, dir);
    }
    // Whoever is no notary learns who is, known or not.
    let id = signer_in(&args.signing, world, places)?;
    let who = somebody(&args.signing, id, world, places)?;
    let mut plan = plan::snapshot(world, state, &request(&who.id, who.signer.public()))?;
    if plan.is_empty() {
        sayln!("Nothing to do: the snapshot states what is there.");
        return Ok(Exit::Success);
    }
    free(&mut plan)?;
    if !agreed(&plan, args.signing.consent, Some(&who))? {
        return Ok(Exit::Success);
    }
    sign_plan(&mut plan, world, &who)?;
    write(&plan, root)
}

/// Reads everything, as a client does: a client that lets packages through which nobody claims
/// must accept the tree, and its state must be the one that is `known`. Gives what is strange in it.
fn judge(root: &Path, known: &State, format: ListFormat) -> Result<Vec<Finding>, Failure> {
    let tree = working_tree(root)?;
    let repository = Repository::load(&tree);
    let world = World::look(&tree, &repository, View::Supported)?;
    let findings = plan::obstacle::before_snapshot(&world);
    if !findings.is_empty() {
        return Err(Failure::listed(REFUSED, findings, format));
    }
    let wrong = diff(known, &repository.state);
    if wrong.is_empty() {
        return Ok(plan::obstacle::leftovers(&tree));
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
what changed since the last one, asks, and signs as a notary. Where nothing changed, files whose times, size and \
inode are as they were are not read again; --full reads them all, and says where that was wrong. What is signed is \
read and judged first, by the rules of a client that lets unsigned packages through: where it would refuse the tree, \
all that stands in the way is listed, and nothing is signed.",
    exit: "0 made, or nothing to do; 1 refused; 2 usage or environment",
    examples: &[
        "conex snapshot",
        "conex snapshot --full --renew --yes",
        "conex snapshot --dry-run --format=lines",
    ],
}];
