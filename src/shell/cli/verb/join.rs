//! `conex join`.

use crate::hint::Hint;
use crate::shell::cli::complete::{Completes, Source};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::plan;
use crate::plan::{Join, View, World};
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::finish::{hand_out, signed};
use crate::shell::cli::options::Signing;
use crate::shell::cli::page::{DONE, Page};
use crate::shell::cli::published::below_published;
use crate::shell::cli::signer::{find, id, named, places};
use crate::shell::cli::workspace::{earlier, not_removed, working_tree};
use crate::shell::keys::Signer as _;
use conex_verify::format::key::PublicKey;
use conex_verify::format::resource::Account;
use conex_verify::workbench::repository::Repository;

/// Arguments of `join`.
#[derive(Debug, Args)]
pub struct JoinArgs {
    /// Your id
    #[arg(add = Completes(&[Source::Keys]))]
    pub id: String,
    /// An account elsewhere, as `github:name` or `email:you@host.example`
    #[arg(long = "account", value_name = "SERVICE:NAME", add = Completes::NOTHING)]
    pub accounts: Vec<String>,
    /// Write what is to be signed into this directory, for a machine that has the key
    #[arg(long, value_name = "DIR", add = Completes::DIRECTORY)]
    pub detached: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signing: Signing,
}

/// Runs `conex join`.
pub fn run(root: &Path, args: &JoinArgs) -> Result<Exit, Failure> {
    let places = places(root)?;
    let tree = working_tree(root)?;
    let repository = Repository::load(&tree);
    let world = below_published(World::new(&tree, &repository, View::AsIfApproved)?, root);
    let id = id(&args.id)?;
    if args
        .signing
        .signer
        .as_ref()
        .is_some_and(|s| s != id.as_str())
    {
        return Err(Failure::usage(
            "everybody joins for themselves",
            Hint::JoinWithoutAs { id: id.to_string() },
        ));
    }
    let accounts: BTreeSet<Account> = args
        .accounts
        .iter()
        .map(|text| {
            Account::new(text).ok_or_else(|| {
                Failure::usage(
                    format!("`{text}` is not an account"),
                    "accounts are written as github:name or email:you@host.example",
                )
            })
        })
        .collect::<Result<_, _>>()?;
    // A janitor joins with the key of the chain, unless another one is named.
    let listed: Vec<PublicKey> = world.chain().key_of(&id).into_iter().cloned().collect();
    if let Some(dir) = &args.detached {
        let key = match (&args.signing.key, listed.first()) {
            (Some(text), _) => named(text, &listed)?,
            (None, Some(key)) => key.clone(),
            (None, None) => {
                return Err(Failure::usage(
                    "it is not known with which key you join",
                    "name its public half: --key FILE.pub",
                ));
            }
        };
        let request = Join {
            id: id.clone(),
            keys: vec![key],
            accounts,
        };
        let mut plan = plan::join(&world, &request)?;
        plan.tell(&world, &earlier(root), false);
        return hand_out(&args.signing, &plan, &world, &id, root, dir);
    }
    let listed = (!listed.is_empty() && args.signing.key.is_none()).then_some(listed.as_slice());
    // A key that somebody listed for this id is taken before others, if it is here.
    let mut who = match world.listed_keys(&id) {
        keys if keys.is_empty() || listed.is_some() || args.signing.key.is_some() => {
            find(&args.signing, id.clone(), listed, &places)?
        }
        keys => find(&args.signing, id.clone(), Some(&keys), &places)
            .or_else(|_| find(&args.signing, id.clone(), None, &places))?,
    };
    // Somebody with two ids: the key that was found first is that of the other one.
    let taken = world.owner_of_key(who.signer.public());
    if taken.is_some_and(|other| other != id)
        && args.signing.key.is_none()
        && let Ok(own) = places.store.info(&id)
    {
        who = find(&args.signing, id.clone(), Some(&[own.public]), &places)?;
    }
    not_removed(root, None, who.signer.public())?;
    let mut plan = plan::join(
        &world,
        &Join {
            id: id.clone(),
            keys: vec![who.signer.public().clone()],
            accounts,
        },
    )?;
    plan.tell(&world, &earlier(root), false);
    let exit = signed(
        plan,
        args.signing.consent_for_own_file(),
        &world,
        &who,
        root,
    )?;
    Ok(exit)
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "join",
    policy: "writes packages/.conex/ids/ID with your public key and signs it with that key, which proves \
that it is yours. It asks nothing: it grants nothing until a quorum of janitors approves it. Where a quorum approved \
keys that somebody fetched for you, one of them proves that you are ID, and no janitor is needed; another key takes \
their place when a quorum approves. Without --key it \
takes git's SSH signing key, ssh-agent's, ~/.ssh/id_ed25519 or conex's own key, and says which.",
    exit: DONE,
    examples: &["conex join you --account github:you"],
}];
