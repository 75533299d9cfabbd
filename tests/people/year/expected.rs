//! Who must act, computed a second time: from a table of owners and the files that a merge touches,
//! with no code of the tool.
//!
//! Whoever releases something of which they are no owner asks to be one, once; whoever has no key
//! and asks for something joins.

use std::collections::{BTreeMap, BTreeSet};

use super::data::{Merge, Touch, package_of};

/// Who may what.
#[derive(Clone, Default)]
pub struct Rights {
    /// The owners of each package, none if the janitors hold it.
    pub owners: BTreeMap<String, BTreeSet<String>>,
    /// Packages that stay the janitors'.
    pub maintained: BTreeSet<String>,
    /// Who merges what others open, and may release for others.
    pub helpers: BTreeSet<String>,
    /// Who has a key that somebody fetched.
    pub listed: BTreeSet<String>,
    /// Who has a key that counts.
    pub proven: BTreeSet<String>,
    /// How the table writes an account.
    written: BTreeMap<String, String>,
    /// The names of teams, which no person has.
    pub teams: BTreeSet<String>,
    /// Whose the sources of a package are, by the table.
    pub sources: BTreeMap<String, String>,
}

/// What the person who opens a pull request asks for besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wants {
    /// The person becomes an author.
    pub joins: bool,
    /// The person proves a key that was fetched.
    pub confirms: bool,
    /// New names, and packages of others that the person releases.
    pub gets: BTreeSet<String>,
}

/// What lacks somebody, as `package NAME`, `author ID` or `repo`: one of these owners, if there are
/// any, or a quorum.
pub type Lacks = BTreeMap<String, BTreeSet<String>>;

impl Rights {
    /// What `conex bootstrap claim` makes of a table, with a key for everybody whom a strong line
    /// gives something.
    pub fn of_table(table: &str) -> Rights {
        let mut rights = Rights::default();
        let mut teams: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        for line in table.lines() {
            let fields: Vec<&str> = line.split_whitespace().collect();
            match fields.as_slice() {
                ["id", id, _, words @ ..] => {
                    rights.written.insert(id.to_lowercase(), (*id).to_owned());
                    if words.contains(&"merges") {
                        rights.helpers.insert((*id).to_owned());
                    }
                }
                ["team", team, members @ ..] => {
                    let members = members.iter().map(|id| (*id).to_owned()).collect();
                    teams.insert(team, members);
                    rights.teams.insert(team.to_lowercase());
                }
                ["package", name, owner, strength, source, ..] => {
                    let owners: BTreeSet<String> = match (*owner, *strength) {
                        ("-" | "maintainers", _) | (_, "weak") => BTreeSet::new(),
                        (owner, _) => match owner.strip_prefix('@') {
                            Some(team) => teams[team].clone(),
                            None => owner.split(',').map(str::to_owned).collect(),
                        },
                    };
                    if *owner == "maintainers" {
                        rights.maintained.insert((*name).to_owned());
                    }
                    rights.listed.extend(owners.iter().cloned());
                    rights.owners.insert((*name).to_owned(), owners);
                    rights
                        .sources
                        .insert((*name).to_owned(), (*source).to_owned());
                }
                _ => {}
            }
        }
        rights
    }

    /// The id of an account: as the table writes it, and of nobody else.
    pub fn id(&self, account: &str) -> String {
        let folded = account.to_lowercase();
        match self.written.get(&folded) {
            Some(id) => id.clone(),
            None if self.teams.contains(&folded) => format!("{account}-person"),
            None => account.to_owned(),
        }
    }

    pub fn owns(&self, id: &str, package: &str) -> bool {
        self.owners
            .get(package)
            .is_some_and(|owners| owners.contains(id))
    }

    /// What somebody asks for with a merge.
    pub fn wants(&self, id: &str, merge: &Merge) -> Wants {
        let mut gets = BTreeSet::new();
        for section in &merge.sections {
            let Some(package) = package_of(&section.path) else {
                continue;
            };
            let releases = section.touch == Touch::Added;
            let theirs = self.helpers.contains(id) || self.maintained.contains(package);
            let new = !self.owners.contains_key(package);
            if new || (releases && !theirs && !self.owns(id, package)) {
                gets.insert(package.to_owned());
            }
        }
        let known = self.proven.contains(id);
        let listed = self.listed.contains(id);
        Wants {
            joins: !known && !listed && !gets.is_empty(),
            confirms: !known && listed,
            gets,
        }
    }

