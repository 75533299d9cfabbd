//! Places in files.

/// A place in a file, cut out so that a report needs nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// The file it is from; empty for the one that the finding is about.
    pub path: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column of the first marked byte, counted from 1, in bytes of the line.
    pub column: usize,
    /// The text of the line, or the part of it around the place.
    pub text: String,
    /// The marked range, in bytes of `text`.
    pub mark: std::ops::Range<usize>,
    /// What to say below the mark; may be empty.
    pub label: String,
}

/// The most bytes of a line that an excerpt shows: a hostile line has no end.
const EXCERPT_WIDTH: usize = 160;
/// How much of that stands before the place, at most.
const EXCERPT_LEAD: usize = 60;

impl Excerpt {
    pub(super) fn cut(source: &[u8], span: std::ops::Range<usize>, label: String) -> Excerpt {
        let start = span.start.min(source.len());
        let end = span.end.clamp(start, source.len());
        let before = source.get(..start).unwrap_or_default();
        let line = before.iter().filter(|&&b| b == b'\n').count() + 1;
        let line_start = before
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |i| i + 1);
        let column = start - line_start + 1;
        let from = line_start.max(start.saturating_sub(EXCERPT_LEAD));
        let rest = source.get(from..).unwrap_or_default();
        let line_len = rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
        let shown = rest.get(..line_len.min(EXCERPT_WIDTH)).unwrap_or_default();
        // Every byte that is not printable ASCII becomes one character of one
        // byte, so that the marked range stays right.
        let text: String = shown
            .iter()
            .map(|&b| {
                if b == b' ' || b.is_ascii_graphic() {
                    char::from(b)
                } else {
                    '?'
                }
            })
            .collect();
        let mark_start = (start - from).min(text.len());
        let mark_end = (end - from).clamp(mark_start, text.len());
        Excerpt {
            path: String::new(),
            line,
            column,
            text,
            mark: mark_start..mark_end,
            label,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excerpts_of_endless_lines_are_short() {
        let mut source = b"first\n".to_vec();
        source.extend(std::iter::repeat_n(b'x', 1_000_000));
        let excerpt = Excerpt::cut(&source, 500_000..500_010, String::new());
        assert_eq!((excerpt.line, excerpt.column), (2, 499_995));
        assert!(excerpt.text.len() <= EXCERPT_WIDTH);
        assert_eq!(excerpt.mark, 60..70);
    }

    #[test]
    fn excerpts_survive_ranges_outside_the_source() {
        for span in [0..0, 4..4, 7..9, 3..100] {
            let excerpt = Excerpt::cut(b"ab\ncd", span, String::new());
            assert!(excerpt.mark.end <= excerpt.text.len());
        }
    }
}
