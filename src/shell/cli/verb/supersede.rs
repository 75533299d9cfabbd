//! `conex supersede`.

use std::path::Path;

use clap::Args;

use crate::plan;
use crate::plan::{Log, Supersede, View, World};
use crate::shell::cli::complete::{Completes, Source};
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::finish::signed;
use crate::shell::cli::options::Signing;
use crate::shell::cli::page::{DONE, Page};
use crate::shell::cli::published::below_published;
use crate::shell::cli::signer::{places, who};
use crate::shell::cli::workspace::{earlier, merged_tree};
use crate::shell::git::{Git, Where};
use crate::shell::keys::{Signer as _, log};
use conex_verify::format::resource::Revision;
use conex_verify::limits::{MAX_EPOCH, MAX_INTEGER};
use conex_verify::workbench::repository::Repository;

/// Arguments of `supersede`.
#[derive(Debug, Args)]
pub struct SupersedeArgs {
    /// A release, a package (its list of releases), an author, a team, `repo`, `claims`, or TYPE:NAME
    #[arg(required = true, value_name = "RESOURCE", add = Completes(&[Source::Packages, Source::Releases, Source::Ids, Source::Resources, Source::Words(&["repo", "claims"])]))]
    pub resources: Vec<String>,
    /// Be above all that was signed in this branch or commit
    #[arg(long, value_name = "BRANCH-OR-COMMIT", add = Completes::BRANCH)]
    pub of: Option<String>,
    /// Be above this revision
    #[arg(long, value_name = "EPOCH.COUNTER", add = Completes::NOTHING)]
    pub above: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signing: Signing,
}

/// Runs `conex supersede`.
pub fn run(root: &Path, args: &SupersedeArgs) -> Result<Exit, Failure> {
    let places = places(root)?;
    let (tree, conflicts) = merged_tree(root)?;
    let repository = Repository::load(&tree);
    let world = below_published(
        World::new(&tree, &repository, View::AsIfApproved)?.settled(conflicts)?,
        root,
    );
    let who = who(&args.signing, &world, &places)?;
    let mut dead = log::signed_by(world.chain().identity(), &who.id);
    if let Some(text) = &args.of {
        let git = Git::open(root, Where::Directory)?;
        let commit = git.commit(text)?;
        let listing = git
            .list(&git.tree_of(&commit)?)?
            .below("packages/.conex/index/");
        for tree in git.read(&[&listing])? {
            take_in(&mut dead, &Repository::load(&tree));
        }
    }
    let request = Supersede {
        signer: who.id.clone(),
        key: who.signer.public().clone(),
        names: args.resources.clone(),
        dead,
        above: args.above.as_deref().map(revision).transpose()?,
    };
    let mut plan = plan::supersede(&world, &request)?;
    plan.tell(&world, &earlier(root), false);
    signed(plan, args.signing.consent, &world, &who, root)
}

/// Adds what anybody signed in a repository.
fn take_in(dead: &mut Log, repository: &Repository) {
    let segments = repository.segments.iter();
    for entry in segments.flat_map(|(_, s)| &s.value.segment.entries) {
        let versions = dead.entry(entry.resource.clone()).or_default();
        versions.insert(entry.version);
    }
}

fn revision(text: &str) -> Result<Revision, Failure> {
    let read = || {
        let (epoch, counter) = text.split_once('.')?;
        Some(Revision {
            epoch: epoch.parse().ok().filter(|e| *e <= MAX_EPOCH)?,
            counter: counter.parse().ok().filter(|c| *c <= MAX_INTEGER)?,
        })
    };
    read().ok_or_else(|| {
        Failure::usage(
            format!("`{text}` is not a revision"),
            "write it as EPOCH.COUNTER: --above 0.7",
        )
    })
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "supersede",
    policy: "vouches for a revision above everything that is to be dead: above all that was signed in the branch or \
commit of --of, above --above, and above your own log of what you signed. Without any of the three it refuses. Of a \
release that is not there it raises the floor of the list; of another resource that is not there it writes the \
empty one.",
    exit: DONE,
    examples: &[
        "conex supersede fmt.0.9.0 --of closed-branch",
        "conex supersede fmt --above 0.7",
    ],
}];
