//! What a client remembers from one update to the next.
//!
//! opam hands over no previous state when a repository is added again, redirected
//! or gets a new URL; a rollback check that depends on it alone is lost then
//! (CVE-2022-29173 was that). So the hook keeps what it accepted.
//!
//! The file is text, a line for each register, in the order in which [`Memory::encode`] writes
//! them; docs/verification.md describes it. There is one encoding of each content.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;

use thiserror::Error;

use super::registers::{List, Registers};
use crate::format::digest::Digest;
use crate::format::key::Fingerprint;
use crate::format::name::{PackageName, Release};
use crate::format::resource::{Kind, ResourceId, ResourceVersion, Revision};
use crate::limits::MAX_INTEGER;
use crate::repository::Repository;
use crate::settled::Settled;
use crate::trust::anchors::Client;
use crate::verify::Assessment;

/// What was accepted under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// opam's name of the repository.
    pub name: String,
    /// The anchors under which it was accepted.
    pub anchors: BTreeSet<Fingerprint>,
    /// How many of them had to agree.
    pub quorum: usize,
    /// The digest of the state of the accepted tree, in full.
    pub state: Digest,
    /// The digest of its file `packages/.conex/snapshot`, if it had one.
    pub snapshot_file: Option<Digest>,
    /// What was valid.
    pub registers: Registers,
}

/// Why bytes are no memory.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MemoryError {
    /// The first line is another one.
    #[error("it is not a memory of this version of conex")]
    Version,
    /// A line that is not understood, counted from 1.
    #[error("line {0} is not one of a memory")]
    Line(usize),
    /// It is not as it would be written.
    #[error("it was changed since it was written")]
    Changed,
}

/// The lines of a memory about settled packages, as they stand there.
#[derive(Debug, Default)]
pub(crate) struct SettledLines<'m> {
    /// With the type and the name of each resource, in this order.
    resources: Vec<(Kind, &'m str, &'m str)>,
    /// With the name of each package, in this order.
    lists: Vec<(&'m str, &'m str)>,
}

impl SettledLines<'_> {
    /// The versions of the metadata of these packages.
    pub(crate) fn versions(
        &self,
    ) -> Option<HashMap<PackageName, Vec<(ResourceId, ResourceVersion)>>> {
        let mut versions: HashMap<PackageName, Vec<_>> = HashMap::new();
        let lists = self.lists.iter();
        let lists = lists.map(|(name, line)| (Kind::Releases, *name, *line));
        for (kind, name, line) in self.resources.iter().copied().chain(lists) {
            let resource = ResourceId {
                kind,
                name: name.into(),
            };
            let version = version(&mut line.split(' ').skip(2))?;
            let package = resource.package()?;
            versions
                .entry(package)
                .or_default()
                .push((resource, version));
        }
        Some(versions)
    }
}

/// The first line: the version of the format.
const FIRST: &str = "conex-memory 1";

impl Memory {
    /// M5: What to remember after accepting a tree.
    pub fn after(
        name: &str,
        client: &Client,
        repository: &Repository,
        assessment: &Assessment<'_>,
    ) -> Memory {
        Memory {
            name: name.to_owned(),
            anchors: client.anchors().keys.clone(),
            quorum: client.quorum(),
            state: repository.state.digest(),
            snapshot_file: repository.snapshot.good().map(|l| l.digest),
            registers: Registers::of(repository, assessment),
        }
    }

    /// M1: Whether the tree that opam holds is the one that was accepted, so that nothing is
    /// learnt by judging it.
    pub fn is_of(&self, repository: &Repository) -> bool {
        self.state == repository.state.digest()
            && self.snapshot_file == repository.snapshot.good().map(|l| l.digest)
    }

    /// M3: Whether a client with these anchors means the repository that is remembered here: as
    /// many keys as the lower of the two quorums are in both.
    pub fn is_meant_by(&self, client: &Client) -> bool {
        let shared = self.anchors.intersection(&client.anchors().keys).count();
        shared >= self.quorum.min(client.quorum()).max(1)
    }

    /// M2: Whether a chain with links of these digests has every link that is known here.
    pub fn is_part_of(&self, chain: &[Digest]) -> bool {
        let has = |(number, link): (&u64, &Digest)| {
            let at = usize::try_from(*number).ok();
            at.and_then(|at| chain.get(at)) == Some(link)
        };
        self.registers.links.iter().all(has)
    }

    /// The bytes to keep.
    pub fn encode(&self) -> Vec<u8> {
        self.encode_with(&SettledLines::default())
    }

