//! A signed repository of the shape of opam-repository: three janitors of whom two must agree,
//! each package with one owner, and a signature of each owner over all that is theirs.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::Path;

use conex::shell::keys::UnlockedKey;
use conex::shell::keys::store::{Existing, KeyStore};
use conex_verify::format::path::{CONEX, PACKAGES};
use conex_verify::tree::Tree;

use crate::sizes::release;
use crate::spread::{described, spread};
use crate::world::{World, at, id, link, seed};

pub const JANITORS: [&str; 3] = ["janitor-1", "janitor-2", "janitor-3"];
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
pub fn renamed(path: &str, bytes: &[u8], name: &str, other: &str) -> (String, Vec<u8>) {
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

/// A signed repository, and the owner of each package.
pub struct Made {
    pub world: World,
    pub owners: BTreeMap<String, String>,
    /// Who owns how many, in words.
    pub shares: String,
}

/// Has everybody sign what is theirs, and two janitors approve all of it.
pub fn signed(packages: &Packages) -> Made {
    let shares = spread(packages.len());
    let mut world = World::empty();
    let mut owners = BTreeMap::new();
    world.link(&link(2, &JANITORS, &JANITORS));
    let mut approved = vec![world.team_file("notaries", at(0, 1), &[JANITORS[0]])];
    let mut rest = packages.iter();
    for (n, share) in shares.iter().enumerate() {
        let owner = format!("owner-{:04}", n + 1);
        let author = world.author_file(&owner, at(0, 1), &[&owner]);
        approved.push(author.clone());
        let mut signed = vec![author];
        for (name, files) in rest.by_ref().take(*share) {
            for (path, bytes) in files {
                world.file(&format!("packages/{name}/{path}"), bytes);
            }
            let here: BTreeSet<&str> = files.keys().filter_map(|p| p.split('/').next()).collect();
            approved.push(world.authorisation(name, at(0, 1), &[&owner]));
            signed.push(world.release_list(name, at(0, 1)));
            signed.extend(here.iter().map(|release| world.checksum(release, at(0, 1))));
            owners.insert(name.clone(), owner.clone());
        }
        world.says(&owner, signed);
    }
    for janitor in APPROVE {
        for entries in approved.chunks(ENTRIES) {
            world.says(janitor, entries.to_vec());
        }
    }
    let shares = described(&shares);
    Made {
        world,
        owners,
        shares,
    }
}

/// Has a repository signed, and writes it with [`save`].
pub fn make(packages: &Packages, to: &Path) -> Result<(), Box<dyn Error>> {
    let made = signed(packages);
    let middle = packages.keys().nth(packages.len() / 2);
    let package = middle.ok_or("there is no package")?;
    let owner = &made.owners[package];
    save(&made.world.tree, package, (owner, owner), &made.shares, to)
}

/// Writes a repository to `r` below `to`, and beside it what the scripts need to know: the
/// `anchors`, the number of `signatures`, `about` in words, the keys in `keys`, and in `release`
/// the owner of `package`, a release, and one that they make next. The owner comes with the name of
/// their key.
pub fn save(
    tree: &Tree,
    package: &str,
    (owner, key): (&str, &str),
    shares: &str,
    to: &Path,
) -> Result<(), Box<dyn Error>> {
    let releases = |below: &str| -> BTreeSet<String> {
        let opam = tree.below(below).filter_map(|(path, _)| {
            let release = path.strip_suffix("/opam")?.strip_prefix(PACKAGES)?;
            release.split_once('/').map(|(_, release)| release)
        });
        opam.filter(|release| !release.contains('/'))
            .map(str::to_owned)
            .collect()
    };
    write(tree, &to.join("r"))?;
    let here = releases(&format!("{PACKAGES}{package}/"));
    let last = here.last().ok_or("there is no release")?;
    let next = format!("{owner} {package} {last} {package}.99999\n");
    fs::write(to.join("release"), next)?;
    let store = KeyStore::at(to.join("keys/keys"));
    let janitors = JANITORS.into_iter().map(|who| (who, who));
    for (who, key) in janitors.chain([(owner, key)]) {
        let text = UnlockedKey::from_seed(&seed(key))?.to_openssh(who, None)?;
        store.import_text(&id(who), text.as_bytes(), to, Existing::Keep)?;
    }
    let anchors = JANITORS.map(|who| crate::world::fingerprint(who).to_string());
    fs::write(to.join("anchors"), anchors.join(","))?;
    // Each janitor signed the link.
    let segments = tree.below(&format!("{CONEX}index/")).count();
    let signatures = segments + JANITORS.len();
    fs::write(to.join("signatures"), signatures.to_string())?;
    let all = releases(PACKAGES);
    fs::write(to.join("releases"), all.len().to_string())?;
    let packages: BTreeSet<&str> = all.iter().filter_map(|r| r.split('.').next()).collect();
    let about = format!(
        "{} packages, {} releases, {} files, {signatures} signatures; {shares}\n",
        packages.len(),
        all.len(),
        tree.files.len(),
    );
    Ok(fs::write(to.join("about"), about)?)
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
