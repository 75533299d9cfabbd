//! `conex enable`.

mod given;
mod status;

use crate::hint::Hint;
use crate::shell::cli::complete::{Completes, Source};
use std::path::{Path, PathBuf};

use clap::Args;

use given::Wanted;
use status::{ask, status};

use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::opam_root::{Order, failed, lock, refused, root, tell, write_root};
use crate::shell::cli::options::Format;
use crate::shell::cli::page::Page;
use crate::shell::keys::file::shell_quoted;
use crate::shell::opam::clone::settle_clone;
use crate::shell::opam::edit::{Edited, Foreign, find, set_anchors, set_hook};
use crate::shell::opam::held::{Held, held};
use crate::shell::opam::hook::{Hook, find as find_hook, is_lenient};
use crate::shell::opam::program::{ProgramError, look};
use crate::shell::opam::record::Record;
use crate::shell::opam::repositories::{Entry, read};
use crate::shell::opam::root::{CONFIG, REPOS_CONFIG, Root, RootError};
use crate::shell::out::{raw_sayln, sayln};
use crate::shell::report::neutral;

/// Arguments of `enable`.
#[derive(Debug, Args)]
pub struct EnableArgs {
    /// The repository, as opam calls it
    #[arg(required_unless_present = "status", add = Completes(&[Source::Repositories]))]
    pub repository: Option<String>,
    /// Say whether opam is configured so that everything is verified
    #[arg(long)]
    pub status: bool,
    /// Its trust anchors, separated by commas, as `conex anchors` prints them
    #[arg(long, value_name = "ANCHORS", add = Completes::NOTHING)]
    pub anchors: Option<String>,
    /// How many anchors must agree, of those that are given or that opam has [default: as the anchors say, or as
    /// it is]
    #[arg(long, value_name = "N", add = Completes::NOTHING)]
    pub quorum: Option<usize>,
    /// Record that this repository is left out on purpose: it has no anchors, and opam applies its updates without
    /// asking. `--status` says so, and is content with it; the hook decides as before
    #[arg(long, conflicts_with_all = ["status", "anchors", "quorum", "nostrict", "strict", "hook", "force"])]
    pub leave_out: bool,
    /// Let packages through whose names no quorum claims, in all repositories: there is one hook. Not for a
    /// repository whose anchors say `unsigned=covered`, which need it not
    #[arg(long, visible_alias = "ignore-missing")]
    pub nostrict: bool,
    /// Require again that every package is signed [default: as the hook is now, and for a new one]. This and
    /// --nostrict also work before opam has the repository
    #[arg(long, conflicts_with = "nostrict")]
    pub strict: bool,
    /// The conex that opam runs, a file of any name, by its absolute path [default: this one]
    #[arg(long, value_name = "FILE", add = Completes::FILE)]
    pub hook: Option<PathBuf>,
    /// Replace another hook; `disable` brings it back
    #[arg(long)]
    pub force: bool,
    /// opam's root [default: $OPAMROOT, or ~/.opam]
    #[arg(long, value_name = "DIR", add = Completes::DIRECTORY)]
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
        return status(&root, &this()?, args.format);
    };
    if args.status {
        return Err(Failure::usage(
            "--status looks at all repositories",
            "leave the repository out",
        ));
    }
    if args.leave_out {
        return leave_out(&root, name, args.dry_run);
    }
    let given = given::anchors(directory, args.anchors.as_deref(), args.quorum)?;
    let asked = given.is_some() || args.quorum.is_some();
    let (program, this) = (program(args)?, this()?);
    let present = root.read(CONFIG).map_err(failed)?.unwrap_or_default();
    let present = find_hook(&root.file(CONFIG), &present).map_err(failed)?;
    let present = present.map(|found| found.hook);
    if !args.force {
        is_ours(present.as_ref(), &this)?;
    }
    let hook = Hook::of(&program, &choices(args, present.as_ref()));
    let by_hand = || by_hand(name, &hook, given.as_ref());
    let locked = lock(&root, args.dry_run).map_err(|e| Failure {
        hint: format!("{}\n{}", e.hint(), by_hand()),
        ..failed(e)
    })?;
    let before = Record::read(&root).map_err(failed)?;
    let mut record = before.clone();

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
    let entry = match find(&path, &repos, name) {
        Ok(entry) => Some(entry),
        // There is one hook for all repositories: how it is does not depend on this one.
        Err(RootError::NoRepository { .. }) if args.strict || args.nostrict => None,
        Err(error @ RootError::NoRepository { .. }) => {
            let add = given::add(name, given.as_ref(), args.quorum);
            let hint = given::absent(&error, name, &add, present.is_some());
            return Err(Failure::usage(error, hint));
        }
        Err(error) => return Err(failed(error)),
    };
    let wanted = match (given.clone(), &entry) {
        (Some(wanted), _) => Some(wanted),
        (None, Some(entry)) => Some(given::kept(entry, args.quorum)?),
        (None, None) => None,
    };
    // The anchors say already what may come unsigned.
    if args.nostrict && wanted.as_ref().is_some_and(|w| w.client.anchors().covered) {
        return Err(Failure::usage(
            format!(
                "the anchors of `{name}` say `unsigned=covered`: with --nostrict unsigned packages would come without a snapshot as well"
            ),
            "leave --nostrict out",
        ));
    }
    record.left_out.remove(name);
    let new_repos = match (&wanted, &entry) {
        (Some(wanted), Some(_)) if asked => {
            let (anchors, quorum) = (&wanted.anchors, wanted.client.quorum());
            set_anchors(&path, &repos, name, anchors, quorum, &mut record)
                .map_err(|e| refused(e, &by_hand()))?
        }
        _ => Edited::Unchanged,
    };
    let changes = [(CONFIG, new_config), (REPOS_CONFIG, new_repos)];
    let records = (&before, &record);
    write_root(
        &root,
        locked.as_ref(),
        &changes,
        records,
        Order::RecordFirst,
    )?;

    // The hook does so only when opam asks it for the next time, and by then git has made the patch.
    if let (Some(locked), Some(entry)) = (&locked, &entry)
        && let Err(why) = settle_clone(&root, locked, entry)
    {
        sayln!(
            "warning: git's settings for patches could not be written into opam's clone of `{}`: {}",
            neutral(name),
            neutral(&why)
        );
    }
    tell(&changes, args.dry_run);
    match (&wanted, &entry) {
        (Some(wanted), Some(_)) => say_who_asks(name, &hook, wanted),
        _ => say_what_is_left(name, &hook, &given::add(name, wanted.as_ref(), args.quorum)),
    }
    let [_, (_, new_repos)] = &changes;
    let repos = match new_repos {
        Edited::Changed(text) => text,
        _ => &repos,
    };
    let entries = read(&path, repos).map_err(failed)?;
    let was_lenient = present.is_some_and(|hook| hook.is_conex() && hook.is_lenient());
    let concerned = entries.iter().filter(|entry| {
        // A hook that became stricter concerns everybody.
        entry.name == *name || (was_lenient && !hook.is_lenient() && !entry.fingerprints.is_empty())
    });
    for entry in concerned {
        warn(&root, entry, &hook);
    }
    if hook.is_lenient() {
        warn_of_nostrict(&entries);
    }
    Ok(Exit::Success)
}

