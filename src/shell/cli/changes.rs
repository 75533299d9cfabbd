//! What a change does, in lines and for programs: the same for `status` and `check`.

use serde::Serialize;

use crate::plan::effect::{Effect, Weight};

/// The lines of changes, what takes something away first. Of what only comes new, at most `most`
/// are shown; with `all`, each with every name.
pub fn changes(effects: &[Effect], most: usize, all: bool) -> Vec<String> {
    let new = |e: &&Effect| e.weight == Weight::New;
    let mut lines: Vec<String> = effects
        .iter()
        .filter(|e| !new(e))
        .flat_map(|e| e.shown(all))
        .collect();
    let more = effects.iter().filter(new);
    lines.extend(more.clone().take(most).flat_map(|e| e.shown(all)));
    match more.count().saturating_sub(most) {
        0 => {}
        left => lines.push(format!("and {left} more that are new (`--all` names them)")),
    }
    lines
}

/// One change of what counts; see docs/json.md.
#[derive(Serialize)]
pub struct JsonChange<'a> {
    weight: &'static str,
    path: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    more: &'a [String],
}

impl<'a> JsonChange<'a> {
    /// A change.
    pub fn of(effect: &'a Effect) -> JsonChange<'a> {
        JsonChange {
            weight: effect.weight.as_str(),
            path: &effect.path,
            text: &effect.line,
            more: &effect.more,
        }
    }
}
