//! The closed grammar of paths: what each path of a repository is.
//!
//! opam finds packages at any depth, by the name of the last directory, and from
//! version 2.5 on by any file called `opam`. So everything below `packages/` has
//! exactly one place here or is refused, and nothing else may be called `opam`.

use std::fmt;

use thiserror::Error;

use super::name::{Id, PackageName, Release, first_other, on_disk};
use crate::limits::{MAX_COMPONENT_LEN, MAX_PATH_LEN};

/// Where everything of a repository lies that opam reads.
pub const PACKAGES: &str = "packages/";
/// Where Conex keeps what belongs to no package.
pub const CONEX: &str = "packages/.conex/";

/// What a path of a repository is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// `packages/.conex/janitors/<n>`: a link of the janitor chain.
    Link(u64),
    /// `packages/.conex/ids/<id>`: an author or a team.
    IdFile(Id),
    /// `packages/.conex/index/<id>/<segment>/index`: a part of an index.
    Segment(Id, SegmentName),
    /// `packages/.conex/repo`: what the top-level `repo` file may say.
    Repo,
    /// `packages/.conex/claims`: the packages that are claimed for ever.
    Claims,
    /// `packages/.conex/snapshot`.
    Snapshot,
    /// `packages/<name>/authorisation`.
    Authorisation(PackageName),
    /// `packages/<name>/releases`.
    Releases(PackageName),
    /// `packages/<name>/<name.version>/checksum`.
    Checksum(Release),
    /// `packages/<name>/<name.version>/opam`.
    Opam(Release),
    /// `packages/<name>/<name.version>/files/…`; the path below the directory of the release.
    File(Release, String),
    /// `packages/<name>/<name.version>/url` or `descr`: what opam 1.2 kept beside `opam`, and
    /// opam 2 still reads.
    Old(Release, OldFile),
    /// A file of a release in a directory where opam finds it, and where it does not belong:
    /// `packages/<name.version>/…` or `packages/<other>/<name.version>/…`.
    Misplaced(Misplaced),
    /// A file that opam does not read: the path.
    Stray(String),
}

/// A file of opam 1.2 in the directory of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OldFile {
    /// `url`: the source archive.
    Url,
    /// `descr`: the description.
    Descr,
}

impl OldFile {
    /// The name of the file.
    pub fn as_str(self) -> &'static str {
        match self {
            OldFile::Url => "url",
            OldFile::Descr => "descr",
        }
    }
}

/// A file of a release that lies elsewhere than in `packages/<name>/<name.version>/`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Misplaced {
    /// The directory that opam takes for the release, with a slash at its end.
    pub dir: String,
    /// The release: the last component of the directory.
    pub release: Release,
    /// `opam`, `url`, `descr` or `files/…`.
    pub below: String,
}

/// The directory name of a segment: the first 16 hex digits of the digest of its file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SegmentName(Box<str>);

impl SegmentName {
    /// The text, 16 lower-case hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a path has no place.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PathError {
    /// Longer than any archive format of opam can hold.
    #[error("the path has {len} bytes, the most is {MAX_PATH_LEN}")]
    TooLong {
        /// Length found, in bytes.
        len: usize,
    },
    /// One component is too long.
    #[error("`{component}` has {} bytes, the most is {MAX_COMPONENT_LEN}", component.len())]
    LongComponent {
        /// The component.
        component: String,
    },
    /// An empty component, `.` or `..`.
    #[error("`{component}` is not a name")]
    NotAName {
        /// The component.
        component: String,
    },
    /// A character that paths cannot have.
    #[error("`{component}` has {found:?}; allowed are letters, digits and `.`, `_`, `+`, `~`, `-`")]
    Character {
        /// The component.
        component: String,
        /// The first character that is not allowed.
        found: char,
    },
    /// A name that opam or a version control system treats specially.
    #[error("`{component}` is not allowed here: {why}")]
    Special {
        /// The component.
        component: String,
        /// What it would do.
        why: &'static str,
    },
    /// Below `packages/`, but nothing that the grammar has.
    #[error("no such place exists: {expected}")]
    NoPlace {
        /// What could stand there.
        expected: String,
    },
}

