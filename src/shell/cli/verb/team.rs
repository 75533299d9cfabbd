//! `conex team`.

use std::path::Path;

use clap::{Args, Subcommand};

use crate::plan;
use crate::plan::{Change, TeamChange, View, World};
use crate::shell::cli::complete::Completes;
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::finish::started;
use crate::shell::cli::options::Consent;
use crate::shell::cli::page::{DONE, Page};
use crate::shell::cli::published::below_published;
use crate::shell::cli::signer::id;
use crate::shell::cli::workspace::merged_tree;
use conex_verify::workbench::repository::Repository;

/// The verbs of `team`.
#[derive(Debug, Subcommand)]
pub enum TeamCommand {
    /// Add members, and make the team if there is none; janitors approve it
    Add(TeamArgs),
    /// Remove members; janitors approve it
    Remove(TeamArgs),
}

/// Arguments of `team add` and `team remove`.
#[derive(Debug, Args)]
pub struct TeamArgs {
    /// The team
    #[arg(add = Completes::ID)]
    pub team: String,
    /// The members
    #[arg(required = true, add = Completes::ID)]
    pub members: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Runs `conex team`.
pub fn run(root: &Path, command: &TeamCommand) -> Result<Exit, Failure> {
    let (change, args) = match command {
        TeamCommand::Add(args) => (Change::Add, args),
        TeamCommand::Remove(args) => (Change::Remove, args),
    };
    let (tree, conflicts) = merged_tree(root)?;
    let repository = Repository::load(&tree);
    let world = below_published(
        World::new(&tree, &repository, View::AsIfApproved)?.redoing(conflicts),
        root,
    );
    let plan = plan::team(
        &world,
        &TeamChange {
            change,
            team: id(&args.team)?,
            members: args
                .members
                .iter()
                .map(|m| id(m))
                .collect::<Result<_, _>>()?,
        },
    )?;
    if change == Change::Add {
        plan::awakens_nothing(&world, &plan)?;
    }
    started(plan, args.consent, &world, root)
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[
    Page {
        verb: "team add",
        policy: "writes the file of the team and signs nothing: a quorum of janitors approves it.",
        exit: DONE,
        examples: &["conex team add mirage ann bob"],
    },
    Page {
        verb: "team remove",
        policy: "writes the file of the team and signs nothing: a quorum of janitors approves it. A team can be \
empty; its name stays taken.",
        exit: DONE,
        examples: &["conex team remove mirage bob"],
    },
];
