//! `conex sign`.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::plan;
use crate::plan::{Plan, Sign, View, World};
use crate::shell::cli::commit::refuse_ignored;
use crate::shell::cli::diff;
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::finish::{hand_out, signed};
use crate::shell::cli::options::Signing;
use crate::shell::cli::page::{DONE, Page};
use crate::shell::cli::signer::{find, places, public_signer, signer_in};
use crate::shell::cli::signing::fold_small;
use crate::shell::cli::workspace::{earlier, merged_tree};
use crate::shell::keys::{Signer as _, log};
use conex_verify::format::key::PublicKey;
use conex_verify::format::name::Id;
use conex_verify::workbench::repository::Repository;

/// Arguments of `sign`.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// Only these packages; a new one becomes yours [default: all that changed]
    pub packages: Vec<String>,
    /// Sign releases whose source archives have no SHA-256 or SHA-512 checksum
    #[arg(long)]
    pub allow_weak_checksums: bool,
    /// Show first what changed in the files of the releases since somebody vouched for them
    #[arg(long)]
    pub diff: bool,
    /// With --diff, compare with this commit
    #[arg(long, value_name = "COMMIT", requires = "diff")]
    pub since: Option<String>,
    /// Name everything that is new, not the first of many
    #[arg(long)]
    pub all: bool,
    /// Write what is to be signed into this directory, for a machine that has the key
    #[arg(long, value_name = "DIR")]
    pub detached: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signing: Signing,
}

/// Runs `conex sign`.
pub fn run(root: &Path, args: &SignArgs) -> Result<Exit, Failure> {
    let places = places(root)?;
    let (tree, conflicts) = merged_tree(root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?.settled(conflicts)?;
    let request = |signer: &Id, key: &PublicKey| Sign {
        signer: signer.clone(),
        key: key.clone(),
        packages: args.packages.clone(),
        allow_weak_checksums: args.allow_weak_checksums,
        log: log::signed_by(world.chain().identity(), signer),
    };
    if let Some(dir) = &args.detached {
        let (id, key) = public_signer(&args.signing, &world, root)?;
        let mut plan = plan::sign(&world, &request(&id, &key))?;
        refuse_ignored(root, &releases(&plan))?;
        plan.tell(&world, &earlier(root), args.all);
        if args.diff {
            diff::show(&world, &plan, root, args.since.as_deref())?;
        }
        return hand_out(&args.signing, &plan, &world, &id, root, dir);
    }
    let signer = signer_in(&args.signing, &world, &places)?;
    let listed = world.keys_of(&signer);
    if listed.is_empty() {
        world.known_id(&signer)?;
    }
    let who = find(&args.signing, signer, Some(&listed), &places)?;
    let mut plan = plan::sign(&world, &request(&who.id, who.signer.public()))?;
    refuse_ignored(root, &releases(&plan))?;
    plan.tell(&world, &earlier(root), args.all);
    if args.diff {
        diff::show(&world, &plan, root, args.since.as_deref())?;
    }
    fold_small(&world, &who, &mut plan);
    signed(plan, args.signing.consent, &world, &who, root)
}

/// The directories of the releases whose files are written down.
fn releases(plan: &Plan) -> Vec<String> {
    let checksums = plan.writes.keys();
    let dirs = checksums.filter_map(|path| path.strip_suffix("/checksum"));
    dirs.map(str::to_owned).collect()
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "sign",
    policy: "finds the releases that changed, writes their checksums and lists, shows them, asks, and \
vouches for them with one signature. It signs for you alone: an author's signature counts for what they own. It \
never touches an opam file, and refuses releases whose archives have no SHA-256 or SHA-512 checksum.",
    exit: DONE,
    examples: &["conex sign", "conex sign fmt --yes"],
}];
