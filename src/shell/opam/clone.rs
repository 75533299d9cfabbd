//! The settings for patches in a clone that opam has already: those that the hook writes into a
//! new one ([`crate::shell::hook::git`]).
//!
//! opam 2.1 keeps a clone as an archive, `repo/NAME.tar.gz`, and throws away what the hook
//! changes in its unpacked copy whenever an update is refused. So the file is replaced in the
//! archive here; everything else in it stays as it is.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::repositories::Entry;
use super::root::{Locked, Root};
use crate::shell::hook::git::{MAX_CONFIG, settle, settled};
use crate::shell::write::temporary_name;

/// The size of a block of tar, in bytes.
const BLOCK: usize = 512;

/// Gives opam's clone of the repository of `entry` the settings that patches need, if it has
/// one.
///
/// # Errors
/// The clone is not as opam makes it, or cannot be written; it is then as it was.
pub fn settle_clone(root: &Root, _locked: &Locked, entry: &Entry) -> Result<(), String> {
    if !entry.url.starts_with("git") {
        return Ok(());
    }
    let repo = root.path().join("repo");
    let directory = repo.join(&entry.name);
    // What cannot be looked at may be there.
    let is_there = |path: &Path| {
        let found = path.try_exists();
        found.map_err(|e| format!("`{}`: {e}", path.display()))
    };
    if is_there(&directory.join(".git"))? {
        return settle(&directory);
    }
    let archive = repo.join(format!("{}.tar.gz", entry.name));
    if !is_there(&archive)? {
        return Ok(());
    }
    in_archive(&archive, &format!("{}/.git/config", entry.name)).map_err(|e| e.to_string())
}

/// The same in an archive, in which `config` is the name of the file.
fn in_archive(archive: &Path, config: &str) -> io::Result<()> {
    if !std::fs::symlink_metadata(archive)?.is_file() {
        return Err(io::Error::other("it is not a plain file"));
    }
    let open = || File::open(archive).map(|file| GzDecoder::new(BufReader::new(file)));
    // What has to be replaced, if anything, stands near the start.
    let mut found = None;
    each(open()?, |header, content| {
        if header.is(config) {
            found = Some(header.text(content)?);
            return Ok(Next::Stop);
        }
        io::copy(content, &mut io::sink())?;
        Ok(Next::Go)
    })?;
    let Some(text) = found else {
        return Err(io::Error::other(format!("it has no `{config}`")));
    };
    let Some(new) = settled(&text) else {
        return Ok(());
    };
    let dir = archive.parent().unwrap_or(Path::new("."));
    let (prefix, suffix) = temporary_name();
    let file = tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(suffix)
        .tempfile_in(dir)?;
    file.as_file()
        .set_permissions(std::fs::metadata(archive)?.permissions())?;
    let mut out = GzEncoder::new(BufWriter::new(file), Compression::default());
    each(open()?, |header, content| {
        if header.is(config) {
            header.text(content)?;
            out.write_all(&header.sized(new.len())?)?;
            out.write_all(new.as_bytes())?;
            let padding = new.len().next_multiple_of(BLOCK) - new.len();
            out.write_all(&vec![0; padding])?;
        } else {
            out.write_all(&header.0)?;
            io::copy(content, &mut out)?;
        }
        Ok(Next::Go)
    })?;
    out.write_all(&[0; 2 * BLOCK])?;
    let file = out.finish()?.into_inner().map_err(|e| e.into_error())?;
    file.as_file().sync_all()?;
    file.persist(archive).map_err(|e| e.error)?;
    Ok(())
}

enum Next {
    Go,
    Stop,
}

