//! What authors and janitors type: init, join, owner, team, approve, sign.

use crate::shell::out::{say, sayln};
use std::collections::BTreeSet;
use std::path::Path;

use super::args::{
    ApproveArgs, Cli, Consent, InitArgs, JoinArgs, OwnerCommand, SignArgs, TeamCommand,
};
use super::ask::{Who, agreed, find, id, places, sign as sign_plan, signer_id, who, write};
use super::failure::{Exit, Failure};
use super::paths::{directory, working_tree};
use crate::core::finding::Severity;
use crate::core::key::PublicKey;
use crate::core::name::{Id, RepositoryName};
use crate::core::plan::{
    self, Change, Init, Join, OwnerChange, Plan, Selection, Sign, TeamChange, World,
};
use crate::core::repository::Repository;
use crate::core::resource::Account;
use crate::core::tree::Tree;
use crate::core::trust::View;
use crate::shell::keys::Signer as _;
use crate::shell::keys::file::{Readers, read};
use crate::shell::keys::find::Places;
use crate::shell::keys::lines::PublicLine;
use crate::shell::report::{Color, Counts, HumanOptions, Shown, human};

/// Runs `conex init`.
pub fn init(cli: &Cli, args: &InitArgs) -> Result<Exit, Failure> {
    let root = directory(cli);
    let places = places(&root)?;
    let tree = working_tree(&root)?;
    let repository = Repository::load(&tree);
    let name = RepositoryName::new(&args.name)
        .map_err(|e| Failure::usage(e, "the name is for people; it cannot be changed later"))?;
    let janitors = args
        .janitors
        .iter()
        .map(|text| janitor(text, &places))
        .collect::<Result<_, _>>()?;
    let plan = plan::init(
        &tree,
        &repository,
        &Init {
            name,
            quorum: args.quorum,
            janitors,
        },
    )?;
    let exit = unsigned(&plan, args.consent, &root)?;
    if exit == Exit::Success && !args.consent.dry_run {
        sayln!("Every janitor now signs it with `conex approve`.");
    }
    Ok(exit)
}

