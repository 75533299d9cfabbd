//! What findings have in common: of many that follow from one thing, that one is told.

use std::collections::BTreeSet;
use std::fmt;

use crate::format::name::Id;
use crate::format::resource::{Kind, ResourceId};

/// The most owners that are named: there is a cause for each release.
const MOST_OWNERS: usize = 8;

/// What a finding follows from. With what this names in order, the finding goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// This author or team is not valid, and what depends on it is not either.
    Id(Id),
    /// This resource is not valid, and what depends on it is not either.
    Standing(ResourceId),
    /// These owners never signed what is theirs; see [`Cause::sign`].
    Sign(BTreeSet<Id>),
    /// Signatures are left of keys that count no more. They harm nobody.
    FormerKeys,
}

impl fmt::Display for Cause {
    /// One text for each cause, for programs: `author ann`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Id(id) => write!(f, "id {id}"),
            Cause::Standing(resource) => write!(f, "{} {}", resource.kind, resource.name),
            Cause::Sign(owners) => {
                write!(f, "signature of {}", joined(owners, |id| id.to_string()))
            }
            Cause::FormerKeys => f.write_str("former keys"),
        }
    }
}

impl Cause {
    /// That this resource is not valid.
    pub fn not_valid(resource: &ResourceId) -> Cause {
        match (resource.kind, Id::new(&resource.name)) {
            (Kind::Author | Kind::Team, Ok(id)) => Cause::Id(id),
            _ => Cause::Standing(resource.clone()),
        }
    }

    /// That these owners never signed what is theirs. Of many the first stand for all.
    pub fn sign(owners: &BTreeSet<Id>) -> Cause {
        Cause::Sign(owners.iter().take(MOST_OWNERS + 1).cloned().collect())
    }

    /// The cause in a few words, where no finding explains it.
    pub fn message(&self) -> String {
        match self {
            Cause::Id(id) => format!("`{id}` is not valid, and this follows from it"),
            Cause::Standing(resource) => {
                format!("the {resource} is not valid, and this follows from it")
            }
            Cause::Sign(owners) => format!("waits for {}", joined(owners, |id| format!("`{id}`"))),
            Cause::FormerKeys => {
                "signatures are left of keys that count no more, and nothing depends on them"
                    .to_owned()
            }
        }
    }
}

fn joined(ids: &BTreeSet<Id>, show: impl Fn(&Id) -> String) -> String {
    let shown: Vec<String> = ids.iter().take(MOST_OWNERS).map(show).collect();
    let others = if ids.len() > MOST_OWNERS {
        " and others"
    } else {
        ""
    };
    format!("{}{others}", shown.join(", "))
}
