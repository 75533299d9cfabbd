//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::check::CheckArgs;
use super::shells::{CompletionsArgs, ManArgs};
use super::signature::SignatureCommand;
use crate::core::resource::SnapshotRule;

/// Establishes trust in opam repositories.
///
/// Authors sign their releases, a quorum of janitors says who owns which package
/// and whose key is whose, and everything lies in the repository itself. `conex
/// verify` is opam's repository-validation-command: it accepts a repository only
/// if every signed package is exactly what its owners or a quorum vouch for.
#[derive(Debug, Parser)]
#[command(
    name = "conex",
    version,
    propagate_version = true,
    max_term_width = 100
)]
pub struct Cli {
    /// The repository to work on [default: the current directory]
    #[arg(short = 'C', long = "directory", global = true, value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Verify a repository: what opam runs before it applies an update
    Verify(VerifyArgs),
    /// Make, import and show your keys
    #[command(subcommand)]
    Key(KeyCommand),
    /// Start a signed repository: its first link of janitors
    Init(InitArgs),
    /// Become an author: put your key into the repository
    Join(JoinArgs),
    /// Say who owns which package
    #[command(subcommand)]
    Owner(OwnerCommand),
    /// Say who is in which team
    #[command(subcommand)]
    Team(TeamCommand),
    /// Say who the janitors are, and how many must agree
    #[command(subcommand)]
    Janitor(JanitorCommand),
    /// Take a new key in place of an old or lost one
    Rotate(RotateArgs),
    /// Take keys of an author away: they were stolen, or the author is gone
    Revoke(RevokeArgs),
    /// Start over with counters that a stolen key pushed to their end
    Epoch(EpochArgs),
    /// As a janitor: vouch for what waits for a quorum
    Approve(ApproveArgs),
    /// As an author: sign the releases that changed
    Sign(SignArgs),
    /// Fold what you vouched for into one file, in a change of its own
    Compact(CompactArgs),
    /// Show what is signed, what is missing and what waits
    #[command(visible_alias = "todo")]
    Status(StatusArgs),
    /// Say whether a branch can be merged: what the repository would be then
    Check(CheckArgs),
    /// As a notary: state what the repository is, under one signature
    Snapshot(SnapshotArgs),
    /// Compare two repositories, and name the packages that differ
    Compare(CompareArgs),
    /// Print the trust anchors to hand out to users
    Anchors(AnchorsArgs),
    /// Have opam verify a repository: its hook and the repository's anchors
    Enable(EnableArgs),
    /// Undo `enable`: bring back what opam's configuration had before
    Disable(DisableArgs),
    /// Show the last report of the hook
    Explain(ExplainArgs),
    /// Take signatures out of a repository, or into it, for stock `ssh-keygen` and keys elsewhere
    #[command(subcommand)]
    Signature(SignatureCommand),
    /// Print the script that completes `conex` in a shell
    Completions(CompletionsArgs),
    /// Write the man pages
    Man(ManArgs),
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// For programs: one JSON object, described in docs/json.md.
    Json,
}

/// Arguments of `verify`.
///
/// A value that is empty counts as absent: that is how opam passes what it does not
/// know.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Trust anchors, separated by commas: fingerprints of janitor keys, and at most one `link=…`
    #[arg(
        long,
        visible_alias = "trust-anchors",
        short = 't',
        value_name = "ANCHORS",
        default_value = "",
        hide_default_value = true
    )]
    pub anchors: String,
    /// How many anchors must agree, and the least quorum that the janitors may have
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

/// The verbs of `key`.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key for an id
    New {
        /// Whose key
        id: String,
        /// Keep the key unencrypted
        #[arg(long)]
        no_passphrase: bool,
        /// The file whose first line is the passphrase
        #[arg(long, value_name = "FILE", conflicts_with = "no_passphrase")]
        passphrase_file: Option<PathBuf>,
        /// Overwrite the key that is there
        #[arg(long)]
        force: bool,
    },
    /// Take in a key: an OpenSSH private key, a public key, or a list as https://github.com/<id>.keys
    Import {
        /// Whose key
        id: String,
        /// The file; `-` is standard input
        file: PathBuf,
        /// Overwrite the key that is there
        #[arg(long)]
        force: bool,
    },
    /// List the keys that conex keeps for you
    List {
        /// How the result is printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Print a public key
    Show {
        /// Whose key
        id: String,
        /// Print the fingerprint instead
        #[arg(long)]
        fingerprint: bool,
    },
}

