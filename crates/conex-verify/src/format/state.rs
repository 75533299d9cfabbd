//! The state of a repository: one digest for each part of it.
//!
//! A snapshot signs a state; two people, a job and a mirror compare the short
//! [`State::id`] of theirs. It covers everything below `packages/` but the snapshot, empty
//! files too, and the file `repo` but for its `stamp` (`opam admin index` writes it); not the
//! other files at the top (an archive has none of them).

use std::collections::BTreeMap;
use std::fmt;

use super::digest::{Digest, PREFIX};
use super::name::Id;
use super::path::PACKAGES;
use super::resource::encode::{Encoder, list_of, quoted};
use super::syntax::{self, File, Item};
use crate::limits::MAX_REPO_FILE;

/// One digest for each part of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The files in `packages/.conex/janitors/`.
    pub janitors: Digest,
    /// The files in `packages/.conex/ids/`.
    pub ids: Digest,
    /// The top-level file `repo`, without its stamp.
    pub repo: Digest,
    /// What lies in `packages/.conex/` outside of the three directories above and below, but
    /// for the snapshot: the files `repo` and `claims`.
    pub approved: Digest,
    /// The files that lie directly in `packages/`.
    pub strays: Digest,
    /// The index of each id: the files below `packages/.conex/index/<id>/`.
    pub indexes: BTreeMap<Id, Digest>,
    /// The other directories directly in `packages/`, by their names as they are: the files
    /// below each. A package has one of its own; what is called otherwise is judged elsewhere.
    pub packages: BTreeMap<Box<str>, Digest>,
}

impl Default for State {
    /// The state of nothing at all.
    fn default() -> State {
        StateBuilder::default().finish(None)
    }
}

impl State {
    /// The digest of the lines of a snapshot that state the state.
    pub fn digest(&self) -> Digest {
        Digest::of(&state_fields(self))
    }

    /// The first 16 hex digits of the digest of the state: for people to compare,
    /// never for programs to decide.
    pub fn id(&self) -> String {
        self.digest().short()
    }
}

/// A part of a repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The janitor chain.
    Janitors,
    /// Authors and teams.
    Ids,
    /// The top-level file `repo`.
    Repo,
    /// What the top-level files may say, and the claims.
    Approved,
    /// What an id vouches for.
    Index(Id),
    /// The files that lie directly in `packages/`.
    Strays,
    /// A directory in `packages/`: a package.
    Package(Box<str>),
}

impl Part {
    /// Where the part lies.
    pub fn path(&self) -> String {
        match self {
            Part::Janitors => "packages/.conex/janitors".to_owned(),
            Part::Ids => "packages/.conex/ids".to_owned(),
            Part::Repo => "repo".to_owned(),
            Part::Approved => "packages/.conex/repo".to_owned(),
            Part::Index(id) => format!("packages/.conex/index/{id}"),
            Part::Strays => "packages".to_owned(),
            Part::Package(name) => format!("packages/{name}"),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Janitors => f.write_str("the janitor chain"),
            Part::Ids => f.write_str("the set of authors and teams"),
            Part::Repo => f.write_str("the file `repo`"),
            Part::Approved => f.write_str("the approval of the top-level files, or the claims"),
            Part::Index(id) => write!(f, "the index of `{id}`"),
            Part::Strays => f.write_str("the set of files directly in `packages/`"),
            Part::Package(name) => write!(f, "the package `{name}`"),
        }
    }
}

/// A part in which two states differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The part.
    pub part: Part,
    /// Its digest in the first state, if it is there.
    pub before: Option<Digest>,
    /// Its digest in the second state, if it is there.
    pub after: Option<Digest>,
}

impl fmt::Display for Difference {
    /// `+`, `-` or `~`, and the part.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match (self.before, self.after) {
            (None, _) => '+',
            (_, None) => '-',
            _ => '~',
        };
        write!(f, "{sign} {}", self.part)
    }
}

