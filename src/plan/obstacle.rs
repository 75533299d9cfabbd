//! T9: What stands in the way of a signature: what every client would refuse, whoever signs.

use std::collections::BTreeMap;

use super::{Init, Plan, PlanError, View, World};
use conex_verify::finding::{Code, Finding, Severity, is_leftover, remedy};
use conex_verify::format::name::{PackageName, Release};
use conex_verify::format::path::{OldFile, PACKAGES, Place, listed_file, release_dir};
use conex_verify::hint::UPGRADE_LAYOUT;
use conex_verify::tree::Tree;
use conex_verify::words::counted;
use conex_verify::workbench::repository::{ReleaseDir, Repository};
use conex_verify::workbench::verify::description::opam_problem;

/// What no signature mends, of whatever kind the packages are.
const LASTING: [Code; 9] = [
    Code::IrregularFile,
    Code::BadPath,
    Code::CaseCollision,
    Code::UnexpectedFile,
    Code::TopLevel,
    Code::MissingOpam,
    Code::OpamSyntax,
    Code::Misplaced,
    Code::EmptyFile,
];

/// What a signature mends, of somebody who may sign.
const MENDED: [Code; 10] = [
    Code::Digest,
    Code::Quorum,
    Code::NotVouched,
    Code::Superseded,
    Code::Equivocation,
    Code::EpochNotOpened,
    Code::MissingResource,
    Code::ReleaseList,
    Code::MissingFile,
    Code::ExtraFile,
];

/// How many of the paths that are left out a plan names: the question is on the same screen.
const LEFT_OUT_SHOWN: usize = 5;

/// All errors of a tree: those of its files, and those of what it says.
fn errors<'w>(world: &'w World<'_>) -> impl Iterator<Item = &'w Finding> {
    let files = world.repository.findings.iter();
    let all = files.chain(world.assessment.findings.iter());
    all.filter(|f| f.severity == Severity::Error)
}

/// What stands in the way of starting a repository: what clients would refuse after everybody
/// approved what `init` writes, and signed what is theirs.
///
/// # Errors
/// The request makes no sense.
pub fn before_init(
    tree: &Tree,
    repository: &Repository,
    request: &Init,
) -> Result<Vec<Finding>, PlanError> {
    let after = super::init::written(tree, repository, request)?.apply(tree);
    let repository = Repository::load(&after);
    let world = World::look(&after, &repository, View::AsIfApproved)?;
    let lasting = errors(&world).filter(|f| !MENDED.contains(&f.code));
    let mut found: Vec<Finding> = lasting.cloned().collect();
    found.extend(git_files(&world));
    Ok(found)
}

/// What stands in the way of a snapshot of a tree, which is not looked at itself: what clients
/// refuse that let packages through which nobody claims.
pub fn before_snapshot(world: &World<'_>) -> Vec<Finding> {
    let snapshot = Place::Snapshot.path();
    let found = errors(world).filter(|f| f.path != snapshot);
    let mut found: Vec<Finding> = found.cloned().collect();
    found.extend(git_files(world));
    // V5.3: no client takes a package for one that nobody claims without a valid list of claims.
    let claims = &world.assessment.claims.1;
    let unclaimed = world.assessment.packages.iter().any(|p| !p.claimed);
    let told = found.iter().any(|f| f.path == Place::Claims.path());
    if unclaimed && !claims.is_valid() && !told {
        let message = "the list of claims is not valid, so no client takes a package for one that nobody claims";
        let finding = Finding::error(Code::MissingResource, Place::Claims.path(), message);
        found.push(finding.remedy(&remedy::CLAIMS, ""));
    }
    found
}

/// V8.5: the git files at the top that nobody approved: without a valid approval clients refuse
/// them, but for those that are asked for `--nostrict`.
fn git_files<'w>(world: &'w World<'_>) -> impl Iterator<Item = Finding> + 'w {
    let found = world.assessment.findings.iter();
    let found = found.filter(|f| f.code == Code::GitFile && f.severity == Severity::Warning);
    found.map(|f| Finding {
        severity: Severity::Error,
        ..f.clone()
    })
}

/// What stands in the way of everything in a tree in which something is to be signed and
/// cannot: all of it that no signature mends.
pub fn before_signing(tree: &Tree, repository: &Repository) -> Vec<Finding> {
    let lasting = |f: &&Finding| f.severity == Severity::Error && LASTING.contains(&f.code);
    match World::look(tree, repository, View::AsIfApproved) {
        Ok(world) => errors(&world).filter(lasting).cloned().collect(),
        Err(_) => repository
            .findings
            .iter()
            .filter(lasting)
            .cloned()
            .collect(),
    }
}

