//! What `conex verify` is asked for.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::shell::cli::age::seconds_now;
use crate::shell::cli::complete::{Completes, Source};
use crate::shell::cli::failure::Failure;
use crate::shell::cli::options::Format;
use crate::shell::cli::workspace::state_home;
use conex_verify::Policy;
use conex_verify::workbench::trust::anchors::{AnchorError, MaxAge};

/// Arguments of `verify`.
///
/// A value that is empty counts as absent: that is how opam passes what it does not
/// know.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Trust anchors, separated by commas: fingerprints of janitor keys, and what the repository asks of
    /// clients, as `conex anchors` prints them
    #[arg(
        long,
        visible_alias = "trust-anchors",
        short = 't',
        value_name = "ANCHORS",
        default_value = "",
        hide_default_value = true,
        add = Completes::NOTHING,
    )]
    pub anchors: String,
    /// How many anchors must agree, and the least quorum that the janitors may have [default: as the
    /// anchors say]
    #[arg(long, value_name = "N", default_value = "", hide_default_value = true, add = Completes::NOTHING)]
    pub quorum: String,
    /// Verify this directory or .tar.gz as a whole
    #[arg(
        long,
        value_name = "DIR",
        default_value = "",
        hide_default_value = true,
        add = Completes::FILE,
    )]
    pub dir: String,
    /// The repository as opam holds it now, before the update
    #[arg(
        long,
        visible_alias = "repository",
        short = 'r',
        value_name = "REPO",
        default_value = "",
        hide_default_value = true,
        add = Completes::FILE,
    )]
    pub repo: String,
    /// Verify the repository after this patch
    #[arg(
        long,
        value_name = "FILE",
        default_value = "",
        hide_default_value = true,
        add = Completes::FILE,
    )]
    pub patch: String,
    /// Whether opam updates with a patch (`true`) or takes a new tree (`false`)
    #[arg(
        long,
        value_name = "BOOL",
        default_value = "",
        hide_default_value = true,
        add = Completes(&[Source::Words(&["true", "false"])]),
    )]
    pub incremental: String,
    /// Let packages through whose names no quorum claims
    #[arg(long, visible_alias = "ignore-missing")]
    pub nostrict: bool,
    /// Where reports and what was accepted are kept [default: $XDG_STATE_HOME/conex]
    #[arg(
        long,
        value_name = "DIR",
        default_value = "",
        hide_default_value = true,
        add = Completes::DIRECTORY,
    )]
    pub state_dir: String,
    /// Refuse a repository without a snapshot, whatever its janitors say
    #[arg(long)]
    pub require_snapshot: bool,
    /// Refuse a repository without a snapshot, or with one that is older, as `30days` or `12h`
    #[arg(long, value_name = "DURATION", default_value = "", add = Completes::NOTHING)]
    pub max_age: String,
    /// Keep and use nothing from run to run
    #[arg(long, conflicts_with = "state_dir")]
    pub no_state: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Show all findings, not the first ten
    #[arg(long)]
    pub all: bool,
    /// Say what the system keeps the check from
    #[arg(long, short)]
    pub verbose: bool,
}

/// What `verify` was asked for, with what opam passes empty taken as absent.
pub struct Request {
    pub policy: Policy,
    pub subject: Subject,
    /// opam asks: its user sees neither standard output nor standard error.
    pub hook: bool,
    /// The repository, as opam calls it.
    pub name: String,
    /// Where memory and reports are, if they are used.
    pub state: Option<PathBuf>,
    /// They should be used, and the environment does not say where.
    pub homeless: bool,
    pub format: Format,
    pub all: bool,
}

/// What is verified.
pub enum Subject {
    /// This tree, after the one that opam holds, if any.
    Tree {
        /// The new tree.
        dir: PathBuf,
        /// The tree before.
        repo: Option<PathBuf>,
    },
    /// The tree at `repo` after the patch.
    Patched {
        /// The tree that opam holds.
        repo: PathBuf,
        /// What it is about to apply.
        patch: PathBuf,
    },
}

