//! `conex epoch`.

use std::path::Path;

use clap::Args;

use crate::plan;
use crate::plan::{View, World};
use crate::shell::cli::complete::{Completes, Source};
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::finish::started;
use crate::shell::cli::options::Consent;
use crate::shell::cli::page::{DONE, Page};
use crate::shell::cli::published::below_published;
use crate::shell::cli::workspace::merged_tree;
use conex_verify::workbench::repository::Repository;

/// Arguments of `epoch`.
#[derive(Debug, Args)]
pub struct EpochArgs {
    /// Packages, authors, teams, `repo`, or `claims`
    #[arg(required = true, value_name = "NAME", add = Completes(&[Source::Packages, Source::Ids, Source::Words(&["repo", "claims"])]))]
    pub names: Vec<String>,
    /// Of packages, who owns them, and not what they release
    #[arg(long)]
    pub owners: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Runs `conex epoch`.
pub fn run(root: &Path, args: &EpochArgs) -> Result<Exit, Failure> {
    let (tree, conflicts) = merged_tree(root)?;
    let repository = Repository::load(&tree);
    let world = below_published(
        World::new(&tree, &repository, View::AsIfApproved)?.redoing(conflicts),
        root,
    );
    let plan = plan::epoch(
        &world,
        &plan::Epoch {
            names: args.names.clone(),
            owners: args.owners,
        },
    )?;
    started(plan, args.consent, &world, root)
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "epoch",
    policy: "writes these resources in a new epoch and signs nothing: a quorum of janitors opens it with \
`conex approve`. Of a package that is its list of releases and every checksum, or with --owners its authorisation. \
It refuses while somebody who can support the package has entries in a later epoch. An epoch never goes back.",
    exit: DONE,
    examples: &["conex epoch fmt", "conex epoch --owners fmt"],
}];
