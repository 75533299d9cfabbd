//! `conex compact`.

use std::path::Path;

use clap::Args;

use crate::plan;
use crate::plan::{View, World};
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::finish::{signed, unsigned};
use crate::shell::cli::options::Signing;
use crate::shell::cli::page::{DONE, Page};
use crate::shell::cli::signer::{places, who};
use crate::shell::cli::workspace::working_tree;
use crate::shell::keys::Signer as _;
use conex_verify::workbench::repository::Repository;

/// Arguments of `compact`.
#[derive(Debug, Args)]
pub struct CompactArgs {
    /// Delete the files of anybody that support nothing any more; nobody signs that
    #[arg(long)]
    pub delete_dead: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signing: Signing,
}

/// Runs `conex compact`.
pub fn run(root: &Path, args: &CompactArgs) -> Result<Exit, Failure> {
    let places = places(root)?;
    let tree = working_tree(root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::Supported)?;
    if args.delete_dead {
        return unsigned(&plan::delete_dead(&world), args.signing.consent, root);
    }
    let who = who(&args.signing, &world, &places)?;
    let plan = plan::compact(
        &world,
        &plan::Compact {
            id: who.id.clone(),
            key: who.signer.public().clone(),
        },
    )?;
    signed(plan, args.signing.consent, &world, &who, root)
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "compact",
    policy: "folds the segments of one key into one, shows that, and asks. It drops only entries that support \
nothing any more. With --delete-dead it deletes, of anybody, the segments in which every entry is such a one, and \
nobody signs. Run it in a change of its own: it conflicts with every other signature of yours.",
    exit: DONE,
    examples: &["conex compact --as you", "conex compact --delete-dead"],
}];
