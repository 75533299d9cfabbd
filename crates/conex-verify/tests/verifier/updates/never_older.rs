//! Whatever is accepted, nothing in it is older than before. The judge here is not the
//! code under test: it reads the files of both states.

use std::collections::BTreeMap;

use conex_verify::format::digest::Digest;
use conex_verify::format::resource::{Decode as _, Entry, Kind, Releases, ResourceId, Revision};

use crate::client::Client;
use crate::patch_support::random::Random;
use crate::patch_support::{cases, seed};
use crate::updates::equivalence::hostile;
use crate::updates::history::history;
use crate::world::*;

/// The resources of a state, by path. `dora` is never approved.
fn resources(w: &World) -> BTreeMap<String, (ResourceId, Revision, Digest)> {
    let mut all = BTreeMap::new();
    for path in w.paths() {
        let parts: Vec<&str> = path.split('/').collect();
        let (kind, name) = match parts[..] {
            [_, ".conex", "ids", "dora"] => continue,
            [_, ".conex", "ids", "team"] => (Kind::Team, "team"),
            [_, ".conex", "ids", id] => (Kind::Author, id),
            [_, ".conex", "repo"] => (Kind::Repo, "repo"),
            [_, ".conex", "claims"] => (Kind::Claims, "claims"),
            [_, name, "authorisation"] => (Kind::Authorisation, name),
            [_, name, "releases"] => (Kind::Releases, name),
            [_, _, release, "checksum"] => (Kind::Checksum, release),
            _ => continue,
        };
        let entry = w.now(kind, name);
        let digest = Digest::of(&w.bytes(&path));
        all.insert(path, (entry.resource, entry.version.revision, digest));
    }
    all
}

/// The list of a package, with its epoch and floor.
fn list_of(w: &World, name: &str) -> Option<(Releases, Revision)> {
    let bytes = w.tree.get(&format!("packages/{name}/releases"))?;
    let list = Releases::decode(bytes).unwrap();
    let floor = at(list.revision.epoch, list.floor);
    Some((list, floor))
}

/// What is older in `new` than in `old`.
fn older(old: &World, new: &World) -> Vec<String> {
    let mut found = Vec::new();
    let now = resources(new);
    for (path, (resource, before, digest)) in resources(old) {
        match now.get(&path) {
            Some((same, revision, bytes)) => {
                let follows = *revision > before || (*revision == before && *bytes == digest);
                if *same != resource || !follows {
                    found.push(format!("{path}: {before} then {revision}"));
                }
            }
            None if resource.kind == Kind::Checksum => {
                let name = resource.name.split('.').next().unwrap();
                if list_of(new, name).is_none_or(|(_, floor)| floor < before) {
                    found.push(format!("{path} is gone, and the floor is below it"));
                }
            }
            None => found.push(format!("{path} is gone")),
        }
    }
    for path in old.paths().iter().filter(|p| p.ends_with("/releases")) {
        let name = path.split('/').nth(1).unwrap();
        let (Some((was, floor)), Some((is, above))) = (list_of(old, name), list_of(new, name))
        else {
            continue;
        };
        if above < floor {
            found.push(format!("the floor of {name} fell from {floor} to {above}"));
        }
        for release in is.releases.difference(&was.releases) {
            let path = checksum_path(release.as_str());
            if now
                .get(&path)
                .is_none_or(|(_, revision, _)| *revision <= floor)
            {
                found.push(format!("{release} is back below {floor}"));
            }
        }
    }
    for path in old.paths().iter().filter(|p| p.contains("/janitors/")) {
        if new.tree.get(path) != old.tree.get(path) {
            found.push(format!("{path} differs"));
        }
    }
    found
}

/// Somebody has the key of `bob`, who owns everything, and knows all of the history.
fn thief(random: &mut Random, w: &mut World, states: &[World]) {
    let release = format!("{}.{}.0", random.pick(&["fmt", "lwt"]), 1 + random.below(3));
    let name = release.split('.').next().unwrap().to_owned();
    let revision = at(random.next() % 2, random.next() % 12);
    if w.tree.get(&format!("packages/{name}/releases")).is_none() {
        return;
    }
    let entries: Vec<Entry> = match random.below(5) {
        0 => vec![w.release_list(&name, revision)],
        1 => vec![w.release_list_above(&name, revision, random.next() % 12)],
        2 => {
            w.file(&opam_path(&release), OPAM);
            let list = at(random.next() % 2, 4 + random.next() % 20);
            vec![w.checksum(&release, revision), w.release_list(&name, list)]
        }
        3 => {
            // A release as it was once.
            let other = &states[random.below(states.len())];
            let dir = format!("packages/{name}/{release}/");
            for (path, bytes) in other.tree.below(&dir) {
                w.tree.files.insert(path.to_owned(), bytes.clone());
            }
            let (epoch, floor) = (random.next() % 2, random.next() % 6);
            vec![w.release_list_above(&name, at(epoch, 30), floor)]
        }
        _ => {
            // A release goes, and the list may say so.
            w.gone(&release);
            let (epoch, floor) = (random.next() % 2, random.next() % 6);
            vec![w.release_list_above(&name, at(epoch, 30), floor)]
        }
    };
    w.says("bob", entries);
    if random.once_in(3) {
        let segments: Vec<String> = w
            .paths()
            .into_iter()
            .filter(|p| p.contains("/index/bob/"))
            .collect();
        w.remove(&segments[random.below(segments.len())]);
    }
}

#[test]
fn what_is_accepted_is_nowhere_older() {
    let count = cases(60);
    let (mut accepted, mut rejected) = (0, 0);
    for seed in seed()..seed() + u64::try_from(count).unwrap() {
        let mut random = Random(seed.wrapping_mul(31));
        let states = history(&mut random, 4);
        let n = random.below(states.len());
        let before = &states[n];
        let client = Client::after(&[before]);
        for _ in 0..12 {
            let mut next = states[random.below(states.len())].clone();
            for _ in 0..random.below(3) {
                thief(&mut random, &mut next, &states);
            }
            if random.once_in(4) {
                next = hostile(&mut random, &states, n);
            }
            let verdict = client.says(&next);
            if !verdict.accepted {
                rejected += 1;
                continue;
            }
            accepted += 1;
            let older = older(before, &next);
            assert!(older.is_empty(), "seed {seed}: {older:#?}");
        }
    }
    println!("{accepted} accepted, {rejected} rejected");
    assert!(accepted > 0 && rejected > 0);
}

/// The judge above can see: what the client refuses is older to it, too.
#[test]
fn the_judge_sees_what_is_older() {
    let old = World::usual();
    let mut new = old.clone();
    let entry = new.checksum("fmt.1.0", at(0, 2));
    new.says("bob", vec![entry]);
    assert_eq!(older(&old, &new), [""; 0]);
    assert_eq!(older(&new, &old).len(), 1);
}