    /// What lacks somebody when the person who opened the pull request has signed.
    pub fn lacks(&self, id: &str, wants: &Wants, merge: &Merge) -> Lacks {
        let mut lacks = Lacks::new();
        for what in merge.touched() {
            let owners = self.owners.get(what);
            if what == "repo" {
                lacks.insert("repo".to_owned(), BTreeSet::new());
            } else if wants.gets.contains(what) {
                lacks.insert(format!("package {what}"), BTreeSet::new());
            } else if !self.owns(id, what) {
                let owners = owners.cloned().unwrap_or_default();
                lacks.insert(format!("package {what}"), owners);
            }
        }
        if wants.joins {
            lacks.insert(format!("author {id}"), BTreeSet::new());
        }
        lacks
    }

    /// Somebody with a proven key who owns everything that lacks somebody.
    pub fn one_owner(&self, lacks: &Lacks) -> Option<String> {
        let mut all = lacks.values();
        let first = all.next()? & &self.proven;
        all.fold(first, |some, more| &some & more).pop_first()
    }

    /// What there is after the merge.
    pub fn merged(&mut self, id: &str, wants: &Wants) {
        if wants.joins || wants.confirms {
            self.proven.insert(id.to_owned());
            self.written.insert(id.to_lowercase(), id.to_owned());
        }
        for package in &wants.gets {
            let owners = self.owners.entry(package.clone()).or_default();
            owners.insert(id.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::year::data::Section;

    const TABLE: &str = "id ann 2024-01 -\nid bob 2024-01 -\nid mary 2024-01 merges\nteam guild ann bob\n\
        package conf-gmp maintainers strong - - -\npackage fmt @guild strong - - -\n\
        package logs ann,mary strong - - -\npackage old bob weak - - -\n";

    fn merge(by: &str, files: &[(&str, Touch)]) -> Merge {
        let sections = files.iter().map(|(path, touch)| Section {
            path: (*path).to_owned(),
            touch: *touch,
            patch: Vec::new(),
        });
        Merge {
            number: 1,
            time: 0,
            pull: 1,
            by: by.to_owned(),
            model: String::new(),
            sections: sections.collect(),
        }
    }

    /// Who is missing from a merge, and who is afterwards from the same merge.
    fn lacking(by: &str, files: &[(&str, Touch)]) -> [String; 2] {
        let mut rights = Rights::of_table(TABLE);
        [(), ()].map(|()| {
            let merge = merge(by, files);
            let id = rights.id(by);
            let wants = rights.wants(&id, &merge);
            let lacks = rights.lacks(&id, &wants, &merge);
            rights.merged(&id, &wants);
            let owners = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(",");
            let lacks: Vec<String> = lacks
                .iter()
                .map(|(what, set)| format!("{what}: {}", owners(set)))
                .collect();
            lacks.join("; ")
        })
    }

    #[test]
    fn owners_need_nobody_and_others_an_owner_or_a_quorum() {
        use Touch::{Added, Edited, Removed};
        let fmt = "packages/fmt/fmt.1/opam";
        assert_eq!(lacking("Bob", &[(fmt, Added)]), ["", ""]);
        assert_eq!(
            lacking("bob", &[("packages/logs/logs.1/opam", Edited)])[1],
            "package logs: ann,mary"
        );
        assert_eq!(lacking("eve", &[(fmt, Removed)])[1], "package fmt: ann,bob");
        assert_eq!(
            lacking("bob", &[("packages/old/old.1/opam", Edited)])[1],
            "package old: "
        );
        assert_eq!(lacking("bob", &[("repo", Edited)])[1], "repo: ");
        // Who releases asks to be an owner, and is one from then on.
        assert_eq!(
            lacking("eve", &[(fmt, Added)]),
            ["author eve: ; package fmt: ", ""]
        );
        assert_eq!(
            lacking("ann", &[("packages/new/new.1/opam", Added)]),
            ["package new: ", ""]
        );
        // Not so who merges for others, and what is the maintainers'.
        assert_eq!(lacking("mary", &[(fmt, Added)])[1], "package fmt: ann,bob");
        assert_eq!(
            lacking("ann", &[("packages/conf-gmp/conf-gmp.1/opam", Added)])[1],
            "package conf-gmp: "
        );
        // A team's name is no person's.
        assert_eq!(
            lacking("Guild", &[(fmt, Added)])[0],
            "author Guild-person: ; package fmt: "
        );
    }
}
