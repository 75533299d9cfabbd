//! What an author signs: the releases that changed.

use crate::hint::Hint;
use std::collections::{BTreeMap, BTreeSet};

use super::conflict::has_markers;
use super::known::{Gone, Known};
use super::obstacle::{elsewhere, leftover, of_release};
use super::owner::some_of;
use super::world::is_near;
use super::{Plan, PlanError, World};
use conex_verify::finding::{Code, Finding, Severity, is_leftover};
use conex_verify::format::digest::Digest;
use conex_verify::format::key::PublicKey;
use conex_verify::format::name::{Id, PackageName, Release};
use conex_verify::format::path::Place;
use conex_verify::format::resource::{
    Authorisation, Checksum, FileDigest, Releases, Resource, ResourceId, ResourceVersion, Revision,
};
use conex_verify::words::counted;
use conex_verify::workbench::opam_file::Problem;
use conex_verify::workbench::repository::{Loaded, Package, ReleaseDir};
use conex_verify::workbench::trust::support::{Epochs, Standing, Supporters, judge};
use conex_verify::workbench::verify::description::opam_problem;
use conex_verify::workbench::verify::packages::PackageReport;

/// What `sign` is asked for.
#[derive(Debug, Clone)]
pub struct Sign {
    /// Who signs.
    pub signer: Id,
    /// With which key.
    pub key: PublicKey,
    /// The packages; none means all that the signer owns, and all signed ones that
    /// changed. A named package without owner is proposed to be the signer's.
    pub packages: Vec<String>,
    /// Sign releases whose source archives have no strong checksum.
    pub allow_weak_checksums: bool,
    /// What the signer signed before, in this tree or anywhere.
    pub log: Log,
}

/// The versions that somebody signed of each resource.
pub type Log = BTreeMap<ResourceId, BTreeSet<ResourceVersion>>;

/// Plans checksums and lists of releases for what changed, and vouches for what
/// the signer owns. Without named packages, files at the top that changed are
/// proposed to the janitors as well. `world` is seen as if what waits were approved.
///
/// What no client would accept is left out, with what stands in its way; and so is the list of
/// a package of which something is left out.
///
/// # Errors
/// Nothing of the signer's, nothing but what no client would accept, an unknown package.
pub fn sign(world: &World<'_>, request: &Sign) -> Result<Plan, PlanError> {
    let mut job = Job::new(world, request);
    world.join_links(&mut job.plan);
    world.prove_key(&request.signer, &request.key, &mut job.plan)?;
    let selected: BTreeSet<PackageName> = request
        .packages
        .iter()
        .map(|text| world.package(text))
        .collect::<Result<_, _>>()?;
    if selected.is_empty() {
        job.plan.propose_top_level(world)?;
    }
    for report in &world.assessment.packages {
        let named = selected.contains(&report.name);
        if selected.is_empty() || named {
            job.package(report, named)?;
        }
    }
    job.finish()
}

/// Plans checksums and lists of releases of these packages as they are found, and vouches for
/// nothing: a quorum does. `world` is seen as if what waits were approved.
///
/// # Errors
/// Something that no client would accept, or a counter is at its end.
pub fn describe(world: &World<'_>, names: &BTreeSet<PackageName>) -> Result<Plan, PlanError> {
    let Some((signer, key)) = world.chain().current().members.iter().next() else {
        return Ok(Plan::default());
    };
    let request = Sign {
        signer: signer.clone(),
        key: key.clone(),
        packages: Vec::new(),
        allow_weak_checksums: true,
        log: Log::new(),
    };
    let mut job = Job::new(world, &request);
    for report in &world.assessment.packages {
        if names.contains(&report.name)
            && let Some(package) = world.repository.packages.get(&report.name)
        {
            job.releases_of(report, package, false)?;
        }
    }
    // A package with owners and without a list is one that clients refuse.
    match job.problems.is_empty() {
        true => Ok(job.plan),
        false => Err(PlanError::Repository(job.problems)),
    }
}

struct Job<'a, 'r> {
    world: &'a World<'r>,
    request: &'a Sign,
    plan: Plan,
    problems: Vec<Finding>,
    signed: BTreeSet<PackageName>,
    waiting: BTreeSet<PackageName>,
    /// The packages of which something cannot be signed as it is.
    left_out: BTreeSet<PackageName>,
    gone: Gone,
    releases: usize,
    removed: usize,
}

