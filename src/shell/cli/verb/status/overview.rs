//! What `conex status` says of the whole repository.

use crate::hint::Hint;
use std::path::Path;

use super::Known;

use crate::plan::conflict::Conflicts;
use crate::plan::status::{Status, declinable, elsewhere, left_out};
use crate::plan::todo::{Deed, Item, Todo};
use crate::plan::{World, depends, package_or_name};
use crate::shell::cli::age::{in_words, seconds_now, time_in_words};
use crate::shell::cli::changes::changes;
use crate::shell::cli::commit::left_behind;
use crate::shell::cli::limits::{limit_in_words, mentioned};
use crate::shell::cli::todo::{counted, lines, some};
use crate::shell::keys::log;
use crate::shell::out::outln;
use crate::shell::report::{day, neutral, percent, person_in_words};
use conex_verify::SnapshotFacts;
use conex_verify::format::name::Id;
use conex_verify::format::resource::{Kind, SnapshotRule, Timestamp};
use conex_verify::workbench::repository::Slot;
use conex_verify::workbench::verify::explain;

/// How many lines there are of what comes new.
const NEW: usize = 8;

/// Says all of it.
pub fn show(known: &Known<'_, '_>, all: bool) {
    numbers(known, all);
    longest(known);
    changing(known, all);
    snapshot(known.world);
    claims(&known.sum);
    if let Some(limit) = mentioned(&known.world.repository.limits, all) {
        outln!("limits      {}", limit_in_words(limit));
    }
    depending(known, all);
    signed_elsewhere(known.world, all);
    if all {
        everything(known);
    }
}

/// One line under a heading, and the next ones below.
fn under(heading: &str, lines: impl IntoIterator<Item = String>) {
    for (i, line) in lines.into_iter().enumerate() {
        let heading = if i == 0 { heading } else { "" };
        outln!("{heading:<11} {}", neutral(&line));
    }
}

/// T7: What approving everything that waits would change, and what no approval takes.
fn changing(known: &Known<'_, '_>, all: bool) {
    under(
        "changes",
        changes(&known.changes, if all { usize::MAX } else { NEW }, all),
    );
    let left_out = left_out(known.approved);
    under(
        "left out",
        left_out
            .into_iter()
            .map(|finding| match finding.hint.as_str() {
                "" => finding.message.to_string(),
                hint => format!("{}; {hint}", finding.message),
            }),
    );
}

/// What has waited longest, and what can be done about it.
fn longest(known: &Known<'_, '_>) {
    let declinable = declinable(known.approved);
    let items = known
        .todo
        .items()
        .filter_map(|(item, deed, _)| match (item, deed) {
            (Item::Resource(resource), Deed::Vouch | Deed::Prove) => {
                Some((known.since.get(&resource.path())?, resource))
            }
            _ => None,
        });
    let Some((since, resource)) = items.min_by_key(|(since, resource)| (**since, resource.path()))
    else {
        return;
    };
    let name = package_or_name(resource);
    let age = seconds_now().and_then(|now| i64::try_from(now).ok());
    let age = age.map(|now| format!(", {}", time_in_words(now.saturating_sub(*since))));
    let what = format!(
        "the {resource} waits since {}{}",
        day(*since),
        age.unwrap_or_default()
    );
    let name = name.to_string();
    let line = match declinable.contains_key(&resource.path()) {
        true => Hint::LongestOrDecline { what, name },
        false => Hint::Longest { what, name },
    };
    under("longest", [line.to_string()]);
}

/// How many signed packages depend on unsigned ones.
fn depending(known: &Known<'_, '_>, all: bool) {
    let depending = depends::on_unsigned(known.world);
    if depending.is_empty() {
        return;
    }
    let names: Vec<String> = depending.keys().map(ToString::to_string).collect();
    let verb = if names.len() == 1 {
        "package depends"
    } else {
        "packages depend"
    };
    let line = format!(
        "{} signed {verb} on unsigned ones: {}",
        names.len(),
        some(&names, all)
    );
    under("depends", [line]);
}

/// Everybody, and every package with its owners.
fn everything(known: &Known<'_, '_>) {
    outln!("\neverybody");
    for id in known.world.everybody() {
        if let Some(person) = known.world.person(&id) {
            let owned = person.owns.len() + person.through.values().map(Vec::len).sum::<usize>();
            let owned = match owned {
                0 => String::new(),
                1 => ", owns 1 package".to_owned(),
                n => format!(", owns {n} packages"),
            };
            outln!("  {id}: {}{owned}", person_in_words(&person));
        }
    }
    outln!("\npackages");
    for report in &known.world.assessment.packages {
        let owners: Vec<&str> = report.owners.iter().map(Id::as_str).collect();
        let owners = match owners.as_slice() {
            [] => String::new(),
            owners => format!(", of {}", owners.join(", ")),
        };
        outln!("  {}: {}{owners}", report.name, super::one::state(report));
    }
}

/// What conex wrote and no commit has.
pub fn uncommitted(root: &Path) {
    under("git", left_behind(root));
}

