//! What history and metadata together say of each package.

use std::collections::{BTreeMap, BTreeSet};

use super::history::Change;
use super::metadata::{Metadata, Source, is_of_maintainers};
use super::people::People;
use conex_verify::format::name::{Id, PackageName};

/// A change that adds more releases than this is an import: who made it wrote none of them.
const IMPORT: usize = 300;

/// What somebody published of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Published {
    /// How many changes added a release of it.
    pub changes: usize,
    /// When the last one was, in seconds since 1970.
    pub last: u64,
}

/// What is known of whose a package is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Whether those who keep the repository keep it.
    pub of_maintainers: bool,
    /// Whose the sources are.
    pub source: Option<Source>,
    /// The person whose account has the sources.
    pub at_source: Option<Id>,
    /// Those whom the metadata names: by an account that it points to, or as a maintainer or author.
    pub named: BTreeSet<Id>,
    /// Who published releases of it.
    pub published: BTreeMap<Id, Published>,
    /// Those of them who merge what others open, and whom the metadata does not name: they may have
    /// published for somebody else.
    pub helped: BTreeSet<Id>,
}

impl Evidence {
    /// Those who may be proposed, and what they published.
    pub fn candidates(&self) -> impl Iterator<Item = (&Id, &Published)> {
        let all = self.published.iter();
        all.filter(|(id, _)| !self.helped.contains(*id))
    }
}

/// What is known of each package. `forge` is where the accounts of the history are.
pub fn gather(
    changes: &[Change],
    people: &People,
    packages: &BTreeMap<PackageName, Metadata>,
    forge: &str,
) -> BTreeMap<PackageName, Evidence> {
    let account = |source: &Source| match source.forge == forge {
        true => people.named(&source.owner),
        false => None,
    };
    let at_source = |metadata: &Metadata| metadata.sources.first().and_then(account).cloned();
    let known = names(packages, at_source);
    let evidence = |(name, metadata): (&PackageName, &Metadata)| {
        let accounts = metadata.sources.iter().filter_map(account);
        let names = metadata.names.iter().filter_map(|name| known.get(name));
        let evidence = Evidence {
            of_maintainers: is_of_maintainers(name, metadata),
            source: metadata.sources.first().cloned(),
            at_source: at_source(metadata),
            named: accounts.chain(names).cloned().collect(),
            ..Evidence::default()
        };
        (name.clone(), evidence)
    };
    let mut all: BTreeMap<PackageName, Evidence> = packages.iter().map(evidence).collect();
    for change in changes.iter().filter(|change| change.releases <= IMPORT) {
        let Some(id) = people.publisher(change) else {
            continue;
        };
        for name in &change.added {
            let Some(evidence) = all.get_mut(name) else {
                continue;
            };
            let published = evidence.published.entry(id.clone()).or_default();
            published.changes += 1;
            published.last = published.last.max(change.time);
            if people.merges(id) && !evidence.named.contains(id) {
                evidence.helped.insert(id.clone());
            }
        }
    }
    all
}

