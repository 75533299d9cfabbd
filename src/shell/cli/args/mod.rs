//! What can be typed.

mod opam;
mod people;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::check::CheckArgs;
use super::claims::ClaimsArgs;
use super::decline::DeclineArgs;
use super::shells::{CompletionsArgs, ManArgs};
use super::signature::SignatureCommand;
use super::supersede::SupersedeArgs;
pub use opam::{DisableArgs, EnableArgs, ExplainArgs, VerifyArgs};
pub use people::{
    EpochArgs, InitArgs, JanitorCommand, JoinArgs, KeyAddArgs, KeyRemoveArgs, OwnerCommand,
    RevokeArgs, RotateArgs, TeamCommand,
};

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
    /// Make, import and show your keys, and say which ones are yours
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
    /// Claim the packages that are signed now for ever: a quorum approves the list
    Claims(ClaimsArgs),
    /// Take away what waits and is not wanted: an id, a first claim, a link
    Decline(DeclineArgs),
    /// As a janitor: vouch for what waits for a quorum
    Approve(ApproveArgs),
    /// As an author: sign the releases that changed
    Sign(SignArgs),
    /// Sign a version above everything that is to be dead: what was signed and never merged
    Supersede(SupersedeArgs),
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
    /// Put one more key of yours into the repository, beside those that it lists; janitors approve it
    Add(KeyAddArgs),
    /// Take some of your keys out of the repository; janitors approve it
    Remove(KeyRemoveArgs),
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

/// Arguments of `approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// Only these packages, releases, authors and teams [default: everything that waits]
    pub names: Vec<String>,
    /// Only what belongs to this author or team: the file, and the packages that they own
    #[arg(long = "author", value_name = "ID")]
    pub authors: Vec<String>,
    /// Only the file of this id, also where the id is that of a past or present janitor and the key another one
    #[arg(long = "id", value_name = "ID")]
    pub ids: Vec<String>,
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
    /// Delete the files of anybody that support nothing any more; nobody signs that
    #[arg(long)]
    pub delete_dead: bool,
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
    /// Ask for the snapshot of this branch or commit, which users follow, or a later one
    #[arg(long, value_name = "BRANCH-OR-COMMIT")]
    pub published: Option<String>,
    /// Print the commands for users of opam, for a repository of this name and URL
    #[arg(long, num_args = 2, value_names = ["NAME", "URL"])]
    pub opam: Option<Vec<String>>,
}
