//! `conex approve`.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::plan;
use crate::plan::conflict::{Conflicts, mend};
use crate::plan::{Plan, Scope, View, World};
use crate::shell::cli::branch::{self, BranchArgs, Fetched, Named};
use crate::shell::cli::complete::{Completes, Source};
use crate::shell::cli::diff::Showing;
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::finish::{hand_out, sign_and_write, still_invalid};
use crate::shell::cli::options::Signing;
use crate::shell::cli::page::{DONE, Page};
use crate::shell::cli::part;
use crate::shell::cli::published::{Published, is_continued};
use crate::shell::cli::signer::{id, places, public_signer, who};
use crate::shell::cli::signing::fold_small;
use crate::shell::git::{Git, Range, Where};
use crate::shell::keys::Signer as _;
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;

/// Arguments of `approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// Only these packages, releases, authors and teams [default: everything that waits]
    #[arg(add = Completes(&[Source::Packages, Source::Releases, Source::Ids]))]
    pub names: Vec<String>,
    /// Only what belongs to this author or team: the file, and the packages that they own
    #[arg(long = "author", value_name = "ID", add = Completes::ID)]
    pub authors: Vec<String>,
    /// Only the file of this id, also where the id is that of a past or present janitor and the key another one
    #[arg(long = "id", value_name = "ID", add = Completes::ID)]
    pub ids: Vec<String>,
    /// With the packages that nobody owns: from then on a quorum releases them
    #[arg(long)]
    pub held: bool,
    /// Only what these commits touch
    #[arg(long, value_name = "BASE..HEAD", conflicts_with = "theirs", add = Completes(&[Source::Ranges]))]
    pub range: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub showing: Showing,
    /// Write what is to be signed into this directory, for a machine that has the key
    #[arg(long, value_name = "DIR", conflicts_with = "theirs", add = Completes::DIRECTORY)]
    pub detached: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub theirs: BranchArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signing: Signing,
}

/// What of everything that waits is meant.
fn scope(args: &ApproveArgs, root: &Path) -> Result<Scope, Failure> {
    let touched = match &args.range {
        Some(text) => {
            let range = Range::parse(text)?;
            let git = Git::open(root, Where::Directory)?;
            Some(git.touched(&range.base, &range.head)?)
        }
        None => None,
    };
    Ok(Scope {
        names: args.names.clone(),
        authors: args
            .authors
            .iter()
            .map(|text| id(text))
            .collect::<Result<_, _>>()?,
        ids: args
            .ids
            .iter()
            .map(|text| id(text))
            .collect::<Result<_, _>>()?,
        touched,
        held: args.held,
    })
}

/// Runs `conex approve`.
pub fn run(root: &Path, args: &ApproveArgs) -> Result<Exit, Failure> {
    if args.theirs.is_given() {
        return in_branch(root, args);
    }
    let places = places(root)?;
    let scope = scope(args, root)?;
    // What somebody owns, or what commits touch, can be anywhere.
    let names = match scope.is_named_alone() {
        true => args.names.as_slice(),
        false => &[],
    };
    let worked = part::work_on(root, names)?;
    let (found, conflicts) = (&worked.tree, worked.conflicts.clone());
    let published = Published::part_of(root, &worked.extent);
    let published = published.look();
    let below = published.is_below();
    let first = raised(found, &worked.repository, &conflicts, &scope, below)?;
    let after = changed(found, &first);
    let (tree, repository) = after
        .as_ref()
        .map_or((found, &worked.repository), |(t, r)| (t, r));
    let world = World::new(tree, repository, View::AsIfApproved)?.settled(conflicts)?;
    if let Some(dir) = &args.detached {
        let (id, key) = public_signer(&args.signing, &world, root)?;
        let mut plan = first;
        plan.merge(plan::approve_some(&world, &id, &key, &scope)?);
        published.tell(&mut plan, &world, root, args.showing.all);
        args.showing.show(&world, &plan, root)?;
        return hand_out(&args.signing, &plan, &world, &id, root, dir);
    }
    let who = who(&args.signing, &world, &places)?;
    let mut plan = first;
    plan.merge(plan::approve_some(
        &world,
        &who.id,
        who.signer.public(),
        &scope,
    )?);
    published.tell(&mut plan, &world, root, args.showing.all);
    args.showing.show(&world, &plan, root)?;
    worked.fold_small(&world, &who, &mut plan, root)?;
    let (exit, written) = sign_and_write(plan, args.signing.consent, &world, &who, root)?;
    if let Some(plan) = written {
        // What else waits, in whatever package, is told by the whole tree.
        still_invalid(&plan.apply(&*worked.whole(root)?));
    }
    Ok(exit)
}

