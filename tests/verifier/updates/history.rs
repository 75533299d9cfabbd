//! Random honest histories: states of one repository, each following from the last.

use conex_verify::format::name::Release;
use conex_verify::format::resource::{Decode as _, Kind, Releases, Revision};

use crate::patch_support::random::Random;
use crate::updates::stripping::{compacted, is_highest};
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

fn description(random: &mut Random) -> String {
    let mut text = OPAM.to_owned();
    for _ in 0..random.below(6) {
        text += &format!("# {}\n", random.below(4));
    }
    text.push_str(["", "# no newline", "# carriage return\r\n"][random.below(3)]);
    text
}

/// The owner lists what is there, with these tombstones.
fn relist(w: &mut World, name: &str, more: &[(String, Revision)], epoch: bool) {
    let old = list(w, name);
    let mut stones: Vec<(String, Revision)> = Vec::new();
    let there = |w: &World, release: &str| w.tree.get(&opam_path(release)).is_some();
    if let (Some(old), false) = (&old, epoch) {
        for (release, revision) in &old.tombstones {
            if !there(w, release.as_str()) {
                stones.push((release.as_str().to_owned(), *revision));
            }
        }
    }
    stones.extend_from_slice(more);
    let stones: Vec<(&str, Revision)> = stones.iter().map(|(n, r)| (n.as_str(), *r)).collect();
    let revision = match old {
        None => at(0, 1),
        Some(old) if epoch => at(old.revision.epoch + 1, 1),
        Some(old) => up(old.revision),
    };
    let entry = w.release_list_with(name, revision, &stones);
    if epoch {
        w.quorum_says(vec![entry]);
    } else {
        w.says("bob", vec![entry]);
    }
}

/// A counter above every one that `bob` has for this release.
fn above(w: &World, release: &str) -> Revision {
    use conex_verify::format::resource::SignedSegment;
    let highest = w
        .paths()
        .iter()
        .filter(|p| p.contains("/index/bob/"))
        .flat_map(|p| SignedSegment::decode(&w.bytes(p)).unwrap().segment.entries)
        .filter(|e| e.resource.kind == Kind::Checksum && *e.resource.name == *release)
        .map(|e| e.revision)
        .max();
    highest.map_or(at(0, 1), up)
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
            relist(w, name, &[], false);
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
                relist(w, name, &[], false);
            }
        }
        // A release goes.
        3 | 4 if there.len() > 1 => {
            let release = there[random.below(there.len())].clone();
            let dir = opam_path(&release).replace("/opam", "/");
            let stone = above(w, &release);
            let stone = at(stone.epoch, stone.counter - 1);
            let paths: Vec<String> = w.tree.below(&dir).map(|(p, _)| p.to_owned()).collect();
            for path in paths {
                w.remove(&path);
            }
            relist(w, name, &[(release, stone)], false);
        }
        // A quorum opens an epoch, and drops the tombstones.
        5 if known => relist(w, name, &[], true),
        6 => {
            let team = w.tree.get("packages/.conex/ids/team").is_some();
            let revision = if team {
                up(w.now(Kind::Team, "team").revision)
            } else {
                at(0, 1)
            };
            let members = [&["bob"][..], &[], &["bob", "carol"]][random.below(3)];
            let entry = w.team_file("team", revision, members);
            w.quorum_says(vec![entry]);
        }
        7 if known => {
            let revision = up(w.now(Kind::Authorisation, name).revision);
            let owners = [&["bob"][..], &["bob", "team"]][random.below(2)];
            let entry = w.authorisation(name, revision, owners);
            w.quorum_says(vec![entry]);
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
        let now = tree.get(&entry.resource.path()).map(|bytes| {
            conex_verify::format::resource::What::Vouched(conex_verify::format::digest::Digest::of(
                bytes,
            ))
        });
        is_highest(entry, all) || now == Some(entry.what)
    }
}

/// So that the names above are names of releases.
#[test]
fn the_names_of_a_history_are_releases() {
    for name in PACKAGES {
        Release::new(&format!("{name}.1.0")).unwrap();
    }
}
