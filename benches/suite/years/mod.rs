//! What becomes of a signed repository in years: 1,650 pull requests in each, by authors and
//! janitors, and people who come and go.
//!
//! How many of which kind, and how many releases they touch, is what opam-repository had in the
//! year up to August 2026: 1,667 merges, of which 1,310 brought 3,123 releases, 407 of them with a
//! new name; 349 changed some, 24 of these more than twenty; 8 removed 2,379; 95 people had not
//! come before. How many leave, hand over or change their key is made up: nobody recorded that.

mod office;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;

use conex::plan::{self, Change, Join, OwnerChange, Selection};
use conex_verify::format::name::PackageName;
use conex_verify::format::path::PACKAGES;

use crate::make::{JANITORS, Packages, renamed, save, signed};
use crate::patch_support::random::Random;
use crate::sizes::noise;
use crate::world::{id, public};
use office::{Names, Office};

/// Weeks of a year in which something is merged. In a week each author signs once, for all pull
/// requests of theirs, and two janitors approve once.
const WEEKS: usize = 50;
/// Claims are signed once in so many weeks.
const MONTH: usize = 4;

/// A pull request.
#[derive(Debug, Clone, Copy)]
enum Pull {
    /// An owner releases so many packages.
    Releases(usize),
    /// An owner brings new names, so many at once.
    NewNames(usize),
    /// Somebody who was not there before brings one.
    NewAuthor,
    /// An owner changes a release.
    OwnerEdits,
    /// A janitor changes a release of each of so many packages.
    JanitorEdits(usize),
    /// A janitor removes a release of each of so many packages.
    Removes(usize),
    /// A package gets one owner more.
    OneMore,
    /// Somebody hands over all packages to somebody else, who signs them.
    HandsOver,
    /// Somebody is gone: the keys are revoked, and the packages are left to the quorum.
    Leaves,
    /// Somebody signs with another key.
    Rotates,
}

/// How many of each there are in a year.
const YEAR: [(usize, Pull); 15] = [
    (621, Pull::Releases(1)),
    (217, Pull::Releases(3)),
    (107, Pull::Releases(9)),
    (5, Pull::Releases(25)),
    (120, Pull::NewNames(1)),
    (35, Pull::NewNames(5)),
    (95, Pull::NewAuthor),
    (50, Pull::OwnerEdits),
    (226, Pull::JanitorEdits(5)),
    (24, Pull::JanitorEdits(120)),
    (8, Pull::Removes(300)),
    (42, Pull::OneMore),
    (30, Pull::HandsOver),
    (30, Pull::Leaves),
    (40, Pull::Rotates),
];

/// Writes the repository of the first day, and of the end of each year, below `to`; and `folded`,
/// where in the end everybody folds their segments. Within the years only janitors do, once in each.
/// Of a part of opam-repository, or of several times all of it, there are as many pull requests less
/// or more.
pub fn years(
    packages: &Packages,
    size: f64,
    years: usize,
    to: &Path,
) -> Result<(), Box<dyn Error>> {
    let made = signed(packages);
    let signed = made.owners.iter();
    let signed = signed.map(|(package, owner)| (name(package), BTreeSet::from([owner.clone()])));
    let mut life = Life {
        office: Office {
            signed: signed.collect(),
            identity: made.world.identity(),
            tree: made.world.tree,
            renewed: BTreeMap::new(),
        },
        owners: made.owners,
        names: packages.keys().cloned().collect(),
        random: Random(1),
        made: 0,
        size,
    };
    life.save(&to.join("0"))?;
    for year in 1..=years {
        life.year()?;
        life.save(&to.join(year.to_string()))?;
        eprintln!("after {year} years: {} files", life.office.tree.files.len());
        if year < years {
            life.office.compact(&JANITORS)?;
        }
    }
    let owners: BTreeSet<&str> = life.owners.values().map(String::as_str).collect();
    let everybody: Vec<&str> = owners.into_iter().chain(JANITORS).collect();
    life.office.compact(&everybody)?;
    life.save(&to.join("folded"))
}

