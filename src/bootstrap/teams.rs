//! Owners that are organisations: packages of one source that several people publish.

use std::collections::{BTreeMap, BTreeSet};

use super::metadata::Source;
use super::month::Month;
use super::table::{Line, Owner, Strength, Table, Word};
use conex_verify::format::name::{Id, fold};

/// What a team is called if somebody has the name of the organisation.
const TAKEN: &str = "-team";

/// For how many years somebody who published in an organisation, and is awake, is of it.
const RECENT: u64 = 8;

/// Gives the packages of each source that at least two people published in the last years, who are
/// awake, to a team of these. Where the sources are in the account of one of the people, and in a line that names an owner
/// for whom it has no evidence, as one that somebody edited, nothing changes.
///
/// A line of a team is strong if a member published the package or is named by it.
#[must_use]
pub fn with_teams(table: Table) -> Table {
    let awake = |id: &&Id| table.ids.get(*id).is_some_and(|line| !line.asleep);
    let newest = table.ids.values().filter_map(|line| line.seen).max();
    let since = newest.map(|month| month.years_before(RECENT));
    let mut members: BTreeMap<Source, BTreeSet<Id>> = BTreeMap::new();
    for line in table.packages.values() {
        if let (Some(source), Owner::Ids(_)) = (&line.source, &line.owner) {
            let of_source = members.entry(source.clone()).or_default();
            of_source.extend(published(line, since).filter(awake).cloned());
        }
    }
    let people: BTreeSet<String> = table.ids.keys().map(|id| fold(id.as_str())).collect();
    members.retain(|source, ids| ids.len() > 1 && !people.contains(&source.owner));
    let mut table = table;
    let mut names: BTreeMap<Source, Id> = BTreeMap::new();
    for (source, ids) in &members {
        // An organisation of the same name on another forge is another one.
        let free = |name: &Id| !table.teams.contains_key(name);
        let own = Id::new(&source.owner).ok().filter(free);
        let other = || {
            Id::new(&format!("{}{TAKEN}", source.owner))
                .ok()
                .filter(free)
        };
        if let Some(name) = own.or_else(other) {
            table.teams.insert(name.clone(), ids.clone());
            names.insert(source.clone(), name);
        }
    }
    for line in table.packages.values_mut() {
        let team = line.source.as_ref().and_then(|source| names.get(source));
        let (Some(team), Owner::Ids(owners)) = (team, &line.owner) else {
            continue;
        };
        let members = table.teams.get(team);
        let near = |id: &Id| members.is_some_and(|members| members.contains(id));
        let as_proposed = match line.candidates().next() {
            Some(_) => line.candidates().any(|id| owners.contains(id)),
            None => owners.iter().any(near),
        };
        if !as_proposed {
            continue;
        }
        let strong = line.candidates().any(near);
        line.strength = match strong {
            true => Strength::Strong,
            false => Strength::Weak,
        };
        line.owner = Owner::Team(team.clone());
        line.seen = None;
    }
    table
}

/// Those who published a package since then, and may be proposed.
fn published(line: &Line, since: Option<Month>) -> impl Iterator<Item = &Id> {
    line.evidence.iter().filter_map(move |word| match word {
        Word::Published(id, _, last) if Some(*last) >= since => Some(id),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: &str = "id ann 2024-01 -\nid bob 2024-01 merges\nid old 2012-01 asleep\n";

    fn with(lines: &str) -> String {
        let table = Table::parse(&format!("{IDS}{lines}")).unwrap();
        let text = with_teams(table).to_string();
        let own = text
            .lines()
            .filter(|line| line.starts_with("team") || line.starts_with("package"));
        own.map(|line| format!("{}\n", line.replace('\t', " ")))
            .collect()
    }

    /// Two who are awake make a team of their organisation, and what one of them published is its.
    #[test]
    fn what_several_publish_is_a_teams() {
        assert_eq!(
            with(
                "package fmt ann strong github.com/guild 2024-01 published:ann:2:2024-01\n\
                 package logs bob strong github.com/guild 2024-01 published:bob:2:2024-01\n\
                 package lwt old weak github.com/guild 2012-01 published:old:2:2012-01\n"
            ),
            "team guild ann bob\n\
             package fmt @guild strong github.com/guild - published:ann:2:2024-01\n\
             package logs @guild strong github.com/guild - published:bob:2:2024-01\n\
             package lwt @guild weak github.com/guild - published:old:2:2012-01\n"
        );
    }

    /// Attack: who helped once, or sleeps, or published in an organisation many years ago, or is only
    /// named, comes into no team; nor does anybody into a person's.
    #[test]
    fn who_is_no_candidate_comes_into_no_team() {
        for lines in [
            "package fmt ann strong github.com/guild 2024-01 published:ann:2:2024-01 helped:bob:1:2024-01\n",
            "package fmt ann strong github.com/guild 2024-01 published:ann:2:2024-01 published:old:1:2012-01\n",
            "package fmt ann strong github.com/guild 2024-01 published:ann:2:2024-01 published:bob:1:2015-12\n",
            "package fmt ann strong github.com/guild 2024-01 named:bob published:ann:2:2024-01\n",
            "package fmt ann strong github.com/ann 2024-01 published:ann:2:2024-01 published:bob:1:2024-01\n",
        ] {
            assert_eq!(with(lines), lines);
        }
    }

    /// Who published nothing of a package, but of its source, was the best that there was.
    #[test]
    fn what_no_candidate_published_is_a_teams_and_weak() {
        let told = with(
            "package fmt ann strong github.com/guild 2024-01 published:ann:2:2024-01 published:bob:1:2024-01\n\
             package logs ann weak github.com/guild 2024-01 helped:bob:2:2024-01\n",
        );
        assert!(told.contains("package logs @guild weak"), "{told}");
    }

    /// What somebody edited stays, although others make a team.
    #[test]
    fn an_edited_owner_stays() {
        let told = with(
            "package fmt ann strong github.com/guild 2024-01 published:ann:2:2024-01 published:bob:1:2024-01\n\
             package logs ann strong github.com/guild 2024-01 published:bob:2:2024-01\n",
        );
        assert!(told.contains("package fmt @guild strong"), "{told}");
        assert!(told.contains("package logs ann strong"), "{told}");
    }

    /// One organisation on two forges is two.
    #[test]
    fn a_name_on_another_forge_is_another_team() {
        let both = "published:ann:1:2024-01 published:bob:1:2024-01";
        let told = with(&format!(
            "package a ann weak github.com/guild 2024-01 {both}\n\
             package b ann weak gitlab.com/guild 2024-01 {both}\n"
        ));
        assert!(told.contains("package a @guild strong"), "{told}");
        assert!(told.contains("package b @guild-team strong"), "{told}");
    }
}
