//! `conex claims`.

use std::path::Path;

use clap::Args;

use crate::plan::claims::claims;
use crate::plan::{View, World};
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::finish::started;
use crate::shell::cli::options::Consent;
use crate::shell::cli::page::{DONE, Page};
use crate::shell::cli::published::below_published;
use crate::shell::cli::workspace::merged_tree;
use conex_verify::workbench::repository::Repository;

/// Arguments of `claims`.
#[derive(Debug, Args)]
pub struct ClaimsArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Runs `conex claims`.
pub fn run(root: &Path, args: &ClaimsArgs) -> Result<Exit, Failure> {
    let (tree, conflicts) = merged_tree(root)?;
    let repository = Repository::load(&tree);
    let world = below_published(
        World::new(&tree, &repository, View::Supported)?.redoing(conflicts),
        root,
    );
    started(claims(&world)?, args.consent, &world, root)
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "claims",
    policy: "writes the list of packages that are claimed for ever: the names that it has, and those whose \
authorisation is valid now. It signs nothing: a quorum of janitors approves it, in a change of its own. No name \
ever leaves the list.",
    exit: DONE,
    examples: &["conex claims"],
}];