/// Names that a version control system keeps for itself: opam's differ skips
/// these directories, opam's loader does not, and git obeys the files.
const VCS_NAMES: [&str; 6] = [
    ".git",
    ".hg",
    "_darcs",
    ".gitignore",
    ".gitattributes",
    ".gitmodules",
];

/// Names that Windows keeps for devices, whatever stands behind the first dot.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// Names that opam or Conex gives a meaning, in lower case: no stray is called so, for file
/// systems that do not tell case apart.
const MEANINGS: [&str; 8] = [
    ".conex",
    "opam",
    "files",
    "url",
    "descr",
    "authorisation",
    "releases",
    "checksum",
];

/// Checks one component of a path below `packages/`.
fn component(text: &str) -> Result<(), PathError> {
    let owned = || text.to_owned();
    if text.is_empty() || text == "." || text == ".." {
        return Err(PathError::NotAName { component: owned() });
    }
    if text.len() > MAX_COMPONENT_LEN {
        return Err(PathError::LongComponent { component: owned() });
    }
    let allowed =
        |_, c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '~' | '-');
    if let Some((_, found)) = first_other(text, allowed) {
        return Err(PathError::Character {
            component: owned(),
            found,
        });
    }
    if VCS_NAMES.iter().any(|vcs| vcs.eq_ignore_ascii_case(text)) {
        return Err(PathError::Special {
            component: owned(),
            why: "version control systems act on this name",
        });
    }
    Ok(())
}

/// Checks the name of a directory directly below `packages/`, as a snapshot states it.
///
/// # Errors
/// A name outside the grammar of components.
pub fn directory(text: &str) -> Result<Box<str>, PathError> {
    component(text).map(|()| text.into())
}

/// Whether every file system can hold a file of this name: no dot at the end, and no name
/// that Windows keeps for a device.
pub fn is_portable(name: &str) -> bool {
    let stem = name
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let numbered = |device: &str| {
        stem.strip_prefix(device)
            .is_some_and(|n| matches!(n.as_bytes(), [b'0'..=b'9']))
    };
    !name.ends_with('.')
        && !DEVICES.contains(&stem.as_str())
        && !numbered("com")
        && !numbered("lpt")
}

/// V7.2: Whether opam does not read a file of this name, on any file system.
fn is_stray(name: &str) -> bool {
    is_portable(name)
        && !MEANINGS
            .iter()
            .any(|other| other.eq_ignore_ascii_case(name))
}

fn no_place(expected: impl Into<String>) -> PathError {
    PathError::NoPlace {
        expected: expected.into(),
    }
}

impl Place {
    /// The package to which the path belongs: of a misplaced release the one that opam takes it
    /// for.
    pub fn package(&self) -> Option<PackageName> {
        match self {
            Place::Authorisation(name) | Place::Releases(name) => Some(name.clone()),
            Place::Checksum(release)
            | Place::Opam(release)
            | Place::File(release, _)
            | Place::Old(release, _) => Some(release.name()),
            Place::Misplaced(file) => Some(file.release.name()),
            Place::Link(_)
            | Place::IdFile(_)
            | Place::Segment(..)
            | Place::Repo
            | Place::Claims
            | Place::Snapshot
            | Place::Stray(_) => None,
        }
    }

    /// V7.1: The place of `path`, which starts with `packages/`.
    ///
    /// The list of places is closed: a path that is none of them is an error, whatever opam
    /// makes of it. opam recognises its files by other rules than these (the last component,
    /// at any depth).
    ///
    /// # Errors
    /// Any path that the grammar does not have.
    pub fn of(path: &str) -> Result<Place, PathError> {
        if path.len() > MAX_PATH_LEN {
            return Err(PathError::TooLong { len: path.len() });
        }
        path.split('/').try_for_each(component)?;
        let rest = path
            .strip_prefix(PACKAGES)
            .ok_or_else(|| no_place("the path is not below `packages/`"))?;
        let place = Place::below(path, rest)?;
        // Only the last component of a description is called so.
        let above = match place.is_description() {
            true => rest.strip_suffix("/opam").unwrap_or(rest),
            false => rest,
        };
        match forbidden_name(above) {
            Some(component) => Err(PathError::Special {
                component,
                why: "opam takes a file or directory of this name for the description of a package",
            }),
            None => Ok(place),
        }
    }

