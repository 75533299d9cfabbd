//! `conex report`.

mod curve;
mod state;

use std::path::{Path, PathBuf};

use clap::Args;

use self::state::{earlier_state, seen};
use super::bootstrap::read::table;
use crate::plan::report::{Before, Sources, report};
use crate::plan::{View, World};
use crate::shell::cli::complete::{Completes, Source};
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::page::Page;
use crate::shell::cli::workspace::{earlier, outside, seen_tree};
use crate::shell::out::sayln;
use crate::shell::progress;
use crate::shell::site::href::Href;
use crate::shell::site::place::{PlaceError, there, write};
use crate::shell::site::{Site, files};
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::verify::explain;

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The directory to write to: an empty one, or one with an earlier report; it is made if it is not there
    #[arg(add = Completes::DIRECTORY)]
    pub dir: PathBuf,
    /// A table of `bootstrap propose` or `bootstrap teams`, which says who would own what, and why; or - for standard input
    #[arg(long, value_name = "FILE", add = Completes::FILE)]
    pub proposal: Option<PathBuf>,
    /// Say what changed since another state: a directory or .tar.gz, or a branch or commit
    #[arg(long, value_name = "STATE", add = Completes(&[Source::Branches, Source::File]))]
    pub since: Option<String>,
    /// Where people object: an address that starts with https:// or http://
    #[arg(long, value_name = "URL", add = Completes::NOTHING)]
    pub contact: Option<String>,
}

/// Runs `conex report`.
pub fn run(root: &Path, args: &ReportArgs) -> Result<Exit, Failure> {
    let contact = args.contact.as_deref().map(contact).transpose()?;
    let proposal = args.proposal.as_deref().map(table).transpose()?;
    let dir = outside(
        &args.dir,
        root,
        "lies in the repository that people work on",
    )?;
    // Before everything is read.
    there(&dir).map_err(|e| refused(&dir, e))?;
    let tree = seen_tree(root)?;
    let repository = Repository::load(&tree);
    let world = World::look(&tree, &repository, View::Supported)?;
    let approved = World::look(&tree, &repository, View::AsIfApproved)?;
    let mut findings = repository.findings.to_vec();
    findings.extend(world.assessment.findings.iter().cloned());
    let links = world.chain().links().len();
    let link = world.chain().signatures(links.saturating_sub(1));
    findings.extend(explain::link_signatures(&link));
    let since = args.since.as_deref();
    let since = since.map(|name| earlier_state(root, name)).transpose()?;
    let then = since.as_ref().map(Repository::load);
    let counted = match (&since, &then) {
        (Some(tree), Some(then)) if !then.links.is_empty() => {
            Some(World::look(tree, then, View::Supported)?)
        }
        _ => None,
    };
    if let Some(before) = &counted
        && before.chain().identity() != world.chain().identity()
    {
        return Err(Failure::refused(
            "the other state is one of another repository: its first link is not the same",
            "name an earlier state of this one",
        ));
    }
    let before = then.as_ref().zip(args.since.clone());
    let before = before.map(|(repository, name)| Before {
        name,
        repository,
        world: counted.as_ref(),
    });
    let find = earlier(root);
    let report = report(Sources {
        world: &world,
        approved: &approved,
        findings,
        find: &find,
        proposal: proposal.as_ref(),
        before,
    });
    let site = Site {
        report: &report,
        seen: seen(root),
        curve: curve::curve(root, &repository),
        contact,
    };
    let files = files(&site);
    let n = files.len();
    write(&dir, files).map_err(|e| refused(&dir, e))?;
    sayln!(
        "Wrote {} files: open {}",
        progress::thousands(n),
        dir.join("index.html").display()
    );
    Ok(Exit::Success)
}

fn contact(address: &str) -> Result<Href, Failure> {
    Href::web(address).ok_or_else(|| {
        Failure::usage(
            format!("`{address}` is no address of the web"),
            "give one that starts with https:// or http://",
        )
    })
}

fn refused(dir: &Path, error: PlaceError) -> Failure {
    let message = format!("`{}`: {error}", dir.display());
    match error {
        PlaceError::Other(_) => Failure::refused(
            message,
            "nothing was written; name an empty directory, or one that holds a report and nothing else",
        ),
        PlaceError::Unreadable(_) => Failure::usage(message, "name another one"),
        PlaceError::Unwritten(_) => Failure::usage(
            message,
            "no file is half-written; run the command again when it can be done",
        ),
    }
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "report",
    policy: "writes pages for a browser: for each package its owners, why they are proposed, its releases and who \
signed each; for each person their packages and keys; what waits, is held or unsigned, what is wrong, how much was \
signed when, and what changed. They need no script and no server, fetch nothing, and hold no address of a person. It \
reads the repository as it lies there, without anchors, in either form: what the pages show is no verdict, and they \
say so. It signs, asks and fetches nothing. What is left of an earlier report goes; a directory that holds anything else is refused.",
    exit: "0 written; 1 refused, or there is no janitor chain; 2 usage or environment",
    examples: &[
        "conex report ../site",
        "conex report ../site --proposal ../owners",
        "conex report ../site --since main~10 --contact https://host.example/issues",
    ],
}];
