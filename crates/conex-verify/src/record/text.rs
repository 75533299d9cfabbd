//! How a record is written: text, a line for each fact. There is one encoding of each content.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::accepted::{Directory, Record, Share};
use crate::format::digest::Digest;
use crate::format::name::Id;
use crate::published::SHARES;
use crate::settled::{SettledPackage, Totals};

const FIRST: &str = "conex-record 1";

impl Record {
    /// The file of this record.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = format!("{FIRST}\n");
        // Writing to a `String` cannot fail.
        for (word, digest) in [
            ("context", &self.context),
            ("identity", &self.identity),
            ("memory", &self.memory),
            ("common", &self.common),
        ] {
            let _ = writeln!(out, "{word} {}", digest.hex());
        }
        for signature in &self.signatures {
            let _ = writeln!(out, "signature {}", signature.hex());
        }
        for share in &self.shares {
            let word = if share.told { "told" } else { "quiet" };
            let _ = writeln!(out, "share {} {word}", share.digest.hex());
            for directory in &share.directories {
                let Totals {
                    packages,
                    releases,
                    files,
                    bytes,
                    entries,
                } = directory.totals;
                let _ = write!(
                    out,
                    "{} {} {packages} {releases} {files} {bytes} {entries}",
                    directory.name,
                    directory.state.hex()
                );
                if let Some(package) = &directory.package {
                    let word = if package.claimed {
                        "signed"
                    } else {
                        "unsigned"
                    };
                    let _ = write!(out, " {word} {}", package.releases);
                    for owner in &package.owners {
                        let _ = write!(out, " {owner}");
                    }
                }
                out.push('\n');
            }
            out.push_str(".\n");
        }
        let _ = writeln!(out, "end {}", Digest::of(out.as_bytes()).hex());
        out.into_bytes()
    }

    /// Reads a record. `None`: it is none, or not as it was written.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Record> {
        let source = std::str::from_utf8(bytes).ok()?;
        let source = source.strip_suffix('\n')?;
        let (content, end) = source.rsplit_once('\n')?;
        let whole = bytes.get(..content.len() + 1)?;
        (hex(end.strip_prefix("end ")?)? == Digest::of(whole)).then_some(())?;
        let mut lines = content.split('\n');
        (lines.next()? == FIRST).then_some(())?;
        let mut head = |word: &str| hex(lines.next()?.strip_prefix(word)?);
        let mut record = Record {
            context: head("context ")?,
            identity: head("identity ")?,
            memory: head("memory ")?,
            common: head("common ")?,
            signatures: BTreeSet::new(),
            shares: Vec::new(),
        };
        while let Some(line) = lines.next() {
            if let Some(signature) = line.strip_prefix("signature ") {
                record.signatures.insert(hex(signature)?);
                continue;
            }
            let (digest, word) = line.strip_prefix("share ")?.split_once(' ')?;
            let mut share = Share {
                digest: hex(digest)?,
                told: match word {
                    "told" => true,
                    "quiet" => false,
                    _ => return None,
                },
                directories: Vec::new(),
            };
            loop {
                match lines.next()? {
                    "." => break,
                    line => share.directories.push(directory(line)?),
                }
            }
            record.shares.push(share);
        }
        (record.shares.len() == usize::from(SHARES)).then_some(record)
    }
}

fn directory(line: &str) -> Option<Directory> {
    let mut words = line.split(' ');
    let (name, state) = (words.next()?, hex(words.next()?)?);
    let mut number = || words.next()?.parse().ok();
    let totals = Totals {
        packages: number()?,
        releases: number()?,
        files: number()?,
        bytes: number()?,
        entries: number()?,
    };
    let package = match words.next() {
        None => None,
        Some(word) => Some(SettledPackage {
            claimed: match word {
                "signed" => true,
                "unsigned" => false,
                _ => return None,
            },
            releases: words.next()?.parse().ok()?,
            owners: words
                .map(|owner| Id::new(owner).ok())
                .collect::<Option<_>>()?,
        }),
    };
    Some(Directory {
        name: name.into(),
        state,
        totals,
        package,
    })
}

fn hex(text: &str) -> Option<Digest> {
    Digest::from_hex(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Record {
        let digest = |text: &str| Digest::of(text.as_bytes());
        let package = SettledPackage {
            claimed: true,
            releases: 2,
            owners: ["bob", "eve"].map(|id| Id::new(id).unwrap()).into(),
        };
        let totals = Totals {
            packages: 1,
            releases: 2,
            files: 3,
            bytes: 4,
            entries: 5,
        };
        let directory = |name: &str, package| Directory {
            name: name.into(),
            state: digest(name),
            totals,
            package,
        };
        let directories = vec![directory("fmt", Some(package)), directory("strays", None)];
        let share = |n: u8| Share {
            digest: Digest::of(&[n]),
            told: n == 8,
            directories: if n == 7 {
                directories.clone()
            } else {
                Vec::new()
            },
        };
        Record {
            context: digest("context"),
            identity: digest("identity"),
            memory: digest("memory"),
            common: digest("common"),
            signatures: [digest("a"), digest("b")].into(),
            shares: (0..SHARES).map(share).collect(),
        }
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        assert_eq!(Record::decode(&record().encode()), Some(record()));
    }

    #[test]
    fn a_record_that_was_changed_is_none() {
        let bytes = record().encode();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(Record::decode(&changed), None, "byte {at}");
            assert_eq!(Record::decode(&bytes[..at]), None, "{at} bytes");
        }
        assert_eq!(Record::decode(&[&bytes[..], b"\n"].concat()), None);
    }
}
