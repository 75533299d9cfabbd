//! What several reports say in the same words.

use std::time::{Duration, UNIX_EPOCH};

use crate::plan::bootstrap::Stage;
use crate::plan::person::{Person, Sort};
use conex_verify::workbench::trust::support::Standing;

/// Where a file of metadata stands, in words.
pub fn standing_in_words(standing: &Standing) -> String {
    match standing {
        Standing::Valid => "valid".to_owned(),
        Standing::Waiting(w) => format!("waits: {} janitors", w.count),
        Standing::Superseded { .. } => "older than what is vouched for".to_owned(),
        Standing::Contested { .. } => "other bytes are vouched for".to_owned(),
        Standing::Absent { .. } => "missing".to_owned(),
    }
}

/// What somebody is, in words.
pub fn person_in_words(person: &Person) -> String {
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

/// The last second of the year 9999: whoever makes a commit writes a time into it, and no calendar
/// goes on for as long as a number does.
const LAST: u64 = 253_402_300_799;

/// The day of a time in seconds since 1970, as `2026-01-31`.
pub fn day(seconds: i64) -> String {
    let since = Duration::from_secs(u64::try_from(seconds).unwrap_or(0).min(LAST));
    let text = humantime::format_rfc3339_seconds(UNIX_EPOCH + since).to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}

/// A part of a whole in percent, with one decimal, rounded down: 100 % is all.
pub fn percent(part: usize, whole: usize) -> String {
    let permille = (part.saturating_mul(1000)).checked_div(whole).unwrap_or(0);
    format!("{}.{} %", permille / 10, permille % 10)
}

/// How far a package is on its way to an owner, in one word.
pub fn stage_in_words(stage: Stage) -> &'static str {
    match stage {
        Stage::Unclaimed => "unclaimed",
        Stage::Held => "held",
        Stage::Proposed => "proposed",
        Stage::Confirmed => "confirmed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attack: a commit of a time that no calendar has.
    #[test]
    fn every_time_has_a_day() {
        for (seconds, text) in [
            (i64::MIN, "1970-01-01"),
            (-1, "1970-01-01"),
            (86_400, "1970-01-02"),
            (i64::MAX, "9999-12-31"),
        ] {
            assert_eq!(day(seconds), text);
        }
    }
}
