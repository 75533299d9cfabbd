//! The key with which the user signs commits, if that is an SSH key.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::file::MAX_KEY_FILE;
use super::lines::PublicLine;
use conex_verify::format::key::PublicKey;

/// What git's `user.signingkey` names (git-config(1)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GitKey {
    /// A file, private or public.
    File(PathBuf),
    /// A public key; the private half is in an agent.
    Public(PublicKey),
    /// Something else.
    Unusable {
        /// Why.
        why: String,
        /// What would help.
        hint: Option<String>,
    },
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
            Err(error) => GitKey::Unusable {
                why: error.to_string(),
                hint: error.hint(),
            },
        };
    }
    match (value.strip_prefix("~/"), home) {
        (Some(rest), Some(home)) => GitKey::File(home.join(rest)),
        (Some(_), None) => GitKey::Unusable {
            why: format!("{value:?}: `HOME` is not set"),
            hint: None,
        },
        (None, _) => GitKey::File(dir.join(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOpKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs";

    /// The three ways to write it (git-config(1), `user.signingKey`).
    #[test]
    fn the_value_is_read_as_git_reads_it() {
        let (dir, home) = (Path::new("/w"), Some(Path::new("/h")));
        let read = |value: &str| interpret(value, dir, home);
        let key = GitKey::Public(A.parse().unwrap());
        assert_eq!(read(A), key);
        assert_eq!(read(&format!("{A} a@b")), key);
        assert_eq!(read(&format!("key::{A}")), key);
        assert_eq!(read("~/.ssh/id.pub"), GitKey::File("/h/.ssh/id.pub".into()));
        assert_eq!(read("/k"), GitKey::File("/k".into()));
        assert_eq!(read("k"), GitKey::File("/w/k".into()));
        for bad in ["key::ssh-rsa AAAA", "ssh-rsa AAAA", "key::"] {
            assert!(matches!(read(bad), GitKey::Unusable { .. }), "{bad}");
        }
        assert!(matches!(
            interpret("~/k", dir, None),
            GitKey::Unusable { .. }
        ));
    }
}
