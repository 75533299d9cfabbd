//! What a git merge leaves behind: files with conflict markers.
//!
//! Metadata is made so that two changes of one resource never merge into bytes that
//! nobody vouched for: they conflict. What can be written anew from the tree is, by
//! `sign`; signatures under one link are joined; and what two people decided in
//! two ways is decided again, by the command that decided it.

use crate::hint::Hint;
use std::collections::{BTreeMap, BTreeSet};

use conex_verify::format::digest::Digest;
use conex_verify::format::key::{Namespace, PublicKey};
use conex_verify::format::name::PackageName;
use conex_verify::format::path::{PACKAGES, Place};
use conex_verify::format::resource::{
    Authorisation, Checksum, Claims, Decode, IdFile, Releases, Repo, ResourceVersion, SignedLink,
};
use conex_verify::tree::{Bytes, Tree};

/// The conflicts of a working tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Conflicts {
    /// Lists of releases, checksums, and what is approved of the top: `sign` writes them anew.
    pub rewritten: BTreeSet<String>,
    /// Of each list of releases that git left with both sides in it, the two sides: as they stand in
    /// that file, or as somebody [wrote](Conflicts::wrote) them.
    pub lists: BTreeMap<PackageName, [(ResourceVersion, Releases); 2]>,
    /// Links with the signatures of both sides: what is to be written.
    pub links: BTreeMap<String, Vec<u8>>,
    /// What two people decided in two ways, by path: the first side is taken until the
    /// command that made the other is given again.
    pub redo: BTreeMap<String, Place>,
}

impl Conflicts {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rewritten.is_empty() && self.links.is_empty() && self.redo.is_empty()
    }

    /// How many files hold markers.
    pub fn len(&self) -> usize {
        self.rewritten.len() + self.links.len() + self.redo.len()
    }

    /// Takes the two sides of a list as two people wrote them. In the file that git left, a release
    /// that one side brings or removes can stand outside of the markers, and so in both.
    pub fn wrote(&mut self, name: &PackageName, [ours, theirs]: &[Vec<u8>; 2]) {
        if let Some(sides) = lists(ours, theirs) {
            self.lists.insert(name.clone(), sides);
        }
    }

    /// What is to be decided again, and how. `None` if nothing is.
    pub fn to_redo(&self) -> Option<(String, String)> {
        let (path, place) = self.redo.first_key_value()?;
        let more = match self.redo.len() {
            1 => String::new(),
            n => format!(" (and {} more files)", n - 1),
        };
        let command = match place {
            Place::Authorisation(name) => Hint::RedoOwner {
                name: name.to_string(),
            }
            .to_string(),
            Place::IdFile(id) => Hint::RedoPeople { id: id.to_string() }.to_string(),
            Place::Claims => Hint::RedoClaims.to_string(),
            _ => "the command that changed it".to_owned(),
        };
        Some((
            format!("two branches changed `{path}` in two ways{more}"),
            format!(
                "give the command of one of them again: {command}; what your branch (HEAD) says \
is taken, and the change is made to that"
            ),
        ))
    }
}

/// Which side of a conflict a line belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Both,
    Ours,
    Base,
    Theirs,
}

/// A line that git writes around what conflicts (git-merge(1), "how conflicts are presented").
fn marker(line: &[u8], with: u8) -> bool {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let seven = [with; 7];
    line.strip_prefix(&seven)
        .is_some_and(|rest| rest.is_empty() || rest.first() == Some(&b' '))
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|b| *b == b'\n')
}

/// Whether a file holds git's conflict markers: one line of each, in their order.
pub fn has_markers(bytes: &[u8]) -> bool {
    let mut wanted = [b'<', b'=', b'>'].into_iter();
    let Some(mut next) = wanted.next() else {
        return false;
    };
    for line in lines(bytes) {
        if marker(line, next) {
            match wanted.next() {
                Some(then) => next = then,
                None => return true,
            }
        }
    }
    false
}

