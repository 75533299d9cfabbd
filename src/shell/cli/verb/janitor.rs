//! `conex janitor`.

use std::path::Path;

use clap::{Args, Subcommand};

use super::init::Rule;
use crate::shell::cli::complete::{Completes, Source};

use crate::plan;
use crate::plan::{JanitorChange, View, World};
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::finish::started;
use crate::shell::cli::options::Consent;
use crate::shell::cli::page::{DONE, Page};
use crate::shell::cli::published::below_published;
use crate::shell::cli::signer::{id, known_janitor, places};
use crate::shell::cli::workspace::merged_tree;
use conex_verify::workbench::repository::Repository;

/// The verbs of `janitor`. Each starts a new link, which janitors sign with `approve`.
#[derive(Debug, Subcommand)]
pub enum JanitorCommand {
    /// Add janitors
    Add {
        /// An id whose key conex or the repository knows, or `ID=ssh-ed25519 AAAA…`, or `ID=FILE`
        #[arg(required = true, value_name = "ID[=KEY]", add = Completes(&[Source::Keys, Source::Ids]))]
        janitors: Vec<String>,
        #[command(flatten)]
        #[allow(missing_docs)]
        link: LinkArgs,
    },
    /// Remove janitors
    Remove {
        /// The janitors
        #[arg(required = true, value_name = "ID", add = Completes(&[Source::Janitors]))]
        janitors: Vec<String>,
        /// Keep them as authors with the key they have (never for a stolen key)
        #[arg(long)]
        keep_as_author: bool,
        #[command(flatten)]
        #[allow(missing_docs)]
        link: LinkArgs,
    },
    /// Require that there is a snapshot: one way, a tree without one is refused for ever
    Snapshot {
        /// `required`
        #[arg(value_enum)]
        rule: Rule,
        #[command(flatten)]
        #[allow(missing_docs)]
        consent: Consent,
    },
    /// Change how many janitors must agree
    Quorum {
        /// How many
        #[arg(add = Completes::NOTHING)]
        quorum: usize,
        #[command(flatten)]
        #[allow(missing_docs)]
        consent: Consent,
    },
}

/// What a new link can also say.
#[derive(Debug, Clone, Copy, Args)]
pub struct LinkArgs {
    /// How many janitors must agree from now on
    #[arg(long, value_name = "N", add = Completes::NOTHING)]
    pub quorum: Option<usize>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Runs `conex janitor`.
pub fn run(root: &Path, command: &JanitorCommand) -> Result<Exit, Failure> {
    let places = places(root)?;
    let (tree, conflicts) = merged_tree(root)?;
    let repository = Repository::load(&tree);
    let world = below_published(
        World::new(&tree, &repository, View::AsIfApproved)?.redoing(conflicts),
        root,
    );
    let mut change = JanitorChange::default();
    let consent = match command {
        JanitorCommand::Add { janitors, link } => {
            change.add = janitors
                .iter()
                .map(|text| known_janitor(&world, text, &places))
                .collect::<Result<_, _>>()?;
            change.quorum = link.quorum;
            link.consent
        }
        JanitorCommand::Remove {
            janitors,
            keep_as_author,
            link,
        } => {
            change.remove = janitors.iter().map(|j| id(j)).collect::<Result<_, _>>()?;
            change.keep_as_authors = *keep_as_author;
            change.quorum = link.quorum;
            link.consent
        }
        JanitorCommand::Snapshot { rule, consent } => {
            change.snapshot = Some((*rule).into());
            *consent
        }
        JanitorCommand::Quorum { quorum, consent } => {
            change.quorum = Some(*quorum);
            *consent
        }
    };
    let plan = plan::janitor(&world, &change)?;
    if !change.add.is_empty() {
        plan::awakens_nothing(&world, &plan)?;
    }
    started(plan, consent, &world, root)
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[
    Page {
        verb: "janitor add",
        policy: "writes a new link of the janitor chain and signs nothing: a quorum of the janitors before, a \
quorum of those after, and everybody who is added sign it with `conex approve`.",
        exit: DONE,
        examples: &["conex janitor add eve=eve.pub --quorum 2"],
    },
    Page {
        verb: "janitor remove",
        policy: "writes a new link of the janitor chain and signs nothing. What the removed ones vouched for no \
longer counts: it says what then waits, and one `conex approve` of each janitor does all of it.",
        exit: DONE,
        examples: &["conex janitor remove bob"],
    },
    Page {
        verb: "janitor snapshot",
        policy: "writes a new link of the janitor chain and signs nothing. Required never becomes optional \
again.",
        exit: DONE,
        examples: &["conex janitor snapshot required"],
    },
    Page {
        verb: "janitor quorum",
        policy: "writes a new link of the janitor chain and signs nothing. Clients refuse a quorum below their \
own.",
        exit: DONE,
        examples: &["conex janitor quorum 3"],
    },
];
