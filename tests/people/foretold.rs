//! What `conex bootstrap` proposes for the real opam-repository, from all of its history: for how
//! many packages, for whom never, and how well the proposal of one day says who releases in the
//! year after it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::history_support::{History, write_files};
use crate::place::data;
use crate::town::{CONEX, told};
use conex::bootstrap::evidence::{Evidence, gather};
use conex::bootstrap::history::{Change, parse};
use conex::bootstrap::metadata::of_package;
use conex::bootstrap::people::People;
use conex::bootstrap::propose::propose;
use conex::bootstrap::table::{Line, Owner, Strength, Table};
use conex::bootstrap::teams::with_teams;
use conex::shell::keys::{Signer as _, UnlockedKey};
use conex::shell::read::{Contents, read};
use conex_verify::format::name::{Id, PackageName};
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;

/// 2024-08-24 and 2025-08-24, the days on which the year that is replayed starts and is over.
const YEAR: [u64; 2] = [1_724_457_600, 1_755_993_600];

fn changes() -> Option<Vec<Change>> {
    let path = data().join("history/bootstrap-merges.tsv.xz");
    if !path.exists() {
        eprintln!(
            "NOT RUN: no history of merges, {} is absent",
            path.display()
        );
        return None;
    }
    let output = Command::new("xz").arg("-dc").arg(&path).output().unwrap();
    assert!(output.status.success(), "xz");
    Some(parse(&String::from_utf8(output.stdout).unwrap()).unwrap())
}

struct Proposal {
    people: People,
    evidence: BTreeMap<PackageName, Evidence>,
    table: Table,
}

fn proposal(tree: &Tree, changes: &[Change]) -> Proposal {
    let repository = Repository::load(tree);
    let packages = repository.packages.iter();
    let packages = packages
        .filter(|(_, package)| !package.directories.is_empty())
        .map(|(name, package)| (name.clone(), of_package(package)))
        .collect();
    let people = People::of(changes);
    let evidence = gather(changes, &people, &packages, "github.com");
    let table = propose(&evidence, &people);
    Proposal {
        people,
        evidence,
        table,
    }
}

/// Every line but a few names somebody, and nobody who merges what others open owns anything, alone
/// or in a team, but what the metadata says is theirs.
#[test]
#[cfg_attr(
    not(feature = "real-data"),
    ignore = "needs real repositories: tests/run"
)]
fn almost_every_package_gets_a_proposal() {
    let (Some(changes), Some(history)) = (changes(), History::find()) else {
        return;
    };
    let found = proposal(&history.first(), &changes);
    let table = with_teams(found.table);
    let lines = || table.packages.values();
    let proposed = lines().filter(|line| line.owner != Owner::Nobody).count();
    let all = lines().count();
    assert!(
        all > 4_000 && proposed * 100 >= all * 99,
        "{proposed} of {all}"
    );
    let strong = |line: &&Line| line.strength == Strength::Strong;
    println!(
        "{proposed} of {all} packages, {} of them strong, {} teams",
        lines().filter(strong).count(),
        table.teams.len()
    );
    let named_of_source = |team: &Id, member: &Id| {
        let of_team = Owner::Team(team.clone());
        let packages = table
            .packages
            .iter()
            .filter(|(_, line)| line.owner == of_team);
        let mut evidence = packages.map(|(name, _)| &found.evidence[name]);
        evidence.any(|e| e.named.contains(member))
    };
    for (name, line) in &table.packages {
        if let Owner::Ids(owners) = &line.owner {
            for id in owners.iter().filter(|id| found.people.merges(id)) {
                assert!(found.evidence[name].named.contains(id), "{name}: {id}");
            }
        }
    }
    for id in table.strong_ids() {
        assert!(
            found.people.is_awake(id),
            "{id} sleeps, and a strong line gives something"
        );
    }
    for (team, members) in &table.teams {
        for id in members.iter().filter(|id| found.people.merges(id)) {
            assert!(named_of_source(team, id), "{team}: {id}");
        }
    }
    // The text is the same again after it was read.
    let text = table.to_string();
    assert_eq!(Table::parse(&text).unwrap().to_string(), text);
}

fn start(scratch: &Path) -> Option<Tree> {
    let path = data().join("history/replay-2024-25/start.tar.xz");
    if !path.exists() {
        eprintln!("NOT RUN: no replay, {} is absent", path.display());
        return None;
    }
    let status = Command::new("tar")
        .arg("xJf")
        .arg(&path)
        .current_dir(scratch)
        .status();
    assert!(status.unwrap().success(), "tar");
    Some(read(scratch, Contents::Judged).unwrap().tree)
}