struct Life {
    office: Office,
    /// Who releases a package; the others are left to the quorum.
    owners: BTreeMap<String, String>,
    names: Vec<String>,
    random: Random,
    /// How many files, people and names were made, so that each is another.
    made: usize,
    /// How many times opam-repository it is.
    size: f64,
}

impl Life {
    fn year(&mut self) -> Result<(), Box<dyn Error>> {
        let mut pulls = self.pulls();
        for n in (1..pulls.len()).rev() {
            pulls.swap(n, self.random.below(n + 1));
        }
        for week in 0..WEEKS {
            let of_week = pulls.len() * week / WEEKS..pulls.len() * (week + 1) / WEEKS;
            self.week(&pulls[of_week])?;
            if week % MONTH == MONTH - 1 {
                let janitors = self.two_janitors();
                self.office.month(janitors)?;
                eprint!(".");
            }
        }
        Ok(())
    }

    /// The pull requests of a year, those of a kind one after the other.
    fn pulls(&self) -> Vec<Pull> {
        let sized = |count: usize| (count as f64 * self.size).round() as usize;
        let pulls = YEAR.iter();
        pulls
            .flat_map(|(count, pull)| vec![*pull; sized(*count)])
            .collect()
    }

    fn two_janitors(&mut self) -> [&'static str; 2] {
        let out = self.random.below(JANITORS.len());
        let stay = |n: usize| JANITORS[(out + n) % JANITORS.len()];
        [stay(1), stay(2)]
    }

    /// What is merged in a week: people change first, then everybody signs on top of the same
    /// branch, then two janitors approve.
    fn week(&mut self, pulls: &[Pull]) -> Result<(), Box<dyn Error>> {
        let janitors = self.two_janitors();
        let mut touched = Names::new();
        for pull in pulls {
            touched.extend(self.people_change(*pull)?);
        }
        let mut work: BTreeMap<String, Names> = BTreeMap::new();
        for pull in pulls {
            let (who, names) = self.files_change(*pull, janitors[0], &touched)?;
            touched.extend(names.iter().cloned());
            if !names.is_empty() {
                work.entry(who).or_default().extend(names);
            }
        }
        self.office.signs(&work)?;
        self.office.approved(janitors, &touched)
    }

    /// The changes of people, with what follows at once; gives the packages that they touch.
    fn people_change(&mut self, pull: Pull) -> Result<Names, Box<dyn Error>> {
        let (package, owner) = self.owned();
        let (who, heir) = (self.anybody(), self.anybody());
        let all = self.of(&who);
        match pull {
            Pull::OneMore if heir != owner => {
                let names = Names::from([name(&package)]);
                let change = changed(Change::Add, &heir, None, &names);
                self.office.unsigned(&names, |w| plan::owner(w, &change))?;
                Ok(names)
            }
            Pull::HandsOver if heir != who => {
                let change = changed(Change::Add, &heir, Some(&who), &all);
                self.office.unsigned(&all, |w| plan::owner(w, &change))?;
                for package in &all {
                    self.owners.insert(package.to_string(), heir.clone());
                }
                self.office.signs(&BTreeMap::from([(heir, all.clone())]))?;
                Ok(all)
            }
            Pull::Leaves => {
                let change = changed(Change::Remove, &who, None, &all);
                self.office.unsigned(&all, |w| plan::owner(w, &change))?;
                let gone = id(&who);
                self.office
                    .unsigned(&all, |w| plan::revoke(w, &gone, &[]))?;
                self.owners.retain(|_, owner| *owner != who);
                Ok(all)
            }
            Pull::Rotates => {
                let to = format!("{who} {}", self.next());
                self.office.rotate(&who, &to, &all)?;
                Ok(all)
            }
            _ => Ok(Names::new()),
        }
    }