    /// Whether it is the description of a release.
    fn is_description(&self) -> bool {
        match self {
            Place::Opam(_) => true,
            Place::Misplaced(file) => file.below == "opam",
            _ => false,
        }
    }

    /// A path below `packages/`.
    fn below(path: &str, rest: &str) -> Result<Place, PathError> {
        if let Some(rest) = rest.strip_prefix(".conex/") {
            return Place::of_conex(rest);
        }
        let Some((top, rest)) = rest.split_once('/') else {
            let conex = rest.eq_ignore_ascii_case(".conex");
            return match is_stray(rest) && !conex {
                true => Ok(Place::Stray(path.to_owned())),
                false => Err(no_place(
                    "`packages/` holds directories of packages, and files that opam does not read",
                )),
            };
        };
        match PackageName::new(top) {
            Ok(package) => Place::of_package(path, package, rest),
            Err(error) => match Release::new(top) {
                Ok(release) => Place::misplaced(path, release, rest),
                Err(_) => Err(no_place(error.to_string())),
            },
        }
    }

    /// A path below `packages/<package>/`.
    fn of_package(path: &str, package: PackageName, rest: &str) -> Result<Place, PathError> {
        let Some((dir, rest)) = rest.split_once('/') else {
            return match rest {
                "authorisation" => Ok(Place::Authorisation(package)),
                "releases" => Ok(Place::Releases(package)),
                _ if is_stray(rest) => Ok(Place::Stray(path.to_owned())),
                _ => Err(no_place(format!(
                    "`packages/{package}/` holds `authorisation`, `releases`, directories `{package}.<version>`, and files that opam does not read"
                ))),
            };
        };
        let release = Release::new(dir).map_err(|e| no_place(e.to_string()))?;
        if release.name_str() != package.as_str() {
            return Place::misplaced(path, release, rest);
        }
        match rest {
            "opam" => Ok(Place::Opam(release)),
            "checksum" => Ok(Place::Checksum(release)),
            "url" => Ok(Place::Old(release, OldFile::Url)),
            "descr" => Ok(Place::Old(release, OldFile::Descr)),
            _ if rest.starts_with("files/") => Ok(Place::File(release, rest.to_owned())),
            _ if !rest.contains('/') && is_stray(rest) => Ok(Place::Stray(path.to_owned())),
            _ => Err(no_place(
                "a release holds `opam`, `checksum`, `files/…`, and files directly in it that opam does not read",
            )),
        }
    }

    /// V7.6: A path below a directory that opam takes for a release of another place.
    fn misplaced(path: &str, release: Release, rest: &str) -> Result<Place, PathError> {
        if !matches!(rest, "opam" | "url" | "descr") && !rest.starts_with("files/") {
            return Err(no_place(format!(
                "the release `{release}` belongs to `packages/{}/{release}/`; here it has only what opam reads",
                release.name_str()
            )));
        }
        Ok(Place::Misplaced(Misplaced {
            dir: path.strip_suffix(rest).unwrap_or_default().to_owned(),
            release,
            below: rest.to_owned(),
        }))
    }

    fn of_conex(rest: &str) -> Result<Place, PathError> {
        let none = |expected: &str| no_place(expected);
        let parts: Vec<&str> = rest.split('/').collect();
        match parts.as_slice() {
            ["repo"] => Ok(Place::Repo),
            ["claims"] => Ok(Place::Claims),
            ["snapshot"] => Ok(Place::Snapshot),
            ["janitors", n] => link_number(n)
                .map(Place::Link)
                .ok_or_else(|| none("a link is called by its number, without leading zeros")),
            ["ids", id] => Id::new(id)
                .map(Place::IdFile)
                .map_err(|e| no_place(e.to_string())),
            ["index", id, segment, "index"] => {
                let id = Id::new(id).map_err(|e| no_place(e.to_string()))?;
                let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
                if segment.len() == 16 && segment.bytes().all(hex) {
                    Ok(Place::Segment(id, SegmentName((*segment).into())))
                } else {
                    Err(none("a segment is called by 16 lower-case hex digits"))
                }
            }
            _ => Err(none(
                "`packages/.conex/` holds only `janitors/<n>`, `ids/<id>`, `index/<id>/<segment>/index`, `repo`, `claims` and `snapshot`",
            )),
        }
    }

