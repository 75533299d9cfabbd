//! `conex bootstrap`: from a repository that nobody signs to one with owners.

mod propose;
mod read;
mod teams;

use std::path::Path;

use clap::Subcommand;

use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::page::Page;

/// The verbs of `bootstrap`.
#[derive(Debug, Subcommand)]
pub enum BootstrapCommand {
    /// Print a table that proposes an owner of each package
    Propose(propose::ProposeArgs),
    /// Print the table with teams in it, of organisations in which several publish
    Teams(teams::TeamsArgs),
}

/// Runs `conex bootstrap`.
pub fn run(root: &Path, command: &BootstrapCommand) -> Result<Exit, Failure> {
    match command {
        BootstrapCommand::Propose(args) => propose::run(root, args),
        BootstrapCommand::Teams(args) => teams::run(args),
    }
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[propose::PAGE, teams::PAGE];
