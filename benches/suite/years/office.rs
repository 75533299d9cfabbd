//! People who sign as the tools have them sign: with the plans of `conex`, of a part of the tree,
//! and with their smaller segments folded into each new one.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;

use conex::plan::part::keep_packages;
use conex::plan::{self, Plan, PlanError, Sign, View};
use conex_verify::format::digest::Digest;
use conex_verify::format::key::{Namespace, PublicKey};
use conex_verify::format::name::PackageName;
use conex_verify::format::path::{CONEX, PACKAGES};
use conex_verify::format::resource::Timestamp;
use conex_verify::tree::{Bytes, Tree};
use conex_verify::workbench::repository::Repository;
use rayon::prelude::*;

use crate::make::JANITORS;
use crate::seed_key::SeedKey;
use crate::world::{id, private};

/// Stands for whoever does what needs no signature.
const NOBODY: &str = "nobody";

/// Names of packages.
pub type Names = BTreeSet<PackageName>;

/// The branch that everything is merged into, and the keys of those who sign.
pub struct Office {
    pub tree: Tree,
    pub identity: Digest,
    /// Who ever signed something of a package.
    pub signed: BTreeMap<PackageName, BTreeSet<String>>,
    /// The names of the keys of those who have another than the one of their own name.
    pub renewed: BTreeMap<String, String>,
}

impl Office {
    /// The name of the key of somebody.
    pub fn key_name<'a>(&'a self, who: &'a str) -> &'a str {
        self.renewed.get(who).map_or(who, String::as_str)
    }

    fn key(&self, who: &str) -> SeedKey {
        private(self.key_name(who))
    }

    /// What decides about these packages and people: the files at the top, those of all ids, these
    /// packages, and the segments of the janitors, of those who ever signed something of these
    /// packages, and of these people. `conex` reads the segments of everybody else as well, who said
    /// nothing of them.
    pub fn part(&self, names: &Names, people: &[&str]) -> Tree {
        let mut part = Tree::default();
        let dirs = names.iter().map(|name| format!("{PACKAGES}{name}/"));
        for dir in dirs.chain(["repo".to_owned()]) {
            part.files.extend(self.files(&dir));
        }
        let signed = names.iter().filter_map(|name| self.signed.get(name));
        let signed = signed.flatten().map(String::as_str);
        let signers: BTreeSet<&str> = signed
            .chain(JANITORS)
            .chain(people.iter().copied())
            .collect();
        let index = format!("{CONEX}index/");
        let others = self
            .files(CONEX)
            .filter(|(path, _)| !path.starts_with(&index));
        part.files.extend(others);
        for who in signers {
            part.files.extend(self.files(&format!("{index}{who}/")));
        }
        part
    }

    fn files<'a>(&'a self, below: &'a str) -> impl Iterator<Item = (String, Bytes)> + 'a {
        let files = self.tree.below(below);
        files.map(|(path, bytes)| (path.to_owned(), bytes.clone()))
    }

