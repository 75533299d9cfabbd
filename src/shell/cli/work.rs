//! What authors and janitors type: init, join, owner, team, approve, sign.

use crate::shell::out::sayln;
use std::collections::BTreeSet;
use std::path::Path;

use super::args::{ApproveArgs, Cli, CompactArgs, InitArgs, JoinArgs, SignArgs, Signing};
use super::ask::{Who, find, id, places, signer_in, who};
use super::detached;
use super::diff;
use super::failure::{Exit, Failure};
use super::finish::{sign_and_write, signed, still_invalid, unsigned};
use super::paths::{directory, earlier, merged_tree, working_tree};
use super::people::typed_janitor;
use super::rotate::not_removed;
use crate::plan::View;
use crate::plan::{self, Init, Join, Plan, Scope, Sign, World};
use crate::shell::git::{Git, Range, Where};
use crate::shell::keys::{Signer as _, log};
use conex_verify::format::key::PublicKey;
use conex_verify::format::name::{Id, RepositoryName};
use conex_verify::format::resource::{Account, SnapshotRule};
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;

/// Runs `conex init`.
pub fn init(cli: &Cli, args: &InitArgs) -> Result<Exit, Failure> {
    let root = directory(cli);
    let places = places(&root)?;
    let tree = working_tree(&root)?;
    let repository = Repository::load(&tree);
    let name = RepositoryName::new(&args.name)
        .map_err(|e| Failure::usage(e, "the name is for people; it cannot be changed later"))?;
    if let Some(text) = &args.alone {
        return alone(args, text, name, &tree, &repository, &root);
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
    let plan = plan::init(&tree, &repository, &request)?;
    let exit = unsigned(&plan, args.consent, &root)?;
    if exit == Exit::Success && !args.consent.dry_run {
        sayln!("Every janitor now signs it with `conex approve`.");
        if request.snapshot == SnapshotRule::Required {
            sayln!(
                "Then one of them makes the snapshot with `conex snapshot`, and again after each change."
            );
        }
    }
    Ok(exit)
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
    let mut plan = plan::init(tree, repository, &request)?;
    let after = plan.apply(tree);
    let after_repository = Repository::load(&after);
    let world = World::new(&after, &after_repository, View::AsIfApproved)?;
    let mut approval = plan::approve(&world, &id, who.signer.public(), &[])?;
    approval.tell(&world, &|_| Default::default());
    plan.merge(approval);
    let exit = signed(plan, args.consent, &world, &who, root)?;
    if exit == Exit::Success && !args.consent.dry_run && request.snapshot == SnapshotRule::Required
    {
        sayln!("Now `conex snapshot` protects all that is there, and again after each change.");
    }
    Ok(exit)
}

/// Runs `conex join`.
pub fn join(cli: &Cli, args: &JoinArgs) -> Result<Exit, Failure> {
    let root = directory(cli);
    let places = places(&root)?;
    let tree = working_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?;
    let id = id(&args.id)?;
    if args
        .signing
        .signer
        .as_ref()
        .is_some_and(|s| s != id.as_str())
    {
        return Err(Failure::usage(
            "everybody joins for themselves",
            format!("leave out --as: `conex join {id}` signs as `{id}`"),
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
            (Some(text), _) => detached::named(text, &listed)?,
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
        let plan = plan::join(&world, &request)?;
        return detached::hand_out(&args.signing, &plan, &world, &id, &root, dir);
    }
    let listed = (!listed.is_empty() && args.signing.key.is_none()).then_some(listed.as_slice());
    let mut who = find(&args.signing, id.clone(), listed, &places)?;
    // Somebody with two ids: the key that was found first is that of the other one.
    let taken = world.owner_of_key(who.signer.public());
    if taken.is_some_and(|other| other != id)
        && args.signing.key.is_none()
        && let Ok(own) = places.store.info(&id)
    {
        who = find(&args.signing, id.clone(), Some(&[own.public]), &places)?;
    }
    not_removed(&root, None, who.signer.public())?;
    let plan = plan::join(
        &world,
        &Join {
            id: id.clone(),
            keys: vec![who.signer.public().clone()],
            accounts,
        },
    )?;
    let exit = signed(
        plan,
        args.signing.consent_for_own_file(),
        &world,
        &who,
        &root,
    )?;
    Ok(exit)
}

/// What of everything that waits is meant.
fn scope(args: &ApproveArgs, root: &Path) -> Result<Scope, Failure> {
    let touched = match &args.range {
        Some(text) => {
            let range = Range::parse(text)?;
            let git = Git::open(root, Where::Directory)?;
            Some(git.touched(&range.base, &range.head)?)
        }
        None => None,
    };
    Ok(Scope {
        names: args.names.clone(),
        authors: args
            .authors
            .iter()
            .map(|text| id(text))
            .collect::<Result<_, _>>()?,
        ids: args
            .ids
            .iter()
            .map(|text| id(text))
            .collect::<Result<_, _>>()?,
        touched,
    })
}

/// Runs `conex approve`.
pub fn approve(cli: &Cli, args: &ApproveArgs) -> Result<Exit, Failure> {
    let root = directory(cli);
    let places = places(&root)?;
    let (tree, conflicts) = merged_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?.settled(conflicts)?;
    let scope = scope(args, &root)?;
    if let Some(dir) = &args.detached {
        let (id, key) = detached::signer(&args.signing, &world, &root)?;
        let mut plan = plan::approve_some(&world, &id, &key, &scope)?;
        plan.tell(&world, &earlier(&root));
        if args.diff {
            diff::show(&world, &plan, &root, args.since.as_deref())?;
        }
        return detached::hand_out(&args.signing, &plan, &world, &id, &root, dir);
    }
    let who = who(&args.signing, &world, &places)?;
    let mut plan = plan::approve_some(&world, &who.id, who.signer.public(), &scope)?;
    plan.tell(&world, &earlier(&root));
    if args.diff {
        diff::show(&world, &plan, &root, args.since.as_deref())?;
    }
    fold_small(&world, &who, &mut plan);
    let (exit, written) = sign_and_write(plan, args.signing.consent, &world, &who, &root)?;
    if let Some(plan) = written {
        still_invalid(&plan.apply(&tree));
    }
    Ok(exit)
}

/// Runs `conex sign`.
pub fn sign(cli: &Cli, args: &SignArgs) -> Result<Exit, Failure> {
    let root = directory(cli);
    let places = places(&root)?;
    let (tree, conflicts) = merged_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?.settled(conflicts)?;
    let request = |signer: &Id, key: &PublicKey| Sign {
        signer: signer.clone(),
        key: key.clone(),
        packages: args.packages.clone(),
        allow_weak_checksums: args.allow_weak_checksums,
        log: log::signed_by(world.chain().identity(), signer),
    };
    if let Some(dir) = &args.detached {
        let (id, key) = detached::signer(&args.signing, &world, &root)?;
        let plan = plan::sign(&world, &request(&id, &key))?;
        return detached::hand_out(&args.signing, &plan, &world, &id, &root, dir);
    }
    let signer = signer_in(&args.signing, &world, &places)?;
    let listed = world.keys_of(&signer);
    if listed.is_empty() {
        world.known_id(&signer)?;
    }
    let who = find(&args.signing, signer, Some(&listed), &places)?;
    let mut plan = plan::sign(&world, &request(&who.id, who.signer.public()))?;
    fold_small(&world, &who, &mut plan);
    signed(plan, args.signing.consent, &world, &who, &root)
}

/// Adds the signer's smaller segments to what is signed now.
fn fold_small(world: &World<'_>, who: &Who, plan: &mut Plan) {
    let key = who.signer.public().fingerprint();
    plan::fold_small(world, &who.id, key, plan);
}

/// Runs `conex compact`.
pub fn compact(cli: &Cli, args: &CompactArgs) -> Result<Exit, Failure> {
    let root = directory(cli);
    let places = places(&root)?;
    let tree = working_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::Supported)?;
    if args.delete_dead {
        return unsigned(&plan::delete_dead(&world), args.signing.consent, &root);
    }
    let who = who(&args.signing, &world, &places)?;
    let plan = plan::compact(
        &world,
        &plan::Compact {
            id: who.id.clone(),
            key: who.signer.public().clone(),
        },
    )?;
    signed(plan, args.signing.consent, &world, &who, &root)
}
