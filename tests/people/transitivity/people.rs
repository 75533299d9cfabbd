//! The people of a sequence: their keys, what they signed, and how they change a tree.

use std::collections::{BTreeMap, BTreeSet};

use conex::plan::todo::{Deed, Item, Task, Who, todo};
use conex::plan::{Log, Plan, PlanError, Sign, View, World, approve, sign};
use conex::shell::keys::Signer as _;
use conex::shell::keys::private::UnlockedKey;
use conex_verify::format::key::{Namespace, PublicKey};
use conex_verify::format::name::Id;
use conex_verify::format::path::Place;
use conex_verify::format::resource::{IdFile, Timestamp};
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::{Repository, Slot};
use conex_verify::workbench::verify::read_chain;

use crate::patch_support::random::Random;
use crate::world::{id, seed};

/// Why a step was not made.
pub type Refused = String;

/// What people have beside the repository: numbers to choose by, keys, a log of what they
/// signed, and what they remember of releases that are gone.
#[derive(Clone)]
pub struct People {
    /// What they choose by.
    pub random: Random,
    /// How many keys each has. A key that was given up is kept.
    keys: BTreeMap<String, usize>,
    /// What each signed, in branches that were never merged too.
    pub logs: BTreeMap<String, Log>,
    /// Releases that were removed once, with the description that they had.
    pub removed: Vec<(String, Vec<u8>)>,
    /// Makes texts, names and times differ.
    pub serial: usize,
}

/// What the files of a repository say, whether it is valid or not.
pub struct Facts {
    /// The authors that have a file, and how many keys each lists.
    pub authors: BTreeMap<String, usize>,
    /// The teams, and their members.
    pub teams: BTreeMap<String, Vec<String>>,
    /// The members of the last link.
    pub janitors: Vec<String>,
    /// Those of earlier links who are not among them.
    pub former: Vec<String>,
    /// How many janitors have to agree.
    pub quorum: usize,
    /// The packages that are there: the owners, if they have any, and the releases.
    pub packages: BTreeMap<String, (Option<Vec<String>>, Vec<String>)>,
}

impl Facts {
    /// Of a tree with a chain.
    pub fn of(tree: &Tree) -> Facts {
        let repository = Repository::load(tree);
        let chain = read_chain(&repository).unwrap();
        let text = |id: &Id| id.as_str().to_owned();
        let mut facts = Facts {
            authors: BTreeMap::new(),
            teams: BTreeMap::new(),
            janitors: chain.current().members.keys().map(text).collect(),
            former: Vec::new(),
            quorum: chain.quorum(),
            packages: BTreeMap::new(),
        };
        let ever = chain.ever_members().into_iter().map(text);
        facts.former = ever.filter(|id| !facts.janitors.contains(id)).collect();
        for (id, slot) in &repository.ids {
            match slot.good().map(|loaded| &loaded.value) {
                Some(IdFile::Author(author)) => {
                    facts.authors.insert(text(id), author.keys.len());
                }
                Some(IdFile::Team(team)) => {
                    let members = team.members.iter().map(text).collect();
                    facts.teams.insert(text(id), members);
                }
                None => {}
            }
        }
        for (name, package) in &repository.packages {
            let owners = package.authorisation.good();
            let owners = owners.map(|loaded| loaded.value.owners.iter().map(text).collect());
            let releases = package.directories.keys();
            let releases = releases.map(|r| r.as_str().to_owned()).collect();
            facts
                .packages
                .insert(name.as_str().to_owned(), (owners, releases));
        }
        facts
    }

    /// The people who own a package, by themselves or in a team.
    pub fn people_of(&self, package: &str) -> Vec<String> {
        let owners = self.packages.get(package).and_then(|p| p.0.as_ref());
        let owners = owners.into_iter().flatten();
        let people = owners.flat_map(|owner| match self.teams.get(owner) {
            Some(members) => members.clone(),
            None => vec![owner.clone()],
        });
        people.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// The private key of this name, that signs as people's keys do.
fn private(name: &str) -> UnlockedKey {
    UnlockedKey::from_seed(&seed(name)).unwrap()
}

impl People {
    pub fn new(seed: u64) -> People {
        People {
            random: Random(seed),
            keys: BTreeMap::new(),
            logs: BTreeMap::new(),
            removed: Vec::new(),
            serial: 0,
        }
    }

    /// One of these, if there is any.
    pub fn one<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[self.random.below(of.len())].clone())
    }

    /// A key that this person did not have before.
    pub fn new_key(&mut self, who: &str) -> UnlockedKey {
        let count = self.keys.entry(who.to_owned()).or_default();
        *count += 1;
        private(&format!("{who}#{count}"))
    }

    /// The private half of a key of this person.
    pub fn private_of(&self, who: &str, public: &PublicKey) -> Option<UnlockedKey> {
        let count = self.keys.get(who).copied().unwrap_or_default();
        let keys = (1..=count).map(|n| private(&format!("{who}#{n}")));
        keys.into_iter().find(|key| key.public() == public)
    }