    /// Writes what somebody planned who need not sign it.
    pub fn unsigned(
        &mut self,
        names: &Names,
        plan: impl FnOnce(&plan::World<'_>) -> Result<Plan, PlanError>,
    ) -> Result<(), Box<dyn Error>> {
        let part = self.part(names, &[]);
        let repository = Repository::load(&part);
        let world = plan::World::new(&part, &repository, View::AsIfApproved).map_err(told)?;
        let plan = plan(&world).map_err(told)?;
        self.merge(plan);
        Ok(())
    }

    /// Has people sign, each of the packages that belong to the name, on top of the same tree, and
    /// merges what each signed.
    pub fn together(
        &mut self,
        work: &BTreeMap<String, Names>,
        plan: impl Fn(&plan::World<'_>, &str, &PublicKey) -> Result<Plan, PlanError> + Sync,
    ) -> Result<(), Box<dyn Error>> {
        let all: Names = work.values().flatten().cloned().collect();
        let people: Vec<&str> = work.keys().map(String::as_str).collect();
        let part = self.part(&all, &people);
        let mut repository = Repository::load(&part);
        let segments = keep_packages(&mut repository, &all);
        let world = plan::World::new(&part, &repository, View::AsIfApproved).map_err(told)?;
        let signed = work.par_iter().map(|(who, names)| {
            let key = self.key(who);
            let fingerprint = key.public().fingerprint();
            let mut plan = plan(&world, who, key.public())?;
            let more = |about: &Names| Ok(Some(self.part(&(names | about), &[who])));
            plan::fold_small(&world, &id(who), fingerprint, &mut plan, &segments, more)?;
            self.sign(&mut plan, who);
            Ok(plan)
        });
        let signed: Vec<Plan> = signed.collect::<Result<_, _>>().map_err(told)?;
        for plan in signed {
            self.merge(plan);
        }
        for (who, names) in work {
            for name in names {
                let signed = self.signed.entry(name.clone()).or_default();
                signed.insert(who.clone());
            }
        }
        Ok(())
    }

    /// Signs the segments of a plan with the key that somebody has now.
    pub fn sign(&self, plan: &mut Plan, who: &str) {
        let key = self.key(who);
        for segment in plan.segments(self.identity, &id(who), &Timestamp::unknown()) {
            let signature = key.sign(Namespace::Index, &segment.signed_bytes());
            plan.add_segment(segment, key.public().fingerprint(), signature);
        }
    }

    pub fn merge(&mut self, plan: Plan) {
        for path in &plan.removes {
            self.tree.files.remove(path);
        }
        let writes = plan.writes.into_iter();
        let files = writes.map(|(path, bytes)| (path, bytes.into()));
        self.tree.files.extend(files);
    }

    /// Has each of these sign their packages.
    pub fn signs(&mut self, work: &BTreeMap<String, Names>) -> Result<(), Box<dyn Error>> {
        self.together(work, |world, who, key| {
            plan::sign(
                world,
                &Sign {
                    signer: id(who),
                    key: key.clone(),
                    packages: work[who].iter().map(ToString::to_string).collect(),
                    // Old packages of opam-repository have MD5 sums only.
                    allow_weak_checksums: true,
                    log: Default::default(),
                },
            )
        })
    }

    /// Has janitors approve what waits of these packages and of people, one after the other.
    pub fn approved(&mut self, by: [&str; 2], names: &Names) -> Result<(), Box<dyn Error>> {
        for janitor in by {
            let work = BTreeMap::from([(janitor.to_owned(), names.clone())]);
            self.together(&work, |world, who, key| {
                plan::approve(world, &id(who), key, &[])
            })?;
        }
        Ok(())
    }

    /// Gives somebody a new key in place of the old one.
    pub fn rotate(&mut self, who: &str, to: &str, names: &Names) -> Result<(), Box<dyn Error>> {
        let new = private(to).public().clone();
        let before = self.part(names, &[who]);
        let loaded = Repository::load(&before);
        let world = plan::World::new(&before, &loaded, View::AsIfApproved).map_err(told)?;
        let change = plan::KeyChange {
            id: id(who),
            retire: plan::Retire::All,
            add: Some(new.clone()),
        };
        let mut plan = plan::change_keys(&world, &change).map_err(told)?;
        let after = plan.apply(&before);
        let loaded = Repository::load(&after);
        let later = plan::World::new(&after, &loaded, View::AsIfApproved).map_err(told)?;
        plan.merge(plan::vouch_again(&world, &later, &id(who), &new));
        self.renewed.insert(who.to_owned(), to.to_owned());
        self.sign(&mut plan, who);
        self.merge(plan);
        Ok(())
    }

    /// Has people sign what is planned for each of them of the whole tree.
    fn whole(
        &mut self,
        people: &[&str],
        plan: impl Fn(&plan::World<'_>, &str) -> Result<Plan, PlanError>,
    ) -> Result<(), Box<dyn Error>> {
        let repository = Repository::load(&self.tree);
        let world = plan::World::new(&self.tree, &repository, View::Supported).map_err(told)?;
        let mut plans = Vec::new();
        for who in people {
            let mut plan = plan(&world, who).map_err(told)?;
            if plan.needs_signature() {
                self.sign(&mut plan, who);
            }
            plans.push(plan);
        }
        plans.into_iter().for_each(|plan| self.merge(plan));
        Ok(())
    }

    /// What is done once a month: the claims.
    pub fn month(&mut self, janitors: [&str; 2]) -> Result<(), Box<dyn Error>> {
        self.whole(&[NOBODY], |world, _| plan::claims::claims(world))?;
        self.approved(janitors, &Names::new())
    }

    /// These people fold their segments, and somebody deletes those in which nothing counts.
    pub fn compact(&mut self, people: &[&str]) -> Result<(), Box<dyn Error>> {
        let keys: BTreeMap<&str, PublicKey> = people
            .iter()
            .map(|who| (*who, self.key(who).public().clone()))
            .collect();
        self.whole(people, |world, who| {
            let key = keys[who].clone();
            plan::compact(world, &plan::Compact { id: id(who), key })
        })?;
        self.whole(&[NOBODY], |world, _| Ok(plan::delete_dead(world)))
    }
}

/// Why there is no plan, in words.
fn told(error: PlanError) -> Box<dyn Error> {
    match error {
        PlanError::Refused { message, hint } => format!("{message}: {hint}"),
        PlanError::Repository(findings) => {
            let all: Vec<String> = findings.iter().map(|f| f.message.to_string()).collect();
            all.join("\n")
        }
    }
    .into()
}