/// Who signs, and how.
#[derive(Debug, Clone, Args)]
pub struct Signing {
    /// Who signs [default: the only key that there is]
    #[arg(long = "as", value_name = "ID")]
    pub signer: Option<String>,
    /// The key to sign with: a file, a fingerprint, or a public key that ssh-agent holds
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// The file whose first line is the passphrase of the key
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

impl Signing {
    /// Joining says who one is and grants nothing to anybody: it asks no question.
    pub fn consent_for_own_file(&self) -> Consent {
        Consent {
            yes: true,
            ..self.consent
        }
    }
}

/// Whether a snapshot must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Rule {
    /// A repository without one is accepted.
    #[default]
    Optional,
    /// It is refused, which cannot be taken back.
    Required,
}

impl From<Rule> for SnapshotRule {
    fn from(rule: Rule) -> SnapshotRule {
        match rule {
            Rule::Optional => SnapshotRule::Optional,
            Rule::Required => SnapshotRule::Required,
        }
    }
}

/// Whether to ask and to write.
#[derive(Debug, Clone, Copy, Args)]
pub struct Consent {
    /// Do it without asking
    #[arg(long, short = 'y')]
    pub yes: bool,
    /// Show what would be done, and write nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// What the repository calls itself
    #[arg(long)]
    pub name: String,
    /// How many janitors must agree
    #[arg(long, value_name = "N", required_unless_present = "alone")]
    pub quorum: Option<usize>,
    /// A janitor: an id whose key conex keeps, or `ID=ssh-ed25519 AAAA…`, or `ID=FILE`
    #[arg(
        long = "janitor",
        value_name = "ID[=KEY]",
        required_unless_present = "alone"
    )]
    pub janitors: Vec<String>,
    /// Be the only janitor: sign everything at once, and require a snapshot (then: `conex snapshot`)
    #[arg(long, value_name = "ID", conflicts_with_all = ["quorum", "janitors", "snapshot"])]
    pub alone: Option<String>,
    /// Whether a repository without a snapshot is refused
    #[arg(long, value_enum, value_name = "RULE", default_value_t)]
    pub snapshot: Rule,
    /// With --alone, the key to sign with: a file, a fingerprint, or a public key that ssh-agent holds
    #[arg(long, value_name = "KEY", requires = "alone")]
    pub key: Option<String>,
    /// With --alone, the file whose first line is the passphrase of the key
    #[arg(long, value_name = "FILE", requires = "alone")]
    pub passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Arguments of `join`.
#[derive(Debug, Args)]
pub struct JoinArgs {
    /// Your id
    pub id: String,
    /// An account elsewhere, as `github:name` or `email:you@host.example`
    #[arg(long = "account", value_name = "SERVICE:NAME")]
    pub accounts: Vec<String>,
    /// Write what is to be signed into this directory, for a machine that has the key
    #[arg(long, value_name = "DIR")]
    pub detached: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signing: Signing,
}

/// The verbs of `owner`.
#[derive(Debug, Subcommand)]
pub enum OwnerCommand {
    /// Give packages another owner; janitors approve it
    Add(OwnerAddArgs),
    /// Take an owner away; janitors approve it
    Remove(OwnerArgs),
}

