//! Who can sign for an id: the search, and its account of what was tried.
//!
//! The order: what `--key` names; the key with which git signs; ssh-agent;
//! `~/.ssh/id_ed25519`; the files that `--key` named before; conex's own key of the id. A key is taken only if the repository
//! lists it for the id; while it lists none, whoever joins takes the first that there is.
//! A key file that needs a passphrase is left alone if the agent holds the same key, so
//! that nobody types what they have typed to the agent already.

use std::fmt;
use std::path::{Path, PathBuf};

use base64ct::{Base64Unpadded, Encoding as _};
use sha2::{Digest as _, Sha256};

use super::agent::{Agent, AgentError, Held};
use super::file::{self, Readers};
use super::git::{self, GitKey};
use super::lines::PublicLine;
use super::named;
use super::passphrase::{PassphraseError, Passphrases, UnlockError, unlock};
use super::private::{PrivateFile, PrivateKeyError};
use super::signer::{SignError, Signer};
use super::store::{HomeError, KeyStore, StoreError, conex_home};
use super::text;
pub use super::tried::{FindError, Tried};
use conex_verify::format::key::{KeyError, KeyKind, Namespace, PublicKey, Signature};
use conex_verify::format::name::Id;

/// Whose signature is wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Selection<'a> {
    /// What the user named: a path, a fingerprint (`blake2b=…`, or ssh's `SHA256:…`), or
    /// a public key. Nothing else is then tried.
    pub key: Option<&'a str>,
    /// The id to sign for.
    pub id: Option<&'a Id>,
    /// The keys that the repository lists for the id. `None` when it does not list any
    /// yet: then the first key that can be used is taken.
    pub listed: Option<&'a [PublicKey]>,
}

/// Where keys are looked for.
#[derive(Debug, Clone)]
pub struct Places {
    /// Conex's own keys.
    pub store: KeyStore,
    /// ssh-agent, if there is one.
    pub agent: Option<Agent>,
    /// Where git is asked for its configuration; `None`: git is not asked.
    pub git_dir: Option<PathBuf>,
    /// The user's home directory, for `~/.ssh/id_ed25519`.
    pub home: Option<PathBuf>,
}

impl Places {
    /// What the environment says, for work in the directory `dir`.
    ///
    /// # Errors
    /// It does not say where conex's own keys are.
    pub fn from_environment(dir: &Path) -> Result<Places, HomeError> {
        Ok(Places {
            store: KeyStore::at(conex_home()?.join("keys")),
            agent: Agent::from_environment(),
            git_dir: Some(dir.to_owned()),
            home: std::env::var_os("HOME")
                .filter(|home| !home.is_empty())
                .map(PathBuf::from),
        })
    }
}

/// A signer, and where it was found.
pub struct Found {
    signer: Box<dyn Signer>,
    /// Where, for the line that says with what is signed.
    pub origin: String,
}

impl Found {
    /// A signer that needs no search.
    pub fn new(signer: Box<dyn Signer>, origin: impl Into<String>) -> Found {
        Found {
            signer,
            origin: origin.into(),
        }
    }
}

impl Signer for Found {
    fn public(&self) -> &PublicKey {
        self.signer.public()
    }

    fn sign(&self, namespace: Namespace, message: &[u8]) -> Result<Signature, SignError> {
        self.signer.sign(namespace, message)
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Found({}, {})", self.origin, self.public())
    }
}

/// Finds who can sign. A key that needs a passphrase is unlocked, once.
///
/// # Errors
/// Nobody can; the error says what was tried and why it did not do.
pub fn find_signer(
    selection: &Selection<'_>,
    places: &Places,
    passphrases: &mut dyn Passphrases,
) -> Result<Found, FindError> {
    let mut search = Search {
        selection,
        places,
        passphrases,
        named: Named::Any,
        held: None,
        locked: false,
        files: Vec::new(),
        tried: Vec::new(),
    };
    search.run().ok_or_else(|| FindError {
        id: selection.id.cloned(),
        listed: selection.listed.map(<[PublicKey]>::to_vec),
        tried: search.tried,
    })
}

