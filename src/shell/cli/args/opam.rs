//! What opam's hook and its configuration take.

use std::path::PathBuf;

use clap::Args;

use super::Format;

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
        hide_default_value = true
    )]
    pub anchors: String,
    /// How many anchors must agree, and the least quorum that the janitors may have [default: as the
    /// anchors say]
    #[arg(long, value_name = "N", default_value = "", hide_default_value = true)]
    pub quorum: String,
    /// Verify this directory or .tar.gz as a whole
    #[arg(
        long,
        value_name = "DIR",
        default_value = "",
        hide_default_value = true
    )]
    pub dir: String,
    /// The repository as opam holds it now, before the update
    #[arg(
        long,
        visible_alias = "repository",
        short = 'r',
        value_name = "REPO",
        default_value = "",
        hide_default_value = true
    )]
    pub repo: String,
    /// Verify the repository after this patch
    #[arg(
        long,
        value_name = "FILE",
        default_value = "",
        hide_default_value = true
    )]
    pub patch: String,
    /// Whether opam updates with a patch (`true`) or takes a new tree (`false`)
    #[arg(
        long,
        value_name = "BOOL",
        default_value = "",
        hide_default_value = true
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
        hide_default_value = true
    )]
    pub state: String,
    /// Refuse a repository without a snapshot, whatever its janitors say
    #[arg(long)]
    pub require_snapshot: bool,
    /// Refuse a repository without a snapshot, or with one that is older, as `30days` or `12h`
    #[arg(long, value_name = "DURATION", default_value = "")]
    pub max_age: String,
    /// Keep and use nothing from run to run
    #[arg(long, conflicts_with = "state")]
    pub no_state: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Show all findings, not the first ten
    #[arg(long)]
    pub all: bool,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The repository, as opam calls it [default: the one of the last report]; or a code, as `E029`, whose rules
    /// are printed
    pub repository: Option<String>,
    /// Where reports are kept [default: $XDG_STATE_HOME/conex]
    #[arg(
        long,
        value_name = "DIR",
        default_value = "",
        hide_default_value = true
    )]
    pub state: String,
}

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

/// Arguments of `disable`.
#[derive(Debug, Args)]
pub struct DisableArgs {
    /// Only this repository's anchors [default: all that `enable` set, and the hook]
    pub repository: Option<String>,
    /// opam's root [default: $OPAMROOT, or ~/.opam]
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Show what would be done, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}
