//! Other keys for one person: `conex rotate`, `conex key add`, `conex key remove`.

use std::collections::BTreeSet;
use std::path::Path;

use super::args::{Cli, KeyAddArgs, KeyRemoveArgs, RotateArgs, Signing};
use super::ask::{Who, agreed, find, places, sign as sign_plan, sign_link, signer_in, write};
use super::failure::{Exit, Failure};
use super::finish::{still_invalid, unsigned};
use super::paths::{directory, merged_tree};
use super::people::{fingerprints, started};
use crate::plan::{self, JanitorChange, KeyChange, Plan, Retire, View, World};
use crate::shell::git::{Git, GitError, Where};
use crate::shell::keys::Signer as _;
use crate::shell::keys::find::{Found, Places};
use crate::shell::keys::passphrase::{ask_new, from_environment};
use crate::shell::keys::private::UnlockedKey;
use crate::shell::keys::store::Existing;
use crate::shell::out::sayln;
use conex_verify::format::key::{Fingerprint, PublicKey};
use conex_verify::format::name::Id;
use conex_verify::format::resource::IdFile;
use conex_verify::workbench::repository::Repository;

/// Removes what this branch signed for `id` under keys that are given up: it counts for nothing,
/// and `check` takes no new segment of that kind.
fn unpublished(
    root: &Path,
    base: Option<&str>,
    after: &World<'_>,
    id: &Id,
    plan: &mut Plan,
) -> Result<(), Failure> {
    let Some(published) = published(root, base)? else {
        return Ok(());
    };
    let removes = plan::under_unknown_keys(after, id, |path| published.contains(path));
    if !removes.is_empty() {
        plan.lines.push(format!(
            "removes {} of this branch that the key before signed",
            match removes.len() {
                1 => "1 file".to_owned(),
                n => format!("{n} files"),
            }
        ));
        plan.removes.extend(removes);
    }
    Ok(())
}

/// The paths of the published branch, if it is known.
fn published(root: &Path, base: Option<&str>) -> Result<Option<BTreeSet<String>>, Failure> {
    let git = match Git::open(root, Where::Directory) {
        Ok(git) => git,
        Err(GitError::NotARepository { .. } | GitError::NoGit(_)) if base.is_none() => {
            return Ok(None);
        }
        Err(error) => return Err(error.into()),
    };
    let commit = match base {
        Some(name) => Some(git.commit(name)?),
        None => git.published(),
    };
    match commit {
        Some(commit) => Ok(Some(git.list(&git.tree_of(&commit)?)?.paths())),
        None => Ok(None),
    }
}

/// C13: Refuses a key that the published branch had once and has no more, where its history is here.
pub fn not_removed(root: &Path, base: Option<&str>, key: &PublicKey) -> Result<(), Failure> {
    let Ok(git) = Git::open(root, Where::Directory) else {
        return Ok(());
    };
    let commit = match base {
        Some(name) => Some(git.commit(name)?),
        None => git.published(),
    };
    let Some(commit) = commit else {
        return Ok(());
    };
    // Whatever git cannot say now, `check` says later.
    let removed = git.removed_keys(&commit, &[key.to_string()].into());
    if removed.is_ok_and(|removed| !removed.is_empty()) {
        return Err(Failure::refused(
            format!(
                "the key {} was removed from the published branch, and never comes back",
                key.fingerprint()
            ),
            "take another key: what the removed one signed would count again",
        ));
    }
    Ok(())
}

