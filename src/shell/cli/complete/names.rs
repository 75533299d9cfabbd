//! The names that there are: directories are listed, and a few small files read.

use std::path::{Path, PathBuf};

use super::kinds::Source;
use super::typed::Places;

use crate::shell::cli::workspace::directory;
use crate::shell::git::names::{branches, remotes};
use crate::shell::keys::file::{Readers, read};
use crate::shell::keys::store::{KeyStore, conex_home};
use crate::shell::opam::repositories;
use crate::shell::opam::root::{REPOS_CONFIG, Root};
use conex_verify::finding::Code;
use conex_verify::format::name::{Id, PackageName, Release};
use conex_verify::format::resource::{Decode as _, IdFile, Kind, SignedLink};

/// The most entries of a directory that are looked at: twenty times those of the largest
/// repository that there is.
const MOST: usize = 100_000;

/// Where the files of authors and teams are.
const IDS: &str = "packages/.conex/ids";
/// Where the links of the janitor chain are.
const LINKS: &str = "packages/.conex/janitors";

/// The names in reach of a command.
#[derive(Debug)]
pub struct Names {
    /// The repository.
    directory: PathBuf,
    places: Places,
}

impl Names {
    /// The names at these places.
    pub fn new(places: Places) -> Names {
        Names {
            directory: directory(places.directory.as_deref()),
            places,
        }
    }

    /// The names of one kind that `current` may be the start of.
    pub fn of(&self, source: Source, current: &str) -> Vec<String> {
        match source {
            Source::Packages => self.packages(),
            Source::Releases => self.releases(current),
            Source::Ids => texts(self.ids()),
            Source::Janitors => texts(self.janitors()),
            Source::Resources => self.resources(current),
            Source::Keys => texts(keys()),
            Source::Fingerprints => fingerprints(),
            Source::Listed => self.listed(),
            Source::Branches => {
                let all = branches(&self.directory);
                all.local.into_iter().chain(all.remote).collect()
            }
            Source::RemoteBranches => branches(&self.directory).remote,
            Source::Ranges => self.ranges(current),
            Source::Remotes => remotes(&self.directory),
            Source::Repositories => self.repositories().unwrap_or_default(),
            Source::Codes => Code::ALL.iter().map(ToString::to_string).collect(),
            Source::Words(words) => words.iter().map(|&word| word.to_owned()).collect(),
            Source::File | Source::Directory => Vec::new(),
        }
    }

    fn packages(&self) -> Vec<String> {
        let names = below(&self.directory.join("packages"), Entry::Directory);
        let known = |name: &String| PackageName::new(name).is_ok();
        names.into_iter().filter(known).collect()
    }

    /// The releases of one package: nobody chooses from those of all.
    fn releases(&self, current: &str) -> Vec<String> {
        let name = current.split_once('.').map(|(name, _)| name);
        let Some(name) = name.and_then(|name| PackageName::new(name).ok()) else {
            return Vec::new();
        };
        let dir = self.directory.join("packages").join(name.as_str());
        let known = |text: &String| Release::new(text).is_ok_and(|r| r.name() == name);
        let names = below(&dir, Entry::Directory);
        names.into_iter().filter(known).collect()
    }

    fn ids(&self) -> Vec<Id> {
        let files = below(&self.directory.join(IDS), Entry::File);
        let mut ids: Vec<Id> = files.iter().filter_map(|name| Id::new(name).ok()).collect();
        ids.extend(self.janitors());
        ids
    }

    fn janitors(&self) -> Vec<Id> {
        let dir = self.directory.join(LINKS);
        let numbers = below(&dir, Entry::File);
        let numbers = numbers.iter().filter_map(|n| n.parse::<u64>().ok());
        let Some(last) = numbers.max() else {
            return Vec::new();
        };
        let link = bytes(&dir.join(last.to_string())).and_then(|b| SignedLink::decode(&b).ok());
        link.map_or_else(Vec::new, |link| link.link.members.into_keys().collect())
    }

