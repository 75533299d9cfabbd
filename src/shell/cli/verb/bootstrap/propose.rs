//! `conex bootstrap propose`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::read::text;
use crate::bootstrap::evidence::gather;
use crate::bootstrap::history::{Change, parse};
use crate::bootstrap::metadata::of_package;
use crate::bootstrap::people::People;
use crate::bootstrap::propose::propose;
use crate::bootstrap::table::{Owner, Strength, Table};
use crate::shell::cli::complete::Completes;
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::page::{PRINTED, Page};
use crate::shell::cli::workspace::seen_tree;
use crate::shell::git::{Git, Where};
use crate::shell::out::{out, sayln};
use conex_verify::words::counted;
use conex_verify::workbench::repository::Repository;

/// Arguments of `bootstrap propose`.
#[derive(Debug, Args)]
pub struct ProposeArgs {
    /// A table of the history, as docs/bootstrap.md has it, or - for standard input [default: git's history]
    #[arg(long, value_name = "FILE", add = Completes::FILE)]
    pub history: Option<PathBuf>,
    /// The forge that has the accounts of the history
    #[arg(long, value_name = "HOST", default_value = "github.com", add = Completes::NOTHING)]
    pub forge: String,
}

/// Runs `conex bootstrap propose`.
pub fn run(root: &Path, args: &ProposeArgs) -> Result<Exit, Failure> {
    let changes = history(root, args.history.as_deref())?;
    let tree = seen_tree(root)?;
    let repository = Repository::load(&tree);
    let packages = repository.packages.iter();
    let packages = packages
        .filter(|(_, package)| !package.directories.is_empty())
        .map(|(name, package)| (name.clone(), of_package(package)))
        .collect();
    let people = People::of(&changes);
    let table = propose(&gather(&changes, &people, &packages, &args.forge), &people);
    out!("{table}");
    summary(&table);
    Ok(Exit::Success)
}

fn history(root: &Path, file: Option<&Path>) -> Result<Vec<Change>, Failure> {
    if let Some(path) = file {
        return parse(&text(path)?).map_err(|error| {
            let fields = "a line is TIME, PULL REQUEST, KIND, HEAD, AUTHOR, MERGER and RELEASES, \
                with a tab between any two";
            Failure::usage(format!("`{}`: {error}", path.display()), fields)
        });
    }
    let git = Git::open(root, Where::Directory)?;
    Ok(git.changes_of_releases(&git.commit("HEAD")?)?)
}

/// Says how much of a repository a table is about.
pub fn summary(table: &Table) {
    let count = |is: &dyn Fn(&Owner, Strength) -> bool| {
        let lines = table.packages.values();
        lines.filter(|line| is(&line.owner, line.strength)).count()
    };
    let strong = count(&|owner, s| s == Strength::Strong && *owner != Owner::Maintainers);
    let maintainers = count(&|owner, _| *owner == Owner::Maintainers);
    let nobody = count(&|owner, _| *owner == Owner::Nobody);
    let weak = count(&|owner, s| s == Strength::Weak && *owner != Owner::Nobody);
    sayln!(
        "{}: {strong} strong, {weak} weak, {maintainers} of the maintainers, {nobody} of nobody.",
        counted(table.packages.len(), "package"),
    );
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "bootstrap propose",
    policy: "prints a table, a line each package: a proposed owner, how strong that is, whose the sources are, \
and why. It reads git's history along first parents, or the table that --history names, and what the newest release \
of each package says of itself. It writes nothing, gives nobody anything, and prints no name or address of a person, \
only accounts. A line is strong if the sources and the last release are of one account, if the metadata names who \
made the last release, or if they published more of the same source. Who merges what others open is proposed only \
where the metadata names them; who was not seen for two years is weak; packages of the compiler and the system are \
the maintainers'.",
    exit: PRINTED,
    examples: &[
        "conex bootstrap propose > ../owners",
        "conex bootstrap propose --history ../history.tsv > ../owners",
    ],
}];
