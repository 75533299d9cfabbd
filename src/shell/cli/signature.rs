//! `conex signature`.

use std::path::PathBuf;

use clap::Subcommand;

use super::args::Cli;
use super::failure::{Exit, Failure};

/// The verbs of `signature`.
#[derive(Debug, Subcommand)]
pub enum SignatureCommand {
    /// Print the signatures of a file as `ssh-keygen` checks them
    Export {
        /// A segment, a link or the snapshot
        file: PathBuf,
        /// Write the signed bytes, the signatures and a list of signers into this directory
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
    /// Take in a signature by `ssh-keygen -Y sign`
    Import {
        /// The file that was signed, as --detached wrote it
        file: PathBuf,
        /// The signature [default: FILE.sig, as `ssh-keygen` calls it]
        signature: Option<PathBuf>,
    },
}

/// Runs `conex signature`.
pub fn run(_cli: &Cli, _command: &SignatureCommand) -> Result<Exit, Failure> {
    Err(Failure::usage("not yet", ""))
}
