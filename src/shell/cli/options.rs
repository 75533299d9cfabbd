//! What several verbs take.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::shell::cli::complete::Completes;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Human,
    /// For programs: one JSON object, described in docs/json.md.
    Json,
}

/// How what stands in the way of a signature is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ListFormat {
    /// For people.
    #[default]
    Human,
    /// One path a line, and nothing else on standard output.
    Lines,
}

/// What is said of all that stands in the way.
#[derive(Debug, Clone, Copy, Args)]
pub struct Listing {
    /// How all that stands in the way is listed: `human`; or `lines`, one path a line for `xargs` and nothing else on
    /// standard output
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value_t,
        hide_possible_values = true
    )]
    pub format: ListFormat,
}

/// Who signs, and how.
#[derive(Debug, Clone, Args)]
pub struct Signing {
    /// Who signs [default: the only key that there is]
    #[arg(long = "as", value_name = "ID", add = Completes::SIGNER)]
    pub signer: Option<String>,
    /// The key to sign with: a file, a fingerprint, or a public key that ssh-agent holds
    #[arg(long, value_name = "KEY", add = Completes::KEY)]
    pub key: Option<String>,
    /// The file whose first line is the passphrase of the key
    #[arg(long, value_name = "FILE", add = Completes::FILE)]
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
