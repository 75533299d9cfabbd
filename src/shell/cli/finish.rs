//! From a plan to files, and what is still missing then.

use crate::hint::Hint;
use std::collections::BTreeSet;
use std::path::Path;

use super::commit::remind;
use super::confirm::{agreed, show, show_warnings};
use super::failure::{Exit, Failure};
use super::options::{Consent, Signing};
use super::signer::Who;
use super::signing::{now, sign_plan};
use super::todo::{counted, some};
use super::workspace::{earlier, outside_packages, write};

use crate::plan;
use crate::plan::status::status;
use crate::plan::{Plan, View, World};
use crate::shell::keys::file::shell_quoted;
use crate::shell::out::{raw_sayln, say, sayln};
use crate::shell::report::{Counts, HumanOptions, Shown, human, neutral};
use crate::shell::write::{Change, WORK_TREE, apply};
use conex_verify::finding::{Cause, Code, Finding, Reader, Severity};
use conex_verify::format::name::Id;
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

/// Says that nothing is done: nothing waits, or all that waits was left out, for the reasons that
/// stand above. In a work tree, what conex wrote there and no commit has may be what is missed.
pub fn nothing(plan: &Plan, id: &Id, root: Option<&Path>) -> Exit {
    show_warnings(plan);
    let left_out = |f: &Finding| f.severity != Severity::Note;
    if !plan.warnings.iter().any(left_out) {
        sayln!("Nothing to do: nothing waits for `{id}`.");
        if let Some(root) = root {
            remind(root);
        }
        return Exit::Success;
    }
    sayln!("Nothing was signed: what waits for `{id}` was left out, for the reasons above.");
    Exit::Rejected
}

/// [`signed`], with the plan as it was written.
pub fn sign_and_write(
    mut plan: Plan,
    consent: Consent,
    world: &World<'_>,
    who: &Who,
    root: &Path,
) -> Result<(Exit, Option<Plan>), Failure> {
    if plan.is_empty() {
        return Ok((nothing(&plan, &who.id, Some(root)), None));
    }
    if !agreed(&plan, consent, Some(who))? {
        return Ok((Exit::Success, None));
    }
    sign_plan(&mut plan, world, who)?;
    let exit = write(&plan, root)?;
    Ok((exit, Some(plan)))
}

/// Writes a change that janitors approve, and says what it takes and what it costs.
pub fn started(
    mut plan: Plan,
    consent: Consent,
    before: &World<'_>,
    root: &Path,
) -> Result<Exit, Failure> {
    plan.tell(before, &earlier(root), false);
    let exit = unsigned(&plan, consent, root)?;
    if exit == Exit::Success && !plan.is_empty() {
        waits(before, &plan.apply(before.tree));
    }
    Ok(exit)
}

/// Says what a change leaves without support, and who approves it.
fn waits(before: &World<'_>, tree: &Tree) {
    let repository = Repository::load(tree);
    let Ok(after) = World::look(tree, &repository, View::AsIfApproved) else {
        return;
    };
    let lost = plan::status::lost(before, &after);
    if !lost.is_empty() {
        sayln!("This loses its support, and is vouched for anew in the same change:");
        for (kind, names) in &lost {
            sayln!("  {}: {}", counted(*kind, names.len()), some(names, false));
        }
    }
    let pushed: Vec<String> = plan::status::pushed(&after).into_iter().collect();
    if !pushed.is_empty() {
        sayln!(
            "{}",
            Hint::EpochOfPushed {
                names: pushed.join(" ")
            }
        );
    }
    let known = status(before).declined;
    let status = status(&after);
    let new: Vec<&String> = status.declined.difference(&known).collect();
    match new.as_slice() {
        [] => {}
        [name] => sayln!(
            "{}",
            Hint::ApproveByName {
                name: (*name).clone()
            }
        ),
        _ => sayln!("{}", Hint::ApproveHeld),
    }
    let all: Vec<&str> = status.janitors.iter().map(String::as_str).collect();
    let added: Vec<&str> = status
        .link
        .added_missing
        .iter()
        .map(|id| id.as_str())
        .collect();
    let and = match added.as_slice() {
        [] => String::new(),
        added => format!(", among them {}", added.join(", ")),
    };
    sayln!(
        "{}",
        Hint::CountsAfter {
            quorum: status.quorum.to_string(),
            janitors: format!("{}{and}", all.join(", ")),
        }
    );
    if let Some(count) = status.link.before.filter(|count| !count.enough()) {
        sayln!(
            "Of the janitors before, {} more sign it the same way.",
            count.missing()
        );
    }
}

