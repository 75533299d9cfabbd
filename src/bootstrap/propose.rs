//! The rules that propose an owner of each package.
//!
//! A line is strong where all that is known points to one person who is awake. Everything else is
//! weak, and nothing comes of it unless a person edits the line.

use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{Evidence, Published};
use super::metadata::Source;
use super::month::Month;
use super::people::People;
use super::table::{IdLine, Line, Owner, Strength, Table, Word};
use conex_verify::format::name::{Id, PackageName};

/// How many of those who published a package its line shows, the last ones first.
const SHOWN: usize = 8;

/// Who published anything of a source and may be proposed for it.
type BySource<'a> = BTreeMap<&'a Source, BTreeMap<&'a Id, Published>>;

/// Proposes owners.
pub fn propose(packages: &BTreeMap<PackageName, Evidence>, people: &People) -> Table {
    let mut by_source = BySource::new();
    for evidence in packages.values() {
        let Some(source) = &evidence.source else {
            continue;
        };
        let of_source = by_source.entry(source).or_default();
        for (id, published) in evidence.candidates() {
            let sum = of_source.entry(id).or_default();
            sum.changes += published.changes;
            sum.last = sum.last.max(published.last);
        }
    }
    let lines: BTreeMap<PackageName, Line> = packages
        .iter()
        .map(|(name, evidence)| (name.clone(), line(evidence, &by_source, people)))
        .collect();
    let mut named: BTreeSet<Id> = BTreeSet::new();
    for line in lines.values() {
        named.extend(line.ids().cloned());
    }
    let ids = named.into_iter().map(|id| {
        let line = IdLine {
            seen: people.last_seen(&id),
            asleep: !people.is_awake(&id),
            merges: people.merges(&id),
        };
        (id, line)
    });
    Table {
        ids: ids.collect(),
        teams: BTreeMap::new(),
        packages: lines,
    }
}

fn line(evidence: &Evidence, by_source: &BySource<'_>, people: &People) -> Line {
    let (owner, strength) = owner(evidence, by_source, people);
    let mut published: Vec<(&Id, &Published)> = evidence.published.iter().collect();
    published.sort_by_key(|(id, published)| (std::cmp::Reverse(published.last), *id));
    let named = evidence.named.iter().cloned().map(Word::Named);
    let words = published.into_iter().take(SHOWN).map(|(id, published)| {
        let word = match evidence.helped.contains(id) {
            true => Word::Helped,
            false => Word::Published,
        };
        word(id.clone(), published.changes, Month::of(published.last))
    });
    let evidence_words = named.chain(words).collect();
    let seen = match &owner {
        Owner::Ids(ids) => ids.iter().filter_map(|id| people.last_seen(id)).max(),
        _ => None,
    };
    Line {
        owner,
        strength,
        source: evidence.source.clone(),
        seen,
        evidence: evidence_words,
    }
}