/// Says what opam does from now on.
fn say_who_asks(name: &str, hook: &Hook, wanted: &Wanted) {
    sayln!(
        "opam asks `{}` before it applies an update of `{}`: {} of {} anchors must agree.",
        neutral(&hook.program().unwrap_or_default()),
        neutral(name),
        wanted.client.quorum(),
        wanted.client.anchors().keys.len()
    );
}

/// Says how the hook is, and that opam has no repository of this name yet.
fn say_what_is_left(name: &str, hook: &Hook, add: &str) {
    sayln!(
        "opam asks `{}` before it applies an update of a repository that has anchors: {}.",
        neutral(&hook.program().unwrap_or_default()),
        if hook.is_lenient() {
            "packages that nobody claims are let through"
        } else {
            "every package must be signed, unless the anchors say `unsigned=covered`"
        }
    );
    let (name, add) = (neutral(name).to_string(), neutral(add).to_string());
    let text = Hint::AddNow { name, add }.to_string();
    // The command is copied.
    let (said, command) = text.split_once('\n').unwrap_or((&text, ""));
    sayln!("{said}");
    raw_sayln!("{command}");
}

/// Says what is wrong with what opam holds, and what mends it.
fn warn(root: &Root, entry: &Entry, hook: &Hook) {
    let name = neutral(&entry.name);
    let refusal = match held(root, entry, &hook.choices(), &ask) {
        Held::Nothing | Held::Valid => return,
        Held::Forgotten => {
            sayln!(
                "warning: the hook can remember nothing of `{name}`: neither XDG_STATE_HOME nor HOME is set"
            );
            return;
        }
        Held::Unknown(why) => {
            sayln!(
                "warning: what opam holds of `{name}` cannot be checked: {}",
                neutral(&why)
            );
            return;
        }
        Held::Invalid(refusal) => {
            sayln!(
                "warning: what opam holds of `{name}` is not valid: {}",
                neutral(&refusal.why)
            );
            refusal
        }
        Held::Refused(refusal) => {
            sayln!(
                "warning: every update of `{name}` is refused: {}",
                neutral(&refusal.why)
            );
            refusal
        }
    };
    sayln!("\nhint: {}", neutral(&refusal.hint));
}

