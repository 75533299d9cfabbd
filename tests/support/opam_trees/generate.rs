//! Random small trees, and what becomes of them in one update.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use conex_verify::format::name::Release;
use conex_verify::format::path::Place;
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;
use conex_verify::{Policy, Subject};

use crate::hook::said;
use crate::patch_support::random::Random;
use crate::world::{World, at, fingerprint};

/// A tree on disk: files by path, and directories that are made whatever is in them.
#[derive(Clone, Default, PartialEq)]
pub struct Disk {
    pub files: BTreeMap<String, Vec<u8>>,
    pub directories: BTreeSet<String>,
}

/// One case: a tree, and what follows it.
pub struct Case {
    pub one: Disk,
    pub two: Disk,
}

/// The package that is signed, in every third case.
const SIGNED: &str = "s";

/// Writes `count` cases below `dir`: for each case whose first tree the verifier accepts
/// `one/rN/` and `two/rN/`, and the same as archives below `web-one/` and `web-two/`; the
/// anchors; and the names, one a line. Prints how many there are, and what they have.
pub fn write(dir: &Path, seed: u64, first: u64, count: u64) {
    let anchors = anchors();
    let policy = Policy::new(&anchors, Some(2)).unwrap().nostrict();
    let mut names = String::new();
    let mut traits: BTreeMap<&str, usize> = BTreeMap::new();
    let mut disagreements = Vec::new();
    for number in first..first + count {
        let case = case(seed, number);
        let tree = case.one.tree();
        let subject = Subject::Whole {
            tree: &tree,
            before: None,
        };
        let name = format!("r{number}");
        let verdict = said(&policy, &name, subject, Some(&tree));
        fs::create_dir_all(dir.join("said")).unwrap();
        fs::write(dir.join("said").join(&name), &verdict).unwrap();
        if verdict.contains(" E099:") {
            disagreements.push((name.clone(), verdict.trim().to_owned()));
        }
        if !verdict.starts_with("accepted") {
            continue;
        }
        case.one.write(dir, "one", &name);
        case.two.write(dir, "two", &name);
        names += &format!("{name}\n");
        for what in traits_of(&tree) {
            *traits.entry(what).or_default() += 1;
        }
    }
    fs::write(dir.join("anchors"), anchors).unwrap();
    let accepted = names.lines().count();
    fs::write(dir.join("names"), names).unwrap();
    let traits: Vec<String> = traits.iter().map(|(w, n)| format!(", {n} {w}")).collect();
    println!("first trees: {accepted} accepted{}", traits.concat());
    // Findings and proof disagree.
    for (name, verdict) in disagreements {
        eprintln!("{name} of seed {seed}: {verdict}");
    }
}

/// What is worth counting in a tree that is accepted.
fn traits_of(tree: &Tree) -> BTreeSet<&'static str> {
    let repository = Repository::load(&tree.clone().into_judged());
    let mut traits = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for (_, release, _) in repository.declared() {
        if !seen.insert((release.name(), release.version().order_key())) {
            traits.insert("with equal releases");
        }
    }
    if !repository.misplaced.is_empty() {
        traits.insert("with misplaced releases");
    }
    let stray = |path: &String| matches!(Place::of(path), Ok(Place::Stray(_)));
    if tree.files.keys().any(stray) {
        traits.insert("with strays");
    }
    if !tree.empty.is_empty() {
        traits.insert("with empty directories");
    }
    if tree.files.contains_key("packages/s/authorisation") {
        traits.insert("partly signed");
    }
    traits
}

fn anchors() -> String {
    let keys = ["ja", "jb", "jc"].map(|key| fingerprint(key).to_string());
    keys.join(",")
}

