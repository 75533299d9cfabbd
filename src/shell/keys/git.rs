//! The key with which the user signs commits, if that is an SSH key.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::file::MAX_KEY_FILE;
use super::lines::PublicLine;
use crate::core::key::PublicKey;

/// What git's `user.signingkey` names (git-config(1)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitKey {
    /// A file, private or public.
    File(PathBuf),
    /// A public key; the private half is in an agent.
    Public(PublicKey),
    /// Something else.
    Unusable(String),
}

/// Asks git, as it is configured for `dir`, for its SSH signing key: `None` if there is
/// no git, or it signs with something else. Nothing but `git config --get` is run, which
/// reads configuration and starts nothing; the verifier never comes here.
pub fn signing_key(dir: &Path, home: Option<&Path>) -> Option<GitKey> {
    if config(dir, "gpg.format")? != "ssh" {
        return None;
    }
    Some(interpret(&config(dir, "user.signingkey")?, dir, home))
}

fn config(dir: &Path, key: &str) -> Option<String> {
    let output = Command::new("git")
        .current_dir(dir)
        .args(["config", "--get", key])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    if !output.status.success() || output.stdout.len() as u64 > MAX_KEY_FILE {
        return None;
    }
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim_end_matches(['\r', '\n']);
    (!text.is_empty()).then(|| text.to_owned())
}

fn interpret(value: &str, dir: &Path, home: Option<&Path>) -> GitKey {
    // git takes `key::KEY`, and for old times' sake a bare `ssh-…`; else it is a file.
    let key = value
        .strip_prefix("key::")
        .or_else(|| value.starts_with("ssh-").then_some(value));
    if let Some(key) = key {
        return match PublicLine::parse(key) {
            Ok(line) => GitKey::Public(line.key),
            Err(error) => GitKey::Unusable(error.to_string()),
        };
    }
    match (value.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => GitKey::File(home.join(rest)),
        (Some(_), None) => GitKey::Unusable(format!("{value:?}: `HOME` is not set")),
        (None, _) => GitKey::File(dir.join(value)),
    }
}
