//! How full the limits of a client are: for people, and for programs.

use serde::Serialize;

use conex_verify::workbench::repository::Fullness;

/// How full a limit is that people are told of without asking, in hundredths.
const MENTIONED: u64 = 50;

/// The limit that is fullest, by hundredths, if it is to be mentioned or `all` is asked for.
pub fn mentioned(limits: &[Fullness], all: bool) -> Option<&Fullness> {
    let fullest = limits.iter().max_by_key(|limit| limit.percent());
    fullest.filter(|limit| all || limit.percent() >= MENTIONED)
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