/// Both sides of a file with conflict markers, each whole. `None` if there are none, or
/// not in an order that git writes.
pub fn sides(bytes: &[u8]) -> Option<[Vec<u8>; 2]> {
    if !has_markers(bytes) {
        return None;
    }
    let mut ours = Vec::with_capacity(bytes.len());
    let mut theirs = Vec::with_capacity(bytes.len());
    let mut at = Side::Both;
    for line in lines(bytes) {
        at = match at {
            Side::Both if marker(line, b'<') => Side::Ours,
            Side::Ours if marker(line, b'|') => Side::Base,
            Side::Ours | Side::Base if marker(line, b'=') => Side::Theirs,
            Side::Theirs if marker(line, b'>') => Side::Both,
            side => {
                if matches!(side, Side::Both | Side::Ours) {
                    ours.extend_from_slice(line);
                }
                if matches!(side, Side::Both | Side::Theirs) {
                    theirs.extend_from_slice(line);
                }
                continue;
            }
        };
    }
    (at == Side::Both).then_some([ours, theirs])
}

/// The tree as the tools see it, with something readable in place of every metadata
/// file that git left with markers, and what there is to do about them. What cannot be
/// mended stays as it is, and is refused as unreadable.
pub fn mend(tree: &Tree) -> (Tree, Conflicts) {
    let mut conflicts = Conflicts::default();
    let mut mended: Vec<(String, Vec<u8>)> = Vec::new();
    for (path, bytes) in &tree.files {
        if !path.starts_with(PACKAGES) {
            continue;
        }
        let Ok(place) = Place::of(path) else { continue };
        let metadata = !matches!(
            place,
            // The snapshot is made when the branch is published, after the published one.
            Place::Opam(_)
                | Place::File(..)
                | Place::Old(..)
                | Place::Misplaced(_)
                | Place::Stray(_)
                | Place::Segment(..)
                | Place::Snapshot
        );
        if !metadata {
            continue;
        }
        let Some([ours, theirs]) = sides(bytes) else {
            continue;
        };
        // git may have merged all lines but the last: neither side is then one that
        // somebody wrote, and its check line fits nothing.
        let [ours, theirs] = match place {
            Place::Link(_) => [ours, theirs],
            _ => [checked(ours), checked(theirs)],
        };
        let taken = match &place {
            Place::Releases(name) => lists(&ours, &theirs).map(|[ours, theirs]| {
                let joined = releases(ours.1.clone(), &theirs.1).encode();
                conflicts.lists.insert(name.clone(), [ours, theirs]);
                joined
            }),
            Place::Checksum(_) => both(
                &ours,
                &theirs,
                |a: Checksum, b: Checksum| {
                    if b.revision > a.revision { b } else { a }
                },
            ),
            Place::Link(n) => link(tree, *n, &ours, &theirs),
            Place::Authorisation(_) => one::<Authorisation>(&ours, &theirs),
            Place::Repo => one::<Repo>(&ours, &theirs),
            Place::Claims => one::<Claims>(&ours, &theirs),
            Place::IdFile(_) => IdFile::decode(&ours)
                .is_ok_and(|_| IdFile::decode(&theirs).is_ok())
                .then_some(ours),
            _ => None,
        };
        let Some(taken) = taken else { continue };
        match place {
            Place::Releases(_) | Place::Checksum(_) | Place::Repo => {
                conflicts.rewritten.insert(path.clone());
            }
            Place::Link(_) => {
                conflicts.links.insert(path.clone(), taken.clone());
            }
            other => {
                conflicts.redo.insert(path.clone(), other);
            }
        }
        mended.push((path.clone(), taken));
    }
    let mut result = tree.clone();
    for (path, bytes) in mended {
        result.files.insert(path, Bytes::from(bytes));
    }
    (result, conflicts)
}