/// Names the repositories for which --nostrict is more than their maintainers ask for.
fn warn_of_nostrict(entries: &[Entry]) {
    let covered = entries.iter().filter(|entry| {
        let client = entry.client();
        client.is_ok_and(|client| client.anchors().covered)
    });
    let names: Vec<String> = covered.map(|e| format!("`{}`", neutral(&e.name))).collect();
    if !names.is_empty() {
        sayln!(
            "warning: with --nostrict unsigned packages of {} come without a snapshot as well, though its anchors say `unsigned=covered`",
            names.join(" and ")
        );
    }
}

/// Records that a repository comes unverified, and that this is meant. Nothing that opam or the hook reads changes.
fn leave_out(root: &Root, name: &str, dry_run: bool) -> Result<Exit, Failure> {
    let locked = lock(root, dry_run).map_err(failed)?;
    let before = Record::read(root).map_err(failed)?;
    let repos = root.read(REPOS_CONFIG).map_err(failed)?.unwrap_or_default();
    let entry = find(&root.file(REPOS_CONFIG), &repos, name).map_err(failed)?;
    if !entry.fingerprints.is_empty() {
        let quoted = shell_quoted(Path::new(name));
        let way = match before.anchors.contains_key(name) {
            true => Hint::DisableFirst { name: quoted },
            false => Hint::SetUrlFirst {
                name: quoted,
                url: shell_quoted(Path::new(&entry.url)),
            },
        };
        return Err(Failure::refused(
            format!("`{name}` has anchors: opam asks the hook before it applies its updates"),
            way,
        ));
    }
    let mut record = before.clone();
    record.left_out.insert(name.to_owned(), entry.url);
    write_root(
        root,
        locked.as_ref(),
        &[],
        (&before, &record),
        Order::RecordFirst,
    )?;
    let name = neutral(name);
    if dry_run {
        sayln!("Would record that `{name}` is left out on purpose (--dry-run).");
    } else {
        sayln!(
            "Recorded that `{name}` is left out on purpose. opam applies its updates unverified, as before."
        );
    }
    Ok(Exit::Success)
}

/// Refuses a hook that looks like one of conex, and whose program says that it is another.
fn is_ours(present: Option<&Hook>, this: &Path) -> Result<(), Failure> {
    let program = present
        .filter(|hook| hook.is_conex())
        .and_then(Hook::program);
    match program.map(|program| look(Path::new(&program), this)) {
        Some(Err(error @ ProgramError::NotConex(..))) => Err(Failure::refused(
            format!("opam runs another hook: {error}"),
            Hint::ReplaceHook,
        )),
        _ => Ok(()),
    }
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
    let this = this()?;
    let program = args.hook.clone().unwrap_or_else(|| this.clone());
    match look(&program, &this) {
        Ok(_) => Ok(program),
        Err(error) => {
            let hint = error.hint();
            Err(Failure::usage(error, hint))
        }
    }
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
    match wanted {
        None => Hint::HookByHand { option },
        Some(wanted) => Hint::AnchorsByHand {
            option,
            name: name.to_owned(),
            quorum: wanted.client.quorum().to_string(),
            anchors: wanted.anchors.join(" "),
        },
    }
    .to_string()
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
