//! What is said of a package and its releases.

use std::collections::{BTreeMap, BTreeSet};

use crate::bootstrap::metadata::{by_version, newest};
use crate::bootstrap::table::Line;
use crate::plan::World;
use crate::plan::bootstrap::{Stage, Standings, is_confirmed};
use crate::plan::status::{Protection, protection};
use conex_verify::format::name::{Id, Release};
use conex_verify::format::resource::{IdFile, ResourceId, ResourceVersion, Revision};
use conex_verify::format::syntax::{Item, ValueKind, Wanted, parse_part};
use conex_verify::workbench::repository::Package;
use conex_verify::workbench::trust::support::Standing;
use conex_verify::workbench::trust::tally::Count;
use conex_verify::workbench::trust::vouch::Weight;
use conex_verify::workbench::verify::packages::PackageReport;

/// What is said of a package.
#[derive(Debug, Clone)]
pub struct PackageEntry<'a> {
    /// What it is to a client.
    pub protection: Protection,
    /// Whether its first claim was declined.
    pub declined: bool,
    /// How far it is on its way to an owner; nothing of one without a release.
    pub stage: Option<Stage>,
    /// How many packages of the repository depend on it.
    pub dependants: usize,
    /// What its newest release says of itself in one line.
    pub synopsis: Option<String>,
    /// The owners who count.
    pub owners: BTreeMap<Id, Holds>,
    /// The janitors who approved the owners as they are in the tree.
    pub approved_by: BTreeSet<Id>,
    /// Owners that are in the tree and do not count yet.
    pub asked: Option<Asked>,
    /// The list of its releases, if there is one or one is missing.
    pub list: Option<Signed>,
    /// Its releases, the newest first.
    pub releases: Vec<ReleaseEntry>,
    /// What the proposal says of it.
    pub line: Option<&'a Line>,
    /// What is wrong with it: places in the list of all findings.
    pub findings: Vec<usize>,
}

/// What an owner has to sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// A key that is proven; of a team a member has one.
    Proven,
    /// Keys that nobody has proven.
    Unproven,
    /// None: they were taken away.
    Nothing,
    /// The repository knows nobody of that id.
    Unknown,
}

impl Holds {
    fn of(world: &World<'_>, id: &Id) -> Holds {
        match world.id_file(id) {
            _ if is_confirmed(world, id) => Holds::Proven,
            Some(IdFile::Author(author)) if author.keys.is_empty() => Holds::Nothing,
            Some(_) => Holds::Unproven,
            None => Holds::Unknown,
        }
    }
}

/// Owners who are in the tree and do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who they are; nobody where janitors would hold the package.
    pub owners: BTreeSet<Id>,
    /// How many janitors approved it, of how many; nothing where something else counts.
    pub count: Option<Count>,
}

/// A release.
#[derive(Debug, Clone)]
pub struct ReleaseEntry {
    /// Its name.
    pub release: Release,
    /// Whether the directory is there.
    pub is_there: bool,
    /// What vouches for it; nothing of one without a checksum.
    pub signed: Option<Signed>,
}

/// Where a file of metadata stands, and who vouches for it.
#[derive(Debug, Clone)]
pub struct Signed {
    /// Where it stands.
    pub standing: Standing,
    /// Its revision; nothing if it is missing.
    pub revision: Option<Revision>,
    /// Those whose signature counts for this version, each with whether they own the package.
    pub by: BTreeMap<Id, bool>,
}

