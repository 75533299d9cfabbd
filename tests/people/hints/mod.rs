//! Every hint with a command is followed: the state is brought about, the command is typed as it was
//! printed, and the state is better or the next step is named. `fixtures/hints.tsv` lists the test of
//! each kind.

mod git;
mod keys;
mod merges;
mod rights;
mod told;
mod waiting;

use crate::town::{Town, told};

/// What a command says, whatever comes of it.
fn says(town: &Town, script: &str) -> String {
    told(&town.run(script))
}

/// Types the first command, as somebody, who says yes.
#[track_caller]
fn types(town: &Town, who: &str, commands: &[String]) -> String {
    town.ok(&format!("by {who} {} --yes", commands[0]))
}

/// Two janitors approve what is there, and it is committed.
#[track_caller]
fn approved(town: &Town) {
    town.ok("for j in ja jb; do by $j conex approve --yes; done; commit approved");
}