    /// The path of this place.
    pub fn path(&self) -> String {
        match self {
            Place::Link(n) => format!("{CONEX}janitors/{n}"),
            Place::IdFile(id) => format!("{CONEX}ids/{id}"),
            Place::Segment(id, segment) => format!("{CONEX}index/{id}/{segment}/index"),
            Place::Repo => format!("{CONEX}repo"),
            Place::Claims => format!("{CONEX}claims"),
            Place::Snapshot => format!("{CONEX}snapshot"),
            Place::Authorisation(name) => format!("{PACKAGES}{name}/authorisation"),
            Place::Releases(name) => format!("{PACKAGES}{name}/releases"),
            Place::Checksum(release) => in_release(release, "checksum"),
            Place::Opam(release) => in_release(release, "opam"),
            Place::File(release, below) => in_release(release, below),
            Place::Old(release, file) => in_release(release, file.as_str()),
            Place::Misplaced(file) => format!("{}{}", file.dir, file.below),
            Place::Stray(path) => path.clone(),
        }
    }
}

/// The directory of a release, with a slash at its end.
pub fn release_dir(release: &Release) -> String {
    in_release(release, "")
}

/// The path of something in the directory of a release. Each file of each release needs it, so no
/// `format!`.
pub fn in_release(release: &Release, below: &str) -> String {
    [
        PACKAGES,
        release.name_str(),
        "/",
        release.as_str(),
        "/",
        below,
    ]
    .concat()
}

/// The path of the segment of `id` whose file has the digest that starts with `short`.
pub fn segment_path(id: &Id, short: &str) -> String {
    format!("{CONEX}index/{id}/{short}/index")
}

/// Reads a decimal number without sign and without leading zeros.
fn link_number(text: &str) -> Option<u64> {
    let canonical =
        text == "0" || (!text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit()));
    canonical.then(|| text.parse().ok()).flatten()
}

/// V7.4: The first component of `path` that opam would take for a package description.
///
/// Compared as some file system takes a name; a backslash ends a component on Windows.
pub fn forbidden_name(path: &str) -> Option<String> {
    // Of nearly all names the first letter says that they are others.
    let other = |part: &str| part.is_ascii() && !part.starts_with(['o', 'O']);
    path.split(['/', '\\'])
        .find(|part| !other(part) && on_disk(part) == "opam")
        .map(str::to_owned)
}