impl PackageEntry<'_> {
    /// What a world says of a package.
    pub(super) fn of(
        world: &World<'_>,
        judged: &PackageReport,
        stage: Option<Standings>,
    ) -> PackageEntry<'static> {
        let name = &judged.name;
        let package = world.repository.packages.get(name);
        let persons = world
            .assessment
            .people
            .resolve(&judged.owners, world.chain());
        let signed = |resource: &ResourceId| {
            let (version, standing) = judged.standings.get(resource)?;
            Some(Signed {
                standing: standing.clone(),
                revision: version.map(|v| v.revision),
                by: version.map_or_else(BTreeMap::new, |version| {
                    signers(world, resource, version, &persons)
                }),
            })
        };
        let authorisation = ResourceId::authorisation(name);
        let claim = judged.standings.get(&authorisation);
        let file = package.and_then(|package| package.authorisation.good());
        let approved_by = claim.and_then(|(version, _)| {
            let vouches = &world.assessment.vouches;
            Some(vouches.janitors(&authorisation, (*version)?).ids().clone())
        });
        let asked = file.filter(|_| !claim.is_some_and(|(_, standing)| standing.is_valid()));
        let asked = asked.map(|loaded| Asked {
            owners: loaded.value.owners.clone(),
            count: match claim {
                Some((_, Standing::Waiting(waiting))) => Some(waiting.count),
                _ => None,
            },
        });
        let mut releases = releases(package, judged);
        releases.sort_by(|(a, _), (b, _)| {
            let order = by_version(&b.version(), &a.version());
            order.then_with(|| b.as_str().cmp(a.as_str()))
        });
        let holds = |id: &Id| (id.clone(), Holds::of(world, id));
        PackageEntry {
            protection: protection(world, judged),
            declined: false,
            stage: stage.as_ref().map(|stage| stage.stage),
            dependants: stage.map_or(0, |stage| stage.dependants),
            synopsis: package.and_then(synopsis),
            owners: judged.owners.iter().map(holds).collect(),
            approved_by: approved_by.unwrap_or_default(),
            asked,
            list: signed(&ResourceId::releases(name)),
            releases: releases
                .into_iter()
                .map(|(release, is_there)| ReleaseEntry {
                    signed: signed(&ResourceId::checksum(&release)),
                    release,
                    is_there,
                })
                .collect(),
            line: None,
            findings: Vec::new(),
        }
    }

    /// Whether a quorum says that nobody owns it, so that only a quorum releases it.
    pub fn is_held(&self) -> bool {
        self.asked.is_none() && self.stage == Some(Stage::Held)
    }
}

/// The releases that are there, and those that a file of metadata or a signature names.
fn releases(package: Option<&Package>, judged: &PackageReport) -> Vec<(Release, bool)> {
    let there = package.map(|package| &package.directories);
    let is_there = |release: &Release| there.is_some_and(|dirs| dirs.contains_key(release));
    let mut all: Vec<(Release, bool)> = there
        .into_iter()
        .flat_map(|dirs| dirs.keys())
        .map(|release| (release.clone(), true))
        .collect();
    let named = judged.standings.keys();
    let named = named.filter_map(|resource| Release::new(&resource.name).ok());
    all.extend(
        named
            .filter(|r| !is_there(r))
            .map(|release| (release, false)),
    );
    all
}

/// Those whose entries count for this version of a list or a checksum: owners, and janitors.
fn signers(
    world: &World<'_>,
    resource: &ResourceId,
    version: ResourceVersion,
    persons: &BTreeSet<&Id>,
) -> BTreeMap<Id, bool> {
    let about = world.assessment.vouches.about(resource).iter();
    about
        .filter(|vouch| vouch.version == version)
        .filter(|vouch| vouch.weight == Weight::Chain || persons.contains(vouch.id))
        .map(|vouch| (vouch.id.clone(), persons.contains(vouch.id)))
        .collect()
}

/// Of an opam file the field `synopsis` alone.
#[derive(Debug, Clone, Copy)]
struct Synopsis;

impl Wanted for Synopsis {
    fn field(self, name: &str) -> bool {
        name == "synopsis"
    }

    fn section(self, _: &str) -> Option<Synopsis> {
        None
    }
}

fn synopsis(package: &Package) -> Option<String> {
    let file = parse_part(newest(package)?.opam()?, Synopsis).ok()?;
    file.items.iter().find_map(|item| match item {
        Item::Field(field) if field.name.text == "synopsis" => match &field.value.kind {
            ValueKind::String(text) => Some(String::from_utf8_lossy(text).into_owned()),
            _ => None,
        },
        _ => None,
    })
}
