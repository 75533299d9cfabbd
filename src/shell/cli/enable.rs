//! `conex enable` and `conex disable`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::args::{Cli, DisableArgs, EnableArgs, Format};
use super::failure::{Exit, Failure};
use super::paths::working_tree;
use super::status::{Handout, handout};
use crate::shell::keys::file::shell_quoted;
use crate::shell::opam::edit::{
    EditError, Edited, Foreign, find, set_anchors, set_hook, unset_anchors, unset_hook,
};
use crate::shell::opam::hook::{Hook, find as find_hook, is_lenient};
use crate::shell::opam::inspect::{Check, Environment, Held, State, held, inspect, protected};
use crate::shell::opam::record::Record;
use crate::shell::opam::root::{CONFIG, Locked, REPOS_CONFIG, Root, RootError};
use crate::shell::out::{outln, sayln};
use crate::shell::report::neutral;
use crate::shell::signals;
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::anchors::{Anchors, Client, words};

/// Runs `conex enable`.
pub fn run(cli: &Cli, args: &EnableArgs) -> Result<Exit, Failure> {
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
    let wanted = anchors(cli, args)?;
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
    write(
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

/// Runs `conex disable`.
pub fn disable(args: &DisableArgs) -> Result<Exit, Failure> {
    let root = root(args.root.as_deref())?;
    let locked = lock(&root, args.dry_run).map_err(failed)?;
    let mut record = Record::read(&root).map_err(failed)?;
    let path = root.file(REPOS_CONFIG);
    let old = root.read(REPOS_CONFIG).map_err(failed)?.unwrap_or_default();
    let mut text = old.clone();
    let names: Vec<String> = match &args.repository {
        Some(name) => {
            let entry = find(&path, &text, name).map_err(failed)?;
            if !record.anchors.contains_key(name) && !entry.fingerprints.is_empty() {
                return Err(Failure::refused(
                    format!("the anchors of `{name}` were not set by `conex enable`"),
                    format!(
                        "opam removes them: opam repository set-url {name} {}",
                        entry.url
                    ),
                ));
            }
            vec![name.clone()]
        }
        None => record.anchors.keys().cloned().collect(),
    };
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
    write(&root, locked.as_ref(), &changes, &record, Order::RecordLast)?;
    tell(&changes, args.dry_run);
    match &args.repository {
        _ if args.dry_run => {}
        Some(name) => sayln!("opam applies updates of `{name}` as it did before `conex enable`."),
        None => sayln!("opam applies updates as it did before `conex enable`."),
    }
    Ok(Exit::Success)
}

/// Anchors that somebody wants for a repository.
struct Wanted {
    anchors: Vec<String>,
    client: Client,
}

/// The anchors that were given, or those of a working repository.
fn anchors(cli: &Cli, args: &EnableArgs) -> Result<Option<Wanted>, Failure> {
    let (text, quorum) = match (&args.anchors, &cli.directory) {
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

/// opam's root: the one that was named, `OPAMROOT`, or `~/.opam`.
fn root(named: Option<&Path>) -> Result<Root, Failure> {
    let absent = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    let path = named
        .map(Path::to_owned)
        .or_else(|| absent("OPAMROOT"))
        .or_else(|| Some(absent("HOME")?.join(".opam")));
    let Some(path) = path else {
        return Err(Failure::usage(
            "it is not known where opam's root is: neither OPAMROOT nor HOME is set",
            "name it with --root DIR",
        ));
    };
    Root::open(&path).map_err(failed)
}

/// The locks, unless nothing is to be written.
fn lock(root: &Root, dry_run: bool) -> Result<Option<Locked>, RootError> {
    if dry_run {
        Ok(None)
    } else {
        root.lock().map(Some)
    }
}

/// Whether the record is written before the files that it is about, or after them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// What is recorded and was not done is undone as nothing.
    RecordFirst,
    /// What was not undone is still recorded.
    RecordLast,
}

/// Writes the files and the record.
fn write(
    root: &Root,
    locked: Option<&Locked>,
    changes: &[(&str, Edited)],
    record: &Record,
    order: Order,
) -> Result<(), Failure> {
    let Some(locked) = locked else {
        return Ok(());
    };
    if order == Order::RecordFirst && changes.iter().all(|(_, e)| *e == Edited::Unchanged) {
        return Ok(());
    }
    // The files and the record belong together: Ctrl-C does not come between.
    let _writing = signals::writing();
    if order == Order::RecordFirst {
        record.write(root, locked).map_err(failed)?;
    }
    for (name, edited) in changes {
        if let Edited::Changed(bytes) = edited {
            root.write(locked, name, Some(bytes)).map_err(failed)?;
        }
    }
    if order == Order::RecordLast {
        record.write(root, locked).map_err(failed)?;
    }
    Ok(())
}

fn tell(changes: &[(&str, Edited)], dry_run: bool) {
    let changed: Vec<String> = changes
        .iter()
        .filter(|(_, e)| matches!(e, Edited::Changed(_)))
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    match (changed.is_empty(), dry_run) {
        (true, _) => sayln!("Nothing to do: it is so already."),
        (false, true) => sayln!("Would change {} (--dry-run).", changed.join(" and ")),
        (false, false) => sayln!("Changed {}.", changed.join(" and ")),
    }
}

fn failed(error: RootError) -> Failure {
    let hint = error.hint();
    Failure::usage(error, hint)
}

fn refused(error: EditError, by_hand: &str) -> Failure {
    match error {
        EditError::Root(error) => {
            let hint = format!("{}\n{by_hand}", error.hint());
            Failure::usage(error, hint)
        }
        EditError::ForeignHook(_) => Failure::refused(
            error,
            "--force replaces it, and `conex disable` brings it back",
        ),
    }
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
