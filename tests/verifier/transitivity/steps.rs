//! The steps that honest people make, each in a branch, with the functions behind the verbs of
//! the program.

use std::collections::BTreeSet;

use conex::plan::{
    Change, Compact, Epoch, JanitorChange, Join, KeyChange, OwnerChange, PlanError, Selection,
    Supersede, TeamChange, View, approve, change_keys, claims::claims as list_claims, compact,
    decline, delete_dead, epoch, janitor, join, owner, revoke, sign, supersede, team,
};
use conex::shell::keys::Signer as _;
use conex_verify::format::key::PublicKey;
use conex_verify::format::path::Place;
use conex_verify::format::resource::{
    Author, Decode as _, IdFile, Kind as Of, Resource as _, ResourceId, SnapshotRule,
};
use conex_verify::repository::Repository;

use super::people::{Branch, Facts, Refused, has_file, request};
use crate::world::{OPAM, id, opam_path};

/// What somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Join,
    NewKey,
    Rotate,
    Revoke,
    Package,
    Release,
    Edit,
    Removal,
    Return,
    Epoch,
    Owner,
    Team,
    Janitor,
    Claims,
    Supersede,
    Decline,
    Withdraw,
    Compact,
    DeleteDead,
    TopLevel,
    Approve,
    /// A step of earlier is taken back with git, or a branch that was not merged comes again.
    Revert,
    Retry,
    /// Somebody deletes a segment, whether it is dead or not.
    Strip,
    Snapshot,
}

use Kind::{
    Approve, Claims, Compact as Fold, Decline, DeleteDead, Edit, Epoch as NewEpoch, Janitor,
    Join as NewAuthor, NewKey, Owner, Package, Release, Removal, Retry, Return, Revert, Revoke,
    Rotate, Snapshot, Strip, Supersede as Above, Team, TopLevel, Withdraw,
};

/// All of them; what authors do most stands twice.
pub const KINDS: [Kind; 33] = [
    NewAuthor, NewAuthor, NewKey, Rotate, Revoke, Package, Release, Release, Edit, Edit, Removal,
    Removal, Return, NewEpoch, NewEpoch, Owner, Team, Janitor, Janitor, Claims, Above, Decline,
    Decline, Withdraw, Fold, DeleteDead, TopLevel, Approve, Revert, Revert, Retry, Retry, Strip,
];

/// The people who can become authors, and those who can become janitors.
const NEWCOMERS: [&str; 4] = ["dave", "erin", "frank", "grace"];
const NEW_JANITORS: [&str; 3] = ["jd", "je", "dave"];
/// Packages that can come.
const NAMES: [&str; 3] = ["logs", "astring", "lone"];

fn nobody() -> Refused {
    "there is nobody and nothing to do it with".to_owned()
}

/// Makes a step, and says which.
pub fn make(kind: Kind, branch: &mut Branch<'_>) -> Result<String, Refused> {
    match kind {
        NewAuthor => new_author(branch),
        NewKey => new_key(branch),
        Rotate => rotate(branch),
        Revoke => revoked(branch),
        Package => package(branch),
        Release => release(branch),
        Edit => edit(branch),
        Removal => removal(branch),
        Return => returned(branch),
        NewEpoch => new_epoch(branch),
        Owner => owners(branch),
        Team => teams(branch),
        Janitor => janitors(branch),
        Claims => {
            branch.unsigned(list_claims)?;
            branch.settle(&["claims".to_owned()])?;
            Ok("the list of claims".to_owned())
        }
        Above => above(branch),
        Decline => declined(branch),
        Withdraw => withdrawn(branch),
        Fold => fold(branch),
        DeleteDead => dead(branch),
        TopLevel => top_level(branch),
        Approve => {
            branch.settle(&[])?;
            Ok("everybody does what waits".to_owned())
        }
        Strip => strip(branch),
        // These are made of what was published, not in a branch.
        Revert | Retry | Snapshot => Err(nobody()),
    }
}

