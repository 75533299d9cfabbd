//! Text at the width of a terminal.
//!
//! What stands between backticks is one unit, so that a command can be copied. Where the output
//! is no terminal nothing is broken.

use std::io::IsTerminal;
use std::os::fd::AsFd;

use textwrap::core::{Word, display_width};
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// The least width at which text is wrapped: below it nobody reads.
const NARROWEST: usize = 40;

/// The most characters of a line: longer ones are hard to read.
const WIDEST: usize = 120;

/// The width at which text for a stream is wrapped; `None` if it is no terminal, or has no width.
pub fn width_of(stream: &(impl IsTerminal + AsFd)) -> Option<usize> {
    if !stream.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    match usize::from(size.ws_col) {
        0 => None,
        width => Some(width.clamp(NARROWEST, WIDEST)),
    }
}

/// A text, broken at this width; all lines but the first begin with `indent`.
pub fn wrapped(text: &str, width: Option<usize>, indent: &str) -> String {
    match width {
        None => text.to_owned(),
        Some(width) => {
            let options = options(width).subsequent_indent(indent);
            textwrap::wrap(text, options).join("\n")
        }
    }
}

/// A text of which `lead` columns of the first line are taken, and as many of the others are
/// left free by whoever prints it.
pub fn wrapped_after(text: &str, lead: usize, width: Option<usize>) -> String {
    let left = width.map(|width| width.saturating_sub(lead));
    wrapped(text, left, "")
}

/// Lines for people, each broken at this width. What a line goes on with stands below its text: below
/// the second of two columns, and a little to the right of the first word of any other line.
pub fn prose(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else {
        return text.to_owned();
    };
    let lines = text.split('\n').map(|line| {
        let (head, rest) = line.split_at(column(line));
        let indent = match (head.trim().is_empty(), rest) {
            (true, text) if text.starts_with("!! ") => head.len() + 3,
            (true, text) if text.starts_with("hint: ") => head.len() + 6,
            (true, _) => head.len() + 2,
            (false, _) => display_width(head),
        };
        let indent = " ".repeat(indent);
        let options = options(width)
            .initial_indent(head)
            .subsequent_indent(&indent);
        textwrap::wrap(rest, options).join("\n")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The most characters before the second of two columns.
const COLUMN: usize = 16;

/// Where the text of a line starts: behind a word and two blanks, or at the first word.
fn column(line: &str) -> usize {
    let blanks = |text: &str| text.len() - text.trim_start_matches(' ').len();
    let first = blanks(line);
    let gap = line.get(first..).and_then(|text| text.find("  "));
    let Some(gap) = gap else {
        return first;
    };
    let end = first + gap;
    let second = end + line.get(end..).map_or(0, blanks);
    match second <= COLUMN && second < line.len() {
        true => second,
        false => first,
    }
}

fn options<'a>(width: usize) -> Options<'a> {
    Options::new(width)
        .word_separator(WordSeparator::Custom(units))
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit)
        .break_words(false)
}

/// Words, of which one that holds a backtick goes on to the next backtick.
fn units(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    let mut words = Vec::new();
    let (mut start, mut quoted, mut blank) = (0, false, false);
    for (at, c) in line.char_indices() {
        if blank && c != ' ' {
            words.push(Word::from(&line[start..at]));
            (start, blank) = (at, false);
        }
        match c {
            // One that nothing closes opens nothing.
            '`' => quoted = !quoted && line[at + 1..].contains('`'),
            ' ' if !quoted => blank = true,
            _ => {}
        }
    }
    if start < line.len() {
        words.push(Word::from(&line[start..]));
    }
    Box::new(words.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_command_is_broken() {
        let text =
            "an owner signs it: `conex owner add somebody some-package`, or janitors approve it";
        for width in 40..=90 {
            let lines = wrapped(text, Some(width), "  ");
            assert!(
                lines.contains("`conex owner add somebody some-package`"),
                "{lines}"
            );
            for line in lines.lines() {
                assert!(line.len() <= width.max(44), "{width}: {line}");
            }
            let words = |text: &str| {
                text.split_whitespace()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            };
            assert_eq!(words(&lines), words(text));
        }
    }

    #[test]
    fn a_line_goes_on_below_its_text() {
        let at = |text: &str| prose(text, Some(40));
        assert_eq!(
            at("packages    one two three four five six seven eight"),
            "packages    one two three four five six\n            seven eight"
        );
        assert_eq!(
            at("  !! takes something away from somebody who has it"),
            "  !! takes something away from somebody\n     who has it"
        );
        assert_eq!(
            at("hint: take a key of your own, and no other one"),
            "hint: take a key of your own, and no\n      other one"
        );
        // One that is longer than a line stays beside what it belongs to.
        let long = format!("identity    blake2b={}", "0".repeat(64));
        assert_eq!(at(&long), long);
        for whole in ["", "\na\n", "  a  b", "short"] {
            assert_eq!(at(whole), whole);
        }
        assert_eq!(prose(&long.repeat(9), None), long.repeat(9));
    }

    #[test]
    fn one_backtick_holds_nothing_together() {
        let lines = wrapped(
            "a ` b c d e f g h i j k l m n o p q r s t u v w x y z",
            Some(20),
            "",
        );
        assert!(lines.lines().all(|line| line.len() <= 20), "{lines}");
    }

    #[test]
    fn what_is_no_terminal_gets_whole_lines() {
        let text = "a b ".repeat(200);
        assert_eq!(wrapped(&text, None, "  "), text);
        assert_eq!(width_of(&std::fs::File::open("/dev/null").unwrap()), None);
    }
}
