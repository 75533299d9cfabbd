//! Authors and teams: `packages/.conex/ids/<id>`.

use std::collections::BTreeSet;
use std::fmt;

use super::decode::{Decode, Resource, within};
use super::encode::{Encoder, quoted};
use super::error::{MetaError, MetaErrorKind};
use super::reference::{Kind, ResourceId, Revision};
use super::source::{Item as _, Source, header, whole};
use crate::format::key::PublicKey;
use crate::format::name::{Id, NOTARIES};
use crate::limits::{MAX_ID_FILE, MAX_KEYS};

/// An author: the keys of a person, and where else to find them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// The id; also the name of the file.
    pub id: Id,
    /// Epoch and counter.
    pub revision: Revision,
    /// The keys, sorted by their text. None revokes the author. One that cannot be used does
    /// no harm until somebody signs with it.
    pub keys: Vec<PublicKey>,
    /// Accounts elsewhere; information only.
    pub accounts: BTreeSet<Account>,
}

/// A team: ids that act together. A team holds no team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// The id; also the name of the file.
    pub id: Id,
    /// Epoch and counter.
    pub revision: Revision,
    /// The members.
    pub members: BTreeSet<Id>,
}

/// What a file in `packages/.conex/ids/` can hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdFile {
    /// A person.
    Author(Author),
    /// Some persons.
    Team(Team),
}

/// An account of an author elsewhere, as `github:name` or `email:a@b.example`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account(Box<str>);

impl Account {
    /// Reads an account: a service of lower-case letters and digits, a colon, and
    /// up to 200 printable ASCII characters without blank, quote and backslash.
    pub fn new(text: &str) -> Option<Account> {
        let (service, name) = text.split_once(':')?;
        let service_ok = (1..=20).contains(&service.len())
            && service
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let name_ok = (1..=200).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
        (service_ok && name_ok).then(|| Account(text.into()))
    }

    /// The text of the account.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Decode for Author {
    const TYPE: &'static str = "author";
    const MAX_LEN: usize = MAX_ID_FILE;

    fn fields<'a>(fields: &mut impl Source<'a>) -> Result<Self, MetaError> {
        let (id, revision) = header(fields, |t| Id::new(t).map_err(|e| e.to_string()))?;
        if id.as_str().eq_ignore_ascii_case(NOTARIES) {
            return Err(whole(MetaErrorKind::Place(format!(
                "`{NOTARIES}` is always a team"
            ))));
        }
        let keys: Vec<PublicKey> = fields.list("keys", |item| {
            item.string_as(|text| {
                PublicKey::listed(text).map_err(|e| MetaErrorKind::Key(e.to_string()))
            })
        })?;
        if keys.len() > MAX_KEYS {
            return Err(whole(MetaErrorKind::TooMany {
                what: "keys",
                count: keys.len(),
                max: MAX_KEYS,
            }));
        }
        let accounts = fields.list("accounts", |item| {
            item.string_as(|text| {
                Account::new(text).ok_or_else(|| {
                    MetaErrorKind::Value(format!(
                        "{text:?} is not an account such as `github:name`"
                    ))
                })
            })
        })?;
        fields.check()?;
        Ok(Author {
            id,
            revision,
            keys,
            accounts,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::resource(Self::TYPE, self.id.as_str(), self.revision);
        out.set(
            "keys",
            self.keys.iter().map(|k| quoted(&k.to_string())).collect(),
        );
        out.set(
            "accounts",
            self.accounts.iter().map(|a| quoted(a.as_str())).collect(),
        );
        out.check();
        out.finish()
    }
}

impl Resource for Author {
    fn resource_id(&self) -> ResourceId {
        ResourceId::id(Kind::Author, &self.id)
    }

    fn revision(&self) -> Revision {
        self.revision
    }
}

impl Decode for Team {
    const TYPE: &'static str = "team";
    const MAX_LEN: usize = MAX_ID_FILE;

    fn fields<'a>(fields: &mut impl Source<'a>) -> Result<Self, MetaError> {
        let (id, revision) = header(fields, |t| Id::new(t).map_err(|e| e.to_string()))?;
        let members = fields.list("members", |item| item.id())?;
        fields.check()?;
        Ok(Team {
            id,
            revision,
            members,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::resource(Self::TYPE, self.id.as_str(), self.revision);
        out.set(
            "members",
            self.members.iter().map(|m| quoted(m.as_str())).collect(),
        );
        out.check();
        out.finish()
    }
}

impl Resource for Team {
    fn resource_id(&self) -> ResourceId {
        ResourceId::id(Kind::Team, &self.id)
    }

    fn revision(&self) -> Revision {
        self.revision
    }
}

impl IdFile {
    /// Reads a file of `packages/.conex/ids/`.
    ///
    /// # Errors
    /// Anything that is not the one valid encoding of an author or a team.
    pub fn decode(bytes: &[u8]) -> Result<IdFile, MetaError> {
        if let Some(team) = Team::scan(bytes) {
            return Ok(IdFile::Team(team));
        }
        if let Some(author) = Author::scan(bytes) {
            return Ok(IdFile::Author(author));
        }
        within(MAX_ID_FILE, bytes)?;
        if super::decode::type_of(bytes)? == Team::TYPE {
            Team::parse(bytes).map(IdFile::Team)
        } else {
            Author::parse(bytes).map(IdFile::Author)
        }
    }

    /// The id.
    pub fn id(&self) -> &Id {
        match self {
            IdFile::Author(author) => &author.id,
            IdFile::Team(team) => &team.id,
        }
    }

    /// Type and name.
    pub fn resource_id(&self) -> ResourceId {
        match self {
            IdFile::Author(author) => author.resource_id(),
            IdFile::Team(team) => team.resource_id(),
        }
    }

    /// Epoch and counter.
    pub fn revision(&self) -> Revision {
        match self {
            IdFile::Author(author) => author.revision,
            IdFile::Team(team) => team.revision,
        }
    }
}