impl Branch<'_> {
    /// What is proposed is approved in the same change, of these names or whatever waits; or,
    /// once in a while, it waits.
    fn proposed(&mut self, names: &[&str]) -> Result<&'static str, Refused> {
        match self.people.random.below(8) {
            0 | 1 => Ok(", which waits"),
            2..=4 => {
                let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
                self.settle(&names)?;
                Ok(", approved alone")
            }
            _ => {
                self.settle(&[])?;
                Ok("")
            }
        }
    }

    fn text(&mut self) -> String {
        self.people.serial += 1;
        format!("{OPAM}x-n: {}\n", self.people.serial)
    }

    fn put(&mut self, path: &str, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref().into();
        self.tree.files.insert(path.to_owned(), bytes);
    }

    fn remove_below(&mut self, prefix: &str) {
        self.tree.files.retain(|path, _| !path.starts_with(prefix));
    }

    /// Who signs for a package: somebody who owns it, otherwise a janitor, who writes what the
    /// others approve.
    fn signer(&mut self, package: &str) -> Result<String, Refused> {
        let facts = Facts::of(&self.tree);
        let mut people = facts.people_of(package);
        if people.is_empty() || self.people.random.once_in(8) {
            people = facts.janitors;
        }
        self.people.one(&people).ok_or_else(nobody)
    }

    /// Signs what was changed of a package.
    fn changed(&mut self, package: &str) -> Result<(), Refused> {
        let who = self.signer(package)?;
        let named = match self.people.random.below(3) {
            0 => vec![],
            _ => vec![package.to_owned()],
        };
        // A package that nobody claims and that is named would get an owner.
        let facts = Facts::of(&self.tree);
        let owned = facts.packages.get(package).is_some_and(|p| p.0.is_some());
        self.sign(&who, if owned { &named } else { &[] })?;
        self.settle(&[package.to_owned()])
    }
}

fn new_author(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let mut free: Vec<String> = NEWCOMERS.map(str::to_owned).into();
    free.extend(facts.janitors.iter().cloned());
    free.extend(facts.former.iter().cloned());
    free.retain(|who| !facts.authors.contains_key(who));
    let who = branch.people.one(&free).ok_or_else(nobody)?;
    let of_chain = branch.look(View::AsIfApproved, |world, people| {
        let former = world.chain().links().iter().rev();
        let key = former
            .filter_map(|l| l.value.link.members.get(&id(&who)))
            .next();
        Ok(key.and_then(|key| people.private_of(&who, key)))
    })?;
    let mut keys = vec![of_chain.unwrap_or_else(|| branch.people.new_key(&who))];
    let is_janitor = facts.janitors.contains(&who) || facts.former.contains(&who);
    if !is_janitor && branch.people.random.once_in(4) {
        keys.push(branch.people.new_key(&who));
    }
    let mut listed: Vec<PublicKey> = keys.iter().map(|k| k.public().clone()).collect();
    listed.sort_by_key(ToString::to_string);
    branch.signed_with(
        View::AsIfApproved,
        &who,
        Some(&keys[0]),
        |world, id, _, _| {
            join(
                world,
                &Join {
                    id: id.clone(),
                    keys: listed,
                    accounts: BTreeSet::new(),
                },
            )
        },
    )?;
    let how = branch.proposed(&[&who])?;
    Ok(format!("{who} joins{how}"))
}

/// An author gets a key, beside the others or after all were taken.
fn new_key(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let authors: Vec<String> = facts.authors.keys().cloned().collect();
    let who = branch.people.one(&authors).ok_or_else(nobody)?;
    let key = branch.people.new_key(&who);
    let author = branch.look(View::AsIfApproved, |world, _| {
        let Some(IdFile::Author(old)) = world.id_file(&id(&who)) else {
            return Err(PlanError::refused("no author", ""));
        };
        let mut keys = old.keys.clone();
        keys.push(key.public().clone());
        keys.sort_by_key(ToString::to_string);
        let resource = ResourceId::id(Of::Author, &old.id);
        Ok(Author {
            revision: world.next_revision(&resource, Some(old.revision))?,
            keys,
            ..old.clone()
        })
    })?;
    branch.put(&author.resource_id().path(), author.encode());
    let proves = branch.people.random.below(4) > 0;
    if proves {
        branch.signed_with(
            View::AsIfApproved,
            &who,
            Some(&key),
            |world, id, key, log| sign(world, &request(id, key, &[], log)),
        )?;
    }
    let how = branch.proposed(&[&who])?;
    Ok(format!(
        "{who} gets key {} beside {}{}{how}",
        key.public().fingerprint().short(),
        author.keys.len() - 1,
        if proves { "" } else { ", not proven" }
    ))
}

