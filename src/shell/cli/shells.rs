//! `conex completions` and `conex man`: what a shell and `man` know of the command line.
//!
//! Both are made of the command line as it is, so that they cannot be out of date, and
//! hold no time and no path: two builds of a version print the same.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Command, ValueEnum};
use clap_complete::Shell;
use clap_mangen::roff::{Roff, bold, roman};

use super::failure::{Exit, Failure};
use super::help::{ENVIRONMENT, command, page};
use crate::shell::write::{Change, WORK_TREE, apply};

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Completed,
}

/// The shells that are completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Completed {
    /// GNU Bash, with the package bash-completion.
    Bash,
    /// The Z shell.
    Zsh,
    /// The friendly interactive shell.
    Fish,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The directory to write `conex.1`, `conex-sign.1`, … to
    pub dir: PathBuf,
}

/// Runs `conex completions`.
pub fn completions(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let shell = match args.shell {
        Completed::Bash => Shell::Bash,
        Completed::Zsh => Shell::Zsh,
        Completed::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "conex", &mut script);
    // A reader that went away has seen what it wanted.
    let _ = std::io::stdout().lock().write_all(&script);
    Ok(Exit::Success)
}

/// Runs `conex man`.
pub fn man(args: &ManArgs) -> Result<Exit, Failure> {
    let mut root = command().disable_help_subcommand(true);
    root.build();
    let mut changes = Vec::new();
    pages(&root, &[], &mut changes)
        .map_err(|e| Failure::usage(format!("a page cannot be made: {e}"), ""))?;
    apply(&args.dir, &changes, WORK_TREE).map_err(|e| {
        Failure::usage(
            format!("{}: {e}", args.dir.display()),
            "give a directory that is there, as /usr/local/share/man/man1",
        )
    })?;
    Ok(Exit::Success)
}

/// The page of a command, and those of all below it.
fn pages(command: &Command, verb: &[&str], all: &mut Vec<Change>) -> std::io::Result<()> {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        pages(sub, &[verb, &[sub.get_name()]].concat(), all)?;
    }
    let name = [&["conex"], verb].concat().join("-");
    let man = clap_mangen::Man::new(command.clone());
    let mut text = Vec::new();
    // The empty one is the date: that of a build would make each of them differ.
    writeln!(
        text,
        ".TH {} 1 \"\" \"conex {}\" \"Conex\"",
        name.to_uppercase(),
        env!("CARGO_PKG_VERSION")
    )?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    if command.get_arguments().any(|arg| !arg.is_hide_set()) {
        man.render_options_section(&mut text)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    if let Some(page) = page(&verb.join(" ")) {
        let mut roff = Roff::new();
        roff.control("SH", ["POLICY"]);
        roff.text([roman(sentence(page.policy))]);
        roff.control("SH", ["EXIT STATUS"]);
        roff.text([roman(format!("{}.", page.exit))]);
        roff.control("SH", ["EXAMPLES"]);
        roff.control("nf", []);
        for example in page.examples {
            roff.text([roman(*example)]);
        }
        roff.control("fi", []);
        roff.to_writer(&mut text)?;
    }
    let mut roff = Roff::new();
    if verb.is_empty() {
        roff.control("SH", ["ENVIRONMENT"]);
        for (name, what) in ENVIRONMENT {
            roff.control("TP", []);
            roff.text([bold(*name)]);
            roff.text([roman(sentence(what))]);
        }
    }
    roff.control("SH", ["SEE ALSO"]);
    let others = match verb {
        [] => "opam(1), ssh-keygen(1), ssh-agent(1)".to_owned(),
        [above @ .., _] => format!("{}(1)", [&["conex"], above].concat().join("-")),
    };
    roff.text([roman(others)]);
    roff.to_writer(&mut text)?;
    all.push(Change {
        path: format!("{name}.1"),
        bytes: Some(tidy(&String::from_utf8_lossy(&text)).as_bytes().into()),
    });
    Ok(())
}

/// With a capital first letter: in `--help` a word stands before it.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// Without what `mandoc -Tlint` finds in pages made by clap_mangen: blanks at the ends
/// of lines, and breaks where there is a space of a line already.
fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut out = String::with_capacity(text.len());
    for (n, line) in lines.iter().enumerate() {
        let beside = [n.checked_sub(1), Some(n + 1)];
        let space = beside
            .into_iter()
            .flatten()
            .any(|n| lines.get(n).is_some_and(|line| matches!(*line, ".sp" | "")));
        if line.is_empty() {
            out.push_str(".sp\n");
        } else if !(*line == ".br" && space) {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}
