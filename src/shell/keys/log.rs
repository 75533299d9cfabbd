//! What somebody signed: the signer's own log, `$CONEX_HOME/log/<identity>`.
//!
//! What is signed in a branch that nobody merges stays signed. The log remembers how far the
//! own counters are, so that `conex supersede` knows what to be above. Losing it loses no
//! more than that.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use super::store::conex_home;
use crate::plan::Log;
use conex_verify::format::digest::Digest;
use conex_verify::format::name::Id;
use conex_verify::format::resource::{Kind, ResourceId, ResourceVersion, Revision, Segment};

fn path(repository: Digest) -> Option<PathBuf> {
    Some(conex_home().ok()?.join("log").join(repository.hex()))
}

/// Adds what a segment vouches for, a line for each entry.
///
/// # Errors
/// The log cannot be written, which takes nothing from the signature.
pub fn add(segment: &Segment) -> Result<(), String> {
    let path = path(segment.repository)
        .ok_or("it is not known where: neither CONEX_HOME nor HOME is set")?;
    let mut text = String::new();
    for entry in &segment.entries {
        let Revision { epoch, counter } = entry.version.revision;
        let kind = entry.resource.kind.as_str();
        let (id, name) = (&segment.id, &entry.resource.name);
        let digest = entry.version.digest.hex();
        text.push_str(&format!("{id} {kind} {name} {epoch} {counter} {digest}\n"));
    }
    let write = || -> std::io::Result<()> {
        if let Some(dir) = path.parent() {
            std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(dir)?;
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true).mode(0o600);
        // One write: two runs at once do not mix their lines.
        options.open(&path)?.write_all(text.as_bytes())
    };
    write().map_err(|e| format!("`{}`: {e}", path.display()))
}

/// Who signed here.
pub fn signers(repository: Digest) -> BTreeSet<Id> {
    let text = path(repository).and_then(|path| std::fs::read_to_string(path).ok());
    let text = text.unwrap_or_default();
    let signers = text.lines().filter_map(|line| Id::new(entry(line)?.0).ok());
    signers.collect()
}

/// The versions that `id` signed of each resource. A line that cannot be read was not written
/// here, and counts for nothing.
pub fn signed_by(repository: Digest, id: &Id) -> Log {
    let text = path(repository).and_then(|path| std::fs::read_to_string(path).ok());
    let mut log = Log::new();
    for line in text.unwrap_or_default().lines() {
        let Some((who, resource, version)) = entry(line) else {
            continue;
        };
        if who == id.as_str() {
            log.entry(resource).or_default().insert(version);
        }
    }
    log
}

fn entry(line: &str) -> Option<(&str, ResourceId, ResourceVersion)> {
    let mut words = line.split(' ');
    let id = words.next()?;
    let kind = Kind::from_text(words.next()?)?;
    let resource = ResourceId::new(kind, words.next()?).ok()?;
    let revision = Revision {
        epoch: words.next()?.parse().ok()?,
        counter: words.next()?.parse().ok()?,
    };
    let digest = format!("blake2b={}", words.next()?).parse().ok()?;
    Some((id, resource, ResourceVersion { revision, digest }))
}
