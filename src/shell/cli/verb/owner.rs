//! `conex owner`.

use std::path::Path;

use clap::{Args, Subcommand};

use crate::plan;
use crate::plan::{Change, OwnerChange, Selection, View, World};
use crate::shell::cli::complete::{Completes, Source};
use crate::shell::cli::failure::{Exit, Failure, told};
use crate::shell::cli::finish::started;
use crate::shell::cli::options::{Consent, ListFormat, Listing};
use crate::shell::cli::page::{DONE, Page};
use crate::shell::cli::published::below_published;
use crate::shell::cli::signer::id;
use crate::shell::cli::workspace::merged_tree;
use conex_verify::workbench::repository::Repository;

/// The verbs of `owner`.
#[derive(Debug, Subcommand)]
pub enum OwnerCommand {
    /// Give packages another owner; janitors approve it
    Add(OwnerAddArgs),
    /// Take an owner away; janitors approve it
    Remove(OwnerArgs),
}

/// Arguments of `owner remove`.
#[derive(Debug, Args)]
pub struct OwnerArgs {
    /// An author, a team or a janitor
    #[arg(add = Completes::ID)]
    pub id: String,
    /// The packages
    #[arg(required = true, add = Completes(&[Source::Packages]))]
    pub packages: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Arguments of `owner add`.
#[derive(Debug, Args)]
pub struct OwnerAddArgs {
    /// An author, a team or a janitor
    #[arg(add = Completes::ID)]
    pub id: String,
    /// The packages
    #[arg(required_unless_present_any = ["unclaimed", "instead_of"], add = Completes(&[Source::Packages]))]
    pub packages: Vec<String>,
    /// Take them away from this owner in the same change; without packages: all that this one owns
    #[arg(long, value_name = "ID", conflicts_with = "unclaimed", add = Completes::ID)]
    pub instead_of: Option<String>,
    /// All packages that have no owner, but those that could not be signed as they are
    #[arg(long, conflicts_with = "packages")]
    pub unclaimed: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub listing: Listing,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Runs `conex owner`.
pub fn run(root: &Path, command: &OwnerCommand) -> Result<Exit, Failure> {
    let (request, consent, format) = match command {
        OwnerCommand::Add(args) => {
            let instead_of = args.instead_of.as_deref().map(id).transpose()?;
            let packages = match (&instead_of, args.packages.is_empty()) {
                _ if args.unclaimed => Selection::Unclaimed,
                (Some(former), true) => Selection::OwnedBy(former.clone()),
                _ => Selection::Named(args.packages.clone()),
            };
            let request = OwnerChange {
                change: Change::Add,
                id: id(&args.id)?,
                instead_of,
                packages,
            };
            (request, args.consent, args.listing.format)
        }
        OwnerCommand::Remove(args) => {
            let request = OwnerChange {
                change: Change::Remove,
                id: id(&args.id)?,
                instead_of: None,
                packages: Selection::Named(args.packages.clone()),
            };
            (request, args.consent, ListFormat::Human)
        }
    };
    let (tree, conflicts) = merged_tree(root)?;
    let repository = Repository::load(&tree);
    let world = below_published(
        World::new(&tree, &repository, View::AsIfApproved)?.redoing(conflicts),
        root,
    );
    let mut plan = plan::owner(&world, &request)?;
    let left_out = std::mem::take(&mut plan.left_out);
    if request.change == Change::Add {
        plan::awakens_nothing(&world, &plan)?;
    }
    let exit = match plan.is_empty() && !left_out.is_empty() {
        true => Exit::Success,
        false => started(plan, consent, &world, root)?,
    };
    Ok(told(&left_out, exit, format))
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[
    Page {
        verb: "owner add",
        policy: "writes the authorisations of these packages and signs nothing: a quorum of janitors approves \
them. --unclaimed leaves out packages of which clients would refuse something whoever signs it, lists what that is, \
and ends with status 1.",
        exit: "0 done, or nothing to do; 1 refused, or something was left out; 2 usage or environment",
        examples: &[
            "conex owner add ann fmt logs",
            "conex owner add janitor-team --unclaimed",
        ],
    },
    Page {
        verb: "owner remove",
        policy: "writes the authorisations of these packages and signs nothing: a quorum of janitors approves \
them. What only this owner vouched for then waits for somebody else.",
        exit: DONE,
        examples: &["conex owner remove ann fmt"],
    },
];
