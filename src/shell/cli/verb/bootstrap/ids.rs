//! `conex bootstrap ids`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::read::table;
use crate::plan::bootstrap::{Fetched, ListIds, Listed, Unlisted, list_ids};
use crate::plan::{View, World};
use crate::shell::cli::complete::Completes;
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::finish::started;
use crate::shell::cli::options::Consent;
use crate::shell::cli::page::Page;
use crate::shell::cli::published::below_published;
use crate::shell::cli::todo::some;
use crate::shell::cli::workspace::merged_tree;
use crate::shell::keys::PublicLine;
use crate::shell::keys::file::{Readers, read};
use crate::shell::out::sayln;
use conex_verify::format::name::{Id, fold};
use conex_verify::workbench::repository::Repository;

/// Arguments of `bootstrap ids`.
#[derive(Debug, Args)]
pub struct IdsArgs {
    /// The table of owners, or - for standard input
    #[arg(add = Completes::FILE)]
    pub table: PathBuf,
    /// Where the keys are that you fetched: `ID.keys`, as the forge serves it, and `ID.number`, the number of the account
    #[arg(long, value_name = "DIR", add = Completes::DIRECTORY)]
    pub keys: PathBuf,
    /// List those as well who were not seen for two years
    #[arg(long)]
    pub asleep: bool,
    /// What the files call the forge
    #[arg(long, value_name = "SERVICE", default_value = "github", add = Completes::NOTHING)]
    pub service: String,
    /// Name everybody who is left out
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Runs `conex bootstrap ids`.
pub fn run(root: &Path, args: &IdsArgs) -> Result<Exit, Failure> {
    let table = table(&args.table)?;
    let fetched = fetched(&args.keys)?;
    let (tree, conflicts) = merged_tree(root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?.settled(conflicts)?;
    let world = below_published(world, root);
    let request = ListIds {
        table: &table,
        fetched: &fetched,
        service: &args.service,
        asleep: args.asleep,
    };
    let Listed { plan, left_out } = list_ids(&world, &request)?;
    let exit = started(plan, args.consent, &world, root)?;
    told(&left_out, args.all);
    match left_out.values().any(Unlisted::is_alarming) && exit == Exit::Success {
        true => Ok(Exit::Rejected),
        false => Ok(exit),
    }
}

/// What was fetched, by account.
fn fetched(dir: &Path) -> Result<BTreeMap<String, Fetched>, Failure> {
    let failed = |path: &Path, why: String| {
        Failure::usage(
            format!("`{}`: {why}", path.display()),
            "the directory has files `ID.keys`, with a public key a line, and `ID.number`, with a number",
        )
    };
    let entries = std::fs::read_dir(dir).map_err(|e| failed(dir, e.to_string()))?;
    let mut all: BTreeMap<String, Fetched> = BTreeMap::new();
    for entry in entries {
        let path = entry.map_err(|e| failed(dir, e.to_string()))?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let Some((name, kind)) = name.and_then(|name| name.rsplit_once('.')) else {
            continue;
        };
        if !matches!(kind, "keys" | "number") {
            continue;
        }
        let bytes = read(&path, Readers::Anybody).map_err(|e| failed(&path, e.to_string()))?;
        let text = String::from_utf8_lossy(&bytes);
        let fetched = all.entry(fold(name)).or_default();
        if kind == "keys" {
            // Of other kinds of keys nobody signs anything here.
            let lines = text.lines().filter_map(|line| PublicLine::parse(line).ok());
            fetched.keys.extend(lines.map(|line| line.key));
        } else {
            let number = text.trim().parse();
            fetched.number = Some(number.map_err(|_| failed(&path, "it is no number".to_owned()))?);
        }
    }
    Ok(all)
}

/// Says who is not listed: whom somebody has to look at one by one, the others by reason.
fn told(left_out: &BTreeMap<Id, Unlisted>, all: bool) {
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, why) in left_out {
        if all || why.is_alarming() {
            sayln!("left out: `{id}` {why}");
        } else {
            let names = reasons.entry(why.to_string()).or_default();
            names.push(id.to_string());
        }
    }
    for (why, names) in reasons {
        sayln!("left out: {} {why}", some(&names, false));
    }
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "bootstrap ids",
    policy: "writes a file for each person to whom a strong line of the table gives something, with the Ed25519 \
keys that you fetched, and the name and the number of the account. It fetches nothing and signs nothing. The keys are \
listed, not proven: a quorum of janitors approves the files, and even then nobody has any right before they sign with \
a listed key (`conex join`). It leaves out who was not seen for two years, a key that two accounts have, and an account \
whose number is not the one that the repository knows; the last two end with status 1. Who has proven a key stays as \
they are.",
    exit: "0 done, or nothing to do; 1 refused, or somebody has to look at what was left out; 2 usage or environment",
    examples: &["conex bootstrap ids ../owners --keys ../keys"],
}];
