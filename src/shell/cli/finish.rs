//! From a plan to files, and what is still missing then.

use std::path::Path;

use super::args::Consent;
use super::ask::{Who, agreed, show_warnings, sign, write};
use super::failure::{Exit, Failure};
use crate::plan::View;
use crate::plan::{self, Plan, World};
use crate::shell::out::{say, sayln};
use crate::shell::report::{Color, Counts, HumanOptions, Shown, human, neutral};
use conex_verify::finding::{Code, Severity};
use conex_verify::format::resource::Kind;
use conex_verify::tree::Tree;
use conex_verify::workbench::repository::Repository;
use conex_verify::workbench::verify::explain::lacking;

/// Writes a plan that needs no signature.
pub fn unsigned(plan: &Plan, consent: Consent, root: &Path) -> Result<Exit, Failure> {
    if plan.is_empty() {
        show_warnings(plan);
        sayln!("Nothing to do: it is so already.");
        return Ok(Exit::Success);
    }
    if agreed(plan, consent, None)? {
        write(plan, root)
    } else {
        Ok(Exit::Success)
    }
}

/// Has a plan signed, and writes it.
pub fn signed(
    plan: Plan,
    consent: Consent,
    world: &World<'_>,
    who: &Who,
    root: &Path,
) -> Result<Exit, Failure> {
    sign_and_write(plan, consent, world, who, root).map(|(exit, _)| exit)
}

pub fn sign_and_write(
    mut plan: Plan,
    consent: Consent,
    world: &World<'_>,
    who: &Who,
    root: &Path,
) -> Result<(Exit, Option<Plan>), Failure> {
    if plan.is_empty() {
        show_warnings(&plan);
        sayln!("Nothing to do: nothing waits for `{}`.", who.id);
        return Ok((Exit::Success, None));
    }
    if !agreed(&plan, consent, Some(who))? {
        return Ok((Exit::Success, None));
    }
    sign(&mut plan, world, who)?;
    let exit = write(&plan, root)?;
    Ok((exit, Some(plan)))
}

/// Says what a tree lacks after an approval: another janitor's, or something that
/// no approval mends.
pub fn still_invalid(tree: &Tree) {
    let repository = Repository::load(tree);
    let (Ok(world), Ok(approved)) = (
        World::look(tree, &repository, View::Supported),
        World::look(tree, &repository, View::AsIfApproved),
    ) else {
        return;
    };
    let status = plan::status::status(&approved);
    let mut waits: Vec<String> = lacking(&status.link)
        .into_iter()
        .map(|what| format!("link {}: {what}", status.link.number))
        .collect();
    for (kind, items) in &status.waiting {
        let fewest = items
            .iter()
            .map(|(_, have)| *have)
            .min()
            .unwrap_or_default();
        waits.push(format!(
            "{}: {fewest} of {} janitors",
            counted(*kind, items.len()),
            status.quorum
        ));
    }
    if !waits.is_empty() {
        sayln!("Still waits for `conex approve` by more janitors:");
        for line in &waits {
            sayln!("  {}", neutral(line));
        }
    }
    // What approvals mend is not told a second time.
    let seen = if waits.is_empty() { &world } else { &approved };
    let findings: Vec<_> = seen
        .assessment
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Error && !waits_for_quorum(f.code))
        .cloned()
        .collect();
    if !findings.is_empty() {
        let summary = format!("not valid yet: {}", Counts::of(&findings));
        say!(
            "\n{}",
            human(
                &findings,
                &HumanOptions {
                    color: Color::of(&std::io::stderr()),
                    shown: Shown::First(3),
                    summary: &summary,
                }
            )
        );
    } else if waits.is_empty() {
        sayln!("Everything that is claimed is now valid.");
    }
}

fn waits_for_quorum(code: Code) -> bool {
    matches!(code, Code::Quorum | Code::NotVouched | Code::EpochNotOpened)
}

/// A number of resources of a kind, in words.
pub fn counted(kind: Kind, n: usize) -> String {
    let (one, many) = match kind {
        Kind::Author => ("author", "authors"),
        Kind::Team => ("team", "teams"),
        Kind::Repo => (
            "approval of top-level files",
            "approvals of top-level files",
        ),
        Kind::Claims => ("list of claims", "lists of claims"),
        Kind::Authorisation => ("authorisation", "authorisations"),
        Kind::Releases => ("list of releases", "lists of releases"),
        Kind::Checksum => ("release", "releases"),
    };
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{n} {many}")
    }
}
