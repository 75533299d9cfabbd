//! `conex disable`.

use crate::hint::Hint;
use crate::shell::cli::complete::{Completes, Source};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::opam_root::{Order, failed, lock, refused, root, tell, write_root};
use crate::shell::cli::page::{DONE, Page};
use crate::shell::keys::file::shell_quoted;
use crate::shell::opam::edit::{Edited, find, unset_anchors, unset_hook};
use crate::shell::opam::record::Record;
use crate::shell::opam::root::{CONFIG, REPOS_CONFIG, RootError};
use crate::shell::out::sayln;
use crate::shell::report::neutral;

/// Arguments of `disable`.
#[derive(Debug, Args)]
pub struct DisableArgs {
    /// Only this repository's anchors, or the record that it is left out [default: all that `enable` wrote, and
    /// the hook]
    #[arg(add = Completes(&[Source::Repositories]))]
    pub repository: Option<String>,
    /// opam's root [default: $OPAMROOT, or ~/.opam]
    #[arg(long, value_name = "DIR", add = Completes::DIRECTORY)]
    pub root: Option<PathBuf>,
    /// Show what would be done, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Runs `conex disable`.
pub fn run(args: &DisableArgs) -> Result<Exit, Failure> {
    let root = root(args.root.as_deref())?;
    let locked = lock(&root, args.dry_run).map_err(failed)?;
    let mut record = Record::read(&root).map_err(failed)?;
    let before = record.clone();
    let path = root.file(REPOS_CONFIG);
    let old = root.read(REPOS_CONFIG).map_err(failed)?.unwrap_or_default();
    let mut text = old.clone();
    let names: Vec<String> = match &args.repository {
        Some(name) => {
            let recorded = record.anchors.contains_key(name) || record.left_out.contains_key(name);
            match find(&path, &text, name) {
                Ok(entry) if !recorded && !entry.fingerprints.is_empty() => {
                    return Err(Failure::refused(
                        format!("the anchors of `{name}` were not set by `conex enable`"),
                        Hint::OpamRemoves {
                            name: shell_quoted(Path::new(name)),
                            url: shell_quoted(Path::new(&entry.url)),
                        },
                    ));
                }
                // opam removed it since, and what is recorded is still to be forgotten.
                Err(RootError::NoRepository { .. }) if recorded => {}
                other => drop(other.map_err(failed)?),
            }
            vec![name.clone()]
        }
        None => record.anchors.keys().cloned().collect(),
    };
    match &args.repository {
        Some(name) => drop(record.left_out.remove(name)),
        None => record.left_out.clear(),
    }
    for name in &names {
        match unset_anchors(&path, &text, name, &mut record).map_err(|e| refused(e, ""))? {
            Edited::Unchanged => {}
            Edited::Changed(new) => text = new,
            Edited::Others(_) => sayln!(
                "warning: the anchors of `{name}` were changed since `conex enable`, and stay as they are"
            ),
        }
    }
    let repos = if text == old {
        Edited::Unchanged
    } else {
        Edited::Changed(text)
    };
    let config = match args.repository {
        // The hook is there for the others.
        Some(_) => Edited::Unchanged,
        None => {
            let config = root.read(CONFIG).map_err(failed)?.unwrap_or_default();
            unset_hook(&root.file(CONFIG), &config, &mut record).map_err(|e| refused(e, ""))?
        }
    };
    if let Edited::Others(hook) = &config {
        sayln!(
            "warning: opam runs another hook since, which stays: {}",
            neutral(hook)
        );
    }
    // Anchors first: anchors without a hook look like protection.
    let changes = [(REPOS_CONFIG, repos), (CONFIG, config)];
    let records = (&before, &record);
    write_root(&root, locked.as_ref(), &changes, records, Order::RecordLast)?;
    let included: Vec<String> = before
        .left_out
        .keys()
        .filter(|name| !record.left_out.contains_key(*name))
        .map(|name| format!("`{}`", neutral(name)))
        .collect();
    if included.is_empty() || changes.iter().any(|(_, e)| *e != Edited::Unchanged) {
        tell(&changes, args.dry_run);
    }
    if !included.is_empty() {
        let verb = if args.dry_run {
            "Would forget"
        } else {
            "Forgot"
        };
        sayln!(
            "{verb} that {} is left out on purpose.",
            included.join(", ")
        );
    }
    match &args.repository {
        _ if args.dry_run => {}
        Some(name) => sayln!("opam applies updates of `{name}` as it did before `conex enable`."),
        None => sayln!("opam applies updates as it did before `conex enable`."),
    }
    Ok(Exit::Success)
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "disable",
    policy: "takes back only what `enable` wrote, under opam's locks; what somebody changed since is left \
and named.",
    exit: DONE,
    examples: &["conex disable", "conex disable default --dry-run"],
}];