/// Everything in which two states differ, in the order of the parts.
pub fn diff(a: &State, b: &State) -> Vec<Difference> {
    let mut differences = Vec::new();
    let mut compare = |part: Part, before: Option<&Digest>, after: Option<&Digest>| {
        if before != after {
            differences.push(Difference {
                part,
                before: before.copied(),
                after: after.copied(),
            });
        }
    };
    compare(Part::Janitors, Some(&a.janitors), Some(&b.janitors));
    compare(Part::Ids, Some(&a.ids), Some(&b.ids));
    compare(Part::Repo, Some(&a.repo), Some(&b.repo));
    compare(Part::Approved, Some(&a.approved), Some(&b.approved));
    compare(Part::Strays, Some(&a.strays), Some(&b.strays));
    for (name, before) in &a.indexes {
        compare(Part::Index(name.clone()), Some(before), b.indexes.get(name));
    }
    for (name, after) in &b.indexes {
        if !a.indexes.contains_key(name) {
            compare(Part::Index(name.clone()), None, Some(after));
        }
    }
    for (name, before) in &a.packages {
        let after = b.packages.get(name);
        compare(Part::Package(name.clone()), Some(before), after);
    }
    for (name, after) in &b.packages {
        if !a.packages.contains_key(name) {
            compare(Part::Package(name.clone()), None, Some(after));
        }
    }
    differences.sort_by(|x, y| x.part.cmp(&y.part));
    differences
}

/// Puts a state together, file by file. The order of the files does not matter; those
/// of one directory one after the other is fastest.
#[derive(Debug, Default)]
pub struct StateBuilder {
    parts: BTreeMap<Part, Lines>,
    /// The part of the last file.
    current: Option<(Part, Lines)>,
    packages: BTreeMap<Box<str>, Digest>,
}

/// What the digest of a directory is over: a line for each file.
#[derive(Debug, Default)]
pub struct Lines {
    text: String,
    last: usize,
    /// Whether they did not come in order.
    unsorted: bool,
}

impl Lines {
    /// Takes in a file: its path below the directory, size in bytes, and digest. The
    /// order of the files does not matter.
    pub fn add(&mut self, path: &str, size: u64, digest: &Digest) {
        let at = self.text.len();
        let size = size.to_string();
        digest.with_hex(|hex| {
            let line = [path, " ", &size, " ", PREFIX, hex, "\n"];
            self.text.extend(line);
        });
        let (before, line) = self.text.split_at_checked(at).unwrap_or_default();
        self.unsorted |= before.get(self.last..).is_some_and(|last| last > line);
        self.last = at;
    }

    fn append(&mut self, more: &Lines) {
        self.text.push_str(&more.text);
        self.unsorted = true;
    }

    /// The digest of the lines, sorted by bytes; `None` of no lines, which is how a
    /// directory that is not there looks.
    pub fn digest(&self) -> Option<Digest> {
        if self.text.is_empty() {
            return None;
        }
        if !self.unsorted {
            return Some(Digest::of(self.text.as_bytes()));
        }
        let mut lines: Vec<&str> = self.text.split_inclusive('\n').collect();
        lines.sort_unstable();
        Some(Digest::of(lines.concat().as_bytes()))
    }
}

/// The part to which a path below `packages/` belongs, and the path below that part;
/// `None` of the snapshot.
fn part_of(below: &str) -> Option<(Part, &str)> {
    let Some(conex) = below.strip_prefix(".conex/") else {
        return Some(match below.split_once('/') {
            Some((directory, rest)) => (Part::Package(directory.into()), rest),
            None => (Part::Strays, below),
        });
    };
    if conex == "snapshot" {
        return None;
    }
    let indexed = || {
        let (id, rest) = conex.strip_prefix("index/")?.split_once('/')?;
        Some((Part::Index(Id::new(id).ok()?), rest))
    };
    Some(if let Some(rest) = conex.strip_prefix("janitors/") {
        (Part::Janitors, rest)
    } else if let Some(rest) = conex.strip_prefix("ids/") {
        (Part::Ids, rest)
    } else {
        indexed().unwrap_or((Part::Approved, conex))
    })
}

impl StateBuilder {
    /// Takes in a file: its path, size in bytes, and digest. The snapshot itself and files
    /// that are not below `packages/` leave no trace.
    pub fn add(&mut self, path: &str, size: u64, digest: &Digest) {
        let Some((part, rest)) = path.strip_prefix(PACKAGES).and_then(part_of) else {
            return;
        };
        match &mut self.current {
            Some((current, lines)) if *current == part => lines.add(rest, size, digest),
            _ => {
                self.close();
                let mut lines = Lines::default();
                lines.add(rest, size, digest);
                self.current = Some((part, lines));
            }
        }
    }

