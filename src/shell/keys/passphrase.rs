//! Where passphrases come from: a terminal, the environment, a file, a test.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

use super::file::{self, FileError, Readers};
use super::private::{PrivateFile, PrivateKeyError, UnlockedKey};
use crate::shell::out::sayln;
use crate::shell::signals;

/// A passphrase; wiped when dropped.
pub type Passphrase = Zeroizing<String>;

/// The variable that gives the passphrase where nobody can be asked.
pub const VARIABLE: &str = "CONEX_PASSPHRASE";

/// What opening `/dev/tty` says where there is no terminal: `ENXIO`, on every Unix.
const ENXIO: i32 = 6;

/// How often a person is asked for the passphrase of one key, as ssh does it.
pub const TRIES: u32 = 3;

/// Why there is no passphrase.
#[derive(Debug, Error)]
pub enum PassphraseError {
    /// Nobody there to ask.
    #[error("a passphrase for {0} is needed, and there is no terminal to ask on")]
    Nobody(String),
    /// The terminal failed, or the person ended the input.
    #[error("no passphrase was typed: {0}")]
    Terminal(#[source] io::Error),
    /// The file with the passphrase cannot be used.
    #[error("the passphrase file: {0}")]
    File(#[from] FileError),
    /// The file or the variable holds something that is no passphrase.
    #[error("{0} is not a passphrase: one line of UTF-8 text")]
    NotText(String),
    /// Typed two different ones for a new key.
    #[error("the two passphrases differ")]
    Differ,
}

impl PassphraseError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            PassphraseError::Nobody(_) => Some(format!(
                "set `{VARIABLE}`, give a file with it, or load the key into ssh-agent with `ssh-add`"
            )),
            PassphraseError::File(error) => error.hint(),
            _ => None,
        }
    }
}

/// Something that knows passphrases.
pub trait Passphrases {
    /// How often it is worth to ask: a file gives the same answer every time.
    fn tries(&self) -> u32 {
        1
    }

    /// The last answer was wrong, and another one is asked for.
    fn wrong(&mut self) {}

    /// The passphrase for `what` (``the key `/home/a/.ssh/id_ed25519` ``).
    ///
    /// # Errors
    /// There is none.
    fn ask(&mut self, what: &str) -> Result<Passphrase, PassphraseError>;
}

/// The sources in their order: a file that was named, [`VARIABLE`], the terminal, nobody.
pub fn from_environment(file: Option<&Path>) -> Box<dyn Passphrases> {
    if let Some(path) = file {
        return Box::new(FromFile(path.to_owned()));
    }
    // An empty variable counts as absent: nothing can be encrypted with it.
    match std::env::var_os(VARIABLE) {
        Some(value) if !value.is_empty() => match value.into_string() {
            Ok(text) => Box::new(Fixed(Zeroizing::new(text))),
            Err(_) => Box::new(Unreadable(VARIABLE)),
        },
        _ if io::stdin().is_terminal() || io::stderr().is_terminal() => Box::new(Terminal),
        _ => Box::new(Nobody),
    }
}

/// Asks on the terminal, without showing what is typed.
pub struct Terminal;

impl Passphrases for Terminal {
    fn tries(&self) -> u32 {
        TRIES
    }

    fn ask(&mut self, what: &str) -> Result<Passphrase, PassphraseError> {
        let prompting = signals::prompting();
        rpassword::prompt_password(format!("Passphrase for {what}: "))
            .map(Zeroizing::new)
            .map_err(|error| match error.kind() {
                io::ErrorKind::Interrupted => {
                    prompting.interrupted();
                    PassphraseError::Terminal(error)
                }
                // No terminal, or one that is not this program's (setsid, a daemon).
                _ if error.raw_os_error() == Some(ENXIO)
                    || error.kind() == io::ErrorKind::NotFound =>
                {
                    PassphraseError::Nobody(what.to_owned())
                }
                _ => PassphraseError::Terminal(error),
            })
    }

    fn wrong(&mut self) {
        sayln!("That passphrase does not open it.");
    }
}

/// The first line of a file that only its owner can read.
pub struct FromFile(pub PathBuf);

impl Passphrases for FromFile {
    fn ask(&mut self, _what: &str) -> Result<Passphrase, PassphraseError> {
        let bytes = file::read(&self.0, Readers::OwnerOnly)?;
        let not_text = || PassphraseError::NotText(format!("`{}`", self.0.display()));
        let text = std::str::from_utf8(&bytes).map_err(|_| not_text())?;
        let line = text.strip_suffix('\n').unwrap_or(text);
        let line = line.strip_suffix('\r').unwrap_or(line);
        if line.is_empty() || line.contains(['\n', '\r', '\0']) {
            return Err(not_text());
        }
        Ok(Zeroizing::new(line.to_owned()))
    }
}

/// One passphrase for everything: from the environment, or of a test.
pub struct Fixed(pub Passphrase);

impl Passphrases for Fixed {
    fn ask(&mut self, _what: &str) -> Result<Passphrase, PassphraseError> {
        Ok(self.0.clone())
    }
}