    /// The file of this memory and of what it was about the packages that are settled.
    pub(crate) fn encode_with(&self, settled: &SettledLines<'_>) -> Vec<u8> {
        let mut out = String::new();
        let known = &self.registers;
        let optional = |digest: &Option<Digest>| digest.map_or_else(|| "-".to_owned(), |d| d.hex());
        let anchors: Vec<String> = self.anchors.iter().map(Fingerprint::to_string).collect();
        // Writing to a `String` cannot fail.
        let _ = writeln!(out, "{FIRST}");
        let _ = writeln!(out, "name {}", quoted(&self.name));
        let _ = writeln!(out, "identity {}", known.identity.hex());
        let _ = writeln!(out, "anchors {} {}", self.quorum, anchors.join(" "));
        let _ = writeln!(out, "state {}", self.state.hex());
        let _ = writeln!(out, "snapshot-file {}", optional(&self.snapshot_file));
        for (number, digest) in &known.links {
            let _ = writeln!(out, "link {number} {}", digest.hex());
        }
        if let Some(version) = known.snapshot {
            let _ = writeln!(out, "snapshot {}", text(version));
        }
        let mut others = settled.resources.iter().peekable();
        for (resource, version) in &known.resources {
            let key = (resource.kind, &*resource.name);
            while let Some((.., line)) = others.next_if(|(kind, name, _)| (*kind, *name) < key) {
                out.push_str(line);
                out.push('\n');
            }
            let kind = resource.kind.as_str();
            let _ = writeln!(out, "{kind} {} {}", resource.name, text(*version));
        }
        for (.., line) in others {
            out.push_str(line);
            out.push('\n');
        }
        let mut others = settled.lists.iter().peekable();
        for (name, list) in &known.lists {
            while let Some((_, line)) = others.next_if(|(other, _)| *other < name.as_str()) {
                out.push_str(line);
                out.push('\n');
            }
            let _ = write!(out, "releases {name} {} {}", text(list.version), list.floor);
            for release in &list.releases {
                let _ = write!(out, " {}", release.version_str());
            }
            out.push('\n');
        }
        for (_, line) in others {
            out.push_str(line);
            out.push('\n');
        }
        let _ = writeln!(out, "end {}", Digest::of(out.as_bytes()).short());
        out.into_bytes()
    }

    /// Whether the first lines say that `bytes` are about this repository, whatever the
    /// rest says.
    pub fn is_about(bytes: &[u8], name: &str, identity: Digest) -> bool {
        let head = format!(
            "{FIRST}\nname {}\nidentity {}\n",
            quoted(name),
            identity.hex()
        );
        bytes.starts_with(head.as_bytes())
    }

    /// M4, M6: Reads what [`Memory::encode`] wrote.
    ///
    /// # Errors
    /// Anything else.
    pub fn decode(bytes: &[u8]) -> Result<Memory, MemoryError> {
        let (mut memory, lines) = Memory::head(bytes)?;
        for (number, line) in lines {
            if line.starts_with("end ") {
                break;
            }
            memory.register(line).ok_or(MemoryError::Line(number))?;
        }
        // One comparison for the order of lines, for what stands twice, and for the last line.
        if memory.encode() == bytes {
            Ok(memory)
        } else {
            Err(MemoryError::Changed)
        }
    }