/// Writes what needs no signature into the repository and what does into `dir`, and
/// says how it is signed.
pub fn hand_out(
    signing: &Signing,
    plan: &Plan,
    world: &World<'_>,
    id: &Id,
    root: &Path,
    dir: &Path,
) -> Result<Exit, Failure> {
    let parts = plan.to_sign(world.chain().identity(), id, now());
    if parts.is_empty() && plan.is_empty() {
        return Ok(nothing(plan, id, Some(root)));
    }
    show(plan, &format!("`{id}` is to sign, elsewhere:"));
    if signing.consent.dry_run {
        sayln!("Nothing was written (--dry-run).");
        return Ok(Exit::Success);
    }
    let dir = outside_packages(dir, root)?;
    let changes: Vec<Change> = parts
        .iter()
        .map(|part| Change {
            path: part.file_name(),
            bytes: Some(part.bytes.as_slice().into()),
        })
        .collect();
    if !plan.writes.is_empty() || !plan.removes.is_empty() {
        write(plan, root)?;
    }
    apply(&dir, &changes, WORK_TREE)
        .map_err(|e| Failure::usage(format!("{}: {e}", dir.display()), ""))?;
    let path = |change: &Change| shell_quoted(&dir.join(&change.path));
    sayln!("Where the key is, with this directory:");
    for (part, change) in parts.iter().zip(&changes) {
        let namespace = part.namespace.as_str();
        let (namespace, path) = (namespace.to_owned(), path(change));
        raw_sayln!("{}", Hint::SignElsewhere { namespace, path });
    }
    sayln!("Then, here:");
    for change in &changes {
        raw_sayln!("{}", Hint::ImportHere { path: path(change) });
    }
    Ok(Exit::Success)
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
        sayln!("{}", Hint::StillWaits);
        for line in &waits {
            sayln!("  {}", neutral(line));
        }
    }
    // What approvals mend is not told a second time.
    let seen = if waits.is_empty() { &world } else { &approved };
    let errors: Vec<_> = seen
        .assessment
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Error && !waits_for_quorum(f.code))
        .cloned()
        .collect();
    // Who has not signed yet has done nothing wrong.
    let (signs, findings): (Vec<_>, Vec<_>) = errors
        .into_iter()
        .partition(|f| matches!(f.cause, Some(Cause::Sign(_))));
    let owners: BTreeSet<String> = signs
        .iter()
        .filter_map(|f| f.cause.as_ref().map(Cause::message))
        .collect();
    for waits in &owners {
        let waits = waits.replacen('w', "W", 1);
        sayln!(
            "{}",
            Hint::OwnersSign {
                waits: neutral(&waits).to_string()
            }
        );
    }
    if !findings.is_empty() {
        let summary = format!("not valid yet: {}", Counts::of(&findings));
        say!(
            "\n{}",
            human(
                &findings,
                &HumanOptions {
                    shown: Shown::First(3),
                    reader: Reader::WorkTree,
                    summary: &summary,
                    ..HumanOptions::on(&std::io::stderr())
                }
            )
        );
    } else if waits.is_empty() && owners.is_empty() {
        sayln!("Everything that is claimed is now valid.");
    }
}

fn waits_for_quorum(code: Code) -> bool {
    matches!(code, Code::Quorum | Code::NotVouched | Code::EpochNotOpened)
}