/// As `conex rotate` does it.
fn rotate(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let mut all = facts.janitors.clone();
    all.extend(facts.authors.keys().cloned());
    let who = branch.people.one(&all).ok_or_else(nobody)?;
    let key = branch.people.new_key(&who);
    let one = branch.people.random.once_in(2);
    let with_old = branch.people.random.below(4) > 0;
    let before = branch.tree.clone();
    let (mut plan, old) = branch.look(View::AsIfApproved, |world, people| {
        let who = id(&who);
        let old = people.key_of(world, who.as_str());
        let add = Some(key.public().clone());
        let Some(in_chain) = world.chain().key_of(&who) else {
            let retire = old.iter().filter(|_| one);
            let retire = retire.map(|k| k.public().fingerprint()).collect();
            let change = KeyChange {
                id: who,
                retire,
                add,
            };
            return Ok((change_keys(world, &change)?, None));
        };
        let change = JanitorChange {
            add: vec![(who.clone(), key.public().clone())],
            ..JanitorChange::default()
        };
        let mut plan = janitor(world, &change)?;
        if let Some(IdFile::Author(author)) = world.id_file(&who)
            && author.keys.contains(in_chain)
        {
            let change = KeyChange {
                id: who,
                retire: vec![in_chain.fingerprint()],
                add,
            };
            plan.merge(change_keys(world, &change)?);
        }
        Ok((plan, old))
    })?;
    branch.tree = plan.apply(&before);
    let then = branch.look(View::AsIfApproved, |world, people| {
        let who = id(&who);
        if world.chain().key_of(&who) == Some(key.public()) {
            plan.merge(approve(world, &who, key.public(), &[])?);
        }
        let log = people.logs.get(who.as_str()).cloned().unwrap_or_default();
        plan.merge(sign(world, &request(&who, key.public(), &[], &log))?);
        people.seal(&mut plan, world, who.as_str(), &key);
        if let Some(old) = old.filter(|_| with_old) {
            people.sign_link(&mut plan, &old);
        }
        Ok(plan)
    });
    branch.tree = then?.apply(&before);
    let how = branch.proposed(&[&who])?;
    Ok(format!("{who} takes another key{how}"))
}

fn revoked(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let mut all = facts.janitors.clone();
    let with_keys = facts.authors.iter().filter(|(_, keys)| **keys > 0);
    all.extend(with_keys.map(|(who, _)| who.clone()));
    let who = branch.people.one(&all).ok_or_else(nobody)?;
    let one = branch.people.random.once_in(3);
    let plan = branch.look(View::AsIfApproved, |world, people| {
        let key = people.key_of(world, &who).filter(|_| one);
        let retire: Vec<_> = key.iter().map(|k| k.public().fingerprint()).collect();
        revoke(world, &id(&who), &retire)
    })?;
    branch.tree = plan.apply(&branch.tree);
    branch.settle(&[])?;
    Ok(format!(
        "{} of {who} is revoked",
        if one { "a key" } else { "everything" }
    ))
}

fn package(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let mut free: Vec<String> = NAMES.map(str::to_owned).into();
    // A new one, or one that nobody claimed.
    free.retain(|name| facts.packages.get(name).is_none_or(|p| p.0.is_none()));
    let name = branch.people.one(&free).ok_or_else(nobody)?;
    if !facts.packages.contains_key(&name) {
        let text = branch.text();
        branch.put(&opam_path(&format!("{name}.1.0")), text);
        if branch.people.random.once_in(3) {
            return Ok(format!("{name}, claimed by nobody"));
        }
    }
    let authors: Vec<String> = facts.authors.keys().cloned().collect();
    let who = branch.people.one(&authors).ok_or_else(nobody)?;
    branch.sign(&who, std::slice::from_ref(&name))?;
    let how = branch.proposed(&[&name])?;
    Ok(format!("{who} claims {name}{how}"))
}

fn some_package(branch: &mut Branch<'_>, facts: &Facts) -> Result<String, Refused> {
    let names: Vec<String> = facts.packages.keys().cloned().collect();
    branch.people.one(&names).ok_or_else(nobody)
}

