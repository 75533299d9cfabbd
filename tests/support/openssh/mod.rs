//! Stock OpenSSH, run by the tests.
//!
//! Without it the tests say that they did not run; with `CONEX_REQUIRE_ORACLES=1` that
//! is a failure.

// Each test file uses a part of this.
#![allow(clippy::disallowed_methods)]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use conex::shell::keys::private::PrivateKeyError;
use conex::shell::keys::{Passphrase, PrivateFile, PublicLine};
use conex_verify::format::key::PublicKey;
use conex_verify::format::name::Id;
use tempfile::TempDir;

/// Whether the oracle is there.
pub fn oracle(name: &str) -> bool {
    let there = Command::new(name)
        .arg("-?")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !there {
        let required = std::env::var_os("CONEX_REQUIRE_ORACLES").is_some_and(|v| v == "1");
        assert!(
            !required,
            "`{name}` is not installed, and CONEX_REQUIRE_ORACLES=1"
        );
        eprintln!("NOT TESTED: `{name}` is not installed (Debian: openssh-client)");
    }
    there
}

/// Runs a command, with this on its standard input, and without the user's agent.
pub fn run(command: &mut Command, stdin: &[u8]) -> Output {
    let mut child = command
        .env_remove("SSH_AUTH_SOCK")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end without reading everything.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    child.wait_with_output().unwrap()
}

/// The output of a command that must succeed.
pub fn ok(command: &mut Command, stdin: &[u8]) -> String {
    let output = run(command, stdin);
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Makes a key with `ssh-keygen`.
pub fn keygen(dir: &TempDir, name: &str, options: &[&str], passphrase: &str) -> PathBuf {
    let path = dir.path().join(name);
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-C", "made by ssh-keygen", "-N", passphrase, "-f"]);
    ok(command.arg(&path).args(options), b"");
    path
}

pub fn public(path: &Path) -> PublicKey {
    let line = fs::read_to_string(path.with_extension("pub")).unwrap();
    PublicLine::parse(&line).unwrap().key
}

/// `ssh-keygen -Y sign` of a message, with more options.
pub fn their_armour(key: &Path, namespace: &str, message: &[u8], options: &[&str]) -> String {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-Y", "sign", "-n", namespace, "-f"]);
    ok(command.arg(key).args(options), message)
}

/// Whether `ssh-keygen -Y verify` accepts the signature.
pub fn they_accept(key: &PublicKey, namespace: &str, message: &[u8], armoured: &str) -> bool {
    let dir = TempDir::new().unwrap();
    let (signers, sig) = (dir.path().join("signers"), dir.path().join("sig"));
    fs::write(&signers, format!("author-a {key}\n")).unwrap();
    fs::write(&sig, armoured).unwrap();
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "verify", "-I", "author-a", "-n", namespace]);
    command.arg("-f").arg(&signers).arg("-s").arg(&sig);
    run(&mut command, message).status.success()
}

pub fn parse(path: &Path) -> Result<PrivateFile, PrivateKeyError> {
    PrivateFile::parse(&fs::read(path).unwrap())
}

pub fn phrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned())
}

pub fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}
