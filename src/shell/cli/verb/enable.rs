//! `conex enable`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;

use super::anchors::{Handout, handout};

use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::opam_root::{Order, failed, lock, refused, root, tell, write_root};
use crate::shell::cli::options::Format;
use crate::shell::cli::page::Page;
use crate::shell::cli::workspace::working_tree;
use crate::shell::keys::file::shell_quoted;
use crate::shell::opam::edit::{Edited, Foreign, find, set_anchors, set_hook};
use crate::shell::opam::hook::{Hook, find as find_hook, is_lenient};
use crate::shell::opam::inspect::{Check, Environment, Held, State, held, inspect, protected};
use crate::shell::opam::record::Record;
use crate::shell::opam::root::{CONFIG, REPOS_CONFIG, Root};
use crate::shell::out::{outln, sayln};
use crate::shell::report::neutral;
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::anchors::{Anchors, Client, words};

/// Arguments of `enable`.
#[derive(Debug, Args)]
pub struct EnableArgs {
    /// The repository, as opam calls it
    #[arg(required_unless_present = "status")]
    pub repository: Option<String>,
    /// Say whether opam is configured so that everything is verified
    #[arg(long)]
    pub status: bool,
    /// Its trust anchors, separated by commas, as `conex anchors` prints them
    #[arg(long, value_name = "ANCHORS")]
    pub anchors: Option<String>,
    /// How many anchors must agree [default: as the anchors say]
    #[arg(long, value_name = "N")]
    pub quorum: Option<usize>,
    /// Let packages through whose names no quorum claims, in all repositories: there is one hook. Not for a
    /// repository whose anchors say `unsigned=covered`, which need it not
    #[arg(long, visible_alias = "ignore-missing")]
    pub nostrict: bool,
    /// Require again that every package is signed [default: as the hook is now, and for a new one]
    #[arg(long, conflicts_with = "nostrict")]
    pub strict: bool,
    /// The conex that opam runs, by its absolute path [default: this one]
    #[arg(long, value_name = "FILE")]
    pub hook: Option<PathBuf>,
    /// Replace another hook; `disable` brings it back
    #[arg(long)]
    pub force: bool,
    /// opam's root [default: $OPAMROOT, or ~/.opam]
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Show what would be done, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// How --status is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Runs `conex enable`.
pub fn run(directory: Option<&Path>, args: &EnableArgs) -> Result<Exit, Failure> {
    let root = root(args.root.as_deref())?;
    let Some(name) = &args.repository else {
        return status(&root, args.format);
    };
    if args.status {
        return Err(Failure::usage(
            "--status looks at all repositories",
            "leave the repository out",
        ));
    }
    let wanted = anchors(directory, args)?;
    let present = root.read(CONFIG).map_err(failed)?.unwrap_or_default();
    let present = find_hook(&root.file(CONFIG), &present).map_err(failed)?;
    // The anchors say already what may come unsigned; there is one hook for all repositories.
    if args.nostrict && wanted.as_ref().is_some_and(|w| w.client.anchors().covered) {
        return Err(Failure::usage(
            format!(
                "the anchors of `{name}` say `unsigned=covered`: with --nostrict unsigned packages would come without a snapshot as well"
            ),
            "leave --nostrict out",
        ));
    }
    let hook = Hook::of(
        &program(args)?,
        &choices(args, present.as_ref().map(|f| &f.hook)),
    );
    let by_hand = || by_hand(name, &hook, wanted.as_ref());
    let locked = lock(&root, args.dry_run).map_err(|e| Failure {
        hint: format!("{}\n{}", e.hint(), by_hand()),
        ..failed(e)
    })?;
    let mut record = Record::read(&root).map_err(failed)?;

    let config = root.read(CONFIG).map_err(failed)?.unwrap_or_default();
    let foreign = if args.force {
        Foreign::Replace
    } else {
        Foreign::Keep
    };
    let new_config = set_hook(&root.file(CONFIG), &config, &hook, foreign, &mut record)
        .map_err(|e| refused(e, &by_hand()))?;

    let repos = root.read(REPOS_CONFIG).map_err(failed)?.unwrap_or_default();
    let path = root.file(REPOS_CONFIG);
    let entry = find(&path, &repos, name).map_err(failed)?;
    let (client, new_repos) = match &wanted {
        Some(wanted) => (
            wanted.client.clone(),
            set_anchors(
                &path,
                &repos,
                name,
                &wanted.anchors,
                wanted.client.quorum(),
                &mut record,
            )
            .map_err(|e| refused(e, &by_hand()))?,
        ),
        None => {
            let client = entry.client().map_err(|e| {
                Failure::refused(
                    format!("the repository `{name}`: {e}"),
                    format!("give its anchors, as its maintainers publish them: conex enable {name} --anchors A --quorum N"),
                )
            })?;
            (client, Edited::Unchanged)
        }
    };
    let changes = [(CONFIG, new_config), (REPOS_CONFIG, new_repos)];
    write_root(
        &root,
        locked.as_ref(),
        &changes,
        &record,
        Order::RecordFirst,
    )?;

    tell(&changes, args.dry_run);
    let program = hook.program().unwrap_or_default();
    sayln!(
        "opam asks `{}` before it applies an update of `{}`: {} of {} anchors must agree.",
        neutral(&program),
        neutral(name),
        client.quorum(),
        client.anchors().keys.len()
    );
    let mode = client.mode(hook.is_lenient());
    match held(&root, name, &client, mode) {
        Held::Nothing | Held::Valid => {}
        Held::Unknown(why) => {
            sayln!(
                "warning: what opam holds of `{name}` cannot be checked: {}",
                neutral(&why)
            );
        }
        Held::Invalid(why) => {
            sayln!(
                "warning: what opam holds of `{name}` is not valid: {}",
                neutral(&why)
            );
            sayln!(
                "\nhint: run `opam update {name}`; if it is refused, the anchors or the repository are not right"
            );
        }
    }
    Ok(Exit::Success)
}

/// Anchors that somebody wants for a repository.
struct Wanted {
    anchors: Vec<String>,
    client: Client,
}

/// The anchors that were given, or those of a working repository.
fn anchors(directory: Option<&Path>, args: &EnableArgs) -> Result<Option<Wanted>, Failure> {
    let (text, quorum) = match (&args.anchors, directory) {
        (Some(anchors), _) => (anchors.clone(), args.quorum),
        (None, Some(directory)) => {
            let tree = working_tree(directory)?;
            let Handout {
                policy,
                quorum,
                lacks,
            } = handout(&tree, &Repository::load(&tree))?;
            let anchors = words(&policy);
            if lacks {
                return Err(Failure::refused(
                    format!(
                        "the last link of the janitor chain in `{}` is not completely signed",
                        directory.display()
                    ),
                    "its janitors sign it with `conex approve`",
                ));
            }
            sayln!(
                "The anchors in `{}`; compare them with those that its maintainers publish:",
                directory.display()
            );
            for anchor in &anchors {
                sayln!("  {anchor}");
            }
            (anchors.join(","), args.quorum.or(Some(quorum)))
        }
        (None, None) => return Ok(None),
    };
    let usage =
        |e: conex_verify::workbench::trust::anchors::AnchorError| Failure::usage(&e, e.hint());
    let parsed: Anchors = text.parse().map_err(usage)?;
    let client = Client::asking(parsed, quorum).map_err(usage)?;
    Ok(Some(Wanted {
        anchors: text.split(',').map(str::to_owned).collect(),
        client,
    }))
}

/// What the hook is passed besides the arguments that every hook needs: what a conex that
/// is there is passed already, but for what is asked for now.
fn choices(args: &EnableArgs, present: Option<&Hook>) -> Vec<String> {
    let mut choices = match present {
        Some(hook) if hook.is_conex() => hook.choices(),
        _ => Vec::new(),
    };
    let lenient = choices.iter().any(|c| is_lenient(c));
    if args.strict {
        choices.retain(|c| !is_lenient(c));
    } else if args.nostrict && !lenient {
        choices.push("--nostrict".to_owned());
    }
    choices
}

/// The conex that opam is to run.
fn program(args: &EnableArgs) -> Result<PathBuf, Failure> {
    let given = args.hook.clone();
    let program = match given {
        Some(path) => path,
        None => this()?,
    };
    let named = program.file_name().is_some_and(|n| n == "conex");
    if !program.is_absolute() || !program.is_file() || !named || program.to_str().is_none() {
        return Err(Failure::usage(
            format!(
                "`{}` is not the absolute path of a conex",
                program.display()
            ),
            "name the executable with --hook /usr/local/bin/conex",
        ));
    }
    Ok(program)
}

fn this() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|e| {
        Failure::usage(
            format!("it is not known where this conex is: {e}"),
            "name the executable with --hook /usr/local/bin/conex",
        )
    })
}

