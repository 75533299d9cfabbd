//! How full the limits of a client are: for people, and for programs.

use serde::Serialize;

use conex_verify::workbench::repository::Fullness;

/// The limit that is fullest, by hundredths.
pub fn fullest(limits: &[Fullness]) -> Option<&Fullness> {
    limits.iter().max_by_key(|limit| limit.percent())
}

/// A limit, in words: `12 % of the releases that clients take (24000 of 200000)`.
pub fn limit_in_words(limit: &Fullness) -> String {
    let Fullness { what, have, most } = limit;
    let percent = limit.percent();
    format!("{percent} % of the {what} that clients take ({have} of {most})")
}

/// One limit; see docs/json.md.
#[derive(Serialize)]
pub struct JsonLimit {
    what: &'static str,
    have: u64,
    most: u64,
}

impl JsonLimit {
    /// All of them.
    pub fn all(limits: &[Fullness]) -> Vec<JsonLimit> {
        limits.iter().map(JsonLimit::of).collect()
    }

    fn of(limit: &Fullness) -> JsonLimit {
        let Fullness { what, have, most } = *limit;
        JsonLimit { what, have, most }
    }
}
