//! What `conex status NAME` says of one package or of one person.

use super::Known;
use crate::hint::Hint;

use crate::plan::person::Person;
use crate::shell::out::outln;
use crate::shell::report::{day, neutral, person_in_words, standing_in_words};
use conex_verify::format::resource::{Kind, ResourceId};
use conex_verify::workbench::verify::packages::PackageReport;

/// Whether a package is signed, in words.
pub fn state(report: &PackageReport) -> &'static str {
    if report.is_signed() {
        "signed and valid"
    } else if report.claimed {
        "claimed, but not valid"
    } else {
        "not signed"
    }
}

/// Says what there is to say of a package.
pub fn package(known: &Known<'_, '_>, report: &PackageReport) {
    let declined = known.sum.declined.contains(report.name.as_str());
    let state = state(report);
    let state = match declined {
        true => Hint::DeclinedClaim {
            state: state.to_owned(),
            name: report.name.to_string(),
        }
        .to_string(),
        false => state.to_owned(),
    };
    outln!("{}: {state}, {} releases", report.name, report.releases);
    let owners: Vec<&str> = report.owners.iter().map(|o| o.as_str()).collect();
    if !owners.is_empty() {
        outln!("  owners: {}", owners.join(", "));
    }
    for (resource, (version, standing)) in &report.standings {
        let text = standing_in_words(standing);
        let version = version.map_or(String::new(), |v| format!(", {}", v.revision));
        outln!("  {resource}{version}: {text}");
    }
}

/// Says what there is to say of a person or a team.
pub fn person(known: &Known<'_, '_>, person: &Person) {
    let path = ResourceId::id(Kind::Author, &person.id).path();
    let since = match known.since.get(&path) {
        Some(since) => format!(", as it is since {}", day(*since)),
        None => String::new(),
    };
    outln!("{}: {}{since}", person.id, person_in_words(person));
    for key in &person.keys {
        let of = match (key.of_janitor, key.listed) {
            (true, true) => " (of the janitor, and in the file)",
            (true, false) => " (of the janitor)",
            _ => "",
        };
        let unproven = match key.proven {
            true => "",
            false => "; nothing is signed with it yet, so nobody showed to have it",
        };
        outln!("  key: {}{of}{unproven}", key.key.fingerprint());
    }
    let list = |what: &str, names: &[String]| {
        if !names.is_empty() {
            outln!("  {what}: {}", neutral(&names.join(", ")));
        }
    };
    let texts = |ids: &mut dyn Iterator<Item = String>| ids.collect::<Vec<_>>();
    list("says to be", &person.accounts);
    list(
        "members",
        &texts(&mut person.members.iter().map(ToString::to_string)),
    );
    list(
        "in teams",
        &texts(&mut person.teams.iter().map(ToString::to_string)),
    );
    list(
        "owns",
        &texts(&mut person.owns.iter().map(ToString::to_string)),
    );
    for (team, owned) in &person.through {
        let what = format!("owns through the team {team}");
        list(&what, &texts(&mut owned.iter().map(ToString::to_string)));
    }
    let about = known.changes.iter().filter(|effect| effect.path == path);
    for line in about.flat_map(|effect| effect.shown(true)) {
        outln!("  if approved: {}", neutral(&line));
    }
}
