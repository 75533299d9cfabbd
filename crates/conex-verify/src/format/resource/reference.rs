//! What a resource is called, and which version of it is meant.

use std::fmt;

use crate::format::digest::Digest;
use crate::format::name::{Id, PackageName, Release};
use crate::format::path::Place;
use crate::limits::MAX_INTEGER;

/// The types of resource that an index can vouch for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A person: keys and accounts.
    Author,
    /// Some persons.
    Team,
    /// What the top-level `repo` file may say.
    Repo,
    /// Which packages are claimed for ever.
    Claims,
    /// Who owns a package.
    Authorisation,
    /// Which releases a package has.
    Releases,
    /// Which files a release has.
    Checksum,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Kind; 7] = [
        Kind::Author,
        Kind::Team,
        Kind::Repo,
        Kind::Claims,
        Kind::Authorisation,
        Kind::Releases,
        Kind::Checksum,
    ];

    /// The text that stands in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Author => "author",
            Kind::Team => "team",
            Kind::Repo => "repo",
            Kind::Claims => "claims",
            Kind::Authorisation => "authorisation",
            Kind::Releases => "releases",
            Kind::Checksum => "checksum",
        }
    }

    /// The kind called `text`.
    pub fn from_text(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.as_str() == text)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One resource: its type and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceId {
    /// The type.
    pub kind: Kind,
    /// The name, in the grammar of its kind.
    pub name: Box<str>,
}

/// The name of the one resource of kind [`Kind::Repo`].
pub const REPO_NAME: &str = "repo";
/// The name of the one resource of kind [`Kind::Claims`].
pub const CLAIMS_NAME: &str = "claims";

impl ResourceId {
    /// The resource of this kind and name.
    ///
    /// # Errors
    /// A name outside the grammar of the kind; the text says which part.
    pub fn new(kind: Kind, name: &str) -> Result<ResourceId, String> {
        match kind {
            Kind::Author | Kind::Team => Id::new(name).map(drop).map_err(|e| e.to_string()),
            Kind::Repo | Kind::Claims if name == kind.as_str() => Ok(()),
            Kind::Repo | Kind::Claims => Err(format!(
                "the name of the {kind} resource is `{kind}`, not {name:?}"
            )),
            Kind::Authorisation | Kind::Releases => {
                PackageName::new(name).map(drop).map_err(|e| e.to_string())
            }
            Kind::Checksum => Release::new(name).map(drop).map_err(|e| e.to_string()),
        }?;
        Ok(ResourceId {
            kind,
            name: name.into(),
        })
    }

    /// An author's or team's file.
    pub fn id(kind: Kind, id: &Id) -> ResourceId {
        ResourceId {
            kind,
            name: id.as_str().into(),
        }
    }

    /// What the files at the top may say.
    pub fn repo() -> ResourceId {
        ResourceId {
            kind: Kind::Repo,
            name: REPO_NAME.into(),
        }
    }

    /// The packages that are claimed for ever.
    pub fn claims() -> ResourceId {
        ResourceId {
            kind: Kind::Claims,
            name: CLAIMS_NAME.into(),
        }
    }

    /// Who owns a package.
    pub fn authorisation(name: &PackageName) -> ResourceId {
        ResourceId {
            kind: Kind::Authorisation,
            name: name.as_str().into(),
        }
    }

    /// Which releases a package has.
    pub fn releases(name: &PackageName) -> ResourceId {
        ResourceId {
            kind: Kind::Releases,
            name: name.as_str().into(),
        }
    }

    /// Which files a release has.
    pub fn checksum(release: &Release) -> ResourceId {
        ResourceId {
            kind: Kind::Checksum,
            name: release.as_str().into(),
        }
    }

    /// The package that the resource belongs to, if it belongs to one.
    pub fn package(&self) -> Option<PackageName> {
        match self.kind {
            Kind::Author | Kind::Team | Kind::Repo | Kind::Claims => None,
            Kind::Authorisation | Kind::Releases => PackageName::new(&self.name).ok(),
            Kind::Checksum => Some(Release::new(&self.name).ok()?.name()),
        }
    }

    /// The path of the file that holds this resource.
    pub fn path(&self) -> String {
        let name = &self.name;
        match self.kind {
            Kind::Author | Kind::Team => format!("packages/.conex/ids/{name}"),
            Kind::Repo => Place::Repo.path(),
            Kind::Claims => Place::Claims.path(),
            Kind::Authorisation => format!("packages/{name}/authorisation"),
            Kind::Releases => format!("packages/{name}/releases"),
            Kind::Checksum => {
                let package = name.split('.').next().unwrap_or_default();
                format!("packages/{package}/{name}/checksum")
            }
        }
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Repo => f.write_str("approval of the top-level files"),
            Kind::Claims => f.write_str("list of claims"),
            kind => write!(f, "{kind} `{}`", self.name),
        }
    }
}

/// Where a resource stands in its history: the epoch, then the counter within it.
///
/// Owners and janitors raise the counter with every change; only a quorum raises
/// the epoch, to recover from a counter that a stolen key pushed to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision {
    /// 0 to [`MAX_EPOCH`](crate::limits::MAX_EPOCH).
    pub epoch: u64,
    /// 0 to 2^62 - 1.
    pub counter: u64,
}

impl Revision {
    /// The first revision of a new resource.
    pub const FIRST: Revision = Revision {
        epoch: 0,
        counter: 1,
    };

    /// The next revision in the same epoch, or `None` at the end of the counter.
    pub fn next(self) -> Option<Revision> {
        (self.counter < MAX_INTEGER).then(|| Revision {
            counter: self.counter + 1,
            ..self
        })
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epoch {} counter {}", self.epoch, self.counter)
    }
}

/// One version of a resource: its revision and the digest of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceVersion {
    /// Epoch and counter.
    pub revision: Revision,
    /// The digest over the exact bytes of the file.
    pub digest: Digest,
}
