//! Findings as workflow commands of GitHub Actions.
//!
//! The runner takes a line that starts with `::` for a command, and `##[` anywhere in
//! a line for one of long ago. Text of a repository could so set variables, mask
//! words or close groups, in the job that looks at it: nothing of it gets out as it is.
//! (The escapes are those of the runner's `ActionCommand`.)

use std::fmt::Write as _;

use super::neutral;
use super::text::shortened;
use conex_verify::finding::Severity;

/// The longest text of an annotation, in characters.
const LONGEST: usize = 4000;

/// One annotation.
#[derive(Debug, Clone)]
pub struct Annotation<'a> {
    /// How it is shown.
    pub severity: Severity,
    /// The file, relative to the repository; empty for none.
    pub file: &'a str,
    /// Line and column, from 1.
    pub place: Option<(usize, usize)>,
    /// A few words.
    pub title: &'a str,
    /// The lines of the text.
    pub lines: Vec<String>,
}

/// The command, with its line end.
pub fn annotation(annotation: &Annotation<'_>) -> String {
    let level = match annotation.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut out = format!("::{level} ");
    if !annotation.file.is_empty() {
        let _ = write!(out, "file={},", property(annotation.file));
        if let Some((line, column)) = annotation.place {
            let _ = write!(out, "line={line},col={column},");
        }
    }
    let lines: Vec<String> = annotation.lines.iter().map(|line| data(line)).collect();
    let _ = writeln!(
        out,
        "title={}::{}",
        property(annotation.title),
        lines.join("%0A")
    );
    out
}

/// The text of a command: one line of it.
fn data(text: &str) -> String {
    let text = neutral(text);
    let text = shortened(&text, LONGEST);
    // `%` first: it begins every escape.
    text.replace('%', "%25").replace("##[", "## [")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(file: &str, title: &str, line: &str) -> String {
        annotation(&Annotation {
            severity: Severity::Error,
            file,
            place: Some((7, 4)),
            title,
            lines: vec![line.to_owned(), "second".to_owned()],
        })
    }

    #[test]
    fn an_annotation_is_one_command() {
        assert_eq!(
            error("packages/a/a.1/opam", "E014: differs", "100 %, really"),
            "::error file=packages/a/a.1/opam,line=7,col=4,title=E014%3A differs::100 %25, really%0Asecond\n"
        );
    }

    #[test]
    fn text_of_a_repository_becomes_no_command() {
        let hostile = [
            "a\n::add-mask::x",
            "a\r\n::set-output name=x::y",
            "a\u{2028}::stop-commands::x",
            "x,line=1,title=z::forged",
            "##[add-path]/tmp",
            "###[command]x",
            "%0A::error::x",
        ];
        for text in hostile {
            let out = error(text, text, text);
            assert_eq!(out.matches('\n').count(), 1, "{out}");
            assert!(out.ends_with('\n') && !out.contains('\r'), "{out}");
            assert!(!out.contains("##["), "{out}");
            // The first `::` after the properties is ours: what they hold has none.
            let (properties, message) = out[2..].split_once("::").unwrap();
            assert!(properties.starts_with("error file="), "{out}");
            assert_eq!(properties.matches(',').count(), 3, "{out}");
            assert!(!message.contains("%0A::"), "{out}");
        }
    }
}
