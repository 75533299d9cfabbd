//! `conex decline`.

use clap::Args;

use super::args::{Cli, Consent};
use super::failure::{Exit, Failure};
use super::finish::unsigned;
use super::paths::{directory, merged_tree};
use crate::plan::{View, World, decline};
use conex_verify::workbench::repository::Repository;

/// Arguments of `decline`.
#[derive(Debug, Args)]
pub struct DeclineArgs {
    /// Authors, teams and packages that wait for a first approval; `link`: the last link
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Runs `conex decline`.
pub fn run(cli: &Cli, args: &DeclineArgs) -> Result<Exit, Failure> {
    let root = directory(cli);
    let (tree, conflicts) = merged_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::Supported)?.redoing(conflicts);
    unsigned(&decline(&world, &args.names)?, args.consent, &root)
}
