//! A version above everything that is to be dead.
//!
//! What is signed stays signed: a release that was signed in a branch nobody merged, a bad
//! version, an approval that was given too early can be served later by whoever keeps a copy.
//! The way back is a higher version, and this finds how high it must be.

use crate::hint::Hint;
use std::collections::{BTreeMap, BTreeSet};

use super::world::MOST_AHEAD;
use super::world::{is_near, package_or_name};
use super::{Log, Plan, PlanError, World};
use conex_verify::finding::{Code, Finding};
use conex_verify::format::key::PublicKey;
use conex_verify::format::name::{Id, PackageName, Release};
use conex_verify::format::resource::{
    Author, Authorisation, Checksum, Claims, IdFile, Kind, Releases, Repo, Resource, ResourceId,
    Revision, Team,
};
use conex_verify::workbench::repository::{Loaded, Slot};
use conex_verify::workbench::trust::support::Standing;

/// What `supersede` is asked for.
#[derive(Debug, Clone)]
pub struct Supersede {
    /// Who signs.
    pub signer: Id,
    /// With which key.
    pub key: PublicKey,
    /// The resources, as typed: a release, a package (its list), an id, `repo`, `claims`, or
    /// `TYPE:NAME`.
    pub names: Vec<String>,
    /// What was signed somewhere.
    pub dead: Log,
    /// A revision that each is to be above.
    pub above: Option<Revision>,
}

/// Plans versions above everything that is to be dead, and vouches for them.
///
/// # Errors
/// An unknown name, somebody who cannot sign for it, nothing to be above, or a revision that is
/// too far ahead.
pub fn supersede(world: &World<'_>, request: &Supersede) -> Result<Plan, PlanError> {
    let mut plan = Plan::default();
    let mut gone: BTreeMap<PackageName, Vec<(Release, Revision)>> = BTreeMap::new();
    let mut named = BTreeSet::new();
    for name in &request.names {
        let resource = resource(world, name)?;
        if !named.insert(resource.clone()) {
            continue;
        }
        may_sign(world, &request.signer, &resource)?;
        let dead = dead(world, request, &resource)?;
        let release = Release::new(&resource.name).ok();
        let release = release.filter(|_| resource.kind == Kind::Checksum);
        match release.filter(|_| world.repository.version_of(&resource).is_none()) {
            Some(release) => {
                let of_package = gone.entry(release.name()).or_default();
                of_package.push((release, dead));
            }
            None => one(world, &resource, dead, &mut plan)?,
        }
    }
    for (name, releases) in gone {
        let list = ResourceId::releases(&name);
        if named.contains(&list) {
            return Err(PlanError::refused(
                format!("the {list} is named, and a release of it that is not there"),
                "name the release alone: the list rises with it",
            ));
        }
        floor(world, request, &list, &releases, &mut plan)?;
    }
    world.prove_key(&request.signer, &request.key, &mut plan)?;
    Ok(plan)
}

/// Refuses somebody whose signature would count for nothing.
fn may_sign(world: &World<'_>, signer: &Id, resource: &ResourceId) -> Result<(), PlanError> {
    let owners = world.supporters(resource).0.unwrap_or_default();
    let own = resource.kind == Kind::Author && *resource.name == *signer.as_str();
    if world.chain().key_of(signer).is_some() || owners.contains(signer) || own {
        return Ok(());
    }
    Err(PlanError::refused(
        format!("`{signer}` cannot sign the {resource}: its owners or a quorum of janitors can"),
        "ask one of them",
    ))
}

/// The highest revision of what is to be dead.
fn dead(
    world: &World<'_>,
    request: &Supersede,
    resource: &ResourceId,
) -> Result<Revision, PlanError> {
    let signed = signed_elsewhere(world, request, resource);
    signed.into_iter().chain(request.above).max().ok_or_else(|| {
        PlanError::refused(
            format!("nothing is known that the {resource} is to be above"),
            "name the branch or commit in which it was signed with --of, or the revision with --above EPOCH.COUNTER",
        )
    })
}

