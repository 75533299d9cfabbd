//! What `conex status --bootstrap` says: how far a repository is on its way to owners.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::plan::World;
use crate::plan::bootstrap::{Stage, Standings, standings};
use crate::shell::out::{out, outln};
use crate::shell::report::{json as in_json, neutral, percent, stage_in_words};
use conex_verify::finding::Reader;
use conex_verify::format::name::Id;

/// How many packages are named that nobody has confirmed, without `--all`.
const SHOWN: usize = 10;

const STAGES: [Stage; 4] = [
    Stage::Unclaimed,
    Stage::Held,
    Stage::Proposed,
    Stage::Confirmed,
];

/// Says how many packages are how far, by themselves and by what depends on them; then those on
/// which most depend and that no owner has confirmed.
pub fn show(world: &World<'_>, all: bool) {
    let packages = standings(world);
    let dependants: usize = packages.values().map(|p| p.dependants).sum();
    outln!(
        "{:<10} {:>16} {:>16}  {}",
        "",
        "packages",
        "dependants",
        "of these wait for a quorum"
    );
    for stage in STAGES {
        let word = stage_in_words(stage);
        let of_stage = || packages.values().filter(|p| p.stage == stage);
        let n = of_stage().count();
        let on: usize = of_stage().map(|p| p.dependants).sum();
        let waits = of_stage().filter(|p| p.waits).count();
        let part = |n: usize, of: usize| format!("{n} ({})", percent(n, of));
        let (n, on) = (part(n, packages.len()), part(on, dependants));
        outln!("{word:<10} {n:>16} {on:>16}  {waits}");
    }
    let mut open: Vec<_> = packages
        .iter()
        .filter(|(_, p)| p.stage != Stage::Confirmed)
        .collect();
    open.sort_by_key(|(name, p)| (std::cmp::Reverse(p.dependants), *name));
    if open.is_empty() {
        return;
    }
    outln!("\nnot confirmed, those first on which most depend:");
    let shown = if all { usize::MAX } else { SHOWN };
    for (
        name,
        Standings {
            stage,
            dependants,
            owners,
            ..
        },
    ) in open.iter().take(shown)
    {
        let owners: Vec<&str> = owners.iter().map(|id| id.as_str()).collect();
        let line = format!(
            "  {dependants:>5} {:<10} {name} {}",
            stage_in_words(*stage),
            owners.join(", ")
        );
        outln!("{}", neutral(line.trim_end()));
    }
    let more: BTreeMap<_, _> = open.into_iter().skip(shown).collect();
    if !more.is_empty() {
        outln!("  and {} more (--all names them)", more.len());
    }
}

/// What `--format=json` says; see docs/json.md.
#[derive(Serialize)]
struct Summary<'a> {
    stages: BTreeMap<&'static str, JsonStage>,
    packages: BTreeMap<&'a str, JsonPackage<'a>>,
}

/// How many packages are so far, and what depends on them.
#[derive(Default, Serialize)]
struct JsonStage {
    packages: usize,
    dependants: usize,
    waiting: usize,
}

#[derive(Serialize)]
struct JsonPackage<'a> {
    stage: &'static str,
    waits: bool,
    dependants: usize,
    owners: Vec<&'a str>,
}

/// Prints the same for programs, with every package.
pub fn show_json(world: &World<'_>) {
    let packages = standings(world);
    let mut stages: BTreeMap<_, _> = STAGES
        .map(|stage| (stage_in_words(stage), JsonStage::default()))
        .into();
    for package in packages.values() {
        let sum = stages.entry(stage_in_words(package.stage)).or_default();
        sum.packages += 1;
        sum.dependants += package.dependants;
        sum.waiting += usize::from(package.waits);
    }
    let packages = packages.iter().map(|(name, package)| {
        let said = JsonPackage {
            stage: stage_in_words(package.stage),
            waits: package.waits,
            dependants: package.dependants,
            owners: package.owners.iter().map(Id::as_str).collect(),
        };
        (name.as_str(), said)
    });
    let summary = Summary {
        stages,
        packages: packages.collect(),
    };
    out!("{}", in_json(&[], Reader::WorkTree, summary));
}
