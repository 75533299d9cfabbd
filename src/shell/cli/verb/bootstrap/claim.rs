//! `conex bootstrap claim`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::read::table;
use crate::hint::Hint;
use crate::plan;
use crate::plan::bootstrap::claim;
use crate::plan::{View, World};
use crate::shell::cli::complete::Completes;
use crate::shell::cli::failure::{Exit, Failure, told};
use crate::shell::cli::finish::started;
use crate::shell::cli::options::{Consent, Listing};
use crate::shell::cli::page::Page;
use crate::shell::cli::published::below_published;
use crate::shell::cli::todo::some;
use crate::shell::cli::workspace::merged_tree;
use crate::shell::out::sayln;
use conex_verify::finding::{Code, Finding};
use conex_verify::workbench::repository::Repository;

/// Arguments of `bootstrap claim`.
#[derive(Debug, Args)]
pub struct ClaimArgs {
    /// The table of owners, or - for standard input
    #[arg(add = Completes::FILE)]
    pub table: PathBuf,
    /// Name every package that is held, and every source without a strong checksum
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub listing: Listing,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Runs `conex bootstrap claim`.
pub fn run(root: &Path, args: &ClaimArgs) -> Result<Exit, Failure> {
    let table = table(&args.table)?;
    let (tree, conflicts) = merged_tree(root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?.settled(conflicts)?;
    let world = below_published(world, root);
    let mut claim = claim(&world, &table)?;
    let mut plan = std::mem::take(&mut claim.plan);
    let left_out = std::mem::take(&mut plan.left_out);
    plan::awakens_nothing(&world, &plan)?;
    let with_owners = plan.apply(&tree);
    let owned = Repository::load_after(&with_owners, Some(&repository));
    let after = World::new(&with_owners, &owned, View::AsIfApproved)?;
    let after = below_published(after, root);
    let mut releases = plan::describe(&after, &claim.claimed)?;
    let (weak, warnings): (Vec<Finding>, Vec<Finding>) = std::mem::take(&mut releases.warnings)
        .into_iter()
        .partition(|finding| finding.code == Code::WeakChecksum);
    releases.warnings = warnings;
    plan.merge(releases);
    let changes = !plan.is_empty();
    let exit = started(plan, args.consent, &world, root)?;
    named("held by the janitors", claim.held.iter(), args.all);
    named(
        "without a line in the table, and left as it is",
        claim.without_line.iter(),
        args.all,
    );
    named(
        "not known here, and given nothing",
        claim.unknown.iter(),
        args.all,
    );
    let paths: BTreeSet<&str> = weak.iter().map(|finding| finding.path.as_str()).collect();
    named(
        "without a strong checksum of the sources",
        paths.iter(),
        args.all,
    );
    // Of several it was said already.
    if changes && claim.held.len() == 1 && !args.consent.dry_run {
        sayln!("{}", Hint::ApproveHeld);
    }
    Ok(told(&left_out, exit, args.listing.format))
}

/// Says of which things something is true, of many only of the first, or all.
fn named<T: ToString>(what: &str, things: impl Iterator<Item = T>, all: bool) {
    let names: Vec<String> = things.map(|thing| thing.to_string()).collect();
    if !names.is_empty() {
        sayln!("{} {what}: {}", names.len(), some(&names, all));
    }
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "bootstrap claim",
    policy: "writes authorisations by the strong lines of the table, and those of all other packages in it without an \
owner: the janitors hold them, and a quorum releases them. It writes the teams that it needs, and the metadata of all \
releases as they are, those with weak checksums of their sources included, which it names. It gives nothing to anybody \
whom the repository does not know, changes nothing that a quorum approved, leaves out packages of which clients would \
refuse something whoever signs it, and signs nothing: a quorum of janitors approves all of it. Until then the same \
command with an edited table writes it anew.",
    exit: "0 done, or nothing to do; 1 refused, or something was left out; 2 usage or environment",
    examples: &[
        "conex bootstrap claim ../owners --dry-run",
        "conex bootstrap claim ../owners",
    ],
}];