fn release(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let name = some_package(branch, &facts)?;
    let version = branch.people.random.below(4);
    let release = format!("{name}.1.{version}");
    if facts.packages[&name].1.contains(&release) {
        return Err(nobody());
    }
    let text = branch.text();
    branch.put(&opam_path(&release), text);
    if branch.people.random.once_in(3) {
        let text = branch.text();
        branch.put(&format!("packages/{name}/{release}/files/a.patch"), text);
    }
    branch.changed(&name)?;
    Ok(format!("the release {release}"))
}

fn some_release(branch: &mut Branch<'_>) -> Result<(String, String), Refused> {
    let facts = Facts::of(&branch.tree);
    let all = facts.packages.iter();
    let all = all.flat_map(|(name, p)| p.1.iter().map(|r| (name.clone(), r.clone())));
    branch
        .people
        .one(&all.collect::<Vec<_>>())
        .ok_or_else(nobody)
}

fn edit(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let (name, release) = some_release(branch)?;
    let text = branch.text();
    branch.put(&opam_path(&release), text);
    branch.changed(&name)?;
    Ok(format!("{release} is edited"))
}

fn removal(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let (name, release) = some_release(branch)?;
    let text = branch.tree.get(&opam_path(&release)).map(|b| b.to_vec());
    let text = text.unwrap_or_default();
    branch.remove_below(&format!("packages/{name}/{release}/"));
    branch.changed(&name)?;
    branch.people.removed.push((release.clone(), text));
    Ok(format!("{release} is removed"))
}

fn returned(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let removed = branch.people.removed.clone();
    let (release, text) = branch.people.one(&removed).ok_or_else(nobody)?;
    let path = opam_path(&release);
    if branch.tree.get(&path).is_some() {
        return Err(nobody());
    }
    let as_it_was = branch.people.random.once_in(2);
    let text = if as_it_was {
        text
    } else {
        branch.text().into_bytes()
    };
    branch.put(&path, text);
    branch.changed(release.split('.').next().unwrap())?;
    Ok(format!("{release} returns"))
}

fn new_epoch(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let mut names: Vec<String> = vec!["repo".to_owned(), "claims".to_owned()];
    names.extend(facts.packages.keys().cloned());
    names.extend(facts.packages.keys().cloned());
    names.extend(facts.authors.keys().cloned());
    names.extend(facts.teams.keys().cloned());
    let name = branch.people.one(&names).ok_or_else(nobody)?;
    let owners = branch.people.random.once_in(3);
    branch.unsigned(|world| {
        let request = Epoch {
            names: vec![name.clone()],
            owners,
        };
        epoch(world, &request)
    })?;
    let how = branch.proposed(&[&name])?;
    Ok(format!(
        "a new epoch of {name}{}{how}",
        if owners { " (owners)" } else { "" }
    ))
}

fn owners(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let name = some_package(branch, &facts)?;
    let present = facts.packages[&name].0.clone().unwrap_or_default();
    let mut all: Vec<String> = facts.authors.keys().cloned().collect();
    all.extend(facts.teams.keys().cloned());
    all.extend(facts.janitors.iter().cloned());
    let (change, who, instead_of) = match branch.people.random.below(3) {
        0 => (Change::Remove, branch.people.one(&present), None),
        1 => (Change::Add, branch.people.one(&all), None),
        _ => {
            let former = branch.people.one(&present);
            (Change::Add, branch.people.one(&all), former)
        }
    };
    let who = who.ok_or_else(nobody)?;
    branch.unsigned(|world| {
        let request = OwnerChange {
            change,
            id: id(&who),
            instead_of: instead_of.as_deref().map(id),
            packages: Selection::Named(vec![name.clone()]),
        };
        owner(world, &request)
    })?;
    let how = branch.proposed(&[&name])?;
    let instead = instead_of.map(|f| format!(", instead of {f}"));
    Ok(format!(
        "{change:?} the owner {who} of {name}{}{how}",
        instead.unwrap_or_default()
    ))
}

fn teams(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let mut names: Vec<String> = facts.teams.keys().cloned().collect();
    names.extend(["devs".to_owned(), "notaries".to_owned()]);
    let name = branch.people.one(&names).ok_or_else(nobody)?;
    let members = facts.teams.get(&name).cloned().unwrap_or_default();
    let remove = !members.is_empty() && branch.people.random.once_in(2);
    let mut all: Vec<String> = facts.authors.keys().cloned().collect();
    all.extend(facts.janitors.iter().cloned());
    let member = branch.people.one(if remove { &members } else { &all });
    let member = member.ok_or_else(nobody)?;
    let change = if remove { Change::Remove } else { Change::Add };
    branch.unsigned(|world| {
        let request = TeamChange {
            change,
            team: id(&name),
            members: vec![id(&member)],
        };
        team(world, &request)
    })?;
    let how = branch.proposed(&[&name])?;
    Ok(format!("{change:?} the member {member} of {name}{how}"))
}

