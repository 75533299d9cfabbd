//! What `conex status --bootstrap` says: how far a repository is on its way to owners.

use std::collections::BTreeMap;

use crate::plan::World;
use crate::plan::bootstrap::{Stage, Standings, standings};
use crate::shell::out::outln;
use crate::shell::report::{neutral, percent, stage_in_words};

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
