//! `conex bootstrap teams`.

use std::path::PathBuf;

use clap::Args;

use super::propose::summary;
use super::read::table;
use crate::bootstrap::teams::with_teams;
use crate::shell::cli::complete::Completes;
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::page::Page;
use crate::shell::out::{out, sayln};
use conex_verify::words::counted;

/// Arguments of `bootstrap teams`.
#[derive(Debug, Args)]
pub struct TeamsArgs {
    /// A table that `conex bootstrap propose` printed, edited or not; or - for standard input
    #[arg(add = Completes::FILE)]
    pub table: PathBuf,
}

/// Runs `conex bootstrap teams`.
pub fn run(args: &TeamsArgs) -> Result<Exit, Failure> {
    let table = with_teams(table(&args.table)?);
    out!("{table}");
    sayln!("{}.", counted(table.teams.len(), "team"));
    summary(&table);
    Ok(Exit::Success)
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "bootstrap teams",
    policy: "prints the table again, in which each organisation whose packages at least two people published in the \
last eight years, who are awake, is a team of these, and owns its packages. A package whose sources are in one person's account, and one \
whose line names an owner for whom it has no evidence, stays as it is. It writes nothing.",
    exit: "0 printed; 2 usage or environment",
    examples: &["conex bootstrap teams ../owners > ../with-teams"],
}];
