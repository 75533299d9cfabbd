//! `conex completions`: what a shell knows of the command line.

use std::io::Write as _;

use clap::{Args, Command, ValueEnum};
use clap_complete::Shell;

use crate::shell::cli::failure::{Exit, Failure};
use crate::shell::cli::page::Page;

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

/// Runs `conex completions`.
pub fn run(command: &mut Command, args: &CompletionsArgs) -> Result<Exit, Failure> {
    let shell = match args.shell {
        Completed::Bash => Shell::Bash,
        Completed::Zsh => Shell::Zsh,
        Completed::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "conex", &mut script);
    // A reader that went away has seen what it wanted.
    let _ = std::io::stdout().lock().write_all(&script);
    Ok(Exit::Success)
}

/// What the help says beside the options.
pub const PAGES: &[Page] = &[Page {
    verb: "completions",
    policy: "prints a script for one shell on standard output; the same for the same version.",
    exit: "0 printed; 2 usage",
    examples: &[
        "conex completions bash > ~/.local/share/bash-completion/completions/conex",
        "conex completions zsh > ~/.zfunc/_conex",
        "conex completions fish > ~/.config/fish/completions/conex.fish",
    ],
}];
