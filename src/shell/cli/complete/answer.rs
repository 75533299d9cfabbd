//! What a shell is told.

use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use clap::Command;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};

use super::kinds::{Completes, Source};
use super::names::Names;
use super::script::Completed;
use super::typed::{Places, Words};

/// The first line: what follows.
const VALUES: &str = "values";
/// The shell completes a file.
const FILES: &str = "files";
/// The shell completes a directory.
const DIRECTORIES: &str = "directories";

/// What a shell is told of the words up to its cursor; empty where there is nothing to say.
pub fn answer(command: Command, shell: Completed, given: &[OsString]) -> String {
    let text = |word: &OsString| word.to_str().map(str::to_owned);
    let Some(given) = given.iter().map(text).collect::<Option<Vec<String>>>() else {
        return String::new();
    };
    let words = Words::new(shell, &given);
    let names = Arc::new(Names::new(Places::new(&command, words.before())));
    let mut command = completing(command, &names);
    let all: Vec<OsString> = words.all.iter().map(OsString::from).collect();
    let at = all.len().saturating_sub(1);
    let found = complete(&mut command, all, at, None).unwrap_or_default();
    told(&found, shell, &words)
}

/// The command line, whose arguments complete with names.
fn completing(command: Command, names: &Arc<Names>) -> Command {
    command
        .mut_args(|arg| match arg.get::<Completes>().copied() {
            None => arg,
            Some(completes) => {
                let names = Arc::clone(names);
                arg.add(ArgValueCompleter::new(move |current: &OsStr| {
                    values(completes, &names, current)
                }))
            }
        })
        .mut_subcommands(|below| completing(below, names))
}

fn values(completes: Completes, names: &Names, current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(current) = current.to_str() else {
        return Vec::new();
    };
    let mut all: Vec<String> = Vec::new();
    let mut marks = Vec::new();
    for source in completes.0 {
        match source {
            Source::File => marks.push(FILES),
            Source::Directory => marks.push(DIRECTORIES),
            other => all.extend(names.of(*other, current)),
        }
    }
    all.retain(|value| value.starts_with(current));
    all.sort();
    all.dedup();
    let marks = marks
        .into_iter()
        .map(|mark| CompletionCandidate::new("").tag(Some(mark.into())));
    let values = all.into_iter().map(CompletionCandidate::new);
    values.chain(marks).collect()
}

fn told(found: &[CompletionCandidate], shell: Completed, words: &Words) -> String {
    let mark = |mark: &str| {
        let tag = |c: &CompletionCandidate| c.get_tag().is_some_and(|tag| tag.to_string() == mark);
        found.iter().any(tag)
    };
    let all: Vec<(&str, &CompletionCandidate)> = found
        .iter()
        .filter_map(|c| Some((c.get_value().to_str()?, c)))
        .filter(|(value, _)| is_plain(value))
        .collect();
    let is_option = |value: &str| value.starts_with('-');
    let current = words.current();
    let mut wanted: Vec<_> = all
        .iter()
        .filter(|(value, c)| {
            let marked = [FILES, DIRECTORIES].map(OsString::from);
            let tag = c.get_tag().map(|tag| OsString::from(tag.to_string()));
            is_option(value) == is_option(current) && tag.is_none_or(|tag| !marked.contains(&tag))
        })
        .collect();
    if wanted.is_empty() {
        if mark(FILES) {
            return format!("{FILES}\n");
        }
        if mark(DIRECTORIES) {
            return format!("{DIRECTORIES}\n");
        }
        // Whoever has nothing else to type sees the options.
        wanted = all.iter().collect();
    }
    if wanted.is_empty() {
        return String::new();
    }
    let mut out = format!("{VALUES}\n");
    for (value, candidate) in wanted {
        let help = candidate.get_help().map(ToString::to_string);
        let help = help.as_deref().and_then(|help| help.lines().next());
        line(
            &mut out,
            shell,
            value.get(words.kept..).unwrap_or_default(),
            help,
        );
    }
    out
}

/// One value, with what it means where the shell shows that.
fn line(out: &mut String, shell: Completed, value: &str, help: Option<&str>) {
    match shell {
        Completed::Bash => out.push_str(value),
        Completed::Zsh => {
            out.push_str(&value.replace(':', "\\:"));
            if let Some(help) = help {
                out.push(':');
                out.push_str(help);
            }
        }
        Completed::Fish => {
            out.push_str(value);
            if let Some(help) = help {
                out.push('\t');
                out.push_str(help);
            }
        }
    }
    out.push('\n');
}

/// Whether no shell and no terminal acts on a value, whoever wrote it. All of conex's own names
/// are so.
fn is_plain(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+/:=@,~".contains(c);
    !value.is_empty() && !value.starts_with(['~', '=']) && value.chars().all(plain)
}