/// T10: What of the published branch, if the tree is made on top of that, was taken back, written
/// anew above it.
fn raised(
    tree: &Tree,
    repository: &Repository,
    conflicts: &Conflicts,
    scope: &Scope,
    below: Option<&World<'_>>,
) -> Result<Plan, Failure> {
    let Some(now) = below else {
        return Ok(Plan::default());
    };
    let published = plan::published(now);
    if published.taken_back(repository).is_empty() {
        return Ok(Plan::default());
    }
    let world = World::new(tree, repository, View::AsIfApproved)?.settled(conflicts.clone())?;
    if !is_continued(now, &world) {
        return Ok(Plan::default());
    }
    Ok(plan::raise(&world.above(published), scope)?)
}

/// The tree after a plan that writes something.
fn changed(tree: &Tree, plan: &Plan) -> Option<(Tree, Repository)> {
    (!plan.is_empty()).then(|| {
        let tree = plan.apply(tree);
        let repository = Repository::load(&tree);
        (tree, repository)
    })
}

/// Approves what somebody else's branch brings, on top of it.
fn in_branch(root: &Path, args: &ApproveArgs) -> Result<Exit, Failure> {
    let places = places(root)?;
    let fetched = Fetched::new(Named::new(root, &args.theirs)?)?;
    let trees = fetched.read()?;
    let (found, conflicts) = mend(&trees.now);
    let repository = Repository::load(&found);
    let published = Repository::load(&trees.base);
    let now = branch::View::now(&trees, &published)?;
    let all = scope(args, root)?;
    let mut brought = all.clone();
    brought.touched = Some(trees.touched.clone());
    let below = now.as_ref().filter(|_| fetched.is_below(&trees));
    let first = raised(&found, &repository, &conflicts, &brought, below)?;
    let after = changed(&found, &first);
    let (tree, repository) = after
        .as_ref()
        .map_or((&found, &repository), |(t, r)| (t, r));
    let world = World::new(tree, repository, View::AsIfApproved)?.settled(conflicts)?;
    let view = branch::View::new(&fetched, &trees, now, &world)?;
    let who = who(&args.signing, &world, &places)?;
    let of = |scope: &Scope| plan::approve_some(&world, &who.id, who.signer.public(), scope);
    let mut plan = first;
    plan.merge(of(&brought)?);
    let signatures = |plan: &Plan| plan.entries.len() + usize::from(plan.link.is_some());
    let besides = signatures(&of(&all)?).saturating_sub(signatures(&plan));
    view.tell(&world, &mut plan, args.showing.all);
    if besides > 0 {
        let things = match besides {
            1 => "1 thing that waits".to_owned(),
            n => format!("{n} things that wait"),
        };
        let name = &fetched.named.text;
        let line = format!("left out: {things} in {name} and that it does not bring");
        plan.lines.push(line);
    }
    view.differ(&args.showing, &world, &plan, root)?;
    fold_small(&world, &who, &mut plan, &repository.segments, |_| Ok(None))?;
    let consent = args.signing.consent;
    branch::sign_and_push(
        &fetched,
        &args.theirs,
        plan,
        consent,
        &world,
        &who,
        "Approve",
    )
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "approve",
    policy: "shows what waits for a quorum, asks once, and vouches for all of it with one signature of a \
janitor's key; it also signs a new link of the janitor chain. Of what it vouches for it changes the counter alone, \
where somebody took a decision of the published branch back: that is written anew above it. It leaves out what does \
not fit the files that are there, and says what still lacks others. An id file for a past or present \
janitor that lists another key than the chain is left out unless --id names it; and so is a package that nobody \
owns, which was never approved, unless it is named, or --held says that the janitors hold them all. With --branch or --pull it works on \
top of that branch, which it fetches, runs nothing of and checks out nowhere: of what waits it takes what the branch \
brings, and shows it against the published branch.",
    exit: DONE,
    examples: &[
        "conex approve",
        "conex approve fmt ann --as you",
        "conex approve --range origin/main..HEAD --diff",
        "conex approve --branch origin/join",
        "conex approve --pull 7 --diff --merge",
        "conex approve --held",
        "conex approve --as you --detached ../to-sign",
    ],
}];
