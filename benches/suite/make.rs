//! A signed repository of the shape of opam-repository: three janitors of whom two must agree,
//! each package with one owner, and a signature of each owner over all that is theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::Path;

use conex::shell::keys::UnlockedKey;
use conex::shell::keys::store::{Existing, KeyStore};
use conex_verify::tree::Tree;

use crate::sizes::release;
use crate::spread::{described, spread};
use crate::world::{World, at, id, link, seed};

const JANITORS: [&str; 3] = ["janitor-1", "janitor-2", "janitor-3"];
/// Those of them who approve everything.
const APPROVE: [&str; 2] = ["janitor-1", "janitor-2"];
/// Entries of one segment of a janitor.
const ENTRIES: usize = 10_000;

/// The files of each package, by their path below the directory of the package.
pub type Packages = BTreeMap<String, BTreeMap<String, Vec<u8>>>;

/// What people write by hand, from a repository that nobody signed.
pub fn real(tree: &Tree) -> Packages {
    let mut packages = Packages::new();
    for (path, bytes) in tree.below("packages/") {
        let parts: Vec<&str> = path.splitn(4, '/').collect();
        if let [_, package, release, rest] = *parts
            && (rest == "opam" || rest.starts_with("files/"))
        {
            let files = packages.entry(package.to_owned()).or_default();
            files.insert(format!("{release}/{rest}"), bytes.to_vec());
        }
    }
    packages
}

/// So many releases that nobody made, four of each package.
pub fn made_up(releases: usize) -> Packages {
    let mut tree = Tree::default();
    for (path, text) in (0..releases).map(release) {
        tree.files.insert(path, text.into());
    }
    real(&tree)
}

/// A part of the packages, or as many times all of them: copies have other names.
pub fn sized(packages: &Packages, size: f64) -> Packages {
    if size < 1.0 {
        let every = (1.0 / size).round() as usize;
        let some = packages.iter().step_by(every);
        return some
            .map(|(name, files)| (name.clone(), files.clone()))
            .collect();
    }
    let mut all = packages.clone();
    for copy in 1..size.round() as usize {
        for (name, files) in packages {
            let other = format!("{name}-copy{copy}");
            let files = files
                .iter()
                .map(|(path, bytes)| renamed(path, bytes, name, &other));
            all.insert(other.clone(), files.collect());
        }
    }
    all
}

/// A file of a copy: in the directory of its release, and with its name in the opam file.
fn renamed(path: &str, bytes: &[u8], name: &str, other: &str) -> (String, Vec<u8>) {
    let path = format!("{other}{}", &path[name.len()..]);
    if !path.ends_with("/opam") {
        return (path, bytes.to_vec());
    }
    let text = String::from_utf8_lossy(bytes);
    let (from, to) = (
        format!("name: \"{name}\"\n"),
        format!("name: \"{other}\"\n"),
    );
    let text = match text.strip_prefix(&from) {
        Some(rest) => to + rest,
        None => text.replacen(&format!("\n{from}"), &format!("\n{to}"), 1),
    };
    (path, text.into_bytes())
}

/// Writes the repository to `r` below `to`, and beside it what the scripts need to know: the
/// `anchors`, the number of `signatures`, `about` in words, the keys in `keys`, and in `release`
/// an owner, a release of theirs, and one that they make next.
pub fn make(packages: &Packages, to: &Path) -> Result<(), Box<dyn Error>> {
    let shares = spread(packages.len());
    let mut world = World::empty();
    world.link(&link(2, &JANITORS, &JANITORS));
    let mut approved = vec![world.team_file("notaries", at(0, 1), &[JANITORS[0]])];
    let mut signatures = JANITORS.len();
    let mut releases = 0;
    let mut next = None;
    let mut rest = packages.iter().enumerate();
    for (n, share) in shares.iter().enumerate() {
        let owner = format!("owner-{:04}", n + 1);
        let author = world.author_file(&owner, at(0, 1), &[&owner]);
        approved.push(author.clone());
        let mut signed = vec![author];
        for (number, (name, files)) in rest.by_ref().take(*share) {
            for (path, bytes) in files {
                world.file(&format!("packages/{name}/{path}"), bytes);
            }
            let here: BTreeSet<&str> = files.keys().filter_map(|p| p.split('/').next()).collect();
            approved.push(world.authorisation(name, at(0, 1), &[&owner]));
            signed.push(world.release_list(name, at(0, 1)));
            signed.extend(here.iter().map(|release| world.checksum(release, at(0, 1))));
            releases += here.len();
            if number == packages.len() / 2 {
                let last = here.last().copied().unwrap_or_default();
                next = Some(format!("{owner} {name} {last} {name}.99999\n"));
            }
        }
        world.says(&owner, signed);
        signatures += 1;
    }
    for janitor in APPROVE {
        for entries in approved.chunks(ENTRIES) {
            world.says(janitor, entries.to_vec());
            signatures += 1;
        }
    }
    write(&world.tree, &to.join("r"))?;
    let next = next.ok_or("there is no package")?;
    let owner = next.split(' ').next().unwrap_or_default();
    let store = KeyStore::at(to.join("keys/keys"));
    for who in JANITORS.into_iter().chain([owner]) {
        let text = UnlockedKey::from_seed(&seed(who))?.to_openssh(who, None)?;
        store.import_text(&id(who), text.as_bytes(), to, Existing::Keep)?;
    }
    let anchors = JANITORS.map(|who| crate::world::fingerprint(who).to_string());
    fs::write(to.join("anchors"), anchors.join(","))?;
    fs::write(to.join("signatures"), signatures.to_string())?;
    fs::write(to.join("releases"), releases.to_string())?;
    let about = format!(
        "{} packages, {releases} releases, {} files, {signatures} signatures; {}\n",
        packages.len(),
        world.tree.files.len(),
        described(&shares)
    );
    fs::write(to.join("about"), about)?;
    Ok(fs::write(to.join("release"), next)?)
}

/// Writes all files of a tree.
pub fn write(tree: &Tree, to: &Path) -> std::io::Result<()> {
    for (path, bytes) in &tree.files {
        let path = to.join(path);
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir)?;
        }
        fs::write(path, bytes)?;
    }
    Ok(())
}
