//! What can be typed: the verbs, each of which has a file of its name.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::verb::anchors::AnchorsArgs;
use super::verb::approve::ApproveArgs;
use super::verb::bootstrap::BootstrapCommand;
use super::verb::check::CheckArgs;
use super::verb::claims::ClaimsArgs;
use super::verb::compact::CompactArgs;
use super::verb::compare::CompareArgs;
use super::verb::completions::CompletionsArgs;
use super::verb::decline::DeclineArgs;
use super::verb::disable::DisableArgs;
use super::verb::enable::EnableArgs;
use super::verb::epoch::EpochArgs;
use super::verb::explain::ExplainArgs;
use super::verb::init::InitArgs;
use super::verb::janitor::JanitorCommand;
use super::verb::join::JoinArgs;
use super::verb::key::KeyCommand;
use super::verb::man::ManArgs;
use super::verb::mirror::MirrorArgs;
use super::verb::own::OwnCommand;
use super::verb::owner::OwnerCommand;
use super::verb::publish::PublishArgs;
use super::verb::report::ReportArgs;
use super::verb::revoke::RevokeArgs;
use super::verb::rotate::RotateArgs;
use super::verb::sign::SignArgs;
use super::verb::signature::SignatureCommand;
use super::verb::snapshot::SnapshotArgs;
use super::verb::status::StatusArgs;
use super::verb::supersede::SupersedeArgs;
use super::verb::team::TeamCommand;
use super::verb::verify::VerifyArgs;
use crate::shell::cli::complete::Completes;

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
    #[arg(short = 'C', long = "directory", global = true, value_name = "DIR", add = Completes::DIRECTORY)]
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
    /// Find owners for a repository that nobody signs yet
    #[command(subcommand)]
    Bootstrap(BootstrapCommand),
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
    /// Make what clients follow of what people work on: a snapshot, in the published form
    Publish(PublishArgs),
    /// Publish a repository of somebody else, with a chain and a snapshot of your own
    Mirror(MirrorArgs),
    /// Compare two repositories, and name the packages that differ
    Compare(CompareArgs),
    /// Write a site for everybody: who owns what and why, whose keys count, what is signed by whom
    Report(ReportArgs),
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
    /// Check conex itself: whether a file is of a release
    #[command(subcommand, name = "self")]
    Own(OwnCommand),
    /// Print the script that completes `conex` in a shell
    Completions(CompletionsArgs),
    /// Write the man pages
    Man(ManArgs),
}
