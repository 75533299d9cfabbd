//! C14: releases that come back.

use std::collections::BTreeSet;

use conex_verify::finding::{Code, Finding};
use conex_verify::format::name::Release;
use conex_verify::format::path::release_dir;
use conex_verify::format::resource::ResourceId;
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;

/// The directories of releases that a change brings, and that may have been there before: somebody
/// signed for the release, or a release of the package went.
pub fn may_return(base: &Repository, merged: &Repository) -> BTreeSet<String> {
    let segments = base.segments.iter();
    let entries = segments.flat_map(|(_, loaded)| &loaded.value.segment.entries);
    let signed: BTreeSet<&ResourceId> = entries.map(|entry| &entry.resource).collect();
    let mut directories = BTreeSet::new();
    for (name, package) in &merged.packages {
        let before = base.packages.get(name);
        let list = before.and_then(|package| package.releases.good());
        let went = list.is_some_and(|list| list.value.floor > 0 || list.value.revision.epoch > 0);
        let there = |release: &Release| {
            before.is_some_and(|package| package.directories.contains_key(release))
        };
        let new = package.directories.keys().filter(|r| !there(r));
        let once = new.filter(|r| went || signed.contains(&ResourceId::checksum(r)));
        directories.extend(once.map(|r| release_dir(r).trim_end_matches('/').to_owned()));
    }
    directories
}

/// C14: A release that comes back has every file that it had when it went: who has the old one
/// gets both changes in one patch, and opam 2.6 removes a whole directory where a file goes.
pub fn lacks_files(merged: &Tree, directory: &str, had: &BTreeSet<String>) -> Option<Finding> {
    let lost = had.iter().find(|path| merged.get(path).is_none())?;
    Some(
        Finding::error(
            Code::PatchAmbiguous,
            lost,
            format!("the release in `{directory}` comes back without a file that it had when it went: opam 2.6 loses the others as well"),
        )
        .hint("bring the file as well, or take another version"),
    )
}
