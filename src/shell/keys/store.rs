//! Conex's own keys: one directory, for each id a private key file and its public line.

use crate::hint::Hint;
use std::ffi::OsString;
use std::fs::{DirBuilder, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::file::{self, FileError, Readers};
use super::passphrase::Passphrase;
use super::private::{PrivateFile, PrivateKeyError, UnlockedKey};
use super::text::TextError;
use conex_verify::format::key::PublicKey;
use conex_verify::format::name::Id;

/// Conex has no home directory.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HomeError {
    /// `CONEX_HOME` must be absolute: keys would otherwise be made wherever one is.
    #[error("`CONEX_HOME` is `{}`, which is not an absolute path", .0.display())]
    Relative(PathBuf),
    /// None of the variables says where.
    #[error("none of `CONEX_HOME`, `XDG_DATA_HOME` and `HOME` is set to an absolute path")]
    Unset,
}

impl HomeError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some("set `CONEX_HOME` to the directory that is to hold the keys".to_owned())
    }
}

/// The directory of conex's data: `$CONEX_HOME`, else `$XDG_DATA_HOME/conex`, else
/// `~/.local/share/conex` (XDG Base Directory Specification: a relative or empty
/// `XDG_DATA_HOME` is ignored). It need not exist. Its keys are in `keys`.
///
/// # Errors
/// `CONEX_HOME` is relative, or no variable is set.
pub fn conex_home() -> Result<PathBuf, HomeError> {
    home_from(|name| std::env::var_os(name))
}

fn home_from(var: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, HomeError> {
    let path = |name| var(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    if let Some(home) = path("CONEX_HOME") {
        return if home.is_absolute() {
            Ok(home)
        } else {
            Err(HomeError::Relative(home))
        };
    }
    path("XDG_DATA_HOME")
        .filter(|p| p.is_absolute())
        .or_else(|| {
            path("HOME")
                .filter(|p| p.is_absolute())
                .map(|home| home.join(".local/share"))
        })
        .map(|data| data.join("conex"))
        .ok_or(HomeError::Unset)
}

/// Why the key store did not do something.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A file of the store, or one to import.
    #[error("{0}")]
    File(#[from] FileError),
    /// What a file holds is not a private key that can be used.
    #[error("`{}`: {source}", path.display())]
    Private {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: PrivateKeyError,
    },
    /// What a file holds is not one public key that can be used.
    #[error("`{}`: {source}", path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: TextError,
    },
    /// No key of this id.
    #[error("there is no key of `{id}` in `{}`", dir.display())]
    Unknown {
        /// The id.
        id: Id,
        /// The directory of the store.
        dir: PathBuf,
    },
    /// Only the public half is there.
    #[error("of the key of `{id}` only the public half is in `{}`", dir.display())]
    PublicOnly {
        /// The id.
        id: Id,
        /// The directory of the store.
        dir: PathBuf,
    },
    /// There is a key already.
    #[error("there is a key of `{id}` already, in `{}`", path.display())]
    Exists {
        /// The id.
        id: Id,
        /// The file that is there.
        path: PathBuf,
    },
    /// The two files of one id hold different keys.
    #[error("`{}` is not the public half of the key next to it:\n  private  {private}\n  public   {public}", path.display())]
    Disagree {
        /// The file with the public line.
        path: PathBuf,
        /// The key in the private file.
        private: Box<PublicKey>,
        /// The key in the public file.
        public: Box<PublicKey>,
    },
    /// Writing failed; what was there before is still there.
    #[error("`{}` cannot be written: {source}", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl StoreError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            StoreError::File(error) => error.hint(),
            StoreError::Private { source, .. } => source.hint(),
            StoreError::Text { path, source } => source.hint_for(path),
            StoreError::Unknown { id, .. } => {
                Some(Hint::MakeKeyOrImport { id: id.to_string() }.to_string())
            }
            StoreError::PublicOnly { .. } => Some(
                "load the private half into ssh-agent with `ssh-add`; conex then signs through it"
                    .to_owned(),
            ),
            StoreError::Exists { id, .. } => {
                Some(Hint::ReplaceKey { id: id.to_string() }.to_string())
            }
            StoreError::Disagree { path, .. } => Some(format!(
                "if the private key is the right one, run `rm {}`; it is made again",
                file::shell_quoted(path)
            )),
            StoreError::Write { .. } => None,
        }
    }
}