/// A file whose line `check` is that of the lines before it.
fn checked(bytes: Vec<u8>) -> Vec<u8> {
    let mut before = Vec::with_capacity(bytes.len());
    for line in lines(&bytes).take_while(|line| !line.starts_with(b"check: ")) {
        before.extend_from_slice(line);
    }
    let check = Digest::of(&before).short();
    before.extend_from_slice(format!("check: \"{check}\"\n").as_bytes());
    before
}

fn both<T: Decode>(ours: &[u8], theirs: &[u8], join: impl FnOnce(T, T) -> T) -> Option<Vec<u8>> {
    let (ours, theirs) = (T::decode(ours).ok()?, T::decode(theirs).ok()?);
    Some(join(ours, theirs).encode())
}

/// Our side, if both can be read.
fn one<T: Decode>(ours: &[u8], theirs: &[u8]) -> Option<Vec<u8>> {
    both(ours, theirs, |a: T, _: T| a)
}

/// The two sides of a list of releases.
fn lists(ours: &[u8], theirs: &[u8]) -> Option<[(ResourceVersion, Releases); 2]> {
    let side = |bytes: &[u8]| {
        let list = Releases::decode(bytes).ok()?;
        let version = ResourceVersion {
            revision: list.revision,
            digest: Digest::of(bytes),
        };
        Some((version, list))
    };
    Some([side(ours)?, side(theirs)?])
}

/// Something readable until `sign` writes the list anew from the directories that are there,
/// and from what it finds that owners vouched for of the two sides.
fn releases(mut a: Releases, b: &Releases) -> Releases {
    a.releases.extend(b.releases.iter().cloned());
    a.revision = a.revision.max(b.revision);
    a
}

/// One link with the valid signatures of both sides. `None` if the sides are two links.
fn link(tree: &Tree, n: u64, ours: &[u8], theirs: &[u8]) -> Option<Vec<u8>> {
    let (mut link, theirs) = (
        SignedLink::decode(ours).ok()?,
        SignedLink::decode(theirs).ok()?,
    );
    let message = link.signed_bytes();
    if message != theirs.signed_bytes() {
        return None;
    }
    let before = n
        .checked_sub(1)
        .and_then(|n| SignedLink::decode(tree.get(&Place::Link(n).path())?).ok());
    let keys: Vec<&PublicKey> = link
        .link
        .members
        .values()
        .chain(before.iter().flat_map(|l| l.link.members.values()))
        .collect();
    let mut signatures = BTreeMap::new();
    for (by, signature) in link.signatures.iter().chain(&theirs.signatures) {
        let valid = keys.iter().any(|key| {
            key.fingerprint() == *by && key.verify(Namespace::Janitors, &message, signature).is_ok()
        });
        if valid {
            signatures.entry(*by).or_insert_with(|| signature.clone());
        }
    }
    link.signatures = signatures.into_iter().collect();
    Some(link.encode())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_are_whole() {
        let merge = b"a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> other\nd\n";
        assert_eq!(
            sides(merge),
            Some([b"a\nb\nd\n".to_vec(), b"a\nc\nd\n".to_vec()])
        );
        let diff3 = b"<<<<<<< HEAD\nb\n||||||| base\nx\n=======\n>>>>>>> other\n";
        assert_eq!(sides(diff3), Some([b"b\n".to_vec(), Vec::new()]));
    }

    /// A heading in a description is no conflict, and half a conflict is not two sides.
    #[test]
    fn what_git_does_not_write_is_no_conflict() {
        for text in [
            &b"Title\n=======\n"[..],
            b"<<<<<<< a\n>>>>>>> b\n",
            b"<<<<<<<<< a\n=======\n>>>>>>> b\n",
        ] {
            assert!(!has_markers(text));
            assert_eq!(sides(text), None);
        }
        assert_eq!(sides(b"<<<<<<< a\n=======\n>>>>>>> b\n<<<<<<< c\n"), None);
    }
}
