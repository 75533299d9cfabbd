//! `conex man`: pages for `man`, made of the command line as it is, so that they cannot be out of date. They hold
//! no time and no path: two builds of a version write the same.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Command};
use clap_mangen::roff::{Roff, bold, roman};

use crate::shell::cli::complete::Completes;
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::page::Page;
use crate::shell::write::{Change, WORK_TREE, apply};

/// Arguments of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The directory to write `conex.1`, `conex-sign.1`, … to
    #[arg(add = Completes::DIRECTORY)]
    pub dir: PathBuf,
}

/// What the help says of a verb.
pub type Pages = fn(&str) -> Option<&'static Page>;

/// Runs `conex man`.
pub fn run(
    command: Command,
    page: Pages,
    environment: &[(&str, &str)],
    args: &ManArgs,
) -> Result<Exit, Failure> {
    let mut root = command.disable_help_subcommand(true);
    root.build();
    let mut changes = Vec::new();
    pages(&root, &[], page, environment, &mut changes)
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
fn pages(
    command: &Command,
    verb: &[&str],
    page: Pages,
    environment: &[(&str, &str)],
    all: &mut Vec<Change>,
) -> std::io::Result<()> {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        pages(
            sub,
            &[verb, &[sub.get_name()]].concat(),
            page,
            environment,
            all,
        )?;
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
        for (name, what) in environment {
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

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "man",
    policy: "writes one page for each verb into a directory that is there: the same for the same version, \
without a date.",
    exit: "0 written; 2 usage or environment",
    examples: &["conex man /usr/local/share/man/man1"],
}];
