//! What an author signs: the releases that changed.

use std::collections::{BTreeMap, BTreeSet};

use super::conflict::has_markers;
use super::owner::some_of;
use super::{Plan, PlanError, World};
use conex_verify::finding::{Code, Finding};
use conex_verify::format::key::PublicKey;
use conex_verify::format::name::{Id, PackageName, Release};
use conex_verify::format::path::Place;
use conex_verify::format::resource::{
    Authorisation, Checksum, FileDigest, IdFile, Kind, Releases, ResourceId, ResourceVersion,
    Revision,
};
use conex_verify::opam_file::Problem;
use conex_verify::repository::{Package, ReleaseDir, Slot};
use conex_verify::trust::support::Standing;
use conex_verify::verify::packages::{PackageReport, weak_source};

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
}

/// Plans checksums and lists of releases for what changed, and vouches for what
/// the signer owns. Without named packages, files at the top that changed are
/// proposed to the janitors as well. `world` is seen as if what waits were approved.
///
/// # Errors
/// Nothing of the signer's, an opam file that must not be signed, an unknown package.
pub fn sign(world: &World<'_>, request: &Sign) -> Result<Plan, PlanError> {
    let mut job = Job {
        world,
        request,
        plan: Plan::default(),
        problems: Vec::new(),
        signed: BTreeSet::new(),
        waiting: BTreeSet::new(),
        releases: 0,
        removed: 0,
    };
    job.plan.join_links(world);
    job.prove()?;
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

struct Job<'a, 'r> {
    world: &'a World<'r>,
    request: &'a Sign,
    plan: Plan,
    problems: Vec<Finding>,
    signed: BTreeSet<PackageName>,
    waiting: BTreeSet<PackageName>,
    releases: usize,
    removed: usize,
}

impl Job<'_, '_> {
    /// Proves the key of the signer, if nothing else has: the first segment under a
    /// key vouches for the file of the id.
    fn prove(&mut self) -> Result<(), PlanError> {
        let id = &self.request.signer;
        let world = self.world;
        let fingerprint = self.request.key.fingerprint();
        if world.chain().holder(&fingerprint) == Some(id) {
            return Ok(());
        }
        let Some(loaded) = world.repository.ids.get(id).and_then(Slot::good) else {
            return Err(PlanError::refused(
                format!("the repository has no author `{id}` with the key {fingerprint}"),
                format!("become an author with `conex join {id}`"),
            ));
        };
        let listed =
            matches!(&loaded.value, IdFile::Author(a) if a.keys.contains(&self.request.key));
        if !listed {
            return Err(PlanError::refused(
                format!("the file of `{id}` does not list the key {fingerprint}"),
                "sign with a key that it lists, or change keys with `conex rotate`",
            ));
        }
        let resource = loaded.value.resource_id();
        // By the rule of verification: a segment that verifies and vouches. A withdrawal,
        // or a segment of another repository, proves nothing.
        let proven = world
            .assessment
            .people
            .proven
            .get(&fingerprint)
            .is_some_and(|ids| ids.contains(id));
        if !proven {
            self.plan.vouch(resource, loaded.id_version());
            self.plan
                .say(format!("proves that the key of the author `{id}` is yours"));
        }
        Ok(())
    }

    fn package(&mut self, report: &PackageReport, named: bool) -> Result<(), PlanError> {
        let Some(package) = self.world.repository.packages.get(&report.name) else {
            return Ok(());
        };
        let mine = self
            .world
            .assessment
            .people
            .resolve(&report.owners, self.world.chain())
            .contains(&self.request.signer);
        let owned = package.authorisation.good().is_some() || report.claimed;
        let mine = if !owned && named {
            self.propose_owner(&report.name)?;
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

    fn propose_owner(&mut self, name: &PackageName) -> Result<(), PlanError> {
        let resource = ResourceId {
            kind: Kind::Authorisation,
            name: name.as_str().into(),
        };
        let revision = self.world.next_revision(&resource, None, None)?;
        self.plan.write(&Authorisation {
            name: name.clone(),
            revision,
            owners: [self.request.signer.clone()].into(),
        });
        self.plan.say(format!(
            "proposes you as the owner of `{name}`, which janitors approve"
        ));
        Ok(())
    }

    fn releases_of(
        &mut self,
        report: &PackageReport,
        package: &Package,
        mine: bool,
    ) -> Result<(), PlanError> {
        let old = package.releases.good().map(|l| &l.value);
        let empty = BTreeMap::new();
        let tombstones = old.map_or(&empty, |o| &o.tombstones);
        for (release, dir) in &package.directories {
            let floor = tombstones.get(release).copied();
            self.release(report, release, dir, floor, mine)?;
        }
        self.list(report, package, mine)
    }

    /// Writes the checksum of a release if it does not fit, and vouches for it.
    fn release(
        &mut self,
        report: &PackageReport,
        release: &Release,
        dir: &ReleaseDir,
        floor: Option<Revision>,
        mine: bool,
    ) -> Result<(), PlanError> {
        let resource = ResourceId {
            kind: Kind::Checksum,
            name: release.as_str().into(),
        };
        let files: BTreeMap<Box<str>, FileDigest> = dir
            .files
            .iter()
            .map(|(path, file)| (path.clone(), file.digest))
            .collect();
        let (present, standing) = lookup(report, &resource);
        let fits = dir.checksum.good().is_some_and(|l| l.value.files == files);
        let conflict = self.conflicts(&resource);
        let keep = present
            .filter(|_| !conflict)
            .filter(|p| fits && floor.is_none_or(|f| p.revision > f) && !must_rise(&standing))
            .filter(|p| !mine || self.would_count(&resource, *p, &standing));
        if keep.is_some() && (!mine || standing.as_ref().is_some_and(Standing::is_valid)) {
            return Ok(());
        }
        if keep.is_some() && self.has_vouched(&resource, keep) {
            return Ok(());
        }
        self.look_at(release, dir);
        let version = match keep {
            Some(version) => version,
            None => {
                let revision =
                    self.world
                        .next_revision(&resource, present.map(|p| p.revision), floor)?;
                self.plan.write(&Checksum {
                    release: release.clone(),
                    revision,
                    files,
                })
            }
        };
        self.releases += 1;
        self.vouch(report, resource, version, mine);
        Ok(())
    }

    /// Writes the list of releases if it does not fit, and vouches for it.
    fn list(
        &mut self,
        report: &PackageReport,
        package: &Package,
        mine: bool,
    ) -> Result<(), PlanError> {
        let resource = ResourceId {
            kind: Kind::Releases,
            name: report.name.as_str().into(),
        };
        let releases: BTreeSet<Release> = package.directories.keys().cloned().collect();
        let old = package.releases.good().map(|l| &l.value);
        let mut tombstones = old.map(|o| o.tombstones.clone()).unwrap_or_default();
        for gone in old
            .iter()
            .flat_map(|o| &o.releases)
            .filter(|r| !releases.contains(*r))
        {
            tombstones.insert(gone.clone(), self.last_revision(gone)?);
            self.removed += 1;
        }
        tombstones.retain(|release, _| !releases.contains(release));
        // In another branch it may have been signed again after it was removed here.
        let (present, standing) = lookup(report, &resource);
        let valid = standing.as_ref().is_some_and(Standing::is_valid);
        for (release, up_to) in &mut tombstones {
            let vouched = self.last_revision(release)?;
            // A list that counts for nothing can hold anything, and from a branch it may
            // be somebody's trap: nothing could come back below it.
            if !valid && *up_to > vouched {
                self.plan.say(format!(
                    "keeps the tombstone of `{release}` at {up_to}, above all that was vouched for it ({vouched})"
                ));
            }
            *up_to = vouched.max(*up_to);
        }
        let fits = old.is_some_and(|o| o.releases == releases && o.tombstones == tombstones);
        let conflict = self.conflicts(&resource);
        let keep = present
            .filter(|_| fits && !conflict && !must_rise(&standing))
            .filter(|p| !mine || self.would_count(&resource, *p, &standing));
        if keep.is_some() && (!mine || standing.as_ref().is_some_and(Standing::is_valid)) {
            return Ok(());
        }
        if keep.is_some() && self.has_vouched(&resource, keep) {
            return Ok(());
        }
        let version = match keep {
            Some(version) => version,
            None => {
                let revision =
                    self.world
                        .next_revision(&resource, present.map(|p| p.revision), None)?;
                self.plan.write(&Releases {
                    name: report.name.clone(),
                    revision,
                    releases,
                    tombstones,
                })
            }
        };
        self.vouch(report, resource, version, mine);
        Ok(())
    }

    /// The last revision that anybody vouched for of a release that is gone.
    fn last_revision(&self, release: &Release) -> Result<Revision, PlanError> {
        let resource = ResourceId {
            kind: Kind::Checksum,
            name: release.as_str().into(),
        };
        let epoch = self.world.open_epoch(&resource);
        Ok(self
            .world
            .assessment
            .vouches
            .about(&resource)
            .iter()
            .map(|v| v.revision)
            .filter(|r| r.epoch <= epoch)
            .max()
            .unwrap_or(Revision {
                epoch,
                ..Revision::FIRST
            }))
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

    /// Whether a vouch of the signer for the version in the tree has an effect, or is
    /// not needed.
    fn would_count(
        &self,
        resource: &ResourceId,
        present: ResourceVersion,
        standing: &Option<Standing>,
    ) -> bool {
        standing.as_ref().is_some_and(Standing::is_valid)
            || self
                .world
                .withdrawn_by(&self.request.signer, resource)
                .is_none_or(|up_to| present.revision > up_to)
    }

    fn has_vouched(&self, resource: &ResourceId, version: Option<ResourceVersion>) -> bool {
        self.world
            .assessment
            .vouches
            .live(resource)
            .iter()
            .any(|l| *l.vouch.id == self.request.signer && Some(l.version) == version)
    }

    /// Whether a merge left the file of this resource with both sides in it.
    fn conflicts(&self, resource: &ResourceId) -> bool {
        self.world.conflicts.rewritten.contains(&resource.path())
    }

    /// Refuses what a signature should not be under.
    fn look_at(&mut self, release: &Release, dir: &ReleaseDir) {
        let path = Place::Opam(release.clone()).path();
        let Some(source) = dir.opam() else {
            self.problems.push(
                Finding::error(
                    Code::MissingOpam,
                    &path,
                    format!("the release `{release}` has no opam file"),
                )
                .hint("add the file, or remove the directory"),
            );
            return;
        };
        if has_markers(source) {
            self.problems.push(
                Finding::error(
                    Code::OpamSyntax,
                    &path,
                    format!("`{path}` holds git's conflict markers"),
                )
                .hint("choose between the two sides by hand, then sign"),
            );
            return;
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
        for problem in dir.problems.clone() {
            let finding = match problem {
                Problem::Syntax(error) => {
                    let span = error.span();
                    Finding::error(
                        Code::OpamSyntax,
                        &path,
                        format!("`{path}` does not parse: {error}"),
                    )
                    .at(source, span.start..span.end, "")
                    .hint("mend the file, then sign")
                }
                Problem::Disagrees {
                    field,
                    expected,
                    found,
                    span,
                } => Finding::error(
                    Code::OpamName,
                    &path,
                    format!("the {field} in `{path}` disagrees with its directory"),
                )
                .at(source, span.start..span.end, "")
                .value("directory", expected)
                .value("file", found)
                .hint("remove the field: the directory says it"),
                Problem::WeakSource {
                    what,
                    algorithms,
                    span,
                } => {
                    let mut finding = weak_source(&path, source, &what, &algorithms, span.start..span.end)
                        .hint("add a sha256 or sha512 checksum, or sign it as it is with --allow-weak-checksums");
                    if self.request.allow_weak_checksums {
                        self.plan.warnings.push(finding);
                        continue;
                    }
                    finding.severity = conex_verify::finding::Severity::Error;
                    finding
                }
            };
            self.problems.push(finding);
        }
    }

    fn finish(mut self) -> Result<Plan, PlanError> {
        if !self.problems.is_empty() {
            return Err(PlanError::Repository(self.problems));
        }
        if !self.signed.is_empty() || !self.waiting.is_empty() {
            let mut what = vec![match self.releases {
                0 if self.removed == 0 => "the list of releases".to_owned(),
                1 => "1 release".to_owned(),
                n => format!("{n} releases"),
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
fn must_rise(standing: &Option<Standing>) -> bool {
    matches!(
        standing,
        Some(Standing::Superseded { .. } | Standing::Contested { .. })
    )
}