/// The rules, from the first that applies.
fn owner(evidence: &Evidence, by_source: &BySource<'_>, people: &People) -> (Owner, Strength) {
    if evidence.of_maintainers {
        return (Owner::Maintainers, Strength::Strong);
    }
    let of_source = evidence.source.as_ref().and_then(|s| by_source.get(s));
    let latest = evidence
        .candidates()
        .max_by_key(|(_, published)| published.last);
    let latest = latest.map(|(id, _)| id);
    let (id, agreed) = match (&evidence.at_source, latest) {
        // The sources are in somebody's account, and somebody else made the last release.
        (Some(at_source), Some(latest)) if at_source != latest => {
            let both = [at_source.clone(), latest.clone()];
            return (Owner::Ids(both.into()), Strength::Weak);
        }
        // Strong if the last release is theirs too.
        (Some(at_source), _) => (at_source, latest.is_some()),
        // Strong if the metadata names who made the last release, or the same person published more
        // of the same source.
        (None, Some(latest)) => {
            let here = evidence.published.get(latest).map_or(0, |p| p.changes);
            let of_source = of_source.and_then(|all| all.get(latest));
            let elsewhere = of_source.is_some_and(|all| all.changes > here);
            let alone = evidence.named.iter().all(|id| id == latest);
            let named = evidence.named.contains(latest);
            (latest, named || (elsewhere && alone))
        }
        // Nobody who may be proposed published it: whom the metadata names, or else who published
        // something else of the same source.
        (None, None) => {
            let named = evidence.named.iter().max_by_key(|id| people.last_seen(id));
            let near = of_source.into_iter().flatten();
            let near = near.filter(|(id, _)| !people.merges(id));
            let near = near.max_by_key(|(_, published)| published.last);
            match named.or(near.map(|(id, _)| *id)) {
                Some(id) => (id, false),
                None => return (Owner::Nobody, Strength::Weak),
            }
        }
    };
    let strength = match agreed && people.is_awake(id) {
        true => Strength::Strong,
        false => Strength::Weak,
    };
    (Owner::Ids([id.clone()].into()), strength)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bootstrap::evidence::gather;
    use crate::bootstrap::history::parse;
    use crate::bootstrap::metadata::Metadata;

    /// `ann`, `bob` and `mary` were seen in 2024, and `old` in 2012; `mary` merges for all. No line
    /// has the package `zzz` in mind.
    const PEOPLE: &str = "\
1345547636\t1\tm\told\to\tm\t+zzz.1
1724506438\t2\tm\tann\ta\tm\t+zzz.2
1724506439\t3\tm\tbob\tb\tm\t+zzz.3
1724506440\t4\tm\tmary\tm\tm\t+zzz.4
";

    /// What is proposed for the first of some packages: a name, an address of its sources, and who
    /// published it, one after the other.
    fn proposed(packages: &[(&str, &str, &[&str])]) -> String {
        let mut history = PEOPLE.to_owned();
        let mut metadata = BTreeMap::new();
        for (name, address, publishers) in packages {
            let name = PackageName::new(name).unwrap();
            for (n, who) in publishers.iter().enumerate() {
                let word = &who[..1];
                // Somebody who sleeps published long ago.
                let time = if *who == "old" {
                    1_345_547_637
                } else {
                    1_724_506_450 + n
                };
                history += &format!("{time}\t9\tm\t{who}\t{word}\tm\t+{name}.{n}\n");
            }
            let said = Metadata {
                sources: Source::of_address(address).into_iter().collect(),
                ..Metadata::default()
            };
            metadata.insert(name, said);
        }
        let changes = parse(&history).unwrap();
        let people = People::of(&changes);
        let table = propose(&gather(&changes, &people, &metadata, "github.com"), &people);
        let line = &table.packages[&PackageName::new(packages[0].0).unwrap()];
        format!("{} {}", line.owner, line.strength)
    }

    const GUILD: &str = "https://github.com/guild/x";

    #[test]
    fn sources_and_releases_of_one_person_are_strong() {
        let ann = "https://github.com/ann/fmt";
        assert_eq!(proposed(&[("fmt", ann, &["ann"])]), "ann strong");
        assert_eq!(proposed(&[("fmt", ann, &["bob", "ann"])]), "ann strong");
        // Somebody else published last: two candidates, and a person decides.
        assert_eq!(proposed(&[("fmt", ann, &["ann", "bob"])]), "ann,bob weak");
        assert_eq!(proposed(&[("fmt", ann, &[])]), "ann weak");
    }

    #[test]
    fn who_published_more_of_the_same_source_is_strong() {
        let alone = ("fmt", GUILD, ["bob"].as_slice());
        assert_eq!(proposed(&[alone]), "bob weak");
        assert_eq!(proposed(&[alone, ("logs", GUILD, &["bob"])]), "bob strong");
        let elsewhere = ("logs", "https://github.com/other/x", ["bob"].as_slice());
        assert_eq!(proposed(&[alone, elsewhere]), "bob weak");
        // Nobody published it who may own it: who did something else of the source.
        let by_nobody = ("fmt", GUILD, ["mary"].as_slice());
        assert_eq!(
            proposed(&[by_nobody, ("logs", GUILD, &["bob"])]),
            "bob weak"
        );
    }

    /// Attack: whoever helps with the repository gets what they published for others.
    #[test]
    fn who_merges_is_proposed_only_where_the_metadata_names_them() {
        assert_eq!(proposed(&[("fmt", GUILD, &["mary"])]), "- weak");
        assert_eq!(proposed(&[("fmt", GUILD, &["bob", "mary"])]), "bob weak");
        let own = "https://github.com/mary/fmt";
        assert_eq!(proposed(&[("fmt", own, &["mary"])]), "mary strong");
    }

    /// Attack: the account of somebody who sleeps is registered again.
    #[test]
    fn who_sleeps_is_weak() {
        let own = "https://github.com/old/fmt";
        assert_eq!(proposed(&[("fmt", own, &["old"])]), "old weak");
    }

    #[test]
    fn packages_of_the_system_are_the_maintainers() {
        assert_eq!(
            proposed(&[("conf-gmp", GUILD, &["bob"])]),
            "maintainers strong"
        );
        assert_eq!(proposed(&[("base-unix", "", &[])]), "maintainers strong");
        assert_eq!(proposed(&[("fmt", "", &[])]), "- weak");
    }
}