/// Whose the names and addresses are that packages name. A name is somebody's if it stands in at
/// least half of the packages whose sources are in the own account, and if at least 7 of 10
/// packages of such accounts that name it are in this one.
fn names(
    packages: &BTreeMap<PackageName, Metadata>,
    at_source: impl Fn(&Metadata) -> Option<Id>,
) -> BTreeMap<String, Id> {
    let mut own: BTreeMap<Id, usize> = BTreeMap::new();
    let mut naming: BTreeMap<&String, BTreeMap<Id, usize>> = BTreeMap::new();
    for metadata in packages.values() {
        let Some(id) = at_source(metadata) else {
            continue;
        };
        *own.entry(id.clone()).or_default() += 1;
        for name in &metadata.names {
            let counts = naming.entry(name).or_default();
            *counts.entry(id.clone()).or_default() += 1;
        }
    }
    let whose = |counts: &BTreeMap<Id, usize>| {
        let all: usize = counts.values().sum();
        let (id, n) = counts.iter().max_by_key(|(_, n)| **n)?;
        let of_own = own.get(id).copied().unwrap_or_default();
        (n * 10 >= all * 7 && n * 2 >= of_own).then(|| id.clone())
    };
    let names = naming.into_iter();
    names
        .filter_map(|(name, counts)| Some((name.clone(), whose(&counts)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> Id {
        Id::new(text).unwrap()
    }

    fn package(text: &str) -> PackageName {
        PackageName::new(text).unwrap()
    }

    fn change(head: &str, merger: &str, adds: &[&str]) -> Change {
        Change {
            time: 1,
            head: Id::new(head).ok(),
            author: head.into(),
            merger: merger.into(),
            added: adds.iter().map(|name| package(name)).collect(),
            releases: adds.len(),
        }
    }

    fn metadata(address: &str, names: &[&str]) -> Metadata {
        Metadata {
            sources: Source::of_address(address).into_iter().collect(),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            flags: BTreeSet::new(),
        }
    }

    /// Who merges for others may have published for another, unless the metadata says that the
    /// package is theirs: by the account, or by the name that the own packages have.
    #[test]
    fn who_merges_is_a_candidate_where_the_metadata_says_so() {
        let changes = [
            change("ann", "mary", &["fmt"]),
            change("mary", "mary", &["fmt", "own", "web"]),
        ];
        let people = People::of(&changes);
        let packages = [
            (
                "fmt",
                metadata("https://github.com/guild/fmt", &["ann lee"]),
            ),
            (
                "own",
                metadata("https://github.com/mary/own", &["mary may"]),
            ),
            (
                "web",
                metadata("https://github.com/guild/web", &["mary may"]),
            ),
        ]
        .map(|(name, metadata)| (package(name), metadata));
        let all = gather(&changes, &people, &packages.into(), "github.com");
        let candidates = |name: &str| -> Vec<&Id> {
            let evidence = &all[&package(name)];
            evidence.candidates().map(|(id, _)| id).collect()
        };
        assert_eq!(candidates("fmt"), [&id("ann")]);
        assert_eq!(all[&package("fmt")].helped, [id("mary")].into());
        assert_eq!(candidates("own"), [&id("mary")]);
        assert_eq!(candidates("web"), [&id("mary")]);
        // An account of another forge is not that person's.
        let all = gather(&changes, &people, &all_of(&all), "forge.example");
        assert!(all.values().all(|evidence| evidence.at_source.is_none()));
    }

    fn all_of(all: &BTreeMap<PackageName, Evidence>) -> BTreeMap<PackageName, Metadata> {
        let of = |evidence: &Evidence| Metadata {
            sources: evidence.source.clone().into_iter().collect(),
            ..Metadata::default()
        };
        all.iter().map(|(name, e)| (name.clone(), of(e))).collect()
    }

    /// A name that stands in packages of several is nobody's.
    #[test]
    fn a_name_that_many_accounts_have_names_nobody() {
        let changes = [change("ann", "m", &["a"]), change("bob", "m", &["b", "c"])];
        let people = People::of(&changes);
        let packages = [
            (
                "a",
                metadata("https://github.com/ann/a", &["the guild", "ann"]),
            ),
            (
                "b",
                metadata("https://github.com/bob/b", &["the guild", "bob"]),
            ),
            ("c", metadata("https://github.com/guild/c", &["the guild"])),
        ]
        .map(|(name, metadata)| (package(name), metadata));
        let all = gather(&changes, &people, &packages.into(), "github.com");
        assert!(all[&package("c")].named.is_empty());
        assert_eq!(all[&package("a")].named, [id("ann")].into());
    }

    #[test]
    fn an_import_publishes_nothing() {
        let mut import = change("ann", "ann", &["fmt"]);
        import.releases = IMPORT + 1;
        let people = People::of(std::slice::from_ref(&import));
        let packages = [(package("fmt"), Metadata::default())].into();
        let all = gather(&[import], &people, &packages, "github.com");
        assert!(all[&package("fmt")].published.is_empty());
    }
}