    /// The changes of files; gives who signs which packages.
    fn files_change(
        &mut self,
        pull: Pull,
        janitor: &str,
        taken: &Names,
    ) -> Result<(String, Names), Box<dyn Error>> {
        let by_janitor = |names| Ok((janitor.to_owned(), names));
        match pull {
            Pull::Releases(count) => {
                let names = self.of_one_owner(count, taken);
                for package in &names {
                    let last = self.releases(package.as_str()).pop();
                    self.releases_as(package.as_str(), last, package.as_str());
                }
                Ok((self.signer(&names, janitor), names))
            }
            Pull::NewNames(count) => {
                let (_, who) = self.owned();
                let names = (0..count).map(|_| self.new_name(&who));
                let names = names.collect();
                Ok((who, names))
            }
            Pull::NewAuthor => {
                let who = format!("author-{}", self.next());
                let names = Names::from([self.new_name(&who)]);
                let request = Join {
                    id: id(&who),
                    keys: vec![public(&who)],
                    accounts: BTreeSet::new(),
                };
                let join = |w: &plan::World<'_>, _: &str, _: &_| plan::join(w, &request);
                let work = BTreeMap::from([(who.clone(), Names::new())]);
                self.office.together(&work, join)?;
                Ok((who, names))
            }
            Pull::OwnerEdits => {
                let names = self.of_one_owner(1, taken);
                self.edit(&names);
                Ok((self.signer(&names, janitor), names))
            }
            Pull::JanitorEdits(count) => {
                let names = self.some(count, taken);
                self.edit(&names);
                by_janitor(names)
            }
            Pull::Removes(count) => {
                let mut names = self.some(4 * count, taken);
                names.retain(|package| self.releases(package.as_str()).len() > 1);
                let names: Names = names.into_iter().take(count).collect();
                for package in &names {
                    let first = self.releases(package.as_str()).swap_remove(0);
                    let gone = format!("{PACKAGES}{package}/{first}/");
                    self.office
                        .tree
                        .files
                        .retain(|path, _| !path.starts_with(&gone));
                }
                by_janitor(names)
            }
            Pull::OneMore | Pull::HandsOver | Pull::Leaves | Pull::Rotates => {
                by_janitor(Names::new())
            }
        }
    }

    fn next(&mut self) -> usize {
        self.made += 1;
        self.made
    }

    /// A package that has an owner, and the owner.
    fn owned(&mut self) -> (String, String) {
        loop {
            let package = &self.names[self.random.below(self.names.len())];
            if let Some(owner) = self.owners.get(package) {
                return (package.clone(), owner.clone());
            }
        }
    }

    /// An owner, whoever has one package as likely as who has many.
    fn anybody(&mut self) -> String {
        let people: BTreeSet<&String> = self.owners.values().collect();
        let people: Vec<&String> = people.into_iter().collect();
        people[self.random.below(people.len())].clone()
    }

    /// All packages of somebody.
    fn of(&self, who: &str) -> Names {
        let all = self.owners.iter().filter(|(_, owner)| *owner == who);
        all.map(|(package, _)| name(package)).collect()
    }

    /// So many packages of one owner that are not taken, or all that the owner has of them, if
    /// nobody has more after some tries. One that nobody owns comes alone.
    fn of_one_owner(&mut self, count: usize, taken: &Names) -> Names {
        let mut most = Names::new();
        for _ in 0..1_000 {
            let package = self.names[self.random.below(self.names.len())].clone();
            let names = match self.owners.get(&package).filter(|_| count > 1) {
                Some(who) => self.of(who),
                None => Names::from([name(&package)]),
            };
            let names: Names = names.difference(taken).take(count).cloned().collect();
            if names.len() > most.len() {
                most = names;
            }
            if most.len() == count {
                break;
            }
        }
        most
    }

    /// So many packages, of anybody.
    fn some(&mut self, count: usize, taken: &Names) -> Names {
        let mut names = Names::new();
        for _ in 0..count {
            names.insert(name(&self.names[self.random.below(self.names.len())]));
        }
        &names - taken
    }