    /// The key with which somebody signs in a repository: the one in the last link, otherwise
    /// one that the file lists.
    pub fn key_of(&mut self, world: &World<'_>, who: &str) -> Option<UnlockedKey> {
        if let Some(key) = world.chain().key_of(&id(who)) {
            return self.private_of(who, key);
        }
        let listed = match world.id_file(&id(who)) {
            Some(IdFile::Author(author)) => author.keys.clone(),
            _ => Vec::new(),
        };
        let key = self.one(&listed)?;
        self.private_of(who, &key)
    }

    /// The key with which a janitor signs the last link: that of the link, or that of the one
    /// before.
    fn key_of_link(&self, world: &World<'_>, who: &str) -> Option<UnlockedKey> {
        let links = world.chain().links().iter().rev().take(2);
        let mut keys = links.filter_map(|l| l.value.link.members.get(&id(who)));
        keys.find_map(|key| self.private_of(who, key))
    }

    /// Signs all that a plan has to be signed, and keeps it in the log.
    pub fn seal(&mut self, plan: &mut Plan, world: &World<'_>, who: &str, key: &UnlockedKey) {
        self.serial += 1;
        let created = format!(
            "2031-01-{:02}T{:02}:{:02}:00Z",
            1 + self.serial / 1440,
            self.serial / 60 % 24,
            self.serial % 60
        );
        let created = Timestamp::new(&created).unwrap();
        let fingerprint = key.public().fingerprint();
        for segment in plan.segments(world.chain().identity(), &id(who), &created) {
            let log = self.logs.entry(who.to_owned()).or_default();
            for entry in &segment.entries {
                let versions = log.entry(entry.resource.clone()).or_default();
                versions.insert(entry.version);
            }
            let signature = key.sign(Namespace::Index, &segment.signed_bytes()).unwrap();
            plan.add_segment(segment, fingerprint, signature);
        }
        if let Some(snapshot) = &plan.snapshot {
            let bytes = snapshot.signed_bytes();
            let signature = key.sign(Namespace::Snapshot, &bytes).unwrap();
            plan.add_snapshot_signature(fingerprint, signature);
        }
        self.sign_link(plan, key);
    }

    /// Adds a signature to the link of a plan, if it has one.
    pub fn sign_link(&self, plan: &mut Plan, key: &UnlockedKey) {
        if let Some(link) = &plan.link {
            let signature = key.sign(Namespace::Janitors, &link.signed_bytes()).unwrap();
            plan.add_link_signature(key.public().fingerprint(), signature);
        }
    }
}

/// A branch in which somebody works, and has others sign.
pub struct Branch<'p> {
    /// Who works.
    pub people: &'p mut People,
    /// The tree, without a snapshot.
    pub tree: Tree,
}

fn told(error: PlanError) -> Refused {
    match error {
        PlanError::Refused { message, .. } => message,
        PlanError::Repository(findings) => {
            let first = findings.iter().map(|f| format!("{} {}", f.path, f.message));
            first.take(2).collect::<Vec<_>>().join("; ")
        }
    }
}

