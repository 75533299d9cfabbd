//! What the top-level files of a repository may say: `packages/.conex/repo`.

use std::collections::BTreeMap;
use std::fmt;

use super::decode::{Decode, Resource};
use super::encode::{Encoder, list_of, quoted};
use super::error::{MetaError, MetaErrorKind};
use super::reference::{REPO_NAME, ResourceId, Revision};
use super::source::{Item as _, Source, header};
use crate::format::digest::Digest;
use crate::limits::MAX_FIELD_LEN;

/// The values of the top-level `repo` file that a quorum approved, and the git
/// files beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repo {
    /// Epoch and counter.
    pub revision: Revision,
    /// The approved fields, each with its value in the one compact form in which
    /// this project prints opam-file syntax.
    pub values: BTreeMap<RepoField, String>,
    /// The approved git files, with the digests of their bytes.
    pub files: BTreeMap<TopFile, Digest>,
}

/// A field of the top-level `repo` file that needs an approval: every one but `opam-version`
/// and `stamp`. Letters, digits, `_` and `-`, at most 64 bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoField(Box<str>);

impl RepoField {
    /// The field called `text`; `None` for the two that are free, and for what is no name.
    pub fn new(text: &str) -> Option<RepoField> {
        let name = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        let fits = (1..=MAX_FIELD_LEN).contains(&text.len()) && text.bytes().all(name);
        let free = text == "opam-version" || text == "stamp";
        (fits && !free).then(|| RepoField(text.into()))
    }

    /// The name of the field.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RepoField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The git files at the top of a repository: they decide what bytes git writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TopFile {
    /// `.gitattributes`
    Gitattributes,
    /// `.gitignore`
    Gitignore,
}

impl TopFile {
    /// Both of them.
    pub const ALL: [TopFile; 2] = [TopFile::Gitattributes, TopFile::Gitignore];

    /// The path of the file.
    pub fn as_str(self) -> &'static str {
        match self {
            TopFile::Gitattributes => ".gitattributes",
            TopFile::Gitignore => ".gitignore",
        }
    }
}

impl Decode for Repo {
    const TYPE: &'static str = "repo";

    fn fields<'a>(fields: &mut impl Source<'a>) -> Result<Self, MetaError> {
        let ((), revision) = header(fields, |text| match text {
            REPO_NAME => Ok(()),
            other => Err(format!(
                "the name of this file is `{REPO_NAME}`, not {other:?}"
            )),
        })?;
        let values = fields.map("values", |[field, value]| {
            let field = field.string_as(|t| {
                RepoField::new(t).ok_or_else(|| {
                    MetaErrorKind::Value(format!("{t:?} is not a field that is approved"))
                })
            })?;
            Ok((field, value.text()?.into_owned()))
        })?;
        let files = fields.map("files", |[file, digest]| {
            let file = file.string_as(|t| {
                TopFile::ALL
                    .into_iter()
                    .find(|f| f.as_str() == t)
                    .ok_or_else(|| {
                        MetaErrorKind::Value(format!(
                            "{t:?} is not `.gitattributes` or `.gitignore`"
                        ))
                    })
            })?;
            Ok((file, digest.digest()?))
        })?;
        fields.check()?;
        Ok(Repo {
            revision,
            values,
            files,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::resource(Self::TYPE, REPO_NAME, self.revision);
        let values = self.values.iter();
        out.set(
            "values",
            values
                .map(|(field, value)| list_of(&[&quoted(field.as_str()), &quoted(value)]))
                .collect(),
        );
        let files = self.files.iter();
        out.set(
            "files",
            files
                .map(|(file, digest)| {
                    list_of(&[&quoted(file.as_str()), &quoted(&digest.to_string())])
                })
                .collect(),
        );
        out.check();
        out.finish()
    }
}

impl Resource for Repo {
    fn resource_id(&self) -> ResourceId {
        ResourceId::repo()
    }

    fn revision(&self) -> Revision {
        self.revision
    }
}