    /// Who signs these packages, all of one owner.
    fn signer(&self, names: &Names, janitor: &str) -> String {
        let first = names.first().and_then(|n| self.owners.get(n.as_str()));
        first.cloned().unwrap_or_else(|| janitor.to_owned())
    }

    /// The releases of a package, in the order of their names.
    fn releases(&self, package: &str) -> Vec<String> {
        let dir = format!("{PACKAGES}{package}/");
        let opam = self.office.tree.below(&dir).filter_map(|(path, _)| {
            let release = path[dir.len()..].strip_suffix("/opam")?;
            Some(release.to_owned())
        });
        opam.filter(|release| !release.contains('/')).collect()
    }

    /// A release of `to` like one of `from`, with other checksums.
    fn releases_as(&mut self, from: &str, release: Option<String>, to: &str) {
        let Some(release) = release else { return };
        let number = self.next();
        let dir = format!("{PACKAGES}{from}/{release}/");
        let files = self.office.tree.below(&dir);
        let files = files.filter(|(path, _)| !path.ends_with("/checksum"));
        let files: Vec<(String, Vec<u8>)> = files
            .map(|(path, bytes)| {
                renamed(&format!("{from}/{}", &path[dir.len()..]), bytes, from, to)
            })
            .collect();
        let plain = files.len() == 1;
        for (path, bytes) in files {
            let bytes = if plain {
                other_checksums(&bytes, number)
            } else {
                bytes
            };
            let path = path.replacen('/', &format!("/{to}.{number}/"), 1);
            let path = format!("{PACKAGES}{path}");
            self.office.tree.files.insert(path, bytes.into());
        }
    }

    /// A package that was not there before, of somebody.
    fn new_name(&mut self, who: &str) -> PackageName {
        let new = format!("new-{}", self.next());
        let from = self.names[self.random.below(self.names.len())].clone();
        let last = self.releases(&from).pop();
        self.releases_as(&from, last, &new);
        self.owners.insert(new.clone(), who.to_owned());
        self.names.push(new.clone());
        name(&new)
    }

    /// Changes the last release of each package.
    fn edit(&mut self, names: &Names) {
        for package in names {
            let Some(release) = self.releases(package.as_str()).pop() else {
                continue;
            };
            let path = format!("{PACKAGES}{package}/{release}/opam");
            let number = self.next();
            let old = self.office.tree.files.get(&path);
            let mut text = old.map(|bytes| bytes.to_vec()).unwrap_or_default();
            text.extend(format!("# change {number}\n").bytes());
            self.office.tree.files.insert(path, text.into());
        }
    }

    /// Writes what is there now, with a package in the middle of which the owner can sign a release.
    fn save(&self, to: &Path) -> Result<(), Box<dyn Error>> {
        let package = self.owners.keys().nth(self.owners.len() / 2);
        let package = package.ok_or("nobody owns a package")?;
        let owner = &self.owners[package];
        let key = self.office.key_name(owner);
        let shares = format!("{} pull requests a year", self.pulls().len());
        save(&self.office.tree, package, (owner, key), &shares, to)
    }
}

fn name(package: &str) -> PackageName {
    PackageName::new(package).expect("the name of a package")
}

fn changed(change: Change, who: &str, instead_of: Option<&str>, names: &Names) -> OwnerChange {
    OwnerChange {
        change,
        id: id(who),
        instead_of: instead_of.map(id),
        packages: Selection::Named(names.iter().map(ToString::to_string).collect()),
    }
}

/// The same text with other digests: whatever is long and hexadecimal.
fn other_checksums(text: &[u8], seed: usize) -> Vec<u8> {
    const SHORTEST: usize = 32;
    let mut text = text.to_vec();
    let hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
    let mut at = 0;
    while at < text.len() {
        let len = text[at..].iter().take_while(|byte| hex(byte)).count();
        if len >= SHORTEST {
            let other = noise((seed * 100_003 + at) as u64, len);
            text[at..at + len].copy_from_slice(other.as_bytes());
        }
        at += len.max(1);
    }
    text
}
