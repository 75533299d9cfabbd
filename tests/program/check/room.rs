//! Changes that are valid, and after which something cannot go on: the limits of clients, the
//! snapshot, and what comes back.

use crate::check::forge::Forge;
use crate::world::{OPAM, World, at, covered, opam_path};

/// C15: anybody writes files of ids that nobody approves, until every client refuses the
/// repository for its size.
#[test]
fn a_change_that_fills_a_limit_of_clients_is_refused() {
    let mut world = World::usual();
    let forge = Forge::new(&world);
    let members: Vec<String> = (0..6_500).map(|n| format!("m{n:04}")).collect();
    let members: Vec<&str> = members.iter().map(String::as_str).collect();
    for n in 0..13 {
        world.team_file(&format!("crowd{n}"), at(0, 1), &members);
    }
    forge.branch("much", "main", &world);
    let checked = forge.check("main..much");
    checked.is_mergeable();
    let limits = checked.summary("limits").as_array().unwrap();
    let of_people = limits
        .iter()
        .find(|l| l["what"].as_str().unwrap().starts_with("keys,"));
    assert!(of_people.unwrap()["have"].as_u64().unwrap() > 84_500);
    let text = forge.run(&["--nostrict", "main..much"]);
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    assert!(text.contains("limits: 85 % of the keys"), "{text}");
    world.team_file("crowd13", at(0, 1), &members);
    forge.branch("more", "main", &world);
    forge
        .check("main..more")
        .is_refused(&[("E004", "packages")]);
    // What takes nothing of a full limit is none of its business, and making room is not either.
    world.file(&opam_path("lwt.9.0"), OPAM);
    forge.branch("else", "more", &world);
    forge.check("more..else").is_mergeable();
    forge.check("else..much").is_mergeable();
}

/// C16: a merge that deletes the snapshot of the published branch, or puts another into its place.
#[test]
fn a_snapshot_of_the_published_branch_stays() {
    let snapshot = "packages/.conex/snapshot";
    let mut world = covered();
    let forge = Forge::new(&world);
    let published = world.bytes(snapshot);
    // Of a change elsewhere, that is all: the snapshot is stale until somebody makes the next.
    world.file(&opam_path("lwt.1.1"), OPAM);
    forge.branch("change", "main", &world);
    forge.check("main..change").is_good();
    let stale = world.clone();
    world.remove(snapshot);
    forge.branch("deletes", "main", &world);
    forge
        .check("main..deletes")
        .is_refused(&[("E091", snapshot)]);
    // One that somebody else signed.
    world.stated("mallory", at(0, 2));
    forge.branch("stranger", "main", &world);
    forge
        .check("main..stranger")
        .is_refused(&[("E061", snapshot)]);
    // One of another state.
    let mut other = stale.clone();
    other.stated("bob", at(0, 2));
    other.file(&opam_path("lwt.1.2"), OPAM);
    forge.branch("other", "main", &other);
    forge
        .check("main..other")
        .is_refused(&[("E060", "packages/lwt")]);
    // One that is not above the published one.
    let mut same = stale.clone();
    same.stated("bob", at(0, 1));
    assert_ne!(same.bytes(snapshot), published);
    forge.branch("same", "main", &same);
    forge.check("main..same").is_refused(&[("E090", snapshot)]);
    let mut good = stale;
    good.stated("bob", at(0, 2));
    forge.branch("good", "main", &good);
    forge.check("main..good").is_good();
}

/// C14: a release goes and comes back with one file less. Who was away in between gets both as one
/// change, and opam 2.6 removes the whole directory.
#[test]
fn a_release_comes_back_with_all_files_that_it_had() {
    let patch = "packages/fmt/fmt.1.0/files/fix.patch";
    let mut world = World::usual();
    world.file(patch, "--- a\n");
    let mut entries = vec![
        world.checksum("fmt.1.0", at(0, 2)),
        world.release_list("fmt", at(0, 2)),
    ];
    world.says("bob", entries.clone());
    let forge = Forge::new(&world);
    let with = world.clone();
    for path in world.tree.files.keys().cloned().collect::<Vec<_>>() {
        if path.starts_with("packages/fmt/fmt.1.0/") {
            world.remove(&path);
        }
    }
    entries = vec![world.release_list_above("fmt", at(0, 3), 2)];
    world.says("bob", entries);
    forge.branch("main", "main", &world);
    let back = |files: bool| {
        let mut world = world.clone();
        world.file(&opam_path("fmt.1.0"), OPAM);
        if files {
            world.file(patch, with.bytes(patch));
        }
        let entries = vec![
            world.checksum("fmt.1.0", at(0, 3)),
            world.release_list_above("fmt", at(0, 4), 2),
        ];
        world.says("bob", entries);
        world
    };
    forge.branch("bare", "main", &back(false));
    forge.check("main..bare").is_refused(&[("E073", patch)]);
    forge
        .check_with(&["--nostrict", "--no-history", "main..bare"])
        .is_good();
    forge.branch("whole", "main", &back(true));
    forge.check("main..whole").is_good();
}
