//! A part of a tree, for commands about some packages.

use std::collections::{BTreeSet, HashSet};

use super::package_or_name;
use conex_verify::format::name::{PackageName, Release, fold};
use conex_verify::format::path::{PACKAGES, Place};
use conex_verify::format::resource::{Entry, Kind, Segment, SignedSegment};
use conex_verify::limits::{MAX_PACKAGES, MAX_RELEASES};
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::{Loaded, Repository};

/// Whether a part of a tree is enough to say of its packages what the whole says of them, as far as
/// names decide that. `outside` are the paths in `packages/` that were not opened: directories, with
/// a slash at their end, and what is in them.
///
/// * V0.2: no two names differ only in case: the other one can be anybody's.
/// * V7.1, V7.6: each directory is that of a package, and each in it that of a release of that
///   package. Anywhere else, as `packages/NAME.1.0` or `packages/OTHER/NAME.1.0`, opam would find a
///   release of one of the packages.
/// * V7.5: no directory is empty.
/// * V0.5: there are not too many of them.
pub fn is_enough(part: &Tree, outside: &[String]) -> bool {
    let first = |path: &str| {
        let name = path.strip_prefix(PACKAGES)?.split('/').next()?;
        Some(format!("{PACKAGES}{name}"))
    };
    let inside: BTreeSet<String> = part.files.keys().filter_map(|path| first(path)).collect();
    let mut folded = HashSet::new();
    let names = inside.iter().chain(outside);
    let distinct = names
        .map(|path| fold(path.trim_end_matches('/')))
        .all(|name| folded.insert(name));
    let directories = outside.iter().filter(|path| path.ends_with('/'));
    let (releases, packages): (Vec<&str>, Vec<&str>) = directories
        .map(String::as_str)
        .partition(|path| path.matches('/').count() > 2);
    let full: HashSet<&str> = outside.iter().filter_map(|path| parent(path)).collect();
    distinct
        && outside.iter().all(|path| has_place(path))
        && packages.iter().all(|path| full.contains(path))
        && packages.len() + inside.len() <= MAX_PACKAGES
        && releases.len() + part.files.len() <= MAX_RELEASES
}

/// The directory, with a slash at its end, in which something lies that is not in `packages/` itself.
fn parent(path: &str) -> Option<&str> {
    let name = path.trim_end_matches('/');
    let end = name.rfind('/')?.checked_add(1)?;
    name.get(..end).filter(|parent| *parent != PACKAGES)
}

/// Whether a directory, or a file in one, lies where it belongs.
fn has_place(path: &str) -> bool {
    let Some(directory) = path.strip_suffix('/') else {
        return Place::of(path).is_ok();
    };
    let mut names = directory.split('/').skip(1);
    let package = names.next().and_then(|name| PackageName::new(name).ok());
    package.is_some_and(|package| match names.next() {
        None => true,
        Some(name) => Release::new(name).is_ok_and(|release| release.name() == package),
    })
}

/// Forgets what is vouched for about other packages than these, for those who ask about these alone;
/// and gives the segments as they are.
pub fn keep_packages(
    repository: &mut Repository,
    packages: &BTreeSet<PackageName>,
) -> Vec<(String, Loaded<SignedSegment>)> {
    let names: HashSet<&str> = packages.iter().map(PackageName::as_str).collect();
    let is_kept = |entry: &&Entry| match entry.resource.kind {
        Kind::Author | Kind::Team | Kind::Repo | Kind::Claims => true,
        Kind::Authorisation | Kind::Releases | Kind::Checksum => {
            names.contains(package_or_name(&entry.resource))
        }
    };
    let part = |(path, loaded): &(String, Loaded<SignedSegment>)| {
        let whole = &loaded.value;
        let segment = Segment {
            repository: whole.segment.repository,
            id: whole.segment.id.clone(),
            created: whole.segment.created.clone(),
            entries: whole
                .segment
                .entries
                .iter()
                .filter(is_kept)
                .cloned()
                .collect(),
        };
        let value = SignedSegment {
            segment,
            key: whole.key,
            signature: whole.signature.clone(),
            signed_len: whole.signed_len,
        };
        // The signature is over the bytes, which stay.
        let (digest, bytes) = (loaded.digest, loaded.bytes.clone());
        (
            path.clone(),
            Loaded {
                value,
                digest,
                bytes,
            },
        )
    };
    let parts = repository.segments.iter().map(part).collect();
    std::mem::replace(&mut repository.segments, parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a part with the package `fmt` is enough beside these paths.
    fn enough(outside: &[&str]) -> bool {
        let mut part = Tree::default();
        for path in ["repo", "packages/.conex/repo", "packages/fmt/fmt.1/opam"] {
            part.files.insert(path.to_owned(), b"".as_slice().into());
        }
        let outside: Vec<String> = outside.iter().map(|path| (*path).to_owned()).collect();
        is_enough(&part, &outside)
    }

    #[test]
    fn beside_packages_in_their_places_a_part_is_enough() {
        assert!(enough(&[]));
        assert!(enough(&[
            "packages/lwt/lwt.1/",
            "packages/lwt/lwt.2~a/",
            "packages/lwt/authorisation",
            "packages/lwt/releases",
            "packages/lwt/",
        ]));
    }

    /// Attack: a release of `fmt` somewhere else, which whoever signs `fmt` alone would not see.
    #[test]
    fn a_release_that_lies_elsewhere_takes_the_whole_tree() {
        assert!(!enough(&["packages/fmt.2/opam", "packages/fmt.2/"]));
        assert!(!enough(&["packages/lwt/fmt.2/", "packages/lwt/"]));
    }

    #[test]
    fn names_that_differ_only_in_case_take_the_whole_tree() {
        assert!(!enough(&["packages/FMT/FMT.1/", "packages/FMT/"]));
        let two = [
            "packages/lwt/lwt.1a/",
            "packages/lwt/lwt.1A/",
            "packages/lwt/",
        ];
        assert!(!enough(&two));
    }

    #[test]
    fn what_has_no_place_takes_the_whole_tree() {
        for strange in [
            "packages/lwt/opam",
            "packages/lwt/files/",
            "packages/lwt/.x/",
        ] {
            assert!(!enough(&[strange, "packages/lwt/"]), "{strange}");
        }
        assert!(!enough(&["packages/lwt/"]), "empty");
    }

    #[test]
    fn too_many_packages_take_the_whole_tree() {
        let paths = |n| -> Vec<String> {
            let dirs = (0..n).map(|n| format!("packages/p{n}/"));
            dirs.flat_map(|dir| [format!("{dir}authorisation"), dir])
                .collect()
        };
        // Beside `fmt` and `.conex`.
        let most = paths(MAX_PACKAGES - 2);
        let most: Vec<&str> = most.iter().map(String::as_str).collect();
        assert!(enough(&most));
        let over = paths(MAX_PACKAGES);
        let over: Vec<&str> = over.iter().map(String::as_str).collect();
        assert!(!enough(&over));
    }
}