impl<'a, 'r> Job<'a, 'r> {
    fn new(world: &'a World<'r>, request: &'a Sign) -> Job<'a, 'r> {
        Job {
            world,
            request,
            plan: Plan::default(),
            problems: Vec::new(),
            signed: BTreeSet::new(),
            waiting: BTreeSet::new(),
            left_out: BTreeSet::new(),
            gone: Gone::of(world),
            releases: 0,
            removed: 0,
        }
    }

    fn package(&mut self, report: &'a PackageReport, named: bool) -> Result<(), PlanError> {
        let Some(package) = self.world.repository.packages.get(&report.name) else {
            return Ok(());
        };
        let mine = self.owns(report);
        let claim = package.authorisation.good();
        let declined = self.world.is_declined(&report.name);
        let owned = (claim.is_some() && !declined) || report.claimed;
        let mine = if !owned && named {
            self.propose_owner(&report.name, claim.map(|c| c.value.revision))?;
            true
        } else if !owned {
            return Ok(());
        } else {
            mine
        };
        self.releases_of(report, package, mine)?;
        // Verification lets them pass; whoever just made them can still take another name.
        if self.signed.contains(&report.name) || self.waiting.contains(&report.name) {
            let equal = |f: &&Finding| f.code == Code::EqualVersions;
            let findings = report.findings.iter().filter(equal).cloned();
            self.plan.warnings.extend(findings);
        }
        Ok(())
    }

    fn propose_owner(
        &mut self,
        name: &PackageName,
        present: Option<Revision>,
    ) -> Result<(), PlanError> {
        let resource = ResourceId::authorisation(name);
        let revision = self.world.next_revision(&resource, present)?;
        self.plan.write(&Authorisation {
            name: name.clone(),
            revision,
            owners: [self.request.signer.clone()].into(),
        });
        Ok(())
    }

    fn releases_of(
        &mut self,
        report: &'a PackageReport,
        package: &'a Package,
        mine: bool,
    ) -> Result<(), PlanError> {
        let signer = mine.then_some(&self.request.signer);
        let known = Known::of(self.world, report, package, signer, &self.gone);
        self.removed += known.removed;
        for (release, dir) in &package.directories {
            self.release(report, release, dir, &known)?;
        }
        if mine {
            let elsewhere = elsewhere(self.world.repository, &report.name);
            if !elsewhere.is_empty() {
                self.left_out.insert(report.name.clone());
            }
            self.problems.extend(elsewhere);
        }
        // T9: Who signs a list says that these are the releases.
        if self.left_out.contains(&report.name) {
            return Ok(());
        }
        self.list(report, package, &known)
    }

    /// Whether the signer owns a package. Whoever signs proves the key with it.
    fn owns(&self, report: &PackageReport) -> bool {
        let people = &self.world.assessment.people;
        report.owners.iter().any(|owner| {
            *owner == self.request.signer
                || people
                    .teams
                    .get(owner)
                    .is_some_and(|members| members.contains(&self.request.signer))
        })
    }

    /// Writes the checksum of a release if it does not fit, and vouches for it.
    fn release(
        &mut self,
        report: &PackageReport,
        release: &Release,
        dir: &ReleaseDir,
        known: &Known<'_>,
    ) -> Result<(), PlanError> {
        let resource = ResourceId::checksum(release);
        let files: BTreeMap<Box<str>, FileDigest> = dir
            .files
            .iter()
            .map(|(path, file)| (path.clone(), file.digest))
            .collect();
        let present = dir.checksum.good().map(Loaded::version);
        let standing = judge(
            &self.world.assessment.vouches,
            self.world.chain().quorum(),
            &resource,
            Supporters::OwnersOrQuorum(&known.owners),
            Epochs::OfList(Some(known.epoch)),
            present,
        );
        let fits = dir.checksum.good().is_some_and(|l| l.value.files == files);
        let conflict = self.conflicts(&resource);
        let above = known.above(release);
        let in_place = |r: Revision| r.epoch == known.epoch && r.counter > above;
        let keep = present.filter(|p| {
            !conflict
                && fits
                && in_place(p.revision)
                && !must_rise(&standing)
                && !self.world.published.is_above(&resource, *p)
                && (standing.is_valid() || self.may_take_over(&resource, *p, known))
        });
        if keep.is_some() && (!known.mine || standing.is_valid()) {
            return Ok(());
        }
        if keep.is_some() && self.has_vouched(&resource, keep) {
            return Ok(());
        }
        if !self.look_at(release, dir) {
            self.left_out.insert(report.name.clone());
            return Ok(());
        }
        let version = match keep {
            Some(version) => version,
            None => {
                let floor = Revision {
                    epoch: known.epoch,
                    counter: above,
                };
                let least = floor.next().ok_or_else(|| at_end(report))?;
                let checksum =
                    self.anew(&resource, present, least, known, |revision| Checksum {
                        release: release.clone(),
                        revision,
                        files: files.clone(),
                    })?;
                self.plan.write(&checksum)
            }
        };
        self.releases += 1;
        self.vouch(report, resource, version, known.mine);
        Ok(())
    }

