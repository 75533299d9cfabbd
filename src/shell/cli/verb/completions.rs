//! `conex completions`: what a shell knows of the command line.

use std::ffi::OsString;

use clap::{Args, Command};

use crate::shell::cli::complete::{Completed, answer, script};
use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::page::Page;
use crate::shell::out::out;

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: Completed,
    /// The words up to the cursor, `conex` among them: what a script that was printed asks.
    #[arg(last = true, hide = true)]
    pub words: Vec<OsString>,
}

/// Runs `conex completions`.
pub fn run(command: Command, args: &CompletionsArgs) -> Result<Exit, Failure> {
    match args.words.as_slice() {
        [] => out!("{}", script(args.shell)),
        words => out!("{}", answer(command, args.shell, words)),
    }
    Ok(Exit::Success)
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "completions",
    policy: "prints a script for one shell on standard output; the same for the same version. The script asks \
`conex` each time what there is: packages, releases, ids, branches, keys, opam's repositories. That lists names, and \
never judges, signs, asks, writes, or speaks to another machine.",
    exit: "0 printed; 2 usage",
    examples: &[
        "conex completions bash > ~/.local/share/bash-completion/completions/conex",
        "conex completions zsh > ~/.zfunc/_conex",
        "conex completions fish > ~/.config/fish/completions/conex.fish",
    ],
}];