    /// `TYPE:`, and then what there is of that type.
    fn resources(&self, current: &str) -> Vec<String> {
        let Some((kind, name)) = current.split_once(':') else {
            return Kind::ALL.iter().map(|kind| format!("{kind}:")).collect();
        };
        let names = match Kind::from_text(kind) {
            Some(Kind::Author | Kind::Team) => self.of(Source::Ids, name),
            Some(Kind::Authorisation | Kind::Releases) => self.packages(),
            Some(Kind::Checksum) if name.contains('.') => self.releases(name),
            Some(Kind::Checksum) => self.packages().iter().map(|p| format!("{p}.")).collect(),
            Some(Kind::Repo | Kind::Claims) => vec![kind.to_owned()],
            None => Vec::new(),
        };
        names.iter().map(|name| format!("{kind}:{name}")).collect()
    }

    /// The keys that the repository lists for the person of the command, or for those whose keys
    /// are here.
    fn listed(&self) -> Vec<String> {
        let ids = match self.places.person.as_deref() {
            Some(named) => Id::new(named).into_iter().collect(),
            None => keys(),
        };
        let mut all = Vec::new();
        for id in ids {
            let file = self.directory.join(IDS).join(id.as_str());
            let file = bytes(&file).and_then(|b| IdFile::decode(&b).ok());
            if let Some(IdFile::Author(author)) = file {
                all.extend(author.keys.iter().map(|key| key.fingerprint().to_string()));
            }
        }
        all
    }

    /// `BASE..`, and then `BASE..HEAD`.
    fn ranges(&self, current: &str) -> Vec<String> {
        let all = self.of(Source::Branches, current);
        match current.split_once("..") {
            None => all.iter().map(|base| format!("{base}..")).collect(),
            Some((base, _)) => {
                let heads = all.iter().map(String::as_str).chain(["HEAD"]);
                heads.map(|head| format!("{base}..{head}")).collect()
            }
        }
    }

    /// The repositories of opam.
    fn repositories(&self) -> Option<Vec<String>> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let root = self.places.root.clone();
        let root = root.or_else(|| set("OPAMROOT").map(PathBuf::from));
        let root = root.or_else(|| Some(PathBuf::from(set("HOME")?).join(".opam")))?;
        let root = Root::open(&root).ok()?;
        let text = root.read(REPOS_CONFIG).ok()??;
        let all = repositories::read(&root.file(REPOS_CONFIG), &text).ok()?;
        Some(all.into_iter().map(|entry| entry.name).collect())
    }
}

fn texts(ids: Vec<Id>) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn store() -> Option<KeyStore> {
    Some(KeyStore::at(conex_home().ok()?.join("keys")))
}

/// For whom conex keeps a key.
fn keys() -> Vec<Id> {
    let store = store();
    let files = store.map_or_else(Vec::new, |store| below(store.dir(), Entry::File));
    let id = |name: &String| Id::new(name.strip_suffix(".pub").unwrap_or(name)).ok();
    let mut ids: Vec<Id> = files.iter().filter_map(id).collect();
    ids.sort();
    ids.dedup();
    ids
}

/// The fingerprints of those keys.
fn fingerprints() -> Vec<String> {
    let Some(store) = store() else {
        return Vec::new();
    };
    let of = |id: &Id| Some(store.public(id).ok()?.fingerprint().to_string());
    keys().iter().filter_map(of).collect()
}

/// What an entry of a directory is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    File,
    Directory,
}

/// The names in a directory, of files or of directories alone; no link is followed.
fn below(dir: &Path, wanted: Entry) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten();
    let entries = entries.take(MOST).filter_map(Result::ok);
    let wanted = entries.filter(|entry| {
        entry.file_type().is_ok_and(|kind| match wanted {
            Entry::File => kind.is_file(),
            Entry::Directory => kind.is_dir(),
        })
    });
    let names = wanted.filter_map(|entry| entry.file_name().into_string().ok());
    names.collect()
}

/// A small file; what is too large for a name is not read.
fn bytes(path: &Path) -> Option<Vec<u8>> {
    read(path, Readers::Anybody)
        .ok()
        .map(|bytes| bytes.to_vec())
}