/// A janitor as typed: `ID`, `ID=ssh-ed25519 AAAA…` or `ID=FILE`.
fn janitor(text: &str, places: &Places) -> Result<(Id, PublicKey), Failure> {
    let Some((name, key)) = text.split_once('=') else {
        let id = id(text)?;
        let info = places.store.info(&id).map_err(|e| {
            let hint = format!("make a key with `conex key new {id}`, or give it: --janitor '{id}=ssh-ed25519 AAAA…'");
            Failure::usage(e, hint)
        })?;
        return Ok((id, info.public));
    };
    let id = id(name)?;
    let line = if key.contains(' ') {
        key.to_owned()
    } else {
        let bytes = read(Path::new(key), Readers::Anybody).map_err(|e| {
            Failure::usage(
                &e,
                "a key is given as `ID=ssh-ed25519 AAAA…` or `ID=FILE.pub`",
            )
        })?;
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let line = PublicLine::parse(line.trim()).map_err(|e| {
        Failure::usage(
            format!("the key of `{id}`: {e}"),
            "a key is one line as in ~/.ssh/id_ed25519.pub",
        )
    })?;
    Ok((id, line.key))
}

/// Runs `conex join`.
pub fn join(cli: &Cli, args: &JoinArgs) -> Result<Exit, Failure> {
    let root = directory(cli);
    let places = places(&root)?;
    let tree = working_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?;
    let id = id(&args.id)?;
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
    let listed = (!listed.is_empty() && args.signing.key.is_none()).then_some(listed.as_slice());
    let who = find(&args.signing, id.clone(), listed, &places)?;
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

/// Runs `conex owner`.
pub fn owner(cli: &Cli, command: &OwnerCommand) -> Result<Exit, Failure> {
    let (change, args) = match command {
        OwnerCommand::Add(args) => (Change::Add, args),
        OwnerCommand::Remove(args) => (Change::Remove, args),
    };
    let root = directory(cli);
    let tree = working_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?;
    let plan = plan::owner(
        &world,
        &OwnerChange {
            change,
            id: id(&args.id)?,
            packages: if args.unclaimed {
                Selection::Unclaimed
            } else {
                Selection::Named(args.packages.clone())
            },
        },
    )?;
    unsigned(&plan, args.consent, &root)
}

/// Runs `conex team`.
pub fn team(cli: &Cli, command: &TeamCommand) -> Result<Exit, Failure> {
    let (change, args) = match command {
        TeamCommand::Add(args) => (Change::Add, args),
        TeamCommand::Remove(args) => (Change::Remove, args),
    };
    let root = directory(cli);
    let tree = working_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?;
    let plan = plan::team(
        &world,
        &TeamChange {
            change,
            team: id(&args.team)?,
            members: args
                .members
                .iter()
                .map(|m| id(m))
                .collect::<Result<_, _>>()?,
        },
    )?;
    unsigned(&plan, args.consent, &root)
}

/// Runs `conex approve`.
pub fn approve(cli: &Cli, args: &ApproveArgs) -> Result<Exit, Failure> {
    let root = directory(cli);
    let places = places(&root)?;
    let tree = working_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?;
    let who = who(&args.signing, &world, &places)?;
    let plan = plan::approve(&world, &who.id, who.signer.public(), &args.names)?;
    let (exit, written) = sign_and_write(plan, args.signing.consent, &world, &who, &root)?;
    if let Some(plan) = written {
        still_invalid(&plan.apply(&tree));
    }
    Ok(exit)
}

/// Says what a tree lacks after an approval: another janitor's, or something that
/// no approval mends.
fn still_invalid(tree: &Tree) {
    let repository = Repository::load(tree);
    let Ok(world) = World::look(tree, &repository, View::Supported) else {
        return;
    };
    let number = world.chain().links().len().saturating_sub(1);
    let mut findings: Vec<_> = world
        .assessment
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .cloned()
        .collect();
    findings.extend(world.chain().signatures(number).findings());
    if findings.is_empty() {
        sayln!("Everything that is claimed is now valid.");
        return;
    }
    let summary = format!("not valid yet: {}", Counts::of(&findings));
    say!(
        "\n{}",
        human(
            &findings,
            &HumanOptions {
                color: Color::of(&std::io::stderr()),
                shown: Shown::First(3),
                summary: &summary,
            }
        )
    );
}

/// Runs `conex sign`.
pub fn sign(cli: &Cli, args: &SignArgs) -> Result<Exit, Failure> {
    let root = directory(cli);
    let places = places(&root)?;
    let tree = working_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?;
    let signer = signer_id(&args.signing, &places)?;
    let listed = world.keys_of(&signer);
    if listed.is_empty() {
        world.known_id(&signer)?;
    }
    let who = find(&args.signing, signer, Some(&listed), &places)?;
    let plan = plan::sign(
        &world,
        &Sign {
            signer: who.id.clone(),
            key: who.signer.public().clone(),
            packages: args.packages.clone(),
            allow_weak_checksums: args.allow_weak_checksums,
        },
    )?;
    signed(plan, args.signing.consent, &world, &who, &root)
}

/// Writes a plan that needs no signature.
fn unsigned(plan: &Plan, consent: Consent, root: &Path) -> Result<Exit, Failure> {
    if plan.is_empty() {
        sayln!("Nothing to do: it is so already.");
        return Ok(Exit::Success);
    }
    if agreed(plan, consent, None)? {
        write(plan, root)
    } else {
        Ok(Exit::Success)
    }
}

/// Has a plan signed, and writes it.
fn signed(
    plan: Plan,
    consent: Consent,
    world: &World<'_>,
    who: &Who,
    root: &Path,
) -> Result<Exit, Failure> {
    sign_and_write(plan, consent, world, who, root).map(|(exit, _)| exit)
}

fn sign_and_write(
    mut plan: Plan,
    consent: Consent,
    world: &World<'_>,
    who: &Who,
    root: &Path,
) -> Result<(Exit, Option<Plan>), Failure> {
    if plan.is_empty() {
        sayln!("Nothing to do: nothing waits for `{}`.", who.id);
        return Ok((Exit::Success, None));
    }
    if !agreed(&plan, consent, Some(who))? {
        return Ok((Exit::Success, None));
    }
    sign_plan(&mut plan, world, who)?;
    let exit = write(&plan, root)?;
    Ok((exit, Some(plan)))
}
