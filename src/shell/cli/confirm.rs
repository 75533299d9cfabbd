//! What somebody is shown and asked before anything is written.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

use super::failure::Failure;
use super::options::Consent;
use super::signer::Who;

use crate::plan::Plan;
use crate::shell::out::{raw_sayln, say, sayln};
use crate::shell::report::{HumanOptions, Shown, human, neutral};
use conex_verify::finding::Reader;

/// How many lines a terminal shows for sure.
const SCREEN: usize = 20;

/// Shows what there is to think about.
pub fn show_warnings(plan: &Plan) {
    if plan.warnings.is_empty() {
        return;
    }
    let options = HumanOptions {
        // The question is on the same screen.
        shown: Shown::First(3),
        reader: Reader::WorkTree,
        ..HumanOptions::on(&std::io::stderr())
    };
    raw_sayln!("{}", human(&plan.warnings, &options));
}

/// Shows a plan, after its warnings.
pub fn show(plan: &Plan, heading: &str) {
    show_warnings(plan);
    sayln!("{}", neutral(heading));
    for line in &plan.lines {
        sayln!("  {}", neutral(line));
    }
}

/// Shows a plan and asks; `false` means that nothing is to be written.
pub fn agreed(plan: &Plan, consent: Consent, who: Option<&Who>) -> Result<bool, Failure> {
    let signs = who.filter(|_| plan.needs_signature());
    match signs {
        Some(who) => show(plan, &format!("`{}`, with {}:", who.id, who.signer.origin)),
        None if consent.dry_run => show(plan, "This would be written:"),
        None => show(plan, "Writes:"),
    }
    if consent.dry_run {
        sayln!("Nothing was written (--dry-run).");
        return Ok(false);
    }
    // What is only written can be looked at with git; what is signed cannot be unsigned.
    if consent.yes || signs.is_none() {
        return Ok(true);
    }
    let marked = plan
        .lines
        .iter()
        .filter(|line| line.starts_with("!! "))
        .count();
    if marked > 0 && plan.lines.len() > SCREEN {
        sayln!(
            "Of these lines {marked} begin with `!!`: they take something away. They stand first."
        );
    }
    // A question that nobody sees is none.
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(Failure::usage(
            "nothing was signed: there is nobody to ask",
            "look at the lines above, then say so with --yes",
        ));
    }
    say!("Sign? [y/N] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|e| Failure::usage(format!("the answer cannot be read: {e}"), ""))?;
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(true)
    } else {
        sayln!("Nothing was signed.");
        Ok(false)
    }
}
