//! What authors and janitors type: init, join, owner, team, approve, sign.

use crate::shell::out::{say, sayln};
use std::collections::BTreeSet;
use std::path::Path;

use super::args::{ApproveArgs, Cli, CompactArgs, Consent, InitArgs, JoinArgs, SignArgs, Signing};
use super::ask::{Who, agreed, find, id, places, sign as sign_plan, signer_id, who, write};
use super::failure::{Exit, Failure};
use super::paths::{directory, working_tree};
use super::people::typed_janitor;
use crate::core::finding::{Code, Severity};
use crate::core::key::PublicKey;
use crate::core::name::RepositoryName;
use crate::core::plan::{self, Init, Join, Plan, Sign, World};
use crate::core::repository::Repository;
use crate::core::resource::{Account, Kind, SnapshotRule};
use crate::core::tree::Tree;
use crate::core::trust::View;
use crate::shell::keys::Signer as _;
use crate::shell::report::{Color, Counts, HumanOptions, Shown, human, neutral};

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
    let plan = plan::init(
        &tree,
        &repository,
        &Init {
            name,
            quorum: args.quorum.unwrap_or_default(),
            snapshot: args.snapshot.into(),
            janitors,
        },
    )?;
    let exit = unsigned(&plan, args.consent, &root)?;
    if exit == Exit::Success && !args.consent.dry_run {
        sayln!("Every janitor now signs it with `conex approve`.");
    }
    Ok(exit)
}

/// A repository of one person: the link is signed and the top-level files are approved
/// in the same step, and what protects the packages is the snapshot.
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
        snapshot: SnapshotRule::Required,
        janitors: vec![(id.clone(), who.signer.public().clone())],
    };
    let mut plan = plan::init(tree, repository, &request)?;
    let after = plan.apply(tree);
    let after_repository = Repository::load(&after);
    let world = World::new(&after, &after_repository, View::AsIfApproved)?;
    plan.merge(plan::approve(&world, &id, who.signer.public(), &[])?);
    let exit = signed(plan, args.consent, &world, &who, root)?;
    if exit == Exit::Success && !args.consent.dry_run {
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
pub fn still_invalid(tree: &Tree) {
    let repository = Repository::load(tree);
    let (Ok(world), Ok(approved)) = (
        World::look(tree, &repository, View::Supported),
        World::look(tree, &repository, View::AsIfApproved),
    ) else {
        return;
    };
    let status = plan::status::status(&approved);
    let mut waits: Vec<String> = status
        .link
        .lacking()
        .into_iter()
        .map(|what| format!("link {}: {what}", status.link.number))
        .collect();
    for (kind, items) in &status.waiting {
        let fewest = items
            .iter()
            .map(|(_, have)| *have)
            .min()
            .unwrap_or_default();
        waits.push(format!(
            "{}: {fewest} of {} janitors",
            counted(*kind, items.len()),
            status.quorum
        ));
    }
    if !waits.is_empty() {
        sayln!("Still waits for `conex approve` by more janitors:");
        for line in &waits {
            sayln!("  {}", neutral(line));
        }
    }
    // What approvals mend is not told a second time.
    let seen = if waits.is_empty() { &world } else { &approved };
    let findings: Vec<_> = seen
        .assessment
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Error && !waits_for_quorum(f.code))
        .cloned()
        .collect();
    if !findings.is_empty() {
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
    } else if waits.is_empty() {
        sayln!("Everything that is claimed is now valid.");
    }
}

fn waits_for_quorum(code: Code) -> bool {
    matches!(code, Code::Quorum | Code::NotVouched | Code::EpochNotOpened)
}

/// A number of resources of a kind, in words.
pub fn counted(kind: Kind, n: usize) -> String {
    let (one, many) = match kind {
        Kind::Author => ("author", "authors"),
        Kind::Team => ("team", "teams"),
        Kind::Repo => (
            "approval of top-level files",
            "approvals of top-level files",
        ),
        Kind::Authorisation => ("authorisation", "authorisations"),
        Kind::Releases => ("list of releases", "lists of releases"),
        Kind::Checksum => ("release", "releases"),
    };
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{n} {many}")
    }
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

/// Runs `conex compact`.
pub fn compact(cli: &Cli, args: &CompactArgs) -> Result<Exit, Failure> {
    let root = directory(cli);
    let places = places(&root)?;
    let tree = working_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::Supported)?;
    let who = who(&args.signing, &world, &places)?;
    let plan = plan::compact(
        &world,
        &plan::Compact {
            id: who.id.clone(),
            key: who.signer.public().clone(),
            delete_invalid: args.delete_invalid,
        },
    )?;
    signed(plan, args.signing.consent, &world, &who, &root)
}

/// Writes a plan that needs no signature.
pub fn unsigned(plan: &Plan, consent: Consent, root: &Path) -> Result<Exit, Failure> {
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