/// What a merge left to do.
pub fn merge(conflicts: &Conflicts) {
    if conflicts.is_empty() {
        return;
    }
    outln!(
        "merge       {} with git's conflict markers",
        match conflicts.len() {
            1 => "1 file".to_owned(),
            n => format!("{n} files"),
        }
    );
    if let Some((message, hint)) = conflicts.to_redo() {
        outln!("            {}; {}", neutral(&message), neutral(&hint));
    }
    if !conflicts.rewritten.is_empty() {
        outln!(
            "            {}",
            Hint::SignWrites {
                n: conflicts.rewritten.len().to_string()
            }
        );
    }
    if !conflicts.links.is_empty() {
        outln!("            {}", Hint::ApproveJoins);
    }
}

/// What one person can do.
pub fn show_todo(todo: &Todo, person: &Id, all: bool) {
    if todo.is_empty() {
        outln!("Nothing waits for `{person}`.");
    }
    for line in lines(todo, all) {
        outln!("{line}");
    }
}

fn numbers(known: &Known<'_, '_>, all: bool) {
    let Known {
        sum: status,
        coverage,
        todo,
        ..
    } = known;
    outln!("repository  {}", neutral(&status.name));
    outln!("identity    {}", status.identity);
    outln!(
        "janitors    {}, of whom {} must agree (link {})",
        status.janitors.join(", "),
        status.quorum,
        status.link.number
    );
    for missing in explain::lacking(&status.link) {
        outln!("            link {}: {missing}", status.link.number);
    }
    outln!(
        "people      {}, {}",
        counted(Kind::Author, status.authors),
        counted(Kind::Team, status.teams)
    );
    outln!(
        "packages    {} of {} signed and valid ({})",
        coverage.signed_packages,
        coverage.packages,
        percent(coverage.signed_packages, coverage.packages)
    );
    let lists = [
        ("not valid", &status.broken),
        ("not approved", &status.pending),
        ("unsigned", &status.unsigned),
    ];
    for (what, names) in lists {
        if !names.is_empty() {
            outln!("            {} {what}: {}", names.len(), some(names, all));
        }
    }
    outln!(
        "releases    {} of {} ({})",
        coverage.signed_releases,
        coverage.releases,
        percent(coverage.signed_releases, coverage.releases)
    );
    if !status.declined.is_empty() {
        let names: Vec<String> = status.declined.iter().cloned().collect();
        outln!(
            "declined    {}",
            Hint::DeclinedByName {
                names: some(&names, all)
            }
        );
    }
    if todo.is_empty() {
        outln!("to do       nothing waits");
        return;
    }
    outln!(
        "if approved {} of them ({}), {} of the releases ({})",
        coverage.if_approved_packages,
        percent(coverage.if_approved_packages, coverage.packages),
        coverage.if_approved_releases,
        percent(coverage.if_approved_releases, coverage.releases)
    );
    for (i, line) in lines(todo, all).iter().enumerate() {
        outln!(
            "{} {line}",
            if i == 0 { "to do      " } else { "           " }
        );
    }
}

/// The snapshot, which clients judge and those who work on a tree do not.
fn snapshot(world: &World<'_>) {
    let report = &world.assessment.snapshot;
    outln!("state       {}", world.repository.state.id());
    let rule = world.chain().current().snapshot;
    let required = match rule {
        SnapshotRule::Required => ", and one is required",
        SnapshotRule::Optional => "",
    };
    let Some(version) = report.version else {
        let what = match world.repository.snapshot {
            Slot::Missing => "none",
            _ => "cannot be read",
        };
        outln!("snapshot    {what}{required}");
        return;
    };
    let by = report
        .by
        .as_ref()
        .map_or("nobody who may", |id| id.as_str());
    let created = report
        .created
        .as_ref()
        .map(Timestamp::as_str)
        .unwrap_or_default();
    outln!(
        "snapshot    {}, by {by}, {created}: {}",
        version.revision,
        in_words(SnapshotFacts::of(report).as_ref())
    );
    if report.is_valid() {
        return;
    }
    if report.differences.is_empty() {
        for finding in &report.findings {
            outln!("            {}", neutral(&finding.message));
        }
    } else if report.by.is_some() {
        let changes: Vec<String> = report.differences.iter().map(ToString::to_string).collect();
        outln!(
            "            not of this state, {} changes since: {}",
            changes.len(),
            some(&changes, false)
        );
    }
    outln!("            {}", Hint::SnapshotAnew);
}

/// The list of claims, and what it lacks.
fn claims(status: &Status) {
    let Some(listed) = status.claims else {
        return;
    };
    let lacks = match status.not_claimed {
        0 => String::new(),
        n => format!("; {}", Hint::MoreClaims { n: n.to_string() }),
    };
    let packages = if listed == 1 { "package" } else { "packages" };
    outln!("claims      {listed} {packages}{lacks}");
}

/// What was signed on this machine, is not here, and may still come.
fn signed_elsewhere(world: &World<'_>, all: bool) {
    let identity = world.chain().identity();
    for id in log::signers(identity) {
        let elsewhere = elsewhere(world, &log::signed_by(identity, &id));
        let names: Vec<String> = elsewhere
            .iter()
            .map(|(resource, revision)| format!("the {resource} at {revision}"))
            .collect();
        if !names.is_empty() {
            outln!(
                "elsewhere   `{id}` signed what is not here: {}",
                some(&names, all)
            );
            outln!("            {}", Hint::SupersedeNever);
        }
    }
}