/// Of the releases of a year, of packages that were there before it, at least 74 of 100 are made by
/// somebody whom the proposal of the day before would let make them.
#[test]
#[cfg_attr(
    not(feature = "real-data"),
    ignore = "needs real repositories: tests/run"
)]
fn who_releases_in_the_next_year_is_foretold() {
    let scratch = tempfile::tempdir().unwrap();
    let (Some(changes), Some(tree)) = (changes(), start(scratch.path())) else {
        return;
    };
    let before: Vec<Change> = changes
        .iter()
        .filter(|c| c.time < YEAR[0])
        .cloned()
        .collect();
    let found = proposal(&tree, &before);
    let last = |name: &PackageName| {
        let published = found.evidence[name].published.iter();
        published.max_by_key(|(_, p)| p.last).map(|(id, _)| id)
    };
    let table = with_teams(found.table.clone());
    let people = People::of(&changes);
    let (mut all, mut new, mut alone, mut with, mut as_last) = (0, 0, 0, 0, 0);
    for change in changes
        .iter()
        .filter(|c| (YEAR[0]..YEAR[1]).contains(&c.time))
    {
        let publisher = people.publisher(change);
        for name in &change.added {
            let Some(line) = table.packages.get(name) else {
                new += 1;
                continue;
            };
            all += 1;
            let Some(id) = publisher else { continue };
            let owns = |line: &Line| match &line.owner {
                Owner::Ids(ids) => ids.contains(id),
                Owner::Team(team) => table.teams[team].contains(id),
                Owner::Maintainers | Owner::Nobody => false,
            };
            alone += usize::from(owns(&found.table.packages[name]));
            with += usize::from(owns(line));
            as_last += usize::from(last(name) == Some(id));
        }
    }
    println!(
        "{all} changes of packages that were there, {new} of new ones; foretold {alone}, with teams {with}; \
         by who released last alone {as_last}"
    );
    assert!(all > 1_500 && with * 100 >= all * 74, "{with} of {all}");
}

/// From the unsigned repository to one that a client accepts which demands signatures of everything,
/// with keys for all, and one approval of each janitor.
#[test]
#[cfg_attr(
    not(feature = "real-data"),
    ignore = "needs real repositories: tests/run"
)]
fn the_whole_repository_is_claimed_with_one_approval_of_each() {
    let (Some(changes), Some(history)) = (changes(), History::find()) else {
        return;
    };
    let tree = history.first();
    let table = with_teams(proposal(&tree, &changes).table);
    let scratch = tempfile::tempdir().unwrap();
    let work = scratch.path().join("work");
    write_files(&work, &tree, tree.files.keys());
    let keys = scratch.path().join("keys");
    std::fs::create_dir(&keys).unwrap();
    for (n, id) in (0u32..).zip(table.ids.keys()) {
        let mut seed = [9; 32];
        seed[..4].copy_from_slice(&n.to_le_bytes());
        let key = UnlockedKey::from_seed(&seed).unwrap();
        std::fs::write(
            keys.join(format!("{id}.keys")),
            format!("{}\n", key.public()),
        )
        .unwrap();
    }
    std::fs::write(scratch.path().join("owners"), table.to_string()).unwrap();
    let conex = |args: &str| {
        let output = Command::new(CONEX)
            .args(args.split(' '))
            .current_dir(&work)
            .env_clear()
            .env("HOME", scratch.path())
            .env("CONEX_HOME", scratch.path().join("conex"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{args}: {}", told(&output));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    for janitor in ["ja", "jb"] {
        conex(&format!("key new {janitor} --no-passphrase"));
    }
    conex(
        "init --name whole --quorum 2 --snapshot optional --yes --janitor ja=../conex/keys/ja.pub --janitor jb=../conex/keys/jb.pub",
    );
    conex("bootstrap ids ../owners --keys ../keys --yes");
    conex("bootstrap claim ../owners --yes");
    for janitor in ["ja", "jb"] {
        conex(&format!("approve --held --yes --as {janitor}"));
    }
    let anchors = conex("anchors");
    conex(&format!(
        "verify --dir . --anchors {anchors} --quorum 2 --no-state"
    ));
}