/// The case of this number.
pub fn case(seed: u64, number: u64) -> Case {
    let mut random = Random(seed.wrapping_mul(1_000_003).wrapping_add(number));
    random.next();
    let mut maker = Maker {
        random: Random(random.next()),
        number,
        made: 0,
    };
    let signed = maker.random.once_in(3);
    let mut world = World::with_janitors(2, &["ja", "jb", "jc"]);
    if signed {
        world.joined("bob");
        world.owned(SIGNED, &["bob"]);
    }
    let base = world.tree.files.clone();
    let mut disk = Disk::default();
    for (path, bytes) in &base {
        disk.files.insert(path.clone(), bytes.to_vec());
    }
    let metadata: BTreeSet<String> = disk.files.keys().cloned().collect();
    if signed {
        let releases = 1 + maker.random.below(2);
        (0..releases).for_each(|_| maker.own_release(&mut disk, SIGNED));
    }
    for _ in 0..=maker.random.below(4) {
        maker.release(&mut disk);
    }
    for _ in 0..maker.random.pick_number(&[0, 0, 1, 1, 1, 2]) {
        maker.noise(&mut disk);
    }
    if signed {
        sign(&mut world, &mut disk, 1);
    }
    disk.settle();
    let one = disk.clone();
    let kept = |path: &str| metadata.contains(path) || path.starts_with("packages/.conex/");
    for _ in 0..=maker.random.below(3) {
        maker.change(&mut disk, &kept);
    }
    if signed && !maker.random.once_in(6) {
        sign(&mut world, &mut disk, 2);
    }
    disk.settle();
    Case { one, two: disk }
}

/// Has the owner sign what there is of the signed package.
fn sign(world: &mut World, disk: &mut Disk, counter: u64) {
    let prefix = format!("packages/{SIGNED}/");
    let of_release = |path: &str| {
        let (dir, below) = path.strip_prefix(&prefix)?.split_once('/')?;
        let release = Release::new(dir).ok()?;
        let listed = below == "opam" || below.starts_with("files/");
        (release.name_str() == SIGNED && listed).then_some(release)
    };
    let files = disk.files.iter();
    let of: Vec<(String, Vec<u8>, Release)> = files
        .filter_map(|(path, bytes)| Some((path.clone(), bytes.clone(), of_release(path)?)))
        .collect();
    world
        .tree
        .files
        .retain(|path, _| !path.starts_with(&prefix) || path == &format!("{prefix}authorisation"));
    for (path, bytes, _) in &of {
        world.file(path, bytes);
    }
    let releases: BTreeSet<&Release> = of.iter().map(|(_, _, release)| release).collect();
    let mut entries = Vec::new();
    for release in releases {
        entries.push(world.checksum(release.as_str(), at(0, counter)));
    }
    entries.push(world.release_list_above(SIGNED, at(0, counter), counter - 1));
    world.says("bob", entries);
    let stale = |path: &String| {
        path.starts_with(&prefix) && (path.ends_with("/checksum") || path.ends_with("/releases"))
    };
    disk.files.retain(|path, _| !stale(path));
    for (path, bytes) in &world.tree.files {
        if path.starts_with("packages/.conex/") || stale(path) || path.ends_with("/authorisation") {
            disk.files.insert(path.clone(), bytes.to_vec());
        }
    }
}

/// Components of paths: what opam looks for, what looks like it, and what is neither.
const WORDS: [&str; 13] = [
    "opam", "OPAM", "files", "url", "descr", ".x", "x", "doc", "packages", "a", "b", "7.g", "repo",
];

/// Names of packages.
const NAMES: [&str; 5] = ["a", "b", "files", "url", "A-b"];

struct Maker {
    random: Random,
    number: u64,
    made: u32,
}

impl Random {
    fn pick_number(&mut self, from: &[usize]) -> usize {
        from[self.below(from.len())]
    }
}

impl Maker {
    /// A version that no other case has; opam holds the first two equal, and the last two.
    fn version(&mut self) -> String {
        let n = self.number;
        match self.random.below(8) {
            0..=2 => format!("{n}"),
            3 => format!("0{n}"),
            4 | 5 => format!("{n}.1"),
            6 => format!("{n}."),
            _ => format!("{n}.0"),
        }
    }