/// What to type if the files cannot be edited.
fn by_hand(name: &str, hook: &Hook, wanted: Option<&Wanted>) -> String {
    let words = hook.field();
    let words: Vec<&str> = words.lines().map(str::trim).collect();
    let option = words.join(" ").replacen(": ", "=", 1);
    let option = shell_quoted(Path::new(&option));
    let mut text = format!("opam 2.1 and later do the same with: opam option --global {option}");
    if let Some(wanted) = wanted {
        text.push_str(&format!(
            " and: opam repository set-url {name} URL {} {}",
            wanted.client.quorum(),
            wanted.anchors.join(" ")
        ));
    }
    text
}

/// What `--status --format=json` prints.
#[derive(Serialize)]
struct Report<'a> {
    root: String,
    protected: bool,
    checks: &'a [Check],
}

fn status(root: &Root, format: Format) -> Result<Exit, Failure> {
    let checks = inspect(root, &Environment::of_process(), &this()?).map_err(failed)?;
    let protected = protected(&checks);
    match format {
        Format::Json => {
            let report = Report {
                root: root.path().display().to_string(),
                protected,
                checks: &checks,
            };
            let text = serde_json::to_string_pretty(&report).unwrap_or_default();
            outln!("{text}");
        }
        Format::Human => human(root, &checks, protected),
    }
    Ok(if protected {
        Exit::Success
    } else {
        Exit::Rejected
    })
}

fn human(root: &Root, checks: &[Check], protected: bool) {
    outln!("opam root {}", neutral(&root.path().display().to_string()));
    for check in checks {
        let state = match check.state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Error => "error",
        };
        outln!(
            "{:<8} {}: {}",
            state,
            neutral(
                check
                    .about
                    .strip_prefix("repository:")
                    .unwrap_or(&check.about)
            ),
            neutral(&check.message)
        );
        if !check.hint.is_empty() {
            outln!("         hint: {}", neutral(&check.hint));
        }
    }
    if protected {
        outln!("Every update is verified, but with `opam --no-checksums`, which calls no hook.");
    } else {
        outln!("Not every update is verified.");
    }
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "enable",
    policy: "writes the field repository-validation-command of opam's `config` and the anchors in its \
`repo/repos-config`, under opam's locks, and leaves everything else in them byte for byte. Without --anchors \
they are taken from the repository at -C DIR; without both, those that opam has are kept. `conex disable` \
brings back what was there.",
    exit: "0 done, or with --status: everything is verified; 1 refused, or something is not verified; 2 \
the command line or the environment does not allow it",
    examples: &[
        "conex enable default --anchors blake2b=…,blake2b=…,quorum=2",
        "conex enable --status",
    ],
}];
