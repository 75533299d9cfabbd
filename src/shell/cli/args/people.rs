//! What is typed to change people and keys.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Consent, Signing};
use conex_verify::format::resource::SnapshotRule;

/// Whether a snapshot must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Rule {
    /// A repository without one is accepted.
    Optional,
    /// It is refused, which cannot be taken back.
    #[default]
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
    /// Be the only janitor, and sign everything at once
    #[arg(long, value_name = "ID", conflicts_with_all = ["quorum", "janitors"])]
    pub alone: Option<String>,
    /// Whether clients refuse a repository without a snapshot: the team `notaries` of all janitors is made, and
    /// one of them signs with `conex snapshot`. `--snapshot optional` leaves both out; `conex janitor snapshot` can
    /// require one later
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
    /// The published branch: what the old key signed besides goes [default: that of origin, or main]
    #[arg(long, value_name = "BRANCH")]
    pub base: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signing: Signing,
}

/// Arguments of `key add`.
#[derive(Debug, Args)]
pub struct KeyAddArgs {
    /// The key: a file, a fingerprint, or a public key that ssh-agent holds
    pub key: String,
    /// Whose [default: the only one for whom the repository lists a key that is here]
    #[arg(long = "as", value_name = "ID")]
    pub signer: Option<String>,
    /// The file whose first line is the passphrase of the key
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Arguments of `key remove`.
#[derive(Debug, Args)]
pub struct KeyRemoveArgs {
    /// The fingerprints of the keys
    #[arg(required = true, value_name = "FINGERPRINT")]
    pub keys: Vec<String>,
    /// Whose [default: the only one for whom the repository lists a key that is here]
    #[arg(long = "as", value_name = "ID")]
    pub signer: Option<String>,
    /// The published branch: what the keys signed besides goes [default: that of origin, or main]
    #[arg(long, value_name = "BRANCH")]
    pub base: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
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
    /// Packages, authors, teams, `repo`, or `claims`
    #[arg(required = true, value_name = "NAME")]
    pub names: Vec<String>,
    /// Of packages, who owns them, and not what they release
    #[arg(long)]
    pub owners: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}