impl Branch<'_> {
    /// Looks at the tree as a tool does.
    pub fn look<T>(
        &mut self,
        view: View,
        work: impl FnOnce(&World<'_>, &mut People) -> Result<T, PlanError>,
    ) -> Result<T, Refused> {
        let repository = Repository::load(&self.tree);
        let world = World::new(&self.tree, &repository, view).map_err(told)?;
        work(&world, self.people).map_err(told)
    }

    /// Makes a change that nobody signs here.
    pub fn unsigned(
        &mut self,
        work: impl FnOnce(&World<'_>) -> Result<Plan, PlanError>,
    ) -> Result<(), Refused> {
        let plan = self.look(View::AsIfApproved, |world, _| work(world))?;
        self.tree = plan.apply(&self.tree);
        Ok(())
    }

    /// Makes a change that one person signs.
    pub fn signed(
        &mut self,
        view: View,
        who: &str,
        work: impl FnOnce(&World<'_>, &Id, &PublicKey, &Log) -> Result<Plan, PlanError>,
    ) -> Result<(), Refused> {
        self.signed_with(view, who, None, work)
    }

    /// The same with a key that is not in the repository yet, if one is given.
    pub fn signed_with(
        &mut self,
        view: View,
        who: &str,
        key: Option<&UnlockedKey>,
        work: impl FnOnce(&World<'_>, &Id, &PublicKey, &Log) -> Result<Plan, PlanError>,
    ) -> Result<(), Refused> {
        let plan = self.look(view, |world, people| {
            let own;
            let key = match key {
                Some(key) => key,
                None => match people.key_of(world, who) {
                    Some(key) => {
                        own = key;
                        &own
                    }
                    None => return Err(PlanError::refused(format!("{who} has no key"), "")),
                },
            };
            let log = people.logs.get(who).cloned().unwrap_or_default();
            let mut plan = work(world, &id(who), key.public(), &log)?;
            people.seal(&mut plan, world, who, key);
            Ok(plan)
        })?;
        self.tree = plan.apply(&self.tree);
        Ok(())
    }

    /// `conex sign`.
    pub fn sign(&mut self, who: &str, packages: &[String]) -> Result<(), Refused> {
        self.signed(View::AsIfApproved, who, |world, id, key, log| {
            sign(world, &request(id, key, packages, log))
        })
    }

    /// `conex approve`.
    pub fn approve(&mut self, who: &str, only: &[String]) -> Result<(), Refused> {
        let plan = self.look(View::AsIfApproved, |world, people| {
            let Some(key) = people.key_of_link(world, who) else {
                return Err(PlanError::refused(format!("{who} is no janitor"), ""));
            };
            let mut plan = approve(world, &id(who), key.public(), only)?;
            people.seal(&mut plan, world, who, &key);
            Ok(plan)
        })?;
        self.tree = plan.apply(&self.tree);
        Ok(())
    }

    /// Everybody does what waits for them: of these names, or of all where there are none.
    /// Who can be asked instead of another is drawn.
    pub fn settle(&mut self, only: &[String]) -> Result<(), Refused> {
        for _ in 0..5 {
            let (plans, again) = self.look(View::AsIfApproved, |world, people| {
                let about = |item: &Item| only.is_empty() || is_about(item, only);
                let tasks = todo(world).about(about).tasks;
                Ok(people.work(world, &tasks, only))
            })?;
            for plan in plans {
                self.tree = plan.apply(&self.tree);
            }
            if !again {
                return Ok(());
            }
        }
        Ok(())
    }
}

impl People {
    /// What some people make of the same tree, and whether others come after them. Janitors
    /// come after authors, and sign a link one after the other.
    fn work(&mut self, world: &World<'_>, tasks: &[Task], only: &[String]) -> (Vec<Plan>, bool) {
        let (signers, janitors) = self.asked(tasks);
        let mut plans = Vec::new();
        for who in &signers {
            let Some(key) = self.key_of(world, who) else {
                continue;
            };
            let log = self.logs.get(who).cloned().unwrap_or_default();
            let plan = sign(world, &request(&id(who), key.public(), &[], &log));
            // Who cannot sign is passed over: the change waits, or is not merged.
            if let Some(mut plan) = plan.ok().filter(|p| !p.is_empty()) {
                self.seal(&mut plan, world, who, &key);
                return (vec![plan], true);
            }
        }
        for who in &janitors {
            let Some(key) = self.key_of_link(world, who) else {
                continue;
            };
            let plan = approve(world, &id(who), key.public(), only);
            if let Some(mut plan) = plan.ok().filter(|p| !p.is_empty()) {
                self.seal(&mut plan, world, who, &key);
                if plan
                    .writes
                    .contains_key(&Place::Link(world.chain().current().number).path())
                {
                    return (vec![plan], true);
                }
                plans.push(plan);
            }
        }
        (plans, false)
    }

    fn asked(&mut self, tasks: &[Task]) -> (BTreeSet<String>, Vec<String>) {
        let mut signers = BTreeSet::new();
        let mut janitors: Vec<String> = Vec::new();
        for task in tasks {
            let texts = |ids: &BTreeSet<Id>| -> Vec<String> {
                ids.iter().map(|id| id.as_str().to_owned()).collect()
            };
            match (&task.who, task.deed) {
                (_, Deed::OtherKey) => {}
                (Who::Each(ids), Deed::SignLink) => janitors.extend(texts(ids)),
                (Who::Each(ids), _) => signers.extend(texts(ids)),
                (Who::Enough { owners, .. }, Deed::Write | Deed::Vouch) if !owners.is_empty() => {
                    signers.extend(self.one(&texts(owners)));
                }
                (Who::Enough { of, .. }, Deed::Write) => {
                    signers.extend(self.one(&texts(of)));
                }
                (Who::Enough { of, missing, .. }, _) => {
                    let mut of = texts(of);
                    let have = janitors.iter().filter(|j| of.contains(j)).count();
                    of.retain(|j| !janitors.contains(j));
                    for _ in have..*missing {
                        if let Some(one) = self.one(&of) {
                            of.retain(|j| *j != one);
                            janitors.push(one);
                        }
                    }
                }
            }
        }
        (signers, janitors)
    }
}

fn is_about(item: &Item, names: &[String]) -> bool {
    let package = item.package().map(|p| p.as_str().to_owned());
    let name = match (item, package) {
        (Item::Link(_) | Item::Snapshot, _) => return false,
        (_, Some(package)) => package,
        (Item::Resource(resource), None) => resource.name.to_string(),
    };
    names.contains(&name)
}

/// What `conex sign` is asked for.
pub fn request(id: &Id, key: &PublicKey, packages: &[String], log: &Log) -> Sign {
    Sign {
        signer: id.clone(),
        key: key.clone(),
        packages: packages.to_vec(),
        allow_weak_checksums: true,
        log: log.clone(),
    }
}

/// Whether a file of an id is there and can be read.
pub fn has_file(world: &World<'_>, who: &str) -> bool {
    matches!(world.repository.ids.get(&id(who)), Some(Slot::Good(_)))
}