/// What happens to a key that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// It is kept, and the operation refused.
    Keep,
    /// It is overwritten and lost.
    Replace,
}

/// What is known of a key without unlocking it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// Whose key.
    pub id: Id,
    /// The public half.
    pub public: PublicKey,
    /// Where the private half is.
    pub private: PrivateHalf,
}

/// The private half of a key in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateHalf {
    /// In the store, encrypted.
    Encrypted,
    /// In the store, in the clear.
    Clear,
    /// Not in the store: in an agent or a token.
    Elsewhere,
}

/// One id of the store: its key, or why it cannot be used.
pub type Listed = (Id, Result<KeyInfo, StoreError>);

/// The directory of keys.
#[derive(Debug, Clone)]
pub struct KeyStore {
    dir: PathBuf,
}

impl KeyStore {
    /// The store in this directory, usually `keys` below [`conex_home`]. Nothing is
    /// touched; the directory is made, with mode 0700, when the first key is.
    pub fn at(dir: impl Into<PathBuf>) -> KeyStore {
        KeyStore { dir: dir.into() }
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The file of the private key.
    pub fn private_path(&self, id: &Id) -> PathBuf {
        self.dir.join(id.as_str())
    }

    /// Where the private key is put aside that another one takes the place of.
    pub fn aside(&self, id: &Id, key: &PublicKey) -> PathBuf {
        self.dir
            .join(format!("{id}.old-{}", key.fingerprint().short()))
    }

    /// The file of the public line.
    pub fn public_path(&self, id: &Id) -> PathBuf {
        self.dir.join(format!("{id}.pub"))
    }

    /// Makes a key. Without a passphrase it lies there in the clear.
    ///
    /// # Errors
    /// There is one already, or it cannot be written.
    pub fn new_key(
        &self,
        id: &Id,
        passphrase: Option<&Passphrase>,
        existing: Existing,
    ) -> Result<PublicKey, StoreError> {
        self.refuse_existing(id, existing)?;
        let private = |source| StoreError::Private {
            path: self.private_path(id),
            source,
        };
        let key = UnlockedKey::generate().map_err(private)?;
        let text = key
            .to_openssh(id.as_str(), passphrase.map(|p| p.as_str()))
            .map_err(private)?;
        let public = super::Signer::public(&key).clone();
        self.write(id, Some(text.as_bytes()), &public, existing)?;
        Ok(public)
    }

    /// Takes in a private key file, as it is, or a file with one public line, or the
    /// file of a hardware key, whose public half is kept. An encrypted file stays so.
    ///
    /// # Errors
    /// There is a key already, or the file cannot be read or used.
    pub fn import(&self, id: &Id, path: &Path, existing: Existing) -> Result<KeyInfo, StoreError> {
        let text = file::read(path, Readers::Anybody)?;
        if PrivateFile::looks_like(&text) {
            // Again, now that its mode matters.
            let text = file::read(path, Readers::OwnerOnly)?;
            return self.import_text(id, &text, path, existing);
        }
        self.import_text(id, &text, path, existing)
    }

    /// Like [`KeyStore::import`], of a text that came from elsewhere; `origin` is for
    /// messages.
    ///
    /// # Errors
    /// As for [`KeyStore::import`].
    pub fn import_text(
        &self,
        id: &Id,
        text: &[u8],
        origin: &Path,
        existing: Existing,
    ) -> Result<KeyInfo, StoreError> {
        self.refuse_existing(id, existing)?;
        if PrivateFile::looks_like(text) {
            let private = |source| StoreError::Private {
                path: origin.to_owned(),
                source,
            };
            let key = PrivateFile::parse(text).map_err(private)?;
            // What is kept can be read by `ssh-keygen` as well.
            let rewritten = PrivateFile::rewritten(text).map_err(private)?;
            let text = rewritten.as_ref().map_or(text, |text| text.as_bytes());
            let info = |private| KeyInfo {
                id: id.clone(),
                public: key.public().clone(),
                private,
            };
            return match key.unlock(None) {
                Err(PrivateKeyError::Hardware) => {
                    self.write(id, None, key.public(), existing)?;
                    Ok(info(PrivateHalf::Elsewhere))
                }
                Err(PrivateKeyError::Encrypted) => {
                    self.write(id, Some(text), key.public(), existing)?;
                    Ok(info(PrivateHalf::Encrypted))
                }
                Ok(_) => {
                    self.write(id, Some(text), key.public(), existing)?;
                    Ok(info(PrivateHalf::Clear))
                }
                Err(error) => Err(private(error)),
            };
        }
        let key = one_key(text, origin)?;
        self.write(id, None, &key, existing)?;
        Ok(KeyInfo {
            id: id.clone(),
            public: key,
            private: PrivateHalf::Elsewhere,
        })
    }

    /// Every key, sorted by id; those that cannot be used with the reason.
    ///
    /// # Errors
    /// The directory cannot be read, or others can write to it. No directory: no keys.
    pub fn list(&self) -> Result<Vec<Listed>, StoreError> {
        let io = |source| {
            StoreError::File(FileError::Io {
                path: self.dir.clone(),
                source,
            })
        };
        if !self.check_dir()? {
            return Ok(Vec::new());
        }
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(&self.dir).map_err(io)? {
            let name = entry.map_err(io)?.file_name();
            // Anything else in the directory is not a key of conex.
            let id = name
                .to_str()
                .and_then(|name| Id::new(name.strip_suffix(".pub").unwrap_or(name)).ok());
            ids.extend(id);
        }
        ids.sort();
        ids.dedup();
        Ok(ids
            .into_iter()
            .map(|id| {
                let info = self.info(&id);
                (id, info)
            })
            .collect())
    }

    /// What is known of the key of `id`.
    ///
    /// # Errors
    /// There is none, it cannot be used, or its two files disagree.
    pub fn info(&self, id: &Id) -> Result<KeyInfo, StoreError> {
        let private = match self.private(id) {
            Ok(private) => Some(private),
            Err(StoreError::PublicOnly { .. }) => None,
            Err(error) => return Err(error),
        };
        let path = self.public_path(id);
        let line = match file::read(&path, Readers::Anybody) {
            Ok(text) => Some(one_key(&text, &path)?),
            Err(error) if error.is_missing() => None,
            Err(error) => return Err(error.into()),
        };
        let (public, half) = match (private, line) {
            (None, None) => return Err(self.unknown(id)),
            (None, Some(line)) => (line, PrivateHalf::Elsewhere),
            (Some(private), line) => {
                if let Some(line) = line.filter(|line| line != private.public()) {
                    return Err(StoreError::Disagree {
                        path,
                        private: Box::new(private.public().clone()),
                        public: Box::new(line),
                    });
                }
                let half = if private.is_encrypted() {
                    PrivateHalf::Encrypted
                } else {
                    PrivateHalf::Clear
                };
                (private.public().clone(), half)
            }
        };
        Ok(KeyInfo {
            id: id.clone(),
            public,
            private: half,
        })
    }

    /// The public key of `id`.
    ///
    /// # Errors
    /// As for [`KeyStore::info`].
    pub fn public(&self, id: &Id) -> Result<PublicKey, StoreError> {
        self.info(id).map(|info| info.public)
    }

    /// The public line of `id`, to hand out: `ssh-ed25519 AAAA… id`.
    ///
    /// # Errors
    /// As for [`KeyStore::info`].
    pub fn export(&self, id: &Id) -> Result<String, StoreError> {
        self.public(id).map(|key| format!("{key} {id}"))
    }

    /// The private key file of `id`, locked or not.
    ///
    /// # Errors
    /// There is none, only the public half is there, others can read it, or it cannot
    /// be used.
    pub fn private(&self, id: &Id) -> Result<PrivateFile, StoreError> {
        if !self.check_dir()? {
            return Err(self.unknown(id));
        }
        let path = self.private_path(id);
        let text = match file::read(&path, Readers::OwnerOnly) {
            Ok(text) => text,
            Err(error) if error.is_missing() => {
                return Err(if self.public_path(id).exists() {
                    StoreError::PublicOnly {
                        id: id.clone(),
                        dir: self.dir.clone(),
                    }
                } else {
                    self.unknown(id)
                });
            }
            Err(error) => return Err(error.into()),
        };
        PrivateFile::parse(&text).map_err(|source| StoreError::Private { path, source })
    }

    fn unknown(&self, id: &Id) -> StoreError {
        StoreError::Unknown {
            id: id.clone(),
            dir: self.dir.clone(),
        }
    }

    /// Whether the directory is there; refused if others can open it.
    fn check_dir(&self) -> Result<bool, StoreError> {
        match std::fs::metadata(&self.dir) {
            Ok(meta) => {
                file::check_mode(&self.dir, meta.mode(), 0o700)?;
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(StoreError::File(FileError::Io {
                path: self.dir.clone(),
                source,
            })),
        }
    }

    fn refuse_existing(&self, id: &Id, existing: Existing) -> Result<(), StoreError> {
        if existing == Existing::Replace {
            return Ok(());
        }
        match [self.private_path(id), self.public_path(id)]
            .into_iter()
            // A dangling link is something, too.
            .find(|path| path.symlink_metadata().is_ok())
        {
            None => Ok(()),
            Some(path) => Err(StoreError::Exists {
                id: id.clone(),
                path,
            }),
        }
    }

    /// Writes both files. The private one comes first: with it alone nothing is lost,
    /// since it holds the public half.
    fn write(
        &self,
        id: &Id,
        private: Option<&[u8]>,
        public: &PublicKey,
        existing: Existing,
    ) -> Result<(), StoreError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.dir)
            .map_err(|source| StoreError::Write {
                path: self.dir.clone(),
                source,
            })?;
        self.check_dir()?;
        let line = format!("{public} {id}\n");
        let (path, public_path) = (self.private_path(id), self.public_path(id));
        if let Some(text) = private {
            self.put(id, &path, text, 0o600, existing)?;
        }
        self.put(id, &public_path, line.as_bytes(), 0o644, existing)?;
        if private.is_none() && existing == Existing::Replace {
            // The private half of the old key; last, so that a failure loses nothing.
            match std::fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::Write { path, source });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes one file: all of it or nothing, whatever happens in between.
    fn put(
        &self,
        id: &Id,
        path: &Path,
        bytes: &[u8],
        mode: u32,
        existing: Existing,
    ) -> Result<(), StoreError> {
        let failed = |source| StoreError::Write {
            path: path.to_owned(),
            source,
        };
        // A name that no id has, so that a file left behind by a crash is never a key.
        let mut new = tempfile::Builder::new()
            .prefix(".new-")
            .permissions(Permissions::from_mode(0o600))
            .tempfile_in(&self.dir)
            .map_err(failed)?;
        new.write_all(bytes).map_err(failed)?;
        new.as_file()
            .set_permissions(Permissions::from_mode(mode))
            .map_err(failed)?;
        new.as_file().sync_all().map_err(failed)?;
        let done = match existing {
            Existing::Replace => new.persist(path),
            Existing::Keep => new.persist_noclobber(path),
        };
        match done {
            Ok(_) => {}
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(StoreError::Exists {
                    id: id.clone(),
                    path: path.to_owned(),
                });
            }
            Err(error) => return Err(failed(error.error)),
        }
        // The name is durable once the directory is; some file systems cannot do it.
        if let Ok(dir) = std::fs::File::open(&self.dir) {
            let _ = dir.sync_all();
        }
        Ok(())
    }
}

/// The one key of a file, public or the public half.
fn one_key(text: &[u8], path: &Path) -> Result<PublicKey, StoreError> {
    super::text::one(text).map_err(|source| StoreError::Text {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests;
