//! `conex init`.

use crate::hint::Hint;
use crate::shell::cli::complete::{Completes, Source};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::plan;
use crate::plan::{Init, Plan, View, World};
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::finish::{signed, unsigned};
use crate::shell::cli::older;
use crate::shell::cli::options::{Consent, Listing, Signing};
use crate::shell::cli::page::{DONE, Page};
use crate::shell::cli::signer::{find, id, places, typed_janitor};
use crate::shell::cli::workspace::working_tree;
use crate::shell::keys::Signer as _;
use crate::shell::out::sayln;
use conex_verify::format::name::RepositoryName;
use conex_verify::format::resource::SnapshotRule;
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;

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
    #[arg(long, add = Completes::NOTHING)]
    pub name: String,
    /// How many janitors must agree
    #[arg(long, value_name = "N", required_unless_present = "alone", add = Completes::NOTHING)]
    pub quorum: Option<usize>,
    /// A janitor: an id whose key conex keeps, or `ID=ssh-ed25519 AAAA…`, or `ID=FILE`
    #[arg(
        long = "janitor",
        value_name = "ID[=KEY]",
        required_unless_present = "alone",
        add = Completes(&[Source::Keys]),
    )]
    pub janitors: Vec<String>,
    /// Be the only janitor, and sign everything at once
    #[arg(long, value_name = "ID", conflicts_with_all = ["quorum", "janitors"], add = Completes(&[Source::Keys]))]
    pub alone: Option<String>,
    /// Whether clients refuse a repository without a snapshot: the team `notaries` of all janitors is made, and
    /// one of them signs with `conex snapshot`. `--snapshot optional` leaves both out; `conex janitor snapshot` can
    /// require one later
    #[arg(long, value_enum, value_name = "RULE", default_value_t)]
    pub snapshot: Rule,
    /// With --alone, the key to sign with: a file, a fingerprint, or a public key that ssh-agent holds
    #[arg(long, value_name = "KEY", requires = "alone", add = Completes::KEY)]
    pub key: Option<String>,
    /// With --alone, the file whose first line is the passphrase of the key
    #[arg(long, value_name = "FILE", requires = "alone", add = Completes::FILE)]
    pub passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub listing: Listing,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub consent: Consent,
}

/// Runs `conex init`.
pub fn run(root: &Path, args: &InitArgs) -> Result<Exit, Failure> {
    let exit = start(root, args)?;
    if exit != Exit::Success || args.consent.dry_run {
        return Ok(exit);
    }
    let required = args.snapshot == Rule::Required;
    if args.alone.is_none() {
        sayln!("{}", Hint::InitApprove);
    }
    match (required, &args.alone) {
        (true, None) => sayln!("{}", Hint::InitSnapshot),
        (true, Some(_)) => sayln!("{}", Hint::AloneSnapshot),
        (false, _) => {}
    }
    Ok(exit)
}

/// Starts a repository, and does not say what comes next.
///
/// # Errors
/// Clients would refuse it, or it cannot be written.
pub fn start(root: &Path, args: &InitArgs) -> Result<Exit, Failure> {
    let places = places(root)?;
    let tree = working_tree(root)?;
    let repository = Repository::load(&tree);
    if older::is_signed_at(root) {
        sayln!("note: {}", Hint::StartAnew);
    }
    let name = RepositoryName::new(&args.name)
        .map_err(|e| Failure::usage(e, "the name is for people; it cannot be changed later"))?;
    if let Some(text) = &args.alone {
        return alone(args, text, name, &tree, &repository, root);
    }
    let janitors = args
        .janitors
        .iter()
        .map(|text| typed_janitor(text, &places))
        .collect::<Result<_, _>>()?;
    let request = Init {
        name,
        quorum: args.quorum.unwrap_or_default(),
        snapshot: args.snapshot.into(),
        janitors,
    };
    let plan = way_is_free(args, &tree, &repository, &request)?;
    unsigned(&plan, args.consent, root)
}

/// What `init` writes, if a client will accept the repository then: nothing is written or signed
/// before that is known.
fn way_is_free(
    args: &InitArgs,
    tree: &Tree,
    repository: &Repository,
    request: &Init,
) -> Result<Plan, Failure> {
    let started = args.alone.is_some() && plan::is_started(repository, request);
    if started || repository.links.is_empty() {
        let found = plan::obstacle::before_init(tree, repository, request)?;
        if !found.is_empty() {
            let message = "nothing was written: no client would accept the repository as it is";
            return Err(Failure::listed(message, found, args.listing.format));
        }
    }
    match started {
        true => Ok(Plan::default()),
        false => Ok(plan::init(tree, repository, request)?),
    }
}

/// A repository of one person: the link is signed, and what `init` writes is approved, in
/// the same step.
fn alone(
    args: &InitArgs,
    text: &str,
    name: RepositoryName,
    tree: &Tree,
    repository: &Repository,
    root: &Path,
) -> Result<Exit, Failure> {
    let id = id(text)?;
    let signing = Signing {
        signer: Some(id.to_string()),
        key: args.key.clone(),
        passphrase_file: args.passphrase_file.clone(),
        consent: args.consent,
    };
    let who = find(&signing, id.clone(), None, &places(root)?)?;
    let request = Init {
        name,
        quorum: 1,
        snapshot: args.snapshot.into(),
        janitors: vec![(id.clone(), who.signer.public().clone())],
    };
    // What an earlier run wrote that was interrupted, this one finishes.
    let mut plan = way_is_free(args, tree, repository, &request)?;
    let after = plan.apply(tree);
    let after_repository = Repository::load(&after);
    let world = World::new(&after, &after_repository, View::AsIfApproved)?;
    let mut approval = plan::approve(&world, &id, who.signer.public(), &[])?;
    approval.tell(&world, &|_| Default::default(), false);
    plan.merge(approval);
    signed(plan, args.consent, &world, &who, root)
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "init",
    policy: "writes link 0 of the janitor chain, an empty list of claims, and the team `notaries` of all janitors, \
and signs nothing; each janitor then signs with `conex approve`. The link says that clients refuse a repository \
without a snapshot, which cannot be taken back; with --snapshot optional they do not, and no team is made. With \
--alone it signs with the key of the one janitor, after a question. It never replaces a chain. Where clients would \
refuse the repository all the same, it writes nothing and lists all that stands in the way.",
    exit: DONE,
    examples: &[
        "conex init --name example --quorum 2 --janitor you --janitor ann=ann.pub",
        "conex init --name my-repository --alone me",
        "conex init --name my-repository --alone me --dry-run --format=lines",
    ],
}];