/// V6.5, V7.3: Checks a path of a file in a release as a checksum lists it: `opam` or `files/…`. No
/// directory below `files/` is called like a release: opam from 2.5 on forgets the release
/// of that name when a file in such a directory is removed.
///
/// # Errors
/// Any other path, or a component outside the grammar.
pub fn listed_file(path: &str) -> Result<(), PathError> {
    path.split('/').try_for_each(component)?;
    if path == "opam" {
        return Ok(());
    }
    let Some(below) = path.strip_prefix("files/") else {
        return Err(no_place("a checksum lists only `opam` and `files/…`"));
    };
    if let Some(component) = forbidden_name(below) {
        return Err(PathError::Special {
            component,
            why: "opam takes a file or directory of this name for the description of a package",
        });
    }
    let directories = below.rsplit_once('/').map_or("", |(dirs, _)| dirs);
    match directories.split('/').find(|d| Release::new(d).is_ok()) {
        Some(component) => Err(PathError::Special {
            component: component.to_owned(),
            why: "opam takes a directory of this name for a release",
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_its_path() {
        for path in [
            "packages/.conex/janitors/0",
            "packages/.conex/janitors/17",
            "packages/.conex/ids/author-c",
            "packages/.conex/index/author-c/0123456789abcdef/index",
            "packages/.conex/repo",
            "packages/.conex/snapshot",
            "packages/fmt/authorisation",
            "packages/fmt/releases",
            "packages/fmt/fmt.0.9.0/checksum",
            "packages/fmt/fmt.0.9.0/opam",
            "packages/fmt/fmt.0.9.0/files/a/b.patch",
            "packages/.conex/claims",
            "packages/fmt/fmt.0.9.0/url",
            "packages/fmt/fmt.0.9.0/descr",
            "packages/fmt.0.9.0/opam",
            "packages/fmt.0.9.0/files/a",
            "packages/other/fmt.0.9.0/opam",
            "packages/README",
            "packages/.keep_me",
            "packages/fmt/.generated",
            "packages/fmt/fmt.0.9.0/fmt.install",
            "packages/fmt/fmt.0.9.0/opam~",
        ] {
            assert_eq!(Place::of(path).unwrap().path(), path);
        }
    }

    #[test]
    fn everything_else_has_no_place() {
        for path in [
            "packages/",
            "packages/opam",
            "packages/.conex",
            "packages/OPAM",
            "packages/Files",
            "packages/NUL",
            "packages/com1.txt",
            "packages/readme.",
            "packages/fmt/URL",
            "packages/fmt/Checksum",
            "packages/fmt/opam",
            "packages/fmt/opam/x",
            "packages/opam/opam.1/opam",
            "packages/Opam/x.1/opam",
            "packages/fmt/sub/x",
            "packages/fmt/fmt.1/sub/x",
            "packages/fmt/fmt.1/Files/x",
            "packages/fmt/fmt.1/files./x",
            "packages/fmt/fmt.1/URL",
            "packages/fmt/fmt.1/Descr",
            "packages/fmt/fmt.1/fmt.1/opam",
            "packages/fmt/fmt.1/files/opam",
            "packages/fmt.1/README",
            "packages/fmt.1/checksum",
            "packages/other/fmt.1/checksum",
            "packages/other/fmt.1/README",
            "packages/.conex/README",
            "packages/.conex/bundle/ids",
            "packages/.conex/opam",
            "packages/.conex/ids/opam",
            "packages/.conex/ids/janitors",
            "packages/.conex/janitors/00",
            "packages/.conex/janitors/01",
            "packages/.conex/janitors/-1",
            "packages/.conex/janitors/+1",
            "packages/.conex/janitors/99999999999999999999",
            "packages/.conex/index/a/0123456789ABCDEF/index",
            "packages/.conex/index/a/0123456789abcde/index",
            "packages/.conex/index/a/index",
            "packages/.conex/index/a/0123456789abcdef/index/opam",
            "packages/x/y/z/deep.1.0/opam",
            "packages/alpha/alpha.1.0/files",
            "packages/alpha/alpha.1.0/opam/x",
            "packages/alpha/alpha.1.0/files/evil.6.6/opam",
            "packages/alpha/alpha.1.0/files/OPAM",
            "packages/alpha/alpha.1.0/files/opam/x",
            "packages/alpha/alpha.1.0/files/.git/x",
            "packages/alpha/alpha.1.0/files/.gitattributes",
            "packages/alpha/alpha.1.0/files/_darcs/x",
            "packages/alpha/alpha.1.0/files/../opam",
            "packages/alpha/alpha.1.0//opam",
            "packages/alpha/alpha.1.0/files/",
            "packages/alpha/alpha.1.0/files/a b",
            "packages/alpha/alpha.1.0/files/a\nb",
            "packages/.git/evil.1/opam",
            "packages/123/123.1/opam",
            "/packages/a/a.1/opam",
            "repo",
        ] {
            assert!(Place::of(path).is_err(), "{path}");
        }
        let long = format!("packages/a/a.1/files/{}", "x/".repeat(120));
        assert!(Place::of(&format!("{long}x")).is_err());
    }
}
