//! Findings as people and programs read them.
//!
//! * [`human`]: for a terminal or a log file, the most severe first, each with its
//!   place, the values to compare, and what to do next;
//! * [`json`]: everything, for programs;
//! * [`annotation`]: a workflow command of GitHub Actions, which shows it at its line;
//! * [`one_line`]: for `/dev/tty`, where opam's own status line is.
//!
//! Paths, values and excerpts were chosen by whoever wrote the repository. All
//! text passes through [`neutral`] on its way out.

mod github;
mod group;
mod human;
mod json;
mod list;
mod text;
mod words;
mod wrap;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::IsTerminal;

pub use github::{Annotation, annotation};
pub use group::{Group, concerns, groups};
pub use human::{HumanOptions, Shown, human};
pub use json::{SCHEMA, json, json_since};
pub use list::{list, paths};
pub use text::{beginning, neutral, shortened};
pub use words::{day, percent, person_in_words, stage_in_words, standing_in_words};
pub use wrap::{prose, width_of, wrapped};

use conex_verify::finding::{Finding, Reader, Severity};
use conex_verify::words::{counted, verb};

/// The most characters of [`one_line`]: two lines of a common terminal and a half.
pub const ONE_LINE: usize = 200;

/// Whether a report has colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Color {
    /// None: everything can be understood without.
    #[default]
    Never,
    /// Escape sequences of ANSI terminals.
    Always,
}

impl Color {
    /// Colours for `stream` if it is a terminal that has them, and nobody has said no:
    /// see <https://no-color.org>.
    pub fn of(stream: &impl IsTerminal) -> Color {
        let set = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        if stream.is_terminal() && !dumb && !set("NO_COLOR") {
            Color::Always
        } else {
            Color::Never
        }
    }
}

/// How many findings there are of each severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Counts {
    /// Reasons to reject.
    pub errors: usize,
    /// Things that somebody should look at.
    pub warnings: usize,
    /// Things worth knowing.
    pub notes: usize,
}

impl Counts {
    /// Counts `findings`.
    pub fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Counts {
        let mut counts = Counts::default();
        for finding in findings {
            let count = finding.alike.max(1);
            match finding.severity {
                Severity::Error => counts.errors += count,
                Severity::Warning => counts.warnings += count,
                Severity::Note => counts.notes += count,
            }
        }
        counts
    }

    fn listed(self, more: &str) -> String {
        let one = |n: usize, noun: &str| (n > 0).then(|| counted(n, &format!("{more}{noun}")));
        let parts: Vec<String> = [
            one(self.errors, "error"),
            one(self.warnings, "warning"),
            one(self.notes, "note"),
        ]
        .into_iter()
        .flatten()
        .collect();
        match parts.as_slice() {
            [] => format!("no {more}findings"),
            [one] => one.clone(),
            [a, b] => format!("{a} and {b}"),
            [a, rest @ ..] => format!("{a}, {}", rest.join(" and ")),
        }
    }
}

impl fmt::Display for Counts {
    /// `2 errors and 1 warning`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.listed(""))
    }
}

/// The order in which findings are told: the most severe first, then by code, so
/// that the tree comes before its metadata and those before what follows from
/// them, then by place; one that stands for others after those that are told.
fn in_order(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    fn key(f: &Finding) -> impl Ord {
        let place = f.excerpt.as_ref().map_or((0, 0), |e| (e.line, e.column));
        let kind = (f.severity, f.code, f.alike > 0);
        (kind, f.path.as_str(), place, f.message.as_str())
    }
    sorted.sort_by(|a, b| key(a).cmp(&key(b)));
    sorted
}

/// The most important finding and the count of the others, in one line of at most
/// [`ONE_LINE`] characters and without a line end. Without findings: empty. It is for a client.
pub fn one_line(findings: &[Finding]) -> String {
    let groups = groups(findings);
    let mut groups = groups.iter().filter(|g| concerns(g, Reader::Client));
    let Some(group) = groups.next() else {
        return String::new();
    };
    let first = &group.head;
    let follow = group.follow();
    let others = Counts::of(groups.flat_map(Group::all));
    let more = (others != Counts::default()).then(|| others.listed("more "));
    let follow = (follow > 0).then(|| {
        let verb = verb(follow, "follows", "follow");
        format!("{} {verb} from this", counted(follow, "finding"))
    });
    let tail = match (follow, more) {
        (None, None) => String::new(),
        (Some(one), None) => format!(" ({one})"),
        (None, Some(more)) => format!(" (and {more})"),
        (Some(follow), Some(more)) => format!(" ({follow}; and {more})"),
    };
    let path = neutral(&first.path);
    let message = neutral(&first.message);
    let mut line = format!("{}[{}]: ", first.severity, first.code);
    if !path.is_empty() && !message.contains(&*path) {
        line = format!("{line}{}: ", shortened(&path, ONE_LINE / 3));
    }
    line.push_str(&message);
    let room = ONE_LINE.saturating_sub(tail.chars().count());
    format!("{}{tail}", shortened(&line, room))
}