/// The highest revision that was signed of a resource, but for the version that is there.
fn signed_elsewhere(
    world: &World<'_>,
    request: &Supersede,
    resource: &ResourceId,
) -> Option<Revision> {
    let present = world.repository.version_of(resource);
    let versions = request.dead.get(resource)?.iter();
    let others = versions.filter(|v| Some(**v) != present);
    others.map(|v| v.revision).max()
}

/// What a name means.
fn resource(world: &World<'_>, text: &str) -> Result<ResourceId, PlanError> {
    let unknown = |why: String| {
        PlanError::refused(format!("`{text}` is nothing that can be superseded"), why)
    };
    if let Some((kind, name)) = text.split_once(':') {
        let kind = Kind::from_text(kind).ok_or_else(|| {
            unknown("before the colon stands author, team, repo, claims, authorisation, releases or checksum".to_owned())
        })?;
        return ResourceId::new(kind, name).map_err(unknown);
    }
    if let Some(kind) = Kind::from_text(text).filter(|k| matches!(k, Kind::Repo | Kind::Claims)) {
        return ResourceId::new(kind, text).map_err(unknown);
    }
    if let Ok(release) = Release::new(text) {
        return Ok(ResourceId::checksum(&release));
    }
    if let Some(file) = Id::new(text)
        .ok()
        .and_then(|id| world.id_file(&id).cloned())
    {
        return Ok(file.resource_id());
    }
    let name = world.package(text)?;
    Ok(ResourceId::releases(&name))
}

fn one(
    world: &World<'_>,
    resource: &ResourceId,
    dead: Revision,
    plan: &mut Plan,
) -> Result<(), PlanError> {
    let present = world.repository.version_of(resource).map(|v| v.revision);
    let valid = world.standing(resource).is_some_and(Standing::is_valid);
    if valid && present.is_some_and(|p| p > dead) {
        plan.warnings.push(above_already(resource, dead));
        return Ok(());
    }
    let owners = world.supporters(resource).0.unwrap_or_default();
    let epoch = match (resource.kind, resource.package()) {
        (Kind::Checksum, Some(name)) => {
            let list = ResourceId::releases(&name);
            let present = world.repository.version_of(&list);
            world.epoch_of_change(&list, present.map(|p| p.revision))
        }
        _ => world.epoch_of_change(resource, present),
    };
    let highest = world.highest_entry(resource, &owners, epoch);
    not_too_far(resource, dead, epoch, highest.map_or(0, |r| r.counter))?;
    let next = world.revision_in(resource, epoch, &owners, present)?;
    let above = Some(dead).filter(|d| d.epoch == epoch);
    let revision = above.and_then(Revision::next).map_or(next, |a| a.max(next));
    let Some(version) = rewrite(world, resource, revision, plan) else {
        return Err(PlanError::refused(
            format!("the {resource} cannot be read, so no version can stand above it"),
            "restore the file first",
        ));
    };
    plan.say(format!(
        "supersedes the {resource} up to {dead}, with {revision}"
    ));
    plan.vouch(resource.clone(), version);
    Ok(())
}

/// Refuses what nobody honest signs.
fn not_too_far(
    resource: &ResourceId,
    dead: Revision,
    epoch: u64,
    counts: u64,
) -> Result<(), PlanError> {
    let most = counts.saturating_add(MOST_AHEAD);
    if dead.epoch < epoch || (dead.epoch == epoch && dead.counter <= most) {
        return Ok(());
    }
    Err(PlanError::refused(
        format!(
            "the {resource} was signed at {dead}, too far above the highest that counts, counter {counts} of epoch {epoch}"
        ),
        Hint::NewEpoch {
            name: package_or_name(resource).to_string(),
        },
    ))
}

/// What is said where nothing is to be done.
fn above_already(resource: &ResourceId, dead: Revision) -> Finding {
    Finding::note(
        Code::Superseded,
        resource.path(),
        format!("the {resource} is above {dead} already, and valid"),
    )
}

