//! The snapshot and its age, in words and for programs.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use conex_verify::SnapshotFacts;

/// What the clock says, in seconds since 1970.
pub fn seconds_now() -> Option<u64> {
    Some(SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs())
}

/// The snapshot, for programs; see docs/json.md.
#[derive(Serialize)]
pub struct JsonSnapshot {
    valid: bool,
    epoch: u64,
    counter: u64,
    created: Option<String>,
    age_seconds: Option<i64>,
    by: Option<String>,
}

impl JsonSnapshot {
    /// What is said about a snapshot.
    pub fn of(facts: &SnapshotFacts) -> JsonSnapshot {
        JsonSnapshot {
            valid: facts.valid,
            epoch: facts.revision.epoch,
            counter: facts.revision.counter,
            created: facts.created.as_ref().map(ToString::to_string),
            age_seconds: seconds_now().and_then(|now| facts.age(now)),
            by: facts.by.as_ref().map(ToString::to_string),
        }
    }
}

/// How old the snapshot is, for the last line of a report.
pub fn in_words(snapshot: Option<&SnapshotFacts>) -> String {
    let Some(facts) = snapshot else {
        return "no snapshot".to_owned();
    };
    if !facts.valid {
        return "snapshot not valid".to_owned();
    }
    match seconds_now().and_then(|now| facts.age(now)) {
        Some(age) => format!("snapshot {}", age_in_words(age)),
        None => "snapshot of an unknown time".to_owned(),
    }
}

/// How long something has been so.
pub fn time_in_words(seconds: i64) -> String {
    let (n, unit) = in_units(seconds);
    format!("{n} {unit}")
}

fn in_units(seconds: i64) -> (u64, &'static str) {
    match seconds.unsigned_abs() {
        s @ 0..120 => (s, "s"),
        s @ 120..7_200 => (s / 60, "min"),
        s @ 7_200..172_800 => (s / 3_600, "h"),
        s => (s / 86_400, "days"),
    }
}

/// An age in seconds.
pub fn age_in_words(age: i64) -> String {
    let (n, unit) = in_units(age);
    if age < 0 {
        format!("made {n} {unit} in the future")
    } else {
        format!("{n} {unit} old")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_rounded_down() {
        for (age, text) in [
            (0, "0 s old"),
            (119, "119 s old"),
            (3_599, "59 min old"),
            (100_000, "27 h old"),
            (30 * 86_400, "30 days old"),
            (-7_200, "made 2 h in the future"),
        ] {
            assert_eq!(age_in_words(age), text);
        }
    }
}