fn janitors(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let mut change = JanitorChange::default();
    let mut said = Vec::new();
    let which = branch.people.random.below(8);
    if matches!(which, 0..=3) {
        let mut free: Vec<String> = NEW_JANITORS.map(str::to_owned).into();
        free.extend(facts.former.iter().cloned());
        free.retain(|who| !facts.janitors.contains(who));
        let who = branch.people.one(&free).ok_or_else(nobody)?;
        // A valid author comes with the key that the file lists.
        let listed = branch.look(View::AsIfApproved, |world, people| {
            let author = has_file(world, &who);
            Ok(author.then(|| people.key_of(world, &who)).flatten())
        })?;
        let key = match listed {
            Some(key) => key,
            None => branch.people.new_key(&who),
        };
        change.add.push((id(&who), key.public().clone()));
        said.push(format!("{who} becomes a janitor"));
    }
    if matches!(which, 2..=5) {
        let who = branch.people.one(&facts.janitors).ok_or_else(nobody)?;
        change.remove.push(id(&who));
        change.keep_as_authors = branch.people.random.once_in(2);
        said.push(format!("{who} leaves the janitors"));
    }
    if which == 6 {
        // Below the quorum of the client nobody follows.
        let quorum = if facts.quorum > 2 { 2 } else { 3 };
        change.quorum = Some(quorum);
        said.push(format!("the quorum becomes {quorum}"));
    }
    if which == 7 {
        change.snapshot = Some(SnapshotRule::Required);
        said.push("the snapshot is required".to_owned());
    }
    branch.unsigned(|world| janitor(world, &change))?;
    branch.settle(&[])?;
    Ok(said.join(", "))
}

/// A version above what was signed in branches that nobody merged, or above a number.
fn above(branch: &mut Branch<'_>) -> Result<String, Refused> {
    if branch.people.random.below(3) > 0 {
        in_vain(branch)?;
    }
    let mut signers: Vec<String> = branch.people.logs.keys().cloned().collect();
    let repository = Repository::load(&branch.tree);
    let (who, resource) = loop {
        let who = branch.people.one(&signers).ok_or_else(nobody)?;
        signers.retain(|other| *other != who);
        // What was signed and is not there, and is not below what is.
        let log = &branch.people.logs[&who];
        let is_elsewhere = |resource: &&ResourceId| {
            let present = repository.version_of(resource);
            let mut others = log[resource].iter().filter(|v| Some(**v) != present);
            others.any(|v| present.is_none_or(|p| v.revision >= p.revision))
        };
        let resources: Vec<ResourceId> = log.keys().filter(is_elsewhere).cloned().collect();
        if let Some(resource) = branch.people.one(&resources) {
            break (who, resource);
        }
    };
    let mut dead = branch.people.logs[&who].clone();
    // The own log, or what all of them signed.
    if branch.people.random.once_in(2) {
        for log in branch.people.logs.values() {
            for (resource, versions) in log {
                dead.entry(resource.clone()).or_default().extend(versions);
            }
        }
    }
    let name = match resource.kind {
        Of::Repo | Of::Claims => resource.name.to_string(),
        kind => format!("{}:{}", kind.as_str(), resource.name),
    };
    let above = branch.people.random.below(3) == 0;
    let above = above.then(|| branch.people.random.below(6));
    branch.signed(View::AsIfApproved, &who, |world, id, _, _| {
        let above = above.map(|counter| {
            let open = world.open_epoch(&resource);
            crate::world::at(open, u64::try_from(counter).unwrap())
        });
        let request = Supersede {
            signer: id.clone(),
            names: vec![name.clone()],
            dead,
            above,
        };
        supersede(world, &request)
    })?;
    let package = resource.package();
    let about = match &package {
        Some(package) => package.as_str(),
        None => &resource.name,
    };
    let how = branch.proposed(&[about])?;
    Ok(format!("{who} supersedes the {resource}{how}"))
}