/// The public halves of the keys that are here, for the question whose they are: what
/// `--key` names alone, or all that a search would come upon. Nobody is asked for anything.
pub fn public_keys(named: Option<&str>, places: &Places) -> Vec<PublicKey> {
    let of_file = |path: &Path| {
        let bytes = file::read(path, Readers::Anybody).ok()?;
        text::one(&bytes).ok()
    };
    if let Some(text) = named.map(str::trim) {
        let line = PublicLine::parse(text).ok().map(|line| line.key);
        let named = line.or_else(|| of_file(Path::new(text)));
        if let Some(key) = named {
            return vec![key];
        }
    }
    let mut keys: Vec<PublicKey> = Vec::new();
    let git = places.git_dir.as_deref();
    match git.and_then(|dir| git::signing_key(dir, places.home.as_deref())) {
        Some(GitKey::File(path)) => keys.extend(of_file(&path)),
        Some(GitKey::Public(key)) => keys.push(key),
        _ => {}
    }
    let held = places.agent.as_ref().and_then(|agent| agent.list().ok());
    keys.extend(held.into_iter().flat_map(|h| h.keys).map(|(key, _)| key));
    if let Some(home) = &places.home {
        for name in ["id_ed25519", "id_ed25519.pub", "id_ed25519_sk.pub"] {
            keys.extend(of_file(&home.join(".ssh").join(name)));
        }
    }
    let before = named::named(&places.store);
    keys.extend(before.iter().filter_map(|path| of_file(path)));
    let own = places.store.list().unwrap_or_default();
    keys.extend(
        own.into_iter()
            .filter_map(|(_, info)| Some(info.ok()?.public)),
    );
    keys
}

/// Which keys the user's `--key` lets through.
enum Named {
    Any,
    Public(PublicKey),
    Fingerprint(String),
}

struct Search<'a> {
    selection: &'a Selection<'a>,
    places: &'a Places,
    passphrases: &'a mut dyn Passphrases,
    named: Named,
    /// What the agent holds, once it was asked.
    held: Option<Result<Held, AgentError>>,
    /// Whether somebody was asked for the passphrase of a key, and did not open it.
    locked: bool,
    /// Files that were tried: nobody wants to be asked twice for one.
    files: Vec<PathBuf>,
    tried: Vec<Tried>,
}