/// The name under which opam keeps the repository: the last component of its path.
pub fn name(args: &VerifyArgs) -> String {
    let path = if args.repo.is_empty() {
        &args.dir
    } else {
        &args.repo
    };
    let base = Path::new(path)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    base.strip_suffix(".tar.gz").unwrap_or(&base).to_owned()
}

/// Working copies never disturb the memory: it is used for opam, or when asked for.
pub fn state(args: &VerifyArgs) -> Option<PathBuf> {
    match (args.no_state, args.state_dir.as_str(), args.repo.as_str()) {
        (true, ..) | (false, "", "") => None,
        (false, "", _) => state_home(),
        (false, dir, _) => Some(PathBuf::from(dir)),
    }
}

/// From what was typed to what is meant.
pub fn request(args: &VerifyArgs) -> Result<Request, Failure> {
    let usage = |e: AnchorError| Failure::usage(&e, e.hint());
    let quorum = match args.quorum.as_str() {
        "" => None,
        text => Some(text.parse::<usize>().map_err(|_| {
            Failure::usage(
                format!("the quorum {text:?} is not a number"),
                "give --quorum=N, between 1 and the number of anchors",
            )
        })?),
    };
    let (required, max_age) = (args.require_snapshot, max_age(args)?);
    let policy = Policy::new(&args.anchors, quorum)
        .map_err(usage)?
        .with_snapshot(required, max_age);
    let incremental = match args.incremental.as_str() {
        "" => None,
        "true" => Some(true),
        "false" => Some(false),
        other => {
            return Err(Failure::usage(
                format!("--incremental is `true` or `false`, not {other:?}"),
                "",
            ));
        }
    };
    Ok(Request {
        policy: if args.nostrict {
            policy.nostrict()
        } else {
            policy
        },
        subject: subject(args, incremental)?,
        hook: !args.repo.is_empty(),
        name: name(args),
        homeless: !args.no_state && !args.repo.is_empty() && state(args).is_none(),
        state: state(args),
        format: args.format,
        all: args.all,
    })
}

/// How old the snapshot may be. This is the one place where a clock decides.
pub fn max_age(args: &VerifyArgs) -> Result<Option<MaxAge>, Failure> {
    if args.max_age.is_empty() {
        return Ok(None);
    }
    let text = &args.max_age;
    let age = humantime::parse_duration(text).map_err(|e| {
        Failure::usage(
            format!("--max-age={text:?} is not a duration: {e}"),
            "write it as `30days`, `12h` or `1week 2days`",
        )
    })?;
    let now = seconds_now().ok_or_else(|| {
        Failure::usage(
            "the clock shows a time before 1970",
            "set the clock, or leave --max-age out",
        )
    })?;
    Ok(Some(MaxAge {
        seconds: age.as_secs(),
        now,
    }))
}

pub fn subject(args: &VerifyArgs, incremental: Option<bool>) -> Result<Subject, Failure> {
    let contradiction = |what: &str| {
        Err(Failure::usage(
            what,
            "opam passes --dir for a new tree and --repo with --patch for an update; see hooks/ for the configuration",
        ))
    };
    match (args.dir.as_str(), args.repo.as_str(), args.patch.as_str()) {
        ("", "", _) => {
            contradiction("there is nothing to verify: neither --dir nor --repo was given")
        }
        ("", _, "") if incremental == Some(true) => {
            contradiction("an incremental update needs --patch")
        }
        // opam 2.0 asks also when nothing changed.
        ("", repo, "") => Ok(Subject::Tree {
            dir: repo.into(),
            repo: None,
        }),
        ("", repo, patch) if incremental != Some(false) => Ok(Subject::Patched {
            repo: repo.into(),
            patch: patch.into(),
        }),
        (dir, _, "") if !dir.is_empty() && incremental != Some(true) => Ok(Subject::Tree {
            dir: dir.into(),
            repo: (!args.repo.is_empty()).then(|| args.repo.as_str().into()),
        }),
        ("", ..) => contradiction("there is a --patch, but the update is not incremental"),
        _ => contradiction("--dir and --patch contradict each other"),
    }
}
