//! What `conex status NAME` says of one package or of one person.

use super::Known;
use crate::hint::Hint;

use crate::plan::person::{Person, Sort};
use crate::shell::cli::age::day;
use crate::shell::out::outln;
use crate::shell::report::neutral;
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
        use conex_verify::workbench::trust::support::Standing;
        let text = match standing {
            Standing::Valid => "valid".to_owned(),
            Standing::Waiting(w) => format!("waits: {} janitors", w.count),
            Standing::Superseded { .. } => "older than what is vouched for".to_owned(),
            Standing::Contested { .. } => "other bytes are vouched for".to_owned(),
            Standing::Absent { .. } => "missing".to_owned(),
        };
        let version = version.map_or(String::new(), |v| format!(", {}", v.revision));
        outln!("  {resource}{version}: {text}");
    }
}

/// What somebody is, in words.
pub fn what(person: &Person) -> String {
    let file = match (person.sort, person.valid, person.waits) {
        (Sort::JanitorAlone, ..) => None,
        (Sort::Team, true, _) => Some("a team".to_owned()),
        (Sort::Author, true, _) if person.keys.iter().all(|key| !key.listed) => {
            Some("an author who was revoked: no key is left".to_owned())
        }
        (Sort::Author, true, _) => Some("an author".to_owned()),
        (sort, false, waits) => {
            let sort = if sort == Sort::Team {
                "a team"
            } else {
                "an author"
            };
            let count = waits.map(|count| format!(": {count} janitors approve it"));
            Some(format!(
                "{sort} whose file waits{}",
                count.unwrap_or_default()
            ))
        }
    };
    let janitor = match (person.janitor, person.links) {
        (true, Some((first, _))) => Some(format!("a janitor since link {first}")),
        (false, Some((first, last))) if first == last => {
            Some(format!("a janitor once, in link {first}"))
        }
        (false, Some((first, last))) => Some(format!("a janitor once, in links {first} to {last}")),
        _ => None,
    };
    let both: Vec<String> = janitor.into_iter().chain(file).collect();
    both.join("; ")
}

/// Says what there is to say of a person or a team.
pub fn person(known: &Known<'_, '_>, person: &Person) {
    let path = ResourceId::id(Kind::Author, &person.id).path();
    let since = match known.since.get(&path) {
        Some(since) => format!(", as it is since {}", day(*since)),
        None => String::new(),
    };
    outln!("{}: {}{since}", person.id, what(person));
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
