//! The first link of a repository.

use crate::hint::Hint;
use std::collections::{BTreeMap, BTreeSet};

use super::repo::top_level;
use super::{Plan, PlanError};
use conex_verify::finding::Severity;
use conex_verify::format::key::PublicKey;
use conex_verify::format::name::{Id, RepositoryName, fold};
use conex_verify::format::path::Place;
use conex_verify::format::resource::Decode as _;
use conex_verify::format::resource::{Claims, Link, Revision, SignedLink, SnapshotRule, Team};
use conex_verify::limits::MAX_JANITORS;
use conex_verify::tree::Tree;
use conex_verify::words::counted;
use conex_verify::workbench::repository::{Repository, Slot};
use conex_verify::workbench::verify::snapshot::notaries_id;

/// What `init` is asked for.
#[derive(Debug, Clone)]
pub struct Init {
    /// What the repository calls itself.
    pub name: RepositoryName,
    /// How many janitors must agree.
    pub quorum: usize,
    /// Whether a tree without a snapshot is refused.
    pub snapshot: SnapshotRule,
    /// The janitors.
    pub janitors: Vec<(Id, PublicKey)>,
}

/// The top-level `repo` file of a repository that has none.
const REPO_FILE: &[u8] = b"opam-version: \"2.0\"\n";

/// Plans link 0, `packages/.conex/repo` and `claims`, and the team `notaries` where a snapshot
/// is required. Nobody signs yet: the digest of the
/// link is the identity of the repository, and everybody signs it.
///
/// # Errors
/// There is a chain already, the tree has something that no repository can have,
/// or the quorum cannot be reached.
pub fn init(tree: &Tree, repository: &Repository, request: &Init) -> Result<Plan, PlanError> {
    if !repository.links.is_empty() {
        return Err(PlanError::refused(
            "this repository has a janitor chain already",
            Hint::ChainIsThere,
        ));
    }
    let broken: Vec<_> = repository
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .cloned()
        .collect();
    if !broken.is_empty() {
        return Err(PlanError::Repository(broken));
    }
    written(tree, repository, request)
}

/// What [`init`] writes, whatever the tree has that no repository can have.
pub(super) fn written(
    tree: &Tree,
    repository: &Repository,
    request: &Init,
) -> Result<Plan, PlanError> {
    if is_started(repository, request) {
        return Ok(Plan::default());
    }
    let members = members(request)?;
    let mut plan = Plan::default();
    let link = SignedLink::unsigned(Link {
        repository: request.name.clone(),
        number: 0,
        continues: None,
        quorum: request.quorum,
        snapshot: request.snapshot,
        members,
    });
    plan.writes.insert(Place::Link(0).path(), link.encode());
    plan.say(format!(
        "starts the repository `{}` with {}, of whom {} must agree",
        request.name,
        counted(request.janitors.len(), "janitor"),
        request.quorum
    ));
    if request.snapshot == SnapshotRule::Required {
        plan.say("requires a snapshot, which cannot be taken back: a tree without one is refused");
    }
    if tree.get("repo").is_none() {
        plan.writes.insert("repo".to_owned(), REPO_FILE.to_vec());
        plan.say("writes the top-level file `repo`, which is missing");
    }
    let repo = top_level(tree, Revision::FIRST);
    plan.say_top_level(&repo);
    plan.write(&repo);
    plan.write(&Claims {
        revision: Revision::FIRST,
        packages: BTreeSet::new(),
    });
    if request.snapshot == SnapshotRule::Required
        && let Some(id) = notaries_id()
    {
        plan.say(format!(
            "makes the team `{id}` of all janitors, whose members sign the snapshot"
        ));
        plan.write(&Team {
            id,
            revision: Revision::FIRST,
            members: request.janitors.iter().map(|(id, _)| id.clone()).collect(),
        });
    }
    Ok(plan)
}

/// Whether a repository was started by this very request, and nothing followed: the chain has one
/// link, and that is the one.
pub fn is_started(repository: &Repository, request: &Init) -> bool {
    let Some(Slot::Good(first)) = repository.links.get(&0) else {
        return false;
    };
    let link = &first.value.link;
    repository.links.len() == 1
        && link.repository == request.name
        && link.quorum == request.quorum
        && link.snapshot == request.snapshot
        && members(request).is_ok_and(|members| members == link.members)
}

fn members(request: &Init) -> Result<BTreeMap<Id, PublicKey>, PlanError> {
    let count = request.janitors.len();
    if count == 0 {
        return Err(PlanError::refused(
            "a repository needs janitors",
            "name them with --janitor ID or --janitor 'ID=ssh-ed25519 AAAA…'",
        ));
    }
    if count > MAX_JANITORS {
        return Err(PlanError::refused(
            format!("{count} janitors, the most is {MAX_JANITORS}"),
            "name fewer",
        ));
    }
    if request.quorum == 0 || request.quorum > count {
        return Err(PlanError::refused(
            format!(
                "a quorum of {} among {count} janitors cannot be",
                request.quorum
            ),
            format!("choose --quorum between 1 and {count}"),
        ));
    }
    let mut members = BTreeMap::new();
    let mut folded = BTreeMap::new();
    let mut keys = BTreeMap::new();
    for (id, key) in &request.janitors {
        if let Some(other) = folded.insert(fold(id.as_str()), id) {
            return Err(PlanError::refused(
                format!("the janitors `{other}` and `{id}` have the same id (case does not count)"),
                "give each a name of their own",
            ));
        }
        if let Some(other) = keys.insert(key.fingerprint(), id) {
            return Err(PlanError::refused(
                format!("`{other}` and `{id}` have the same key"),
                "each janitor needs a key of their own, or one person would be a quorum",
            ));
        }
        members.insert(id.clone(), key.clone());
    }
    Ok(members)
}
