//! What belongs to a package: authorisation, releases, checksum.

use std::collections::{BTreeMap, BTreeSet};

use super::decode::{Decode, Resource};
use super::encode::{Encoder, list_of, quoted};
use super::error::{MetaError, MetaErrorKind};
use super::reference::{ResourceId, Revision};
use super::source::{Item as _, Source, header};
use crate::bytes::Bytes;
use crate::format::digest::Digest;
use crate::format::name::{Id, PackageName, Release};
use crate::format::path::listed_file;

/// Who owns a package: `packages/<name>/authorisation`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorisation {
    /// The package.
    pub name: PackageName,
    /// Epoch and counter.
    pub revision: Revision,
    /// Authors and teams. With none, only a quorum can vouch for the package.
    pub owners: BTreeSet<Id>,
}

/// Which releases a package has: `packages/<name>/releases`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Releases {
    /// The package.
    pub name: PackageName,
    /// Epoch and counter.
    pub revision: Revision,
    /// 0 to 2^62 - 1. A release that is not in a list starts, in the same epoch, above the
    /// floor of that list: so nothing that was removed comes back as it was.
    pub floor: u64,
    /// The releases, all of this package.
    pub releases: BTreeSet<Release>,
}

impl Releases {
    /// What a release that is not in this list has to be above: the epoch of the list, and
    /// its floor.
    pub fn floor(&self) -> Revision {
        Revision {
            epoch: self.revision.epoch,
            counter: self.floor,
        }
    }
}

/// Which files a release has: `packages/<name>/<name.version>/checksum`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    /// The release.
    pub release: Release,
    /// Epoch and counter.
    pub revision: Revision,
    /// Every file below the directory of the release but `checksum` itself.
    pub files: BTreeMap<Box<str>, FileDigest>,
}

/// Size and digest of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileDigest {
    /// The size, in bytes.
    pub size: u64,
    /// The digest of the exact bytes.
    pub digest: Digest,
}

impl FileDigest {
    /// Size and digest of these bytes.
    pub fn of(bytes: &[u8]) -> FileDigest {
        FileDigest {
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            digest: Digest::of(bytes),
        }
    }
}

impl From<&Bytes> for FileDigest {
    fn from(bytes: &Bytes) -> FileDigest {
        FileDigest {
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            digest: bytes.digest(),
        }
    }
}

fn package(text: &str) -> Result<PackageName, String> {
    PackageName::new(text).map_err(|e| e.to_string())
}

impl Decode for Authorisation {
    const TYPE: &'static str = "authorisation";

    fn fields<'a>(fields: &mut impl Source<'a>) -> Result<Self, MetaError> {
        let (name, revision) = header(fields, package)?;
        let owners = fields.list("owners", |item| item.id())?;
        fields.check()?;
        Ok(Authorisation {
            name,
            revision,
            owners,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::resource(Self::TYPE, self.name.as_str(), self.revision);
        out.set(
            "owners",
            self.owners.iter().map(|o| quoted(o.as_str())).collect(),
        );
        out.check();
        out.finish()
    }
}

impl Resource for Authorisation {
    fn resource_id(&self) -> ResourceId {
        ResourceId::authorisation(&self.name)
    }

    fn revision(&self) -> Revision {
        self.revision
    }
}

impl Decode for Releases {
    const TYPE: &'static str = "releases";

    fn fields<'a>(fields: &mut impl Source<'a>) -> Result<Self, MetaError> {
        let (name, revision) = header(fields, package)?;
        let of_package = |text: &str| {
            let release = Release::new(text).map_err(|e| MetaErrorKind::Value(e.to_string()))?;
            if release.name_str() == name.as_str() {
                Ok(release)
            } else {
                Err(MetaErrorKind::Value(format!(
                    "`{text}` is not a release of `{name}`"
                )))
            }
        };
        let floor = fields.integer("floor")?;
        let releases = fields.list("releases", |item| item.string_as(of_package))?;
        fields.check()?;
        Ok(Releases {
            name,
            revision,
            floor,
            releases,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::resource(Self::TYPE, self.name.as_str(), self.revision);
        out.integer("floor", self.floor);
        out.set(
            "releases",
            self.releases.iter().map(|r| quoted(r.as_str())).collect(),
        );
        out.check();
        out.finish()
    }
}

impl Resource for Releases {
    fn resource_id(&self) -> ResourceId {
        ResourceId::releases(&self.name)
    }

    fn revision(&self) -> Revision {
        self.revision
    }
}

impl Decode for Checksum {
    const TYPE: &'static str = "checksum";

    fn fields<'a>(fields: &mut impl Source<'a>) -> Result<Self, MetaError> {
        let (release, revision) = header(fields, |t| Release::new(t).map_err(|e| e.to_string()))?;
        let files = fields.map("files", |[path, size, digest]| {
            let path = path.string_as(|text| {
                listed_file(text)
                    .map(|()| Box::<str>::from(text))
                    .map_err(|e| MetaErrorKind::Value(e.to_string()))
            })?;
            Ok((
                path,
                FileDigest {
                    size: size.integer()?,
                    digest: digest.digest()?,
                },
            ))
        })?;
        fields.check()?;
        Ok(Checksum {
            release,
            revision,
            files,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::resource(Self::TYPE, self.release.as_str(), self.revision);
        let file = |path: &str, file: &FileDigest| {
            list_of(&[
                &quoted(path),
                &file.size.to_string(),
                &quoted(&file.digest.to_string()),
            ])
        };
        out.set(
            "files",
            self.files
                .iter()
                .map(|(path, digest)| file(path, digest))
                .collect(),
        );
        out.check();
        out.finish()
    }
}

impl Resource for Checksum {
    fn resource_id(&self) -> ResourceId {
        ResourceId::checksum(&self.release)
    }

    fn revision(&self) -> Revision {
        self.revision
    }
}
