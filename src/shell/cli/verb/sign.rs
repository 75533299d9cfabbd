//! `conex sign`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::plan;
use crate::plan::conflict::mend;
use crate::plan::{Plan, PlanError, Sign, View, World};
use crate::shell::cli::branch::{self, BranchArgs, Fetched, Named};
use crate::shell::cli::commit::{Covered, refuse_ignored};
use crate::shell::cli::complete::{Completes, Source};
use crate::shell::cli::diff::Showing;
use crate::shell::cli::failure::{Exit, Failure, told};
use crate::shell::cli::finish::{hand_out, signed};
use crate::shell::cli::options::{ListFormat, Listing, Signing};
use crate::shell::cli::page::Page;
use crate::shell::cli::part;
use crate::shell::cli::published::{Published, misapplied};
use crate::shell::cli::signer::{Who, find, places, public_signer, signer_in};
use crate::shell::cli::signing::fold_small;
use crate::shell::keys::{Signer as _, log};
use conex_verify::finding::Finding;
use conex_verify::format::key::PublicKey;
use conex_verify::format::name::{Id, PackageName};
use conex_verify::workbench::repository::Repository;

/// Arguments of `sign`.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// Only these packages; a new one becomes yours [default: all that changed]
    #[arg(add = Completes(&[Source::Packages]))]
    pub packages: Vec<String>,
    /// Sign releases whose source archives have no SHA-256 or SHA-512 checksum
    #[arg(long)]
    pub allow_weak_checksums: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub showing: Showing,
    /// Write what is to be signed into this directory, for a machine that has the key
    #[arg(long, value_name = "DIR", conflicts_with = "theirs", add = Completes::DIRECTORY)]
    pub detached: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub listing: Listing,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub theirs: BranchArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signing: Signing,
}

/// What is asked for.
fn request(
    args: &SignArgs,
    packages: &[String],
    world: &World<'_>,
    signer: &Id,
    key: &PublicKey,
) -> Sign {
    Sign {
        signer: signer.clone(),
        key: key.clone(),
        packages: packages.to_vec(),
        allow_weak_checksums: args.allow_weak_checksums,
        log: log::signed_by(world.chain().identity(), signer),
    }
}

/// Runs `conex sign`.
pub fn run(root: &Path, args: &SignArgs) -> Result<Exit, Failure> {
    if args.theirs.is_given() {
        return in_branch(root, args);
    }
    let worked = part::work_on(root, &args.packages)?;
    let (tree, repository) = (&worked.tree, &worked.repository);
    let format = args.listing.format;
    let world = World::new(tree, repository, View::AsIfApproved).map_err(|error| match error {
        PlanError::Repository(found) => {
            let all = plan::obstacle::before_signing(tree, repository);
            whole(PlanError::Repository(more(found, all)), format)
        }
        other => other.into(),
    })?;
    let world = world.settled(worked.conflicts.clone())?;
    let published = Published::part_of(root, &worked.extent);
    let published = published.look();
    let world = published.below(world);
    if let Some(dir) = &args.detached {
        let (id, key) = public_signer(&args.signing, &world, root)?;
        let plan = plan::sign(&world, &request(args, &args.packages, &world, &id, &key));
        let mut plan = plan.map_err(|error| whole(error, format))?;
        let left_out = std::mem::take(&mut plan.left_out);
        refuse_ignored(root, Covered::Releases, &releases(&plan), format)?;
        published.tell(&mut plan, &world, root, args.showing.all);
        plan.warnings.extend(misapplied(root, &plan, tree));
        args.showing.show(&world, &plan, root)?;
        let exit = hand_out(&args.signing, &plan, &world, &id, root, dir)?;
        return Ok(told(&left_out, exit, format));
    }
    let who = who(root, args, &world)?;
    let mut plan = plan_for(args, &args.packages, &world, &who)?;
    let left_out = std::mem::take(&mut plan.left_out);
    refuse_ignored(root, Covered::Releases, &releases(&plan), format)?;
    published.tell(&mut plan, &world, root, args.showing.all);
    plan.warnings.extend(misapplied(root, &plan, tree));
    args.showing.show(&world, &plan, root)?;
    worked.fold_small(&world, &who, &mut plan, root)?;
    let exit = signed(plan, args.signing.consent, &world, &who, root)?;
    Ok(told(&left_out, exit, format))
}