/// Nobody to ask.
pub struct Nobody;

impl Passphrases for Nobody {
    fn ask(&mut self, what: &str) -> Result<Passphrase, PassphraseError> {
        Err(PassphraseError::Nobody(what.to_owned()))
    }
}

/// A source that is there and holds no text.
struct Unreadable(&'static str);

impl Passphrases for Unreadable {
    fn ask(&mut self, _what: &str) -> Result<Passphrase, PassphraseError> {
        Err(PassphraseError::NotText(format!("`{}`", self.0)))
    }
}

/// Why a private key stays locked.
#[derive(Debug, Error)]
pub enum UnlockError {
    /// The key itself.
    #[error("{0}")]
    Key(#[from] PrivateKeyError),
    /// There was no passphrase.
    #[error("{0}")]
    Passphrase(#[from] PassphraseError),
}

impl UnlockError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            UnlockError::Key(error) => error.hint(),
            UnlockError::Passphrase(error) => error.hint(),
        }
    }
}

/// Unlocks a key, asking for its passphrase where it has one; a person may try again.
///
/// # Errors
/// No passphrase, wrong each time, or a key that cannot be used.
pub fn unlock(
    key: &PrivateFile,
    what: &str,
    passphrases: &mut dyn Passphrases,
) -> Result<UnlockedKey, UnlockError> {
    let mut left = passphrases.tries();
    // Before anybody types anything: is a passphrase what is missing?
    match key.unlock(None) {
        Err(PrivateKeyError::Encrypted) => {}
        done => return Ok(done?),
    }
    loop {
        let passphrase = passphrases.ask(what)?;
        left = left.saturating_sub(1);
        match key.unlock(Some(&passphrase)) {
            Err(PrivateKeyError::WrongPassphrase) if left > 0 => passphrases.wrong(),
            done => return Ok(done?),
        }
    }
}

/// The passphrase for a new key: asked twice of a person, `None` if it is empty.
///
/// # Errors
/// No passphrase, or two different ones.
pub fn ask_new(
    what: &str,
    passphrases: &mut dyn Passphrases,
) -> Result<Option<Passphrase>, PassphraseError> {
    let first = passphrases.ask(&format!("{what} (empty for none)"))?;
    if passphrases.tries() > 1 && *passphrases.ask(&format!("{what}, again"))? != *first {
        return Err(PassphraseError::Differ);
    }
    Ok(Some(first).filter(|p| !p.is_empty()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use tempfile::TempDir;

    use super::*;

    /// Answers one after the other, as a person does.
    struct Typed(Vec<&'static str>);

    impl Passphrases for Typed {
        fn tries(&self) -> u32 {
            TRIES
        }

        fn ask(&mut self, _: &str) -> Result<Passphrase, PassphraseError> {
            Ok(Zeroizing::new(self.0.remove(0).to_owned()))
        }
    }

    #[test]
    fn a_file_with_a_passphrase_is_one_secret_line() {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("passphrase");
        let ask = || FromFile(path.clone()).ask("the key");
        assert!(matches!(ask(), Err(PassphraseError::File(_))));
        for (text, wanted) in [
            ("a b", Some("a b")),
            (" a \n", Some(" a ")),
            ("a\r\n", Some("a")),
            ("", None),
            ("\n", None),
            ("a\nb", None),
            ("a\n\n", None),
            ("a\0", None),
        ] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            assert_eq!(ask().ok().as_ref().map(|p| p.as_str()), wanted, "{text:?}");
        }
        fs::write(&path, "a").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(ask().unwrap_err().hint().unwrap().contains("chmod 600"));
    }

    /// A mistyped passphrase for a new key would lose the key.
    #[test]
    fn a_new_passphrase_is_typed_twice() {
        let new = |answers: &[&'static str]| ask_new("a key", &mut Typed(answers.to_vec()));
        assert_eq!(new(&["a", "a"]).unwrap().unwrap().as_str(), "a");
        assert!(matches!(new(&["a", "b"]), Err(PassphraseError::Differ)));
        assert!(new(&["", ""]).unwrap().is_none());
        let mut fixed = Fixed(Zeroizing::new("a".to_owned()));
        assert_eq!(ask_new("a key", &mut fixed).unwrap().unwrap().as_str(), "a");
    }

    #[test]
    fn nobody_to_ask_is_said_with_the_ways_out() {
        let key = UnlockedKey::from_seed(&[7; 32]).unwrap();
        let text = key.to_openssh("a", Some("secret")).unwrap();
        let file = PrivateFile::parse(text.as_bytes()).unwrap();
        let error = unlock(&file, "the key", &mut Nobody).unwrap_err();
        assert!(error.hint().unwrap().contains("CONEX_PASSPHRASE"));
        let mut wrong = Fixed(Zeroizing::new("wrong".to_owned()));
        let error = unlock(&file, "the key", &mut wrong).unwrap_err();
        assert!(matches!(
            error,
            UnlockError::Key(PrivateKeyError::WrongPassphrase)
        ));
    }
}