    fn release_name(&mut self) -> String {
        let name = self.random.pick(&NAMES);
        format!("{name}.{}", self.version())
    }

    /// A description of a package with a synopsis that no other file has.
    fn description(&mut self) -> Vec<u8> {
        self.made += 1;
        let synopsis = format!("{}-{}", self.number, self.made);
        let mut text = format!("opam-version: \"2.0\"\nsynopsis: \"{synopsis}\"\n");
        match self.random.below(30) {
            0 => text = text.replace("2.0", "1.2"),
            1 => text += "name: \"other\"\n",
            2 => text += "version: \"7\"\n",
            3 => text.clear(),
            _ => {}
        }
        text.into_bytes()
    }

    fn text(&mut self) -> Vec<u8> {
        self.made += 1;
        match self.random.below(8) {
            0 => Vec::new(),
            n => format!("{}\n", "line\n".repeat(n) + &self.made.to_string()).into_bytes(),
        }
    }

    /// The content of the file at `path`.
    fn content(&mut self, path: &str) -> Vec<u8> {
        match path.rsplit('/').next().unwrap_or_default() {
            "opam" | "OPAM" => self.description(),
            "url" => b"archive: \"http://localhost/x.tgz\"\nchecksum: \"0123456789abcdef0123456789abcdef\"\n".to_vec(),
            _ if self.random.once_in(10) => self.description(),
            _ => self.text(),
        }
    }

    fn add(&mut self, disk: &mut Disk, path: String) {
        let content = self.content(&path);
        disk.put(path, content);
    }

    /// A release in its own place, in another package's, or in none.
    fn release(&mut self, disk: &mut Disk) {
        let mut release = self.release_name();
        if self.random.once_in(12) {
            let dir = self.directory_of_release(disk);
            release = dir.rsplit('/').next().unwrap_or_default().to_owned();
        }
        let name = release.split('.').next().unwrap().to_owned();
        let dir = match self.random.below(12) {
            0 => format!("packages/{release}"),
            1 => format!("packages/{}/{release}", self.random.pick(&NAMES)),
            _ => format!("packages/{name}/{release}"),
        };
        self.release_at(disk, &dir);
    }

    fn own_release(&mut self, disk: &mut Disk, name: &str) {
        let dir = format!("packages/{name}/{name}.{}", self.version());
        self.release_at(disk, &dir);
    }

    fn release_at(&mut self, disk: &mut Disk, dir: &str) {
        self.add(disk, format!("{dir}/opam"));
        if self.random.once_in(3) {
            let below = [
                "files/x",
                "files/y",
                "files/d/x",
                "files/url",
                "files/.x",
                "files/a/b/x",
            ];
            let below = self.random.pick(&below);
            self.add(disk, format!("{dir}/{below}"));
        }
        if self.random.once_in(8) {
            let below = ["url", "descr", "x", ".x", "a.install"];
            let below = self.random.pick(&below);
            self.add(disk, format!("{dir}/{below}"));
        }
    }

    /// One component of a path; often one that a release of the tree has.
    fn component(&mut self, disk: &Disk) -> String {
        match self.random.below(6) {
            0 => self.release_name(),
            1 => {
                let dir = self.directory_of_release(disk);
                dir.rsplit('/').next().unwrap_or("x").to_owned()
            }
            _ => self.random.pick(&WORDS).to_owned(),
        }
    }

    /// The directory of some release of the tree.
    fn directory_of_release(&mut self, disk: &Disk) -> String {
        let all: Vec<&str> = disk
            .files
            .keys()
            .filter_map(|path| path.strip_suffix("/opam"))
            .collect();
        match all.is_empty() {
            true => format!("packages/a/a.{}", self.number),
            false => self.random.pick(&all).to_owned(),
        }
    }