    /// Writes the list of releases if it does not fit, and vouches for it.
    fn list(
        &mut self,
        report: &PackageReport,
        package: &Package,
        known: &Known<'_>,
    ) -> Result<(), PlanError> {
        let resource = ResourceId::releases(&report.name);
        let releases: BTreeSet<Release> = package.directories.keys().cloned().collect();
        let old = package.releases.good().map(|l| &l.value);
        let (present, standing) = lookup(report, &resource);
        let fits = old.is_some_and(|o| {
            o.releases == releases && o.floor == known.floor && o.revision.epoch == known.epoch
        });
        let conflict = self.conflicts(&resource);
        let published = present.is_some_and(|p| self.world.published.is_above(&resource, p));
        let stuck = published || standing.as_ref().is_some_and(must_rise);
        let valid = standing.as_ref().is_some_and(Standing::is_valid);
        let keep = present.filter(|p| {
            fits && !conflict && !stuck && (valid || self.may_take_over(&resource, *p, known))
        });
        if keep.is_some() && (!known.mine || valid) {
            return Ok(());
        }
        if keep.is_some() && self.has_vouched(&resource, keep) {
            return Ok(());
        }
        let version = match keep {
            Some(version) => version,
            None => {
                let least = Revision {
                    epoch: known.epoch,
                    ..Revision::FIRST
                };
                let list = self.anew(&resource, present, least, known, |revision| Releases {
                    name: report.name.clone(),
                    revision,
                    floor: known.floor,
                    releases: releases.clone(),
                })?;
                self.plan.write(&list)
            }
        };
        self.vouch(report, resource, version, known.mine);
        Ok(())
    }

    /// A resource that is written anew: at `least`, above what clients may know, and above what
    /// the signer signed of it anywhere, unless that is what is written now.
    fn anew<R: Resource>(
        &self,
        resource: &ResourceId,
        present: Option<ResourceVersion>,
        least: Revision,
        known: &Known<'_>,
        make: impl Fn(Revision) -> R,
    ) -> Result<R, PlanError> {
        let Known { owners, epoch, .. } = known;
        let present = present.map(|p| p.revision);
        let next = self.world.revision_in(resource, *epoch, owners, present)?;
        let next = next.max(least);
        let highest = self.world.highest_entry(resource, owners, *epoch);
        let own = self.signed_before(resource);
        let own = own.filter(|v| is_near(v.revision, highest, *epoch)).max();
        let Some(own) = own.filter(|own| own.revision >= next) else {
            return Ok(make(next));
        };
        let again = make(own.revision);
        if Digest::of(&again.encode()) == own.digest {
            return Ok(again);
        }
        Ok(make(own.revision.next().unwrap_or(next)))
    }

    /// Whether the signer vouches for a version that somebody else may have written: one that
    /// was signed already, or the next one. Nobody else decides how far a counter is. And
    /// nobody signs two versions with one revision.
    fn may_take_over(
        &self,
        resource: &ResourceId,
        present: ResourceVersion,
        known: &Known<'_>,
    ) -> bool {
        let Known { owners, epoch, .. } = known;
        let highest = self.world.highest_entry(resource, owners, *epoch);
        let last = self.world.highest_known(resource, owners, *epoch);
        let next = last.map_or(1, |r| r.counter.saturating_add(1));
        let other = |v: ResourceVersion| v.revision == present.revision && v != present;
        let signed = || {
            is_near(present.revision, highest, *epoch)
                && self.world.signed(resource).any(|v| v == present)
        };
        self.has_vouched(resource, Some(present))
            || ((present.revision.counter <= next || signed())
                && !self.signed_before(resource).any(other))
    }

    /// The versions of a resource that the signer signed before, anywhere.
    fn signed_before(&self, resource: &ResourceId) -> impl Iterator<Item = ResourceVersion> {
        let versions = self.request.log.get(resource).into_iter().flatten();
        versions.copied()
    }

