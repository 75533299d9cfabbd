//! The closed grammar of paths: what each path of a repository is.
//!
//! opam finds packages at any depth, by the name of the last directory, and from
//! version 2.5 on by any file called `opam`. So everything below `packages/` has
//! exactly one place here or is refused, and nothing else may be called `opam`.

use std::fmt;

use thiserror::Error;

use super::name::{Id, PackageName, Release};
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

/// Checks one component of a path below `packages/`.
fn component(text: &str) -> Result<(), PathError> {
    let owned = || text.to_owned();
    if text.is_empty() || text == "." || text == ".." {
        return Err(PathError::NotAName { component: owned() });
    }
    if text.len() > MAX_COMPONENT_LEN {
        return Err(PathError::LongComponent { component: owned() });
    }
    if let Some(found) = text
        .chars()
        .find(|&c| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '~' | '-')))
    {
        return Err(PathError::Character {
            component: owned(),
            found,
        });
    }
    if VCS_NAMES.contains(&text.to_ascii_lowercase().as_str()) {
        return Err(PathError::Special {
            component: owned(),
            why: "version control systems act on this name",
        });
    }
    Ok(())
}

impl Place {
    /// The place of `path`, which starts with `packages/`.
    ///
    /// # Errors
    /// Any path that the grammar does not have.
    pub fn of(path: &str) -> Result<Place, PathError> {
        if path.len() > MAX_PATH_LEN {
            return Err(PathError::TooLong { len: path.len() });
        }
        path.split('/').try_for_each(component)?;
        let none = |expected: &str| PathError::NoPlace {
            expected: expected.to_owned(),
        };
        let rest = path
            .strip_prefix(PACKAGES)
            .ok_or_else(|| none("the path is not below `packages/`"))?;
        if let Some(rest) = rest.strip_prefix(".conex/") {
            return Place::of_conex(rest);
        }
        let Some((name, rest)) = rest.split_once('/') else {
            return Err(none(
                "`packages/` holds only directories of packages and `.conex`",
            ));
        };
        let package = PackageName::new(name).map_err(|e| none(&e.to_string()))?;
        let Some((dir, rest)) = rest.split_once('/') else {
            return match rest {
                "authorisation" => Ok(Place::Authorisation(package)),
                "releases" => Ok(Place::Releases(package)),
                _ => Err(none(&format!(
                    "`packages/{name}/` holds only `authorisation`, `releases` and directories `{name}.<version>`"
                ))),
            };
        };
        let release = Release::new(dir).map_err(|e| none(&e.to_string()))?;
        if release.name_str() != name {
            return Err(none(&format!(
                "a directory of `packages/{name}/` is called `{name}.<version>`"
            )));
        }
        match rest {
            "opam" => Ok(Place::Opam(release)),
            "checksum" => Ok(Place::Checksum(release)),
            _ if rest.starts_with("files/") => match forbidden_name(rest) {
                Some(component) => Err(PathError::Special {
                    component,
                    why: "opam takes a file of this name for a package",
                }),
                None => Ok(Place::File(release, rest.to_owned())),
            },
            _ => Err(none(
                "a release holds only `opam`, `checksum` and `files/…`",
            )),
        }
    }

    fn of_conex(rest: &str) -> Result<Place, PathError> {
        let none = |expected: &str| PathError::NoPlace {
            expected: expected.to_owned(),
        };
        let parts: Vec<&str> = rest.split('/').collect();
        match parts.as_slice() {
            ["repo"] => Ok(Place::Repo),
            ["snapshot"] => Ok(Place::Snapshot),
            ["janitors", n] => link_number(n)
                .map(Place::Link)
                .ok_or_else(|| none("a link is called by its number, without leading zeros")),
            ["ids", id] => Id::new(id)
                .map(Place::IdFile)
                .map_err(|e| none(&e.to_string())),
            ["index", id, segment, "index"] => {
                let id = Id::new(id).map_err(|e| none(&e.to_string()))?;
                let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
                if segment.len() == 16 && segment.bytes().all(hex) {
                    Ok(Place::Segment(id, SegmentName((*segment).into())))
                } else {
                    Err(none("a segment is called by 16 lower-case hex digits"))
                }
            }
            _ => Err(none(
                "`packages/.conex/` holds only `janitors/<n>`, `ids/<id>`, `index/<id>/<segment>/index`, `repo` and `snapshot`",
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
            Place::Snapshot => format!("{CONEX}snapshot"),
            Place::Authorisation(name) => format!("{PACKAGES}{name}/authorisation"),
            Place::Releases(name) => format!("{PACKAGES}{name}/releases"),
            Place::Checksum(release) => format!("{}checksum", release_dir(release)),
            Place::Opam(release) => format!("{}opam", release_dir(release)),
            Place::File(release, below) => format!("{}{below}", release_dir(release)),
        }
    }
}

/// The directory of a release, with a slash at its end.
pub fn release_dir(release: &Release) -> String {
    format!("{PACKAGES}{}/{release}/", release.name_str())
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

/// The last component of `path`, if opam would take it for a package description.
///
/// Compared without case, for file systems that do not tell case apart.
pub fn forbidden_name(path: &str) -> Option<String> {
    path.split('/')
        .find(|part| part.eq_ignore_ascii_case("opam"))
        .map(str::to_owned)
}

/// Checks a path of a file in a release as a checksum lists it: `opam` or `files/…`.
///
/// # Errors
/// Any other path, or a component outside the grammar.
pub fn listed_file(path: &str) -> Result<(), PathError> {
    path.split('/').try_for_each(component)?;
    if path == "opam" || (path.starts_with("files/") && forbidden_name(path).is_none()) {
        Ok(())
    } else {
        Err(PathError::NoPlace {
            expected: "a release holds only `opam` and `files/…` beside its checksum".to_owned(),
        })
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
        ] {
            assert_eq!(Place::of(path).unwrap().path(), path);
        }
    }

    #[test]
    fn everything_else_has_no_place() {
        for path in [
            "packages/",
            "packages/opam",
            "packages/README",
            "packages/.conex",
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
            "packages/flat.1.0/opam",
            "packages/x/y/z/deep.1.0/opam",
            "packages/alpha/omega.1.0/opam",
            "packages/alpha/alpha.1.0/url",
            "packages/alpha/alpha.1.0/descr",
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