    /// Takes in a whole directory of `packages/`, by its digest: instead of its files.
    pub fn add_package(&mut self, name: Box<str>, digest: Digest) {
        self.packages.insert(name, digest);
    }

    fn close(&mut self) {
        if let Some((part, lines)) = self.current.take() {
            self.parts
                .entry(part)
                .and_modify(|known| known.append(&lines))
                .or_insert(lines);
        }
    }

    /// The state; `repo` is the top-level file of this name.
    pub fn finish(mut self, repo: Option<&[u8]>) -> State {
        self.close();
        let none = Digest::of(b"");
        let mut state = State {
            janitors: none,
            ids: none,
            repo: repo_digest(repo.unwrap_or_default()),
            approved: none,
            strays: none,
            indexes: BTreeMap::new(),
            packages: self.packages,
        };
        for (part, lines) in self.parts {
            let Some(digest) = lines.digest() else {
                continue;
            };
            match part {
                Part::Janitors => state.janitors = digest,
                Part::Ids => state.ids = digest,
                // No path below `packages/` is of this part.
                Part::Repo => {}
                Part::Approved => state.approved = digest,
                Part::Strays => state.strays = digest,
                Part::Index(id) => {
                    state.indexes.insert(id, digest);
                }
                Part::Package(name) => {
                    state.packages.insert(name, digest);
                }
            }
        }
        state
    }
}

/// The digest of the file `repo`: over its fields but `stamp`, each printed in the one
/// compact form, without parentheses that mean nothing, on a line, sorted by bytes.
/// (`opam admin index` reads the file and writes it again in its own way.) One that cannot be read
/// is refused whatever this gives.
fn repo_digest(source: &[u8]) -> Digest {
    // One that cannot be read, or is too large to be, is refused; it counts as it is.
    let parsed = (source.len() <= MAX_REPO_FILE).then(|| syntax::parse(source));
    let Some(Ok(file)) = parsed else {
        return Digest::of(source);
    };
    let mut lines: Vec<Vec<u8>> = file
        .items
        .into_iter()
        .filter(|item| !matches!(item, Item::Field(field) if field.name.text == "stamp"))
        .map(|item| match item {
            Item::Field(mut field) => {
                field.value = syntax::plain(&field.value);
                Item::Field(field)
            }
            section => section,
        })
        .map(|item| syntax::print(&File { items: vec![item] }))
        .collect();
    lines.sort_unstable();
    Digest::of(&lines.concat())
}

/// The lines of a snapshot that state the state, and nothing else.
fn state_fields(of: &State) -> Vec<u8> {
    let mut out = Encoder::default();
    write_state(&mut out, of);
    out.finish()
}

