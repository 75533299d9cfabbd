//! Findings for people.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::os::fd::AsFd;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::text::{beginning, neutral, shortened};
use super::wrap::{width_of, wrapped, wrapped_after};
use super::{Color, Counts, concerns, groups};
use conex_verify::finding::{Excerpt, Finding, Reader, Severity};
use conex_verify::words::{counted, verb};

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
    /// At most this many, each without those that follow from it; the others are counted.
    First(usize),
    /// At most this many, each with those that follow from it; the others are counted.
    Whole(usize),
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
    /// Who reads it.
    pub reader: Reader,
    /// The width of the terminal it is for; `None` where it is for none, and no line is broken.
    pub width: Option<usize>,
    /// The last line: the verdict. May be empty.
    pub summary: &'a str,
}

impl HumanOptions<'_> {
    /// For a stream, with the colours and the width that it has.
    pub fn on(stream: &(impl IsTerminal + AsFd)) -> Self {
        HumanOptions {
            color: Color::of(stream),
            width: width_of(stream),
            ..HumanOptions::default()
        }
    }
}

impl Default for HumanOptions<'_> {
    fn default() -> Self {
        HumanOptions {
            color: Color::Never,
            shown: Shown::First(DEFAULT_SHOWN),
            reader: Reader::Client,
            width: None,
            summary: "",
        }
    }
}

/// Renders `findings`, causes and the most severe first, and the summary as the last line.
///
/// Of what follows from something that is told, the number is told, and all of it where
/// everything is shown. Ends with a line end, unless there is nothing to say. A hint that
/// several findings have is shown with the first of them.
pub fn human(findings: &[Finding], options: &HumanOptions<'_>) -> String {
    let mut groups = groups(findings);
    let most = match options.shown {
        Shown::First(n) | Shown::Whole(n) => n,
        Shown::All => usize::MAX,
    };
    if options.shown != Shown::All {
        groups.retain(|group| concerns(group, options.reader));
    }
    let (shown, rest) = groups.split_at(most.min(groups.len()));
    let mut blocks: Vec<String> = Vec::new();
    let mut hints: Vec<String> = Vec::new();
    let mut block = |finding: &Finding| {
        let hint = finding.hint_for(options.reader).into_owned();
        let told = hint.is_empty() || hints.contains(&hint);
        let text = block(finding, Some(hint.as_str()).filter(|_| !told), options);
        hints.push(hint);
        text
    };
    for group in shown {
        blocks.push(block(&group.head));
        let follow = group.follow();
        if follow == 0 {
            continue;
        }
        let follows = verb(follow, "follows", "follow");
        let number = counted(follow, "finding");
        if !matches!(options.shown, Shown::First(_)) {
            blocks.push(format!("{number} {follows} from this:\n"));
            blocks.extend(group.rest.iter().map(|finding| block(finding)));
        } else {
            blocks.push(format!(
                "{number} {follows} from this (`--all` shows {})\n",
                verb(follow, "it", "them")
            ));
        }
    }
    if !rest.is_empty() {
        let counts = Counts::of(rest.iter().flat_map(super::Group::all));
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
        blocks.push(format!(
            "{}\n",
            wrapped(&neutral(options.summary), options.width, "")
        ));
    }
    blocks.join("\n")
}

/// One finding: title, place, values, hint; ends with a line end.
fn block(finding: &Finding, hint: Option<&str>, options: &HumanOptions<'_>) -> String {
    let color = options.color;
    let message = clean(&finding.message, LONGEST_TEXT);
    let path = clean(&finding.path, LONGEST_PATH);
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let named = message.contains(&path);
    // `warning[E000]: `
    let lead = finding.severity.to_string().len() + "[E000]: ".len();
    let message = wrapped_after(&message, lead, options.width);
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
        for (label, value) in labels.iter().zip(values(finding)) {
            let line = format!("      {label:width$}  {value}");
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }
    if let Some(hint) = hint {
        let hint = clean(hint, LONGEST_TEXT);
        let hint = wrapped(&format!("hint: {hint}"), options.width, "      ");
        let _ = match color {
            Color::Never => writeln!(out, "\n{hint}"),
            Color::Always => writeln!(
                out,
                "\n{}",
                hint.replacen("hint", "\x1b[1m\x1b[96mhint\x1b[0m", 1)
            ),
        };
    }
    out
}

/// The values of a finding. The digests of files are short where no two of them look alike then;
/// keys are compared with other sources by people, who need all of them.
fn values(finding: &Finding) -> Vec<String> {
    let whole = finding.values.iter().map(|(_, v)| clean(v, LONGEST_TEXT));
    let whole: Vec<String> = whole.collect();
    let label = |i: usize| {
        finding
            .values
            .get(i)
            .map_or("", |(label, _)| label.as_str())
    };
    let short = whole.iter().enumerate().map(|(i, value)| match label(i) {
        "expected" | "found" | "before" | "now" | "vouched for" | "one" | "other" => {
            with_short_digests(value)
        }
        _ => value.clone(),
    });
    let short: Vec<String> = short.collect();
    let different = |values: &[String]| values.iter().collect::<BTreeSet<_>>().len();
    match different(&short) == different(&whole) {
        true => short,
        false => whole,
    }
}

fn with_short_digests(value: &str) -> String {
    const NAME: &str = "blake2b=";
    /// As many digits as the short state has.
    const DIGITS: usize = 16;
    let mut parts = value.split(NAME);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_hexdigit());
        let (digits, rest) = part.split_at(end.unwrap_or(part.len()));
        out.push_str(NAME);
        match digits.get(..DIGITS) {
            Some(start) if digits.len() == 4 * DIGITS => {
                out.push_str(start);
                out.push('…');
            }
            _ => out.push_str(digits),
        }
        out.push_str(rest);
    }
    out
}

/// Untrusted text for one place of a report.
fn clean(text: &str, most: usize) -> String {
    // Cut before and after: a value of a gigabyte is not walked through twice.
    let start = beginning(text, most.saturating_add(1));
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
