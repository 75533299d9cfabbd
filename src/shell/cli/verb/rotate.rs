//! `conex rotate`.

use std::path::Path;

use clap::Args;

use crate::plan;
use crate::plan::{JanitorChange, KeyChange, Plan, Retire, View, World};
use crate::shell::cli::complete::{Completes, Source};
use crate::shell::cli::confirm::agreed;
use crate::shell::cli::failure::{Exit, Failure, is_there};
use crate::shell::cli::finish::still_invalid;
use crate::shell::cli::options::Signing;
use crate::shell::cli::page::{DONE, Page};
use crate::shell::cli::published::below_published;
use crate::shell::cli::signer::{Who, find, fingerprints, places, signer_in};
use crate::shell::cli::signing::{sign_link, sign_plan};
use crate::shell::cli::workspace::{earlier, merged_tree, not_removed, unpublished, write};
use crate::shell::keys::Signer as _;
use crate::shell::keys::find::{Found, Places};
use crate::shell::keys::passphrase::{ask_new, from_environment};
use crate::shell::keys::private::UnlockedKey;
use crate::shell::keys::store::{Existing, PrivateHalf};
use crate::shell::out::sayln;
use conex_verify::format::key::{Fingerprint, PublicKey};
use conex_verify::format::name::Id;
use conex_verify::format::resource::IdFile;
use conex_verify::workbench::repository::Repository;

/// Arguments of `rotate`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// The new key: a file, a fingerprint, or a public key that ssh-agent holds [default: a new one of conex's]
    #[arg(long, value_name = "KEY", add = Completes::KEY)]
    pub new_key: Option<String>,
    /// Keep the new key unencrypted
    #[arg(long, conflicts_with = "new_key")]
    pub no_passphrase: bool,
    /// The fingerprint of a key to give up [default: all that your file lists]
    #[arg(long, value_name = "FINGERPRINT", add = Completes(&[Source::Listed]))]
    pub retire: Vec<String>,
    /// The published branch: what the old key signed besides goes [default: that of origin, or main]
    #[arg(long, value_name = "BRANCH", add = Completes::BRANCH)]
    pub base: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub signing: Signing,
}

/// The new key of a rotation.
struct NewKey {
    who: Who,
    /// The file to keep, if the key was made here.
    made: Option<String>,
}

/// Runs `conex rotate`.
pub fn run(root: &Path, args: &RotateArgs) -> Result<Exit, Failure> {
    let places = places(root)?;
    let (tree, conflicts) = merged_tree(root)?;
    let repository = Repository::load(&tree);
    let world = below_published(
        World::new(&tree, &repository, View::AsIfApproved)?.redoing(conflicts.clone()),
        root,
    );
    let id = signer_in(&args.signing, &world, &places)?;
    world.known_id(&id)?;
    // A lost key is no obstacle: then somebody else's signature stands in for it.
    let old = find(
        &args.signing,
        id.clone(),
        Some(&world.keys_of(&id)),
        &places,
    )
    .ok();
    let new = new_key(args, &id, &world.keys_of(&id), &places)?;
    let key = new.who.signer.public().clone();
    not_removed(root, args.base.as_deref(), &key)?;
    let mut plan = new_place_of_key(&world, &id, &key, &fingerprints(&args.retire)?)?;
    let after = plan.apply(&tree);
    let after_repository = Repository::load(&after);
    // What else a merge left to decide is decided before anything is signed.
    let mut left = conflicts;
    left.redo.retain(|path, _| !plan.writes.contains_key(path));
    let after_world = World::new(&after, &after_repository, View::AsIfApproved)?.settled(left)?;
    plan.merge(plan::vouch_again(&world, &after_world, &id, &key));
    plan.tell(&world, &earlier(root), false);
    unpublished(root, args.base.as_deref(), &after_world, &id, &mut plan)?;
    if !agreed(&plan, args.signing.consent, Some(&new.who))? {
        return Ok(Exit::Success);
    }
    if let Some(text) = &new.made {
        keep(text, &id, &places)?;
    }
    sign_plan(&mut plan, &after_world, &new.who)?;
    if let Some(old) = &old
        && plan.link.is_some()
    {
        sign_link(&mut plan, old)?;
    }
    let exit = write(&plan, root)?;
    still_invalid(&plan.apply(&tree));
    Ok(exit)
}