impl Search<'_> {
    fn run(&mut self) -> Option<Found> {
        let key = self.selection.key.map(str::trim).filter(|k| !k.is_empty());
        match key {
            None => {}
            Some(text) if text.starts_with("blake2b=") || text.starts_with("SHA256:") => {
                self.named = Named::Fingerprint(text.to_owned());
            }
            Some(text) if text.contains(' ') && !Path::new(text).exists() => {
                match PublicLine::parse(text) {
                    Ok(line) => self.named = Named::Public(line.key),
                    Err(error) => {
                        self.note("`--key`", error.to_string(), error.hint(), true);
                        return None;
                    }
                }
            }
            Some(path) => {
                let file = file::from_home(path, self.places.home.as_deref());
                return self.file(&format!("`--key {path}`"), &file);
            }
        }
        for place in [Self::git, Self::agent, Self::home, Self::before, Self::own] {
            let found = place(self);
            // Whoever could not unlock the key that they mean does not mean another one.
            if found.is_some() || (self.locked && self.selection.listed.is_none()) {
                return found.map(|found| self.beside_own(found));
            }
        }
        None
    }

    /// Whoever made a key for this id may have meant that one.
    fn beside_own(&self, mut found: Found) -> Found {
        if let (None, Named::Any, Some(id)) =
            (self.selection.listed, &self.named, self.selection.id)
            && let Ok(own) = self.places.store.info(id)
            && own.public != *found.public()
        {
            found.origin = format!(
                "{} (conex's own key of `{id}` is another one; --key {} takes that)",
                found.origin,
                own.public.fingerprint()
            );
        }
        found
    }

    /// The files that were named before, for keys that the repository lists: of others nobody knows
    /// whose they are.
    fn before(&mut self) -> Option<Found> {
        self.selection.listed?;
        for path in named::named(&self.places.store) {
            let found = self.file(
                &format!("`{}`, which was named before", path.display()),
                &path,
            );
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Conex's own keys: that of the id; all of them when the key was named otherwise, or when it is
    /// known which is wanted: under what name a key is kept says nothing.
    fn own(&mut self) -> Option<Found> {
        let own = self
            .selection
            .id
            .filter(|_| matches!(self.named, Named::Any));
        let ids: Vec<Id> = match own {
            Some(id) if self.selection.listed.is_none() => vec![id.clone()],
            _ => match self.places.store.list() {
                Ok(keys) => {
                    let others = keys.into_iter().map(|(id, _)| id);
                    let others = others.filter(|id| Some(id) != own);
                    own.cloned().into_iter().chain(others).collect()
                }
                Err(error) => {
                    let dir = self.places.store.dir().display().to_string();
                    self.note(&dir, error.to_string(), error.hint(), true);
                    return None;
                }
            },
        };
        for id in ids {
            let origin = format!("conex's key of `{id}`");
            // What is kept under another name is of interest if it is the key.
            let other = own.is_some_and(|own| *own != id);
            let info = match self.places.store.info(&id) {
                Ok(info) if other && !self.wanted(&info.public) => continue,
                Ok(info) => info,
                Err(_) if other => continue,
                Err(error) => {
                    // A key that is there and cannot be read may be the right one.
                    let wanted = !matches!(error, StoreError::Unknown { .. });
                    self.note(&origin, error.to_string(), error.hint(), wanted);
                    continue;
                }
            };
            let file = match self.places.store.private(&id) {
                Ok(file) => Some(file),
                Err(StoreError::PublicOnly { .. }) => None,
                Err(error) => {
                    self.note(&origin, error.to_string(), error.hint(), true);
                    continue;
                }
            };
            let path = self.places.store.private_path(&id);
            let found = self.candidate(&origin, &info.public, file.map(|file| (path, file)));
            if found.is_some() {
                return found;
            }
        }
        // A key that was put aside is still the one that the repository lists.
        let (id, listed) = (self.selection.id?, self.selection.listed?);
        let aside = listed.iter().map(|key| self.places.store.aside(id, key));
        let mut aside = aside.filter(|path| path.exists());
        aside.find_map(|path| self.file(&format!("`{}`", path.display()), &path))
    }

    fn git(&mut self) -> Option<Found> {
        let dir = self.places.git_dir.as_deref()?;
        let origin = "git's `user.signingkey`";
        match git::signing_key(dir, self.places.home.as_deref())? {
            GitKey::File(path) => self.file(&format!("{origin}, `{}`", path.display()), &path),
            GitKey::Public(key) => self.candidate(origin, &key, None),
            GitKey::Unusable { why, hint } => {
                self.note(origin, why, hint, false);
                None
            }
        }
    }

    fn agent(&mut self) -> Option<Found> {
        let Some(agent) = &self.places.agent else {
            self.note(
                "ssh-agent",
                "`SSH_AUTH_SOCK` is not set".into(),
                None,
                false,
            );
            return None;
        };
        let agent = agent.clone();
        let held = match self.held() {
            Ok(held) => held.clone(),
            Err(error) => {
                let (why, hint) = (error.to_string(), error.hint());
                self.note("ssh-agent", why, hint, false);
                return None;
            }
        };
        let fitting: Vec<_> = held
            .keys
            .iter()
            .filter(|(key, _)| self.wanted(key))
            .collect();
        // Of keys that are listed one is as good as the other; with nothing to go by, a
        // choice among several would be a guess about who somebody is.
        let guess = self.selection.listed.is_none() && fitting.len() > 1;
        if let Some((key, comment)) = fitting.first().filter(|_| !guess) {
            return Some(Found {
                signer: Box::new(agent.signer_unasked(key)),
                origin: format!("ssh-agent, {comment:?}"),
            });
        }
        let mut others = held.others.iter();
        let (why, hint) = match (held.keys.len(), held.others.len()) {
            (0, 0) => (
                "it holds no key, or is locked".to_owned(),
                Some("unlock it with `ssh-add -X`, or load a key with `ssh-add FILE`".to_owned()),
            ),
            (0, n) => {
                let first = others.next();
                let first = first.map(ToString::to_string).unwrap_or_default();
                (
                    format!("none of its {n} keys can be used: {first}"),
                    held.others.iter().find_map(KeyError::hint),
                )
            }
            (n, _) if guess => (
                format!("it holds {n} Ed25519 keys, and it is not known which is meant"),
                Some(
                    "name one with `--key 'ssh-ed25519 AAAA…'`; `ssh-add -L` lists them".to_owned(),
                ),
            ),
            (n, others) => (
                format!("none of its {n} Ed25519 keys is wanted; it holds {others} others"),
                None,
            ),
        };
        self.note("ssh-agent", why, hint, false);
        None
    }

    fn home(&mut self) -> Option<Found> {
        let ssh = self.places.home.as_deref()?.join(".ssh");
        let path = ssh.join("id_ed25519");
        let found = self.file(&format!("`{}`", path.display()), &path);
        if found.is_some() || path.exists() {
            return found;
        }
        // What ssh makes beside: a token's, and those that people wonder about.
        for name in [
            "id_ed25519_sk",
            "id_rsa",
            "id_ecdsa",
            "id_ecdsa_sk",
            "id_dsa",
        ] {
            let path = ssh.join(name).with_extension("pub");
            if path.exists() {
                let found = self.file(&format!("`{}`", path.display()), &path);
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    /// A private key file, or a public one with the private one beside it.
    fn file(&mut self, origin: &str, path: &Path) -> Option<Found> {
        if self.files.iter().any(|seen| seen == path) {
            return None;
        }
        self.files.push(path.to_owned());
        let text = match file::read(path, Readers::Anybody) {
            Ok(text) => text,
            Err(error) => {
                self.note(origin, error.to_string(), error.hint(), false);
                return None;
            }
        };
        if PrivateFile::looks_like(&text) {
            return match read_private(path) {
                Ok(file) => {
                    let public = file.public().clone();
                    self.candidate(origin, &public, Some((path.to_owned(), file)))
                }
                Err((why, hint)) => {
                    self.note(origin, why, hint, true);
                    None
                }
            };
        }
        match text::one(&text) {
            Ok(key) => {
                let beside = (path.extension() == Some("pub".as_ref()))
                    .then(|| path.with_extension(""))
                    .and_then(|path| Some((path.clone(), read_private(&path).ok()?)))
                    .filter(|(_, file)| *file.public() == key);
                self.candidate(origin, &key, beside)
            }
            Err(error) => {
                self.note(origin, error.to_string(), error.hint_for(path), false);
                None
            }
        }
    }

    /// Takes a key if it is wanted and its private half can be had.
    fn candidate(
        &mut self,
        origin: &str,
        key: &PublicKey,
        file: Option<(PathBuf, PrivateFile)>,
    ) -> Option<Found> {
        if !self.wanted(key) {
            let why = format!("is another key: {}", key.fingerprint());
            self.note(origin, why, None, false);
            return None;
        }
        let needs_help = file.as_ref().is_none_or(|(_, file)| {
            file.is_encrypted() || file.public().kind() == KeyKind::SkEd25519
        });
        if needs_help && let Some(agent) = self.places.agent.clone() {
            let holds = |held: &Held| held.keys.iter().any(|(held, _)| held == key);
            if self.held().as_ref().is_ok_and(holds) {
                return Some(Found {
                    signer: Box::new(agent.signer_unasked(key)),
                    origin: format!("{origin}, through ssh-agent"),
                });
            }
        }
        let Some((path, file)) = file else {
            let why = "only its public half is here, and ssh-agent does not hold it".to_owned();
            let hint = "load the private half into ssh-agent with `ssh-add FILE`".to_owned();
            self.note(origin, why, Some(hint), true);
            return None;
        };
        match unlock(
            &file,
            &format!("the key `{}`", path.display()),
            self.passphrases,
        ) {
            Ok(signer) => Some(Found {
                signer: Box::new(signer),
                origin: origin.to_owned(),
            }),
            Err(error) => {
                // Where nobody could be asked, nobody meant anything.
                self.locked |= !matches!(
                    error,
                    UnlockError::Passphrase(PassphraseError::Nobody(_))
                        | UnlockError::Key(PrivateKeyError::Hardware)
                );
                self.note(origin, error.to_string(), error.hint(), true);
                None
            }
        }
    }

    fn wanted(&self, key: &PublicKey) -> bool {
        let named = match &self.named {
            Named::Any => true,
            Named::Public(named) => named == key,
            Named::Fingerprint(text) => {
                *text == key.fingerprint().to_string() || *text == ssh_fingerprint(key)
            }
        };
        named && self.selection.listed.is_none_or(|keys| keys.contains(key))
    }

    /// What the agent holds; asked once, since some agents ask their user.
    fn held(&mut self) -> &Result<Held, AgentError> {
        let agent = &self.places.agent;
        self.held.get_or_insert_with(|| match agent {
            Some(agent) => agent.list(),
            None => Ok(Held::default()),
        })
    }

    fn note(&mut self, origin: &str, why: String, hint: Option<String>, wanted: bool) {
        self.tried.push(Tried {
            origin: origin.to_owned(),
            why,
            hint,
            wanted,
        });
    }
}

fn read_private(path: &Path) -> Result<PrivateFile, (String, Option<String>)> {
    let text =
        file::read(path, Readers::OwnerOnly).map_err(|error| (error.to_string(), error.hint()))?;
    PrivateFile::parse(&text).map_err(|error: PrivateKeyError| (error.to_string(), error.hint()))
}

/// The fingerprint that `ssh-add -l` and `ssh-keygen -l` show.
fn ssh_fingerprint(key: &PublicKey) -> String {
    format!(
        "SHA256:{}",
        Base64Unpadded::encode_string(&Sha256::digest(key.wire()))
    )
}