/// Somebody signs in a branch that nobody merges.
fn in_vain(branch: &mut Branch<'_>) -> Result<(), Refused> {
    let before = branch.tree.clone();
    let signed = match branch.people.random.below(3) {
        0 => removal(branch),
        _ => edit(branch),
    };
    branch.tree = before;
    signed.map(drop)
}

/// The ids and the packages that could wait for a first approval.
fn waiting(branch: &mut Branch<'_>) -> Result<Vec<String>, Refused> {
    branch.look(View::Supported, |world, _| {
        let waits = |resource: &ResourceId| {
            let standing = world.standing(resource);
            standing.is_some_and(|s| !s.is_valid())
        };
        let ids = world.repository.ids.iter();
        let ids = ids.filter_map(|(id, slot)| Some((id, slot.good()?.value.resource_id())));
        let ids = ids.filter(|(_, resource)| waits(resource));
        let ids = ids.map(|(id, _)| id.as_str().to_owned());
        let names = world.repository.packages.keys();
        let names = names.filter(|name| waits(&ResourceId::authorisation(name)));
        Ok(ids.chain(names.map(|n| n.as_str().to_owned())).collect())
    })
}

fn declined(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let mut names = waiting(branch)?;
    while let Some(name) = branch.people.one(&names) {
        names.retain(|n| *n != name);
        let plan = branch.look(View::Supported, |world, _| {
            decline(world, std::slice::from_ref(&name))
        });
        if let Ok(plan) = plan {
            branch.tree = plan.apply(&branch.tree);
            return Ok(format!("{name} is declined"));
        }
    }
    Err(nobody())
}

/// Somebody takes back what waits, with git.
fn withdrawn(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let names = waiting(branch)?;
    let name = branch.people.one(&names).ok_or_else(nobody)?;
    let facts = Facts::of(&branch.tree);
    if facts.packages.contains_key(&name) {
        for path in ["authorisation", "releases"] {
            branch.tree.files.remove(&format!("packages/{name}/{path}"));
        }
        for release in &facts.packages[&name].1 {
            let path = format!("packages/{name}/{release}/checksum");
            branch.tree.files.remove(&path);
        }
    } else {
        branch.tree.files.remove(&Place::IdFile(id(&name)).path());
        branch.remove_below(&format!("packages/.conex/index/{name}/"));
    }
    Ok(format!("{name} is taken back"))
}

fn fold(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let facts = Facts::of(&branch.tree);
    let mut all = facts.janitors.clone();
    all.extend(facts.authors.keys().cloned());
    let who = branch.people.one(&all).ok_or_else(nobody)?;
    branch.signed(View::Supported, &who, |world, id, key, _| {
        let request = Compact {
            id: id.clone(),
            key: key.clone(),
        };
        compact(world, &request)
    })?;
    Ok(format!("{who} folds their segments"))
}

/// All dead segments, or some of them, are deleted.
fn dead(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let mut plan = branch.look(View::Supported, |world, _| Ok(delete_dead(world)))?;
    if branch.people.random.once_in(3) {
        let random = &mut branch.people.random;
        plan.removes.retain(|_| random.once_in(2));
    }
    branch.tree = plan.apply(&branch.tree);
    Ok(format!("{} dead segments go", plan.removes.len()))
}

fn top_level(branch: &mut Branch<'_>) -> Result<String, Refused> {
    branch.people.serial += 1;
    let text = format!(
        "opam-version: \"2.0\"\nbrowse: \"https://example.org/{}\"\n",
        branch.people.serial
    );
    branch.put("repo", text);
    let facts = Facts::of(&branch.tree);
    let who = branch.people.one(&facts.janitors).ok_or_else(nobody)?;
    // What a janitor signs without naming a package proposes what is at the top.
    branch.sign(&who, &[])?;
    let how = branch.proposed(&["repo"])?;
    Ok(format!("the file repo is edited{how}"))
}

/// Segments of anybody are deleted; `check` knows which may go.
fn strip(branch: &mut Branch<'_>) -> Result<String, Refused> {
    let paths = branch.tree.below("packages/.conex/index/");
    let paths: Vec<String> = paths.map(|(path, _)| path.to_owned()).collect();
    let path = branch.people.one(&paths).ok_or_else(nobody)?;
    branch.tree.files.remove(&path);
    Ok(format!("{path} is deleted"))
}