/// The link or the file that names the new key in place of the old one.
fn new_place_of_key(
    world: &World<'_>,
    id: &Id,
    key: &PublicKey,
    retire: &[Fingerprint],
) -> Result<Plan, Failure> {
    let Some(old) = world.chain().key_of(id) else {
        return Ok(plan::change_keys(
            world,
            &KeyChange {
                id: id.clone(),
                retire: Retire::these_or_all(retire),
                add: Some(key.clone()),
            },
        )?);
    };
    let mut plan = plan::janitor(
        world,
        &JanitorChange {
            add: vec![(id.clone(), key.clone())],
            ..JanitorChange::default()
        },
    )?;
    // The same key may stand in a file of the janitor.
    if let Some(IdFile::Author(author)) = world.id_file(id)
        && author.keys.contains(old)
    {
        plan.merge(plan::change_keys(
            world,
            &KeyChange {
                id: id.clone(),
                retire: Retire::These(vec![old.fingerprint()]),
                add: Some(key.clone()),
            },
        )?);
    }
    Ok(plan)
}

fn new_key(
    args: &RotateArgs,
    id: &Id,
    listed: &[PublicKey],
    places: &Places,
) -> Result<NewKey, Failure> {
    if let Some(named) = &args.new_key {
        let mut signing = args.signing.clone();
        signing.key = Some(named.clone());
        let who = find(&signing, id.clone(), None, places)?;
        return Ok(NewKey { who, made: None });
    }
    // A rotation that was interrupted left a key that the repository does not list yet.
    if let Ok(own) = places.store.info(id)
        && own.private != PrivateHalf::Elsewhere
        && !listed.contains(&own.public)
        && listed
            .iter()
            .any(|key| places.store.aside(id, key).exists())
    {
        let mut signing = args.signing.clone();
        signing.key = Some(places.store.private_path(id).display().to_string());
        let mut who = find(&signing, id.clone(), None, places)?;
        who.signer.origin = "the new key that an earlier rotation made".to_owned();
        return Ok(NewKey { who, made: None });
    }
    let failed = |e: crate::shell::keys::private::PrivateKeyError| {
        let hint = e.hint().unwrap_or_default();
        Failure::usage(e, hint)
    };
    // A key that is kept nowhere needs none, and a dry run asks nothing.
    let passphrase = if args.no_passphrase || args.signing.consent.dry_run {
        None
    } else {
        let mut source = from_environment(args.signing.passphrase_file.as_deref());
        ask_new(&format!("the new key of `{id}`"), source.as_mut()).map_err(|e| {
            let hint = e
                .hint()
                .unwrap_or_else(|| "or keep the key unencrypted with --no-passphrase".to_owned());
            Failure::usage(e, hint)
        })?
    };
    let key = UnlockedKey::generate().map_err(failed)?;
    let text = key
        .to_openssh(id.as_str(), passphrase.as_ref().map(|p| p.as_str()))
        .map_err(failed)?;
    Ok(NewKey {
        who: Who {
            id: id.clone(),
            signer: Found::new(Box::new(key), "the new key"),
        },
        made: Some(text.to_string()),
    })
}

/// Keeps a key that was made here, and the one before it under another name.
fn keep(text: &str, id: &Id, places: &Places) -> Result<(), Failure> {
    let store = &places.store;
    if let Ok(old) = store.info(id) {
        let short = old.public.fingerprint().short();
        for path in [store.private_path(id), store.public_path(id)] {
            if is_there(&path)? {
                let mut name = path.file_name().unwrap_or_default().to_owned();
                name.push(format!(".old-{short}"));
                std::fs::rename(&path, path.with_file_name(&name)).map_err(|e| {
                    Failure::usage(
                        format!("the old key cannot be put aside: `{}`: {e}", path.display()),
                        "nothing was changed",
                    )
                })?;
            }
        }
        sayln!(
            "The old key is kept as `{id}.old-{short}` in {}.",
            store.dir().display()
        );
    }
    store
        .import_text(
            id,
            text.as_bytes(),
            Path::new("the new key"),
            Existing::Replace,
        )
        .map_err(|e| {
            let hint = e.hint().unwrap_or_default();
            Failure::usage(e, hint)
        })?;
    Ok(())
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "rotate",
    policy: "vouches again with the new key for exactly what the old one vouched for and what is valid, after a \
question; other changes in the tree are left for `sign` and `approve`, and named. What the old key signed in this \
branch, and nobody has yet, goes. A new key of conex's own is kept before \
anything is signed with it, and the old one under another name. Janitors approve the change; with the old key \
lost their approval is all that counts.",
    exit: DONE,
    examples: &[
        "conex rotate --as you",
        "conex rotate --as you --new-key ~/.ssh/id_ed25519.pub",
    ],
}];