/// Arguments of `owner remove`.
#[derive(Debug, Args)]
pub struct OwnerArgs {
    /// An author, a team or a janitor
    pub id: String,
    /// The packages
    #[arg(required = true)]
    pub packages: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Arguments of `owner add`.
#[derive(Debug, Args)]
pub struct OwnerAddArgs {
    /// An author, a team or a janitor
    pub id: String,
    /// The packages
    #[arg(required_unless_present_any = ["unclaimed", "instead_of"])]
    pub packages: Vec<String>,
    /// Take them away from this owner in the same change; without packages: all that this one owns
    #[arg(long, value_name = "ID", conflicts_with = "unclaimed")]
    pub instead_of: Option<String>,
    /// All packages that have no owner
    #[arg(long, conflicts_with = "packages")]
    pub unclaimed: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// The verbs of `team`.
#[derive(Debug, Subcommand)]
pub enum TeamCommand {
    /// Add members, and make the team if there is none; janitors approve it
    Add(TeamArgs),
    /// Remove members; janitors approve it
    Remove(TeamArgs),
}

/// Arguments of `team add` and `team remove`.
#[derive(Debug, Args)]
pub struct TeamArgs {
    /// The team
    pub team: String,
    /// The members
    #[arg(required = true)]
    pub members: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// The verbs of `janitor`. Each starts a new link, which janitors sign with `approve`.
#[derive(Debug, Subcommand)]
pub enum JanitorCommand {
    /// Add janitors
    Add {
        /// An id whose key conex or the repository knows, or `ID=ssh-ed25519 AAAA…`, or `ID=FILE`
        #[arg(required = true, value_name = "ID[=KEY]")]
        janitors: Vec<String>,
        #[command(flatten)]
        #[allow(missing_docs)]
        link: LinkArgs,
    },
    /// Remove janitors
    Remove {
        /// The janitors
        #[arg(required = true, value_name = "ID")]
        janitors: Vec<String>,
        /// Keep them as authors with the key they have (never for a stolen key)
        #[arg(long)]
        keep_as_author: bool,
        #[command(flatten)]
        #[allow(missing_docs)]
        link: LinkArgs,
    },
    /// Require that there is a snapshot: one way, a tree without one is refused for ever
    Snapshot {
        /// `required`
        #[arg(value_enum)]
        rule: Rule,
        #[command(flatten)]
        #[allow(missing_docs)]
        consent: Consent,
    },
    /// Change how many janitors must agree
    Quorum {
        /// How many
        quorum: usize,
        #[command(flatten)]
        #[allow(missing_docs)]
        consent: Consent,
    },
}

/// What a new link can also say.
#[derive(Debug, Clone, Copy, Args)]
pub struct LinkArgs {
    /// How many janitors must agree from now on
    #[arg(long, value_name = "N")]
    pub quorum: Option<usize>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Arguments of `rotate`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// The new key: a file, a fingerprint, or a public key that ssh-agent holds [default: a new one of conex's]
    #[arg(long, value_name = "KEY")]
    pub new_key: Option<String>,
    /// Keep the new key unencrypted
    #[arg(long, conflicts_with = "new_key")]
    pub no_passphrase: bool,
    /// The fingerprint of a key to give up [default: all that your file lists]
    #[arg(long, value_name = "FINGERPRINT")]
    pub retire: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signing: Signing,
}

/// Arguments of `revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// The author
    pub id: String,
    /// The fingerprint of a key to take away [default: all]
    #[arg(long = "key", value_name = "FINGERPRINT")]
    pub keys: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Arguments of `epoch`.
#[derive(Debug, Args)]
pub struct EpochArgs {
    /// Packages, authors, teams, or `repo`
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Arguments of `approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// Only these packages, releases, authors and teams [default: everything that waits]
    pub names: Vec<String>,
    /// Only what belongs to this author or team: the file, and the packages that they own
    #[arg(long = "author", value_name = "ID")]
    pub authors: Vec<String>,
    /// Only what these commits touch
    #[arg(long, value_name = "BASE..HEAD")]
    pub range: Option<String>,
    /// Show first what changed in the files of the releases since somebody vouched for them
    #[arg(long)]
    pub diff: bool,
    /// With --diff, compare with this commit
    #[arg(long, value_name = "COMMIT", requires = "diff")]
    pub since: Option<String>,
    /// Write what is to be signed into this directory, for a machine that has the key
    #[arg(long, value_name = "DIR")]
    pub detached: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signing: Signing,
}

/// Arguments of `sign`.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// Only these packages; a new one becomes yours [default: all that changed]
    pub packages: Vec<String>,
    /// Sign releases whose source archives have no SHA-256 or SHA-512 checksum
    #[arg(long)]
    pub allow_weak_checksums: bool,
    /// Write what is to be signed into this directory, for a machine that has the key
    #[arg(long, value_name = "DIR")]
    pub detached: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signing: Signing,
}

/// Arguments of `compact`.
#[derive(Debug, Args)]
pub struct CompactArgs {
    /// Also delete what anybody vouched for under keys that are no longer valid
    #[arg(long)]
    pub delete_invalid: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signing: Signing,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Only these packages, in detail
    pub packages: Vec<String>,
    /// Only what this person can do
    #[arg(long = "as", value_name = "ID")]
    pub person: Option<String>,
    /// List every package, not only numbers
    #[arg(long)]
    pub all: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `snapshot`.
#[derive(Debug, Args)]
pub struct SnapshotArgs {
    /// Read every file, check what is known of them, and refuse a tree that clients would refuse
    #[arg(long)]
    pub full: bool,
    /// Make it anew although nothing changed, for those who look at its age
    #[arg(long)]
    pub renew: bool,
    /// Write what is to be signed into this directory, for a machine that has the key
    #[arg(long, value_name = "DIR")]
    pub detached: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signing: Signing,
}

/// Arguments of `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// A directory or .tar.gz
    pub a: PathBuf,
    /// Another one
    pub b: PathBuf,
    /// Name every difference, not the first of each kind
    #[arg(long)]
    pub all: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// Arguments of `anchors`.
#[derive(Debug, Args)]
pub struct AnchorsArgs {
    /// Leave out the pinned link
    #[arg(long)]
    pub no_link: bool,
    /// Print the commands for users of opam, for a repository of this name and URL
    #[arg(long, num_args = 2, value_names = ["NAME", "URL"])]
    pub opam: Option<Vec<String>>,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The repository, as opam calls it [default: the one of the last report]
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
    /// How many anchors must agree [default: the quorum of the repository at -C DIR]
    #[arg(long, value_name = "N")]
    pub quorum: Option<usize>,
    /// Let packages through whose names no quorum claims, in all repositories: there is one hook
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