    fn vouch(
        &mut self,
        report: &PackageReport,
        resource: ResourceId,
        version: ResourceVersion,
        mine: bool,
    ) {
        if mine {
            self.plan.vouch(resource, version);
            self.signed.insert(report.name.clone());
        } else {
            self.waiting.insert(report.name.clone());
        }
    }

    fn has_vouched(&self, resource: &ResourceId, version: Option<ResourceVersion>) -> bool {
        self.world
            .assessment
            .vouches
            .about(resource)
            .iter()
            .any(|v| *v.id == self.request.signer && Some(v.version) == version)
    }

    /// Whether a merge left the file of this resource with both sides in it.
    fn conflicts(&self, resource: &ResourceId) -> bool {
        self.world.conflicts.rewritten.contains(&resource.path())
    }

    /// Looks at a release that is about to be signed; whether it can be. What a signature should
    /// not be under is put down.
    fn look_at(&mut self, release: &Release, dir: &ReleaseDir) -> bool {
        let path = Place::Opam(release.clone()).path();
        let before = self.problems.len();
        let source = dir.opam();
        if let Some(source) = source
            && has_markers(source)
        {
            self.problems.push(
                Finding::error(
                    Code::OpamSyntax,
                    &path,
                    format!("`{path}` holds git's conflict markers"),
                )
                .hint("choose between the two sides by hand, then sign"),
            );
            return false;
        }
        for below in dir
            .files
            .keys()
            .filter(|below| is_leftover(below.rsplit('/').next().unwrap_or_default()))
        {
            let path = Place::File(release.clone(), below.to_string()).path();
            self.plan.warnings.push(leftover(&path));
        }
        for (below, file) in &dir.files {
            if &**below != "opam" && has_markers(&file.bytes) {
                let path = Place::File(release.clone(), below.to_string()).path();
                self.plan.warnings.push(
                    Finding::warning(
                        Code::OpamSyntax,
                        &path,
                        format!("`{path}` seems to hold git's conflict markers"),
                    )
                    .hint("look at it before you sign"),
                );
            }
        }
        self.problems.extend(of_release(release, dir));
        for problem in &dir.problems {
            let Some(source) = source else { break };
            let mut finding = opam_problem(&path, source, problem);
            if matches!(problem, Problem::WeakSource { .. }) && !self.request.allow_weak_checksums {
                finding = finding.hint("add a sha256 or sha512 checksum, or sign it as it is with --allow-weak-checksums");
                finding.severity = Severity::Error;
                self.problems.push(finding);
            } else if finding.severity != Severity::Error {
                self.plan.warnings.push(finding);
            }
        }
        self.problems.len() == before
    }

    fn finish(mut self) -> Result<Plan, PlanError> {
        let nothing = self.signed.is_empty() && self.waiting.is_empty();
        if nothing && !self.problems.is_empty() {
            return Err(PlanError::Repository(self.problems));
        }
        self.plan.left_out = self.problems;
        if !self.signed.is_empty() || !self.waiting.is_empty() {
            let mut what = vec![match self.releases {
                0 if self.removed == 0 => "the list of releases".to_owned(),
                n => counted(n, "release"),
            }];
            if self.removed > 0 {
                what.push(format!("{} removed", self.removed));
            }
            let what = what.join(", ");
            if !self.signed.is_empty() {
                let names: Vec<PackageName> = self.signed.into_iter().collect();
                self.plan.say(format!("signs {} ({what})", some_of(&names)));
            }
            if !self.waiting.is_empty() {
                let names: Vec<PackageName> = self.waiting.into_iter().collect();
                self.plan.say(format!(
                    "writes metadata of {}, which waits for its owners or a quorum of janitors",
                    some_of(&names)
                ));
            }
        }
        self.plan.say_left_out();
        Ok(self.plan)
    }
}

fn lookup(
    report: &PackageReport,
    resource: &ResourceId,
) -> (Option<ResourceVersion>, Option<Standing>) {
    match report.standings.get(resource) {
        Some((version, standing)) => (*version, Some(standing.clone())),
        None => (None, None),
    }
}

/// Whether the version in the tree can never become valid as it is: something at
/// or above its revision is supported.
fn must_rise(standing: &Standing) -> bool {
    matches!(
        standing,
        Standing::Superseded { .. } | Standing::Contested { .. }
    )
}

fn at_end(report: &PackageReport) -> PlanError {
    PlanError::refused(
        format!(
            "the floor of the releases of `{}` is at its end",
            report.name
        ),
        Hint::NewEpoch {
            name: report.name.to_string(),
        },
    )
}
