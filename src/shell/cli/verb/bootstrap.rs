//! `conex bootstrap`: from a repository that nobody signs to one with owners.

pub mod claim;
pub mod ids;
pub mod propose;
pub mod read;
pub mod teams;

use std::path::Path;

use clap::Subcommand;

use crate::shell::cli::failure::{Exit, Failure};

/// The verbs of `bootstrap`.
#[derive(Debug, Subcommand)]
pub enum BootstrapCommand {
    /// Print a table that proposes an owner of each package
    Propose(propose::ProposeArgs),
    /// Print the table with teams in it, of organisations in which several publish
    Teams(teams::TeamsArgs),
    /// Write a file for each owner, with keys that you fetched; janitors approve them
    Ids(ids::IdsArgs),
    /// Write owners and releases by the table; janitors approve them
    Claim(claim::ClaimArgs),
}

/// Runs `conex bootstrap`.
pub fn run(root: &Path, command: &BootstrapCommand) -> Result<Exit, Failure> {
    match command {
        BootstrapCommand::Propose(args) => propose::run(root, args),
        BootstrapCommand::Teams(args) => teams::run(args),
        BootstrapCommand::Ids(args) => ids::run(root, args),
        BootstrapCommand::Claim(args) => claim::run(root, args),
    }
}
