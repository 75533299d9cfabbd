//! Who owns, and who belongs to whom: owner, team, janitor, revoke, epoch.

use std::path::Path;

use super::args::{Cli, Consent, EpochArgs, JanitorCommand, OwnerCommand, RevokeArgs, TeamCommand};
use super::ask::{id, places};
use super::failure::{Exit, Failure};
use super::finish::{counted, unsigned};
use super::paths::{directory, merged_tree};
use super::todo::some;
use crate::plan::View;
use crate::plan::status::status;
use crate::plan::{self, Change, JanitorChange, OwnerChange, Plan, Selection, TeamChange, World};
use crate::shell::keys::file::{Readers, from_home, read};
use crate::shell::keys::find::Places;
use crate::shell::keys::lines::PublicLine;
use crate::shell::out::sayln;
use conex_verify::format::key::{Fingerprint, PublicKey};
use conex_verify::format::name::Id;
use conex_verify::format::resource::IdFile;
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::trust::support::Standing;

/// A janitor as typed: `ID`, `ID=ssh-ed25519 AAAA…` or `ID=FILE`.
pub fn typed_janitor(text: &str, places: &Places) -> Result<(Id, PublicKey), Failure> {
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
        let path = from_home(key, places.home.as_deref());
        let bytes = read(&path, Readers::Anybody).map_err(|e| {
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

/// Runs `conex owner`.
pub fn owner(cli: &Cli, command: &OwnerCommand) -> Result<Exit, Failure> {
    let (request, consent) = match command {
        OwnerCommand::Add(args) => {
            let instead_of = args.instead_of.as_deref().map(id).transpose()?;
            let packages = match (&instead_of, args.packages.is_empty()) {
                _ if args.unclaimed => Selection::Unclaimed,
                (Some(former), true) => Selection::OwnedBy(former.clone()),
                _ => Selection::Named(args.packages.clone()),
            };
            let request = OwnerChange {
                change: Change::Add,
                id: id(&args.id)?,
                instead_of,
                packages,
            };
            (request, args.consent)
        }
        OwnerCommand::Remove(args) => {
            let request = OwnerChange {
                change: Change::Remove,
                id: id(&args.id)?,
                instead_of: None,
                packages: Selection::Named(args.packages.clone()),
            };
            (request, args.consent)
        }
    };
    let root = directory(cli);
    let (tree, conflicts) = merged_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?.redoing(conflicts);
    let plan = plan::owner(&world, &request)?;
    if request.change == Change::Add {
        plan::awakens_nothing(&world, &plan)?;
    }
    started(&plan, consent, &world, &root)
}

/// Runs `conex team`.
pub fn team(cli: &Cli, command: &TeamCommand) -> Result<Exit, Failure> {
    let (change, args) = match command {
        TeamCommand::Add(args) => (Change::Add, args),
        TeamCommand::Remove(args) => (Change::Remove, args),
    };
    let root = directory(cli);
    let (tree, conflicts) = merged_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?.redoing(conflicts);
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
    if change == Change::Add {
        plan::awakens_nothing(&world, &plan)?;
    }
    started(&plan, args.consent, &world, &root)
}

/// Runs `conex janitor`.
pub fn janitor(cli: &Cli, command: &JanitorCommand) -> Result<Exit, Failure> {
    let root = directory(cli);
    let places = places(&root)?;
    let (tree, conflicts) = merged_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?.redoing(conflicts);
    let mut change = JanitorChange::default();
    let consent = match command {
        JanitorCommand::Add { janitors, link } => {
            change.add = janitors
                .iter()
                .map(|text| known_janitor(&world, text, &places))
                .collect::<Result<_, _>>()?;
            change.quorum = link.quorum;
            link.consent
        }
        JanitorCommand::Remove {
            janitors,
            keep_as_author,
            link,
        } => {
            change.remove = janitors.iter().map(|j| id(j)).collect::<Result<_, _>>()?;
            change.keep_as_authors = *keep_as_author;
            change.quorum = link.quorum;
            link.consent
        }
        JanitorCommand::Snapshot { rule, consent } => {
            change.snapshot = Some((*rule).into());
            *consent
        }
        JanitorCommand::Quorum { quorum, consent } => {
            change.quorum = Some(*quorum);
            *consent
        }
    };
    let plan = plan::janitor(&world, &change)?;
    if !change.add.is_empty() {
        plan::awakens_nothing(&world, &plan)?;
    }
    started(&plan, consent, &world, &root)
}

/// A janitor as typed; the key of an author whom a quorum approved needs not be typed. A pending
/// file may list anybody's.
fn known_janitor(
    world: &World<'_>,
    text: &str,
    places: &Places,
) -> Result<(Id, PublicKey), Failure> {
    if let Ok(id) = Id::new(text)
        && let Some(IdFile::Author(author)) = world.id_file(&id)
        && world
            .assessment
            .people
            .standings
            .get(&id)
            .is_some_and(Standing::is_valid)
        && let [key] = author.keys.as_slice()
    {
        return Ok((id, key.clone()));
    }
    typed_janitor(text, places)
}

/// Writes a change that janitors approve, and says what it takes and what it costs.
pub fn started(
    plan: &Plan,
    consent: Consent,
    before: &World<'_>,
    root: &Path,
) -> Result<Exit, Failure> {
    let exit = unsigned(plan, consent, root)?;
    if exit == Exit::Success && !plan.is_empty() {
        waits(before, &plan.apply(before.tree));
    }
    Ok(exit)
}

/// Says what a change leaves without support, and who approves it.
fn waits(before: &World<'_>, tree: &Tree) {
    let repository = Repository::load(tree);
    let Ok(after) = World::look(tree, &repository, View::AsIfApproved) else {
        return;
    };
    let lost = plan::status::lost(before, &after);
    if !lost.is_empty() {
        sayln!("This loses its support, and is vouched for anew in the same change:");
        for (kind, names) in &lost {
            sayln!("  {}: {}", counted(*kind, names.len()), some(names, false));
        }
    }
    let pushed: Vec<String> = plan::status::pushed(&after).into_iter().collect();
    if !pushed.is_empty() {
        sayln!(
            "Counters were pushed too far ahead; in the same change: conex epoch {}",
            pushed.join(" ")
        );
    }
    let known = status(before).declined;
    let status = status(&after);
    for name in status.declined.difference(&known) {
        sayln!("Without owners, `{name}` is approved by its name alone: conex approve {name}");
    }
    let all: Vec<&str> = status.janitors.iter().map(String::as_str).collect();
    let added: Vec<&str> = status
        .link
        .added_missing
        .iter()
        .map(|id| id.as_str())
        .collect();
    let and = match added.as_slice() {
        [] => String::new(),
        added => format!(", among them {}", added.join(", ")),
    };
    sayln!(
        "It counts when `conex approve` was run by {} of {}{and}.",
        status.quorum,
        all.join(", ")
    );
    if let Some(count) = status.link.before.filter(|count| !count.enough()) {
        sayln!(
            "Of the janitors before, {} more sign it the same way.",
            count.missing()
        );
    }
}

/// Runs `conex revoke`: of an author's keys, and of a janitor's, who is one no longer.
pub fn revoke(cli: &Cli, args: &RevokeArgs) -> Result<Exit, Failure> {
    let root = directory(cli);
    let (tree, conflicts) = merged_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?.redoing(conflicts);
    let plan = plan::revoke(&world, &id(&args.id)?, &fingerprints(&args.keys)?)?;
    started(&plan, args.consent, &world, &root)
}

/// Runs `conex epoch`.
pub fn epoch(cli: &Cli, args: &EpochArgs) -> Result<Exit, Failure> {
    let root = directory(cli);
    let (tree, conflicts) = merged_tree(&root)?;
    let repository = Repository::load(&tree);
    let world = World::new(&tree, &repository, View::AsIfApproved)?.redoing(conflicts);
    let plan = plan::epoch(
        &world,
        &plan::Epoch {
            names: args.names.clone(),
            owners: args.owners,
        },
    )?;
    started(&plan, args.consent, &world, &root)
}

/// Fingerprints as typed.
pub fn fingerprints(texts: &[String]) -> Result<Vec<Fingerprint>, Failure> {
    texts
        .iter()
        .map(|text| {
            text.parse().map_err(|e| {
                Failure::usage(
                    e,
                    "`conex key show ID --fingerprint` prints the fingerprint of a key",
                )
            })
        })
        .collect()
}
