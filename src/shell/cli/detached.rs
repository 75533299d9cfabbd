//! `--detached`: what is to be signed goes to a machine that has the key, and the
//! signature comes back with `conex signature import`.

use std::path::{Path, PathBuf};

use super::args::Signing;
use super::ask::{now, places, show, show_warnings, signer_in, write};
use super::failure::{Exit, Failure};
use crate::plan::{Plan, World};
use crate::shell::keys::file::{Readers, from_home, read, shell_quoted};
use crate::shell::keys::lines::PublicLine;
use crate::shell::keys::private::PrivateFile;
use crate::shell::out::sayln;
use crate::shell::write::{Change, WORK_TREE, apply};
use conex_verify::format::key::PublicKey;
use conex_verify::format::name::Id;

/// Who is to sign, and with which key: nothing but its public half is needed here.
pub fn signer(
    signing: &Signing,
    world: &World<'_>,
    root: &Path,
) -> Result<(Id, PublicKey), Failure> {
    let places = places(root)?;
    let id = signer_in(signing, world, &places)?;
    let listed = world.keys_of(&id);
    if listed.is_empty() {
        world.known_id(&id)?;
    }
    if let Some(text) = &signing.key {
        let key = named(text, &listed)?;
        if !listed.contains(&key) {
            return Err(Failure::usage(
                format!(
                    "the repository does not list {} for `{id}`",
                    key.fingerprint()
                ),
                "name one of the keys that it lists",
            ));
        }
        return Ok((id, key));
    }
    // A janitor vouches with the key of the chain.
    if let Some(key) = world.chain().key_of(&id) {
        return Ok((id.clone(), key.clone()));
    }
    match listed.as_slice() {
        [key] => Ok((id, key.clone())),
        keys => {
            let keys: Vec<String> = keys.iter().map(|k| k.fingerprint().to_string()).collect();
            Err(Failure::usage(
                format!("`{id}` has several keys: {}", keys.join(", ")),
                "name the one that is to sign with --key FINGERPRINT",
            ))
        }
    }
}

/// A public key as named: a fingerprint of one that is listed, a line, or a file.
pub fn named(text: &str, listed: &[PublicKey]) -> Result<PublicKey, Failure> {
    let text = text.trim();
    let bad = |e: conex_verify::format::key::KeyError| {
        let hint = e.hint().unwrap_or_default();
        Failure::usage(e, hint)
    };
    if let Some(key) = listed.iter().find(|k| k.fingerprint().to_string() == text) {
        return Ok(key.clone());
    }
    if text.contains(' ') && !Path::new(text).exists() {
        return PublicLine::parse(text).map(|line| line.key).map_err(bad);
    }
    // Of a private key file only the public half is looked at.
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let bytes = read(&from_home(text, home.as_deref()), Readers::Anybody).map_err(|e| {
        Failure::usage(
            &e,
            "give a fingerprint, a line `ssh-ed25519 AAAA…`, or a `.pub` file",
        )
    })?;
    if PrivateFile::looks_like(&bytes) {
        let file = PrivateFile::parse(&bytes).map_err(|e| {
            let hint = e.hint().unwrap_or_default();
            Failure::usage(e, hint)
        })?;
        return Ok(file.public().clone());
    }
    let line = String::from_utf8_lossy(&bytes);
    PublicLine::parse(line.trim())
        .map(|line| line.key)
        .map_err(bad)
}

/// Writes what needs no signature into the repository and what does into `dir`, and
/// says how it is signed.
pub fn hand_out(
    signing: &Signing,
    plan: &Plan,
    world: &World<'_>,
    id: &Id,
    root: &Path,
    dir: &Path,
) -> Result<Exit, Failure> {
    let parts = plan.to_sign(world.chain().identity(), id, now());
    if parts.is_empty() && plan.is_empty() {
        show_warnings(plan);
        sayln!("Nothing to do: nothing waits for `{id}`.");
        return Ok(Exit::Success);
    }
    show(plan, &format!("`{id}` is to sign, elsewhere:"));
    if signing.consent.dry_run {
        sayln!("Nothing was written (--dry-run).");
        return Ok(Exit::Success);
    }
    let dir = outside(dir, root)?;
    let changes: Vec<Change> = parts
        .iter()
        .map(|part| Change {
            path: part.file_name(),
            bytes: Some(part.bytes.as_slice().into()),
        })
        .collect();
    if !plan.writes.is_empty() || !plan.removes.is_empty() {
        write(plan, root)?;
    }
    apply(&dir, &changes, WORK_TREE)
        .map_err(|e| Failure::usage(format!("{}: {e}", dir.display()), ""))?;
    let path = |change: &Change| shell_quoted(&dir.join(&change.path));
    sayln!("Where the key is, with this directory:");
    for (part, change) in parts.iter().zip(&changes) {
        let namespace = part.namespace.as_str();
        sayln!(
            "  ssh-keygen -Y sign -n {namespace} -f KEY {}",
            path(change)
        );
    }
    sayln!("Then, here:");
    for change in &changes {
        sayln!("  conex signature import {}", path(change));
    }
    Ok(Exit::Success)
}

/// Makes a directory for files to carry, which must not become a part of the repository.
pub fn outside(dir: &Path, root: &Path) -> Result<PathBuf, Failure> {
    let failed =
        |e: std::io::Error| Failure::usage(format!("`{}`: {e}", dir.display()), "name another one");
    std::fs::create_dir_all(dir).map_err(failed)?;
    let real = dir.canonicalize().map_err(failed)?;
    let packages = root.canonicalize().map_err(failed)?.join("packages");
    if real.starts_with(packages) {
        return Err(Failure::usage(
            format!(
                "`{}` is below `packages/`, where every file counts",
                dir.display()
            ),
            "name a directory outside the repository",
        ));
    }
    Ok(dir.to_owned())
}