pub(super) fn write_state(out: &mut Encoder, state: &State) {
    out.string("janitors", &state.janitors.to_string());
    out.string("ids", &state.ids.to_string());
    out.string("repo", &state.repo.to_string());
    out.string("approved", &state.approved.to_string());
    out.string("strays", &state.strays.to_string());
    let entry =
        |name: &str, digest: &Digest| list_of(&[&quoted(name), &quoted(&digest.to_string())]);
    let indexes = state.indexes.iter();
    out.set(
        "indexes",
        indexes
            .map(|(id, digest)| entry(id.as_str(), digest))
            .collect(),
    );
    let packages = state.packages.iter();
    out.set(
        "packages",
        packages.map(|(name, digest)| entry(name, digest)).collect(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> State {
        let mut builder = StateBuilder::default();
        let mut repo = None;
        for (path, text) in files {
            let size = u64::try_from(text.len()).unwrap();
            builder.add(path, size, &Digest::of(text.as_bytes()));
            if *path == "repo" {
                repo = Some(text.as_bytes());
            }
        }
        builder.finish(repo)
    }

    const FILES: [(&str, &str); 7] = [
        ("packages/.conex/ids/a", "1"),
        ("packages/.conex/index/a/0123456789abcdef/index", "2"),
        ("packages/.conex/janitors/0", "3"),
        ("packages/.conex/repo", "4"),
        ("packages/fmt/fmt.1/opam", "5"),
        ("packages/fmt-x/fmt-x.1/opam", "6"),
        ("repo", "opam-version: \"2.0\"\n"),
    ];

    /// `printf 'fmt.1/opam 1 blake2b=%s\n' "$(printf 5 | b2sum -l 256 | cut -c-64)" | b2sum -l 256`
    #[test]
    fn a_directory_is_what_b2sum_says() {
        let line = format!("fmt.1/opam 1 {}\n", Digest::of(b"5"));
        assert_eq!(
            of(&FILES).packages.get("fmt"),
            Some(&Digest::of(line.as_bytes()))
        );
        assert_eq!(
            Digest::of(line.as_bytes()).to_string(),
            "blake2b=6cbcd0611b8801acdec47a3dae62894e61c79281cb12fe7dd3c7d9d6838288f0"
        );
    }

    #[test]
    fn every_file_but_the_snapshot_belongs_to_one_part() {
        let base = of(&FILES);
        for (i, (path, _)) in FILES.iter().enumerate() {
            let mut changed = FILES;
            changed[i].1 = "opam-version: \"2.1\"\n";
            let found = diff(&base, &of(&changed));
            assert_eq!(found.len(), 1, "{path}");
            assert!(path.starts_with(&found[0].part.path()), "{path}");
            assert_ne!(base.id(), of(&changed).id());
        }
        let with = |extra| {
            let mut files = FILES.to_vec();
            files.push(extra);
            of(&files)
        };
        for same in [("packages/.conex/snapshot", "7"), (".gitignore", "x")] {
            assert_eq!(with(same), base, "{same:?}");
        }
        for other in [
            ("packages/.conex/claims", ""),
            ("packages/.conex/README", ""),
            ("packages/.conex/index/README", ""),
            ("packages/.conex/index/a.b/c/index", ""),
            ("packages/fmt/fmt.1/files/empty", ""),
            ("packages/gone/gone.1/files/empty", ""),
            ("packages/README", ""),
            ("packages/flat.1/opam", ""),
            ("packages/a b/\n", ""),
        ] {
            assert_ne!(with(other), base, "{other:?}");
        }
    }

    #[test]
    fn the_order_of_files_does_not_matter() {
        let mut files = FILES.to_vec();
        files.extend([
            ("packages/fmt/releases", "8"),
            ("packages/fmt/fmt.1/files/x", "9"),
        ]);
        let base = of(&files);
        files.reverse();
        assert_eq!(of(&files), base);
        files.sort_by_key(|(path, _)| path.len());
        assert_eq!(of(&files), base);
    }

    #[test]
    fn of_the_file_repo_only_the_stamp_and_the_layout_are_free() {
        let repo = |text: &str| repo_digest(text.as_bytes());
        let base = repo("opam-version: \"2.0\"\nbrowse: \"b\"\n");
        for same in [
            "opam-version: \"2.0\"\nbrowse: \"b\"\nstamp: \"2026\"\n",
            "opam-version: \"2.0\"\nbrowse: \"\"\"b\"\"\"\n",
            "stamp: \"1\"  # when\nbrowse:   \"b\"\nopam-version: \"2.0\"",
        ] {
            assert_eq!(repo(same), base, "{same}");
        }
        for other in [
            "",
            "opam-version: \"2.0\"\n",
            "opam-version: \"2.0\"\nbrowse: \"c\"\n",
            "opam-version: \"2.0\"\nbrowse: \"b\"\nbrowse: \"b\"\n",
            "opam-version: \"2.0\"\nbrowse: \"b\"\nredirect: \"r\"\n",
            "opam-version: \"2.0\"\nbrowse: \"b",
        ] {
            assert_ne!(repo(other), base, "{other}");
        }
    }

    #[test]
    fn additions_and_removals_are_told_apart() {
        let base = of(&FILES);
        let less = of(&FILES[..5]);
        let text = |a, b| {
            diff(a, b)
                .iter()
                .map(Difference::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            text(&less, &base),
            ["~ the file `repo`", "+ the package `fmt-x`"]
        );
        assert_eq!(
            text(&base, &less),
            ["~ the file `repo`", "- the package `fmt-x`"]
        );
    }
}
