//! `conex claims`.

use clap::Args;

use super::args::{Cli, Consent};
use super::failure::{Exit, Failure};
use super::paths::{directory, merged_tree};
use super::people::started;
use crate::plan::{View, World, claims::claims};
use conex_verify::workbench::repository::Repository;

/// Arguments of `claims`.
#[derive(Debug, Args)]
pub struct ClaimsArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Runs `conex claims`.
pub fn run(cli: &Cli, args: &ClaimsArgs) -> Result<Exit, Failure> {
    let root = directory(cli);
    let (tree, conflicts) = merged_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::Supported)?.redoing(conflicts);
    started(&claims(&world)?, args.consent, &world, &root)
}