/// What stands in the way of signing a package, its releases that lie elsewhere included.
pub fn of_package(repository: &Repository, name: &PackageName) -> Vec<Finding> {
    let package = repository.packages.get(name);
    let own = package.into_iter().flat_map(|p| &p.directories);
    let mut found: Vec<Finding> = own
        .flat_map(|(release, dir)| of_release(release, dir))
        .collect();
    found.extend(elsewhere(repository, name));
    found
}

/// V7.6: The releases of a package that do not lie in its directory.
pub(super) fn elsewhere(repository: &Repository, name: &PackageName) -> Vec<Finding> {
    let all = repository.misplaced.iter();
    let of = all.filter(|(_, (release, _))| release.name_str() == name.as_str());
    of.map(|(path, (release, _))| {
        let message = format!("the release `{release}` does not lie in its place");
        Finding::error(Code::Misplaced, path, message)
            .value("its place", release_dir(release))
            .remedy(&remedy::MOVE, "")
    })
    .collect()
}

/// What clients would refuse of a release, whoever signs it.
pub(super) fn of_release(release: &Release, dir: &ReleaseDir) -> Vec<Finding> {
    let path = Place::Opam(release.clone()).path();
    let Some(source) = dir.opam() else {
        let message = format!("the release `{release}` has no opam file");
        return vec![
            Finding::error(Code::MissingOpam, &path, message)
                .hint("add the file, or remove the directory"),
        ];
    };
    let mut found = Vec::new();
    for (below, file) in &dir.files {
        let path = format!("{}{below}", release_dir(release));
        let old = [OldFile::Url, OldFile::Descr]
            .iter()
            .any(|old| **below == *old.as_str());
        if old {
            let message = format!("`{path}` is a file of opam 1.2, and no checksum lists it");
            found.push(Finding::error(Code::ExtraFile, &path, message).hint(UPGRADE_LAYOUT));
        } else if let Err(error) = listed_file(below) {
            let message = format!("no checksum lists `{path}`: {error}");
            let hint = "give it another name, also where the file `opam` speaks of it";
            found.push(Finding::error(Code::ExtraFile, &path, message).hint(hint));
        } else if file.bytes.is_empty() && &**below != "opam" {
            let message = format!("`{path}` is empty, and opam reads it");
            let hint = "old versions of opam do not bring empty files: fill it with one line feed, in a change of its own; then it may go";
            found.push(Finding::error(Code::EmptyFile, &path, message).hint(hint));
        }
    }
    let problems = dir.problems.iter();
    let problems = problems.map(|problem| opam_problem(&path, source, problem));
    found.extend(problems.filter(|f| f.severity == Severity::Error));
    found
}

/// What nobody meant to sign, most likely: files that editors and file managers leave, and that
/// become a part of the state.
pub fn leftovers(tree: &Tree) -> Vec<Finding> {
    let strays = tree.below(PACKAGES).filter(|(path, _)| {
        let name = path.rsplit('/').next().unwrap_or_default();
        is_leftover(name) && matches!(Place::of(path), Ok(Place::Stray(_)))
    });
    strays.map(|(path, _)| leftover(path)).collect()
}

pub(super) fn leftover(path: &str) -> Finding {
    let message = format!("`{path}` becomes a part of what is signed");
    let hint = "it is called like what an editor or a file manager leaves: remove it, unless somebody wants it there";
    Finding::warning(Code::UnexpectedFile, path, message).hint(hint)
}

impl Plan {
    /// Says what was left out, if anything was, before anybody is asked: the first paths, each with
    /// why, and how all of them are listed.
    pub(super) fn say_left_out(&mut self) {
        let mut paths: BTreeMap<String, &'static str> = BTreeMap::new();
        for finding in &self.left_out {
            let path = match finding.path.as_str() {
                "" => "the repository",
                path => path,
            };
            let title = finding.code.title();
            paths.entry(path.to_owned()).or_insert(title);
        }
        if paths.is_empty() {
            return;
        }
        self.say(format!(
            "leaves out {}, which clients would refuse (`--dry-run` lists all, with what to do):",
            counted(paths.len(), "path")
        ));
        for (path, title) in paths.iter().take(LEFT_OUT_SHOWN) {
            self.say(format!("  {path}: {title}"));
        }
        let more = paths.len().saturating_sub(LEFT_OUT_SHOWN);
        if more > 0 {
            self.say(format!("  and {}", counted(more, "more path")));
        }
    }
}
