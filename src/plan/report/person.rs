//! What is said of a person or a team.

use std::collections::{BTreeMap, BTreeSet};

use crate::bootstrap::table::{IdLine, Owner, Strength, Table};
use crate::plan::World;
use crate::plan::bootstrap::is_confirmed;
use crate::plan::person::{Person, Sort};
use conex_verify::format::key::Fingerprint;
use conex_verify::format::name::{Id, PackageName};

/// What is said of a person or a team.
#[derive(Debug, Clone, Default)]
pub struct PersonEntry {
    /// What the repository says; nothing of whom only the proposal names.
    pub person: Option<Person>,
    /// The keys that count.
    pub keys: BTreeSet<Fingerprint>,
    /// The janitors who approved the file as it is in the tree.
    pub approved_by: BTreeSet<Id>,
    /// Whether a key is proven: of a team, that of a member.
    pub confirmed: bool,
    /// What the proposal says of the person.
    pub line: Option<IdLine>,
    /// The members of a team of the proposal.
    pub members: BTreeSet<Id>,
    /// The teams of the proposal that have the person.
    pub teams: BTreeSet<Id>,
    /// The packages that the proposal would give them.
    pub proposed: BTreeMap<PackageName, Strength>,
    /// What is wrong with the file: places in the list of all findings.
    pub findings: Vec<usize>,
}

impl PersonEntry {
    /// Whether it is a team, of the repository or of the proposal.
    pub fn is_team(&self) -> bool {
        match &self.person {
            Some(person) => person.sort == Sort::Team,
            None => !self.members.is_empty(),
        }
    }
}

/// The keys of an id that count: those of an author that are listed in a file that counts and
/// proven, and that of a janitor.
pub(super) fn keys(world: &World<'_>, id: &Id) -> BTreeSet<Fingerprint> {
    let of_author = world.assessment.people.authors.get(id);
    let of_janitor = world.chain().key_of(id).map(|key| key.fingerprint());
    of_author
        .into_iter()
        .flatten()
        .copied()
        .chain(of_janitor)
        .collect()
}

/// Everybody whom the repository or a proposal names.
pub(super) fn everybody(world: &World<'_>, proposal: Option<&Table>) -> BTreeMap<Id, PersonEntry> {
    let mut all: BTreeMap<Id, PersonEntry> = BTreeMap::new();
    for id in world.everybody() {
        let file = world.repository.ids.get(&id).and_then(|slot| slot.good());
        let approved_by = file.map(|loaded| {
            let vouches = &world.assessment.vouches;
            let tally = vouches.janitors(&loaded.value.resource_id(), loaded.id_version());
            tally.ids().clone()
        });
        let entry = PersonEntry {
            person: world.person(&id),
            keys: keys(world, &id),
            approved_by: approved_by.unwrap_or_default(),
            confirmed: is_confirmed(world, &id),
            ..PersonEntry::default()
        };
        all.insert(id, entry);
    }
    let Some(table) = proposal else { return all };
    for (id, line) in &table.ids {
        all.entry(id.clone()).or_default().line = Some(*line);
    }
    for (team, members) in &table.teams {
        all.entry(team.clone()).or_default().members = members.clone();
        for member in members {
            let entry = all.entry(member.clone()).or_default();
            entry.teams.insert(team.clone());
        }
    }
    for (name, line) in &table.packages {
        if !world.repository.packages.contains_key(name) {
            continue;
        }
        let owners: Vec<&Id> = match &line.owner {
            Owner::Ids(ids) => ids.iter().collect(),
            Owner::Team(team) => vec![team],
            Owner::Maintainers | Owner::Nobody => Vec::new(),
        };
        for owner in owners {
            let entry = all.entry(owner.clone()).or_default();
            entry.proposed.insert(name.clone(), line.strength);
        }
    }
    all
}