/// Adds those findings that are not there yet.
fn more(mut found: Vec<Finding>, all: Vec<Finding>) -> Vec<Finding> {
    let there = |f: &Finding| (f.code, f.path.clone());
    let known: BTreeSet<_> = found.iter().map(there).collect();
    found.extend(all.into_iter().filter(|f| !known.contains(&there(f))));
    found
}

/// A refusal that lists everything.
fn whole(error: PlanError, format: ListFormat) -> Failure {
    match error {
        PlanError::Repository(found) => Failure::listed("nothing was signed", found, format),
        other => other.into(),
    }
}

/// The directories of the releases whose files are written down.
fn releases(plan: &Plan) -> Vec<String> {
    let checksums = plan.writes.keys();
    let dirs = checksums.filter_map(|path| path.strip_suffix("/checksum"));
    dirs.map(str::to_owned).collect()
}

/// Who signs. An id that is not there yet learns how it joins.
fn who(root: &Path, args: &SignArgs, world: &World<'_>) -> Result<Who, Failure> {
    let places = places(root)?;
    let signer = signer_in(&args.signing, world, &places)?;
    let listed = world.keys_of(&signer);
    if listed.is_empty() {
        world.known_id(&signer)?;
    }
    find(&args.signing, signer, Some(&listed), &places)
}

fn plan_for(
    args: &SignArgs,
    packages: &[String],
    world: &World<'_>,
    who: &Who,
) -> Result<Plan, Failure> {
    let request = request(args, packages, world, &who.id, who.signer.public());
    plan::sign(world, &request).map_err(|error| whole(error, args.listing.format))
}

/// Signs what somebody else's branch brings of packages that have an owner, on top of it.
fn in_branch(root: &Path, args: &SignArgs) -> Result<Exit, Failure> {
    let fetched = Fetched::new(Named::new(root, &args.theirs)?)?;
    let trees = fetched.read()?;
    let (tree, conflicts) = mend(&trees.now);
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?.settled(conflicts)?;
    let published = Repository::load(&trees.base);
    let now = branch::View::now(&trees, &published)?;
    let view = branch::View::new(&fetched, &trees, now, &world)?;
    let world = view.below(world);
    let who = who(root, args, &world)?;
    let packages = match args.packages.as_slice() {
        [] => brought(&world, &trees.touched),
        named => named.to_vec(),
    };
    // Without names `sign` would take all that changed, wherever that was.
    let mut plan = match packages.as_slice() {
        [] => Plan::default(),
        packages => plan_for(args, packages, &world, &who)?,
    };
    let left_out = std::mem::take(&mut plan.left_out);
    view.tell(&world, &mut plan, args.showing.all);
    view.differ(&args.showing, &world, &plan, root)?;
    fold_small(&world, &who, &mut plan, &repository.segments, |_| Ok(None))?;
    let consent = args.signing.consent;
    let exit = branch::sign_and_push(&fetched, &args.theirs, plan, consent, &world, &who, "Sign")?;
    Ok(told(&left_out, exit, args.listing.format))
}

/// The packages that a branch touches and that have an owner.
fn brought(world: &World<'_>, touched: &BTreeSet<String>) -> Vec<String> {
    let packages = touched.iter().filter_map(|path| {
        let name = path.strip_prefix("packages/")?.split('/').next()?;
        PackageName::new(name).ok()
    });
    let packages: BTreeSet<PackageName> = packages.collect();
    let owned = packages.into_iter().filter(|name| {
        let report = world.report(name);
        report.is_some_and(|r| r.claimed || !r.owners.is_empty())
    });
    owned.map(|name| name.to_string()).collect()
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "sign",
    policy: "finds the releases that changed, writes their checksums and lists, shows them, asks, and \
vouches for them with one signature. It signs for you alone: an author's signature counts for what they own. It \
never touches an opam file, and leaves out what clients would refuse whoever signs it, and releases whose archives \
have no SHA-256 or SHA-512 checksum: it lists them, with what to do, and ends with status 1. With --branch or \
--pull it works on top of somebody else's branch, which it fetches, runs nothing of and checks out nowhere, and shows \
first what the branch changes.",
    exit: "0 done, or nothing to do; 1 refused, or something was left out; 2 usage or environment",
    examples: &[
        "conex sign",
        "conex sign fmt --yes",
        "conex sign --dry-run --format=lines",
        "conex sign --branch origin/bound --diff",
    ],
}];
