//! All findings of a kind as a plain list, for whoever has to go through them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::human::{HumanOptions, Shown, human};
use super::text::{neutral, shortened};
use super::wrap::{prose, wrapped};
use conex_verify::finding::{Code, Finding, Severity};
use conex_verify::words::counted;

/// The most characters of a value beside a path.
const LONGEST_VALUE: usize = 120;

/// Findings of one kind, and what is to be done about each of them.
type Kinds<'a> = BTreeMap<(Severity, Code, String), Vec<&'a Finding>>;

/// Every finding, one line each: those of one code and one hint below one title. One that is alone
/// of its kind is shown whole, with its place. Ends with a line end, unless there is nothing to say.
pub fn list(findings: &[Finding], options: &HumanOptions<'_>) -> String {
    let mut kinds: Kinds<'_> = BTreeMap::new();
    for finding in findings {
        let hint = finding.hint_for(options.reader).into_owned();
        let kind = (finding.severity, finding.code, hint);
        kinds.entry(kind).or_default().push(finding);
    }
    let blocks = kinds.iter_mut().map(|((severity, code, hint), found)| {
        if let [one] = found.as_slice()
            && one.alike == 0
        {
            let options = HumanOptions {
                shown: Shown::All,
                summary: "",
                ..options.clone()
            };
            return human(std::slice::from_ref(*one), &options);
        }
        found.sort_by(|a, b| a.path.cmp(&b.path));
        let many: usize = found.iter().map(|f| f.alike.max(1)).sum();
        let mut text = format!("{severity}[{code}]: {} ({many})\n", code.title());
        for finding in found {
            let line = format!("  {}", line(finding));
            let _ = writeln!(text, "{}", prose(&line, options.width));
        }
        if !hint.is_empty() {
            let hint = wrapped(&format!("hint: {}", neutral(hint)), options.width, "      ");
            let _ = write!(text, "\n{hint}\n");
        }
        text
    });
    blocks.collect::<Vec<_>>().join("\n")
}

/// The path, and what is said beside it.
fn line(finding: &Finding) -> String {
    if finding.alike > 0 {
        return format!("and {}", counted(finding.alike, "more path"));
    }
    let mut line = match finding.path.as_str() {
        "" => "the repository".to_owned(),
        path => neutral(path).into_owned(),
    };
    if let Some(place) = finding.excerpt.as_ref().filter(|e| e.path.is_empty()) {
        let _ = write!(line, ":{}:{}", place.line, place.column);
    }
    let values = finding.values.iter();
    let values: Vec<String> = values
        .map(|(label, value)| format!("{label} {}", shortened(&neutral(value), LONGEST_VALUE)))
        .collect();
    if !values.is_empty() {
        let _ = write!(line, "  ({})", values.join(", "));
    }
    line
}

/// The paths of the errors among findings, each once, as a program takes them.
pub fn paths(findings: &[Finding]) -> BTreeSet<String> {
    let errors = findings.iter().filter(|f| f.severity == Severity::Error);
    let paths = errors.map(|f| neutral(f.path.trim_end_matches('/')).into_owned());
    paths.filter(|path| !path.is_empty()).collect()
}