    /// Something that may be out of place, up to five components deep.
    fn noise(&mut self, disk: &mut Disk) {
        let (base, most) = match self.random.below(9) {
            0 | 1 => (String::new(), 5),
            2 => ("packages".to_owned(), 4),
            3 => (format!("packages/{}", self.random.pick(&NAMES)), 3),
            4 => (format!("packages/{}", self.release_name()), 3),
            5 => (self.directory_of_release(disk), 2),
            6 => (self.directory_of_release(disk) + "/files", 2),
            7 => ("doc".to_owned(), 4),
            _ => {
                // above a release, or in it
                let dir = self.directory_of_release(disk);
                let ends: Vec<usize> = dir.match_indices('/').map(|(at, _)| at).collect();
                let end = self.random.below(ends.len() + 1);
                (dir[..*ends.get(end).unwrap_or(&dir.len())].to_owned(), 1)
            }
        };
        let deep = 1 + self.random.below(most);
        let mut path = base;
        for _ in 0..deep {
            if path.matches('/').count() >= 4 {
                break;
            }
            let component = self.component(disk);
            if !path.is_empty() {
                path.push('/');
            }
            path += &component;
        }
        match self.random.below(3) {
            0 => disk.directory(path),
            _ => self.add(disk, path),
        }
    }

    /// One step from a tree to the next.
    fn change(&mut self, disk: &mut Disk, kept: &dyn Fn(&str) -> bool) {
        let paths: Vec<String> = disk.files.keys().filter(|p| !kept(p)).cloned().collect();
        let beside = |path: &&String| !path.ends_with("/opam");
        let others: Vec<String> = paths.iter().filter(beside).cloned().collect();
        let paths = match !others.is_empty() && self.random.once_in(2) {
            true => others,
            false => paths,
        };
        let Some(path) = (!paths.is_empty()).then(|| paths[self.random.below(paths.len())].clone())
        else {
            return self.release(disk);
        };
        let dir = path
            .rsplit_once('/')
            .map_or(String::new(), |(d, _)| d.to_owned());
        match self.random.below(12) {
            0 | 1 => {
                disk.files.remove(&path);
                if self.random.once_in(4) {
                    disk.directory(dir);
                }
            }
            2 | 3 if !dir.is_empty() && dir != "packages" => disk.remove(&dir),
            4 | 5 => {
                let content = self.content(&path);
                disk.files.insert(path, content);
            }
            6 if dir.starts_with("packages/") => {
                let release = dir.rsplit('/').next().unwrap_or_default().to_owned();
                let to = match self.random.below(3) {
                    0 => format!("packages/{release}"),
                    1 => format!("packages/{}/{release}", self.random.pick(&NAMES)),
                    _ => format!("packages/{}/{release}", release.split('.').next().unwrap()),
                };
                disk.rename(&dir, &to);
            }
            7 => {
                // the same release, or one that is equal to it, under another name
                let release = dir.rsplit('/').next().unwrap_or_default();
                let name = release.split('.').next().unwrap_or_default().to_owned();
                if !name.is_empty() && dir.starts_with("packages/") {
                    let version = self.version();
                    disk.rename(&dir, &format!("packages/{name}/{name}.{version}"));
                }
            }
            8 | 9 => self.noise(disk),
            10 => {
                let component = self.component(disk);
                disk.files.remove(&path);
                self.add(
                    disk,
                    format!("{dir}/{component}")
                        .trim_start_matches('/')
                        .to_owned(),
                );
            }
            _ => self.release(disk),
        }
    }
}

impl Disk {
    /// Puts a file there, and takes away what is in its way.
    fn put(&mut self, path: String, bytes: Vec<u8>) {
        self.make_room(&path);
        self.files.insert(path, bytes);
    }

    fn directory(&mut self, path: String) {
        if path.is_empty() {
            return;
        }
        let below = format!("{path}/");
        if !self.files.keys().any(|p| p.starts_with(&below)) {
            self.make_room(&path);
        }
        self.directories.insert(path);
    }