/// Runs `conex key add`: one more key beside those that the file of an author lists.
pub fn add_key(cli: &Cli, args: &KeyAddArgs) -> Result<Exit, Failure> {
    let root = directory(cli);
    let places = places(&root)?;
    let (tree, conflicts) = merged_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?.redoing(conflicts.clone());
    let mut signing = Signing {
        signer: args.signer.clone(),
        key: None,
        passphrase_file: args.passphrase_file.clone(),
        consent: args.consent,
    };
    let id = signer_in(&signing, &world, &places)?;
    signing.key = Some(args.key.clone());
    let who = find(&signing, id.clone(), None, &places)?;
    let key = who.signer.public().clone();
    let mut plan = plan::change_keys(
        &world,
        &KeyChange {
            id: id.clone(),
            retire: Retire::These(Vec::new()),
            add: Some(key.clone()),
        },
    )?;
    if plan.is_empty() {
        return unsigned(&plan, args.consent, &root);
    }
    plan::awakens_nothing(&world, &plan)?;
    not_removed(&root, None, &key)?;
    let after = plan.apply(&tree);
    let after_repository = Repository::load(&after);
    let mut left = conflicts;
    left.redo.retain(|path, _| !plan.writes.contains_key(path));
    let after_world = World::new(&after, &after_repository, View::AsIfApproved)?.settled(left)?;
    plan.merge(plan::prove(&world, &after_world, &id, &key));
    if !agreed(&plan, args.consent, Some(&who))? {
        return Ok(Exit::Success);
    }
    sign_plan(&mut plan, &after_world, &who)?;
    let exit = write(&plan, &root)?;
    still_invalid(&plan.apply(&tree));
    Ok(exit)
}

/// Runs `conex key remove`: some of several keys go.
pub fn remove_keys(cli: &Cli, args: &KeyRemoveArgs) -> Result<Exit, Failure> {
    let root = directory(cli);
    let places = places(&root)?;
    let (tree, conflicts) = merged_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?.redoing(conflicts);
    let signing = Signing {
        signer: args.signer.clone(),
        key: None,
        passphrase_file: None,
        consent: args.consent,
    };
    let id = signer_in(&signing, &world, &places)?;
    let mut plan = plan::remove_keys(&world, &id, &fingerprints(&args.keys)?)?;
    let after = plan.apply(&tree);
    let after_repository = Repository::load(&after);
    let after_world = World::look(&after, &after_repository, View::AsIfApproved)?;
    unpublished(&root, args.base.as_deref(), &after_world, &id, &mut plan)?;
    started(&plan, args.consent, &world, &root)
}

/// The new key of a rotation.
struct NewKey {
    who: Who,
    /// The file to keep, if the key was made here.
    made: Option<String>,
}

/// Runs `conex rotate`.
pub fn rotate(cli: &Cli, args: &RotateArgs) -> Result<Exit, Failure> {
    let root = directory(cli);
    let places = places(&root)?;
    let (tree, conflicts) = merged_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?.redoing(conflicts.clone());
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
    let new = new_key(args, &id, &places)?;
    let key = new.who.signer.public().clone();
    not_removed(&root, args.base.as_deref(), &key)?;
    let mut plan = new_place_of_key(&world, &id, &key, &fingerprints(&args.retire)?)?;
    let after = plan.apply(&tree);
    let after_repository = Repository::load(&after);
    // What else a merge left to decide is decided before anything is signed.
    let mut left = conflicts;
    left.redo.retain(|path, _| !plan.writes.contains_key(path));
    let after_world = World::new(&after, &after_repository, View::AsIfApproved)?.settled(left)?;
    plan.merge(plan::vouch_again(&world, &after_world, &id, &key));
    unpublished(&root, args.base.as_deref(), &after_world, &id, &mut plan)?;
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
    let exit = write(&plan, &root)?;
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

fn new_key(args: &RotateArgs, id: &Id, places: &Places) -> Result<NewKey, Failure> {
    if let Some(named) = &args.new_key {
        let mut signing = args.signing.clone();
        signing.key = Some(named.clone());
        let who = find(&signing, id.clone(), None, places)?;
        return Ok(NewKey { who, made: None });
    }
    let failed = |e: crate::shell::keys::private::PrivateKeyError| {
        let hint = e.hint().unwrap_or_default();
        Failure::usage(e, hint)
    };
    let passphrase = if args.no_passphrase {
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
            if path.exists() {
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
