//! Which of the things that wait are meant.

use std::collections::BTreeSet;

use super::World;
use super::world::package_or_name;
use conex_verify::format::name::{Id, PackageName};
use conex_verify::format::path::Place;
use conex_verify::format::resource::{Kind, ResourceId};

/// What a janitor wants to approve; by default everything that waits.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Only these packages, releases, authors and teams.
    pub names: Vec<String>,
    /// Only the files of these authors and teams, and the packages that they own, by
    /// themselves or as a member of a team. With `names`, those as well.
    pub authors: Vec<Id>,
    /// Only the files of these ids. Of an id that is that of a janitor, past or present, with another
    /// key, the file is meant in no other way.
    pub ids: Vec<Id>,
    /// Of that, only what these files belong to: the paths that a range of commits touches.
    pub touched: Option<BTreeSet<String>>,
    /// With packages that nobody owns and that were never approved: the janitors are to hold them.
    pub held: bool,
}

impl Scope {
    /// Only these names.
    pub fn named(names: &[String]) -> Scope {
        Scope {
            names: names.to_vec(),
            ..Scope::default()
        }
    }

    /// Whether a resource is meant.
    pub(super) fn means(&self, world: &World<'_>, resource: &ResourceId) -> bool {
        let named = self.names.iter().any(|name| is_about(resource, name)) || self.takes(resource);
        let owned = self.authors.iter().any(|id| belongs(world, resource, id));
        (self.is_all() || named || owned) && self.touches(resource)
    }

    /// Whether the last link is meant, which has no name.
    pub(super) fn has_link(&self, number: u64) -> bool {
        let path = Place::Link(number).path();
        self.is_all() && self.touched.as_ref().is_none_or(|t| t.contains(&path))
    }

    /// Whether names alone say what is meant.
    pub fn is_named_alone(&self) -> bool {
        self.authors.is_empty() && self.ids.is_empty() && self.touched.is_none()
    }

    /// Whether nothing is named.
    fn is_all(&self) -> bool {
        self.names.is_empty() && self.authors.is_empty() && self.ids.is_empty()
    }

    /// Whether this is the file of an id that is named as one.
    pub(super) fn takes(&self, resource: &ResourceId) -> bool {
        let mut ids = self.ids.iter();
        matches!(resource.kind, Kind::Author | Kind::Team)
            && ids.any(|id| *resource.name == *id.as_str())
    }

    fn touches(&self, resource: &ResourceId) -> bool {
        let Some(touched) = &self.touched else {
            return true;
        };
        let path = resource.path();
        // What is approved of the top is a file, and the files that it is about.
        let top = resource.kind == Kind::Repo && touched.iter().any(|p| !p.contains('/'));
        let release = match (resource.kind, path.strip_suffix("checksum")) {
            (Kind::Checksum, Some(dir)) => touched
                .range(dir.to_owned()..)
                .next()
                .is_some_and(|p| p.starts_with(dir)),
            _ => false,
        };
        top || release || touched.contains(&path)
    }
}

/// Whether a resource belongs to the package, release or id of this name.
pub(super) fn is_about(resource: &ResourceId, name: &str) -> bool {
    *resource.name == *name
        || (resource.kind == Kind::Checksum && resource.name.split('.').next() == Some(name))
}

/// Whether something is an id's: its file, or of a package that it owns.
fn belongs(world: &World<'_>, resource: &ResourceId, id: &Id) -> bool {
    match resource.kind {
        Kind::Author | Kind::Team => *resource.name == *id.as_str(),
        Kind::Repo | Kind::Claims => false,
        Kind::Authorisation | Kind::Releases | Kind::Checksum => {
            let Ok(name) = PackageName::new(package_or_name(resource)) else {
                return false;
            };
            let people = &world.assessment.people;
            world.report(&name).is_some_and(|report| {
                report.owners.contains(id)
                    || people.resolve(&report.owners, world.chain()).contains(id)
            })
        }
    }
}
