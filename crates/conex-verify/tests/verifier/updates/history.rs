//! Random honest histories: states of one repository, each following from the last.

use conex_verify::format::name::Release;
use conex_verify::format::resource::{Decode as _, Kind, Releases, Revision};

use crate::patch_support::random::Random;
use crate::updates::compaction::{compacted, is_highest};
use crate::world::*;

const PACKAGES: [&str; 3] = ["fmt", "lwt", "zed"];

/// The states of a history of `length` steps after the first.
pub fn history(random: &mut Random, length: usize) -> Vec<World> {
    let mut states = vec![World::usual().nostrict()];
    while states.len() <= length {
        let last = states.last().unwrap();
        let mut next = last.clone();
        for _ in 0..=random.below(3) {
            step(random, &mut next);
        }
        next.verdict().is_accepted();
        states.push(next);
    }
    states
}

fn list(w: &World, name: &str) -> Option<Releases> {
    let bytes = w.tree.get(&format!("packages/{name}/releases"))?;
    Some(Releases::decode(bytes).unwrap())
}

fn up(revision: Revision) -> Revision {
    at(revision.epoch, revision.counter + 1)
}

fn releases(w: &World, name: &str) -> Vec<String> {
    list(w, name)
        .into_iter()
        .flat_map(|l| l.releases)
        .map(|r| r.as_str().to_owned())
        .collect()
}

/// Whether something else lies in the directory of this path.
fn there_at(w: &World, path: &str) -> bool {
    let (directory, _) = path.rsplit_once('/').unwrap();
    w.tree.below(&format!("{directory}/")).next().is_some()
}

fn description(random: &mut Random) -> String {
    let mut text = OPAM.to_owned();
    for _ in 0..random.below(6) {
        text += &format!("# {}\n", random.below(4));
    }
    text.push_str(["", "# no newline", "# carriage return\r\n"][random.below(3)]);
    text
}

/// The owner lists what is there, above this floor or the one that was.
fn relist(w: &mut World, name: &str, floor: u64) {
    let old = list(w, name);
    let floor = floor.max(old.as_ref().map_or(0, |l| l.floor));
    let revision = old.map_or(at(0, 1), |l| up(l.revision));
    let entry = w.release_list_above(name, revision, floor);
    w.says("bob", vec![entry]);
}

/// A quorum starts the next epoch, in which everything is anew.
fn next_epoch(w: &mut World, name: &str) {
    let epoch = list(w, name).unwrap().revision.epoch + 1;
    let mut entries = Vec::new();
    for release in releases(w, name) {
        entries.push(w.checksum(&release, at(epoch, 1)));
    }
    entries.push(w.release_list(name, at(epoch, 1)));
    w.quorum_says(entries);
}

/// A counter above every one that anybody has for this release, and above the floor.
fn above(w: &World, release: &str) -> Revision {
    use conex_verify::format::resource::SignedSegment;
    let name = release.split('.').next().unwrap();
    let list = list(w, name);
    let (epoch, floor) = list.map_or((0, 0), |l| (l.revision.epoch, l.floor));
    let highest = w
        .paths()
        .iter()
        .filter(|p| p.contains("/index/"))
        .flat_map(|p| SignedSegment::decode(&w.bytes(p)).unwrap().segment.entries)
        .filter(|e| e.resource.kind == Kind::Checksum && *e.resource.name == *release)
        .map(|e| e.version.revision)
        .filter(|r| r.epoch == epoch)
        .max();
    up(highest.unwrap_or(at(epoch, 0)).max(at(epoch, floor)))
}

fn sign_release(w: &mut World, release: &str) {
    let revision = above(w, release);
    let entry = w.checksum(release, revision);
    w.says("bob", vec![entry]);
}