    /// Reads a memory that is known to be as it was written, but for its lines about settled
    /// packages, which it gives as they are. `None` if it is no such memory.
    pub(crate) fn decode_rest<'m>(
        bytes: &'m [u8],
        settled: &Settled,
    ) -> Option<(Memory, SettledLines<'m>)> {
        let names: HashSet<&str> = settled.packages().keys().map(PackageName::as_str).collect();
        let (mut memory, lines) = Memory::head(bytes).ok()?;
        let mut left = SettledLines::default();
        for (_, line) in lines {
            let mut words = line.split(' ');
            let kind = words.next()?;
            if kind == "end" {
                break;
            }
            let name = words.next()?;
            let kind = Kind::from_text(kind);
            let package = match kind {
                Some(Kind::Authorisation | Kind::Releases | Kind::Checksum) => {
                    name.split('.').next().unwrap_or_default()
                }
                _ => "",
            };
            match kind.filter(|_| names.contains(package)) {
                None => memory.register(line)?,
                Some(Kind::Releases) => left.lists.push((name, line)),
                Some(kind) => left.resources.push((kind, name, line)),
            }
        }
        Some((memory, left))
    }

    /// What stands before the registers, and the lines of these, each with its number.
    fn head(bytes: &[u8]) -> Result<(Memory, impl Iterator<Item = (usize, &str)>), MemoryError> {
        let source = std::str::from_utf8(bytes).map_err(|_| MemoryError::Changed)?;
        let mut lines = source.lines().enumerate().map(|(i, line)| (i + 1, line));
        if lines.next().map(|(_, line)| line) != Some(FIRST) {
            return Err(MemoryError::Version);
        }
        let mut head = |word: &str| -> Result<&str, MemoryError> {
            let (number, line) = lines.next().ok_or(MemoryError::Changed)?;
            line.strip_prefix(word)
                .and_then(|rest| rest.strip_prefix(' '))
                .ok_or(MemoryError::Line(number))
        };
        let name = unquoted(head("name")?).ok_or(MemoryError::Changed)?;
        let identity = hex(head("identity")?).ok_or(MemoryError::Changed)?;
        let mut anchors = head("anchors")?.split(' ');
        let quorum = anchors.next().and_then(|n| n.parse().ok());
        let quorum = quorum.ok_or(MemoryError::Changed)?;
        let anchors = anchors.map(|a| a.parse().map_err(|_| MemoryError::Changed));
        let anchors = anchors.collect::<Result<_, _>>()?;
        let state = hex(head("state")?).ok_or(MemoryError::Changed)?;
        let snapshot_file = match head("snapshot-file")? {
            "-" => None,
            text => Some(hex(text).ok_or(MemoryError::Changed)?),
        };
        let memory = Memory {
            name,
            anchors,
            quorum,
            state,
            snapshot_file,
            registers: Registers {
                identity,
                links: BTreeMap::new(),
                resources: BTreeMap::new(),
                lists: BTreeMap::new(),
                snapshot: None,
            },
        };
        Ok((memory, lines))
    }

    /// Takes in the line of a register.
    fn register(&mut self, line: &str) -> Option<()> {
        let mut words = line.split(' ');
        let known = &mut self.registers;
        match words.next()? {
            "link" => {
                let number = words.next()?.parse().ok()?;
                known.links.insert(number, hex(words.next()?)?);
            }
            "snapshot" => known.snapshot = Some(version(&mut words)?),
            "releases" => {
                let name = PackageName::new(words.next()?).ok()?;
                let version = version(&mut words)?;
                let floor = integer(words.next()?)?;
                let release = |v: &str| Release::new(&format!("{name}.{v}")).ok();
                let releases = words.by_ref().map(release).collect::<Option<_>>()?;
                let list = List {
                    version,
                    floor,
                    releases,
                };
                known.lists.insert(name, list);
            }
            kind => {
                let kind = Kind::from_text(kind)?;
                let resource = ResourceId::new(kind, words.next()?).ok()?;
                known.resources.insert(resource, version(&mut words)?);
            }
        }
        words.next().is_none().then_some(())
    }
}

fn text(version: ResourceVersion) -> String {
    let Revision { epoch, counter } = version.revision;
    format!("{epoch} {counter} {}", version.digest.hex())
}

fn version<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<ResourceVersion> {
    Some(ResourceVersion {
        revision: Revision {
            epoch: integer(words.next()?)?,
            counter: integer(words.next()?)?,
        },
        digest: hex(words.next()?)?,
    })
}

fn integer(text: &str) -> Option<u64> {
    text.parse().ok().filter(|n| *n <= MAX_INTEGER)
}

fn hex(text: &str) -> Option<Digest> {
    Digest::from_hex(text)
}

/// A name, which can be any text, as one word of printable ASCII: every other byte of it, `%` and
/// blanks are written as `%` and two hex digits.
fn quoted(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'%' => out.push_str("%25"),
            b'!'..=b'~' => out.push(char::from(byte)),
            // Writing to a `String` cannot fail.
            _ => drop(write!(out, "%{byte:02x}")),
        }
    }
    out
}

/// What [`quoted`] wrote.
fn unquoted(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(name: &str) -> Memory {
        let digest = Digest::of(name.as_bytes());
        let version = |counter| ResourceVersion {
            revision: Revision { epoch: 1, counter },
            digest,
        };
        let fmt = PackageName::new("fmt").unwrap();
        let release = Release::new("fmt.1.0").unwrap();
        Memory {
            name: name.to_owned(),
            anchors: [digest.to_string().parse().unwrap()].into(),
            quorum: 1,
            state: digest,
            snapshot_file: None,
            registers: Registers {
                identity: digest,
                links: [(3, digest)].into(),
                resources: [
                    (ResourceId::claims(), version(1)),
                    (ResourceId::checksum(&release), version(2)),
                ]
                .into(),
                lists: [(
                    fmt,
                    List {
                        version: version(5),
                        floor: 4,
                        releases: [release].into(),
                    },
                )]
                .into(),
                snapshot: Some(version(9)),
            },
        }
    }

    #[test]
    fn a_memory_is_read_as_it_was_written() {
        for name in [
            "",
            "default",
            "a b",
            "a%20b",
            "\n\"\\",
            "\u{1b}[0m",
            "é\u{202e}'",
        ] {
            let memory = memory(name);
            assert_eq!(Memory::decode(&memory.encode()), Ok(memory), "{name:?}");
        }
    }

    #[test]
    fn any_change_of_a_memory_is_noticed() {
        let bytes = memory("default").encode();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(Memory::decode(&changed).is_err(), "byte {at}");
            assert!(Memory::decode(&bytes[..at]).is_err(), "{at} bytes");
        }
        assert!(Memory::decode(&[&bytes[..], b"\n"].concat()).is_err());
    }
}