/// Hands out each entry, with its content and the zeros after it.
fn each(
    mut archive: impl Read,
    mut visit: impl FnMut(&Header, &mut dyn Read) -> io::Result<Next>,
) -> io::Result<()> {
    loop {
        let mut block = [0; BLOCK];
        archive.read_exact(&mut block)?;
        if block == [0; BLOCK] {
            return Ok(());
        }
        let header = Header(block);
        let size = header.size()?.next_multiple_of(BLOCK as u64);
        let mut content = (&mut archive).take(size);
        if let Next::Stop = visit(&header, &mut content)? {
            return Ok(());
        }
        if content.limit() > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// The header of an entry.
struct Header([u8; BLOCK]);

impl Header {
    fn field(&self, start: usize, len: usize) -> &[u8] {
        let field = self.0.get(start..start + len).unwrap_or_default();
        field.split(|&b| b == 0).next().unwrap_or_default()
    }

    /// Whether it is that of a plain file of this name.
    fn is(&self, name: &str) -> bool {
        let kind = self.0.get(156).copied();
        self.field(0, 100) == name.as_bytes() && matches!(kind, Some(0 | b'0'))
    }

    fn size(&self) -> io::Result<u64> {
        let text = String::from_utf8_lossy(self.field(124, 12)).into_owned();
        u64::from_str_radix(text.trim(), 8)
            .map_err(|_| io::Error::other("it has an entry of a size that is not read"))
    }

    /// The content of a small text.
    fn text(&self, content: &mut dyn Read) -> io::Result<String> {
        let size = self.size()?;
        if size > MAX_CONFIG {
            return Err(io::Error::other("`.git/config` is too large"));
        }
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        bytes.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        String::from_utf8(bytes).map_err(|_| io::Error::other("`.git/config` is not text"))
    }

    /// The same header for another size.
    fn sized(&self, size: usize) -> io::Result<[u8; BLOCK]> {
        let mut block = self.0;
        let mut put = |at: usize, bytes: &[u8]| {
            if let Some(field) = block.get_mut(at..at + bytes.len()) {
                field.copy_from_slice(bytes);
            }
        };
        put(124, format!("{size:011o}\0").as_bytes());
        put(148, b"        ");
        let sum: u32 = block.iter().map(|&b| u32::from(b)).sum();
        if let Some(field) = block.get_mut(148..156) {
            field.copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
        Ok(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    /// As opam 2.1 has it, made and read by the `tar` that opam calls.
    #[test]
    fn the_archive_of_a_clone_gets_the_settings_and_nothing_else_changes() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        let long = format!("r/packages/{}/{}.1/files", "n".repeat(60), "n".repeat(60));
        std::fs::create_dir_all(at("r/.git/objects")).unwrap();
        std::fs::create_dir_all(at(&long)).unwrap();
        std::fs::write(at(&long).join("x"), "x").unwrap();
        std::fs::write(at("r/.git/config"), "[core]\n\tbare = false\n").unwrap();
        std::fs::write(at("r/.git/objects/big"), vec![7; 100_000]).unwrap();
        std::fs::write(at("r/repo"), "opam-version: \"2.0\"\n").unwrap();
        let tar = |args: &[&str]| {
            let status = Command::new("tar").args(args).current_dir(&dir).status();
            assert!(status.unwrap().success(), "{args:?}");
        };
        tar(&["-czf", "r.tar.gz", "r"]);
        let before = std::fs::read(at("r.tar.gz")).unwrap();
        in_archive(&at("r.tar.gz"), "r/.git/config").unwrap();
        let after = std::fs::read(at("r.tar.gz")).unwrap();
        assert_ne!(before, after);
        std::fs::create_dir(at("out")).unwrap();
        tar(&["-xzf", "r.tar.gz", "-C", "out"]);
        // As the hook does it in a directory.
        settle(&at("r")).unwrap();
        let diff = Command::new("diff")
            .args(["-r", "r", "out/r"])
            .current_dir(&dir)
            .output();
        let diff = diff.unwrap();
        assert!(diff.status.success() && diff.stdout.is_empty(), "{diff:?}");
        // Once.
        in_archive(&at("r.tar.gz"), "r/.git/config").unwrap();
        assert_eq!(std::fs::read(at("r.tar.gz")).unwrap(), after);
        // An archive without one, or a damaged one, stays as it is.
        assert!(in_archive(&at("r.tar.gz"), "x/.git/config").is_err());
        std::fs::write(at("r.tar.gz"), &before[..before.len() / 2]).unwrap();
        assert!(in_archive(&at("r.tar.gz"), "r/.git/config").is_err());
        assert_eq!(
            std::fs::read(at("r.tar.gz")).unwrap(),
            before[..before.len() / 2]
        );
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 3);
    }
}
