//! Findings for people.

use std::fmt::Write as _;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::text::{neutral, shortened};
use super::{Color, Counts, in_order};
use conex_verify::finding::{Excerpt, Finding, Severity};

/// How many findings are shown when nobody has said: what fits on a screen.
const DEFAULT_SHOWN: usize = 10;

/// The most characters of a message, a value, a hint. Longer ones are made up.
const LONGEST_TEXT: usize = 600;
/// The most characters of a path; the longest that is valid has 255.
const LONGEST_PATH: usize = 300;

/// Wide enough for the longest excerpt, so that the renderer never cuts one itself.
const WIDTH: usize = 400;

/// How many findings a report shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// At most this many; the others are counted.
    First(usize),
    /// All.
    All,
}

/// How a report for people is made.
#[derive(Debug, Clone)]
pub struct HumanOptions<'a> {
    /// Colours or none.
    pub color: Color,
    /// How many findings are shown.
    pub shown: Shown,
    /// The last line: the verdict. May be empty.
    pub summary: &'a str,
}

impl Default for HumanOptions<'_> {
    fn default() -> Self {
        HumanOptions {
            color: Color::Never,
            shown: Shown::First(DEFAULT_SHOWN),
            summary: "",
        }
    }
}

/// Renders `findings`, most severe first, and the summary as the last line.
///
/// Ends with a line end, unless there is nothing to say. A hint that several
/// findings have is shown with the first of them.
pub fn human(findings: &[Finding], options: &HumanOptions<'_>) -> String {
    let sorted = in_order(findings);
    let most = match options.shown {
        Shown::First(n) => n,
        Shown::All => usize::MAX,
    };
    let (shown, rest) = sorted.split_at(most.min(sorted.len()));
    let mut blocks: Vec<String> = Vec::new();
    let mut hints: Vec<&str> = Vec::new();
    for finding in shown {
        let with_hint = !finding.hint.is_empty() && !hints.contains(&finding.hint.as_str());
        if with_hint {
            hints.push(&finding.hint);
        }
        blocks.push(block(finding, with_hint, options.color));
    }
    if !rest.is_empty() {
        let counts = Counts::of(rest.iter().copied());
        let (lead, more) = if shown.is_empty() {
            ("", "")
        } else {
            ("and ", "more ")
        };
        blocks.push(format!(
            "{lead}{} (`--all` shows them)\n",
            counts.listed(more)
        ));
    }
    if !options.summary.is_empty() {
        blocks.push(format!("{}\n", neutral(options.summary)));
    }
    blocks.join("\n")
}

/// One finding: title, place, values, hint; ends with a line end.
fn block(finding: &Finding, with_hint: bool, color: Color) -> String {
    let message = clean(&finding.message, LONGEST_TEXT);
    let path = clean(&finding.path, LONGEST_PATH);
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let named = message.contains(&path);
    let title = level.primary_title(message).id(finding.code.as_str());
    let renderer = match color {
        Color::Never => Renderer::plain(),
        Color::Always => Renderer::styled(),
    }
    .decor_style(DecorStyle::Ascii)
    .term_width(WIDTH);
    let mut out = String::new();
    if let Some(excerpt) = &finding.excerpt {
        let (text, mark) = source(excerpt);
        let path = match excerpt.path.as_str() {
            "" => path,
            other => clean(other, LONGEST_PATH),
        };
        let mark_start = mark.start;
        let mut annotation = AnnotationKind::Primary.span(mark);
        if !excerpt.label.is_empty() {
            annotation = annotation.label(clean(&excerpt.label, LONGEST_TEXT));
        }
        // The renderer counts columns from the start of the excerpt.
        let shown = format!("{path}:{}:{}", excerpt.line, mark_start + 1);
        let meant = format!("{path}:{}:{}", excerpt.line, excerpt.column);
        let snippet = Snippet::source(text)
            .path(path)
            .line_start(excerpt.line)
            .annotation(annotation);
        let text = renderer.render(&[title.element(snippet)]);
        let _ = writeln!(out, "{}", text.trim_end().replacen(&shown, &meant, 1));
    } else {
        let text = renderer.render(&[Group::with_title(title)]);
        let _ = writeln!(out, "{}", text.trim_end());
        if !named {
            let _ = match color {
                Color::Never => writeln!(out, " --> {path}"),
                Color::Always => writeln!(out, " \x1b[1m\x1b[94m-->\x1b[0m {path}"),
            };
        }
    }
    if !finding.values.is_empty() {
        if finding.excerpt.is_some() {
            out.push('\n');
        }
        let labels: Vec<String> = finding.values.iter().map(|(l, _)| clean(l, 40)).collect();
        let width = labels.iter().map(|l| l.chars().count()).max().unwrap_or(0);
        for (label, (_, value)) in labels.iter().zip(&finding.values) {
            let line = format!("      {label:width$}  {}", clean(value, LONGEST_TEXT));
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }
    if with_hint {
        let hint = clean(&finding.hint, LONGEST_TEXT);
        let _ = match color {
            Color::Never => writeln!(out, "\nhint: {hint}"),
            Color::Always => writeln!(out, "\n\x1b[1m\x1b[96mhint\x1b[0m: {hint}"),
        };
    }
    out
}

/// Untrusted text for one place of a report.
fn clean(text: &str, most: usize) -> String {
    // Cut before and after: a value of a gigabyte is not walked through twice.
    let most_bytes = text.floor_char_boundary(most.saturating_mul(4));
    let start = text.get(..most_bytes).unwrap_or_default();
    let cut = start.len() < text.len();
    let text = neutral(start);
    let short = shortened(&text, most);
    if cut && !short.ends_with('…') {
        format!("{short}…")
    } else {
        short.into_owned()
    }
}

/// The line of an excerpt as the renderer can take it: printable ASCII of the same
/// length in bytes, and a mark within it.
fn source(excerpt: &Excerpt) -> (String, std::ops::Range<usize>) {
    let text: String = excerpt
        .text
        .bytes()
        .map(|b| match b {
            b' '..=b'~' => char::from(b),
            _ => '?',
        })
        .collect();
    let start = excerpt.mark.start.min(text.len());
    let end = excerpt.mark.end.clamp(start, text.len());
    (text, start..end)
}
