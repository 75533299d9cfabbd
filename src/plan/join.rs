//! Becoming an author.

use crate::hint::Hint;
use std::collections::BTreeSet;

use super::{Plan, PlanError, World};
use conex_verify::format::key::PublicKey;
use conex_verify::format::name::{Id, NOTARIES, fold};
use conex_verify::format::resource::{Account, Author, IdFile, Kind, ResourceId};

/// What `join` is asked for.
#[derive(Debug, Clone)]
pub struct Join {
    /// The id.
    pub id: Id,
    /// The keys to list.
    pub keys: Vec<PublicKey>,
    /// Accounts elsewhere.
    pub accounts: BTreeSet<Account>,
}

/// Plans the file of a new author, and the vouch that proves the key. Of an author whose keys somebody
/// else listed, and nobody has proven, a key that is listed is only proven, which takes no janitor;
/// another one takes their place when a quorum approves.
///
/// # Errors
/// The id is taken, or the key belongs to somebody else.
pub fn join(world: &World<'_>, request: &Join) -> Result<Plan, PlanError> {
    let id = &request.id;
    if fold(id.as_str()) == NOTARIES {
        return Err(PlanError::refused(
            format!("`{NOTARIES}` is always a team"),
            "choose another id",
        ));
    }
    let mut listed: Option<&Author> = None;
    match world.id_file(id) {
        Some(IdFile::Team(_)) => {
            return Err(PlanError::refused(
                format!("`{id}` is a team here"),
                "choose another id",
            ));
        }
        // What somebody else listed for an id is nobody's until it is proven.
        Some(IdFile::Author(author)) if !author.keys.is_empty() && !world.has_proven(author) => {
            if request.keys.iter().all(|key| author.keys.contains(key)) {
                return Ok(proof(world, author));
            }
            listed = Some(author);
        }
        Some(IdFile::Author(author)) => {
            if !author.keys.is_empty() && author.keys == request.keys {
                return Ok(Plan::default());
            }
            return Err(PlanError::refused(
                format!("the author `{id}` exists, with other keys"),
                Hint::RotateYours,
            ));
        }
        None => {}
    }
    let is_janitor = world.chain().ever_member(id);
    if !is_janitor && listed.is_none() && world.taken_ids().contains(&fold(id.as_str())) {
        return Err(PlanError::refused(
            format!("an id that differs from `{id}` only in case is taken"),
            Hint::DeclineMistyped {
                id: "ID".to_owned(),
            },
        ));
    }
    let holds = |key: &PublicKey| world.chain().holder(&key.fingerprint()) == Some(id);
    if is_janitor && !request.keys.iter().all(holds) {
        return Err(PlanError::refused(
            format!("`{id}` is the id of a janitor, past or present, who has another key"),
            "that janitor joins with the key in the chain; everybody else chooses another id",
        ));
    }
    for key in &request.keys {
        if let Some(other) = world.owner_of_key(key)
            && other != *id
        {
            return Err(PlanError::refused(
                format!("the key {} belongs to `{other}`", key.fingerprint()),
                Hint::KeyOfOther {
                    other: other.to_string(),
                },
            ));
        }
    }
    let resource = ResourceId::id(Kind::Author, id);
    let author = Author {
        id: id.clone(),
        revision: world.next_revision(&resource, listed.map(|author| author.revision))?,
        keys: request.keys.clone(),
        accounts: match listed {
            Some(author) => &author.accounts | &request.accounts,
            None => request.accounts.clone(),
        },
    };
    let mut plan = Plan::default();
    if listed.is_some() {
        plan.say(format!(
            "takes another key than those that are listed for `{id}`, which nobody has proven"
        ));
    }
    let version = plan.write(&author);
    plan.vouch(resource, version);
    Ok(plan)
}

/// Proves a listed key: the file stays as it is.
fn proof(world: &World<'_>, author: &Author) -> Plan {
    let mut plan = Plan::default();
    let resource = ResourceId::id(Kind::Author, &author.id);
    if let Some(version) = world.repository.version_of(&resource) {
        plan.say(format!(
            "proves that the key of the author `{}` is yours",
            author.id
        ));
        plan.vouch(resource, version);
    }
    plan
}
