//! Whether a file is a conex that opam can run.

use crate::hint::Hint;
use std::fs::Metadata;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::shell::keys::file::shell_quoted;

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most of its answer that is looked at.
const ANSWER: u64 = 200;

/// What a program is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conex {
    /// The file that is running, or the same bytes.
    This,
    /// Another conex, with what it says of its version.
    Other(String),
}

/// Why a file is no conex that opam can run. Each is a message of its own: what is to be done differs.
#[derive(Debug, Error)]
pub enum ProgramError {
    /// opam would look for it in PATH, or from where it is started.
    #[error("`{0}` is not an absolute path: opam would run whatever PATH has")]
    NotAbsolute(String),
    /// opam's configuration is text.
    #[error("the path `{0}` is not UTF-8, which opam's configuration is")]
    NotText(String),
    /// Nothing is there, or nothing can be seen there.
    #[error("`{0}`: {1}")]
    Absent(String, io::Error),
    /// A directory, a device.
    #[error("`{0}` is not a file")]
    NotAFile(String),
    /// A download, as browsers save it.
    #[error("`{0}` is not executable")]
    NotExecutable(String),
    /// Of another machine, or without its libraries.
    #[error("`{0}` cannot be run: {1}")]
    NotRunnable(String, io::Error),
    /// Another program.
    #[error("`{0}` is not a conex: with --version it {1}")]
    NotConex(String, String),
}

impl ProgramError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        const NAME: &str = "name the executable with --hook /usr/local/bin/conex";
        match self {
            ProgramError::NotAbsolute(path) => {
                let find = if path.contains('/') {
                    "realpath"
                } else {
                    "command -v"
                };
                let path = shell_quoted(Path::new(path));
                format!("name it by its whole path: --hook \"$({find} {path})\"")
            }
            ProgramError::NotText(_) => {
                "put the executable where the path is plain text, as /usr/local/bin".to_owned()
            }
            ProgramError::NotExecutable(path) => Hint::MakeExecutable {
                path: shell_quoted(Path::new(path)),
            }
            .to_string(),
            ProgramError::NotRunnable(..) => {
                "take the executable that is made for this machine, and name it with --hook"
                    .to_owned()
            }
            ProgramError::Absent(..) | ProgramError::NotAFile(_) | ProgramError::NotConex(..) => {
                NAME.to_owned()
            }
        }
    }
}

/// Looks at the file at `path`. `this` is the conex that is running. A file with other bytes is
/// asked for its version.
///
/// # Errors
/// It is no conex that opam can run.
pub fn look(path: &Path, this: &Path) -> Result<Conex, ProgramError> {
    let name = path.display().to_string();
    if !path.is_absolute() {
        return Err(ProgramError::NotAbsolute(name));
    }
    if path.to_str().is_none() {
        return Err(ProgramError::NotText(name));
    }
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) => return Err(ProgramError::Absent(name, error)),
    };
    if !metadata.is_file() {
        return Err(ProgramError::NotAFile(name));
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return Err(ProgramError::NotExecutable(name));
    }
    if is_same(path, &metadata, this) {
        return Ok(Conex::This);
    }
    version(path, name)
}

fn is_same(path: &Path, metadata: &Metadata, this: &Path) -> bool {
    let Ok(of_this) = std::fs::metadata(this) else {
        return false;
    };
    let one_file = (of_this.dev(), of_this.ino()) == (metadata.dev(), metadata.ino());
    let one_text =
        || matches!((std::fs::read(path), std::fs::read(this)), (Ok(a), Ok(b)) if a == b);
    one_file || (of_this.len() == metadata.len() && one_text())
}

/// Runs `PATH --version`, which a conex answers with `conex` and a number.
fn version(path: &Path, name: String) -> Result<Conex, ProgramError> {
    let mut command = Command::new(path);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Err(ProgramError::NotRunnable(name, error)),
    };
    let start = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if start.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(5)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                let said = format!("gave no answer in {} s", PATIENCE.as_secs());
                return Err(ProgramError::NotConex(name, said));
            }
            Err(error) => return Err(ProgramError::NotRunnable(name, error)),
        }
    };
    let mut answer = Vec::new();
    // A process that it left behind may hold the pipe: what is there by now is enough.
    if let Some(stdout) = child.stdout.take() {
        let _ = rustix::io::ioctl_fionbio(&stdout, true);
        let _ = stdout.take(ANSWER).read_to_end(&mut answer);
    }
    let answer = String::from_utf8_lossy(&answer);
    let line = answer.lines().next().unwrap_or_default();
    let number = line.strip_prefix("conex ");
    if status.success() && number.is_some_and(|n| n.starts_with(|c: char| c.is_ascii_digit())) {
        return Ok(Conex::Other(line.to_owned()));
    }
    let said = match (status.success(), line) {
        (false, _) => format!("ends with {status}"),
        (true, "") => "says nothing".to_owned(),
        (true, line) => format!("says `{line}`"),
    };
    Err(ProgramError::NotConex(name, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file in `dir` that says this when it is run.
    fn script(dir: &Path, name: &str, text: &str) -> std::path::PathBuf {
        let path = dir.join(name);
        // Written by another process: one that is started meanwhile must not hold it open.
        let status = Command::new("sh")
            .args([
                "-c",
                "printf '#!/bin/sh\n%s\n' \"$1\" > \"$0\" && chmod 755 \"$0\"",
            ])
            .arg(&path)
            .arg(text)
            .status();
        assert!(status.unwrap().success());
        path
    }

    #[test]
    fn a_conex_is_one_under_any_name_and_nothing_else_is() {
        let dir = tempfile::tempdir().unwrap();
        let this = script(dir.path(), "this", "echo conex 0.1.0");
        let at = |name: &str, text: &str| look(&script(dir.path(), name, text), &this);
        assert_eq!(look(&this, &this).unwrap(), Conex::This);
        assert_eq!(
            at("conex-0.1-x86_64-linux", "echo conex 0.1.0").unwrap(),
            Conex::This
        );
        assert_eq!(
            at("verifier", "echo conex 0.2.0").unwrap(),
            Conex::Other("conex 0.2.0".to_owned())
        );
        for text in [
            "echo conex",
            "echo conexion 1.0",
            "echo other 1.0; echo conex 0.1.0",
            "echo conex 0.2.0; exit 1",
            "exit 0",
        ] {
            assert!(
                matches!(at("conex", text), Err(ProgramError::NotConex(..))),
                "{text}"
            );
        }
    }

    /// Somebody who downloaded it reads what is wrong with the file, and not another thing.
    #[test]
    fn each_refusal_of_a_program_says_what_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let this = script(dir.path(), "this", "echo conex 0.1.0");
        let plain = dir.path().join("plain");
        std::fs::write(&plain, "#!/bin/sh\n").unwrap();
        let broken = script(dir.path(), "broken", "");
        std::fs::write(&broken, "\x7fELF of another machine").unwrap();
        let text = |path: &Path| look(path, &this).unwrap_err().to_string();
        for (path, says) in [
            (Path::new("conex"), "is not an absolute path"),
            (&dir.path().join("nothing"), "No such file"),
            (dir.path(), "is not a file"),
            (&plain, "is not executable"),
            (&broken, "cannot be run"),
            (Path::new("/bin/sh"), "is not a conex"),
        ] {
            assert!(text(path).contains(says), "{}", text(path));
        }
    }
}
