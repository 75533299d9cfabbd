//! `conex decline`.

use std::path::Path;

use clap::Args;

use crate::plan::{View, World, decline};
use crate::shell::cli::complete::{Completes, Source};
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::finish::unsigned;
use crate::shell::cli::options::Consent;
use crate::shell::cli::page::{DONE, Page};
use crate::shell::cli::workspace::{merged_tree, published};
use conex_verify::workbench::repository::Repository;

/// Arguments of `decline`.
#[derive(Debug, Args)]
pub struct DeclineArgs {
    /// Authors, teams and packages that wait for a first approval; `link`: the last link
    #[arg(required = true, value_name = "NAME", add = Completes(&[Source::Ids, Source::Packages, Source::Words(&["link"])]))]
    pub names: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Runs `conex decline`.
pub fn run(root: &Path, args: &DeclineArgs) -> Result<Exit, Failure> {
    let (tree, conflicts) = merged_tree(root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::Supported)?.redoing(conflicts);
    let published = published(root, None)?;
    let is_published = |path: &str| published.as_ref().is_none_or(|paths| paths.contains(path));
    let plan = decline(&world, &args.names, is_published)?;
    unsigned(&plan, args.consent, root)
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "decline",
    policy: "empties an id or a first claim that waits for approval, so that nobody can approve it, removes a \
link that lacks signatures, and takes an id back that is not published. It signs nothing, and refuses what a quorum has approved before.",
    exit: DONE,
    examples: &["conex decline mallory", "conex decline fmt"],
}];
