//! `conex explain`: the last report of the hook, or the rules that a code belongs to.

use std::path::PathBuf;

use clap::Args;

use crate::shell::cli::complete::{Completes, Source};
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::page::Page;
use crate::shell::cli::workspace::state_home;
use crate::shell::hook::report::last;
use crate::shell::out::{outln, raw_outln};
use crate::shell::report::width_of;
use conex_verify::finding::Code;

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The repository, as opam calls it [default: the one of the last report]; or a code, as `E029`, whose rules
    /// are printed
    #[arg(add = Completes(&[Source::Repositories, Source::Codes]))]
    pub repository: Option<String>,
    /// Where reports are kept [default: $XDG_STATE_HOME/conex]
    #[arg(
        long,
        value_name = "DIR",
        default_value = "",
        hide_default_value = true,
        add = Completes::DIRECTORY,
    )]
    pub state_dir: String,
}

/// Runs `conex explain`.
pub fn run(args: &ExplainArgs) -> Result<Exit, Failure> {
    if let Some(code) = args.repository.as_deref().filter(|t| is_code(t)) {
        return explain(code);
    }
    let state = if args.state_dir.is_empty() {
        state_home()
    } else {
        Some(PathBuf::from(&args.state_dir))
    };
    let Some(state) = state else {
        return Err(Failure::usage(
            "it is not known where reports are kept: neither XDG_STATE_HOME nor HOME is set",
            "name the directory with --state-dir DIR",
        ));
    };
    let report = last(&state, args.repository.as_deref()).map_err(|e| {
        Failure::usage(
            format!("there is no report in `{}`: {e}", state.display()),
            "the hook writes one each time opam runs it; --state-dir DIR names another place",
        )
    })?;
    for line in report.lines() {
        // Lines that start otherwise show a place in a file.
        match line.starts_with(|c: char| c.is_ascii_alphabetic()) {
            true => outln!("{line}"),
            false => raw_outln!("{line}"),
        }
    }
    Ok(Exit::Success)
}

/// The rules, as everybody reads them.
const RULES: &str = include_str!("../../../../docs/verification.md");

/// Whether something that was typed is a code, and no name of a repository.
fn is_code(text: &str) -> bool {
    let digits = text.strip_prefix('E').unwrap_or_default();
    digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Prints the rules that a code belongs to.
fn explain(text: &str) -> Result<Exit, Failure> {
    let Some(code) = Code::ALL.iter().find(|code| code.as_str() == text) else {
        return Err(Failure::usage(
            format!("there is no code `{text}`"),
            "findings have codes such as E029; docs/verification.md lists all of them",
        ));
    };
    outln!("{code}: {}", code.title());
    for rule in rules(text) {
        match width_of(&std::io::stdout()) {
            Some(_) => outln!("\n{}", flowing(&rule)),
            None => outln!("\n{rule}"),
        }
    }
    Ok(Exit::Success)
}

/// The paragraphs of the rules that name a code, as plain text.
fn rules(code: &str) -> Vec<String> {
    let mut paragraphs: Vec<Vec<&str>> = Vec::new();
    let mut inside = false;
    for line in RULES.lines() {
        // A rule goes on as long as it is indented, over blank lines too.
        let starts = line.starts_with("* **");
        inside = starts || (inside && (line.is_empty() || line.starts_with("  ")));
        if starts {
            paragraphs.push(Vec::new());
        }
        if let Some(last) = paragraphs.last_mut().filter(|_| inside) {
            last.push(line);
        }
    }
    let texts = paragraphs.iter().map(|lines| lines.join("\n"));
    let named = texts.filter(|text| codes(text).iter().any(|c| c == code));
    named.map(|text| plain(&text)).collect()
}

/// A rule whose lines end where those of a terminal do, and no longer where those of the document do.
fn flowing(rule: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in rule.lines() {
        let starts = line.trim().is_empty() || line.trim_start().starts_with(['*', '|']);
        match lines.last_mut() {
            Some(last) if !starts && !last.trim().is_empty() => {
                last.push(' ');
                last.push_str(line.trim_start());
            }
            _ => lines.push(line.to_owned()),
        }
    }
    lines.join("\n")
}

/// The codes in a text, those of `E023 to E026` among them.
fn codes(text: &str) -> Vec<String> {
    let mut codes = Vec::new();
    let mut range: Option<u32> = None;
    for word in text.split_whitespace() {
        let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        if is_code(word) {
            let number = word.get(1..).and_then(|n| n.parse().ok()).unwrap_or(0);
            let first = range.take().unwrap_or(number);
            codes.extend((first..=number).map(|n| format!("E{n:03}")));
        } else if word == "to" {
            range = codes.last().and_then(|last| last.get(1..)?.parse().ok());
            continue;
        }
        range = None;
    }
    codes
}

/// A text without the marks of Markdown: emphasis, and where links lead.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.trim_end();
    while let Some((before, link)) = rest.split_once("](") {
        out.push_str(before);
        rest = link.split_once(')').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    let out = out.replace("**", "").replace("*Stops*", "Stops");
    out.replace('[', "").trim_start_matches("* ").to_owned()
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "explain",
    policy: "prints the report that the hook kept; it judges nothing anew.",
    exit: "0 printed; 2 usage or environment",
    examples: &["conex explain", "conex explain default"],
}];

#[cfg(test)]
mod tests {
    use super::*;

    /// Somebody looks a code up that a message has.
    #[test]
    fn every_code_of_a_rule_has_its_text() {
        for code in ["E001", "E029", "E092", "E099"] {
            assert!(!rules(code).is_empty(), "{code}");
        }
        assert!(rules("E029").iter().any(|r| r.starts_with("V3.6 ")));
        assert!(rules("E024").iter().any(|r| r.starts_with("V6.3 ")));
        assert!(rules("E005").iter().all(|r| !r.contains("**")));
        assert!(is_code("E029") && !is_code("default") && !is_code("E29"));
    }
}
