//! `conex revoke`: an author loses keys, and a janitor the seat.

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
use crate::shell::cli::signer::{fingerprints, id};
use crate::shell::cli::workspace::merged_tree;
use conex_verify::workbench::repository::Repository;

/// Arguments of `revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// The author
    #[arg(add = Completes::ID)]
    pub id: String,
    /// The fingerprint of a key to take away [default: all]
    #[arg(long = "key", value_name = "FINGERPRINT", add = Completes(&[Source::Listed]))]
    pub keys: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Runs `conex revoke`: of an author's keys, and of a janitor's, who is one no longer.
pub fn run(root: &Path, args: &RevokeArgs) -> Result<Exit, Failure> {
    let (tree, conflicts) = merged_tree(root)?;
    let repository = Repository::load(&tree);
    let world = below_published(
        World::new(&tree, &repository, View::AsIfApproved)?.redoing(conflicts),
        root,
    );
    let plan = plan::revoke(&world, &id(&args.id)?, &fingerprints(&args.keys)?)?;
    started(plan, args.consent, &world, root)
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "revoke",
    policy: "writes the file of the author without these keys and signs nothing: a quorum of janitors \
approves it. It says what then waits, because only these keys vouched for it.",
    exit: DONE,
    examples: &["conex revoke mallory"],
}];