/// One honest change.
fn step(random: &mut Random, w: &mut World) {
    let name = random.pick(&PACKAGES);
    let known = list(w, name).is_some();
    let there = releases(w, name);
    match random.below(12) {
        // A new package.
        0..=2 if !known => {
            w.owned(name, &["bob"]);
            let release = format!("{name}.1.0");
            w.file(&opam_path(&release), description(random));
            sign_release(w, &release);
            relist(w, name, 0);
        }
        // A release is new, back, or edited.
        0..=2 => {
            let release = format!("{name}.{}.0", 1 + random.below(4));
            w.file(&opam_path(&release), description(random));
            if random.once_in(3) {
                let dir = opam_path(&release).replace("/opam", "/files/a.patch");
                w.file(&dir, description(random));
            }
            sign_release(w, &release);
            if !there.contains(&release) {
                relist(w, name, 0);
            }
        }
        // A release goes.
        3 | 4 if there.len() > 1 => {
            let release = there[random.below(there.len())].clone();
            let last = w.now(Kind::Checksum, &release).version.revision;
            w.gone(&release);
            relist(w, name, last.counter);
        }
        // A quorum starts an epoch: the floor is 0 again.
        5 if known => next_epoch(w, name),
        6 => {
            let team = w.tree.get("packages/.conex/ids/team").is_some();
            let revision = if team {
                up(w.now(Kind::Team, "team").version.revision)
            } else {
                at(0, 1)
            };
            let members = [&["bob"][..], &[], &["bob", "carol"]][random.below(3)];
            let entry = w.team_file("team", revision, members);
            w.quorum_says(vec![entry]);
        }
        7 if known => {
            let revision = up(w.now(Kind::Authorisation, name).version.revision);
            let owners = [&["bob"][..], &["bob", "team"]][random.below(2)];
            let entry = w.authorisation(name, revision, owners);
            w.quorum_says(vec![entry]);
        }
        // The janitors list what is claimed; a name that is listed stays so.
        8 if random.once_in(3) => {
            let claims = w.tree.get("packages/.conex/claims").is_some();
            let revision = match claims {
                true => up(w.now(Kind::Claims, "claims").version.revision),
                false => at(0, 1),
            };
            let owned = |name: &&&str| list(w, name).is_some();
            let names: Vec<&str> = PACKAGES.iter().filter(owned).copied().collect();
            w.claimed(revision, &names);
        }
        8 => {
            *w = compacted(
                w,
                random.pick(&["bob", "ja", "jb"]),
                is_highest_or_needed(w),
            )
        }
        // A pending author comes, changes or goes.
        9 => match w.tree.get("packages/.conex/ids/dora").is_some() && random.once_in(2) {
            true => drop(w.remove("packages/.conex/ids/dora")),
            false => {
                let revision = at(0, random.next() % 5);
                w.author_file("dora", revision, &["dora"]);
            }
        },
        // A file that opam does not read comes or goes.
        10 if random.once_in(3) => {
            let places = ["README", "fmt/README", "fmt/fmt.1.0/fmt.install"];
            let path = format!("packages/{}", random.pick(&places));
            let beside = there_at(w, &path);
            match w.tree.get(&path).is_some() {
                true => drop(w.remove(&path)),
                false if beside => drop(w.file(&path, description(random))),
                false => {}
            }
        }
        // An unsigned package comes, changes or goes.
        10 => {
            let path = opam_path(&format!("wild.{}", random.below(3)));
            match w.tree.get(&path).is_some() && random.once_in(2) {
                true => drop(w.remove(&path)),
                false => drop(w.file(&path, description(random))),
            }
        }
        _ => {
            let n = w
                .paths()
                .iter()
                .filter(|p| p.contains("/janitors/"))
                .count();
            let new = format!("jn{n}");
            w.link(&link(2, &["ja", "jb", &new], &["ja", "jb", &new]));
        }
    }
}

/// What `conex compact` keeps: of each kind the highest, and what is in the tree.
fn is_highest_or_needed(
    w: &World,
) -> impl Fn(&conex_verify::format::resource::Entry, &[conex_verify::format::resource::Entry]) -> bool
+ use<> {
    let tree = w.tree.clone();
    move |entry, all| {
        let now = tree.get(&entry.resource.path());
        let now = now.map(|bytes| conex_verify::format::digest::Digest::of(bytes));
        is_highest(entry, all) || now == Some(entry.version.digest)
    }
}

/// So that the names above are names of releases.
#[test]
fn the_names_of_a_history_are_releases() {
    for name in PACKAGES {
        Release::new(&format!("{name}.1.0")).unwrap();
    }
}