    /// Takes away what signing put files below, and directories that are files.
    fn settle(&mut self) {
        let above: BTreeSet<String> = self
            .files
            .keys()
            .flat_map(|path| path.match_indices('/').map(|(at, _)| path[..at].to_owned()))
            .collect();
        self.files.retain(|path, _| !above.contains(path));
        let file = |path: &str| self.files.contains_key(path);
        self.directories.retain(|path| {
            !file(path) && !path.match_indices('/').any(|(at, _)| file(&path[..at]))
        });
    }

    fn make_room(&mut self, path: &str) {
        // What must stay is never in the way of anything.
        self.remove(path);
        for (at, _) in path.match_indices('/') {
            self.files.remove(&path[..at]);
        }
    }

    fn remove(&mut self, path: &str) {
        let below = format!("{path}/");
        let goes = |p: &String| *p == path || p.starts_with(&below);
        self.files
            .retain(|p, _| !goes(p) || p.starts_with("packages/.conex/"));
        self.directories.retain(|p| !goes(p));
    }

    fn rename(&mut self, from: &str, to: &str) {
        let below = format!("{from}/");
        let moved: Vec<(String, Vec<u8>)> = self
            .files
            .iter()
            .filter_map(|(p, b)| Some((p.strip_prefix(&below)?.to_owned(), b.clone())))
            .collect();
        self.remove(from);
        for (rest, bytes) in moved {
            self.put(format!("{to}/{rest}"), bytes);
        }
    }

    /// What the reader of directories makes of it.
    pub fn tree(&self) -> Tree {
        let empty = |dir: &&String| {
            let below = format!("{dir}/");
            !dir.contains('/') && !self.files.keys().any(|path| path.starts_with(&below))
        };
        let directories = self.all_directories();
        let others = directories.iter().filter(empty);
        Tree {
            others: others.map(|dir| format!("{dir}/")).collect(),
            files: self
                .files
                .iter()
                .map(|(path, bytes)| (path.clone(), bytes.as_slice().into()))
                .collect(),
            ..Tree::default()
        }
        .with_directories(directories)
    }

    fn all_directories(&self) -> BTreeSet<String> {
        let above = |path: &String| {
            let ends: Vec<String> = path
                .match_indices('/')
                .map(|(at, _)| path[..at].to_owned())
                .collect();
            ends
        };
        let mut all: BTreeSet<String> = self.directories.iter().flat_map(above).collect();
        all.extend(self.files.keys().flat_map(above));
        all.extend(self.directories.iter().cloned());
        all
    }

    /// Below `dir`: the tree in `WHICH/NAME/`, and as an archive in `web-WHICH/NAME/`.
    fn write(&self, dir: &Path, which: &str, name: &str) {
        let root = dir.join(which).join(name);
        fs::create_dir_all(&root).unwrap();
        let web = dir.join(format!("web-{which}")).join(name);
        fs::create_dir_all(&web).unwrap();
        let archive = fs::File::create(web.join("index.tar.gz")).unwrap();
        let fast = flate2::Compression::fast();
        let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(archive, fast));
        let header = |kind, size, mode| {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(kind);
            header.set_size(size);
            header.set_mode(mode);
            header.set_mtime(1_000_000_000);
            header
        };
        for path in self.all_directories() {
            fs::create_dir_all(root.join(&path)).unwrap();
            let mut header = header(tar::EntryType::Directory, 0, 0o755);
            let path = format!("{path}/");
            archive
                .append_data(&mut header, path, std::io::empty())
                .unwrap();
        }
        for (path, bytes) in &self.files {
            fs::write(root.join(path), bytes).unwrap();
            let size = u64::try_from(bytes.len()).unwrap();
            let mut header = header(tar::EntryType::Regular, size, 0o644);
            archive
                .append_data(&mut header, path, bytes.as_slice())
                .unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap();
        // opam 2.1 and later fetch this before they fetch the archive.
        let repo = self.files.get("repo").cloned().unwrap_or_default();
        fs::write(web.join("repo"), repo).unwrap();
    }
}
