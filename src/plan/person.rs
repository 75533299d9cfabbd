//! Who somebody is: what the repository says of one id.

use std::collections::{BTreeMap, BTreeSet};

use super::world::World;
use super::{Plan, PlanError};
use crate::hint::Hint;
use conex_verify::format::key::{Fingerprint, PublicKey};
use conex_verify::format::name::{Id, PackageName};
use conex_verify::format::resource::IdFile;
use conex_verify::workbench::repository::Slot;
use conex_verify::workbench::trust::support::Standing;
use conex_verify::workbench::trust::tally::Count;

/// What an id is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Somebody with a file of keys.
    Author,
    /// Several who own together.
    Team,
    /// A janitor, past or present, who has no file.
    JanitorAlone,
}

/// A key of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyOf {
    /// The key.
    pub key: PublicKey,
    /// Whether it is the key of the janitor in the chain of today.
    pub of_janitor: bool,
    /// Whether the file of the author lists the key.
    pub listed: bool,
    /// Whether something that was signed shows that whoever has the key is this id.
    pub proven: bool,
}

/// What the repository says of one id.
#[derive(Debug, Clone)]
pub struct Person {
    /// The id.
    pub id: Id,
    /// What the id is.
    pub sort: Sort,
    /// Whether the file counts: a quorum vouches for it as it is.
    pub valid: bool,
    /// Of a file that waits: how many janitors vouch for it, of how many.
    pub waits: Option<Count>,
    /// Whether the id is a janitor today.
    pub janitor: bool,
    /// The links of the janitor chain that name the id, first and last.
    pub links: Option<(usize, usize)>,
    /// The keys.
    pub keys: Vec<KeyOf>,
    /// The accounts that the file names.
    pub accounts: Vec<String>,
    /// Of a team, its members.
    pub members: BTreeSet<Id>,
    /// The teams whose file names the id.
    pub teams: BTreeSet<Id>,
    /// The packages whose valid authorisation names the id.
    pub owns: Vec<PackageName>,
    /// The packages that the id owns as a member of a team, by team.
    pub through: BTreeMap<Id, Vec<PackageName>>,
}

impl World<'_> {
    /// Proves the key of a signer, if nothing else has: nothing that is signed under a key of an author
    /// counts before (V3.3). The plan may hold the proof already.
    ///
    /// # Errors
    /// A key that neither the last link nor the file of the id gives to the id.
    pub(super) fn prove_key(
        &self,
        id: &Id,
        key: &PublicKey,
        plan: &mut Plan,
    ) -> Result<(), PlanError> {
        let fingerprint = key.fingerprint();
        // V3.3: a former janitor proves a key as everybody does.
        if self.chain().key_of(id) == Some(key) {
            return Ok(());
        }
        let Some(loaded) = self.repository.ids.get(id).and_then(Slot::good) else {
            return Err(PlanError::refused(
                format!("the repository has no author `{id}` with the key {fingerprint}"),
                Hint::Join { id: id.to_string() },
            ));
        };
        if !matches!(&loaded.value, IdFile::Author(a) if a.keys.contains(key)) {
            return Err(PlanError::refused(
                format!("the file of `{id}` does not list the key {fingerprint}"),
                "sign with a key that it lists",
            ));
        }
        let resource = loaded.value.resource_id();
        // By the rule of verification: a segment that verifies and vouches. A segment of
        // another repository proves nothing.
        let proven = self.assessment.people.proven.get(&fingerprint);
        if proven.is_some_and(|ids| ids.contains(id))
            || plan.entries.iter().any(|e| e.resource == resource)
        {
            return Ok(());
        }
        plan.vouch(resource, loaded.id_version());
        plan.say(format!("proves that the key of the author `{id}` is yours"));
        Ok(())
    }

    /// What this tree says of an id, if anything.
    pub fn person(&self, id: &Id) -> Option<Person> {
        let chain = self.chain();
        let people = &self.assessment.people;
        let file = self.id_file(id);
        if file.is_none() && !chain.ever_member(id) {
            return None;
        }
        let standing = people.standings.get(id);
        let named = chain.links().iter().enumerate();
        let named = named.filter(|(_, link)| link.value.link.members.contains_key(id));
        let numbers: Vec<usize> = named.map(|(number, _)| number).collect();
        let of_chain = chain.key_of(id);
        let listed: &[PublicKey] = match file {
            Some(IdFile::Author(author)) => &author.keys,
            _ => &[],
        };
        let proven = |key: &Fingerprint| {
            chain.holder(key) == Some(id)
                || people.proven.get(key).is_some_and(|ids| ids.contains(id))
        };
        let other = of_chain.filter(|key| !listed.contains(key));
        let keys = other.into_iter().chain(listed).map(|key| KeyOf {
            key: key.clone(),
            of_janitor: of_chain == Some(key),
            listed: listed.contains(key),
            proven: proven(&key.fingerprint()),
        });
        let teams: BTreeSet<Id> = self
            .repository
            .ids
            .iter()
            .filter(|(_, slot)| {
                let file = slot.good().map(|loaded| &loaded.value);
                matches!(file, Some(IdFile::Team(team)) if team.members.contains(id))
            })
            .map(|(team, _)| team.clone())
            .collect();
        let owned = |owner: &Id| -> Vec<PackageName> {
            let packages = self.assessment.packages.iter();
            let owned = packages.filter(|package| package.owners.contains(owner));
            owned.map(|package| package.name.clone()).collect()
        };
        let through = teams.iter().map(|team| (team.clone(), owned(team)));
        Some(Person {
            id: id.clone(),
            sort: match file {
                Some(IdFile::Author(_)) => Sort::Author,
                Some(IdFile::Team(_)) => Sort::Team,
                None => Sort::JanitorAlone,
            },
            valid: standing.is_some_and(Standing::is_valid),
            waits: match standing {
                Some(Standing::Waiting(waiting)) => Some(waiting.count),
                _ => None,
            },
            janitor: of_chain.is_some(),
            links: numbers.first().copied().zip(numbers.last().copied()),
            keys: keys.collect(),
            accounts: match file {
                Some(IdFile::Author(author)) => author
                    .accounts
                    .iter()
                    .map(|a| a.as_str().to_owned())
                    .collect(),
                _ => Vec::new(),
            },
            members: match file {
                Some(IdFile::Team(team)) => team.members.clone(),
                _ => BTreeSet::new(),
            },
            owns: owned(id),
            through: through.filter(|(_, owned)| !owned.is_empty()).collect(),
            teams,
        })
    }

    /// Everybody whom this tree names: ids with a file, and past and present janitors.
    pub fn everybody(&self) -> BTreeSet<Id> {
        let files = self.repository.ids.keys();
        files.chain(self.chain().ever_members()).cloned().collect()
    }
}