/// Releases that are not there: the floor of their list rises, so that they cannot come.
fn floor(
    world: &World<'_>,
    request: &Supersede,
    list: &ResourceId,
    releases: &[(Release, Revision)],
    plan: &mut Plan,
) -> Result<(), PlanError> {
    let loaded = world.repository.package_of(list);
    let Some(loaded) = loaded.and_then(|p| p.releases.good()) else {
        return Err(PlanError::refused(
            format!(
                "`{}` has no list of releases whose floor could rise",
                list.name
            ),
            Hint::OwnerSigns,
        ));
    };
    let old = &loaded.value;
    let epoch = old.revision.epoch;
    let mut floor = old.floor;
    for (release, dead) in releases {
        let checksum = ResourceId::checksum(release);
        // Of an earlier epoch nothing can come.
        if dead.epoch < epoch || (dead.epoch == epoch && dead.counter <= old.floor) {
            plan.warnings.push(above_already(list, *dead));
            continue;
        }
        not_too_far(&checksum, *dead, epoch, old.floor)?;
        plan.say(format!(
            "raises the floor of the {list} from {} to {}: `{release}` cannot come at {dead} or below",
            old.floor, dead.counter
        ));
        floor = floor.max(dead.counter);
    }
    if floor == old.floor {
        return Ok(());
    }
    // The list that came with the release is to be dead as well.
    let owners = world.supporters(list).0.unwrap_or_default();
    let next = world.revision_in(list, epoch, &owners, Some(old.revision))?;
    let dead = signed_elsewhere(world, request, list);
    let highest = world.highest_entry(list, &owners, epoch);
    let dead = dead.filter(|d| is_near(*d, highest, epoch));
    let revision = dead
        .and_then(Revision::next)
        .map_or(next, |above| above.max(next));
    let version = plan.write(&Releases {
        revision,
        floor,
        ..old.clone()
    });
    plan.vouch(list.clone(), version);
    Ok(())
}

/// Writes a resource as it is at another revision; one that is not there, empty.
fn rewrite(
    world: &World<'_>,
    resource: &ResourceId,
    revision: Revision,
    plan: &mut Plan,
) -> Option<conex_verify::format::resource::ResourceVersion> {
    let repository = world.repository;
    let package = repository.package_of(resource);
    let id = || Id::new(&resource.name).ok();
    match resource.kind {
        Kind::Author | Kind::Team => match repository.ids.get(&id()?) {
            Some(Slot::Good(loaded)) => match loaded.value.clone() {
                IdFile::Author(author) => Some(plan.write(&Author { revision, ..author })),
                IdFile::Team(team) => Some(plan.write(&Team { revision, ..team })),
            },
            Some(Slot::Broken) => None,
            _ if resource.kind == Kind::Author => {
                plan.say(format!("writes an author `{}` without keys", resource.name));
                Some(plan.write(&Author {
                    id: id()?,
                    revision,
                    keys: Vec::new(),
                    accounts: Default::default(),
                }))
            }
            _ => {
                plan.say(format!("writes a team `{}` without members", resource.name));
                Some(plan.write(&Team {
                    id: id()?,
                    revision,
                    members: Default::default(),
                }))
            }
        },
        Kind::Repo => again(&repository.repo, plan, |r: &mut Repo| r.revision = revision),
        Kind::Claims => again(&repository.claims, plan, |c: &mut Claims| {
            c.revision = revision
        }),
        Kind::Authorisation => match package.map(|p| &p.authorisation) {
            None | Some(Slot::Missing) => {
                let name = PackageName::new(&resource.name).ok()?;
                plan.say(format!(
                    "claims `{name}` for nobody: only a quorum can release it then"
                ));
                Some(plan.write(&Authorisation {
                    name,
                    revision,
                    owners: Default::default(),
                }))
            }
            Some(slot) => again(slot, plan, |a| a.revision = revision),
        },
        Kind::Releases => again(&package?.releases, plan, |l| l.revision = revision),
        Kind::Checksum => {
            let release = Release::new(&resource.name).ok()?;
            let dir = package?.directories.get(&release)?;
            again(&dir.checksum, plan, |c: &mut Checksum| {
                c.revision = revision
            })
        }
    }
}

fn again<T: Resource + Clone>(
    slot: &Slot<T>,
    plan: &mut Plan,
    set: impl FnOnce(&mut T),
) -> Option<conex_verify::format::resource::ResourceVersion> {
    let Slot::Good(Loaded { value, .. }) = slot else {
        return None;
    };
    let mut value = value.clone();
    set(&mut value);
    Some(plan.write(&value))
}
